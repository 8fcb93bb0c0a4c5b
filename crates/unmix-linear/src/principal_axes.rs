//! Eigenvalues and eigenvectors of a covariance, from whichever Gram matrix is smaller.
//!
//! With centred rows `y` `[n, d]` the covariance `yᵀy/n` `[d, d]` and the matrix `yyᵀ/n` `[n, n]` have the same eigenvalues but for zeros, and
//! an eigenvector `u` of the second gives `yᵀu / √(nλ)` of the first. A table with more columns than rows is decomposed by its rows.

use crate::{LinearError, whitening::representable_moments};
use ndarray::{Array1, Array2, ArrayView1, Axis, s};
use unmix_core::{DataError, Observations};
use unmix_numerics::{Eigen, Moments, symmetric_eigen};

/// Eigenvalues below this share of the largest are rounding.
const ROUNDING: f64 = 1e-13;

/// The eigendecomposition of the covariance of columns divided by `scale`.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalAxes {
    /// Samples, `n`.
    pub rows: usize,
    /// Means, `[d]`.
    pub mean: Array1<f64>,
    /// What each column is divided by: ones, or its standard deviation, `[d]`.
    pub scale: Array1<f64>,
    /// Every eigenvalue (divisor `n`), largest first, 0 where it is rounding, `[d]`.
    pub values: Array1<f64>,
    /// The eigenvectors of the eigenvalues above 0, `[d, rank]`, the largest entry of each positive.
    pub vectors: Array2<f64>,
}

impl PrincipalAxes {
    /// Of the covariance of `x`, or of its correlation.
    pub fn of(x: &Observations, standardize: bool) -> Result<Self, LinearError> {
        if x.columns() <= x.rows() {
            return Self::of_moments(&representable_moments(x)?, x.names(), standardize);
        }
        require_two_rows(x.rows())?;
        let (mean, n) = (x.means(), x.rows() as f64);
        let mut y = &x.x() - &mean;
        let variances = y.map_axis(Axis(0), |column| column.dot(&column) / n);
        let scale = scale(variances.view(), mean.view(), x.names(), standardize)?;
        y /= &scale;
        let Eigen { mut values, vectors } = symmetric_eigen((y.dot(&y.t()) / n).view())?;
        let rank = cut(&mut values);
        let mut axes = y.t().dot(&vectors.slice(s![.., ..rank]));
        for mut axis in axes.columns_mut() {
            let length: f64 = axis.dot(&axis);
            let largest = axis.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
            axis /= length.sqrt() * largest.signum();
        }
        let mut spectrum = Array1::zeros(x.columns());
        spectrum.slice_mut(s![..values.len()]).assign(&values);
        Ok(Self { rows: x.rows(), mean, scale, values: spectrum, vectors: axes })
    }

    /// Of data of which only the moments are known; `names` are those of the columns.
    pub fn of_moments(moments: &Moments, names: &[String], standardize: bool) -> Result<Self, LinearError> {
        require_two_rows(moments.count)?;
        let scale = scale(moments.covariance.diag(), moments.mean.view(), names, standardize)?;
        let Eigen { mut values, vectors } =
            if standardize { symmetric_eigen(moments.correlation().view())? } else { symmetric_eigen(moments.covariance.view())? };
        let rank = cut(&mut values);
        Ok(Self { rows: moments.count, mean: moments.mean.clone(), scale, values, vectors: vectors.slice_move(s![.., ..rank]) })
    }

    /// The number of directions with variance.
    pub fn rank(&self) -> usize {
        self.vectors.ncols()
    }
}

fn require_two_rows(rows: usize) -> Result<(), DataError> {
    if rows < 2 { Err(DataError::TooFewRows { needed: 2, found: rows, reason: "estimate a variance" }) } else { Ok(()) }
}

/// What each column is divided by, `[d]`.
fn scale(
    variances: ArrayView1<'_, f64>,
    means: ArrayView1<'_, f64>,
    names: &[String],
    standardize: bool,
) -> Result<Array1<f64>, LinearError> {
    for ((name, &variance), &mean) in names.iter().zip(variances).zip(means) {
        if standardize && variance == 0.0 {
            return Err(DataError::Constant { column: name.clone(), value: mean }.into());
        }
        if variance != 0.0 && !variance.is_normal() {
            return Err(LinearError::Variance { column: name.clone(), variance });
        }
    }
    if variances.iter().all(|v| *v == 0.0) {
        let column = names.first().cloned().unwrap_or_default();
        return Err(DataError::Constant { column, value: means.first().copied().unwrap_or_default() }.into());
    }
    Ok(variances.mapv(|v| if standardize { v.sqrt() } else { 1.0 }))
}

/// Sets eigenvalues that are rounding to 0 and counts the others.
fn cut(values: &mut Array1<f64>) -> usize {
    let floor = values.first().copied().unwrap_or_default() * ROUNDING;
    values.mapv_inplace(|v| if v > floor { v } else { 0.0 });
    values.iter().take_while(|&&v| v > 0.0).count()
}
