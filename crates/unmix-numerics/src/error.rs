//! What can go wrong in a computation on numbers.

use thiserror::Error;

/// A computation is asked of arrays that do not allow it. Indices count from 0.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NumericsError {
    /// A square matrix is needed.
    #[error("the matrix is {rows} x {columns}; it must be square")]
    NotSquare {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// Two arrays do not fit each other.
    #[error("{what} has {found} elements along an axis where {expected} are needed")]
    Length {
        /// The argument.
        what: &'static str,
        /// Length that the other argument demands.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// There is nothing to compute from.
    #[error("{what} is empty; give at least {least} values")]
    TooFew {
        /// The argument.
        what: &'static str,
        /// Values needed.
        least: usize,
    },
    /// A matrix entry is NaN or infinite.
    #[error("the entry at row {row}, column {column} is {value}; it must be finite")]
    NonFinite {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A number lies outside the range of a function.
    #[error("{what} is {value}; it must be {range}")]
    OutOfRange {
        /// The argument.
        what: &'static str,
        /// The value.
        value: f64,
        /// What is allowed, completes "it must be …".
        range: &'static str,
    },
    /// A symmetric matrix has a direction without, or with negative, variance.
    #[error("the matrix is not positive definite (found at pivot {pivot}); drop collinear columns or add a ridge to the diagonal")]
    NotPositiveDefinite {
        /// The pivot, or the eigenvalue counted from the largest, that is not positive.
        pivot: usize,
    },
    /// A matrix has no inverse to working precision.
    #[error("the matrix is singular (found at pivot {pivot}); drop rows or columns that are combinations of others")]
    Singular {
        /// The pivot that vanishes.
        pivot: usize,
    },
    /// An iteration for eigenvalues did not end.
    #[error("the eigenvalues of the {size} x {size} matrix did not converge; rescale it")]
    NoConvergence {
        /// Rows of the matrix.
        size: usize,
    },
    /// An objective is NaN or infinite at the starting point.
    #[error("the objective is {value} at the starting point; start where it and its gradient are finite")]
    NonFiniteObjective {
        /// The value.
        value: f64,
    },
    /// No complete assignment avoids the forbidden pairs.
    #[error("row {row} cannot be assigned: every complete assignment uses a forbidden (infinite) entry")]
    Infeasible {
        /// Row (column, if there are more rows than columns), from 0.
        row: usize,
    },
}
