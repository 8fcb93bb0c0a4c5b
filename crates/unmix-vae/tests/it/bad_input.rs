//! Data, parameters and devices that are refused, and how.

use crate::data::{linear_gaussian, small, spots};
use ndarray::array;
use unmix_core::{DataError, Failure, Fit, Infer, Kind, Observations, Params, Run};
use unmix_vae::{BetaVaeParams, ConvNetwork, Likelihood, METHODS, Network, Schedule, VaeError, VaeParams};

fn refused(params: BetaVaeParams, x: &Observations, device: &str) -> VaeError {
    params.build().unwrap().fit(x, &mut Run::new(1).on(device)).map(|_| ()).unwrap_err()
}

#[test]
fn a_pixel_outside_the_bernoulli_range() {
    let x = Observations::new(array![[0.0, 1.0], [0.5, 16.0]], ["p00", "p01"]).unwrap();
    let error = refused(small(), &x, "flex");
    assert_eq!(error.kind(), Kind::Data);
    assert!(matches!(error, VaeError::Data(DataError::OutsideSupport { row: 2, value: 16.0, .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("\"p01\"") && text.contains("row 2") && text.contains("likelihood = \"gaussian\""), "{text}");
    assert!(small().build().unwrap().screen(&x, unmix_core::Seed(1))[0].margin < Some(0.0));

    let gaussian = BetaVaeParams { likelihood: Likelihood::Gaussian, ..small() };
    gaussian.build().unwrap().fit(&x, &mut Run::new(1)).unwrap();
}

#[test]
fn a_network_for_images_of_another_size() {
    let conv = |height, filters| Network::Conv(ConvNetwork { height, width: 4, filters, ..ConvNetwork::default() });
    let error = refused(BetaVaeParams { network: conv(8, vec![4]), ..small() }, &spots(20, 4), "flex");
    assert_eq!(error.kind(), Kind::Usage);
    assert!(error.to_string().contains("32 pixels") && error.to_string().contains("16 columns"), "{error}");
    let error = refused(BetaVaeParams { network: conv(4, vec![4, 4, 4]), ..small() }, &spots(20, 4), "flex");
    assert_eq!(error.kind(), Kind::Usage);
}

#[test]
fn no_row_left_to_train_on() {
    let params = BetaVaeParams { validation_share: 0.5, ..small() };
    let error = refused(params, &Observations::unnamed(array![[0.5, 0.2]]).unwrap(), "flex");
    assert!(matches!(error, VaeError::Data(DataError::TooFewRows { needed: 2, found: 1, .. })), "{error}");
}

#[test]
fn a_device_that_is_not_there() {
    assert_eq!(refused(small(), &spots(20, 4), "flox").kind(), Kind::Usage);
    assert_eq!(refused(small(), &spots(20, 4), "wgpu").kind(), Kind::Device);
}

#[test]
fn rows_of_another_width() {
    let model = small().build().unwrap().fit(&spots(20, 4), &mut Run::new(1)).unwrap().model;
    let error = model.infer(linear_gaussian(5, 6, 1).x()).unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
}

#[test]
fn every_broken_rule_is_named() {
    let params = BetaVaeParams {
        components: 0,
        beta: f64::NAN,
        noise_variance: Some(0.0),
        network: Network::Mlp { hidden: vec![8, 0] },
        epochs: 0,
        batch_size: 0,
        learning_rate: Schedule::Linear { from: 0.0, to: -1.0, steps: 3 },
        clip_norm: Some(-1.0),
        validation_share: 1.0,
        patience: Some(0),
        ..small()
    };
    assert_eq!(params.build().unwrap_err().violations.len(), 12);
    assert_eq!(VaeParams { epochs: 0, ..Default::default() }.build().unwrap_err().violations.len(), 1);
    let nothing_held_out = BetaVaeParams { validation_share: 0.0, ..Default::default() };
    assert!(nothing_held_out.build().unwrap_err().to_string().contains("patience"));
}

#[test]
fn configurations_are_read_strictly() {
    for method in METHODS {
        let resolve = |text: &str| method.resolve(&text.parse().unwrap());
        assert_eq!(resolve("").unwrap(), method.defaults());
        let full = resolve("learning_rate = { from = 1e-3, to = 1e-5, steps = 100 }\nnetwork = { kind = \"conv\", height = 8, width = 8 }");
        assert_eq!(full.unwrap()["network"]["units"].as_integer(), Some(256));
        assert!(resolve("hiden = 3").is_err());
        assert!(resolve("network = { kind = \"mlp\", hiden = [3] }").is_err());
        assert!(resolve("network = { kind = \"conv\", heigth = 8 }").is_err());
        assert!(resolve("likelihood = \"poisson\"").is_err());
    }
    assert!(METHODS[0].keys().contains(&"epochs") && !METHODS[0].keys().contains(&"beta"));
    assert!(METHODS[1].keys().contains(&"beta"));
}
