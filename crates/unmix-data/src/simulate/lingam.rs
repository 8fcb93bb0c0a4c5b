//! Linear structural equations with independent noise on a random DAG, `x = B x + e`: the model of LiNGAM (Shimizu et al., JMLR 7,
//! 2006).

use super::{Simulation, Source};
use crate::FileError;
use ndarray::{Array1, Array2, Axis};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Observations, Params, Seed};
use unmix_graph::Graph;

/// What [`lingam`] draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LingamParams {
    /// The number of variables, `d`.
    pub variables: usize,
    /// The number of samples, `n`.
    pub samples: usize,
    /// The expected number of edges at a variable, in and out.
    pub degree: f64,
    /// The distribution of the noise; with [`Source::Gaussian`] directions are not identified.
    pub noise: Source,
    /// The least absolute weight of an edge.
    pub least_weight: f64,
    /// The greatest.
    pub greatest_weight: f64,
    /// Divide each variable by its standard deviation, and its weights with it, so that variances do not tell the causal order
    /// (Reisach, Seiler and Weichwald 2021).
    pub standardized: bool,
}

impl Default for LingamParams {
    fn default() -> Self {
        Self {
            variables: 6,
            samples: 2000,
            degree: 2.0,
            noise: Source::Laplace,
            least_weight: 0.5,
            greatest_weight: 2.0,
            standardized: false,
        }
    }
}

impl Params for LingamParams {
    type Estimator = Self;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("variables", self.variables, 1);
        checks.at_least("samples", self.samples, 2);
        checks.within("degree", self.degree, 0.0..=self.variables.saturating_sub(1) as f64);
        checks.within("least_weight", self.least_weight, 0.0..=1e3);
        checks.within("greatest_weight", self.greatest_weight, 0.0..=1e3);
        checks.require("least_weight", self.least_weight <= self.greatest_weight, "it is above `greatest_weight`");
    }

    fn seal(self) -> Self {
        self
    }
}

/// Draws a DAG in which each pair of a random order is joined with equal probability, weights of random sign uniform in absolute value
/// between the bounds, and samples of unit-variance noise propagated along the order.
///
/// `factors` are the noise terms as they enter `x`, and `mixing` is `(I - B)^-1`. The causal order is a random permutation of the
/// columns, so that their order tells nothing.
///
/// # Errors
/// [`FileError::Params`] if a parameter is out of range.
pub fn lingam(params: &LingamParams, seed: Seed) -> Result<Simulation, FileError> {
    let params = params.clone().build()?;
    let (n, d) = (params.samples, params.variables);
    let order = permutation(d, seed);
    let mut stream = seed.stream("lingam edges", 0);
    let probability = if d > 1 { params.degree / (d - 1) as f64 } else { 0.0 };
    let mut weights: Array2<f64> = Array2::zeros((d, d));
    for (position, &effect) in order.iter().enumerate() {
        for &cause in order.iter().take(position) {
            // all three are drawn for each pair, so that a change of degree keeps the weights
            let (joined, size, positive): (f64, f64, bool) = (stream.random(), stream.random(), stream.random());
            if joined < probability {
                let size = params.least_weight + (params.greatest_weight - params.least_weight) * size;
                weights[[effect, cause]] = if positive { size } else { -size };
            }
        }
    }
    let mut factors = Array2::zeros((n, d));
    for (j, mut column) in factors.columns_mut().into_iter().enumerate() {
        let mut stream = seed.stream("lingam noise", j as u64);
        column.mapv_inplace(|_: f64| params.noise.draw(j, &mut stream));
    }
    let mut x = propagate(&factors, &weights, &order);
    let mut mixing = propagate(&Array2::eye(d), &weights, &order).reversed_axes();
    if params.standardized {
        let scale: Array1<f64> = x.std_axis(Axis(0), 0.0);
        x /= &scale;
        factors /= &scale;
        // x_i / s_i = sum_j (b_ij s_j / s_i) (x_j / s_j) + e_i / s_i
        let column = scale.view().insert_axis(Axis(1));
        weights = weights * &scale / column;
        mixing = mixing * &scale / column;
    }
    let observations = Observations::unnamed(x)?;
    let graph = Graph::from_adjacency(observations.names().iter().cloned(), weights.view())?;
    Ok(Simulation { observations, factors, mixing, uniquenesses: None, graph: Some(graph) })
}

/// The solution of `x = B x + e` for each row of `noise` `[n, d]`.
fn propagate(noise: &Array2<f64>, weights: &Array2<f64>, order: &[usize]) -> Array2<f64> {
    let mut x = noise.clone();
    for &effect in order {
        let mut total = x.column(effect).to_owned();
        for (cause, &weight) in weights.row(effect).iter().enumerate() {
            if weight != 0.0 {
                total.scaled_add(weight, &x.column(cause));
            }
        }
        x.column_mut(effect).assign(&total);
    }
    x
}

/// Fisher and Yates's shuffle of `0..d`.
fn permutation(d: usize, seed: Seed) -> Vec<usize> {
    let mut stream = seed.stream("lingam order", 0);
    let mut order: Vec<usize> = (0..d).collect();
    for i in (1..d).rev() {
        order.swap(i, stream.random_range(0..=i));
    }
    order
}
