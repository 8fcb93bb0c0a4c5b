//! The non-negative codes that maximise a Poisson likelihood, which is to minimise the generalised Kullback–Leibler divergence: also the
//! proportions of a multinomial mixture, times the number of draws.
//!
//! Sequential quadratic programming with an active set, as for mixture proportions by Kim, Carbonetto, Stephens and Anitescu (2020, Journal of
//! Computational and Graphical Statistics 29(2), 261–273): where expectation maximisation creeps to the boundary, this ends in few steps.

use super::quadratic;
use ndarray::{Array2, ArrayView2, Axis};

/// Steps of expectation maximisation from the centre: they lead to where a quadratic model is good.
const FIRST: usize = 10;

/// Most quadratic steps; about ten are taken.
const STEPS: usize = 200;

/// Ends when the quadratic model promises less than this, in nats a unit of mass: far below what the objective resolves, for the sake of codes that
/// it hardly depends on.
const PROMISE: f64 = 1e-22;

/// Differences of the objective below this share of it are rounding, and no reason to shorten a step.
const RESOLVED: f64 = 4.0 * f64::EPSILON;

/// Least share of the promised decrease that a step has to bring (Armijo).
const ARMIJO: f64 = 1e-4;

/// Share of each curvature that is added to it: parts may be dependent.
const RIDGE: f64 = 1e-12;

/// `f(z) = Σ_s [(zH)_s - x_s ln (zH)_s] + Σ_k (l1_k z_k + ½ l2_k z_k²)` over `z ≥ 0`.
pub(crate) struct Likelihood<'a> {
    /// `H`, `[k, d]`, in standard layout.
    pub parts: &'a Array2<f64>,
    /// `Σ_s H_ks + l1_k`, `[k]`.
    slope: Vec<f64>,
    /// `[k]`.
    l2: &'a [f64],
}

/// What is reused from row to row.
#[derive(Default)]
pub(crate) struct Work {
    mean: Vec<f64>,
    weights: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    /// The problem of `parts` `[k, d]` with penalties `[k]`.
    pub fn new(parts: &'a Array2<f64>, l1: &[f64], l2: &'a [f64]) -> Self {
        let slope = parts.sum_axis(Axis(1)).iter().zip(l1).map(|(sum, l1)| sum + l1).collect();
        Self { parts, slope, l2 }
    }

    /// The minimum `[k]` for a row `x` `[d]`. Values where no part has mass say nothing about the codes.
    pub fn minimum(&self, x: &[f64], work: &mut Work) -> Vec<f64> {
        let k = self.slope.len();
        let reached: Vec<usize> = (0..x.len()).filter(|&s| x[s] > 0.0 && self.parts.column(s).iter().any(|h| *h > 0.0)).collect();
        let total: f64 = reached.iter().map(|&s| x[s]).sum();
        if total <= 0.0 {
            return vec![0.0; k];
        }
        // a row of mass 1 over the values that count
        let mass: Vec<f64> = reached.iter().map(|&s| x[s] / total).collect();
        let parts = self.parts.select(Axis(1), &reached);
        let l2: Vec<f64> = self.l2.iter().map(|l| l * total).collect();
        let row = Row { mass: &mass, parts: parts.view(), slope: &self.slope, l2: &l2 };
        let z = row.minimum(work);
        z.iter().map(|v| v * total).collect()
    }
}

/// A row of mass 1.
struct Row<'a> {
    mass: &'a [f64],
    parts: ArrayView2<'a, f64>,
    slope: &'a [f64],
    l2: &'a [f64],
}

