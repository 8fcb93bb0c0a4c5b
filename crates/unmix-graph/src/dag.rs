//! Directed acyclic graphs: topological order, ancestors, d-separation.
//!
//! d-separation is decided by reachability along active trails, in time linear in the edges (Koller and Friedman 2009,
//! "Probabilistic Graphical Models", algorithm 3.1, the "Bayes ball" of Shachter 1998).
//!
//! ```
//! use unmix_graph::{Dag, Edge, Graph};
//!
//! // A collider: both causes are independent until the effect, or what follows from it, is held fixed.
//! let mut graph = Graph::new(["rain", "sprinkler", "wet", "slippery"])?;
//! for (from, to) in [(0, 2), (1, 2), (2, 3)] {
//!     graph.add_edge(Edge::directed(from, to, 1.0))?;
//! }
//! let dag = Dag::try_from(graph)?;
//! assert!(dag.d_separated(&[0], &[1], &[])?);
//! assert!(!dag.d_separated(&[0], &[1], &[3])?);
//! # Ok::<(), unmix_graph::GraphError>(())
//! ```

use crate::{Graph, GraphError};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BinaryHeap};

/// A [`Graph`] whose edges are all directed and form no cycle.
///
/// Made with `Dag::try_from(graph)`, which names a cycle if there is one. Indices that are no node have no parents, children,
/// ancestors or descendants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Graph", into = "Graph")]
pub struct Dag {
    graph: Graph,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
    order: Vec<usize>,
}

impl Dag {
    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The graph, without the check.
    pub fn into_graph(self) -> Graph {
        self.graph
    }

    /// The nodes, causes before effects. Among the nodes that may come next, the one with the smallest index does.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The direct causes of a node, ascending.
    pub fn parents(&self, node: usize) -> &[usize] {
        self.parents.get(node).map_or(&[], Vec::as_slice)
    }

    /// The direct effects of a node, ascending.
    pub fn children(&self, node: usize) -> &[usize] {
        self.children.get(node).map_or(&[], Vec::as_slice)
    }

    /// The direct and indirect causes of a node without itself, ascending.
    pub fn ancestors(&self, node: usize) -> Vec<usize> {
        reachable(&self.parents, node)
    }

    /// The direct and indirect effects of a node without itself, ascending.
    pub fn descendants(&self, node: usize) -> Vec<usize> {
        reachable(&self.children, node)
    }

    /// Whether `given` blocks every trail between `x` and `y`: then `x` and `y` are independent given `given` in every
    /// distribution that factorises along this graph. An empty `x` or `y` is separated from everything.
    ///
    /// # Errors
    /// [`GraphError`] if an index is no node, or a node is in two of the three sets.
    pub fn d_separated(&self, x: &[usize], y: &[usize], given: &[usize]) -> Result<bool, GraphError> {
        self.check_disjoint([x, y, given])?;
        let d = self.order.len();
        let mut observed = vec![false; d];
        // A collider is open if it, or a descendant of it, is given.
        let mut opens_collider = vec![false; d];
        for &node in given {
            observed[node] = true;
            opens_collider[node] = true;
            for ancestor in self.ancestors(node) {
                opens_collider[ancestor] = true;
            }
        }
        let mut target = vec![false; d];
        for &node in y {
            target[node] = true;
        }
        let mut visited = vec![[false; 2]; d];
        let mut trail: Vec<(usize, Arrival)> = x.iter().map(|&node| (node, Arrival::FromChild)).collect();
        while let Some((node, arrival)) = trail.pop() {
            if std::mem::replace(&mut visited[node][arrival as usize], true) {
                continue;
            }
            if target[node] {
                return Ok(false);
            }
            let up = match arrival {
                Arrival::FromChild => !observed[node],
                Arrival::FromParent => opens_collider[node],
            };
            if up {
                trail.extend(self.parents[node].iter().map(|&p| (p, Arrival::FromChild)));
            }
            if !observed[node] {
                trail.extend(self.children[node].iter().map(|&c| (c, Arrival::FromParent)));
            }
        }
        Ok(true)
    }

