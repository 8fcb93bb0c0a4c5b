//! Co-occurrences of words, without bias by the lengths of documents.

use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
use unmix_core::{DataError, Observations};

/// A document: words and their counts, and what the pairs of its words weigh.
pub(super) struct Document {
    pub words: Vec<(usize, f64)>,
    /// `1 / (n (n - 1))` for `n` words, over the number of documents.
    pub weight: f64,
}

/// Word counts as co-occurrences.
pub(super) struct Corpus {
    /// Those of at least two words.
    pub documents: Vec<Document>,
    /// Rows without a word, from 0.
    pub empty: Vec<usize>,
    /// Rows of one word, from 0.
    pub single: Vec<usize>,
    /// The documents that each word is in, `[d]`.
    pub frequency: Vec<usize>,
    /// `Q` `[d, d]`, of sum 1: the probability that two words drawn from one document are these.
    pub q: Array2<f64>,
    /// Its row sums `[d]`: the probability of each word.
    pub probability: Array1<f64>,
}

/// Fails unless every value is a whole number of at least 0.
pub(super) fn require_counts(x: ArrayView2<'_, f64>, names: &[String]) -> Result<(), LinearError> {
    let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| **v < 0.0 || v.fract() != 0.0) else { return Ok(()) };
    Err(LinearError::NotACount { column: names.get(column).cloned().unwrap_or_default(), row: row + 1, value })
}

/// Words whose rows of `Q` one task sums.
const TASK_WORDS: usize = 64;

impl Corpus {
    pub fn of(x: &Observations) -> Result<Self, LinearError> {
        require_counts(x.x(), x.names())?;
        let d = x.columns();
        let (mut documents, mut empty, mut single) = (Vec::new(), Vec::new(), Vec::new());
        let mut frequency = vec![0; d];
        for (i, row) in x.x().outer_iter().enumerate() {
            let mut words: Vec<(usize, f64)> = row.iter().copied().enumerate().filter(|(_, c)| *c > 0.0).collect();
            words.shrink_to_fit();
            let length: f64 = words.iter().map(|(_, c)| c).sum();
            if length < 2.0 {
                if words.is_empty() {
                    empty.push(i);
                } else {
                    single.push(i);
                }
                continue;
            }
            words.iter().for_each(|&(w, _)| frequency[w] += 1);
            documents.push(Document { words, weight: 1.0 / (length * (length - 1.0)) });
        }
        if documents.len() < 2 {
            let reason = "count co-occurrences: documents of at least two words";
            return Err(DataError::TooFewRows { needed: 2, found: documents.len(), reason }.into());
        }
        let count = documents.len() as f64;
        documents.iter_mut().for_each(|document| document.weight /= count);
        let q = co_occurrences(&documents, d);
        let probability = q.sum_axis(Axis(1));
        Ok(Self { documents, empty, single, frequency, q, probability })
    }

    /// Words that may be anchors: in at least `min_documents` documents, with other words.
    pub fn candidates(&self, min_documents: usize) -> Vec<usize> {
        (0..self.frequency.len()).filter(|&w| self.frequency[w] >= min_documents && self.probability[w] > 0.0).collect()
    }

    /// Rows of `Q` divided by their sums `[d, d]`: the distribution of a second word, given the first. Zero for absent words.
    pub fn conditional(&self) -> Array2<f64> {
        // in standard layout, as the quotient of a matrix in standard layout is
        &self.q / &self.probability.mapv(|p| if p > 0.0 { p } else { 1.0 }).insert_axis(Axis(1))
    }
}

/// `Q = Σ (c cᵀ - diag(c)) / (n (n - 1))` over documents (Arora et al. 2013): a word is no pair with itself. Each task owns rows of `Q` and adds
/// the documents in their order.
fn co_occurrences(documents: &[Document], d: usize) -> Array2<f64> {
    // for each word, the documents that it is in: small numbers in lists of the right size, since there is one for each count
    let mut frequency = vec![0; d];
    documents.iter().flat_map(|document| &document.words).for_each(|&(w, _)| frequency[w] += 1);
    let mut places: Vec<Vec<u32>> = frequency.into_iter().map(Vec::with_capacity).collect();
    for (i, document) in documents.iter().enumerate() {
        document.words.iter().for_each(|&(w, _)| places[w].push(i as u32));
    }
    let mut values = vec![0.0; d * d];
    values.par_chunks_mut(TASK_WORDS * d).zip(places.par_chunks(TASK_WORDS)).enumerate().for_each(|(task, (rows, places))| {
        for (r, (row, places)) in rows.chunks_mut(d).zip(places).enumerate() {
            let word = task * TASK_WORDS + r;
            for &i in places {
                let document = &documents[i as usize];
                // words of a document are in order
                let count = document.words.binary_search_by_key(&word, |&(w, _)| w).map_or(0.0, |at| document.words[at].1);
                let scale = count * document.weight;
                document.words.iter().for_each(|&(other, c)| row[other] += scale * c);
                row[word] -= scale;
            }
            // one occurrence in every document: exactly no pair with itself
            row[word] = row[word].max(0.0);
        }
    });
    Array2::from_shape_vec((d, d), values).unwrap_or_default()
}
