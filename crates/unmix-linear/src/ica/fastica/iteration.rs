//! The fixed-point iterations of FastICA (Hyvärinen 1999, eq. 20), symmetric and one by one, with scikit-learn's stopping rule.

use super::{
    super::{contrast::Score, decorrelate, white::White},
    saddle::Saddles,
};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView1, Axis, s};
use unmix_core::{Progress, Run, Stop};

/// How often an iteration that has converged is sent on from a saddle point; the first time is nearly always enough.
const MOST_ESCAPES: usize = 3;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub max_iterations: usize,
    pub tolerance: f64,
}

/// Where an iteration ended.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    /// Orthonormal rows, `[k, k]`.
    pub w: Array2<f64>,
    /// How far each row turned in its last step, `| |<w, w'>| - 1 |`, `[k]`.
    pub change: Array1<f64>,
    pub iterations: usize,
    pub stop: Stop,
}

/// All components at once, each step followed by `w ← (w wᵀ)^(-1/2) w`. Where the steps end in a saddle point they go on from beyond it.
pub(super) fn parallel(
    white: &White<'_>,
    start: Array2<f64>,
    score: Score,
    rule: Rule,
    run: &mut Run<'_>,
) -> Result<Rotation, LinearError> {
    let mut at = Rotation { change: Array1::ones(start.nrows()), w: decorrelate(&start)?, iterations: 0, stop: Stop::MaxIterations };
    let saddles = Saddles::of(white, score)?;
    let mut escapes = 0;
    for iteration in 1..=rule.max_iterations {
        let pass = white.pass(&at.w, score)?;
        let next = pass.gradient - &at.w * &pass.slope.insert_axis(Axis(1));
        require_finite(&next, iteration)?;
        let next = decorrelate(&next)?;
        at.change = next.rows().into_iter().zip(at.w.rows()).map(|(new, old)| turn(new, old)).collect();
        (at.w, at.iterations) = (next, iteration);
        if step(run, iteration, rule.max_iterations, largest(&at.change)) {
            at.stop = Stop::Cancelled;
            break;
        }
        if largest(&at.change) < rule.tolerance {
            if escapes < MOST_ESCAPES
                && let Some(better) = saddles.escape(&at.w)?
            {
                (at.w, escapes) = (better, escapes + 1);
                continue;
            }
            at.stop = Stop::Tolerance;
            break;
        }
    }
    Ok(at)
}

/// One component after another, each kept orthogonal to those before it (Gram–Schmidt).
pub(super) fn deflation(
    white: &White<'_>,
    start: Array2<f64>,
    score: Score,
    rule: Rule,
    run: &mut Run<'_>,
) -> Result<Rotation, LinearError> {
    let k = start.nrows();
    let mut at = Rotation { change: Array1::ones(k), w: start, iterations: 0, stop: Stop::Tolerance };
    for component in 0..k {
        // as in scikit-learn, the start is not made orthogonal: its first step is
        let mut w = at.w.row(component).to_owned();
        w /= w.dot(&w).sqrt();
        for iteration in 1..=rule.max_iterations {
            let pass = white.pass(&w.clone().insert_axis(Axis(0)), score)?;
            let mut next = &pass.gradient.row(0) - &(&w * pass.slope[0]);
            orthogonalise(&mut next, &at.w, component);
            if let Some(&value) = next.iter().find(|v| !v.is_finite()) {
                return Err(LinearError::Diverged { method: "fastica", iteration, value });
            }
            at.change[component] = turn(next.view(), w.view());
            at.iterations = at.iterations.max(iteration);
            w = next;
            if step(run, iteration, rule.max_iterations, at.change[component]) {
                at.stop = Stop::Cancelled;
                break;
            }
            if at.change[component] < rule.tolerance {
                break;
            }
        }
        at.w.row_mut(component).assign(&w);
        if at.stop == Stop::Cancelled {
            at.w = decorrelate(&at.w)?;
            break;
        }
        if at.change[component] >= rule.tolerance {
            at.stop = Stop::MaxIterations;
        }
    }
    Ok(at)
}

/// Takes the directions of the first `rows` rows of `basis` out of `w` and gives it length 1. Twice, since once is not enough when
/// little is left ("twice is enough", Kahan in Parlett 1980).
fn orthogonalise(w: &mut Array1<f64>, basis: &Array2<f64>, rows: usize) {
    let basis = basis.slice(s![..rows, ..]);
    for _ in 0..2 {
        let inside = basis.t().dot(&basis.dot(w));
        *w -= &inside;
        let length = w.dot(w).sqrt();
        *w /= length;
    }
}

fn turn(new: ArrayView1<'_, f64>, old: ArrayView1<'_, f64>) -> f64 {
    (new.dot(&old).abs() - 1.0).abs()
}

fn largest(change: &Array1<f64>) -> f64 {
    change.iter().copied().fold(0.0, f64::max)
}

/// Reports an iteration; true if the observer cancels.
fn step(run: &mut Run<'_>, iteration: usize, total: usize, change: f64) -> bool {
    let progress = Progress { stage: "fastica", step: iteration, total: Some(total), objective: change, parts: &[("change", change)] };
    run.observer.observe(&progress).is_break()
}

fn require_finite(w: &Array2<f64>, iteration: usize) -> Result<(), LinearError> {
    match w.iter().find(|v| !v.is_finite()) {
        Some(&value) => Err(LinearError::Diverged { method: "fastica", iteration, value }),
        None => Ok(()),
    }
}
