//! What the loop does while it trains: observers, early stopping, divergence, terms of one's own.

use crate::data::{linear_gaussian, small, spots};
use burn::tensor::Tensor;
use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};
use unmix_backend::{DeviceChoice, Initializer};
use unmix_core::{Failure, Fit, Fitted, Kind, Params, Progress, Run, Seed, Stop};
use unmix_vae::{BetaVaeParams, Draw, Likelihood, Network, Objective, Schedule, Term, Trained, VaeConfig, VaeError, VaeModel, train};

#[test]
fn observers_see_terms_in_nats() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let observe = move |p: &Progress<'_>| {
        let parts: Vec<(String, f64)> = p.parts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        log.lock().unwrap().push((p.stage.to_owned(), p.step, p.objective, parts));
        ControlFlow::Continue(())
    };
    let x = spots(100, 4);
    let params = BetaVaeParams { beta: 3.0, warm_up: 2, epochs: 3, validation_share: 0.2, ..small() };
    let fitted = params.build().unwrap().fit(&x, &mut Run::new(1).observed(observe)).unwrap();
    let seen = seen.lock().unwrap();
    let training: Vec<_> = seen.iter().filter(|(stage, ..)| stage == "training").collect();
    let held_out: Vec<_> = seen.iter().filter(|(stage, ..)| stage == "held-out").collect();
    // 80 rows in batches of 16
    assert_eq!((training.len(), held_out.len(), fitted.iterations), (15, 3, 15));
    assert_eq!(training.iter().map(|(_, step, ..)| *step).collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
    for (index, (_, _, objective, parts)) in training.iter().enumerate() {
        let [(_, reconstruction), (_, prior_fit)] = parts.as_slice() else { panic!("{parts:?}") };
        let beta = 3.0 * (index as f64 / 10.0).min(1.0);
        assert!((objective - reconstruction - beta * prior_fit).abs() < 1e-9, "step {index}");
        assert!(*reconstruction < 0.0 && *prior_fit < 0.0);
    }
    assert_eq!(parts_names(&training[0].3), ["reconstruction", "prior-fit"]);
}

fn parts_names(parts: &[(String, f64)]) -> Vec<&str> {
    parts.iter().map(|(name, _)| name.as_str()).collect()
}

/// The held-out objective after each epoch of a fit with a large network on few rows, and what the fit returned.
fn held_out(patience: Option<usize>) -> (Vec<f64>, Fitted<VaeModel>) {
    let params = BetaVaeParams {
        components: 4,
        likelihood: Likelihood::Gaussian,
        network: Network::Mlp { hidden: vec![64] },
        epochs: 300,
        learning_rate: Schedule::Constant(5e-3),
        validation_share: 0.3,
        patience,
        ..small()
    };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let observe = move |p: &Progress<'_>| {
        if p.stage == "held-out" {
            log.lock().unwrap().push(p.objective);
        }
        ControlFlow::Continue(())
    };
    let fitted = params.build().unwrap().fit(&linear_gaussian(40, 6, 2), &mut Run::new(3).observed(observe)).unwrap();
    let seen = seen.lock().unwrap().clone();
    (seen, fitted)
}

#[test]
fn early_stopping_returns_the_best_networks() {
    let (seen, stopped) = held_out(Some(10));
    assert_eq!(stopped.stop, Stop::EarlyStopping);
    // 28 rows in batches of 16 are 2 steps an epoch
    assert!(seen.len() < 300 && stopped.iterations == 2 * seen.len());
    let (best, rest) = seen.split_at(seen.len() - 10);
    let best = best.last().copied().unwrap();
    assert!(rest.iter().all(|later| *later <= best) && seen.iter().all(|value| *value <= best));
    assert_eq!(stopped.objective, Some(best));

    let (seen, completed) = held_out(None);
    assert_eq!((completed.stop, completed.iterations, seen.len()), (Stop::Completed, 600, 300));
    assert_eq!(completed.objective, seen.last().copied(), "without early stopping the last networks are returned");
    assert!(completed.objective < seen.iter().copied().reduce(f64::max), "the last networks are the best by chance");
}

