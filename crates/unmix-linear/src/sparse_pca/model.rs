//! Fitted sparse components and the variance that they explain.

use crate::{LinearError, LinearModel, principal_axes::PrincipalAxes};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{Fault, Generate, Infer, Load, Model, load_json, save_json};
use unmix_numerics::{inverse_spd, maximum_assignment, symmetric_eigen};

/// Components whose Gram matrix has a smaller eigenvalue have no least-squares codes.
const DEPENDENT: f64 = 1e-10;

/// Components of a larger cosine are the same.
const SAME: f64 = 0.999;

/// Fitted sparse principal components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SparsePcaModel {
    /// Means, and both maps between variables and codes.
    pub linear: LinearModel,
    /// What each column was divided by: ones, or its standard deviation, `[d]`.
    pub scale: Array1<f64>,
    /// The components as columns of length 1, for the scaled variables, `[d, k]`; those that carry most come first, the largest entry of each is positive.
    pub loadings: Array2<f64>,
    /// The share of the variance that each component adds to those before it, `[k]`: the squares of the diagonal of `R` in `X loadings = QR` (Zou, Hastie and
    /// Tibshirani 2006, Journal of Computational and Graphical Statistics 15(2), section 3.4), over the total.
    pub explained: Array1<f64>,
    /// The share of the variance that as many principal components explain.
    pub principal: f64,
    /// The penalty `α` of the objective.
    pub alpha: f64,
    /// Starts made.
    pub starts: usize,
    /// Starts that ended at these components.
    pub agreeing: usize,
    /// Starts that ended at other components with an objective as low, to 1e-4 of it.
    pub rivals: usize,
}

/// The model with `loadings` `[d, k]` of length 1.
pub(super) fn of(axes: &PrincipalAxes, loadings: Array2<f64>, ridge: f64, alpha: f64) -> Result<SparsePcaModel, LinearError> {
    let k = loadings.ncols();
    let gram = loadings.t().dot(&loadings) + Array2::<f64>::eye(k) * ridge;
    let least = symmetric_eigen(gram.view())?.values.last().copied().unwrap_or_default();
    if least < DEPENDENT {
        return Err(LinearError::DependentComponents { components: k });
    }
    let projection = inverse_spd(gram.view())?.dot(&loadings.t());
    let total = axes.values.sum();
    Ok(SparsePcaModel {
        linear: LinearModel {
            mean: axes.mean.clone(),
            mixing: &loadings * &axes.scale.view().insert_axis(Axis(1)),
            unmixing: projection / &axes.scale,
        },
        explained: added_variance(axes, &loadings) / total,
        principal: axes.values.slice(s![..k]).sum() / total,
        scale: axes.scale.clone(),
        loadings,
        alpha,
        starts: 0,
        agreeing: 0,
        rivals: 0,
    })
}

impl SparsePcaModel {
    /// The number of components, `k`.
    pub fn components(&self) -> usize {
        self.loadings.ncols()
    }

    /// For each component the variables (from 0) that it has.
    pub fn supports(&self) -> Vec<Vec<usize>> {
        self.loadings.columns().into_iter().map(|column| (0..column.len()).filter(|&j| column[j] != 0.0).collect()).collect()
    }

    /// The share of the variance that as many principal components explain which is lost, from 0 to 1.
    pub fn lost(&self) -> f64 {
        1.0 - self.explained.sum() / self.principal
    }
}

/// The variance of each column of `X loadings` that those before it leave, by Gram and Schmidt.
fn added_variance(axes: &PrincipalAxes, loadings: &Array2<f64>) -> Array1<f64> {
    let roots = axes.values.slice(s![..axes.rank()]).mapv(f64::sqrt).insert_axis(Axis(1));
    // has the inner products of X loadings / √n
    let mut scores = axes.vectors.t().dot(loadings) * &roots;
    let mut added = Array1::zeros(loadings.ncols());
    for j in 0..loadings.ncols() {
        let mut score = scores.column(j).to_owned();
        // a second pass removes what rounding left
        for _ in 0..2 {
            for earlier in scores.columns().into_iter().take(j) {
                let share: f64 = earlier.dot(&score);
                score.scaled_add(-share, &earlier);
            }
        }
        let square: f64 = score.dot(&score);
        added[j] = square;
        if square > 0.0 {
            score /= square.sqrt();
        }
        scores.column_mut(j).assign(&score);
    }
    added
}

/// Whether the columns of `a` and `b`, of length 1 or 0, are the same up to order, sign and empty ones.
pub(super) fn same_components(a: &Array2<f64>, b: &Array2<f64>) -> bool {
    let filled = |m: &Array2<f64>| m.columns().into_iter().filter(|c| c.iter().any(|v| *v != 0.0)).count();
    let cosines = a.t().dot(b).mapv(f64::abs);
    let Ok(assignment) = maximum_assignment(cosines.view()) else { return false };
    filled(a) == filled(b) && assignment.pairs.into_iter().filter(|&pair| cosines[pair] > SAME).count() == filled(b)
}

impl Model for SparsePcaModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(&self.linear)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(&self.linear)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        self.linear.mixing()
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        self.linear.unmixing()
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for SparsePcaModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
