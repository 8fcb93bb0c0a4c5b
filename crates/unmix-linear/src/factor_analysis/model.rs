//! The fitted factor model: `x = mean + Λ z + e`, `z ~ N(0, Φ)`, `e ~ N(0, Ψ)` with diagonal `Ψ`; `Φ` is the identity unless the rotation was
//! oblique.

use crate::{LinearError, Rotation};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, path::Path};
use unmix_core::{Fault, Generate, Infer, Load, LogDensity, Model, Sample, Seed, load_json, require_columns, save_json};
use unmix_numerics::{cholesky, inverse_spd, inverse_sqrt_spd, log_det_spd};

/// How codes are estimated from an observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scores {
    /// The posterior mean `(Φ⁻¹ + ΛᵀΨ⁻¹Λ)⁻¹ ΛᵀΨ⁻¹ (x - mean)` (Thurstone 1935): least mean squared error, shrunk towards 0.
    #[default]
    Regression,
    /// Weighted least squares `(ΛᵀΨ⁻¹Λ)⁻¹ ΛᵀΨ⁻¹ (x - mean)` (Bartlett 1937): unbiased given the codes, so that inferring what was
    /// generated returns the codes themselves.
    Bartlett,
    /// `(ΛᵀΨ⁻¹ΣΨ⁻¹Λ)^(-1/2) ΛᵀΨ⁻¹ (x - mean)` (Anderson and Rubin 1956): uncorrelated with variance 1 under the model `Σ`, whatever `Φ`.
    Anderson,
    /// Those linear scores of correlation `Φ` under the model `Σ` that are nearest to the codes in the metric `Φ⁻¹` (ten Berge, Krijnen, Wansbeek and Shapiro
    /// 1999): `Φ^(1/2) (LᵀΣ⁻¹L)^(-1/2) LᵀΣ⁻¹ (x - mean)` with `L = ΛΦ^(1/2)`.
    TenBerge,
}

/// A factor model in the units of `x`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactorModel {
    /// Means, `[d]`.
    pub mean: Array1<f64>,
    /// Standard deviations of the data fitted (divisor `n`), `[d]`.
    pub sd: Array1<f64>,
    /// Loadings `Λ` in the units of `x`, `[d, k]`, rotated: the pattern if the factors correlate. The mixing.
    pub loadings: Array2<f64>,
    /// Correlations of the factors `Φ`, `[k, k]`.
    pub correlation: Array2<f64>,
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
    /// The matrix `T` `[k, k]`: unrotated loadings times `(Tᵀ)⁻¹` are the model's.
    pub matrix: Array2<f64>,
    /// Starts made; 0 without a criterion.
    pub starts: usize,
    /// Starts that ended at the optimum taken.
    pub agreeing: usize,
    /// Distinct local optima found.
    pub optima: usize,
}

impl RotationReport {
    /// Of loadings `[d, components]` that their method does not rotate.
    pub(crate) fn unrotated(components: usize) -> Self {
        Self { criterion: Rotation::None, matrix: Array2::eye(components), starts: 0, agreeing: 0, optima: 0 }
    }
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

    /// Loadings of the standardised variables, `[d, k]`: their correlations with the factors if these are uncorrelated, else the pattern, the
    /// change with one factor while the others stay.
    pub fn standardized_loadings(&self) -> Array2<f64> {
        &self.loadings / &self.sd.view().insert_axis(Axis(1))
    }

    /// Uniquenesses of the standardised variables, `[d]`: the share of each variance that is noise.
    pub fn standardized_uniqueness(&self) -> Array1<f64> {
        &self.uniqueness / &self.sd.mapv(|sd| sd * sd)
    }

    /// The correlations of the standardised variables with the factors, `ΛΦ`, `[d, k]`.
    pub fn structure(&self) -> Array2<f64> {
        self.standardized_loadings().dot(&self.correlation)
    }

    /// The share of each variable's variance that the factors carry, `[d]`.
    pub fn communalities(&self) -> Array1<f64> {
        (self.standardized_loadings() * self.structure()).sum_axis(Axis(1))
    }

