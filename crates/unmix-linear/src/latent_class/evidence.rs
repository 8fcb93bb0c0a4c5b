//! What rows and classes say about the assumptions of a latent class model.

use super::{Classes, LatentClass, LatentClassModel, LatentClassParams, Patterns, groups, report};
use crate::{EVIDENCE_LEVEL, LinearError};
use unmix_core::{Evidence, Fit, Observations, Run, Verdict};
use unmix_numerics::chi_square_tail;

const CATEGORIES: &str = "three groups of columns have categories enough for the classes";
const DISTINCT: &str = "the classes differ in each of three groups of columns";
const INDEPENDENT: &str = "the columns are independent within classes";
const NEEDED: &str = "no fewer classes explain the rows";
const POPULATED: &str = "every class has rows";
const ATTAINED: &str = "the largest likelihood is reached, and by these classes alone";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 6] = [CATEGORIES, DISTINCT, INDEPENDENT, NEEDED, POPULATED, ATTAINED];

/// Rows below which a class is hardly more than an accident. Ours.
const LEAST_ROWS: f64 = 10.0;

/// Equally good starts whose probabilities differ by more tell of other classes that fit as well. Ours; slow convergence leaves less.
const SPREAD: f64 = 0.05;

/// Larger tables are sparse without a look.
const MOST_CELLS: f64 = 10_000.0;

/// Cochran's rule (1954, Biometrics 10(4)): of the expected counts none below 1 and no more than one in five below 5.
const LEAST_EXPECTED: f64 = 1.0;
const USUAL_EXPECTED: f64 = 5.0;
const SMALL_SHARE: f64 = 0.2;

/// Tables drawn from the model where chi-squared does not hold, and the random starts of their refits beside that from the model.
const BOOTSTRAPS: u64 = 99;
const BOOTSTRAP_STARTS: u64 = 2;

fn evidence(assumption: &'static str, verdict: Verdict, margin: Option<f64>, detail: String) -> Evidence {
    Evidence { assumption, verdict, p_value: None, margin, detail }
}

/// Whether the columns are categories, and enough of them; data that have none refute the assumption.
pub(super) fn screen(patterns: Result<&Patterns, &LinearError>, components: usize) -> Evidence {
    match patterns {
        Ok(patterns) => enough_categories(&counts(&patterns.categories), components),
        Err(error) => evidence(CATEGORIES, Verdict::Refuted, None, error.to_string()),
    }
}

/// All evidence about a fitted model.
pub(super) fn of(estimator: &LatentClass, x: &Observations, model: &LatentClassModel, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let categories = counts(&model.categories);
    let enough = enough_categories(&categories, model.components());
    let distinct = distinct(model, &categories, enough.verdict)?;
    Ok(vec![enough, distinct, independent(estimator, model, run)?, needed(estimator, x, model, run)?, populated(model), attained(model)])
}

fn counts(categories: &[Vec<f64>]) -> Vec<usize> {
    categories.iter().map(Vec::len).collect()
}

/// A count of categories alone: it speaks of almost all classes, not of these.
fn enough_categories(categories: &[usize], k: usize) -> Evidence {
    if k == 1 {
        return evidence(CATEGORIES, Verdict::Supported, None, "a single class is always unique".to_owned());
    }
    let sum: usize = groups::split(categories, k).iter().filter(|g| !g.is_empty()).map(|g| groups::combinations(g, categories, k)).sum();
    let needed = 2 * k + 2;
    let cells: f64 = categories.iter().map(|&c| c as f64).product();
    let parameters = (k - 1 + k * categories.iter().map(|c| c - 1).sum::<usize>()) as f64;
    let verdict = match (sum >= needed, cells - 1.0 < parameters) {
        (true, _) => Verdict::Supported,
        (false, true) => Verdict::Refuted,
        (false, false) => Verdict::Untestable,
    };
    let detail = format!(
        "in three groups found greedily the combinations of categories, counted up to {k} each, add up to {sum}, of which {needed} are needed (margin); sufficient for \
         almost all classes and not necessary; {parameters} parameters, {cells} combinations in all"
    );
    evidence(CATEGORIES, verdict, Some(sum as f64 - needed as f64), detail)
}

/// Kruskal's condition at the estimate, for the same groups.
fn distinct(model: &LatentClassModel, categories: &[usize], enough: Verdict) -> Result<Evidence, LinearError> {
    let k = model.components();
    if k == 1 {
        return Ok(evidence(DISTINCT, Verdict::Supported, None, "there is one class".to_owned()));
    }
    let ranks = groups::k_ranks(&model.classes(), &groups::split(categories, k))?;
    let (sum, needed) = (ranks.iter().sum::<usize>(), 2 * k + 2);
    let verdict = match (sum >= needed, enough) {
        (true, _) => Verdict::Supported,
        (false, Verdict::Supported) => Verdict::Refuted,
        (false, _) => Verdict::Untestable,
    };
    let detail = format!(
        "k-ranks of the fitted distributions in three groups of columns: {}, {}, {}; their sum has to be at least {needed} (margin: by how much it is)",
        ranks[0], ranks[1], ranks[2]
    );
    Ok(evidence(DISTINCT, verdict, Some(sum as f64 - needed as f64), detail))
}

