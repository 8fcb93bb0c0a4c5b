//! Dense linear algebra of small matrices, `[d, d]`: eigenvalues, Cholesky, LU.
//!
//! faer does the work, always on the calling thread: its threaded kernels give results that depend on the number of threads.
//! Symmetric arguments are read from their lower triangle. Every argument is checked for shape and for finite entries.
//!
//! ```
//! use ndarray::array;
//! use unmix_numerics::{inverse_sqrt_spd, symmetric_eigen};
//!
//! let covariance = array![[2.0, 1.0], [1.0, 2.0]];
//! let eigen = symmetric_eigen(covariance.view())?;
//! assert!((eigen.values[0] - 3.0).abs() < 1e-14 && (eigen.values[1] - 1.0).abs() < 1e-14);
//!
//! let whitening = inverse_sqrt_spd(covariance.view())?;
//! let white = whitening.dot(&covariance).dot(&whitening);
//! assert!((white[[0, 0]] - 1.0).abs() < 1e-14 && white[[0, 1]].abs() < 1e-14);
//! # Ok::<(), unmix_numerics::NumericsError>(())
//! ```

use crate::NumericsError;
use faer::{
    Conj, Mat, MatMut, MatRef, Par,
    diag::Diag,
    dyn_stack::{MemBuffer, MemStack},
    linalg::{
        cholesky::llt,
        evd::{self, ComputeEigenvectors},
        lu::partial_pivoting as lu,
    },
    perm::PermRef,
    prelude::default,
};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigen {
    /// The eigenvalues, `[d]`, largest first.
    pub values: Array1<f64>,
    /// The eigenvectors, `[d, d]`: column `k` belongs to `values[k]`, has length 1, and its entry of largest magnitude is positive.
    pub vectors: Array2<f64>,
}

/// The eigendecomposition `a = V diag(values) Vᵀ` of a symmetric matrix `[d, d]`.
///
/// # Errors
/// [`NumericsError`] if `a` is not square or finite, or the iteration does not converge.
pub fn symmetric_eigen(a: ArrayView2<'_, f64>) -> Result<Eigen, NumericsError> {
    let d = checked_square(a)?;
    if d == 0 {
        // faer counts its scratch space for `d - 1`.
        return Ok(Eigen { values: Array1::zeros(0), vectors: Array2::zeros((0, 0)) });
    }
    let parameters = default();
    let mut buffer = MemBuffer::new(evd::self_adjoint_evd_scratch::<f64>(d, ComputeEigenvectors::Yes, Par::Seq, parameters));
    let mut u = Mat::<f64>::zeros(d, d);
    let mut s = Diag::<f64>::zeros(d);
    evd::self_adjoint_evd(to_faer(a).as_ref(), s.as_mut(), Some(u.as_mut()), Par::Seq, MemStack::new(&mut buffer), parameters)
        .map_err(|_| NumericsError::NoConvergence { size: d })?;
    // faer orders ascending.
    let values = Array1::from_shape_fn(d, |k| s.column_vector()[d - 1 - k]);
    let mut vectors = Array2::from_shape_fn((d, d), |(i, k)| u[(i, d - 1 - k)]);
    for mut vector in vectors.axis_iter_mut(Axis(1)) {
        let largest = vector.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
        if largest < 0.0 {
            vector.mapv_inplace(|v| -v);
        }
    }
    Ok(Eigen { values, vectors })
}

