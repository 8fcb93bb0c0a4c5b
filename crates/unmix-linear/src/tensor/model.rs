//! A fitted decomposition.

use super::khatri_rao;
use ndarray::{Array1, Array2, ArrayD, IxDyn, linalg::general_mat_mul};
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{Fault, Load, Model, load_json, save_json};

/// A sum of rank-one terms, `Σ_r w_r a_r⁽¹⁾ ∘ … ∘ a_r⁽ᴺ⁾`.
///
/// It is a decomposition of one tensor and no model of rows, which is [`RowCpModel`](super::RowCpModel): it infers and generates nothing. Terms come in order of descending weight; in every mode
/// but the last the entry of largest magnitude of each column is positive, so that signs do not depend on the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpModel {
    /// The weights `w`, `[k]`, none negative.
    pub weights: Array1<f64>,
    /// The factors, `[I_n, k]` for each mode, columns of length 1. A term that carries nothing has weight 0.
    pub factors: Vec<Array2<f64>>,
    /// `‖X - X̂‖ / ‖X‖` in the Frobenius norm, at the tensor fitted.
    pub error: f64,
    /// How the starts compare.
    pub starts: CpStarts,
}

/// What came out of several starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpStarts {
    /// Starts made.
    pub made: usize,
    /// Starts whose error is the best one, to one part in a thousand or `1e-6`.
    pub as_good: usize,
    /// Of these, starts whose every term has a congruence above 0.99 with one of the model.
    pub agreeing: usize,
}

impl CpModel {
    /// The number of terms, `k`.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// The lengths of the modes.
    pub fn shape(&self) -> Vec<usize> {
        self.factors.iter().map(Array2::nrows).collect()
    }

    /// The sum of the terms, as a tensor.
    pub fn tensor(&self) -> ArrayD<f64> {
        let Some((first, others)) = self.factors.split_first() else { return ArrayD::zeros(IxDyn(&[])) };
        let others = khatri_rao(others, self.components());
        // row by row, whatever the layout of the factors
        let mut sums = Array2::zeros((first.nrows(), others.nrows()));
        general_mat_mul(1.0, &(first * &self.weights), &others.t(), 0.0, &mut sums);
        sums.into_dyn().into_shape_with_order(IxDyn(&self.shape())).unwrap_or_default()
    }
}

impl Model for CpModel {
    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for CpModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
