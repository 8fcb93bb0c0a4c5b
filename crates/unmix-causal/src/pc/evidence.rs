//! What data can say about the assumptions of PC: much about the test, a little about the rows, next to nothing about causes.

use super::Test;
use crate::{EquivalenceClass, FisherZ, GSquare, lingam::NO_COMMON_CAUSE};
use ndarray::Axis;
use unmix_core::{Evidence, Observations, Verdict};
use unmix_linear::anderson_darling;
use unmix_numerics::{inverse_spd, moments, normal_two_sided};

const ACYCLIC: &str = "acyclic mechanisms";
const FAITHFUL: &str = "faithfulness: no independence but those of the graph";
const INDEPENDENT_ROWS: &str = "independent rows of one distribution";

pub(crate) const OF_FISHER_Z: [&str; 5] = [ACYCLIC, NO_COMMON_CAUSE, FAITHFUL, INDEPENDENT_ROWS, FisherZ::ASSUMPTION];
pub(super) const OF_G_SQUARE: [&str; 5] = [ACYCLIC, NO_COMMON_CAUSE, FAITHFUL, INDEPENDENT_ROWS, GSquare::ASSUMPTION];

/// Rows for each variable from which Mardia's test is taken: its normal approximation is poor for fewer. Ours.
const ROWS_A_VARIABLE: usize = 20;

/// Rows for each cell below which the chi-square approximation is poor (Cochran 1954, who asks for expected counts of 5).
const ROWS_A_CELL: usize = 5;

/// Without a fit: the assumptions that are about rows and columns alone.
pub(crate) fn screen(test: Test, x: &Observations, level: f64) -> Vec<Evidence> {
    let of_test = match test {
        Test::FisherZ => gaussian(x, level),
        Test::GSquare => categorical(x),
    };
    vec![independent_rows(x, level), of_test]
}

pub(crate) fn of(test: Test, level: f64, x: &Observations, model: &EquivalenceClass) -> Vec<Evidence> {
    let untestable =
        |assumption, detail: String| Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail };
    let consistent = match model.cpdag() {
        Ok(_) => "a DAG has these edges and v-structures, as it must if this holds and the tests err nowhere; it may without".to_owned(),
        Err(error) => format!("the estimate contradicts itself, by sampling error or since this or faithfulness fails: {error}"),
    };
    let mut evidence = vec![
        untestable(ACYCLIC, "an acyclic graph can have the independences of a cyclic one".to_owned()),
        untestable(NO_COMMON_CAUSE, consistent),
        faithful(model),
    ];
    evidence.extend(screen(test, x, level));
    evidence
}

fn faithful(model: &EquivalenceClass) -> Evidence {
    let determined = model.determined();
    let (verdict, detail) = if determined.is_empty() {
        (
            Verdict::Untestable,
            "effects that cancel look like none; no variable was met that others determine, which would refute it".to_owned(),
        )
    } else {
        (Verdict::Refuted, format!("variables that others determine have independences that no graph shows: {}", determined.join("; ")))
    };
    Evidence { assumption: FAITHFUL, verdict, p_value: None, margin: None, detail }
}

