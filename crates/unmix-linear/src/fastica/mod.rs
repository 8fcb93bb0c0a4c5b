//! Independent component analysis by FastICA (Hyvärinen 1999, IEEE Transactions on Neural Networks 10(3), 626–634).
//!
//! The codes are the projections of white data that are farthest from Gaussian, as a contrast function sees it. The update and the
//! stopping rule are scikit-learn's, so that fixed points agree; unlike there, an iteration that stops in a saddle point goes on. Codes
//! have unit variance, come in the order of the share of the variables' variance that they explain, and have the sign that makes the
//! largest entry of their mixing column positive, in standard deviations of the variables.
//!
//! Which assumptions hold is tested on rows that the tested fit has not seen: [`GaussianSources`] and [`Dependence`].

mod contrast;
mod dependence;
mod gaussian_sources;
mod held_out;
mod iteration;
mod kernel;
mod saddle;

pub use contrast::Contrast;
pub use dependence::Dependence;
pub use gaussian_sources::{GaussianSources, anderson_darling};

use crate::{LinearError, LinearModel, whitening::Whitening};
use contrast::Score;
use iteration::{Rotation, Rule, deflation, parallel, random_start};
use kernel::White;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_core::{
    Checks, Claim, Class, DataError, Evidence, Fit, Fitted, Observations, Params, Run, Seed, Stop, Verdict, Warning, require_columns,
};

/// The probability with which the tests behind the evidence may speak for an assumption that does not hold (Gaussian sources), or
/// against one that does (dependence).
pub const EVIDENCE_LEVEL: f64 = 0.05;

pub(crate) const INDEPENDENT: &str = "the variables are an invertible linear mixture of independent sources";
pub(crate) const ONE_GAUSSIAN: &str = "at most one source is Gaussian";
pub(crate) const NOTHING_DROPPED: &str = "the directions that `components` drops hold no source";

/// How the components are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// All at once, with symmetric decorrelation.
    #[default]
    Parallel,
    /// One after another: errors of the first add up in the last.
    Deflation,
}

/// The parameters of FastICA. Defaults are scikit-learn's.
///
/// ```
/// use unmix_core::Params;
/// use unmix_linear::FastIcaParams;
///
/// let error = FastIcaParams { alpha: 3.0, starts: 0, ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`alpha` is 3, allowed is 1 to 2; `starts` is 0, it must be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FastIcaParams {
    /// The number of sources; all columns if `None`. Fewer keep the leading principal components.
    pub components: Option<usize>,
    /// All components at once or one after another.
    pub algorithm: Algorithm,
    /// The measure of non-Gaussianity.
    pub contrast: Contrast,
    /// The constant of [`Contrast::LogCosh`], from 1 to 2; the others ignore it.
    pub alpha: f64,
    /// The most iterations, of each component under [`Algorithm::Deflation`].
    pub max_iterations: usize,
    /// Stops when no component turns further in a step than `| |<w, w'>| - 1 | < tolerance`, scikit-learn's rule: 1e-4 is an angle of
    /// 0.8 degrees.
    pub tolerance: f64,
    /// Random starts, of which the fit with the largest contrast is kept.
    pub starts: usize,
}

impl Default for FastIcaParams {
    fn default() -> Self {
        Self {
            components: None,
            algorithm: Algorithm::Parallel,
            contrast: Contrast::LogCosh,
            alpha: 1.0,
            max_iterations: 200,
            tolerance: 1e-4,
            starts: 1,
        }
    }
}

impl Params for FastIcaParams {
    type Estimator = FastIca;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.within("alpha", self.alpha, 1.0..=2.0);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
        checks.at_least("starts", self.starts, 1);
    }

    fn seal(self) -> FastIca {
        FastIca { params: self }
    }
}

/// The estimator that [`FastIcaParams`] build.
#[derive(Clone, Debug)]
pub struct FastIca {
    params: FastIcaParams,
}

impl FastIca {
    fn score(&self) -> Score {
        Score { contrast: self.params.contrast, alpha: self.params.alpha }
    }

    /// As [`fit`](Fit::fit), from a given unmixing `[k, d]` (of another fit, say) instead of random ones. Its rows need not be orthogonal.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit); [`DataError::ColumnCount`] if `start` is not `d` wide, [`DataError::TooFewRows`] if it does not have one row a
    /// component.
    pub fn fit_from(&self, x: &Observations, start: ArrayView2<'_, f64>, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        require_columns(start, x.columns())?;
        let needed = self.params.components.unwrap_or(x.columns());
        if start.nrows() != needed {
            return Err(DataError::TooFewRows { needed, found: start.nrows(), reason: "start each component" }.into());
        }
        run.in_pool(|run| self.fit_starts(x, Some(start), run))
    }

    fn fit_starts(
        &self,
        x: &Observations,
        start: Option<ArrayView2<'_, f64>>,
        run: &mut Run<'_>,
    ) -> Result<Fitted<LinearModel>, LinearError> {
        let whitening = Whitening::of(x, self.params.components)?;
        let white = White::of(x.x(), &whitening);
        let (Rotation { w, change, iterations, stop }, contrast) = match start {
            Some(unmixing) => self.rotation(&white, unmixing.dot(&whitening.colour), run)?,
            None => self.best_rotation(&white, run)?,
        };
        let (model, change) = ordered_model(whitening, &w, &change);
        let mut warnings = Vec::new();
        if stop == Stop::MaxIterations {
            warnings.push(not_converged(&change, self.params.tolerance, iterations));
        }
        Ok(Fitted { model, stop, iterations, objective: Some(contrast), warnings })
    }

