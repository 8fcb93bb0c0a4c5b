//! Varimax (Kaiser 1958): the rotation under which the squared loadings of each factor vary most.
//!
//! Each step rotates one pair of factors by the angle that is best for it, in closed form (Kaiser 1958), so the criterion never falls;
//! a sweep takes every pair once. The criterion has local optima: random starts say how many were found.

use super::{Rotated, canonical_order, normalise, random_rotation};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use unmix_core::Seed;

/// Largest departure of an entry from 0 or ±1 at which a rotation between two optima counts as a change of order and sign.
const SAME_OPTIMUM: f64 = 1e-3;

/// Settings of the varimax rotation.
///
/// ```
/// use ndarray::array;
/// use unmix_core::Seed;
/// use unmix_linear::Varimax;
///
/// let simple = array![[0.8, 0.0], [0.7, 0.0], [0.6, 0.0], [0.0, 0.8], [0.0, 0.5], [0.0, 0.6]];
/// let (sin, cos) = 0.5_f64.sin_cos();
/// let rotated = Varimax::default().rotate(simple.dot(&array![[cos, -sin], [sin, cos]]).view(), Seed(1));
/// assert!(rotated.converged && rotated.optima == 1);
/// assert!((&rotated.loadings - &simple).iter().all(|v| v.abs() < 1e-10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Varimax {
    /// Whether each variable's loadings are divided by the root of its communality while rotating, so that all variables count alike
    /// (Kaiser's normalisation).
    pub kaiser: bool,
    /// Starts, at least 1: the loadings as they are, then uniformly random rotations of them.
    pub starts: usize,
    /// Most sweeps over the pairs of factors, for each start.
    pub max_sweeps: usize,
    /// A start has converged when no pair was rotated by a larger angle in a sweep.
    pub tolerance: f64,
}

impl Default for Varimax {
    /// With Kaiser's normalisation, 20 starts, 1000 sweeps, angle 1e-10.
    fn default() -> Self {
        Self { kaiser: true, starts: 20, max_sweeps: 1000, tolerance: 1e-10 }
    }
}

impl Varimax {
    /// Rotates `loadings` `[d, k]`. The factors come out in order of their sums of squared loadings, each with its largest loading positive.
    pub fn rotate(&self, loadings: ArrayView2<'_, f64>, seed: Seed) -> Rotated {
        let k = loadings.ncols();
        let normalised = if self.kaiser { normalise(loadings) } else { loadings.to_owned() };
        let starts = self.starts.max(1);
        let optima: Vec<Search> = (0..starts as u64)
            .into_par_iter()
            .map(|start| {
                let first = if start == 0 { Array2::eye(k) } else { random_rotation(k, &mut seed.stream("varimax", start)) };
                self.search(&normalised, first)
            })
            .collect();
        // the first of equals, so that more starts change nothing where there is one optimum
        let better = |best: usize, i: usize| if optima[i].criterion() > optima[best].criterion() * (1.0 + 1e-12) { i } else { best };
        let best = (1..starts).fold(0, better);
        let mut distinct: Vec<&Search> = Vec::new();
        for search in optima.iter().filter(|s| s.converged) {
            if !distinct.iter().any(|other| other.same_as(search)) {
                distinct.push(search);
            }
        }
        let agreeing = optima.iter().filter(|s| s.converged && s.same_as(&optima[best])).count();
        let best = &optima[best];
        let change = canonical_order(loadings.dot(&best.rotation).view());
        let rotation = best.rotation.dot(&change);
        Rotated {
            loadings: loadings.dot(&rotation),
            correlation: Array2::eye(k),
            rotation,
            criterion: best.criterion(),
            trace: best.trace.clone(),
            starts,
            agreeing,
            optima: distinct.len(),
            converged: best.converged,
        }
    }

    fn search(&self, loadings: &Array2<f64>, mut rotation: Array2<f64>) -> Search {
        let k = rotation.nrows();
        let mut rotated = loadings.dot(&rotation);
        let mut trace = vec![varimax_criterion(rotated.view())];
        let mut converged = false;
        while !converged && trace.len() <= self.max_sweeps {
            let mut largest = 0.0_f64;
            for p in 0..k {
                for q in p + 1..k {
                    let angle = best_angle(&rotated, p, q);
                    largest = largest.max(angle.abs());
                    turn(&mut rotated, p, q, angle);
                    turn(&mut rotation, p, q, angle);
                }
            }
            trace.push(varimax_criterion(rotated.view()));
            converged = largest <= self.tolerance;
        }
        Search { rotation, trace, converged }
    }
}

/// The sum over factors of the variance (divisor `d`) of the squared loadings `[d, k]`.
pub fn varimax_criterion(loadings: ArrayView2<'_, f64>) -> f64 {
    loadings.mapv(|v| v * v).var_axis(Axis(0), 0.0).sum()
}

struct Search {
    rotation: Array2<f64>,
    trace: Vec<f64>,
    converged: bool,
}

impl Search {
    fn criterion(&self) -> f64 {
        self.trace.last().copied().unwrap_or(f64::NEG_INFINITY)
    }

    fn same_as(&self, other: &Self) -> bool {
        let between = self.rotation.t().dot(&other.rotation);
        between.iter().all(|v| v.abs().min((v.abs() - 1.0).abs()) < SAME_OPTIMUM)
    }
}

/// The angle, within 45 degrees, by which turning factors `p` and `q` raises the criterion most. With `u = x² - y²`, `v = 2xy` over the
/// variables, the criterion varies with the angle `φ` as `(a cos 4φ + b sin 4φ) / (4d)`, `a = Σ(u² - v²) - ((Σu)² - (Σv)²)/d`,
/// `b = 2 (Σuv - Σu Σv / d)`.
fn best_angle(loadings: &Array2<f64>, p: usize, q: usize) -> f64 {
    let d = loadings.nrows() as f64;
    let (mut u1, mut v1, mut squares, mut products, mut size) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&x, &y) in loadings.column(p).iter().zip(loadings.column(q)) {
        let (u, v) = (x * x - y * y, 2.0 * x * y);
        u1 += u;
        v1 += v;
        squares += u * u - v * v;
        products += u * v;
        size += u * u + v * v;
    }
    let a = squares - (u1 * u1 - v1 * v1) / d;
    let b = 2.0 * (products - u1 * v1 / d);
    // where the criterion is flat, rounding must not turn the pair for ever
    if a.hypot(b) <= f64::EPSILON * size { 0.0 } else { 0.25 * b.atan2(a) }
}

/// Columns `p`, `q` of `matrix` times the rotation by `angle`.
fn turn(matrix: &mut Array2<f64>, p: usize, q: usize, angle: f64) {
    let (sin, cos) = angle.sin_cos();
    for mut row in matrix.rows_mut() {
        let (x, y) = (row[p], row[q]);
        row[p] = cos * x + sin * y;
        row[q] = cos * y - sin * x;
    }
}
