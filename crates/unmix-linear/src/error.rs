//! What can go wrong in a linear model.

use crate::PatternError;
use thiserror::Error;
use unmix_core::{DataError, Failure, Fault, Kind};
use unmix_numerics::NumericsError;

/// Why a linear model cannot be fitted or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LinearError {
    /// The data do not allow the analysis.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Rows of a stream cannot be read. [`FitRows::fit_rows`](unmix_core::FitRows::fit_rows) returns the fault inside.
    #[error(transparent)]
    Rows(Fault),
    /// A pattern of loadings is no model of the data.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A matrix of the fit does not allow a decomposition.
    #[error(transparent)]
    Numerics(#[from] NumericsError),
    /// Parallel analysis finds nothing common to the variables.
    #[error(
        "no eigenvalue of the correlations exceeds those of uncorrelated data: there is no factor to find; set `components` to fit one anyway"
    )]
    NoFactors,
    /// Minka's evidence does not exist for any number of components.
    #[error("the eigenvalues of the covariance give no number of components any evidence (equal ones have none); set `components`")]
    NoEvidence,
    /// A prior leaves no loading.
    #[error(
        "no factor loads on two variables under a spike of rate {spike} and a slab of rate {slab}: there is none to find; lower `spike`"
    )]
    NoLoadings {
        /// The rate of the spike.
        spike: f64,
        /// The rate of the slab.
        slab: f64,
    },
    /// A penalty leaves no loading.
    #[error("every loading is 0 under a penalty of {penalty}; lower `penalty`: from {most:.3} on that is so for any start")]
    EmptyComponents {
        /// The penalty.
        penalty: f64,
        /// The penalty from which no loading can be left.
        most: f64,
    },
    /// Sparse components of which some are combinations of others.
    #[error(
        "the {components} sparse components are linearly dependent, so that codes are not determined; lower `components`, or set `ridge` above 0"
    )]
    DependentComponents {
        /// The components.
        components: usize,
    },
    /// No variable has a partner that correlates with the others as it does.
    #[error(
        "no two variables are pure indicators of one factor: none has the same largest covariance as its partners, within {tolerance:.3} of the \
         standard deviations; raise `delta`, or use factor-analysis, which needs no pure variables"
    )]
    NoPureVariables {
        /// The tolerance.
        tolerance: f64,
    },
    /// No split of the rows has covariances of all variables in both halves.
    #[error(
        "`delta` cannot be chosen from the data: in each of {splits} splits of the rows a column is constant in one half, or the copy of another; \
         set `delta`, or drop the columns that hardly vary"
    )]
    NoSplits {
        /// The splits tried.
        splits: usize,
    },
    /// Groups of pure variables that are no separate factors.
    #[error("the factors of the pure variables {groups} have no positive definite covariance: some are one factor; raise `delta`")]
    IndistinctFactors {
        /// The variables of each factor.
        groups: String,
    },
    /// A column's values are so large or so small that its variance cannot be represented.
    #[error("column \"{column}\": its variance, {variance}, is out of range; multiply the column by a constant")]
    Variance {
        /// Name of the column.
        column: String,
        /// The variance as computed.
        variance: f64,
    },
    /// A column has too few values for the factors of a table with missing values.
    #[error(
        "column \"{column}\" has {found} values, at least {needed} are needed for its noise to be told from the factors; drop it (--exclude {column})"
    )]
    TooFewValues {
        /// Name of the column.
        column: String,
        /// Its values.
        found: usize,
        /// Values needed.
        needed: usize,
    },
    /// A row has too few values for scores that are not shrunk.
    #[error(
        "row {row} has {found} values, at least {needed} are needed for scores other than regression; set scores = regression, or drop the row"
    )]
    TooFewEntries {
        /// Row, from 1.
        row: usize,
        /// Its values.
        found: usize,
        /// Values needed, one a factor.
        needed: usize,
    },
    /// A table with missing values has no correlations from which the number of factors could be found.
    #[error(
        "the observed values determine no correlations of all pairs of columns, so the number of factors cannot be found; set `components`"
    )]
    NoCorrelations,
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
    /// A value of a categorical column is no integer.
    #[error(
        "column \"{column}\", row {row}: {value} is no code of a category; code categories by integers, or fit a method for measurements (factor-analysis)"
    )]
    NotCategorical {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A categorical column has too many values.
    #[error("column \"{column}\" has more than {most} categories (the next in row {row}); merge some, or drop it (--exclude {column})")]
    TooManyCategories {
        /// Name of the column.
        column: String,
        /// Row of the first category too many, from 1.
        row: usize,
        /// The most that are allowed.
        most: usize,
    },
    /// A row has a category that the fit has not seen.
    #[error("column \"{column}\", row {row}: the category {value} is not among those fitted ({known}); drop the row, or fit again with it")]
    UnseenCategory {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
        /// The categories fitted.
        known: String,
    },
    /// A tensor has too few modes.
    #[error("the tensor has {order} modes; at least 3 are needed, with fewer the terms are not unique")]
    TensorOrder {
        /// Its modes.
        order: usize,
    },
    /// The rows of a table do not hold tensors of these modes.
    #[error(
        "the rows of {columns} columns hold no tensor of modes {modes:?}; set `modes` to two or more lengths whose product is {columns}, the last \
         index fastest"
    )]
    RowModes {
        /// Columns of the table.
        columns: usize,
        /// The lengths given, none if they were not.
        modes: Vec<usize>,
    },
    /// There is nothing to decompose.
    #[error("every entry of the tensor of shape {shape:?} is 0: there is nothing to decompose")]
    TensorEmpty {
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An entry of a tensor is NaN or infinite.
    #[error("the entry of the tensor at {index:?} is {value}; fill missing entries first")]
    TensorEntry {
        /// Where, from 0.
        index: Vec<usize>,
        /// The value.
        value: f64,
    },
    /// A tensor that must be symmetric is not.
    #[error("the tensor is {value} at {index:?} and {other} with two of the indices exchanged; it must be symmetric")]
    TensorAsymmetric {
        /// Where, from 0.
        index: Vec<usize>,
        /// The value there.
        value: f64,
        /// The value with two indices exchanged.
        other: f64,
    },
    /// Two tensors or decompositions do not fit each other.
    #[error("the shape is {found:?} where {expected:?} is needed")]
    TensorShape {
        /// The shape needed.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
}

impl LinearError {
    /// The fault of a stream as it came, any other error as it is.
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Rows(fault) => fault,
            other => other.into(),
        }
    }
}

impl Failure for LinearError {
    fn kind(&self) -> Kind {
        match self {
            Self::Data(error) => error.kind(),
            Self::Rows(fault) => fault.kind(),
            Self::Pattern(error) => error.kind(),
            Self::Numerics(_) => Kind::Internal,
            Self::RowModes { .. } => Kind::Usage,
            Self::Variance { .. }
            | Self::NoFactors
            | Self::NoEvidence
            | Self::NoLoadings { .. }
            | Self::EmptyComponents { .. }
            | Self::DependentComponents { .. }
            | Self::NoPureVariables { .. }
            | Self::NoSplits { .. }
            | Self::IndistinctFactors { .. }
            | Self::TooFewValues { .. }
            | Self::TooFewEntries { .. }
            | Self::NoCorrelations
            | Self::NotACount { .. }
            | Self::NotCategorical { .. }
            | Self::TooManyCategories { .. }
            | Self::UnseenCategory { .. }
            | Self::TensorOrder { .. }
            | Self::TensorEmpty { .. }
            | Self::TensorEntry { .. }
            | Self::TensorAsymmetric { .. }
            | Self::TensorShape { .. } => Kind::Data,
            Self::Diverged { .. } => Kind::Diverged,
        }
    }
}
