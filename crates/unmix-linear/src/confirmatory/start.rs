//! Where the search for a confirmatory model begins.

use super::{pattern::Pattern, structure::Matrices};
use crate::{LinearError, factor_analysis::likelihood::Profile};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use unmix_numerics::{cholesky, solve, symmetric_eigen};

/// Share of a first principal component's loading that a factor is given: the rest is noise.
const SHARED: f64 = 0.8;

/// Least share of a variable's variance that is noise at the start.
const LEAST_NOISE: f64 = 0.2;

/// Share of the correlations of principal components that factors are given, which keeps them apart.
const CORRELATED: f64 = 0.7;

/// Model matrices of standardised variables with correlations `r` `[d, d]`, factors of variance 1. Entries that the pattern fixes are whatever they are.
pub(crate) fn start(pattern: &Pattern, r: ArrayView2<'_, f64>) -> Result<Matrices, LinearError> {
    let (loadings, factors) = if pattern.echelon { triangular(pattern, r)? } else { components(pattern, r)? };
    let explained = (loadings.dot(&factors) * &loadings).sum_axis(Axis(1));
    let noise = Array2::from_diag(&explained.mapv(|share| (1.0 - share).max(LEAST_NOISE)));
    Ok(Matrices { loadings, factors, noise })
}

/// Each factor as the first principal component of its own variables, or of all of its variables where it has too few.
fn components(pattern: &Pattern, r: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), LinearError> {
    let (d, k) = pattern.loads.dim();
    let mut weights = Array2::<f64>::zeros((d, k));
    for j in 0..k {
        let pure = pattern.pure(j);
        let all = || (0..d).filter(|&i| pattern.loads[[i, j]]).collect();
        let own: Vec<usize> = if pure.is_empty() { all() } else { pure };
        let block = r.select(Axis(0), &own).select(Axis(1), &own);
        let eigen = symmetric_eigen(block.view())?;
        let scale = eigen.values[0].sqrt();
        own.iter().zip(eigen.vectors.column(0)).for_each(|(&i, v)| weights[[i, j]] = v / scale);
    }
    // the correlations of the components, which have variance 1, with the variables and each other
    let structure = r.dot(&weights);
    let mut factors = weights.t().dot(&structure) * CORRELATED;
    factors.diag_mut().fill(1.0);
    if !pattern.correlated {
        factors = Array2::eye(k);
    }
    let counts: Array1<f64> = pattern.loads.map_axis(Axis(1), |row| row.iter().filter(|&&l| l).count() as f64);
    let loadings =
        Array2::from_shape_fn((d, k), |(i, j)| if pattern.loads[[i, j]] { SHARED * structure[[i, j]] / counts[i].sqrt() } else { 0.0 });
    Ok((loadings, factors))
}

/// The exploratory loadings, turned until the leads form a lower triangle: with `A` `[k, k]` their loadings and `AAᵀ = LLᵀ`, by `AᵀL⁻ᵀ`.
fn triangular(pattern: &Pattern, r: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), LinearError> {
    /// Added to the diagonal of `AAᵀ`, which need not have an inverse.
    const RIDGE: f64 = 1e-6;
    let k = pattern.components();
    let profile = Profile { r, components: k };
    let loadings = profile.loadings(&profile.start()?)?;
    let lead = loadings.select(Axis(0), &pattern.lead);
    let triangle = cholesky((lead.dot(&lead.t()) + Array2::<f64>::eye(k) * RIDGE).view())?;
    let turn = solve(triangle.view(), lead.view())?;
    let mut turned = loadings.dot(&turn.t());
    turned.indexed_iter_mut().filter(|(at, _)| !pattern.loads[*at]).for_each(|(_, v)| *v = 0.0);
    Ok((turned, Array2::eye(k)))
}
