//! White data in chunks, held in memory, or read and whitened again in every pass.
//!
//! Chunks are cut, whitened and added in the same way wherever they come from, in runs whose number does not depend on the threads: so the
//! result of a pass depends on neither the threads nor the memory.

use crate::{
    LinearError,
    streamed::{ColumnMoments, VALUE},
    whitening::Whitening,
};
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use ndarray::{Array2, s};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use unmix_core::{Fault, Rows, RowsError};

/// Values of a chunk: with its projections half a megabyte, which fits the second-level cache of current cores.
pub(super) const CHUNK_VALUES: usize = 1 << 15;
/// Rows of a chunk, least and most: fewer make the products slow, more gain nothing.
pub(super) const CHUNK_ROWS: (usize, usize) = (256, 4096);
/// Rows whitened at once. A chunk of few components out of many columns would be large before it is reduced.
const WHITEN_ROWS: usize = 256;
/// Partial sums that exist at once, whatever the number of rows. More threads than this find no work.
pub(super) const GROUPS: usize = 64;

/// How much a fit may hold: whether all white data, and the chunks of how many threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    held: bool,
    threads: usize,
}

impl Plan {
    /// All white data, and every thread.
    pub fn unlimited() -> Self {
        Self { held: true, threads: rayon::current_num_threads() }
    }

    /// What fits in `memory` bytes, of data of this shape `(n, d)` with `k` components of which a sample of `sample` rows is kept. In values, a
    /// thread takes `512 d` to read and `4 c k` to work on a chunk of `c` rows, and a fit `64 (2 k² + 2 k)` for its sums and `3 k` for each row
    /// of the sample: once for itself and twice for its codes.
    pub fn within((n, d): (usize, usize), k: usize, sample: usize, memory: usize) -> Result<Self, RowsError> {
        let c = chunk_rows(k).min(n);
        let sample = if sample == 0 { 0 } else { n.min(sample + chunk_rows(k)) };
        let fixed = VALUE * (GROUPS.min(n.div_ceil(c)) * (2 * k * k + 2 * k) + 3 * sample * k);
        let thread = VALUE * (2 * WHITEN_ROWS.min(n) * d + 4 * c * k);
        let needed = ColumnMoments::least_memory(n, d).max(fixed + thread);
        if memory < needed {
            return Err(RowsError::TooLittleMemory { given: memory, needed, reason: "work on one chunk of rows" });
        }
        let left = memory - fixed;
        let held = left.checked_sub(VALUE * n * k).filter(|rest| *rest >= thread);
        let threads = (held.unwrap_or(left) / thread).min(rayon::current_num_threads());
        Ok(Self { held: held.is_some(), threads })
    }
}

fn chunk_rows(components: usize) -> usize {
    (CHUNK_VALUES / components).next_power_of_two().clamp(CHUNK_ROWS.0, CHUNK_ROWS.1)
}

/// White data, `rows` of `components` values.
pub(super) struct Chunks<'a> {
    source: Source<'a>,
    pub rows: usize,
    pub components: usize,
    chunk_rows: usize,
    threads: usize,
}

enum Source<'a> {
    /// Chunk after chunk; within each, column after column.
    Held(Vec<f64>),
    Read(Reader<'a>),
}

impl<'a> Chunks<'a> {
    /// Reads `rows` now, or in every pass, as `plan` says.
    pub fn of(rows: &'a dyn Rows, whitening: &'a Whitening, plan: Plan) -> Result<Self, Fault> {
        let (n, _) = rows.shape();
        let components = whitening.whiten.nrows();
        let (reader, chunk_rows) = (Reader { rows, whitening }, chunk_rows(components));
        let source = if plan.held { Source::Held(reader.read_all(n, chunk_rows, plan.threads)?) } else { Source::Read(reader) };
        Ok(Self { source, rows: n, components, chunk_rows, threads: plan.threads })
    }

