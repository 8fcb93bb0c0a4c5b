//! What is known of a graph before any data are seen: causes that must be, cannot be, or come later.

use crate::{Dag, Edge, Graph, GraphError};
use serde::{Deserialize, Serialize};

/// Background knowledge, by names.
///
/// ```
/// use unmix_graph::Knowledge;
///
/// let mut knowledge = Knowledge::default();
/// knowledge.tiers = vec![vec!["age".into(), "sex".into()], vec!["dose".into()], vec!["response".into()]];
/// knowledge.forbidden = vec![("sex".into(), "dose".into())];
/// let nodes = ["age", "dose", "response", "sex"].map(String::from);
/// let constraints = knowledge.resolve(&nodes)?;
/// assert!(constraints.forbids(1, 0)); // the dose comes after the age
/// assert!(constraints.excludes(3, 1)); // neither causes the other
/// # Ok::<(), unmix_graph::GraphError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knowledge {
    /// Edges that are in the graph, cause first.
    pub required: Vec<(String, String)>,
    /// Edges that are not, cause first; the opposite edge is not concerned.
    pub forbidden: Vec<(String, String)>,
    /// Groups of nodes in time order: none causes a node of an earlier group. A node in no group is free.
    pub tiers: Vec<Vec<String>>,
}

/// [`Knowledge`] about the nodes of one graph, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraints {
    nodes: usize,
    required: Vec<(usize, usize)>,
    /// `[d, d]`, row = cause.
    forbidden: Vec<bool>,
}

impl Knowledge {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.forbidden.is_empty() && self.tiers.len() < 2
    }

    /// The knowledge about a graph with these nodes.
    ///
    /// # Errors
    /// [`GraphError::NoSuchNode`], [`GraphError::SelfLoop`], [`GraphError::TwoTiers`] if a node is in two groups,
    /// [`GraphError::RequiredForbidden`] if an edge is required and forbidden, by name or by time, and [`GraphError::Cycle`] if the
    /// required edges form one.
    pub fn resolve(&self, nodes: &[String]) -> Result<Constraints, GraphError> {
        let d = nodes.len();
        let index = |name: &String| nodes.iter().position(|n| n == name).ok_or_else(|| GraphError::NoSuchNode { name: name.clone() });
        let ends = |(from, to): &(String, String)| match (index(from)?, index(to)?) {
            (i, j) if i == j => Err(GraphError::SelfLoop { node: from.clone() }),
            ends => Ok(ends),
        };
        let mut forbidden = vec![false; d * d];
        for edge in &self.forbidden {
            let (from, to) = ends(edge)?;
            forbidden[from * d + to] = true;
        }
        let mut tier = vec![None; d];
        for (t, names) in self.tiers.iter().enumerate() {
            for name in names {
                if tier[index(name)?].replace(t).is_some() {
                    return Err(GraphError::TwoTiers { node: name.clone() });
                }
            }
        }
        for (from, later) in tier.iter().enumerate() {
            for (to, earlier) in tier.iter().enumerate() {
                forbidden[from * d + to] |= later.zip(*earlier).is_some_and(|(later, earlier)| later > earlier);
            }
        }
        let mut required = Vec::new();
        let mut graph = Graph::new(nodes.iter().cloned())?;
        for edge in &self.required {
            let (from, to) = ends(edge)?;
            if forbidden[from * d + to] {
                return Err(GraphError::RequiredForbidden { from: edge.0.clone(), to: edge.1.clone() });
            }
            if !required.contains(&(from, to)) {
                graph.add_edge(Edge::directed(from, to, 1.0))?;
                required.push((from, to));
            }
        }
        Dag::try_from(graph)?;
        for &(from, to) in &required {
            forbidden[to * d + from] = true;
        }
        Ok(Constraints { nodes: d, required, forbidden })
    }
}

impl Constraints {
    /// The required edges, cause first, in the order given.
    pub fn required(&self) -> &[(usize, usize)] {
        &self.required
    }

    /// Whether `from -> to` is required.
    pub fn requires(&self, from: usize, to: usize) -> bool {
        self.required.contains(&(from, to))
    }

    /// Whether `from -> to` cannot be: it is forbidden, against time, or its opposite is required.
    pub fn forbids(&self, from: usize, to: usize) -> bool {
        from < self.nodes && to < self.nodes && self.forbidden[from * self.nodes + to]
    }

    /// Whether the two cannot be adjacent.
    pub fn excludes(&self, a: usize, b: usize) -> bool {
        self.forbids(a, b) && self.forbids(b, a)
    }
}
