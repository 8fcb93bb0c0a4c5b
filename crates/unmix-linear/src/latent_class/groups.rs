//! Three groups of columns, behind identifiability and behind the start by moments.
//!
//! Given the class the columns are independent, so three groups of them have a joint table of rank-one terms, one a class: Kruskal's theorem makes the classes
//! unique (Allman, Matias and Rhodes 2009, Annals of Statistics 37(6A), 3099–3132).

use super::{categories::Patterns, em::Classes};
use crate::{CpParams, LinearError, Tensor, tensor::k_rank_of_gram};
use ndarray::{Array1, Array2, Array3};
use unmix_core::{Fit, Params, Run};

/// Larger tensors of co-occurrences are not decomposed for a start.
const MOST_ENTRIES: usize = 1_000_000;

/// Probabilities of a start are kept from 0, which no step would leave.
const LEAST_PROBABILITY: f64 = 1e-3;

/// The columns of three groups, found greedily: columns with many categories first, each to the group whose number of combinations, counted up to `components`,
/// is least.
pub(super) fn split(categories: &[usize], components: usize) -> [Vec<usize>; 3] {
    let mut order: Vec<usize> = (0..categories.len()).collect();
    order.sort_by(|&a, &b| categories[b].cmp(&categories[a]).then(a.cmp(&b)));
    let mut groups: [Vec<usize>; 3] = Default::default();
    for column in order {
        let combinations = |group: &Vec<usize>| (combinations(group, categories, components), group.len());
        if let Some(least) = groups.iter_mut().min_by_key(|group| combinations(group)) {
            least.push(column);
        }
    }
    groups
}

/// `min(components, Π κ_j)` over the columns of a group.
pub(super) fn combinations(group: &[usize], categories: &[usize], components: usize) -> usize {
    group.iter().fold(1_usize, |product, &j| product.saturating_mul(categories[j]).min(components))
}

/// The least k-ranks of the joint distributions of each group given the class. The Gram matrix of the distributions of all combinations is the product, entry by entry, of
/// those of the columns.
pub(super) fn k_ranks(classes: &Classes, groups: &[Vec<usize>; 3]) -> Result<[usize; 3], LinearError> {
    let k = classes.sizes.len();
    let rank = |group: &Vec<usize>| -> Result<usize, LinearError> {
        let gram = group.iter().fold(Array2::ones((k, k)), |gram: Array2<f64>, &j| {
            let p = &classes.probabilities[j];
            gram * p.t().dot(p)
        });
        Ok(k_rank_of_gram(gram.view())?.least)
    };
    let [one, two, three] = groups;
    Ok([rank(one)?, rank(two)?, rank(three)?])
}

/// Classes from the co-occurrences of the categories of three groups, as a non-negative tensor of one term a class; `None` if a group is empty or the tensor too
/// large.
pub(super) fn start(patterns: &Patterns, components: usize, run: &Run<'_>) -> Result<Option<Classes>, LinearError> {
    let categories: Vec<usize> = patterns.categories.iter().map(Vec::len).collect();
    let groups = split(&categories, components);
    let lengths: Vec<usize> = groups.iter().map(|group| group.iter().map(|&j| categories[j]).sum()).collect();
    let entries = lengths.iter().fold(1_usize, |product, &length| product.saturating_mul(length));
    if entries == 0 || entries > MOST_ENTRIES {
        return Ok(None);
    }
    let mut offset = vec![0; categories.len()];
    for group in &groups {
        let mut place = 0;
        for &j in group {
            offset[j] = place;
            place += categories[j];
        }
    }
    let mut joint = Array3::<f64>::zeros((lengths[0], lengths[1], lengths[2]));
    let share = patterns.total().recip();
    for (row, count) in patterns.rows.iter().zip(&patterns.counts) {
        for &a in &groups[0] {
            for &b in &groups[1] {
                for &c in &groups[2] {
                    joint[[offset[a] + row[a], offset[b] + row[b], offset[c] + row[c]]] += count * share;
                }
            }
        }
    }
    let cp = CpParams { components, non_negative: true, starts: 1, max_iterations: 200, tolerance: 1e-5, ..CpParams::default() };
    let Ok(cp) = cp.build() else { return Ok(None) };
    let terms = cp.fit(&Tensor::new(joint.into_dyn())?, &mut run.nested(run.seed.child("latent-class-moments", 0)))?.model;
    let mut probabilities: Vec<Array2<f64>> = categories.iter().map(|&count| Array2::zeros((count, components))).collect();
    let mut sizes: Array1<f64> = terms.weights.clone();
    for (group, factor) in groups.iter().zip(&terms.factors) {
        for r in 0..components {
            // a factor stacks the distributions of its columns, each of sum 1 up to a common scale
            sizes[r] *= factor.column(r).sum() / group.len() as f64;
            for &j in group {
                let part = factor.column(r).slice_move(ndarray::s![offset[j]..offset[j] + categories[j]]).mapv(|v| v.max(0.0));
                let sum = part.sum();
                let even = 1.0 / categories[j] as f64;
                let part = part.mapv(|v| if sum > 0.0 { v / sum } else { even }.max(LEAST_PROBABILITY));
                probabilities[j].column_mut(r).assign(&(&part / part.sum()));
            }
        }
    }
    sizes.mapv_inplace(|v| v.max(LEAST_PROBABILITY));
    Ok(Some(Classes { sizes: &sizes / sizes.sum(), probabilities }))
}
