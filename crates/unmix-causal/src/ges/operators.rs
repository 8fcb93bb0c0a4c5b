//! Moves between equivalence classes (Chickering 2002): `Insert(x, y, T)` joins two variables, `Delete(x, y, H)` parts them, and every DAG of
//! a class that one edge leads to another class is met by one of them. Their gain is a difference of two local scores of `y`.

use super::score::Scores;
use crate::CausalError;
use unmix_graph::{Edge, Graph, GraphError, Pdag};

/// One move, with what it adds to the score.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Move {
    pub gain: f64,
    pub x: usize,
    pub y: usize,
    /// `T` or `H`, ascending.
    pub set: Vec<usize>,
}

/// A class with its adjacencies.
pub(super) struct State {
    pub class: Pdag,
    d: usize,
    adjacent: Vec<bool>,
}

impl State {
    pub fn new(class: Pdag) -> Self {
        let d = class.graph().nodes().len();
        let mut adjacent = vec![false; d * d];
        for edge in class.graph().edges() {
            adjacent[edge.from * d + edge.to] = true;
            adjacent[edge.to * d + edge.from] = true;
        }
        Self { class, d, adjacent }
    }

    pub fn is_adjacent(&self, a: usize, b: usize) -> bool {
        self.adjacent[a * self.d + b]
    }

    /// Whether the surroundings of a node are the same in both.
    pub fn same_around(&self, other: &Self, node: usize) -> bool {
        let (a, b) = (&self.class, &other.class);
        (a.parents(node), a.children(node), a.neighbours(node)) == (b.parents(node), b.children(node), b.neighbours(node))
    }

    fn is_clique(&self, nodes: &[usize]) -> bool {
        nodes.iter().enumerate().all(|(k, &a)| nodes[k + 1..].iter().all(|&b| self.is_adjacent(a, b)))
    }

    /// Neighbours of `y` that are, and that are not, adjacent to `x`, without `x`.
    fn split_neighbours(&self, x: usize, y: usize) -> (Vec<usize>, Vec<usize>) {
        self.class.neighbours(y).iter().filter(|&&k| k != x).partition(|&&k| self.is_adjacent(x, k))
    }

    /// The moves that join `x` and `y`, which are not adjacent, with a positive gain, best first. Whether they lead to a class depends on
    /// the rest of the graph: [`is_blocked`](Self::is_blocked).
    pub fn insertions(&self, x: usize, y: usize, scores: &Scores<'_>) -> Result<Vec<Move>, CausalError> {
        let (shared, others) = self.split_neighbours(x, y);
        let mut moves = Vec::new();
        if self.is_clique(&shared) {
            self.extend_insertion(x, y, &shared, &others, &mut Vec::new(), scores, &mut moves)?;
        }
        moves.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        Ok(moves)
    }

    /// All sets that hold `chosen` and later ones of `others`: where the clique fails for a set, it fails for every larger one.
    #[allow(clippy::too_many_arguments)] // the state of a recursion
    fn extend_insertion(
        &self,
        x: usize,
        y: usize,
        shared: &[usize],
        others: &[usize],
        chosen: &mut Vec<usize>,
        scores: &Scores<'_>,
        moves: &mut Vec<Move>,
    ) -> Result<(), CausalError> {
        let without = sorted(self.class.parents(y).iter().chain(shared).chain(&*chosen));
        let with = sorted(without.iter().chain([&x]));
        if let Some(gain) = scores.gain(y, &without, &with)?.filter(|gain| *gain > 0.0) {
            moves.push(Move { gain, x, y, set: chosen.clone() });
        }
        for (k, &next) in others.iter().enumerate() {
            if shared.iter().chain(&*chosen).all(|&c| self.is_adjacent(c, next)) {
                chosen.push(next);
                self.extend_insertion(x, y, shared, &others[k + 1..], chosen, scores, moves)?;
                chosen.pop();
            }
        }
        Ok(())
    }

    /// The moves that part `x` and `y`, which are joined as `x - y` or `x -> y`, with a positive gain, best first. All of them lead to a
    /// class.
    pub fn deletions(&self, x: usize, y: usize, scores: &Scores<'_>) -> Result<Vec<Move>, CausalError> {
        let shared = self.split_neighbours(x, y).0;
        let mut moves = Vec::new();
        self.extend_deletion(x, y, &shared, &mut Vec::new(), scores, &mut moves)?;
        moves.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        Ok(moves)
    }

