//! What a density of one kind assumes of the sources, and the test of it.
//!
//! Without `extended` the optimum is the unmixing only if the sources are on the side of the Gaussian that the density is on: for a source
//! `s`, `κ = E ψ'(s) E s² - E ψ(s) s` is positive (Cardoso 2000, in Unsupervised Adaptive Filtering 1, chapter 4); at most one may be 0. The
//! fit itself cannot tell, since it ends at mixtures with positive `κ`; so the test refits with both kinds allowed, and looks at the held-out
//! codes of that fit.

use super::{DENSITY_SUITS, Picard};
use crate::{
    LinearError, LinearModel,
    ica::{EVIDENCE_LEVEL, INDEPENDENT, NOTHING_DROPPED, ONE_GAUSSIAN, contrast::Score, held_out},
};
use ndarray::ArrayView1;
use unmix_core::{Claim, Evidence, Observations, Run, Verdict};
use unmix_numerics::normal_tail;

pub(in super::super) fn claim(extended: bool, comon: Claim) -> Claim {
    if extended {
        return comon;
    }
    let dropped = comon.assumptions.contains(&NOTHING_DROPPED);
    Claim {
        assumptions: if dropped {
            &[INDEPENDENT, ONE_GAUSSIAN, DENSITY_SUITS, NOTHING_DROPPED]
        } else {
            &[INDEPENDENT, ONE_GAUSSIAN, DENSITY_SUITS]
        },
        ..comon
    }
}

pub(super) fn of(estimator: &Picard, x: &Observations, model: &LinearModel, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let mut evidence = held_out::evidence(estimator, x, model, run, ONE_GAUSSIAN, held_out::one_gaussian)?;
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

/// `E ψ'(s) E s² - E ψ(s) s` of a code, in standard errors.
fn side(code: ArrayView1<'_, f64>, score: Score) -> f64 {
    let n = code.len() as f64;
    let mean = code.sum() / n;
    let deviation = (code.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let standard: Vec<f64> = code.iter().map(|v| (v - mean) / deviation).collect();
    let squares: Vec<f64> = standard.iter().map(|v| v * v).collect();
    let (mut g, mut slopes) = (standard.clone(), vec![0.0; standard.len()]);
    score.sums(&mut g);
    score.slopes(&g, &squares, &mut slopes);
    let average_slope = slopes.iter().sum::<f64>() / n;
    // the last part is the influence of the estimated variance
    let terms: Vec<f64> = (0..standard.len()).map(|i| slopes[i] - g[i] * standard[i] + average_slope * (squares[i] - 1.0)).collect();
    let kappa = terms.iter().sum::<f64>() / n;
    let error = (terms.iter().map(|t| (t - kappa).powi(2)).sum::<f64>() / n / n).sqrt();
    kappa / error
}
