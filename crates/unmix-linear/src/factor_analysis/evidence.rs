//! What the data say about the assumptions of a factor model.

use super::{
    FactorModel, RotationReport,
    likelihood::LEAST_UNIQUENESS,
    warnings::{at_bound, quoted},
    wide::{Wide, least_curvature},
};
use crate::{Correlation, EVIDENCE_LEVEL, FitIndices, LinearError, Rotation, bartlett_sphericity, kaiser_meyer_olkin};
use ndarray::Array1;
use unmix_core::{Evidence, Verdict};
use unmix_numerics::normal_tail;

pub(crate) const SHARED: &str = "the variables share variance, and not only in pairs";
pub(super) const DETERMINED: &str = "there are correlations enough for the parameters";
pub(super) const CURVED: &str = "the loadings of every factor determine the uniquenesses";
pub(crate) const INTERIOR: &str = "every variable has noise of its own";
pub(super) const ENOUGH: &str = "this number of factors explains all correlations";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 5] = [SHARED, DETERMINED, CURVED, INTERIOR, ENOUGH];

/// Kaiser and Rice (1974) call smaller values of the Kaiser–Meyer–Olkin measure unacceptable.
pub(super) const LEAST_KMO: f64 = 0.5;

/// Below this least eigenvalue of the squared residual projector the likelihood is flat in some direction of the uniquenesses. Ours: it is
/// near `(1 - k/d)²` for loadings spread over all variables and 0 for a factor on two variables.
const LEAST_CURVATURE: f64 = 1e-3;

