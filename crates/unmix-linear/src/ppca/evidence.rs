//! What the eigenvalues say about the noise and about the components beside it.

use super::PpcaModel;
use crate::{EVIDENCE_LEVEL, LinearError};
use unmix_core::{Evidence, Verdict};
use unmix_numerics::chi_square_tail;

const ISOTROPIC: &str = "the noise has one variance in all directions";
const ABOVE: &str = "every component has more variance than the noise";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 2] = [ISOTROPIC, ABOVE];

/// All evidence about a fitted model; `chosen` says that its number of components is from the same data.
pub(super) fn of(model: &PpcaModel, chosen: bool) -> Result<Vec<Evidence>, LinearError> {
    let isotropic = isotropic(model)?;
    let above = above(model, chosen, isotropic.verdict)?;
    Ok(vec![isotropic, above])
}

/// The likelihood-ratio test that the eigenvalues after the first `kept` are equal (Anderson 1963), with the multiplier
/// `n - 1 - kept - (2q² + q + 2)/(6q)` for `q` of them (Bartlett 1954); on `(q + 2)(q - 1)/2` degrees of freedom.
struct Equality {
    chi_squared: f64,
    freedom: usize,
    p_value: f64,
}

impl Equality {
    /// `None` where there are too few rows.
    fn of(model: &PpcaModel, kept: usize) -> Result<Option<Self>, LinearError> {
        let (d, n) = (model.principal.spectrum.len(), model.principal.rows);
        let q = (d - kept) as f64;
        let factor = n as f64 - 1.0 - kept as f64 - (2.0 * q * q + q + 2.0) / (6.0 * q);
        if n <= d || factor <= 0.0 {
            return Ok(None);
        }
        let rest = || model.principal.spectrum.iter().skip(kept);
        let mean = rest().sum::<f64>() / q;
        let log_ratio: f64 = rest().map(|value| (mean / value).ln()).sum();
        let (chi_squared, freedom) = ((factor * log_ratio).max(0.0), (d - kept + 2) * (d - kept - 1) / 2);
        // a direction without variance is none of noise
        let p_value = if chi_squared.is_finite() { chi_square_tail(chi_squared, freedom as f64)? } else { 0.0 };
        Ok(Some(Self { chi_squared, freedom, p_value }))
    }
}

const FEW_ROWS: &str = "the test needs more rows than columns";

fn isotropic(model: &PpcaModel) -> Result<Evidence, LinearError> {
    let untestable = |detail: &str| Evidence {
        assumption: ISOTROPIC,
        verdict: Verdict::Untestable,
        p_value: None,
        margin: None,
        detail: detail.to_owned(),
    };
    let (d, k) = (model.principal.spectrum.len(), model.components());
    if d - k == 1 {
        return Ok(untestable("one direction is left for the noise"));
    }
    let Some(Equality { chi_squared, freedom, p_value }) = Equality::of(model, k)? else { return Ok(untestable(FEW_ROWS)) };
    let (verdict, leniency) = match (p_value > EVIDENCE_LEVEL, model.standardized) {
        (false, _) => (Verdict::Refuted, ""),
        (true, false) => (Verdict::Supported, ""),
        // fewer degrees of freedom than counted
        (true, true) => (Verdict::Untestable, "; standardised columns make the test lenient, so that it can only refute"),
    };
    Ok(Evidence {
        assumption: ISOTROPIC,
        verdict,
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "likelihood-ratio test that the {} smallest eigenvalues are equal, for Gaussian rows: chi-squared {chi_squared:.1} on {freedom} \
             degrees of freedom; noise that differs between variables is what factor-analysis is for{leniency}",
            d - k
        ),
    })
}

/// The test of equal variances after the first `k - 1`. Noise of several variances fails it as a component does, so that it supports nothing where the noise is
/// not one; and of a number that the same data chose among `d - 1`, each too large with its own test, the level is that of all (Bonferroni).
fn above(model: &PpcaModel, chosen: bool, isotropic: Verdict) -> Result<Evidence, LinearError> {
    let (d, k) = (model.principal.spectrum.len(), model.components());
    let last = model.principal.spectrum[k - 1];
    let gap = (last - model.noise_variance()) / last;
    let Some(Equality { chi_squared, freedom, p_value }) = Equality::of(model, k - 1)? else {
        let detail = FEW_ROWS.to_owned();
        return Ok(Evidence { assumption: ABOVE, verdict: Verdict::Untestable, p_value: None, margin: Some(gap), detail });
    };
    let (p_value, selection) = if chosen {
        ((p_value * (d - 1) as f64).min(1.0), "; the number is from the same data: Bonferroni's correction for all numbers")
    } else {
        (p_value, "")
    };
    let (verdict, noise) = match (p_value <= EVIDENCE_LEVEL, isotropic) {
        (false, _) => (Verdict::Refuted, ""),
        (true, Verdict::Refuted) => (Verdict::Untestable, "; with noise of several variances, that may be noise"),
        (true, _) => (Verdict::Supported, ""),
    };
    Ok(Evidence {
        assumption: ABOVE,
        verdict,
        p_value: Some(p_value),
        margin: Some(gap),
        detail: format!(
            "likelihood-ratio test that component {k} and the {} dropped directions have one variance, for Gaussian rows: chi-squared \
             {chi_squared:.1} on {freedom} degrees of freedom (margin: the share of the component's variance that is not noise){selection}{noise}",
            d - k
        ),
    })
}
