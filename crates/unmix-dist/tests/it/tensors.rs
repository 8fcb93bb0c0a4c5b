//! Tensor densities equal the host's, and their gradients equal central differences, in `f64` on flex.

use burn::tensor::{DType, Device, Tensor, TensorData};
use ndarray::{Array1, ArrayView1};
use unmix_backend::{DeviceChoice, host};
use unmix_dist::{
    Bernoulli, Density, Normal,
    tensor::{bernoulli_logit_log_density, gaussian_kl_per_code, gaussian_kl_to_standard, normal_log_density, reparameterize},
};
use unmix_testkit::check_gradient;

fn device() -> Device {
    DeviceChoice::Flex.open().unwrap().device.autodiff()
}

fn tensor<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, DType::F64))
}

fn single<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn assert_close(ours: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(ours.len(), expected.len());
    for (ours, expected) in ours.iter().zip(expected) {
        assert!((ours - expected).abs() <= relative * expected.abs().max(1.0), "{ours} is not {expected}");
    }
}

/// Checks the gradient of the weighted sum of `values` with respect to every argument of length `n` at `x`, `[arguments * n]`.
fn gradient_holds(x: &[f64], n: usize, values: impl Fn(Vec<Tensor<1>>) -> Tensor<1>) {
    let device = device();
    let weights: Vec<f64> = (0..n).map(|i| 1.0 + 0.5 * i as f64).collect();
    let arguments = |x: &[f64]| -> Vec<Tensor<1>> { x.chunks(n).map(|chunk| tensor(chunk, [n], &device)).collect() };
    let loss = |arguments: Vec<Tensor<1>>| (values(arguments) * tensor(&weights, [n], &device)).sum();
    let tracked: Vec<Tensor<1>> = arguments(x).into_iter().map(Tensor::require_grad).collect();
    let gradients = loss(tracked.clone()).backward();
    let analytic: Vec<f64> = tracked.iter().flat_map(|argument| host::to_vec(argument.grad(&gradients).unwrap()).unwrap()).collect();
    let value = |x: ArrayView1<'_, f64>| host::to_scalar(loss(arguments(x.as_slice().unwrap()))).unwrap();
    check_gradient(value, Array1::from(analytic).view(), ArrayView1::from(x), 1e-7).unwrap();
}

#[test]
fn normal_log_density_equals_the_host() {
    let x = [-4.0, 0.0, 0.3, 7.0, 1e3, -2.5];
    let mean = [0.0, 0.0, 1.3, 6.0, -1e3, 2.5];
    let log_variance = [0.0, -8.0, 2.0, -20.0, 10.0, 0.5];
    let expected: Vec<f64> =
        (0..x.len()).map(|i| Normal::new(mean[i], (0.5_f64 * log_variance[i]).exp()).unwrap().log_density(x[i])).collect();
    let device = device();
    let shape = [2, 3];
    let double = normal_log_density(tensor(&x, shape, &device), tensor(&mean, shape, &device), tensor(&log_variance, shape, &device));
    assert_close(&host::to_vec(double).unwrap(), &expected, 1e-12);
    let float = normal_log_density(single(&x, shape, &device), single(&mean, shape, &device), single(&log_variance, shape, &device));
    assert_close(&host::to_vec(float).unwrap(), &expected, 1e-5);
}

#[test]
fn bernoulli_log_density_equals_the_host_and_stays_finite_for_huge_logits() {
    let logits = [-1e30, -1e4, -89.0, -5.0, -1e-3, 0.0, 1e-3, 5.0, 89.0, 1e4, 1e30];
    let device = device();
    for x in [0.0, 1.0] {
        let expected: Vec<f64> = logits.iter().map(|&logit| Bernoulli::from_logit(logit).unwrap().log_density(x)).collect();
        let pixels = [x; 11];
        let double = bernoulli_logit_log_density(tensor(&pixels, [11], &device), tensor(&logits, [11], &device));
        assert_close(&host::to_vec(double).unwrap(), &expected, 1e-12);
        let float = bernoulli_logit_log_density(single(&pixels, [11], &device), single(&logits, [11], &device));
        assert_close(&host::to_vec(float).unwrap(), &expected, 1e-6);
    }
}

