//! What the data say about a sparse factor model: its zeros are tested on rows that have not chosen them.

use super::{SparseFactorAnalysis, SparseFactorModel, expectation::Factors, pure_indicators};
use crate::{Correlation, EVIDENCE_LEVEL, LinearError, anchors::nearest_proportions, factor_analysis};
use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Fit, Observations, Run, Verdict};
use unmix_numerics::{NumericsError, chi_square_tail, log_det_spd, symmetric_eigen};

const ZEROS: &str = "the factors are uncorrelated and the zeros of the loadings hold";
const ANCHORED: &str = "every factor has two variables that load on it alone, and a third that loads on it";
const PROPORTIONS: &str = "no two variables that mix factors mix them in the same proportions";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 5] = [factor_analysis::SHARED, ZEROS, ANCHORED, PROPORTIONS, factor_analysis::INTERIOR];

/// Indicators that a factor needs, and variables of any kind: of two alone only the product of their loadings is known.
const ANCHORS: usize = 2;
const VARIABLES: usize = 3;

/// Rows that each half needs beyond its variables for the approximation of the test.
const LEAST_ROWS: usize = 20;

/// Iterations for the likelihood of a pattern, and the change of a loading that ends them.
const ITERATIONS: usize = 10_000;
const TOLERANCE: f64 = 1e-8;

/// Directions of less than this share of the largest (squared) are none.
const NO_DIRECTION: f64 = 1e-10;

/// Noise that a variable keeps, as in a search for the maximum of the likelihood with no zeros.
const LEAST_UNIQUENESS: f64 = 0.005;

/// All evidence about a fitted model.
pub(super) fn of(
    estimator: &SparseFactorAnalysis,
    x: &Observations,
    model: &SparseFactorModel,
    run: &Run<'_>,
) -> Result<Vec<Evidence>, LinearError> {
    let correlation = Correlation::of(x)?;
    Ok(vec![
        factor_analysis::shared_variance(Ok(&correlation)),
        zeros(estimator, x, model, run)?,
        anchored(model, x.names()),
        proportions(model, x),
        interior(&correlation, model, x.names())?,
    ])
}

/// Judged at the largest likelihood of loadings with these zeros: the prior of the model itself keeps every uniqueness above `1/(n + 3)`.
fn interior(correlation: &Correlation, model: &SparseFactorModel, names: &[String]) -> Result<Evidence, LinearError> {
    let pattern = model.factors.standardized_loadings();
    Ok(match most_likely(correlation, &pattern)? {
        Some(factors) => factor_analysis::interior_at(&factors.uniqueness, names),
        None => Evidence {
            assumption: factor_analysis::INTERIOR,
            verdict: Verdict::Untestable,
            p_value: None,
            margin: None,
            detail: format!("the likelihood of the chosen loadings has no maximum within {ITERATIONS} iterations"),
        },
    })
}

/// Half of the rows, chosen by the seed, say which loadings are 0; the likelihood-ratio test of that model is done on the other half.
fn zeros(estimator: &SparseFactorAnalysis, x: &Observations, model: &SparseFactorModel, run: &Run<'_>) -> Result<Evidence, LinearError> {
    let untestable = |detail: String| Evidence { assumption: ZEROS, verdict: Verdict::Untestable, p_value: None, margin: None, detail };
    let needed = 2 * (x.columns() + LEAST_ROWS);
    if x.rows() < needed {
        return Ok(untestable(format!("the test needs {needed} rows, half of them for a refit, and there are {}", x.rows())));
    }
    let seed = run.seed.child("held-out", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (choosing, testing) = rows.split_at(x.rows() / 2);
    let mut params = estimator.params.clone();
    params.components = Some(model.factors.components());
    let halved = SparseFactorAnalysis { params };
    let pattern = match halved.fit(&x.select(choosing)?, &mut run.nested(seed.child("refit", 0))) {
        Ok(refit) => refit.model.factors.standardized_loadings(),
        Err(error @ (LinearError::Data(_) | LinearError::NoLoadings { .. })) => {
            return Ok(untestable(format!("a refit to half of the rows fails: {error}")));
        }
        Err(error) => return Err(error),
    };
    let correlation = match Correlation::of(&x.select(testing)?) {
        Ok(correlation) => correlation,
        Err(error) => return Ok(untestable(format!("half of the rows do not allow the test: {error}"))),
    };
    let (d, free) = (x.columns(), pattern.iter().filter(|&&v| v != 0.0).count());
    let Some(factors) = most_likely(&correlation, &pattern)? else {
        return Ok(untestable(format!("the likelihood of the chosen loadings has no maximum within {ITERATIONS} iterations")));
    };
    let Some(freedom) = (d * (d - 1) / 2).checked_sub(directions(&factors.loadings)?).filter(|&freedom| freedom > 0) else {
        return Ok(untestable("the loadings that are not 0 leave no degrees of freedom".to_owned()));
    };
    let test = chi_squared(&correlation, &factors)?;
    let p_value = chi_square_tail(test, freedom as f64)?;
    Ok(Evidence {
        assumption: ZEROS,
        verdict: if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "half of the rows chose {free} of {} loadings; the likelihood-ratio test of a model with these alone, on the other half: chi-squared \
             {test:.1} on {freedom} degrees of freedom; with many rows it finds misfits that do not matter",
            pattern.len()
        ),
    })
}