    /// The model's covariance `ΛΦΛᵀ + Ψ`, `[d, d]`.
    pub fn covariance(&self) -> Array2<f64> {
        self.loadings.dot(&self.correlation).dot(&self.loadings.t()) + Array2::from_diag(&self.uniqueness)
    }

    /// Loadings on uncorrelated factors that give the same covariance, `Λ chol(Φ)`, `[d, k]`.
    pub(crate) fn uncorrelated_loadings(&self) -> Result<Array2<f64>, LinearError> {
        Ok(self.loadings.dot(&cholesky(self.correlation.view())?))
    }

    /// The weights `[k, d]` of centred observations in the codes.
    pub(crate) fn score_weights(
        loadings: &Array2<f64>,
        correlation: &Array2<f64>,
        uniqueness: &Array1<f64>,
        scores: Scores,
    ) -> Result<Array2<f64>, LinearError> {
        let weighted = loadings / &uniqueness.view().insert_axis(Axis(1));
        let information = loadings.t().dot(&weighted);
        let precision = inverse_spd(correlation.view())?;
        let weights = match scores {
            Scores::Regression => inverse_spd((information + precision).view())?,
            Scores::Bartlett => inverse_spd(information.view())?,
            // ΛᵀΨ⁻¹ΣΨ⁻¹Λ = J + JΦJ
            Scores::Anderson => inverse_sqrt_spd((&information + &information.dot(correlation).dot(&information)).view())?,
            Scores::TenBerge => {
                // Σ⁻¹L = Ψ⁻¹L (I + LᵀΨ⁻¹L)⁻¹, so all of it is in the k × k matrix M = LᵀΨ⁻¹L
                let root = inverse_sqrt_spd(precision.view())?;
                let m = root.dot(&information).dot(&root);
                let k = m.nrows();
                let shrink = inverse_spd((Array2::<f64>::eye(k) + &m).view())?;
                let explained = inverse_sqrt_spd(m.dot(&shrink).view())?;
                return Ok(root.dot(&explained).dot(&shrink).dot(&root).dot(&weighted.t()));
            }
        };
        Ok(weights.dot(&weighted.t()))
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
        let z: Array2<f64> = Array2::from_shape_simple_fn((n, self.components()), || StandardNormal.sample(&mut stream));
        let z = z.dot(&cholesky(self.correlation.view()).map_err(LinearError::from)?.t());
        let mut stream = seed.stream("factor-model-noise", 0);
        let noise: Array2<f64> = Array2::from_shape_simple_fn((n, self.columns()), || StandardNormal.sample(&mut stream));
        Ok(self.generate(z.view())? + noise * self.uniqueness.mapv(f64::sqrt))
    }
}

impl LogDensity for FactorModel {
    /// `ln N(x; mean, ΛΦΛᵀ + Ψ)`, with `Λ chol(Φ)` for `Λ`, by the matrix inversion lemma: with `m` the posterior mean, the quadratic form is
    /// `(x - mean - Λm)ᵀ Ψ⁻¹ (x - mean - Λm) + mᵀm`, a sum without cancellation, and `|ΛΛᵀ + Ψ| = |Ψ| |I + ΛᵀΨ⁻¹Λ|`.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.columns())?;
        let loadings = self.uncorrelated_loadings()?;
        let eye = Array2::<f64>::eye(self.components());
        let posterior = Self::score_weights(&loadings, &eye, &self.uniqueness, Scores::Regression)?;
        let centred = &x - &self.mean;
        let codes = centred.dot(&posterior.t());
        let noise = centred - codes.dot(&loadings.t());
        let quadratic = (noise.mapv(|v| v * v) / &self.uniqueness).sum_axis(Axis(1)) + codes.mapv(|v| v * v).sum_axis(Axis(1));
        let weighted = &loadings / &self.uniqueness.view().insert_axis(Axis(1));
        let inner = loadings.t().dot(&weighted) + eye;
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
