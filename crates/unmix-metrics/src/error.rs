//! What can be wrong with what is scored.

use thiserror::Error;
use unmix_core::{DataError, Failure, Kind};
use unmix_numerics::NumericsError;

/// An estimate and a truth cannot be compared.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Codes or factors are no valid table.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A decomposition failed.
    #[error(transparent)]
    Numerics(#[from] NumericsError),
    /// Codes and factors are not of the same samples.
    #[error("the codes have {estimate} rows, the factors {truth}; give one row a sample in both, in the same order")]
    RowCount {
        /// Rows of the codes.
        estimate: usize,
        /// Rows of the factors.
        truth: usize,
    },
    /// Unmixing and mixing do not fit each other.
    #[error(
        "the unmixing is {} x {} and the mixing {} x {}; give [k, d] and [d, k] with the features in the same order",
        unmixing.0, unmixing.1, mixing.0, mixing.1
    )]
    Shape {
        /// Rows and columns of the unmixing.
        unmixing: (usize, usize),
        /// Rows and columns of the mixing.
        mixing: (usize, usize),
    },
    /// The metric compares sources with each other.
    #[error("the mixing has {found} sources; this metric needs at least 2")]
    TooFewSources {
        /// Sources found.
        found: usize,
    },
    /// A value of a matrix is NaN or infinite.
    #[error("the entry at row {row}, column {column} of the {matrix} is {value}; it must be finite")]
    NonFiniteEntry {
        /// `"mixing"` or `"unmixing"`.
        matrix: &'static str,
        /// Row, from 1.
        row: usize,
        /// Column, from 1.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A node of one graph is not in the other.
    #[error("the {graph} has no node \"{node}\", which the other graph has; score graphs over the same nodes{}", hint(nearest))]
    MissingNode {
        /// The graph that lacks it: `"estimate"`, `"truth"` or `"resample"`.
        graph: &'static str,
        /// The node.
        node: String,
        /// The node of that graph with the nearest name, empty if none is near.
        nearest: String,
    },
    /// A metric of this name does not exist.
    #[error("there is no metric \"{name}\"{}", hint(nearest))]
    UnknownMetric {
        /// The name asked for.
        name: String,
        /// The nearest name there is, empty if none is near.
        nearest: String,
    },
}

fn hint(nearest: &str) -> String {
    if nearest.is_empty() { String::new() } else { format!("; the nearest name is \"{nearest}\"") }
}

impl Failure for MetricsError {
    fn kind(&self) -> Kind {
        match self {
            Self::Data(error) => error.kind(),
            Self::Numerics(_) => Kind::Internal,
            Self::UnknownMetric { .. } => Kind::Usage,
            _ => Kind::Data,
        }
    }
}
