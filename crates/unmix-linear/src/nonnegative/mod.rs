//! Non-negative codes of one observation when the parts are known: convex problems, solved exactly. Shared by NMF and topic models.

mod least_squares;
mod likelihood;

pub(crate) use least_squares::{on_the_simplex, quadratic};
pub(crate) use likelihood::{Likelihood, Work};

use crate::LinearError;
use ndarray::ArrayView2;
use unmix_core::DataError;

/// Names of at most this many rows or columns are listed in a message.
const LISTED: usize = 10;

/// Fails at the first negative value of `x` `[n, d]`.
pub(crate) fn require_non_negative(x: ArrayView2<'_, f64>, names: &[String], what: &'static str) -> Result<(), DataError> {
    let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| **v < 0.0) else { return Ok(()) };
    Err(DataError::OutsideSupport {
        column: names.get(column).cloned().unwrap_or_default(),
        row: row + 1,
        value,
        low: 0.0,
        high: f64::INFINITY,
        likelihood: what,
        remedy: "add a constant to the column or leave it out (--exclude); do not centre or standardise non-negative data",
    })
}

/// Fails if the squares of a column cannot be summed.
pub(crate) fn require_representable(x: ArrayView2<'_, f64>, names: &[String]) -> Result<(), LinearError> {
    for (column, name) in x.columns().into_iter().zip(names) {
        let (squares, largest) = column.iter().fold((0.0, 0.0_f64), |(sum, most), v| (sum + v * v, most.max(v.abs())));
        if largest > 0.0 && !f64::is_normal(squares * x.ncols() as f64) {
            return Err(LinearError::Variance { column: name.clone(), variance: squares });
        }
    }
    Ok(())
}

/// `a, b, c` of the first names, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(LISTED);
    let list = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}
