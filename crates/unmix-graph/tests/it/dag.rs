use crate::random::{dags, names};
use proptest::prelude::*;
use std::collections::HashSet;
use unmix_graph::{Dag, Edge, Graph, GraphError};

fn graph(d: usize, edges: &[(usize, usize)]) -> Graph {
    let mut graph = Graph::new(names(d)).unwrap();
    for &(from, to) in edges {
        graph.add_edge(Edge::directed(from, to, 1.0)).unwrap();
    }
    graph
}

#[test]
fn a_cycle_is_named_from_its_first_node() {
    // 0 leads into the cycle 2 -> 1 -> 3 -> 2, which leads to 4.
    let error = Dag::try_from(graph(5, &[(0, 2), (2, 1), (1, 3), (3, 2), (3, 4)])).unwrap_err();
    assert_eq!(error.to_string(), "the graph has the cycle v1 -> v3 -> v2 -> v1; drop one of these edges");
    let error = Dag::try_from(graph(2, &[(0, 1), (1, 0)])).unwrap_err();
    assert_eq!(error, GraphError::Cycle { path: vec!["v0".into(), "v1".into(), "v0".into()] });
}

#[test]
fn a_node_after_a_cycle_is_not_blamed() {
    // v0 waits for ever, but lies on no cycle.
    let error = Dag::try_from(graph(3, &[(1, 2), (2, 1), (2, 0)])).unwrap_err();
    assert_eq!(error, GraphError::Cycle { path: vec!["v1".into(), "v2".into(), "v1".into()] });
}

#[test]
fn an_undirected_edge_is_no_dag() {
    let mut graph = Graph::new(["a", "b"]).unwrap();
    graph.add_edge(Edge::undirected(0, 1, 1.0)).unwrap();
    assert!(matches!(Dag::try_from(graph), Err(GraphError::Undirected { .. })));
}

#[test]
fn the_order_prefers_small_indices() {
    let dag = Dag::try_from(graph(5, &[(4, 0), (3, 1)])).unwrap();
    assert_eq!(dag.order(), [2, 3, 1, 4, 0]);
}

#[test]
fn relatives() {
    let dag = Dag::try_from(graph(5, &[(2, 1), (0, 1), (1, 3), (3, 4)])).unwrap();
    assert_eq!(dag.parents(1), [0, 2]);
    assert_eq!(dag.children(1), [3]);
    assert_eq!(dag.ancestors(3), [0, 1, 2]);
    assert_eq!(dag.descendants(0), [1, 3, 4]);
    assert!(dag.parents(9).is_empty() && dag.ancestors(9).is_empty());
}

#[test]
fn separation_is_asked_of_disjoint_sets_of_nodes() {
    let dag = Dag::try_from(graph(2, &[(0, 1)])).unwrap();
    assert_eq!(dag.d_separated(&[0], &[0], &[]).unwrap_err(), GraphError::NotDisjoint { node: "v0".into() });
    assert_eq!(dag.d_separated(&[0], &[1], &[1]).unwrap_err(), GraphError::NotDisjoint { node: "v1".into() });
    assert_eq!(dag.d_separated(&[0], &[1], &[7]).unwrap_err(), GraphError::NoSuchIndex { index: 7, nodes: 2 });
}

#[test]
fn a_file_with_a_cycle_is_no_dag() {
    let json = serde_json::to_string(&graph(2, &[(0, 1), (1, 0)])).unwrap();
    assert!(serde_json::from_str::<Dag>(&json).unwrap_err().to_string().contains("v0 -> v1 -> v0"));
}

/// Lauritzen et al. (1990): separation in the moral graph of the smallest ancestral set.
fn separated_in_moral_graph(dag: &Dag, x: &[usize], y: &[usize], given: &[usize]) -> bool {
    let mut ancestral: HashSet<usize> = HashSet::new();
    for &node in x.iter().chain(y).chain(given) {
        ancestral.insert(node);
        ancestral.extend(dag.ancestors(node));
    }
    let mut joined = HashSet::new();
    for &child in &ancestral {
        let parents = dag.parents(child);
        for &p in parents {
            joined.extend([(p, child), (child, p)]);
            joined.extend(parents.iter().map(|&q| (p, q)));
        }
    }
    let mut reached: HashSet<usize> = x.iter().copied().collect();
    loop {
        let next: Vec<usize> = ancestral
            .iter()
            .copied()
            .filter(|n| !reached.contains(n) && !given.contains(n) && reached.iter().any(|&r| joined.contains(&(r, *n))))
            .collect();
        if next.is_empty() {
            return !y.iter().any(|n| reached.contains(n));
        }
        reached.extend(next);
    }
}

proptest! {
    #[test]
    fn order_respects_edges(dag in dags(9)) {
        let mut place = vec![0; dag.order().len()];
        for (k, &node) in dag.order().iter().enumerate() {
            place[node] = k;
        }
        let mut sorted = dag.order().to_vec();
        sorted.sort_unstable();
        prop_assert!(sorted.into_iter().eq(0..dag.graph().nodes().len()));
        for edge in dag.graph().edges() {
            prop_assert!(place[edge.from] < place[edge.to]);
        }
    }

    #[test]
    fn ancestors_mirror_descendants(dag in dags(8)) {
        let d = dag.order().len();
        for a in 0..d {
            for b in 0..d {
                prop_assert_eq!(dag.ancestors(a).contains(&b), dag.descendants(b).contains(&a));
            }
        }
    }

    #[test]
    fn d_separation_agrees_with_the_moral_graph(dag in dags(6)) {
        // Every way to put each node into x, y, given or none.
        let d = dag.order().len();
        for code in 0..4_usize.pow(u32::try_from(d).unwrap()) {
            let role = |node: usize| code >> (2 * node) & 3;
            let set = |r: usize| (0..d).filter(|&n| role(n) == r).collect::<Vec<_>>();
            let (x, y, given) = (set(1), set(2), set(3));
            let expected = separated_in_moral_graph(&dag, &x, &y, &given);
            prop_assert_eq!(dag.d_separated(&x, &y, &given).unwrap(), expected, "{:?} {:?} {:?}", x, y, given);
        }
    }

    #[test]
    fn dag_json_round_trip(dag in dags(7)) {
        let json = serde_json::to_string(&dag).unwrap();
        prop_assert_eq!(serde_json::from_str::<Dag>(&json).unwrap(), dag);
    }
}
