//! What the data say about sparse components: their supports are tested on rows that have not chosen them.

use super::{SparsePca, SparsePcaModel};
use crate::{Correlation, EVIDENCE_LEVEL, LinearError, pca::equal_pair};
use ndarray::Axis;
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
    Ok(vec![disjoint(estimator, x, model, run)?, leading(x, model)?, agreeing(model), carrying(model)])
}

/// Of `supports` of `columns` variables, the first variable that is in two.
fn shared(supports: &[Vec<usize>], columns: usize) -> Option<usize> {
    (0..columns).find(|j| supports.iter().filter(|support| support.contains(j)).count() > 1)
}

/// Half of the rows, chosen by the seed, say which supports there are; that they are uncorrelated with each other and with variables in none, and these
/// among themselves, is tested on the other half.
fn disjoint(estimator: &SparsePca, x: &Observations, model: &SparsePcaModel, run: &Run<'_>) -> Result<Evidence, LinearError> {
    let said = |verdict, detail: String| Evidence { assumption: DISJOINT, verdict, p_value: None, margin: None, detail };
    let overlap = |j: usize, rows: &str| {
        let name = x.names().get(j).map_or("", String::as_str);
        said(Verdict::Refuted, format!("\"{name}\" is in more than one component that {rows} chose; a larger `penalty` may part them"))
    };
    let d = x.columns();
    if let Some(j) = shared(&model.supports(), d) {
        return Ok(overlap(j, "the fit"));
    }
    let needed = 2 * (d + LEAST_ROWS);
    if x.rows() < needed {
        let detail = format!("the test needs {needed} rows, half of them for a refit, and there are {}", x.rows());
        return Ok(said(Verdict::Untestable, detail));
    }
    let seed = run.seed.child("held-out", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (choosing, testing) = rows.split_at(x.rows() / 2);
    let supports = match estimator.fit(&x.select(choosing)?, &mut run.nested(seed.child("refit", 0))) {
        Ok(refit) => refit.model.supports(),
        Err(error @ (LinearError::Data(_) | LinearError::EmptyComponents { .. } | LinearError::DependentComponents { .. })) => {
            return Ok(said(Verdict::Untestable, format!("a refit to half of the rows fails: {error}")));
        }
        Err(error) => return Err(error),
    };
    if let Some(j) = shared(&supports, d) {
        return Ok(overlap(j, "half of the rows"));
    }
    let correlation = match Correlation::of(&x.select(testing)?) {
        Ok(correlation) => correlation,
        Err(error) => return Ok(said(Verdict::Untestable, format!("half of the rows do not allow the test: {error}"))),
    };
    let Some((chi_squared, freedom)) = uncorrelated_blocks(&correlation, &supports)? else {
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

/// Anderson's test of the two largest eigenvalues of each block; all have to differ, so the p-value is the largest.
fn leading(x: &Observations, model: &SparsePcaModel) -> Result<Evidence, LinearError> {
    let mut hardest: Option<(f64, f64, usize)> = None;
    for (k, support) in model.supports().iter().enumerate().filter(|(_, support)| support.len() > 1) {
        let scaled = x.x().select(Axis(1), support) / &model.scale.select(Axis(0), support);
        let values = symmetric_eigen(moments(scaled.view()).covariance.view())?.values;
        let (a, b) = (values[0], values[1].max(0.0));
        let p_value = if b > 0.0 { equal_pair(a, b, x.rows()) } else { 0.0 };
        if hardest.is_none_or(|(p, ..)| p_value > p) {
            hardest = Some((p_value, (a - b) / a, k));
        }
    }
    let Some((p_value, gap, k)) = hardest else {
        let detail = "every component is one variable, and which variables is the penalty's choice".to_owned();
        return Ok(Evidence { assumption: LEADING, verdict: Verdict::Untestable, p_value: None, margin: None, detail });
    };
    Ok(Evidence {
        assumption: LEADING,
        verdict: if p_value <= EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(gap),
        detail: format!(
            "Anderson's test that the two largest eigenvalues of a component's variables are equal, for Gaussian rows; hardest to tell apart for \
             z{} (margin: their relative gap)",
            k + 1
        ),
    })
}

fn agreeing(model: &SparsePcaModel) -> Evidence {
    let SparsePcaModel { starts, agreeing, rivals, .. } = *model;
    Evidence {
        assumption: AGREEING,
        verdict: match (rivals, agreeing) {
            (1.., _) => Verdict::Refuted,
            // rotations of a single direction are no other starts
            _ if model.supports().len() == 1 => Verdict::Untestable,
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
