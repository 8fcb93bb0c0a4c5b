//! What the data say about the assumptions of a confirmatory model.

use super::{
    ConfirmatoryModel, PatternError, held,
    identification::{least_singular_value, require_identified},
    indices,
    inference::Information,
    pattern::Pattern,
    structure::{Matrices, Parameter, Structure},
};
use crate::{Correlation, EVIDENCE_LEVEL, FitIndices, LinearError, factor_analysis::likelihood::LEAST_UNIQUENESS};
use unmix_core::{Evidence, Seed, Verdict};
use unmix_numerics::{inverse_spd, normal_two_sided};

const LOCAL: &str = "the covariances determine the parameters of the pattern";
const FITS: &str = "the pattern explains all correlations";
const INTERIOR: &str = "every variable has noise of its own, and no two factors are one";
const PURE: &str = "every factor has three variables of its own, or two and a correlation with another";
const ORDER: &str = "the variables that come first load on no later factor";
const LEAD: &str = "the variable that comes first loads on its factor";

/// The assumptions of a pattern given by its factors.
pub(super) const OF_FACTORS: [&str; 4] = [LOCAL, FITS, INTERIOR, PURE];

/// The assumptions of a lower triangle of loadings.
pub(super) const OF_ECHELON: [&str; 5] = [LOCAL, FITS, INTERIOR, ORDER, LEAD];

/// Below this least singular value some parameters hang together so tightly that data can hardly part them. Ours: it is near the share of a
/// column of the Jacobian, of length 1, that the other columns do not explain.
const LEAST_SINGULAR_VALUE: f64 = 1e-3;

/// Whether the pattern is identified at almost all parameters; nothing where it does not suit the table.
pub(super) fn screen(pattern: Result<Pattern, LinearError>, names: &[String], seed: Seed) -> Vec<Evidence> {
    let looked = pattern.and_then(|pattern| require_identified(&pattern, &pattern.in_units_with_unit_variances(), names, seed));
    let (verdict, detail) = match looked {
        Ok(()) => (Verdict::Supported, "the Jacobian of the covariances has full rank at a random point".to_owned()),
        Err(LinearError::Pattern(error @ PatternError::NoFactors)) => (Verdict::Untestable, error.to_string()),
        Err(LinearError::Pattern(error @ (PatternError::TooManyParameters { .. } | PatternError::NotIdentified { .. }))) => {
            (Verdict::Refuted, error.to_string())
        }
        Err(_) => return Vec::new(),
    };
    vec![Evidence { assumption: LOCAL, verdict, p_value: None, margin: None, detail }]
}

/// All evidence about a fitted model.
pub(super) fn of(pattern: &Pattern, correlation: &Correlation, model: &ConfirmatoryModel) -> Result<Vec<Evidence>, LinearError> {
    let matrices = model.matrices().with_factors_scaled(&model.covariance_of_factors.diag().mapv(|v| v.sqrt().recip()));
    let structure = pattern.in_units_with_unit_variances();
    let held = held(&structure, &matrices, &correlation.sd);
    let information = Information::of(&matrices, &structure, |p| held.contains(&p), correlation.covariance().view(), correlation.rows)?;
    let p_value = |parameter| information.standard_error(parameter).map_or(1.0, |error| normal_two_sided(matrices.get(parameter) / error));
    let mut evidence = vec![
        local(&matrices, &structure)?,
        fits(pattern, &indices(pattern, correlation, &model.covariance())?),
        interior(&held, &matrices, correlation, model),
    ];
    if pattern.echelon {
        evidence.push(order());
        evidence.push(lead(pattern, p_value));
    } else {
        evidence.push(pure(pattern, p_value));
    }
    Ok(evidence)
}

