//! How well a factor model reproduces the correlations.

use crate::{Correlation, FactorModel, LinearError, factor_analysis::likelihood::mean_log_likelihood};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use unmix_core::require_columns;
use unmix_numerics::{NumericsError, chi_square_tail, log_det_spd, solve_spd};

/// Level of each side of the interval of [`FitIndices::rmsea_interval`], the customary 90 %.
const RMSEA_TAIL: f64 = 0.05;

/// Fit of a factor model with `k` factors to `n` samples of `d` variables.
///
/// `F = ln|Σ| + tr(Σ⁻¹R) - ln|R| - d` is the discrepancy between model and sample correlations, `F_0 = -ln|R|` that of independence, with
/// `df_0 = d(d - 1)/2`; RMSEA, CFI and TLI use `X = m F` and `X_0 = m F_0`. What is customary differs, and programs mix it:
///
/// | model | `df` | test | `m` |
/// |---|---|---|---|
/// | exploratory, [`FactorModel`] | `((d - k)² - (d + k))/2` | `F (n - 1 - (2d + 5)/6 - 2k/3)` (Bartlett 1950) | `n - 1` |
/// | confirmatory, [`ConfirmatoryModel`](crate::ConfirmatoryModel) | `d(d + 1)/2` less the free parameters | `n F`, as in lavaan | `n` |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitIndices {
    /// Mean of `ln p(x)` over the samples, nats, in the units of `x`.
    pub log_likelihood: f64,
    /// `F`.
    pub discrepancy: f64,
    /// The statistic of the test, as in the table.
    pub chi_squared: f64,
    /// `df`.
    pub degrees_of_freedom: usize,
    /// The probability of a larger `chi_squared` if the model holds and `x` is Gaussian; `None` without degrees of freedom.
    pub p_value: Option<f64>,
    /// `√(max(X - df, 0) / (df m))` (Steiger and Lind 1980); `None` without degrees of freedom.
    pub rmsea: Option<f64>,
    /// Its 90 % interval, from the noncentral chi-squared distribution of `X`.
    pub rmsea_interval: Option<(f64, f64)>,
    /// `1 - max(X - df, 0) / max(X - df, X_0 - df_0, 0)` (Bentler 1990).
    pub cfi: f64,
    /// `(X_0/df_0 - X/df) / (X_0/df_0 - 1)` (Tucker and Lewis 1973); `None` without degrees of freedom.
    pub tli: Option<f64>,
    /// Root mean square of the residual correlations over the `d(d + 1)/2` entries of a triangle, diagonal included (Bentler 1995).
    pub srmr: f64,
    /// Free parameters, the `d` means included.
    pub parameters: usize,
    /// `-2 ln L + 2 parameters`, `L` the likelihood of all samples.
    pub aic: f64,
    /// `-2 ln L + ln(n) parameters`.
    pub bic: f64,
}

/// What a model brings to its indices.
pub(crate) struct Implied<'a> {
    /// Its covariance in the units of `x`, `[d, d]`.
    pub covariance: &'a Array2<f64>,
    /// `df`.
    pub degrees_of_freedom: usize,
    /// Free parameters, means included.
    pub parameters: usize,
    /// What `F` is multiplied by in the test.
    pub test_multiplier: f64,
    /// `m`.
    pub multiplier: f64,
}

impl FitIndices {
    /// The fit of `model` to the data behind `correlation`.
    ///
    /// # Errors
    /// [`DataError`](unmix_core::DataError) if the data have another number of columns than the model or fewer than its factors need;
    /// [`LinearError::Numerics`] if the model's covariance is singular.
    pub fn of(correlation: &Correlation, model: &FactorModel) -> Result<Self, LinearError> {
        let (d, k, n) = (model.columns(), model.components(), correlation.rows as f64);
        require_columns(correlation.r.view(), d)?;
        crate::number_of_factors::require_determined(k, d)?;
        let implied = Implied {
            covariance: &model.covariance(),
            degrees_of_freedom: ((d - k).pow(2) - (d + k)) / 2,
            parameters: 2 * d + d * k - k * k.saturating_sub(1) / 2,
            test_multiplier: n - 1.0 - (2 * d + 5) as f64 / 6.0 - 2.0 * k as f64 / 3.0,
            multiplier: n - 1.0,
        };
        Self::of_implied(correlation, &implied)
    }

