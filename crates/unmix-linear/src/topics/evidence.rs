//! What the counts say about the assumptions of anchor words.
//!
//! If anchors are anchors, the row of every other word is a mixture of theirs, so that its coordinates in the span of the anchors, found by unconstrained
//! least squares, are not negative beyond chance. Chance is measured from the documents: the coordinates are, to first order, sums over documents, and the scatter of
//! the sums of groups of documents gives their standard errors, those of the anchors' rows included.

use super::{
    AnchorWords, AnchorWordsParams, TopicModel,
    co_occurrence::{Corpus, Document, require_counts},
};
use crate::{EVIDENCE_LEVEL, LinearError};
use ndarray::{Array1, Array2, Axis};
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Observations, Run, Verdict};
use unmix_numerics::{inverse_spd, normal_tail, symmetric_eigen};

const BAGS: &str = "documents are bags of words from mixtures of this many topics";
const ANCHORED: &str = "every topic has a word of its own";
const FREQUENT: &str = "the anchors are frequent enough to be located";
const FULL_RANK: &str = "the proportions of the topics are not dependent";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 4] = [BAGS, ANCHORED, FREQUENT, FULL_RANK];

/// Groups of documents whose scatter gives standard errors; with fewer than some dozen, these are uncertain themselves.
const GROUPS: usize = 200;

/// Words in fewer documents are not tested: their coordinates are not Gaussian.
const TESTED_DOCUMENTS: usize = 100;

/// The standard error of an anchor's position, in units of its distance from the face of the others, above which it is not located. Ours: of a
/// hundred points of noise, the farthest is a corner three to five standard errors away, which is an error of 0.2 to 0.3.
const LOCATED: f64 = 0.1;

/// The least eigenvalue of `R` in units of the topics' probabilities, below which topics are taken to be dependent. Ours; it is 1 for documents of one
/// topic each.
const LEAST_EIGENVALUE: f64 = 0.01;

/// A word with at least this weight in one topic is as good as an anchor. Ours.
const PURE: f64 = 0.95;

/// Whether all values are counts: all that can be said before a fit.
pub(super) fn counts(x: &Observations) -> Evidence {
    let (verdict, detail) = match require_counts(x.x(), x.names()) {
        Ok(()) => (Verdict::Untestable, "all values are whole numbers; order and style of words are not in the counts".to_owned()),
        Err(error) => (Verdict::Refuted, error.to_string()),
    };
    Evidence { assumption: BAGS, verdict, p_value: None, margin: None, detail }
}

pub(super) fn of(estimator: &AnchorWords, x: &Observations, model: &TopicModel, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let frequent = match Coordinates::of(&Corpus::of(x)?, model) {
        Ok(coordinates) => frequent(&coordinates, model),
        Err(error) => Evidence { assumption: FREQUENT, verdict: Verdict::Refuted, p_value: None, margin: None, detail: error.to_string() },
    };
    let anchored = match held_out(estimator, x, model.components(), run)? {
        Ok(held) => anchored(&held),
        Err(detail) => Evidence { assumption: ANCHORED, verdict: Verdict::Untestable, p_value: None, margin: None, detail },
    };
    Ok(vec![counts(x), anchored, frequent, full_rank(model)?])
}

/// Topics of half of the documents, chosen by the seed, and the other half: corners of the same documents that are tested for holding all of them
/// would hold more than their share.
struct HeldOut {
    model: TopicModel,
    corpus: Corpus,
    coordinates: Coordinates,
    /// Words, from 0, frequent enough in the other half.
    tested: Vec<usize>,
}

fn held_out(estimator: &AnchorWords, x: &Observations, components: usize, run: &Run<'_>) -> Result<Result<HeldOut, String>, LinearError> {
    let fails = |error: LinearError| format!("half of the documents do not allow the test: {error}");
    if x.rows() < 4 {
        return Ok(Err(format!("the test needs two halves of the documents, and there are {}", x.rows())));
    }
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut run.seed.child("held-out", 0).stream("split", 0));
    let (choosing, testing) = rows.split_at(x.rows() / 2);
    // half of the documents have half of the words
    let min_documents = estimator.params.min_documents.div_ceil(2);
    let refit = AnchorWords { params: AnchorWordsParams { components: Some(components), min_documents, ..estimator.params.clone() } };
    let model = match refit.fit_in_pool(&x.select(choosing)?) {
        Ok(refit) => refit.model,
        Err(error @ LinearError::Data(_)) => return Ok(Err(fails(error))),
        Err(error) => return Err(error),
    };
    let corpus = match Corpus::of(&x.select(testing)?) {
        Ok(corpus) => corpus,
        Err(error) => return Ok(Err(fails(error))),
    };
    let coordinates = match Coordinates::of(&corpus, &model) {
        Ok(coordinates) => coordinates,
        Err(error) => return Ok(Err(fails(error))),
    };
    let tested = corpus.candidates(refit.params.min_documents.max(TESTED_DOCUMENTS));
    let tested = tested.into_iter().filter(|w| !model.anchors.contains(w)).collect();
    Ok(Ok(HeldOut { model, corpus, coordinates, tested }))
}

/// Coordinates of words in the span of the anchors.
struct Coordinates {
    /// `[d, k]`.
    values: Array2<f64>,
    /// Their standard errors, those of the anchors' rows included, `[d, k]`.
    errors: Array2<f64>,
    /// The standard errors of the anchors' own positions, `[k, k]`.
    anchor_errors: Array2<f64>,
}

