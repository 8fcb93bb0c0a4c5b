//! The fitted model: the density of [`PcaModel`], with codes that are posterior means.

use crate::{LinearModel, PcaModel};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, path::Path};
use unmix_core::{Fault, Generate, Infer, Load, LogDensity, Model, Sample, Seed, load_json, save_json};

/// Fitted probabilistic PCA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpcaModel {
    /// Means; `W` in the units of `x`; posterior means of centred observations.
    pub linear: LinearModel,
    /// The principal axes with every eigenvalue, whose density is this model's.
    pub principal: PcaModel,
    /// Whether the columns were standardised.
    pub standardized: bool,
}

/// The model with the axes and the noise of `principal`.
pub(super) fn of(principal: PcaModel, standardized: bool) -> PpcaModel {
    let noise = principal.noise_variance();
    let kept = principal.spectrum.slice(s![..principal.linear.components()]);
    let strength = kept.mapv(|value| (value - noise).max(0.0).sqrt());
    // M⁻¹Wᵀ = Λ⁻¹ (Λ - σ²I)^½ Uᵀ
    let weight = (&strength / &kept).insert_axis(Axis(1));
    let linear = LinearModel {
        mean: principal.linear.mean.clone(),
        mixing: &principal.linear.mixing * &strength,
        unmixing: &principal.linear.unmixing * &weight,
    };
    PpcaModel { linear, principal, standardized }
}

impl PpcaModel {
    /// The number of components, `k`.
    pub fn components(&self) -> usize {
        self.linear.components()
    }

    /// The variance `σ²` of the noise in every direction, of the columns divided by [`PcaModel::scale`].
    pub fn noise_variance(&self) -> f64 {
        self.principal.noise_variance()
    }

    /// The variance of each code given an observation, `σ²M⁻¹`, `[k]`: the same for all observations, and the codes are uncorrelated given any.
    pub fn code_variance(&self) -> Array1<f64> {
        let noise = self.noise_variance();
        self.principal.spectrum.iter().take(self.components()).map(|value| noise / value).collect()
    }

    /// The mean of `ln p(x)` over the samples of the fit, in nats (Tipping and Bishop 1999, eq. 4 at the maximum).
    pub fn mean_log_likelihood(&self) -> f64 {
        let (d, k) = (self.principal.spectrum.len(), self.components());
        let kept: f64 = self.principal.spectrum.iter().take(k).map(|value| value.ln()).sum();
        let units: f64 = self.principal.scale.iter().map(|unit| unit.ln()).sum();
        -0.5 * (d as f64 * (TAU.ln() + 1.0) + kept + (d - k) as f64 * self.noise_variance().ln()) - units
    }
}

impl Model for PpcaModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(&self.linear)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(&self.linear)
    }

    fn as_sample(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn as_log_density(&self) -> Option<&dyn LogDensity> {
        Some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        self.linear.mixing()
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        self.linear.unmixing()
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Sample for PpcaModel {
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        self.principal.sample(n, seed)
    }
}

impl LogDensity for PpcaModel {
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        self.principal.log_density(x)
    }
}

impl Load for PpcaModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
