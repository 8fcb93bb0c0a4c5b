//! The same graphs and weights as `lingam`, the same selections as its adaptive lasso on scikit-learn.

use crate::{direct, fit, matrix};
use approx::assert_abs_diff_eq;
use ndarray::Array1;
use serde::{Deserialize, de::DeserializeOwned};
use std::fs;
use unmix_causal::{DirectLingamParams, Pruning, adaptive_lasso};
use unmix_core::{Fit, Observations, Params, Run};

fn golden<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../goldens/lingam/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct GraphCase {
    name: String,
    x: Vec<Vec<f64>>,
    order: Vec<usize>,
    weights: Vec<Vec<f64>>,
}

#[test]
fn weights_and_order_equal_lingam() {
    let cases: Vec<GraphCase> = golden("ica_lingam.json");
    assert_eq!(cases.len(), 3);
    for case in cases {
        let model = fit(&Observations::unnamed(matrix(&case.x)).unwrap(), 1);
        println!("{}\n{:.3}\n{:.3}", case.name, model.weights(), matrix(&case.weights));
        assert_abs_diff_eq!(model.weights().to_owned(), matrix(&case.weights), epsilon = 1e-6);
        let position = |node: usize| case.order.iter().position(|&o| o == node).unwrap();
        assert!(model.dag().graph().edges().iter().all(|e| position(e.from) < position(e.to)), "{}", case.name);
    }
}

#[derive(Deserialize)]
struct DirectCase {
    name: String,
    order: Vec<usize>,
    weights: Vec<Vec<f64>>,
}

#[test]
fn direct_lingam_equals_lingam() {
    let tables: Vec<GraphCase> = golden("ica_lingam.json");
    let cases: Vec<DirectCase> = golden("direct_lingam.json");
    assert_eq!(cases.len(), 3);
    for (table, case) in tables.iter().zip(&cases) {
        assert_eq!(table.name, case.name);
        let x = Observations::unnamed(matrix(&table.x)).unwrap();
        let model = direct(0).fit(&x, &mut Run::new(1)).unwrap().model;
        assert_abs_diff_eq!(model.weights().to_owned(), matrix(&case.weights), epsilon = 1e-6);
        // unpruned, every earlier variable is a cause of every later one: the order itself
        let full = DirectLingamParams { bootstrap: 0, pruning: Pruning::None, ..Default::default() }.build().unwrap();
        let model = full.fit(&x, &mut Run::new(1)).unwrap().model;
        assert_eq!(model.dag().order(), case.order, "{}", case.name);
    }
}

#[derive(Deserialize)]
struct LassoCase {
    n: usize,
    among: Vec<Vec<f64>>,
    with: Vec<f64>,
    kept: Vec<usize>,
}

#[test]
fn selections_equal_scikit_learn() {
    let cases: Vec<LassoCase> = golden("adaptive_lasso.json");
    assert_eq!(cases.len(), 60);
    let sizes: usize = cases.iter().map(|c| c.kept.len()).sum();
    assert!(sizes > 60, "the cases select something");
    for (i, case) in cases.iter().enumerate() {
        let kept = adaptive_lasso(matrix(&case.among).view(), Array1::from(case.with.clone()).view(), case.n).unwrap();
        assert_eq!(kept, case.kept, "case {i}: n = {}, p = {}", case.n, case.with.len());
    }
}
