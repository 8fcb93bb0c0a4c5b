//! Graph scores: hand-made cases, exact chance levels, intervals, names.

use approx::assert_abs_diff_eq;
use proptest::prelude::*;
use rand::{RngExt, seq::SliceRandom};
use unmix_core::Seed;
use unmix_graph::{Edge, Graph};
use unmix_metrics::{
    GraphPair, MetricsError,
    edges::{self, Reversal, shd},
    eval_graph,
};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// `"a>b b-c"`: a directed and an undirected edge between the first `nodes` letters.
fn graph(nodes: usize, edges: &str) -> Graph {
    let mut graph = Graph::new(NAMES[..nodes].iter().copied()).unwrap();
    for edge in edges.split_whitespace() {
        let index = |at: usize| graph.index(&edge[at..=at]).unwrap();
        let (from, to) = (index(0), index(2));
        graph.add_edge(if &edge[1..2] == ">" { Edge::directed(from, to, 1.0) } else { Edge::undirected(from, to, 1.0) }).unwrap();
    }
    graph
}

#[test]
fn structural_hamming_distance_by_hand() {
    for (estimate, truth, one, two) in [
        ("", "", 0, 0),
        ("a>b b>c", "a>b b>c", 0, 0),
        ("", "a>b b>c", 2, 2),
        ("a>b b>c", "", 2, 2),
        ("b>a", "a>b", 1, 2),
        ("a-b", "a>b", 1, 1),
        ("a-b", "b-a", 0, 0),
        ("a-b", "", 1, 1),
        ("a>b b>a", "a>b", 1, 1),
        ("a>b b>a", "", 2, 2),
        ("a>b c>b a>c", "a>b b>c c>d", 3, 4),
    ] {
        let (estimate, truth) = (graph(4, estimate), graph(4, truth));
        let pair = GraphPair::new(&estimate, &truth, &[]).unwrap();
        assert_eq!(shd(&pair, Reversal::One).value, f64::from(one), "{estimate:?} {truth:?}");
        assert_eq!(shd(&pair, Reversal::Two).value, f64::from(two), "{estimate:?} {truth:?}");
        let back = GraphPair::new(&truth, &estimate, &[]).unwrap();
        assert_eq!(shd(&back, Reversal::One).value, f64::from(one));
    }
}

#[test]
fn shares_by_hand() {
    let truth = graph(5, "a>b b>c c>d d>e");
    // right: a>b; reversed: b>c; missing: c>d; undirected: d-e; extra: a>e, a>d
    let estimate = graph(5, "a>b c>b d-e a>e a>d");
    let scores = eval_graph(&estimate, &truth, &[]).unwrap();
    for (name, value) in [
        ("edge-precision", 0.2),
        ("edge-recall", 0.25),
        ("edge-f1", 2.0 / 9.0),
        ("skeleton-precision", 0.6),
        ("skeleton-recall", 0.75),
        ("skeleton-f1", 6.0 / 9.0),
        ("shd", 5.0),
        ("shd-reversal-2", 6.0),
    ] {
        assert_abs_diff_eq!(scores[name].value, value, epsilon = 1e-15);
    }
}

#[test]
fn empty_graphs_are_defined_and_warned_about() {
    let (empty, full) = (graph(3, ""), graph(3, "a>b"));
    let both = eval_graph(&empty, &empty, &[]).unwrap();
    assert_eq!((both["edge-f1"].value, both["shd"].value), (1.0, 0.0));
    let one = eval_graph(&empty, &full, &[]).unwrap();
    assert_eq!((one["edge-precision"].value, one["edge-f1"].value), (0.0, 0.0));
    assert!(one["edge-f1"].warnings[0].starts_with("the estimate has no edge"));
    assert!(eval_graph(&graph(1, ""), &graph(1, ""), &[]).is_ok());
}

#[test]
fn chance_is_the_mean_over_random_placements() {
    let truth = graph(5, "a>b b>c c-d d>e e>d a>e");
    let links = ["x>y", "x>y", "x-y", "x>y y>x"];
    let mut stream = Seed(3).stream("placements", 0);
    let mut pairs: Vec<(usize, usize)> = (0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j))).collect();
    const DRAWS: usize = 20_000;
    let mut means = std::collections::BTreeMap::<String, f64>::new();
    let mut place = |links: &[&str]| {
        pairs.shuffle(&mut stream);
        let text = links.iter().zip(&pairs).map(|(link, &(i, j))| {
            let (i, j) = if stream.random_bool(0.5) { (i, j) } else { (j, i) };
            link.replace('x', NAMES[i]).replace('y', NAMES[j])
        });
        graph(5, &text.collect::<Vec<_>>().join(" "))
    };
    let chance = eval_graph(&place(&links), &truth, &[]).unwrap();
    for _ in 0..DRAWS {
        let estimate = place(&links);
        for (name, score) in eval_graph(&estimate, &truth, &[]).unwrap() {
            assert_abs_diff_eq!(score.chance, chance[&name].chance, epsilon = 1e-12);
            *means.entry(name).or_default() += score.value / DRAWS as f64;
        }
    }
    for (name, mean) in means {
        // standard errors are below 0.01 for distances and 0.0012 for shares
        let tolerance = if name.starts_with("shd") { 0.04 } else { 0.006 };
        assert_abs_diff_eq!(mean, chance[&name].chance, epsilon = tolerance);
    }
}

