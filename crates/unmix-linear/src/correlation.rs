//! The correlation matrix that factor models are fitted to, from data that have one with an inverse.
//!
//! A factor model of `x` is a factor model of the standardised `x`: loadings and standard deviations of the noise scale with the unit of each
//! variable. Fits are therefore done on correlations and carried back to the units of `x` by [`Correlation::sd`].

use crate::{
    LinearError,
    whitening::{collinear, representable_moments},
};
use ndarray::{Array1, Array2, Axis};
use unmix_core::Observations;

/// Means, standard deviations and an invertible correlation matrix.
///
/// ```
/// use ndarray::array;
/// use unmix_core::Observations;
/// use unmix_linear::Correlation;
///
/// let x = Observations::unnamed(array![[1.0, 2.0], [2.0, 1.0], [3.0, 6.0], [4.0, 7.0]])?;
/// let correlation = Correlation::of(&x)?;
/// assert!((correlation.r[[0, 1]] - 0.8770580193070293).abs() < 1e-12);
///
/// let collinear = Observations::unnamed(array![[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 6.0, 9.0], [4.0, 7.0, 11.0], [5.0, 5.0, 10.0]])?;
/// let error = Correlation::of(&collinear).unwrap_err();
/// assert_eq!(error.to_string(), r#"column "x3" is a linear combination of "x1", "x2"; drop it (--exclude x3)"#);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// Samples, `n`.
    pub rows: usize,
    /// Means, `[d]`.
    pub mean: Array1<f64>,
    /// Standard deviations with divisor `n`, `[d]`.
    pub sd: Array1<f64>,
    /// Correlations, `[d, d]`, positive definite.
    pub r: Array2<f64>,
}

impl Correlation {
    /// The covariance in the units of `x`, divisor `n`, `[d, d]`.
    pub fn covariance(&self) -> Array2<f64> {
        &self.r * &self.sd * self.sd.view().insert_axis(Axis(1))
    }

    /// The correlations of `x` `[n, d]`.
    ///
    /// # Errors
    /// [`DataError`](unmix_core::DataError) if there are not more rows than columns, or a column is constant, repeats another or is a linear combination of others;
    /// [`LinearError::Variance`] if a variance overflows or vanishes.
    pub fn of(x: &Observations) -> Result<Self, LinearError> {
        x.require_rows(x.columns() + 1, "estimate a correlation matrix that has an inverse")?;
        x.require_varying()?;
        x.require_distinct()?;
        let moments = representable_moments(x)?;
        let r = moments.correlation();
        if let Some(error) = collinear(r.view(), x.names()) {
            return Err(error.into());
        }
        Ok(Self { rows: x.rows(), sd: moments.covariance.diag().mapv(f64::sqrt), mean: moments.mean, r })
    }
}
