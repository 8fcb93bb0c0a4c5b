//! The profile likelihood for more variables than samples, `d ≥ n`, without a `d × d` matrix.
//!
//! The correlations `R = ZᵀZ` of standardised data `Z` `[n, d]` (each column of length 1) are singular then, so the discrepancy
//! `ln|Σ| + tr(Σ⁻¹R) - ln|R| - d` is not defined; its part that depends on the model is. With the eigenvalues `e_1 ≥ e_2 ≥ …` and eigenvectors
//! `v_j` of `Ψ^-½ R Ψ^-½`, the loadings maximised out as in [`Profile`](super::likelihood::Profile),
//!
//! ```text
//! ln|Σ| + tr(Σ⁻¹R) = Σ_i (ln ψ_i + 1/ψ_i) + Σ_{j≤k} (ln e_j - e_j + 1)
//! ∂/∂ln ψ_i        = 1 - 1/ψ_i + Σ_{j≤k} (e_j - 1) v_ij²
//! ```
//!
//! which need the leading `k` pairs alone. Dai, Dutta and Maitra (2020, Journal of Computational and Graphical Statistics 29(3)) maximise the same
//! profile and find these pairs by Lanczos iterations; here they come from the `n × n` matrix `ZΨ⁻¹Zᵀ`, which has the same non-zero eigenvalues, and
//! eigenvectors `u_j` with `v_j = Ψ^-½ Zᵀ u_j e_j^-½`: exact, at a cost of `n²d + n³` for each value.
//!
//! The function is bounded below if `k ≤ n - 2`: vanishing noise in at most `k` variables leaves `Σ` regular; in `m > k` variables it leaves `Σ` rank `k`
//! there, while data in general position have rank `min(m, n - 1) > k`, which `tr(Σ⁻¹R)` punishes.

use super::{FactorModel, LEAST_UNIQUENESS};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView1, Axis, s};
use std::f64::consts::TAU;
use unmix_core::Observations;
use unmix_numerics::{NumericsError, symmetric_eigen};

/// Standardised data of any number of columns.
pub(crate) struct Wide {
    /// Means, `[d]`.
    pub mean: Array1<f64>,
    /// Standard deviations with divisor `n`, `[d]`.
    pub sd: Array1<f64>,
    /// Centred columns of length 1, `[n, d]`: one copy of the data; a centred one is held beside it while they are made.
    pub z: Array2<f64>,
}

impl Wide {
    /// Standardises `x` `[n, d]`.
    ///
    /// # Errors
    /// [`DataError`](unmix_core::DataError) if a column is constant or repeats another; [`LinearError::Variance`] if a variance overflows or vanishes.
    pub fn of(x: &Observations) -> Result<Self, LinearError> {
        x.require_varying()?;
        x.require_distinct()?;
        let mean = x.means();
        let mut z = &x.x() - &mean;
        let variance = z.map_axis(Axis(0), |column| column.iter().map(|v| v * v).sum::<f64>() / x.rows() as f64);
        if let Some((&variance, column)) = variance.iter().zip(x.names()).find(|(v, _)| !v.is_normal()) {
            return Err(LinearError::Variance { column: column.clone(), variance });
        }
        let sd = variance.mapv(f64::sqrt);
        z /= &(&sd * (x.rows() as f64).sqrt());
        Ok(Self { mean, sd, z })
    }

    /// The eigenvalues of the correlations that can differ from 0, `[n - 1]`, largest first.
    pub fn eigenvalues(&self) -> Result<Array1<f64>, NumericsError> {
        Ok(symmetric_eigen(self.z.dot(&self.z.t()).view())?.values.slice_move(s![..self.z.nrows() - 1]))
    }

    /// `ln|Σ| + tr(Σ⁻¹R)` at `ln Ψ` `[d]`, and its gradient `[d]`.
    pub fn discrepancy(&self, log_uniqueness: ArrayView1<'_, f64>, components: usize) -> Result<(f64, Array1<f64>), NumericsError> {
        let uniqueness = log_uniqueness.mapv(f64::exp);
        let Leading { values, vectors } = self.leading(&uniqueness, components)?;
        let noise = uniqueness.mapv(f64::recip);
        let mut value = log_uniqueness.sum() + noise.sum();
        let mut gradient = 1.0 - noise;
        for (&e, vector) in values.iter().zip(vectors.columns()).filter(|(e, _)| **e > 1.0) {
            value += e.ln() - e + 1.0;
            gradient += &vector.mapv(|v| (e - 1.0) * v * v);
        }
        Ok((value, gradient))
    }

