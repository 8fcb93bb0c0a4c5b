use ndarray::{Array1, Array2, ArrayView2, array};
use proptest::{collection::vec, prelude::*};
use unmix_numerics::{NumericsError, cholesky, inverse, inverse_spd, inverse_sqrt_spd, log_det_spd, solve, solve_spd, symmetric_eigen};

fn matrices(most: usize) -> impl Strategy<Value = Array2<f64>> {
    (1..=most).prop_flat_map(|d| vec(-2.0..2.0, d * d).prop_map(move |v| Array2::from_shape_vec((d, d), v).unwrap()))
}

fn largest(a: &Array2<f64>) -> f64 {
    a.iter().fold(0.0, |most, v| v.abs().max(most))
}

/// `aaᵀ + I/10`: positive definite, condition number at most a few thousand.
fn spd(a: &Array2<f64>) -> Array2<f64> {
    a.dot(&a.t()) + Array2::<f64>::eye(a.nrows()) * 0.1
}

#[test]
fn every_function_refuses_what_it_cannot_take() {
    type Function = fn(ArrayView2<'_, f64>) -> Result<(), NumericsError>;
    let functions: [Function; 6] = [
        |a| symmetric_eigen(a).map(drop),
        |a| cholesky(a).map(drop),
        |a| inverse_spd(a).map(drop),
        |a| log_det_spd(a).map(drop),
        |a| inverse_sqrt_spd(a).map(drop),
        |a| inverse(a).map(drop),
    ];
    for f in functions {
        assert!(f(array![[1.0, 2.0]].view()).is_err());
        let nan = f(array![[1.0, 0.0], [f64::NAN, 1.0]].view()).unwrap_err();
        assert!(matches!(nan, NumericsError::NonFinite { row: 1, column: 0, .. }));
        assert!(f(Array2::zeros((0, 0)).view()).is_ok());
    }
    assert!(matches!(symmetric_eigen(array![[1.0, 2.0]].view()), Err(NumericsError::NotSquare { rows: 1, columns: 2 })));
}

#[test]
fn indefinite_matrices_are_named() {
    let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
    assert_eq!(cholesky(indefinite.view()).unwrap_err(), NumericsError::NotPositiveDefinite { pivot: 1 });
    assert_eq!(inverse_sqrt_spd(indefinite.view()).unwrap_err(), NumericsError::NotPositiveDefinite { pivot: 1 });
    let collinear = array![[1.0, 2.0], [2.0, 4.0]];
    assert_eq!(inverse_sqrt_spd(collinear.view()).unwrap_err(), NumericsError::NotPositiveDefinite { pivot: 1 });
    assert!(inverse_sqrt_spd(Array2::zeros((2, 2)).view()).is_err());
}

#[test]
fn singular_matrices_are_named() {
    assert_eq!(inverse(array![[0.1, 0.2], [0.3, 0.6]].view()).unwrap_err(), NumericsError::Singular { pivot: 1 });
    assert_eq!(inverse(array![[1.0, 2.0], [0.0, 0.0]].view()).unwrap_err(), NumericsError::Singular { pivot: 1 });
    // Small is not singular.
    let small = inverse(array![[1e-30, 0.0], [0.0, 4.0]].view()).unwrap();
    assert!((small[[0, 0]] * 1e-30 - 1.0).abs() < 1e-15 && small[[1, 1]] == 0.25, "{small}");
    // Nor is large.
    assert!((inverse(array![[f64::MAX]].view()).unwrap()[[0, 0]] * f64::MAX - 1.0).abs() < 1e-15);
}

#[test]
fn a_permutation_needs_pivoting() {
    let a = array![[0.0, 2.0, 0.0], [0.0, 0.0, 4.0], [1.0, 0.0, 0.0]];
    assert_eq!(inverse(a.view()).unwrap(), array![[0.0, 0.0, 1.0], [0.5, 0.0, 0.0], [0.0, 0.25, 0.0]]);
}

#[test]
fn the_right_side_must_fit() {
    let error = solve(Array2::eye(2).view(), Array2::eye(3).view()).unwrap_err();
    assert!(matches!(error, NumericsError::Length { expected: 2, found: 3, .. }));
    assert!(solve_spd(Array2::eye(2).view(), array![[1.0], [f64::INFINITY]].view()).is_err());
}

#[test]
fn eigenvalues_known_in_closed_form() {
    // The second difference matrix has the eigenvalues 2 - 2 cos(k π / (d + 1)).
    for d in [1, 2, 5, 40, 130] {
        let a = Array2::from_shape_fn((d, d), |(i, j)| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let eigen = symmetric_eigen(a.view()).unwrap();
        for (k, value) in eigen.values.iter().rev().enumerate() {
            let expected = 2.0 - 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (d + 1) as f64).cos();
            assert!((value - expected).abs() < 1e-13);
        }
    }
}

#[test]
fn only_the_lower_triangle_is_read() {
    let full = array![[4.0, 1.0], [1.0, 3.0]];
    let lower = array![[4.0, 99.0], [1.0, 3.0]];
    assert_eq!(symmetric_eigen(full.view()).unwrap(), symmetric_eigen(lower.view()).unwrap());
    assert_eq!(cholesky(full.view()).unwrap(), cholesky(lower.view()).unwrap());
}

proptest! {
    #[test]
    fn eigen_reconstructs(a in matrices(12)) {
        let symmetric = &a + &a.t();
        let eigen = symmetric_eigen(symmetric.view()).unwrap();
        let v = &eigen.vectors;
        let d = a.nrows();
        prop_assert!(largest(&(v.t().dot(v) - Array2::<f64>::eye(d))) < 1e-13);
        prop_assert!(largest(&((v * &eigen.values).dot(&v.t()) - &symmetric)) < 1e-13 * (1.0 + largest(&symmetric)) * d as f64);
        prop_assert!(eigen.values.windows(2).into_iter().all(|w| w[0] >= w[1]));
        for column in v.columns() {
            let extreme = column.iter().fold(0.0_f64, |m, &x| if x.abs() > m.abs() { x } else { m });
            prop_assert!(extreme > 0.0);
        }
    }

    #[test]
    fn spd_functions_agree(a in matrices(10)) {
        let s = spd(&a);
        let d = s.nrows();
        let eye = Array2::<f64>::eye(d);
        let l = cholesky(s.view()).unwrap();
        prop_assert!(largest(&(l.dot(&l.t()) - &s)) < 1e-12 * largest(&s));
        prop_assert!(l.indexed_iter().all(|((i, j), &v)| j <= i || v == 0.0));
        let inv = inverse_spd(s.view()).unwrap();
        prop_assert!(largest(&(inv.dot(&s) - &eye)) < 1e-9);
        prop_assert_eq!(&inv, &inv.t());
        let root = inverse_sqrt_spd(s.view()).unwrap();
        prop_assert!(largest(&(root.dot(&s).dot(&root) - &eye)) < 1e-9);
        prop_assert_eq!(&root, &root.t());
        let eigen = symmetric_eigen(s.view()).unwrap();
        let log_det: f64 = eigen.values.mapv(f64::ln).sum();
        prop_assert!((log_det_spd(s.view()).unwrap() - log_det).abs() < 1e-9);
    }

    #[test]
    fn solutions_solve(a in matrices(10), shift in 3.0..6.0) {
        // Diagonally shifted far enough that most are well conditioned; the residual is small for all.
        let d = a.nrows();
        let a = &a + &(Array2::<f64>::eye(d) * shift);
        let b = Array2::from_shape_fn((d, 2), |(i, j)| (i + 3 * j) as f64 - 2.0);
        let x = solve(a.view(), b.view()).unwrap();
        prop_assert!(largest(&(a.dot(&x) - &b)) <= 1e-13 * (1.0 + d as f64 * largest(&a) * largest(&x)));
        let inv = inverse(a.view()).unwrap();
        prop_assert!(largest(&(inv.dot(&b) - &x)) <= 1e-12 * (1.0 + largest(&inv)) * (1.0 + largest(&inv)) * 10.0);
    }
}

#[test]
fn solve_spd_agrees_with_solve() {
    let s = array![[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]];
    let b = Array1::from(vec![1.0, -2.0, 3.0]).insert_axis(ndarray::Axis(1));
    let (x, y) = (solve_spd(s.view(), b.view()).unwrap(), solve(s.view(), b.view()).unwrap());
    assert!(largest(&(x - y)) < 1e-14);
}
