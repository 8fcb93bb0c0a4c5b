//! Independent sources in a linear mixture, `x = A s + noise`: the model of independent component analysis.

use super::{Simulation, Source};
use crate::FileError;
use ndarray::{Array1, Array2};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Observations, Params, Seed};

/// What [`ica`] draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IcaParams {
    /// The number of sources, `k`, which is also the number of observed signals, `d`.
    pub components: usize,
    /// The number of samples, `n`.
    pub samples: usize,
    /// The distribution of the sources.
    pub sources: Source,
    /// How many of the sources, from the last, are Gaussian instead: with two or more the mixture is not identified.
    pub gaussian_sources: usize,
    /// The condition number of the mixing matrix.
    pub condition: f64,
    /// The standard deviation of Gaussian noise added to each signal.
    pub noise: f64,
}

impl Default for IcaParams {
    fn default() -> Self {
        Self { components: 4, samples: 2000, sources: Source::Laplace, gaussian_sources: 0, condition: 4.0, noise: 0.0 }
    }
}

impl Params for IcaParams {
    type Estimator = Self;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components, 1);
        checks.at_least("samples", self.samples, 1);
        checks.within("condition", self.condition, 1.0..=1e8);
        checks.within("noise", self.noise, 0.0..=1e8);
        checks.require("gaussian_sources", self.gaussian_sources <= self.components, "there are not so many sources");
    }

    fn seal(self) -> Self {
        self
    }
}

/// Draws independent sources and mixes them by `A = U diag(s) V'`, with `U`, `V` uniform over the orthogonal matrices and `s` spaced
/// evenly on the logarithmic scale from 1 to the condition number.
///
/// # Errors
/// [`FileError::Params`] if a parameter is out of range.
pub fn ica(params: &IcaParams, seed: Seed) -> Result<Simulation, FileError> {
    let params = params.clone().build()?;
    let (n, k) = (params.samples, params.components);
    let mut factors = Array2::zeros((n, k));
    for (j, mut column) in factors.columns_mut().into_iter().enumerate() {
        let source = if j + params.gaussian_sources >= k { Source::Gaussian } else { params.sources };
        let mut stream = seed.stream("ica sources", j as u64);
        column.mapv_inplace(|_: f64| source.draw(j, &mut stream));
    }
    let step = if k > 1 { params.condition.ln() / (k - 1) as f64 } else { 0.0 };
    let scales = Array1::from_iter((0..k).map(|j| (step * j as f64).exp()));
    let mixing = (orthogonal(k, seed, 0) * scales).dot(&orthogonal(k, seed, 1).t());
    let mut x = factors.dot(&mixing.t());
    if params.noise > 0.0 {
        for (j, mut column) in x.columns_mut().into_iter().enumerate() {
            let mut stream = seed.stream("ica noise", j as u64);
            column.mapv_inplace(|v| v + params.noise * Distribution::<f64>::sample(&StandardNormal, &mut stream));
        }
    }
    Ok(Simulation { observations: Observations::unnamed(x)?, factors, mixing, uniquenesses: None, graph: None })
}

/// A matrix uniform over the orthogonal group `[k, k]`: the Gram–Schmidt basis of Gaussian columns (Mezzadri 2007, with the signs
/// that Gram–Schmidt gives, a positive diagonal of R).
fn orthogonal(k: usize, seed: Seed, index: u64) -> Array2<f64> {
    let mut stream = seed.stream("ica mixing", index);
    let mut q: Array2<f64> = Array2::from_shape_simple_fn((k, k), || StandardNormal.sample(&mut stream));
    for j in 0..k {
        let (done, mut rest) = q.view_mut().split_at(ndarray::Axis(1), j);
        let mut column = rest.column_mut(0);
        // twice is enough (Giraud, Langou and Rozložník 2005)
        for _ in 0..2 {
            for basis in done.columns() {
                let shadow = basis.dot(&column);
                column.scaled_add(-shadow, &basis);
            }
        }
        let length = column.dot(&column).sqrt();
        column.mapv_inplace(|v| v / length);
    }
    q
}