/// The test of the model against the table of all combinations.
fn independent(estimator: &LatentClass, model: &LatentClassModel, run: &Run<'_>) -> Result<Evidence, LinearError> {
    let report = &model.report;
    if report.degrees_of_freedom <= 0.0 {
        let detail = "the model has no fewer parameters than the table has cells and fits any".to_owned();
        return Ok(evidence(INDEPENDENT, Verdict::Untestable, None, detail));
    }
    let irregular = if estimator.params.smoothing > 0.0 {
        Some("smoothing takes the fit from the largest likelihood")
    } else if report.zeros > 0 {
        Some("probabilities are at 0")
    } else if sparse(model) {
        Some("this one is sparse")
    } else {
        None
    };
    let (p_value, by) = if let Some(reason) = irregular {
        (bootstrap(estimator, model, run), format!("{BOOTSTRAPS} tables drawn from the model and refitted, since {reason}"))
    } else {
        (chi_square_tail(report.g_squared, report.degrees_of_freedom)?, "chi-squared".to_owned())
    };
    Ok(Evidence {
        assumption: INDEPENDENT,
        verdict: if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "G-squared {:.1} on {} degrees of freedom, compared with {by}; a misfit is dependence within classes or a class too few, and with many rows one \
             that does not matter",
            report.g_squared, report.degrees_of_freedom
        ),
    })
}

/// Whether the expected counts break Cochran's rule.
fn sparse(model: &LatentClassModel) -> bool {
    let lengths = counts(&model.categories);
    let cells: f64 = lengths.iter().map(|&c| c as f64).product();
    if cells > MOST_CELLS {
        return true;
    }
    let (logs, n) = (model.classes().logs(), model.report.rows as f64);
    let mut row = vec![0; lengths.len()];
    let mut small = 0.0;
    loop {
        let expected = n * logs.posterior(&row).1.exp();
        if expected < LEAST_EXPECTED {
            return true;
        }
        small += f64::from(u8::from(expected < USUAL_EXPECTED));
        // the next combination
        let Some(place) = (0..row.len()).rev().find(|&j| row[j] + 1 < lengths[j]) else { break };
        row[place] += 1;
        row.iter_mut().skip(place + 1).for_each(|index| *index = 0);
    }
    small > SMALL_SHARE * cells
}

/// The share of tables drawn from the model whose `G²`, refitted from the model and from random starts, is at least as large (Collins, Fidler, Wugalter and Long 1993, Multivariate
/// Behavioral Research 28(3)).
fn bootstrap(estimator: &LatentClass, model: &LatentClassModel, run: &Run<'_>) -> f64 {
    // G² is asked for to a few hundredths; a refit that stops early errs to the side of a better fit
    let refit = LatentClass { params: LatentClassParams { tolerance: 1e-3, max_iterations: 500, ..estimator.params.clone() } };
    let mut at_least = 0_u32;
    for draw in 0..BOOTSTRAPS {
        let rows = model.draw(model.report.rows, &mut run.seed.stream("latent-class-bootstrap", draw));
        let patterns = Patterns::grouped(model.categories.clone(), rows);
        let random = |start: u64| {
            let index = draw * BOOTSTRAP_STARTS + start;
            Classes::random(&patterns, model.components(), &mut run.seed.stream("latent-class-bootstrap-start", index))
        };
        let starts = std::iter::once(model.classes()).chain((0..BOOTSTRAP_STARTS).map(random));
        let fits = starts.map(|start| report(&refit.end(start, &patterns, |_, _| false), &patterns).g_squared);
        at_least += u32::from(fits.fold(f64::INFINITY, f64::min) >= model.report.g_squared);
    }
    f64::from(at_least + 1) / (BOOTSTRAPS + 1) as f64
}

/// Classes beyond those that there are have probabilities that no data determine.
fn needed(estimator: &LatentClass, x: &Observations, model: &LatentClassModel, run: &Run<'_>) -> Result<Evidence, LinearError> {
    let k = model.components();
    if k == 1 {
        return Ok(evidence(NEEDED, Verdict::Supported, None, "there is one class".to_owned()));
    }
    let fewer = LatentClass { params: LatentClassParams { components: k - 1, ..estimator.params.clone() } };
    let fewer = fewer.fit(x, &mut run.nested(run.seed.child("latent-class-fewer", 0)))?.model.report;
    let gain = fewer.bic - model.report.bic;
    let verdict = if gain > 0.0 { Verdict::Supported } else { Verdict::Refuted };
    let detail = format!(
        "Schwarz's criterion (BIC) is {:.1}, and {:.1} with {} (margin: how much more; a criterion, no test)",
        model.report.bic,
        fewer.bic,
        if k == 2 { "one class".to_owned() } else { format!("{} classes", k - 1) }
    );
    Ok(evidence(NEEDED, verdict, Some(gain), detail))
}

fn populated(model: &LatentClassModel) -> Evidence {
    let least = model.sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let rows = least * model.report.rows as f64;
    let verdict = if rows >= LEAST_ROWS { Verdict::Supported } else { Verdict::Refuted };
    let detail =
        format!("the smallest class has {rows:.1} rows in expectation, a share of {least:.3}; {LEAST_ROWS} are asked for (margin)");
    evidence(POPULATED, verdict, Some(rows - LEAST_ROWS), detail)
}

fn attained(model: &LatentClassModel) -> Evidence {
    let report = &model.report;
    let verdict = match (report.starts, report.as_good) {
        (1, _) => Verdict::Untestable,
        (_, 1) => Verdict::Refuted,
        _ if report.spread > SPREAD => Verdict::Refuted,
        _ => Verdict::Supported,
    };
    let detail = format!(
        "{} of {} starts reach the largest likelihood to 0.01; their probabilities differ by at most {:.4}, of which {SPREAD} are allowed (margin)",
        report.as_good, report.starts, report.spread
    );
    evidence(ATTAINED, verdict, Some(SPREAD - report.spread), detail)
}
