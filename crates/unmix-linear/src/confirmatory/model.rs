//! The fitted confirmatory model: `x = mean + Λ z + e`, `z ~ N(0, Φ)`, `e ~ N(0, Ψ)`.

use super::{
    inference::{Estimate, Modification},
    structure::Matrices,
};
use crate::{FitIndices, LinearError, Scores};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, path::Path};
use unmix_core::{Fault, Generate, Infer, Load, LogDensity, Model, Sample, Seed, load_json, require_columns, save_json};
use unmix_numerics::{cholesky, log_det_spd, solve_spd};

/// A confirmatory factor model in the units of `x`. Code `z<j>` is factor `factors[j - 1]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfirmatoryModel {
    /// Names of the variables, `[d]`.
    pub variables: Vec<String>,
    /// Names of the factors in the order of the codes, `[k]`.
    pub factors: Vec<String>,
    /// Means, `[d]`.
    pub mean: Array1<f64>,
    /// Standard deviations of the data fitted (divisor `n`), `[d]`.
    pub sd: Array1<f64>,
    /// Loadings `Λ`, `[d, k]`, 0 where the pattern says so. The mixing.
    pub loadings: Array2<f64>,
    /// Covariance of the factors `Φ`, `[k, k]`: correlations where factors have variance 1.
    pub covariance_of_factors: Array2<f64>,
    /// Covariance of the noise `Ψ`, `[d, d]`, diagonal but for the pairs that may covary.
    pub noise: Array2<f64>,
    /// Centred observations to codes, `[k, d]`. The unmixing.
    pub unmixing: Array2<f64>,
    /// What `unmixing` computes.
    pub scores: Scores,
    /// Every free parameter but the means, with its standard error.
    pub estimates: Vec<Estimate>,
    /// How well the model reproduces the covariances.
    pub fit: FitIndices,
    /// What each entry fixed at 0 would bring if it were free, the 1000 largest in order.
    pub modifications: Vec<Modification>,
    /// Sample correlations less those of the model, both in units of the sample's standard deviations, `[d, d]`.
    pub residual_correlations: Array2<f64>,
}

impl ConfirmatoryModel {
    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.loadings.nrows()
    }

    /// The number of factors, `k`.
    pub fn components(&self) -> usize {
        self.loadings.ncols()
    }

    /// The model's covariance `ΛΦΛᵀ + Ψ`, `[d, d]`.
    pub fn covariance(&self) -> Array2<f64> {
        self.matrices().covariance()
    }

    /// Correlations of the factors, `[k, k]`.
    pub fn correlation_of_factors(&self) -> Array2<f64> {
        let scale = self.covariance_of_factors.diag().mapv(|v| v.sqrt().recip());
        &self.covariance_of_factors * &scale * scale.view().insert_axis(Axis(1))
    }

    /// Loadings of variables and factors of variance 1, by the sample's standard deviations, `[d, k]`.
    pub fn standardized_loadings(&self) -> Array2<f64> {
        let scale = self.covariance_of_factors.diag().mapv(f64::sqrt);
        &self.loadings * &scale / self.sd.view().insert_axis(Axis(1))
    }

    pub(crate) fn matrices(&self) -> Matrices {
        Matrices { loadings: self.loadings.clone(), factors: self.covariance_of_factors.clone(), noise: self.noise.clone() }
    }
}

impl Infer for ConfirmatoryModel {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns())?;
        Ok((&x - &self.mean).dot(&self.unmixing.t()))
    }
}

impl Generate for ConfirmatoryModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.loadings.t()) + &self.mean)
    }
}

impl Sample for ConfirmatoryModel {
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        let draw = |covariance: &Array2<f64>, purpose: &str| -> Result<Array2<f64>, LinearError> {
            let mut stream = seed.stream(purpose, 0);
            let normal: Array2<f64> = Array2::from_shape_simple_fn((n, covariance.nrows()), || StandardNormal.sample(&mut stream));
            Ok(normal.dot(&cholesky(covariance.view())?.t()))
        };
        let z = draw(&self.covariance_of_factors, "confirmatory-codes")?;
        Ok(self.generate(z.view())? + draw(&self.noise, "confirmatory-noise")?)
    }
}

impl LogDensity for ConfirmatoryModel {
    /// `ln N(x; mean, ΛΦΛᵀ + Ψ)`.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.columns())?;
        // in units of the sample's standard deviations, so that those of x do not matter
        let sd = self.sd.view().insert_axis(Axis(1));
        let sigma = self.covariance() / self.sd.view() / sd;
        let centred = (&x - &self.mean) / &self.sd;
        let solved = solve_spd(sigma.view(), centred.t()).map_err(LinearError::from)?;
        let quadratic = (&solved.t() * &centred).sum_axis(Axis(1));
        let log_det = log_det_spd(sigma.view()).map_err(LinearError::from)? + 2.0 * self.sd.mapv(f64::ln).sum();
        Ok(quadratic.mapv(|q| -0.5 * (self.columns() as f64 * TAU.ln() + log_det + q)))
    }
}

impl Model for ConfirmatoryModel {
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
        let correlation = self.correlation_of_factors();
        let uncorrelated = correlation.indexed_iter().all(|((i, j), v)| i == j || *v == 0.0);
        (!uncorrelated).then_some(correlation)
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for ConfirmatoryModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