#[test]
fn resamples_give_an_interval() {
    let truth = graph(3, "a>b b>c");
    let resamples = [graph(3, "a>b b>c"), graph(3, "a>b"), graph(3, "b>a b>c"), graph(3, "")];
    let scores = eval_graph(&truth, &truth, &resamples).unwrap();
    // distances 0, 1, 1, 2; linear interpolation at 0.025 and 0.975
    let (low, high) = scores["shd"].ci.unwrap();
    assert_abs_diff_eq!(low, 0.075, epsilon = 1e-12);
    assert_abs_diff_eq!(high, 1.925, epsilon = 1e-12);
    assert_eq!(eval_graph(&truth, &truth, &[]).unwrap()["shd"].ci, None);
}

#[test]
fn a_missing_node_is_named() {
    let truth = Graph::new(["raf", "mek", "erk"]).unwrap();
    let estimate = Graph::new(["raf", "mekk", "erk"]).unwrap();
    let error = GraphPair::new(&estimate, &truth, &[]).unwrap_err();
    let expected = MetricsError::MissingNode { graph: "truth", node: "mekk".to_owned(), nearest: "mek".to_owned() };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("the nearest name is \"mek\""), "{error}");
    let fewer = Graph::new(["raf", "mek"]).unwrap();
    assert!(matches!(GraphPair::new(&fewer, &truth, &[]), Err(MetricsError::MissingNode { graph: "estimate", .. })));
    assert!(matches!(GraphPair::new(&truth, &truth, &[fewer]), Err(MetricsError::MissingNode { graph: "resample", .. })));
}

/// A graph whose pairs of nodes each hold one of five links.
fn any_graph() -> impl Strategy<Value = String> {
    let link = (0..10_usize, 0..4_usize);
    prop::collection::vec(link, 0..8).prop_map(|links| {
        let pairs: Vec<(usize, usize)> = (0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j))).collect();
        let links: std::collections::BTreeMap<usize, usize> = links.into_iter().collect();
        let text = links.into_iter().map(|(pair, kind)| {
            let (a, b) = (NAMES[pairs[pair].0], NAMES[pairs[pair].1]);
            [format!("{a}>{b}"), format!("{b}>{a}"), format!("{a}-{b}"), format!("{a}>{b} {b}>{a}")][kind].clone()
        });
        text.collect::<Vec<_>>().join(" ")
    })
}

proptest! {
    #[test]
    fn distance_is_a_metric(a in any_graph(), b in any_graph(), c in any_graph()) {
        let (a, b, c) = (graph(5, &a), graph(5, &b), graph(5, &c));
        let between = |x: &Graph, y: &Graph| shd(&GraphPair::new(x, y, &[]).unwrap(), Reversal::One).value;
        prop_assert_eq!(between(&a, &a), 0.0);
        prop_assert_eq!(between(&a, &b), between(&b, &a));
        prop_assert_eq!(between(&a, &b) == 0.0, a.adjacency() == b.adjacency() && edges::f1(&GraphPair::new(&a, &b, &[]).unwrap()).value == 1.0);
        prop_assert!(between(&a, &c) <= between(&a, &b) + between(&b, &c));
    }

    #[test]
    fn the_order_of_nodes_does_not_matter(a in any_graph(), b in any_graph(), shift in 0..5_usize) {
        let (a, b) = (graph(5, &a), graph(5, &b));
        let mut renamed = Graph::new((0..5).map(|i| NAMES[(i + shift) % 5])).unwrap();
        for e in a.edges() {
            let moved = |i: usize| renamed.index(NAMES[i]).unwrap();
            let (from, to) = (moved(e.from), moved(e.to));
            renamed.add_edge(Edge { from, to, ..*e }).unwrap();
        }
        prop_assert_eq!(eval_graph(&a, &b, &[]).unwrap(), eval_graph(&renamed, &b, &[]).unwrap());
    }
}
