//! Gradient projection (Jennrich 2001, Psychometrika 66(2), 289–306; oblique: Jennrich 2002, 67(1), 7–19): any criterion over orthogonal or
//! oblique rotations, from random starts that say how many local optima there are.
//!
//! Orthogonal: loadings `A T` with `TᵀT = I`. Oblique: loadings `A (Tᵀ)⁻¹`, factors of variance 1 with correlations `Φ = TᵀT`.

use super::{Criterion, Rotated, canonical_order, normalise, random_rotation, same_loadings};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
use unmix_core::Seed;
use unmix_numerics::{inverse, inverse_sqrt_spd};

/// Settings of a rotation by gradient projection.
///
/// ```
/// use ndarray::array;
/// use unmix_core::Seed;
/// use unmix_linear::{Criterion, GradientProjection};
///
/// // two clusters of variables whose factors correlate by 0.5
/// let simple = array![[0.8, 0.0], [0.7, 0.0], [0.6, 0.0], [0.0, 0.8], [0.0, 0.6], [0.0, 0.5]];
/// let root = array![[1.0, 0.5], [0.0, 0.75_f64.sqrt()]];
/// let quartimin = GradientProjection::oblique(Criterion::Oblimin { gamma: 0.0 });
/// let rotated = quartimin.rotate(simple.dot(&root.t()).view(), Seed(1))?;
/// assert!((&rotated.loadings - &simple).iter().all(|v| v.abs() < 1e-6));
/// assert!((rotated.correlation[[0, 1]] - 0.5).abs() < 1e-6);
/// # Ok::<(), unmix_linear::LinearError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GradientProjection {
    /// What is made small.
    pub criterion: Criterion,
    /// Whether factors may correlate.
    pub oblique: bool,
    /// Whether each variable's loadings are divided by the root of its communality while rotating (Kaiser's normalisation).
    pub kaiser: bool,
    /// Starts, at least 1: the loadings as they are, then uniformly random rotations of them.
    pub starts: usize,
    /// Most steps of each start.
    pub max_iterations: usize,
    /// A start has converged when the projected gradient is shorter; for loadings of which no variable has a communality of 1, times the square of the
    /// largest communality, as the gradient of a criterion of fourth powers is.
    pub tolerance: f64,
}

impl GradientProjection {
    /// Over orthogonal rotations, with the defaults of [`oblique`](Self::oblique).
    pub fn orthogonal(criterion: Criterion) -> Self {
        Self { oblique: false, ..Self::oblique(criterion) }
    }

    /// Over oblique rotations: no normalisation, 20 starts, 2,000 steps, gradient 1e-8.
    pub fn oblique(criterion: Criterion) -> Self {
        Self { criterion, oblique: true, kaiser: false, starts: 20, max_iterations: 2000, tolerance: 1e-8 }
    }

    /// Rotates `loadings` `[d, k]`. The factors come out in order of their sums of squared loadings, each with its largest loading positive;
    /// their correlations come along.
    ///
    /// # Errors
    /// [`LinearError::Numerics`] if a rotation on the way is singular.
    pub fn rotate(&self, loadings: ArrayView2<'_, f64>, seed: Seed) -> Result<Rotated, LinearError> {
        let k = loadings.ncols();
        let weights = if self.kaiser { normalise(loadings) } else { loadings.to_owned() };
        let starts = self.starts.max(1);
        let searches = (0..starts as u64)
            .into_par_iter()
            .map(|start| {
                let first = if start == 0 { Array2::eye(k) } else { random_rotation(k, &mut seed.stream("gradient-projection", start)) };
                self.search(&weights, first)
            })
            .collect::<Result<Vec<Search>, LinearError>>()?;
        // the first of equals, so that more starts change nothing where there is one optimum
        let better = |best: usize, i: usize| {
            if searches[i].value() < searches[best].value() - 1e-12 * searches[best].value().abs() { i } else { best }
        };
        let best = (1..starts).fold(0, better);
        let mut distinct: Vec<&Search> = Vec::new();
        for search in searches.iter().filter(|s| s.converged) {
            if !distinct.iter().any(|other| same_loadings(&other.loadings, &search.loadings)) {
                distinct.push(search);
            }
        }
        let agreeing = searches.iter().filter(|s| s.converged && same_loadings(&s.loadings, &searches[best].loadings)).count();
        let best = &searches[best];
        let rotated = loadings.dot(&self.applied(&best.rotation)?);
        let change = canonical_order(rotated.view());
        let rotation = best.rotation.dot(&change);
        let correlation = if self.oblique { rotation.t().dot(&rotation) } else { Array2::eye(k) };
        Ok(Rotated {
            loadings: rotated.dot(&change),
            rotation,
            correlation,
            criterion: best.value(),
            trace: best.trace.clone(),
            starts,
            agreeing,
            optima: distinct.len(),
            converged: best.converged,
        })
    }

