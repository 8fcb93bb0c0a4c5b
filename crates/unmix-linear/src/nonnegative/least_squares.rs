//! Least squares with non-negative coefficients by the active set method of Lawson and Hanson (1974, Solving Least Squares Problems, chapter
//! 23), on the normal equations, which are small here.

use ndarray::{ArrayView1, ArrayView2};

/// A gradient below this share of the largest entry of `c` is rounding.
const ROUNDING: f64 = 1e-12;

/// A pivot below this share of its diagonal entry is rounding: the column depends on those that are in use.
const DEPENDENT: f64 = 1e-13;

/// Steps a coefficient, at most; Lawson and Hanson need about one, the bound ends cycles of rounding.
const STEPS: usize = 30;

/// The `z ≥ 0` `[k]` with the smallest `½ zᵀ G z - cᵀ z`, for `G` `[k, k]` positive semidefinite. Where `G` is singular, one of the minima.
pub(crate) fn quadratic(gram: ArrayView2<'_, f64>, c: &[f64]) -> Vec<f64> {
    let k = c.len();
    let mut z = vec![0.0; k];
    // in the order in which they entered
    let mut used: Vec<usize> = Vec::with_capacity(k);
    let mut refused = vec![false; k];
    let tolerance = ROUNDING * c.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    for _ in 0..STEPS * k {
        let descent = |j: usize| c[j] - gram.row(j).iter().zip(&z).map(|(g, v)| g * v).sum::<f64>();
        let candidates = (0..k).filter(|j| !refused[*j] && !used.contains(j)).map(|j| (j, descent(j)));
        let best = candidates.filter(|(_, w)| *w > tolerance).max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((entering, _)) = best else { break };
        used.push(entering);
        let mut accepted = false;
        while let Some(solution) = restricted(gram, c, &used) {
            // a coefficient that enters downhill and is not positive does so by rounding
            if !accepted && solution.last().is_none_or(|s| *s <= 0.0) {
                break;
            }
            accepted = true;
            let negative = used.iter().zip(&solution).filter(|(_, s)| **s <= 0.0);
            let step = negative.map(|(&j, s)| z[j] / (z[j] - s)).min_by(f64::total_cmp);
            let Some(step) = step else {
                used.iter().zip(&solution).for_each(|(&j, &s)| z[j] = s);
                break;
            };
            let leaving: Vec<usize> =
                used.iter().zip(&solution).filter(|(j, s)| **s <= 0.0 && z[**j] / (z[**j] - **s) <= step).map(|(&j, _)| j).collect();
            used.iter().zip(&solution).for_each(|(&j, s)| z[j] += step * (s - z[j]));
            leaving.iter().for_each(|&j| z[j] = 0.0);
            used.retain(|j| !leaving.contains(j));
        }
        if accepted {
            refused.fill(false);
        } else {
            used.pop();
            refused[entering] = true;
        }
    }
    z
}

/// The solution of `G_UU s = c_U` by Cholesky, `None` if a column of `used` depends on those before it.
fn restricted(gram: ArrayView2<'_, f64>, c: &[f64], used: &[usize]) -> Option<Vec<f64>> {
    let m = used.len();
    let mut factor = vec![0.0; m * m];
    for a in 0..m {
        for b in 0..=a {
            let product: f64 = factor[a * m..a * m + b].iter().zip(&factor[b * m..b * m + b]).map(|(x, y)| x * y).sum();
            let left = gram[[used[a], used[b]]] - product;
            factor[a * m + b] = if a > b {
                left / factor[b * m + b]
            } else if left > DEPENDENT * gram[[used[a], used[a]]] {
                left.sqrt()
            } else {
                return None;
            };
        }
    }
    let mut s: Vec<f64> = used.iter().map(|&j| c[j]).collect();
    for a in 0..m {
        let before: f64 = (0..a).map(|b| factor[a * m + b] * s[b]).sum();
        s[a] = (s[a] - before) / factor[a * m + a];
    }
    for a in (0..m).rev() {
        let after: f64 = (a + 1..m).map(|b| factor[b * m + a] * s[b]).sum();
        s[a] = (s[a] - after) / factor[a * m + a];
    }
    Some(s)
}

/// The weights `z ≥ 0` `[k]` of sum 1 with the smallest `‖q - Σ z_k p_k‖²`, from `P Pᵀ` `[k, k]`, `P q` `[k]` and `qᵀq`.
///
/// With `m_k = p_k - q` it is the point of least norm in the convex hull of the `m_k`. Over `u = t z` with `t ≥ 0`, the least value of
/// `‖Σ u_k m_k‖² + (Σ u_k - 1)²` is `‖Σ z_k m_k‖² / (1 + ‖Σ z_k m_k‖²)`, which increases with the norm: a problem without the sum.
pub(crate) fn on_the_simplex(gram: ArrayView2<'_, f64>, cross: ArrayView1<'_, f64>, square: f64) -> Vec<f64> {
    let k = cross.len();
    let inner = |i: usize, j: usize| gram[[i, j]] - cross[i] - cross[j] + square;
    // in units in which the points are about 1 apart, the sum weighs neither too much nor too little
    let scale = (0..k).map(|i| inner(i, i)).fold(0.0_f64, f64::max);
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let lifted = ndarray::Array2::from_shape_fn((k, k), |(i, j)| inner(i, j) / scale + 1.0);
    let u = quadratic(lifted.view(), &vec![1.0; k]);
    let total: f64 = u.iter().sum();
    u.iter().map(|v| v / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, array};
    use rand::RngExt;
    use unmix_core::Seed;

    /// Stationarity, feasibility and complementarity: they characterise the minimum.
    #[test]
    fn the_minimum_is_stationary() {
        for seed in 0..50 {
            let mut stream = Seed(seed).stream("test", 0);
            let (n, k) = (12, 7);
            let a = Array2::from_shape_simple_fn((n, k), || stream.random::<f64>() - 0.3);
            let b = Array1::from_shape_simple_fn(n, || stream.random::<f64>() - 0.5);
            let (gram, c) = (a.t().dot(&a), a.t().dot(&b));
            let z = Array1::from(quadratic(gram.view(), &c.to_vec()));
            let gradient = gram.dot(&z) - &c;
            assert!(z.iter().all(|v| *v >= 0.0) && gradient.iter().all(|g| *g > -1e-10), "{gradient}");
            assert!(z.dot(&gradient).abs() < 1e-10);

            let p = Array2::from_shape_simple_fn((k, n), || stream.random::<f64>());
            let q = Array1::from_shape_simple_fn(n, || stream.random::<f64>());
            let z = Array1::from(on_the_simplex(p.dot(&p.t()).view(), p.dot(&q).view(), q.dot(&q)));
            assert!((z.sum() - 1.0).abs() < 1e-12 && z.iter().all(|v| *v >= 0.0));
            let gradient = p.dot(&(z.dot(&p) - &q));
            let least = gradient.iter().copied().fold(f64::INFINITY, f64::min);
            assert!((z.dot(&gradient) - least).abs() < 1e-10, "{gradient}");
        }
    }

    #[test]
    fn dependent_columns_are_no_trouble() {
        let gram = array![[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 0.0]];
        let z = quadratic(gram.view(), &[2.0, 2.0, 0.0]);
        assert!((z[0] + z[1] - 1.0).abs() < 1e-12 && z[2] == 0.0);
    }
}
