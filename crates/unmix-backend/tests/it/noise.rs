//! Random tensors depend on seed, purpose and index alone, and follow their distributions.

use burn::tensor::{DType, Device, Tensor};
use unmix_backend::{DeviceChoice, Noise, host};
use unmix_core::Seed;

fn device() -> Device {
    DeviceChoice::Flex.open().unwrap().device
}

fn normal(noise: &mut Noise, n: usize) -> Vec<f64> {
    host::to_vec(noise.normal([n], &device())).unwrap()
}

#[test]
fn a_step_draws_the_same_whatever_was_drawn_before() {
    let mut used = Noise::at(Seed(4), 6);
    normal(&mut used, 1_000);
    assert_eq!(normal(&mut Noise::at(Seed(4), 7), 50), normal(&mut Noise::at(Seed(4), 7), 50));
    assert_ne!(normal(&mut Noise::at(Seed(4), 7), 50), normal(&mut Noise::at(Seed(4), 8), 50));
    assert_ne!(normal(&mut Noise::at(Seed(4), 7), 50), normal(&mut Noise::of(Seed(4), "adversary", 7), 50));
}

#[test]
fn single_precision_draws_are_the_rounded_double_ones() {
    let single: Tensor<2> = Noise::at(Seed(1), 0).normal([20, 3], &device());
    let double: Tensor<2> = Noise::at(Seed(1), 0).normal_as([20, 3], &device(), DType::F64);
    assert_eq!((single.dtype(), double.dtype()), (DType::F32, DType::F64));
    let rounded: Vec<f64> = host::to_vec(double).unwrap().into_iter().map(|x| f64::from(x as f32)).collect();
    assert_eq!(host::to_vec(single).unwrap(), rounded);
}

#[test]
fn draws_have_the_moments_of_their_distribution() {
    const N: usize = 200_000;
    let within = |draws: &[f64], mean: f64, variance: f64, fourth: f64| {
        let n = N as f64;
        let found = draws.iter().sum::<f64>() / n;
        // five standard errors each
        assert!((found - mean).abs() < 5.0 * (variance / n).sqrt(), "mean {found}");
        let spread = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert!((spread - variance).abs() < 5.0 * ((fourth - variance.powi(2)) / n).sqrt(), "variance {spread}");
    };
    for seed in 0..5 {
        within(&normal(&mut Noise::at(Seed(seed), 0), N), 0.0, 1.0, 3.0);
        let uniform = host::to_vec(Noise::at(Seed(seed), 0).uniform([N], &device())).unwrap();
        assert!(uniform.iter().all(|x| (0.0..=1.0).contains(x)));
        within(&uniform, 0.5, 1.0 / 12.0, 1.0 / 80.0);
    }
}

#[test]
fn permutations_hold_every_index_once_and_favour_none() {
    let mut first = [0_u32; 5];
    for step in 0..10_000 {
        let mut order = Noise::at(Seed(2), step).permutation(5);
        first[order[0]] += 1;
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }
    // five standard deviations of a count with p = 1/5
    assert!(first.iter().all(|&count| (f64::from(count) - 2_000.0).abs() < 5.0 * 40.0), "{first:?}");
    let listed: Vec<i32> = Noise::at(Seed(2), 3).permutation_tensor(5, &device()).into_data().try_into_vec().unwrap();
    assert_eq!(listed, Noise::at(Seed(2), 3).permutation(5).into_iter().map(|i| i as i32).collect::<Vec<_>>());
}

#[test]
fn arrays_survive_the_way_to_the_device_and_back() {
    let x = ndarray::array![[0.1, -2.5, 1e-20], [3.0, f64::NAN, 7.0]];
    let double = host::to_array2(host::to_tensor_f64(x.view(), &device())).unwrap();
    let single = host::to_array2(host::to_tensor(x.view(), &device())).unwrap();
    for ((&x, &double), &single) in x.iter().zip(&double).zip(&single) {
        assert_eq!((x.to_bits(), f64::from(x as f32).to_bits()), (double.to_bits(), single.to_bits()));
    }
    // a view that is not in row-major order keeps its rows
    let turned = host::to_array2(host::to_tensor_f64(x.t(), &device())).unwrap();
    assert_eq!((turned[[0, 1]], turned[[1, 0]]), (3.0, -2.5));
}
