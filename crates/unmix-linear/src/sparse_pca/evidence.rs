//! What the data say about sparse components: their supports are tested on rows that have not chosen them.

use super::{SparsePca, SparsePcaModel};
use crate::{Correlation, EVIDENCE_LEVEL, LinearError, pca::equal_pair};
use ndarray::{Array1, Axis};
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Fit, Observations, Run, Verdict};
use unmix_numerics::{chi_square_tail, log_det_spd, moments, symmetric_eigen};

const DISJOINT: &str = "the supports are disjoint, and variables of different supports uncorrelated";
const LEADING: &str = "the variables of each component have one direction of largest variance";
const AGREEING: &str = "no other components have as low an objective";
const CARRYING: &str = "the components explain nearly as much as as many principal components";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 4] = [DISJOINT, LEADING, AGREEING, CARRYING];

/// Rows that each half needs beyond its variables for the approximation of the test.
const LEAST_ROWS: usize = 20;

/// The share of the principal components' variance that may be lost. Ours: a penalty of 0.2 costs components with disjoint supports less than 0.02.
const MOST_LOST: f64 = 0.1;

/// All evidence about a fitted model.
pub(super) fn of(estimator: &SparsePca, x: &Observations, model: &SparsePcaModel, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let held = held_out(estimator, x, run)?;
    Ok(vec![disjoint(&held, x.names(), model)?, leading(&held)?, agreeing(model), carrying(model)])
}

/// Of `supports` of `columns` variables, the first variable that is in two.
fn shared(supports: &[Vec<usize>], columns: usize) -> Option<usize> {
    (0..columns).find(|j| supports.iter().filter(|support| support.contains(j)).count() > 1)
}

/// What half of the rows, chosen by the seed, chose, and the other half; or why there is none.
struct HeldOut {
    supports: Vec<Vec<usize>>,
    /// The standard deviations, `[d]`, by which the columns are divided, or 1.
    scale: Array1<f64>,
    testing: Observations,
}

fn held_out(estimator: &SparsePca, x: &Observations, run: &Run<'_>) -> Result<Result<HeldOut, String>, LinearError> {
    let needed = 2 * (x.columns() + LEAST_ROWS);
    if x.rows() < needed {
        return Ok(Err(format!("the test needs {needed} rows, half of them for a refit, and there are {}", x.rows())));
    }
    let seed = run.seed.child("held-out", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (choosing, testing) = rows.split_at(x.rows() / 2);
    match estimator.fit(&x.select(choosing)?, &mut run.nested(seed.child("refit", 0))) {
        Ok(refit) => Ok(Ok(HeldOut { supports: refit.model.supports(), scale: refit.model.scale, testing: x.select(testing)? })),
        Err(error @ (LinearError::Data(_) | LinearError::EmptyComponents { .. } | LinearError::DependentComponents { .. })) => {
            Ok(Err(format!("a refit to half of the rows fails: {error}")))
        }
        Err(error) => Err(error),
    }
}

/// The supports that half of the rows chose must be uncorrelated with each other and with variables in none, and these among themselves: tested on
/// the other half.
fn disjoint(held: &Result<HeldOut, String>, names: &[String], model: &SparsePcaModel) -> Result<Evidence, LinearError> {
    let said = |verdict, detail: String| Evidence { assumption: DISJOINT, verdict, p_value: None, margin: None, detail };
    let overlap = |j: usize, rows: &str| {
        let name = names.get(j).map_or("", String::as_str);
        said(Verdict::Refuted, format!("\"{name}\" is in more than one component that {rows} chose; a larger `penalty` may part them"))
    };
    let d = names.len();
    if let Some(j) = shared(&model.supports(), d) {
        return Ok(overlap(j, "the fit"));
    }
    let HeldOut { supports, testing, .. } = match held {
        Ok(held) => held,
        Err(why) => return Ok(said(Verdict::Untestable, why.clone())),
    };
    if let Some(j) = shared(supports, d) {
        return Ok(overlap(j, "half of the rows"));
    }
    let correlation = match Correlation::of(testing) {
        Ok(correlation) => correlation,
        Err(error) => return Ok(said(Verdict::Untestable, format!("half of the rows do not allow the test: {error}"))),
    };
    let Some((chi_squared, freedom)) = uncorrelated_blocks(&correlation, supports)? else {
        return Ok(said(Verdict::Untestable, "one component has all variables: there is nothing to test".to_owned()));
    };
    let p_value = chi_square_tail(chi_squared, freedom as f64)?;
    Ok(Evidence {
        assumption: DISJOINT,
        verdict: if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "half of the rows chose {} disjoint supports with {} of {d} variables; likelihood-ratio test, on the other half and for Gaussian rows, \
             that only variables of one support are correlated: chi-squared {chi_squared:.1} on {freedom} degrees of freedom",
            supports.len(),
            supports.iter().map(Vec::len).sum::<usize>()
        ),
    })
}

