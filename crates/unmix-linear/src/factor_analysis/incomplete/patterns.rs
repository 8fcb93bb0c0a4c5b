//! Rows grouped by the entries that they miss: what a row's expectations need of the parameters is the same for a whole group.

use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use std::collections::BTreeMap;
use unmix_core::{DataError, Incomplete};

/// Rows that have the same columns.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// The columns that these rows have, ascending.
    pub columns: Vec<usize>,
    /// The rows, ascending.
    pub rows: Vec<usize>,
    /// Their values in these columns, `[rows, columns]`.
    pub x: Array2<f64>,
}

/// The patterns of `x` `[n, d]`, NaN where missing, in an order that depends on the patterns alone.
pub(crate) fn patterns(x: ArrayView2<'_, f64>) -> Vec<Pattern> {
    let mut groups: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
    for (i, row) in x.rows().into_iter().enumerate() {
        groups.entry(row.iter().map(|v| v.is_nan()).collect()).or_default().push(i);
    }
    let pattern = |(missing, rows): (Vec<bool>, Vec<usize>)| {
        let columns: Vec<usize> = (0..missing.len()).filter(|&j| !missing[j]).collect();
        let values = Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| x[[rows[i], columns[j]]]);
        Pattern { columns, rows, x: values }
    };
    groups.into_iter().map(pattern).collect()
}

/// Data in units of their observed means and standard deviations.
#[derive(Clone, Debug)]
pub(super) struct Standardized {
    /// Rows, `n`.
    pub rows: usize,
    /// Values of each column, `[d]`.
    pub counts: Array1<f64>,
    /// Means of the observed values, `[d]`.
    pub mean: Array1<f64>,
    /// Standard deviations of the observed values with divisor their number, `[d]`.
    pub sd: Array1<f64>,
    pub patterns: Vec<Pattern>,
}

impl Standardized {
    /// # Errors
    /// [`DataError::Constant`] if the values of a column are all the same; [`LinearError::Variance`] if a variance overflows or vanishes.
    pub fn of(x: &Incomplete) -> Result<Self, LinearError> {
        let d = x.columns();
        let (mut counts, mut mean, mut sd) = (Array1::zeros(d), Array1::zeros(d), Array1::zeros(d));
        for (j, (column, name)) in x.x().columns().into_iter().zip(x.names()).enumerate() {
            let values: Vec<f64> = column.iter().copied().filter(|v| !v.is_nan()).collect();
            let first = values.first().copied().unwrap_or_default();
            if values.iter().all(|v| v.to_bits() == first.to_bits()) {
                return Err(DataError::Constant { column: name.clone(), value: first }.into());
            }
            let n = values.len() as f64;
            let average = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|v| (v - average).powi(2)).sum::<f64>() / n;
            if !variance.is_normal() {
                return Err(LinearError::Variance { column: name.clone(), variance });
            }
            (counts[j], mean[j], sd[j]) = (n, average, variance.sqrt());
        }
        let mut patterns = patterns(x.x());
        for pattern in &mut patterns {
            pattern.x -= &mean.select(Axis(0), &pattern.columns);
            pattern.x /= &sd.select(Axis(0), &pattern.columns);
        }
        Ok(Self { rows: x.rows(), counts, mean, sd, patterns })
    }

    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// What the log-likelihood of all rows in standard units has more than in the units of `x`: `Σ n_j ln sd_j`.
    pub fn log_scale(&self) -> f64 {
        (&self.counts * &self.sd.mapv(f64::ln)).sum()
    }

    /// The log-likelihood of all rows, in standard units, if no two variables are correlated.
    pub fn independent_log_likelihood(&self) -> f64 {
        -0.5 * self.counts.sum() * (std::f64::consts::TAU.ln() + 1.0)
    }
}
