//! Positions for drawing a graph in layers, causes above effects.
//!
//! The method of Sugiyama, Tagawa and Toda (1981): ignore the edges that close a cycle, put each node on the layer of its longest
//! path from a source, give edges that skip layers a place on each, and order every layer by the barycentre of its neighbours,
//! down and up by turns. The order with the fewest crossings is kept. No randomness: equal graphs get equal positions.
//!
//! ```
//! use unmix_graph::{Edge, Graph, layout};
//!
//! let mut graph = Graph::new(["a", "b", "c"])?;
//! graph.add_edge(Edge::directed(0, 1, 1.0))?;
//! graph.add_edge(Edge::directed(0, 2, 1.0))?;
//! let at = layout(&graph);
//! assert!(at[0].y < at[1].y && at[1].y == at[2].y && at[1].x < at[2].x);
//! # Ok::<(), unmix_graph::GraphError>(())
//! ```

use crate::Graph;

/// Down-and-up passes over the layers; the crossings of small graphs settle within four.
const SWEEPS: usize = 8;

/// A place in the unit square; `y` points down, so that causes are drawn above effects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// From left, 0, to right, 1.
    pub x: f64,
    /// From top, 0, to bottom, 1.
    pub y: f64,
}

/// The positions of the nodes, in their order, in the unit square.
///
/// Works for every graph: an edge that closes a cycle is ignored for the layers, an undirected edge counts as `from -> to`.
pub fn layout(graph: &Graph) -> Vec<Position> {
    let d = graph.nodes().len();
    let edges = forward_edges(graph);
    let layer_of = longest_path(d, &edges);
    let mut layers = Layers::new(d, &edges, &layer_of);
    layers.reduce_crossings();

    let mut positions = vec![Position { x: 0.5, y: 0.5 }; d];
    let depth = layers.nodes.len();
    for (layer, nodes) in layers.nodes.iter().enumerate() {
        for (slot, &node) in nodes.iter().enumerate() {
            if let Some(position) = positions.get_mut(node) {
                position.x = (slot as f64 + 0.5) / nodes.len() as f64;
                position.y = if depth > 1 { layer as f64 / (depth - 1) as f64 } else { 0.5 };
            }
        }
    }
    positions
}

/// The edges without those that lead back to a node on the path of a depth-first search: what is left has no cycle.
fn forward_edges(graph: &Graph) -> Vec<(usize, usize)> {
    let d = graph.nodes().len();
    let mut next = vec![Vec::new(); d];
    let mut is_effect = vec![false; d];
    for edge in graph.edges() {
        next[edge.from].push(edge.to);
        is_effect[edge.to] = true;
    }
    for list in &mut next {
        list.sort_unstable();
    }
    let mut state = vec![Visit::New; d];
    let mut kept = Vec::new();
    // Sources first, so that a cycle is entered, and drawn, where its causes enter it.
    for root in (0..d).filter(|&i| !is_effect[i]).chain(0..d) {
        if state[root] != Visit::New {
            continue;
        }
        state[root] = Visit::OnPath;
        let mut path = vec![(root, 0)];
        while let Some((node, at)) = path.last_mut() {
            let from = *node;
            let Some(&to) = next[from].get(*at) else {
                state[from] = Visit::Done;
                path.pop();
                continue;
            };
            *at += 1;
            if state[to] != Visit::OnPath {
                kept.push((from, to));
            }
            if state[to] == Visit::New {
                state[to] = Visit::OnPath;
                path.push((to, 0));
            }
        }
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    OnPath,
    Done,
}

/// The number of edges on the longest path that ends in each of `d` nodes.
fn longest_path(d: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut next = vec![Vec::new(); d];
    let mut waiting = vec![0_usize; d];
    for &(from, to) in edges {
        next[from].push(to);
        waiting[to] += 1;
    }
    let mut ready: Vec<usize> = (0..d).filter(|&i| waiting[i] == 0).collect();
    let mut layer_of = vec![0; d];
    while let Some(node) = ready.pop() {
        for &to in &next[node] {
            layer_of[to] = layer_of[to].max(layer_of[node] + 1);
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(to);
            }
        }
    }
    layer_of
}

/// Nodes by layer, from left to right. Indices from the node count on are the places of edges that skip layers.
struct Layers {
    nodes: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
}

impl Layers {
    fn new(d: usize, edges: &[(usize, usize)], layer_of: &[usize]) -> Self {
        let depth = layer_of.iter().max().map_or(0, |deepest| deepest + 1);
        let mut layers = Self { nodes: vec![Vec::new(); depth], above: vec![Vec::new(); d], below: vec![Vec::new(); d] };
        for (node, &layer) in layer_of.iter().enumerate() {
            layers.nodes[layer].push(node);
        }
        for &(from, to) in edges {
            let mut last = from;
            for layer in layer_of[from] + 1..layer_of[to] {
                let place = layers.above.len();
                layers.nodes[layer].push(place);
                layers.above.push(Vec::new());
                layers.below.push(Vec::new());
                layers.join(last, place);
                last = place;
            }
            layers.join(last, to);
        }
        layers
    }

    fn join(&mut self, upper: usize, lower: usize) {
        self.below[upper].push(lower);
        self.above[lower].push(upper);
    }

    fn reduce_crossings(&mut self) {
        let mut slot = vec![0_usize; self.above.len()];
        for nodes in &self.nodes {
            place(nodes, &mut slot);
        }
        let mut best = self.nodes.clone();
        let mut fewest = self.crossings(&slot);
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let neighbours = if down { &self.above } else { &self.below };
            let depth = self.nodes.len();
            for step in 0..depth {
                let nodes = &mut self.nodes[if down { step } else { depth - 1 - step }];
                let centre = |node: usize| {
                    let list = &neighbours[node];
                    let total: usize = list.iter().map(|&i| slot[i]).sum();
                    if list.is_empty() { slot[node] as f64 } else { total as f64 / list.len() as f64 }
                };
                // The sort is stable: ties keep their order.
                nodes.sort_by(|&a, &b| centre(a).total_cmp(&centre(b)));
                place(nodes, &mut slot);
            }
            let crossings = self.crossings(&slot);
            if crossings < fewest {
                fewest = crossings;
                best.clone_from(&self.nodes);
            }
        }
        self.nodes = best;
    }

    /// Pairs of edges between neighbouring layers that cross: inversions of the lower ends, counted with a Fenwick tree.
    fn crossings(&self, slot: &[usize]) -> usize {
        let mut total = 0;
        for pair in self.nodes.windows(2) {
            let [upper, lower] = pair else { continue };
            let mut tree = vec![0_usize; lower.len() + 1];
            let mut placed = 0;
            for &node in upper {
                let ends: Vec<usize> = self.below[node].iter().map(|&i| slot[i]).collect();
                for &end in &ends {
                    let mut not_right = 0;
                    let mut k = end + 1;
                    while k > 0 {
                        not_right += tree[k];
                        k &= k - 1;
                    }
                    total += placed - not_right;
                }
                // Edges from one node never cross each other, so they enter the tree together.
                for &end in &ends {
                    let mut k = end + 1;
                    while k < tree.len() {
                        tree[k] += 1;
                        k += k & k.wrapping_neg();
                    }
                }
                placed += ends.len();
            }
        }
        total
    }
}

fn place(nodes: &[usize], slot: &mut [usize]) {
    for (k, &node) in nodes.iter().enumerate() {
        slot[node] = k;
    }
}
