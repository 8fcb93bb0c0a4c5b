//! Smooth functions of weights that are 0 where these form no cycle, with their gradients.

use ndarray::{Array2, Zip};

/// `tr exp(B ∘ B) - d` (Zheng, Aragam, Ravikumar and Xing 2018, theorem 1) of `weights` `[d, d]`; adds `factor` times its gradient to `gradient`, where
/// `factor` is made from the value.
pub(super) fn of_exponential(weights: &Array2<f64>, gradient: &mut Array2<f64>, factor: impl FnOnce(f64) -> f64) -> f64 {
    let exponential = exponential(&weights.mapv(|w| w * w));
    let value = exponential.diag().sum() - weights.nrows() as f64;
    let factor = factor(value);
    Zip::from(gradient).and(weights).and(exponential.t()).for_each(|g, w, e| *g += 2.0 * factor * e * w);
    value
}

/// `exp(a)` of a matrix without negative entries, so that no term of its series cancels another: the series to the twelfth power of `a / 2^k`, by three
/// powers at a time (Paterson and Stockmeyer 1973), squared `k` times.
fn exponential(a: &Array2<f64>) -> Array2<f64> {
    let d = a.nrows();
    let norm = a.columns().into_iter().map(|column| column.sum()).fold(0.0, f64::max);
    // below ½ the thirteenth power is less than 2e-14 of the whole
    let halvings = if norm > 0.5 { (norm / 0.5).log2().ceil() as i32 } else { 0 };
    let a = a * 0.5_f64.powi(halvings);
    let square = a.dot(&a);
    let cube = square.dot(&a);
    let mut coefficients = [1.0; 13];
    for k in 1..coefficients.len() {
        coefficients[k] = coefficients[k - 1] / k as f64;
    }
    let mut sum = Array2::eye(d) * coefficients[12];
    for part in coefficients[..12].rchunks(3) {
        let mut next = sum.dot(&cube);
        next.scaled_add(part[1], &a);
        next.scaled_add(part[2], &square);
        next.diag_mut().mapv_inplace(|v| v + part[0]);
        sum = next;
    }
    for _ in 0..halvings {
        sum = sum.dot(&sum);
    }
    sum
}

/// `-ln det(s I - B ∘ B) + d ln s` (Bello, Aragam and Ravikumar 2022, theorem 1) of `weights` `[d, d]`, and adds its gradient to `gradient`; `None` where
/// `s I - B ∘ B` is no M-matrix, which is outside of its domain.
pub(super) fn of_log_det(weights: &Array2<f64>, s: f64, gradient: &mut Array2<f64>) -> Option<f64> {
    let d = weights.nrows();
    let mut matrix: Vec<f64> = weights.iter().map(|w| -w * w).collect();
    matrix.iter_mut().step_by(d + 1).for_each(|v| *v += s);
    let log_det = invert_m_matrix(&mut matrix, d)?;
    for ((i, j), g) in gradient.indexed_iter_mut() {
        *g += 2.0 * weights[[i, j]] * matrix[j * d + i];
    }
    Some(d as f64 * s.ln() - log_det)
}

/// Inverts a matrix `[d, d]` whose entries off the diagonal are not positive, and returns the logarithm of its determinant; `None` unless it is an
/// M-matrix. It is one if all pivots of the elimination without exchanges are positive (Berman and Plemmons 1994, chapter 6), so none is needed.
fn invert_m_matrix(matrix: &mut [f64], d: usize) -> Option<f64> {
    let mut log_det = 0.0;
    let mut pivots = vec![0.0; d];
    for k in 0..d {
        let pivot = matrix[k * d + k];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        log_det += pivot.ln();
        let row = &mut matrix[k * d..(k + 1) * d];
        row[k] = 1.0;
        row.iter_mut().for_each(|v| *v /= pivot);
        pivots.copy_from_slice(row);
        for (i, other) in matrix.chunks_exact_mut(d).enumerate().filter(|(i, _)| *i != k) {
            debug_assert_ne!(i, k);
            let factor = std::mem::replace(&mut other[k], 0.0);
            if factor != 0.0 {
                other.iter_mut().zip(&pivots).for_each(|(v, p)| *v -= factor * p);
            }
        }
    }
    Some(log_det)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;
    use rand::RngExt;
    use unmix_core::Seed;
    use unmix_numerics::inverse;

    fn random(d: usize, size: f64, seed: u64) -> Array2<f64> {
        let mut stream = Seed(seed).stream("weights", 0);
        Array2::from_shape_fn((d, d), |(i, j)| if i == j { 0.0 } else { size * (2.0 * stream.random::<f64>() - 1.0) })
    }

    #[test]
    fn exponentials_are_those_of_closed_forms() {
        assert_abs_diff_eq!(exponential(&array![[0.0, 2.0], [0.0, 0.0]]), array![[1.0, 2.0], [0.0, 1.0]], epsilon = 1e-15);
        // [[0, a], [a, 0]]: hyperbolic functions
        for a in [0.1_f64, 1.0, 7.0] {
            let found = exponential(&array![[0.0, a], [a, 0.0]]) / a.cosh();
            assert_abs_diff_eq!(found, array![[1.0, a.tanh()], [a.tanh(), 1.0]], epsilon = 1e-13);
        }
    }

    #[test]
    fn m_matrices_are_inverted_and_others_refused() {
        let weights = random(8, 0.4, 1);
        let matrix = Array2::<f64>::eye(8) - weights.mapv(|w| w * w);
        let mut found: Vec<f64> = matrix.iter().copied().collect();
        let log_det = invert_m_matrix(&mut found, 8).unwrap();
        let expected = inverse(matrix.view()).unwrap();
        assert_abs_diff_eq!(Array2::from_shape_vec((8, 8), found).unwrap(), expected, epsilon = 1e-12);
        // det exp(A) = exp tr A, of the inverse's by the same elimination
        assert!(log_det < 0.0);
        assert!(invert_m_matrix(&mut [1.0, -2.0, -1.0, 1.0], 2).is_none(), "its determinant is negative");
    }

    #[test]
    fn both_are_zero_without_cycles_and_have_the_gradient_of_differences() {
        let mut acyclic = random(6, 1.0, 2);
        acyclic.indexed_iter_mut().filter(|((i, j), _)| i <= j).for_each(|(_, w)| *w = 0.0);
        let mut ignored = Array2::zeros((6, 6));
        assert!(of_exponential(&acyclic, &mut ignored, |_| 1.0).abs() < 1e-12);
        assert!(of_log_det(&acyclic, 0.7, &mut ignored).unwrap().abs() < 1e-12);

        let weights = random(6, 0.5, 3);
        let both = |w: &Array2<f64>, g: &mut Array2<f64>| [of_exponential(w, g, |_| 0.0), of_log_det(w, 1.0, g).unwrap()];
        let mut gradients = [Array2::zeros((6, 6)), Array2::zeros((6, 6))];
        let values = [of_exponential(&weights, &mut gradients[0], |_| 1.0), of_log_det(&weights, 1.0, &mut gradients[1]).unwrap()];
        assert!(values.iter().all(|v| *v > 0.0));
        for at in [(0, 1), (3, 2), (5, 0)] {
            let mut moved = |step: f64| {
                let mut w = weights.clone();
                w[at] += step;
                both(&w, &mut ignored)
            };
            let (up, down) = (moved(1e-6), moved(-1e-6));
            for k in 0..2 {
                assert_abs_diff_eq!(gradients[k][at], (up[k] - down[k]) / 2e-6, epsilon = 1e-8);
            }
        }
    }
}
