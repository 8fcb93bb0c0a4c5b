//! DirectLiNGAM recovers graphs, and says so where they are not identified.

use crate::{direct, edges};
use ndarray::Array2;
use rand::RngExt;
use rand_distr::StandardNormal;
use unmix_causal::DirectLingam;
use unmix_core::{Evidence, Fit, Intervene, Observations, Run, Seed, Stop, Verdict, identified};
use unmix_data::simulate::{LingamParams, Source, lingam};

fn judged(estimator: &DirectLingam, x: &Observations, seed: u64) -> (Vec<Evidence>, Option<bool>) {
    let model = estimator.fit(x, &mut Run::new(seed)).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut Run::new(seed)).unwrap();
    let verdict = identified(&estimator.claim(), &evidence);
    (evidence, verdict)
}

#[test]
fn non_gaussian_graphs_are_recovered_for_every_seed() {
    for noise in [Source::Laplace, Source::Uniform, Source::Mixed] {
        for seed in 0..20 {
            let params =
                LingamParams { variables: 8, samples: 5000, noise, greatest_weight: 1.5, standardized: true, ..LingamParams::default() };
            let truth = lingam(&params, Seed(seed)).unwrap();
            let fitted = direct(0).fit(&truth.observations, &mut Run::new(seed)).unwrap();
            assert_eq!(fitted.stop, Stop::ClosedForm);
            let graph = truth.graph.unwrap();
            // BIC lets in a small edge now and then; none may be missing, and none point backwards
            let found = fitted.model.dag();
            assert!(edges(&graph).iter().all(|&(from, to)| found.parents(to).contains(&from)), "{noise:?}, seed {seed}");
            let truth = unmix_graph::Dag::try_from(graph.clone()).unwrap();
            assert!(edges(found.graph()).iter().all(|&(from, to)| !truth.ancestors(from).contains(&to)), "{noise:?}, seed {seed}");
            let error = (&fitted.model.weights() - &graph.adjacency()).iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!(error < 0.1, "{noise:?}, seed {seed}: {error}");
        }
    }
}

#[test]
fn evidence_speaks_both_ways() {
    let (mut held, mut gaussian, mut hidden) = (0, 0, 0);
    for seed in 0..10 {
        let simulate = |noise| {
            let params = LingamParams { variables: 5, samples: 4000, noise, standardized: true, ..LingamParams::default() };
            lingam(&params, Seed(seed)).unwrap().observations
        };
        held += usize::from(judged(&direct(0), &simulate(Source::Laplace), seed).1 == Some(true));
        gaussian += usize::from(judged(&direct(0), &simulate(Source::Gaussian), seed).1 == Some(false));
        let mut stream = Seed(seed).stream("hidden", 0);
        let mut x = Array2::zeros((4000, 3));
        for mut row in x.rows_mut() {
            let mut laplace = || -> f64 { stream.random::<f64>().ln() - stream.random::<f64>().ln() };
            let cause = laplace();
            row[0] = cause + 0.7 * laplace();
            row[1] = cause + 0.7 * laplace();
            row[2] = 0.8 * row[1] + laplace();
        }
        let (evidence, verdict) = judged(&direct(0), &Observations::unnamed(x).unwrap(), seed);
        let refuted = evidence.iter().any(|e| e.assumption == "no hidden common cause" && e.verdict == Verdict::Refuted);
        hidden += usize::from(verdict == Some(false) && refuted);
    }
    // a test of level 0.05 rejects more than 3 of 10 with a probability of 0.001
    assert!(held >= 7 && gaussian == 10 && hidden == 10, "{held}, {gaussian}, {hidden}");
}

#[test]
fn units_and_the_order_of_columns_change_nothing() {
    let params = LingamParams { variables: 6, samples: 1000, standardized: true, ..LingamParams::default() };
    let x = lingam(&params, Seed(4)).unwrap().observations;
    let model = direct(0).fit(&x, &mut Run::new(1)).unwrap().model;
    let scales = ndarray::array![1e-6, 3.0, 1e4, 0.2, 50.0, 1.0];
    let order = [4, 2, 0, 3, 5, 1];
    let other = (&x.x() * &scales).select(ndarray::Axis(1), &order);
    let other = direct(0).fit(&Observations::unnamed(other).unwrap(), &mut Run::new(1)).unwrap().model;
    for ((i, j), weight) in other.weights().indexed_iter() {
        let (i, j) = (order[i], order[j]);
        approx::assert_relative_eq!(*weight, model.weights()[[i, j]] * scales[i] / scales[j], max_relative = 1e-6, epsilon = 1e-12);
    }
}

#[test]
fn bootstrap_counts_directions_and_the_model_intervenes() {
    let params = LingamParams { variables: 4, samples: 2000, noise: Source::Uniform, ..LingamParams::default() };
    let truth = lingam(&params, Seed(8)).unwrap();
    let model = direct(20).fit(&truth.observations, &mut Run::new(1)).unwrap().model;
    for (from, to) in edges(truth.graph.as_ref().unwrap()) {
        assert!(model.dag().graph().edge(from, to).unwrap().probability.unwrap() >= 0.9, "{from} -> {to}");
    }
    let set = [unmix_core::Do { node: "x1".into(), value: 2.0 }];
    assert!(model.intervene(&set, None, 10, Seed(1)).unwrap().column(0).iter().all(|v| (v - 2.0).abs() < 1e-12));
}

#[test]
fn columns_that_follow_from_others_are_named() {
    let mut stream = Seed(1).stream("collinear", 0);
    let mut x: Array2<f64> = Array2::from_shape_simple_fn((200, 3), || stream.sample(StandardNormal));
    for mut row in x.rows_mut() {
        row[2] = row[0] - 2.0 * row[1];
    }
    let error = direct(0).fit(&Observations::unnamed(x).unwrap(), &mut Run::new(1)).unwrap_err().to_string();
    assert!(error.contains("x3"), "{error}");
}
