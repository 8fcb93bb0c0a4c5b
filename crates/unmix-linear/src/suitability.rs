//! Whether a correlation matrix is worth a factor analysis.
//!
//! Two customary looks at correlations `r` `[d, d]`: Bartlett's test of sphericity asks whether there is any correlation at all, and the
//! Kaiser–Meyer–Olkin measure asks whether correlations vanish once the other variables are held fixed, as they do when many variables
//! share few factors.
//!
//! ```
//! use ndarray::array;
//! use unmix_linear::{bartlett_sphericity, kaiser_meyer_olkin};
//!
//! let r = array![[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]];
//! // each partial correlation is 1/3: 6/4 of squared correlations against 6/9 of squared partial correlations
//! let kmo = kaiser_meyer_olkin(r.view())?;
//! assert!((kmo.overall - 9.0 / 13.0).abs() < 1e-12);
//! assert!(bartlett_sphericity(r.view(), 100)?.p_value < 1e-6);
//! assert!(bartlett_sphericity(r.view(), 2).is_err());
//! # Ok::<(), unmix_core::Fault>(())
//! ```

use crate::LinearError;
use ndarray::{Array1, ArrayView2};
use serde::Serialize;
use unmix_core::DataError;
use unmix_numerics::{chi_square_tail, inverse_spd, log_det_spd};

/// The measure of sampling adequacy of Kaiser (1970; Kaiser and Rice 1974): `Σ r² / (Σ r² + Σ q²)` over pairs of different variables, `q` being
/// their correlations given all other variables.
///
/// Kaiser and Rice call values below 0.5 unacceptable, from 0.8 meritorious.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KaiserMeyerOlkin {
    /// Over all pairs, from 0 to 1; NaN if no correlation differs from 0.
    pub overall: f64,
    /// Over the pairs of each variable, `[d]`.
    pub per_variable: Array1<f64>,
}

/// The Kaiser–Meyer–Olkin measure of correlations `r` `[d, d]`.
///
/// # Errors
/// [`LinearError::Numerics`] if `r` is not square and positive definite.
pub fn kaiser_meyer_olkin(r: ArrayView2<'_, f64>) -> Result<KaiserMeyerOlkin, LinearError> {
    let inverse = inverse_spd(r)?;
    let d = r.nrows();
    let (mut correlation, mut partial) = (Array1::<f64>::zeros(d), Array1::<f64>::zeros(d));
    for ((i, j), &p) in inverse.indexed_iter().filter(|((i, j), _)| i != j) {
        correlation[i] += r[[i, j]].powi(2);
        partial[i] += p.powi(2) / (inverse[[i, i]] * inverse[[j, j]]);
    }
    Ok(KaiserMeyerOlkin {
        overall: correlation.sum() / (correlation.sum() + partial.sum()),
        per_variable: &correlation / (&correlation + &partial),
    })
}

/// The test of the hypothesis that no two variables are correlated (Bartlett 1950).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sphericity {
    /// `-(n - 1 - (2d + 5)/6) ln |r|`.
    pub chi_squared: f64,
    /// `d(d - 1)/2`.
    pub degrees_of_freedom: usize,
    /// The probability of a larger value if all correlations are 0 and the variables Gaussian.
    pub p_value: f64,
}

/// Bartlett's test of sphericity for correlations `r` `[d, d]` of `rows` samples. The determinant is taken as a logarithm: it underflows
/// for many variables.
///
/// # Errors
/// [`DataError::TooFewRows`] if the factor `n - 1 - (2d + 5)/6` is not positive; [`LinearError::Numerics`] if `r` is not square and positive
/// definite.
pub fn bartlett_sphericity(r: ArrayView2<'_, f64>, rows: usize) -> Result<Sphericity, LinearError> {
    let d = r.nrows();
    let correction = (2 * d + 5) as f64 / 6.0;
    let factor = rows as f64 - 1.0 - correction;
    if factor <= 0.0 {
        let needed = 2 + correction as usize;
        return Err(DataError::TooFewRows { needed, found: rows, reason: "make the statistic of Bartlett's test positive" }.into());
    }
    let degrees_of_freedom = d * d.saturating_sub(1) / 2;
    // rounding may leave a determinant above 1
    let chi_squared = (-factor * log_det_spd(r)?).max(0.0);
    let p_value = if degrees_of_freedom == 0 { 1.0 } else { chi_square_tail(chi_squared, degrees_of_freedom as f64)? };
    Ok(Sphericity { chi_squared, degrees_of_freedom, p_value })
}
