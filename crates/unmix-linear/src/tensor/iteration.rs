//! Sweeps over the modes, each solving for one factor with the others held.
//!
//! Alternating least squares (Kolda and Bader 2009, SIAM Review 51(3), section 3.4): with `K` the Khatri–Rao product of the other factors,
//! `A = X_(n) K (KᵀK)⁺`. Under non-negativity, hierarchical alternating least squares (Cichocki and Phan 2009, IEICE Transactions E92-A(3)): column after
//! column, `a_r = max(0, a_r + (X_(n)K - A KᵀK)_r / (KᵀK)_rr)`. Neither ever raises the error.

use super::{
    Tensor,
    around::{Around, gram_without, normalise},
};
use crate::LinearError;
use ndarray::{Array1, Array2, Axis, Zip, s};
use rand::RngExt;
use rand_distr::StandardNormal;
use unmix_core::{Seed, Stream};
use unmix_numerics::{NumericsError, symmetric_eigen};

/// Sweeps over the columns of one factor before the next is turned to.
const COLUMN_SWEEPS: usize = 5;

/// Eigenvalues of `KᵀK` below this share of the largest are rounding, and their directions are left out (the least-squares solution of least norm).
const ROUNDING: f64 = 1e-14;

/// A tensor whose entry of largest magnitude is 1 or -1, and how its factors are sought.
pub(super) struct Search {
    pub tensor: Tensor,
    /// The Frobenius norm.
    pub norm: f64,
    pub components: usize,
    pub non_negative: bool,
}

/// Factors with columns of length 1 (or 0), and what they are multiplied by.
#[derive(Clone)]
pub(super) struct Terms {
    pub weights: Array1<f64>,
    pub factors: Vec<Array2<f64>>,
}

impl Search {
    /// Start 0: the leading eigenvectors of each unfolding's Gram matrix, completed by random columns; any other: columns uniform on the sphere.
    /// Magnitudes of them under non-negativity.
    pub fn start(&self, seed: Seed, start: u64) -> Result<Terms, LinearError> {
        let mut stream = seed.stream("cp-start", start);
        let factors = self.tensor.shape().iter().enumerate().map(|(mode, &length)| {
            let mut factor = random_columns(length, self.components, &mut stream);
            if start == 0 {
                let vectors = leading_vectors(&self.tensor.around(mode), self.components)?;
                factor.slice_mut(s![.., ..vectors.ncols()]).assign(&vectors);
            }
            if self.non_negative {
                factor.mapv_inplace(f64::abs);
            }
            normalise(&mut factor);
            Ok(factor)
        });
        Ok(Terms { factors: factors.collect::<Result<_, LinearError>>()?, weights: Array1::ones(self.components) })
    }

    /// One sweep over the modes, and the relative error after it, from the residuals: the difference of squared norms loses half of the digits.
    pub fn sweep(&self, terms: &mut Terms) -> Result<f64, LinearError> {
        let mut error = f64::NAN;
        for mode in 0..self.tensor.order() {
            let around = self.tensor.around(mode);
            let gram = gram_without(&terms.factors, mode);
            let products = around.products(&terms.factors[..mode], &terms.factors[mode + 1..], self.components)?;
            let mut factor = if self.non_negative {
                columnwise(&terms.factors[mode] * &terms.weights, &products, &gram)
            } else {
                least_squares(&products, &gram)?
            };
            if mode + 1 == self.tensor.order() {
                error = around.squared_residuals(&terms.factors[..mode], &factor)?.sqrt() / self.norm;
            }
            terms.weights = normalise(&mut factor);
            terms.factors[mode] = factor;
        }
        Ok(error)
    }
}

impl Terms {
    /// In order of descending weight, with the signs that [`CpModel`](super::CpModel) states.
    pub fn canonical(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.weights.len()).collect();
        order.sort_by(|&a, &b| self.weights[b].total_cmp(&self.weights[a]));
        self.weights = self.weights.select(Axis(0), &order);
        for factor in &mut self.factors {
            *factor = factor.select(Axis(1), &order);
        }
        if let Some((last, others)) = self.factors.split_last_mut() {
            for factor in others {
                for (mut column, mut balance) in factor.columns_mut().into_iter().zip(last.columns_mut()) {
                    let largest = column.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
                    if largest < 0.0 {
                        column.mapv_inplace(|v| -v);
                        balance.mapv_inplace(|v| -v);
                    }
                }
            }
        }
        self
    }
}

fn random_columns(rows: usize, columns: usize, stream: &mut Stream) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, columns), || stream.sample(StandardNormal))
}

/// At most `count` left singular vectors of the unfolding.
fn leading_vectors(around: &Around<'_>, count: usize) -> Result<Array2<f64>, LinearError> {
    let eigen = symmetric_eigen(around.gram()?.view())?;
    let floor = eigen.values.first().map_or(0.0, |largest| largest * ROUNDING);
    let rank = eigen.values.iter().take(count).take_while(|&&v| v > floor).count();
    around.left_vectors(eigen.vectors.slice_move(s![.., ..rank]))
}

/// `products · gram⁺`.
pub(super) fn least_squares(products: &Array2<f64>, gram: &Array2<f64>) -> Result<Array2<f64>, NumericsError> {
    let eigen = symmetric_eigen(gram.view())?;
    let floor = eigen.values.first().map_or(0.0, |largest| largest * ROUNDING);
    let inverse = eigen.values.mapv(|v| if v > floor { v.recip() } else { 0.0 });
    Ok(products.dot(&(&eigen.vectors * &inverse)).dot(&eigen.vectors.t()))
}

fn columnwise(mut factor: Array2<f64>, products: &Array2<f64>, gram: &Array2<f64>) -> Array2<f64> {
    for _ in 0..COLUMN_SWEEPS {
        for (r, weights) in gram.columns().into_iter().enumerate() {
            let own = weights[r];
            // nothing of this term is left in the other modes
            if own <= 0.0 {
                continue;
            }
            let fitted = factor.dot(&weights);
            Zip::from(factor.column_mut(r)).and(products.column(r)).and(&fitted).for_each(|a, p, f| *a = (*a + (p - f) / own).max(0.0));
        }
    }
    factor
}
