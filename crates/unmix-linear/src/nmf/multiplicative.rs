//! Multiplicative updates (Lee and Seung 2001): each is the minimum of a separable bound on the objective, which therefore never rises.

use super::{
    factors::{Factors, Penalty, Problem, product, row_major, slice},
    pass::{Step, add, each_chunk_mut},
    squares::Update,
};
use faer::Accum;
use rayon::prelude::*;

/// Squared distance: `w ← w (x Hᵀ) / (w H Hᵀ + l1 + l2 w)`.
pub(super) struct Squares;

impl Update for Squares {
    fn update(&self, rows: &mut [f64], cross: &mut [f64], gram: &[f64], penalty: Penalty, _: bool) -> f64 {
        let k = gram.len().isqrt();
        let mut model = vec![0.0; rows.len()];
        product(&mut model, Accum::Replace, row_major(rows, k), row_major(gram, k), 1.0);
        let mut moved = 0.0;
        for ((w, c), m) in rows.iter_mut().zip(cross).zip(&model) {
            let upward = m + penalty.l1 + penalty.l2 * *w;
            moved += *w * (upward - *c).abs();
            *w = if upward > 0.0 { *w * *c / upward } else { 0.0 };
        }
        moved
    }

    fn share(&self, moved: f64, squares: f64) -> f64 {
        moved / squares
    }
}

/// Sums of a pass over rows.
#[derive(Default)]
struct Sums {
    /// `Wᵀ (X / WH)`, transposed, `[d, k]`.
    pull: Vec<f64>,
    /// Column sums of `W`, `[k]`.
    weight: Vec<f64>,
    objective: f64,
    moved: f64,
}

/// Rows of `H` that one task improves.
const TASK_ROWS: usize = 16;

/// An iteration for the divergence: `W`, then `H`.
pub(super) fn divergence(problem: &Problem, factors: &mut Factors) -> Step {
    let (k, d) = (factors.components(), problem.x.ncols());
    let Factors { w, ht } = factors;
    let weight = super::column_sums(ht.view()).to_vec();
    let parts = row_major(slice(ht), k);
    let groups = each_chunk_mut(&problem.x, w, |x, w, sums: &mut Sums| {
        sums.pull.resize(d * k, 0.0);
        let mut ratio = vec![0.0; x.len()];
        product(&mut ratio, Accum::Replace, row_major(w, k), parts.transpose(), 1.0);
        ratio.iter_mut().zip(x).for_each(|(m, x)| *m = quotient(*x, *m));
        let mut pull = vec![0.0; w.len()];
        product(&mut pull, Accum::Replace, row_major(&ratio, d), parts, 1.0);
        sums.moved += multiply(w, &pull, &weight, problem.of_w);

        product(&mut ratio, Accum::Replace, row_major(w, k), parts.transpose(), 1.0);
        for (m, x) in ratio.iter_mut().zip(x) {
            sums.objective += problem.loss.between(*x, *m);
            *m = quotient(*x, *m);
        }
        product(&mut sums.pull, Accum::Add, row_major(&ratio, d).transpose(), row_major(w, k), 1.0);
        let mut total = vec![0.0; k];
        w.chunks_exact(k).for_each(|row| add(&mut total, row));
        add(&mut sums.weight, &total);
    });
    let mut sums = Sums::default();
    for group in &groups {
        add(&mut sums.pull, &group.pull);
        add(&mut sums.weight, &group.weight);
        sums.objective += group.objective;
        sums.moved += group.moved;
    }
    let objective = sums.objective + problem.of_w.of(w) + problem.of_h.of(ht);
    let rows = ht.as_slice_mut().unwrap_or_default();
    let tasks = rows.par_chunks_mut(TASK_ROWS * k).zip(sums.pull.par_chunks(TASK_ROWS * k));
    let moved: Vec<f64> = tasks.map(|(rows, pull)| multiply(rows, pull, &sums.weight, problem.of_h)).collect();
    Step { objective, moved: (sums.moved + moved.iter().sum::<f64>()) / problem.total }
}

/// Where the mean underflows to 0, no update can reach the value any more.
fn quotient(x: f64, mean: f64) -> f64 {
    if mean > 0.0 { x / mean } else { 0.0 }
}

/// The minimum of the bound `Σ_j (s_j + l1) v_j - w_j p_j ln v_j + ½ l2 v_j²` over `v`, for every row `w`, with `s` the column sums of the other
/// factor and `p` the pull `[m, k]`: the positive root of `l2 v² + (s + l1) v - w p = 0`. Lee and Seung's without `l2`. Returns `Σ |w ∂f/∂w|`.
fn multiply(rows: &mut [f64], pull: &[f64], weight: &[f64], penalty: Penalty) -> f64 {
    let mut moved = 0.0;
    for (row, pull) in rows.chunks_exact_mut(weight.len()).zip(pull.chunks_exact(weight.len())) {
        for ((w, p), s) in row.iter_mut().zip(pull).zip(weight) {
            let (linear, constant) = (s + penalty.l1, *w * p);
            moved += (*w * (linear + penalty.l2 * *w) - constant).abs();
            // in this form the root does not cancel, and `l2` may be 0
            let denominator = linear + (linear * linear + 4.0 * penalty.l2 * constant).sqrt();
            *w = if denominator > 0.0 { 2.0 * constant / denominator } else { 0.0 };
        }
    }
    moved
}
