//! The profile likelihood of the factor model (Jöreskog 1967; Lawley and Maxwell 1971, ch. 4).
//!
//! For given uniquenesses `Ψ` the best loadings are known: with eigenvalues `e_1 ≥ e_2 ≥ …` and eigenvectors `V` of `Ψ^-½ R Ψ^-½` they are
//! `Ψ^½ V_k (E_k - I)^½`, and the discrepancy `F = ln|Σ| + tr(Σ⁻¹R) - ln|R| - d` that remains is `Σ_{j>k} (e_j - ln e_j - 1)`. It is minimised
//! over `θ = ln Ψ`, in which it is closer to a quadratic than in `Ψ`; the gradient is `∂F/∂θ_i = Σ_{j>k} (1 - e_j) v_ij²`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use std::f64::consts::TAU;
use unmix_numerics::{Eigen, NumericsError, symmetric_eigen};

/// The least uniqueness, as a share of a variable's variance: the bound of R's `factanal`. A variable at it is a Heywood case.
pub(crate) const LEAST_UNIQUENESS: f64 = 0.005;

/// The factor model of correlations `r` `[d, d]` with `k` factors, the loadings maximised out.
pub(crate) struct Profile<'a> {
    pub r: ArrayView2<'a, f64>,
    pub components: usize,
}

impl Profile<'_> {
    /// `F` at `ln Ψ` `[d]`, and its gradient `[d]`.
    pub fn discrepancy(&self, log_uniqueness: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>), NumericsError> {
        let Eigen { values, vectors } = self.eigen(&log_uniqueness.mapv(f64::exp))?;
        let (mut value, mut gradient) = (0.0, Array1::zeros(values.len()));
        for (j, &e) in values.iter().enumerate().filter(|&(j, &e)| !self.carries(j, e)) {
            value += e - e.ln() - 1.0;
            gradient += &vectors.column(j).mapv(|v| (1.0 - e) * v * v);
        }
        Ok((value, gradient))
    }

    /// The loadings `[d, k]` that are best for the uniquenesses `[d]`. A factor that the data do not support has loadings 0.
    pub fn loadings(&self, uniqueness: &Array1<f64>) -> Result<Array2<f64>, NumericsError> {
        let Eigen { values, vectors } = self.eigen(uniqueness)?;
        let strength = values.slice(s![..self.components]).mapv(|e| (e - 1.0).max(0.0).sqrt());
        let root = uniqueness.mapv(f64::sqrt).insert_axis(ndarray::Axis(1));
        Ok(&vectors.slice(s![.., ..self.components]) * &strength * &root)
    }

    /// `1 - SMC` (what the other variables do not predict), shrunk for the number of factors as in R's `factanal`.
    pub fn start(&self) -> Result<Array1<f64>, NumericsError> {
        let inverse = unmix_numerics::inverse_spd(self.r)?;
        let shrink = 1.0 - 0.5 * self.components as f64 / self.r.nrows() as f64;
        Ok(inverse.diag().mapv(|v| (shrink / v).clamp(LEAST_UNIQUENESS, 1.0)))
    }

    /// Whether eigenvalue `j` becomes a factor: a variance below that of the noise alone cannot.
    fn carries(&self, j: usize, e: f64) -> bool {
        j < self.components && e > 1.0
    }

    fn eigen(&self, uniqueness: &Array1<f64>) -> Result<Eigen, NumericsError> {
        let scale = uniqueness.mapv(|psi| psi.sqrt().recip());
        let scaled = Array2::from_shape_fn(self.r.dim(), |(i, j)| self.r[[i, j]] * scale[i] * scale[j]);
        symmetric_eigen(scaled.view())
    }
}

/// The mean over samples of `ln p(x)` in nats, for `x` in its own units, of a model with discrepancy `discrepancy`:
/// `-(d ln 2π + ln|R| + F + d)/2 - Σ ln sd`.
pub(crate) fn mean_log_likelihood(discrepancy: f64, log_det_r: f64, sd: ArrayView1<'_, f64>) -> f64 {
    let d = sd.len() as f64;
    -0.5 * (d * TAU.ln() + log_det_r + discrepancy + d) - sd.mapv(f64::ln).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unmix_testkit::check_gradient;

    /// Correlations of a two-factor model that no one-factor model reproduces.
    fn correlations() -> Array2<f64> {
        let loadings = ndarray::array![[0.8, 0.1], [0.7, 0.0], [0.6, 0.3], [0.1, 0.8], [0.2, 0.5], [0.0, 0.6]];
        let mut r = loadings.dot(&loadings.t());
        r.diag_mut().fill(1.0);
        r
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let r = correlations();
        for components in 1..=3 {
            let profile = Profile { r: r.view(), components };
            let at = ndarray::array![-0.7, -0.2, -0.9, -0.4, -2.5, -0.05];
            let (_, gradient) = profile.discrepancy(at.view()).unwrap();
            check_gradient(|x| profile.discrepancy(x).unwrap().0, gradient.view(), at.view(), 1e-7).unwrap();
        }
    }

    #[test]
    fn profile_is_the_discrepancy_of_its_own_loadings() {
        let r = correlations();
        let profile = Profile { r: r.view(), components: 1 };
        let uniqueness = ndarray::array![0.4, 0.5, 0.6, 0.9, 0.8, 0.9];
        let loadings = profile.loadings(&uniqueness).unwrap();
        let sigma = loadings.dot(&loadings.t()) + Array2::from_diag(&uniqueness);
        let trace = unmix_numerics::solve_spd(sigma.view(), r.view()).unwrap().diag().sum();
        let log_det = |a: &Array2<f64>| unmix_numerics::log_det_spd(a.view()).unwrap();
        let direct = log_det(&sigma) + trace - log_det(&r) - 6.0;
        let (value, _) = profile.discrepancy(uniqueness.mapv(f64::ln).view()).unwrap();
        assert!((value - direct).abs() < 1e-12, "{value} against {direct}");
    }

    #[test]
    fn discrepancy_vanishes_at_the_truth() {
        let r = correlations();
        let loadings = ndarray::array![[0.8, 0.1], [0.7, 0.0], [0.6, 0.3], [0.1, 0.8], [0.2, 0.5], [0.0, 0.6]];
        let truth = loadings.map_axis(ndarray::Axis(1), |row| 1.0 - row.dot(&row));
        let (value, gradient) = Profile { r: r.view(), components: 2 }.discrepancy(truth.mapv(f64::ln).view()).unwrap();
        assert!(value.abs() < 1e-13 && gradient.iter().all(|g| g.abs() < 1e-13));
    }
}
