//! The inner loop of the ICA methods: white data in chunks that stay in the cache while they are projected, scored and accumulated.
//!
//! One pass over the data computes, for rotations `w` `[q, k]`, the sums `Σ g(w x) xᵀ` `[q, k]` and `Σ g'(w x)` `[q]`. A chunk is stored
//! column by column, so that both matrix products and the scores run along contiguous memory. Chunks are grouped and the groups added in
//! their order: the result does not depend on the number of threads. A pass over data that are read can fail.

use super::{
    chunks::{CHUNK_ROWS, CHUNK_VALUES, Chunks, GROUPS, Plan},
    contrast::{Contrast, Score},
};
use crate::{LinearError, whitening::Whitening};
use faer::{
    Accum, MatMut, MatRef, Par,
    linalg::matmul::{
        matmul,
        triangular::{self, BlockStructure},
    },
};
use ndarray::{Array1, Array2, ArrayView1, Axis, s};
use unmix_core::{Fault, Observations, Rows};

/// As [`GROUPS`], for sums of products of pairs, which are large.
const PRODUCT_GROUPS: usize = 8;

/// White data, `n` rows of `k` components.
pub(crate) struct White<'a> {
    chunks: Chunks<'a>,
    pub rows: usize,
    pub components: usize,
}

/// One pass over the data, divided by the number of rows.
pub(crate) struct Pass {
    /// `E g(w x) xᵀ`, `[q, k]`.
    pub gradient: Array2<f64>,
    /// `E g'(w x)`, `[q]`.
    pub slope: Array1<f64>,
}

/// Everything a quasi-Newton step asks of the data, divided by the number of rows. `g` and `G` are a score and its integral, `y = w x`.
pub(crate) struct Moments {
    /// `E g(y_i) y_j`, `[k, k]`.
    pub gradient: Array2<f64>,
    /// `E g'(y_i)`, `[k]`.
    pub slope: Array1<f64>,
    /// `E G(y_i)`, `[k]`.
    pub value: Array1<f64>,
    /// `E g'(y_i) y_j²`, `[k, k]`, where it was asked for.
    pub curvature: Option<Array2<f64>>,
}

impl Moments {
    /// The side of the Gaussian that each source is on, 1 or -1, where the moments are those of `w` `[k, k]`: the sign of
    /// `E g'(y) E y² - E g(y) y` (Lee, Girolami and Sejnowski 1999).
    pub fn sides(&self, w: &Array2<f64>) -> Array1<f64> {
        let variances = w.map_axis(Axis(1), |row| row.dot(&row));
        (&self.slope * &variances - self.gradient.diag()).mapv(|kappa| if kappa < 0.0 { -1.0 } else { 1.0 })
    }
}

/// Sums of [`Moments`] over some chunks, matrices column by column.
#[derive(Default)]
struct Sums {
    gradient: Vec<f64>,
    slope: Vec<f64>,
    value: Vec<f64>,
    curvature: Vec<f64>,
}

/// Working memory of one thread.
#[derive(Default)]
struct Working {
    projections: Vec<f64>,
    squares: Vec<f64>,
    slopes: Vec<f64>,
}

impl<'a> White<'a> {
    /// Whitens `x` and holds the result.
    pub fn of(x: &'a Observations, whitening: &'a Whitening) -> Result<Self, LinearError> {
        Self::of_rows(x, whitening, Plan::unlimited()).map_err(LinearError::Rows)
    }

    /// Whitens `rows` as `plan` says.
    pub fn of_rows(rows: &'a dyn Rows, whitening: &'a Whitening, plan: Plan) -> Result<Self, Fault> {
        Ok(Self::of_chunks(Chunks::of(rows, whitening, plan)?))
    }

    fn of_chunks(chunks: Chunks<'a>) -> Self {
        Self { rows: chunks.rows, components: chunks.components, chunks }
    }

