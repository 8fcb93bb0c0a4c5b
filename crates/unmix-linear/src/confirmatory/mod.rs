//! Confirmatory factor analysis: factors that are known by which variables load on them.
//!
//! The model is `x = mean + Λ z + e` with codes `z ~ N(0, Φ)` `[k]`, noise `e ~ N(0, Ψ)` and a pattern that says which entries of the loadings `Λ`
//! `[d, k]`, of `Φ` and of `Ψ` are free. It is fitted by maximum likelihood on the covariance matrix (Jöreskog 1969, Psychometrika 34(2), 183–202), with
//! divisor `n`. The zeros of the pattern are what rotates the factors: where they determine the parameters, codes are known up to their sign.
//!
//! ```
//! use ndarray::{Array2, array};
//! use unmix_core::{Fit, Infer, Observations, Params, Run, Seed};
//! use unmix_linear::ConfirmatoryFactorAnalysisParams;
//! use rand_distr::{Distribution, StandardNormal};
//!
//! // three variables for each of two factors, all with noise
//! let mut stream = Seed(3).stream("example", 0);
//! let mut normal = |n, d| -> Array2<f64> { Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream)) };
//! let (z, e) = (normal(500, 2), normal(500, 6));
//! let loadings = array![[1.0, 0.0], [0.8, 0.0], [0.9, 0.0], [0.0, 1.0], [0.0, 0.7], [0.0, 1.2]];
//! let x = Observations::unnamed(z.dot(&loadings.t()) + e)?;
//!
//! let mut params = ConfirmatoryFactorAnalysisParams::default();
//! params.factors.insert("first".to_owned(), ["x1", "x2", "x3"].map(String::from).to_vec());
//! params.factors.insert("second".to_owned(), ["x4", "x5", "x6"].map(String::from).to_vec());
//! let estimator = params.build()?;
//! let mut run = Run::new(1);
//! let fitted = estimator.fit(&x, &mut run)?;
//! assert!(fitted.stop.converged());
//! assert_eq!(fitted.model.fit.degrees_of_freedom, 8);
//! let evidence = estimator.evidence(&x, &fitted.model, &mut run)?;
//! assert_eq!(unmix_core::identified(&estimator.claim(), &evidence), Some(true));
//! # Ok::<(), unmix_core::Fault>(())
//! ```

mod error;
mod evidence;
mod identification;
mod inference;
mod model;
mod params;
mod pattern;
mod search;
mod start;
mod structure;

pub use error::PatternError;
pub use inference::{Estimate, Modification};
pub use model::ConfirmatoryModel;
pub use params::{ConfirmatoryFactorAnalysisParams, Scaling};
pub use structure::Parameter;

use crate::{
    Correlation, EVIDENCE_LEVEL, FitIndices, LinearError,
    factor_analysis::likelihood::{LEAST_UNIQUENESS, mean_log_likelihood},
    fit_indices::Implied,
    scores::score_weights,
};
use identification::require_identified;
use inference::Information;
use ndarray::{Array1, Array2, Axis};
use pattern::Pattern;
use search::{LARGEST_CORRELATION, Search, at_bound};
use structure::{Matrices, Structure};
use unmix_core::{Claim, Class, Evidence, Fit, Fitted, Observations, Run, Seed, Warning};
use unmix_numerics::{log_det_spd, solve_spd};

/// Modifications that a warning names.
const NAMED_MODIFICATIONS: usize = 3;

/// A variable whose standardised loading on its factor is below this gives it no unit.
const LEAST_ANCHOR: f64 = 1e-3;

/// The estimator that [`ConfirmatoryFactorAnalysisParams`] build.
#[derive(Clone, Debug)]
pub struct ConfirmatoryFactorAnalysis {
    params: ConfirmatoryFactorAnalysisParams,
}

impl Fit<Observations> for ConfirmatoryFactorAnalysis {
    type Model = ConfirmatoryModel;
    type Error = LinearError;

