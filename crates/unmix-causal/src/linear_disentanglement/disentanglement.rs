//! What linear causal disentanglement finds, and its exact form from population precisions.

use super::peel::{Peeled, peel, rank_one_misfit};
use super::polish::polish;
use crate::CausalError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_numerics::{Eigen, inverse, symmetric_eigen};

/// Eigenvalues of a precision below this many times the size of its rounding errors are zero.
const ROUNDING: f64 = 10.0;

/// The largest share of a precision that may lie outside the row space of the observational one.
const OUTSIDE: f64 = 1e-8;

/// The largest share of a precision that the model may leave unexplained: far above what rounding leaves (1e-13 with 50 latents and a `Θ_0` of condition
/// 10⁹), far below what a second target does.
const UNEXPLAINED: f64 = 1e-6;

/// The latents behind one observational and `d` interventional environments, row `k` being the target of intervention `k`.
///
/// Everything is unique up to the scale that is fixed here (each row of `unmixing` has its entry of largest magnitude equal to 1) and up to the
/// order: any `order` that puts causes before effects would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disentanglement {
    /// `H` `[d, p]` with `z = H x`.
    pub unmixing: Array2<f64>,
    /// `B_0` `[d, d]`: `B_0 z` is white noise in the observational environment. The diagonal is positive.
    pub structure: Array2<f64>,
    /// `λ` `[d]`: under intervention `k` the latent `λ_k z_k` is white noise.
    pub strengths: Array1<f64>,
    /// Latents, causes before effects.
    pub order: Vec<usize>,
}

impl Disentanglement {
    /// From rows `g_k = λ_k h_k` `[d, p]` and the structure `[d, d]` with respect to them.
    pub(super) fn of_rows(mut rows: Array2<f64>, mut structure: Array2<f64>, order: Vec<usize>) -> Self {
        let scale: Array1<f64> = rows.rows().into_iter().map(|row| largest(row.iter().copied())).collect();
        rows /= &scale.view().insert_axis(Axis(1));
        structure *= &scale;
        for k in 0..structure.nrows() {
            if structure[[k, k]] < 0.0 {
                structure.row_mut(k).mapv_inplace(|v| -v);
            }
        }
        Self { unmixing: rows, structure, strengths: scale.mapv(f64::abs), order }
    }

    /// The effects between latents `[d, d]`, `[i, j]` that of `j` on `i`: `I - diag(B_0)⁻¹ B_0`.
    pub fn weights(&self) -> Array2<f64> {
        let d = self.structure.nrows();
        Array2::from_shape_fn((d, d), |(i, j)| if i == j { 0.0 } else { -self.structure[[i, j]] / self.structure[[i, i]] })
    }
}

/// The entry of largest magnitude, with its sign.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |most: f64, v| if v.abs() > most.abs() { v } else { most })
}

