//! Mean and covariance of Gaussian rows with missing values, without a model of the covariance: the EM algorithm of Orchard and Woodbury (Little and
//! Rubin 2019, Statistical Analysis with Missing Data, 3rd edition, section 11.2). The model that factors are tested against.

use super::patterns::Standardized;
use crate::Correlation;
use ndarray::{Array1, Array2, Axis};
use std::f64::consts::TAU;
use unmix_numerics::{NumericsError, inverse_spd, log_det_spd};

/// Steps after which the iteration is given up.
const MOST_STEPS: usize = 20_000;

/// A gain of the log-likelihood of all rows, in nats, that ends the iteration: what is left to gain is of the order of a hundred times this where
/// most values are missing, far below the resolution of a test.
const LEAST_GAIN: f64 = 1e-9;

/// The maximum of the likelihood, in standard units.
pub(super) struct Unrestricted {
    /// `[d]`.
    pub mean: Array1<f64>,
    /// `[d, d]`.
    pub covariance: Array2<f64>,
    /// Of all rows.
    pub log_likelihood: f64,
}

impl Unrestricted {
    /// The maximum from a mean `[d]` and covariance `[d, d]`; `None` if it is not reached.
    ///
    /// # Errors
    /// [`NumericsError`] if a covariance becomes singular, as it does if the data determine none.
    pub fn of(data: &Standardized, mean: Array1<f64>, covariance: Array2<f64>) -> Result<Option<Self>, NumericsError> {
        let mut at = Self { mean, covariance, log_likelihood: f64::NEG_INFINITY };
        for _ in 0..MOST_STEPS {
            let (log_likelihood, mean, covariance) = at.step(data)?;
            let gain = log_likelihood - at.log_likelihood;
            at.log_likelihood = log_likelihood;
            if gain <= LEAST_GAIN {
                return Ok(Some(at));
            }
            (at.mean, at.covariance) = (mean, covariance);
        }
        Ok(None)
    }

    /// The correlations, means and standard deviations in the units of the data.
    pub fn correlation(&self, data: &Standardized) -> Correlation {
        let sd = self.covariance.diag().mapv(f64::sqrt);
        let r = &self.covariance / &sd / sd.view().insert_axis(Axis(1));
        Correlation { rows: data.rows, mean: &data.mean + &(&self.mean * &data.sd), sd: sd * &data.sd, r }
    }

    /// Little's test (1988, Journal of the American Statistical Association 83(404), 1198–1202), with the maximum-likelihood covariance: `Σ_p n_p (x̄_p - μ_p)ᵀ Σ_p⁻¹ (x̄_p - μ_p)`
    /// over patterns `p`, and its degrees of freedom, the observed entries of all patterns less `d`.
    pub fn little(&self, data: &Standardized) -> Result<(f64, usize), NumericsError> {
        let mut statistic = 0.0;
        for pattern in &data.patterns {
            let inverse = inverse_spd(self.block(&pattern.columns).view())?;
            let away = pattern.x.sum_axis(Axis(0)) / pattern.rows.len() as f64 - self.mean.select(Axis(0), &pattern.columns);
            statistic += pattern.rows.len() as f64 * away.dot(&inverse.dot(&away));
        }
        let entries: usize = data.patterns.iter().map(|p| p.columns.len()).sum();
        Ok((statistic, entries - data.columns()))
    }

    fn block(&self, columns: &[usize]) -> Array2<f64> {
        self.covariance.select(Axis(0), columns).select(Axis(1), columns)
    }

    /// The log-likelihood here, and mean and covariance after a step.
    fn step(&self, data: &Standardized) -> Result<(f64, Array1<f64>, Array2<f64>), NumericsError> {
        let (d, n) = (data.columns(), data.rows as f64);
        let (mut sum, mut squares, mut log_likelihood) = (Array1::<f64>::zeros(d), Array2::<f64>::zeros((d, d)), 0.0);
        for pattern in &data.patterns {
            let rows = pattern.rows.len() as f64;
            let inverse = inverse_spd(self.block(&pattern.columns).view())?;
            let x = &pattern.x - &self.mean.select(Axis(0), &pattern.columns);
            let solved = x.dot(&inverse);
            let constant = pattern.columns.len() as f64 * TAU.ln() - log_det_spd(inverse.view())?;
            log_likelihood -= 0.5 * (rows * constant + (&solved * &x).sum());
            // centred rows with what is missing at its expectation; observed entries return to themselves but for rounding
            let across = self.covariance.select(Axis(0), &pattern.columns);
            let filled = solved.dot(&across);
            sum += &filled.sum_axis(Axis(0));
            squares += &filled.t().dot(&filled);
            squares.scaled_add(rows, &(&self.covariance - &across.t().dot(&inverse).dot(&across)));
        }
        let shift = sum / n;
        let outer = shift.view().insert_axis(Axis(1)).dot(&shift.view().insert_axis(Axis(0)));
        let covariance = squares / n - outer;
        Ok((log_likelihood, &self.mean + &shift, (&covariance + &covariance.t()) * 0.5))
    }
}
