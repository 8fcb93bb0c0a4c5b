//! Which side of the Gaussian a source is on, as a contrast sees it.
//!
//! At the unmixing a contrast `G` with `g = G'` depends on a source `s` of variance 1 through `κ = E g'(s) - E s g(s)`, which is 0 for a Gaussian: two
//! sources of `κ = 0` may be rotated against each other without a change to second order (Hyvärinen 1999; Cardoso 2000, in Unsupervised Adaptive
//! Filtering 1, chapter 4). So a method needs more than Comon's theorem, which asks whether sources
//! are Gaussian: its contrast has to see that they are not. For the fourth power `κ` is minus the excess kurtosis.
//!
//! Codes are taken at variance 1, where FastICA and Picard-O hold them; Infomax and Picard give each source the scale that its density asks for, so for them it
//! is the `κ` of a source near that scale. The level of the test is approximate: two mixed codes need not have `κ = 0` because their sources have.

use super::{EVIDENCE_LEVEL, Ica, ONE_GAUSSIAN, SEEN, contrast::Score, held_out};
use crate::{LinearError, LinearModel};
use ndarray::{Array2, ArrayView1};
use unmix_core::{Evidence, Observations, Run, Verdict};
use unmix_numerics::normal_two_sided;

/// The evidence of a method with this contrast, which sources may be on either side of.
pub(super) fn evidence<I: Ica>(
    estimator: &I,
    score: Score,
    x: &Observations,
    model: &LinearModel,
    run: &Run<'_>,
) -> Result<Vec<Evidence>, LinearError> {
    let seen = |codes: &[Array2<f64>; 2]| seen(codes, score);
    held_out::evidence(estimator, x, model, run, &[(ONE_GAUSSIAN, &held_out::one_gaussian), (SEEN, &seen)])
}

/// "At least two codes have `κ = 0`" is a partial conjunction, whose p-value is twice the second largest of the codes'; both halves have to refute it.
fn seen(codes: &[Array2<f64>; 2], score: Score) -> Evidence {
    let second = |half: &Array2<f64>| {
        let mut magnitudes: Vec<f64> = half.columns().into_iter().map(|code| side(code, score).abs()).collect();
        magnitudes.sort_by(f64::total_cmp);
        // a single code cannot be two
        magnitudes.get(1).copied().unwrap_or(f64::INFINITY)
    };
    let second = codes.iter().map(second).fold(f64::INFINITY, f64::min);
    let p_value = (2.0 * normal_two_sided(second)).min(1.0);
    Evidence {
        assumption: SEEN,
        verdict: if p_value <= EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p_value),
        margin: Some(second),
        detail: format!(
            "E g'(s) - E s g(s) of the codes, 0 for a Gaussian, on rows that a refit to the others has not seen (the weaker of both halves), Benjamini-Heller partial \
             conjunction: the second smallest is {second:.1} standard errors from 0 (margin)"
        ),
    }
}

/// `E ψ'(s) E s² - E ψ(s) s` of a code, in standard errors.
pub(super) fn side(code: ArrayView1<'_, f64>, score: Score) -> f64 {
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
