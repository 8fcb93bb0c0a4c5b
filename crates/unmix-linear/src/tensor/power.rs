//! The symmetric tensor power method, and the moments of latent-variable models that it decomposes (Anandkumar, Ge, Hsu, Kakade and Telgarsky 2014,
//! Tensor decompositions for learning latent variable models, Journal of Machine Learning Research 15, 2773–2832).
//!
//! A symmetric tensor `Σ_r λ_r v_r ∘ v_r ∘ v_r` with orthonormal `v_r` has the `v_r` as attracting fixed points of `θ ← T(I, θ, θ) / ‖T(I, θ, θ)‖`
//! (section 4.2.1, theorem 4.1), reached at a quadratic rate (section 5.1, lemma 5.1); each is found as the best of several starts, uniform on the sphere, and deflated (algorithm 1). Moments
//! `M₂ = Σ w_r μ_r μ_rᵀ` and `M₃ = Σ w_r μ_r ∘ μ_r ∘ μ_r` are brought to that form by whitening with `M₂` (section 4.3, theorem 4.3).

use super::reshaped;
use crate::LinearError;
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, Axis, s};
use rand::RngExt;
use rand_distr::StandardNormal;
use unmix_core::{DataError, Seed};
use unmix_numerics::symmetric_eigen;

/// A tensor whose entries differ by more than this share of the largest under an exchange of indices is not symmetric.
const ASYMMETRY: f64 = 1e-8;

/// Eigenvalues of the second moment below this share of the largest are rounding.
const ROUNDING: f64 = 1e-10;

/// The power method with deflation.
///
/// ```
/// use ndarray::{Array3, array};
/// use unmix_core::Seed;
/// use unmix_linear::TensorPower;
///
/// // 2 e₁ ∘ e₁ ∘ e₁ + e₂ ∘ e₂ ∘ e₂
/// let mut x = Array3::zeros((2, 2, 2));
/// x[[0, 0, 0]] = 2.0;
/// x[[1, 1, 1]] = 1.0;
/// let found = TensorPower::default().decompose(x.view(), 2, Seed(1))?;
/// assert!((&found.values - &array![2.0, 1.0]).iter().all(|v| v.abs() < 1e-12));
/// assert!(found.residual < 1e-12);
/// # Ok::<(), unmix_linear::LinearError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorPower {
    /// Starts of each vector, at least 1.
    pub starts: usize,
    /// Iterations of each start, and as many more of the best.
    pub iterations: usize,
}

impl Default for TensorPower {
    /// 50 starts of 50 iterations.
    fn default() -> Self {
        Self { starts: 50, iterations: 50 }
    }
}

/// Robust eigenpairs of a symmetric tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorEigen {
    /// The eigenvalues `λ`, `[m]`, in the order found: roughly descending. Positive, which fixes the signs of the vectors.
    pub values: Array1<f64>,
    /// The eigenvectors, `[k, m]`, of length 1.
    pub vectors: Array2<f64>,
    /// `‖T - Σ λ v ∘ v ∘ v‖ / ‖T‖`: far from 0 for a tensor that no orthogonal terms, or not so many, describe.
    pub residual: f64,
}

/// The components behind two moments.
#[derive(Clone, Debug, PartialEq)]
pub struct MomentComponents {
    /// Weights `w`, `[k]`, descending.
    pub weights: Array1<f64>,
    /// Vectors `μ`, `[d, k]`.
    pub means: Array2<f64>,
    /// The relative residual of the whitened third moment, as in [`TensorEigen::residual`].
    pub residual: f64,
}

impl TensorPower {
    /// `components` eigenpairs of `tensor` `[k, k, k]`, symmetric.
    ///
    /// # Errors
    /// [`LinearError::TensorShape`] if it is not a cube, [`LinearError::TensorAsymmetric`] if it is not symmetric, [`LinearError::TensorEmpty`] if every entry is
    /// 0, [`LinearError::TensorEntry`] if one is not finite; [`DataError::TooManyComponents`] for more components than `k`.
    pub fn decompose(&self, tensor: ArrayView3<'_, f64>, components: usize, seed: Seed) -> Result<TensorEigen, LinearError> {
        require_symmetric(tensor)?;
        let k = tensor.dim().0;
        if components > k {
            return Err(
                DataError::TooManyComponents { asked: components, most: k, reason: "orthogonal vectors of the tensor's width" }.into()
            );
        }
        let unfolding = reshaped(tensor.iter(), k, k * k);
        let whole = norm(&unfolding);
        let mut left = unfolding;
        let mut values = Array1::zeros(components);
        let mut vectors = Array2::zeros((k, components));
        for r in 0..components {
            let mut best = (f64::NEG_INFINITY, Array1::zeros(k));
            for start in 0..self.starts.max(1) {
                let mut stream = seed.stream("tensor-power", (r * self.starts + start) as u64);
                let from = unit(Array1::from_shape_simple_fn(k, || stream.sample(StandardNormal)));
                let found = self.iterate(&left, from);
                if found.0 > best.0 {
                    best = found;
                }
            }
            let (value, vector) = self.iterate(&left, best.1);
            let column = vector.view().insert_axis(Axis(1)).to_owned();
            left -= &(value * column.dot(&square(&vector).insert_axis(Axis(0))));
            values[r] = value;
            vectors.column_mut(r).assign(&vector);
        }
        Ok(TensorEigen { values, vectors, residual: norm(&left) / whole })
    }