#[test]
fn a_huge_beta_collapses_the_codes_and_says_so() {
    let x = spots(400, 6);
    let fit = |beta| {
        let params = BetaVaeParams { beta, components: 2, epochs: 60, network: Network::Mlp { hidden: vec![32] }, ..small() };
        params.build().unwrap().fit(&x, &mut Run::new(5)).unwrap()
    };
    let collapsed = fit(1000.0);
    let [warning] = collapsed.warnings.as_slice() else { panic!("{:?}", collapsed.warnings) };
    assert_eq!(warning.code, "posterior-collapse");
    assert!(warning.text.contains("2 of 2") && warning.text.contains("z1") && warning.text.contains("z2"), "{}", warning.text);

    let healthy = fit(1.0);
    assert!(healthy.warnings.is_empty(), "{:?}", healthy.warnings);
    assert!(healthy.model.divergence().iter().all(|kl| *kl > 0.5), "{:?}", healthy.model.divergence());
}

#[test]
fn divergence_names_step_and_term() {
    let params = BetaVaeParams { learning_rate: Schedule::Constant(1e6), likelihood: Likelihood::Gaussian, ..small() };
    let error = params.build().unwrap().fit(&spots(60, 4), &mut Run::new(1)).unwrap_err();
    assert_eq!(error.kind(), Kind::Diverged);
    let VaeError::Diverged { step, term, value } = error else { panic!("{error}") };
    assert!((2..=16).contains(&step) && !value.is_finite(), "{step} {value}");
    assert!(["reconstruction", "prior-fit", "gradient norm"].contains(&term), "{term}");
}

/// Not a number from a given step on.
struct Broken;

impl Term for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn value(&self, draw: &Draw<'_>) -> Tensor<1> {
        (draw.z() * 0.0 - 1.0).log().sum_dim(1).squeeze_dim(1)
    }
}

/// Codes near zero.
struct Small;

impl Term for Small {
    fn name(&self) -> &'static str {
        "small"
    }

    fn value(&self, draw: &Draw<'_>) -> Tensor<1> {
        -draw.z().abs().sum_dim(1).squeeze_dim(1)
    }
}

fn train_with(objective: &Objective) -> Result<Trained<unmix_vae::GaussianVae>, VaeError> {
    let (x, device) = (spots(64, 4), DeviceChoice::Flex.open().unwrap().device);
    let network = Network::Mlp { hidden: vec![16] };
    let config = VaeConfig { columns: 16, components: 2, likelihood: Likelihood::Bernoulli, noise_variance: None, network };
    let family = config.init(1.0, &mut Initializer::new(Seed(1), &device.clone().autodiff())).unwrap();
    let training = BetaVaeParams { epochs: 300, learning_rate: Schedule::Constant(3e-3), ..small() }.training();
    train(family, objective, x.x(), &training, &device, &mut Run::new(1))
}

#[test]
fn the_term_that_is_not_a_number_is_named() {
    let error = train_with(&Objective::elbo().and(1.0, Broken)).unwrap_err();
    assert!(matches!(error, VaeError::Diverged { step: 1, term: "broken", .. }), "{error}");
}

#[test]
fn a_term_of_ones_own_is_made_large() {
    let term = |trained: &Trained<_>, name| trained.terms.iter().find(|(n, _)| *n == name).unwrap().1;
    let watched = train_with(&Objective::elbo().and(0.0, Small)).unwrap();
    let wanted = train_with(&Objective::elbo().and(2.0, Small)).unwrap();
    // a prior N(0, 1) has E|z| = 0.80; tilted by exp(-2 |z|) it has 0.37
    assert!(term(&wanted, "small") > 0.75 * term(&watched, "small"), "{:?} {:?}", wanted.terms, watched.terms);
    assert!(term(&wanted, "reconstruction") < term(&watched, "reconstruction"));
    assert_eq!(wanted.objective, term(&wanted, "reconstruction") + term(&wanted, "prior-fit") + 2.0 * term(&wanted, "small"));
}