/// `-m (ln |R| - Σ ln |R_b|)` with Box's (1949) `m = n - 3/2 - (d³ - Σ d_b³) / (3 (d² - Σ d_b²))`, and its degrees of freedom (Wilks 1935; Anderson 2003, section
/// 9.4). Each variable in no block is one. `None` if there is one block.
fn uncorrelated_blocks(correlation: &Correlation, blocks: &[Vec<usize>]) -> Result<Option<(f64, usize)>, LinearError> {
    let d = correlation.r.nrows();
    let inside: usize = blocks.iter().map(Vec::len).sum();
    let sum = |power: u32| blocks.iter().map(|block| block.len().pow(power)).sum::<usize>() + (d - inside);
    let freedom = (d * d - sum(2)) / 2;
    if freedom == 0 {
        return Ok(None);
    }
    let m = correlation.rows as f64 - 1.5 - (d.pow(3) - sum(3)) as f64 / (6 * freedom) as f64;
    let mut log_ratio = -log_det_spd(correlation.r.view())?;
    for block in blocks {
        log_ratio += log_det_spd(correlation.r.select(Axis(0), block).select(Axis(1), block).view())?;
    }
    Ok(Some(((m * log_ratio).max(0.0), freedom)))
}

/// Anderson's test of the two largest eigenvalues of each block, on rows that have not chosen it; all have to differ, so the p-value is the largest.
fn leading(held: &Result<HeldOut, String>) -> Result<Evidence, LinearError> {
    let untestable = |detail: String| Evidence { assumption: LEADING, verdict: Verdict::Untestable, p_value: None, margin: None, detail };
    let HeldOut { supports, scale, testing } = match held {
        Ok(held) => held,
        Err(why) => return Ok(untestable(why.clone())),
    };
    let mut hardest: Option<(f64, f64, &[usize])> = None;
    for support in supports.iter().filter(|support| support.len() > 1) {
        let scaled = testing.x().select(Axis(1), support) / &scale.select(Axis(0), support);
        let values = symmetric_eigen(moments(scaled.view()).covariance.view())?.values;
        let (a, b) = (values[0], values[1].max(0.0));
        if a <= 0.0 {
            return Ok(untestable("the variables of a component are constant in half of the rows".to_owned()));
        }
        let p_value = if b > 0.0 { equal_pair(a, b, testing.rows()) } else { 0.0 };
        if hardest.is_none_or(|(p, ..)| p_value > p) {
            hardest = Some((p_value, (a - b) / a, support));
        }
    }
    let Some((p_value, gap, support)) = hardest else {
        return Ok(untestable("every component is one variable, and which variables is the penalty's choice".to_owned()));
    };
    let names: Vec<String> = support.iter().filter_map(|&j| testing.names().get(j).map(|name| format!("\"{name}\""))).collect();
    Ok(Evidence {
        assumption: LEADING,
        verdict: if p_value <= EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(gap),
        detail: format!(
            "Anderson's test that the two largest eigenvalues of a component's variables are equal, for Gaussian rows and on the half of them that did not \
             choose the variables; hardest to tell apart for the component of {} (margin: their relative gap)",
            names.join(", ")
        ),
    })
}

fn agreeing(model: &SparsePcaModel) -> Evidence {
    let SparsePcaModel { starts, agreeing, rivals, .. } = *model;
    Evidence {
        assumption: AGREEING,
        verdict: match (rivals, agreeing) {
            (1.., _) => Verdict::Refuted,
            (0, 2..) => Verdict::Supported,
            (0, _) => Verdict::Untestable,
        },
        p_value: None,
        margin: Some(agreeing as f64 / starts.max(1) as f64),
        detail: format!("of {starts} starts {agreeing} ended at these components (margin), and {rivals} at others that do as well"),
    }
}

fn carrying(model: &SparsePcaModel) -> Evidence {
    let lost = model.lost();
    Evidence {
        assumption: CARRYING,
        verdict: if lost <= MOST_LOST { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(MOST_LOST - lost),
        detail: format!(
            "{} sparse components explain {:.3} of the variance (adjusted for their correlations), as many principal components {:.3}: {:.1} % of \
             that is lost; more than {:.0} % refutes",
            model.components(),
            model.explained.sum(),
            model.principal,
            100.0 * lost,
            100.0 * MOST_LOST
        ),
    }
}