#[test]
fn bernoulli_gradient_is_the_residual_also_at_zero_and_for_huge_logits() {
    let device = device();
    for (logit, x, expected) in [(0.0, 1.0, 0.5), (0.0, 0.25, -0.25), (1e4, 1.0, 0.0), (1e4, 0.0, -1.0), (-1e4, 1.0, 1.0)] {
        let logit = single(&[logit], [1], &device).require_grad();
        let gradients = bernoulli_logit_log_density(single(&[x], [1], &device), logit.clone()).backward();
        assert_eq!(host::to_vec(logit.grad(&gradients).unwrap()).unwrap(), [expected]);
    }
}

#[test]
fn kl_is_the_expected_difference_of_log_densities() {
    // For two normals, by the moments of q: E[log q - log p] = -entropy(q) + (log 2 pi + var + mean^2) / 2.
    let mean = [0.0, -1.5, 3.0, 0.2, 0.0, 40.0];
    let log_variance: [f64; 6] = [0.0, 1.0, -12.0, 0.1, 5.0, -0.3];
    let expected: Vec<f64> = (0..6)
        .map(|i| {
            let q = Normal::new(mean[i], (0.5 * log_variance[i]).exp()).unwrap();
            -q.entropy() + 0.5 * (std::f64::consts::TAU.ln() + q.variance() + q.mean().powi(2))
        })
        .collect();
    let device = device();
    let arguments = || (tensor(&mean, [2, 3], &device), tensor(&log_variance, [2, 3], &device));
    let (m, v) = arguments();
    assert_close(&host::to_vec(gaussian_kl_per_code(m, v)).unwrap(), &expected, 1e-12);
    let (m, v) = arguments();
    let rows = [expected[..3].iter().sum::<f64>(), expected[3..].iter().sum()];
    assert_close(&host::to_vec(gaussian_kl_to_standard(m, v)).unwrap(), &rows, 1e-12);
}

#[test]
fn gradients_equal_finite_differences() {
    let three = |mut arguments: Vec<Tensor<1>>| {
        let third = arguments.remove(2);
        let second = arguments.remove(1);
        (arguments.remove(0), second, third)
    };
    let x = [0.3, -1.2, 2.0, 0.1, 0.7, -0.4, -1.0, 0.5, 1.1];
    gradient_holds(&x, 3, |arguments| {
        let (x, mean, log_variance) = three(arguments);
        normal_log_density(x, mean, log_variance)
    });
    gradient_holds(&x, 3, |arguments| {
        let (mean, log_variance, noise) = three(arguments);
        reparameterize(mean, log_variance, noise)
    });
    gradient_holds(&x[..6], 3, |mut arguments| {
        let log_variance = arguments.remove(1);
        gaussian_kl_per_code(arguments.remove(0), log_variance)
    });
    gradient_holds(&x[..6], 3, |mut arguments| {
        let log_variance = arguments.remove(1);
        let [n] = log_variance.dims();
        gaussian_kl_to_standard(arguments.remove(0).reshape([n, 1]), log_variance.reshape([n, 1]))
    });
    // pixels between 0 and 1, logits of both signs
    gradient_holds(&[0.0, 1.0, 0.25, -3.0, 0.8, 6.0], 3, |mut arguments| {
        let logit = arguments.remove(1);
        bernoulli_logit_log_density(arguments.remove(0), logit)
    });
}

#[test]
fn reparameterized_draws_have_the_moments_asked_for() {
    let device = DeviceChoice::Flex.open().unwrap().device;
    let n = 100_000;
    let noise = unmix_backend::Noise::at(unmix_core::Seed(3), 0).normal([n], &device);
    let draws = host::to_vec(reparameterize(Tensor::full([n], 1.5, &device), Tensor::full([n], 0.8, &device), noise)).unwrap();
    let mean = draws.iter().sum::<f64>() / n as f64;
    let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
    // five standard errors
    let expected: f64 = 0.8_f64.exp();
    assert!((mean - 1.5).abs() < 5.0 * (expected / n as f64).sqrt());
    assert!((variance - expected).abs() < 5.0 * expected * (2.0 / n as f64).sqrt());
}
