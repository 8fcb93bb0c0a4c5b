//! Two graphs over the same named nodes, compared pair of nodes by pair of nodes.
//!
//! Precision, recall and F1 of **directed** edges count an estimated edge as right if the truth has it with the same mark: the same
//! direction, or undirected in both. Those of the **skeleton** count pairs of adjacent nodes, whatever the direction. Where a share has
//! nothing below the line it is 1 if the other graph has no edge either and 0 if it has, with a warning.
//!
//! The chance level is exact: the mean over all ways to put the estimate's edges on random pairs of nodes in random directions. Given
//! that, each true edge meets an estimated one with probability (adjacent pairs of the estimate) / (pairs of nodes), and a direction is
//! right half of the time. The number of edges is kept, so precision, recall and F1 are linear in the hits and so is their mean.
//!
//! A single graph has no interval. With the graphs of bootstrap resamples it is the 2.5 % to 97.5 % range of their values.
//!
//! ```
//! use unmix_graph::{Edge, Graph};
//! use unmix_metrics::{GraphPair, edges};
//!
//! let mut truth = Graph::new(["raf", "mek", "erk"])?;
//! truth.add_edge(Edge::directed(0, 1, 1.0))?;
//! truth.add_edge(Edge::directed(1, 2, 1.0))?;
//! // nodes in another order, one edge right, one reversed
//! let mut estimate = Graph::new(["erk", "mek", "raf"])?;
//! estimate.add_edge(Edge::directed(2, 1, 0.7))?;
//! estimate.add_edge(Edge::directed(0, 1, 0.2))?;
//!
//! let pair = GraphPair::new(&estimate, &truth, &[])?;
//! assert_eq!(edges::f1(&pair).value, 0.5);
//! assert_eq!(edges::skeleton_f1(&pair).value, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{MetricsError, Score, resample::percentile_interval};
use unmix_core::{Class, nearest};
use unmix_graph::Graph;

pub use crate::shd::{Reversal, shd};

/// What joins two nodes, seen from the one that comes first in the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    None,
    Forward,
    Backward,
    /// Both directions: a cycle of two.
    Both,
    Undirected,
}

impl Link {
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Forward, Self::Backward, Self::Both, Self::Undirected];

    fn edges(self) -> usize {
        match self {
            Self::None => 0,
            Self::Both => 2,
            _ => 1,
        }
    }

    fn hits(self, other: Self) -> usize {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => 0,
            (a, b) if a == b => a.edges(),
            (Self::Both, Self::Forward | Self::Backward) | (Self::Forward | Self::Backward, Self::Both) => 1,
            _ => 0,
        }
    }
}

/// An estimated and a true graph, their nodes matched by name, and the estimates of bootstrap resamples if there are any.
#[derive(Clone, Debug)]
pub struct GraphPair {
    nodes: usize,
    pub(crate) estimate: Vec<Link>,
    pub(crate) truth: Vec<Link>,
    resamples: Vec<Vec<Link>>,
}

