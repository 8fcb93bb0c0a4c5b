//! Whitening: an affine map to uncorrelated variables of unit variance, from the covariance alone, and the checks that it needs.
//!
//! With as many components as variables the correlation matrix is decomposed, so that the units of the columns do not matter; with
//! fewer, the matrix that [`Reduction`] names. Eigenvalues of a Gram matrix give the same bytes at any number of
//! threads, which a threaded SVD of the data does not.

use crate::{LinearError, streamed::ColumnMoments};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use unmix_core::{DataError, Fault, Observations, Rows};
use unmix_numerics::{Moments, moments, symmetric_eigen};

/// Share of a column's variance that others may leave unexplained before it counts as their combination: a residual of 1e-6 standard
/// deviations. Rounding leaves about 1e-15.
const COLLINEAR: f64 = 1e-12;

/// Weight, in standard deviations, below which a column is not named among those that another depends on.
const NAMED: f64 = 1e-6;

/// Whose leading eigenvectors are kept where there are fewer components than columns. With as many as columns it changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// Of the covariance, as scikit-learn does: columns of large variance decide what is kept.
    #[default]
    Covariance,
    /// Of the correlation: the units of the columns do not matter.
    Correlation,
}

/// `y = whiten (x - mean)` has mean 0 and covariance I; `x ≈ mean + colour y`.
#[derive(Clone, Debug)]
pub(crate) struct Whitening {
    /// The means of the variables, `[d]`.
    pub mean: Array1<f64>,
    /// The standard deviations of the variables, `[d]`.
    pub deviation: Array1<f64>,
    /// To white variables, `[k, d]`.
    pub whiten: Array2<f64>,
    /// Back, `[d, k]`.
    pub colour: Array2<f64>,
}

impl Whitening {
    /// Whitens `x` to `components` variables, all if `None`.
    pub fn of(x: &Observations, components: Option<usize>, reduction: Reduction) -> Result<Self, LinearError> {
        let k = require_shape(x.x().dim(), components)?;
        x.require_varying()?;
        x.require_distinct()?;
        Self::of_moments(representable_moments(x)?, x.names(), k, reduction)
    }

    /// As [`of`](Self::of), of rows that are read once, at most `memory` bytes of them at a time.
    pub fn of_rows(rows: &dyn Rows, components: Option<usize>, reduction: Reduction, memory: usize) -> Result<Self, Fault> {
        let k = require_shape(rows.shape(), components).map_err(LinearError::from)?;
        let ColumnMoments { moments, check } = ColumnMoments::read(rows, memory)?;
        check.require_varying(rows.names()).map_err(LinearError::from)?;
        check.require_distinct(rows.names()).map_err(LinearError::from)?;
        require_representable(&moments, rows.names())?;
        Ok(Self::of_moments(moments, rows.names(), k, reduction)?)
    }

    fn of_moments(moments: Moments, names: &[String], k: usize, reduction: Reduction) -> Result<Self, LinearError> {
        let d = names.len();
        let deviation = moments.covariance.diag().mapv(f64::sqrt);
        let (scale, matrix) = if k == d {
            let correlation = moments.correlation();
            if let Some(error) = collinear(correlation.view(), names) {
                return Err(error.into());
            }
            (deviation.clone(), correlation)
        } else {
            match reduction {
                Reduction::Covariance => (Array1::ones(d), moments.covariance),
                Reduction::Correlation => (deviation.clone(), moments.correlation()),
            }
        };
        let eigen = symmetric_eigen(matrix.view())?;
        let floor = eigen.values[0] * COLLINEAR;
        let rank = eigen.values.iter().take_while(|&&v| v > floor).count();
        if k > rank {
            return Err(DataError::TooManyComponents { asked: k, most: rank, reason: "the rank of their covariance" }.into());
        }
        let vectors = eigen.vectors.slice_move(s![.., ..k]);
        let roots = eigen.values.slice_move(s![..k]).mapv(f64::sqrt);
        let whiten = (&vectors / &roots).reversed_axes() / &scale;
        let colour = vectors * &roots * &scale.insert_axis(Axis(1));
        Ok(Self { mean: moments.mean, deviation, whiten: whiten.as_standard_layout().into_owned(), colour })
    }
}

/// The number of components, if data of this shape `(n, d)` can have as many.
pub(crate) fn require_shape((n, d): (usize, usize), components: Option<usize>) -> Result<usize, DataError> {
    let k = components.unwrap_or(d);
    if n == 0 || d == 0 {
        return Err(DataError::Empty { rows: n, columns: d });
    }
    if k > d {
        return Err(DataError::TooManyComponents { asked: k, most: d, reason: "one a column" });
    }
    if n <= k {
        return Err(DataError::TooFewRows { needed: k + 1, found: n, reason: "estimate a covariance of full rank" });
    }
    Ok(k)
}

/// Mean and covariance of `x`, if every variance is a normal number.
pub(crate) fn representable_moments(x: &Observations) -> Result<Moments, LinearError> {
    let moments = moments(x.x());
    require_representable(&moments, x.names())?;
    Ok(moments)
}

fn require_representable(moments: &Moments, names: &[String]) -> Result<(), LinearError> {
    for (&variance, column) in moments.covariance.diag().iter().zip(names) {
        if variance != 0.0 && !variance.is_normal() {
            return Err(LinearError::Variance { column: column.clone(), variance });
        }
    }
    Ok(())
}

/// The first column of a correlation matrix that is a linear combination of those before it, by a Cholesky decomposition that stops there.
pub(crate) fn collinear(correlation: ArrayView2<'_, f64>, names: &[String]) -> Option<DataError> {
    let d = correlation.nrows();
    let mut factor = Array2::<f64>::zeros((d, d));
    for j in 0..d {
        let mut left = correlation[[j, j]];
        for i in 0..j {
            let product = factor.slice(s![i, ..i]).dot(&factor.slice(s![j, ..i]));
            factor[[j, i]] = (correlation[[j, i]] - product) / factor[[i, i]];
            left -= factor[[j, i]].powi(2);
        }
        if left < COLLINEAR {
            // the weights b of the combination solve Lᵀ b = row j of L
            let mut weights = factor.slice(s![j, ..j]).to_vec();
            for i in (0..j).rev() {
                let later: f64 = (i + 1..j).map(|m| factor[[m, i]] * weights[m]).sum();
                weights[i] = (weights[i] - later) / factor[[i, i]];
            }
            let others: Vec<String> =
                weights.iter().zip(names).filter(|(w, _)| w.abs() > NAMED).map(|(_, name)| format!("\"{name}\"")).collect();
            return Some(DataError::Collinear { column: names[j].clone(), others: others.join(", ") });
        }
        factor[[j, j]] = left.sqrt();
    }
    None
}
