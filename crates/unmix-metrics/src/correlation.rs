//! Correlations between codes and factors, of the data and of its bootstrap resamples.
//!
//! A resample is the number of times each row was drawn: sums become weighted sums and Spearman's ranks are those of the resampled
//! column, so no row is copied and no column sorted twice.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

/// Which correlation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correlation {
    /// Of the values: invariant to sign and scale.
    Pearson,
    /// Of their ranks, ties sharing the mean rank: invariant to every monotone map.
    Spearman,
}

/// Columns `[n, k]`, ready to be correlated.
pub(crate) struct Columns<'a> {
    x: ArrayView2<'a, f64>,
    ranking: Option<Vec<Ranking>>,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(x: ArrayView2<'a, f64>, correlation: Correlation) -> Self {
        let ranking = (correlation == Correlation::Spearman).then(|| x.columns().into_iter().map(Ranking::new).collect());
        Self { x, ranking }
    }

    pub(crate) fn rows(&self) -> usize {
        self.x.nrows()
    }

    /// The columns centred and scaled such that `aᵀ b` is their correlation. Without `counts` every row counts once.
    pub(crate) fn unit(&self, counts: Option<&[f64]>) -> Array2<f64> {
        let ones;
        let counts = if let Some(counts) = counts {
            counts
        } else {
            ones = vec![1.0; self.rows()];
            &ones
        };
        match &self.ranking {
            None => unit_columns(self.x.to_owned(), counts),
            Some(rankings) => {
                let mut ranks = Array2::zeros(self.x.raw_dim());
                for (ranking, mut column) in rankings.iter().zip(ranks.columns_mut()) {
                    ranking.midranks(counts, |row, rank| column[row] = rank);
                }
                unit_columns(ranks, counts)
            }
        }
    }
}

/// Columns centred and scaled to length 1, row `i` weighted by `counts[i]`. A constant column becomes zero, hence uncorrelated.
pub(crate) fn unit_columns(mut x: Array2<f64>, counts: &[f64]) -> Array2<f64> {
    /// Deviations below this share of the largest value are rounding.
    const ROUNDING: f64 = 8.0 * f64::EPSILON;
    let n: f64 = counts.iter().sum();
    for mut column in x.axis_iter_mut(Axis(1)) {
        let mean = column.iter().zip(counts).map(|(v, c)| v * c).sum::<f64>() / n;
        let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        column.iter_mut().zip(counts).for_each(|(v, c)| *v = (*v - mean) * c.sqrt());
        let length = column.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if length > ROUNDING * largest * n.sqrt() { length.recip() } else { 0.0 };
        column.mapv_inplace(|v| v * scale);
    }
    x
}

/// The rows of a column in ascending order, equal values together.
struct Ranking {
    order: Vec<usize>,
    /// Where in `order` each group of equal values ends.
    ends: Vec<usize>,
}

impl Ranking {
    fn new(column: ArrayView1<'_, f64>) -> Self {
        let mut order: Vec<usize> = (0..column.len()).collect();
        order.sort_by(|&a, &b| column[a].total_cmp(&column[b]).then(a.cmp(&b)));
        let differs = |&i: &usize| i == order.len() || column[order[i]] > column[order[i - 1]];
        let ends = (1..=order.len()).filter(differs).collect();
        Self { order, ends }
    }

    /// Calls `set(row, rank)` with the mean rank of each row in the sample that holds it `counts[row]` times.
    fn midranks(&self, counts: &[f64], mut set: impl FnMut(usize, f64)) {
        let (mut start, mut below) = (0, 0.0);
        for &end in &self.ends {
            let group = &self.order[start..end];
            let size: f64 = group.iter().map(|&row| counts[row]).sum();
            for &row in group {
                set(row, below + 0.5 * (size + 1.0));
            }
            below += size;
            start = end;
        }
    }
}
