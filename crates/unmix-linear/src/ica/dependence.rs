//! Are the codes independent? Energy correlations on held-out rows, with permutation p-values.
//!
//! Uncorrelated codes that are not independent share their *energy*: large values of one come with large values of another (Hyvärinen,
//! Hoyer and Inki 2001, topographic ICA). The statistic is the largest `|corr(z_i², z_j²)|` over all pairs. Squares are chosen because the
//! error of an unmixing, of order `1/√n`, changes this correlation of independent sources in second order only, whatever their
//! distributions: the statistic of estimated codes has the distribution of that of the sources, which independent permutations of
//! each code give exactly. Correlations of the codes themselves, or of their hyperbolic tangents, do not have this property.

use super::{EVIDENCE_LEVEL, INDEPENDENT};
use ndarray::{Array2, ArrayView2, Axis, s};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use unmix_core::{Evidence, Seed, Verdict};

/// Permutations behind a p-value.
const PERMUTATIONS: usize = 399;
/// Rows that are permuted at most; more cost time and no longer change the verdict on a dependence that matters.
const MOST_ROWS: usize = 5000;

/// The test of "the codes are independent" on held-out codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependence {
    /// Small if two codes depend on each other.
    pub p_value: f64,
    /// The largest energy correlation, in magnitude.
    pub energy_correlation: f64,
    /// The two codes that have it, from 0; `None` for a single code.
    pub pair: Option<(usize, usize)>,
    /// The rows tested.
    pub rows: usize,
}

impl Dependence {
    /// Tests the held-out codes `z` `[n, k]`, the first 5,000 rows of them.
    pub fn of(z: ArrayView2<'_, f64>, seed: Seed) -> Self {
        let z = z.slice(s![..z.nrows().min(MOST_ROWS), ..]);
        let energies = standardised_energies(z);
        let (energy_correlation, pair) = largest_correlation(&energies);
        let beyond = (0..PERMUTATIONS as u64)
            .into_par_iter()
            .filter(|&index| {
                let mut stream = seed.stream("dependence", index);
                let mut permuted = energies.clone();
                for mut code in permuted.rows_mut() {
                    if let Some(values) = code.as_slice_mut() {
                        values.shuffle(&mut stream);
                    }
                }
                largest_correlation(&permuted).0 >= energy_correlation
            })
            .count();
        let p_value = if pair.is_some() { (beyond + 1) as f64 / (PERMUTATIONS + 1) as f64 } else { 1.0 };
        Self { p_value, energy_correlation, pair, rows: z.nrows() }
    }

    pub(super) fn evidence(&self) -> Evidence {
        let independent = self.p_value > EVIDENCE_LEVEL;
        let found = match self.pair {
            None => "there is one code".to_owned(),
            Some((i, j)) => format!(
                "the largest energy correlation, of codes {} and {} of the refit, is {:.3}{}",
                i + 1,
                j + 1,
                self.energy_correlation,
                if independent { ", no more than chance" } else { ": they depend on each other" }
            ),
        };
        Evidence {
            assumption: INDEPENDENT,
            verdict: if independent { Verdict::Supported } else { Verdict::Refuted },
            p_value: self.pair.map(|_| self.p_value),
            margin: self.pair.map(|_| self.energy_correlation),
            detail: format!(
                "permutation test on {} rows that a refit to the others has not seen: {found} (margin: that correlation)",
                self.rows
            ),
        }
    }
}

/// `z²` with mean 0 and length 1 for each code, `[k, n]`.
fn standardised_energies(z: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut energies = z.t().as_standard_layout().into_owned();
    for mut code in energies.rows_mut() {
        let mean = code.mean().unwrap_or_default();
        code.mapv_inplace(|v| (v - mean).powi(2));
        let mean = code.mean().unwrap_or_default();
        code.mapv_inplace(|v| v - mean);
        let length = code.dot(&code).sqrt();
        if length > 0.0 {
            code /= length;
        }
    }
    energies
}

/// The largest off-diagonal entry of `e eᵀ` in magnitude, and where.
fn largest_correlation(energies: &Array2<f64>) -> (f64, Option<(usize, usize)>) {
    let correlations = energies.dot(&energies.t());
    let mut largest = (0.0, None);
    for (i, row) in correlations.axis_iter(Axis(0)).enumerate() {
        for (j, value) in row.iter().enumerate().skip(i + 1) {
            if largest.1.is_none() || value.abs() > largest.0 {
                largest = (value.abs(), Some((i, j)));
            }
        }
    }
    largest
}
