//! A fitted variational autoencoder and what it can do.

use crate::{Batch, GaussianVae, Likelihood, VaeConfig, VaeError, train::CHUNK};
use burn::tensor::{Device, Tensor};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_backend::{
    DeviceChoice, Initializer, Noise,
    host::{to_array2, to_tensor, to_vec},
    load_safetensors, save_safetensors,
};
use unmix_core::{
    Do, Fault, Generate, Infer, Intervene, Load, LogDensity, Model, Observations, Sample, Seed, code_index, load_json, require_columns,
    save_json,
};

/// The file that holds the weights.
pub const WEIGHTS: &str = "model.safetensors";

/// A fitted [`GaussianVae`] on its device, without gradients.
#[derive(Clone, Debug)]
pub struct VaeModel {
    family: GaussianVae,
    device: Device,
    about: About,
}

/// What `model.json` holds; the weights lie beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct About {
    config: VaeConfig,
    names: Vec<String>,
    /// Mean divergence of each code from the prior over the rows of the fit, in nats.
    divergence: Vec<f64>,
}

impl VaeModel {
    /// The model of a trained family (off autodiff) that was fitted to `x`.
    pub(crate) fn new(family: GaussianVae, x: &Observations, device: Device) -> Result<Self, VaeError> {
        let about = About { config: family.config().clone(), names: x.names().to_vec(), divergence: Vec::new() };
        let mut model = Self { family, device, about };
        let divergence = model.map_rows(x.x(), model.about.config.components, |x| model.family.posterior(x).divergence())?;
        model.about.divergence = divergence.mean_axis(Axis(0)).map(|d| d.to_vec()).unwrap_or_default();
        Ok(model)
    }

    /// The networks.
    pub fn family(&self) -> &GaussianVae {
        &self.family
    }

    /// The names of the variables, `d` of them.
    pub fn names(&self) -> &[String] {
        &self.about.names
    }

    /// Mean `KL(q(z_k | x) ‖ p(z_k))` of each code over the rows of the fit, in nats: how much it says of a row.
    pub fn divergence(&self) -> &[f64] {
        &self.about.divergence
    }

    /// The importance-weighted bound on `ln p(x)` with `samples` draws a row (Burda et al. 2016, eq. 8), `[n]`. One draw makes it the
    /// evidence lower bound; it rises to `ln p(x)` with their number.
    ///
    /// # Errors
    /// [`DataError::ColumnCount`](unmix_core::DataError::ColumnCount) if `x` is not `d` wide; errors of the device.
    pub fn importance_weighted_bound(&self, x: ArrayView2<'_, f64>, samples: usize, seed: Seed) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.about.config.columns)?;
        let mut bounds = Vec::with_capacity(x.nrows());
        for (index, rows) in x.axis_chunks_iter(Axis(0), CHUNK).enumerate() {
            let batch = Batch { x: to_tensor(rows, &self.device) };
            let mut noise = Noise::of(seed, "importance", index as u64);
            let mut log_weights = Vec::with_capacity(samples);
            for _ in 0..samples {
                log_weights.push(to_vec(self.log_weight(&batch, &mut noise)).map_err(VaeError::from)?);
            }
            bounds.extend((0..rows.nrows()).map(|i| log_mean_exp(log_weights.iter().map(|w| w[i]))));
        }
        Ok(bounds.into())
    }

    /// `ln p(x, z) - ln q(z | x)` at a draw from the posterior, `[n]`.
    fn log_weight(&self, batch: &Batch, noise: &mut Noise) -> Tensor<1> {
        let posterior = self.family.posterior(batch.x.clone());
        let z = posterior.draw(noise);
        let log_prior = (z.clone().square() + std::f64::consts::TAU.ln()).sum_dim(1).squeeze_dim::<1>(1) * -0.5;
        self.family.log_likelihood(batch.x.clone(), z.clone()) + log_prior - posterior.log_density(z)
    }

    /// Applies `f` to chunks of rows of `x` on the device; results `[n, width]`.
    fn map_rows(&self, x: ArrayView2<'_, f64>, width: usize, f: impl Fn(Tensor<2>) -> Tensor<2>) -> Result<Array2<f64>, VaeError> {
        let mut all = Array2::zeros((x.nrows(), width));
        for (rows, mut out) in x.axis_chunks_iter(Axis(0), CHUNK).zip(all.axis_chunks_iter_mut(Axis(0), CHUNK)) {
            out.assign(&to_array2(f(to_tensor(rows, &self.device)))?);
        }
        Ok(all)
    }