    /// The fit of any model of as many variables as `correlation`.
    pub(crate) fn of_implied(correlation: &Correlation, implied: &Implied<'_>) -> Result<Self, LinearError> {
        let (r, n, d) = (&correlation.r, correlation.rows as f64, correlation.r.nrows());
        let sigma = Array2::from_shape_fn((d, d), |(i, j)| implied.covariance[[i, j]] / (correlation.sd[i] * correlation.sd[j]));
        let log_det_r = log_det_spd(r.view())?;
        let trace = solve_spd(sigma.view(), r.view())?.diag().sum();
        // rounding may leave a perfect fit below 0
        let discrepancy = (log_det_spd(sigma.view())? + trace - log_det_r - d as f64).max(0.0);
        let log_likelihood = mean_log_likelihood(discrepancy, log_det_r, correlation.sd.view());

        let (df, multiplier) = (implied.degrees_of_freedom, implied.multiplier);
        let (free, free_0) = (df as f64, (d * (d - 1) / 2) as f64);
        let chi_squared = discrepancy * implied.test_multiplier;
        let (x, x_0) = (multiplier * discrepancy, multiplier * -log_det_r);
        let tested = df > 0;
        let rmsea = |excess: f64| (excess / (free * multiplier)).sqrt();
        let interval = || -> Result<_, NumericsError> {
            let (low, high) = (noncentrality(x, free, 1.0 - RMSEA_TAIL)?, noncentrality(x, free, RMSEA_TAIL)?);
            Ok((rmsea(low), rmsea(high)))
        };
        let (excess, excess_0) = ((x - free).max(0.0), (x_0 - free_0).max(0.0));
        let residuals = (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|at| (r[at] - sigma[at]).powi(2));
        let parameters = implied.parameters;
        Ok(Self {
            log_likelihood,
            discrepancy,
            chi_squared,
            degrees_of_freedom: df,
            p_value: tested.then(|| chi_square_tail(chi_squared, free)).transpose()?,
            rmsea: tested.then(|| rmsea(excess)),
            rmsea_interval: tested.then(interval).transpose()?,
            cfi: if excess > 0.0 { 1.0 - excess / excess.max(excess_0) } else { 1.0 },
            tli: tested.then(|| (x_0 / free_0 - x / free) / (x_0 / free_0 - 1.0)),
            srmr: (residuals.sum::<f64>() / (d * (d + 1) / 2) as f64).sqrt(),
            parameters,
            aic: -2.0 * n * log_likelihood + 2.0 * parameters as f64,
            bic: -2.0 * n * log_likelihood + n.ln() * parameters as f64,
        })
    }
}

/// The noncentrality under which `x` is the `level`-quantile of a chi-squared variable with `df` degrees of freedom, 0 if there is none.
fn noncentrality(x: f64, df: f64, level: f64) -> Result<f64, NumericsError> {
    /// Halvings that leave nothing to halve.
    const HALVINGS: usize = 80;
    if noncentral_cdf(x, df, 0.0)? < level {
        return Ok(0.0);
    }
    let mut high = x.max(1.0);
    while noncentral_cdf(x, df, high)? > level {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if noncentral_cdf(x, df, middle)? > level {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(0.5 * (low + high))
}

/// `P(X ≤ x)`: the mixture of chi-squared distributions with `df + 2j` degrees of freedom under Poisson weights of mean `noncentrality/2`,
/// summed outwards from the largest weight.
fn noncentral_cdf(x: f64, df: f64, noncentrality: f64) -> Result<f64, NumericsError> {
    /// Weights below this share of the largest are left out.
    const NEGLIGIBLE: f64 = 1e-17;
    let mean = 0.5 * noncentrality;
    let mode = mean.floor();
    let cdf = |j: f64| chi_square_tail(x, df + 2.0 * j).map(|tail| 1.0 - tail);
    let (mut total, mut sum) = (1.0, cdf(mode)?);
    for step in [1.0, -1.0] {
        let (mut j, mut weight) = (mode, 1.0_f64);
        loop {
            weight *= if step > 0.0 { mean / (j + 1.0) } else { j / mean.max(f64::MIN_POSITIVE) };
            j += step;
            if j < 0.0 || weight < NEGLIGIBLE {
                break;
            }
            total += weight;
            sum += weight * cdf(j)?;
        }
    }
    Ok(sum / total)
}
