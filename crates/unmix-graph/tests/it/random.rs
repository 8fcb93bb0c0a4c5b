//! Random graphs for the property tests.

use proptest::{collection::vec, prelude::*};
use unmix_graph::{Dag, Edge, Graph};

pub fn names(d: usize) -> Vec<String> {
    (0..d).map(|i| format!("v{i}")).collect()
}

/// DAGs whose order is a random permutation of up to `most` nodes.
pub fn dags(most: usize) -> impl Strategy<Value = Dag> {
    (1..=most).prop_flat_map(|d| {
        let permutation = Just((0..d).collect::<Vec<_>>()).prop_shuffle();
        (permutation, vec(any::<bool>(), d * d)).prop_map(move |(order, present)| {
            let mut graph = Graph::new(names(d)).unwrap();
            for i in 0..d {
                for j in i + 1..d {
                    if present[i * d + j] {
                        graph.add_edge(Edge::directed(order[i], order[j], 1.0)).unwrap();
                    }
                }
            }
            Dag::try_from(graph).unwrap()
        })
    })
}

/// Any graph of up to `most` nodes: directed, undirected, cyclic, with and without probabilities.
pub fn graphs(most: usize) -> impl Strategy<Value = Graph> {
    (1..=most).prop_flat_map(|d| {
        let edge = (0..d, 0..d, -1e3..1e3, proptest::option::of(0.0..=1.0), any::<bool>());
        vec(edge, 0..3 * d).prop_map(move |edges| {
            let mut graph = Graph::new(names(d)).unwrap();
            for (from, to, weight, probability, directed) in edges {
                // Loops and repetitions are refused, which leaves the others.
                let _ = graph.add_edge(Edge { from, to, weight, probability, directed });
            }
            graph
        })
    })
}
