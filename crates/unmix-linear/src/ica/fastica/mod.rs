//! FastICA (Hyvärinen 1999, IEEE Transactions on Neural Networks 10(3), 626–634): the codes are the projections of white data that are
//! farthest from Gaussian, as a contrast function sees it.
//!
//! The update and the stopping rule are scikit-learn's, so that fixed points agree; unlike there, an iteration that stops in a saddle point
//! goes on.

mod iteration;
mod saddle;

use super::{
    Contrast, Ended, Ica, comon,
    contrast::Score,
    gaussian_sources, held_out, negentropy, side,
    starts::{self, FromStart},
    white::White,
};
use crate::{LinearError, LinearModel, Reduction};
use iteration::{Rotation, Rule, deflation, parallel};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Evidence, Fault, Fit, FitRows, Fitted, Observations, Params, Rows, Run, Seed};

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
    /// With fewer components than columns, whose principal components.
    pub reduction: Reduction,
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
            reduction: Reduction::Covariance,
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

    /// The contrast as [`Score::sums`] takes it: its exponential has a constant, and this one has not.
    fn sums_score(&self) -> Score {
        let alpha = if self.params.contrast == Contrast::Exp { 1.0 } else { self.params.alpha };
        Score { alpha, ..self.score() }
    }

    /// As [`fit`](Fit::fit), from a given unmixing `[k, d]` (of another fit, say) instead of random ones. Its rows need not be orthogonal.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit); [`ColumnCount`](unmix_core::DataError::ColumnCount) if `start` is not `d` wide,
    /// [`TooFewRows`](unmix_core::DataError::TooFewRows) if it does not have one row a component.
    pub fn fit_from(&self, x: &Observations, start: ArrayView2<'_, f64>, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| starts::fit(self, x, Some(start), run))
    }
}

impl FromStart for FastIca {
    fn name(&self) -> &'static str {
        "fastica"
    }

    fn starts(&self) -> usize {
        self.params.starts
    }

    fn tolerance(&self) -> (f64, &'static str) {
        (self.params.tolerance, "turning by")
    }

    fn sample(&self) -> usize {
        if self.params.algorithm == Algorithm::Parallel { saddle::MOST_ROWS } else { 0 }
    }

    fn end(&self, white: &White<'_>, from: Array2<f64>, run: &mut Run<'_>) -> Result<(Ended, f64), LinearError> {
        let rule = Rule { max_iterations: self.params.max_iterations, tolerance: self.params.tolerance };
        let Rotation { w, change, iterations, stop } = match self.params.algorithm {
            Algorithm::Parallel => parallel(white, from, self.score(), rule, run)?,
            Algorithm::Deflation => deflation(white, from, self.score(), rule, run)?,
        };
        let contrast = negentropy(white, &w, self.score())?;
        Ok((Ended::rotation(w, change, iterations, stop), contrast))
    }
}

impl Fit<Observations> for FastIca {
    type Model = LinearModel;
    type Error = LinearError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| starts::fit(self, x, None, run))
    }

    fn claim(&self) -> Claim {
        comon(self.params.components)
    }

    fn screen(&self, x: &Observations, seed: Seed) -> Vec<Evidence> {
        vec![gaussian_sources::screen(x, seed)]
    }

    fn evidence(&self, x: &Observations, model: &LinearModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| side::evidence(self, self.sums_score(), x, model, run))
    }
}

/// Rows that do not fit in memory are read in every iteration.
impl FitRows for FastIca {
    fn fit_rows(&self, rows: &dyn Rows, memory: usize, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, Fault> {
        run.in_pool(|run| starts::fit_rows(self, rows, memory, run))
    }

    fn evidence_rows(&self, rows: &dyn Rows, model: &LinearModel, memory: usize, run: &mut Run<'_>) -> Result<Vec<Evidence>, Fault> {
        run.in_pool(|run| held_out::evidence_rows(self, rows, model, memory, run))
    }
}

impl Ica for FastIca {
    fn components(&self) -> Option<usize> {
        self.params.components
    }

    fn reduction(&self) -> Reduction {
        self.params.reduction
    }
}
