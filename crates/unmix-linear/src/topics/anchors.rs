//! The words at the corners of the simplex (`FastAnchorWords` of Arora et al. 2013), without random projection: with the full rows
//! there is nothing random in the result.

use ndarray::{Array2, ArrayView1, ArrayViewMut1, Axis};
use rayon::prelude::*;

/// A residual below this share of a row's length is rounding.
const ROUNDING: f64 = 1e-10;

/// The anchors among `candidates`, in the order in which they are found: each is the candidate farthest from the span of the others so far, and at the end each is
/// replaced by the candidate farthest from the span of all others. Fewer than `k` if the rows span no more.
pub(super) fn find(rows: &Array2<f64>, candidates: &[usize], k: usize) -> Vec<usize> {
    let points = rows.select(Axis(0), candidates);
    let largest = farthest(&points).map_or(0.0, |(_, squares)| squares);
    let mut left = points.clone();
    let mut chosen = Vec::with_capacity(k);
    while chosen.len() < k {
        let Some((next, squares)) = farthest(&left) else { break };
        if squares <= ROUNDING * ROUNDING * largest {
            break;
        }
        let direction = &left.row(next) / squares.sqrt();
        project_out(&mut left, direction.view());
        chosen.push(next);
    }
    if chosen.len() == k {
        for place in 0..k {
            let mut left = points.clone();
            for other in (0..k).filter(|&o| o != place) {
                // modified Gram–Schmidt: the other anchors as they are left by those before them
                let direction = left.row(chosen[other]).to_owned();
                let length = direction.dot(&direction).sqrt();
                if length > 0.0 {
                    project_out(&mut left, (direction / length).view());
                }
            }
            if let Some((best, _)) = farthest(&left) {
                chosen[place] = best;
            }
        }
    }
    chosen.iter().map(|&c| candidates[c]).collect()
}

/// The first row of largest length, and its square.
fn farthest(points: &Array2<f64>) -> Option<(usize, f64)> {
    let rows = points.as_slice().unwrap_or_default().par_chunks(points.ncols());
    let squares: Vec<f64> = rows.map(|row| row.iter().map(|v| v * v).sum()).collect();
    let first_of_largest = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    squares.into_iter().enumerate().reduce(first_of_largest)
}

fn project_out(points: &mut Array2<f64>, direction: ArrayView1<'_, f64>) {
    let d = points.ncols();
    points.as_slice_mut().unwrap_or_default().par_chunks_mut(d).for_each(|row| {
        let mut row = ArrayViewMut1::from(row);
        let along = row.dot(&direction);
        row.scaled_add(-along, &direction);
    });
}
