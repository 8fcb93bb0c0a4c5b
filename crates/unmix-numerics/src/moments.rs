//! Mean and covariance of many rows, at matrix-product speed, with the same bytes at any number of threads.
//!
//! Rows are taken in chunks of [`CHUNK_ROWS`]. Each chunk is centred on its own mean, its cross product is one matrix product, and
//! the chunks are merged in their order with the pairwise update of Chan, Golub and `LeVeque` (1983), eq. 1.5:
//! `S = S_a + S_b + n_a n_b / (n_a + n_b) δδᵀ`, with `δ` the difference of the means. Large common offsets cost no digits.
//!
//! ```
//! use ndarray::{array, s};
//! use unmix_numerics::{MomentsBuilder, moments};
//!
//! let x = array![[1.0, 10.0], [2.0, 30.0], [3.0, 20.0]];
//! let whole = moments(x.view());
//! assert_eq!(whole.mean, array![2.0, 20.0]);
//! assert!((whole.covariance[[0, 1]] - 10.0 / 3.0).abs() < 1e-14);
//!
//! // Streaming gives the same bytes, however the rows are cut.
//! let mut builder = MomentsBuilder::new(2);
//! builder.add_block(x.slice(s![..1, ..]))?;
//! builder.add_block(x.slice(s![1.., ..]))?;
//! assert_eq!(builder.finish(), whole);
//! # Ok::<(), unmix_numerics::NumericsError>(())
//! ```

use crate::NumericsError;
use faer::{
    Accum, Mat, MatRef, Par,
    linalg::matmul::triangular::{BlockStructure, matmul},
};
use ndarray::{Array1, Array2, ArrayView2, s};
use rayon::prelude::*;

/// Rows that are centred and multiplied together: few enough for the cache, enough for a matrix product. The results depend on it.
pub const CHUNK_ROWS: usize = 1024;

/// Chunks a thread works on between two merges; bounds the memory, the results do not depend on it.
const CHUNKS_PER_THREAD: usize = 8;

/// Number, mean and covariance of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Rows, `n`.
    pub count: usize,
    /// Mean of each column, `[d]`; NaN without rows.
    pub mean: Array1<f64>,
    /// Maximum-likelihood covariance, `[d, d]`, **divided by `n`**, exactly symmetric; NaN without rows.
    pub covariance: Array2<f64>,
}

impl Moments {
    /// The unbiased covariance, `[d, d]`, divided by `n - 1`; NaN for fewer than two rows.
    pub fn unbiased_covariance(&self) -> Array2<f64> {
        let n = self.count as f64;
        let factor = if self.count < 2 { f64::NAN } else { n / (n - 1.0) };
        &self.covariance * factor
    }

    /// The correlation, `[d, d]`, with ones on the diagonal; NaN in the rows and columns of variables that do not vary.
    pub fn correlation(&self) -> Array2<f64> {
        let scale = self.covariance.diag().mapv(f64::sqrt);
        Array2::from_shape_fn(self.covariance.dim(), |(i, j)| {
            let r = self.covariance[[i, j]] / (scale[i] * scale[j]);
            if i == j && r.is_finite() { 1.0 } else { r.clamp(-1.0, 1.0) }
        })
    }
}

/// Mean and covariance of the rows of `x` `[n, d]`, `O(n d²)`. A NaN in a column makes the results that involve it NaN.
pub fn moments(x: ArrayView2<'_, f64>) -> Moments {
    let mut builder = MomentsBuilder::new(x.ncols());
    builder.add_rows(x);
    builder.finish()
}

/// Mean and covariance of rows that arrive in blocks. Where the blocks are cut does not change a bit of the result.
#[derive(Clone, Debug)]
pub struct MomentsBuilder {
    merged: Partial,
    /// Rows that do not fill a chunk yet, row after row.
    pending: Vec<f64>,
}

impl MomentsBuilder {
    /// No rows yet, of `columns` columns.
    pub fn new(columns: usize) -> Self {
        Self { merged: Partial::empty(columns), pending: Vec::new() }
    }

    /// Adds the rows of a block `[n, d]`.
    ///
    /// # Errors
    /// [`NumericsError::Length`] if the block has another number of columns.
    pub fn add_block(&mut self, block: ArrayView2<'_, f64>) -> Result<(), NumericsError> {
        let (expected, found) = (self.merged.mean.len(), block.ncols());
        if found != expected {
            return Err(NumericsError::Length { what: "the block of rows", expected, found });
        }
        self.add_rows(block);
        Ok(())
    }

