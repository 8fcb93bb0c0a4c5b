//! From anchors to topics (`RecoverL2` and `RecoverKL` of Arora et al. 2013).

use super::{TopicModel, co_occurrence::Corpus};
use crate::{
    LinearError,
    nonnegative::{Likelihood, Work, on_the_simplex},
};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use unmix_numerics::solve_spd;

/// How the weights of a word in the topics are found from its co-occurrences. Both problems are convex and solved exactly by active sets, where the paper
/// uses exponentiated gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TopicRecovery {
    /// The mixture of the anchors' rows of smallest squared distance, `RecoverL2`.
    #[default]
    SquaredDistance,
    /// The mixture of smallest Kullback–Leibler divergence, `RecoverKL`: the likelihood of the co-occurrences, and slower.
    KullbackLeibler,
}

/// Topics, their order by probability.
pub(super) fn recover(
    corpus: &Corpus,
    rows: &Array2<f64>,
    anchors: &[usize],
    recovery: TopicRecovery,
    names: &[String],
) -> Result<TopicModel, LinearError> {
    let corners = rows.select(Axis(0), anchors).as_standard_layout().into_owned();
    let (weights, distance) = weights(rows, &corners, recovery);
    // p(topic | word) times p(word); absent words have probability 0
    let joint = &weights * &corpus.probability.view().insert_axis(Axis(1));
    let prior = joint.sum_axis(Axis(0));
    let mut order: Vec<usize> = (0..anchors.len()).collect();
    order.sort_by(|&a, &b| prior[b].total_cmp(&prior[a]));

    let topics = (&joint / &prior).select(Axis(1), &order);
    // R = A⁺ Q A⁺ᵀ
    let gram = topics.t().dot(&topics);
    let left = solve_spd(gram.view(), topics.t().dot(&corpus.q).dot(&topics).view())?;
    let moment = solve_spd(gram.view(), left.t())?;
    Ok(TopicModel {
        names: names.to_vec(),
        anchors: order.iter().map(|&j| anchors[j]).collect(),
        topics,
        prior: prior.select(Axis(0), &order),
        moment: (&moment + &moment.t()) * 0.5,
        residual: distance.dot(&corpus.probability),
    })
}

/// The weights `[d, k]` of every word and the distance `[d]` of its row from that mixture of `corners` `[k, d]`.
fn weights(rows: &Array2<f64>, corners: &Array2<f64>, recovery: TopicRecovery) -> (Array2<f64>, Array1<f64>) {
    let k = corners.nrows();
    let gram = corners.dot(&corners.t());
    let none = vec![0.0; k];
    let likelihood = Likelihood::new(corners, &none, &none);
    let each = rows.as_slice().unwrap_or_default().par_chunks(rows.ncols()).map_init(Work::default, |work, values| {
        let row = ArrayView1::from(values);
        if row.sum() <= 0.0 {
            return (vec![1.0 / k as f64; k], 0.0);
        }
        let weights = match recovery {
            TopicRecovery::SquaredDistance => on_the_simplex(gram.view(), corners.dot(&row).view(), row.dot(&row)),
            TopicRecovery::KullbackLeibler => {
                let weights = likelihood.minimum(values, work);
                let total: f64 = weights.iter().sum();
                if total > 0.0 { weights.iter().map(|w| w / total).collect() } else { vec![1.0 / k as f64; k] }
            }
        };
        let mixture = Array1::from(weights.clone()).dot(corners);
        let distance = match recovery {
            TopicRecovery::SquaredDistance => row.iter().zip(&mixture).map(|(q, m)| (q - m).powi(2)).sum(),
            // pairs that no anchor has say nothing about the weights
            TopicRecovery::KullbackLeibler => {
                let terms = row.iter().zip(&mixture).filter(|(q, m)| **q > 0.0 && **m > 0.0);
                terms.map(|(q, m)| q * (q / m).ln()).sum()
            }
        };
        (weights, distance)
    });
    let each: Vec<(Vec<f64>, f64)> = each.collect();
    let distance = each.iter().map(|(_, distance)| *distance).collect();
    let weights: Vec<f64> = each.into_iter().flat_map(|(weights, _)| weights).collect();
    (Array2::from_shape_vec((rows.nrows(), k), weights).unwrap_or_default(), distance)
}
