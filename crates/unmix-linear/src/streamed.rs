//! Mean and covariance of rows that are read once, in blocks as large as the memory allows.

use crate::LinearError;
use ndarray::{Array2, s};
use unmix_core::{ColumnCheck, DataError, Fault, Rows, RowsError};
use unmix_numerics::{CHUNK_ROWS, Moments, MomentsBuilder};

/// Bytes of a value.
pub(crate) const VALUE: usize = size_of::<f64>();

/// Chunks that a thread works on between two merges of [`MomentsBuilder`]: more are of no use at once.
const CHUNKS_PER_THREAD: usize = 8;

/// What one pass over rows says about their columns.
pub(crate) struct ColumnMoments {
    pub moments: Moments,
    pub check: ColumnCheck,
}

impl ColumnMoments {
    /// Reads `rows` once, of which at most `memory` bytes are held at a time; the bytes of the result do not depend on it.
    pub fn read(rows: &dyn Rows, memory: usize) -> Result<Self, Fault> {
        let (n, d) = rows.shape();
        if n == 0 || d == 0 {
            return Err(DataError::Empty { rows: n, columns: d }.into());
        }
        let chunk = Self::least_memory(n, d);
        if memory < chunk {
            return Err(RowsError::TooLittleMemory { given: memory, needed: chunk, reason: "estimate a covariance" }.into());
        }
        let chunks = (memory / chunk).min(CHUNKS_PER_THREAD * rayon::current_num_threads());
        let block_rows = n.min(chunks * CHUNK_ROWS);
        let mut block = Array2::zeros((block_rows, d));
        let (mut builder, mut check) = (MomentsBuilder::new(d), ColumnCheck::new(d));
        for start in (0..n).step_by(block_rows) {
            let end = n.min(start + block_rows);
            let mut block = block.slice_mut(s![..end - start, ..]);
            rows.read(start..end, block.view_mut())?;
            check.add_block(block.view());
            builder.add_block(block.view()).map_err(LinearError::from)?;
        }
        Ok(Self { moments: builder.finish(), check })
    }

    /// The bytes that one chunk of rows takes: itself, what the reader holds and the chunk centred; and the sum of squares of all rows, of the chunk, and of both together.
    pub fn least_memory(n: usize, d: usize) -> usize {
        VALUE * d * (3 * n.min(CHUNK_ROWS) + 3 * d)
    }
}