    /// What loadings are multiplied by: the rotation, or the inverse of its transpose.
    fn applied(&self, rotation: &Array2<f64>) -> Result<Array2<f64>, LinearError> {
        Ok(if self.oblique { inverse(rotation.view())?.reversed_axes() } else { rotation.clone() })
    }

    fn at(&self, a: &Array2<f64>, rotation: Array2<f64>) -> Result<Point, LinearError> {
        let applied = self.applied(&rotation)?;
        let loadings = a.dot(&applied);
        let (value, gradient) = self.criterion.value(loadings.view());
        Ok(Point { rotation, applied, loadings, value, gradient })
    }

    fn search(&self, a: &Array2<f64>, first: Array2<f64>) -> Result<Search, LinearError> {
        let largest = a.rows().into_iter().map(|row| row.dot(&row)).fold(0.0, f64::max);
        let scale = largest.min(1.0).powi(2);
        let tolerance = self.tolerance * scale;
        let mut point = self.at(a, first)?;
        // a step that a rotation feels
        let (mut trace, mut step, mut converged) = (vec![point.value], 1.0 / scale.max(f64::MIN_POSITIVE), false);
        while trace.len() <= self.max_iterations {
            let slope = self.slope(a, &point);
            let length = slope.mapv(|v| v * v).sum().sqrt();
            if length <= tolerance {
                converged = true;
                break;
            }
            step *= 2.0;
            let Some(next) = self.shortened(a, &point, &slope, &mut step)? else {
                // no shorter step falls: the value is known to rounding only
                converged = length < self.tolerance.sqrt() * scale;
                break;
            };
            point = next;
            trace.push(point.value);
        }
        Ok(Search { rotation: point.rotation, loadings: point.loadings, trace, converged })
    }

    /// The derivative by the rotation, projected onto the directions in which it may move.
    fn slope(&self, a: &Array2<f64>, point: &Point) -> Array2<f64> {
        let Point { rotation, applied, loadings, gradient, .. } = point;
        if self.oblique {
            let full = -applied.dot(&gradient.t().dot(loadings));
            let along: Array1<f64> = (rotation * &full).sum_axis(Axis(0));
            return &full - &(rotation * &along);
        }
        let full = a.t().dot(gradient);
        let inner = rotation.t().dot(&full);
        &full - &rotation.dot(&((&inner + &inner.t()) * 0.5))
    }

    /// The first of the halved steps along `-slope` that falls far enough (Jennrich 2001, step 2).
    fn shortened(&self, a: &Array2<f64>, from: &Point, slope: &Array2<f64>, step: &mut f64) -> Result<Option<Point>, LinearError> {
        /// More halvings than in the paper, since steps are also doubled.
        const HALVINGS: usize = 40;
        let squared = slope.mapv(|v| v * v).sum();
        for _ in 0..HALVINGS {
            let moved = &from.rotation - &(slope * *step);
            let next = if self.oblique {
                let lengths = moved.map_axis(Axis(0), |column| column.dot(&column).sqrt());
                moved / &lengths
            } else {
                moved.dot(&inverse_sqrt_spd(moved.t().dot(&moved).view())?)
            };
            // a step to a singular rotation is too long
            if let Ok(point) = self.at(a, next)
                && point.value < from.value - 0.5 * squared * *step
            {
                return Ok(Some(point));
            }
            *step *= 0.5;
        }
        Ok(None)
    }
}

/// A rotation with what the search needs of it.
struct Point {
    rotation: Array2<f64>,
    applied: Array2<f64>,
    loadings: Array2<f64>,
    value: f64,
    /// By the loadings.
    gradient: Array2<f64>,
}

struct Search {
    rotation: Array2<f64>,
    /// Of the loadings as they are rotated, normalised or not.
    loadings: Array2<f64>,
    trace: Vec<f64>,
    converged: bool,
}

impl Search {
    fn value(&self) -> f64 {
        self.trace.last().copied().unwrap_or(f64::INFINITY)
    }
}
