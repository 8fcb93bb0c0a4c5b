use crate::random::{dags, graphs, names};
use proptest::prelude::*;
use unmix_graph::{Edge, Graph, Position, layout};

fn graph(d: usize, edges: &[(usize, usize)]) -> Graph {
    let mut graph = Graph::new(names(d)).unwrap();
    for &(from, to) in edges {
        graph.add_edge(Edge::directed(from, to, 1.0)).unwrap();
    }
    graph
}

#[test]
fn a_skipping_edge_does_not_pass_through_a_node() {
    // On one line, 0 -> 2 would be hidden behind 1.
    let at = layout(&graph(3, &[(0, 1), (1, 2), (0, 2)]));
    assert_eq!((at[0].x, at[2].x), (0.5, 0.5));
    assert!((at[1].x - 0.5).abs() > 0.1);
}

#[test]
fn crossings_that_can_be_avoided_are() {
    let at = layout(&graph(6, &[(0, 5), (1, 4), (2, 3)]));
    for (from, to) in [(0, 5), (1, 4), (2, 3)] {
        assert_eq!(at[from].x, at[to].x);
    }
}

#[test]
fn a_cycle_is_layered_from_its_entrance() {
    let at = layout(&graph(4, &[(3, 1), (1, 0), (0, 2), (2, 1)]));
    assert!(at[3].y < at[1].y && at[1].y < at[0].y && at[0].y < at[2].y);
}

#[test]
fn trivial_graphs() {
    assert!(layout(&graph(0, &[])).is_empty());
    assert_eq!(layout(&graph(1, &[])), [Position { x: 0.5, y: 0.5 }]);
}

proptest! {
    #[test]
    fn positions_are_distinct_and_in_the_unit_square(graph in graphs(9)) {
        let at = layout(&graph);
        prop_assert_eq!(at.len(), graph.nodes().len());
        for (i, p) in at.iter().enumerate() {
            prop_assert!((0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y));
            prop_assert!(!at[..i].contains(p));
        }
        prop_assert_eq!(layout(&graph), at);
    }

    #[test]
    fn causes_are_above_effects(dag in dags(9)) {
        let at = layout(dag.graph());
        for edge in dag.graph().edges() {
            prop_assert!(at[edge.from].y < at[edge.to].y);
        }
    }
}
