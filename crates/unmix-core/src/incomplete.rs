//! Named samples with missing values, for methods that fit what is there.

use crate::{DataError, Observations};
use ndarray::{ArcArray2, Array1, Array2, ArrayView2, Axis};
use std::sync::Arc;

/// A table of samples, `[n, d]`, whose columns have names and whose missing values are NaN.
///
/// Cloning is cheap: the values are shared. Construction guarantees at least one value in each row and each column, unique names and no
/// infinite value.
///
/// ```
/// use ndarray::array;
/// use unmix_core::Incomplete;
///
/// let cells = Incomplete::new(array![[0.1, 7.0], [f64::NAN, 6.0], [0.4, 5.0]], ["raf", "mek"])?;
/// assert_eq!((cells.rows(), cells.columns(), cells.missing()), (3, 2, 1));
/// assert_eq!(cells.complete_rows()?.x(), array![[0.1, 7.0], [0.4, 5.0]]);
///
/// let error = Incomplete::new(array![[0.1, 7.0], [f64::NAN, f64::NAN]], ["raf", "mek"]).unwrap_err();
/// assert_eq!(error.to_string(), "row 2 has no value in any column; delete it, it says nothing about any of them");
/// # Ok::<(), unmix_core::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Incomplete {
    x: ArcArray2<f64>,
    names: Arc<[String]>,
}

impl Incomplete {
    /// Checks `x` `[n, d]`, in which NaN is a missing value, and names its columns.
    ///
    /// # Errors
    /// [`DataError`] if the table is empty, a value is infinite, a row or column has no value, or the names are not one a column and unique.
    pub fn new<S: Into<String>>(x: Array2<f64>, names: impl IntoIterator<Item = S>) -> Result<Self, DataError> {
        // the names and the infinite values are for `Observations` to refuse, to which a missing value is as good as a 0
        let names = Observations::new(x.mapv(|v| if v.is_nan() { 0.0 } else { v }), names)?.names().to_vec();
        if let Some((_, column)) = x.columns().into_iter().zip(&names).find(|(values, _)| values.iter().all(|v| v.is_nan())) {
            return Err(DataError::Unobserved { column: column.clone() });
        }
        if let Some(row) = x.rows().into_iter().position(|values| values.iter().all(|v| v.is_nan())) {
            return Err(DataError::EmptyRow { row: row + 1 });
        }
        Ok(Self { x: x.into_shared(), names: names.into() })
    }

    /// As [`new`](Self::new), with the names `x1`, `x2`, ….
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn unnamed(x: Array2<f64>) -> Result<Self, DataError> {
        let names: Vec<String> = (1..=x.ncols()).map(|j| format!("x{j}")).collect();
        Self::new(x, names)
    }

    /// The values, `[n, d]`, NaN where missing.
    pub fn x(&self) -> ArrayView2<'_, f64> {
        self.x.view()
    }

    /// The column names, `d` of them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of samples, `n`.
    pub fn rows(&self) -> usize {
        self.x.nrows()
    }

    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.x.ncols()
    }

    /// The number of missing values.
    pub fn missing(&self) -> usize {
        self.x.iter().filter(|v| v.is_nan()).count()
    }

    /// The mean of each column's values, `[d]`.
    pub fn means(&self) -> Array1<f64> {
        self.over_columns(|_, value| value)
    }

    /// The standard deviation of each column's values, `[d]`, with their number as the divisor: biased unless values are missing completely at
    /// random.
    pub fn standard_deviations(&self) -> Array1<f64> {
        let means = self.means();
        self.over_columns(|column, value| (value - means[column]).powi(2)).mapv(f64::sqrt)
    }

    /// The table with column means in the place of missing values, which shrinks variances and covariances: to look at, not to fit.
    ///
    /// # Errors
    /// [`DataError::NonFinite`] if a mean overflows.
    pub fn filled(&self) -> Result<Observations, DataError> {
        let means = self.means();
        let mut x = self.x.to_owned();
        for (mut column, mean) in x.columns_mut().into_iter().zip(means) {
            column.mapv_inplace(|v| if v.is_nan() { mean } else { v });
        }
        Observations::new(x, self.names.iter().cloned())
    }

    /// The mean of `part` over the values of each column.
    fn over_columns(&self, part: impl Fn(usize, f64) -> f64) -> Array1<f64> {
        let mean = |(index, column): (usize, ndarray::ArrayView1<'_, f64>)| {
            let (sum, count) =
                column.iter().filter(|v| !v.is_nan()).fold((0.0, 0.0), |(sum, count), &v| (sum + part(index, v), count + 1.0));
            sum / count
        };
        self.x.columns().into_iter().enumerate().map(mean).collect()
    }

    /// The rows without a missing value, which is to delete the others: biased unless values are missing completely at random.
    ///
    /// # Errors
    /// [`DataError::Empty`] if there is none.
    pub fn complete_rows(&self) -> Result<Observations, DataError> {
        let complete = |i: &usize| self.x.row(*i).iter().all(|v| !v.is_nan());
        let rows: Vec<usize> = (0..self.rows()).filter(complete).collect();
        Observations::new(self.x.select(Axis(0), &rows), self.names.iter().cloned())
    }
}

impl From<Observations> for Incomplete {
    fn from(x: Observations) -> Self {
        Self { x: x.x().to_owned().into_shared(), names: x.names().into() }
    }
}
