//! Minimum residuals, also known as unweighted least squares (Harman and Jones 1966, Psychometrika 31(3), 351–368): the loadings that leave
//! the smallest squared residual correlations.
//!
//! For given uniquenesses `Ψ` the best loadings are `V_k E_k^½`, with eigenvalues `e_1 ≥ e_2 ≥ …` and eigenvectors `V` of `R - Ψ`, and half of the sum of
//! squares that remains is `Σ_{j>k} e_j² / 2`. It is minimised over `θ = ln Ψ`, as the likelihood is; the gradient is
//! `∂/∂θ_i = -ψ_i Σ_{j>k} e_j v_ij²`, which is 0 where the diagonal is reproduced, so that the residuals are those off the diagonal. Principal axis
//! factoring, which iterates communalities, ends in the same place.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use unmix_numerics::{Eigen, NumericsError, symmetric_eigen};

/// The factor model of correlations `r` `[d, d]` with `k` factors, the loadings minimised out.
pub(crate) struct Residuals<'a> {
    pub r: ArrayView2<'a, f64>,
    pub components: usize,
}

impl Residuals<'_> {
    /// Half of the sum of squared residuals at `ln Ψ` `[d]`, and its gradient `[d]`.
    pub fn discrepancy(&self, log_uniqueness: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>), NumericsError> {
        let uniqueness = log_uniqueness.mapv(f64::exp);
        let Eigen { values, vectors } = self.eigen(&uniqueness)?;
        let (mut value, mut diagonal) = (0.0, Array1::<f64>::zeros(values.len()));
        for (j, &e) in values.iter().enumerate().filter(|&(j, &e)| j >= self.components || e <= 0.0) {
            value += 0.5 * e * e;
            diagonal += &vectors.column(j).mapv(|v| e * v * v);
        }
        Ok((value, -(diagonal * uniqueness)))
    }

    /// The loadings `[d, k]` that are best for the uniquenesses `[d]`. A factor that the data do not support has loadings 0.
    pub fn loadings(&self, uniqueness: &Array1<f64>) -> Result<Array2<f64>, NumericsError> {
        let Eigen { values, vectors } = self.eigen(uniqueness)?;
        let strength = values.slice(s![..self.components]).mapv(|e| e.max(0.0).sqrt());
        Ok(&vectors.slice(s![.., ..self.components]) * &strength)
    }

    fn eigen(&self, uniqueness: &Array1<f64>) -> Result<Eigen, NumericsError> {
        let mut reduced = self.r.to_owned();
        reduced.diag_mut().zip_mut_with(uniqueness, |r, psi| *r -= psi);
        symmetric_eigen(reduced.view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unmix_testkit::check_gradient;

    #[test]
    fn gradient_agrees_with_finite_differences_and_the_value_is_that_of_its_own_loadings() {
        let loadings = ndarray::array![[0.8, 0.1], [0.7, 0.0], [0.6, 0.3], [0.1, 0.8], [0.2, 0.5], [0.0, 0.6]];
        let mut r = loadings.dot(&loadings.t());
        r.diag_mut().fill(1.0);
        for components in 1..=3 {
            let residuals = Residuals { r: r.view(), components };
            let at = ndarray::array![-0.7, -0.2, -0.9, -0.4, -2.5, -0.05];
            let (value, gradient) = residuals.discrepancy(at.view()).unwrap();
            check_gradient(|x| residuals.discrepancy(x).unwrap().0, gradient.view(), at.view(), 1e-7).unwrap();
            let fitted = residuals.loadings(&at.mapv(f64::exp)).unwrap();
            let left = &r - &fitted.dot(&fitted.t()) - Array2::from_diag(&at.mapv(f64::exp));
            assert!((0.5 * left.mapv(|v| v * v).sum() - value).abs() < 1e-12);
        }
    }
}
