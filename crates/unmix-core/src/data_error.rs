//! What can be wrong with a table, whoever reads or fits it.

use crate::{Failure, Kind};
use thiserror::Error;

/// A table does not allow the analysis. Rows are counted from 1, as in a spreadsheet without its header.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nothing to fit.
    #[error("the table has {rows} rows and {columns} columns; it needs at least one of each")]
    Empty {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("column \"{column}\", row {row}: the value is {value}; drop or fill missing values (--missing drop|mean)")]
    NonFinite {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A column has no value at all.
    #[error("column \"{column}\" has no value in any row; drop it (--exclude {column})")]
    Unobserved {
        /// Name of the column.
        column: String,
    },
    /// A row has no value at all.
    #[error("row {row} has no value in any column; delete it, it says nothing about any of them")]
    EmptyRow {
        /// Row, from 1.
        row: usize,
    },
    /// There is not one name a column.
    #[error("{names} names were given for {columns} columns; give one name a column")]
    NameCount {
        /// Columns of the table.
        columns: usize,
        /// Names given.
        names: usize,
    },
    /// Two columns have one name.
    #[error("two columns are named \"{name}\"; rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A row is asked for that the table does not have.
    #[error("row {row} is asked for, the table has {rows}")]
    NoSuchRow {
        /// Row, from 1.
        row: usize,
        /// Rows of the table.
        rows: usize,
    },
    /// A column is asked for that the table does not have.
    #[error("there is no column \"{column}\"; the nearest is \"{nearest}\"")]
    NoSuchColumn {
        /// The name asked for.
        column: String,
        /// The nearest name in the table.
        nearest: String,
    },
    /// A fitted model is given a table of another width.
    #[error("the table has {found} columns, the model was fitted to {expected}; give the same columns in the same order")]
    ColumnCount {
        /// Columns of the model.
        expected: usize,
        /// Columns given.
        found: usize,
    },
    /// Environments have different columns, or the same in another order.
    #[error(
        "environment \"{label}\" has the column \"{found}\" where the first one has \"{expected}\"; give all the same columns in the same order"
    )]
    OtherColumns {
        /// The label of the environment.
        label: String,
        /// The name in the first environment.
        expected: String,
        /// The name here.
        found: String,
    },
    /// There are fewer rows than the method needs.
    #[error("the table has {found} rows, at least {needed} are needed to {reason}")]
    TooFewRows {
        /// Rows needed.
        needed: usize,
        /// Rows found.
        found: usize,
        /// Completes "are needed to …".
        reason: &'static str,
    },
    /// There are fewer columns than the method needs.
    #[error("the table has {found} columns, at least {needed} are needed to {reason}")]
    TooFewColumns {
        /// Columns needed.
        needed: usize,
        /// Columns found.
        found: usize,
        /// Completes "are needed to …".
        reason: &'static str,
    },
    /// A column does not vary.
    #[error("column \"{column}\" is constant ({value} in every row); drop it (--exclude {column})")]
    Constant {
        /// Name of the column.
        column: String,
        /// Its one value.
        value: f64,
    },
    /// Two columns hold the same values.
    #[error("column \"{column}\" repeats \"{of}\"; drop one of them (--exclude {column})")]
    DuplicateColumn {
        /// Name of the later column.
        column: String,
        /// Name of the earlier column.
        of: String,
    },
    /// A column is a linear combination of others.
    #[error("column \"{column}\" is a linear combination of {others}; drop it (--exclude {column})")]
    Collinear {
        /// Name of the column.
        column: String,
        /// The columns that it depends on, as `"a", "b"`.
        others: String,
    },
    /// More components are asked for than the data carry.
    #[error("{asked} components are asked for, these data allow at most {most} ({reason}); lower `components`")]
    TooManyComponents {
        /// Components asked for.
        asked: usize,
        /// The most that the data allow.
        most: usize,
        /// Why no more.
        reason: &'static str,
    },
    /// A value lies outside the range of the likelihood.
    #[error("column \"{column}\", row {row}: {value} lies outside {low} to {high}, the range of a {likelihood}; {remedy}")]
    OutsideSupport {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
        /// Least allowed value.
        low: f64,
        /// Greatest allowed value.
        high: f64,
        /// The likelihood.
        likelihood: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A method that compares environments is given one table.
    #[error("this method compares environments; name their column with --environment-column")]
    NoEnvironments,
    /// The reference environment is asked for and absent.
    #[error("no row belongs to the observational environment \"{label}\"; the environments are {known}")]
    NoSuchEnvironment {
        /// The label asked for.
        label: String,
        /// The labels there are, as `"a", "b"`.
        known: String,
    },
    /// A method that needs another view of the data is not given it.
    #[error("this method needs {what}; {remedy}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// How to supply it.
        remedy: &'static str,
    },
}

impl Failure for DataError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoEnvironments | Self::Missing { .. } | Self::NoSuchColumn { .. } | Self::NoSuchEnvironment { .. } => Kind::Usage,
            _ => Kind::Data,
        }
    }
}
