//! Factor analysis of tables with missing values, by maximum likelihood of the values that are there.
//!
//! Each row has the density of its own entries under `x = mean + Λ z + e`; nothing is filled in and no row is deleted. If whether a value is missing
//! depends on observed values alone (*missing at random*), this likelihood may ignore how values came to be missing (Rubin 1976, Biometrika 63(3),
//! 581–592); deleting rows, or means in the place of values, biases the fit unless values are missing completely at random.
//!
//! EM steps (Rubin and Thayer 1982) come near the maximum and a quasi-Newton search with the same expectations reaches it (Jamshidian and Jennrich
//! 1997, Journal of the Royal Statistical Society B 59(3)), with the stopping rule of complete data.

mod evidence;
mod expectation;
mod patterns;
mod unrestricted;

pub(super) use patterns::{Pattern, patterns};

use super::{
    Extraction, FactorAnalysis, FactorAnalysisParams, FactorModel, LEAST_UNIQUENESS,
    extraction::{Extracted, components_of, stop},
    warnings::heywood_warning,
};
use crate::{Correlation, LinearError, number_of_factors::require_determined};
use expectation::{Expectation, Point};
use ndarray::{Array1, Array2, Axis, s};
use patterns::Standardized;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, DataError, Evidence, Fit, Fitted, Incomplete, Params, Progress, Run, Seed, Stop, Warning};
use unmix_numerics::{Bounds, Lbfgs, NumericsError, symmetric_eigen};
use unrestricted::Unrestricted;

/// EM steps before the quasi-Newton search: they are safe far from the maximum and slow near it.
const EM_STEPS: usize = 30;

/// The parameters of factor analysis of tables with missing values: those of factor analysis, of which the extraction must be
/// [`Extraction::MaximumLikelihood`].
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Fit, Incomplete, Infer, Params, Run, Seed};
/// use unmix_linear::IncompleteFactorAnalysisParams;
///
/// // six variables that share one cause; a tenth of the values is missing
/// let mut stream = Seed(3).stream("example", 0);
/// let mut x = Array2::from_shape_simple_fn((400, 6), || stream.random::<f64>());
/// for mut row in x.rows_mut() {
///     row += stream.random::<f64>();
/// }
/// x.mapv_inplace(|v| if stream.random::<f64>() < 0.1 { f64::NAN } else { v });
/// let estimator = IncompleteFactorAnalysisParams::default().build()?;
/// let fitted = estimator.fit(&Incomplete::unnamed(x.clone())?, &mut Run::new(1))?;
/// assert!(fitted.stop.converged());
/// assert_eq!(fitted.model.components(), 1);
/// // codes of what each row has, and what it lacks by the model
/// assert_eq!(fitted.model.infer(x.view())?.dim(), (400, 1));
/// assert!(fitted.model.impute(x.view())?.iter().all(|v| v.is_finite()));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncompleteFactorAnalysisParams(pub FactorAnalysisParams);

impl Params for IncompleteFactorAnalysisParams {
    type Estimator = IncompleteFactorAnalysis;

    fn constraints(&self, checks: &mut Checks) {
        self.0.constraints(checks);
        let rule = "of a table with missing values it is maximum-likelihood; set it, or drop or fill missing values (--missing drop|mean)";
        checks.require("extraction", self.0.extraction == Extraction::MaximumLikelihood, rule);
    }

    fn seal(self) -> IncompleteFactorAnalysis {
        IncompleteFactorAnalysis { estimator: self.0.seal() }
    }
}

/// The estimator that [`IncompleteFactorAnalysisParams`] build.
#[derive(Clone, Debug)]
pub struct IncompleteFactorAnalysis {
    estimator: FactorAnalysis,
}

impl Fit<Incomplete> for IncompleteFactorAnalysis {
    type Model = FactorModel;
    type Error = LinearError;

