//! Maximum likelihood of a confirmatory model (Jöreskog 1969): a bounded quasi-Newton search, ended by Fisher's scoring.
//!
//! L-BFGS comes near from anywhere; scoring, `θ - H⁻¹g` with the expected second derivatives `H`, does not depend on the scale of parameters and brings the
//! gradient to rounding, which standard errors and score tests ask for.

use super::structure::{Discrepancy, Parameter, Structure, require_positive_definite};
use crate::{
    LinearError,
    factor_analysis::{likelihood::LEAST_UNIQUENESS, stop as stop_of},
};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use unmix_core::{Progress, Run, Stop};
use unmix_numerics::{Bounds, Lbfgs, solve_spd};

/// The largest correlation of two factors. Ours: beyond it they are one.
pub(crate) const LARGEST_CORRELATION: f64 = 0.999;

/// The gradient at which scoring takes over.
const NEAR: f64 = 1e-4;

/// Halvings of a step that does not lower the discrepancy.
const HALVINGS: usize = 30;

/// The discrepancy is a sum of terms near `d` and known to rounding: changes below this times `d` are none.
const ROUNDING: f64 = 1e-14;

/// Where a search ended.
pub(crate) struct Found {
    /// The free parameters, `[q]`.
    pub theta: Array1<f64>,
    pub stop: Stop,
    pub iterations: usize,
}

/// A model of correlations `r` `[d, d]`.
pub(crate) struct Search<'a> {
    pub structure: &'a Structure,
    pub r: ArrayView2<'a, f64>,
    pub log_det_r: f64,
    pub max_iterations: usize,
    pub tolerance: f64,
}

/// Value, gradient and expected second derivatives of the discrepancy.
struct Local {
    value: f64,
    gradient: Array1<f64>,
    curvature: Array2<f64>,
}

impl Search<'_> {
    /// The minimum from `start` `[q]`; `objective` turns a discrepancy into what is reported.
    pub fn minimise(&self, start: &Array1<f64>, objective: impl Fn(f64) -> f64, run: &mut Run<'_>) -> Result<Found, LinearError> {
        let bounds = bounds(&self.structure.free);
        let (mut step, mut cancelled) = (0, false);
        let mut observe = |value: f64| {
            step += 1;
            let parts = [("discrepancy", value)];
            let stage = "confirmatory-factor-analysis";
            run.observer.observe(&Progress { stage, step, total: None, objective: objective(value), parts: &parts }).is_break()
        };
        let minimiser = Lbfgs { max_iterations: self.max_iterations, gradient_tolerance: self.tolerance.max(NEAR), ..Lbfgs::default() };
        let near = minimiser.minimize(&start.to_vec(), Some(&bounds), |theta, gradient| {
            // the search shortens its steps over values that are not finite, and so ends where it is
            if cancelled {
                return f64::NAN;
            }
            let Ok((value, slope)) = self.value_and_gradient(ArrayView1::from(theta)) else { return f64::NAN };
            gradient.iter_mut().zip(slope).for_each(|(to, from)| *to = from);
            cancelled = observe(value);
            value
        })?;
        let (mut theta, mut iterations) = (Array1::from(near.x), near.iterations);
        if cancelled {
            return Ok(Found { theta, stop: Stop::Cancelled, iterations });
        }
        let stop = loop {
            let local = self.local(theta.view())?;
            let free = free(&theta, &local.gradient, &bounds);
            if free.iter().all(|&a| local.gradient[a].abs() <= self.tolerance) {
                break Stop::Tolerance;
            }
            if iterations == self.max_iterations {
                break Stop::MaxIterations;
            }
            let Some(next) = self.scored(&theta, &local, &free, &bounds) else { break stop_of(unmix_numerics::Stop::LineSearch) };
            iterations += 1;
            theta = next;
            if observe(local.value) {
                break Stop::Cancelled;
            }
        };
        Ok(Found { theta, stop, iterations })
    }

    /// One step of Fisher's scoring over the parameters `free`, halved until the discrepancy does not rise; `None` if it always does.
    fn scored(&self, theta: &Array1<f64>, local: &Local, free: &[usize], bounds: &Bounds) -> Option<Array1<f64>> {
        let gradient = Array2::from_shape_fn((free.len(), 1), |(a, _)| local.gradient[free[a]]);
        let curvature = Array2::from_shape_fn((free.len(), free.len()), |(a, b)| local.curvature[[free[a], free[b]]]);
        let step = solve_spd(curvature.view(), gradient.view()).ok()?;
        let most = local.value + ROUNDING * self.r.nrows() as f64;
        (0..HALVINGS).map(|halving| 0.5_f64.powi(halving as i32)).find_map(|length| {
            let mut next = theta.clone();
            for (&a, step) in free.iter().zip(&step) {
                next[a] = (theta[a] - length * step).clamp(bounds.lower[a], bounds.upper[a]);
            }
            self.value_and_gradient(next.view()).is_ok_and(|(value, _)| value <= most).then_some(next)
        })
    }

    /// `F` at `theta` `[q]` and its gradient `[q]`.
    fn value_and_gradient(&self, theta: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>), LinearError> {
        let matrices = self.structure.at(theta);
        require_positive_definite(&matrices)?;
        let discrepancy = Discrepancy::of(&matrices.covariance(), self.r, self.log_det_r)?;
        Ok((discrepancy.value, matrices.directions(&self.structure.free).slopes(discrepancy.slope.view())))
    }

    fn local(&self, theta: ArrayView1<'_, f64>) -> Result<Local, LinearError> {
        let matrices = self.structure.at(theta);
        let discrepancy = Discrepancy::of(&matrices.covariance(), self.r, self.log_det_r)?;
        let directions = matrices.directions(&self.structure.free);
        let gradient = directions.slopes(discrepancy.slope.view());
        Ok(Local { value: discrepancy.value, gradient, curvature: directions.products(discrepancy.inverse.view(), &directions) })
    }
}

/// Noise variances of standardised variables and correlations of factors of variance 1 within their bounds.
fn bounds(free: &[Parameter]) -> Bounds {
    let (lower, upper) = free
        .iter()
        .map(|parameter| match parameter {
            Parameter::Noise { first, second } if first == second => (LEAST_UNIQUENESS, f64::INFINITY),
            Parameter::Factors { .. } => (-LARGEST_CORRELATION, LARGEST_CORRELATION),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        })
        .unzip();
    Bounds { lower, upper }
}

/// The parameters that are not at a bound with the gradient pushing outwards.
fn free(theta: &Array1<f64>, gradient: &Array1<f64>, bounds: &Bounds) -> Vec<usize> {
    let held = |a: usize| (theta[a] <= bounds.lower[a] && gradient[a] > 0.0) || (theta[a] >= bounds.upper[a] && gradient[a] < 0.0);
    (0..theta.len()).filter(|&a| !held(a)).collect()
}

/// Whether a parameter of the standardised model stands at a bound.
pub(crate) fn at_bound(parameter: Parameter, value: f64) -> bool {
    match parameter {
        Parameter::Noise { first, second } if first == second => value <= LEAST_UNIQUENESS * (1.0 + 1e-6),
        Parameter::Factors { first, second } if first != second => value.abs() >= LARGEST_CORRELATION * (1.0 - 1e-6),
        _ => false,
    }
}
