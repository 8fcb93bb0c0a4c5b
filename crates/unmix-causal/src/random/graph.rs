//! Random directed acyclic graphs.

use rand::{RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Params, Seed, Stream};
use unmix_graph::{Dag, Edge, Graph};

use crate::CausalError;

/// How edges are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphKind {
    /// Every pair is joined with the same probability (Erdős and Rényi 1959).
    #[default]
    ErdosRenyi,
    /// Each node gets `degree / 2` causes among the nodes before it, with probability in proportion to the edges these have, plus one (Barabási and
    /// Albert 1999): few nodes have many effects.
    ScaleFree,
    /// Nodes lie in `layers` of nearly equal size, and every pair in neighbouring layers is joined with the same probability.
    Layered,
}

/// A random graph, edges of weight 1.
///
/// ```
/// use unmix_causal::{GraphKind, RandomDag};
/// use unmix_core::{Params, Seed};
///
/// let params = RandomDag { nodes: 100, degree: 4.0, kind: GraphKind::ScaleFree, ..Default::default() };
/// let dag = params.build()?.draw(Seed(1))?;
/// assert_eq!(dag.order().len(), 100);
/// assert!((190..=200).contains(&dag.graph().edges().len()));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomDag {
    /// The number of nodes, `d`, named `x1`, `x2`, ….
    pub nodes: usize,
    /// How edges are drawn.
    pub kind: GraphKind,
    /// The expected number of edges at a node, in and out, as far as layers allow; scale-free graphs have fewer, since the first nodes have few before them.
    pub degree: f64,
    /// The number of layers.
    pub layers: usize,
    /// Whether the causal order is a random permutation of the nodes, so that their names tell nothing of it. Otherwise causes come first.
    pub shuffled: bool,
}

impl Default for RandomDag {
    /// 10 nodes of degree 2 after Erdős and Rényi, in 3 layers if layered, shuffled.
    fn default() -> Self {
        Self { nodes: 10, kind: GraphKind::default(), degree: 2.0, layers: 3, shuffled: true }
    }
}

impl Params for RandomDag {
    type Estimator = Self;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("nodes", self.nodes, 1);
        checks.at_least("layers", self.layers, 1);
        checks.within("degree", self.degree, 0.0..=self.nodes.saturating_sub(1) as f64);
        checks.require("layers", self.layers <= self.nodes, "there are fewer `nodes`");
    }

    fn seal(self) -> Self {
        self
    }
}

impl RandomDag {
    /// Draws a graph; the same seed gives the same one.
    ///
    /// # Errors
    /// [`CausalError::Graph`] never, for parameters that were built.
    pub fn draw(&self, seed: Seed) -> Result<Dag, CausalError> {
        let d = self.nodes;
        let mut order: Vec<usize> = (0..d).collect();
        if self.shuffled {
            order.shuffle(&mut seed.stream("random-dag-order", 0));
        }
        let mut stream = seed.stream("random-dag", 0);
        let pairs = match self.kind {
            GraphKind::ErdosRenyi => self.joined(&mut stream, |_, _| true, d * d.saturating_sub(1) / 2),
            GraphKind::ScaleFree => self.attached(&mut stream),
            GraphKind::Layered => {
                let layer = |place: usize| place * self.layers / d;
                let neighbours = |a, b| layer(a) + 1 == layer(b);
                let possible = (0..d).flat_map(|b| (0..b).map(move |a| (a, b))).filter(|&(a, b)| neighbours(a, b)).count();
                self.joined(&mut stream, neighbours, possible)
            }
        };
        let mut graph = Graph::new((1..=d).map(|j| format!("x{j}")))?;
        for (cause, effect) in pairs {
            graph.add_edge(Edge::directed(order[cause], order[effect], 1.0))?;
        }
        Ok(Dag::try_from(graph)?)
    }

    /// Places in the order, cause first, of the pairs that are allowed and joined; `possible` of them are allowed.
    fn joined(&self, stream: &mut Stream, allowed: impl Fn(usize, usize) -> bool, possible: usize) -> Vec<(usize, usize)> {
        let wanted = 0.5 * self.degree * self.nodes as f64;
        let probability = if possible == 0 { 0.0 } else { (wanted / possible as f64).min(1.0) };
        let pairs = (0..self.nodes).flat_map(|effect| (0..effect).map(move |cause| (cause, effect)));
        pairs.filter(|&(cause, effect)| allowed(cause, effect) && stream.random::<f64>() < probability).collect()
    }

    /// Preferential attachment. A fraction of half the degree is the probability of one more edge.
    fn attached(&self, stream: &mut Stream) -> Vec<(usize, usize)> {
        let half = 0.5 * self.degree;
        let mut edges = vec![1.0_f64; self.nodes];
        let mut pairs = Vec::new();
        for effect in 1..self.nodes {
            let more = usize::from(stream.random::<f64>() < half.fract());
            let mut left: Vec<usize> = (0..effect).collect();
            for _ in 0..(half as usize + more).min(effect) {
                let total: f64 = left.iter().map(|&a| edges[a]).sum();
                let mut u = stream.random::<f64>() * total;
                let place = left.iter().position(|&a| {
                    u -= edges[a];
                    u < 0.0
                });
                // rounding may leave a little after the last
                pairs.push((left.remove(place.unwrap_or(left.len() - 1)), effect));
            }
            for &(cause, _) in pairs.iter().filter(|(_, e)| *e == effect) {
                edges[cause] += 1.0;
                edges[effect] += 1.0;
            }
        }
        pairs
    }
}
