//! The preconditioned L-BFGS of Picard and Picard-O, in relative coordinates: a step replaces `w` by `(I + D) w`, or by a rotation of it.
//!
//! With `y = w x`, score `ψ` and signs `s`, the relative gradient of minus the mean log-likelihood is `G = E s ψ(y) yᵀ - I`, of the rotations its
//! antisymmetric part. Its Hessian is taken as if the sources were independent, which leaves 2 × 2 blocks (Ablin et al. 2018 and,
//! for rotations, ICASSP 2018).

use super::super::{Ended, contrast::Score, decorrelate, white::Moments, white::White};
use crate::LinearError;
use ndarray::{Array1, Array2, Axis, Zip};
use std::collections::VecDeque;
use unmix_core::{Progress, Run, Stop};
use unmix_numerics::{inverse, log_det_spd, solve};

#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub method: &'static str,
    pub orthogonal: bool,
    pub extended: bool,
    pub max_iterations: usize,
    pub tolerance: f64,
    pub memory: usize,
    pub halvings: usize,
    pub least_curvature: f64,
}

/// An unmixing with what the data say there.
struct Point {
    w: Array2<f64>,
    moments: Moments,
    /// `ln |det w|`; 0 for rotations.
    log_det: f64,
}

impl Point {
    fn at(w: Array2<f64>, white: &White<'_>, score: Score, rule: Rule) -> Result<Option<Self>, LinearError> {
        let moments = white.moments(&w, score, !rule.orthogonal)?;
        let log_det = if rule.orthogonal { 0.0 } else { 0.5 * log_det_spd(w.dot(&w.t()).view()).unwrap_or(f64::NAN) };
        let finite = log_det.is_finite() && moments.value.iter().chain(&moments.gradient).all(|v| v.is_finite());
        Ok(finite.then_some(Self { w, moments, log_det }))
    }

    /// Minus the mean log-likelihood of a row, up to a constant, in nats.
    fn loss(&self, signs: &Array1<f64>, rule: Rule) -> f64 {
        let quadratic = if rule.extended && !rule.orthogonal { 0.5 * self.variances().sum() } else { 0.0 };
        (signs * &self.moments.value).sum() + quadratic - self.log_det
    }

    /// `E y_i²`, of data that are white.
    fn variances(&self) -> Array1<f64> {
        self.w.map_axis(Axis(1), |row| row.dot(&row))
    }

    /// The relative gradient `[k, k]` and the approximate Hessian.
    fn derivatives(&self, signs: &Array1<f64>, rule: Rule) -> (Array2<f64>, Hessian) {
        let k = signs.len();
        let rows = signs.view().insert_axis(Axis(1));
        let mut gradient = &self.moments.gradient * &rows;
        if let (false, Some(curvature)) = (rule.orthogonal, &self.moments.curvature) {
            let mut curvature = curvature * &rows;
            if rule.extended {
                // the density of the sources is the score's times a Gaussian
                gradient += &self.w.dot(&self.w.t());
                curvature += &self.variances();
            }
            gradient -= &Array2::eye(k);
            return (gradient, Hessian::blocks(curvature, rule.least_curvature));
        }
        let own = &self.moments.slope * signs - gradient.diag();
        let curvature = Array2::from_shape_fn((k, k), |(i, j)| (0.5 * (own[i] + own[j])).max(rule.least_curvature));
        ((&gradient - &gradient.t()) * 0.5, Hessian::Diagonal(curvature))
    }
}

/// The approximate Hessian over relative steps.
enum Hessian {
    /// For rotations: one number for each pair.
    Diagonal(Array2<f64>),
    /// Blocks `[[h_ij, 1], [1, h_ji]]` for each pair.
    Blocks(Array2<f64>),
}

impl Hessian {
    /// The blocks with their smaller eigenvalue lifted to `least`, and the second derivatives along the scales, `h_ii + 1`, too.
    fn blocks(mut h: Array2<f64>, least: f64) -> Self {
        let original = h.clone();
        for ((i, j), value) in h.indexed_iter_mut() {
            let (a, b) = (original[[i, j]], original[[j, i]]);
            let smaller = if i == j { a + 1.0 } else { 0.5 * (a + b - ((a - b).powi(2) + 4.0).sqrt()) };
            if smaller < least {
                *value += least - smaller;
            }
        }
        Self::Blocks(h)
    }

