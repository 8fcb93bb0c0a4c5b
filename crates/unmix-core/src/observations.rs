//! Named samples: what every method fits.

use crate::{ColumnCheck, DataError};
use ndarray::{ArcArray2, Array1, Array2, ArrayView2, Axis};
use std::sync::Arc;

/// A finite table of samples, `[n, d]`, whose columns have names.
///
/// Cloning is cheap: the values are shared. Construction guarantees at least one row and column, unique names and finite values,
/// so that methods need not look again.
///
/// ```
/// use ndarray::array;
/// use unmix_core::Observations;
///
/// let cells = Observations::new(array![[0.1, 7.0], [0.4, 6.0]], ["raf", "mek"])?;
/// assert_eq!((cells.rows(), cells.columns()), (2, 2));
///
/// let error = Observations::new(array![[0.1], [f64::NAN]], ["raf"]).unwrap_err();
/// assert_eq!(error.to_string(), "column \"raf\", row 2: the value is NaN; drop or fill missing values (--missing drop|mean)");
/// # Ok::<(), unmix_core::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Observations {
    x: ArcArray2<f64>,
    names: Arc<[String]>,
}

impl Observations {
    /// Checks `x` `[n, d]` and names its columns.
    ///
    /// # Errors
    /// [`DataError`] if the table is empty, a value is not finite, or the names are not one a column and unique.
    pub fn new<S: Into<String>>(x: Array2<f64>, names: impl IntoIterator<Item = S>) -> Result<Self, DataError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let (rows, columns) = x.dim();
        if rows == 0 || columns == 0 {
            return Err(DataError::Empty { rows, columns });
        }
        if names.len() != columns {
            return Err(DataError::NameCount { columns, names: names.len() });
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        if let Some([name, _]) = sorted.array_windows::<2>().find(|[a, b]| a == b) {
            return Err(DataError::DuplicateName { name: (*name).clone() });
        }
        if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            let column = names.get(column).cloned().unwrap_or_default();
            return Err(DataError::NonFinite { column, row: row + 1, value });
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

    /// The values, `[n, d]`.
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

    /// The samples at `rows`, in that order; a row may be taken more than once (a bootstrap sample).
    ///
    /// # Errors
    /// [`DataError::Empty`] if `rows` is empty, [`DataError::NoSuchRow`] if one is out of range.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        if rows.is_empty() {
            return Err(DataError::Empty { rows: 0, columns: self.columns() });
        }
        if let Some(&row) = rows.iter().find(|&&r| r >= self.rows()) {
            return Err(DataError::NoSuchRow { row: row + 1, rows: self.rows() });
        }
        Ok(Self { x: self.x.select(Axis(0), rows).into_shared(), names: self.names.clone() })
    }

    /// The same rows and names with each value replaced.
    ///
    /// # Errors
    /// [`DataError::NonFinite`] if `f` returns a value that is not finite (the logarithm of zero, say).
    pub fn map(&self, f: impl FnMut(f64) -> f64) -> Result<Self, DataError> {
        Self::new(self.x.mapv(f), self.names.iter().cloned())
    }

    /// Each column centred and divided by its standard deviation (divisor `n`).
    ///
    /// # Errors
    /// [`DataError::Constant`] names a column that does not vary.
    pub fn standardized(&self) -> Result<Self, DataError> {
        self.require_varying()?;
        let (mean, sd) = (self.means(), self.x.std_axis(Axis(0), 0.0));
        Ok(Self { x: ((&self.x - &mean) / &sd).into_shared(), names: self.names.clone() })
    }

    /// The column means, `[d]`.
    pub fn means(&self) -> Array1<f64> {
        self.x.sum_axis(Axis(0)) / self.rows() as f64
    }

    /// Fails unless there are at least `needed` rows; `reason` completes "needs them to …".
    ///
    /// # Errors
    /// [`DataError::TooFewRows`].
    pub fn require_rows(&self, needed: usize, reason: &'static str) -> Result<(), DataError> {
        if self.rows() < needed {
            return Err(DataError::TooFewRows { needed, found: self.rows(), reason });
        }
        Ok(())
    }

    /// Fails if a column has the same value in every row.
    ///
    /// # Errors
    /// [`DataError::Constant`] names the first such column.
    pub fn require_varying(&self) -> Result<(), DataError> {
        ColumnCheck::of_varying(self.x.view()).require_varying(&self.names)
    }

    /// Fails if two columns hold the same values.
    ///
    /// # Errors
    /// [`DataError::DuplicateColumn`] names both.
    pub fn require_distinct(&self) -> Result<(), DataError> {
        ColumnCheck::of_distinct(self.x.view()).require_distinct(&self.names)
    }
}
