//! Structural Hamming distance (Tsamardinos, Brown and Aliferis 2006, "The max-min hill-climbing Bayesian network structure learning
//! algorithm", section 10): the number of changes that turn the estimate into the truth, where a change adds, removes or re-marks one edge.

use crate::{GraphPair, Score, edges::Link};

/// What a reversed edge costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversal {
    /// One change, as in Tsamardinos et al. and NOTEARS.
    One,
    /// Two changes, a removal and an addition, as where adjacency matrices are compared entry by entry.
    Two,
}

impl Reversal {
    fn cost(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// The structural Hamming distance. An undirected edge in place of a directed one costs 1, a cycle of two nodes holds two edges. The
/// chance level is exact, as described in [`edges`](crate::edges).
pub fn shd(pair: &GraphPair, reversal: Reversal) -> Score {
    let value = |estimate: &[Link], truth: &[Link]| {
        let changes: usize = estimate.iter().zip(truth).map(|(a, b)| changes(*a, *b, reversal)).sum();
        changes as f64
    };
    let variant = match reversal {
        Reversal::One => "a reversal counts 1",
        Reversal::Two => "a reversal counts 2",
    };
    let mut score = pair.score("edges to add, remove or re-mark", variant, value);
    score.chance = pair.expected(|a, b| changes(a, b, reversal) as f64);
    score.ceiling = 0.0;
    score
}

fn changes(a: Link, b: Link, reversal: Reversal) -> usize {
    match (a, b) {
        (a, b) if a == b => 0,
        // two edges appear or vanish; or one vanishes and one is re-marked
        (Link::None | Link::Undirected, Link::Both) | (Link::Both, Link::None | Link::Undirected) => 2,
        (Link::Forward, Link::Backward) | (Link::Backward, Link::Forward) => reversal.cost(),
        _ => 1,
    }
}
