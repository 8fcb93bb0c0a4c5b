//! Minimisation of a smooth function, with optional bounds: limited-memory BFGS.
//!
//! The two-loop recursion of Nocedal and Wright (2006), algorithm 7.4, on the variables that are free: not at a bound with the
//! gradient pushing outwards (projected quasi-Newton, Bertsekas 1982). Steps satisfy the weak Wolfe conditions along the projected
//! path, found by the bracketing of Lewis and Overton (2013), algorithm 2.6; where the value changes by no more than its rounding
//! error, the approximate conditions of Hager and Zhang (2005), eq. 4.1, stand in.
//!
//! ```
//! use unmix_numerics::{Bounds, Lbfgs, Stop};
//!
//! // (x - 3)² with x ≤ 2.
//! let objective = |x: &[f64], gradient: &mut [f64]| {
//!     gradient[0] = 2.0 * (x[0] - 3.0);
//!     (x[0] - 3.0).powi(2)
//! };
//! let bounds = Bounds { lower: vec![f64::NEG_INFINITY], upper: vec![2.0] };
//! let minimum = Lbfgs::default().minimize(&[0.0], Some(&bounds), objective)?;
//! assert_eq!((minimum.x[0], minimum.stop), (2.0, Stop::Gradient));
//! # Ok::<(), unmix_numerics::NumericsError>(())
//! ```

use crate::NumericsError;
use std::collections::VecDeque;

/// Share of the predicted decrease that a step must reach (Nocedal and Wright 2006, p. 33).
const ARMIJO: f64 = 1e-4;
/// Share of the slope that a step may keep (same, for quasi-Newton directions).
const CURVATURE: f64 = 0.9;
/// Changes of the value, in units of its rounding error, that say nothing: there the slopes decide alone.
const NOISE: f64 = 10.0 * f64::EPSILON;
/// Values that a line search may ask for.
const LINE_SEARCH_EVALUATIONS: usize = 40;

/// Settings of the minimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// Pairs of steps and gradient changes that model the curvature.
    pub memory: usize,
    /// Most iterations.
    pub max_iterations: usize,
    /// Stop when no entry of the projected gradient is larger.
    pub gradient_tolerance: f64,
    /// Stop when the value falls by less, relative to `max(|value|, 1)`; 0 to wait for the gradient.
    pub value_tolerance: f64,
}

impl Default for Lbfgs {
    /// Memory 10, 1000 iterations, gradient 1e-8, value 1e-15.
    fn default() -> Self {
        Self { memory: 10, max_iterations: 1000, gradient_tolerance: 1e-8, value_tolerance: 1e-15 }
    }
}

/// Least and greatest allowed value of each variable; infinite for none.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Least allowed values, `[d]`.
    pub lower: Vec<f64>,
    /// Greatest allowed values, `[d]`.
    pub upper: Vec<f64>,
}

/// Where the minimiser ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The point, `[d]`, within the bounds.
    pub x: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Largest magnitude in the gradient there, without the entries that push out of a bound.
    pub gradient_norm: f64,
    /// Iterations made.
    pub iterations: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// Why a minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The gradient is within tolerance.
    Gradient,
    /// The value no longer falls.
    Value,
    /// The iterations are used up: not converged.
    Iterations,
    /// No step lowers the value, to working precision: the gradient is wrong, or as small as rounding lets it be.
    LineSearch,
}

impl Stop {
    /// Whether a tolerance was reached.
    pub const fn converged(self) -> bool {
        matches!(self, Self::Gradient | Self::Value)
    }
}

