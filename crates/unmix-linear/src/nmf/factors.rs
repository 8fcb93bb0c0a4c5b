//! The problem, its factors and the objective.

use super::{NmfLoss, NmfParams, pass::each_chunk};
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use ndarray::{Array2, ArrayView2};
use unmix_core::Observations;

/// Codes and parts as they are iterated: of any scale.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    /// Codes `W`, `[n, k]`.
    pub w: Array2<f64>,
    /// Parts, a column each: `Hᵀ`, `[d, k]`.
    pub ht: Array2<f64>,
}

impl Factors {
    pub fn new(w: ArrayView2<'_, f64>, h: ArrayView2<'_, f64>) -> Self {
        Self { w: w.as_standard_layout().into_owned(), ht: h.t().as_standard_layout().into_owned() }
    }

    pub fn components(&self) -> usize {
        self.w.ncols()
    }
}

/// Data and penalties, which count every entry of a factor alike.
pub(super) struct Problem {
    /// `[n, d]`, in standard layout.
    pub x: Array2<f64>,
    pub loss: NmfLoss,
    /// `l1` and `l2` of `W`.
    pub of_w: Penalty,
    /// `l1` and `l2` of `H`.
    pub of_h: Penalty,
    /// Sum of the squares of the data.
    pub squares: f64,
    /// Sum of the data.
    pub total: f64,
}

/// `l1 Σ|v| + ½ l2 Σ v²`.
#[derive(Clone, Copy)]
pub(super) struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

impl Penalty {
    pub fn of(self, values: &Array2<f64>) -> f64 {
        let (sum, squares) = values.iter().fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
        self.l1 * sum + 0.5 * self.l2 * squares
    }
}

impl Problem {
    pub fn new(x: &Observations, params: &NmfParams) -> Self {
        let (n, d) = (x.rows() as f64, x.columns() as f64);
        let penalty = |weight: f64| Penalty { l1: weight * params.l1_ratio, l2: weight * (1.0 - params.l1_ratio) };
        let x = x.x().as_standard_layout().into_owned();
        Self {
            of_w: penalty(params.alpha_w * d),
            of_h: penalty(params.alpha_h.unwrap_or(params.alpha_w) * n),
            loss: params.loss,
            squares: x.iter().map(|v| v * v).sum(),
            total: x.sum(),
            x,
        }
    }

    /// The objective, entry by entry: exact where the shortcut over Gram matrices cancels.
    pub fn objective(&self, factors: &Factors) -> f64 {
        let (k, d) = (factors.components(), self.x.ncols());
        let parts = each_chunk(&self.x, |rows, x, sum: &mut f64| {
            let mut mean = vec![0.0; x.len()];
            let w = &slice(&factors.w)[rows.start * k..rows.end * k];
            product(&mut mean, Accum::Replace, row_major(w, k), row_major(slice(&factors.ht), k).transpose(), 1.0);
            debug_assert_eq!(x.len(), rows.len() * d);
            *sum += x.iter().zip(&mean).map(|(x, m)| self.loss.between(*x, *m)).sum::<f64>();
        });
        parts.iter().sum::<f64>() + self.of_w.of(&factors.w) + self.of_h.of(&factors.ht)
    }
}

impl NmfLoss {
    /// The loss of one entry.
    pub(super) fn between(self, x: f64, mean: f64) -> f64 {
        match self {
            Self::Frobenius => 0.5 * (x - mean).powi(2),
            Self::KullbackLeibler if x > 0.0 => x * (x / mean).ln() - x + mean,
            Self::KullbackLeibler => mean,
        }
    }
}

/// The values of an array in standard layout.
pub(super) fn slice(a: &Array2<f64>) -> &[f64] {
    a.as_slice().unwrap_or_default()
}

/// `values` as a matrix of `columns` columns, row by row.
pub(super) fn row_major(values: &[f64], columns: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(values, values.len() / columns, columns)
}

/// `out = scale a b`, or added to it, on this thread.
pub(super) fn product(out: &mut [f64], accumulate: Accum, a: MatRef<'_, f64>, b: MatRef<'_, f64>, scale: f64) {
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.ncols());
    matmul(out, accumulate, a, b, scale, Par::Seq);
}