    /// The `components` vectors `μ` and weights `w` of `second = Σ w μ μᵀ` `[d, d]` and `third = Σ w μ ∘ μ ∘ μ` `[d, d, d]`, whose vectors are linearly
    /// independent: the class means of a mixture with spherical noise taken off, topics, or states of a hidden Markov model.
    ///
    /// # Errors
    /// As [`decompose`](Self::decompose), and so for `second`; [`DataError::TooManyComponents`] for more components than the rank of `second` or the terms of `third`.
    pub fn moments(
        &self,
        second: ArrayView2<'_, f64>,
        third: ArrayView3<'_, f64>,
        components: usize,
        seed: Seed,
    ) -> Result<MomentComponents, LinearError> {
        require_symmetric(third)?;
        let d = third.dim().0;
        if second.dim() != (d, d) {
            return Err(LinearError::TensorShape { expected: vec![d, d], found: second.shape().to_vec() });
        }
        require_symmetric_matrix(second)?;
        let eigen = symmetric_eigen(second)?;
        let floor = eigen.values.first().map_or(0.0, |largest| largest * ROUNDING);
        let rank = eigen.values.iter().take_while(|&&v| v > floor).count();
        if components > rank {
            return Err(DataError::TooManyComponents { asked: components, most: rank, reason: "the rank of the second moment" }.into());
        }
        let vectors = eigen.vectors.slice_move(s![.., ..components]);
        let roots = eigen.values.slice_move(s![..components]).mapv(f64::sqrt);
        let (whiten, colour) = (&vectors / &roots, &vectors * &roots);
        let found = self.decompose(whitened(third, &whiten).view(), components, seed)?;
        if let Some(most) = found.values.iter().position(|&value| value <= 0.0) {
            return Err(DataError::TooManyComponents { asked: components, most, reason: "the terms of the third moment" }.into());
        }
        // w = 1 / λ², μ = λ B v
        let weights = found.values.mapv(|value| value.powi(-2));
        let means = colour.dot(&found.vectors) * &found.values;
        let mut order: Vec<usize> = (0..components).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        Ok(MomentComponents { weights: weights.select(Axis(0), &order), means: means.select(Axis(1), &order), residual: found.residual })
    }

    /// `T(θ, θ, θ)` and `θ` after the iterations from `θ`.
    fn iterate(&self, unfolding: &Array2<f64>, mut vector: Array1<f64>) -> (f64, Array1<f64>) {
        for _ in 0..self.iterations {
            let image = unfolding.dot(&square(&vector));
            if image.iter().all(|&v| v == 0.0) {
                break;
            }
            vector = unit(image);
        }
        (vector.dot(&unfolding.dot(&square(&vector))), vector)
    }
}

/// `θ ⊗ θ`.
fn square(vector: &Array1<f64>) -> Array1<f64> {
    vector.iter().flat_map(|&a| vector.iter().map(move |&b| a * b)).collect()
}

fn unit(vector: Array1<f64>) -> Array1<f64> {
    let scale = vector.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    let vector = vector / scale;
    let length = vector.dot(&vector).sqrt();
    vector / length
}

/// `M₃(W, W, W)` for `W` `[d, k]`, exactly symmetric.
fn whitened(third: ArrayView3<'_, f64>, whiten: &Array2<f64>) -> Array3<f64> {
    let (d, k) = whiten.dim();
    let first = whiten.t().dot(&reshaped(third.iter(), d, d * d));
    let slices: Vec<Array2<f64>> = first.rows().into_iter().map(|row| whiten.t().dot(&reshaped(row.iter(), d, d)).dot(whiten)).collect();
    let at = |a: usize, b: usize, c: usize| slices[a][[b, c]];
    Array3::from_shape_fn((k, k, k), |(a, b, c)| (at(a, b, c) + at(a, c, b) + at(b, a, c) + at(b, c, a) + at(c, a, b) + at(c, b, a)) / 6.0)
}

fn require_symmetric_matrix(matrix: ArrayView2<'_, f64>) -> Result<(), LinearError> {
    if let Some(((i, j), &value)) = matrix.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(LinearError::TensorEntry { index: vec![i, j], value });
    }
    let largest = matrix.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    match matrix.indexed_iter().find(|&((i, j), value)| (value - matrix[[j, i]]).abs() > ASYMMETRY * largest) {
        Some(((i, j), &value)) => Err(LinearError::TensorAsymmetric { index: vec![i, j], value, other: matrix[[j, i]] }),
        None => Ok(()),
    }
}

fn require_symmetric(tensor: ArrayView3<'_, f64>) -> Result<(), LinearError> {
    let (a, b, c) = tensor.dim();
    if a != b || b != c {
        return Err(LinearError::TensorShape { expected: vec![a, a, a], found: vec![a, b, c] });
    }
    if let Some((index, &value)) = tensor.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(LinearError::TensorEntry { index: vec![index.0, index.1, index.2], value });
    }
    let largest = tensor.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if largest == 0.0 {
        return Err(LinearError::TensorEmpty { shape: vec![a, b, c] });
    }
    // two exchanges generate all six orders
    for ((i, j, l), &value) in tensor.indexed_iter() {
        for other in [tensor[[j, i, l]], tensor[[i, l, j]]] {
            if (value - other).abs() > ASYMMETRY * largest {
                return Err(LinearError::TensorAsymmetric { index: vec![i, j, l], value, other });
            }
        }
    }
    Ok(())
}

/// The Frobenius norm.
fn norm(matrix: &Array2<f64>) -> f64 {
    let scale = matrix.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if scale == 0.0 { 0.0 } else { scale * matrix.iter().map(|v| (v / scale).powi(2)).sum::<f64>().sqrt() }
}
