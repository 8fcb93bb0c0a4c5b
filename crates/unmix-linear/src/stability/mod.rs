//! Do the components return? Refits on bootstrap samples, matched to a reference.
//!
//! After ICASSO (Himberg, Hyvärinen and Esposito 2004, `NeuroImage` 22, 1214–1222): components are compared by the magnitude of the
//! correlation of their codes, `|w_i Σ v_jᵀ| / √(w_i Σ w_iᵀ · v_j Σ v_jᵀ)`, which needs the covariance `Σ` of the data alone. Where ICASSO
//! clusters all estimates ([`icasso`]), each refit of [`stability`] is assigned one to one to the fit on all rows, whose components are those
//! that are reported.
//!
//! A stable component is reproducible, not therefore identified: principal components of correlated sources return as well.

mod icasso;

pub use icasso::{Cluster, Resampling, icasso};

use crate::{LinearError, whitening::representable_moments};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rand::RngExt;
use rayon::prelude::*;
use serde::Serialize;
use unmix_core::{DataError, Fault, Observations, Seed};
use unmix_numerics::{maximum_assignment, quantile};

/// How well one component returned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentStability {
    /// The mean magnitude of the correlation with its matches, from 0 to 1.
    pub similarity: f64,
    /// The 2.5 % and 97.5 % quantiles of that correlation over the refits.
    pub interval: (f64, f64),
    /// The share of the refits in which no other component of the refit was nearer to this one than its match.
    pub first_choice: f64,
}

/// Compares `reference` `[k, d]`, the unmixing of a fit to `x`, with those of `refits` bootstrap samples: one entry a component.
///
/// `fit` returns the unmixing `[k', d]` of a sample; it is called on several threads, each time with a seed of its own. Results do not
/// depend on the number of threads.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::{FastIcaParams, LinearError, stability};
///
/// let mut stream = Seed(1).stream("example", 0);
/// let x = Observations::unnamed(Array2::from_shape_simple_fn((500, 2), || stream.random::<f64>()))?;
/// let estimator = FastIcaParams::default().build()?;
/// let model = estimator.fit(&x, &mut Run::new(1))?.model;
/// let refit = |sample: &Observations, seed: Seed| -> Result<_, LinearError> { Ok(estimator.fit(sample, &mut Run::new(seed.0))?.model.unmixing) };
/// let components = stability(model.unmixing.view(), &x, 20, Seed(1), refit)?;
/// assert!(components.iter().all(|c| c.similarity > 0.95));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
///
/// # Errors
/// [`DataError::ColumnCount`] if `reference` does not fit `x`; the first error of a refit; [`DataError::TooFewRows`] for no refits.
pub fn stability<E: Into<Fault>>(
    reference: ArrayView2<'_, f64>,
    x: &Observations,
    refits: usize,
    seed: Seed,
    fit: impl Fn(&Observations, Seed) -> Result<Array2<f64>, E> + Sync,
) -> Result<Vec<ComponentStability>, Fault> {
    unmix_core::require_columns(x.x(), reference.ncols())?;
    if refits == 0 {
        return Err(DataError::Missing { what: "at least one refit", remedy: "raise the number of bootstrap samples" }.into());
    }
    let covariance = representable_moments(x)?.covariance;
    let matches: Vec<Vec<Match>> = (0..refits as u64)
        .into_par_iter()
        .map(|index| {
            let mut stream = seed.stream("stability", index);
            let rows: Vec<usize> = (0..x.rows()).map(|_| stream.random_range(0..x.rows())).collect();
            let refit = fit(&x.select(&rows)?, seed.child("stability", index)).map_err(Into::into)?;
            unmix_core::require_columns(refit.view(), x.columns())?;
            matched(reference, refit.view(), covariance.view()).map_err(Fault::from)
        })
        .collect::<Result<_, Fault>>()?;
    (0..reference.nrows()).map(|component| summary(component, &matches).map_err(Fault::from)).collect()
}

/// The match of one reference component in one refit.
#[derive(Clone, Copy, Debug)]
struct Match {
    similarity: f64,
    first_choice: bool,
}

/// Assigns the components of `refit` to those of `reference`; a component without partner has similarity 0.
fn matched(reference: ArrayView2<'_, f64>, refit: ArrayView2<'_, f64>, covariance: ArrayView2<'_, f64>) -> Result<Vec<Match>, LinearError> {
    let similarity = code_correlations(reference, refit, covariance).mapv(f64::abs);
    let mut matches = vec![Match { similarity: 0.0, first_choice: false }; reference.nrows()];
    for (i, j) in maximum_assignment(similarity.view())?.pairs {
        let best = similarity.row(i).iter().copied().fold(0.0, f64::max);
        matches[i] = Match { similarity: similarity[[i, j]], first_choice: similarity[[i, j]] >= best };
    }
    Ok(matches)
}

/// The correlations `[k, m]` of the codes of two unmixings, `[k, d]` and `[m, d]`, of data with this covariance. Codes that do not vary
/// correlate with none.
fn code_correlations(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, covariance: ArrayView2<'_, f64>) -> Array2<f64> {
    let deviations = |w: ArrayView2<'_, f64>| -> Array1<f64> {
        let variance = |row: ArrayView1<'_, f64>| row.dot(&covariance.dot(&row));
        w.map_axis(Axis(1), |row| variance(row).max(0.0).sqrt())
    };
    let mut correlations = a.dot(&covariance).dot(&b.t());
    correlations /= &deviations(a).insert_axis(Axis(1));
    correlations /= &deviations(b);
    correlations.mapv(|r| if r.is_finite() { r.clamp(-1.0, 1.0) } else { 0.0 })
}

fn summary(component: usize, matches: &[Vec<Match>]) -> Result<ComponentStability, LinearError> {
    let values: Vec<f64> = matches.iter().map(|refit| refit[component].similarity).collect();
    let first = matches.iter().filter(|refit| refit[component].first_choice).count();
    Ok(ComponentStability {
        similarity: values.iter().sum::<f64>() / values.len() as f64,
        interval: (quantile(&values, 0.025)?, quantile(&values, 0.975)?),
        first_choice: first as f64 / values.len() as f64,
    })
}