    /// The best of all random starts, with its contrast.
    fn best_rotation(&self, white: &White, run: &mut Run<'_>) -> Result<(Rotation, f64), LinearError> {
        let first = random_start(white.components, &mut run.seed.stream("fastica", 0));
        let mut best = self.rotation(white, first, run)?;
        for index in 1..self.params.starts as u64 {
            if best.0.stop == Stop::Cancelled {
                break;
            }
            let from = random_start(white.components, &mut run.seed.stream("fastica", index));
            let other = self.rotation(white, from, run)?;
            if other.1 > best.1 || other.0.stop == Stop::Cancelled {
                best = other;
            }
        }
        Ok(best)
    }

    /// Where the iteration ends that starts at `from` `[k, k]`, with its contrast.
    fn rotation(&self, white: &White, from: Array2<f64>, run: &mut Run<'_>) -> Result<(Rotation, f64), LinearError> {
        let rule = Rule { max_iterations: self.params.max_iterations, tolerance: self.params.tolerance };
        let rotation = match self.params.algorithm {
            Algorithm::Parallel => parallel(white, from, self.score(), rule, run)?,
            Algorithm::Deflation => deflation(white, from, self.score(), rule, run)?,
        };
        let contrast = self.negentropy(white, &rotation.w);
        Ok((rotation, contrast))
    }

    /// `Σ (E G(y) - E G(ν))²` over the codes: what FastICA maximises, up to a factor an approximation of their negentropy in nats
    /// (Hyvärinen 1999, eq. 7).
    fn negentropy(&self, white: &White, w: &Array2<f64>) -> f64 {
        let (gaussian, _) = self.score().gaussian();
        white.contrasts(w, self.score()).iter().map(|value| (value - gaussian).powi(2)).sum()
    }
}

impl Fit<Observations> for FastIca {
    type Model = LinearModel;
    type Error = LinearError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| self.fit_starts(x, None, run))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Comon (1994), Independent component analysis, a new concept?, Signal Processing 36, Theorem 11",
            assumptions: match self.params.components {
                None => &[INDEPENDENT, ONE_GAUSSIAN],
                Some(_) => &[INDEPENDENT, ONE_GAUSSIAN, NOTHING_DROPPED],
            },
        }
    }

    fn screen(&self, x: &Observations, seed: Seed) -> Vec<Evidence> {
        vec![gaussian_sources::screen(x, seed)]
    }

    fn evidence(&self, x: &Observations, model: &LinearModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| {
            let mut evidence = held_out::evidence(self, x, run)?;
            if self.params.components.is_some() {
                evidence.push(nothing_dropped(x, model)?);
            }
            Ok(evidence)
        })
    }
}

/// The model of rotation `w` `[k, k]`, its components in order and with their signs; `change` `[k]` comes along.
fn ordered_model(whitening: Whitening, w: &Array2<f64>, change: &Array1<f64>) -> (LinearModel, Array1<f64>) {
    let Whitening { mean, deviation, whiten, colour } = whitening;
    let mixing = colour.dot(&w.t());
    let unmixing = w.dot(&whiten);
    // in standard deviations of each variable, so that neither order nor sign depends on the columns' units
    let standard = &mixing / &deviation.insert_axis(Axis(1));
    let explained: Vec<f64> = standard.map_axis(Axis(0), |a| a.dot(&a)).to_vec();
    let mut order: Vec<usize> = (0..explained.len()).collect();
    order.sort_by(|&a, &b| explained[b].total_cmp(&explained[a]));
    let mut mixing = mixing.select(Axis(1), &order);
    let mut unmixing = unmixing.select(Axis(0), &order);
    for ((mut column, mut row), &component) in mixing.columns_mut().into_iter().zip(unmixing.rows_mut()).zip(&order) {
        let largest = standard.column(component).iter().fold(0.0_f64, |most, &a| if a.abs() > most.abs() { a } else { most });
        if largest < 0.0 {
            column.mapv_inplace(|a| -a);
            row.mapv_inplace(|b| -b);
        }
    }
    (LinearModel { mean, mixing, unmixing }, change.select(Axis(0), &order))
}

fn not_converged(change: &Array1<f64>, tolerance: f64, iterations: usize) -> Warning {
    let turning: Vec<String> = change
        .iter()
        .enumerate()
        .filter(|(_, change)| **change >= tolerance)
        .map(|(i, change)| format!("z{} (by {change:.1e})", i + 1))
        .collect();
    let text = format!(
        "after {iterations} iterations these components still turn more than the tolerance {tolerance:e}: {}; raise `max_iterations`, \
         try another contrast, or check that at most one source is Gaussian",
        turning.join(", ")
    );
    Warning { code: "not-converged", text }
}

/// The share of the variance of `x` that fewer components than columns leave out.
fn nothing_dropped(x: &Observations, model: &LinearModel) -> Result<Evidence, LinearError> {
    /// Dropped shares below this are rounding.
    const ROUNDING: f64 = 1e-9;
    let variances = crate::whitening::representable_moments(x)?.covariance.diag().to_owned();
    let kept = model.mixing.map_axis(Axis(1), |row| row.dot(&row));
    let dropped = 1.0 - kept.sum() / variances.sum();
    Ok(Evidence {
        assumption: NOTHING_DROPPED,
        verdict: if dropped < ROUNDING { Verdict::Supported } else { Verdict::Untestable },
        p_value: None,
        margin: Some(dropped),
        detail: format!("{:.1} % of the variance lies in the dropped directions (margin: this share)", 100.0 * dropped.max(0.0)),
    })
}
