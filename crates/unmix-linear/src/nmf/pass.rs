//! A pass over the rows in parallel, with sums that do not depend on the number of threads.

use ndarray::Array2;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a chunk: with its codes it stays in the second-level cache.
pub(super) const CHUNK_ROWS: usize = 128;

/// Partial sums that exist at once, whatever the number of rows. More threads than this find no work.
const GROUPS: usize = 32;

/// Rows of a group: whole chunks.
fn group_rows(n: usize) -> usize {
    n.div_ceil(CHUNK_ROWS).div_ceil(GROUPS).max(1) * CHUNK_ROWS
}

/// Calls `work` with each chunk of rows of `x`; the sums of the groups come in their order.
pub(super) fn each_chunk<S: Default + Send>(x: &Array2<f64>, work: impl Fn(Range<usize>, &[f64], &mut S) + Sync) -> Vec<S> {
    let (n, d) = x.dim();
    let values = x.as_slice().unwrap_or_default();
    let group = group_rows(n);
    let groups = values.par_chunks(group * d).enumerate().map(|(g, values)| {
        let mut sums = S::default();
        for (c, chunk) in values.chunks(CHUNK_ROWS * d).enumerate() {
            let start = g * group + c * CHUNK_ROWS;
            work(start..start + chunk.len() / d, chunk, &mut sums);
        }
        sums
    });
    groups.collect()
}

/// As [`each_chunk`], with the rows of `w` to be changed.
pub(super) fn each_chunk_mut<S: Default + Send>(
    x: &Array2<f64>,
    w: &mut Array2<f64>,
    work: impl Fn(&[f64], &mut [f64], &mut S) + Sync,
) -> Vec<S> {
    let ((n, d), k) = (x.dim(), w.ncols());
    let group = group_rows(n);
    let (x, w) = (x.as_slice().unwrap_or_default(), w.as_slice_mut().unwrap_or_default());
    let groups = x.par_chunks(group * d).zip(w.par_chunks_mut(group * k)).map(|(x, w)| {
        let mut sums = S::default();
        for (x, w) in x.chunks(CHUNK_ROWS * d).zip(w.chunks_mut(CHUNK_ROWS * k)) {
            work(x, w, &mut sums);
        }
        sums
    });
    groups.collect()
}

/// Adds `from` to `to`; an empty `to` is zero.
pub(super) fn add(to: &mut Vec<f64>, from: &[f64]) {
    to.resize(from.len(), 0.0);
    to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
}

/// What an iteration did.
pub(super) struct Step {
    /// The objective at its end (for the divergence between its halves).
    pub objective: f64,
    /// How much moved, as the tolerance measures it.
    pub moved: f64,
}
