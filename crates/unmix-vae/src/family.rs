//! What a deep latent-variable model is, apart from how it is trained.
//!
//! A [`Family`] holds networks, prior and likelihood and knows no loss. For one batch it returns a [`Draw`]: codes drawn from the
//! posterior, and the densities that a [`Term`](crate::Term) may ask for, each computed when it is first asked for.

use burn::{module::Module, tensor::Tensor};
use std::cell::LazyCell;
use unmix_backend::Noise;

/// Rows of the data on the device.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The observations, `[batch, d]`.
    pub x: Tensor<2>,
}

/// Networks, prior and likelihood.
pub trait Family: Module {
    /// Draws codes of `batch` from the posterior with `noise`, and offers their densities.
    fn draw<'a>(&'a self, batch: &Batch, noise: &mut Noise) -> Draw<'a>;

    /// The settings besides weights, as text: a checkpoint is gone on from only if they agree.
    fn describe(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }
}

/// What a family says of one batch, in nats.
pub struct Draw<'a> {
    z: Tensor<2>,
    log_likelihood: Lazy<'a, 1>,
    divergence: Lazy<'a, 2>,
}

type Lazy<'a, const D: usize> = LazyCell<Tensor<D>, Box<dyn FnOnce() -> Tensor<D> + 'a>>;

impl<'a> Draw<'a> {
    /// Codes `z` `[batch, k]`; how to compute `ln p(x | z)` `[batch]`, summed over the variables; how to compute the divergence
    /// of posterior from prior of each code, `[batch, k]`.
    pub fn new(z: Tensor<2>, log_likelihood: impl FnOnce() -> Tensor<1> + 'a, divergence: impl FnOnce() -> Tensor<2> + 'a) -> Self {
        Self { z, log_likelihood: LazyCell::new(Box::new(log_likelihood)), divergence: LazyCell::new(Box::new(divergence)) }
    }

    /// One draw of the codes from the posterior, `[batch, k]`.
    pub fn z(&self) -> Tensor<2> {
        self.z.clone()
    }

    /// `ln p(x | z)`, `[batch]`.
    pub fn log_likelihood(&self) -> Tensor<1> {
        Tensor::clone(&self.log_likelihood)
    }

    /// `KL(q(z_k | x) ‖ p(z_k))` of each code, `[batch, k]`.
    pub fn divergence(&self) -> Tensor<2> {
        Tensor::clone(&self.divergence)
    }
}

impl std::fmt::Debug for Draw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draw").field("z", &self.z.dims()).finish_non_exhaustive()
    }
}