impl GraphPair {
    /// Matches the nodes by name; their order does not matter.
    ///
    /// # Errors
    /// [`MetricsError::MissingNode`] names the first node that one graph lacks.
    pub fn new(estimate: &Graph, truth: &Graph, resamples: &[Graph]) -> Result<Self, MetricsError> {
        if let Some(node) = estimate.nodes().iter().find(|node| truth.index(node).is_none()) {
            return Err(missing("truth", truth, node));
        }
        Ok(Self {
            nodes: truth.nodes().len(),
            estimate: links("estimate", estimate, truth)?,
            truth: links("truth", truth, truth)?,
            resamples: resamples.iter().map(|graph| links("resample", graph, truth)).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn score(&self, estimator: &str, variant: &str, value: impl Fn(&[Link], &[Link]) -> f64) -> Score {
        let resampled = self.resamples.iter().map(|links| value(links, &self.truth)).collect();
        Score {
            value: value(&self.estimate, &self.truth),
            estimator: estimator.to_owned(),
            variant: variant.to_owned(),
            n: self.nodes,
            chance: 0.0,
            ceiling: 1.0,
            ci: percentile_interval(resampled),
            invariance: Class::Exact,
            warnings: Vec::new(),
        }
    }

    /// The mean of `Σ cost` over all ways to put the estimate's links on random pairs in random directions.
    pub(crate) fn expected(&self, cost: impl Fn(Link, Link) -> f64) -> f64 {
        let pairs = self.truth.len();
        if pairs == 0 {
            return 0.0;
        }
        let count = |links: &[Link], link: Link| links.iter().filter(|l| **l == link).count() as f64;
        let directed = count(&self.estimate, Link::Forward) + count(&self.estimate, Link::Backward);
        let placed = |link: Link| match link {
            Link::Forward | Link::Backward => 0.5 * directed,
            other => count(&self.estimate, other),
        };
        let sum = |link: Link| Link::ALL.iter().map(|&t| placed(link) * count(&self.truth, t) * cost(link, t)).sum::<f64>();
        Link::ALL.iter().map(|&link| sum(link)).sum::<f64>() / pairs as f64
    }
}

/// The share of the estimated edges that are right.
pub fn precision(pair: &GraphPair) -> Score {
    share(pair, Share::Precision, false)
}

/// The share of the true edges that were found.
pub fn recall(pair: &GraphPair) -> Score {
    share(pair, Share::Recall, false)
}

/// The harmonic mean of [`precision`] and [`recall`].
pub fn f1(pair: &GraphPair) -> Score {
    share(pair, Share::F1, false)
}

/// The share of the estimated adjacencies that are right.
pub fn skeleton_precision(pair: &GraphPair) -> Score {
    share(pair, Share::Precision, true)
}

/// The share of the true adjacencies that were found.
pub fn skeleton_recall(pair: &GraphPair) -> Score {
    share(pair, Share::Recall, true)
}

/// The harmonic mean of [`skeleton_precision`] and [`skeleton_recall`].
pub fn skeleton_f1(pair: &GraphPair) -> Score {
    share(pair, Share::F1, true)
}

#[derive(Clone, Copy)]
enum Share {
    Precision,
    Recall,
    F1,
}

impl Share {
    fn of(self, hits: f64, estimated: usize, real: usize) -> f64 {
        let below = match self {
            Self::Precision => estimated as f64,
            Self::Recall => real as f64,
            Self::F1 => 0.5 * (estimated + real) as f64,
        };
        match below {
            below if below > 0.0 => hits / below,
            _ if estimated + real == 0 => 1.0,
            _ => 0.0,
        }
    }
}

fn share(pair: &GraphPair, share: Share, skeleton: bool) -> Score {
    let weigh = |link: Link| if skeleton { usize::from(link != Link::None) } else { link.edges() };
    let hit = |a: Link, b: Link| if skeleton { weigh(a) * weigh(b) } else { a.hits(b) };
    let total = |links: &[Link]| links.iter().map(|l| weigh(*l)).sum::<usize>();
    let value = |estimate: &[Link], truth: &[Link]| {
        let hits: usize = estimate.iter().zip(truth).map(|(a, b)| hit(*a, *b)).sum();
        share.of(hits as f64, total(estimate), total(truth))
    };
    let estimator = match share {
        Share::Precision => "right edges / estimated edges",
        Share::Recall => "right edges / true edges",
        Share::F1 => "2 · right edges / (estimated + true edges)",
    };
    let mut score = pair.score(estimator, if skeleton { "skeleton" } else { "directed" }, value);
    let (estimated, real) = (total(&pair.estimate), total(&pair.truth));
    score.chance = share.of(pair.expected(|a, b| hit(a, b) as f64), estimated, real);
    if skeleton {
        score.invariance = Class::MarkovEquivalence;
    }
    for (edges, graph) in [(estimated, "estimate"), (real, "truth")] {
        if edges == 0 {
            score.warnings.push(format!("the {graph} has no edge; a share of nothing counts as 1 if both graphs are empty, else as 0"));
        }
    }
    score
}

/// The links of `graph` in the order of the pairs `(i, j)`, `i < j`, of the nodes of `truth`.
fn links(role: &'static str, graph: &Graph, truth: &Graph) -> Result<Vec<Link>, MetricsError> {
    let names = truth.nodes();
    if let Some(node) = names.iter().find(|node| graph.index(node).is_none()) {
        return Err(missing(role, graph, node));
    }
    let position = |node: &String| truth.index(node).ok_or_else(|| missing("truth", truth, node));
    let position: Vec<usize> = graph.nodes().iter().map(position).collect::<Result<_, _>>()?;
    let d = names.len();
    let mut links = vec![Link::None; d * d];
    for edge in graph.edges() {
        let (from, to) = (position[edge.from], position[edge.to]);
        let slot = &mut links[from.min(to) * d + from.max(to)];
        *slot = match (*slot, edge.directed, from < to) {
            (_, false, _) => Link::Undirected,
            (Link::None, true, true) => Link::Forward,
            (Link::None, true, false) => Link::Backward,
            (_, true, _) => Link::Both,
        };
    }
    Ok((0..d).flat_map(|i| (i + 1..d).map(move |j| (i, j))).map(|(i, j)| links[i * d + j]).collect())
}

fn missing(role: &'static str, graph: &Graph, node: &str) -> MetricsError {
    let near = nearest(node, graph.nodes().iter().map(String::as_str)).unwrap_or_default();
    MetricsError::MissingNode { graph: role, node: node.to_owned(), nearest: near.to_owned() }
}
