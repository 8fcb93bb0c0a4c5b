//! Standard errors and modification indices of a confirmatory model.
//!
//! The information of `n` samples is `I = (n/2) H` with `H_ab = tr(Σ⁻¹ ∂Σ/∂θ_a Σ⁻¹ ∂Σ/∂θ_b)` (Jöreskog 1969), expected under the model. Parameters
//! at a bound are taken as fixed. The modification index of a fixed entry `f` is its score test, `(n/2) g_f² / (H_ff - H_fθ H_θθ⁻¹ H_θf)` with
//! the slope `g_f` of the discrepancy: near what χ² would fall by if `f` were free; the entry would become about `-g_f / (H_ff - …)` (Sörbom
//! 1989, Psychometrika 54(3), 371–384).

use super::structure::{Discrepancy, Matrices, Parameter, Structure};
use crate::LinearError;
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_numerics::{inverse_spd, normal_two_sided};

/// An entry adds nothing that the free parameters do not, if less than this share of its information is its own.
const OWN_INFORMATION: f64 = 1e-8;

/// Modifications that are kept: a table of 300 variables has 45,000, most of them nothing.
const MOST_MODIFICATIONS: usize = 1000;

/// Entries whose information is held in memory at once.
const ENTRIES_AT_ONCE: usize = 1024;

/// A free parameter with what the data say about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Which.
    pub parameter: Parameter,
    /// Its name in lavaan's notation: `visual =~ x1`, `x1 ~~ x1`.
    pub name: String,
    /// The estimate, in the units of `x`.
    pub value: f64,
    /// The standard error from the expected information; `None` at a bound or if the information is singular.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// The estimate in standard errors.
    pub fn z(&self) -> Option<f64> {
        self.standard_error.map(|error| self.value / error)
    }

    /// The two-sided p-value of 0.
    pub fn p_value(&self) -> Option<f64> {
        self.z().map(normal_two_sided)
    }
}

/// What freeing a fixed entry would bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Modification {
    /// Which.
    pub parameter: Parameter,
    /// Its name in lavaan's notation: `visual =~ x9`, `x7 ~~ x8`.
    pub name: String,
    /// By about how much χ² would fall.
    pub index: f64,
    /// About what the entry would become, in the units of `x`.
    pub expected: f64,
}

/// The information about the parameters that are not at a bound.
pub(crate) struct Information<'a> {
    matrices: &'a Matrices,
    rows: f64,
    discrepancy: Discrepancy,
    /// The parameters not at a bound.
    inner: Vec<Parameter>,
    /// `H⁻¹` of these, `None` if singular.
    inverse: Option<Array2<f64>>,
}

impl<'a> Information<'a> {
    /// At `matrices`, for `rows` samples of covariance `s` `[d, d]`; `held` says which parameters of `structure` are at a bound.
    pub fn of(
        matrices: &'a Matrices,
        structure: &Structure,
        held: impl Fn(Parameter) -> bool,
        s: ArrayView2<'_, f64>,
        rows: usize,
    ) -> Result<Self, LinearError> {
        let discrepancy = Discrepancy::of(&matrices.covariance(), s, 0.0)?;
        let inner: Vec<Parameter> = structure.free.iter().copied().filter(|&parameter| !held(parameter)).collect();
        let directions = matrices.directions(&inner);
        let curvature = directions.products(discrepancy.inverse.view(), &directions);
        // brought to a unit diagonal, so that units do not matter to its inverse
        let scale = curvature.diag().mapv(|v| v.sqrt().recip());
        let unit = |m: Array2<f64>| m * &scale * scale.view().insert_axis(Axis(1));
        let inverse = inverse_spd(unit(curvature).view()).ok().map(unit);
        Ok(Self { matrices, rows: rows as f64, discrepancy, inner, inverse })
    }

    /// The standard error of `parameter`.
    pub fn standard_error(&self, parameter: Parameter) -> Option<f64> {
        let place = self.inner.iter().position(|&inner| inner == parameter)?;
        let variance = self.inverse.as_ref()?[[place, place]];
        (variance > 0.0).then(|| (2.0 * variance / self.rows).sqrt())
    }

    /// Those of `entries` that the model could have beside its own, the [`MOST_MODIFICATIONS`] of largest index; none if the information is
    /// singular.
    pub fn modifications(&self, entries: &[Parameter], name: impl Fn(Parameter) -> String) -> Vec<Modification> {
        let Some(inverse) = &self.inverse else { return Vec::new() };
        let (own, w) = (self.matrices.directions(&self.inner), self.discrepancy.inverse.view());
        let mut modifications: Vec<Modification> = Vec::new();
        for entries in entries.chunks(ENTRIES_AT_ONCE) {
            let other = self.matrices.directions(entries);
            let crossed = other.products(w, &own);
            let predicted = (crossed.dot(inverse) * &crossed).sum_axis(Axis(1));
            let (totals, slopes) = (other.squares(w), other.slopes(self.discrepancy.slope.view()));
            for (((&parameter, total), predicted), slope) in entries.iter().zip(&totals).zip(&predicted).zip(&slopes) {
                let left = total - predicted;
                if left > OWN_INFORMATION * total {
                    let (index, expected) = (0.5 * self.rows * slope * slope / left, -slope / left);
                    modifications.push(Modification { parameter, name: name(parameter), index, expected });
                }
            }
        }
        modifications.sort_by(|a, b| b.index.total_cmp(&a.index));
        modifications.truncate(MOST_MODIFICATIONS);
        modifications
    }
}
