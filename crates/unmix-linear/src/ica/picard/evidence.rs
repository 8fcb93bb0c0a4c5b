//! What a density of one kind assumes of the sources, and the test of it.
//!
//! Without `extended` the unmixing is an optimum if the sources are on the side of the Gaussian that the density is on: for a source
//! `s`, `κ = E ψ'(s) E s² - E ψ(s) s` is positive (Cardoso 2000, in Unsupervised Adaptive Filtering 1, chapter 4); at most one may be 0. It is
//! enough, and not necessary: what decides is every pair, for rotations by `κ_i + κ_j > 0`, so that one source on the wrong side does no harm beside
//! sources far enough on the right one. The fit itself cannot tell, since it ends at mixtures with positive `κ`; so the test refits with both kinds
//! allowed, and looks at the held-out codes of that fit.

use super::{DENSITY_SUITS, Picard};
use crate::{
    LinearError, LinearModel,
    ica::{
        EVIDENCE_LEVEL, INDEPENDENT, NOTHING_DROPPED, ONE_GAUSSIAN, SEEN, held_out,
        side::{self, side},
    },
};
use unmix_core::{Claim, Evidence, Observations, Run, Verdict};
use unmix_numerics::normal_tail;

pub(in super::super) fn claim(extended: bool, comon: Claim) -> Claim {
    if extended {
        return comon;
    }
    let dropped = comon.assumptions.contains(&NOTHING_DROPPED);
    Claim {
        assumptions: if dropped {
            &[INDEPENDENT, ONE_GAUSSIAN, SEEN, DENSITY_SUITS, NOTHING_DROPPED]
        } else {
            &[INDEPENDENT, ONE_GAUSSIAN, SEEN, DENSITY_SUITS]
        },
        ..comon
    }
}

pub(super) fn of(estimator: &Picard, x: &Observations, model: &LinearModel, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let mut evidence = side::evidence(estimator, estimator.score(), x, model, run)?;
    if !estimator.extended {
        let both_kinds = Picard { extended: true, orthogonal: true, ..estimator.clone() };
        evidence.push(density_suits(&both_kinds, x, run)?);
    }
    Ok(evidence)
}

/// The evidence of a fit by `estimator`, which allows both kinds.
pub(in super::super) fn density_suits(estimator: &Picard, x: &Observations, run: &Run<'_>) -> Result<Evidence, LinearError> {
    let evidence = |verdict, p_value, margin, detail| Evidence { assumption: DENSITY_SUITS, verdict, p_value, margin, detail };
    let codes = match held_out::codes(estimator, x, run) {
        Ok([codes, _]) => codes,
        Err(LinearError::Data(error)) => {
            return Ok(evidence(Verdict::Untestable, None, None, format!("a refit to half of the rows fails: {error}")));
        }
        Err(error) => return Err(error),
    };
    let z: Vec<f64> = codes.columns().into_iter().map(|code| side(code, estimator.score())).collect();
    let lowest = z.iter().copied().fold(f64::INFINITY, f64::min);
    // the wrong side: Bonferroni over the codes
    let wrong = (normal_tail(-lowest) * z.len() as f64).min(1.0);
    let mut ascending = z.clone();
    ascending.sort_by(f64::total_cmp);
    // the right side: all but one have to be there, a partial conjunction as in `GaussianSources`
    let right = ascending.get(1).map_or(0.0, |second| (2.0 * normal_tail(*second)).min(1.0));
    let verdict = match (wrong <= EVIDENCE_LEVEL, right <= EVIDENCE_LEVEL) {
        (true, _) => Verdict::Refuted,
        (false, true) => Verdict::Supported,
        (false, false) => Verdict::Untestable,
    };
    let detail = format!(
        "sign of E ψ'(s) E s² - E ψ(s) s on {} rows that a refit with both kinds allowed has not seen: its lowest value over the codes is \
         {lowest:.1} standard errors (margin); a source that is clearly below 0 needs `extended`",
        codes.nrows()
    );
    Ok(evidence(verdict, Some(if verdict == Verdict::Refuted { wrong } else { right }), Some(lowest), detail))
}
