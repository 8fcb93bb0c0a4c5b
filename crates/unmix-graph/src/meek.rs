//! The orientation rules of Meek (1995, "Causal inference and causal explanation with background knowledge").
//!
//! Given adjacencies and some directions, an undirected edge `i - j` becomes `i -> j` if one of these patterns is found, since the
//! other direction would make a new v-structure or a cycle:
//!
//! 1. `k -> i`, and `k` and `j` are not adjacent.
//! 2. `i -> k -> j`.
//! 3. `i - k -> j` and `i - l -> j`, and `k` and `l` are not adjacent.
//! 4. `i - k -> l -> j`, `i` and `l` are adjacent, `k` and `j` are not.
//!
//! The first three find every direction that v-structures imply, all four every direction that v-structures and known directions imply.

use crate::{Edge, Graph};

/// What [`meek_rules`] make of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Oriented {
    /// The same edges, more of them directed.
    pub graph: Graph,
    /// Undirected edges that the rules would direct both ways, the smaller index first, ascending: no DAG has this skeleton and these
    /// v-structures. They stay undirected.
    pub conflicts: Vec<(usize, usize)>,
}

/// Directs undirected edges until no rule applies; no edge is turned round.
///
/// All edges are looked at before any is directed, again and again, so that the result does not depend on the order of nodes or edges,
/// not even for a graph that contradicts itself, as an estimate may. Edges between the pairs in `open` have no direction and give none.
///
/// ```
/// use unmix_graph::{Edge, Graph, meek_rules};
///
/// // 0 -> 1 - 2: were it 2 -> 1, there would be a v-structure
/// let mut graph = Graph::new(["a", "b", "c"])?;
/// graph.add_edge(Edge::directed(0, 1, 1.0))?;
/// graph.add_edge(Edge::undirected(2, 1, 1.0))?;
/// let oriented = meek_rules(&graph, &[]);
/// assert_eq!(oriented.graph.edges()[1], Edge::directed(1, 2, 1.0));
/// # Ok::<(), unmix_graph::GraphError>(())
/// ```
pub fn meek_rules(graph: &Graph, open: &[(usize, usize)]) -> Oriented {
    let mut marks = Marks::of(graph);
    for &(i, j) in open {
        marks.leave_open(i, j);
    }
    let conflicts = marks.close();
    Oriented { graph: marks.direct(graph), conflicts }
}

/// How two nodes are joined, seen from the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Not adjacent.
    None,
    /// `i - j`.
    Undirected,
    /// Adjacent, and no rule may use or direct the edge.
    Open,
    /// `i -> j`.
    Out,
    /// `i <- j`.
    In,
}

/// Marks of all pairs, and who is adjacent to whom.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    d: usize,
    pairs: Vec<Mark>,
    adjacent: Vec<Vec<usize>>,
}

impl Marks {
    /// The marks of a graph. Of two directed edges between the same nodes none counts as directed.
    pub fn of(graph: &Graph) -> Self {
        let d = graph.nodes().len();
        let mut marks = Self { d, pairs: vec![Mark::None; d * d], adjacent: vec![Vec::new(); d] };
        for edge in graph.edges() {
            let (i, j) = (edge.from, edge.to);
            if marks.get(i, j) != Mark::None {
                marks.leave_open(i, j);
                continue;
            }
            marks.adjacent[i].push(j);
            marks.adjacent[j].push(i);
            let (there, back) = if edge.directed { (Mark::Out, Mark::In) } else { (Mark::Undirected, Mark::Undirected) };
            marks.pairs[i * d + j] = there;
            marks.pairs[j * d + i] = back;
        }
        marks
    }

    pub fn get(&self, i: usize, j: usize) -> Mark {
        self.pairs[i * self.d + j]
    }

    /// All nodes adjacent to `i`.
    pub fn adjacent(&self, i: usize) -> &[usize] {
        &self.adjacent[i]
    }

    /// Directs the edge between two adjacent nodes.
    pub fn set(&mut self, from: usize, to: usize) {
        self.pairs[from * self.d + to] = Mark::Out;
        self.pairs[to * self.d + from] = Mark::In;
    }

    fn leave_open(&mut self, i: usize, j: usize) {
        if i < self.d && j < self.d && self.get(i, j) != Mark::None {
            self.pairs[i * self.d + j] = Mark::Open;
            self.pairs[j * self.d + i] = Mark::Open;
        }
    }

    /// Applies the rules until none does. What they direct both ways is returned and left open.
    pub fn close(&mut self) -> Vec<(usize, usize)> {
        let mut undirected: Vec<(usize, usize)> = Vec::new();
        for i in 0..self.d {
            undirected.extend(self.adjacent[i].iter().filter(|&&j| i < j && self.get(i, j) == Mark::Undirected).map(|&j| (i, j)));
        }
        let mut conflicts = Vec::new();
        loop {
            let found: Vec<(usize, usize, bool, bool)> = undirected
                .iter()
                .map(|&(i, j)| (i, j, self.implies(i, j), self.implies(j, i)))
                .filter(|&(.., there, back)| there || back)
                .collect();
            if found.is_empty() {
                conflicts.sort_unstable();
                return conflicts;
            }
            for (i, j, there, back) in found {
                match (there, back) {
                    (true, true) => {
                        conflicts.push((i, j));
                        self.leave_open(i, j);
                    }
                    (true, false) => self.set(i, j),
                    (false, _) => self.set(j, i),
                }
            }
            undirected.retain(|&(i, j)| self.get(i, j) == Mark::Undirected);
        }
    }

    /// Whether a rule directs the undirected edge between `i` and `j` as `i -> j`.
    fn implies(&self, i: usize, j: usize) -> bool {
        self.adjacent[i].iter().filter(|&&k| k != j).any(|&k| match self.get(i, k) {
            Mark::In => self.get(k, j) == Mark::None,
            Mark::Out => self.get(k, j) == Mark::Out,
            Mark::Undirected => match self.get(k, j) {
                Mark::Out => self.adjacent[i]
                    .iter()
                    .any(|&l| l != k && self.get(i, l) == Mark::Undirected && self.get(l, j) == Mark::Out && self.get(k, l) == Mark::None),
                Mark::None => self.adjacent[i].iter().any(|&l| self.get(k, l) == Mark::Out && self.get(l, j) == Mark::Out),
                _ => false,
            },
            Mark::Open | Mark::None => false,
        })
    }

    /// The edges of `graph`, whose marks these were, with their directions now.
    pub fn direct(&self, graph: &Graph) -> Graph {
        graph.map_edges(|edge| {
            let (i, j) = (edge.from, edge.to);
            match self.get(i, j) {
                Mark::Out if !edge.directed => Edge { directed: true, ..edge },
                Mark::In if !edge.directed => Edge { from: j, to: i, directed: true, ..edge },
                _ => edge,
            }
        })
    }
}
