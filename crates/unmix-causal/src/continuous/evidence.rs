//! Evidence from rows that the tested fit has not seen: half of them, chosen by the seed, choose the weights, the other half gives noises
//! `e = (I - B)(x - μ)`, refitted without penalty, to test.

use super::Continuous;
use crate::{
    CausalError,
    adaptive_lasso::least_squares,
    lingam::{LINEAR_ACYCLIC, NO_COMMON_CAUSE},
};
use ndarray::{Array2, ArrayView1, Axis};
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Observations, Run, Verdict};
use unmix_linear::{Dependence, EVIDENCE_LEVEL};
use unmix_numerics::{chi_square_tail, moments};

const EQUAL: &str = "noises of one variance";
const GLOBAL: &str = "the search ends at the global minimum, and no weight is below the threshold";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 4] = [LINEAR_ACYCLIC, NO_COMMON_CAUSE, EQUAL, GLOBAL];

/// Held-out rows without which a test that finds nothing has not looked.
const LEAST_ROWS: usize = 50;

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
        Ok((weights, ..)) => refitted(&weights, &choosing)?,
        Err(CausalError::Data(error)) => return Ok(untestable(&format!("a refit to half of the rows fails: {error}"))),
        Err(error) => return Err(error),
    };
    let noises = (&testing.x() - &choosing.means()).dot(&(Array2::eye(x.columns()) - weights).t());
    let dependence = Dependence::of(noises.view(), seed);
    let independent = |assumption, alternative: &str| {
        let supported = dependence.p_value > EVIDENCE_LEVEL;
        let pair = dependence.pair.map_or_else(String::new, |(i, j)| format!(" of \"{}\" and \"{}\"", x.names()[i], x.names()[j]));
        Evidence {
            assumption,
            verdict: if supported { Verdict::Supported } else { Verdict::Refuted },
            p_value: Some(dependence.p_value),
            margin: Some(dependence.energy_correlation),
            detail: format!(
                "permutation test of independent noises on {} rows that have not chosen the graph: the largest energy correlation, that{pair}, is {:.3} (margin: this \
                 correlation); {alternative}, or a missing edge, would make them depend on each other",
                dependence.rows, dependence.energy_correlation
            ),
        }
    };
    Ok(vec![
        independent(LINEAR_ACYCLIC, "a mechanism that is not linear, or a cycle"),
        independent(NO_COMMON_CAUSE, "a hidden cause of two variables"),
        equal(&noises)?,
        open(GLOBAL, "no data can tell; other starts and thresholds can be compared by their score".to_owned()),
    ])
}

/// The weights `[d, d]` of the same edges by least squares: the penalty has made them small.
fn refitted(weights: &Array2<f64>, x: &Observations) -> Result<Array2<f64>, CausalError> {
    let correlation = moments(x.x()).covariance;
    let mut refitted = Array2::zeros(weights.raw_dim());
    for (effect, row) in weights.rows().into_iter().enumerate() {
        let causes: Vec<usize> = row.indexed_iter().filter(|(_, w)| **w != 0.0).map(|(j, _)| j).collect();
        if causes.is_empty() {
            continue;
        }
        let among = correlation.select(Axis(0), &causes).select(Axis(1), &causes);
        let with = correlation.column(effect).select(Axis(0), &causes);
        for (&cause, &weight) in causes.iter().zip(&least_squares(among.view(), with.view())?) {
            refitted[[effect, cause]] = weight;
        }
    }
    Ok(refitted)
}

/// Are the logarithms of the variances equal? Each has variance `(κ - 1)/n` with `κ` the kurtosis, so the sum of their squared distances from the weighted mean,
/// in these units, is chi-squared on `d - 1` degrees of freedom.
fn equal(noises: &Array2<f64>) -> Result<Evidence, CausalError> {
    let n = noises.nrows() as f64;
    let of_column = |column: ArrayView1<'_, f64>| {
        let mean = column.sum() / n;
        let moment = |power| column.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / n;
        let variance = moment(2);
        (variance.ln(), n / (moment(4) / variance.powi(2) - 1.0).max(f64::EPSILON))
    };
    let logs: Vec<(f64, f64)> = noises.columns().into_iter().map(of_column).collect();
    let weight: f64 = logs.iter().map(|(_, w)| w).sum();
    let mean = logs.iter().map(|(log, w)| log * w).sum::<f64>() / weight;
    let statistic: f64 = logs.iter().map(|(log, w)| w * (log - mean).powi(2)).sum();
    let p_value = chi_square_tail(statistic, (logs.len() - 1) as f64)?;
    let (low, high) = logs.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (log, _)| (low.min(*log), high.max(*log)));
    Ok(Evidence {
        assumption: EQUAL,
        verdict: if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "variances of the noises of held-out rows from {:.3} to {:.3}; test that their logarithms are equal, each with the standard error of its own kurtosis: chi-squared \
             {statistic:.1} on {} degrees of freedom",
            low.exp(),
            high.exp(),
            logs.len() - 1
        ),
    })
}

fn open(assumption: &'static str, detail: String) -> Evidence {
    Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail }
}

fn untestable(detail: &str) -> Vec<Evidence> {
    ASSUMPTIONS.map(|assumption| open(assumption, detail.to_owned())).into()
}