    fn solve(&self, q: &Array2<f64>) -> Array2<f64> {
        match self {
            Self::Diagonal(h) => {
                let z = q / h;
                (&z - &z.t()) * 0.5
            }
            Self::Blocks(h) => Array2::from_shape_fn(q.dim(), |(i, j)| {
                if i == j {
                    return q[[i, i]] / (h[[i, i]] + 1.0);
                }
                (h[[j, i]] * q[[i, j]] - q[[j, i]]) / (h[[i, j]] * h[[j, i]] - 1.0)
            }),
        }
    }
}

/// The steps that L-BFGS remembers: step, change of the gradient, and one over their product.
struct Memory {
    pairs: VecDeque<(Array2<f64>, Array2<f64>, f64)>,
    most: usize,
}

impl Memory {
    fn remember(&mut self, step: Array2<f64>, change: Array2<f64>) {
        let product = (&step * &change).sum();
        // a step along which the gradient falls says nothing of a minimum
        if product > 0.0 && product.is_finite() {
            self.pairs.push_back((step, change, 1.0 / product));
            if self.pairs.len() > self.most {
                self.pairs.pop_front();
            }
        }
    }

    /// Minus the approximate inverse Hessian times the gradient (Nocedal and Wright 2006, algorithm 7.4).
    fn direction(&self, gradient: &Array2<f64>, hessian: &Hessian) -> Array2<f64> {
        let mut q = gradient.clone();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for (step, change, scale) in self.pairs.iter().rev() {
            let share = scale * (step * &q).sum();
            q.scaled_add(-share, change);
            shares.push(share);
        }
        let mut z = hessian.solve(&q);
        for ((step, change, scale), share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let correction = share - scale * (change * &z).sum();
            z.scaled_add(correction, step);
        }
        -z
    }
}

/// Minimises minus the likelihood from `start` `[k, k]`.
pub(super) fn minimise(white: &White<'_>, start: &Array2<f64>, score: Score, rule: Rule, run: &mut Run<'_>) -> Result<Ended, LinearError> {
    let k = start.nrows();
    let diverged = |iteration| LinearError::Diverged { method: rule.method, iteration, value: f64::NAN };
    let mut at = Point::at(decorrelate(start)?, white, score, rule)?.ok_or(diverged(0))?;
    let mut memory = Memory { pairs: VecDeque::new(), most: rule.memory };
    let mut signs = Array1::ones(k);
    let mut last: Option<(Array2<f64>, Array2<f64>)> = None;
    let (mut iteration, mut halved) = (0, 0);
    let (stop, gradient) = loop {
        if rule.extended {
            let now = at.moments.sides(&at.w);
            if now != signs && iteration > 0 {
                memory.pairs.clear();
                last = None;
            }
            signs = now;
        }
        let (gradient, hessian) = at.derivatives(&signs, rule);
        let norm = largest(&gradient);
        if step(run, rule, iteration, norm, halved) {
            break (Stop::Cancelled, gradient);
        }
        if norm < rule.tolerance {
            break (Stop::Tolerance, gradient);
        }
        if iteration == rule.max_iterations {
            break (Stop::MaxIterations, gradient);
        }
        if let Some((taken, old)) = last.take() {
            memory.remember(taken, &gradient - &old);
        }
        let direction = memory.direction(&gradient, &hessian);
        let search = |direction: &Array2<f64>| line_search(&at, direction, &signs, norm, white, score, rule);
        let mut found = search(&direction)?;
        if found.is_none() {
            memory.pairs.clear();
            found = search(&-&gradient)?;
        }
        let Some(Found { point, taken, halvings }) = found else {
            break (Stop::LineSearch, gradient);
        };
        (at, halved) = (point, halvings);
        last = Some((taken, gradient));
        iteration += 1;
    };
    ended(at.w, &gradient, iteration, stop, rule)
}

/// A point that improves, the relative step to it, and how often it was halved.
struct Found {
    point: Point,
    taken: Array2<f64>,
    halvings: usize,
}

/// The first of the halved steps along `direction` that lowers the loss.
fn line_search(
    from: &Point,
    direction: &Array2<f64>,
    signs: &Array1<f64>,
    norm: f64,
    white: &White<'_>,
    score: Score,
    rule: Rule,
) -> Result<Option<Found>, LinearError> {
    /// Differences of the loss below this share of it are rounding: there, a smaller gradient decides.
    const ROUNDING: f64 = 1e-14;
    let loss = from.loss(signs, rule);
    let mut taken = direction.clone();
    for halvings in 0..=rule.halvings {
        let Some(w) = moved(&taken, &from.w, rule.orthogonal) else { return Ok(None) };
        if let Some(point) = Point::at(w, white, score, rule)? {
            let gain = loss - point.loss(signs, rule);
            let rounding = ROUNDING * loss.abs().max(1.0);
            let flatter = || largest(&point.derivatives(signs, rule).0) < norm;
            if gain > rounding || (gain > -rounding && flatter()) {
                return Ok(Some(Found { point, taken, halvings }));
            }
        }
        taken *= 0.5;
    }
    Ok(None)
}

