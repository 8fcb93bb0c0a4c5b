//! A linear-Gaussian VAE is probabilistic PCA: its bound meets the closed-form likelihood.

use crate::data::linear_gaussian;
use unmix_core::{Fit, Observations, Params, Run, Seed};
use unmix_numerics::symmetric_eigen;
use unmix_vae::{BetaVaeParams, Likelihood, Network, Schedule, VaeModel};

/// The mean log likelihood of the best PPCA model with `k` components, and its noise variance (Tipping and Bishop 1999, eqs. 3.8, 3.12).
fn ppca(x: &Observations, k: usize) -> (f64, f64) {
    let centred = &x.x() - &x.means();
    let covariance = centred.t().dot(&centred) / x.rows() as f64;
    let mut values = symmetric_eigen(covariance.view()).unwrap().values.to_vec();
    values.sort_by(|a, b| b.total_cmp(a));
    let d = values.len();
    let noise = values[k..].iter().sum::<f64>() / (d - k) as f64;
    let log_det = values[..k].iter().map(|v| v.ln()).sum::<f64>() + (d - k) as f64 * noise.ln();
    (-0.5 * (d as f64 * std::f64::consts::TAU.ln() + log_det + d as f64), noise)
}

fn fit(x: &Observations, k: usize) -> VaeModel {
    const STEPS: usize = 5000;
    let params = BetaVaeParams {
        components: k,
        beta: 1.0,
        warm_up: 0,
        likelihood: Likelihood::Gaussian,
        network: Network::Mlp { hidden: Vec::new() },
        epochs: STEPS,
        batch_size: x.rows(),
        learning_rate: Schedule::Linear { from: 5e-2, to: 0.0, steps: STEPS },
        validation_share: 0.0,
        patience: None,
        ..Default::default()
    };
    params.build().unwrap().fit(x, &mut Run::new(2)).unwrap().model
}

#[test]
fn elbo_meets_the_closed_form_of_ppca() {
    let (x, k) = (linear_gaussian(500, 8, 2), 2);
    let (log_likelihood, noise) = ppca(&x, k);
    let model = fit(&x, k);
    // one draw a row is the evidence lower bound; many of them are averaged
    let draws = 50;
    let elbo = (0..draws).map(|i| model.importance_weighted_bound(x.x(), 1, Seed(i)).unwrap().mean().unwrap()).sum::<f64>() / draws as f64;
    assert!(elbo < log_likelihood + 0.002, "{elbo} exceeds {log_likelihood}");
    assert!(elbo > log_likelihood - 0.01, "{elbo} is too far below {log_likelihood}");
    let learned = model.family().noise_variance().unwrap().unwrap();
    assert!((learned / noise - 1.0).abs() < 0.02, "{learned} against {noise}");

    // with more draws the bound does not fall
    let tighter = model.importance_weighted_bound(x.x(), 50, Seed(1)).unwrap().mean().unwrap();
    assert!(tighter > elbo - 0.002 && tighter < log_likelihood + 0.002, "{tighter} against {elbo} to {log_likelihood}");
}
