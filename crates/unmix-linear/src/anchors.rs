//! Anchors: variables that one factor alone moves, seen from the correlations without fitting a model.
//!
//! Two pure indicators of one factor have proportional covariances with every other variable, so the correlations between the pair and the rest
//! have rank one: their second canonical correlation is 0. Spearman's tetrad differences say the same one by one; this is one test of all of
//! them. The converse needs care: two variables that mix several factors in the same proportions pass as well, so a parallel pair is a candidate
//! anchor, as in Bing, Bunea, Ning and Wegkamp (2020).

use crate::{Correlation, LinearError};
use ndarray::{Array2, ArrayView2};
use unmix_core::DataError;
use unmix_numerics::{chi_square_tail, inverse_spd};

/// Pairs of variables and what the correlations say of each, `[d, d]`; the diagonals mean nothing and are 1 and 0.
///
/// ```
/// use ndarray::{Array2, array};
/// use rand_distr::{Distribution, StandardNormal};
/// use unmix_core::{Observations, Seed};
/// use unmix_linear::{Correlation, parallel_pairs};
///
/// // x1 and x2 are pure indicators of one factor, x3 and x4 of another; x5 and x6 mix both
/// let loadings = array![[0.9, 0.0], [0.8, 0.0], [0.0, 0.9], [0.0, 0.8], [0.7, 0.3], [0.3, 0.7]];
/// let mut stream = Seed(1).stream("example", 0);
/// let mut normal = |n, d| Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream));
/// let x: Array2<f64> = normal(2000, 2).dot(&loadings.t()) + 0.5 * normal(2000, 6);
///
/// let pairs = parallel_pairs(&Correlation::of(&Observations::unnamed(x)?)?)?;
/// assert!(pairs.parallel[[0, 1]] > 0.01 && pairs.parallel[[2, 3]] > 0.01);
/// assert!(pairs.parallel[[0, 2]] < 1e-6 && pairs.parallel[[0, 4]] < 1e-6);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PairTest {
    /// The p-value of "the two have one common cause at most with the rest": small values refute that both are anchors of one factor.
    pub parallel: Array2<f64>,
    /// The first canonical correlation of the pair with the rest: near 0 there is nothing to be parallel.
    pub strength: Array2<f64>,
}

/// Tests every pair of variables for proportional correlations with all others: Bartlett's (1941) test that the second canonical correlation
/// `ρ₂` between the pair and the other `d - 2` variables is 0, `-(n - 1 - (d + 1)/2) ln(1 - ρ₂²)` on `d - 3` degrees of freedom.
///
/// The level is asymptotic and holds for Gaussian variables.
///
/// # Errors
/// [`DataError::TooFewColumns`] for fewer than four variables; [`LinearError::Numerics`] if the correlations have no inverse.
pub fn parallel_pairs(correlation: &Correlation) -> Result<PairTest, LinearError> {
    let r = &correlation.r;
    let d = r.nrows();
    if d < 4 {
        return Err(DataError::TooFewColumns { needed: 4, found: d, reason: "compare how two of them correlate with the others" }.into());
    }
    let inverse = inverse_spd(r.view())?;
    let mut test = PairTest { parallel: Array2::ones((d, d)), strength: Array2::zeros((d, d)) };
    for (i, j) in (0..d).flat_map(|i| (0..i).map(move |j| (i, j))) {
        let [first, second] = squared_canonical_correlations(r[[i, j]], [inverse[[i, i]], inverse[[i, j]], inverse[[j, j]]]);
        let statistic = -(correlation.rows as f64 - 1.0 - 0.5 * (d + 1) as f64) * (-second).ln_1p();
        let p_value = chi_square_tail(statistic.max(0.0), (d - 3) as f64)?;
        for at in [[i, j], [j, i]] {
            test.parallel[at] = p_value;
            test.strength[at] = first.sqrt();
        }
    }
    Ok(test)
}

/// The squared canonical correlations, larger first, of a pair of correlation `r` with the rest, from the pair's block `[[a, b], [b, c]]` of the
/// inverse correlation matrix. That block is the inverse of what the rest leave of the pair, so `1 - ρ²` are the eigenvalues of `(R_pair P)⁻¹`.
fn squared_canonical_correlations(r: f64, [a, b, c]: [f64; 3]) -> [f64; 2] {
    // the matrix R P has trace t and determinant δ, and eigenvalues 1/(1 - ρ²) of at least 1
    let t = a + c + 2.0 * r * b;
    let determinant = (1.0 - r * r) * (a * c - b * b);
    let root = (0.25 * t * t - determinant).max(0.0).sqrt();
    let larger = 0.5 * t + root;
    let smaller = determinant / larger;
    [larger, smaller].map(|e| (1.0 - 1.0 / e).clamp(0.0, 1.0 - f64::EPSILON))
}

/// Standard errors by which two directions have to be apart.
const APART: f64 = 2.0;

/// The two variables, of those that load on several factors, whose standardised loadings `[d, k]` are nearest to proportional, with how far the sine of
/// their angle is above [`APART`] standard errors of `rows` rows. `None` with fewer than two such variables.
///
/// Rows `i` and `j` of a covariance matrix are proportional beside the entries of `i` and `j` themselves where the loadings of the two are: so pure
/// indicators are found, and so variables that mix factors alike may be taken for pure ones under another rotation.
pub(crate) fn nearest_proportions(loadings: ArrayView2<'_, f64>, rows: usize) -> Option<(usize, usize, f64)> {
    let mixing: Vec<(usize, f64)> = (loadings.rows().into_iter().enumerate())
        .filter(|(_, row)| row.iter().filter(|v| **v != 0.0).count() > 1)
        .map(|(j, row)| (j, row.dot(&row).sqrt()))
        .collect();
    let margin = |(i, a): (usize, f64), (j, b): (usize, f64)| {
        let cosine = loadings.row(i).dot(&loadings.row(j)) / (a * b);
        (1.0 - cosine * cosine).max(0.0).sqrt() - APART * (a.powi(-2) + b.powi(-2)).sqrt() / (rows as f64).sqrt()
    };
    let pairs = mixing.iter().enumerate().flat_map(|(at, one)| mixing[..at].iter().map(move |other| (*other, *one)));
    pairs.map(|(one, other)| (one.0, other.0, margin(one, other))).min_by(|a, b| a.2.total_cmp(&b.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn canonical_correlations_of_a_pair() {
        // x1 has correlation 0.6 with x3 and none with x4, x2 0.3 with x4 and none with x3
        let r = array![[1.0, 0.0, 0.6, 0.0], [0.0, 1.0, 0.0, 0.3], [0.6, 0.0, 1.0, 0.0], [0.0, 0.3, 0.0, 1.0]];
        let p = inverse_spd(r.view()).unwrap();
        let [first, second] = squared_canonical_correlations(0.0, [p[[0, 0]], p[[0, 1]], p[[1, 1]]]);
        assert!((first - 0.36).abs() < 1e-14 && (second - 0.09).abs() < 1e-14);
    }
}
