//! The fitted factor model: `x = mean + Λ z + e`, `z ~ N(0, I)`, `e ~ N(0, Ψ)` with diagonal `Ψ`.

use crate::{LinearError, Rotation};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, path::Path};
use unmix_core::{Fault, Generate, Infer, Load, LogDensity, Model, Sample, Seed, load_json, require_columns, save_json};
use unmix_numerics::{inverse_spd, log_det_spd};

/// How codes are estimated from an observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scores {
    /// The posterior mean `(I + ΛᵀΨ⁻¹Λ)⁻¹ ΛᵀΨ⁻¹ (x - mean)` (Thurstone 1935): least mean squared error, shrunk towards 0.
    #[default]
    Regression,
    /// Weighted least squares `(ΛᵀΨ⁻¹Λ)⁻¹ ΛᵀΨ⁻¹ (x - mean)` (Bartlett 1937): unbiased given the codes, so that inferring what was
    /// generated returns the codes themselves.
    Bartlett,
}

/// A factor model in the units of `x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactorModel {
    /// Means, `[d]`.
    pub mean: Array1<f64>,
    /// Standard deviations of the data fitted (divisor `n`), `[d]`.
    pub sd: Array1<f64>,
    /// Loadings `Λ` in the units of `x`, `[d, k]`, rotated. The mixing.
    pub loadings: Array2<f64>,
    /// Variances of the noise `Ψ` in squared units of `x`, `[d]`.
    pub uniqueness: Array1<f64>,
    /// Centred observations to codes, `[k, d]`. The unmixing.
    pub unmixing: Array2<f64>,
    /// What `unmixing` computes.
    pub scores: Scores,
    /// How the loadings were rotated.
    pub rotation: RotationReport,
}

/// The rotation of a factor model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RotationReport {
    /// The criterion.
    pub criterion: Rotation,
    /// The orthogonal matrix `[k, k]` that turns unrotated loadings into the model's.
    pub matrix: Array2<f64>,
    /// Starts made; 0 without a criterion.
    pub starts: usize,
    /// Starts that ended at the optimum taken.
    pub agreeing: usize,
    /// Distinct local optima found.
    pub optima: usize,
}

impl FactorModel {
    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.loadings.nrows()
    }

    /// The number of factors, `k`.
    pub fn components(&self) -> usize {
        self.loadings.ncols()
    }

    /// Loadings of the standardised variables, `[d, k]`: their correlations with the factors.
    pub fn standardized_loadings(&self) -> Array2<f64> {
        &self.loadings / &self.sd.view().insert_axis(Axis(1))
    }

    /// Uniquenesses of the standardised variables, `[d]`: the share of each variance that is noise.
    pub fn standardized_uniqueness(&self) -> Array1<f64> {
        &self.uniqueness / &self.sd.mapv(|sd| sd * sd)
    }

    /// The share of each variable's variance that the factors carry, `[d]`.
    pub fn communalities(&self) -> Array1<f64> {
        let carried = self.standardized_loadings().mapv(|v| v * v);
        carried.sum_axis(Axis(1))
    }

    /// The model's covariance `ΛΛᵀ + Ψ`, `[d, d]`.
    pub fn covariance(&self) -> Array2<f64> {
        self.loadings.dot(&self.loadings.t()) + Array2::from_diag(&self.uniqueness)
    }

    /// The weights `[k, d]` of centred observations in the codes.
    pub(crate) fn score_weights(loadings: &Array2<f64>, uniqueness: &Array1<f64>, scores: Scores) -> Result<Array2<f64>, LinearError> {
        let weighted = loadings / &uniqueness.view().insert_axis(Axis(1));
        let information = loadings.t().dot(&weighted);
        let system = match scores {
            Scores::Regression => information + Array2::<f64>::eye(loadings.ncols()),
            Scores::Bartlett => information,
        };
        Ok(inverse_spd(system.view())?.dot(&weighted.t()))
    }
}

impl Infer for FactorModel {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns())?;
        Ok((&x - &self.mean).dot(&self.unmixing.t()))
    }
}

impl Generate for FactorModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.loadings.t()) + &self.mean)
    }
}

impl Sample for FactorModel {
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        let mut stream = seed.stream("factor-model-codes", 0);
        let z = Array2::from_shape_simple_fn((n, self.components()), || StandardNormal.sample(&mut stream));
        let mut stream = seed.stream("factor-model-noise", 0);
        let noise: Array2<f64> = Array2::from_shape_simple_fn((n, self.columns()), || StandardNormal.sample(&mut stream));
        Ok(self.generate(z.view())? + noise * self.uniqueness.mapv(f64::sqrt))
    }
}

impl LogDensity for FactorModel {
    /// `ln N(x; mean, ΛΛᵀ + Ψ)` by the matrix inversion lemma: with `m` the posterior mean, the quadratic form is
    /// `(x - mean - Λm)ᵀ Ψ⁻¹ (x - mean - Λm) + mᵀm`, a sum without cancellation, and `|ΛΛᵀ + Ψ| = |Ψ| |I + ΛᵀΨ⁻¹Λ|`.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.columns())?;
        let posterior = Self::score_weights(&self.loadings, &self.uniqueness, Scores::Regression)?;
        let centred = &x - &self.mean;
        let codes = centred.dot(&posterior.t());
        let noise = centred - codes.dot(&self.loadings.t());
        let quadratic = (noise.mapv(|v| v * v) / &self.uniqueness).sum_axis(Axis(1)) + codes.mapv(|v| v * v).sum_axis(Axis(1));
        let weighted = &self.loadings / &self.uniqueness.view().insert_axis(Axis(1));
        let inner = self.loadings.t().dot(&weighted) + Array2::<f64>::eye(self.components());
        let log_det = self.uniqueness.mapv(f64::ln).sum() + log_det_spd(inner.view()).map_err(LinearError::from)?;
        Ok(quadratic.mapv(|q| -0.5 * (self.columns() as f64 * TAU.ln() + log_det + q)))
    }
}

impl Model for FactorModel {
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

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.loadings.view())
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.unmixing.view())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for FactorModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
