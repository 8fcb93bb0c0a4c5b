//! Factor models with anchors and without.

use ndarray::{Array1, Array2, Axis};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use unmix_core::{Observations, Seed};

/// Loadings `[d, k]` of which a share `pure` of the variables, and at least two a factor, load on one factor with 0.8, the others on all with
/// loadings whose absolute values sum to 0.8.
pub fn anchored(d: usize, k: usize, pure: f64, seed: u64) -> Array2<f64> {
    let anchors = ((d as f64 * pure).round() as usize).max(2 * k);
    let mut loadings = dense(d, k, seed);
    for j in 0..anchors {
        loadings.row_mut(j).fill(0.0);
        loadings[[j, j % k]] = if (j / k).is_multiple_of(2) { 0.8 } else { -0.8 };
    }
    loadings
}

/// Loadings without a zero.
pub fn dense(d: usize, k: usize, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("dense-loadings", 0);
    let mut loadings = Array2::from_shape_simple_fn((d, k), || stream.random_range(-1.0..1.0_f64));
    for mut row in loadings.rows_mut() {
        // away from 0
        row.mapv_inplace(|v| v + 0.3 * v.signum());
        let size = row.mapv(f64::abs).sum();
        row *= 0.8 / size;
    }
    loadings
}

/// `n` samples of uncorrelated Gaussian factors with these loadings, and noise that makes each variance 1.
pub fn factor_data(loadings: &Array2<f64>, n: usize, seed: u64) -> Observations {
    let mut stream = Seed(seed).stream("factor-data", 0);
    let mut normal = |shape| Array2::<f64>::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream));
    let noise: Array1<f64> = loadings.map_axis(Axis(1), |row| (1.0 - row.dot(&row)).sqrt());
    let (d, k) = loadings.dim();
    let x = normal((n, k)).dot(&loadings.t()) + normal((n, d)) * noise;
    Observations::unnamed(x).unwrap()
}
