//! What the data say about pure variables: covariances of rows that have not chosen them.

use super::Love;
use crate::{Correlation, EVIDENCE_LEVEL, FactorModel, LinearError, anchors::nearest_proportions, factor_analysis};
use ndarray::{Array1, Axis};
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Fit, Observations, Run, Verdict};
use unmix_numerics::{chi_square_tail, normal_two_sided, solve_spd};

const PURE: &str = "every factor has two variables that load on it alone, and equally";
const COMPLETE: &str = "the factors of the pure variables explain all covariances";
const SEPARATE: &str = "no two factors covary as much as one of them varies";

const BOUNDED: &str = "the loadings of a variable, in units of a pure one's, sum to no more than 1 in magnitude";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 5] = [PURE, COMPLETE, SEPARATE, BOUNDED, factor_analysis::INTERIOR];

/// Rows that each half needs beyond its variables for the approximation of the test.
const LEAST_ROWS: usize = 20;

/// Rough standard errors, those of a correlation of variables, by which factors have to be apart.
const APART: f64 = 2.0;

/// As many by which loadings may sum to more than a pure one.
const ABOVE: f64 = 3.0;

/// All evidence about a fitted model.
pub(super) fn of(estimator: &Love, x: &Observations, model: &FactorModel, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let mut evidence = match held_out(estimator, x, run)? {
        Ok((refit, held)) => vec![pure(&refit, &held, x.names())?, complete(&refit, &held, x.names())],
        Err((verdict, detail)) => {
            [PURE, COMPLETE].map(|assumption| Evidence { assumption, verdict, p_value: None, margin: None, detail: detail.clone() }).into()
        }
    };
    evidence.extend([separate(model, x.rows()), bounded(model, x), factor_analysis::interior(model, x.names())]);
    Ok(evidence)
}

/// A model of half of the rows, chosen by the seed, and the correlations of the other half; or why there are none.
type HeldOut = Result<(FactorModel, Correlation), (Verdict, String)>;

