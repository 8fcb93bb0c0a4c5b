//! Which columns of a file mean what, and how values are prepared.

use serde::{Deserialize, Serialize};

/// How a table is read: the options `--columns --exclude --label --environment-column --target-column --observational
/// --auxiliary --log --standardize --missing` of the command line.
///
/// ```
/// use unmix_data::{Missing, ReadOptions};
///
/// let options = ReadOptions { label: Some("species".into()), missing: Missing::Drop, ..ReadOptions::default() };
/// assert!(!options.log);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// The columns to analyse, in this order; all numeric columns without another role if `None`.
    pub columns: Option<Vec<String>>,
    /// Columns to leave out.
    pub exclude: Vec<String>,
    /// The column that labels rows; kept out of the fit.
    pub label: Option<String>,
    /// The column that names the environment of each row.
    pub environment: Option<String>,
    /// The column that names the intervened variable of each row, empty where there is none.
    pub target: Option<String>,
    /// The label of the observational environment.
    pub observational: Option<String>,
    /// Columns of auxiliary variables `u`.
    pub auxiliary: Vec<String>,
    /// Take natural logarithms of the columns to analyse.
    pub log: bool,
    /// Centre the columns to analyse and divide by their standard deviations (divisor `n`); after the logarithm.
    pub standardize: bool,
    /// What to do with missing values.
    pub missing: Missing,
}

/// What to do with missing values: empty cells, `NA`, `NaN`, `nan`, `NULL`, `?` and `.`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Refuse the table.
    #[default]
    Error,
    /// Leave out the rows that have one.
    Drop,
    /// Put the mean of the column's values there.
    Mean,
    /// Leave them to the method, of which few can deal with them.
    Model,
}

const MISSING_MARKERS: [&str; 7] = ["", "NA", "NaN", "nan", "NULL", "?", "."];

pub(crate) fn is_missing(cell: &str) -> bool {
    MISSING_MARKERS.contains(&cell)
}
