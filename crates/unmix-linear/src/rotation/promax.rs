//! Promax (Hendrickson and White 1964, British Journal of Statistical Psychology 17, 65–70): varimax loadings, bent by least squares towards
//! their own powers, with correlated factors.

use super::{Rotated, Varimax, canonical_order};
use crate::LinearError;
use ndarray::{Array2, ArrayView2};
use unmix_core::Seed;
use unmix_numerics::{inverse, solve};

/// The power of the target: `|l|³ l`, as in R's `promax` (whose `m` it is) and Hendrickson and White (`|l|⁵ / l`).
pub const PROMAX_POWER: i32 = 4;

/// Rotates `loadings` `[d, k]` by `varimax` and then obliquely to the target `|l|^(power - 1) l`, built from the varimax loadings as they are (R's
/// `promax`; SPSS normalises them first).
///
/// # Errors
/// [`LinearError::Numerics`] if the varimax loadings are linearly dependent.
pub(crate) fn promax(loadings: ArrayView2<'_, f64>, varimax: Varimax, seed: Seed) -> Result<Rotated, LinearError> {
    let start = varimax.rotate(loadings, seed);
    let shape = &start.loadings;
    let target = shape.mapv(|v| v * v.abs().powi(PROMAX_POWER - 1));
    let least_squares = solve(shape.t().dot(shape).view(), shape.t().dot(&target).view())?;
    // scaled so that the factors have variance 1
    let gram = inverse(least_squares.t().dot(&least_squares).view())?;
    let scaled: Array2<f64> = &least_squares * &gram.diag().mapv(f64::sqrt);
    let change = canonical_order(start.loadings.dot(&scaled).view());
    let pattern = scaled.dot(&change);
    // loadings A U V are A (Tᵀ)⁻¹ for T = ((U V)ᵀ)⁻¹
    let rotation = inverse(start.rotation.dot(&pattern).t())?;
    let correlation = rotation.t().dot(&rotation);
    Ok(Rotated { loadings: start.loadings.dot(&pattern), rotation, correlation, ..start })
}
