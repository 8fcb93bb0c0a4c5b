//! Linear R²: how much of each factor an affine map of all codes predicts (Eastwood and Williams 2018 call it informativeness; Khemakhem et
//! al. 2020 use it for identifiability up to an affine map).
//!
//! - [`Split::OutOfSample`]: 5 folds, row `i` (from 0) in fold `i mod 5`, so that rows sorted by environment stay balanced; each factor's
//!   `1 - Σ(y - ŷ)² / Σ(y - ȳ)²` over the predictions of all folds. It may be negative.
//! - [`Split::InSample`]: the adjusted `1 - (1 - R²)(n - 1)/(n - 1 - r)` with `r` the rank of the codes, whose expectation is 0 when codes
//!   and factors are independent; plain R² would grow by `r/(n - 1)`.
//!
//! The score is the mean over factors; [`per_factor`] gives each. Least squares is solved on the correlation matrix of the codes with
//! eigenvalues below `1e-10` of the largest left out, so collinear codes are no error.
//!
//! The chance level out of sample is the mean over 100 random orders of the factors' rows, in sample 0 exactly. The interval resamples
//! rows 200 times: in sample with a new regression each, out of sample with the predictions kept (a row drawn twice would else fall
//! into training and test fold at once).
//!
//! ```
//! use ndarray::{Array2, array};
//! use unmix_core::Seed;
//! use unmix_metrics::{Codes, Split, r2};
//!
//! let factors = Array2::from_shape_fn((50, 2), |(i, j)| ((i * (7 + 4 * j)) % 50) as f64);
//! let mixed = factors.dot(&array![[1.0, 2.0], [-1.0, 1.0]]) + 3.0;
//! let names = ["a".to_owned(), "b".to_owned()];
//! let codes = Codes::new(mixed.view(), factors.view(), &names)?;
//! assert!(r2::r2(&codes, Split::OutOfSample, Seed(1))?.value > 1.0 - 1e-12);
//! # Ok::<(), unmix_metrics::MetricsError>(())
//! ```

use crate::{
    Codes, MetricsError, Score, Split,
    correlation::unit_columns,
    resample::{BOOTSTRAP, CHANCE, counts, mean, percentile_interval, permutation, replicates},
};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use unmix_core::{Class, Seed};
use unmix_numerics::symmetric_eigen;

/// Folds out of sample.
const FOLDS: usize = 5;
/// Directions of the codes with a smaller share of the largest eigenvalue count as absent.
const RANK_TOLERANCE: f64 = 1e-10;

/// The mean over factors of the affine R².
///
/// # Errors
/// [`MetricsError::Numerics`] if an eigendecomposition fails, which finite codes exclude.
pub fn r2(codes: &Codes<'_>, split: Split, seed: Seed) -> Result<Score, MetricsError> {
    let Codes { estimate, truth, .. } = *codes;
    let n = codes.rows();
    let (value, variant, resampled, chance) = match split {
        Split::InSample => {
            let value = average(&adjusted(estimate, truth, &vec![1.0; n])?);
            let resampled = replicates(seed, "r2-bootstrap", BOOTSTRAP, |stream| adjusted(estimate, truth, &counts(n, stream)));
            let resampled = resampled.into_iter().map(|r| r.map(|v| average(&v))).collect::<Result<Vec<_>, _>>()?;
            (value, "adjusted, in-sample", resampled, 0.0)
        }
        Split::OutOfSample => {
            let predicted = cross_predicted(estimate, truth)?;
            let value = average(&explained(truth, predicted.view(), &vec![1.0; n]));
            let resampled =
                replicates(seed, "r2-bootstrap", BOOTSTRAP, |stream| average(&explained(truth, predicted.view(), &counts(n, stream))));
            let independent = replicates(seed, "r2-chance", CHANCE, |stream| {
                let shuffled = truth.select(Axis(0), &permutation(n, stream));
                let predicted = cross_predicted(estimate, shuffled.view())?;
                Ok(average(&explained(shuffled.view(), predicted.view(), &vec![1.0; n])))
            });
            let independent = independent.into_iter().collect::<Result<Vec<f64>, MetricsError>>()?;
            (value, "5-fold, out-of-sample", resampled, mean(&independent))
        }
    };
    Ok(Score {
        value,
        estimator: "affine least squares from all codes, mean over factors".to_owned(),
        variant: variant.to_owned(),
        n,
        chance,
        ceiling: 1.0,
        ci: percentile_interval(resampled),
        invariance: Class::Affine,
        warnings: codes.constant_code_warning("they predict nothing").into_iter().collect(),
    })
}

