//! How many factors: three rules that look at the eigenvalues of the correlation matrix in different ways, and may disagree.
//!
//! - [`parallel_analysis`] (Horn 1965): eigenvalues above those of uncorrelated data of the same size;
//! - [`minimum_average_partial`] (Velicer 1976): components are taken out until partial correlations stop falling;
//! - [`empirical_kaiser`] (Braeken and van Assen 2017): eigenvalues above what sampling and the factors before leave.
//!
//! ```
//! use ndarray::Array2;
//! use rand::RngExt;
//! use unmix_core::{Observations, Seed};
//! use unmix_linear::{Correlation, parallel_analysis};
//!
//! // six variables that share one cause
//! let mut stream = Seed(3).stream("example", 0);
//! let mut x = Array2::from_shape_simple_fn((200, 6), || stream.random::<f64>());
//! for mut row in x.rows_mut() {
//!     row += stream.random::<f64>();
//! }
//! let correlation = Correlation::of(&Observations::unnamed(x)?)?;
//! let analysis = parallel_analysis(&correlation, 200, 0.95, Seed(1))?;
//! assert_eq!(analysis.retained, 1);
//! # Ok::<(), unmix_core::Fault>(())
//! ```

use crate::{Correlation, LinearError};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rayon::prelude::*;
use serde::Serialize;
use unmix_core::{DataError, Seed, Stream};
use unmix_numerics::{NumericsError, mean, quantile, symmetric_eigen};

/// Simulated data sets of a parallel analysis that nobody has chosen otherwise.
pub const PARALLEL_DATASETS: usize = 1000;

/// The quantile of a parallel analysis that nobody has chosen otherwise (Glorfeld 1995).
pub const PARALLEL_QUANTILE: f64 = 0.95;

/// The eigenvalues of a correlation matrix beside those of uncorrelated data: the content of a scree figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParallelAnalysis {
    /// Of the data, `[d]`, largest first.
    pub eigenvalues: Array1<f64>,
    /// Mean over the simulated data sets, `[d]`.
    pub mean: Array1<f64>,
    /// The chosen quantile over the simulated data sets, `[d]`.
    pub band: Array1<f64>,
    /// Leading eigenvalues above the band, up to the first that is not.
    pub retained: usize,
}

/// Horn's parallel analysis: compares the eigenvalues of the data with their `level`-quantile over `datasets` sets of as many samples of
/// independent Gaussian variables.
///
/// The sets themselves are not drawn: their cross products have a Wishart distribution, whose Cholesky factor consists of independent
/// normal and chi variables (Bartlett 1933). Data set `i` depends on the seed and `i` alone.
///
/// # Errors
/// [`LinearError::Numerics`] if `datasets` is zero or `level` lies outside 0 to 1.
pub fn parallel_analysis(correlation: &Correlation, datasets: usize, level: f64, seed: Seed) -> Result<ParallelAnalysis, LinearError> {
    let eigenvalues = symmetric_eigen(correlation.r.view())?.values;
    let simulate = |stream: &mut Stream| uncorrelated(correlation.rows, correlation.r.nrows(), stream);
    beside(eigenvalues, simulate, datasets, level, seed)
}

/// The same for `rows ≤ columns`, where `rows - 1` `eigenvalues` of the correlations differ from 0. A centred Gaussian column of length 1 is a
/// uniform direction in `rows - 1` dimensions; the products of such columns summed over the columns have the same eigenvalues.
pub(crate) fn parallel_analysis_of_wide(
    eigenvalues: Array1<f64>,
    rows: usize,
    columns: usize,
    datasets: usize,
    level: f64,
    seed: Seed,
) -> Result<ParallelAnalysis, LinearError> {
    let simulate = |stream: &mut Stream| {
        let mut z: Array2<f64> = Array2::from_shape_simple_fn((columns, rows - 1), || StandardNormal.sample(stream));
        z.rows_mut().into_iter().for_each(|mut row| row /= row.dot(&row).sqrt());
        Ok(z.t().dot(&z))
    };
    beside(eigenvalues, simulate, datasets, level, seed)
}

