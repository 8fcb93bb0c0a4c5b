use proptest::{collection::vec, prelude::*};
use unmix_numerics::{Bounds, Lbfgs, NumericsError, Stop};

fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let mut value = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
        value += a * a + 100.0 * b * b;
        gradient[i] += -2.0 * a - 400.0 * x[i] * b;
        gradient[i + 1] += 200.0 * b;
    }
    value
}

#[test]
fn rosenbrock_in_two_and_twenty_dimensions() {
    for d in [2, 20] {
        let start: Vec<f64> = (0..d).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let minimum = Lbfgs { value_tolerance: 0.0, ..Lbfgs::default() }.minimize(&start, None, rosenbrock).unwrap();
        assert!(minimum.stop.converged(), "{minimum:?}");
        assert!(minimum.x.iter().all(|v| (v - 1.0).abs() < 1e-7), "{minimum:?}");
        assert!(minimum.iterations < 200, "{}", minimum.iterations);
    }
}

#[test]
fn rosenbrock_against_a_bound() {
    // On x₀ ≤ 0.5 the minimum is at (0.5, 0.25): there x₁ = x₀² and the slope in x₀ pushes outwards.
    let bounds = Bounds { lower: vec![-5.0; 2], upper: vec![0.5, 5.0] };
    let minimum = Lbfgs::default().minimize(&[-1.2, 1.0], Some(&bounds), rosenbrock).unwrap();
    assert_eq!(minimum.x[0], 0.5);
    assert!((minimum.x[1] - 0.25).abs() < 1e-8);
    assert!((minimum.value - 0.25).abs() < 1e-12);
}

#[test]
fn the_iterations_are_limited() {
    let minimum = Lbfgs { max_iterations: 3, ..Lbfgs::default() }.minimize(&[-1.2, 1.0], None, rosenbrock).unwrap();
    assert_eq!((minimum.iterations, minimum.stop), (3, Stop::Iterations));
    assert!(!minimum.stop.converged());
}

#[test]
fn a_wrong_gradient_ends_the_search() {
    let minimum = Lbfgs::default()
        .minimize(&[1.0], None, |x, gradient| {
            gradient[0] = -2.0 * x[0];
            x[0] * x[0]
        })
        .unwrap();
    assert_eq!(minimum.stop, Stop::LineSearch);
    assert_eq!(minimum.x, [1.0]);
}

#[test]
fn an_infinite_value_shortens_the_step() {
    // x - ln x, not defined below 0; the first step from 0.01 along -gradient is to the right, later ones may overshoot.
    let minimum = Lbfgs::default()
        .minimize(&[30.0], None, |x, gradient| {
            gradient[0] = 1.0 - 1.0 / x[0];
            x[0] - x[0].ln()
        })
        .unwrap();
    assert!((minimum.x[0] - 1.0).abs() < 1e-7, "{minimum:?}");
}

#[test]
fn bad_arguments_are_errors() {
    let bounds = |lower: &[f64], upper: &[f64]| Bounds { lower: lower.to_vec(), upper: upper.to_vec() };
    let run = |bounds: &Bounds| Lbfgs::default().minimize(&[0.0, 0.0], Some(bounds), rosenbrock).unwrap_err();
    assert!(matches!(run(&bounds(&[0.0], &[1.0, 1.0])), NumericsError::Length { expected: 2, found: 1, .. }));
    assert!(matches!(run(&bounds(&[0.0, 2.0], &[1.0, 1.0])), NumericsError::OutOfRange { value: 2.0, .. }));
    assert!(matches!(run(&bounds(&[0.0, f64::NAN], &[1.0, 1.0])), NumericsError::OutOfRange { .. }));
    let nan = Lbfgs::default().minimize(&[0.0], None, |_, _| f64::NAN).unwrap_err();
    assert!(matches!(nan, NumericsError::NonFiniteObjective { .. }));
}

proptest! {
    /// ½ Σ c (x - m)² has its minimum in a box at the nearest point.
    #[test]
    fn bounded_separable_quadratic(
        axes in vec((0.1..100.0_f64, -5.0..5.0_f64, -3.0..0.0_f64, 0.0..3.0_f64, -6.0..6.0_f64), 1..12),
    ) {
        let bounds = Bounds { lower: axes.iter().map(|a| a.2).collect(), upper: axes.iter().map(|a| a.3).collect() };
        let start: Vec<f64> = axes.iter().map(|a| a.4).collect();
        let to_the_gradient = Lbfgs { value_tolerance: 0.0, ..Lbfgs::default() };
        let minimum = to_the_gradient.minimize(&start, Some(&bounds), |x, gradient| {
            let mut value = 0.0;
            for ((&x, g), &(c, m, ..)) in x.iter().zip(gradient).zip(&axes) {
                *g = c * (x - m);
                value += 0.5 * c * (x - m).powi(2);
            }
            value
        }).unwrap();
        prop_assert!(minimum.stop.converged(), "{:?}", minimum);
        for (x, (_, m, low, high, _)) in minimum.x.iter().zip(&axes) {
            prop_assert!((x - m.clamp(*low, *high)).abs() < 1e-6, "{:?}", minimum);
        }
    }

    /// ½ xᵀ(I + v vᵀ)x - bᵀx in x ≥ 0: the optimality conditions hold.
    #[test]
    fn bounded_coupled_quadratic(v in vec(-3.0..3.0, 6), b in vec(-5.0..5.0, 6)) {
        let bounds = Bounds { lower: vec![0.0; 6], upper: vec![f64::INFINITY; 6] };
        let objective = |x: &[f64], gradient: &mut [f64]| {
            let vx: f64 = x.iter().zip(&v).map(|(x, v)| x * v).sum();
            let mut value = 0.5 * vx * vx;
            for i in 0..6 {
                gradient[i] = x[i] + vx * v[i] - b[i];
                value += 0.5 * x[i] * x[i] - b[i] * x[i];
            }
            value
        };
        let to_the_gradient = Lbfgs { value_tolerance: 0.0, ..Lbfgs::default() };
        let minimum = to_the_gradient.minimize(&[1.0; 6], Some(&bounds), objective).unwrap();
        prop_assert!(minimum.stop.converged(), "{:?}", minimum);
        let mut gradient = [0.0; 6];
        objective(&minimum.x, &mut gradient);
        for (x, g) in minimum.x.iter().zip(gradient) {
            prop_assert!(*x >= 0.0 && g > -1e-6 && (*x == 0.0 || g.abs() < 1e-6), "{:?} {:?}", minimum, gradient);
        }
    }
}
