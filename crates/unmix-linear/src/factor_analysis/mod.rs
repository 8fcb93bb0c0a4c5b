//! Factor analysis: what variables share, apart from what is each one's own.
//!
//! The model is `x = mean + Λ z + e` with codes `z ~ N(0, I)` `[k]`, loadings `Λ` `[d, k]` and noise `e ~ N(0, Ψ)` that is independent across
//! variables. It is fitted to the correlations by minimising the profile likelihood over the uniquenesses `Ψ` (Jöreskog 1967, Psychometrika
//! 32, 443–482), or the squared residuals ([`Extraction::Minres`]), and carried back to the units of `x`; unlike principal components, the result does not depend on these units.
//!
//! Loadings are identified up to a rotation of the codes and no further, up to an affine map if factors may correlate, whatever [`Rotation`] is
//! applied: the rotated loadings are the simplest that explain the data, which is a choice and no finding.

mod evidence;
pub(crate) mod likelihood;
mod minres;
mod model;

pub(crate) use evidence::{INTERIOR, SHARED, interior, shared_variance};
pub(crate) use likelihood::LEAST_UNIQUENESS;
pub use model::{FactorModel, RotationReport};

use crate::{
    Correlation, LinearError, PARALLEL_DATASETS, PARALLEL_QUANTILE, Rotation, Scores, Varimax,
    number_of_factors::{most_factors, parallel_analysis, require_determined},
    scores::score_weights,
};
use likelihood::{Profile, mean_log_likelihood};
use minres::Residuals;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Progress, Run, Seed, Stop, Warning};
use unmix_numerics::{Bounds, Lbfgs, Minimum, NumericsError, log_det_spd};

/// A uniqueness within this factor of its bound is at the bound.
const AT_BOUND: f64 = 1.0 + 1e-6;

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
    /// The number of factors; as [`parallel_analysis`] of the data says if absent.
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
    /// Most iterations of the likelihood.
    pub max_iterations: usize,
    /// The largest derivative of the discrepancy by the logarithm of a uniqueness at which the fit has converged.
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

    /// The objective is the mean over samples of `ln p(x)` in nats, in the units of `x`; for [`Extraction::Minres`] minus half of the sum of the
    /// squared residual correlations.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<FactorModel>, LinearError> {
        let correlation = Correlation::of(x)?;
        let mut warnings = Vec::new();
        let components = match self.params.components {
            Some(components) => components,
            None => run.in_pool(|run| components_of(&correlation, run.seed, &mut warnings))?,
        };
        require_determined(components, x.columns())?;
        let profile = Profile { r: correlation.r.view(), components };
        let log_det_r = log_det_spd(correlation.r.view())?;
        let objective = |discrepancy: f64| match self.params.extraction {
            Extraction::MaximumLikelihood => mean_log_likelihood(discrepancy, log_det_r, correlation.sd.view()),
            Extraction::Minres => -discrepancy,
        };
        let start = profile.start()?;
        let residuals = Residuals { r: correlation.r.view(), components };
        let (minimum, cancelled) = match self.params.extraction {
            Extraction::MaximumLikelihood => self.minimise(&start, |x| profile.discrepancy(x), objective, run)?,
            Extraction::Minres => self.minimise(&start, |x| residuals.discrepancy(x), objective, run)?,
        };
        let uniqueness = Array1::from(minimum.x).mapv(f64::exp);
        let unrotated = match self.params.extraction {
            Extraction::MaximumLikelihood => profile.loadings(&uniqueness)?,
            Extraction::Minres => residuals.loadings(&uniqueness)?,
        };
        let (loadings, correlation_of_factors, rotation) = run.in_pool(|run| self.rotate(&unrotated, run.seed))?;

        warnings.extend(heywood_warning(&uniqueness, x.names()));
        warnings.extend(strength_warning(&loadings));
        warnings.extend(optima_warning(&rotation));
        let loadings = &loadings * &correlation.sd.view().insert_axis(Axis(1));
        let uniqueness = &uniqueness * &correlation.sd.mapv(|sd| sd * sd);
        let weighted = &loadings / &uniqueness.view().insert_axis(Axis(1));
        let model = FactorModel {
            unmixing: score_weights(&loadings, &weighted, &correlation_of_factors, self.params.scores)?,
            correlation: correlation_of_factors,
            mean: correlation.mean,
            sd: correlation.sd.clone(),
            loadings,
            uniqueness,
            scores: self.params.scores,
            rotation,
        };
        Ok(Fitted {
            model,
            stop: if cancelled { Stop::Cancelled } else { stop(minimum.stop) },
            iterations: minimum.iterations,
            objective: Some(objective(minimum.value)),
            warnings,
        })
    }

    fn claim(&self) -> Claim {
        Claim {
            class: if self.params.rotation.is_oblique() { Class::Affine } else { Class::Orthogonal },
            theorem: "Anderson and Rubin (1956), theorem 5.1: uniquenesses are unique and loadings unique up to a rotation of the codes; \
                      no rotation criterion, varimax included, identifies more without knowing that the true loadings are simple; factors that \
                      may correlate are unique up to an invertible linear map",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        vec![shared_variance(Correlation::of(x).as_ref())]
    }

    fn evidence(&self, x: &Observations, model: &FactorModel, _: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(&Correlation::of(x)?, model, x.names())
    }
}

