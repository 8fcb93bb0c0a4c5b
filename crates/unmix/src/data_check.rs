//! What a table looks like, and what in it would disturb an analysis.

use ndarray::{Array1, ArrayView1};
use serde::Serialize;
use unmix_core::{DataError, Environments, Input, Table};

/// Skewness from which a strictly positive column is better analysed on the log scale: that of a log-normal with σ ≈ 0.55.
const SKEWED: f64 = 2.0;
/// Magnitude of a correlation from which two columns carry one piece of information.
const ALMOST_EQUAL: f64 = 0.999;

/// The outcome of `unmix data check`.
#[derive(Clone, Debug, Serialize)]
pub struct DataCheck {
    /// Samples.
    pub rows: usize,
    /// Each column.
    pub columns: Vec<ColumnSummary>,
    /// Each environment and its rows, where the table has environments.
    pub environments: Vec<(String, usize)>,
    /// What a person should know before fitting.
    pub findings: Vec<Finding>,
}

/// Moments and range of a column.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (divisor n).
    pub sd: f64,
    /// Least value.
    pub minimum: f64,
    /// Greatest value.
    pub maximum: f64,
    /// Third standardised moment; 0 for a constant column.
    pub skewness: f64,
    /// Fourth standardised moment minus 3; 0 for a constant column.
    pub excess_kurtosis: f64,
}

/// One thing that was noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether linear methods refuse the table because of it.
    pub fatal: bool,
    /// What it is and what to do.
    pub text: String,
}

impl DataCheck {
    /// Looks at every column and pair of columns.
    pub fn of(table: &Table) -> Self {
        let x = &table.observations;
        let columns: Vec<ColumnSummary> =
            table.x().columns().into_iter().zip(x.names()).map(|(values, name)| ColumnSummary::of(name, values)).collect();
        let environments = Environments::of(table)
            .map(|e| e.list().iter().map(|e| (e.label.clone(), e.observations.rows())).collect())
            .unwrap_or_default();
        let mut findings: Vec<Finding> = Vec::new();
        let constant: Vec<&ColumnSummary> = columns.iter().filter(|c| c.sd == 0.0).collect();
        findings.extend(constant.iter().map(|c| {
            let error = DataError::Constant { column: c.name.clone(), value: c.minimum };
            Finding { fatal: true, text: error.to_string() }
        }));
        findings.extend(missing(table));
        findings.extend(pairs(table, &columns));
        let skewed: Vec<&str> = columns.iter().filter(|c| c.minimum > 0.0 && c.skewness > SKEWED).map(|c| c.name.as_str()).collect();
        if !skewed.is_empty() {
            findings
                .push(Finding { fatal: false, text: format!("strictly positive and right-skewed: {}; consider --log", skewed.join(", ")) });
        }
        if x.rows() <= x.columns() {
            findings.push(Finding {
                fatal: true,
                text: format!("{} rows for {} columns: the covariance is singular; use fewer columns", x.rows(), x.columns()),
            });
        }
        Self { rows: x.rows(), columns, environments, findings }
    }
}

impl ColumnSummary {
    /// Of the values that are there.
    fn of(name: &str, x: ArrayView1<'_, f64>) -> Self {
        let x: Array1<f64> = x.iter().copied().filter(|v| !v.is_nan()).collect();
        let n = x.len() as f64;
        let mean = x.sum() / n;
        let moment = |power: i32| x.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / n;
        let sd = if x.iter().all(|v| Some(v) == x.first()) { 0.0 } else { moment(2).sqrt() };
        let standardised = |power: i32| if sd > 0.0 { moment(power) / sd.powi(power) } else { 0.0 };
        Self {
            name: name.to_owned(),
            mean,
            sd,
            minimum: x.iter().copied().fold(f64::INFINITY, f64::min),
            maximum: x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            skewness: standardised(3),
            excess_kurtosis: if sd > 0.0 { standardised(4) - 3.0 } else { 0.0 },
        }
    }
}

/// The columns that have missing values, if they are left to the method.
fn missing(table: &Table) -> Option<Finding> {
    let incomplete = table.incomplete.as_ref()?;
    let x = incomplete.x();
    let columns = x.columns().into_iter().zip(incomplete.names());
    let counts = columns.map(|(values, name)| (values.iter().filter(|v| v.is_nan()).count(), name)).filter(|(count, _)| *count > 0);
    let listed: Vec<String> = counts.map(|(count, name)| format!("{name} {count}")).collect();
    let text = format!(
        "missing values: {}; fit them with factor-analysis (--missing model), or drop or fill them (--missing drop|mean)",
        listed.join(", ")
    );
    Some(Finding { fatal: false, text })
}

/// Repeated and almost repeated columns.
fn pairs(table: &Table, columns: &[ColumnSummary]) -> Vec<Finding> {
    let x = table.x();
    let views: Vec<_> = x.columns().into_iter().zip(columns).filter(|(_, c)| c.sd > 0.0).collect();
    let mut findings = Vec::new();
    for (i, (a, first)) in views.iter().enumerate() {
        for (b, second) in views.iter().skip(i + 1) {
            let products = a.iter().zip(b).map(|(u, v)| (u - first.mean) * (v - second.mean)).filter(|v| !v.is_nan());
            let (sum, count) = products.fold((0.0, 0.0), |(sum, count), product| (sum + product, count + 1.0));
            let covariance = sum / count;
            let correlation = covariance / (first.sd * second.sd);
            if a == b {
                let error = DataError::DuplicateColumn { column: second.name.clone(), of: first.name.clone() };
                findings.push(Finding { fatal: true, text: error.to_string() });
            } else if correlation.abs() > ALMOST_EQUAL {
                let text = format!(
                    "columns \"{}\" and \"{}\" correlate at {correlation:.6}; drop one of them (--exclude {})",
                    first.name, second.name, second.name
                );
                findings.push(Finding { fatal: false, text });
            }
        }
    }
    findings
}