impl Lbfgs {
    /// Minimises `objective(x, gradient) -> value`, which writes the gradient `[d]` at `x` `[d]`, from `start` (moved into the
    /// bounds). A value that is NaN or infinite on the way shortens the step.
    ///
    /// # Errors
    /// [`NumericsError`] if the bounds do not fit `start`, a lower bound is above its upper one, or the value or gradient is not
    /// finite at the start.
    pub fn minimize(
        &self,
        start: &[f64],
        bounds: Option<&Bounds>,
        mut objective: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Result<Minimum, NumericsError> {
        let d = start.len();
        check_bounds(bounds, d)?;
        let mut x = start.to_vec();
        project(&mut x, bounds);
        let mut gradient = vec![0.0; d];
        let mut value = objective(&x, &mut gradient);
        if let Some(&value) = [value].iter().chain(&gradient).find(|v| !v.is_finite()) {
            return Err(NumericsError::NonFiniteObjective { value });
        }
        let mut history = History { pairs: VecDeque::new(), memory: self.memory };
        let mut iterations = 0;
        let stop = loop {
            let free = free_variables(&x, &gradient, bounds);
            if norm(&gradient, &free) <= self.gradient_tolerance {
                break Stop::Gradient;
            }
            if iterations == self.max_iterations {
                break Stop::Iterations;
            }
            iterations += 1;
            let at = Point { x: &x, value, gradient: &gradient };
            let mut step =
                line_search(&at, &history.direction(&gradient, &free), history.first_step(&gradient, &free), bounds, &mut objective);
            if step.is_none() && !history.pairs.is_empty() {
                // The curvature may be stale: try once along the gradient.
                history.pairs.clear();
                let direction = history.direction(&gradient, &free);
                step = line_search(&at, &direction, history.first_step(&gradient, &free), bounds, &mut objective);
            }
            let Some(step) = step else {
                let promised: f64 = masked(&gradient, &free).iter().map(|g| g * g).sum();
                break if promised <= NOISE * value.abs() { Stop::Value } else { Stop::LineSearch };
            };
            history.push(&at, &step);
            let fall = (value - step.value) / value.abs().max(step.value.abs()).max(1.0);
            Step { x, value, gradient } = step;
            if self.value_tolerance > 0.0 && fall <= self.value_tolerance {
                let free = free_variables(&x, &gradient, bounds);
                break if norm(&gradient, &free) <= self.gradient_tolerance { Stop::Gradient } else { Stop::Value };
            }
        };
        let gradient_norm = norm(&gradient, &free_variables(&x, &gradient, bounds));
        Ok(Minimum { x, value, gradient_norm, iterations, stop })
    }
}

struct Point<'a> {
    x: &'a [f64],
    value: f64,
    gradient: &'a [f64],
}

struct Step {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// The last steps `s` and gradient changes `y`, oldest first.
struct History {
    pairs: VecDeque<Pair>,
    memory: usize,
}

struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
}

impl History {
    fn push(&mut self, from: &Point<'_>, to: &Step) {
        let s = difference(&to.x, from.x);
        let y = difference(&to.gradient, from.gradient);
        // Without positive curvature the pair would spoil the model.
        if dot(&s, &y) > f64::EPSILON * dot(&y, &y) {
            self.pairs.push_back(Pair { s, y });
            if self.pairs.len() > self.memory {
                self.pairs.pop_front();
            }
        }
    }

    /// The quasi-Newton direction in the free variables, zero in the others.
    fn direction(&self, gradient: &[f64], free: &[bool]) -> Vec<f64> {
        let mut q = masked(gradient, free);
        let mut used = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let (s, y) = (masked(&pair.s, free), masked(&pair.y, free));
            let sy = dot(&s, &y);
            // The curvature of a pair may be lost where variables are held.
            if sy > f64::EPSILON * dot(&y, &y) {
                let alpha = dot(&s, &q) / sy;
                add_scaled(&mut q, -alpha, &y);
                used.push((s, y, sy, alpha));
            }
        }
        if let Some((_, y, sy, _)) = used.first() {
            let scale = sy / dot(y, y);
            for v in &mut q {
                *v *= scale;
            }
        }
        for (s, y, sy, alpha) in used.iter().rev() {
            let beta = dot(y, &q) / sy;
            add_scaled(&mut q, alpha - beta, s);
        }
        let direction = negated(&q);
        if dot(&direction, gradient) < 0.0 { direction } else { negated(&masked(gradient, free)) }
    }

    /// 1 for a modelled direction, else a first move of length 1 at most.
    fn first_step(&self, gradient: &[f64], free: &[bool]) -> f64 {
        let free_gradient = masked(gradient, free);
        if self.pairs.is_empty() { (1.0 / dot(&free_gradient, &free_gradient).sqrt()).min(1.0) } else { 1.0 }
    }
}