/// The lower triangular `L` with `a = L Lᵀ`, `[d, d]`.
///
/// # Errors
/// [`NumericsError`] if `a` is not square, finite and positive definite.
pub fn cholesky(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, NumericsError> {
    let l = factor_spd(a)?;
    Ok(Array2::from_shape_fn(a.dim(), |(i, j)| if j <= i { l[(i, j)] } else { 0.0 }))
}

/// The `x` `[d, m]` with `a x = b`, for a symmetric positive definite `a` `[d, d]` and `b` `[d, m]`.
///
/// # Errors
/// [`NumericsError`] if `a` is not square, finite and positive definite, or `b` does not fit.
pub fn solve_spd(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>, NumericsError> {
    check_right_side(a, b)?;
    let l = factor_spd(a)?;
    let mut x = to_faer(b);
    llt::solve::solve_in_place(l.as_ref(), x.as_mut(), Par::Seq, MemStack::new(&mut []));
    Ok(to_ndarray(x.as_ref()))
}

/// The inverse of a symmetric positive definite matrix `[d, d]`, exactly symmetric.
///
/// # Errors
/// [`NumericsError`] if `a` is not square, finite and positive definite.
pub fn inverse_spd(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, NumericsError> {
    let inverse = solve_spd(a, Array2::eye(a.nrows()).view())?;
    Ok((&inverse + &inverse.t()) * 0.5)
}

/// The natural logarithm of the determinant of a symmetric positive definite matrix `[d, d]`.
///
/// # Errors
/// [`NumericsError`] if `a` is not square, finite and positive definite.
pub fn log_det_spd(a: ArrayView2<'_, f64>) -> Result<f64, NumericsError> {
    let l = factor_spd(a)?;
    Ok((0..a.nrows()).map(|i| 2.0 * l[(i, i)].ln()).sum())
}

/// The symmetric `a^(-1/2)` `[d, d]` of a symmetric positive definite matrix: `V diag(1/√values) Vᵀ`.
///
/// # Errors
/// [`NumericsError`] if `a` is not square and finite, or an eigenvalue is not positive to working precision.
pub fn inverse_sqrt_spd(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, NumericsError> {
    let Eigen { values, vectors } = symmetric_eigen(a)?;
    let least = values.first().map_or(0.0, |largest| largest * f64::EPSILON * values.len() as f64);
    if let Some(pivot) = values.iter().position(|&value| value <= least) {
        return Err(NumericsError::NotPositiveDefinite { pivot });
    }
    // With fourth roots on both sides the product is symmetric to the last bit.
    let half = vectors * values.mapv(|value| value.powf(-0.25));
    let product = half.dot(&half.t());
    Ok((&product + &product.t()) * 0.5)
}

/// The `x` `[d, m]` with `a x = b`, for any invertible `a` `[d, d]` and `b` `[d, m]`.
///
/// # Errors
/// [`NumericsError`] if `a` is not square and finite, `b` does not fit, or `a` is singular: after scaling its rows to largest
/// entries near 1, a pivot is below `d · 2.2e-16`.
pub fn solve(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>, NumericsError> {
    check_right_side(a, b)?;
    let d = checked_square(a)?;
    let mut scale = Vec::with_capacity(d);
    for (pivot, row) in a.axis_iter(Axis(0)).enumerate() {
        let largest = row.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        if largest == 0.0 {
            return Err(NumericsError::Singular { pivot });
        }
        // Powers of two scale without rounding; 2^1024 is infinite.
        scale.push(largest.log2().floor().min(1023.0).exp2());
    }
    let mut factors = Mat::from_fn(d, d, |i, j| a[[i, j]] / scale[i]);
    let mut x = Mat::from_fn(d, b.ncols(), |i, j| b[[i, j]] / scale[i]);

    let parameters = default();
    let mut buffer = MemBuffer::new(lu::factor::lu_in_place_scratch::<usize, f64>(d, d, Par::Seq, parameters));
    let (mut forward, mut inverse) = (vec![0_usize; d], vec![0_usize; d]);
    let stack = MemStack::new(&mut buffer);
    let (_, permutation): (_, PermRef<'_, usize>) =
        lu::factor::lu_in_place(factors.as_mut(), &mut forward, &mut inverse, Par::Seq, stack, parameters);
    let least = f64::EPSILON * d as f64;
    let vanishes = |pivot: f64| pivot.abs() <= least || pivot.is_nan();
    if let Some(pivot) = (0..d).find(|&i| vanishes(factors[(i, i)])) {
        return Err(NumericsError::Singular { pivot });
    }
    let mut buffer = MemBuffer::new(lu::solve::solve_in_place_scratch::<usize, f64>(d, b.ncols(), Par::Seq));
    lu::solve::solve_in_place_with_conj(
        factors.as_ref(),
        factors.as_ref(),
        permutation,
        Conj::No,
        x.as_mut(),
        Par::Seq,
        MemStack::new(&mut buffer),
    );
    Ok(to_ndarray(x.as_ref()))
}

/// The inverse of a matrix `[d, d]`.
///
/// # Errors
/// As [`solve`].
pub fn inverse(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, NumericsError> {
    solve(a, Array2::eye(a.nrows()).view())
}

/// The Cholesky factor in the lower triangle; what stands above it is meaningless.
fn factor_spd(a: ArrayView2<'_, f64>) -> Result<Mat<f64>, NumericsError> {
    let d = checked_square(a)?;
    let mut l = to_faer(a);
    let parameters = default();
    let mut buffer = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(d, Par::Seq, parameters));
    let lower: MatMut<'_, f64> = l.as_mut();
    llt::factor::cholesky_in_place(lower, default(), Par::Seq, MemStack::new(&mut buffer), parameters)
        .map_err(|llt::factor::LltError::NonPositivePivot { index }| NumericsError::NotPositiveDefinite { pivot: index })?;
    Ok(l)
}

fn checked_square(a: ArrayView2<'_, f64>) -> Result<usize, NumericsError> {
    let (rows, columns) = a.dim();
    if rows != columns {
        return Err(NumericsError::NotSquare { rows, columns });
    }
    check_finite(a)?;
    Ok(rows)
}

fn check_right_side(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<(), NumericsError> {
    if a.nrows() != b.nrows() {
        return Err(NumericsError::Length { what: "the right-hand side", expected: a.nrows(), found: b.nrows() });
    }
    check_finite(b)
}

fn check_finite(a: ArrayView2<'_, f64>) -> Result<(), NumericsError> {
    match a.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), &value)) => Err(NumericsError::NonFinite { row, column, value }),
        None => Ok(()),
    }
}

fn to_faer(a: ArrayView2<'_, f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[[i, j]])
}

fn to_ndarray(a: MatRef<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), a.ncols()), |(i, j)| a[(i, j)])
}