    /// The loadings `[d, k]` that are best for the uniquenesses `[d]`. A factor that the data do not support has loadings 0.
    pub fn loadings(&self, uniqueness: &Array1<f64>, components: usize) -> Result<Array2<f64>, NumericsError> {
        let Leading { values, vectors } = self.leading(uniqueness, components)?;
        Ok(vectors * &values.mapv(|e| (e - 1.0).max(0.0).sqrt()) * &uniqueness.mapv(f64::sqrt).insert_axis(Axis(1)))
    }

    /// What probabilistic principal components leave (Tipping and Bishop 1999): with `s` the mean of the eigenvalues after the first `k`, a
    /// variable's variance less `Σ_{j≤k} (e_j - s) v_ij²`. Squared multiple correlations do not exist here.
    pub fn start(&self, components: usize) -> Result<Array1<f64>, NumericsError> {
        let d = self.z.ncols();
        let Leading { values, vectors } = self.leading(&Array1::ones(d), components)?;
        let rest = (d as f64 - values.sum()) / (d - components) as f64;
        let explained = (&vectors * &vectors).dot(&values.mapv(|e| e - rest));
        Ok(explained.mapv(|v| (1.0 - v).clamp(LEAST_UNIQUENESS, 1.0)))
    }

    /// The mean over samples of `ln p(x)` in nats, in the units of `x`, for a value of [`discrepancy`](Self::discrepancy).
    pub fn mean_log_likelihood(&self, discrepancy: f64) -> f64 {
        -0.5 * (self.sd.len() as f64 * TAU.ln() + discrepancy) - self.sd.mapv(f64::ln).sum()
    }

    /// The sum of the squared correlations of all pairs of variables.
    pub fn squared_correlations(&self) -> f64 {
        let gram = self.z.dot(&self.z.t());
        0.5 * (gram.mapv(|v| v * v).sum() - self.sd.len() as f64)
    }

    fn leading(&self, uniqueness: &Array1<f64>, components: usize) -> Result<Leading, NumericsError> {
        let scaled = &self.z * &uniqueness.mapv(|psi| psi.sqrt().recip());
        let eigen = symmetric_eigen(scaled.dot(&scaled.t()).view())?;
        let values = eigen.values.slice_move(s![..components]);
        // an eigenvalue of 0 belongs to no factor, whatever its vector
        let lengths = values.mapv(|e| if e > 0.0 { e.sqrt() } else { f64::INFINITY });
        let mut vectors = scaled.t().dot(&eigen.vectors.slice(s![.., ..components])) / &lengths;
        // the decomposition fixes the signs of `u`; here are those it would give to `v`
        for mut vector in vectors.columns_mut() {
            let largest = vector.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
            if largest < 0.0 {
                vector.mapv_inplace(|v| -v);
            }
        }
        Ok(Leading { values, vectors })
    }
}

/// The first eigenvalues `[k]` and eigenvectors `[d, k]` of `Ψ^-½ R Ψ^-½`.
struct Leading {
    values: Array1<f64>,
    vectors: Array2<f64>,
}

/// The least eigenvalue of the squared entries of the projector onto what the factors leave of `Ψ^-½ x`, `P = I - QQᵀ`.
///
/// `P∘P = D + WWᵀ` with `D = I - 2 diag(QQᵀ)` and the `k(k + 1)/2` products of columns of `Q` as `W`, so the eigenvalues below `t` are counted
/// by Sylvester's law: `neg(D + WWᵀ - t) = neg(D - t) + pos(I + Wᵀ(D - t)⁻¹W) - k(k + 1)/2`. Where there are as many products as variables,
/// `P` is formed instead.
pub(super) fn least_curvature(model: &FactorModel) -> Result<f64, LinearError> {
    let scaled = &model.uncorrelated_loadings()? / &model.uniqueness.mapv(f64::sqrt).insert_axis(Axis(1));
    let eigen = symmetric_eigen(scaled.t().dot(&scaled).view())?;
    let kept: Vec<usize> = (0..eigen.values.len()).filter(|&j| eigen.values[j] > eigen.values[0] * f64::EPSILON).collect();
    let lengths = eigen.values.select(Axis(0), &kept).mapv(f64::sqrt);
    let q = scaled.dot(&eigen.vectors.select(Axis(1), &kept)) / &lengths;
    Ok(if kept.len() * (kept.len() + 1) / 2 < q.nrows() { least_by_inertia(&q)? } else { least_by_projector(&q)? })
}

fn least_by_projector(q: &Array2<f64>) -> Result<f64, NumericsError> {
    let projector = Array2::<f64>::eye(q.nrows()) - q.dot(&q.t());
    let values = symmetric_eigen(projector.mapv(|v| v * v).view())?.values;
    Ok(values.last().copied().unwrap_or(0.0))
}