    /// The objective is the mean over samples of `ln p(x)` in nats, in the units of `x`.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<ConfirmatoryModel>, LinearError> {
        let pattern = Pattern::of(&self.params, x.names())?;
        let correlation = Correlation::of(x)?;
        // standard errors of variances are of the fourth power of the units
        if let Some((sd, column)) = correlation.sd.iter().zip(x.names()).find(|(sd, _)| !sd.powi(4).is_normal()) {
            return Err(LinearError::Variance { column: column.clone(), variance: sd * sd });
        }
        let structure = pattern.standardized(&correlation.sd);
        require_identified(&pattern, &structure, x.names(), run.seed)?;
        let log_det_r = log_det_spd(correlation.r.view())?;
        let search = Search {
            structure: &structure,
            r: correlation.r.view(),
            log_det_r,
            max_iterations: self.params.max_iterations,
            tolerance: self.params.tolerance,
        };
        let start = structure.values(&start::start(&pattern, correlation.r.view())?);
        let objective = |discrepancy: f64| mean_log_likelihood(discrepancy, log_det_r, correlation.sd.view());
        let found = search.minimise(&start, objective, run)?;

        let held: Vec<_> = structure.free.iter().zip(&found.theta).filter(|(p, value)| at_bound(**p, **value)).map(|(p, _)| *p).collect();
        let matrices = in_own_units(&pattern, structure.at(found.theta.view()).in_units(&correlation.sd), &correlation.sd, x.names())?;
        let model = self.model(&pattern, matrices, &held, &correlation, x.names())?;
        let mut warnings = bound_warnings(&held, &model);
        if model.estimates.iter().all(|estimate| estimate.standard_error.is_none()) {
            let text =
                "the information matrix is singular at the estimate: there are no standard errors and no modification indices".to_owned();
            warnings.push(Warning { code: "singular-information", text });
        }
        warnings.extend(misfit_warning(&model));
        Ok(Fitted { objective: Some(model.fit.log_likelihood), model, stop: found.stop, iterations: found.iterations, warnings })
    }

    fn claim(&self) -> Claim {
        let params = &self.params;
        let anchored = !params.factors.is_empty() && params.factors.keys().all(|factor| params.anchors.contains_key(factor));
        let echelon = !params.echelon.is_empty();
        Claim {
            class: if params.scaling == Scaling::Marker || anchored { Class::Exact } else { Class::Sign },
            theorem: if echelon {
                "Anderson and Rubin (1956), section 5: loadings of uncorrelated factors whose first rows form a lower triangle without zeros on its \
                 diagonal have no rotation left but signs"
            } else {
                "Jöreskog (1969), Psychometrika 34(2), after Reiersøl (1950): zeros at known places leave no rotation of the factors, where \
                 they determine the parameters (Wald's rank rule); Bollen (1989), chapter 7: three variables of its own, or two and a correlation \
                 with another factor, determine a factor up to its sign"
            },
            assumptions: if echelon { &evidence::OF_ECHELON } else { &evidence::OF_FACTORS },
        }
    }

    fn screen(&self, x: &Observations, seed: Seed) -> Vec<Evidence> {
        evidence::screen(Pattern::of(&self.params, x.names()), x.names(), seed)
    }

    fn evidence(&self, x: &Observations, model: &ConfirmatoryModel, _: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(&Pattern::of(&self.params, x.names())?, &Correlation::of(x)?, model)
    }
}

impl ConfirmatoryFactorAnalysis {
    /// The model with all that is told of it.
    fn model(
        &self,
        pattern: &Pattern,
        matrices: Matrices,
        held: &[Parameter],
        correlation: &Correlation,
        names: &[String],
    ) -> Result<ConfirmatoryModel, LinearError> {
        let structure = pattern.in_units();
        let s = correlation.covariance();
        let information = Information::of(&matrices, &structure, |p| held.contains(&p), s.view(), correlation.rows)?;
        let name = |parameter: Parameter| parameter.name(names, &pattern.factors);
        let estimate = |&parameter: &Parameter| Estimate {
            parameter,
            name: name(parameter),
            value: matrices.get(parameter),
            standard_error: information.standard_error(parameter),
        };
        let covariance = matrices.covariance();
        let weighted = solve_spd(matrices.noise.view(), matrices.loadings.view())?;
        let sd = &correlation.sd;
        Ok(ConfirmatoryModel {
            estimates: structure.free.iter().map(estimate).collect(),
            fit: indices(pattern, correlation, &covariance)?,
            modifications: information.modifications(&pattern.excluded(&structure), name),
            residual_correlations: (s - &covariance) / sd / sd.view().insert_axis(Axis(1)),
            unmixing: score_weights(&matrices.loadings, &weighted, &matrices.factors, self.params.scores)?,
            scores: self.params.scores,
            variables: names.to_vec(),
            factors: pattern.factors.clone(),
            mean: correlation.mean.clone(),
            sd: sd.clone(),
            loadings: matrices.loadings,
            covariance_of_factors: matrices.factors,
            noise: matrices.noise,
        })
    }
}