/// `w` after the relative step `step`; `None` if that is singular.
fn moved(step: &Array2<f64>, w: &Array2<f64>, orthogonal: bool) -> Option<Array2<f64>> {
    let eye = Array2::<f64>::eye(w.nrows());
    if orthogonal {
        // Cayley: (I - D/2)⁻¹ (I + D/2), a rotation for antisymmetric D
        let half = step * 0.5;
        let turned = (&eye + &half).dot(w);
        return solve((&eye - &half).view(), turned.view()).ok();
    }
    Some((eye + step).dot(w))
}

/// The unmixing with rows of length 1, which gives the sources unit variance.
fn ended(w: Array2<f64>, gradient: &Array2<f64>, iterations: usize, stop: Stop, rule: Rule) -> Result<Ended, LinearError> {
    let magnitude = gradient.mapv(f64::abs);
    let distance = Zip::from(magnitude.rows())
        .and(magnitude.columns())
        .map_collect(|row, column| row.iter().chain(column).fold(0.0_f64, |most, &v| most.max(v)));
    if rule.orthogonal {
        return Ok(Ended::rotation(decorrelate(&w)?, distance, iterations, stop));
    }
    let lengths = w.map_axis(Axis(1), |row| row.dot(&row).sqrt());
    let w = w / lengths.insert_axis(Axis(1));
    Ok(Ended { inverse: inverse(w.view())?, w, distance, iterations, stop })
}

fn largest(gradient: &Array2<f64>) -> f64 {
    gradient.iter().fold(0.0, |most, g| most.max(g.abs()))
}

/// Reports an iteration; true if the observer cancels.
fn step(run: &mut Run<'_>, rule: Rule, iteration: usize, norm: f64, halved: usize) -> bool {
    let parts = [("gradient", norm), ("halvings", halved as f64)];
    let progress = Progress { stage: rule.method, step: iteration, total: Some(rule.max_iterations), objective: norm, parts: &parts };
    run.observer.observe(&progress).is_break()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ica::Contrast,
        whitening::{Reduction, Whitening},
    };
    use unmix_core::{Observations, Seed};

    /// The gradient is the derivative of the loss along relative steps, for every contrast, variant and sign.
    #[test]
    fn the_relative_gradient_is_that_of_the_loss() {
        const H: f64 = 1e-5;
        let mut stream = Seed(3).stream("test", 0);
        let x = Observations::unnamed(crate::ica::random_start(40, &mut stream).slice_move(ndarray::s![.., ..3])).unwrap();
        let whitening = Whitening::of(&x, None, Reduction::default()).unwrap();
        let white = White::of(&x, &whitening).unwrap();
        for (contrast, alpha) in [(Contrast::LogCosh, 1.3), (Contrast::Exp, 0.1), (Contrast::Cube, 1.0)] {
            let score = Score { contrast, alpha };
            for (orthogonal, extended) in [(false, false), (false, true), (true, false), (true, true)] {
                let rule = Rule {
                    method: "",
                    orthogonal,
                    extended,
                    max_iterations: 1,
                    tolerance: 1.0,
                    memory: 1,
                    halvings: 1,
                    least_curvature: 0.01,
                };
                let start = decorrelate(&crate::ica::random_start(3, &mut stream)).unwrap();
                let at = Point::at(if orthogonal { start } else { start * 1.2 }, &white, score, rule).unwrap().unwrap();
                let signs = if extended { Array1::from(vec![1.0, -1.0, 1.0]) } else { Array1::ones(3) };
                let (gradient, _) = at.derivatives(&signs, rule);
                for ((i, j), &slope) in gradient.indexed_iter() {
                    if orthogonal && i <= j {
                        continue;
                    }
                    let loss = |h: f64| {
                        let mut step = Array2::zeros((3, 3));
                        step[[i, j]] = h;
                        if orthogonal {
                            step[[j, i]] = -h;
                        }
                        Point::at(moved(&step, &at.w, orthogonal).unwrap(), &white, score, rule).unwrap().unwrap().loss(&signs, rule)
                    };
                    let numeric = (loss(H) - loss(-H)) / (2.0 * H);
                    // a rotation moves two entries
                    let expected = if orthogonal { 2.0 * slope } else { slope };
                    assert!((numeric - expected).abs() < 1e-8, "{contrast:?} {orthogonal} {extended} {i} {j}: {numeric} {expected}");
                }
            }
        }
    }
}