fn local(matrices: &Matrices, structure: &Structure) -> Result<Evidence, LinearError> {
    let precision = inverse_spd(matrices.covariance().view())?;
    let least = least_singular_value(matrices, structure, precision.view())?;
    Ok(Evidence {
        assumption: LOCAL,
        verdict: if least > LEAST_SINGULAR_VALUE { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(least - LEAST_SINGULAR_VALUE),
        detail: format!(
            "rank of the Jacobian of the covariances at the estimate: its least singular value, columns of length 1, is {least:.2e}, above \
             {LEAST_SINGULAR_VALUE} (margin) if the parameters are determined"
        ),
    })
}

/// The likelihood-ratio test. It says nothing about zeros that any model of as many factors can be turned into.
fn fits(pattern: &Pattern, fit: &FitIndices) -> Evidence {
    let ((d, k), df) = (pattern.loads.dim(), fit.degrees_of_freedom as i64);
    let exploratory = ((d as i64 - k as i64).pow(2) - (d + k) as i64) / 2;
    let tests_zeros = pattern.echelon || df > exploratory;
    let (verdict, test) = match (fit.p_value, fit.rmsea, fit.rmsea_interval, fit.tli) {
        (Some(p), Some(rmsea), Some((low, high)), Some(tli)) => {
            let verdict = match p > EVIDENCE_LEVEL {
                true if tests_zeros => Verdict::Supported,
                true => Verdict::Untestable,
                false => Verdict::Refuted,
            };
            let detail = format!(
                "likelihood-ratio test of the pattern: chi-squared {:.3} on {df} degrees of freedom; with many rows it finds misfits that do \
                 not matter: RMSEA {rmsea:.3} (90 % interval {low:.3} to {high:.3}), CFI {:.3}, TLI {tli:.3}, SRMR {:.3}; AIC {:.1}, BIC {:.1}",
                fit.chi_squared, fit.cfi, fit.srmr, fit.aic, fit.bic
            );
            (verdict, detail)
        }
        _ => (Verdict::Untestable, "the pattern has no degrees of freedom and fits any correlations".to_owned()),
    };
    let codes: Vec<String> = pattern.factors.iter().enumerate().map(|(j, name)| format!("z{} is \"{name}\"", j + 1)).collect();
    let choice = match verdict {
        Verdict::Untestable if !tests_zeros => {
            format!("; every model of {k} factors can be turned into this pattern, so that its zeros are a choice and no finding")
        }
        _ => String::new(),
    };
    let detail = format!("{test}{choice}; {}", codes.join(", "));
    Evidence { assumption: FITS, verdict, p_value: fit.p_value, margin: fit.p_value.map(|p| p - EVIDENCE_LEVEL), detail }
}

fn interior(held: &[Parameter], matrices: &Matrices, correlation: &Correlation, model: &ConfirmatoryModel) -> Evidence {
    let shares = matrices.noise.diag().iter().zip(&correlation.sd).map(|(v, sd)| v / (sd * sd)).collect::<Vec<_>>();
    let least = shares.into_iter().fold(f64::INFINITY, f64::min);
    let names: Vec<String> = held.iter().map(|p| format!("\"{}\"", p.name(&model.variables, &model.factors))).collect();
    Evidence {
        assumption: INTERIOR,
        verdict: if held.is_empty() { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(least - LEAST_UNIQUENESS),
        detail: if held.is_empty() {
            format!("least share of a variance that is noise {least:.3}, its bound {LEAST_UNIQUENESS}")
        } else {
            format!("at a bound: {}", names.join(", "))
        },
    }
}

/// A factor is identified up to its sign by three variables of its own that load on it, or by two if it also correlates with another
/// factor (Bollen 1989, chapter 7). For other patterns the rank is a local answer, and the only one.
fn pure(pattern: &Pattern, p_value: impl Fn(Parameter) -> f64) -> Evidence {
    let k = pattern.components();
    let mut worst: Option<(f64, &str)> = None;
    for (factor, name) in pattern.factors.iter().enumerate() {
        let mut loadings: Vec<f64> =
            pattern.own(factor).into_iter().map(|variable| p_value(Parameter::Loading { variable, factor })).collect();
        loadings.sort_by(f64::total_cmp);
        let others = (0..k).filter(|&other| other != factor && pattern.correlated);
        let correlation = others
            .map(|other| p_value(Parameter::Factors { first: factor.min(other), second: factor.max(other) }))
            // the clearest of k - 1
            .map(|p| (p * (k - 1) as f64).min(1.0))
            .min_by(f64::total_cmp);
        let by_three = loadings.get(2).copied();
        let by_two = loadings.get(1).zip(correlation).map(|(second, correlation)| second.max(correlation));
        let Some(p) = by_three.into_iter().chain(by_two).min_by(f64::total_cmp) else {
            let detail = format!(
                "{} variables load on \"{name}\" alone and have noise of their own: the rank shows that its parameters are unique nearby, \
                 nothing that they are unique",
                loadings.len()
            );
            return Evidence { assumption: PURE, verdict: Verdict::Untestable, p_value: None, margin: None, detail };
        };
        if worst.is_none_or(|(most, _)| p > most) {
            worst = Some((p, name));
        }
    }
    let (p, name) = worst.unwrap_or((1.0, ""));
    let what = format!("\"{name}\" has its third clearest loading, or its second and the clearest of its correlations");
    significant(PURE, p, what)
}

fn order() -> Evidence {
    let detail =
        "any uncorrelated factors can be turned so that their loadings form a triangle: that the true ones do is a choice".to_owned();
    Evidence { assumption: ORDER, verdict: Verdict::Untestable, p_value: None, margin: None, detail }
}

fn lead(pattern: &Pattern, p_value: impl Fn(Parameter) -> f64) -> Evidence {
    let p_values = pattern.lead.iter().enumerate().map(|(factor, &variable)| (p_value(Parameter::Loading { variable, factor }), factor));
    let (p, factor) = p_values.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((1.0, 0));
    significant(LEAD, p, format!("the variable that begins \"{}\" has its loading", pattern.factors[factor]))
}

fn significant(assumption: &'static str, p: f64, what: String) -> Evidence {
    Evidence {
        assumption,
        verdict: if p <= EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p),
        margin: Some(EVIDENCE_LEVEL - p),
        detail: format!("Wald test of the least certain, against 0: {what}"),
    }
}