    /// At most about `rows` of the rows, in whole chunks at even distances, held.
    pub fn thinned(&self, rows: usize) -> Result<White<'static>, LinearError> {
        Ok(White::of_chunks(self.chunks.thinned(rows)?))
    }

    /// All rows, `[n, k]`.
    pub fn to_rows(&self) -> Result<Array2<f64>, LinearError> {
        let k = self.components;
        let mut values = Array2::zeros((self.rows, k));
        let mut start = 0;
        self.chunks.in_order(1, |chunk| {
            let m = chunk.len() / k;
            for (j, column) in chunk.chunks_exact(m).enumerate() {
                values.slice_mut(s![start..start + m, j]).assign(&ArrayView1::from(column));
            }
            start += m;
        })?;
        Ok(values)
    }

    /// The projections `w x` of each row, one vector for each of the `q` rotations.
    pub fn project(&self, w: &Array2<f64>) -> Result<Vec<Vec<f64>>, LinearError> {
        let parts = self.each_group(w, |y, x, _, codes: &mut Vec<Vec<f64>>| {
            codes.resize(w.nrows(), Vec::new());
            codes.iter_mut().zip(y.chunks_exact(x.nrows())).for_each(|(code, column)| code.extend_from_slice(column));
        })?;
        Ok((0..w.nrows()).map(|q| parts.iter().flat_map(|part| part[q].iter().copied()).collect()).collect())
    }

    /// Gradient and slopes of the contrast at the rotations `w` `[q, k]`.
    pub fn pass(&self, w: &Array2<f64>, score: Score) -> Result<Pass, LinearError> {
        let (q, k) = w.dim();
        let partials = self.each_group(w, |y, x, _, sums: &mut (Vec<f64>, Vec<f64>)| {
            sums.0.resize(q * k, 0.0);
            sums.1.resize(q, 0.0);
            let m = x.nrows();
            for (column, slope) in y.chunks_exact_mut(m).zip(&mut sums.1) {
                *slope += score.apply(column);
            }
            let y = MatRef::from_column_major_slice(y, m, q);
            let gradient = MatMut::from_column_major_slice_mut(&mut sums.0, q, k);
            matmul(gradient, Accum::Add, y.transpose(), x, 1.0, Par::Seq);
        })?;
        let mut total = Pass { gradient: Array2::zeros((q, k)), slope: Array1::zeros(q) };
        for (gradient, slope) in &partials {
            total.gradient.indexed_iter_mut().for_each(|((i, j), g)| *g += gradient[j * q + i]);
            total.slope.iter_mut().zip(slope).for_each(|(sum, s)| *sum += s);
        }
        total.gradient /= self.rows as f64;
        total.slope /= self.rows as f64;
        Ok(total)
    }

    /// The moments at the unmixing `w` `[k, k]`.
    pub fn moments(&self, w: &Array2<f64>, score: Score, curvature: bool) -> Result<Moments, LinearError> {
        let k = w.nrows();
        let partials = self.each_group(w, |y, x, working, sums: &mut Sums| {
            let m = x.nrows();
            sums.gradient.resize(k * k, 0.0);
            sums.slope.resize(k, 0.0);
            sums.value.resize(k, 0.0);
            if curvature {
                working.squares.clear();
                working.squares.extend(y.iter().map(|v| v * v));
            }
            for ((column, slope), value) in y.chunks_exact_mut(m).zip(&mut sums.slope).zip(&mut sums.value) {
                let (slopes, values) = score.sums(column);
                *slope += slopes;
                *value += values;
            }
            if curvature {
                sums.curvature.resize(k * k, 0.0);
                working.slopes.resize(y.len(), 0.0);
                score.slopes(y, &working.squares, &mut working.slopes);
                let (slopes, squares) =
                    (MatRef::from_column_major_slice(&working.slopes, m, k), MatRef::from_column_major_slice(&working.squares, m, k));
                let total = MatMut::from_column_major_slice_mut(&mut sums.curvature, k, k);
                matmul(total, Accum::Add, slopes.transpose(), squares, 1.0, Par::Seq);
            }
            let g = MatRef::from_column_major_slice(y, m, k);
            let gradient = MatMut::from_column_major_slice_mut(&mut sums.gradient, k, k);
            matmul(gradient, Accum::Add, g.transpose(), x, 1.0, Par::Seq);
        })?;
        let n = self.rows as f64;
        let matrix = |of: fn(&Sums) -> &[f64]| {
            let mut total = Array2::zeros((k, k));
            for part in &partials {
                total.indexed_iter_mut().for_each(|((i, j), t): (_, &mut f64)| *t += of(part)[j * k + i]);
            }
            total / n
        };
        let vector = |of: fn(&Sums) -> &[f64]| {
            let mut total = Array1::zeros(k);
            for part in &partials {
                total.iter_mut().zip(of(part)).for_each(|(t, p): (&mut f64, &f64)| *t += p);
            }
            total / n
        };
        Ok(Moments {
            // E g(y) yᵀ = (E g(y) xᵀ) wᵀ
            gradient: matrix(|s| &s.gradient).dot(&w.t()),
            slope: vector(|s| &s.slope),
            value: vector(|s| &s.value),
            curvature: curvature.then(|| matrix(|s| &s.curvature)),
        })
    }

    /// `E x_i x_j x_a x_b` for pairs `i ≤ j` and `a ≤ b`, `[k (k + 1) / 2, k (k + 1) / 2]`, exactly symmetric; pairs in the order
    /// (0, 0), (0, 1), ….
    pub fn pair_products(&self) -> Result<Array2<f64>, LinearError> {
        let k = self.components;
        let pairs = k * (k + 1) / 2;
        let rows = (CHUNK_VALUES / pairs).clamp(CHUNK_ROWS.0, CHUNK_ROWS.1);
        // few groups bound the memory of partial sums, since each is as large as the result
        let partials = self.chunks.each(PRODUCT_GROUPS, |chunk, products: &mut Vec<f64>, total: &mut Vec<f64>| {
            total.resize(pairs * pairs, 0.0);
            let m = chunk.len() / k;
            let columns: Vec<&[f64]> = chunk.chunks_exact(m).collect();
            for start in (0..m).step_by(rows) {
                let end = m.min(start + rows);
                products.clear();
                for i in 0..k {
                    for j in i..k {
                        products.extend(columns[i][start..end].iter().zip(&columns[j][start..end]).map(|(a, b)| a * b));
                    }
                }
                let products = MatRef::from_column_major_slice(products, end - start, pairs);
                let total = MatMut::from_column_major_slice_mut(total, pairs, pairs);
                let (half, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
                triangular::matmul(total, half, Accum::Add, products.transpose(), whole, products, whole, 1.0, Par::Seq);
            }
        })?;
        let n = self.rows as f64;
        // the lower triangle, column after column
        let entry = |i: usize, j: usize| partials.iter().map(|part| part[j.min(i) * pairs + j.max(i)]).sum::<f64>() / n;
        Ok(Array2::from_shape_fn((pairs, pairs), |(i, j)| entry(i, j)))
    }

    /// The excess kurtosis of each projection `w x` of unit variance, `[q]`.
    pub fn kurtosis(&self, w: &Array2<f64>) -> Result<Array1<f64>, LinearError> {
        // the cube contrast is y⁴/4
        Ok(self.contrasts(w, Score { contrast: Contrast::Cube, alpha: 1.0 })? * 4.0 - 3.0)
    }

    /// `E G(w x)` of each rotation, `[q]`.
    pub fn contrasts(&self, w: &Array2<f64>, score: Score) -> Result<Array1<f64>, LinearError> {
        let q = w.nrows();
        let partials = self.each_group(w, |y, x, _, sums: &mut Vec<f64>| {
            sums.resize(q, 0.0);
            for (column, sum) in y.chunks_exact_mut(x.nrows()).zip(sums) {
                *sum += score.total(column);
            }
        })?;
        let mut total = Array1::zeros(q);
        for partial in partials {
            total.iter_mut().zip(partial).for_each(|(t, p): (&mut f64, f64)| *t += p);
        }
        Ok(total / self.rows as f64)
    }

    /// Projects chunk after chunk, `y = w x` column by column, and hands it with its data to `work`; one sum a group, in order.
    fn each_group<S: Default + Send>(
        &self,
        w: &Array2<f64>,
        work: impl Fn(&mut [f64], MatRef<'_, f64>, &mut Working, &mut S) + Sync,
    ) -> Result<Vec<S>, LinearError> {
        let (q, k) = w.dim();
        let w = w.as_standard_layout();
        let w = MatRef::from_row_major_slice(w.as_slice().unwrap_or_default(), q, k);
        self.chunks.each(GROUPS, |chunk, working: &mut Working, sums| {
            let m = chunk.len() / k;
            let x = MatRef::from_column_major_slice(chunk, m, k);
            // taken out, so that `work` can have the rest
            let mut y = std::mem::take(&mut working.projections);
            y.resize(m * q, 0.0);
            matmul(MatMut::from_column_major_slice_mut(&mut y, m, q), Accum::Replace, x, w.transpose(), 1.0, Par::Seq);
            work(&mut y, x, working, sums);
            working.projections = y;
        })
    }
}