    /// Mean and covariance of all rows so far.
    pub fn finish(mut self) -> Moments {
        self.flush();
        let Partial { count, mean, cross } = self.merged;
        if count == 0 {
            return Moments { count, mean: mean * f64::NAN, covariance: cross * f64::NAN };
        }
        Moments { count, mean, covariance: cross / count as f64 }
    }

    fn add_rows(&mut self, block: ArrayView2<'_, f64>) {
        let (rows, columns) = block.dim();
        if columns == 0 {
            self.merged.count += rows;
            return;
        }
        let missing = (CHUNK_ROWS - self.pending.len() / columns) % CHUNK_ROWS;
        let head = missing.min(rows);
        self.pending.extend(block.slice(s![..head, ..]).iter());
        if self.pending.len() == CHUNK_ROWS * columns {
            self.flush();
        }
        let whole = (rows - head) / CHUNK_ROWS * CHUNK_ROWS;
        let body = block.slice(s![head..head + whole, ..]);
        let wave = CHUNK_ROWS * CHUNKS_PER_THREAD * rayon::current_num_threads();
        for start in (0..whole).step_by(wave) {
            let chunks: Vec<usize> = (start..whole.min(start + wave)).step_by(CHUNK_ROWS).collect();
            // memory that is new for every chunk would cost more than the products
            let partials: Vec<Partial> = chunks
                .into_par_iter()
                .map_init(Vec::new, |centred, row| Partial::of_rows(body.slice(s![row..row + CHUNK_ROWS, ..]), centred))
                .collect();
            for partial in &partials {
                self.merged.merge(partial);
            }
        }
        self.pending.extend(block.slice(s![head + whole.., ..]).iter());
    }

    fn flush(&mut self) {
        let columns = self.merged.mean.len();
        if self.pending.is_empty() {
            return;
        }
        let rows = self.pending.len() / columns;
        if let Ok(view) = ArrayView2::from_shape((rows, columns), &self.pending) {
            self.merged.merge(&Partial::of_rows(view, &mut Vec::new()));
        }
        self.pending.clear();
    }
}

/// Count, mean `[d]` and centred cross product `[d, d]` of some rows.
#[derive(Clone, Debug)]
struct Partial {
    count: usize,
    mean: Array1<f64>,
    cross: Array2<f64>,
}

impl Partial {
    fn empty(columns: usize) -> Self {
        Self { count: 0, mean: Array1::zeros(columns), cross: Array2::zeros((columns, columns)) }
    }

    /// At least one row and column; `centred` is working memory.
    fn of_rows(x: ArrayView2<'_, f64>, centred: &mut Vec<f64>) -> Self {
        let (rows, d) = x.dim();
        let x = x.as_standard_layout();
        let values = x.as_slice().unwrap_or_default();
        let mut mean = vec![0.0; d];
        for row in values.chunks_exact(d) {
            mean.iter_mut().zip(row).for_each(|(m, v)| *m += v);
        }
        mean.iter_mut().for_each(|m| *m /= rows as f64);
        centred.clear();
        centred.reserve(rows * d);
        for row in values.chunks_exact(d) {
            centred.extend(row.iter().zip(&mean).map(|(v, m)| v - m));
        }
        let centred = MatRef::from_row_major_slice(centred, rows, d);
        let mut cross = Mat::<f64>::zeros(d, d);
        // one triangle is half of the work, and both from one are equal to the last bit
        let (half, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        matmul(cross.as_mut(), half, Accum::Replace, centred.transpose(), whole, centred, whole, 1.0, Par::Seq);
        let cross = Array2::from_shape_fn((d, d), |(i, j)| if j <= i { cross[(i, j)] } else { cross[(j, i)] });
        Self { count: rows, mean: mean.into(), cross }
    }

    fn merge(&mut self, other: &Self) {
        if self.count == 0 {
            self.clone_from(other);
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let delta = &other.mean - &self.mean;
        let share = b / (a + b);
        self.cross += &other.cross;
        for (mut row, &di) in self.cross.rows_mut().into_iter().zip(&delta) {
            row.zip_mut_with(&delta, |s, &dj| *s += a * share * (di * dj));
        }
        self.mean.zip_mut_with(&delta, |m, &di| *m += share * di);
        self.count += other.count;
    }
}
