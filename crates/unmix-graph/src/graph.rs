//! Named nodes and weighted edges.
//!
//! One convention holds throughout unmix: an adjacency matrix has **row = effect**, `weights[[i, j]]` is the effect of `j` on `i`,
//! as in the structural equation `x = B x + e`.

use crate::GraphError;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// One edge between two nodes, given by their indices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The cause (or one end, if undirected).
    pub from: usize,
    /// The effect (or the other end, if undirected).
    pub to: usize,
    /// Strength of the effect; 1 where the method learns structure only.
    pub weight: f64,
    /// Share of resamples, or posterior probability, that the edge is there; `None` if it was not assessed.
    pub probability: Option<f64>,
    /// Whether the direction is known.
    pub directed: bool,
}

impl Edge {
    /// The edge `from -> to` without a probability.
    pub const fn directed(from: usize, to: usize, weight: f64) -> Self {
        Self { from, to, weight, probability: None, directed: true }
    }

    /// The edge `from - to` without a probability, as in a CPDAG.
    pub const fn undirected(from: usize, to: usize, weight: f64) -> Self {
        Self { from, to, weight, probability: None, directed: false }
    }

    /// The same edge with a probability.
    #[must_use]
    pub const fn with_probability(self, probability: f64) -> Self {
        Self { probability: Some(probability), ..self }
    }

    fn clashes(&self, other: &Self) -> bool {
        let same = (self.from, self.to) == (other.from, other.to);
        let reverse = (self.from, self.to) == (other.to, other.from);
        same || (reverse && !(self.directed && other.directed))
    }
}

/// Named nodes and weighted edges, directed or not. Cycles are allowed; self loops and repeated edges are not.
///
/// Two directed edges may join the same nodes in opposite directions. The JSON form uses names:
///
/// ```
/// use unmix_graph::{Edge, Graph};
///
/// let mut graph = Graph::new(["a", "b"])?;
/// graph.add_edge(Edge::directed(0, 1, 1.0).with_probability(0.9))?;
///
/// let json = serde_json::to_string(&graph).unwrap();
/// assert_eq!(json, r#"{"nodes":["a","b"],"edges":[{"from":"a","to":"b","weight":1.0,"probability":0.9,"directed":true}]}"#);
/// assert_eq!(serde_json::from_str::<Graph>(&json).unwrap(), graph);
///
/// let error = serde_json::from_str::<Graph>(r#"{"nodes":["a"],"edges":[{"from":"a","to":"c","weight":1,"directed":true}]}"#);
/// assert!(error.unwrap_err().to_string().starts_with("there is no node \"c\""));
/// # Ok::<(), unmix_graph::GraphError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "GraphFile", into = "GraphFile")]
pub struct Graph {
    nodes: Vec<String>,
    edges: Vec<Edge>,
}

