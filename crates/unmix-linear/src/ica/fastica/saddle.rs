//! Saddle points of symmetric FastICA, and the way out of them.
//!
//! Two sources of like distribution, rotated by 45 degrees against each other, are a fixed point that attracts: the iteration stops there with
//! two components mixed in equal parts. Tichavský, Koldovský and Oja (2006), IEEE Transactions on Signal Processing 54(4), 1189–1203,
//! find it by comparing the contrast of every pair with that of `(y_i ± y_j) / √2`, and go on from the better one.

use super::super::{contrast::Score, white::White};
use crate::LinearError;
use ndarray::Array2;
use std::f64::consts::FRAC_1_SQRT_2;

/// Rows on which the pairs are compared: a saddle point is no matter of small differences.
pub(super) const MOST_ROWS: usize = 8192;

/// Looks for pairs that are better apart.
pub(super) struct Saddles {
    sample: White<'static>,
    score: Score,
}

impl Saddles {
    pub fn of(white: &White<'_>, score: Score) -> Result<Self, LinearError> {
        Ok(Self { sample: white.thinned(MOST_ROWS)?, score })
    }

    /// The rotations `w` `[k, k]` with each pair that the sample shows to be mixed turned by 45 degrees; `None` if there is none.
    pub fn escape(&self, w: &Array2<f64>) -> Result<Option<Array2<f64>>, LinearError> {
        let (mean, variance) = self.score.gaussian();
        let n = self.sample.rows as f64;
        let contrast = |y: &mut [f64]| (self.score.total(y) / n - mean).powi(2);
        // less than the contrast of Gaussian codes varies by chance is no gain
        let least_gain = variance / n;
        let codes = self.sample.project(w)?;
        let alone: Vec<f64> = codes.iter().map(|y| contrast(&mut y.clone())).collect();
        let mut turned = vec![false; codes.len()];
        let mut better = w.clone();
        for i in 0..codes.len() {
            for j in i + 1..codes.len() {
                if turned[i] || turned[j] {
                    continue;
                }
                let pair = |sign: f64| {
                    let mut y: Vec<f64> = codes[i].iter().zip(&codes[j]).map(|(a, b)| FRAC_1_SQRT_2 * (a + sign * b)).collect();
                    contrast(&mut y)
                };
                if pair(1.0) + pair(-1.0) > alone[i] + alone[j] + least_gain {
                    better.row_mut(i).assign(&((&w.row(i) + &w.row(j)) * FRAC_1_SQRT_2));
                    better.row_mut(j).assign(&((&w.row(i) - &w.row(j)) * FRAC_1_SQRT_2));
                    (turned[i], turned[j]) = (true, true);
                }
            }
        }
        Ok(turned.contains(&true).then_some(better))
    }
}