    /// The objective is the mean over rows of `ln p` of their observed values in nats, in the units of `x`. The model's `sd` are those that it
    /// implies: the observed ones are biased unless values are missing completely at random.
    fn fit(&self, x: &Incomplete, run: &mut Run<'_>) -> Result<Fitted<FactorModel>, LinearError> {
        let data = Standardized::of(x)?;
        let mut warnings = Vec::new();
        let components = match self.estimator.params.components {
            Some(components) => components,
            None => run.in_pool(|run| number_of_factors(&data, run.seed, &mut warnings))?,
        };
        require_determined(components, x.columns())?;
        require_values(&data, components, x.names())?;
        let (at, iterations, stop) = self.search(&data, components, run)?;
        // Ψ is bounded in units of the observed variances
        warnings.extend(heywood_warning(&at.uniqueness, x.names()));
        let objective = (Expectation::of(&data, &at)?.log_likelihood - data.log_scale()) / data.rows as f64;

        let implied = (at.loadings.mapv(|v| v * v).sum_axis(Axis(1)) + &at.uniqueness).mapv(f64::sqrt);
        let loadings = principal(&at)? / implied.view().insert_axis(Axis(1));
        let uniqueness = &at.uniqueness / &implied.mapv(|sd| sd * sd);
        let extracted = Extracted { loadings, uniqueness, stop, iterations, objective, warnings };
        self.estimator.finish(extracted, &data.mean + &(&at.mean * &data.sd), implied * &data.sd, x.names(), run)
    }

    fn claim(&self) -> Claim {
        Claim { assumptions: &evidence::ASSUMPTIONS, ..self.estimator.claim() }
    }

    fn evidence(&self, x: &Incomplete, model: &FactorModel, _: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(x, model)
    }
}

impl IncompleteFactorAnalysis {
    /// The maximum of the likelihood, with the iterations and why they ended.
    fn search(&self, data: &Standardized, components: usize, run: &mut Run<'_>) -> Result<(Point, usize, Stop), LinearError> {
        let (max_iterations, gradient_tolerance) = (self.estimator.params.max_iterations, self.estimator.params.tolerance);
        let (n, scale) = (data.rows as f64, data.log_scale());
        let mut evaluations = 0;
        let mut observe = |log_likelihood: f64| {
            evaluations += 1;
            let (objective, parts) = ((log_likelihood - scale) / n, &[("discrepancy", -2.0 * log_likelihood / n)]);
            run.observer.observe(&Progress { stage: "factor-analysis", step: evaluations, total: None, objective, parts }).is_break()
        };
        let mut at = start(data, components)?;
        for step in 0..EM_STEPS.min(max_iterations) {
            let expectation = Expectation::of(data, &at)?;
            let next = expectation.step()?;
            if observe(expectation.log_likelihood) {
                return Ok((at, step, Stop::Cancelled));
            }
            at = next;
        }

        let (d, start) = (data.columns(), at.flat());
        let mut bounds = Bounds { lower: vec![f64::NEG_INFINITY; start.len()], upper: vec![f64::INFINITY; start.len()] };
        bounds.lower[..d].fill(LEAST_UNIQUENESS.ln());
        let minimiser = Lbfgs {
            max_iterations: max_iterations.saturating_sub(EM_STEPS),
            gradient_tolerance,
            // the gradient decides: a fall of the value is known to fewer digits
            value_tolerance: 0.0,
            ..Lbfgs::default()
        };
        let mut cancelled = false;
        let minimum = minimiser.minimize(&start, Some(&bounds), |flat, gradient| {
            if cancelled {
                return f64::NAN;
            }
            let point = Point::from_flat(flat, d);
            let Ok(expectation) = Expectation::of(data, &point) else { return f64::NAN };
            // in units of the discrepancy of complete data
            gradient.iter_mut().zip(expectation.gradient()).for_each(|(to, slope)| *to = -2.0 * slope / n);
            cancelled = observe(expectation.log_likelihood);
            -2.0 * expectation.log_likelihood / n
        })?;
        let iterations = EM_STEPS.min(max_iterations) + minimum.iterations;
        Ok((Point::from_flat(&minimum.x, d), iterations, if cancelled { Stop::Cancelled } else { stop(minimum.stop) }))
    }
}

