use crate::golden;
use proptest::{collection::vec, num, prelude::*};
use serde::Deserialize;
use unmix_numerics::{cube_score, cube_sums, exp_in_place, exp_score, exp_sums, log_cosh_score, log_cosh_sums, tanh_in_place};

fn tanh(x: f64) -> f64 {
    let mut y = [x];
    tanh_in_place(&mut y);
    y[0]
}

fn exp(x: f64) -> f64 {
    let mut y = [x];
    exp_in_place(&mut y);
    y[0]
}

/// Distance in units in the last place of `expected`.
fn ulps(found: f64, expected: f64) -> f64 {
    if found == expected || (found.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    (found - expected).abs() / (expected.abs().next_up() - expected.abs())
}

#[derive(Deserialize)]
struct Elementary {
    elementary: Vec<(f64, f64, f64)>,
}

#[test]
fn mpmath_gives_the_same_values() {
    let golden: Elementary = golden::read("numerics/numerics.json");
    for (x, e, t) in golden.elementary {
        assert!(ulps(exp(x), e) <= 2.0, "exp({x}) = {} not {e}", exp(x));
        assert!(ulps(tanh(x), t) <= 4.0 && (tanh(x) - t).abs() <= 2e-15, "tanh({x}) = {} not {t}", tanh(x));
    }
}

#[test]
fn special_values() {
    for x in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e-310, -5e-324, 40.0, -40.0, 19.07] {
        assert_eq!(tanh(x).to_bits(), x.tanh().to_bits(), "tanh({x})");
    }
    for x in [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e-310, 710.0, 709.79, -745.2, -800.0] {
        assert_eq!(exp(x), x.exp(), "exp({x})");
    }
    assert!(tanh(f64::NAN).is_nan() && exp(f64::NAN).is_nan());
    // Results near the ends of the range.
    for x in [709.78, 709.7, -708.0, -708.5, -720.0, -740.0, -745.1] {
        assert!(ulps(exp(x), x.exp()) <= 2.0, "exp({x})");
    }
}

#[test]
fn scores_far_out_and_of_nan() {
    let mut y = [f64::INFINITY, f64::NEG_INFINITY, 1e200, -60.0];
    assert_eq!(exp_score(&mut y), 0.0);
    assert_eq!(y, [0.0; 4]);
    let mut y = [f64::INFINITY, -1e300];
    assert_eq!(log_cosh_score(&mut y, 1.0), 0.0);
    assert_eq!(y, [1.0, -1.0]);
    for score in [exp_score as fn(&mut [f64]) -> f64, cube_score, |y| log_cosh_score(y, 1.0)] {
        let mut y = [1.0, f64::NAN, 2.0];
        assert!(score(&mut y).is_nan());
        assert!(y[1].is_nan() && y[0].is_finite() && y[2].is_finite());
        assert_eq!(score(&mut []), 0.0);
    }
}

#[test]
fn a_value_does_not_depend_on_its_place() {
    // Vector loops treat the ends of a slice apart.
    let expected = tanh(0.7);
    for n in 0..40 {
        let mut y = vec![0.7; n];
        tanh_in_place(&mut y);
        assert!(y.iter().all(|v| v.to_bits() == expected.to_bits()));
    }
}

fn check_score(y: &[f64], score: impl Fn(&mut [f64]) -> f64, g: impl Fn(f64) -> f64, derivative: impl Fn(f64) -> f64) {
    let mut found = y.to_vec();
    let sum = score(&mut found);
    let expected: f64 = y.iter().map(|&v| derivative(v)).sum();
    let magnitude: f64 = y.iter().map(|&v| derivative(v).abs()).sum();
    assert!((sum - expected).abs() <= 1e-14 * (1.0 + magnitude), "{sum} {expected}");
    for (found, &v) in found.iter().zip(y) {
        assert!((found - g(v)).abs() <= 2e-15 * (1.0 + g(v).abs()), "g({v}) = {found} not {}", g(v));
    }
}

proptest! {
    #[test]
    fn close_to_std_on_every_double(x in num::f64::ANY) {
        prop_assert!(ulps(tanh(x), x.tanh()) <= 4.0, "tanh({}) = {} not {}", x, tanh(x), x.tanh());
        prop_assert!(ulps(exp(x), x.exp()) <= 2.0, "exp({}) = {} not {}", x, exp(x), x.exp());
    }

    #[test]
    fn close_to_std_where_it_bends(x in -25.0..25.0_f64, y in -760.0..720.0_f64) {
        prop_assert!(ulps(tanh(x), x.tanh()) <= 4.0 && (tanh(x) - x.tanh()).abs() <= 2e-15);
        prop_assert_eq!(tanh(-x), -tanh(x));
        prop_assert!(ulps(exp(y), y.exp()) <= 2.0, "exp({}) = {} not {}", y, exp(y), y.exp());
    }

    #[test]
    fn scores_agree_with_std(y in vec(-8.0..8.0_f64, 0..700), alpha in 0.5..2.0_f64) {
        check_score(&y, |y| log_cosh_score(y, alpha), |v| (alpha * v).tanh(), |v| alpha * (1.0 - (alpha * v).tanh().powi(2)));
        check_score(&y, exp_score, |v| v * (-v * v / 2.0).exp(), |v| (1.0 - v * v) * (-v * v / 2.0).exp());
        check_score(&y, cube_score, |v| v * v * v, |v| 3.0 * v * v);
    }
}

/// Lengths around the block and the lanes, values from 0 to far beyond where the score is flat.
#[test]
fn sums_are_those_of_the_score_its_slope_and_its_integral() {
    for n in [0, 1, 7, 8, 255, 256, 257, 1000] {
        let values: Vec<f64> = (0..n).map(|i| (f64::from(i) - 500.0) * 0.11).collect();
        for alpha in [0.1, 1.0, 1.7] {
            let sum = |f: &dyn Fn(f64) -> f64| values.iter().map(|&v| f(v)).sum::<f64>();
            let log_cosh = |t: f64| t.abs() + (-2.0 * t.abs()).exp().ln_1p() - std::f64::consts::LN_2;
            let close =
                |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-13 * expected.abs().max(1.0), "{found} {expected}");
            let check = |sums: &dyn Fn(&mut [f64]) -> (f64, f64), score: &dyn Fn(f64) -> f64, slope: f64, value: f64| {
                let mut y = values.clone();
                let (slopes, integral) = sums(&mut y);
                close(slopes, slope);
                close(integral, value);
                y.iter().zip(&values).for_each(|(y, &v)| close(*y, score(v)));
            };
            let slope = sum(&|v| alpha * (1.0 - (alpha * v).tanh().powi(2)));
            check(&|y| log_cosh_sums(y, alpha), &|v| (alpha * v).tanh(), slope, sum(&|v| log_cosh(alpha * v) / alpha));
            let gauss = |v: f64| (-0.5 * alpha * v * v).exp();
            let slope = sum(&|v| (1.0 - alpha * v * v) * gauss(v));
            check(&|y| exp_sums(y, alpha), &|v| v * gauss(v), slope, sum(&|v| -gauss(v) / alpha));
            check(&|y| cube_sums(y), &|v| v * v * v, sum(&|v| 3.0 * v * v), sum(&|v| v.powi(4) / 4.0));
        }
    }
}
