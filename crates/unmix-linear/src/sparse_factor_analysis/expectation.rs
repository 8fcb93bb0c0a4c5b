//! Expectation–maximisation for loadings with a penalty, and its parameter-expanded form.
//!
//! With loadings `B` `[d, k]`, uniquenesses `Ψ` and correlations `R`, the expected codes given an observation are `W x`,
//! `W = M BᵀΨ⁻¹`, `M = (I + BᵀΨ⁻¹B)⁻¹`, so the sums of an iteration are `C = W R` `[k, d]` (codes by variables) and `A = W R Wᵀ + M` `[k, k]`
//! (codes by codes); the rows of the data are not needed. The maximisation is a lasso for each variable `j`,
//! `min ½ βᵀAβ - βᵀc_j + (ψ_j/n) Σ λ_jk |β_k|`.
//!
//! The expanded form (Ročková and George 2016, section 4) lets the codes have covariance `A` and takes it back into the loadings that the next
//! expectation sees, `B A_L` with `A = A_L A_Lᵀ`. That is a rotation and a rescaling of the codes, chosen by the penalty; at its end `A` is the identity and both forms agree.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};
use unmix_numerics::{NumericsError, inverse_spd};

/// Samples' worth of the inverse gamma prior of a uniqueness, of mean scale 1: `IG(1/2, 1/2)`, as in the paper. It keeps uniquenesses above 0.
const PRIOR_ROWS: f64 = 1.0;

/// Sweeps of a lasso; it starts where the last one ended, and few are needed.
const SWEEPS: usize = 200;

/// A sweep that moves no loading by more has ended.
const SWEEP_TOLERANCE: f64 = 1e-12;

/// Loadings and uniquenesses.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    /// `B`, `[d, k]`.
    pub loadings: Array2<f64>,
    /// `Ψ`, `[d]`.
    pub uniqueness: Array1<f64>,
}

/// What a maximisation needs of the codes.
pub(super) struct Codes {
    /// `C`, `[k, d]`.
    with_variables: Array2<f64>,
    /// `A`, `[k, k]`.
    pub covariance: Array2<f64>,
    /// `ln p(R)` of one sample, nats, the mean over the samples.
    pub log_likelihood: f64,
}

impl Factors {
    /// The expectation under these factors.
    pub fn codes(&self, r: ArrayView2<'_, f64>) -> Result<Codes, NumericsError> {
        let (d, k) = self.loadings.dim();
        let weighted = &self.loadings / &self.uniqueness.view().insert_axis(Axis(1));
        let precision = Array2::<f64>::eye(k) + self.loadings.t().dot(&weighted);
        let posterior = inverse_spd(precision.view())?;
        let infer = posterior.dot(&weighted.t());
        let with_variables = infer.dot(&r);
        let explained = Zip::from(&with_variables).and(&weighted.t()).fold(0.0, |sum, c, w| sum + c * w);
        let trace = r.diag().iter().zip(&self.uniqueness).map(|(r, psi)| r / psi).sum::<f64>() - explained;
        let log_det = self.uniqueness.mapv(f64::ln).sum() + unmix_numerics::log_det_spd(precision.view())?;
        let covariance = with_variables.dot(&infer.t()) + posterior;
        // symmetric but for rounding
        let covariance = 0.5 * (&covariance + &covariance.t());
        let log_likelihood = -0.5 * (d as f64 * std::f64::consts::TAU.ln() + log_det + trace);
        Ok(Codes { with_variables, covariance, log_likelihood })
    }

    /// The maximisation, from these loadings, with the penalty `rate(j, k)` on `|β_jk|`; infinite rates hold a loading at 0.
    pub fn maximised(&self, codes: &Codes, rows: usize, r: ArrayView2<'_, f64>, rate: impl Fn(usize, usize) -> f64) -> Self {
        let mut next = self.clone();
        let n = rows as f64;
        for (j, mut row) in next.loadings.rows_mut().into_iter().enumerate() {
            let target = codes.with_variables.column(j);
            for _ in 0..SWEEPS {
                let mut largest = 0.0_f64;
                for k in 0..row.len() {
                    let curvature = codes.covariance[[k, k]];
                    let others = codes.covariance.row(k).dot(&row) - curvature * row[k];
                    let moved = soft(target[k] - others, self.uniqueness[j] * rate(j, k) / n) / curvature;
                    largest = largest.max((moved - row[k]).abs());
                    row[k] = moved;
                }
                if largest <= SWEEP_TOLERANCE {
                    break;
                }
            }
            let residual = residual(r[[j, j]], row.view(), target, &codes.covariance);
            next.uniqueness[j] = (n * residual + PRIOR_ROWS) / (n + PRIOR_ROWS + 2.0);
        }
        next
    }

    /// Takes the prior out of uniquenesses that [`maximised`](Self::maximised) returned.
    pub fn without_prior(&mut self, rows: usize) {
        let n = rows as f64;
        self.uniqueness.mapv_inplace(|psi| (psi * (n + PRIOR_ROWS + 2.0) - PRIOR_ROWS) / n);
    }

    /// Factors (from 0) that load on fewer than two variables: what moves one variable alone is its noise.
    pub fn unshared(&self) -> Vec<usize> {
        let columns = self.loadings.columns().into_iter().enumerate();
        columns.filter(|(_, column)| column.iter().filter(|&&v| v != 0.0).count() < 2).map(|(k, _)| k).collect()
    }

    /// Empties those factors; the covariance of the variables stays.
    pub fn count_unshared_as_noise(&mut self) {
        for k in self.unshared() {
            let mut column = self.loadings.column_mut(k);
            self.uniqueness += &column.mapv(|v| v * v);
            column.fill(0.0);
        }
    }

    /// `ln p(Ψ)` of the uniquenesses, without its constant.
    pub fn log_prior_of_uniqueness(&self) -> f64 {
        -self.uniqueness.iter().map(|psi| (0.5 * PRIOR_ROWS + 1.0) * psi.ln() + 0.5 * PRIOR_ROWS / psi).sum::<f64>()
    }

    /// The largest difference of a loading.
    pub fn distance(&self, other: &Self) -> f64 {
        Zip::from(&self.loadings).and(&other.loadings).fold(0.0, |most: f64, a, b| most.max((a - b).abs()))
    }
}

/// The expected squared error of a variable of variance `variance` that is read off the codes with `loadings`.
fn residual(variance: f64, loadings: ArrayView1<'_, f64>, target: ArrayView1<'_, f64>, covariance: &Array2<f64>) -> f64 {
    let value = variance - 2.0 * loadings.dot(&target) + loadings.dot(&covariance.dot(&loadings));
    value.max(0.0)
}

fn soft(value: f64, threshold: f64) -> f64 {
    value.signum() * (value.abs() - threshold).max(0.0)
}
