//! SOBI, second-order blind identification (Belouchrani, Abed-Meraim, Cardoso and Moulines 1997, A blind source separation technique using
//! second-order statistics, IEEE Transactions on Signal Processing 45(2), 434–444): the rotation of white data that makes their lagged
//! covariances as diagonal as possible.
//!
//! Rows are a time series in their order, at even distances. Sources may be Gaussian; what tells them apart is their autocorrelations.
//! Lags are 1 to `lags`, 100 by default as in EEGLAB.

mod evidence;

use super::{
    NOTHING_DROPPED,
    joint_diagonal::{Rule, joint_diagonal},
    nothing_dropped,
    white::White,
};
use crate::{LinearError, LinearModel, Reduction, whitening::Whitening};
use faer::{Accum, Mat, MatRef, Par, linalg::matmul::matmul};
use ndarray::{Array2, Array3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Run};

pub(crate) const NO_LEAD: &str = "the variables are an invertible linear mixture, without delays, of sources uncorrelated at every lag";
pub(crate) const DISTINCT: &str = "no two sources have the same autocorrelations";

/// The parameters of SOBI.
///
/// ```
/// use unmix_core::Params;
/// use unmix_linear::SobiParams;
///
/// let error = SobiParams { lags: 0, ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`lags` is 0, it must be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SobiParams {
    /// The number of sources; all columns if `None`. Fewer keep the leading principal components.
    pub components: Option<usize>,
    /// With fewer components than columns, whose principal components.
    pub reduction: Reduction,
    /// The largest lag, in rows; at most a third of the rows is used.
    pub lags: usize,
    /// Stops when no pair turns by more than this angle divided by the square root of the rows, in radians.
    pub tolerance: f64,
    /// The most sweeps over all pairs.
    pub max_iterations: usize,
}

impl Default for SobiParams {
    fn default() -> Self {
        Self { components: None, reduction: Reduction::Covariance, lags: 100, tolerance: 1e-6, max_iterations: 100 }
    }
}

impl Params for SobiParams {
    type Estimator = Sobi;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.at_least("lags", self.lags, 1);
        checks.positive("tolerance", self.tolerance);
        checks.at_least("max_iterations", self.max_iterations, 1);
    }

    fn seal(self) -> Sobi {
        Sobi { params: self }
    }
}

/// The estimator that [`SobiParams`] build.
#[derive(Clone, Debug)]
pub struct Sobi {
    params: SobiParams,
}

/// `Σ_t z_t z_{t+τ}ᵀ / n` for the lags 1 to `lags`, side by side, `[k, k, lags]`; each lag is one product, whatever the threads.
fn lagged_covariances(z: &Array2<f64>, lags: usize) -> Array3<f64> {
    let (n, k) = z.dim();
    let values = z.as_slice().unwrap_or_default();
    let matrices: Vec<Mat<f64>> = (1..=lags)
        .into_par_iter()
        .map(|lag| {
            let now = MatRef::from_row_major_slice(&values[..(n - lag) * k], n - lag, k);
            let later = MatRef::from_row_major_slice(&values[lag * k..], n - lag, k);
            let mut covariance = Mat::zeros(k, k);
            matmul(covariance.as_mut(), Accum::Replace, now.transpose(), later, 1.0 / n as f64, Par::Seq);
            covariance
        })
        .collect();
    Array3::from_shape_fn((k, k, lags), |(i, j, lag)| matrices[lag][(i, j)])
}

impl Sobi {
    fn lags(&self, rows: usize) -> usize {
        self.params.lags.min(rows / 3).max(1)
    }

    fn fit_in_pool(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        let whitening = Whitening::of(x, self.params.components, self.params.reduction)?;
        let white = White::of(x, &whitening)?.to_rows()?;
        let lagged = lagged_covariances(&white, self.lags(x.rows()));
        // what the two orders of time have in common
        let mut symmetric = (&lagged + &lagged.view().permuted_axes([1, 0, 2])) * 0.5;
        let angle = self.params.tolerance / (x.rows() as f64).sqrt();
        let rule = Rule { method: "sobi", angle, max_sweeps: self.params.max_iterations };
        let done = joint_diagonal(&mut symmetric, rule, run);
        let diagonal: f64 = (0..white.ncols()).map(|i| symmetric.slice(ndarray::s![i, i, ..]).mapv(|v| v * v).sum()).sum();
        Ok(done.fitted(whitening, diagonal, "the rows are a time series and no two sources have the same autocorrelations"))
    }
}

impl Fit<Observations> for Sobi {
    type Model = LinearModel;
    type Error = LinearError;

    /// The objective is the sum of the squared autocorrelations of the codes over all lags.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| self.fit_in_pool(x, run))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Belouchrani, Abed-Meraim, Cardoso and Moulines (1997), IEEE Transactions on Signal Processing 45(2)",
            assumptions: match self.params.components {
                None => &[NO_LEAD, DISTINCT],
                Some(_) => &[NO_LEAD, DISTINCT, NOTHING_DROPPED],
            },
        }
    }

    fn evidence(&self, x: &Observations, model: &LinearModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| {
            let mut evidence = evidence::of(self, x, run)?;
            if self.params.components.is_some() {
                evidence.push(nothing_dropped(x, model, self.params.reduction)?);
            }
            Ok(evidence)
        })
    }
}
