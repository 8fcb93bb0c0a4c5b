use crate::random::graphs;
use ndarray::array;
use proptest::prelude::*;
use unmix_graph::{Edge, Graph, GraphError};

fn ab() -> Graph {
    Graph::new(["a", "b"]).unwrap()
}

#[test]
fn rows_of_an_adjacency_matrix_are_effects() {
    let weights = array![[0.0, 0.0, 0.0], [2.0, 0.0, -1.0], [0.0, 0.0, 0.0]];
    let graph = Graph::from_adjacency(["a", "b", "c"], weights.view()).unwrap();
    assert_eq!(graph.edges(), [Edge::directed(0, 1, 2.0), Edge::directed(2, 1, -1.0)]);
    assert_eq!(graph.adjacency(), weights);
}

#[test]
fn an_undirected_edge_stands_twice_in_the_matrix() {
    let mut graph = ab();
    graph.add_edge(Edge::undirected(0, 1, 0.5)).unwrap();
    assert_eq!(graph.adjacency(), array![[0.0, 0.5], [0.5, 0.0]]);
    assert_eq!(graph.edge(1, 0), graph.edge(0, 1));
}

#[test]
fn a_cycle_of_two_is_allowed() {
    let mut graph = ab();
    graph.add_edge(Edge::directed(0, 1, 1.0)).unwrap();
    graph.add_edge(Edge::directed(1, 0, 2.0)).unwrap();
    assert_eq!(graph.edge(1, 0).unwrap().weight, 2.0);
}

#[test]
fn malformed_edges_are_named() {
    let check = |edge: Edge, message: &str| {
        let mut graph = ab();
        graph.add_edge(Edge::undirected(0, 1, 1.0)).unwrap();
        assert_eq!(graph.add_edge(edge).unwrap_err().to_string(), message);
        assert_eq!(graph.edges().len(), 1, "a refused edge is not added");
    };
    check(Edge::directed(0, 2, 1.0), "node 2 is asked for, the graph has 2 (counted from 0)");
    check(Edge::directed(1, 1, 1.0), "node \"b\" has an edge to itself; drop it (a nonzero diagonal entry of an adjacency matrix)");
    check(Edge::directed(1, 0, f64::NAN), "the edge \"b\" -> \"a\" has the weight NaN; weights must be finite");
    check(Edge::directed(1, 0, 1.0).with_probability(1.5), "the edge \"b\" -> \"a\" has the probability 1.5; give a number from 0 to 1");
    check(Edge::directed(1, 0, 1.0), "the edge between \"b\" and \"a\" is given twice; keep one of the two");
    check(Edge::directed(0, 1, 1.0), "the edge between \"a\" and \"b\" is given twice; keep one of the two");
}

#[test]
fn malformed_graphs_are_named() {
    assert_eq!(Graph::new(["a", "b", "a"]).unwrap_err(), GraphError::DuplicateNode { name: "a".into() });
    let shape = Graph::from_adjacency(["a"], array![[0.0, 1.0]].view()).unwrap_err();
    assert_eq!(shape, GraphError::Shape { rows: 1, columns: 2, nodes: 1 });
    let infinite = Graph::from_adjacency(["a", "b"], array![[0.0, f64::NAN], [0.0, 0.0]].view()).unwrap_err();
    assert!(matches!(infinite, GraphError::NonFiniteWeight { .. }));
    let diagonal = Graph::from_adjacency(["a"], array![[1.0]].view()).unwrap_err();
    assert_eq!(diagonal, GraphError::SelfLoop { node: "a".into() });
}

#[test]
fn malformed_files_are_named() {
    let check = |json: &str, message: &str| {
        let error = serde_json::from_str::<Graph>(json).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    };
    let edge = r#"{"from":"a","to":"b","weight":1.0,"directed":true}"#;
    check(r#"{"nodes":["a","a"],"edges":[]}"#, "two nodes are named \"a\"");
    check(&format!(r#"{{"nodes":["a"],"edges":[{edge}]}}"#), "there is no node \"b\"");
    check(&format!(r#"{{"nodes":["a","b"],"edges":[{edge},{edge}]}}"#), "the edge between \"a\" and \"b\" is given twice");
    check(r#"{"nodes":["a"],"edges":[],"colour":1}"#, "unknown field `colour`");
    check(r#"{"nodes":["a","b"],"edges":[{"from":"a","to":"b","directed":true}]}"#, "missing field `weight`");
}

#[test]
fn the_file_holds_names_and_null() {
    let mut graph = ab();
    graph.add_edge(Edge::undirected(1, 0, -0.25)).unwrap();
    let expected = r#"{"nodes":["a","b"],"edges":[{"from":"b","to":"a","weight":-0.25,"probability":null,"directed":false}]}"#;
    assert_eq!(serde_json::to_string(&graph).unwrap(), expected);
}

proptest! {
    #[test]
    fn json_round_trip(graph in graphs(7)) {
        let json = serde_json::to_string(&graph).unwrap();
        let back: Graph = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back, graph);
    }

    #[test]
    fn matrix_round_trip(graph in graphs(7)) {
        let directed = graph.edges().iter().all(|e| e.directed && e.weight != 0.0);
        prop_assume!(directed);
        let back = Graph::from_adjacency(graph.nodes().to_vec(), graph.adjacency().view()).unwrap();
        prop_assert_eq!(back.edges().len(), graph.edges().len());
        for edge in graph.edges() {
            prop_assert_eq!(back.edge(edge.from, edge.to).unwrap().weight, edge.weight);
        }
    }
}