    /// Observations `[n, d]` drawn given codes `z` `[n, k]`.
    fn observe(&self, z: ArrayView2<'_, f64>, seed: Seed) -> Result<Array2<f64>, Fault> {
        let mut x = self.generate(z)?;
        let mut noise = Noise::of(seed, "observation", 0);
        match self.about.config.likelihood {
            Likelihood::Bernoulli => x.mapv_inplace(|p| f64::from(u8::from(noise.stream().random::<f64>() < p))),
            Likelihood::Gaussian => {
                let sd = self.family.noise_variance()?.unwrap_or(1.0).sqrt();
                x.mapv_inplace(|mean| mean + sd * standard_normal(&mut noise));
            }
        }
        Ok(x)
    }

    /// `n` codes from the prior, `[n, k]`.
    fn prior(&self, n: usize, seed: Seed) -> Array2<f64> {
        let mut noise = Noise::of(seed, "prior", 0);
        Array2::from_shape_simple_fn((n, self.about.config.components), || standard_normal(&mut noise))
    }
}

/// A standard normal draw from the stream of `noise`.
fn standard_normal(noise: &mut Noise) -> f64 {
    StandardNormal.sample(noise.stream())
}

/// `ln` of the mean of the exponentials, computed without overflow.
fn log_mean_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), v| (sum + (v - most).exp(), count + 1));
    most + (sum / count as f64).ln()
}

impl Model for VaeModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn as_sample(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn as_log_density(&self) -> Option<&dyn LogDensity> {
        Some(self)
    }

    fn as_intervene(&self) -> Option<&dyn Intervene> {
        Some(self)
    }

    /// Writes `model.safetensors` (weights) and `model.json` (shape and names).
    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_safetensors(&self.family, &folder.join(WEIGHTS))?;
        save_json(&self.about, folder)
    }
}

impl Load for VaeModel {
    /// Reads the model onto flex.
    fn load(folder: &Path) -> Result<Self, Fault> {
        Self::load_on(folder, DeviceChoice::Flex)
    }
}

impl VaeModel {
    /// Reads a saved model onto a device.
    ///
    /// # Errors
    /// As [`Load::load`], and if the device does not open.
    pub fn load_on(folder: &Path, device: DeviceChoice) -> Result<Self, Fault> {
        let about: About = load_json(folder)?;
        let device = device.open()?.device;
        let family = about.config.init(1.0, &mut Initializer::new(Seed(0), &device))?;
        let family = load_safetensors(family, &folder.join(WEIGHTS))?;
        Ok(Self { family, device, about })
    }
}

impl Infer for VaeModel {
    /// Posterior means.
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.about.config.columns)?;
        Ok(self.map_rows(x, self.about.config.components, |x| self.family.posterior(x).mean)?)
    }
}

impl Generate for VaeModel {
    /// Means: probabilities under a Bernoulli likelihood.
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.about.config.components)?;
        Ok(self.map_rows(z, self.about.config.columns, |z| self.family.mean(z))?)
    }
}

impl Sample for VaeModel {
    /// Codes from the prior, observations from the likelihood: zeros and ones under a Bernoulli one. For mean images of drawn codes
    /// give [`generate`](Generate::generate) codes from `N(0, I)`.
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        self.observe(self.prior(n, seed).view(), seed)
    }
}

/// Draws a row for [`LogDensity`].
const IMPORTANCE_SAMPLES: usize = 64;

impl LogDensity for VaeModel {
    /// The importance-weighted bound with 64 draws a row, from streams of a fixed seed.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        self.importance_weighted_bound(x, IMPORTANCE_SAMPLES, Seed(0))
    }

    fn is_bound(&self) -> bool {
        true
    }
}

impl Intervene for VaeModel {
    /// With factual rows: their posterior means with the named codes set, and the mean observations of those. Without: samples with
    /// the named codes set. The codes have no arrows between them, so setting one leaves the others.
    fn intervene(&self, dos: &[Do], factual: Option<ArrayView2<'_, f64>>, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        let mut z = match factual {
            Some(x) => self.infer(x)?,
            None => self.prior(n, seed),
        };
        for Do { node, value } in dos {
            z.column_mut(code_index(node, self.about.config.components)?).fill(*value);
        }
        if factual.is_some() { self.generate(z.view()) } else { self.observe(z.view(), seed) }
    }
}