fn held_out(estimator: &Love, x: &Observations, run: &Run<'_>) -> Result<HeldOut, LinearError> {
    let untestable = |why: String| Ok(Err((Verdict::Untestable, why)));
    let needed = 2 * (x.columns() + LEAST_ROWS);
    if x.rows() < needed {
        return untestable(format!("the test needs {needed} rows, half of them for a refit, and there are {}", x.rows()));
    }
    let seed = run.seed.child("held-out", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (fitting, testing) = rows.split_at(x.rows() / 2);
    let refit = match estimator.fit(&x.select(fitting)?, &mut run.nested(seed.child("refit", 0))) {
        Ok(refit) => refit.model,
        Err(error @ (LinearError::NoPureVariables { .. } | LinearError::IndistinctFactors { .. })) => {
            return Ok(Err((Verdict::Refuted, format!("a refit to half of the rows fails: {error}"))));
        }
        Err(error @ (LinearError::Data(_) | LinearError::NoSplits { .. })) => {
            return untestable(format!("a refit to half of the rows fails: {error}"));
        }
        Err(error) => return Err(error),
    };
    match Correlation::of(&x.select(testing)?) {
        Ok(held) => Ok(Ok((refit, held))),
        Err(error) => untestable(format!("half of the rows do not allow the test: {error}")),
    }
}

/// Two pure variables of one factor differ by their noises alone, so on held-out rows their difference must be uncorrelated with all other variables.
fn pure(refit: &FactorModel, held: &Correlation, names: &[String]) -> Result<Evidence, LinearError> {
    let mut tests = Vec::new();
    // the difference of two variables needs a third
    if refit.columns() > 2 {
        for group in pure_variables(refit) {
            for pair in group.array_windows::<2>() {
                tests.push((pair[0].0, pair[1].0, difference_test(held, pair)?));
            }
        }
    }
    let Some(&(i, j, least)) = tests.iter().min_by(|a, b| a.2.total_cmp(&b.2)) else {
        let detail = "half of the rows show no two pure variables beside a third to tell them apart".to_owned();
        return Ok(Evidence { assumption: PURE, verdict: Verdict::Untestable, p_value: None, margin: None, detail });
    };
    let detail = format!(
        "half of the rows fitted {} factors; on the other half the difference of two pure variables of one factor must not correlate with any other \
         variable: {} tests, of which that of {} and {} fits worst (Bonferroni's correction)",
        refit.components(),
        tests.len(),
        quoted(names, i),
        quoted(names, j)
    );
    Ok(decided(PURE, least * tests.len() as f64, detail))
}

/// Each covariance of held-out rows against what the fit to the others says of it.
fn complete(refit: &FactorModel, held: &Correlation, names: &[String]) -> Evidence {
    let (d, fitted) = (refit.columns(), refit.covariance());
    // the two halves have as many rows, and err alike
    let rows = 2.0 / held.rows as f64;
    let standardized = |i: usize, j: usize| fitted[[i, j]] / held.sd[i] / held.sd[j];
    let residual = |i: usize, j: usize| {
        let spread = standardized(i, i) * standardized(j, j) + standardized(i, j).powi(2);
        (held.r[[i, j]] - standardized(i, j)) / (spread * rows).sqrt()
    };
    let residuals = (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| (i, j, residual(i, j).abs()));
    let (i, j, worst) = residuals.fold((0, 0, 0.0), |most, pair| if pair.2 > most.2 { pair } else { most });
    let pairs = d * (d - 1) / 2;
    let detail = format!(
        "of {pairs} covariances of held-out rows that of {} and {} is furthest from the fit, by {worst:.1} standard errors (Bonferroni's correction)",
        quoted(names, i),
        quoted(names, j)
    );
    decided(COMPLETE, normal_two_sided(worst) * pairs as f64, detail)
}

/// The verdict by a p-value that may exceed 1.
fn decided(assumption: &'static str, p_value: f64, detail: String) -> Evidence {
    let p_value = p_value.min(1.0);
    let verdict = if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted };
    Evidence { assumption, verdict, p_value: Some(p_value), margin: Some(p_value - EVIDENCE_LEVEL), detail }
}

fn quoted(names: &[String], j: usize) -> String {
    format!("\"{}\"", names.get(j).map_or("", String::as_str))
}

/// For each factor the pure variables (from 0) that defined it, with their loadings. The fit gives these the same magnitude to the last bit; another
/// variable that loads on one factor alone, but weaker, has a magnitude of its own, and the claim asks nothing of it.
fn pure_variables(model: &FactorModel) -> Vec<Vec<(usize, f64)>> {
    let mut single = vec![Vec::new(); model.components()];
    for (j, row) in model.loadings.rows().into_iter().enumerate() {
        let mut carrying = row.iter().enumerate().filter(|(_, v)| **v != 0.0);
        if let (Some((k, &loading)), None) = (carrying.next(), carrying.next()) {
            single[k].push((j, loading));
        }
    }
    let magnitude = |loading: f64| loading.abs().to_bits();
    let defining = |of: Vec<(usize, f64)>| {
        let like = |loading: f64| of.iter().filter(|(_, v)| magnitude(*v) == magnitude(loading)).count();
        of.iter().copied().filter(|(_, v)| like(*v) > 1).collect()
    };
    single.into_iter().map(defining).collect()
}

