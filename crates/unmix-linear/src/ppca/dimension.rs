//! How many components the data have, by Minka's evidence (2000), Automatic choice of dimensionality for PCA, NIPS 13.

use ndarray::{Array1, ArrayView1};
use std::f64::consts::{LN_2, PI, TAU};

/// The logarithm of Minka's Laplace approximation (2000) of the evidence `p(x | k)` for `k` of 1 to
/// `d - 1` components, from every eigenvalue `[d]` of the covariance of `rows` samples, largest first; `-∞` where the approximation does not exist: for
/// equal eigenvalues, and where nothing is left for the noise.
///
/// The prior is uniform over the axes. A common factor of the eigenvalues (the unit, the divisor `n - 1`) changes all values by the same constant.
///
/// ```
/// use ndarray::array;
/// use unmix_linear::laplace_evidence;
///
/// // two directions stand out
/// let evidence = laplace_evidence(array![9.0, 5.0, 1.1, 1.0, 0.9].view(), 200);
/// assert!(evidence.iter().all(|value| *value <= evidence[1]));
/// ```
pub fn laplace_evidence(spectrum: ArrayView1<'_, f64>, rows: usize) -> Array1<f64> {
    let (d, n) = (spectrum.len(), rows as f64);
    let gamma = log_gamma_halves(d);
    let mut evidence = Array1::from_elem(d.saturating_sub(1), f64::NEG_INFINITY);
    // sums over the components so far: volume of the prior, logarithms of the variances, and of the two factors of the Hessian's diagonal
    let (mut volume, mut variances, mut differences, mut precisions) = (0.0, 0.0, 0.0, 0.0);
    for k in 1..d {
        let (i, value) = (k - 1, spectrum[k - 1]);
        let free = (d - i) as f64 / 2.0;
        volume += gamma[d - i] - free * PI.ln() - LN_2;
        variances += value.ln();
        differences += spectrum.iter().skip(k).map(|other| (value - other).ln()).sum::<f64>();
        precisions += spectrum.iter().take(i).map(|larger| (1.0 / value - 1.0 / larger).ln()).sum::<f64>();
        let dropped = (d - k) as f64;
        let noise = spectrum.iter().skip(k).sum::<f64>() / dropped;
        let beside: f64 = spectrum.iter().take(k).map(|larger| dropped * (1.0 / noise - 1.0 / larger).ln()).sum();
        let parameters = (d * k - k * (k + 1) / 2) as f64;
        let hessian = differences + precisions + beside + parameters * n.ln();
        let value = volume - 0.5 * n * (variances + dropped * noise.ln()) + 0.5 * (parameters + k as f64) * TAU.ln()
            - 0.5 * hessian
            - 0.5 * k as f64 * n.ln();
        if value.is_finite() {
            evidence[i] = value;
        }
    }
    evidence
}

/// `ln Γ(p/2)` for `p` of 0 (not used) to `most`, by `Γ(x + 1) = x Γ(x)`.
fn log_gamma_halves(most: usize) -> Vec<f64> {
    let mut table = vec![f64::INFINITY, 0.5 * PI.ln(), 0.0];
    for p in 3..=most {
        table.push((p as f64 / 2.0 - 1.0).ln() + table[p - 2]);
    }
    table
}
