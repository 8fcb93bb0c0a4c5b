//! The core consistency diagnostic (Bro and Kiers 2003, Journal of Chemometrics 17(5), 274–286).

use super::{CpModel, Tensor, reshaped};
use crate::LinearError;
use ndarray::Array2;
use unmix_numerics::{NumericsError, solve_spd};

/// Cores with more entries are not computed.
const MOST_ENTRIES: usize = 10_000_000;

/// How much of the least-squares Tucker core of the fitted factors is a superdiagonal of ones: `1 - Σ (g - t)² / k`, `t` being 1 where all indices are equal
/// and 0 elsewhere. 1 for a tensor that is a sum of the fitted terms and noise, near or below 0 where the terms fit what no sum of terms describes:
/// too many components, or interactions. Scales are spread evenly over the modes.
///
/// `None` where the core is not determined (a factor without full column rank) or has more than ten million entries.
///
/// # Errors
/// [`LinearError::TensorShape`] if the model is one of another tensor's shape.
pub fn core_consistency(tensor: &Tensor, model: &CpModel) -> Result<Option<f64>, LinearError> {
    let (k, order) = (model.components(), tensor.order());
    if model.shape() != tensor.shape() {
        return Err(LinearError::TensorShape { expected: tensor.shape().to_vec(), found: model.shape() });
    }
    let entries = u32::try_from(order).ok().and_then(|order| k.checked_pow(order));
    if entries.is_none_or(|entries| entries > MOST_ENTRIES) || model.weights.iter().any(|&w| w <= 0.0) {
        return Ok(None);
    }
    let scale = model.weights.mapv(|w| w.powf(1.0 / order as f64));
    // each step contracts the mode that comes first and puts the component's index last
    let mut core = Array2::zeros((0, 0));
    for (mode, factor) in model.factors.iter().enumerate() {
        let left = match mode {
            0 => tensor.around(0).unfolding()?,
            _ => reshaped(core.iter(), factor.nrows(), core.len() / factor.nrows()).into(),
        };
        let factor = factor * &scale;
        let pseudoinverse = match solve_spd(factor.t().dot(&factor).view(), factor.t()) {
            Ok(pseudoinverse) => pseudoinverse,
            Err(NumericsError::NotPositiveDefinite { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        core = left.t().dot(&pseudoinverse.t());
    }
    // the place of (r, …, r) is r (1 + k + k² + …)
    let stride: usize = (0..order).fold(0, |sum, _| sum * k + 1);
    let target = |place: usize| f64::from(u8::from(place.is_multiple_of(stride)));
    let misfit: f64 = core.iter().enumerate().map(|(place, g)| (g - target(place)).powi(2)).sum();
    Ok(Some(1.0 - misfit / k as f64))
}
