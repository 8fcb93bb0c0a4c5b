//! The search for a factor model of the standardised variables, and its way back to their units.

use super::{
    Extraction, FactorAnalysis, FactorModel, LEAST_UNIQUENESS, RotationReport,
    likelihood::{Profile, mean_log_likelihood},
    minres::Residuals,
    principal_axis::{PrincipalAxis, principal_axis},
    warnings::{communality_warning, heywood_warning, optima_warning, strength_warning},
    wide::Wide,
};
use crate::{
    Correlation, LinearError, PARALLEL_DATASETS, PARALLEL_QUANTILE,
    number_of_factors::{most_factors, parallel_analysis, parallel_analysis_of_wide, require_determined},
    scores::score_weights,
};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use unmix_core::{DataError, Fitted, Observations, Progress, Run, Seed, Stop, Warning};
use unmix_numerics::{Bounds, Lbfgs, Minimum, NumericsError, log_det_spd};

/// A factor model of standardised variables, not yet rotated.
pub(super) struct Extracted {
    /// Loadings on uncorrelated factors, `[d, k]`.
    pub loadings: Array2<f64>,
    /// Variances of the noise, `[d]`.
    pub uniqueness: Array1<f64>,
    pub stop: Stop,
    pub iterations: usize,
    pub objective: f64,
    pub warnings: Vec<Warning>,
}

