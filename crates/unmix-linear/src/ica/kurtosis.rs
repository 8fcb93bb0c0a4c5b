//! Does at most one source have no excess kurtosis? Methods of fourth order see no other difference from a Gaussian.
//!
//! As in [`GaussianSources`](super::GaussianSources), the codes are held out and the hypothesis "at least two are without" is a partial
//! conjunction: its p-value is twice the second largest of the codes' p-values. Each of these is that of the logarithm of the sample
//! kurtosis, `ln (m₄ / 3)`, which is far less skewed than the kurtosis itself, against its standard error by the delta method, or that under a
//! Gaussian, `√(24 / n) / 3`, if it is larger.

use super::{EVIDENCE_LEVEL, jade::ONE_WITHOUT_KURTOSIS};
use ndarray::{Array2, ArrayView1, ArrayView2};
use unmix_core::{Evidence, Verdict};
use unmix_numerics::normal_two_sided;

/// The evidence of two halves of held-out codes: that of the half that says less.
pub(super) fn evidence([one, other]: &[Array2<f64>; 2]) -> Evidence {
    let (one, other) = (Test::of(one.view()), Test::of(other.view()));
    let test = if other.p_value > one.p_value { other } else { one };
    let supported = test.p_value <= EVIDENCE_LEVEL;
    Evidence {
        assumption: ONE_WITHOUT_KURTOSIS,
        verdict: if supported { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(test.p_value),
        margin: Some(test.second),
        detail: format!(
            "logarithm of the kurtosis of the codes over that of a Gaussian, on {} rows that a refit to the others has not seen (the weaker of both halves), Benjamini–Heller \
             partial conjunction: the second smallest is {:.1} standard errors from 0 (margin)",
            test.rows, test.second
        ),
    }
}

struct Test {
    p_value: f64,
    /// The second smallest magnitude, in standard errors.
    second: f64,
    rows: usize,
}

impl Test {
    fn of(z: ArrayView2<'_, f64>) -> Self {
        let mut magnitudes: Vec<f64> = z.columns().into_iter().map(|code| standardised_kurtosis(code).abs()).collect();
        magnitudes.sort_by(f64::total_cmp);
        // a single code cannot be two
        let second = magnitudes.get(1).copied().unwrap_or(f64::INFINITY);
        Self { p_value: (2.0 * normal_two_sided(second)).min(1.0), second, rows: z.nrows() }
    }
}

/// `ln (m₄ / 3)` in standard errors.
fn standardised_kurtosis(code: ArrayView1<'_, f64>) -> f64 {
    let n = code.len() as f64;
    let mean = code.sum() / n;
    let deviation = (code.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    let moment = |power| code.iter().map(|v| ((v - mean) / deviation).powi(power)).sum::<f64>() / n;
    let (third, fourth) = (moment(3), moment(4));
    // the influence of each value on the sample kurtosis, mean and variance estimated
    let influence = |v: &f64| {
        let z = (v - mean) / deviation;
        z.powi(4) - fourth - 2.0 * fourth * (z * z - 1.0) - 4.0 * third * z
    };
    let variance = code.iter().map(|v| influence(v).powi(2)).sum::<f64>() / n;
    (fourth / 3.0).ln() / ((variance / fourth.powi(2)).max(24.0 / 9.0) / n).sqrt()
}
