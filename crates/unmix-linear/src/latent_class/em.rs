//! Expectation–maximisation for latent classes (Goodman 1974, Biometrika 61(2), 215–231; Dempster, Laird and Rubin 1977, Journal of the Royal
//! Statistical Society B 39(1)).

use super::categories::Patterns;
use ndarray::{Array1, Array2, Axis};
use rand_distr::{Distribution, Exp1};
use unmix_core::Stream;
use unmix_numerics::{NumericsError, maximum_assignment};

/// Sizes `π` `[k]` and probabilities `P(x_j = c | r)`, `[κ_j, k]` for each column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Classes {
    pub sizes: Array1<f64>,
    pub probabilities: Vec<Array2<f64>>,
}

impl Classes {
    /// Probabilities uniform on their simplices, sizes equal.
    pub fn random(patterns: &Patterns, components: usize, stream: &mut Stream) -> Self {
        let probabilities = patterns.categories.iter().map(|categories| {
            let mut table: Array2<f64> = Array2::from_shape_simple_fn((categories.len(), components), || Exp1.sample(stream));
            table /= &table.sum_axis(Axis(0));
            table
        });
        Self { probabilities: probabilities.collect(), sizes: Array1::from_elem(components, 1.0 / components as f64) }
    }

    /// The logarithms, taken once for many rows.
    pub fn logs(&self) -> Logs {
        Logs { sizes: self.sizes.mapv(f64::ln), probabilities: self.probabilities.iter().map(|p| p.mapv(f64::ln)).collect() }
    }

    /// One step: the maximum of the expected log-likelihood plus `smoothing · Σ ln P(c | r)`. Returns both at the classes before the step: log-likelihood and
    /// what is maximised, over all rows.
    pub fn step(&mut self, patterns: &Patterns, smoothing: f64) -> (f64, f64) {
        let k = self.sizes.len();
        let mut sizes = Array1::zeros(k);
        let mut counts: Vec<Array2<f64>> = self.probabilities.iter().map(|p| Array2::from_elem(p.dim(), smoothing)).collect();
        let mut log_likelihood = 0.0;
        let logs = self.logs();
        for (row, &count) in patterns.rows.iter().zip(&patterns.counts) {
            let (mut posterior, log_probability) = logs.posterior(row);
            log_likelihood += count * log_probability;
            posterior *= count;
            sizes += &posterior;
            for (table, &category) in counts.iter_mut().zip(row) {
                let mut cells = table.row_mut(category);
                cells += &posterior;
            }
        }
        let objective = log_likelihood + self.log_prior(smoothing);
        for (probabilities, table) in self.probabilities.iter_mut().zip(counts) {
            let sums = table.sum_axis(Axis(0));
            for ((mut to, from), &sum) in probabilities.columns_mut().into_iter().zip(table.columns()).zip(&sums) {
                // an empty class keeps its probabilities
                if sum > 0.0 {
                    to.assign(&(&from / sum));
                }
            }
        }
        self.sizes = &sizes / sizes.sum();
        (log_likelihood, objective)
    }

    /// `smoothing · Σ ln P(c | r)`, 0 without smoothing even where a probability is 0.
    fn log_prior(&self, smoothing: f64) -> f64 {
        if smoothing == 0.0 { 0.0 } else { smoothing * self.probabilities.iter().flatten().map(|p| p.ln()).sum::<f64>() }
    }

    /// In order of descending size.
    pub fn ordered(self) -> Self {
        let mut order: Vec<usize> = (0..self.sizes.len()).collect();
        order.sort_by(|&a, &b| self.sizes[b].total_cmp(&self.sizes[a]));
        Self {
            sizes: self.sizes.select(Axis(0), &order),
            probabilities: self.probabilities.iter().map(|p| p.select(Axis(1), &order)).collect(),
        }
    }

    /// The largest difference of a size or probability between the classes of both, matched one to one by their probabilities.
    pub fn distance(&self, other: &Self) -> Result<f64, NumericsError> {
        let k = self.sizes.len();
        let agreement = self.probabilities.iter().zip(&other.probabilities).fold(Array2::zeros((k, k)), |sum: Array2<f64>, (a, b)| {
            sum - Array2::from_shape_fn((k, k), |(r, s)| (&a.column(r) - &b.column(s)).mapv(|v| v * v).sum())
        });
        let mut largest = 0.0_f64;
        for (r, s) in maximum_assignment(agreement.view())?.pairs {
            largest = largest.max((self.sizes[r] - other.sizes[s]).abs());
            for (a, b) in self.probabilities.iter().zip(&other.probabilities) {
                largest = (&a.column(r) - &b.column(s)).iter().fold(largest, |most, v| most.max(v.abs()));
            }
        }
        Ok(largest)
    }
}

/// The logarithms of sizes and probabilities.
pub(super) struct Logs {
    sizes: Array1<f64>,
    probabilities: Vec<Array2<f64>>,
}

impl Logs {
    /// The probabilities of the classes given a row, `[k]`, and the log of its probability; the sizes and `-∞` for a row that no class allows.
    pub fn posterior(&self, row: &[usize]) -> (Array1<f64>, f64) {
        let mut joint = self.sizes.clone();
        for (logs, &category) in self.probabilities.iter().zip(row) {
            joint += &logs.row(category);
        }
        let largest = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return (self.sizes.mapv(f64::exp), f64::NEG_INFINITY);
        }
        joint.mapv_inplace(|v| (v - largest).exp());
        let sum = joint.sum();
        joint /= sum;
        (joint, largest + sum.ln())
    }
}
