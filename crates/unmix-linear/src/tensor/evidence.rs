//! What a tensor and its decomposition say about the assumptions of uniqueness.

use super::{CpModel, Tensor, around::gram_without, core_consistency, cp::EXACT, k_rank};
use crate::{EVIDENCE_LEVEL, LinearError};
use rand::RngExt;
use unmix_core::{Evidence, Seed, Verdict};
use unmix_numerics::symmetric_eigen;

const KRUSKAL: &str = "the factors meet Kruskal's condition";
const TERMS: &str = "every fitted component is a term of the tensor";
const NOISE: &str = "what the components leave is noise";
const ATTAINED: &str = "the least error is attained, and by these components alone";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 4] = [KRUSKAL, TERMS, NOISE, ATTAINED];

/// Bro and Kiers (2003) call a model with a core consistency above 90 % very trilinear, and one near 50 % problematic.
const TRILINEAR: f64 = 0.9;
const PROBLEMATIC: f64 = 0.5;

/// Two terms with a congruence below this cancel each other: the error has an infimum and no minimum (Kruskal, Harshman and Lundy 1989;
/// de Silva and Lim 2008, SIAM Journal on Matrix Analysis 30(3)). The value is ours.
const CANCELLING: f64 = -0.9;

/// Residuals with random signs that the real ones are compared with.
const FLIPS: u64 = 99;

/// All evidence about a fitted decomposition.
pub(super) fn of(x: &Tensor, model: &CpModel, seed: Seed) -> Result<Vec<Evidence>, LinearError> {
    Ok(vec![kruskal(model)?, terms(x, model)?, noise(x, model, seed)?, attained(model)])
}

fn evidence(assumption: &'static str, verdict: Verdict, margin: Option<f64>, detail: String) -> Evidence {
    Evidence { assumption, verdict, p_value: None, margin, detail }
}

fn kruskal(model: &CpModel) -> Result<Evidence, LinearError> {
    let k = model.components();
    let present = model.weights.iter().all(|&w| w > 0.0);
    if k == 1 {
        let verdict = if present { Verdict::Supported } else { Verdict::Refuted };
        return Ok(evidence(KRUSKAL, verdict, None, "a single term is always unique up to scale".to_owned()));
    }
    let ranks = model.factors.iter().map(|factor| k_rank(factor.view())).collect::<Result<Vec<_>, _>>()?;
    let needed = 2 * k + model.factors.len() - 1;
    let (least, most) = ranks.iter().fold((0, 0), |(least, most), rank| (least + rank.least, most + rank.most));
    let verdict = match (present, least >= needed, most < needed) {
        (true, true, _) => Verdict::Supported,
        (true, false, false) => Verdict::Untestable,
        _ => Verdict::Refuted,
    };
    let list: Vec<String> = ranks
        .iter()
        .map(|rank| if rank.least == rank.most { rank.least.to_string() } else { format!("{} to {}", rank.least, rank.most) })
        .collect();
    let detail = format!(
        "k-ranks of the fitted factors: {}; their sum has to be at least {needed} (margin: by how much it is, columns with a Gram eigenvalue below 0.001 \
         counting as dependent). The condition is sufficient, and for more than three components not necessary",
        list.join(", ")
    );
    Ok(evidence(KRUSKAL, verdict, Some(least as f64 - needed as f64), detail))
}

fn terms(x: &Tensor, model: &CpModel) -> Result<Evidence, LinearError> {
    if model.components() == 1 {
        return Ok(evidence(
            TERMS,
            Verdict::Untestable,
            None,
            "the core consistency of a single component is 100 % whatever the tensor".to_owned(),
        ));
    }
    let Some(consistency) = core_consistency(x, model)? else {
        let detail = "the core consistency is not determined: a factor has not full column rank, or the core is too large".to_owned();
        return Ok(evidence(TERMS, Verdict::Untestable, None, detail));
    };
    let verdict = match consistency {
        c if c >= TRILINEAR => Verdict::Supported,
        c if c < PROBLEMATIC => Verdict::Refuted,
        _ => Verdict::Untestable,
    };
    let detail = format!(
        "core consistency {:.1} % (Bro and Kiers 2003): at least {:.0} % supports, below {:.0} % refutes; it falls with components too many and with \
         interactions, not with components too few",
        100.0 * consistency,
        100.0 * TRILINEAR,
        100.0 * PROBLEMATIC
    );
    Ok(evidence(TERMS, verdict, Some(consistency - TRILINEAR), detail))
}

