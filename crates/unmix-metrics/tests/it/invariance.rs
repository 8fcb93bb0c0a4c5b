//! Every metric inside and outside the group that it states.

use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use rand_distr::{Distribution, Exp1, StandardNormal};
use std::collections::BTreeMap;
use unmix_core::{Class, Seed};
use unmix_graph::{Edge, Graph};
use unmix_metrics::{Compute, METRICS, Score, eval_codes, eval_graph, eval_mixing};

/// Laplace factors `[60, 3]`, and codes that hold them with noise.
fn noisy(seed: u64) -> (Array2<f64>, Array2<f64>) {
    let mut stream = Seed(seed).stream("test-factors", 0);
    let mut exponential = || -> f64 { Exp1.sample(&mut stream) };
    let factors = Array2::from_shape_simple_fn((60, 3), || exponential() - exponential());
    let noise = gaussian(60, 3, seed);
    (&factors + &(0.5 * noise), factors)
}

fn gaussian(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("test-gaussian", 0);
    Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream))
}

fn scores(codes: &Array2<f64>, factors: &Array2<f64>) -> BTreeMap<String, Score> {
    let names = ["a", "b", "c"].map(str::to_owned);
    eval_codes(codes.view(), factors.view(), &names, Seed(1)).unwrap()
}

/// Columns in another order, each with a scale that is not zero.
fn permuted_and_scaled(codes: &Array2<f64>, scales: [f64; 3]) -> Array2<f64> {
    codes.select(ndarray::Axis(1), &[2, 0, 1]) * &Array1::from(scales.to_vec())
}

/// An invertible map of each code, increasing or decreasing.
fn warped(codes: &Array2<f64>) -> Array2<f64> {
    let maps: [fn(f64) -> f64; 3] = [f64::exp, |v| -v.powi(3), |v| (2.0 * v).tanh()];
    Array2::from_shape_fn(codes.raw_dim(), |(i, j)| maps[j](codes[[i, j]]))
}

/// The identity plus a random matrix too small to make it singular (rows sum to below 1 in magnitude).
fn near_identity(seed: u64) -> Array2<f64> {
    Array2::eye(3) + gaussian(3, 3, seed).mapv(|v| 0.3 * v.tanh())
}

fn scale() -> impl Strategy<Value = f64> {
    prop_oneof![-1e3..-1e-3, 1e-3..1e3]
}

fn names_of(subject: &str) -> impl Iterator<Item = &'static str> {
    METRICS.iter().filter(move |m| m.compute.subject() == subject).map(|m| m.name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn codes_inside(seed in 0..1000_u64, a in scale(), b in scale(), c in scale()) {
        let (codes, factors) = noisy(seed);
        let scaled = scores(&permuted_and_scaled(&codes, [a, b, c]), &factors);
        let warped = scores(&permuted_and_scaled(&warped(&codes), [a, b, c]), &factors);
        let mixed = scores(&(permuted_and_scaled(&codes.dot(&near_identity(seed)), [a, b, c]) + a), &factors);
        for (name, score) in scores(&codes, &factors) {
            let after = match score.invariance {
                Class::PermutationScale => &scaled[&name],
                Class::PermutationElementwise => &warped[&name],
                Class::Affine => &mixed[&name],
                other => panic!("{name} states {other:?}; add its group here"),
            };
            prop_assert!((score.value - after.value).abs() < 1e-8, "{name}: {} {}", score.value, after.value);
        }
    }

    #[test]
    fn codes_outside(seed in 0..1000_u64) {
        let (codes, factors) = noisy(seed);
        let mixed = scores(&codes.dot(&array![[1.0, 1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, -1.0, 1.0]]), &factors);
        let warped = scores(&warped(&codes), &factors);
        for (name, score) in scores(&codes, &factors) {
            let after = if score.invariance == Class::PermutationElementwise { &mixed[&name] } else { &warped[&name] };
            prop_assert!((score.value - after.value).abs() > 1e-4, "{name}: {} {}", score.value, after.value);
        }
    }

    #[test]
    fn mixings_inside_and_outside(seed in 0..1000_u64, a in scale(), b in scale(), c in scale()) {
        let (unmixing, mixing) = (near_identity(seed), near_identity(seed + 1));
        let before = eval_mixing(unmixing.view(), mixing.view(), Seed(1)).unwrap();
        // codes are the rows of an unmixing
        let inside = permuted_and_scaled(&unmixing.t().to_owned(), [a, b, c]);
        let inside = eval_mixing(inside.t(), mixing.view(), Seed(1)).unwrap();
        let outside = eval_mixing(near_identity(seed + 2).dot(&unmixing).view(), mixing.view(), Seed(1)).unwrap();
        prop_assert_eq!(before.len(), 3);
        for (name, score) in before {
            prop_assert_eq!(score.invariance, Class::PermutationScale);
            prop_assert!((score.value - inside[&name].value).abs() < 1e-12 * 10.0);
            prop_assert!((score.value - outside[&name].value).abs() > 1e-6);
        }
    }
}

#[test]
fn the_amari_formula_alone_sees_the_scale_of_rows() {
    use unmix_metrics::amari::{Normalisation, distance};
    // beside the largest entry stands half of it in every row and column; after scaling a row, 1/20 and 1/5 of it in the columns
    let p = array![[1.0, 0.5], [0.5, 1.0]];
    let scaled = &p * &array![[10.0], [1.0]];
    let [before, after] = [p, scaled].map(|p| distance(p.view(), Normalisation::BachJordan).unwrap());
    approx::assert_abs_diff_eq!(before, 2.0 / 4.0);
    approx::assert_abs_diff_eq!(after, (0.5 + 0.5 + 0.05 + 0.2) / 4.0, epsilon = 1e-15);
}

#[test]
fn graphs_inside_and_outside() {
    let graph = |edges: &[(usize, usize)]| {
        let mut graph = Graph::new(["a", "b", "c", "d"]).unwrap();
        for &(from, to) in edges {
            graph.add_edge(Edge::directed(from, to, 1.0)).unwrap();
        }
        graph
    };
    let truth = graph(&[(0, 1), (1, 2), (0, 3)]);
    let estimate = graph(&[(0, 1), (1, 2), (2, 3)]);
    // the chain read from its other end: the same Markov equivalence class
    let equivalent = graph(&[(1, 0), (2, 1), (3, 2)]);
    let other = graph(&[(0, 1), (2, 3)]);
    let [before, inside, outside] = [&estimate, &equivalent, &other].map(|g| eval_graph(g, &truth, &[]).unwrap());
    for name in names_of("graph") {
        match before[name].invariance {
            Class::MarkovEquivalence => {
                assert_eq!(before[name].value, inside[name].value, "{name}");
                assert_ne!(before[name].value, outside[name].value, "{name}");
            }
            Class::Exact => assert_ne!(before[name].value, inside[name].value, "{name}"),
            class => panic!("{name} states {class:?}; add its group here"),
        }
    }
    assert!(METRICS.iter().any(|m| matches!(m.compute, Compute::Graph(_))));
}
