//! Picard and Picard-O: independent component analysis by L-BFGS, preconditioned with a sparse approximation of the Hessian (Ablin, Cardoso
//! and Gramfort 2018, IEEE Transactions on Signal Processing 66(15), 4040–4049; Picard-O: ICASSP 2018, 4464–4468).
//!
//! Picard maximises the likelihood of sources with a given density, as Infomax does; Picard-O does so over uncorrelated sources and has
//! the optima of FastICA. `extended` turns the score of sub-Gaussian sources around (Lee, Girolami and Sejnowski 1999), so that both
//! kinds are found.
//!
//! Settings and stopping rule are those of `python-picard` 0.8, with three departures: rotations are Cayley transforms instead of matrix
//! exponentials, which agree to second order and keep the unmixing orthogonal to rounding; a fit in which no step along the gradient
//! improves the objective says so and stops, where the original goes on from the worse point; sources have unit variance in both variants.

mod evidence;
mod iteration;

pub(super) use evidence::{claim as density_claim, density_suits};

use super::{
    Contrast, Ended, Ica, comon,
    contrast::Score,
    gaussian_sources, held_out, negentropy,
    starts::{self, FromStart},
    white::White,
};
use crate::{LinearError, LinearModel, Reduction};
use iteration::{Rule, minimise};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Evidence, Fault, Fit, FitRows, Fitted, Observations, Params, Rows, Run, Seed};

pub(crate) const DENSITY_SUITS: &str =
    "every source is on the side of the Gaussian that the density is on (with `extended`, it may be on either)";

/// The parameters of Picard. Defaults are those of `python-picard`.
///
/// ```
/// use unmix_core::Params;
/// use unmix_linear::PicardParams;
///
/// let error = PicardParams { tolerance: -1.0, memory: 0, ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`tolerance` is -1, it must be finite and above 0; `memory` is 0, it must be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PicardParams {
    /// The number of sources; all columns if `None`. Fewer keep the leading principal components.
    pub components: Option<usize>,
    /// With fewer components than columns, whose principal components.
    pub reduction: Reduction,
    /// Minus the logarithm of the sources' density, up to a constant.
    pub contrast: Contrast,
    /// The constant of [`Contrast::LogCosh`] (1 if `None`) and [`Contrast::Exp`] (0.1 if `None`), from 0.01 to 10.
    pub alpha: Option<f64>,
    /// Whether sources may be sub-Gaussian: the sign of each score follows the source. If `None`, Picard-O allows it and Picard does not.
    pub extended: Option<bool>,
    /// The most iterations.
    pub max_iterations: usize,
    /// Stops when no entry of the relative gradient is larger.
    pub tolerance: f64,
    /// The steps that L-BFGS remembers.
    pub memory: usize,
    /// The most halvings of a step.
    pub halvings: usize,
    /// The least curvature that the approximate Hessian is taken to have.
    pub least_curvature: f64,
    /// Random starts, of which the fit with the largest contrast is kept.
    pub starts: usize,
}

impl Default for PicardParams {
    fn default() -> Self {
        Self {
            components: None,
            reduction: Reduction::Covariance,
            contrast: Contrast::LogCosh,
            alpha: None,
            extended: None,
            max_iterations: 500,
            tolerance: 1e-7,
            memory: 7,
            halvings: 10,
            least_curvature: 0.01,
            starts: 1,
        }
    }
}

impl Params for PicardParams {
    type Estimator = Picard;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.within("alpha", self.alpha.unwrap_or(1.0), 0.01..=10.0);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
        checks.at_least("memory", self.memory, 1);
        checks.at_least("halvings", self.halvings, 1);
        checks.positive("least_curvature", self.least_curvature);
        checks.at_least("starts", self.starts, 1);
    }

    fn seal(self) -> Picard {
        Picard { extended: self.extended.unwrap_or(false), orthogonal: false, params: self }
    }
}

/// The parameters of Picard-O: those of Picard, of which it has its own default of `extended`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PicardOParams(pub PicardParams);

impl Params for PicardOParams {
    type Estimator = Picard;

    fn constraints(&self, checks: &mut Checks) {
        self.0.constraints(checks);
    }

    fn seal(self) -> Picard {
        Picard { extended: self.0.extended.unwrap_or(true), orthogonal: true, params: self.0 }
    }
}

/// The estimator that [`PicardParams`] and [`PicardOParams`] build.
#[derive(Clone, Debug)]
pub struct Picard {
    params: PicardParams,
    extended: bool,
    /// Whether sources are kept uncorrelated: Picard-O.
    orthogonal: bool,
}

impl Picard {
    fn score(&self) -> Score {
        let usual = if self.params.contrast == Contrast::Exp { 0.1 } else { 1.0 };
        Score { contrast: self.params.contrast, alpha: self.params.alpha.unwrap_or(usual) }
    }

    fn rule(&self) -> Rule {
        let PicardParams { max_iterations, tolerance, memory, halvings, least_curvature, .. } = self.params;
        let Self { extended, orthogonal, .. } = *self;
        Rule { method: self.name(), orthogonal, extended, max_iterations, tolerance, memory, halvings, least_curvature }
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

impl FromStart for Picard {
    fn name(&self) -> &'static str {
        if self.orthogonal { "picard-o" } else { "picard" }
    }

    fn starts(&self) -> usize {
        self.params.starts
    }

    fn tolerance(&self) -> (f64, &'static str) {
        (self.params.tolerance, "gradient")
    }

    fn sample(&self) -> usize {
        0
    }

    fn end(&self, white: &White<'_>, from: Array2<f64>, run: &mut Run<'_>) -> Result<(Ended, f64), LinearError> {
        let ended = minimise(white, &from, self.score(), self.rule(), run)?;
        let contrast = negentropy(white, &ended.w, Score { alpha: 1.0, ..self.score() })?;
        Ok((ended, contrast))
    }
}

impl Fit<Observations> for Picard {
    type Model = LinearModel;
    type Error = LinearError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| starts::fit(self, x, None, run))
    }

    fn claim(&self) -> Claim {
        evidence::claim(self.extended, comon(self.params.components))
    }

    fn screen(&self, x: &Observations, seed: Seed) -> Vec<Evidence> {
        vec![gaussian_sources::screen(x, seed)]
    }

    fn evidence(&self, x: &Observations, model: &LinearModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| evidence::of(self, x, model, run))
    }
}

/// Rows that do not fit in memory are read in every step, and once more for each halving of one.
impl FitRows for Picard {
    fn fit_rows(&self, rows: &dyn Rows, memory: usize, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, Fault> {
        run.in_pool(|run| starts::fit_rows(self, rows, memory, run))
    }

    fn evidence_rows(&self, rows: &dyn Rows, model: &LinearModel, memory: usize, run: &mut Run<'_>) -> Result<Vec<Evidence>, Fault> {
        run.in_pool(|run| held_out::evidence_rows(self, rows, model, memory, run))
    }
}

impl Ica for Picard {
    fn components(&self) -> Option<usize> {
        self.params.components
    }

    fn reduction(&self) -> Reduction {
        self.params.reduction
    }
}
