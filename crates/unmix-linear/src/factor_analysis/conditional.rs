//! A factor model given some of a row's entries: codes, the other entries, and the density of those that are there.
//!
//! With `Λ_o`, `Ψ_o` the rows of the observed entries, the posterior mean of the codes is `(Φ⁻¹ + Λ_oᵀΨ_o⁻¹Λ_o)⁻¹Λ_oᵀΨ_o⁻¹(x_o - mean_o)`, and that of a
//! missing entry `mean + λᵀ` of it, for the noise of one variable says nothing about that of another.

use super::{
    FactorModel,
    incomplete::{Pattern, patterns},
};
use crate::{LinearError, Scores, scores::score_weights};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use std::f64::consts::TAU;
use unmix_core::{DataError, require_columns};
use unmix_numerics::log_det_spd;

impl FactorModel {
    /// `x` `[n, d]` with each NaN replaced by its expectation given the other entries of its row.
    ///
    /// # Errors
    /// [`DataError`] if `x` is not `d` wide or a value is infinite.
    pub fn impute(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, LinearError> {
        let expected = self.codes(x, Scores::Regression)?.dot(&self.loadings.t()) + &self.mean;
        let mut filled = x.to_owned();
        filled.zip_mut_with(&expected, |value, &expected| {
            if value.is_nan() {
                *value = expected;
            }
        });
        Ok(filled)
    }

    /// `ln p` of the entries that each row of `x` `[n, d]` has, in nats, `[n]`; 0 for a row without any.
    pub(super) fn log_density_observed(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, LinearError> {
        let loadings = self.uncorrelated_loadings()?;
        let eye = Array2::<f64>::eye(self.components());
        let mut densities = Array1::zeros(x.nrows());
        for pattern in self.groups(x)? {
            let (columns, centred) = (&pattern.columns, &pattern.x - &self.mean.select(Axis(0), &pattern.columns));
            let loadings = loadings.select(Axis(0), columns);
            let uniqueness = self.uniqueness.select(Axis(0), columns);
            let weighted = &loadings / &uniqueness.view().insert_axis(Axis(1));
            let codes = centred.dot(&score_weights(&loadings, &weighted, &eye, Scores::Regression)?.t());
            let noise = &centred - &codes.dot(&loadings.t());
            let quadratic = (noise.mapv(|v| v * v) / &uniqueness).sum_axis(Axis(1)) + codes.mapv(|v| v * v).sum_axis(Axis(1));
            let log_det = uniqueness.mapv(f64::ln).sum() + log_det_spd((loadings.t().dot(&weighted) + &eye).view())?;
            for (&row, q) in pattern.rows.iter().zip(quadratic) {
                densities[row] = -0.5 * (columns.len() as f64 * TAU.ln() + log_det + q);
            }
        }
        Ok(densities)
    }

    /// The codes `[n, k]` of the entries that each row of `x` `[n, d]` has.
    pub(super) fn codes(&self, x: ArrayView2<'_, f64>, scores: Scores) -> Result<Array2<f64>, LinearError> {
        let mut codes = Array2::zeros((x.nrows(), self.components()));
        for pattern in self.groups(x)? {
            let columns = &pattern.columns;
            if scores != Scores::Regression && columns.len() < self.components() {
                let row = pattern.rows.first().map_or(0, |row| row + 1);
                return Err(LinearError::TooFewEntries { row, found: columns.len(), needed: self.components() });
            }
            let loadings = self.loadings.select(Axis(0), columns);
            let weighted = &loadings / &self.uniqueness.select(Axis(0), columns).insert_axis(Axis(1));
            let weights = score_weights(&loadings, &weighted, &self.correlation, scores)?;
            let of_rows = (&pattern.x - &self.mean.select(Axis(0), columns)).dot(&weights.t());
            for (&row, code) in pattern.rows.iter().zip(of_rows.rows()) {
                codes.row_mut(row).assign(&code);
            }
        }
        Ok(codes)
    }

    fn groups(&self, x: ArrayView2<'_, f64>) -> Result<Vec<Pattern>, LinearError> {
        require_columns(x, self.columns())?;
        match x.indexed_iter().find(|(_, v)| v.is_infinite()) {
            Some(((row, column), &value)) => Err(DataError::NonFinite { column: format!("x{}", column + 1), row: row + 1, value }.into()),
            None => Ok(patterns(x)),
        }
    }
}
