//! Topics from word counts by anchor words (Arora, Ge, Halpern, Mimno, Moitra, Sontag, Wu and Zhu 2013, A practical algorithm for topic modeling
//! with provable guarantees, ICML, PMLR 28(2), 280–288).
//!
//! A document is a bag of words, each drawn from one of `k` topics in the document's proportions. If every topic has a word of its own, an
//! *anchor*, then the rows of the words' co-occurrences, scaled to sum 1, lie in a simplex whose corners are the rows of the anchors. The corners are
//! found by stabilised Gram–Schmidt, the weights of every other word by convex problems, solved exactly, and topics by Bayes' rule: no
//! start, no local optimum.

mod anchors;
mod co_occurrence;
mod evidence;
mod model;
mod recovery;

pub use model::TopicModel;
pub use recovery::TopicRecovery;

use crate::{LinearError, nonnegative::listed};
use co_occurrence::Corpus;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, DataError, Evidence, Fit, Fitted, Observations, Params, Run, Seed, Warning};

/// The parameters of topics by anchor words.
///
/// ```
/// use ndarray::array;
/// use unmix_core::{Fit, Observations, Params, Run};
/// use unmix_linear::AnchorWordsParams;
///
/// let names = ["goal", "team", "vote", "law"];
/// let counts = array![[3.0, 2.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0], [0.0, 1.0, 3.0, 1.0], [2.0, 1.0, 0.0, 1.0]];
/// let params = AnchorWordsParams { components: Some(2), min_documents: 2, ..Default::default() };
/// let model = params.build()?.fit(&Observations::new(counts, names)?, &mut Run::new(0))?.model;
/// assert_eq!(model.anchor_words(), ["goal", "vote"]);
/// assert_eq!(model.top_words(0, 2), ["goal", "team"]);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnchorWordsParams {
    /// The number of topics; it has to be given, since no number follows from the data alone.
    pub components: Option<usize>,
    /// How the weights of a word in the topics are found.
    pub recovery: TopicRecovery,
    /// A word has to be in at least this many documents to become an anchor: the co-occurrences of rare words are mostly noise, and noise
    /// makes corners.
    pub min_documents: usize,
}

impl Default for AnchorWordsParams {
    /// Recovery by squared distance; anchors in at least 10 documents.
    fn default() -> Self {
        Self { components: None, recovery: TopicRecovery::default(), min_documents: 10 }
    }
}

impl Params for AnchorWordsParams {
    type Estimator = AnchorWords;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.at_least("min_documents", self.min_documents, 1);
    }

    fn seal(self) -> AnchorWords {
        AnchorWords { params: self }
    }
}

/// The estimator that [`AnchorWordsParams`] build.
#[derive(Clone, Debug)]
pub struct AnchorWords {
    params: AnchorWordsParams,
}

impl AnchorWords {
    fn fit_in_pool(&self, x: &Observations) -> Result<Fitted<TopicModel>, LinearError> {
        let remedy = "set `components` (--set components=10)";
        let k = self.params.components.ok_or(DataError::Missing { what: "the number of topics", remedy })?;
        x.require_rows(2, "count co-occurrences")?;
        let corpus = Corpus::of(x)?;
        let candidates = corpus.candidates(self.params.min_documents);
        if k > candidates.len() {
            let reason = "a word in `min_documents` documents for each";
            return Err(DataError::TooManyComponents { asked: k, most: candidates.len(), reason }.into());
        }
        let rows = corpus.conditional();
        let anchors = anchors::find(&rows, &candidates, k);
        if anchors.len() < k {
            let reason = "the rank of the co-occurrences";
            return Err(DataError::TooManyComponents { asked: k, most: anchors.len(), reason }.into());
        }
        let model = recovery::recover(&corpus, &rows, &anchors, self.params.recovery, x.names())?;
        Ok(Fitted { objective: Some(model.residual), warnings: warnings(&corpus, x), ..Fitted::closed_form(model) })
    }
}

fn warnings(corpus: &Corpus, x: &Observations) -> Vec<Warning> {
    let rows = |of: &[usize]| listed(&of.iter().map(|r| (r + 1).to_string()).collect::<Vec<_>>());
    let mut warnings = Vec::new();
    if !corpus.empty.is_empty() {
        let text = format!(
            "{} of the documents have no words and are skipped; their codes are 0: rows {}",
            corpus.empty.len(),
            rows(&corpus.empty)
        );
        warnings.push(Warning { code: "empty-document", text });
    }
    if !corpus.single.is_empty() {
        let text = format!(
            "{} of the documents have one word, which co-occurs with nothing, and are skipped: rows {}",
            corpus.single.len(),
            rows(&corpus.single)
        );
        warnings.push(Warning { code: "one-word-document", text });
    }
    let silent: Vec<String> =
        corpus.probability.iter().zip(x.names()).filter(|(p, _)| **p <= 0.0).map(|(_, name)| format!("\"{name}\"")).collect();
    if !silent.is_empty() {
        let text =
            format!("{} of the words occur in no document with another word and belong to no topic: {}", silent.len(), listed(&silent));
        warnings.push(Warning { code: "absent-word", text });
    }
    warnings
}

impl Fit<Observations> for AnchorWords {
    type Model = TopicModel;
    type Error = LinearError;

    /// The objective is the mean, over words by their probability, of the distance between a word's co-occurrences and its mixture of
    /// anchors: squared, or as a divergence in nats.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<TopicModel>, LinearError> {
        run.in_pool(|_| self.fit_in_pool(x))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Arora, Ge, Halpern, Mimno, Moitra, Sontag, Wu and Zhu (2013), ICML: topics that have anchor words, in proportions whose second \
                      moment R has full rank, are recovered up to their order, as the number of documents grows; their scale is fixed by sums of 1",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        vec![evidence::counts(x)]
    }

    fn evidence(&self, x: &Observations, model: &TopicModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| evidence::of(self, x, model, run))
    }
}
