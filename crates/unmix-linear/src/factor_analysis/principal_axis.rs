//! Principal axis factoring with iterated communalities (Harman 1976, Modern Factor Analysis, 3rd edition, chapter 8; Thomson 1934).
//!
//! From communalities `h²` the loadings are `V_k E_k^½`, with the leading eigenvalues and eigenvectors of `R` whose diagonal holds `h²`; the
//! sums of their squares are the next communalities. The first are squared multiple correlations. A fixed point reproduces the diagonal, so it
//! is a stationary point of the minimum residuals ([`Residuals`]), which this reaches at a linear rate.

use super::{LEAST_UNIQUENESS, minres::Residuals};
use ndarray::{Array1, Axis};
use unmix_core::Stop;
use unmix_numerics::{NumericsError, inverse_spd};

/// Where the iteration ended.
pub(crate) struct PrincipalAxis {
    /// `1 - h²`, `[d]`.
    pub uniqueness: Array1<f64>,
    /// Half of the sum of squared residuals there.
    pub value: f64,
    /// The variables (from 0) whose communality exceeds 1, and by what the loadings make of it.
    pub above_one: Vec<(usize, f64)>,
    pub iterations: usize,
    pub stop: Stop,
}

/// Iterates until no communality changes by more than `tolerance`, or `observe(step, value)` says stop. A communality above the greatest that a
/// factor model has, `1 - LEAST_UNIQUENESS`, is held there, which makes the fixed points those of the bounded residuals; programs that
/// hold nothing go on to noise of negative variance.
pub(crate) fn principal_axis(
    residuals: &Residuals<'_>,
    max_iterations: usize,
    tolerance: f64,
    mut observe: impl FnMut(usize, f64) -> bool,
) -> Result<PrincipalAxis, NumericsError> {
    let mut uniqueness = inverse_spd(residuals.r)?.diag().mapv(|v| v.recip().clamp(LEAST_UNIQUENESS, 1.0));
    let mut step = 0;
    loop {
        let loadings = residuals.loadings(&uniqueness)?;
        let squares = &loadings * &loadings;
        // |R - Ψ|² less the squares of the eigenvalues that became factors, which are the sums of squared loadings
        let reduced: f64 = residuals.r.indexed_iter().map(|((i, j), r)| (r - if i == j { uniqueness[i] } else { 0.0 }).powi(2)).sum();
        let value = 0.5 * (reduced - squares.sum_axis(Axis(0)).mapv(|e| e * e).sum()).max(0.0);
        let communality = squares.sum_axis(Axis(1));
        let next = communality.mapv(|h| (1.0 - h).max(LEAST_UNIQUENESS));
        let change = next.iter().zip(&uniqueness).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        let above_one = communality.iter().copied().enumerate().filter(|&(_, h)| h > 1.0).collect();
        let stopped = match step {
            _ if change <= tolerance => Some(Stop::Tolerance),
            _ if step == max_iterations => Some(Stop::MaxIterations),
            _ => None,
        };
        if let Some(stop) = stopped {
            return Ok(PrincipalAxis { uniqueness, value, above_one, iterations: step, stop });
        }
        step += 1;
        uniqueness = next;
        if observe(step, value) {
            return Ok(PrincipalAxis { uniqueness, value, above_one, iterations: step, stop: Stop::Cancelled });
        }
    }
}