    /// All cliques that hold `kept` and later ones of `left`: `H` is what they leave.
    fn extend_deletion(
        &self,
        x: usize,
        y: usize,
        left: &[usize],
        kept: &mut Vec<usize>,
        scores: &Scores<'_>,
        moves: &mut Vec<Move>,
    ) -> Result<(), CausalError> {
        let without = sorted(self.class.parents(y).iter().filter(|&&p| p != x).chain(&*kept));
        let with = sorted(without.iter().chain([&x]));
        if let Some(gain) = scores.gain(y, &with, &without)?.filter(|gain| *gain > 0.0) {
            let set = self.split_neighbours(x, y).0.into_iter().filter(|k| !kept.contains(k)).collect();
            moves.push(Move { gain, x, y, set });
        }
        for (k, &next) in left.iter().enumerate() {
            if kept.iter().all(|&c| self.is_adjacent(c, next)) {
                kept.push(next);
                self.extend_deletion(x, y, &left[k + 1..], kept, scores, moves)?;
                kept.pop();
            }
        }
        Ok(())
    }

    /// Whether every semi-directed path from `y` to `x` meets the neighbours of `y` that are adjacent to `x` or in the set of the move.
    pub fn is_blocked(&self, insertion: &Move) -> bool {
        let Move { x, y, set, .. } = insertion;
        let mut seen = vec![false; self.d];
        for k in self.split_neighbours(*x, *y).0.iter().chain(set) {
            seen[*k] = true;
        }
        let mut stack = vec![*y];
        seen[*y] = true;
        while let Some(node) = stack.pop() {
            for &next in self.class.children(node).iter().chain(self.class.neighbours(node)) {
                if next == *x {
                    return false;
                }
                if !std::mem::replace(&mut seen[next], true) {
                    stack.push(next);
                }
            }
        }
        true
    }

    /// The class after an insertion.
    pub fn inserted(&self, insertion: &Move) -> Result<Self, GraphError> {
        let Move { x, y, set, .. } = insertion;
        let mut graph = self.directed_to(*y, set)?;
        graph.add_edge(Edge::directed(*x, *y, 1.0))?;
        Ok(Self::new(Pdag::try_from(graph)?.completed()?))
    }

    /// The class after a deletion.
    pub fn deleted(&self, deletion: &Move) -> Result<Self, GraphError> {
        let Move { x, y, set, .. } = deletion;
        let mut graph = Graph::new(self.class.graph().nodes().iter().cloned())?;
        for edge in self.class.graph().edges().iter().filter(|e| (e.from.min(e.to), e.from.max(e.to)) != (*x.min(y), *x.max(y))) {
            let away = |end: usize, other: usize| !edge.directed && (end == *x || end == *y) && set.contains(&other);
            graph.add_edge(if away(edge.from, edge.to) {
                Edge::directed(edge.from, edge.to, 1.0)
            } else if away(edge.to, edge.from) {
                Edge::directed(edge.to, edge.from, 1.0)
            } else {
                *edge
            })?;
        }
        Ok(Self::new(Pdag::try_from(graph)?.completed()?))
    }

    /// The graph with the undirected edges between `set` and `y` directed to `y`.
    fn directed_to(&self, y: usize, set: &[usize]) -> Result<Graph, GraphError> {
        let mut graph = Graph::new(self.class.graph().nodes().iter().cloned())?;
        for edge in self.class.graph().edges() {
            let other = if edge.from == y { edge.to } else { edge.from };
            let concerned = !edge.directed && (edge.from == y || edge.to == y) && set.contains(&other);
            graph.add_edge(if concerned { Edge::directed(other, y, 1.0) } else { *edge })?;
        }
        Ok(graph)
    }
}

fn sorted<'a>(nodes: impl Iterator<Item = &'a usize>) -> Vec<usize> {
    let mut nodes: Vec<usize> = nodes.copied().collect();
    nodes.sort_unstable();
    nodes
}
