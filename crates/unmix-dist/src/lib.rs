//! Probability distributions: densities and samplers in `f64` on the host, and the same densities as differentiable tensors.
//!
//! [`Normal`], [`Laplace`], [`Uniform`] and [`Bernoulli`] implement [`Density`]: log density, cdf, entropy (in nats) and samples
//! from a stream that is handed in. With the cargo feature `tensor`, module `tensor` holds what variational autoencoders
//! maximise, in any number of dimensions and number type.
//!
//! ```
//! use unmix_core::Seed;
//! use unmix_dist::{Density, Laplace};
//!
//! let sources = Laplace::new(0.0, 1.0)?;
//! assert_eq!(sources.log_density(0.0), -2.0_f64.ln());
//! assert_eq!(sources.cdf(0.0), 0.5);
//! let draw = sources.sample(&mut Seed(1).stream("sources", 0));
//! assert!(draw.is_finite());
//! # Ok::<(), unmix_dist::DistError>(())
//! ```

mod bernoulli;
mod density;
mod error;
mod laplace;
mod normal;
#[cfg(feature = "tensor")]
pub mod tensor;
mod uniform;

pub use bernoulli::Bernoulli;
pub use density::Density;
pub use error::DistError;
pub use laplace::Laplace;
pub use normal::Normal;
pub use uniform::Uniform;
