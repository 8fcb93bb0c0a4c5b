//! Bootstrap and permutation replicates. Each draws from a stream of its own, so that the number of threads changes nothing.

use rand::{RngExt, seq::SliceRandom};
use rayon::prelude::*;
use unmix_core::{Seed, Stream};
use unmix_numerics::quantile;

/// Bootstrap resamples behind an interval.
pub(crate) const BOOTSTRAP: u64 = 200;
/// Permutations, or random matrices, behind a chance level.
pub(crate) const CHANCE: u64 = 100;

/// `replicate` on `count` streams, in their order.
pub(crate) fn replicates<T: Send>(seed: Seed, purpose: &str, count: u64, replicate: impl Fn(&mut Stream) -> T + Sync) -> Vec<T> {
    (0..count).into_par_iter().map(|index| replicate(&mut seed.stream(purpose, index))).collect()
}

/// How often each of `n` rows is drawn in `n` draws with replacement.
pub(crate) fn counts(n: usize, stream: &mut Stream) -> Vec<f64> {
    let mut counts = vec![0.0; n];
    for _ in 0..n {
        counts[stream.random_range(0..n)] += 1.0;
    }
    counts
}

/// A random order of `n` rows.
pub(crate) fn permutation(n: usize, stream: &mut Stream) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    rows.shuffle(stream);
    rows
}

/// The mean.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The 2.5 % and 97.5 % points of the finite values, `None` for fewer than two.
pub(crate) fn percentile_interval(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.retain(|v| v.is_finite());
    if values.len() < 2 {
        return None;
    }
    Some((quantile(&values, 0.025).ok()?, quantile(&values, 0.975).ok()?))
}