/// `eigenvalues` beside those of the matrices that `simulate` draws.
fn beside(
    eigenvalues: Array1<f64>,
    simulate: impl Fn(&mut Stream) -> Result<Array2<f64>, NumericsError> + Sync,
    datasets: usize,
    level: f64,
    seed: Seed,
) -> Result<ParallelAnalysis, LinearError> {
    let d = eigenvalues.len();
    let simulated: Vec<Array1<f64>> = (0..datasets as u64)
        .into_par_iter()
        .map(|index| Ok(symmetric_eigen(simulate(&mut seed.stream("parallel-analysis", index))?.view())?.values))
        .collect::<Result<_, NumericsError>>()?;
    let rank = |j: usize| simulated.iter().map(|values| values[j]).collect::<Vec<f64>>();
    let average = (0..d).map(|j| mean(&rank(j))).collect::<Result<Array1<f64>, _>>()?;
    let band = (0..d).map(|j| quantile(&rank(j), level)).collect::<Result<Array1<f64>, _>>()?;
    let retained = leading(eigenvalues.iter().zip(&band).map(|(value, limit)| value > limit));
    Ok(ParallelAnalysis { eigenvalues, mean: average, band, retained })
}

/// The empirical Kaiser criterion: the leading eigenvalues `λ_j` above `max(1, (1 + √(d/n))² (d - Σ_{i<j} λ_i) / (d - j + 1))`.
///
/// # Errors
/// [`LinearError::Numerics`] if the eigenvalues cannot be computed.
pub fn empirical_kaiser(correlation: &Correlation) -> Result<usize, LinearError> {
    let values = symmetric_eigen(correlation.r.view())?.values;
    let d = values.len() as f64;
    let edge = (1.0 + (d / correlation.rows as f64).sqrt()).powi(2);
    let above = (0..values.len()).map(|j| {
        let rest = values.slice(s![j..]).sum();
        values[j] > (edge * rest / (d - j as f64)).max(1.0)
    });
    Ok(leading(above))
}

/// The minimum average partial rule: the number of principal components, from 0 to `d - 1`, after whose removal the mean squared partial
/// correlation of the variables is least.
///
/// # Errors
/// [`LinearError::Numerics`] if `r` is not square or finite.
pub fn minimum_average_partial(r: ArrayView2<'_, f64>) -> Result<usize, LinearError> {
    let d = r.nrows();
    let eigen = symmetric_eigen(r)?;
    let mut residual = r.to_owned();
    let (mut fewest, mut least) = (0, f64::INFINITY);
    for m in 0..d.saturating_sub(1) {
        let scale = residual.diag().to_owned();
        // a variable without a remainder has no partial correlations, here and for all larger m
        if scale.iter().any(|&v| v <= f64::EPSILON) {
            break;
        }
        let squares = residual.indexed_iter().filter(|((i, j), _)| i != j).map(|((i, j), v)| v * v / (scale[i] * scale[j]));
        let average = squares.sum::<f64>() / (d * (d - 1)) as f64;
        if average < least {
            (fewest, least) = (m, average);
        }
        let direction = eigen.vectors.index_axis(Axis(1), m).insert_axis(Axis(1));
        residual -= &(&direction.dot(&direction.t()) * eigen.values[m]);
    }
    Ok(fewest)
}

/// Factors beyond which a model of `d` variables has more parameters than the correlations determine: the largest `k` with
/// `(d - k)² ≥ d + k` (Ledermann 1937), 0 for fewer than three variables.
pub fn most_factors(d: usize) -> usize {
    (0..d).take_while(|&k| (d - k).pow(2) >= d + k).last().unwrap_or(0)
}

/// Fails if `components` factors are more than [`most_factors`].
pub(crate) fn require_determined(components: usize, d: usize) -> Result<(), DataError> {
    let most = most_factors(d);
    if components > most {
        let reason = "with more, a factor model has more parameters than there are correlations";
        return Err(DataError::TooManyComponents { asked: components, most, reason });
    }
    Ok(())
}

fn leading(mut above: impl Iterator<Item = bool>) -> usize {
    let mut count = 0;
    while above.next() == Some(true) {
        count += 1;
    }
    count
}

/// The correlations of `rows` samples of `d` independent Gaussian variables, `rows > d`.
fn uncorrelated(rows: usize, d: usize, stream: &mut Stream) -> Result<Array2<f64>, NumericsError> {
    let mut factor = Array2::<f64>::zeros((d, d));
    for i in 0..d {
        let degrees = (rows - 1 - i) as f64;
        let range =
            NumericsError::OutOfRange { what: "the degrees of freedom of a chi-squared variable", value: degrees, range: "positive" };
        factor[[i, i]] = ChiSquared::new(degrees).map_err(|_| range)?.sample(stream).sqrt();
        for j in 0..i {
            factor[[i, j]] = StandardNormal.sample(stream);
        }
        // rows of length 1 make the cross product a correlation matrix
        let length = factor.row(i).dot(&factor.row(i)).sqrt();
        factor.row_mut(i).mapv_inplace(|v| v / length);
    }
    Ok(factor.dot(&factor.t()))
}