/// The latents behind exact precisions `[p, p]` of rank `d`: `Θ_0` of the observational and `Θ_k` of `d` interventional environments.
///
/// A precision is the pseudo-inverse of the covariance, `Θ_k = Hᵀ B_kᵀ B_k H`. The order is greedy: next is the environment whose difference from
/// `Θ_0`, projected on the complement of what is known, is nearest to rank one.
///
/// ```
/// use ndarray::array;
/// use unmix_causal::disentangle_precisions;
///
/// // z2 = 0.5 z1 + noise, interventions with precision 9 on each, x = z
/// let observational = array![[1.25, -0.5], [-0.5, 1.0]];
/// let on_effect = array![[1.0, 0.0], [0.0, 9.0]];
/// let on_cause = array![[9.25, -0.5], [-0.5, 1.0]];
/// let found = disentangle_precisions(observational.view(), &[on_effect.view(), on_cause.view()])?;
/// assert_eq!(found.order, [1, 0]);
/// assert!((found.weights()[[0, 1]] - 0.5).abs() < 1e-12);
/// assert!((&found.unmixing - &array![[0.0, 1.0], [1.0, 0.0]]).iter().all(|e| e.abs() < 1e-12));
/// # Ok::<(), unmix_causal::CausalError>(())
/// ```
///
/// # Errors
/// [`CausalError::InterventionCount`] unless there are as many interventions as the rank of `Θ_0`, [`CausalError::RowSpace`] if a precision has
/// another row space, [`CausalError::NoChange`] if one does not differ from `Θ_0`, [`CausalError::Unexplained`] if the precisions rebuilt from the result
/// differ from those given, [`CausalError::Numerics`] for entries that are not finite or shapes that are not square.
pub fn disentangle_precisions(
    observational: ArrayView2<'_, f64>,
    interventional: &[ArrayView2<'_, f64>],
) -> Result<Disentanglement, CausalError> {
    let values = symmetric_eigen(observational)?.values;
    let p = values.len();
    let least = ROUNDING * p as f64 * f64::EPSILON * values.first().copied().unwrap_or(0.0);
    let d = values.iter().filter(|v| **v > least).count();
    if d != interventional.len() || d == 0 {
        return Err(CausalError::InterventionCount { latents: d, interventions: interventional.len() });
    }
    let mut pooled = observational.to_owned();
    for precision in interventional {
        if precision.dim() != (p, p) {
            return Err(CausalError::Shape { part: "a precision", expected: p, found: precision.ncols() });
        }
        pooled += precision;
    }
    // the pooled row space is better conditioned than that of any one precision
    let basis = symmetric_eigen(pooled.view())?.vectors.select(Axis(1), &(0..d).collect::<Vec<_>>());
    let within = |precision: &Array2<f64>| basis.t().dot(precision).dot(&basis);
    let mut differences = Vec::with_capacity(d);
    for (k, precision) in interventional.iter().enumerate() {
        let difference = precision - &observational;
        if largest_entry(&difference) <= least {
            return Err(CausalError::NoChange { intervention: k + 1 });
        }
        let inside = within(&difference);
        let share = largest_entry(&(basis.dot(&inside).dot(&basis.t()) - &difference)) / largest_entry(&precision.to_owned());
        if share.is_nan() || share > OUTSIDE {
            return Err(CausalError::RowSpace { intervention: k + 1, share });
        }
        differences.push(inside);
    }
    let inside = within(&observational.to_owned());
    let Eigen { values, vectors } = symmetric_eigen(inside.view())?;
    if values.iter().any(|v| v.is_nan() || *v <= 0.0) {
        return Err(CausalError::Unexplained { detail: "the observational one has not the row space of the others".to_owned() });
    }
    let to_white = &vectors / &values.mapv(f64::sqrt);
    let whitened: Vec<Array2<f64>> = differences.iter().map(|d| to_white.t().dot(d).dot(&to_white)).collect();
    let Peeled { order, noises, .. } = peel(&whitened, |_, values| rank_one_misfit(values))?;
    let rough = noises.dot(&(&vectors * &values.mapv(f64::sqrt)).t());
    let (noises, latents) = polish(inside.view(), &differences, rough.view())?;
    // a_k is a combination of the rows g of its causes and its own
    let mut structure = noises.dot(&inverse_of_latents(&latents)?);
    for (position, &k) in order.iter().enumerate() {
        order[position + 1..].iter().for_each(|&later| structure[[k, later]] = 0.0);
    }
    let latents = latents.dot(&basis.t());
    let given = std::iter::once(observational).chain(interventional.iter().copied());
    explained(given, &structure.dot(&latents), &latents)?;
    Ok(Disentanglement::of_rows(latents, structure, order))
}

/// The entry of largest magnitude, without its sign; NaN if there is one.
fn largest_entry(a: &Array2<f64>) -> f64 {
    a.iter().fold(0.0, |most: f64, v| if v.is_nan() || v.abs() > most { v.abs() } else { most })
}

/// The inverse of the rows `g_k` `[d, d]`, which are linearly dependent where two environments have one target.
fn inverse_of_latents(latents: &Array2<f64>) -> Result<Array2<f64>, CausalError> {
    let d = latents.nrows();
    let length = latents.map_axis(Axis(1), |row| row.dot(&row).sqrt()).insert_axis(Axis(1));
    let unit = latents / &length;
    let dependent = || CausalError::Unexplained { detail: "the latents of two or more environments are linearly dependent".to_owned() };
    if unit.iter().any(|v| !v.is_finite()) {
        return Err(dependent());
    }
    let values = symmetric_eigen(unit.dot(&unit.t()).view())?.values;
    if values.iter().any(|v| *v <= ROUNDING * d as f64 * f64::EPSILON * values[0]) {
        return Err(dependent());
    }
    inverse(latents.view()).map_err(|_| dependent())
}

/// Compares the precisions `given`, the observational one first, with those of the rows `B_0 H` and `g` `[d, p]`.
fn explained<'a>(given: impl Iterator<Item = ArrayView2<'a, f64>>, noises: &Array2<f64>, latents: &Array2<f64>) -> Result<(), CausalError> {
    for (environment, given) in given.enumerate() {
        let mut rows = noises.clone();
        if let Some(k) = environment.checked_sub(1) {
            rows.row_mut(k).assign(&latents.row(k));
        }
        let share = largest_entry(&(rows.t().dot(&rows) - given)) / largest_entry(&given.to_owned());
        if share.is_nan() || share > UNEXPLAINED {
            let which = if environment == 0 { "the observational one".to_owned() } else { format!("precision {environment}") };
            return Err(CausalError::Unexplained { detail: format!("the nearest found leaves a share of {share:.1e} of {which}") });
        }
    }
    Ok(())
}