impl Row<'_> {
    /// Writes `zH` to `mean`.
    fn project(&self, z: &[f64], mean: &mut Vec<f64>) {
        mean.clear();
        mean.resize(self.mass.len(), 0.0);
        for (part, &weight) in self.parts.outer_iter().zip(z).filter(|(_, w)| **w > 0.0) {
            mean.iter_mut().zip(part).for_each(|(m, h)| *m += weight * h);
        }
    }

    fn value(&self, z: &[f64], mean: &mut Vec<f64>) -> f64 {
        self.project(z, mean);
        let linear: f64 = z.iter().zip(self.slope).zip(self.l2).map(|((z, s), l2)| z * s + 0.5 * l2 * z * z).sum();
        let fit: f64 = mean.iter().zip(self.mass).map(|(m, x)| x * m.ln()).sum();
        linear - fit
    }

    fn minimum(&self, work: &mut Work) -> Vec<f64> {
        let k = self.slope.len();
        let mut z: Vec<f64> = self.slope.iter().map(|s| if *s > 0.0 { 1.0 / (s * k as f64) } else { 0.0 }).collect();
        for _ in 0..FIRST {
            self.project(&z, &mut work.mean);
            for (j, part) in self.parts.outer_iter().enumerate() {
                let ratio: f64 = part.iter().zip(self.mass).zip(&work.mean).map(|((h, x), m)| h * x / m).sum();
                if z[j] > 0.0 {
                    z[j] *= ratio / (self.slope[j] + self.l2[j] * z[j]);
                }
            }
        }
        let mut value = self.value(&z, &mut work.mean);
        for _ in 0..STEPS {
            let (gradient, hessian) = self.derivatives(&z, work);
            let c: Vec<f64> = (0..k).map(|i| hessian.row(i).iter().zip(&z).map(|(h, v)| h * v).sum::<f64>() - gradient[i]).collect();
            let target = quadratic(hessian.view(), &c);
            let step: Vec<f64> = target.iter().zip(&z).map(|(t, z)| t - z).collect();
            let promise: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
            if promise >= -PROMISE {
                break;
            }
            let mut length = 1.0;
            let next = loop {
                // at full length exactly the target, zeros included
                let trial: Vec<f64> =
                    if length >= 1.0 { target.clone() } else { z.iter().zip(&step).map(|(z, s)| (z + length * s).max(0.0)).collect() };
                let trial_value = self.value(&trial, &mut work.mean);
                if trial_value <= value + ARMIJO * length * promise + RESOLVED * (1.0 + value.abs()) {
                    break Some((trial, trial_value));
                }
                length *= 0.5;
                if length < f64::EPSILON {
                    break None;
                }
            };
            let Some((next, next_value)) = next else { break };
            (z, value) = (next, next_value);
        }
        // without a square penalty the best multiple of z is known: the mass is kept to the last digit
        let linear: f64 = z.iter().zip(self.slope).map(|(z, s)| z * s).sum();
        if linear > 0.0 && self.l2.iter().all(|l2| *l2 == 0.0) {
            z.iter_mut().for_each(|z| *z /= linear);
        }
        z
    }

    fn derivatives(&self, z: &[f64], work: &mut Work) -> (Vec<f64>, Array2<f64>) {
        self.project(z, &mut work.mean);
        work.weights.clear();
        work.weights.extend(self.mass.iter().zip(&work.mean).map(|(x, m)| x / m));
        let gradient = self.parts.outer_iter().enumerate().map(|(j, part)| {
            let pull: f64 = part.iter().zip(&work.weights).map(|(h, r)| h * r).sum();
            self.slope[j] + self.l2[j] * z[j] - pull
        });
        let gradient: Vec<f64> = gradient.collect();
        // h / m first: both may be far below what their squares can hold
        let mut scaled = self.parts.to_owned();
        for mut part in scaled.outer_iter_mut() {
            part.iter_mut().zip(&work.mean).zip(self.mass).for_each(|((h, m), x)| *h = *h / m * x.sqrt());
        }
        let mut hessian = scaled.dot(&scaled.t());
        hessian.diag_mut().iter_mut().zip(self.l2).for_each(|(h, l2)| *h += l2 + RIDGE * *h);
        (gradient, hessian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use unmix_core::Seed;

    #[test]
    fn the_minimum_is_stationary() {
        for seed in 0..30 {
            let mut stream = Seed(seed).stream("test", 0);
            let (k, d) = (6, 25);
            let parts = Array2::from_shape_simple_fn((k, d), || stream.random::<f64>().powi(4));
            let x: Vec<f64> = (0..d).map(|_| (8.0 * stream.random::<f64>()).floor()).collect();
            let (l1, l2) = if seed % 2 == 0 { (vec![0.0; k], vec![0.0; k]) } else { (vec![0.2; k], vec![0.05; k]) };
            let z = Likelihood::new(&parts, &l1, &l2).minimum(&x, &mut Work::default());
            let mean = ndarray::Array1::from(z.clone()).dot(&parts);
            for j in 0..k {
                let pull: f64 = (0..d).map(|s| parts[[j, s]] * x[s] / mean[s]).sum();
                let gradient = parts.row(j).sum() + l1[j] + l2[j] * z[j] - pull;
                assert!(gradient > -1e-5 && (gradient * z[j]).abs() < 1e-5, "seed {seed}: {gradient} at {}", z[j]);
            }
        }
    }
}
