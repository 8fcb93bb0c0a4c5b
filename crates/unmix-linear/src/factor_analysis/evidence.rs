//! What the data say about the assumptions of a factor model.

use super::{FactorModel, RotationReport, at_bound, likelihood::LEAST_UNIQUENESS, quoted};
use crate::{Correlation, EVIDENCE_LEVEL, FitIndices, LinearError, Rotation, bartlett_sphericity, kaiser_meyer_olkin};
use ndarray::{Array2, Axis};
use unmix_core::{Evidence, Verdict};
use unmix_numerics::symmetric_eigen;

pub(crate) const SHARED: &str = "the variables share variance, and not only in pairs";
const DETERMINED: &str = "the correlations outnumber the parameters";
const CURVED: &str = "the loadings of every factor determine the uniquenesses";
pub(crate) const INTERIOR: &str = "every variable has noise of its own";
const ENOUGH: &str = "this number of factors explains all correlations";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 5] = [SHARED, DETERMINED, CURVED, INTERIOR, ENOUGH];

/// Kaiser and Rice (1974) call smaller values of the Kaiser–Meyer–Olkin measure unacceptable.
const LEAST_KMO: f64 = 0.5;

/// Below this least eigenvalue of the squared residual projector the likelihood is flat in some direction of the uniquenesses. Ours: it is
/// near `(1 - k/d)²` for loadings spread over all variables and 0 for a factor on two variables.
const LEAST_CURVATURE: f64 = 1e-3;

/// Bartlett's test and the Kaiser–Meyer–Olkin measure; data that have no invertible correlations refute the assumption.
pub(crate) fn shared_variance(correlation: Result<&Correlation, &LinearError>) -> Evidence {
    let looks = |correlation: &Correlation| -> Result<_, LinearError> {
        Ok((bartlett_sphericity(correlation.r.view(), correlation.rows)?, kaiser_meyer_olkin(correlation.r.view())?))
    };
    let refuted = |error: &LinearError| Evidence {
        assumption: SHARED,
        verdict: Verdict::Refuted,
        p_value: None,
        margin: None,
        detail: error.to_string(),
    };
    let (sphericity, kmo) = match correlation.map(looks) {
        Ok(Ok(looks)) => looks,
        Ok(Err(error)) => return refuted(&error),
        Err(error) => return refuted(error),
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

/// All evidence about a fitted model.
pub(super) fn of(correlation: &Correlation, model: &FactorModel, names: &[String]) -> Result<Vec<Evidence>, LinearError> {
    let indices = FitIndices::of(correlation, model)?;
    Ok(vec![
        shared_variance(Ok(correlation)),
        determined(&indices),
        curved(model)?,
        interior(model, names),
        enough(&indices, &model.rotation),
    ])
}

/// Ledermann's count; a fit is refused where it is negative.
fn determined(indices: &FitIndices) -> Evidence {
    Evidence {
        assumption: DETERMINED,
        verdict: Verdict::Supported,
        p_value: None,
        margin: Some(indices.degrees_of_freedom as f64),
        detail: format!("degrees of freedom (margin): {}", indices.degrees_of_freedom),
    }
}

/// Local identification (Anderson and Rubin 1956; Lawley and Maxwell 1971): with `P` the projector onto what the factors leave of
/// `Ψ^-½ x`, the matrix of the squared entries of `P` is not singular.
fn curved(model: &FactorModel) -> Result<Evidence, LinearError> {
    let scaled = &model.uncorrelated_loadings()? / &model.uniqueness.mapv(f64::sqrt).insert_axis(Axis(1));
    let eigen = symmetric_eigen(scaled.dot(&scaled.t()).view())?;
    let mut projector = Array2::<f64>::eye(model.columns());
    for (vector, _) in eigen.vectors.columns().into_iter().zip(&eigen.values).take(model.components()).filter(|(_, v)| **v > 0.0) {
        let vector = vector.insert_axis(Axis(1));
        projector -= &vector.dot(&vector.t());
    }
    let values = symmetric_eigen(projector.mapv(|v| v * v).view())?.values;
    let least = values.last().copied().unwrap_or(0.0);
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
    let uniqueness = model.standardized_uniqueness();
    let heywood = at_bound(&uniqueness, names);
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
    let rotated = match rotation {
        RotationReport { criterion: Rotation::None, .. } => String::new(),
        RotationReport { criterion, starts, agreeing, optima, .. } => format!(
            "; {criterion} found {optima} distinct {} in {starts} starts ({agreeing} reached the best): which one is true no data of this \
             kind can tell",
            if *optima == 1 { "optimum" } else { "optima" }
        ),
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
        detail: test + &rotated,
    }
}
