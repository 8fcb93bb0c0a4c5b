//! Distributions of sources and noise, each with mean 0 and variance 1.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// A distribution with mean 0 and variance 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Heavier tails than the normal: excess kurtosis 3.
    #[default]
    Laplace,
    /// Lighter tails than the normal: excess kurtosis -1.2.
    Uniform,
    /// The normal: two or more of these cannot be told apart by independence.
    Gaussian,
    /// Laplace and uniform by turns, the first being Laplace.
    Mixed,
}

impl Source {
    /// A draw for the source at `index` (from 0).
    pub(crate) fn draw(self, index: usize, stream: &mut impl Rng) -> f64 {
        match self {
            Self::Gaussian => StandardNormal.sample(stream),
            Self::Uniform => (2.0 * stream.random::<f64>() - 1.0) * 3.0_f64.sqrt(),
            Self::Mixed if index % 2 == 1 => Self::Uniform.draw(index, stream),
            Self::Laplace | Self::Mixed => {
                // inverse of the distribution function; `random` is below 1, so the logarithm is finite
                let u: f64 = stream.random::<f64>() - 0.5;
                let tail = -(-2.0 * u.abs()).ln_1p().max(f64::MIN);
                u.signum() * tail / 2.0_f64.sqrt()
            }
        }
    }
}
