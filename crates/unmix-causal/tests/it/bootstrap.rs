//! Probabilities of edges and directions, progress, intervals of graph scores.

use crate::{edges, estimator};
use std::ops::ControlFlow;
use unmix_core::{Fit, Model, Observations, Progress, Run, Seed, Stop};
use unmix_data::simulate::{LingamParams, Source, lingam};
use unmix_metrics::eval_graph;

fn chain(samples: usize) -> (Observations, unmix_graph::Graph) {
    let params = LingamParams { variables: 4, samples, noise: Source::Uniform, ..LingamParams::default() };
    let truth = lingam(&params, Seed(8)).unwrap();
    (truth.observations, truth.graph.unwrap())
}

#[test]
fn probabilities_are_shares_and_the_right_ones_are_high() {
    let (x, truth) = chain(3000);
    let model = estimator(40).fit(&x, &mut Run::new(1)).unwrap().model;
    for (from, to) in edges(&truth) {
        // weights of at least 0.5 against standard errors of about 0.03
        assert!(model.graph().unwrap().edge(from, to).unwrap().probability.unwrap() >= 0.9, "{from} -> {to}");
        let reversed = model.directions().iter().find(|d| (d.from, d.to) == (to, from));
        assert!(reversed.is_none_or(|d| d.probability <= 0.1), "{reversed:?}");
    }
    let mut last = 1.0;
    for direction in model.directions() {
        let forty_times = direction.probability * 40.0;
        assert!((forty_times - forty_times.round()).abs() < 1e-9);
        // an edge needs its order
        assert!(direction.probability <= direction.precedes && direction.probability <= last);
        last = direction.probability;
    }
    // the graph's own edges carry the same numbers
    for edge in model.graph().unwrap().edges() {
        let direction = model.directions().iter().find(|d| (d.from, d.to) == (edge.from, edge.to));
        assert_eq!(edge.probability.unwrap(), direction.map_or(0.0, |d| d.probability));
    }
}

#[test]
fn without_a_bootstrap_there_is_no_probability() {
    let (x, _) = chain(300);
    let model = estimator(0).fit(&x, &mut Run::new(1)).unwrap().model;
    assert!(model.graph().unwrap().edges().iter().all(|e| e.probability.is_none()));
    assert!(model.directions().is_empty());
}

#[test]
fn few_rows_are_less_certain_and_intervals_show_it() {
    let width = |samples: usize| {
        let (x, truth) = chain(samples);
        let estimator = estimator(40);
        let mut run = Run::new(1);
        let model = estimator.fit(&x, &mut run).unwrap().model;
        let replicates = estimator.bootstrap(&x, &mut run).unwrap().graphs().unwrap();
        assert_eq!(replicates.len(), 40);
        let (low, high) = eval_graph(model.graph().unwrap(), &truth, &replicates).unwrap()["edge-f1"].ci.unwrap();
        high - low
    };
    let (few, many) = (width(60), width(3000));
    assert!(few > many + 0.1, "{few} {many}");
}

#[test]
fn an_observer_stops_it_between_batches() {
    let (x, _) = chain(300);
    let mut steps = Vec::new();
    let mut run = Run::new(1).observed(|progress: &Progress<'_>| {
        steps.push((progress.stage.to_owned(), progress.step));
        if progress.stage == "bootstrap" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let fitted = estimator(40).fit(&x, &mut run).unwrap();
    drop(run);
    assert_eq!(fitted.stop, Stop::Cancelled);
    assert_eq!(steps, [("ica-lingam".to_owned(), 1), ("bootstrap".to_owned(), 10)]);
    assert!(fitted.model.graph().unwrap().edges().iter().all(|e| e.probability.is_some()));
}
