//! Deep latent-variable models: networks from observations to codes and back, trained on one loop.
//!
//! A model is put together from four parts, each of which can be replaced:
//!
//! - a [`Family`] holds networks, prior and likelihood and knows no loss ([`GaussianVae`]);
//! - a [`Term`] is one quantity to be made large, per example, in nats ([`Reconstruction`], [`PriorFit`]);
//! - an [`Objective`] is a weighted sum of terms, with [`Schedule`]s ([`Objective::elbo`], [`Objective::beta`]);
//! - [`train`] is the only loop: batches, gradients, clipping, held-out rows, early stopping, checkpoints that resume bit for bit.
//!
//! [`BetaVae`] puts them together as the methods `vae` and `beta-vae`:
//!
//! ```
//! use ndarray::Array2;
//! use unmix_core::{Fit, Infer, Observations, Params, Run};
//! use unmix_vae::{BetaVaeParams, Network};
//!
//! let x = Array2::from_shape_fn((200, 6), |(i, j)| f64::from((i % 7 < j) as u8));
//! let x = Observations::unnamed(x)?;
//! let params = BetaVaeParams { components: 2, epochs: 3, network: Network::Mlp { hidden: vec![16] }, ..Default::default() };
//! let fitted = params.build()?.fit(&x, &mut Run::new(7))?;
//! assert_eq!(fitted.model.infer(x.x())?.dim(), (200, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Networks compute in `f32` on the device that the run names; equal seeds give equal bytes on flex at any number of threads. A
//! VAE's codes are not identified: see [`BetaVae::claim`](unmix_core::Fit::claim).

mod beta_vae;
mod error;
mod family;
mod gaussian;
mod model;
mod network;
mod objective;
mod params;
mod progress;
mod rows;
mod schedule;
mod term;
mod train;

pub use beta_vae::{BetaVae, COLLAPSED};
pub use error::VaeError;
pub use family::{Batch, Draw, Family};
pub use gaussian::{GaussianVae, Likelihood, Posterior, VaeConfig};
pub use model::{VaeModel, WEIGHTS};
pub use network::{ConvNetwork, Network};
pub use objective::Objective;
pub use params::{BetaVaeParams, VaeParams};
pub use schedule::Schedule;
pub use term::{PriorFit, Reconstruction, Term};
pub use train::{Trained, Training, train};

use unmix_core::{Method, Observations};

/// The methods of this crate.
pub const METHODS: &[Method] = &[
    Method::of::<VaeParams, Observations>(
        "vae",
        "Gaussian codes, neural networks both ways",
        "Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014",
    ),
    Method::of::<BetaVaeParams, Observations>(
        "beta-vae",
        "a VAE that presses its codes towards independence with weight beta",
        "Higgins et al., beta-VAE: learning basic visual concepts with a constrained variational framework, ICLR 2017",
    ),
];
