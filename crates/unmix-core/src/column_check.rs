//! Columns that no model can use, found in rows that arrive in blocks: constant ones and repeated ones.

use crate::DataError;
use ndarray::{ArrayView1, ArrayView2};

/// Which columns have not varied, and which have been equal, over all rows so far.
///
/// ```
/// use ndarray::{array, s};
/// use unmix_core::ColumnCheck;
///
/// let x = array![[1.0, 1.0, 1.0], [2.0, 2.0, 3.0]];
/// let mut check = ColumnCheck::new(3);
/// check.add_block(x.slice(s![..1, ..]));
/// check.add_block(x.slice(s![1.., ..]));
/// let names = ["raf", "mek", "akt"].map(String::from);
/// assert_eq!(check.require_varying(&names), Ok(()));
/// assert_eq!(check.require_distinct(&names).unwrap_err().to_string(), "column \"mek\" repeats \"raf\"; drop one of them (--exclude mek)");
/// ```
#[derive(Clone, Debug)]
pub struct ColumnCheck {
    /// The value of each column that has not varied, `[d]`; `None` for one that has, and where that is not asked.
    constant: Vec<Option<f64>>,
    /// Columns that have been equal, ascending in each class; a column that equals no other is in none.
    equal: Vec<Vec<usize>>,
    started: bool,
}

impl ColumnCheck {
    /// No rows yet, of `columns` columns.
    pub fn new(columns: usize) -> Self {
        let equal = if columns > 1 { vec![(0..columns).collect()] } else { Vec::new() };
        Self { constant: vec![None; columns], equal, started: false }
    }

    /// Of the rows of `x`, whether columns vary alone.
    pub(crate) fn of_varying(x: ArrayView2<'_, f64>) -> Self {
        let mut check = Self { equal: Vec::new(), ..Self::new(x.ncols()) };
        check.add_block(x);
        check
    }

    /// Of the rows of `x`, whether columns differ alone.
    pub(crate) fn of_distinct(x: ArrayView2<'_, f64>) -> Self {
        let mut check = Self { started: true, ..Self::new(x.ncols()) };
        check.add_block(x);
        check
    }

    /// Adds the rows of a block `[n, d]`.
    pub fn add_block(&mut self, block: ArrayView2<'_, f64>) {
        if !self.started {
            self.started = block.nrows() > 0;
            self.constant = block.columns().into_iter().map(|column| column.first().copied()).collect();
        }
        for (constant, column) in self.constant.iter_mut().zip(block.columns()) {
            // exact: any difference, however small, is variation
            *constant = constant.filter(|first| column.iter().all(|v| v.to_bits() == first.to_bits() || (v - first).abs() == 0.0));
        }
        self.equal = std::mem::take(&mut self.equal).into_iter().flat_map(|class| split(class, block)).collect();
    }

    /// Fails if a column has had the same value in every row; `names` are those of the columns.
    ///
    /// # Errors
    /// [`DataError::Constant`] names the first such column.
    pub fn require_varying(&self, names: &[String]) -> Result<(), DataError> {
        match self.constant.iter().zip(names).find_map(|(constant, name)| Some((name, (*constant)?))) {
            Some((name, value)) => Err(DataError::Constant { column: name.clone(), value }),
            None => Ok(()),
        }
    }

    /// Fails if two columns have held the same values; `names` are those of the columns.
    ///
    /// # Errors
    /// [`DataError::DuplicateColumn`] names the first column that repeats another, and that.
    pub fn require_distinct(&self, names: &[String]) -> Result<(), DataError> {
        let pairs = self.equal.iter().filter_map(|class| Some((*class.get(1)?, *class.first()?)));
        let name = |column: usize| names.get(column).cloned().unwrap_or_default();
        match pairs.min() {
            Some((column, of)) => Err(DataError::DuplicateColumn { column: name(column), of: name(of) }),
            None => Ok(()),
        }
    }
}

/// The classes of two or more columns of `class` that are equal in `block`.
fn split(class: Vec<usize>, block: ArrayView2<'_, f64>) -> Vec<Vec<usize>> {
    let mut classes: Vec<(ArrayView1<'_, f64>, Vec<usize>)> = Vec::new();
    for column in class {
        let values = block.index_axis_move(ndarray::Axis(1), column);
        match classes.iter_mut().find(|(first, _)| *first == values) {
            Some((_, members)) => members.push(column),
            None => classes.push((values, vec![column])),
        }
    }
    classes.into_iter().map(|(_, members)| members).filter(|members| members.len() > 1).collect()
}