/// Bartlett's test and the Kaiser–Meyer–Olkin measure; data that have no invertible correlations refute the assumption.
pub(crate) fn shared_variance(correlation: Result<&Correlation, &LinearError>) -> Evidence {
    let looks = |correlation: &Correlation| -> Result<_, LinearError> {
        Ok((bartlett_sphericity(correlation.r.view(), correlation.rows)?, kaiser_meyer_olkin(correlation.r.view())?))
    };
    let (sphericity, kmo) = match correlation.map(looks) {
        Ok(Ok(looks)) => looks,
        Ok(Err(error)) => return refused(&error),
        Err(error) => return refused(error),
    };
    let supported = sphericity.p_value <= EVIDENCE_LEVEL && kmo.overall >= LEAST_KMO;
    Evidence {
        assumption: SHARED,
        verdict: if supported { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(sphericity.p_value),
        margin: Some(kmo.overall - LEAST_KMO),
        detail: format!(
            "Bartlett's test of no correlation: chi-squared {:.1} on {} degrees of freedom; Kaiser-Meyer-Olkin measure {:.2}, \
             of which {LEAST_KMO} are needed (margin)",
            sphericity.chi_squared, sphericity.degrees_of_freedom, kmo.overall
        ),
    }
}

/// Schott's test of no correlation (2005, Biometrika 92(4), 951–956), for which no correlation matrix is inverted: with `n - 1 = m`, the sum of the
/// squared correlations of Gaussian variables that are independent has mean `d(d - 1)/2m` and variance `d(d - 1)(m - 1)/(m²(m + 2))`, and is
/// nearly normal for many variables. It rejects for correlation in pairs alone as well, so it cannot support the assumption.
pub(super) fn shared_variance_of_wide(wide: &Result<Wide, LinearError>) -> Evidence {
    let wide = match wide {
        Ok(wide) => wide,
        Err(error) => return refused(error),
    };
    let (m, d) = (wide.z.nrows() as f64 - 1.0, wide.z.ncols() as f64);
    let (mean, sd) = (0.5 * d * (d - 1.0) / m, (d * (d - 1.0) * (m - 1.0) / (m + 2.0)).sqrt() / m);
    let score = (wide.squared_correlations() - mean) / sd;
    if !score.is_finite() {
        let detail = format!("{} rows are too few for a test of correlations", wide.z.nrows());
        return Evidence { assumption: SHARED, verdict: Verdict::Untestable, p_value: None, margin: None, detail };
    }
    let p = normal_tail(score);
    Evidence {
        assumption: SHARED,
        verdict: if p > EVIDENCE_LEVEL { Verdict::Refuted } else { Verdict::Untestable },
        p_value: Some(p),
        margin: None,
        detail: format!(
            "Schott's test of no correlation: {score:.1} standard deviations above none; whether variables share more than in pairs is asked by the \
             Kaiser-Meyer-Olkin measure, which needs more rows than columns"
        ),
    }
}

fn refused(error: &LinearError) -> Evidence {
    Evidence { assumption: SHARED, verdict: Verdict::Refuted, p_value: None, margin: None, detail: error.to_string() }
}

/// All evidence about a fitted model.
pub(super) fn of(correlation: &Correlation, model: &FactorModel, names: &[String]) -> Result<Vec<Evidence>, LinearError> {
    let indices = FitIndices::of(correlation, model)?;
    Ok(vec![shared_variance(Ok(correlation)), determined(model), curved(model)?, interior(model, names), enough(&indices, &model.rotation)])
}

/// All evidence about a model fitted to no more rows than columns.
pub(super) fn of_wide(wide: Result<Wide, LinearError>, model: &FactorModel, names: &[String]) -> Result<Vec<Evidence>, LinearError> {
    let untestable = Evidence {
        assumption: ENOUGH,
        verdict: Verdict::Untestable,
        p_value: None,
        margin: None,
        detail: "the likelihood-ratio test and the fit indices compare with a model of all correlations, which has no likelihood when the rows are \
                 no more than the columns"
            .to_owned()
            + &rotated(&model.rotation),
    };
    Ok(vec![shared_variance_of_wide(&wide), determined(model), curved(model)?, interior(model, names), untestable])
}

/// Ledermann's count; a fit is refused where it is negative. At 0 one factor is unique, of three variables; several may have other solutions, as the two of
/// Wilson and Worcester (1939) for three factors of six variables.
pub(super) fn determined(model: &FactorModel) -> Evidence {
    let (d, k) = (model.columns(), model.components());
    let degrees_of_freedom = ((d - k).pow(2) - (d + k)) / 2;
    let (verdict, several) = match (degrees_of_freedom, k) {
        (0, 2..) => (Verdict::Untestable, "; with as many correlations as parameters there may be several solutions"),
        _ => (Verdict::Supported, ""),
    };
    Evidence {
        assumption: DETERMINED,
        verdict,
        p_value: None,
        margin: Some(degrees_of_freedom as f64),
        detail: format!("degrees of freedom (margin): {degrees_of_freedom}{several}"),
    }
}

/// Local identification (Anderson and Rubin 1956; Lawley and Maxwell 1971): with `P` the projector onto what the factors leave of
/// `Ψ^-½ x`, the matrix of the squared entries of `P` is not singular.
pub(super) fn curved(model: &FactorModel) -> Result<Evidence, LinearError> {
    let least = least_curvature(model)?;
    Ok(Evidence {
        assumption: CURVED,
        verdict: if least > LEAST_CURVATURE { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(least - LEAST_CURVATURE),
        detail: format!(
            "least eigenvalue of the squared residual projector at the estimate: {least:.2e}; near 0, a factor lives on two variables \
             and their uniquenesses are arbitrary"
        ),
    })
}

pub(crate) fn interior(model: &FactorModel, names: &[String]) -> Evidence {
    interior_at(&model.standardized_uniqueness(), names)
}

/// The same for uniquenesses `[d]` of standardised variables.
pub(crate) fn interior_at(uniqueness: &Array1<f64>, names: &[String]) -> Evidence {
    let heywood = at_bound(uniqueness, names);
    let least = uniqueness.iter().copied().fold(f64::INFINITY, f64::min);
    let detail = if heywood.is_empty() {
        format!("least uniqueness {least:.3}, its bound {LEAST_UNIQUENESS}")
    } else {
        format!("Heywood case: the uniqueness of {} is at its bound, {LEAST_UNIQUENESS}", quoted(&heywood))
    };
    Evidence {
        assumption: INTERIOR,
        verdict: if heywood.is_empty() { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(least - LEAST_UNIQUENESS),
        detail,
    }
}

/// The chi-squared test, with what the rotation adds to the reader's caution.
fn enough(indices: &FitIndices, rotation: &RotationReport) -> Evidence {
    let test = match (indices.p_value, indices.rmsea, indices.rmsea_interval) {
        (Some(_), Some(rmsea), Some((low, high))) => format!(
            "likelihood-ratio test of the model: chi-squared {:.1} on {} degrees of freedom; with many rows it finds \
             misfits that do not matter: RMSEA {rmsea:.3} (90 % interval {low:.3} to {high:.3})",
            indices.chi_squared, indices.degrees_of_freedom
        ),
        _ => "the model has no degrees of freedom and fits any correlations".to_owned(),
    };
    let verdict = match indices.p_value {
        None => Verdict::Untestable,
        Some(p) if p > EVIDENCE_LEVEL => Verdict::Supported,
        Some(_) => Verdict::Refuted,
    };
    Evidence {
        assumption: ENOUGH,
        verdict,
        p_value: indices.p_value,
        margin: indices.p_value.map(|p| p - EVIDENCE_LEVEL),
        detail: test + &rotated(rotation),
    }
}

pub(super) fn rotated(rotation: &RotationReport) -> String {
    match rotation {
        RotationReport { criterion: Rotation::None, .. } => String::new(),
        RotationReport { criterion, starts, agreeing, optima, .. } => format!(
            "; {criterion} found {optima} distinct {} in {starts} starts ({agreeing} reached the best): which one is true no data of this \
             kind can tell",
            if *optima == 1 { "optimum" } else { "optima" }
        ),
    }
}
