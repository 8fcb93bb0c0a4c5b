//! JADE, joint approximate diagonalisation of eigenmatrices (Cardoso and Souloumiac 1993, Blind beamforming for non-Gaussian signals, IEE
//! Proceedings F 140(6), 362–370; Cardoso 1999, Neural Computation 11(1), 157–192): the rotation of white data that makes all their
//! fourth-order cumulant matrices as diagonal as possible. Closed but for the sweeps: no density, no start, no step size.
//!
//! All `k (k + 1) / 2` cumulant matrices are used, as in `jadeR`; unlike there, the number of sweeps is bounded. They come from one Gram
//! matrix of the products of pairs, `O(n k⁴ / 8)` operations and `O(k⁴)` memory: meant for up to about 50 sources.

use super::{
    INDEPENDENT, Ica, NOTHING_DROPPED, gaussian_sources, held_out,
    joint_diagonal::{Rule, joint_diagonal},
    kurtosis,
    white::White,
};
use crate::{LinearError, LinearModel, Reduction, whitening::Whitening};
use ndarray::Array3;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Run, Seed};

pub(crate) const ONE_WITHOUT_KURTOSIS: &str = "at most one source has no excess kurtosis";

/// The parameters of JADE.
///
/// ```
/// use unmix_core::Params;
/// use unmix_linear::JadeParams;
///
/// let error = JadeParams { components: Some(0), ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`components` is 0, it must be at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JadeParams {
    /// The number of sources; all columns if `None`. Fewer keep the leading principal components.
    pub components: Option<usize>,
    /// With fewer components than columns, whose principal components.
    pub reduction: Reduction,
    /// Stops when no pair turns by more than this angle divided by the square root of the rows, in radians.
    pub tolerance: f64,
    /// The most sweeps over all pairs.
    pub max_iterations: usize,
}

impl Default for JadeParams {
    fn default() -> Self {
        Self { components: None, reduction: Reduction::Covariance, tolerance: 1e-6, max_iterations: 100 }
    }
}

impl Params for JadeParams {
    type Estimator = Jade;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.positive("tolerance", self.tolerance);
        checks.at_least("max_iterations", self.max_iterations, 1);
    }

    fn seal(self) -> Jade {
        Jade { params: self }
    }
}

/// The estimator that [`JadeParams`] build.
#[derive(Clone, Debug)]
pub struct Jade {
    params: JadeParams,
}

/// The cumulant matrices of white data side by side, `[k, k, k (k + 1) / 2]`, those of unlike pairs times `√2` (Cardoso 1999).
fn cumulants(white: &White<'_>) -> Result<Array3<f64>, LinearError> {
    let k = white.components;
    let pairs: Vec<(usize, usize)> = (0..k).flat_map(|i| (i..k).map(move |j| (i, j))).collect();
    let products = white.pair_products()?;
    let place = |a: usize, b: usize| {
        let (a, b) = (a.min(b), a.max(b));
        a * k - a * (a + 1) / 2 + b
    };
    let same = |a: usize, b: usize| f64::from(u8::from(a == b));
    let cumulants = Array3::from_shape_fn((k, k, pairs.len()), |(a, b, m)| {
        let (i, j) = pairs[m];
        let cumulant = products[[place(a, b), m]] - same(i, j) * same(a, b) - same(i, a) * same(j, b) - same(i, b) * same(j, a);
        if i == j { cumulant } else { std::f64::consts::SQRT_2 * cumulant }
    });
    Ok(cumulants)
}

impl Jade {
    fn fit_in_pool(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        let whitening = Whitening::of(x, self.params.components, self.params.reduction)?;
        let white = White::of(x, &whitening)?;
        let mut matrices = cumulants(&white)?;
        let angle = self.params.tolerance / (white.rows as f64).sqrt();
        let rule = Rule { method: "jade", angle, max_sweeps: self.params.max_iterations };
        let done = joint_diagonal(&mut matrices, rule, run);
        let objective = white.kurtosis(&done.rotation)?.iter().map(|v| v * v).sum();
        Ok(done.fitted(whitening, objective, "at most one source has no excess kurtosis"))
    }
}

impl Fit<Observations> for Jade {
    type Model = LinearModel;
    type Error = LinearError;

    /// The objective is the sum of the squared excess kurtoses of the codes.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| self.fit_in_pool(x, run))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Cardoso and Souloumiac (1993), Blind beamforming for non-Gaussian signals, IEE Proceedings F 140(6)",
            assumptions: match self.params.components {
                None => &[INDEPENDENT, ONE_WITHOUT_KURTOSIS],
                Some(_) => &[INDEPENDENT, ONE_WITHOUT_KURTOSIS, NOTHING_DROPPED],
            },
        }
    }

    fn screen(&self, x: &Observations, seed: Seed) -> Vec<Evidence> {
        vec![Evidence { assumption: ONE_WITHOUT_KURTOSIS, ..gaussian_sources::screen(x, seed) }]
    }

    fn evidence(&self, x: &Observations, model: &LinearModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| held_out::evidence(self, x, model, run, &[(ONE_WITHOUT_KURTOSIS, &kurtosis::evidence)]))
    }
}

impl Ica for Jade {
    fn components(&self) -> Option<usize> {
        self.params.components
    }

    fn reduction(&self) -> Reduction {
        self.params.reduction
    }
}
