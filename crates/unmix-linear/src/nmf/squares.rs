//! Squared distance: an iteration over both factors needs the data only in `X Hᵀ` and `Wᵀ X`, made in one pass.

use super::{
    factors::{Factors, Penalty, Problem, product, row_major, slice},
    pass::{Step, add, each_chunk_mut},
};
use faer::Accum;
use ndarray::Array2;
use rayon::prelude::*;

/// Improves rows of one factor while the other is fixed.
pub(super) trait Update: Sync {
    /// Improves `rows` `[m, k]` of `½ ‖x - w H‖²` with penalty, given `cross = x Hᵀ` `[m, k]` (overwritten) and `H Hᵀ` `[k, k]`. `of_w` says which
    /// factor it is. Returns how much moved.
    fn update(&self, rows: &mut [f64], cross: &mut [f64], gram: &[f64], penalty: Penalty, of_w: bool) -> f64;

    /// How much moved in all, as a share of the data.
    fn share(&self, moved: f64, squares: f64) -> f64;
}

/// Sums of a pass over rows.
#[derive(Default)]
struct Sums {
    gram: Vec<f64>,
    cross: Vec<f64>,
    moved: f64,
}

/// Rows of `H` that one task improves.
const TASK_ROWS: usize = 16;

/// One iteration: `W`, then `H`.
pub(super) fn iterate(problem: &Problem, factors: &mut Factors, update: &impl Update) -> Step {
    let (k, d) = (factors.components(), problem.x.ncols());
    let Factors { w, ht } = factors;
    let gram = gram_of(ht);
    let ht_values = slice(ht);
    let groups = each_chunk_mut(&problem.x, w, |x, w, sums: &mut Sums| {
        sums.gram.resize(k * k, 0.0);
        sums.cross.resize(d * k, 0.0);
        let mut cross = vec![0.0; w.len()];
        product(&mut cross, Accum::Replace, row_major(x, d), row_major(ht_values, k), 1.0);
        sums.moved += update.update(w, &mut cross, &gram, problem.of_w, true);
        let w = row_major(w, k);
        product(&mut sums.gram, Accum::Add, w.transpose(), w, 1.0);
        product(&mut sums.cross, Accum::Add, row_major(x, d).transpose(), w, 1.0);
    });
    let mut sums = Sums::default();
    for group in &groups {
        add(&mut sums.gram, &group.gram);
        add(&mut sums.cross, &group.cross);
        sums.moved += group.moved;
    }
    let mut cross = sums.cross.clone();
    let rows = ht.as_slice_mut().unwrap_or_default();
    let tasks = rows.par_chunks_mut(TASK_ROWS * k).zip(cross.par_chunks_mut(TASK_ROWS * k));
    let moved: Vec<f64> = tasks.map(|(rows, cross)| update.update(rows, cross, &sums.gram, problem.of_h, false)).collect();
    let moved = sums.moved + moved.iter().sum::<f64>();

    let fit: f64 = ht.iter().zip(&sums.cross).map(|(h, c)| h * c).sum();
    let model: f64 = gram_of(ht).iter().zip(&sums.gram).map(|(a, b)| a * b).sum();
    let objective = 0.5 * (problem.squares - 2.0 * fit + model) + problem.of_w.of(w) + problem.of_h.of(ht);
    Step { objective, moved: update.share(moved, problem.squares) }
}

/// `AᵀA` `[k, k]` of `a` `[m, k]`.
fn gram_of(a: &Array2<f64>) -> Vec<f64> {
    let k = a.ncols();
    let mut gram = vec![0.0; k * k];
    let a = row_major(slice(a), k);
    product(&mut gram, Accum::Replace, a.transpose(), a, 1.0);
    gram
}

/// Coordinate descent, sweep after sweep over the coefficients of a row.
pub(super) struct CoordinateDescent {
    /// Most sweeps over a row of `W` and of `H`.
    most: (usize, usize),
}

/// Gillis and Glineur (2012): sweeps may take half the time that the products with the data take …
const SWEEP_TIME: f64 = 0.5;
/// … and end when one moves less than a tenth of the first.
const LAST_SWEEP: f64 = 0.1;

impl CoordinateDescent {
    pub fn of(problem: &Problem) -> Self {
        let (n, d) = (problem.x.nrows() as f64, problem.x.ncols() as f64);
        // the ratio of the cost of the products to that of a sweep, for one part
        let most = |data: f64, rows: f64| 1 + (SWEEP_TIME * (1.0 + data / rows)).min(100.0) as usize;
        Self { most: (most(d, 1.0), most(n, 1.0)) }
    }
}

impl Update for CoordinateDescent {
    fn update(&self, rows: &mut [f64], cross: &mut [f64], gram: &[f64], penalty: Penalty, of_w: bool) -> f64 {
        let most = if of_w { self.most.0 } else { self.most.1 };
        let k = gram.len().isqrt();
        // from now on the gradient: w (H Hᵀ + l2) - x Hᵀ + l1
        cross.iter_mut().for_each(|c| *c = penalty.l1 - *c);
        product(cross, Accum::Add, row_major(rows, k), row_major(gram, k), 1.0);
        let mut moved = 0.0;
        for (row, gradient) in rows.chunks_exact_mut(k).zip(cross.chunks_exact_mut(k)) {
            gradient.iter_mut().zip(&*row).for_each(|(g, w)| *g += penalty.l2 * w);
            let first = sweep(row, gradient, gram, penalty.l2);
            moved += first;
            for _ in 1..most {
                if sweep(row, gradient, gram, penalty.l2) <= LAST_SWEEP * LAST_SWEEP * first {
                    break;
                }
            }
        }
        moved
    }

    fn share(&self, moved: f64, squares: f64) -> f64 {
        (moved / squares).sqrt()
    }
}

/// Sets each coefficient to its minimum; the sum of the squared changes, in units of the data.
fn sweep(row: &mut [f64], gradient: &mut [f64], gram: &[f64], l2: f64) -> f64 {
    let k = row.len();
    let mut moved = 0.0;
    for (j, column) in gram.chunks_exact(k).enumerate() {
        let curvature = column[j] + l2;
        if curvature <= 0.0 {
            continue;
        }
        let next = (row[j] - gradient[j] / curvature).max(0.0);
        let change = next - row[j];
        if change != 0.0 {
            row[j] = next;
            gradient.iter_mut().zip(column).for_each(|(g, c)| *g += change * c);
            gradient[j] += change * l2;
            moved += change * change * curvature;
        }
    }
    moved
}
