//! Promax (Hendrickson and White 1964, British Journal of Statistical Psychology 17, 65–70): varimax loadings, bent by least squares towards
//! their own powers, with correlated factors.

use super::{Rotated, Varimax, canonical_order};
use crate::LinearError;
use ndarray::{Array2, ArrayView2, Axis};
use unmix_core::Seed;
use unmix_numerics::{inverse, solve};

/// The power of the target: `|l|³ l`, as in R's `promax` (whose `m` it is) and Hendrickson and White (`|l|⁵ / l`).
pub const PROMAX_POWER: i32 = 4;

/// A factor whose sum of squared loadings is no more than this share of the largest has none but rounding.
const EMPTY: f64 = 1e-24;

/// Rotates `loadings` `[d, k]` by `varimax` and then obliquely to the target `|l|^(power - 1) l`, built from the varimax loadings as they are (R's
/// `promax`; SPSS normalises them first).
///
/// # Errors
/// [`LinearError::Numerics`] if the varimax loadings of the factors that have any are linearly dependent.
pub(crate) fn promax(loadings: ArrayView2<'_, f64>, varimax: Varimax, seed: Seed) -> Result<Rotated, LinearError> {
    let start = varimax.rotate(loadings, seed);
    // a factor without loadings has no target, and stays as it is
    let squares = start.loadings.map_axis(Axis(0), |column| column.dot(&column));
    let least = EMPTY * squares.iter().fold(0.0_f64, |most, v| most.max(*v));
    let kept: Vec<usize> = (0..squares.len()).filter(|&k| squares[k] > least).collect();
    let shape = start.loadings.select(Axis(1), &kept);
    let target = shape.mapv(|v| v * v.abs().powi(PROMAX_POWER - 1));
    let least_squares = solve(shape.t().dot(&shape).view(), shape.t().dot(&target).view())?;
    // scaled so that the factors have variance 1
    let gram = inverse(least_squares.t().dot(&least_squares).view())?;
    let block: Array2<f64> = &least_squares * &gram.diag().mapv(f64::sqrt);
    let mut scaled = Array2::eye(squares.len());
    for ((a, b), &value) in block.indexed_iter() {
        scaled[[kept[a], kept[b]]] = value;
    }
    let change = canonical_order(start.loadings.dot(&scaled).view());
    let pattern = scaled.dot(&change);
    // loadings A U V are A (Tᵀ)⁻¹ for T = ((U V)ᵀ)⁻¹
    let rotation = inverse(start.rotation.dot(&pattern).t())?;
    let correlation = rotation.t().dot(&rotation);
    Ok(Rotated { loadings: start.loadings.dot(&pattern), rotation, correlation, ..start })
}
