//! What a fitted model can do, and that it is read back as it was written.

use crate::data::{saved, small, spots};
use ndarray::{Array2, Axis};
use std::sync::OnceLock;
use unmix_core::{Do, Fit, Generate, Infer, Intervene, Load, LogDensity, Model, Params, Run, Sample, Seed};
use unmix_vae::{BetaVaeParams, ConvNetwork, Likelihood, METHODS, Network, Schedule, VaeModel};

fn fitted() -> &'static VaeModel {
    static MODEL: OnceLock<VaeModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        let params = BetaVaeParams {
            components: 2,
            epochs: 150,
            learning_rate: Schedule::Constant(3e-3),
            network: Network::Mlp { hidden: vec![64] },
            ..small()
        };
        params.build().unwrap().fit(&spots(400, 6), &mut Run::new(2)).unwrap().model
    })
}

#[test]
fn reconstructs_better_than_the_mean() {
    let (model, x) = (fitted() as &dyn Model, spots(400, 6));
    let again = model.closed_loop().unwrap().reconstruct(x.x()).unwrap();
    let error = |to: &Array2<f64>| (&x.x() - to).mapv(|v| v * v).sum();
    let mean = x.means().insert_axis(Axis(0)).broadcast(x.x().raw_dim()).unwrap().to_owned();
    // the codes are noisy channels: at beta 1 a spot of 36 grey pixels pays for a few nats of place, not for all of it
    assert!(error(&again) < 0.2 * error(&mean), "{} against {}", error(&again), error(&mean));
    assert!(again.iter().all(|p| (0.0..=1.0).contains(p)));
}

/// Rows that fill more than one chunk on the device give what they give alone.
#[test]
fn a_row_is_inferred_alike_alone_and_among_others() {
    let x = spots(600, 6);
    let all = fitted().infer(x.x()).unwrap();
    for row in [0, 255, 256, 599] {
        let alone = fitted().infer(x.select(&[row]).unwrap().x()).unwrap();
        assert!((&alone.row(0) - &all.row(row)).iter().all(|d| d.abs() < 1e-5), "row {row}");
    }
    assert_eq!(fitted().infer(Array2::zeros((0, 36)).view()).unwrap().dim(), (0, 2));
}

#[test]
fn samples_follow_the_likelihood() {
    let coins = fitted().sample(500, Seed(1)).unwrap();
    assert!(coins.iter().all(|&v| v == 0.0 || v == 1.0));
    assert_eq!(coins, fitted().sample(500, Seed(1)).unwrap());
    assert!(coins != fitted().sample(500, Seed(2)).unwrap());
    // spots light up about a seventh of the image
    let (drawn, real) = (coins.mean().unwrap(), spots(400, 6).x().mean().unwrap());
    assert!((drawn - real).abs() < 0.03, "{drawn} {real}");

    let params = BetaVaeParams { likelihood: Likelihood::Gaussian, noise_variance: Some(4.0), epochs: 1, ..small() };
    let model = params.build().unwrap().fit(&spots(100, 4), &mut Run::new(1)).unwrap().model;
    let noise = model.sample(4000, Seed(1)).unwrap().var_axis(Axis(0), 0.0).mean().unwrap();
    assert!((3.8..5.0).contains(&noise), "{noise}");
}

#[test]
fn interventions_set_a_code_and_keep_the_others() {
    let x = spots(20, 6);
    let dos = [Do { node: "z2".to_owned(), value: 1.5 }];
    let edited = fitted().intervene(&dos, Some(x.x()), 0, Seed(1)).unwrap();
    let mut z = fitted().infer(x.x()).unwrap();
    z.column_mut(1).fill(1.5);
    assert_eq!(edited, fitted().generate(z.view()).unwrap());
    assert_eq!(edited, (fitted() as &dyn Model).closed_loop().unwrap().edit(x.x(), 1, 1.5).unwrap());

    let samples = fitted().intervene(&dos, None, 7, Seed(1)).unwrap();
    assert_eq!(samples.dim(), (7, 36));
    let error = fitted().intervene(&[Do { node: "z3".to_owned(), value: 0.0 }], None, 1, Seed(1)).unwrap_err();
    assert!(error.to_string().contains("z1 to z2"), "{error}");
}

#[test]
fn the_density_is_a_bound_that_rises_with_draws() {
    let x = spots(200, 6);
    assert!(fitted().is_bound());
    let bound = |samples| fitted().importance_weighted_bound(x.x(), samples, Seed(1)).unwrap().mean().unwrap();
    let (one, many) = (bound(1), bound(64));
    assert!(many > one + 0.01, "{one} {many}");
    assert_eq!(fitted().log_density(x.x()).unwrap().len(), 200);
}

#[test]
fn saved_and_loaded() {
    let x = spots(30, 8);
    let conv = Network::Conv(ConvNetwork { height: 8, width: 8, filters: vec![4, 8], units: 16, ..ConvNetwork::default() });
    let variants = [
        BetaVaeParams { epochs: 1, ..small() },
        BetaVaeParams { epochs: 1, network: conv, ..small() },
        BetaVaeParams { epochs: 1, likelihood: Likelihood::Gaussian, ..small() },
    ];
    for params in variants {
        let model = params.clone().build().unwrap().fit(&x, &mut Run::new(1)).unwrap().model;
        let folder = tempfile::tempdir().unwrap();
        model.save(folder.path()).unwrap();
        let again = VaeModel::load(folder.path()).unwrap();
        assert_eq!(again.infer(x.x()).unwrap(), model.infer(x.x()).unwrap());
        assert_eq!(again.sample(3, Seed(1)).unwrap(), model.sample(3, Seed(1)).unwrap());
        assert_eq!((again.names(), again.divergence()), (model.names(), model.divergence()));
        assert!(saved(&again) == saved(&model), "{params:?}");
    }
}

#[test]
fn vae_is_beta_vae_with_beta_one() {
    let x = spots(60, 4);
    let table = x.clone().into();
    let fit = |name: &str, more: &str| {
        let method = METHODS.iter().find(|m| m.name == name).unwrap();
        let config = format!("components = 2\nepochs = 2\nnetwork = {{ kind = \"mlp\", hidden = [8] }}\n{more}").parse().unwrap();
        method.fit(&config, &table, &mut Run::new(1)).unwrap()
    };
    let (vae, beta) = (fit("vae", ""), fit("beta-vae", "beta = 1.0"));
    assert!(saved(&*vae.fitted.model) == saved(&*beta.fitted.model));
    assert!(saved(&*vae.fitted.model) != saved(&*fit("beta-vae", "").fitted.model));
    assert_eq!(unmix_core::identified(&vae.claim, &vae.evidence), Some(false));
    assert!(vae.evidence.iter().all(|e| vae.claim.assumptions.contains(&e.assumption)));
}
