//! The fitted model.

use super::{
    NmfLoss,
    factors::{Factors, Problem},
};
use crate::nonnegative::{Likelihood, Work, quadratic, require_non_negative};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{DataError, Fault, Generate, Infer, Load, Model, Observations, load_json, require_columns, save_json};

/// Non-negative parts of observations.
///
/// Codes are found by non-negative least squares, or by maximum likelihood for the divergence, with the parts fixed and the penalty of the fit:
/// the exact minimum, so that training rows may get slightly better codes than the fit ended with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NmfModel {
    /// Names of the variables, `d` of them.
    pub names: Vec<String>,
    /// The loss that codes minimise.
    pub loss: NmfLoss,
    /// The parts, a column each: `Hᵀ`, `[d, k]`, of sum 1. The mixing.
    pub parts: Array2<f64>,
    /// The share of each part in the sum of the fitted data, `[k]`, largest first.
    pub mass: Array1<f64>,
    /// Penalty on each code, `[k]`, in the scale of these codes.
    pub l1: Array1<f64>,
    /// Penalty on half the square of each code, `[k]`.
    pub l2: Array1<f64>,
}

impl NmfModel {
    pub(super) fn of(x: &Observations, problem: &Problem, factors: &Factors) -> Self {
        let scale = super::column_sums(factors.ht.view());
        let carried = super::column_sums(factors.w.view()) * &scale;
        let mut order: Vec<usize> = (0..factors.components()).collect();
        order.sort_by(|&a, &b| carried[b].total_cmp(&carried[a]));
        // a part of zeros has no scale, and is left as it is
        let divisor = scale.mapv(|s| if s > 0.0 { s } else { 1.0 }).select(Axis(0), &order);
        let total = carried.sum();
        Self {
            names: x.names().to_vec(),
            loss: problem.loss,
            // row by row, as a loaded model has it: the order of sums in a product follows the layout
            parts: (factors.ht.select(Axis(1), &order) / &divisor).as_standard_layout().into_owned(),
            mass: carried.select(Axis(0), &order) / if total > 0.0 { total } else { 1.0 },
            l1: divisor.mapv(|s| problem.of_w.l1 / s),
            l2: divisor.mapv(|s| problem.of_w.l2 / (s * s)),
        }
    }

    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.parts.nrows()
    }

    /// The number of parts, `k`.
    pub fn components(&self) -> usize {
        self.parts.ncols()
    }

    /// As [`Infer::infer`].
    pub(super) fn codes(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, DataError> {
        require_columns(x, self.columns())?;
        require_non_negative(x, &self.names, "non-negative factorisation")?;
        let x = x.as_standard_layout();
        let (d, k) = self.parts.dim();
        let rows = x.as_slice().unwrap_or_default().par_chunks(d);
        let codes: Vec<f64> = match self.loss {
            NmfLoss::Frobenius => {
                let gram = self.parts.t().dot(&self.parts) + Array2::from_diag(&self.l2);
                let codes = rows.flat_map_iter(|row| {
                    let cross = self.parts.t().dot(&ndarray::ArrayView1::from(row)) - &self.l1;
                    quadratic(gram.view(), cross.as_slice().unwrap_or_default())
                });
                codes.collect()
            }
            NmfLoss::KullbackLeibler => {
                let parts = self.parts.t().as_standard_layout().into_owned();
                let (l1, l2) = (self.l1.to_vec(), self.l2.to_vec());
                let likelihood = Likelihood::new(&parts, &l1, &l2);
                rows.map_init(Work::default, |work, row| likelihood.minimum(row, work)).flatten_iter().collect()
            }
        };
        Ok(Array2::from_shape_vec((x.nrows(), k), codes).unwrap_or_default())
    }
}

impl Infer for NmfModel {
    /// # Errors
    /// [`DataError::OutsideSupport`] names a negative value.
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        Ok(self.codes(x)?)
    }
}

impl Generate for NmfModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.parts.t()))
    }
}

impl Model for NmfModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.parts.view())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for NmfModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
