//! How often each edge and each direction comes back when the rows are drawn anew and the whole procedure is run again (Komatsu, Shimizu
//! and Shimodaira 2010, "Assessing statistical reliability of LiNGAM via multiscale bootstrap", without the multiscale correction).

use super::Lingam;
use crate::CausalError;
use ndarray::Array2;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use unmix_core::{Observations, Progress, Run, Warning};
use unmix_graph::Graph;

/// Replicates between two reports of progress.
const BATCH: usize = 10;

/// One direction between two variables, as the bootstrap saw it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// The cause.
    pub from: usize,
    /// The effect.
    pub to: usize,
    /// Share of the replicates with the edge `from -> to`.
    pub probability: f64,
    /// Share of the replicates whose order has `from` before `to`, with or without an edge.
    pub precedes: f64,
    /// Mean weight of the edge over the replicates that have it.
    pub weight: f64,
}

/// The estimates of the bootstrap replicates.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    names: Vec<String>,
    planned: usize,
    tried: usize,
    weights: Vec<Array2<f64>>,
    orders: Vec<Vec<usize>>,
    unconverged: usize,
}

/// Runs the whole procedure on resamples of the rows of `x`, as many as the settings say.
pub(super) fn of<L: Lingam>(estimator: &L, x: &Observations, run: &mut Run<'_>) -> Result<Bootstrap, CausalError> {
    let planned = estimator.settings().bootstrap;
    let names = x.names().to_vec();
    let mut found = Bootstrap { names, planned, tried: 0, weights: Vec::new(), orders: Vec::new(), unconverged: 0 };
    while found.tried < planned {
        let end = planned.min(found.tried + BATCH);
        let nested = |index: usize| run.nested(run.seed.child("lingam-bootstrap", index as u64));
        let runs: Vec<Run<'static>> = (found.tried..end).map(nested).collect();
        let batch: Vec<_> = runs
            .into_par_iter()
            .map(|run| {
                let mut stream = run.seed.stream("rows", 0);
                let rows: Vec<usize> = (0..x.rows()).map(|_| stream.random_range(0..x.rows())).collect();
                match x.select(&rows).map_err(CausalError::from).and_then(|resample| estimator.estimate(&resample, &run)) {
                    Ok(estimate) => Ok(Some(estimate)),
                    Err(CausalError::Data(_) | CausalError::Linear(_) | CausalError::Numerics(_)) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .collect::<Result<_, CausalError>>()?;
        for estimate in batch.into_iter().flatten() {
            found.unconverged += usize::from(!estimate.found.stop.converged());
            found.weights.push(estimate.weights);
            found.orders.push(estimate.found.order);
        }
        found.tried = end;
        let done = found.weights.len() as f64;
        let progress = Progress {
            stage: "bootstrap",
            step: end,
            total: Some(planned),
            objective: done,
            parts: &[("replicates", done), ("not converged", found.unconverged as f64)],
        };
        if run.observer.observe(&progress).is_break() {
            break;
        }
    }
    Ok(found)
}

impl Bootstrap {
    /// Every direction that at least one replicate has as an edge, most frequent first.
    pub fn directions(&self) -> Vec<Direction> {
        let (d, replicates) = (self.names.len(), self.weights.len() as f64);
        let mut precedes = Array2::<f64>::zeros((d, d));
        for order in &self.orders {
            for (position, &from) in order.iter().enumerate() {
                order[position + 1..].iter().for_each(|&to| precedes[[from, to]] += 1.0);
            }
        }
        let mut directions = Vec::new();
        for from in 0..d {
            for to in (0..d).filter(|&to| to != from) {
                let found: Vec<f64> = self.weights.iter().map(|w| w[[to, from]]).filter(|w| *w != 0.0).collect();
                if found.is_empty() {
                    continue;
                }
                let times = found.len() as f64;
                directions.push(Direction {
                    from,
                    to,
                    probability: times / replicates,
                    precedes: precedes[[from, to]] / replicates,
                    weight: found.iter().sum::<f64>() / times,
                });
            }
        }
        directions.sort_by(|a, b| b.probability.total_cmp(&a.probability).then((a.from, a.to).cmp(&(b.from, b.to))));
        directions
    }

    /// The graph of each replicate: what an interval for a score of graphs is computed from.
    ///
    /// # Errors
    /// [`CausalError::Graph`] if a weight is not finite.
    pub fn graphs(&self) -> Result<Vec<Graph>, CausalError> {
        self.weights.iter().map(|w| Ok(Graph::from_adjacency(self.names.iter().cloned(), w.view())?)).collect()
    }

    /// Whether the observer stopped it before the planned number.
    pub fn cancelled(&self) -> bool {
        self.tried < self.planned
    }

    /// What the user should know about the replicates.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let (tried, done) = (self.tried, self.weights.len());
        if done < tried {
            let text = format!("{} of {tried} bootstrap resamples could not be fitted and are left out of the probabilities", tried - done);
            warnings.push(Warning { code: "bootstrap-failed", text });
        }
        if self.unconverged > 0 {
            let text = format!(
                "FastICA did not converge in {} of {done} bootstrap replicates, which count as they are: their directions are less certain \
                 than their share says",
                self.unconverged
            );
            warnings.push(Warning { code: "bootstrap-not-converged", text });
        }
        warnings
    }
}
