//! Random graphs have the degrees asked for; varsortability is that of its definition.

use ndarray::{Array2, Axis};
use rand::RngExt;
use rand_distr::StandardNormal;
use unmix_causal::{AdditiveNoise, Equation, GraphKind, Linear, RandomDag, StructuralModel, varsortability};
use unmix_core::{Params, Sample, Seed};
use unmix_dist::Normal;
use unmix_graph::Dag;

fn draw(kind: GraphKind, nodes: usize, degree: f64, seed: u64) -> Dag {
    RandomDag { nodes, kind, degree, layers: 4, shuffled: true }.build().unwrap().draw(Seed(seed)).unwrap()
}

#[test]
fn graphs_have_the_expected_degree() {
    for kind in [GraphKind::ErdosRenyi, GraphKind::ScaleFree, GraphKind::Layered] {
        for degree in [1.0, 3.0, 5.0] {
            let edges: usize = (0..50).map(|seed| draw(kind, 40, degree, seed).graph().edges().len()).sum();
            let found = 2.0 * edges as f64 / (50.0 * 40.0);
            // the first nodes of a scale-free graph have too few before them
            let low = if kind == GraphKind::ScaleFree { 0.85 } else { 0.95 };
            assert!((low * degree..1.05 * degree).contains(&found), "{kind:?}: {found} for {degree}");
        }
    }
    assert_eq!(draw(GraphKind::ErdosRenyi, 30, 3.0, 1), draw(GraphKind::ErdosRenyi, 30, 3.0, 1));
    assert!(draw(GraphKind::ErdosRenyi, 6, 5.0, 1).graph().edges().len() == 15, "all pairs");
}

#[test]
fn kinds_differ_as_they_should() {
    let largest = |kind| {
        let total = |dag: &Dag, j| dag.parents(j).len() + dag.children(j).len();
        (0..20).map(|seed| (0..100).map(|j| total(&draw(kind, 100, 4.0, seed), j)).max().unwrap()).sum::<usize>()
    };
    assert!(largest(GraphKind::ScaleFree) > 2 * largest(GraphKind::ErdosRenyi), "few nodes have many edges");
    let ordered = RandomDag { nodes: 20, kind: GraphKind::Layered, degree: 4.0, layers: 4, shuffled: false }.build().unwrap();
    let dag = ordered.draw(Seed(1)).unwrap();
    assert!(dag.graph().edges().iter().all(|edge| edge.from / 5 + 1 == edge.to / 5));
    assert!(!dag.graph().edges().is_empty());
}

#[test]
fn varsortability_is_that_of_its_definition() {
    for seed in 0..10 {
        let dag = draw(GraphKind::ErdosRenyi, 8, 3.0, seed);
        let mut stream = Seed(seed).stream("test", 0);
        let x: Array2<f64> = Array2::from_shape_fn((50, 8), |(_, j)| (1.0 + j as f64) * stream.sample::<f64, _>(StandardNormal));
        // powers of the adjacency matrix say which pairs paths of each length join
        let adjacency = Array2::from_shape_fn((8, 8), |(i, j)| f64::from(u8::from(dag.parents(j).contains(&i))));
        let variances = x.var_axis(Axis(0), 0.0);
        let (mut power, mut paths, mut growing) = (adjacency.clone(), 0.0, 0.0);
        for _ in 1..8 {
            for ((i, j), _) in power.indexed_iter().filter(|(_, count)| **count > 0.0) {
                paths += 1.0;
                growing += f64::from(u8::from(variances[j] > variances[i]));
            }
            power = power.dot(&adjacency);
        }
        assert!((varsortability(&dag, x.view()).unwrap().unwrap() - growing / paths).abs() < 1e-12, "seed {seed}");
    }
}

#[test]
fn units_give_the_order_away_and_standardised_data_do_not() {
    for seed in 0..5 {
        let dag = draw(GraphKind::ErdosRenyi, 20, 4.0, seed);
        let noise = || Normal::new(0.0, 1.0).unwrap();
        let equation = |j: usize| Equation::new(AdditiveNoise(Linear::new(vec![1.5; dag.parents(j).len()])), noise());
        let model = StructuralModel::new(dag.clone(), (0..20).map(equation).collect::<Vec<_>>()).unwrap();
        let x = model.sample(1000, Seed(seed)).unwrap();
        assert!(varsortability(&dag, x.view()).unwrap().unwrap() > 0.95);
        let standard = &x / &x.std_axis(Axis(0), 0.0);
        assert!((varsortability(&dag, standard.view()).unwrap().unwrap() - 0.5).abs() < 1e-12);
    }
    let empty = draw(GraphKind::ErdosRenyi, 4, 0.0, 1);
    assert_eq!(varsortability(&empty, Array2::ones((3, 4)).view()).unwrap(), None);
    assert!(varsortability(&empty, Array2::ones((3, 5)).view()).is_err());
    assert!(RandomDag { nodes: 3, degree: 4.0, layers: 5, ..Default::default() }.build().err().unwrap().to_string().contains("degree"));
}
