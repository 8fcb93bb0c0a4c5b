//! Is at most one source Gaussian? A test with a level, on rows that the fit has not seen.
//!
//! FastICA turns its components until they look as non-Gaussian as possible, so that the codes of the fitted rows look non-Gaussian even
//! where every source is Gaussian. On *other* rows the unmixing is a fixed matrix: whatever the rotation, two Gaussian sources leave two
//! codes Gaussian, and each code's p-value is that of an ordinary test. Non-Gaussian sources that leak into these codes through the
//! error of the fit, of order `1/√n`, change their cumulants by its third or fourth power only.
//!
//! The hypothesis "at least two of `k` sources are Gaussian" is a partial conjunction (Benjamini and Heller 2008, Biometrics 64,
//! 1215–1222, Bonferroni's form with `u = k - 1`): its p-value is twice the second largest of the codes' p-values, by Bonferroni over the two codes that
//! have to be Gaussian. The test of one code is that of Anderson and Darling with mean and variance estimated, which sees every
//! alternative.

use super::{EVIDENCE_LEVEL, ONE_GAUSSIAN};
use ndarray::{Array2, ArrayView2};
use rand::RngExt;
use rand_distr::StandardNormal;
use unmix_core::{Evidence, Observations, Seed, Verdict};
use unmix_numerics::normal_tail;

/// The test of "at least two sources are Gaussian" on held-out codes.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianSources {
    /// Small if at most one source is Gaussian. With two or more, it is below `a` with a probability of at most `a`.
    pub p_value: f64,
    /// The Anderson–Darling statistic of each held-out code, `[k]`.
    pub statistics: Vec<f64>,
    /// Its p-value, `[k]`: small for a code that is not Gaussian.
    pub p_values: Vec<f64>,
    /// The held-out rows.
    pub rows: usize,
}

impl GaussianSources {
    /// Tests the held-out codes `z` `[n, k]`. Their unmixing must not depend on these rows.
    pub fn of(z: ArrayView2<'_, f64>) -> Self {
        let (statistics, p_values): (Vec<f64>, Vec<f64>) = z.columns().into_iter().map(|code| anderson_darling(&code.to_vec())).unzip();
        let p_value = second_largest(&p_values).map_or(0.0, |p| (2.0 * p).min(1.0));
        Self { p_value, statistics, p_values, rows: z.nrows() }
    }

    pub(super) fn evidence(&self) -> Evidence {
        /// The statistic at which a code's p-value is half of [`EVIDENCE_LEVEL`] (D'Agostino and Stephens 1986, table 4.7).
        const CRITICAL: f64 = 0.873;
        let gaussian: Vec<String> = self
            .p_values
            .iter()
            .enumerate()
            .filter(|(_, p)| 2.0 * **p > EVIDENCE_LEVEL)
            .map(|(i, p)| format!("{} (p = {p:.2})", i + 1))
            .collect();
        let supported = self.p_value <= EVIDENCE_LEVEL;
        let found = match (supported, gaussian.as_slice()) {
            (true, []) => "every code is non-Gaussian".to_owned(),
            (true, _) => "all codes but one are non-Gaussian".to_owned(),
            (false, _) => format!("cannot tell these codes of the refit from Gaussian ones: {}", gaussian.join(", ")),
        };
        Evidence {
            assumption: ONE_GAUSSIAN,
            verdict: if supported { Verdict::Supported } else { Verdict::Refuted },
            p_value: Some(self.p_value),
            margin: second_smallest(&self.statistics).map(|a| a - CRITICAL),
            detail: format!(
                "Anderson–Darling on {} rows that a refit to the others has not seen (the weaker of both halves), Benjamini–Heller partial \
                 conjunction: {found} \
                 (margin: the second smallest statistic minus {CRITICAL})",
                self.rows
            ),
        }
    }
}

fn second_largest(values: &[f64]) -> Option<f64> {
    sorted(values).iter().rev().nth(1).copied()
}