/// The p-value of no multiple correlation `R` between the signed difference of two variables and the `q` others, Bartlett's
/// `-(n - 1 - (q + 2)/2) ln(1 - R²)` on `q` degrees of freedom.
fn difference_test(held: &Correlation, pair: &[(usize, f64); 2]) -> Result<f64, LinearError> {
    let d = held.sd.len();
    let [(i, loading), (j, other)] = *pair;
    // weights of the standardised variables, whose common unit does not matter
    let unit = held.sd[i].max(held.sd[j]);
    let (w_i, w_j) = (held.sd[i] / unit * loading.signum(), -held.sd[j] / unit * other.signum());
    let rest: Vec<usize> = (0..d).filter(|l| *l != i && *l != j).collect();
    let r = held.r.select(Axis(0), &rest).select(Axis(1), &rest);
    let c: Array1<f64> = rest.iter().map(|&l| w_i * held.r[[i, l]] + w_j * held.r[[j, l]]).collect();
    let variance = w_i * w_i + w_j * w_j + 2.0 * w_i * w_j * held.r[[i, j]];
    let explained = solve_spd(r.view(), c.view().insert_axis(Axis(1)))?.column(0).dot(&c) / variance;
    let q = rest.len() as f64;
    let statistic = -(held.rows as f64 - 1.0 - 0.5 * (q + 2.0)) * (-explained.clamp(0.0, 1.0 - f64::EPSILON)).ln_1p();
    Ok(chi_square_tail(statistic, q)?)
}

/// The magnitude of the pure loadings of each factor, `[k]`.
fn pure_loadings(model: &FactorModel) -> Array1<f64> {
    pure_variables(model).iter().map(|group| group.first().map_or(f64::NAN, |(_, v)| v.abs())).collect()
}

/// `Δ(C)` of the paper in the model's units, where factors have variance 1: with pure loadings `ℓ`, the largest `|φ_ab| max(ℓ_a, ℓ_b) / min(ℓ_a, ℓ_b)` against 1.
fn separate(model: &FactorModel, rows: usize) -> Evidence {
    let (pure, k) = (pure_loadings(model), model.components());
    let pairs = (0..k).flat_map(|a| (0..a).map(move |b| (a, b)));
    let ratio = |(a, b): (usize, usize)| model.correlation[[a, b]].abs() * pure[a].max(pure[b]) / pure[a].min(pure[b]);
    let largest = pairs.map(ratio).fold(0.0, f64::max);
    let margin = 1.0 - largest - APART / (rows as f64).sqrt();
    Evidence {
        assumption: SEPARATE,
        verdict: if margin > 0.0 { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(margin),
        detail: format!(
            "largest covariance of two factors in units of the smaller of their variances: {largest:.2} (margin: to 1, less {APART} / √n)"
        ),
    }
}

/// Loadings that sum to more refute it. Where they do not, another model may: one whose pure variables are those that mix factors here, in the same
/// proportions.
fn bounded(model: &FactorModel, x: &Observations) -> Evidence {
    let (pure, rows) = (pure_loadings(model), x.rows() as f64);
    let relative = &model.loadings / &pure;
    let sums = relative.mapv(f64::abs).sum_axis(Axis(1));
    let (j, largest) = sums.indexed_iter().fold((0, 0.0), |most, (j, &sum)| if sum > most.1 { (j, sum) } else { most });
    let standardized = model.standardized_loadings();
    let weakest = pure_variables(model).into_iter().enumerate().flat_map(|(k, group)| group.into_iter().map(move |(j, _)| (j, k)));
    let weakest = weakest.map(|at| standardized[at].abs()).fold(1.0, f64::min);
    let margin = 1.0 + ABOVE * (model.components() as f64 / rows).sqrt() / weakest - largest;
    let alike = nearest_proportions(standardized.view(), x.rows()).filter(|(.., margin)| *margin <= 0.0);
    let confused = alike.map_or_else(String::new, |(a, b, _)| {
        let (a, b) = (quoted(x.names(), a), quoted(x.names(), b));
        format!("; {a} and {b} mix factors in proportions too alike to exclude a model in which they are pure")
    });
    let detail = format!("largest sum {largest:.2}, of {} (margin: to 1 and its error){confused}", quoted(x.names(), j));
    let verdict = match (margin > 0.0, alike) {
        (false, _) => Verdict::Refuted,
        (true, Some(_)) => Verdict::Untestable,
        (true, None) => Verdict::Supported,
    };
    Evidence { assumption: BOUNDED, verdict, p_value: None, margin: Some(margin), detail }
}
