//! The fitted factor model: `x = mean + Λ z + e`, `z ~ N(0, Φ)`, `e ~ N(0, Ψ)` with diagonal `Ψ`; `Φ` is the identity unless the rotation was
//! oblique.

use crate::{LinearError, Rotation, Scores, scores::score_weights};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, path::Path};
use unmix_core::{Fault, Generate, Infer, Load, LogDensity, Model, Sample, Seed, load_json, require_columns, save_json};
use unmix_numerics::{cholesky, log_det_spd};

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
}

impl Infer for FactorModel {
    /// By the model's [`Scores`]. NaN is a missing value: the code is that of the entries which its row has.
    ///
    /// # Errors
    /// As [`Infer::infer`]; [`LinearError::TooFewEntries`] if a row has fewer entries than there are codes and the scores are not
    /// [`Scores::Regression`], which is defined for any number.
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns())?;
        if x.iter().any(|v| v.is_nan()) {
            return Ok(self.codes(x, self.scores)?);
        }
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
    /// NaN is a missing value: the density is that of the entries which a row has, 0 (in nats) for a row without any.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.columns())?;
        if x.iter().any(|v| v.is_nan()) {
            return Ok(self.log_density_observed(x)?);
        }
        let loadings = self.uncorrelated_loadings()?;
        let eye = Array2::<f64>::eye(self.components());
        let weighted = &loadings / &self.uniqueness.view().insert_axis(Axis(1));
        let posterior = score_weights(&loadings, &weighted, &eye, Scores::Regression)?;
        let centred = &x - &self.mean;
        let codes = centred.dot(&posterior.t());
        let noise = centred - codes.dot(&loadings.t());
        let quadratic = (noise.mapv(|v| v * v) / &self.uniqueness).sum_axis(Axis(1)) + codes.mapv(|v| v * v).sum_axis(Axis(1));
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

    fn code_correlations(&self) -> Option<Array2<f64>> {
        let uncorrelated = self.correlation.indexed_iter().all(|((i, j), v)| i == j || *v == 0.0);
        (!uncorrelated).then(|| self.correlation.clone())
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
