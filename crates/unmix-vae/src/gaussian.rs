//! The variational autoencoder: Gaussian codes, one network each way.
//!
//! ```text
//! z ~ N(0, I)      x | z ~ Bernoulli(σ(g(z)))  or  N(g(z), s² I)      q(z | x) = N(m(x), diag v(x))
//! ```
//! Kingma and Welling, "Auto-encoding variational Bayes" (ICLR 2014), appendix C. The noise variance `s²` is one number, fixed or
//! learned; learned, it makes the linear case probabilistic PCA.

use crate::{
    Batch, Draw, Family, VaeError,
    network::{Decoder, Encoder, Network},
};
use burn::{
    module::{Module, Param},
    tensor::{Tensor, activation::sigmoid},
};
use serde::{Deserialize, Serialize};
use unmix_backend::{Initializer, Noise};
use unmix_dist::tensor::{bernoulli_logit_log_density, gaussian_kl_per_code, normal_log_density, reparameterize};

/// The distribution of the observations given the codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Independent Gaussians of one variance.
    #[default]
    Gaussian,
    /// Independent coins: for pixels in `[0, 1]`. Grey values are allowed, as is usual; the log likelihood is then a score and not
    /// that of a distribution over grey values.
    Bernoulli,
}

/// The shape of a [`GaussianVae`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VaeConfig {
    /// Variables `d`.
    pub columns: usize,
    /// Codes `k`.
    pub components: usize,
    /// The distribution of the observations given the codes.
    pub likelihood: Likelihood,
    /// The variance of a Gaussian likelihood; `None` learns it.
    pub noise_variance: Option<f64>,
    /// The networks.
    pub network: Network,
}

impl VaeConfig {
    /// The family with its first weights; a learned noise variance starts at `variance`.
    ///
    /// # Errors
    /// [`VaeError::ImageShape`] if the network reads images of another size than `columns`; errors of the layer sizes.
    pub fn init(&self, variance: f64, init: &mut Initializer) -> Result<GaussianVae, VaeError> {
        let encoder = self.network.encoder(self.columns, self.components, init)?;
        let decoder = self.network.decoder(self.components, self.columns, init)?;
        let learned = self.likelihood == Likelihood::Gaussian && self.noise_variance.is_none();
        let log_noise_variance = learned.then(|| init.constant([1], variance.ln()));
        Ok(GaussianVae { encoder, decoder, log_noise_variance, config: self.clone() })
    }
}

/// Gaussian codes, Bernoulli or Gaussian observations.
#[derive(Module, Debug)]
pub struct GaussianVae {
    encoder: Encoder,
    decoder: Decoder,
    log_noise_variance: Option<Param<Tensor<1>>>,
    #[module(skip)]
    config: VaeConfig,
}

/// Mean and log variance of the codes, `[n, k]` each.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// Means, `[n, k]`.
    pub mean: Tensor<2>,
    /// Logarithms of the variances, `[n, k]`.
    pub log_variance: Tensor<2>,
}

impl Posterior {
    /// One draw of the codes, `[n, k]`.
    pub fn draw(&self, noise: &mut Noise) -> Tensor<2> {
        let standard = noise.normal_as(self.mean.dims(), &self.mean.device(), self.mean.dtype());
        reparameterize(self.mean.clone(), self.log_variance.clone(), standard)
    }

    /// `ln q(z | x)`, `[n]`.
    pub fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        normal_log_density(z, self.mean.clone(), self.log_variance.clone()).sum_dim(1).squeeze_dim(1)
    }

    /// `KL(q(z_k | x) ‖ N(0, 1))` of each code, `[n, k]`.
    pub fn divergence(self) -> Tensor<2> {
        gaussian_kl_per_code(self.mean, self.log_variance)
    }
}

impl GaussianVae {
    /// Its shape.
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// The posterior of the codes of `x` `[n, d]`.
    pub fn posterior(&self, x: Tensor<2>) -> Posterior {
        let k = self.config.components;
        let codes = self.encoder.forward(x);
        Posterior { mean: codes.clone().narrow(1, 0, k), log_variance: codes.narrow(1, k, k) }
    }

    /// The means `[n, d]` of the observations given codes `z` `[n, k]`.
    pub fn mean(&self, z: Tensor<2>) -> Tensor<2> {
        let outputs = self.decoder.forward(z);
        match self.config.likelihood {
            Likelihood::Bernoulli => sigmoid(outputs),
            Likelihood::Gaussian => outputs,
        }
    }

    /// `ln p(x | z)` of rows `x` `[n, d]` given codes `z` `[n, k]`: `[n]`.
    pub fn log_likelihood(&self, x: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        let outputs = self.decoder.forward(z);
        let each = match self.config.likelihood {
            Likelihood::Bernoulli => bernoulli_logit_log_density(x, outputs),
            Likelihood::Gaussian => {
                let log_variance = self.log_noise_variance(&x).expand(x.dims());
                normal_log_density(x, outputs, log_variance)
            }
        };
        each.sum_dim(1).squeeze_dim(1)
    }

    /// The log variance of a Gaussian likelihood, `[1, 1]`, in the number type of `like`.
    fn log_noise_variance(&self, like: &Tensor<2>) -> Tensor<2> {
        match (&self.log_noise_variance, self.config.noise_variance) {
            (Some(learned), _) => learned.val().unsqueeze(),
            (None, fixed) => Tensor::full([1, 1], fixed.unwrap_or(1.0).ln(), (&like.device(), like.dtype())),
        }
    }

    /// The variance of a Gaussian likelihood; `None` under a Bernoulli one.
    ///
    /// # Errors
    /// Of the device.
    pub fn noise_variance(&self) -> Result<Option<f64>, VaeError> {
        match &self.log_noise_variance {
            Some(learned) => Ok(Some(unmix_backend::host::to_scalar(learned.val())?.exp())),
            None if self.config.likelihood == Likelihood::Gaussian => Ok(self.config.noise_variance),
            None => Ok(None),
        }
    }
}

impl Family for GaussianVae {
    fn draw<'a>(&'a self, batch: &Batch, noise: &mut Noise) -> Draw<'a> {
        let posterior = self.posterior(batch.x.clone());
        let z = posterior.draw(noise);
        let (x, code) = (batch.x.clone(), z.clone());
        Draw::new(z, move || self.log_likelihood(x, code), move || posterior.divergence())
    }

    fn describe(&self) -> String {
        format!("{:?}", self.config)
    }
}