impl FactorAnalysis {
    /// More rows than columns: from the correlations.
    pub(super) fn fit_tall(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<FactorModel>, LinearError> {
        let correlation = Correlation::of(x)?;
        let mut warnings = Vec::new();
        let components = match self.params.components {
            Some(components) => components,
            None => run.in_pool(|run| components_of(&correlation, run.seed, &mut warnings))?,
        };
        require_determined(components, x.columns())?;
        let mut extracted = match self.params.extraction {
            Extraction::MaximumLikelihood => self.maximum_likelihood(&correlation, components, run)?,
            Extraction::Minres => self.minimum_residuals(&correlation, components, run)?,
            Extraction::PrincipalAxis => self.principal_axis(&correlation, components, x.names(), run)?,
        };
        extracted.warnings.splice(0..0, warnings);
        self.finish(extracted, correlation.mean, correlation.sd, x.names(), run)
    }

    /// No more rows than columns: from the data themselves.
    pub(super) fn fit_wide(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<FactorModel>, LinearError> {
        if self.params.extraction != Extraction::MaximumLikelihood {
            let reason = "have correlations with an inverse, without which there is no extraction but maximum-likelihood";
            return Err(DataError::TooFewRows { needed: x.columns() + 1, found: x.rows(), reason }.into());
        }
        let components = self.params.components.unwrap_or(1);
        x.require_rows(components + 2, "bound the likelihood of as many factors")?;
        let wide = Wide::of(x)?;
        let mut warnings = Vec::new();
        let components = match self.params.components {
            Some(components) => components,
            None => run.in_pool(|run| components_of_wide(&wide, run.seed, &mut warnings))?,
        };
        require_determined(components, x.columns())?;

        let start = wide.start(components)?;
        // the terms of the value are as large as this and may cancel: with it, changes below rounding are known as such
        let offset = start.mapv(f64::recip).sum();
        let discrepancy = |at: ArrayView1<'_, f64>| wide.discrepancy(at, components).map(|(value, gradient)| (value + offset, gradient));
        let objective = |value: f64| wide.mean_log_likelihood(value - offset);
        let (minimum, stop) = self.minimise(&start, discrepancy, objective, 0.0, run)?;
        let uniqueness = Array1::from(minimum.x).mapv(f64::exp);
        let loadings = wide.loadings(&uniqueness, components)?;
        let objective = objective(minimum.value);
        let extracted = Extracted { loadings, uniqueness, stop, iterations: minimum.iterations, objective, warnings };
        self.finish(extracted, wide.mean, wide.sd, x.names(), run)
    }

    fn maximum_likelihood(&self, correlation: &Correlation, components: usize, run: &mut Run<'_>) -> Result<Extracted, LinearError> {
        let profile = Profile { r: correlation.r.view(), components };
        let log_det_r = log_det_spd(correlation.r.view())?;
        let objective = |discrepancy: f64| mean_log_likelihood(discrepancy, log_det_r, correlation.sd.view());
        let (minimum, stop) = self.minimise(&profile.start()?, |x| profile.discrepancy(x), objective, VALUE_TOLERANCE, run)?;
        let uniqueness = Array1::from(minimum.x).mapv(f64::exp);
        let loadings = profile.loadings(&uniqueness)?;
        let (iterations, objective) = (minimum.iterations, objective(minimum.value));
        Ok(Extracted { loadings, uniqueness, stop, iterations, objective, warnings: Vec::new() })
    }

    fn minimum_residuals(&self, correlation: &Correlation, components: usize, run: &mut Run<'_>) -> Result<Extracted, LinearError> {
        let residuals = Residuals { r: correlation.r.view(), components };
        let start = Profile { r: correlation.r.view(), components }.start()?;
        let (minimum, stop) = self.minimise(&start, |x| residuals.discrepancy(x), |value| -value, VALUE_TOLERANCE, run)?;
        let uniqueness = Array1::from(minimum.x).mapv(f64::exp);
        let loadings = residuals.loadings(&uniqueness)?;
        Ok(Extracted { loadings, uniqueness, stop, iterations: minimum.iterations, objective: -minimum.value, warnings: Vec::new() })
    }

    fn principal_axis(
        &self,
        correlation: &Correlation,
        components: usize,
        names: &[String],
        run: &mut Run<'_>,
    ) -> Result<Extracted, LinearError> {
        let residuals = Residuals { r: correlation.r.view(), components };
        let observe = |step, value: f64| {
            let parts = &[("discrepancy", value)];
            let progress = Progress { stage: "factor-analysis", step, total: None, objective: -value, parts };
            run.observer.observe(&progress).is_break()
        };
        let PrincipalAxis { uniqueness, value, above_one, iterations, stop } =
            principal_axis(&residuals, self.params.max_iterations, self.params.tolerance, observe)?;
        let loadings = residuals.loadings(&uniqueness)?;
        let warnings = communality_warning(&above_one, names).into_iter().collect();
        Ok(Extracted { loadings, uniqueness, stop, iterations, objective: -value, warnings })
    }

    /// The minimum over `ln Ψ` from the uniquenesses `start`, and why the search stopped. Each evaluation of `discrepancy` is
    /// reported as a step, by what `objective` makes of it.
    fn minimise(
        &self,
        start: &Array1<f64>,
        discrepancy: impl Fn(ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>), NumericsError>,
        objective: impl Fn(f64) -> f64,
        value_tolerance: f64,
        run: &mut Run<'_>,
    ) -> Result<(Minimum, Stop), LinearError> {
        let start = start.mapv(f64::ln);
        let bounds = Bounds { lower: vec![LEAST_UNIQUENESS.ln(); start.len()], upper: vec![0.0; start.len()] };
        let (max_iterations, gradient_tolerance) = (self.params.max_iterations, self.params.tolerance);
        let minimiser = Lbfgs { max_iterations, gradient_tolerance, value_tolerance, ..Lbfgs::default() };
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
        let stop = if cancelled { Stop::Cancelled } else { stop(minimum.stop) };
        Ok((minimum, stop))
    }

    /// Rotates, returns to the units of `x`, and says what a user should know.
    pub(super) fn finish(
        &self,
        extracted: Extracted,
        mean: Array1<f64>,
        sd: Array1<f64>,
        names: &[String],
        run: &mut Run<'_>,
    ) -> Result<Fitted<FactorModel>, LinearError> {
        let Extracted { loadings, uniqueness, stop, iterations, objective, mut warnings } = extracted;
        let (loadings, correlation, rotation) = run.in_pool(|run| self.rotate(&loadings, run.seed))?;
        // an extraction may have another scale for its bound, and say so itself
        if warnings.iter().all(|warning| warning.code != "heywood-case") {
            warnings.extend(heywood_warning(&uniqueness, names));
        }
        warnings.extend(strength_warning(&loadings));
        warnings.extend(optima_warning(&rotation));
        let loadings = &loadings * &sd.view().insert_axis(Axis(1));
        let uniqueness = &uniqueness * &sd.mapv(|sd| sd * sd);
        let weighted = &loadings / &uniqueness.view().insert_axis(Axis(1));
        let unmixing = score_weights(&loadings, &weighted, &correlation, self.params.scores)?;
        let model = FactorModel { unmixing, correlation, mean, sd, loadings, uniqueness, scores: self.params.scores, rotation };
        Ok(Fitted { model, stop, iterations, objective: Some(objective), warnings })
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

/// A discrepancy is near 1 and known to rounding: a fall below this is none.
const VALUE_TOLERANCE: f64 = 1e-15;

/// The number of factors by parallel analysis, no more than the correlations determine.
pub(crate) fn components_of(correlation: &Correlation, seed: Seed, warnings: &mut Vec<Warning>) -> Result<usize, LinearError> {
    let d = correlation.r.nrows();
    require_determined(1, d)?;
    let retained = parallel_analysis(correlation, PARALLEL_DATASETS, PARALLEL_QUANTILE, seed)?.retained;
    at_most(retained, d, most_factors(d), warnings)
}

/// The same for wide data, no more than keep their likelihood bounded.
fn components_of_wide(wide: &Wide, seed: Seed, warnings: &mut Vec<Warning>) -> Result<usize, LinearError> {
    let (n, d) = wide.z.dim();
    require_determined(1, d)?;
    let retained = parallel_analysis_of_wide(wide.eigenvalues()?, n, d, PARALLEL_DATASETS, PARALLEL_QUANTILE, seed)?.retained;
    at_most(retained, d, most_factors(d).min(n - 2), warnings)
}

fn at_most(retained: usize, d: usize, most: usize, warnings: &mut Vec<Warning>) -> Result<usize, LinearError> {
    if retained == 0 {
        return Err(LinearError::NoFactors);
    }
    if retained > most {
        let text = format!("parallel analysis finds {retained} factors; {d} variables allow at most {most}, which are fitted");
        warnings.push(Warning { code: "fewer-factors-than-retained", text });
    }
    Ok(retained.min(most))
}

pub(crate) fn stop(stop: unmix_numerics::Stop) -> Stop {
    match stop {
        unmix_numerics::Stop::Iterations => Stop::MaxIterations,
        unmix_numerics::Stop::LineSearch => Stop::LineSearch,
        _ => Stop::Tolerance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FactorAnalysisParams, Rotation};
    use rand_distr::{Distribution, StandardNormal};
    use unmix_core::Params;

    /// Both ways lead to one maximum where both can be gone.
    #[test]
    fn wide_and_tall_fits_are_equal() {
        let mut stream = Seed(4).stream("test-wide-and-tall", 0);
        let mut normal = |shape| -> Array2<f64> { Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream)) };
        let x = normal((60, 3)).dot(&normal((3, 14))) + normal((60, 14)) * 2.0;
        let x = Observations::unnamed(x).unwrap();
        for components in 1..=3 {
            // a tighter tolerance than the default, as each end is as near the maximum as its gradient is small
            let params = FactorAnalysisParams {
                components: Some(components),
                rotation: Rotation::None,
                tolerance: 1e-10,
                ..FactorAnalysisParams::default()
            };
            let estimator = params.build().unwrap();
            let (tall, wide) = (estimator.fit_tall(&x, &mut Run::new(1)).unwrap(), estimator.fit_wide(&x, &mut Run::new(1)).unwrap());
            assert!(tall.stop.converged() && wide.stop.converged(), "{:?} {:?}", tall.stop, wide.stop);
            let apart = tall.objective.unwrap() - wide.objective.unwrap();
            assert!(apart.abs() < 1e-12 * tall.objective.unwrap().abs(), "{components}: {apart:e}");
            let uniqueness = tall.model.standardized_uniqueness() - wide.model.standardized_uniqueness();
            assert!(uniqueness.iter().all(|v| v.abs() < 1e-8), "{components}: {uniqueness}");
            let loadings = tall.model.standardized_loadings() - wide.model.standardized_loadings();
            assert!(loadings.iter().all(|v| v.abs() < 1e-8), "{components}: {loadings}");
        }
    }
}
