//! Codes beside the true factors of the same samples, checked once.

use crate::MetricsError;
use ndarray::ArrayView2;
use unmix_core::DataError;

/// Fewer rows than this give no interval worth printing.
const LEAST_ROWS: usize = 10;

/// Codes `[n, k]` and true factors `[n, d]` of the same `n` samples: finite, no factor constant, `n ≥ max(10, k + 3)`.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    pub(crate) estimate: ArrayView2<'a, f64>,
    pub(crate) truth: ArrayView2<'a, f64>,
    pub(crate) names: &'a [String],
}

impl<'a> Codes<'a> {
    /// Pairs the codes `estimate` `[n, k]` with the factors `truth` `[n, d]`, whose `d` names are `names`.
    ///
    /// # Errors
    /// [`MetricsError`] if the rows differ in number or are too few, a value is not finite, or a factor is constant.
    pub fn new(estimate: ArrayView2<'a, f64>, truth: ArrayView2<'a, f64>, names: &'a [String]) -> Result<Self, MetricsError> {
        let (rows, k) = estimate.dim();
        if rows != truth.nrows() {
            return Err(MetricsError::RowCount { estimate: rows, truth: truth.nrows() });
        }
        if k == 0 || truth.ncols() == 0 {
            return Err(DataError::Empty { rows, columns: 0 }.into());
        }
        if names.len() != truth.ncols() {
            return Err(DataError::NameCount { columns: truth.ncols(), names: names.len() }.into());
        }
        let needed = LEAST_ROWS.max(k + 3);
        if rows < needed {
            return Err(DataError::TooFewRows { needed, found: rows, reason: "score these codes" }.into());
        }
        require_finite(estimate, code_name)?;
        require_finite(truth, |j| names[j].clone())?;
        if let Some(j) = constant_columns(truth).first() {
            return Err(DataError::Constant { column: names[*j].clone(), value: truth[[0, *j]] }.into());
        }
        Ok(Self { estimate, truth, names })
    }

    /// The number of samples, `n`.
    pub fn rows(&self) -> usize {
        self.estimate.nrows()
    }

    /// One warning that names the constant codes, if there are any.
    pub(crate) fn constant_code_warning(&self, consequence: &str) -> Option<String> {
        let constant = constant_columns(self.estimate);
        (!constant.is_empty()).then(|| format!("constant: {}; {consequence}", list(constant.into_iter().map(code_name))))
    }
}

/// `z1` for code 0.
pub(crate) fn code_name(code: usize) -> String {
    format!("z{}", code + 1)
}

/// Names for a sentence, the first few of them.
pub(crate) fn list(names: impl IntoIterator<Item = String>) -> String {
    /// More names than this are counted, not listed.
    const SHOWN: usize = 8;
    let mut names: Vec<String> = names.into_iter().collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn require_finite(x: ArrayView2<'_, f64>, name: impl Fn(usize) -> String) -> Result<(), DataError> {
    match x.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, j), &value)) => Err(DataError::NonFinite { column: name(j), row: row + 1, value }),
        None => Ok(()),
    }
}

fn constant_columns(x: ArrayView2<'_, f64>) -> Vec<usize> {
    let constant = |j: &usize| x.column(*j).iter().all(|v| (v - x[[0, *j]]).abs() == 0.0);
    (0..x.ncols()).filter(constant).collect()
}