    fn check_disjoint(&self, sets: [&[usize]; 3]) -> Result<(), GraphError> {
        let nodes = self.order.len();
        let mut owner = vec![None; nodes];
        for (set, members) in sets.into_iter().enumerate() {
            for &index in members {
                let slot = owner.get_mut(index).ok_or(GraphError::NoSuchIndex { index, nodes })?;
                if slot.is_some_and(|other| other != set) {
                    return Err(GraphError::NotDisjoint { node: self.graph.name(index) });
                }
                *slot = Some(set);
            }
        }
        Ok(())
    }
}

impl TryFrom<Graph> for Dag {
    type Error = GraphError;

    /// # Errors
    /// [`GraphError::Undirected`] or [`GraphError::Cycle`].
    fn try_from(graph: Graph) -> Result<Self, GraphError> {
        let d = graph.nodes().len();
        let mut parents = vec![Vec::new(); d];
        let mut children = vec![Vec::new(); d];
        for edge in graph.edges() {
            if !edge.directed {
                return Err(GraphError::Undirected { from: graph.name(edge.from), to: graph.name(edge.to) });
            }
            parents[edge.to].push(edge.from);
            children[edge.from].push(edge.to);
        }
        parents.iter_mut().chain(&mut children).for_each(|list| list.sort_unstable());

        let mut waiting: Vec<usize> = parents.iter().map(Vec::len).collect();
        let mut ready: BinaryHeap<Reverse<usize>> = (0..d).filter(|&i| waiting[i] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(d);
        while let Some(Reverse(node)) = ready.pop() {
            order.push(node);
            for &child in &children[node] {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    ready.push(Reverse(child));
                }
            }
        }
        match (0..d).find(|&i| waiting[i] > 0) {
            Some(start) => Err(GraphError::Cycle { path: cycle(&parents, &waiting, start).map(|i| graph.name(i)).collect() }),
            None => Ok(Self { graph, parents, children, order }),
        }
    }
}

impl From<Dag> for Graph {
    fn from(dag: Dag) -> Self {
        dag.graph
    }
}

/// Along which end of an edge a trail arrives at a node.
#[derive(Clone, Copy)]
enum Arrival {
    FromChild = 0,
    FromParent = 1,
}

/// All nodes that `next` leads to from `start`, without `start` (the graph has no cycle), ascending.
fn reachable(next: &[Vec<usize>], start: usize) -> Vec<usize> {
    let mut seen = vec![false; next.len()];
    let mut stack: Vec<usize> = next.get(start).cloned().unwrap_or_default();
    while let Some(node) = stack.pop() {
        if !std::mem::replace(&mut seen[node], true) {
            stack.extend(&next[node]);
        }
    }
    (0..next.len()).filter(|&i| seen[i]).collect()
}

/// A cycle among the nodes that still wait for a parent, from its smallest index back to it. Every such node has such a parent,
/// so walking from parent to parent must return.
fn cycle(parents: &[Vec<usize>], waiting: &[usize], start: usize) -> impl Iterator<Item = usize> + use<> {
    let mut walk = vec![start];
    let mut visited_at = vec![None; parents.len()];
    let mut node = start;
    while visited_at[node].is_none() {
        visited_at[node] = Some(walk.len() - 1);
        node = parents[node].iter().copied().find(|&p| waiting[p] > 0).unwrap_or(node);
        walk.push(node);
    }
    let mut nodes = walk.split_off(visited_at[node].unwrap_or_default());
    nodes.pop();
    nodes.reverse();
    let smallest = (0..nodes.len()).min_by_key(|&k| nodes[k]).unwrap_or_default();
    nodes.rotate_left(smallest);
    let first = nodes.first().copied();
    nodes.into_iter().chain(first)
}
