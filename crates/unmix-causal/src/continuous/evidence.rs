//! Evidence from rows that the tested fit has not seen: half of them, chosen by the seed, choose the graph and its weights, the other half gives noises
//! `e = (I - B)(x - μ)` to test.

use super::Continuous;
use crate::CausalError;
use ndarray::{Array2, ArrayView1, Axis};
use rand::{RngExt, seq::SliceRandom};
use unmix_core::{Evidence, Observations, Run, Seed, Verdict};
use unmix_linear::{Dependence, EVIDENCE_LEVEL, GaussianSources, LinearError};

const MODEL: &str = "linear acyclic mechanisms without hidden common causes, of which every edge is found in its direction";
const EQUAL: &str = "noises of one variance";
const GLOBAL: &str = "the search ends at the global minimum, and no true weight is below the threshold";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 3] = [MODEL, EQUAL, GLOBAL];

/// Held-out rows without which a test that finds nothing has not looked.
const LEAST_ROWS: usize = 100;

/// Noise of a smaller share of its variable's variance is rounding.
const NO_NOISE: f64 = 1e-12;

/// Tables drawn for the test of equal variances.
const DRAWS: u64 = 199;

pub(super) fn held_out<C: Continuous>(method: &C, x: &Observations, run: &mut Run<'_>) -> Result<Vec<Evidence>, CausalError> {
    let least = LEAST_ROWS.max(2 * x.columns());
    if x.rows() / 2 < least {
        return Ok(untestable(&format!("the tests need {} rows, half of them for a refit, and there are {}", 2 * least, x.rows())));
    }
    if x.columns() < 2 {
        return Ok(untestable("there is one variable"));
    }
    let seed = run.seed.child("continuous-evidence", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (choosing, testing) = rows.split_at(x.rows() / 2);
    let (choosing, testing) = (x.select(choosing)?, x.select(testing)?);
    let weights = match method.estimate(&choosing, &mut run.nested(seed)) {
        Ok((weights, ..)) => weights,
        Err(error @ (CausalError::Data(_) | CausalError::Linear(LinearError::Data(_)))) => {
            return Ok(untestable(&format!("a refit to half of the rows fails: {error}")));
        }
        Err(error) => return Err(error),
    };
    if let Err(error) = testing.require_varying() {
        return Ok(untestable(&format!("half of the rows do not allow the tests: {error}")));
    }
    let noises = (&testing.x() - &choosing.means()).dot(&(Array2::eye(x.columns()) - weights).t());
    let variances = (noises.var_axis(Axis(0), 0.0), testing.x().var_axis(Axis(0), 0.0));
    if let Some(j) = (0..x.columns()).find(|&j| variances.0[j] <= NO_NOISE * variances.1[j]) {
        return Ok(untestable(&format!("\"{}\" has no noise left: it follows from its causes", x.names()[j])));
    }
    Ok(vec![
        model(&noises, x.names(), seed),
        equal(&noises, seed),
        open(GLOBAL, "no data can tell; other starts and thresholds can be compared by their score".to_owned()),
    ])
}

/// Are the noises independent? If they are Gaussian, uncorrelated is independent, and a hidden cause that passes for an edge leaves no trace.
fn model(noises: &Array2<f64>, names: &[String], seed: Seed) -> Evidence {
    let (dependence, gaussian) = (Dependence::of(noises.view(), seed), GaussianSources::of(noises.view()));
    let (verdict, meaning) = match (dependence.p_value > EVIDENCE_LEVEL, gaussian.p_value <= EVIDENCE_LEVEL) {
        (false, _) => (
            Verdict::Refuted,
            "they depend on each other: a mechanism is not linear, a cause hidden, or an edge missing or reversed, and the test cannot tell which",
        ),
        (true, true) => (Verdict::Supported, "no more than chance, and the noises are not Gaussian, so that a wrong graph would show"),
        (true, false) => (
            Verdict::Untestable,
            "no more than chance; but these noises may be Gaussian, and such are independent under a wrong graph as well",
        ),
    };
    let pair = dependence.pair.and_then(|(i, j)| Some(format!(" of \"{}\" and \"{}\"", names.get(i)?, names.get(j)?))).unwrap_or_default();
    Evidence {
        assumption: MODEL,
        verdict,
        p_value: Some(dependence.p_value),
        margin: Some(dependence.energy_correlation),
        detail: format!(
            "permutation test of independent noises on {} rows that have not chosen the graph: the largest energy correlation, that{pair}, is {:.3} (margin: this \
             correlation): {meaning}",
            dependence.rows, dependence.energy_correlation
        ),
    }
}

/// Are the variances equal? The statistic is the sum of the squared distances of their logarithms from the weighted mean, each in units of `√((κ - 1)/n)` with `κ` the
/// kurtosis; its distribution is that of tables whose columns, brought to one variance, are drawn anew each on its own: by chi-squared heavy tails are refused
/// too often.
fn equal(noises: &Array2<f64>, seed: Seed) -> Evidence {
    let n = noises.nrows();
    let standard: Vec<Vec<f64>> = noises.columns().into_iter().map(standardised).collect();
    let (statistic, [low, high]) = spread(noises.columns().into_iter().map(log_variance));
    let drawn = |draw: u64| {
        let mut stream = seed.stream("equal-variances", draw);
        let columns = standard.iter().map(|column| {
            let values: ndarray::Array1<f64> = (0..n).map(|_| column[stream.random_range(0..n)]).collect();
            log_variance(values.view())
        });
        spread(columns).0
    };
    let at_least = (0..DRAWS).filter(|&draw| drawn(draw) >= statistic).count();
    let p_value = (at_least + 1) as f64 / (DRAWS + 1) as f64;
    Evidence {
        assumption: EQUAL,
        verdict: if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "variances of the noises of held-out rows from {:.3} to {:.3}, compared by their logarithms with {DRAWS} tables of the same noises brought to one variance",
            low.exp(),
            high.exp()
        ),
    }
}

/// A column with mean 0 and variance 1.
fn standardised(column: ArrayView1<'_, f64>) -> Vec<f64> {
    let n = column.len() as f64;
    let mean = column.sum() / n;
    let deviation = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    column.iter().map(|v| (v - mean) / deviation).collect()
}

/// The logarithm of a variance, and the inverse of its own.
fn log_variance(column: ArrayView1<'_, f64>) -> (f64, f64) {
    let n = column.len() as f64;
    let mean = column.sum() / n;
    let moment = |power| column.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / n;
    let variance = moment(2);
    (variance.ln(), n / (moment(4) / variance.powi(2) - 1.0).max(1e-3))
}

/// The weighted sum of squared distances from the weighted mean, and the least and largest.
fn spread(logs: impl Iterator<Item = (f64, f64)>) -> (f64, [f64; 2]) {
    let logs: Vec<(f64, f64)> = logs.collect();
    let weight: f64 = logs.iter().map(|(_, w)| w).sum();
    let mean = logs.iter().map(|(log, w)| log * w).sum::<f64>() / weight;
    let extremes = logs.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], (log, _)| [low.min(*log), high.max(*log)]);
    (logs.iter().map(|(log, w)| w * (log - mean).powi(2)).sum(), extremes)
}

fn open(assumption: &'static str, detail: String) -> Evidence {
    Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail }
}

fn untestable(detail: &str) -> Vec<Evidence> {
    ASSUMPTIONS.map(|assumption| open(assumption, detail.to_owned())).into()
}
