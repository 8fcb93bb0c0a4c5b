//! Joint diagonalisation of symmetric matrices by rotations of pairs (Cardoso and Souloumiac 1996, Jacobi angles for simultaneous
//! diagonalization, SIAM Journal on Matrix Analysis and Applications 17(1), 161–164).
//!
//! The entry `(i, j)` of every matrix lies side by side, so that a rotation of two rows and columns is a pass over contiguous memory.

use super::{Ended, ordered_model};
use crate::{LinearModel, whitening::Whitening};
use ndarray::{Array1, Array2, Array3, ArrayView1, Zip, s};
use unmix_core::{Fitted, Progress, Run, Stop, Warning};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub method: &'static str,
    /// Rotations by smaller angles, in radians, are left out; a sweep without any ends the iteration.
    pub angle: f64,
    pub max_sweeps: usize,
}

/// The rotation that makes the matrices as diagonal as one rotation can.
pub(super) struct Diagonalised {
    /// Its rows are the common directions, `[k, k]`.
    pub rotation: Array2<f64>,
    /// The largest angle that each direction was turned by in the last sweep, `[k]`, in radians.
    pub turned: Array1<f64>,
    pub sweeps: usize,
    pub stop: Stop,
}

impl Diagonalised {
    /// The fit that this rotation of white data is. `remedy` completes "or check that …" where it has not converged.
    pub fn fitted(self, whitening: Whitening, objective: f64, remedy: &str) -> Fitted<LinearModel> {
        let (stop, iterations) = (self.stop, self.sweeps);
        let (model, turned) = ordered_model(whitening, &Ended::rotation(self.rotation, self.turned, iterations, stop));
        let mut warnings = Vec::new();
        if stop == Stop::MaxIterations {
            let largest = turned.iter().copied().fold(0.0, f64::max);
            let text = format!(
                "after {iterations} sweeps pairs still turn by up to {largest:.1e} radians; raise `max_iterations`, or check that {remedy}"
            );
            warnings.push(Warning { code: "not-converged", text });
        }
        Fitted { model, stop, iterations, objective: Some(objective), warnings }
    }
}

/// Diagonalises `matrices` `[k, k, m]`: `m` symmetric matrices, which are rotated in place.
pub(super) fn joint_diagonal(matrices: &mut Array3<f64>, rule: Rule, run: &mut Run<'_>) -> Diagonalised {
    let k = matrices.dim().0;
    let mut done = Diagonalised { rotation: Array2::eye(k), turned: Array1::zeros(k), sweeps: 0, stop: Stop::MaxIterations };
    while done.sweeps < rule.max_sweeps {
        done.sweeps += 1;
        done.turned.fill(0.0);
        for i in 0..k {
            for j in i + 1..k {
                let angle = angle(matrices.slice(s![i, i, ..]), matrices.slice(s![j, j, ..]), matrices.slice(s![i, j, ..]));
                if angle.abs() > rule.angle {
                    rotate(matrices, &mut done.rotation, (i, j), angle);
                    for index in [i, j] {
                        done.turned[index] = done.turned[index].max(angle.abs());
                    }
                }
            }
        }
        let largest = done.turned.iter().copied().fold(0.0, f64::max);
        let progress = Progress {
            stage: rule.method,
            step: done.sweeps,
            total: Some(rule.max_sweeps),
            objective: largest,
            parts: &[("largest angle", largest)],
        };
        if run.observer.observe(&progress).is_break() {
            done.stop = Stop::Cancelled;
            break;
        }
        if largest == 0.0 {
            done.stop = Stop::Tolerance;
            break;
        }
    }
    done
}

/// The angle in `(-π/4, π/4]` of the rotation that makes the entries `(i, j)` smallest.
fn angle(ii: ArrayView1<'_, f64>, jj: ArrayView1<'_, f64>, ij: ArrayView1<'_, f64>) -> f64 {
    let (mut on, mut off) = (0.0, 0.0);
    Zip::from(ii).and(jj).and(ij).for_each(|a, b, c| {
        let (difference, twice) = (a - b, 2.0 * c);
        on += difference * difference - twice * twice;
        off += 2.0 * difference * twice;
    });
    0.5 * off.atan2(on + on.hypot(off))
}

fn rotate(matrices: &mut Array3<f64>, rotation: &mut Array2<f64>, (i, j): (usize, usize), angle: f64) {
    let (sine, cosine) = angle.sin_cos();
    let turn = |a: &mut f64, b: &mut f64| (*a, *b) = (cosine * *a + sine * *b, cosine * *b - sine * *a);
    let (a, b) = matrices.multi_slice_mut((s![i, .., ..], s![j, .., ..]));
    Zip::from(a).and(b).for_each(turn);
    let (a, b) = matrices.multi_slice_mut((s![.., i, ..], s![.., j, ..]));
    Zip::from(a).and(b).for_each(turn);
    let (a, b) = rotation.multi_slice_mut((s![i, ..], s![j, ..]));
    Zip::from(a).and(b).for_each(turn);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ica::{decorrelate, random_start};
    use unmix_core::Seed;

    const RULE: Rule = Rule { method: "test", angle: 1e-12, max_sweeps: 50 };

    /// Matrices with common eigenvectors have no error left, whatever their eigenvalues.
    #[test]
    fn common_eigenvectors_are_found() {
        let mut stream = Seed(1).stream("test", 0);
        let basis = decorrelate(&random_start(5, &mut stream)).unwrap();
        let values = random_start(5, &mut stream);
        let mut matrices = Array3::zeros((5, 5, 3));
        for m in 0..3 {
            let matrix = basis.t().dot(&Array2::from_diag(&values.row(m))).dot(&basis);
            matrices.slice_mut(s![.., .., m]).assign(&matrix);
        }
        let done = joint_diagonal(&mut matrices, RULE, &mut Run::new(0));
        assert_eq!(done.stop, Stop::Tolerance);
        let agreement = done.rotation.dot(&basis.t()).mapv(f64::abs);
        for row in agreement.rows() {
            assert!((row.iter().fold(0.0_f64, |most, &v| most.max(v)) - 1.0).abs() < 1e-12, "{agreement}");
        }
        for ((i, j, _), value) in matrices.indexed_iter() {
            assert!(i == j || value.abs() < 1e-12);
        }
    }

    /// No rotation of a pair is better than the angle.
    #[test]
    fn the_angle_is_the_best_of_many() {
        let mut stream = Seed(2).stream("test", 0);
        let (ii, jj, ij) = (0, 1, 2);
        let data = random_start(6, &mut stream);
        let best = angle(data.row(ii), data.row(jj), data.row(ij));
        let error = |angle: f64| {
            let (sine, cosine) = angle.sin_cos();
            let off = |m: usize| (cosine * cosine - sine * sine) * data[[ij, m]] - sine * cosine * (data[[ii, m]] - data[[jj, m]]);
            (0..6).map(|m| off(m).powi(2)).sum::<f64>()
        };
        for step in -100..=100 {
            assert!(error(best) <= error(f64::from(step) * std::f64::consts::FRAC_PI_4 / 100.0) + 1e-12);
        }
    }
}
