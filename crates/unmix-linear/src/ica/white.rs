//! The inner loop of the ICA methods: white data in chunks that stay in the cache while they are projected, scored and accumulated.
//!
//! One pass over the data computes, for rotations `w` `[q, k]`, the sums `Σ g(w x) xᵀ` `[q, k]` and `Σ g'(w x)` `[q]`. A chunk is stored
//! column by column, so that both matrix products and the scores run along contiguous memory. Chunks are grouped and the groups added in
//! their order: the result does not depend on the number of threads.

use super::contrast::{Contrast, Score};
use crate::whitening::Whitening;
use faer::{
    Accum, MatMut, MatRef, Par,
    linalg::matmul::{
        matmul,
        triangular::{self, BlockStructure},
    },
};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Values of a chunk: with its projections half a megabyte, which fits the second-level cache of current cores.
const CHUNK_VALUES: usize = 1 << 15;
/// Rows of a chunk, least and most: fewer make the products slow, more gain nothing.
const CHUNK_ROWS: (usize, usize) = (256, 4096);
/// Partial sums that exist at once, whatever the number of rows. More threads than this find no work.
const GROUPS: usize = 64;
/// As [`GROUPS`], for sums of products of pairs, which are large.
const PRODUCT_GROUPS: usize = 8;

/// White data, `n` rows of `k` components.
pub(crate) struct White {
    /// Chunk after chunk; within each, column after column.
    values: Vec<f64>,
    pub rows: usize,
    pub components: usize,
    chunk_rows: usize,
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
    /// `E g'(y) E y² - E g(y) y` (Lee, Girolami and Sejnowski 1999, eq. 22).
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
    squares: Vec<f64>,
    slopes: Vec<f64>,
}

impl White {
    /// Whitens the rows of `x` `[n, d]`.
    pub fn of(x: ArrayView2<'_, f64>, whitening: &Whitening) -> Self {
        let (rows, d) = x.dim();
        let components = whitening.whiten.nrows();
        let chunk_rows = (CHUNK_VALUES / components).next_power_of_two().clamp(CHUNK_ROWS.0, CHUNK_ROWS.1);
        let mut values = vec![0.0; rows * components];
        let whiten = MatRef::from_row_major_slice(whitening.whiten.as_slice().unwrap_or_default(), components, d);
        values.par_chunks_mut(chunk_rows * components).enumerate().for_each(|(index, chunk)| {
            let m = chunk.len() / components;
            let start = index * chunk_rows;
            let centred = (&x.slice(s![start..start + m, ..]) - &whitening.mean).as_standard_layout().into_owned();
            let centred = MatRef::from_row_major_slice(centred.as_slice().unwrap_or_default(), m, d);
            let chunk = MatMut::from_column_major_slice_mut(chunk, m, components);
            matmul(chunk, Accum::Replace, centred, whiten.transpose(), 1.0, Par::Seq);
        });
        Self { values, rows, components, chunk_rows }
    }

    /// At most about `rows` of the rows, in whole chunks at even distances.
    pub fn thinned(&self, rows: usize) -> Self {
        let chunk = self.chunk_rows * self.components;
        let every = self.rows.div_ceil(rows.max(self.chunk_rows));
        let values: Vec<f64> = self.values.chunks(chunk).step_by(every).flatten().copied().collect();
        Self { rows: values.len() / self.components, values, components: self.components, chunk_rows: self.chunk_rows }
    }

    /// The projections `w x` of each row, one vector for each of the `q` rotations.
    pub fn project(&self, w: &Array2<f64>) -> Vec<Vec<f64>> {
        let parts = self.each_group(w, |y, x, codes: &mut Vec<Vec<f64>>| {
            codes.resize(w.nrows(), Vec::new());
            codes.iter_mut().zip(y.chunks_exact(x.nrows())).for_each(|(code, column)| code.extend_from_slice(column));
        });
        (0..w.nrows()).map(|q| parts.iter().flat_map(|part| part[q].iter().copied()).collect()).collect()
    }

    /// Gradient and slopes of the contrast at the rotations `w` `[q, k]`.
    pub fn pass(&self, w: &Array2<f64>, score: Score) -> Pass {
        let (q, k) = w.dim();
        let partials = self.each_group(w, |y, x, sums: &mut (Vec<f64>, Vec<f64>)| {
            sums.0.resize(q * k, 0.0);
            sums.1.resize(q, 0.0);
            let m = x.nrows();
            for (column, slope) in y.chunks_exact_mut(m).zip(&mut sums.1) {
                *slope += score.apply(column);
            }
            let y = MatRef::from_column_major_slice(y, m, q);
            let gradient = MatMut::from_column_major_slice_mut(&mut sums.0, q, k);
            matmul(gradient, Accum::Add, y.transpose(), x, 1.0, Par::Seq);
        });
        let mut total = Pass { gradient: Array2::zeros((q, k)), slope: Array1::zeros(q) };
        for (gradient, slope) in &partials {
            total.gradient.indexed_iter_mut().for_each(|((i, j), g)| *g += gradient[j * q + i]);
            total.slope.iter_mut().zip(slope).for_each(|(sum, s)| *sum += s);
        }
        total.gradient /= self.rows as f64;
        total.slope /= self.rows as f64;
        total
    }

