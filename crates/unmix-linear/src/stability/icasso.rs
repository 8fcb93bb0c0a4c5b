//! ICASSO (Himberg, Hyvärinen and Esposito 2004, Validating the independent components of neuroimaging time series via clustering and
//! visualization, `NeuroImage` 22, 1214–1222): the components of many fits, clustered by the magnitude of their correlation.
//!
//! Clusters come from average linkage, cut where as many are left as a fit has components. A cluster's index is the mean similarity within it
//! minus that to all other components (its index `I_q`): near 1 for a component that every fit finds, near 0 or below for one that none of them
//! repeats.

use super::code_correlations;
use crate::whitening::representable_moments;
use kodama::{Method, linkage};
use ndarray::{Array1, Array2, Axis, concatenate};
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use unmix_core::{DataError, Fault, Observations, Seed};

/// What differs between the fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resampling {
    /// The random start: finds what the algorithm leaves to chance.
    Starts,
    /// The rows, drawn with replacement: finds what the sample leaves to chance.
    Bootstrap,
    /// Both.
    #[default]
    Both,
}

/// Estimates that are the same component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// Mean similarity within minus mean similarity to the rest, `I_q`, from -1 to 1.
    pub quality: f64,
    /// The estimates in it.
    pub size: usize,
    /// The share of the fits that have an estimate in it.
    pub fits: f64,
    /// The estimate most similar to all others of the cluster: a row of an unmixing, `[d]`.
    pub centrotype: Array1<f64>,
}

/// One estimate of one fit.
struct Estimates {
    /// `[m, d]`
    unmixing: Array2<f64>,
    /// The fit that each is from, `[m]`.
    fit: Vec<usize>,
    /// The number of components of the largest fit.
    components: usize,
}

/// Clusters the components of `fits` fits to `x`, best first.
///
/// `fit` returns the unmixing `[k, d]` of a table; it is called on several threads, each time with a seed of its own. Results do not depend on
/// the number of threads.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::{FastIcaParams, LinearError, Resampling, icasso};
///
/// let mut stream = Seed(1).stream("example", 0);
/// let x = Observations::unnamed(Array2::from_shape_simple_fn((500, 2), || stream.random::<f64>()))?;
/// let estimator = FastIcaParams::default().build()?;
/// let fit = |sample: &Observations, seed: Seed| -> Result<_, LinearError> { Ok(estimator.fit(sample, &mut Run::new(seed.0))?.model.unmixing) };
/// let clusters = icasso(&x, 10, Resampling::Both, Seed(1), fit)?;
/// assert!(clusters.iter().all(|c| c.quality > 0.8 && c.fits == 1.0));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
///
/// # Errors
/// [`DataError::Missing`] for fewer than two fits; the first error of a fit.
pub fn icasso<E: Into<Fault>>(
    x: &Observations,
    fits: usize,
    resampling: Resampling,
    seed: Seed,
    fit: impl Fn(&Observations, Seed) -> Result<Array2<f64>, E> + Sync,
) -> Result<Vec<Cluster>, Fault> {
    if fits < 2 {
        return Err(DataError::Missing { what: "at least two fits", remedy: "raise the number of fits" }.into());
    }
    let unmixings: Vec<Array2<f64>> = (0..fits as u64)
        .into_par_iter()
        .map(|index| {
            let start = if resampling == Resampling::Bootstrap { seed.child("icasso", 0) } else { seed.child("icasso", index) };
            if resampling == Resampling::Starts {
                return fit(x, start).map_err(Into::into);
            }
            let mut stream = seed.stream("icasso-rows", index);
            let rows: Vec<usize> = (0..x.rows()).map(|_| stream.random_range(0..x.rows())).collect();
            fit(&x.select(&rows)?, start).map_err(Into::into)
        })
        .collect::<Result<_, Fault>>()?;
    for unmixing in &unmixings {
        unmix_core::require_columns(unmixing.view(), x.columns())?;
    }
    let views: Vec<_> = unmixings.iter().map(|unmixing| unmixing.view()).collect();
    let estimates = Estimates {
        // widths were checked
        unmixing: concatenate(Axis(0), &views).unwrap_or_default(),
        fit: unmixings.iter().enumerate().flat_map(|(index, unmixing)| vec![index; unmixing.nrows()]).collect(),
        components: unmixings.iter().map(Array2::nrows).max().unwrap_or_default(),
    };
    let covariance = representable_moments(x)?.covariance;
    let similarity = code_correlations(estimates.unmixing.view(), estimates.unmixing.view(), covariance.view()).mapv(f64::abs);
    let mut clusters: Vec<Cluster> =
        members(&similarity, estimates.components).iter().map(|members| cluster(members, &similarity, &estimates, fits)).collect();
    clusters.sort_by(|a, b| b.quality.total_cmp(&a.quality).then(b.size.cmp(&a.size)));
    Ok(clusters)
}

/// The estimates of each of `count` clusters by average linkage of the dissimilarities `1 - similarity`.
fn members(similarity: &Array2<f64>, count: usize) -> Vec<Vec<usize>> {
    let m = similarity.nrows();
    let mut dissimilarity: Vec<f64> = (0..m).flat_map(|i| (i + 1..m).map(move |j| (i, j))).map(|pair| 1.0 - similarity[pair]).collect();
    let tree = linkage(&mut dissimilarity, m, Method::Average);
    let mut clusters: Vec<Option<Vec<usize>>> = (0..m).map(|i| Some(vec![i])).collect();
    for step in tree.steps().iter().take(m.saturating_sub(count)) {
        let mut joined = clusters[step.cluster1].take().unwrap_or_default();
        joined.extend(clusters[step.cluster2].take().unwrap_or_default());
        joined.sort_unstable();
        clusters.push(Some(joined));
    }
    clusters.into_iter().flatten().collect()
}

fn cluster(members: &[usize], similarity: &Array2<f64>, estimates: &Estimates, fits: usize) -> Cluster {
    let inside = |i: usize| members.binary_search(&i).is_ok();
    let to_members = |i: usize| members.iter().map(|&j| similarity[[i, j]]).sum::<f64>();
    let size = members.len();
    let within = members.iter().map(|&i| to_members(i)).sum::<f64>() / (size * size) as f64;
    let others = similarity.nrows() - size;
    let between = (0..similarity.nrows()).filter(|&i| !inside(i)).map(to_members).sum::<f64>() / (size * others).max(1) as f64;
    let central = members.iter().copied().max_by(|&a, &b| to_members(a).total_cmp(&to_members(b)).then(b.cmp(&a))).unwrap_or_default();
    let mut from: Vec<usize> = members.iter().map(|&i| estimates.fit[i]).collect();
    from.dedup();
    Cluster {
        quality: within - between,
        size,
        fits: from.len() as f64 / fits as f64,
        centrotype: estimates.unmixing.row(central).to_owned(),
    }
}