fn least_by_inertia(q: &Array2<f64>) -> Result<f64, NumericsError> {
    /// Halvings after which the value is known to rounding, for it is at most 1.
    const HALVINGS: usize = 50;
    let leverage = (q * q).sum_axis(Axis(1));
    let pairs: Vec<(usize, usize)> = (0..q.ncols()).flat_map(|a| (0..=a).map(move |b| (a, b))).collect();
    let products = Array2::from_shape_fn((q.nrows(), pairs.len()), |(i, p)| {
        let (a, b) = pairs[p];
        q[[i, a]] * q[[i, b]] * if a == b { 1.0 } else { 2.0_f64.sqrt() }
    });
    let any_below = |t: f64| -> Result<bool, NumericsError> {
        let diagonal = leverage.mapv(|h| 1.0 - 2.0 * h - t).mapv(|v| if v == 0.0 { f64::EPSILON } else { v });
        let inner = Array2::<f64>::eye(pairs.len()) + products.t().dot(&(&products / &diagonal.view().insert_axis(Axis(1))));
        let positive = symmetric_eigen(inner.view())?.values.iter().filter(|v| **v > 0.0).count();
        Ok(diagonal.iter().filter(|v| **v < 0.0).count() + positive > pairs.len())
    };
    // the entries of P∘P on its diagonal are no less than its least eigenvalue, which is no less than 0
    let (mut low, mut high) = (0.0, leverage.iter().fold(1.0_f64, |least, h| least.min((1.0 - h).powi(2))));
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if any_below(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Correlation, factor_analysis::likelihood::Profile};
    use unmix_testkit::check_gradient;

    /// Values without order, two factors' worth of them shared.
    fn table(rows: usize, columns: usize) -> Observations {
        let wave = |a: usize, b: usize| ((a * 37 + b * 101 + a * b * 13) as f64 * 0.7).sin();
        let x = Array2::from_shape_fn((rows, columns), |(i, j)| {
            wave(i, j + 5) + wave(i, 900) * wave(700, j) + wave(i, 901) * wave(701, j) + 2.0 * j as f64
        });
        Observations::unnamed(x).unwrap()
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        for (rows, columns) in [(7, 12), (12, 12), (20, 12)] {
            let wide = Wide::of(&table(rows, columns)).unwrap();
            let at = Array1::from_shape_fn(columns, |j| -0.2 - 0.15 * j as f64);
            for components in 1..=3 {
                let (_, gradient) = wide.discrepancy(at.view(), components).unwrap();
                check_gradient(|x| wide.discrepancy(x, components).unwrap().0, gradient.view(), at.view(), 1e-6).unwrap();
            }
        }
    }

    /// Where the correlations have an inverse, it is the dense discrepancy and its constants.
    #[test]
    fn value_is_that_of_the_dense_profile() {
        let x = table(20, 12);
        let (wide, correlation) = (Wide::of(&x).unwrap(), Correlation::of(&x).unwrap());
        let at = Array1::from_shape_fn(12, |j| -0.2 - 0.15 * j as f64);
        let constant = unmix_numerics::log_det_spd(correlation.r.view()).unwrap() + 12.0;
        for components in 1..=3 {
            let profile = Profile { r: correlation.r.view(), components };
            let ((dense, slope), (value, gradient)) =
                (profile.discrepancy(at.view()).unwrap(), wide.discrepancy(at.view(), components).unwrap());
            assert!((dense + constant - value).abs() < 1e-11, "{dense} + {constant} against {value}");
            assert!((slope - gradient).iter().all(|v| v.abs() < 1e-11));
            let uniqueness = at.mapv(f64::exp);
            let difference = profile.loadings(&uniqueness).unwrap() - wide.loadings(&uniqueness, components).unwrap();
            assert!(difference.iter().all(|v| v.abs() < 1e-11));
        }
    }

    #[test]
    fn least_eigenvalue_is_the_same_by_inertia_as_by_the_projector() {
        for (d, k) in [(9, 1), (9, 2), (12, 4), (20, 5)] {
            let wave = Array2::from_shape_fn((d, k), |(i, j)| ((i * 7 + j * 31 + i * j * 3) as f64).sin());
            let eigen = symmetric_eigen(wave.t().dot(&wave).view()).unwrap();
            let q = wave.dot(&eigen.vectors) / &eigen.values.mapv(f64::sqrt);
            let (dense, inertia) = (least_by_projector(&q).unwrap(), least_by_inertia(&q).unwrap());
            assert!((dense - inertia).abs() < 1e-12, "{d}, {k}: {dense} against {inertia}");
        }
        // a factor on two variables
        let mut q = Array2::zeros((8, 1));
        q[[0, 0]] = 0.8;
        q[[1, 0]] = 0.6;
        assert!(least_by_inertia(&q).unwrap() < 1e-12 && least_by_projector(&q).unwrap().abs() < 1e-12);
    }
}
