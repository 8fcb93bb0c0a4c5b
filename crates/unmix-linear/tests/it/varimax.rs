//! The varimax rotation: orthogonal, monotone, at an optimum, and open about how many there are.

use crate::factor_models::{dense_loadings, distance, simple_loadings};
use ndarray::{Array2, array};
use rand_distr::{Distribution, StandardNormal};
use unmix_core::Seed;
use unmix_linear::{Varimax, varimax_criterion};

fn random_loadings(d: usize, k: usize, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("test-loadings", 0);
    Array2::from_shape_simple_fn((d, k), || StandardNormal.sample(&mut stream))
}

#[test]
fn rotations_are_orthogonal_and_never_lower_the_criterion() {
    for seed in 0..20 {
        let loadings = random_loadings(15, 5, seed);
        for kaiser in [true, false] {
            let rotated = Varimax { kaiser, ..Default::default() }.rotate(loadings.view(), Seed(seed));
            assert!(rotated.converged, "seed {seed}");
            assert!(distance(&rotated.rotation.t().dot(&rotated.rotation), &Array2::eye(5)) < 1e-10);
            assert!(distance(&loadings.dot(&rotated.rotation), &rotated.loadings) < 1e-12);
            // to rounding
            assert!(rotated.trace.windows(2).all(|w| w[1] >= w[0] * (1.0 - 1e-13)), "{:?}", rotated.trace);
            assert!(rotated.optima >= 1 && rotated.agreeing >= 1 && rotated.agreeing <= rotated.starts);
        }
    }
}

#[test]
fn no_small_rotation_is_better() {
    let loadings = random_loadings(12, 4, 3);
    let rotated = Varimax { kaiser: false, ..Default::default() }.rotate(loadings.view(), Seed(1));
    assert!((varimax_criterion(rotated.loadings.view()) - rotated.criterion).abs() < 1e-12);
    for (p, q) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        for angle in [-0.01, 0.01, 0.3, 0.7] {
            let (sin, cos) = f64::sin_cos(angle);
            let mut turn = Array2::eye(4);
            (turn[[p, p]], turn[[q, q]], turn[[p, q]], turn[[q, p]]) = (cos, cos, sin, -sin);
            assert!(varimax_criterion(rotated.loadings.dot(&turn).view()) < rotated.criterion);
        }
    }
}

#[test]
fn two_factors_and_simple_structure_have_one_optimum_and_many_factors_may_have_several() {
    let simple = Varimax::default().rotate(simple_loadings().view(), Seed(1));
    assert_eq!((simple.optima, simple.agreeing), (1, simple.starts));
    // of two factors the criterion is a + b cos(4φ + c): one maximum in each quarter turn
    let optima = |d, k| (0..10).map(move |seed| Varimax::default().rotate(random_loadings(d, k, seed).view(), Seed(1)).optima);
    assert!(optima(8, 2).all(|n| n == 1));
    // loadings without structure on ten factors: an independent implementation finds several optima for half of such matrices
    assert!(optima(20, 10).filter(|&n| n > 1).count() >= 2);
}

#[test]
fn the_best_optimum_does_not_depend_on_where_the_loadings_start() {
    let (sin, cos) = 1.1_f64.sin_cos();
    let turned = dense_loadings().dot(&array![[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]]);
    let (a, b) = (Varimax::default().rotate(dense_loadings().view(), Seed(1)), Varimax::default().rotate(turned.view(), Seed(2)));
    assert!((a.criterion - b.criterion).abs() < 1e-12);
    assert_eq!(a, Varimax::default().rotate(dense_loadings().view(), Seed(1)));
}

#[test]
fn one_factor_and_empty_variables_are_no_obstacle() {
    let one = Varimax::default().rotate(array![[-0.5], [0.2], [0.0]].view(), Seed(1));
    assert!(one.converged && one.optima == 1);
    assert_eq!(one.loadings, array![[0.5], [-0.2], [0.0]]);
    let empty = Varimax::default().rotate(Array2::zeros((4, 2)).view(), Seed(1));
    assert!(empty.converged && empty.loadings.iter().all(|&v| v == 0.0));
}
