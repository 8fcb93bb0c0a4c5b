//! What incomplete data say about the assumptions of a factor model.

use super::{Standardized, Unrestricted};
use crate::{
    EVIDENCE_LEVEL, FactorModel, LinearError,
    factor_analysis::{
        LEAST_UNIQUENESS,
        evidence::{self, CURVED, DETERMINED, ENOUGH, INTERIOR, LEAST_KMO, SHARED},
        warnings::{at_bound, quoted},
    },
    kaiser_meyer_olkin,
};
use ndarray::Axis;
use unmix_core::{Evidence, Incomplete, Verdict};
use unmix_numerics::chi_square_tail;

const AT_RANDOM: &str = "whether a value is missing depends on observed values alone";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 6] = [SHARED, DETERMINED, CURVED, INTERIOR, ENOUGH, AT_RANDOM];

/// All evidence about a fitted model. Tests of the correlations compare with the unrestricted maximum of the likelihood; where it does not exist
/// they say so.
pub(super) fn of(x: &Incomplete, model: &FactorModel) -> Result<Vec<Evidence>, LinearError> {
    let data = Standardized::of(x)?;
    let unrestricted = unrestricted(&data, model);
    Ok(vec![
        shared(&data, &unrestricted)?,
        evidence::determined(model),
        evidence::curved(model)?,
        interior(&data, model, x.names()),
        enough(x, &data, model, &unrestricted)?,
        at_random(x, &data, &unrestricted)?,
    ])
}

/// From the model's own mean and covariance, which are near, or why there is none.
fn unrestricted(data: &Standardized, model: &FactorModel) -> Result<Unrestricted, String> {
    if data.rows <= data.columns() {
        return Err("there are no more rows than columns".to_owned());
    }
    let mean = (&model.mean - &data.mean) / &data.sd;
    let covariance = &model.covariance() / &data.sd / data.sd.view().insert_axis(Axis(1));
    match Unrestricted::of(data, mean, covariance) {
        Ok(Some(unrestricted)) => Ok(unrestricted),
        Ok(None) => Err("the EM algorithm for all correlations does not end".to_owned()),
        Err(_) => Err("the observed values determine no regular correlations".to_owned()),
    }
}

fn untestable(assumption: &'static str, detail: String) -> Evidence {
    Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail }
}

/// The likelihood-ratio test of no correlation, and the Kaiser–Meyer–Olkin measure of the unrestricted correlations.
fn shared(data: &Standardized, unrestricted: &Result<Unrestricted, String>) -> Result<Evidence, LinearError> {
    let unrestricted = match unrestricted {
        Ok(unrestricted) => unrestricted,
        Err(why) => return Ok(untestable(SHARED, format!("the test of no correlation compares with all correlations, and {why}"))),
    };
    let d = data.columns();
    let chi_squared = (2.0 * (unrestricted.log_likelihood - data.independent_log_likelihood())).max(0.0);
    let p = chi_square_tail(chi_squared, (d * (d - 1) / 2) as f64)?;
    let kmo = kaiser_meyer_olkin(unrestricted.correlation(data).r.view())?.overall;
    Ok(Evidence {
        assumption: SHARED,
        verdict: if p <= EVIDENCE_LEVEL && kmo >= LEAST_KMO { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p),
        margin: Some(kmo - LEAST_KMO),
        detail: format!(
            "likelihood-ratio test of no correlation, from all observed values: chi-squared {chi_squared:.1} on {} degrees of freedom; \
             Kaiser-Meyer-Olkin measure {kmo:.2}, of which {LEAST_KMO} are needed (margin)",
            d * (d - 1) / 2
        ),
    })
}

/// The bound is in units of the observed variances.
fn interior(data: &Standardized, model: &FactorModel, names: &[String]) -> Evidence {
    let uniqueness = &model.uniqueness / &data.sd.mapv(|sd| sd * sd);
    let heywood = at_bound(&uniqueness, names);
    let least = uniqueness.iter().copied().fold(f64::INFINITY, f64::min);
    Evidence {
        assumption: INTERIOR,
        verdict: if heywood.is_empty() { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(least - LEAST_UNIQUENESS),
        detail: if heywood.is_empty() {
            format!("least uniqueness {least:.3} of an observed variance, its bound {LEAST_UNIQUENESS}")
        } else {
            format!("Heywood case: the uniqueness of {} is at its bound, {LEAST_UNIQUENESS}", quoted(&heywood))
        },
    }
}

/// The likelihood-ratio test against all correlations, without a correction, which is known for complete data alone.
fn enough(
    x: &Incomplete,
    data: &Standardized,
    model: &FactorModel,
    unrestricted: &Result<Unrestricted, String>,
) -> Result<Evidence, LinearError> {
    let rotated = evidence::rotated(&model.rotation);
    let unrestricted = match unrestricted {
        Ok(unrestricted) => unrestricted,
        Err(why) => {
            let detail = format!("the likelihood-ratio test compares with all correlations, and {why}{rotated}");
            return Ok(untestable(ENOUGH, detail));
        }
    };
    let (d, k) = (model.columns(), model.components());
    let freedom = ((d - k).pow(2) - (d + k)) / 2;
    if freedom == 0 {
        return Ok(untestable(ENOUGH, format!("the model has no degrees of freedom and fits any correlations{rotated}")));
    }
    let fitted = model.log_density_observed(x.x())?.sum() + data.log_scale();
    let chi_squared = (2.0 * (unrestricted.log_likelihood - fitted)).max(0.0);
    let p = chi_square_tail(chi_squared, freedom as f64)?;
    Ok(Evidence {
        assumption: ENOUGH,
        verdict: if p > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p),
        margin: Some(p - EVIDENCE_LEVEL),
        detail: format!(
            "likelihood-ratio test of the model against all correlations, from all observed values: chi-squared {chi_squared:.1} on {freedom} degrees of \
             freedom; with many rows it finds misfits that do not matter{rotated}"
        ),
    })
}

/// No data tell whether missing values depend on themselves; Little's test can tell that they depend on something.
fn at_random(x: &Incomplete, data: &Standardized, unrestricted: &Result<Unrestricted, String>) -> Result<Evidence, LinearError> {
    let missing = x.missing();
    if missing == 0 {
        let detail = "no value is missing".to_owned();
        return Ok(Evidence { assumption: AT_RANDOM, verdict: Verdict::Supported, p_value: None, margin: None, detail });
    }
    let share = 100.0 * missing as f64 / (x.rows() * x.columns()) as f64;
    let all = "what is missing cannot be compared with what is not";
    let little = match unrestricted {
        Err(why) => format!("Little's test that they are missing completely at random needs all correlations, and {why}"),
        Ok(_) if data.patterns.len() < 2 => "all rows miss the same".to_owned(),
        Ok(unrestricted) => {
            let (chi_squared, freedom) = unrestricted.little(data)?;
            if freedom == 0 {
                return Ok(untestable(
                    AT_RANDOM,
                    format!("{missing} values ({share:.1} %) are missing, and {all}: no two patterns share a column"),
                ));
            }
            let p = chi_square_tail(chi_squared, freedom as f64)?;
            let finding = if p > EVIDENCE_LEVEL {
                "does not refute that they are missing completely at random"
            } else {
                "refutes that they are missing completely at random, so that deleting rows would bias the fit"
            };
            format!("Little's test, chi-squared {chi_squared:.1} on {freedom} degrees of freedom (p = {p:.2e}), {finding}")
        }
    };
    Ok(untestable(AT_RANDOM, format!("{missing} values ({share:.1} %) are missing, and {all}; {little}")))
}
