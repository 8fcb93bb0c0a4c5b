//! Adam against the paper's algorithm in `f64`, and clipping by the global norm.

use burn::{
    module::{Module, Param},
    optim::GradientsParams,
    tensor::{DType, Device, Tensor, TensorData},
};
use unmix_backend::{Adam, AdamConfig, DeviceChoice, Initializer, clip_global_norm, host};
use unmix_core::Seed;

use crate::training::slopes;

#[derive(Module, Debug)]
struct Two {
    a: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

fn device() -> Device {
    DeviceChoice::Flex.open().unwrap().device.autodiff()
}

fn start(dtype: DType) -> Two {
    let init = &mut Initializer::new(Seed(1), &device()).with_dtype(dtype);
    Two { a: init.uniform([2, 3], 1.0), b: init.uniform([2], 2.0) }
}

/// A loss whose gradients differ in size by orders of magnitude.
fn loss(two: &Two) -> Tensor<1> {
    (two.a.val().powi_scalar(4) * 3.0).sum() + (two.b.val().sin() * 1e-4).sum()
}

/// Kingma and Ba (2015), algorithm 1, one number at a time.
fn reference(mut x: f64, gradient: impl Fn(f64) -> f64, rates: &[f64]) -> f64 {
    let (mut m, mut v) = (0.0, 0.0);
    for (t, rate) in (1..).zip(rates) {
        let g = gradient(x);
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        let (m_hat, v_hat) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.999_f64.powi(t)));
        x -= rate * m_hat / (v_hat.sqrt() + 1e-8);
    }
    x
}

#[test]
fn adam_runs_the_algorithm_of_the_paper() {
    let rates: Vec<f64> = (0..50).map(|step| 0.05 / (1.0 + 0.1 * f64::from(step))).collect();
    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 2e-5)] {
        let mut two = start(dtype);
        let first = (host::to_vec(two.a.val()).unwrap(), host::to_vec(two.b.val()).unwrap());
        let mut adam = Adam::new(AdamConfig::default());
        for &rate in &rates {
            let gradients = GradientsParams::from_grads(loss(&two).backward(), &two);
            two = adam.step(rate, two, gradients);
        }
        assert_eq!(adam.steps(), 50);
        let expected_a = first.0.iter().map(|&x| reference(x, |x| 12.0 * x.powi(3), &rates));
        let expected_b = first.1.iter().map(|&x| reference(x, |x| 1e-4 * x.cos(), &rates));
        let ours = host::to_vec(two.a.val()).unwrap().into_iter().chain(host::to_vec(two.b.val()).unwrap());
        for (ours, expected) in ours.zip(expected_a.chain(expected_b)) {
            assert!((ours - expected).abs() < tolerance, "{dtype:?}: {ours} is not {expected}");
        }
    }
}

#[test]
fn a_parameter_without_a_gradient_stays_and_the_others_still_learn() {
    let two = start(DType::F32);
    let before = (two.a.val().to_data(), two.b.val().to_data());
    let gradients = GradientsParams::from_grads(two.a.val().sum().backward(), &two);
    let two = Adam::new(AdamConfig::default()).step(0.1, two, gradients);
    assert_ne!(two.a.val().to_data(), before.0);
    assert_eq!(two.b.val().to_data(), before.1);
    assert!(two.a.val().is_require_grad() && two.b.val().is_require_grad());
}

fn gradients(two: &Two, a: [f32; 6], b: [f32; 2]) -> GradientsParams {
    let device = device().without_autodiff();
    let mut gradients = GradientsParams::new();
    gradients.register(two.a.id, Tensor::<2>::from_data(TensorData::new(a.to_vec(), [2, 3]), &device));
    gradients.register(two.b.id, Tensor::<1>::from_data(TensorData::new(b.to_vec(), [2]), &device));
    gradients
}

#[test]
fn clipping_scales_all_gradients_by_one_factor() {
    let two = start(DType::F32);
    let mut long = gradients(&two, [1.0, 2.0, 0.0, 0.0, 0.0, 2.0], [4.0, 0.0]);
    assert_eq!(clip_global_norm(&mut long, &two, 1.0).unwrap(), 5.0);
    for (ours, expected) in slopes(&two, &long).concat().iter().zip([0.2, 0.4, 0.0, 0.0, 0.0, 0.4, 0.8, 0.0]) {
        assert!((ours - expected).abs() < 1e-7);
    }
    let mut short = gradients(&two, [1.0, 2.0, 0.0, 0.0, 0.0, 2.0], [4.0, 0.0]);
    assert_eq!(clip_global_norm(&mut short, &two, 5.5).unwrap(), 5.0);
    assert_eq!(host::to_vec(short.get::<1>(two.b.id).unwrap()).unwrap(), [4.0, 0.0]);
    assert_eq!(clip_global_norm(&mut GradientsParams::new(), &two, 1.0).unwrap(), 0.0);
}

#[test]
fn a_norm_that_is_not_finite_is_reported_and_nothing_is_scaled() {
    let two = start(DType::F32);
    let mut broken = gradients(&two, [f32::NAN, 2.0, 0.0, 0.0, 0.0, 2.0], [4.0, 0.0]);
    assert!(clip_global_norm(&mut broken, &two, 1.0).unwrap().is_nan());
    assert_eq!(host::to_vec(broken.get::<1>(two.b.id).unwrap()).unwrap(), [4.0, 0.0]);
}
