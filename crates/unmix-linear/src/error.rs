//! What can go wrong in a linear model.

use thiserror::Error;
use unmix_core::{DataError, Failure, Kind};
use unmix_numerics::NumericsError;

/// Why a linear model cannot be fitted or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LinearError {
    /// The data do not allow the analysis.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A matrix of the fit does not allow a decomposition.
    #[error(transparent)]
    Numerics(#[from] NumericsError),
    /// Parallel analysis finds nothing common to the variables.
    #[error(
        "no eigenvalue of the correlations exceeds those of uncorrelated data: there is no factor to find; set `components` to fit one anyway"
    )]
    NoFactors,
    /// A column's values are so large or so small that its variance cannot be represented.
    #[error("column \"{column}\": its variance, {variance}, is out of range; multiply the column by a constant")]
    Variance {
        /// Name of the column.
        column: String,
        /// The variance as computed.
        variance: f64,
    },
    /// A value is no word count.
    #[error(
        "column \"{column}\", row {row}: {value} is no count; give the number of times that a word occurs, a whole number, not frequencies or weights"
    )]
    NotACount {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// An iteration produced a value that is not finite.
    #[error("{method}: a weight became {value} in iteration {iteration}; standardise the columns (--standardize) or remove outliers")]
    Diverged {
        /// Name of the method.
        method: &'static str,
        /// The iteration, from 1.
        iteration: usize,
        /// The value.
        value: f64,
    },
}

impl Failure for LinearError {
    fn kind(&self) -> Kind {
        match self {
            Self::Data(error) => error.kind(),
            Self::Numerics(_) => Kind::Internal,
            Self::Variance { .. } | Self::NoFactors | Self::NotACount { .. } => Kind::Data,
            Self::Diverged { .. } => Kind::Diverged,
        }
    }
}