/// Independent symmetric noise has the same distribution after random changes of sign; structure loses its rank. The components have taken from the
/// residuals what they could, which makes the test reject less often than its level.
fn noise(x: &Tensor, model: &CpModel, seed: Seed) -> Result<Evidence, LinearError> {
    if model.error <= EXACT.sqrt() {
        return Ok(evidence(NOISE, Verdict::Supported, None, format!("nothing is left: relative error {:.1e}", model.error)));
    }
    let mut residual = Tensor { values: model.tensor() };
    residual.values.zip_mut_with(&x.values, |fitted, x| *fitted = x - *fitted);
    let scale = residual.scale();
    residual.values /= scale;
    let observed = largest_share(&residual)?;
    let mut at_least = 0_u32;
    for flip in 0..FLIPS {
        let mut stream = seed.stream("cp-sign-flips", flip);
        // signs that are random already are so after another change
        residual.values.mapv_inplace(|v| if stream.random::<bool>() { v } else { -v });
        at_least += u32::from(largest_share(&residual)? >= observed);
    }
    let p_value = f64::from(at_least + 1) / (FLIPS + 1) as f64;
    Ok(Evidence {
        assumption: NOISE,
        verdict: if p_value > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(p_value - EVIDENCE_LEVEL),
        detail: format!(
            "relative error {:.3}; the largest share of the squared residuals in one direction of a mode is {observed:.3}, compared with {FLIPS} \
             residuals of random sign (a test of independent, symmetric noise; small: components are missing, or factors would have to be negative)",
            model.error
        ),
    })
}

/// The largest eigenvalue of the residuals' Gram matrices, as a share of the sum, over modes.
fn largest_share(residual: &Tensor) -> Result<f64, LinearError> {
    let mut share = 0.0_f64;
    for mode in 0..residual.order() {
        let eigen = symmetric_eigen(residual.around(mode).gram()?.view())?;
        share = share.max(eigen.values.first().copied().unwrap_or(0.0) / eigen.values.sum());
    }
    Ok(share)
}

fn attained(model: &CpModel) -> Evidence {
    let starts = model.starts;
    let k = model.components();
    let cosines = super::congruence::cosines(&model.factors, &model.factors, (k, k));
    let pairs = cosines.indexed_iter().filter(|((r, s), _)| r < s);
    let least = pairs.map(|(_, &c)| c).fold(1.0, f64::min);
    let collinear = (0..model.factors.len()).map(|mode| conditioning(model, mode)).fold(1.0, f64::min);
    let verdict = if least < CANCELLING || starts.agreeing < starts.as_good || (starts.made > 1 && starts.as_good == 1) {
        Verdict::Refuted
    } else if starts.made == 1 {
        Verdict::Untestable
    } else {
        Verdict::Supported
    };
    let detail = format!(
        "{} of {} starts reach the least error, {} of them with the same components (margin: the share of them); least congruence of two components {least:.2}, \
         below {CANCELLING} they cancel each other and the error has no minimum; least eigenvalue of the products of all but one mode {collinear:.1e}",
        starts.as_good, starts.made, starts.agreeing
    );
    evidence(ATTAINED, verdict, Some(starts.agreeing as f64 / starts.as_good.max(1) as f64), detail)
}

/// The least eigenvalue of the Gram matrix of the Khatri–Rao product of all factors but that of `mode`.
fn conditioning(model: &CpModel, mode: usize) -> f64 {
    let gram = gram_without(&model.factors, mode);
    symmetric_eigen(gram.view()).ok().and_then(|eigen| eigen.values.last().copied()).unwrap_or(0.0)
}