impl Coordinates {
    fn of(corpus: &Corpus, model: &TopicModel) -> Result<Self, LinearError> {
        let rows = corpus.conditional();
        let corners = rows.select(Axis(0), &model.anchors);
        let inverse = corners.t().dot(&inverse_spd(corners.dot(&corners.t()).view())?);
        let values = rows.dot(&inverse);
        let groups = GROUPS.min(corpus.documents.len());
        let (mut squares, mut anchor_squares) =
            (Array2::<f64>::zeros(values.dim()), Array2::<f64>::zeros((inverse.ncols(), inverse.ncols())));
        for group in 0..groups {
            let documents = corpus.documents.iter().skip(group).step_by(groups);
            let deviations = deviations(documents, &inverse, &values, &corpus.probability);
            let of_anchors = deviations.select(Axis(0), &model.anchors);
            squares += &(deviations - values.dot(&of_anchors)).mapv(|v| v * v);
            anchor_squares += &of_anchors.mapv(|v| v * v);
        }
        let scale = groups as f64 / (groups as f64 - 1.0);
        Ok(Self { values, errors: squares.mapv(|v| (scale * v).sqrt()), anchor_errors: anchor_squares.mapv(|v| (scale * v).sqrt()) })
    }
}

/// What some documents add to the coordinates of each word, `[d, k]`, to first order: over all documents the sum is 0.
fn deviations<'a>(
    documents: impl Iterator<Item = &'a Document>,
    inverse: &Array2<f64>,
    values: &Array2<f64>,
    probability: &Array1<f64>,
) -> Array2<f64> {
    let mut sum = Array2::<f64>::zeros(values.dim());
    for document in documents {
        let length: f64 = document.words.iter().map(|(_, c)| c).sum();
        let mut others = Array1::<f64>::zeros(inverse.ncols());
        document.words.iter().for_each(|&(w, c)| others.scaled_add(c, &inverse.row(w)));
        for &(word, count) in &document.words {
            let scale = count * document.weight;
            let mut row = sum.row_mut(word);
            row.scaled_add(scale, &others);
            row.scaled_add(-scale, &inverse.row(word));
            row.scaled_add(-scale * (length - 1.0), &values.row(word));
        }
    }
    sum / &probability.mapv(|p| if p > 0.0 { p } else { 1.0 }).insert_axis(Axis(1))
}

/// The most negative coordinate, with Bonferroni's correction.
fn anchored(HeldOut { model, corpus, coordinates, tested }: &HeldOut) -> Evidence {
    let k = model.components();
    let pure = |topic: usize| {
        let share = |w: usize| model.topics[[w, topic]] * model.prior[topic] / corpus.probability[w];
        (0..model.columns()).filter(|&w| corpus.probability[w] > 0.0 && share(w) >= PURE).count()
    };
    let second = (0..k).filter(|&topic| pure(topic) >= 2).count();
    let words = tested.iter().flat_map(|&w| (0..k).map(move |topic| (w, topic)));
    let scores = words.map(|(w, topic)| (w, topic, coordinates.values[[w, topic]] / coordinates.errors[[w, topic]]));
    let worst = scores.filter(|(_, _, z)| z.is_finite()).min_by(|a, b| a.2.total_cmp(&b.2));
    let Some((word, topic, z)) = worst else {
        let detail = format!("no word but the anchors is in {TESTED_DOCUMENTS} documents of a half");
        return Evidence { assumption: ANCHORED, verdict: Verdict::Untestable, p_value: None, margin: None, detail };
    };
    let tests = (tested.len() * k) as f64;
    let p = (tests * normal_tail(-z)).min(1.0);
    Evidence {
        assumption: ANCHORED,
        verdict: if p > EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(p),
        margin: Some(coordinates.values[[word, topic]]),
        detail: format!(
            "no mixture of the anchors that half of the documents chose is negative beyond chance in the other: of {} words in {TESTED_DOCUMENTS} documents or more, \"{}\" has the most negative \
             weight, {:.3} (margin) of \"{}\", {:.1} standard errors, Bonferroni's correction for {tests} weights; {second} of {k} topics have a \
             second word of weight {PURE} or more",
            tested.len(),
            model.names.get(word).map_or("", String::as_str),
            coordinates.values[[word, topic]],
            model.anchor_words().get(topic).copied().unwrap_or_default(),
            z
        ),
    }
}

fn frequent(coordinates: &Coordinates, model: &TopicModel) -> Evidence {
    let worst = coordinates.anchor_errors.indexed_iter().max_by(|a, b| a.1.total_cmp(b.1));
    let (anchor, error) = worst.map_or((0, f64::INFINITY), |((anchor, _), error)| (anchor, *error));
    Evidence {
        assumption: FREQUENT,
        verdict: if error <= LOCATED { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(LOCATED - error),
        detail: format!(
            "the standard error of an anchor's position, its distance from the face of the others being 1, is at most {error:.3}, of \"{}\" \
             ({LOCATED} allowed; margin: the difference)",
            model.anchor_words().get(anchor).copied().unwrap_or_default()
        ),
    }
}

/// The least eigenvalue of `D^-½ R D^-½` with `D` the probabilities of the topics; the largest is near 1.
fn full_rank(model: &TopicModel) -> Result<Evidence, LinearError> {
    let root = model.prior.mapv(|p| if p > 0.0 { p.sqrt() } else { 1.0 });
    let scaled = &(&model.moment / &root) / &root.view().insert_axis(Axis(1));
    let values = symmetric_eigen(scaled.view())?.values;
    let (largest, least) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
    Ok(Evidence {
        assumption: FULL_RANK,
        verdict: if least >= LEAST_EIGENVALUE { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(least - LEAST_EIGENVALUE),
        detail: format!(
            "the second moment of the proportions, in units of the topics' probabilities, has eigenvalues from {least:.3} to {largest:.3} \
             ({LEAST_EIGENVALUE} needed; margin: the difference)"
        ),
    })
}