/// The R² of each factor, `[d]`.
///
/// # Errors
/// As [`r2`].
pub fn per_factor(codes: &Codes<'_>, split: Split) -> Result<Array1<f64>, MetricsError> {
    let ones = vec![1.0; codes.rows()];
    match split {
        Split::InSample => adjusted(codes.estimate, codes.truth, &ones),
        Split::OutOfSample => {
            let predicted = cross_predicted(codes.estimate, codes.truth)?;
            Ok(explained(codes.truth, predicted.view(), &ones))
        }
    }
}

/// The mean of the finite values: a resample may hold one value of a factor alone, which then has no R².
fn average(values: &Array1<f64>) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    mean(&finite)
}

/// The adjusted R² `[d]` in the sample that holds row `i` `counts[i]` times; NaN for a factor that is constant there.
fn adjusted(estimate: ArrayView2<'_, f64>, truth: ArrayView2<'_, f64>, counts: &[f64]) -> Result<Array1<f64>, MetricsError> {
    let (z, y) = (unit_columns(estimate.to_owned(), counts), unit_columns(truth.to_owned(), counts));
    let fit = Regression::new(z.view())?;
    let scaled = fit.whiten.t().dot(&z.t().dot(&y));
    let (n, rank) = (estimate.nrows() as f64, fit.whiten.ncols() as f64);
    Ok(Array1::from_iter((0..y.ncols()).map(|j| {
        if y.column(j).iter().all(|v| *v == 0.0) {
            return f64::NAN;
        }
        let plain = scaled.column(j).dot(&scaled.column(j)).min(1.0);
        1.0 - (1.0 - plain) * (n - 1.0) / (n - 1.0 - rank)
    })))
}

/// `1 - Σ(y - ŷ)² / Σ(y - ȳ)²` of each factor, `[d]`, row `i` weighted by `counts[i]`; NaN for a factor that is constant there.
fn explained(truth: ArrayView2<'_, f64>, predicted: ArrayView2<'_, f64>, counts: &[f64]) -> Array1<f64> {
    let n: f64 = counts.iter().sum();
    let columns = truth.columns().into_iter().zip(predicted.columns());
    Array1::from_iter(columns.map(|(y, fit)| {
        let mean = y.iter().zip(counts).map(|(y, c)| y * c).sum::<f64>() / n;
        let total: f64 = y.iter().zip(counts).map(|(y, c)| c * (y - mean).powi(2)).sum();
        let residual: f64 = y.iter().zip(&fit).zip(counts).map(|((y, fit), c)| c * (y - fit).powi(2)).sum();
        if total > 0.0 { 1.0 - residual / total } else { f64::NAN }
    }))
}

/// The prediction of each row `[n, d]` by the regression on the other folds.
fn cross_predicted(estimate: ArrayView2<'_, f64>, truth: ArrayView2<'_, f64>) -> Result<Array2<f64>, MetricsError> {
    let mut predicted = Array2::zeros(truth.raw_dim());
    for fold in 0..FOLDS {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..truth.nrows()).partition(|i| i % FOLDS == fold);
        let (z, y) = (estimate.select(Axis(0), &train), truth.select(Axis(0), &train));
        let (z_mean, y_mean) = (z.sum_axis(Axis(0)) / train.len() as f64, y.sum_axis(Axis(0)) / train.len() as f64);
        let z = z - &z_mean;
        let length = z.map_axis(Axis(0), |column| column.dot(&column).sqrt());
        // a code that is constant in these folds predicts nothing
        let scale = length.mapv(|l| if l > 0.0 { l.recip() } else { 0.0 });
        let z = z * &scale;
        let fit = Regression::new(z.view())?;
        let coefficients = fit.whiten.dot(&fit.whiten.t().dot(&z.t().dot(&(y - &y_mean))));
        let ahead = ((estimate.select(Axis(0), &test) - &z_mean) * &scale).dot(&coefficients) + &y_mean;
        for (row, values) in test.into_iter().zip(ahead.rows()) {
            predicted.row_mut(row).assign(&values);
        }
    }
    Ok(predicted)
}

/// The directions of centred codes.
struct Regression {
    /// `[k, r]` with `whiten whitenᵀ` the pseudo-inverse of `zᵀ z`.
    whiten: Array2<f64>,
}

impl Regression {
    /// Of columns `z` `[n, k]` with length 1 (or 0).
    fn new(z: ArrayView2<'_, f64>) -> Result<Self, MetricsError> {
        let eigen = symmetric_eigen(z.t().dot(&z).view())?;
        let largest = eigen.values.first().copied().unwrap_or(0.0);
        let rank = eigen.values.iter().take_while(|v| **v > RANK_TOLERANCE * largest).count();
        let mut whiten = eigen.vectors.slice_move(ndarray::s![.., ..rank]);
        for (mut direction, value) in whiten.columns_mut().into_iter().zip(&eigen.values) {
            direction /= value.sqrt();
        }
        Ok(Self { whiten })
    }
}