impl FactorAnalysis {
    /// The minimum over `ln Ψ` from the uniquenesses `start`, and whether the observer stopped the search. Each evaluation of `discrepancy` is
    /// reported as a step, by what `objective` makes of it.
    fn minimise(
        &self,
        start: &Array1<f64>,
        discrepancy: impl Fn(ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>), NumericsError>,
        objective: impl Fn(f64) -> f64,
        run: &mut Run<'_>,
    ) -> Result<(Minimum, bool), LinearError> {
        let start = start.mapv(f64::ln);
        let bounds = Bounds { lower: vec![LEAST_UNIQUENESS.ln(); start.len()], upper: vec![0.0; start.len()] };
        // the discrepancy is near 1 and known to rounding: a fall below 1e-15 is none
        let minimiser = Lbfgs { max_iterations: self.params.max_iterations, gradient_tolerance: self.params.tolerance, ..Lbfgs::default() };
        let (mut step, mut cancelled) = (0, false);
        let minimum = minimiser.minimize(&start.to_vec(), Some(&bounds), |x, gradient| {
            // the search shortens its steps over values that are not finite, and so ends where it is
            if cancelled {
                return f64::NAN;
            }
            let Ok((value, slope)) = discrepancy(ArrayView1::from(x)) else { return f64::NAN };
            gradient.iter_mut().zip(slope).for_each(|(to, from)| *to = from);
            step += 1;
            let objective = objective(value);
            let progress = Progress { stage: "factor-analysis", step, total: None, objective, parts: &[("discrepancy", value)] };
            cancelled = run.observer.observe(&progress).is_break();
            value
        })?;
        Ok((minimum, cancelled))
    }

    /// Loadings `[d, k]` on the correlation scale, rotated, in order and with their signs, and the correlations of the factors `[k, k]`.
    fn rotate(&self, unrotated: &Array2<f64>, seed: Seed) -> Result<(Array2<f64>, Array2<f64>, RotationReport), LinearError> {
        let rotated = self.params.rotation.rotate(unrotated.view(), self.params.kaiser, self.params.starts, seed)?;
        let report = RotationReport {
            criterion: self.params.rotation,
            matrix: rotated.rotation,
            starts: rotated.starts,
            agreeing: rotated.agreeing,
            optima: rotated.optima,
        };
        Ok((rotated.loadings, rotated.correlation, report))
    }
}

/// The number of factors by parallel analysis, no more than the correlations determine.
pub(crate) fn components_of(correlation: &Correlation, seed: Seed, warnings: &mut Vec<Warning>) -> Result<usize, LinearError> {
    let d = correlation.r.nrows();
    require_determined(1, d)?;
    let retained = parallel_analysis(correlation, PARALLEL_DATASETS, PARALLEL_QUANTILE, seed)?.retained;
    if retained == 0 {
        return Err(LinearError::NoFactors);
    }
    let most = most_factors(d);
    if retained > most {
        let text = format!("parallel analysis finds {retained} factors; {d} variables determine at most {most}, which are fitted");
        warnings.push(Warning { code: "fewer-factors-than-retained", text });
    }
    Ok(retained.min(most))
}

/// The names of the variables whose uniqueness, on the correlation scale, is at its bound.
fn at_bound<'a>(uniqueness: &'a Array1<f64>, names: &'a [String]) -> Vec<&'a str> {
    let heywood = |psi: f64| psi <= LEAST_UNIQUENESS * AT_BOUND;
    uniqueness.iter().zip(names).filter(|(psi, _)| heywood(**psi)).map(|(_, name)| name.as_str()).collect()
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn heywood_warning(uniqueness: &Array1<f64>, names: &[String]) -> Option<Warning> {
    let heywood = at_bound(uniqueness, names);
    let text = format!(
        "Heywood case: the noise variance of {} is at its lower bound, {LEAST_UNIQUENESS} of the variance; lower `components`, or drop the variable",
        quoted(&heywood)
    );
    (!heywood.is_empty()).then_some(Warning { code: "heywood-case", text })
}

/// A factor whose best loadings are 0: the likelihood asks for fewer factors.
fn strength_warning(loadings: &Array2<f64>) -> Option<Warning> {
    let empty = loadings.columns().into_iter().filter(|column| column.iter().all(|&v| v == 0.0)).count();
    let text = format!("{empty} of the {} factors carry nothing; lower `components`", loadings.ncols());
    (empty > 0).then_some(Warning { code: "empty-factor", text })
}

fn optima_warning(rotation: &RotationReport) -> Option<Warning> {
    let RotationReport { criterion, starts, agreeing, optima, .. } = rotation;
    let text = format!("{criterion} has {optima} distinct optima in {starts} starts; the best was reached from {agreeing}");
    (*optima > 1).then_some(Warning { code: "rotation-optima", text })
}

pub(crate) fn stop(stop: unmix_numerics::Stop) -> Stop {
    match stop {
        unmix_numerics::Stop::Iterations => Stop::MaxIterations,
        unmix_numerics::Stop::LineSearch => Stop::LineSearch,
        _ => Stop::Tolerance,
    }
}
