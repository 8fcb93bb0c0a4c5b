//! The fitted model.

use crate::nonnegative::{Likelihood, Work, require_non_negative};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{Fault, Generate, Infer, Load, Model, load_json, require_columns, save_json};

/// Topics of documents.
///
/// A code is the number of a document's words that come from a topic, at the maximum of the likelihood with the topics fixed (a multinomial mixture);
/// the codes of a document sum to its length (but for words that no topic has, which count for none), and [`proportions`](Self::proportions) to 1. Generated are expected counts `Σ_k z_k p(word | k)`, so that
/// inferring and generating form a loop in the units of the data. A document without words has codes 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopicModel {
    /// The words, `d` of them.
    pub names: Vec<String>,
    /// The column of each topic's anchor, from 0, `[k]`.
    pub anchors: Vec<usize>,
    /// `p(word | topic)`, `[d, k]`, columns of sum 1. The mixing.
    pub topics: Array2<f64>,
    /// `p(topic)` over words of documents of equal weight, `[k]`, largest first.
    pub prior: Array1<f64>,
    /// `R = E[θ θᵀ]`, `[k, k]`, for the proportions `θ` of a document.
    pub moment: Array2<f64>,
    /// The mean distance of words from their mixtures of anchors, as the fit's objective.
    pub residual: f64,
}

impl TopicModel {
    /// The number of words, `d`.
    pub fn columns(&self) -> usize {
        self.topics.nrows()
    }

    /// The number of topics, `k`.
    pub fn components(&self) -> usize {
        self.topics.ncols()
    }

    /// The anchor of each topic.
    pub fn anchor_words(&self) -> Vec<&str> {
        self.anchors.iter().filter_map(|&a| self.names.get(a)).map(String::as_str).collect()
    }

    /// The `count` most probable words of a topic (from 0), the most probable first; none if there is no such topic.
    pub fn top_words(&self, topic: usize, count: usize) -> Vec<&str> {
        if topic >= self.components() {
            return Vec::new();
        }
        let column = self.topics.column(topic);
        let mut order: Vec<usize> = (0..self.columns()).collect();
        order.sort_by(|&a, &b| column[b].total_cmp(&column[a]));
        order.iter().take(count).filter_map(|&w| self.names.get(w)).map(String::as_str).collect()
    }

    /// The share of each topic in each document of `x` `[n, d]`, `[n, k]`; zeros for a document without words.
    ///
    /// # Errors
    /// As [`Infer::infer`].
    pub fn proportions(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        let codes = self.infer(x)?;
        let total = codes.sum_axis(Axis(1)).mapv(|t| if t > 0.0 { t } else { 1.0 });
        Ok(codes / &total.insert_axis(Axis(1)))
    }
}

impl Infer for TopicModel {
    /// # Errors
    /// [`DataError::ColumnCount`](unmix_core::DataError::ColumnCount); [`DataError::OutsideSupport`](unmix_core::DataError::OutsideSupport) names a negative count.
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns())?;
        require_non_negative(x, &self.names, "word count")?;
        let x = x.as_standard_layout();
        let (d, k) = self.topics.dim();
        let parts = self.topics.t().as_standard_layout().into_owned();
        let none = vec![0.0; k];
        let likelihood = Likelihood::new(&parts, &none, &none);
        let rows = x.as_slice().unwrap_or_default().par_chunks(d);
        let codes: Vec<f64> = rows.map_init(Work::default, |work, row| likelihood.minimum(row, work)).flatten_iter().collect();
        Ok(Array2::from_shape_vec((x.nrows(), k), codes).unwrap_or_default())
    }
}

impl Generate for TopicModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.topics.t()))
    }
}

impl Model for TopicModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.topics.view())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for TopicModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
