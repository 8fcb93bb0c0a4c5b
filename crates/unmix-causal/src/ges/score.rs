//! The Bayesian information criterion of linear Gaussian mechanisms, one variable at a time.

use crate::{CausalError, FisherZ};

/// Scores from the correlations alone.
pub(super) struct Scores<'a> {
    pub correlations: &'a FisherZ,
    pub rows: f64,
    /// What a parent costs: `½ ln n`, times what the user asks for.
    pub of_parent: f64,
}

impl Scores<'_> {
    /// `-(n/2) ln σ²` less the cost of the parents, for the residual variance `σ²` of the standardised variable. Constants, which no graph
    /// changes, are left out.
    ///
    /// # Errors
    /// [`CausalError::Determined`] if the parents determine the variable or each other.
    pub fn local(&self, variable: usize, parents: &[usize]) -> Result<f64, CausalError> {
        let variance = self.correlations.residual_variance(variable, parents)?;
        Ok(-0.5 * self.rows * variance.ln() - self.of_parent * parents.len() as f64)
    }
}
