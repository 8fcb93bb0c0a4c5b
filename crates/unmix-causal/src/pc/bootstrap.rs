//! How often each edge comes back when the rows are drawn anew and the whole procedure is run again.

use super::Pc;
use crate::{CausalError, Link};
use rand::RngExt;
use rayon::prelude::*;
use std::collections::BTreeMap;
use unmix_core::{Observations, Progress, Run, Warning};
use unmix_graph::Graph;

/// Replicates between two reports of progress.
const BATCH: usize = 10;

/// The graphs of the replicates.
pub(super) struct Bootstrap {
    planned: usize,
    tried: usize,
    graphs: Vec<Graph>,
}

impl Pc {
    /// Runs the procedure on `bootstrap` resamples of the rows. A resample in which a column no longer varies is left out and counted.
    pub(super) fn bootstrap(&self, x: &Observations, run: &mut Run<'_>) -> Result<Bootstrap, CausalError> {
        let mut found = Bootstrap { planned: self.params.bootstrap, tried: 0, graphs: Vec::new() };
        while found.tried < found.planned {
            let end = found.planned.min(found.tried + BATCH);
            let nested = |index: usize| run.nested(run.seed.child("pc-bootstrap", index as u64));
            let runs: Vec<Run<'static>> = (found.tried..end).map(nested).collect();
            let batch: Vec<Option<Graph>> = runs
                .into_par_iter()
                .map(|mut run| {
                    let mut stream = run.seed.stream("rows", 0);
                    let rows: Vec<usize> = (0..x.rows()).map(|_| stream.random_range(0..x.rows())).collect();
                    let resample = x.select(&rows)?;
                    match self.test(&resample).and_then(|test| self.estimate(test.as_ref(), &mut run)) {
                        Ok(estimate) => Ok(Some(estimate.directed.graph)),
                        Err(CausalError::Data(_) | CausalError::Numerics(_)) => Ok(None),
                        Err(error) => Err(error),
                    }
                })
                .collect::<Result<_, CausalError>>()?;
            found.graphs.extend(batch.into_iter().flatten());
            found.tried = end;
            let done = found.graphs.len() as f64;
            let progress =
                Progress { stage: "bootstrap", step: end, total: Some(found.planned), objective: done, parts: &[("replicates", done)] };
            if run.observer.observe(&progress).is_break() {
                break;
            }
        }
        Ok(found)
    }
}

impl Bootstrap {
    /// Every pair that at least one replicate joined, most often adjacent first.
    pub fn links(&self) -> Vec<Link> {
        let mut counts: BTreeMap<(usize, usize), [usize; 3]> = BTreeMap::new();
        for edge in self.graphs.iter().flat_map(Graph::edges) {
            let kind = if edge.directed { usize::from(edge.from > edge.to) } else { 2 };
            counts.entry((edge.from.min(edge.to), edge.from.max(edge.to))).or_default()[kind] += 1;
        }
        let share = |count: usize| count as f64 / self.graphs.len() as f64;
        let link = |((a, b), [there, back, open]): ((usize, usize), [usize; 3])| {
            (there + back + open, Link { a, b, forward: share(there), backward: share(back), undirected: share(open) })
        };
        let mut links: Vec<(usize, Link)> = counts.into_iter().map(link).collect();
        // stable: of equals the first pair comes first
        links.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
        links.into_iter().map(|(_, link)| link).collect()
    }

    /// Whether there is any replicate to take shares of.
    pub fn is_empty(&self) -> bool {
        self.graphs.is_empty()
    }

    /// Whether the observer stopped it before the planned number.
    pub fn cancelled(&self) -> bool {
        self.tried < self.planned
    }

    /// What the user should know about the replicates.
    pub fn warning(&self) -> Option<Warning> {
        let failed = self.tried - self.graphs.len();
        let left = if self.is_empty() { "edges have no probabilities" } else { "are left out of the probabilities" };
        let joint = if self.is_empty() { ";" } else { " and" };
        (failed > 0).then(|| Warning {
            code: "bootstrap-failed",
            text: format!("{failed} of {} bootstrap resamples could not be fitted{joint} {left}", self.tried),
        })
    }
}
