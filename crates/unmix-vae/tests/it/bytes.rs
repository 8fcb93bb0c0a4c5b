//! Equal bytes: with any number of threads, and after an interruption.

use crate::data::{saved, small, spots};
use std::ops::ControlFlow;
use unmix_core::{Fit, Observations, Params, Progress, Run, Stop};
use unmix_vae::{BetaVaeParams, ConvNetwork, Network, VaeModel};

fn fit_with(threads: usize, params: &BetaVaeParams, x: &Observations) -> VaeModel {
    let estimator = params.clone().build().unwrap();
    let mut run = Run::new(9).with_threads(threads).unwrap();
    run.in_pool(|run| estimator.fit(x, run)).unwrap().model
}

fn equal_with_one_and_two_threads(params: &BetaVaeParams, x: &Observations) {
    let one = saved(&fit_with(1, params, x));
    assert!(one.len() == 2 && one == saved(&fit_with(2, params, x)));
    let other = BetaVaeParams { beta: params.beta + 1e-3, ..params.clone() };
    assert!(one != saved(&fit_with(1, &other, x)), "the test sees no difference");
}

/// Layers above the size from which products are shared among threads (192³ multiplications).
#[test]
fn threads_of_a_perceptron() {
    let network = Network::Mlp { hidden: vec![400] };
    let params = BetaVaeParams { network, epochs: 2, batch_size: 128, validation_share: 0.2, patience: Some(5), ..small() };
    equal_with_one_and_two_threads(&params, &spots(300, 28));
}

#[test]
fn threads_of_convolutions() {
    let network = Network::Conv(ConvNetwork { height: 32, width: 32, filters: vec![32, 32, 64], ..ConvNetwork::default() });
    let params = BetaVaeParams { network, epochs: 1, batch_size: 32, ..small() };
    equal_with_one_and_two_threads(&params, &spots(80, 32));
}

/// Cancelled at each of several steps, among them the last of an epoch, and gone on from the checkpoint.
#[test]
fn cancelled_and_resumed() {
    let x = spots(100, 4);
    let params = BetaVaeParams { warm_up: 2, validation_share: 0.2, patience: Some(1), ..small() };
    let estimator = params.build().unwrap();
    let whole = estimator.fit(&x, &mut Run::new(4)).unwrap();
    for at in [1, 5, 7, 13] {
        let folder = tempfile::tempdir().unwrap();
        let cancel = move |p: &Progress<'_>| if p.step >= at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let part = estimator.fit(&x, &mut Run::new(4).observed(cancel).with_checkpoints(folder.path(), 1000)).unwrap();
        assert_eq!((part.stop, part.iterations), (Stop::Cancelled, at));
        let resumed = estimator.fit(&x, &mut Run::new(4).with_checkpoints(folder.path(), 1000)).unwrap();
        assert_eq!((resumed.stop, resumed.iterations, resumed.objective), (whole.stop, whole.iterations, whole.objective));
        assert!(saved(&resumed.model) == saved(&whole.model), "cancelled at step {at}");
    }
}

#[test]
fn a_checkpoint_of_another_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let x = spots(40, 4);
    let fit = |params: BetaVaeParams, seed| {
        let fitted = params.build().unwrap().fit(&x, &mut Run::new(seed).with_checkpoints(folder.path(), 1));
        fitted.map(|_| ()).map_err(|error| error.to_string())
    };
    fit(small(), 1).unwrap();
    fit(small(), 1).unwrap();
    assert!(fit(small(), 2).unwrap_err().contains("seed"));
    assert!(fit(BetaVaeParams { beta: 3.0, ..small() }, 1).unwrap_err().contains("configuration"));
}