impl Graph {
    /// A graph without edges.
    ///
    /// # Errors
    /// [`GraphError::DuplicateNode`] if a name is repeated.
    pub fn new<S: Into<String>>(nodes: impl IntoIterator<Item = S>) -> Result<Self, GraphError> {
        let nodes: Vec<String> = nodes.into_iter().map(Into::into).collect();
        let mut seen = HashSet::new();
        if let Some(name) = nodes.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(GraphError::DuplicateNode { name: name.clone() });
        }
        Ok(Self { nodes, edges: Vec::new() })
    }

    /// The directed graph of `weights` `[d, d]`, where **`weights[[i, j]]` is the effect of `j` on `i`** (row = effect):
    /// each nonzero entry is an edge `j -> i`. Edges come in row-major order of `weights`.
    ///
    /// ```
    /// use ndarray::array;
    /// use unmix_graph::{Edge, Graph};
    ///
    /// let graph = Graph::from_adjacency(["cause", "effect"], array![[0.0, 0.0], [0.7, 0.0]].view())?;
    /// assert_eq!(graph.edges(), [Edge::directed(0, 1, 0.7)]);
    /// # Ok::<(), unmix_graph::GraphError>(())
    /// ```
    ///
    /// # Errors
    /// [`GraphError`] if a name is repeated, `weights` is not `[d, d]`, its diagonal is not zero or an entry is not finite.
    pub fn from_adjacency<S: Into<String>>(nodes: impl IntoIterator<Item = S>, weights: ArrayView2<'_, f64>) -> Result<Self, GraphError> {
        let mut graph = Self::new(nodes)?;
        let (rows, columns) = weights.dim();
        let nodes = graph.nodes.len();
        if rows != nodes || columns != nodes {
            return Err(GraphError::Shape { rows, columns, nodes });
        }
        for ((to, from), &weight) in weights.indexed_iter() {
            if weight != 0.0 {
                let edge = Edge::directed(from, to, weight);
                graph.check(&edge)?;
                graph.edges.push(edge);
            }
        }
        Ok(graph)
    }

    /// The names of the nodes.
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// The edges, in the order in which they were added.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The index of the node `name`.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node == name)
    }

    /// The edge between two nodes: `from -> to`, or undirected in either order.
    pub fn edge(&self, from: usize, to: usize) -> Option<&Edge> {
        self.edges.iter().find(|e| (e.from, e.to) == (from, to) || (!e.directed && (e.to, e.from) == (from, to)))
    }

    /// Adds an edge.
    ///
    /// # Errors
    /// [`GraphError`] if an end is not a node, the ends are equal, the weight is not finite, the probability lies outside 0 to 1
    /// or the edge is there already.
    pub fn add_edge(&mut self, edge: Edge) -> Result<(), GraphError> {
        self.check(&edge)?;
        if self.edges.iter().any(|e| e.clashes(&edge)) {
            return Err(self.duplicate(&edge));
        }
        self.edges.push(edge);
        Ok(())
    }

    /// The weights as a matrix `[d, d]`, where `[[i, j]]` is the effect of `j` on `i` (row = effect) and 0 means no edge.
    /// The weight of an undirected edge stands in both places.
    pub fn adjacency(&self) -> Array2<f64> {
        let d = self.nodes.len();
        let mut weights = Array2::zeros((d, d));
        for edge in &self.edges {
            weights[[edge.to, edge.from]] = edge.weight;
            if !edge.directed {
                weights[[edge.from, edge.to]] = edge.weight;
            }
        }
        weights
    }

    /// The same edges, changed by `f`, which moves none to other nodes.
    pub(crate) fn map_edges(&self, f: impl Fn(Edge) -> Edge) -> Self {
        Self { nodes: self.nodes.clone(), edges: self.edges.iter().map(|&edge| f(edge)).collect() }
    }

    /// The edges for which `keep` holds.
    pub(crate) fn filter_edges(&self, keep: impl Fn(&Edge) -> bool) -> Self {
        Self { nodes: self.nodes.clone(), edges: self.edges.iter().copied().filter(|edge| keep(edge)).collect() }
    }

    pub(crate) fn name(&self, index: usize) -> String {
        self.nodes.get(index).cloned().unwrap_or_default()
    }

    /// Everything that can be wrong with one edge alone.
    fn check(&self, edge: &Edge) -> Result<(), GraphError> {
        let nodes = self.nodes.len();
        if let Some(index) = [edge.from, edge.to].into_iter().find(|&index| index >= nodes) {
            return Err(GraphError::NoSuchIndex { index, nodes });
        }
        let (from, to) = (self.name(edge.from), self.name(edge.to));
        if edge.from == edge.to {
            return Err(GraphError::SelfLoop { node: from });
        }
        if !edge.weight.is_finite() {
            return Err(GraphError::NonFiniteWeight { from, to, weight: edge.weight });
        }
        match edge.probability {
            Some(probability) if !(0.0..=1.0).contains(&probability) => Err(GraphError::ProbabilityRange { from, to, probability }),
            _ => Ok(()),
        }
    }

    fn duplicate(&self, edge: &Edge) -> GraphError {
        GraphError::DuplicateEdge { from: self.name(edge.from), to: self.name(edge.to) }
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Graph", deny_unknown_fields)]
struct GraphFile {
    nodes: Vec<String>,
    edges: Vec<EdgeFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Edge", deny_unknown_fields)]
struct EdgeFile {
    from: String,
    to: String,
    weight: f64,
    probability: Option<f64>,
    directed: bool,
}

impl From<Graph> for GraphFile {
    fn from(graph: Graph) -> Self {
        let edges = graph
            .edges
            .iter()
            .map(|e| EdgeFile {
                from: graph.name(e.from),
                to: graph.name(e.to),
                weight: e.weight,
                probability: e.probability,
                directed: e.directed,
            })
            .collect();
        Self { nodes: graph.nodes, edges }
    }
}

impl TryFrom<GraphFile> for Graph {
    type Error = GraphError;

    fn try_from(file: GraphFile) -> Result<Self, GraphError> {
        let mut graph = Self::new(file.nodes)?;
        for e in file.edges {
            let index = |name: String| graph.index(&name).ok_or(GraphError::NoSuchNode { name });
            let (from, to) = (index(e.from)?, index(e.to)?);
            graph.add_edge(Edge { from, to, weight: e.weight, probability: e.probability, directed: e.directed })?;
        }
        Ok(graph)
    }
}