/// A model with factors of variance 1, `matrices`, turned to their sign and brought to their unit.
fn in_own_units(pattern: &Pattern, matrices: Matrices, sd: &Array1<f64>, names: &[String]) -> Result<Matrices, LinearError> {
    let mut scales = Array1::ones(pattern.components());
    for (j, &lead) in pattern.lead.iter().enumerate() {
        let loading = matrices.loadings[[lead, j]];
        if !pattern.in_unit_of_lead[j] {
            scales[j] = if loading < 0.0 { -1.0 } else { 1.0 };
        } else if loading.abs() < LEAST_ANCHOR * sd[lead] {
            return Err(PatternError::EmptyAnchor { variable: names[lead].clone(), factor: pattern.factors[j].clone() }.into());
        } else {
            scales[j] = loading;
        }
    }
    Ok(matrices.with_factors_scaled(&scales))
}

/// The free parameters of `structure` that stand at a bound, for a model with factors of variance 1 in the units of `x`.
fn held(structure: &Structure, matrices: &Matrices, sd: &Array1<f64>) -> Vec<Parameter> {
    let standardized = |parameter: Parameter| match parameter {
        Parameter::Noise { first, second } => matrices.get(parameter) / (sd[first] * sd[second]),
        other => matrices.get(other),
    };
    structure.free.iter().copied().filter(|&parameter| at_bound(parameter, standardized(parameter))).collect()
}

/// The fit of a covariance `[d, d]` in the units of `x`.
fn indices(pattern: &Pattern, correlation: &Correlation, covariance: &Array2<f64>) -> Result<FitIndices, LinearError> {
    let (d, n, free) = (correlation.r.nrows(), correlation.rows as f64, pattern.in_units().free.len());
    let implied = Implied {
        covariance,
        degrees_of_freedom: (d * (d + 1) / 2).saturating_sub(free),
        parameters: free + d,
        test_multiplier: n,
        multiplier: n,
    };
    FitIndices::of_implied(correlation, &implied)
}

fn bound_warnings(held: &[Parameter], model: &ConfirmatoryModel) -> Vec<Warning> {
    let warning = |parameter: &Parameter| match *parameter {
        Parameter::Factors { first, second } => Warning {
            code: "factors-not-distinct",
            text: format!(
                "the correlation of \"{}\" and \"{}\" is at its bound, {LARGEST_CORRELATION}: make them one factor",
                model.factors[first], model.factors[second]
            ),
        },
        Parameter::Noise { first: variable, .. } | Parameter::Loading { variable, .. } => Warning {
            code: "heywood-case",
            text: format!(
                "Heywood case: the noise variance of \"{}\" is at its lower bound, {LEAST_UNIQUENESS} of the variance; let it load on another factor, \
                 or drop it",
                model.variables[variable]
            ),
        },
    };
    held.iter().map(warning).collect()
}

/// What to look at where the test rejects the pattern.
fn misfit_warning(model: &ConfirmatoryModel) -> Option<Warning> {
    let p = model.fit.p_value.filter(|&p| p <= EVIDENCE_LEVEL)?;
    let describe = |m: &Modification| format!("\"{}\" (by about {:.1}, to {:.2})", m.name, m.index, m.expected);
    let list: Vec<String> = model.modifications.iter().take(NAMED_MODIFICATIONS).map(describe).collect();
    let text = format!(
        "the pattern is rejected (p = {p:.2e}); chi-squared would fall most if one of these were free: {}; free one at a time, for a reason \
         that does not come from these data",
        list.join(", ")
    );
    (!list.is_empty()).then_some(Warning { code: "misfit", text })
}