/// Anderson–Darling on each column and Mardia's test of the fourth moments of all together (Mardia 1970, Biometrika 57(3)): the mean of
/// `((x - μ)ᵀ S⁻¹ (x - μ))²` has expectation `d(d + 2)(n - 1)/(n + 1)` and variance near `8d(d + 2)/n`.
fn gaussian(x: &Observations, level: f64) -> Evidence {
    let (n, d) = (x.rows(), x.columns());
    let columns = x.x();
    let p_values: Vec<f64> = columns.columns().into_iter().map(|column| anderson_darling(&column.to_vec()).1).collect();
    let joint = if n >= ROWS_A_VARIABLE * d { mardia(x) } else { None };
    let least = p_values.iter().copied().chain(joint.map(|(_, p)| p)).fold(1.0, f64::min);
    let p = (least * (d + usize::from(joint.is_some())) as f64).min(1.0);
    let refuted = p <= level;
    let odd: Vec<String> =
        x.names().iter().zip(&p_values).filter(|(_, p)| **p * (d + 1) as f64 <= level).map(|(name, _)| format!("\"{name}\"")).collect();
    let kurtosis =
        joint.map_or_else(String::new, |(z, _)| format!(", Mardia's kurtosis is {z:.1} standard deviations from that of Gaussian rows"));
    let found = match (refuted, odd.as_slice()) {
        (false, _) => "nothing speaks against it".to_owned(),
        (true, []) => "the columns are Gaussian one by one and not together".to_owned(),
        (true, odd) => format!("not Gaussian: {}", odd.join(", ")),
    };
    Evidence {
        assumption: FisherZ::ASSUMPTION,
        verdict: if refuted { Verdict::Refuted } else { Verdict::Supported },
        p_value: Some(p),
        margin: None,
        detail: format!(
            "Anderson–Darling on each of {d} columns{kurtosis}; Bonferroni: {found}. Of linear mechanisms with other noise the test still keeps its \
             level in large samples; of others it sees what is linear in them"
        ),
    }
}

/// Mardia's kurtosis in standard deviations from its expectation, and its p-value.
fn mardia(x: &Observations) -> Option<(f64, f64)> {
    let standard = x.standardized().ok()?;
    let (n, d) = (x.rows() as f64, x.columns() as f64);
    let precision = inverse_spd(moments(standard.x()).covariance.view()).ok()?;
    let squared = (&standard.x().dot(&precision) * &standard.x()).sum_axis(Axis(1));
    let kurtosis = squared.iter().map(|v| v * v).sum::<f64>() / n;
    let z = (kurtosis - d * (d + 2.0) * (n - 1.0) / (n + 1.0)) / (8.0 * d * (d + 2.0) / n).sqrt();
    z.is_finite().then(|| (z, normal_two_sided(z)))
}

fn categorical(x: &Observations) -> Evidence {
    let levels = |column: ndarray::ArrayView1<'_, f64>| {
        let mut values = column.to_vec();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values.len()
    };
    let mut counts: Vec<usize> = x.x().columns().into_iter().map(levels).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let cells: usize = counts.iter().take(2).product();
    let enough = x.rows() >= ROWS_A_CELL * cells;
    Evidence {
        assumption: GSquare::ASSUMPTION,
        verdict: if enough { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(x.rows() as f64 / cells as f64 - ROWS_A_CELL as f64),
        detail: format!(
            "{} rows for {cells} cells of the largest table of two variables, {ROWS_A_CELL} a cell are needed (margin: rows a cell above that); with \
             variables to condition on tables are sparser",
            x.rows()
        ),
    }
}

/// The correlation of neighbouring rows: of independent ones, `√n r` is nearly standard normal in each column.
fn independent_rows(x: &Observations, level: f64) -> Evidence {
    let n = x.rows();
    let mut worst = (0.0_f64, 0);
    for (j, column) in x.x().columns().into_iter().enumerate() {
        let mean = column.sum() / n as f64;
        let of_squares: f64 = column.iter().map(|v| (v - mean).powi(2)).sum();
        let of_neighbours: f64 = column.iter().zip(column.iter().skip(1)).map(|(a, b)| (a - mean) * (b - mean)).sum();
        let r = of_neighbours / of_squares;
        if r.abs() > worst.0.abs() {
            worst = (r, j);
        }
    }
    let p = (normal_two_sided(worst.0 * (n as f64).sqrt()) * x.columns() as f64).min(1.0);
    let refuted = p <= level;
    let found = if refuted {
        "rows that follow each other are alike: a series, or several conditions one after the other"
    } else {
        "no more than chance; that rows come from one population cannot be seen"
    };
    Evidence {
        assumption: INDEPENDENT_ROWS,
        verdict: if refuted { Verdict::Refuted } else { Verdict::Supported },
        p_value: Some(p),
        margin: None,
        detail: format!(
            "correlation of neighbouring rows, Bonferroni over {} columns: the largest, of \"{}\", is {:.3}: {found}",
            x.columns(),
            x.names()[worst.1],
            worst.0
        ),
    }
}