/// The maximum-likelihood factors whose loadings are 0 where those of `pattern` `[d, k]` are. `None` if they are not reached.
fn most_likely(correlation: &Correlation, pattern: &Array2<f64>) -> Result<Option<Factors>, NumericsError> {
    let communality = pattern.map_axis(Axis(1), |row| row.dot(&row));
    let mut factors = Factors { loadings: pattern.clone(), uniqueness: communality.mapv(|h| (1.0 - h).max(0.05)) };
    let rate = |j: usize, k: usize| if pattern[[j, k]] == 0.0 { f64::INFINITY } else { 0.0 };
    for _ in 0..ITERATIONS {
        let codes = factors.codes(correlation.r.view())?;
        let mut next = factors.maximised(&codes, correlation.rows, correlation.r.view(), rate);
        // the likelihood alone, which no prior keeps from a noise of 0
        next.without_prior(correlation.rows);
        next.uniqueness.mapv_inplace(|psi| psi.max(LEAST_UNIQUENESS));
        let change = next.distance(&factors);
        factors = next;
        if change <= TOLERANCE {
            return Ok(Some(factors));
        }
    }
    Ok(None)
}

/// In how many directions the loadings `[d, k]` that are not 0 can move the covariances of different variables: the rank of the derivatives. Fewer than
/// loadings where a factor has one or two, or several factors the same variables, which can be rotated.
fn directions(loadings: &Array2<f64>) -> Result<usize, NumericsError> {
    let d = loadings.nrows();
    let free: Vec<(usize, usize)> = loadings.indexed_iter().filter(|(_, v)| **v != 0.0).map(|(at, _)| at).collect();
    // a loading of variable i on factor k moves the covariance with each j by λ_jk
    let derivatives = |(i, k): (usize, usize)| (0..d).filter(move |j| *j != i).map(move |j| ((i.min(j), i.max(j)), loadings[[j, k]]));
    let product = |a, b| {
        let other: std::collections::BTreeMap<(usize, usize), f64> = derivatives(b).collect();
        derivatives(a).filter_map(|(pair, v)| Some(v * other.get(&pair)?)).sum::<f64>()
    };
    let products = Array2::from_shape_fn((free.len(), free.len()), |(a, b)| product(free[a], free[b]));
    let values = symmetric_eigen(products.view())?.values;
    let least = NO_DIRECTION * values.first().copied().unwrap_or(0.0);
    Ok(values.iter().filter(|v| **v > least).count())
}

/// `(n - 1 - (2d + 5)/6 - 2k/3) F` (Bartlett 1950) of that model.
fn chi_squared(correlation: &Correlation, factors: &Factors) -> Result<f64, NumericsError> {
    let (d, k) = factors.loadings.dim();
    let log_likelihood = factors.codes(correlation.r.view())?.log_likelihood;
    let saturated = -0.5 * (d as f64 * (1.0 + std::f64::consts::TAU.ln()) + log_det_spd(correlation.r.view())?);
    let scale = correlation.rows as f64 - 1.0 - (2 * d + 5) as f64 / 6.0 - 2.0 * k as f64 / 3.0;
    Ok((2.0 * (saturated - log_likelihood)).max(0.0) * scale)
}

fn anchored(model: &SparseFactorModel, names: &[String]) -> Evidence {
    let loadings = model.factors.loadings.view();
    let pure = pure_indicators(loadings);
    let fewest = pure.iter().map(Vec::len).min().unwrap_or(0);
    let fewest_of_any_kind = loadings.columns().into_iter().map(|column| column.iter().filter(|v| **v != 0.0).count()).min().unwrap_or(0);
    let of_factor = |(k, indicators): (usize, &Vec<usize>)| match indicators.as_slice() {
        [] => format!("z{} none", k + 1),
        some => format!("z{} {}", k + 1, some.iter().filter_map(|&j| names.get(j).cloned()).collect::<Vec<_>>().join(", ")),
    };
    let list: Vec<String> = pure.iter().enumerate().map(of_factor).collect();
    let margin = (fewest as f64 - ANCHORS as f64).min(fewest_of_any_kind as f64 - VARIABLES as f64);
    Evidence {
        assumption: ANCHORED,
        verdict: if margin >= 0.0 { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(margin),
        detail: format!(
            "pure indicators in the fitted loadings: {}; {ANCHORS} of each are needed, and {VARIABLES} variables of any kind (margin); whether these are \
             pure is what the zeros say",
            list.join("; ")
        ),
    }
}

fn proportions(model: &SparseFactorModel, x: &Observations) -> Evidence {
    let name = |j: usize| x.names().get(j).map_or("", String::as_str);
    let (verdict, margin, detail) = match nearest_proportions(model.factors.standardized_loadings().view(), x.rows()) {
        None => (Verdict::Supported, None, "fewer than two variables mix factors".to_owned()),
        Some((i, j, margin)) => (
            if margin > 0.0 { Verdict::Supported } else { Verdict::Untestable },
            Some(margin),
            format!(
                "\"{}\" and \"{}\" come nearest (margin: the sine of the angle of their loadings less two standard errors); what cannot be told from \
                 proportional may be the pure indicators of another rotation",
                name(i),
                name(j)
            ),
        ),
    };
    Evidence { assumption: PROPORTIONS, verdict, p_value: None, margin, detail }
}