fn second_smallest(values: &[f64]) -> Option<f64> {
    sorted(values).get(1).copied()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The Anderson–Darling statistic of `x` `[n]` for a Gaussian of unknown mean and variance, corrected for `n`, and its p-value
/// (D'Agostino and Stephens 1986, Goodness-of-Fit Techniques, tables 4.7 and 4.9). Fewer than 8 values, or equal ones, say nothing:
/// the p-value is 1.
///
/// ```
/// let steps: Vec<f64> = (0..500).map(f64::from).collect();
/// let (statistic, p_value) = unmix_linear::anderson_darling(&steps);
/// assert!(statistic > 5.0 && p_value < 1e-9); // uniform
/// ```
pub fn anderson_darling(x: &[f64]) -> (f64, f64) {
    const FEWEST: usize = 8;
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let deviation = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    if x.len() < FEWEST || !(deviation > 0.0 && deviation.is_finite()) {
        return (0.0, 1.0);
    }
    let mut y: Vec<f64> = x.iter().map(|v| (v - mean) / deviation).collect();
    y.sort_by(f64::total_cmp);
    // ln Φ(y) and ln Φ(-y); far in the tail, where Φ underflows, its leading term
    let ln_tail = |t: f64| if t > 37.0 { -0.5 * t * t - (t * std::f64::consts::TAU.sqrt()).ln() } else { normal_tail(t).ln() };
    let sum: f64 =
        y.iter().zip(y.iter().rev()).enumerate().map(|(i, (low, high))| (2.0 * i as f64 + 1.0) * (ln_tail(-low) + ln_tail(*high))).sum();
    let statistic = (-n - sum / n) * (1.0 + 0.75 / n + 2.25 / (n * n));
    (statistic, p_value(statistic))
}

/// D'Agostino and Stephens (1986), table 4.9.
fn p_value(a: f64) -> f64 {
    /// Above this the fit of the table turns upwards again.
    const LARGEST: f64 = 10.0;
    if a < 0.2 {
        1.0 - (-13.436 + 101.14 * a - 223.73 * a * a).exp()
    } else if a < 0.34 {
        1.0 - (-8.318 + 42.796 * a - 59.938 * a * a).exp()
    } else if a < 0.6 {
        (0.9177 - 4.279 * a - 1.38 * a * a).exp()
    } else {
        let a = a.min(LARGEST);
        (1.2937 - 5.709 * a + 0.0186 * a * a).exp()
    }
}

/// Before any fit: does anything about the data differ from a Gaussian? Tests every column and as many random projections, with
/// Bonferroni's correction. If nothing does, no rotation is better than another.
pub(super) fn screen(x: &Observations, seed: Seed) -> Evidence {
    let d = x.columns();
    let mut stream = seed.stream("fastica-screen", 0);
    let directions: Array2<f64> = Array2::from_shape_simple_fn((d, d), || stream.sample(StandardNormal));
    let deviation = x.x().std_axis(ndarray::Axis(0), 0.0).mapv(|s| if s > 0.0 { s } else { 1.0 });
    let standard = (&x.x() - &x.means()) / &deviation;
    let projections = standard.dot(&directions);
    let columns = x.x();
    let views = columns.columns().into_iter().chain(projections.columns());
    let p_values: Vec<f64> = views.map(|column| anderson_darling(&column.to_vec()).1).collect();
    let p = (p_values.iter().copied().fold(1.0, f64::min) * p_values.len() as f64).min(1.0);
    let different = p <= EVIDENCE_LEVEL;
    let found = if different {
        "the data are not Gaussian; how many sources are is tested after a fit"
    } else {
        "nothing tells these data from Gaussian ones, for which every rotation fits equally well; more rows may"
    };
    Evidence {
        assumption: ONE_GAUSSIAN,
        verdict: if different { Verdict::Untestable } else { Verdict::Refuted },
        p_value: Some(p),
        margin: None,
        detail: format!("Anderson–Darling on {d} columns and {d} random projections, Bonferroni: {found}"),
    }
}
