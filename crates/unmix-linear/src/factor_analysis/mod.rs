//! Factor analysis: what variables share, apart from what is each one's own.
//!
//! The model is `x = mean + Λ z + e` with codes `z ~ N(0, I)` `[k]`, loadings `Λ` `[d, k]` and noise `e ~ N(0, Ψ)` that is independent across
//! variables. It is fitted to the correlations by minimising the profile likelihood over the uniquenesses `Ψ` (Jöreskog 1967, Psychometrika
//! 32, 443–482), or the squared residuals ([`Extraction::Minres`]), and carried back to the units of `x`; unlike principal components, the result does
//! not depend on these units. With no more rows than columns, where the correlations have no inverse, the same likelihood is maximised
//! without them (Dai, Dutta and Maitra 2020).
//!
//! Loadings are identified up to a rotation of the codes and no further, up to an affine map if factors may correlate, whatever [`Rotation`] is
//! applied: the rotated loadings are the simplest that explain the data, which is a choice and no finding.

mod conditional;
mod evidence;
mod extraction;
mod incomplete;
pub(crate) mod likelihood;
mod minres;
mod model;
mod principal_axis;
mod warnings;
mod wide;

pub(crate) use evidence::{INTERIOR, SHARED, interior, interior_at, shared_variance};
pub(crate) use extraction::{components_of, stop};
pub use incomplete::{IncompleteFactorAnalysis, IncompleteFactorAnalysisParams};
pub(crate) use likelihood::LEAST_UNIQUENESS;
pub use model::{FactorModel, RotationReport};
pub(crate) use warnings::heywood_warning;

use crate::{Correlation, LinearError, Rotation, Scores, Varimax};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Run, Seed};
use wide::Wide;

/// What a factor model is fitted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Extraction {
    /// The likelihood of Gaussian observations: efficient, and what the fit indices are made for.
    #[default]
    MaximumLikelihood,
    /// The smallest squared residual correlations, R's `minres`: no distribution assumed, and tolerant of correlations that a likelihood
    /// strains at.
    Minres,
    /// Iterated communalities from squared multiple correlations (Harman 1976), R's `pa`: another way to the same residuals, slower, with the
    /// communalities above 1 that it meets in the warnings.
    PrincipalAxis,
}

/// The parameters of factor analysis.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::FactorAnalysisParams;
///
/// // six variables that share one cause
/// let mut stream = Seed(3).stream("example", 0);
/// let mut x = Array2::from_shape_simple_fn((300, 6), || stream.random::<f64>());
/// for mut row in x.rows_mut() {
///     row += stream.random::<f64>();
/// }
/// // without `components`, parallel analysis says how many factors there are
/// let fitted = FactorAnalysisParams::default().build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?;
/// assert!(fitted.stop.converged());
/// assert_eq!(fitted.model.components(), 1);
/// // half of each variance is shared
/// assert!(fitted.model.communalities().iter().all(|share| (share - 0.5).abs() < 0.2));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FactorAnalysisParams {
    /// The number of factors; as [`parallel_analysis`](crate::parallel_analysis) of the data says if absent.
    pub components: Option<usize>,
    /// What the loadings are fitted by.
    pub extraction: Extraction,
    /// The rotation of the loadings.
    pub rotation: Rotation,
    /// Whether the rotation gives all variables the same weight (Kaiser's normalisation).
    pub kaiser: bool,
    /// Starts of the rotation, the first from the unrotated loadings and the others random.
    pub starts: usize,
    /// How codes are estimated.
    pub scores: Scores,
    /// Most iterations of the extraction.
    pub max_iterations: usize,
    /// The largest derivative of the discrepancy by the logarithm of a uniqueness at which the fit has converged; for
    /// [`Extraction::PrincipalAxis`] the largest change of a communality.
    pub tolerance: f64,
}

impl Default for FactorAnalysisParams {
    /// Factors from the data; varimax with Kaiser's normalisation and 20 starts; regression scores; 1000 iterations to 1e-8.
    fn default() -> Self {
        Self {
            components: None,
            extraction: Extraction::default(),
            rotation: Rotation::default(),
            kaiser: true,
            starts: Varimax::default().starts,
            scores: Scores::default(),
            max_iterations: 1000,
            tolerance: 1e-8,
        }
    }
}

impl Params for FactorAnalysisParams {
    type Estimator = FactorAnalysis;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.at_least("starts", self.starts, 1);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> FactorAnalysis {
        FactorAnalysis { params: self }
    }
}

/// The estimator that [`FactorAnalysisParams`] build.
#[derive(Clone, Debug)]
pub struct FactorAnalysis {
    params: FactorAnalysisParams,
}

impl Fit<Observations> for FactorAnalysis {
    type Model = FactorModel;
    type Error = LinearError;

    /// The objective is the mean over samples of `ln p(x)` in nats, in the units of `x`; for the other extractions minus half of the sum of the
    /// squared residual correlations. With no more rows than columns the likelihood is maximised without a matrix of correlations.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<FactorModel>, LinearError> {
        if x.rows() <= x.columns() { self.fit_wide(x, run) } else { self.fit_tall(x, run) }
    }

    fn claim(&self) -> Claim {
        Claim {
            class: if self.params.rotation.is_oblique() { Class::Affine } else { Class::Orthogonal },
            theorem: "Anderson and Rubin (1956), theorem 5.1: if without any one variable two disjoint sets of k still have loadings of full rank, \
                      which takes 2k + 1 variables, uniquenesses are unique and loadings unique up to a rotation of the codes; with fewer \
                      this holds for almost all loadings if the correlations outnumber the parameters (Bekker and ten Berge 1997); \
                      no rotation criterion, varimax included, identifies more without knowing that the true loadings are simple; factors that \
                      may correlate are unique up to an invertible linear map",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        if x.rows() <= x.columns() {
            return vec![evidence::shared_variance_of_wide(&Wide::of(x))];
        }
        vec![shared_variance(Correlation::of(x).as_ref())]
    }

    fn evidence(&self, x: &Observations, model: &FactorModel, _: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        if x.rows() <= x.columns() {
            return evidence::of_wide(Wide::of(x), model, x.names());
        }
        evidence::of(&Correlation::of(x)?, model, x.names())
    }
}
