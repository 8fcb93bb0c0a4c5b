//! Common factors and uniquenesses, `x = L f + e`: the model of factor analysis.

use super::Simulation;
use crate::FileError;
use ndarray::{Array1, Array2};
use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Observations, Params, Seed};

/// What [`factor_model`] draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FactorModelParams {
    /// The number of variables, `d`.
    pub variables: usize,
    /// The number of factors, `k`.
    pub components: usize,
    /// The number of samples, `n`.
    pub samples: usize,
    /// The least loading of a variable on its factor, in absolute value.
    pub least_loading: f64,
    /// The greatest.
    pub greatest_loading: f64,
    /// The correlation between any two factors.
    pub factor_correlation: f64,
    /// The share of the variables that load on one factor alone; the others load on all.
    pub anchored: f64,
}

impl Default for FactorModelParams {
    fn default() -> Self {
        Self {
            variables: 9,
            components: 3,
            samples: 500,
            least_loading: 0.6,
            greatest_loading: 0.9,
            factor_correlation: 0.0,
            anchored: 1.0,
        }
    }
}

impl Params for FactorModelParams {
    type Estimator = Self;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components, 1);
        checks.at_least("samples", self.samples, 1);
        checks.at_least("variables", self.variables, self.components);
        checks.within("least_loading", self.least_loading, 0.0..=0.999);
        checks.within("greatest_loading", self.greatest_loading, 0.0..=0.999);
        checks.require("least_loading", self.least_loading <= self.greatest_loading, "it is above `greatest_loading`");
        checks.within("factor_correlation", self.factor_correlation, 0.0..=0.95);
        checks.within("anchored", self.anchored, 0.0..=1.0);
    }

    fn seal(self) -> Self {
        self
    }
}

/// Draws a factor model: variables are dealt to the factors in blocks, each loads on its factor alone, with a loading uniform between the
/// bounds and of random sign, and has variance 1. Of these anchors, spread over all blocks, `anchored` gives the share; the other variables divide their
/// loading over all factors in uniformly random proportions, each part of random sign. Factors and uniquenesses are Gaussian; correlated
/// factors share one Gaussian part.
///
/// # Errors
/// [`FileError::Params`] if a parameter is out of range.
pub fn factor_model(params: &FactorModelParams, seed: Seed) -> Result<Simulation, FileError> {
    let params = params.clone().build()?;
    let (n, d, k) = (params.samples, params.variables, params.components);
    let mut stream = seed.stream("factor loadings", 0);
    let mut mixing = Array2::zeros((d, k));
    let mut uniquenesses = Array1::ones(d);
    for (i, (mut row, unique)) in mixing.rows_mut().into_iter().zip(&mut uniquenesses).enumerate() {
        let size = params.least_loading + (params.greatest_loading - params.least_loading) * stream.random::<f64>();
        if anchors_before(i + 1, params.anchored) > anchors_before(i, params.anchored) {
            row[i * k / d] = if stream.random::<bool>() { size } else { -size };
        } else {
            row.mapv_inplace(|_| Exp1.sample(&mut stream));
            row *= size / row.sum();
            row.mapv_inplace(|part| if stream.random::<bool>() { part } else { -part });
        }
        // the variance that correlated factors give the variable
        let (own, all) = (row.dot(&row), row.sum());
        *unique -= (1.0 - params.factor_correlation) * own + params.factor_correlation * all * all;
    }
    let gaussian = |purpose, columns: usize| {
        let mut x = Array2::zeros((n, columns));
        for (j, mut column) in x.columns_mut().into_iter().enumerate() {
            let mut stream = seed.stream(purpose, j as u64);
            column.mapv_inplace(|_: f64| StandardNormal.sample(&mut stream));
        }
        x
    };
    let shared = gaussian("factor shared", 1) * params.factor_correlation.sqrt();
    let factors = gaussian("factors", k) * (1.0 - params.factor_correlation).sqrt() + &shared;
    let x = factors.dot(&mixing.t()) + gaussian("factor uniquenesses", d) * &uniquenesses.mapv(f64::sqrt);
    Ok(Simulation { observations: Observations::unnamed(x)?, factors, mixing, uniquenesses: Some(uniquenesses), graph: None })
}

/// How many of the first `variables` are anchors.
fn anchors_before(variables: usize, share: f64) -> usize {
    /// Shares such as 0.3 are not exact.
    const ROUNDING: f64 = 1e-9;
    (variables as f64 * share + ROUNDING).floor() as usize
}
