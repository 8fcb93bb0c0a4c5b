//! The model by itself: total effects, interventions, counterfactuals, samples, files.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Axis, array};
use rand::RngExt;
use unmix_causal::{CausalError, LinearSem};
use unmix_core::{Do, Generate, Infer, Intervene, Kind, Load, Model, Sample, Seed};
use unmix_graph::GraphError;

/// `b = 2 a + e`, `c = a - 0.5 b + e`, the columns in the order c, a, b.
fn model() -> LinearSem {
    let names = ["c", "a", "b"].map(str::to_owned);
    let weights = array![[0.0, 1.0, -0.5], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0]];
    let mut stream = Seed(1).stream("noise", 0);
    let mut noise = Array2::from_shape_simple_fn((500, 3), || stream.random_range(-1.0..1.0));
    noise -= &noise.mean_axis(Axis(0)).unwrap();
    LinearSem::new(&names, weights, array![10.0, 1.0, -3.0], noise).unwrap()
}

fn set(node: &str, value: f64) -> Do {
    Do { node: node.to_owned(), value }
}

#[test]
fn mixing_holds_total_effects() {
    // of a on c: 1 directly, 2 · -0.5 through b
    assert_eq!(model().mixing().unwrap(), array![[1.0, 0.0, -0.5], [0.0, 1.0, 0.0], [0.0, 2.0, 1.0]]);
    let inverse = model().mixing().unwrap().dot(&model().unmixing().unwrap());
    assert_abs_diff_eq!(inverse, Array2::eye(3), epsilon = 1e-15);
}

#[test]
fn counterfactuals_by_hand() {
    let x = array![[9.0, 1.5, -1.0]];
    // noises: a 0.5; b -1 + 3 - 2 · 0.5 = 1; c 9 - 10 - 0.5 + 0.5 · 2 = -0.5
    assert_abs_diff_eq!(model().infer(x.view()).unwrap(), array![[-0.5, 0.5, 1.0]], epsilon = 1e-15);
    let twin = |dos: &[Do]| model().intervene(dos, Some(x.view()), 1, Seed(1)).unwrap();
    // a is 1 below: b falls by 2, c by the total effect 0
    assert_abs_diff_eq!(twin(&[set("a", 0.5)]), array![[9.0, 0.5, -3.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(twin(&[set("b", 1.0)]), array![[8.0, 1.5, 1.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(twin(&[set("a", 0.5), set("b", 1.0)]), array![[7.0, 0.5, 1.0]], epsilon = 1e-12);
    assert_eq!(twin(&[]), x);
    // what is set to what it was changes nothing
    assert_abs_diff_eq!(twin(&[set("a", 1.5), set("c", 9.0)]), x, epsilon = 1e-12);
}

#[test]
fn samples_have_the_moments_of_the_equations() {
    const N: usize = 40_000;
    let model = model();
    let samples = model.sample(N, Seed(3)).unwrap();
    assert_eq!(samples, model.sample(N, Seed(3)).unwrap());
    let mean = samples.mean_axis(Axis(0)).unwrap();
    let mixing = model.mixing().unwrap();
    // uniform noises of variance 1/3
    let variance: Array1<f64> = mixing.map_axis(Axis(1), |row| row.dot(&row) / 3.0);
    for j in 0..3 {
        let error = (variance[j] / N as f64).sqrt();
        assert_abs_diff_eq!(mean[j], model.mean()[j], epsilon = 5.0 * error);
        // 500 noise values stand for the uniform distribution
        assert_abs_diff_eq!(samples.column(j).var(0.0), variance[j], epsilon = 0.15 * variance[j]);
    }
    // an intervention cuts the equation: the mean of c under do(b) moves by -0.5, that of a not at all
    let done = model.intervene(&[set("b", 5.0)], None, N, Seed(4)).unwrap().mean_axis(Axis(0)).unwrap();
    assert_abs_diff_eq!(done, array![10.0 - 0.5 * 8.0, 1.0, 5.0], epsilon = 0.02);
}

#[test]
fn inference_and_generation_close_the_loop() {
    let x = model().sample(20, Seed(5)).unwrap();
    let z = model().infer(x.view()).unwrap();
    assert_abs_diff_eq!(model().generate(z.view()).unwrap(), x, epsilon = 1e-12);
    assert_eq!(model().infer(x.slice(ndarray::s![.., ..2])).unwrap_err().kind(), Kind::Data);
    assert_eq!(model().generate(array![[1.0]].view()).unwrap_err().kind(), Kind::Data);
}

#[test]
fn a_node_that_is_not_there_is_named() {
    let error = model().intervene(&[set("aa", 1.0)], None, 1, Seed(1)).unwrap_err();
    assert_eq!(error.to_string(), "there is no column \"aa\"; the nearest is \"a\"");
    assert_eq!(error.kind(), Kind::Usage);
}

#[test]
fn a_saved_model_returns() {
    let folder = tempfile::tempdir().unwrap();
    model().save(folder.path()).unwrap();
    let loaded = LinearSem::load(folder.path()).unwrap();
    assert_eq!(loaded.dag(), model().dag());
    let x = model().sample(5, Seed(1)).unwrap();
    assert_abs_diff_eq!(loaded.sample(5, Seed(1)).unwrap(), x, epsilon = 1e-12);

    let path = folder.path().join(unmix_core::MODEL_JSON);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("-3.0", "-3.0, 4.0").replace("\"dim\": [\n      3\n    ]", "\"dim\": [4]")).unwrap();
    assert_eq!(LinearSem::load(folder.path()).unwrap_err().kind(), Kind::Format);
}

#[test]
fn a_cycle_or_misfit_is_refused() {
    let names = ["a", "b"].map(str::to_owned);
    let new = |weights, mean, noise| LinearSem::new(&names, weights, mean, noise).unwrap_err();
    let (mean, noise, none) = (array![0.0, 0.0], array![[1.0, -1.0]], Array2::zeros((2, 2)));
    let cycle = new(array![[0.0, 1.0], [1.0, 0.0]], mean.clone(), noise.clone());
    assert!(matches!(cycle, CausalError::Graph(GraphError::Cycle { .. })), "{cycle}");
    assert!(matches!(new(none.clone(), array![0.0], noise.clone()), CausalError::Shape { part: "the mean", expected: 2, found: 1 }));
    assert!(matches!(new(none.clone(), mean.clone(), Array2::zeros((0, 2))), CausalError::Data(_)));
    let error = new(none, mean, array![[0.0, 1.0], [0.0, f64::NAN]]);
    assert_eq!(error.to_string(), "the noise of variable \"b\" holds NaN; it must be finite");
}