/// The first step along `direction`, projected into the bounds, that meets the weak Wolfe conditions; the lowest that meets the
/// first of them if none meets both; `None` if none lowers the value.
fn line_search(
    at: &Point<'_>,
    direction: &[f64],
    first: f64,
    bounds: Option<&Bounds>,
    objective: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Step> {
    let (mut low, mut high, mut t) = (0.0, f64::INFINITY, first);
    let mut best: Option<Step> = None;
    for _ in 0..LINE_SEARCH_EVALUATIONS {
        let mut x = at.x.to_vec();
        add_scaled(&mut x, t, direction);
        project(&mut x, bounds);
        let moved = difference(&x, at.x);
        if moved.iter().all(|&v| v == 0.0) || best.as_ref().is_some_and(|b| b.x == x) {
            return best;
        }
        let mut gradient = vec![0.0; x.len()];
        let value = objective(&x, &mut gradient);
        let slope = dot(at.gradient, &moved);
        let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        let slope_there = dot(&gradient, &moved);
        let within_noise = value <= at.value + NOISE * at.value.abs() && slope_there <= (2.0 * ARMIJO - 1.0) * slope;
        let falls = value <= at.value + ARMIJO * slope && value < at.value;
        let flat_enough = slope_there >= CURVATURE * slope;
        let lowers = finite && slope < 0.0 && (falls || (within_noise && flat_enough));
        let flat = lowers && flat_enough;
        if lowers && (flat || best.as_ref().is_none_or(|b| value < b.value)) {
            best = Some(Step { x, value, gradient });
        }
        if flat {
            return best;
        }
        if lowers {
            low = t;
        } else {
            high = t;
        }
        t = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * t };
    }
    best
}

fn check_bounds(bounds: Option<&Bounds>, d: usize) -> Result<(), NumericsError> {
    let Some(Bounds { lower, upper }) = bounds else { return Ok(()) };
    for (what, found) in [("the lower bounds", lower.len()), ("the upper bounds", upper.len())] {
        if found != d {
            return Err(NumericsError::Length { what, expected: d, found });
        }
    }
    match lower.iter().zip(upper).find(|(low, high)| low > high || low.is_nan() || high.is_nan()) {
        Some((&value, _)) => Err(NumericsError::OutOfRange { what: "a lower bound", value, range: "at most its upper bound" }),
        None => Ok(()),
    }
}

fn project(x: &mut [f64], bounds: Option<&Bounds>) {
    if let Some(Bounds { lower, upper }) = bounds {
        for ((v, low), high) in x.iter_mut().zip(lower).zip(upper) {
            *v = v.clamp(*low, *high);
        }
    }
}

fn free_variables(x: &[f64], gradient: &[f64], bounds: Option<&Bounds>) -> Vec<bool> {
    let Some(Bounds { lower, upper }) = bounds else { return vec![true; x.len()] };
    let pushes_out = |i: usize| (x[i] <= lower[i] && gradient[i] > 0.0) || (x[i] >= upper[i] && gradient[i] < 0.0);
    (0..x.len()).map(|i| !pushes_out(i)).collect()
}

fn norm(gradient: &[f64], free: &[bool]) -> f64 {
    gradient.iter().zip(free).filter(|(_, free)| **free).fold(0.0, |most, (g, _)| g.abs().max(most))
}

fn masked(v: &[f64], free: &[bool]) -> Vec<f64> {
    v.iter().zip(free).map(|(v, free)| if *free { *v } else { 0.0 }).collect()
}

fn negated(v: &[f64]) -> Vec<f64> {
    v.iter().map(|v| -v).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add_scaled(a: &mut [f64], factor: f64, b: &[f64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += factor * b;
    }
}
