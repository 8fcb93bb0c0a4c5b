//! How near a disentanglement is to the truth.
//!
//! Latents have no names: what the estimate calls the target of environment `k` stands against the true target of environment `k`. This is the one
//! relabelling under which all environments have their own target, so nothing is searched. It keeps the order of causes and effects, and counts as
//! right, if and only if the estimated order puts every true cause before its effects: that is [`Recovery::targets`], and what the paper calls
//! recovering all intervention targets, since a relabelling up to which the model is identified then maps the estimated targets to the true ones.

use super::disentanglement::Disentanglement;
use crate::{CausalError, simulate::Interventional};
use ndarray::{Array2, Axis};

/// Errors against the truth, both with rows of `H` scaled so that their entry of largest magnitude is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// `‖H - Ĥ‖` (Frobenius).
    pub unmixing: f64,
    /// The same with the sign of each row free: two entries of nearly equal magnitude and different sign let the scale flip.
    pub unmixing_up_to_sign: f64,
    /// `‖B_0 - B̂_0‖`.
    pub structure: f64,
    /// The largest error of any entry of `H`, `B_0` or the strengths.
    pub largest: f64,
    /// Whether the estimated order puts every true cause before its effects.
    pub targets: bool,
}

impl Disentanglement {
    /// Compares with the model that drew the data, environments in the same order.
    ///
    /// # Errors
    /// [`CausalError::Shape`] if the truth has another number of latents or variables.
    pub fn recovery(&self, truth: &Interventional) -> Result<Recovery, CausalError> {
        let (d, p) = self.unmixing.dim();
        for (part, expected, found) in [("the true unmixing", p, truth.unmixing.ncols()), ("the true structure", d, truth.unmixing.nrows())]
        {
            if expected != found {
                return Err(CausalError::Shape { part, expected, found });
            }
        }
        let by_environment = |a: &Array2<f64>| a.select(Axis(0), &truth.targets);
        let unmixing = by_environment(&truth.unmixing);
        let structure = truth.structures.first().map_or_else(|| Array2::zeros((d, d)), &by_environment).select(Axis(1), &truth.targets);
        let signs = (&unmixing * &self.unmixing).sum_axis(Axis(1)).mapv(f64::signum).insert_axis(Axis(1));
        let length = |a: &Array2<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
        let errors = [&self.unmixing - &unmixing, &self.structure - &structure];
        let strengths = truth.targets.iter().zip(truth.structures.iter().skip(1)).map(|(&i, b)| b[[i, i]]);
        let strengths = strengths.zip(&self.strengths).map(|(truth, found)| (truth - found).abs());
        let largest = errors.iter().flatten().map(|v| v.abs()).chain(strengths).fold(0.0, f64::max);
        let mut position = vec![0; d];
        self.order.iter().enumerate().for_each(|(place, &k)| position[k] = place);
        let backwards = structure.indexed_iter().any(|((i, j), b)| i != j && *b != 0.0 && position[j] > position[i]);
        Ok(Recovery {
            unmixing: length(&errors[0]),
            unmixing_up_to_sign: length(&(&self.unmixing * &signs - &unmixing)),
            structure: length(&errors[1]),
            largest,
            targets: !backwards,
        })
    }
}
