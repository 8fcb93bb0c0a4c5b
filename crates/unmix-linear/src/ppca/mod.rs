//! Probabilistic principal component analysis (Tipping and Bishop 1999, Journal of the Royal Statistical Society B 61(3), 611–622).
//!
//! The model is `x = mean + W z + e` with codes `z ~ N(0, I)` `[k]` and noise `e ~ N(0, σ²I)` of one variance for all variables. Its maximum of
//! likelihood has a closed form: with the eigenvalues `λ` of the covariance (divisor `n`), `σ²` is the mean of those dropped (eq. 8) and
//! `W = U (Λ - σ²I)^½` (eq. 7). Codes are posterior means `M⁻¹Wᵀ(x - mean)` with `M = WᵀW + σ²I`, which is `Λ` here.
//!
//! The density is the one that [`PcaModel`](crate::PcaModel) has. What differs from [`Pca`](crate::Pca): codes have unit variance and are shrunk towards 0
//! by what is noise, the noise is a parameter whose form is tested, and the number of components can come from the data ([`laplace_evidence`]).

mod dimension;
mod evidence;
mod model;

pub use dimension::laplace_evidence;
pub use model::PpcaModel;

use crate::{
    LinearError,
    pca::{self, rank_warning},
    principal_axes::PrincipalAxes,
};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, DataError, Evidence, Fit, Fitted, Observations, Params, Run};

/// The parameters of probabilistic PCA.
///
/// ```
/// use ndarray::{Array2, array};
/// use rand_distr::{Distribution, StandardNormal};
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::PpcaParams;
///
/// // two codes in four variables, and noise of variance 0.25 in each
/// let mut stream = Seed(1).stream("example", 0);
/// let mut normal = |n, d| Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream));
/// let mixing = array![[2.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, -1.0]];
/// let x: Array2<f64> = normal(1000, 2).dot(&mixing.t()) + 0.5 * normal(1000, 4);
///
/// let model = PpcaParams::default().build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?.model;
/// assert_eq!(model.components(), 2);
/// assert!((model.noise_variance() - 0.25).abs() < 0.03);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PpcaParams {
    /// The number of components; that of the largest [`laplace_evidence`] if absent, which needs more rows than columns.
    pub components: Option<usize>,
    /// Model the standardised columns: the noise of a variable is then in proportion to its variance.
    pub standardize: bool,
}

impl Params for PpcaParams {
    type Estimator = Ppca;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
    }

    fn seal(self) -> Ppca {
        Ppca { params: self }
    }
}

/// The estimator that [`PpcaParams`] build.
#[derive(Clone, Debug)]
pub struct Ppca {
    params: PpcaParams,
}

impl Ppca {
    /// The number of components, which leaves the noise at least one direction.
    fn components(&self, x: &Observations, axes: &PrincipalAxes) -> Result<usize, LinearError> {
        if x.columns() < 2 {
            return Err(DataError::TooFewColumns { needed: 2, found: x.columns(), reason: "tell a component from noise" }.into());
        }
        let most = axes.rank().saturating_sub(1);
        let reason = "one less than the directions of variance: the noise needs one";
        match self.params.components {
            Some(asked) if asked > most => Err(DataError::TooManyComponents { asked, most, reason }.into()),
            Some(asked) => Ok(asked),
            None if most == 0 => Err(DataError::TooManyComponents { asked: 1, most, reason }.into()),
            None => {
                x.require_rows(x.columns() + 1, "choose the number of components (give `components` to fit without)")?;
                let evidence = laplace_evidence(axes.values.view(), axes.rows);
                // a later one has to be better
                let best = (1..most).fold(0, |best, k| if evidence[k] > evidence[best] { k } else { best });
                if evidence[best] == f64::NEG_INFINITY { Err(LinearError::NoEvidence) } else { Ok(best + 1) }
            }
        }
    }
}

impl Fit<Observations> for Ppca {
    type Model = PpcaModel;
    type Error = LinearError;

    /// The objective is the mean over samples of `ln p(x)` in nats.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<PpcaModel>, LinearError> {
        let axes = run.in_pool(|_| PrincipalAxes::of(x, self.params.standardize))?;
        let components = self.components(x, &axes)?;
        let (rank, d, n) = (axes.rank(), x.columns(), x.rows());
        // n centred rows cannot have n directions: that is no fault of the columns
        let warnings = if rank < d.min(n - 1) { vec![rank_warning(rank, d, n)] } else { Vec::new() };
        let model = model::of(pca::model_of(axes, components), self.params.standardize);
        Ok(Fitted { objective: Some(model.mean_log_likelihood()), warnings, ..Fitted::closed_form(model) })
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::Orthogonal,
            theorem: "Tipping and Bishop (1999), eqs. 7 and 8 and appendix A: at the maximum of likelihood the noise variance and the span of the \
                      components are unique, and the mixing up to a rotation of the codes; that it is given along principal axes is a choice",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn evidence(&self, _: &Observations, model: &PpcaModel, _: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(model, self.params.components.is_none())
    }
}