/// Fails if a variable has so few values that its noise could vanish: `components` codes and a mean explain `components + 1` of them.
fn require_values(data: &Standardized, components: usize, names: &[String]) -> Result<(), LinearError> {
    let needed = components + 2;
    match data.counts.iter().zip(names).find(|(count, _)| **count < needed as f64) {
        Some((&count, column)) => Err(LinearError::TooFewValues { column: column.clone(), found: count as usize, needed }),
        None => Ok(()),
    }
}

/// By parallel analysis of the correlations of the unrestricted model.
fn number_of_factors(data: &Standardized, seed: Seed, warnings: &mut Vec<Warning>) -> Result<usize, LinearError> {
    components_of(&correlation(data, "find the number of factors of a table with missing values; set `components`")?, seed, warnings)
}

fn correlation(data: &Standardized, reason: &'static str) -> Result<Correlation, LinearError> {
    let d = data.columns();
    if data.rows <= d {
        return Err(DataError::TooFewRows { needed: d + 1, found: data.rows, reason }.into());
    }
    match Unrestricted::of(data, Array1::zeros(d), Array2::eye(d)) {
        Ok(Some(unrestricted)) => Ok(unrestricted.correlation(data)),
        _ => Err(LinearError::NoCorrelations),
    }
}

impl Correlation {
    /// The means, standard deviations and correlations of the Gaussian distribution under which the values of `x` are most likely (EM of
    /// Orchard and Woodbury). They are consistent if values are missing at random, where those of complete rows need not be.
    ///
    /// # Errors
    /// [`LinearError::Data`] for fewer than `d + 1` rows or a constant column; [`LinearError::NoCorrelations`] if the values determine none.
    pub fn of_incomplete(x: &Incomplete) -> Result<Self, LinearError> {
        correlation(&Standardized::of(x)?, "estimate correlations from a table with missing values")
    }
}

/// Probabilistic principal components of the values with means, which are 0, in the place of those missing.
fn start(data: &Standardized, components: usize) -> Result<Point, NumericsError> {
    let d = data.columns();
    let mut r = Array2::<f64>::zeros((d, d));
    for pattern in &data.patterns {
        for ((a, b), product) in pattern.x.t().dot(&pattern.x).indexed_iter() {
            r[[pattern.columns[a], pattern.columns[b]]] += product;
        }
    }
    let roots = data.counts.mapv(f64::sqrt);
    let r = &r / &roots / roots.view().insert_axis(Axis(1));
    let eigen = symmetric_eigen(r.view())?;
    let rest = eigen.values.slice(s![components..]).mean().unwrap_or(0.0);
    let strength = eigen.values.slice(s![..components]).mapv(|e| (e - rest).max(0.0).sqrt());
    let loadings = &eigen.vectors.slice(s![.., ..components]) * &strength;
    // far enough from the bound to move
    let uniqueness = loadings.mapv(|v| v * v).sum_axis(Axis(1)).mapv(|h| (1.0 - h).clamp(0.1, 1.0));
    Ok(Point { mean: Array1::zeros(d), loadings, uniqueness })
}

/// The loadings `[d, k]` rotated to those that a fit of complete data returns: `ΛᵀΨ⁻¹Λ` diagonal, the largest first.
fn principal(at: &Point) -> Result<Array2<f64>, NumericsError> {
    let scaled = &at.loadings / &at.uniqueness.mapv(f64::sqrt).insert_axis(Axis(1));
    let turn = symmetric_eigen(scaled.t().dot(&scaled).view())?.vectors;
    let (mut loadings, scaled) = (at.loadings.dot(&turn), scaled.dot(&turn));
    for (mut column, scaled) in loadings.columns_mut().into_iter().zip(scaled.columns()) {
        if scaled.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most }) < 0.0 {
            column.mapv_inplace(|v| -v);
        }
    }
    Ok(loadings)
}
