//! The quantities that training makes large.

use crate::Draw;
use burn::tensor::Tensor;

/// One quantity to be made large, for each example, in nats: summed over the variables or codes of the example, never averaged
/// over them, so that terms keep their scale when the data grow wider.
///
/// A term of one's own is a type with two methods:
///
/// ```
/// use burn::tensor::Tensor;
/// use unmix_vae::{Draw, Objective, Schedule, Term};
///
/// /// The log density, up to a constant, of a Laplace prior on top of the Gaussian one: codes that are mostly near zero.
/// struct Sparsity;
///
/// impl Term for Sparsity {
///     fn name(&self) -> &'static str {
///         "sparsity"
///     }
///     fn value(&self, draw: &Draw<'_>) -> Tensor<1> {
///         -draw.z().abs().sum_dim(1).squeeze_dim(1)
///     }
/// }
///
/// let objective = Objective::elbo().and(Schedule::Linear { from: 0.0, to: 0.5, steps: 500 }, Sparsity);
/// assert_eq!(objective.names(), ["reconstruction", "prior-fit", "sparsity"]);
/// ```
pub trait Term: Send + Sync {
    /// Its name in logs, figures and errors, in kebab case.
    fn name(&self) -> &'static str;

    /// Its value for each example, `[batch]`.
    fn value(&self, draw: &Draw<'_>) -> Tensor<1>;
}

/// `ln p(x | z)` at the drawn codes.
#[derive(Clone, Copy, Debug)]
pub struct Reconstruction;

impl Term for Reconstruction {
    fn name(&self) -> &'static str {
        "reconstruction"
    }

    fn value(&self, draw: &Draw<'_>) -> Tensor<1> {
        draw.log_likelihood()
    }
}

/// Minus the divergence of the posterior from the prior, `-KL(q(z | x) ‖ p(z))`.
#[derive(Clone, Copy, Debug)]
pub struct PriorFit;

impl Term for PriorFit {
    fn name(&self) -> &'static str {
        "prior-fit"
    }

    fn value(&self, draw: &Draw<'_>) -> Tensor<1> {
        -draw.divergence().sum_dim(1).squeeze_dim::<1>(1)
    }
}
