//! The Bayesian information criterion of linear Gaussian mechanisms, one variable at a time.

use crate::{CausalError, FisherZ};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Rows for each parent below which a variable takes no more: the criterion is an approximation for many rows, and with few it takes chance
/// for causes until nothing is left of the variance. Ours.
pub(super) const ROWS_A_PARENT: usize = 3;

/// Scores from the correlations alone.
pub(super) struct Scores<'a> {
    correlations: &'a FisherZ,
    rows: usize,
    /// What a parent costs: `½ ln n`, times what the user asks for.
    of_parent: f64,
    /// Of each variable that others determine, how an error says it: of several the first in alphabetical order, whichever thread met which.
    determined: Mutex<BTreeMap<String, String>>,
    /// Whether a move was left out for want of rows.
    lacked_rows: AtomicBool,
}

impl<'a> Scores<'a> {
    pub fn new(correlations: &'a FisherZ, rows: usize, penalty: f64) -> Self {
        let of_parent = 0.5 * penalty * (rows as f64).ln();
        Self { correlations, rows, of_parent, determined: Mutex::default(), lacked_rows: AtomicBool::default() }
    }

    /// What it adds to the score that the parents of `variable` become `after` instead of `before`; none if there are too few rows
    /// ([`ROWS_A_PARENT`]) or the parents determine the variable or each other, so that there is no score.
    pub fn gain(&self, variable: usize, before: &[usize], after: &[usize]) -> Result<Option<f64>, CausalError> {
        if ROWS_A_PARENT * before.len().max(after.len()) > self.rows {
            self.lacked_rows.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        let score = |parents| match self.local(variable, parents) {
            Err(CausalError::Determined { column, by }) => {
                self.note(CausalError::Determined { column: column.clone(), by }.to_string(), column);
                Ok(None)
            }
            score => score.map(Some),
        };
        Ok(score(after)?.zip(score(before)?).map(|(after, before)| after - before))
    }

    fn note(&self, text: String, column: String) {
        let mut determined = self.determined.lock().unwrap_or_else(PoisonError::into_inner);
        let known = determined.entry(column).or_insert_with(|| text.clone());
        if text < *known {
            *known = text;
        }
    }

    /// What the search met: deterministic relations in words, and whether it left moves out for want of rows.
    pub fn met(self) -> (Vec<String>, bool) {
        let determined = self.determined.into_inner().unwrap_or_else(PoisonError::into_inner);
        (determined.into_values().collect(), self.lacked_rows.into_inner())
    }

    /// `-(n/2) ln σ²` less the cost of the parents, for the residual variance `σ²` of the standardised variable. Constants, which no graph
    /// changes, are left out.
    ///
    /// # Errors
    /// [`CausalError::Determined`] if the parents determine the variable or each other.
    pub fn local(&self, variable: usize, parents: &[usize]) -> Result<f64, CausalError> {
        let variance = self.correlations.residual_variance(variable, parents)?;
        Ok(-0.5 * self.rows as f64 * variance.ln() - self.of_parent * parents.len() as f64)
    }
}
