//! A tensor seen from one mode, without a copy of it.
//!
//! Around mode `n` an entry has the place `(l, i, r)`: `l` counts the indices of the modes before it, `r` those of the modes after it, the last
//! fastest. The unfolding `X_(n)` has the rows `i` and the columns `(l, r)`.

use super::{Tensor, khatri_rao};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

/// Rows of an intermediate product that are held at once.
const BLOCK: usize = 4096;

/// The entries around one mode.
pub(super) struct Around<'a> {
    entries: &'a [f64],
    before: usize,
    length: usize,
    after: usize,
}

impl Tensor {
    pub(super) fn around(&self, mode: usize) -> Around<'_> {
        let (before, after) = self.shape().split_at(mode);
        let entries = self.values.as_slice().unwrap_or_default();
        Around { entries, before: before.iter().product(), length: self.shape()[mode], after: after[1..].iter().product() }
    }
}

impl<'a> Around<'a> {
    /// `X_(n) K` `[I_n, k]`, `K` being the Khatri–Rao product of the factors before and after.
    pub fn products(&self, before: &[Array2<f64>], after: &[Array2<f64>], components: usize) -> Result<Array2<f64>, LinearError> {
        let trailing = khatri_rao(after, components);
        if self.before == 1 {
            return Ok(self.matrix(0..self.length, self.after)?.dot(&trailing));
        }
        let mut sum = Array2::zeros((self.length, components));
        for first in self.blocks() {
            let leading = leading(before, first.clone(), components);
            if self.after == 1 {
                sum += &self.matrix(first, self.length)?.t().dot(&leading);
                continue;
            }
            let rows = first.start * self.length..first.end * self.length;
            let contracted = self.matrix(rows, self.after)?.dot(&trailing);
            for (slab, weights) in contracted.axis_chunks_iter(Axis(0), self.length).zip(leading.rows()) {
                Zip::from(sum.rows_mut()).and(slab.rows()).for_each(|mut sum, row| {
                    Zip::from(&mut sum).and(&row).and(&weights).for_each(|s, v, w| *s += v * w);
                });
            }
        }
        Ok(sum)
    }

    /// The sum of squares of what `factor` `[I_n, k]`, of the last mode, leaves with the factors before it.
    pub fn squared_residuals(&self, before: &[Array2<f64>], factor: &Array2<f64>) -> Result<f64, LinearError> {
        let mut sum = 0.0;
        for first in self.blocks() {
            let fitted = leading(before, first.clone(), factor.ncols()).dot(&factor.t());
            sum += Zip::from(&self.matrix(first, self.length)?).and(&fitted).fold(0.0, |sum, x, f| sum + (x - f) * (x - f));
        }
        Ok(sum)
    }

    /// `X_(n) X_(n)ᵀ` `[I_n, I_n]`, or `X_(n)ᵀ X_(n)` if that is smaller: the same eigenvalues but for zeros.
    pub fn gram(&self) -> Result<Array2<f64>, LinearError> {
        if self.is_tall() {
            let unfolding = self.unfolding()?;
            return Ok(unfolding.t().dot(&unfolding));
        }
        let mut gram = Array2::zeros((self.length, self.length));
        if self.after == 1 {
            for first in self.blocks() {
                let block = self.matrix(first, self.length)?;
                gram += &block.t().dot(&block);
            }
            return Ok(gram);
        }
        for slab in 0..self.before {
            let slab = self.matrix(slab * self.length..(slab + 1) * self.length, self.after)?;
            gram += &slab.dot(&slab.t());
        }
        Ok(gram)
    }

    /// The left singular vectors `[I_n, count]` of the unfolding, of any length, from eigenvectors of [`gram`](Self::gram).
    pub fn left_vectors(&self, vectors: Array2<f64>) -> Result<Array2<f64>, LinearError> {
        Ok(if self.is_tall() { self.unfolding()?.dot(&vectors) } else { vectors })
    }

    fn is_tall(&self) -> bool {
        self.length > self.before * self.after
    }

    /// `X_(n)`, copied only for a mode between others.
    pub fn unfolding(&self) -> Result<ndarray::CowArray<'a, f64, ndarray::Ix2>, LinearError> {
        if self.before == 1 {
            return Ok(self.matrix(0..self.length, self.after)?.into());
        }
        if self.after == 1 {
            return Ok(self.matrix(0..self.before, self.length)?.reversed_axes().into());
        }
        let entry = |(i, column): (usize, usize)| self.entries[(column / self.after * self.length + i) * self.after + column % self.after];
        Ok(Array2::from_shape_fn((self.length, self.before * self.after), entry).into())
    }

    /// Ranges of `l` that cover all.
    fn blocks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (before, count) = (self.before, (BLOCK / self.length).max(1));
        (0..before).step_by(count).map(move |first| first..before.min(first + count))
    }

    /// The entries as rows of `width`, of which those in `rows`.
    fn matrix(&self, rows: std::ops::Range<usize>, width: usize) -> Result<ArrayView2<'a, f64>, LinearError> {
        let shape = (rows.len(), width);
        let entries = self.entries.get(rows.start * width..rows.end * width).unwrap_or_default();
        ArrayView2::from_shape(shape, entries)
            .map_err(|_| LinearError::TensorShape { expected: vec![shape.0, shape.1], found: vec![entries.len()] })
    }
}

/// Rows `rows` of the Khatri–Rao product of `factors`.
fn leading(factors: &[Array2<f64>], rows: std::ops::Range<usize>, components: usize) -> Array2<f64> {
    let mut product = Array2::ones((rows.len(), components));
    for (row, place) in product.rows_mut().into_iter().zip(rows) {
        let mut rest = place;
        let mut row: ndarray::ArrayViewMut1<'_, f64> = row;
        for factor in factors.iter().rev() {
            row *= &factor.row(rest % factor.nrows());
            rest /= factor.nrows();
        }
    }
    product
}

/// `KᵀK` `[k, k]` of the Khatri–Rao product `K` of all factors but that of `mode`.
pub(super) fn gram_without(factors: &[Array2<f64>], mode: usize) -> Array2<f64> {
    let components = factors.first().map_or(0, Array2::ncols);
    let others = factors.iter().enumerate().filter(|(m, _)| *m != mode);
    others.fold(Array2::ones((components, components)), |gram, (_, factor)| gram * factor.t().dot(factor))
}

/// Divides the columns by their lengths, which are returned; a column of zeros stays.
pub(super) fn normalise(factor: &mut Array2<f64>) -> Array1<f64> {
    let lengths = factor.map_axis(Axis(0), |column| column.dot(&column).sqrt());
    Zip::from(factor.columns_mut()).and(&lengths).for_each(|mut column, &length| {
        if length > 0.0 {
            column /= length;
        }
    });
    lengths
}