    /// The moments at the unmixing `w` `[k, k]`.
    pub fn moments(&self, w: &Array2<f64>, score: Score, curvature: bool) -> Moments {
        let k = w.nrows();
        let partials = self.each_group(w, |y, x, sums: &mut Sums| {
            let m = x.nrows();
            sums.gradient.resize(k * k, 0.0);
            sums.slope.resize(k, 0.0);
            sums.value.resize(k, 0.0);
            if curvature {
                sums.squares.clear();
                sums.squares.extend(y.iter().map(|v| v * v));
            }
            for ((column, slope), value) in y.chunks_exact_mut(m).zip(&mut sums.slope).zip(&mut sums.value) {
                let (slopes, values) = score.sums(column);
                *slope += slopes;
                *value += values;
            }
            if curvature {
                sums.curvature.resize(k * k, 0.0);
                sums.slopes.resize(y.len(), 0.0);
                score.slopes(y, &sums.squares, &mut sums.slopes);
                let (slopes, squares) =
                    (MatRef::from_column_major_slice(&sums.slopes, m, k), MatRef::from_column_major_slice(&sums.squares, m, k));
                let total = MatMut::from_column_major_slice_mut(&mut sums.curvature, k, k);
                matmul(total, Accum::Add, slopes.transpose(), squares, 1.0, Par::Seq);
            }
            let g = MatRef::from_column_major_slice(y, m, k);
            let gradient = MatMut::from_column_major_slice_mut(&mut sums.gradient, k, k);
            matmul(gradient, Accum::Add, g.transpose(), x, 1.0, Par::Seq);
        });
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
        Moments {
            // E g(y) yᵀ = (E g(y) xᵀ) wᵀ
            gradient: matrix(|s| &s.gradient).dot(&w.t()),
            slope: vector(|s| &s.slope),
            value: vector(|s| &s.value),
            curvature: curvature.then(|| matrix(|s| &s.curvature)),
        }
    }

    /// `E x_i x_j x_a x_b` for pairs `i ≤ j` and `a ≤ b`, `[k (k + 1) / 2, k (k + 1) / 2]`, exactly symmetric; pairs in the order
    /// (0, 0), (0, 1), ….
    pub fn pair_products(&self) -> Array2<f64> {
        let k = self.components;
        let pairs = k * (k + 1) / 2;
        let rows = (CHUNK_VALUES / pairs).clamp(CHUNK_ROWS.0, CHUNK_ROWS.1);
        // groups bound the memory of partial sums, since each is as large as the result
        let group = self.values.len().div_ceil(self.chunk_rows * k).div_ceil(PRODUCT_GROUPS) * self.chunk_rows * k;
        let partials: Vec<Vec<f64>> = self
            .values
            .par_chunks(group)
            .map(|values| {
                let (mut total, mut products) = (vec![0.0; pairs * pairs], Vec::new());
                for chunk in values.chunks(self.chunk_rows * k) {
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
                        let products = MatRef::from_column_major_slice(&products, end - start, pairs);
                        let total = MatMut::from_column_major_slice_mut(&mut total, pairs, pairs);
                        let (half, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
                        triangular::matmul(total, half, Accum::Add, products.transpose(), whole, products, whole, 1.0, Par::Seq);
                    }
                }
                total
            })
            .collect();
        let n = self.rows as f64;
        // the lower triangle, column after column
        let entry = |i: usize, j: usize| partials.iter().map(|part| part[j.min(i) * pairs + j.max(i)]).sum::<f64>() / n;
        Array2::from_shape_fn((pairs, pairs), |(i, j)| entry(i, j))
    }

    /// The excess kurtosis of each projection `w x` of unit variance, `[q]`.
    pub fn kurtosis(&self, w: &Array2<f64>) -> Array1<f64> {
        // the cube contrast is y⁴/4
        self.contrasts(w, Score { contrast: Contrast::Cube, alpha: 1.0 }) * 4.0 - 3.0
    }

    /// `E G(w x)` of each rotation, `[q]`.
    pub fn contrasts(&self, w: &Array2<f64>, score: Score) -> Array1<f64> {
        let q = w.nrows();
        let partials = self.each_group(w, |y, x, sums: &mut Vec<f64>| {
            sums.resize(q, 0.0);
            for (column, sum) in y.chunks_exact_mut(x.nrows()).zip(sums) {
                *sum += score.total(column);
            }
        });
        let mut total = Array1::zeros(q);
        for partial in partials {
            total.iter_mut().zip(partial).for_each(|(t, p): (&mut f64, f64)| *t += p);
        }
        total / self.rows as f64
    }

    /// Projects chunk after chunk, `y = w x` column by column, and hands it with its data to `work`; one sum a group, in order.
    fn each_group<S: Default + Send>(&self, w: &Array2<f64>, work: impl Fn(&mut [f64], MatRef<'_, f64>, &mut S) + Sync) -> Vec<S> {
        let (q, k) = w.dim();
        let w = w.as_standard_layout();
        let w = MatRef::from_row_major_slice(w.as_slice().unwrap_or_default(), q, k);
        let chunk = self.chunk_rows * k;
        let group = self.values.len().div_ceil(chunk).div_ceil(GROUPS) * chunk;
        self.values
            .par_chunks(group)
            .map(|values| {
                let mut sums = S::default();
                let mut projections = vec![0.0; self.chunk_rows * q];
                for x in values.chunks(chunk) {
                    let m = x.len() / k;
                    let x = MatRef::from_column_major_slice(x, m, k);
                    let y = &mut projections[..m * q];
                    matmul(MatMut::from_column_major_slice_mut(y, m, q), Accum::Replace, x, w.transpose(), 1.0, Par::Seq);
                    work(y, x, &mut sums);
                }
                sums
            })
            .collect()
    }
}