    /// At most about `rows` of the rows, in whole chunks at even distances, held.
    pub fn thinned(&self, rows: usize) -> Result<Chunks<'static>, LinearError> {
        let every = self.rows.div_ceil(rows.max(self.chunk_rows));
        let mut values = Vec::with_capacity(self.count().div_ceil(every) * self.chunk_rows.min(self.rows) * self.components);
        self.in_order(every, |chunk| values.extend_from_slice(chunk))?;
        let Self { components, chunk_rows, threads, .. } = *self;
        Ok(Chunks { rows: values.len() / components, source: Source::Held(values), components, chunk_rows, threads })
    }

    /// Hands each `every`th chunk to `work`, one after the other.
    pub fn in_order(&self, every: usize, mut work: impl FnMut(&[f64])) -> Result<(), LinearError> {
        let mut buffers = Buffers::default();
        for index in (0..self.count()).step_by(every) {
            work(self.chunk(index, &mut buffers).map_err(LinearError::Rows)?);
        }
        Ok(())
    }

    /// Hands every chunk, column by column, to `work` with working memory of the thread; one sum for each of at most `groups` runs of
    /// chunks, in order.
    pub fn each<S: Default + Send, W: Default>(
        &self,
        groups: usize,
        work: impl Fn(&[f64], &mut W, &mut S) + Sync,
    ) -> Result<Vec<S>, LinearError> {
        let run = self.count().div_ceil(groups).max(1);
        let groups = self.count().div_ceil(run);
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let of_thread = |_| {
            let (mut buffers, mut working) = (Buffers::default(), W::default());
            let mut done: Vec<(usize, Result<S, Fault>)> = Vec::new();
            // groups are taken in order, so that all before one that fails are done too and the first failure is always the same
            while !failed.load(Ordering::Relaxed) {
                let group = next.fetch_add(1, Ordering::Relaxed);
                if group >= groups {
                    break;
                }
                let mut sums = S::default();
                let result = (group * run..self.count().min((group + 1) * run)).try_for_each(|index| {
                    work(self.chunk(index, &mut buffers)?, &mut working, &mut sums);
                    Ok(())
                });
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((group, result.map(|()| sums)));
            }
            done
        };
        let mut parts: Vec<_> = (0..self.threads).into_par_iter().with_max_len(1).flat_map_iter(of_thread).collect();
        parts.sort_unstable_by_key(|(group, _)| *group);
        parts.into_iter().map(|(_, sums)| sums.map_err(LinearError::Rows)).collect()
    }

    fn count(&self) -> usize {
        self.rows.div_ceil(self.chunk_rows)
    }

    fn chunk<'b>(&'b self, index: usize, buffers: &'b mut Buffers) -> Result<&'b [f64], Fault> {
        let start = index * self.chunk_rows;
        let end = self.rows.min(start + self.chunk_rows);
        match &self.source {
            Source::Held(values) => Ok(&values[start * self.components..end * self.components]),
            Source::Read(reader) => {
                buffers.white.resize((end - start) * self.components, 0.0);
                reader.whiten(start, &mut buffers.raw, &mut buffers.white)?;
                Ok(&buffers.white)
            }
        }
    }
}

/// What a thread reads into.
#[derive(Default)]
struct Buffers {
    /// Rows as read, `[WHITEN_ROWS, d]`.
    raw: Array2<f64>,
    white: Vec<f64>,
}

/// Rows with their whitening.
struct Reader<'a> {
    rows: &'a dyn Rows,
    whitening: &'a Whitening,
}

impl Reader<'_> {
    /// All `n` rows, each thread a run of chunks.
    fn read_all(&self, n: usize, chunk_rows: usize, threads: usize) -> Result<Vec<f64>, Fault> {
        let k = self.whitening.whiten.nrows();
        let run = n.div_ceil(chunk_rows).div_ceil(threads) * chunk_rows;
        let mut values = vec![0.0; n * k];
        let read: Vec<Result<(), Fault>> = values
            .par_chunks_mut(run * k)
            .enumerate()
            .map(|(index, values)| {
                let mut raw = Array2::default((0, 0));
                values
                    .chunks_mut(chunk_rows * k)
                    .enumerate()
                    .try_for_each(|(i, chunk)| self.whiten(index * run + i * chunk_rows, &mut raw, chunk))
            })
            .collect();
        read.into_iter().collect::<Result<(), Fault>>()?;
        Ok(values)
    }

    /// Whitens the rows from `start` that `chunk` has room for, column by column.
    fn whiten(&self, start: usize, raw: &mut Array2<f64>, chunk: &mut [f64]) -> Result<(), Fault> {
        let Whitening { mean, whiten, .. } = self.whitening;
        let (k, d) = whiten.dim();
        let m = chunk.len() / k;
        if raw.nrows() < m.min(WHITEN_ROWS) {
            *raw = Array2::zeros((m.min(WHITEN_ROWS), d));
        }
        let whiten = MatRef::from_row_major_slice(whiten.as_slice().unwrap_or_default(), k, d);
        let mut chunk = MatMut::from_column_major_slice_mut(chunk, m, k);
        for from in (0..m).step_by(WHITEN_ROWS) {
            let count = WHITEN_ROWS.min(m - from);
            let mut block = raw.slice_mut(s![..count, ..]);
            self.rows.read(start + from..start + from + count, block.view_mut())?;
            block -= mean;
            let centred = MatRef::from_row_major_slice(block.as_slice().unwrap_or_default(), count, d);
            matmul(chunk.as_mut().subrows_mut(from, count), Accum::Replace, centred, whiten.transpose(), 1.0, Par::Seq);
        }
        Ok(())
    }
}
