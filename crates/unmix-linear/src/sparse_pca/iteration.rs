//! Minimises `½‖X - UV‖² + α‖V‖₁` under `‖u‖ ≤ 1` for each column of `U`, by turns.

use crate::{
    LinearError,
    principal_axes::PrincipalAxes,
    rotation::{random_frame, random_rotation},
};
use ndarray::{Array2, Axis, s};
use unmix_core::{Progress, Run, Stop, Stream};

/// Sweeps of coordinate descent over one column of `V`, and the change, as a share of the largest product with a code, that ends them: near rounding, so
/// that the turns follow the path of exact minima.
const SWEEPS: usize = 1000;
const SWEPT: f64 = 1e-13;

/// The data in coordinates of their rows' span, which leave the objective as it is: `diag(√(nλ)) axesᵀ`, `[rank, d]`.
pub(super) struct Problem {
    data: Array2<f64>,
    pub alpha: f64,
}

/// Where a start ended.
pub(super) struct Ended {
    /// `V` `[k, d]`.
    pub components: Array2<f64>,
    pub objective: f64,
    pub iterations: usize,
    pub stop: Stop,
}

/// Codes `U` `[rank, k]` and components `V` `[k, d]`.
struct Factors {
    u: Array2<f64>,
    v: Array2<f64>,
}

impl Problem {
    pub fn new(axes: &PrincipalAxes, alpha: f64) -> Self {
        let singular = axes.values.slice(s![..axes.rank()]).mapv(|value| (value * axes.rows as f64).sqrt());
        let data = (&axes.vectors * &singular).reversed_axes().as_standard_layout().into_owned();
        Self { data, alpha }
    }

    /// From the left singular vectors. (scikit-learn starts from these times their singular values, which its first iteration cuts to length 1; that
    /// start would depend on the unit.)
    pub fn principal(&self, k: usize) -> Array2<f64> {
        self.rotated(&Array2::eye(k))
    }

    /// From a random rotation of them.
    pub fn random(&self, k: usize, stream: &mut Stream) -> Array2<f64> {
        self.rotated(&random_rotation(k, stream))
    }

    /// From the span of random directions of all the data, which need not be near the principal ones.
    pub fn anywhere(&self, k: usize, stream: &mut Stream) -> Array2<f64> {
        random_frame(self.data.nrows(), k, stream)
    }

    fn rotated(&self, rotation: &Array2<f64>) -> Array2<f64> {
        let k = rotation.ncols();
        let mut u = Array2::zeros((self.data.nrows(), k));
        u.slice_mut(s![..k, ..]).assign(rotation);
        u
    }

    /// Iterates from the codes `u` until an iteration lowers the objective by no more than `tolerance` of it.
    pub fn end(&self, u: Array2<f64>, max_iterations: usize, tolerance: f64, run: &mut Run<'_>) -> Result<Ended, LinearError> {
        let mut factors = Factors { v: Array2::zeros((u.ncols(), self.data.ncols())), u };
        let (mut stop, mut iterations, mut objective) = (Stop::MaxIterations, 0, f64::INFINITY);
        while iterations < max_iterations {
            self.sparsen(&mut factors);
            let next = self.refit(&mut factors);
            iterations += 1;
            if !next.is_finite() {
                return Err(LinearError::Diverged { method: "sparse-pca", iteration: iterations, value: next });
            }
            let lowered = objective - next;
            objective = next;
            let progress = Progress { stage: "sparse-pca", step: iterations, total: None, objective, parts: &[("lowered", lowered)] };
            if run.observer.observe(&progress).is_break() {
                stop = Stop::Cancelled;
                break;
            }
            if lowered <= tolerance * objective {
                stop = Stop::Tolerance;
                break;
            }
        }
        Ok(Ended { components: factors.v, objective, iterations, stop })
    }

    /// The best `V` for `U`: a lasso for each column, by coordinate descent.
    fn sparsen(&self, factors: &mut Factors) {
        let gram = factors.u.t().dot(&factors.u);
        let products = factors.u.t().dot(&self.data);
        let k = gram.nrows();
        for (mut column, product) in factors.v.columns_mut().into_iter().zip(products.columns()) {
            let enough = SWEPT * product.iter().fold(0.0_f64, |most, p| most.max(p.abs()));
            for _ in 0..SWEEPS {
                let mut moved = 0.0_f64;
                for i in (0..k).filter(|&i| gram[[i, i]] > 0.0) {
                    let before = column[i];
                    let pull = product[i] - gram.row(i).dot(&column) + gram[[i, i]] * before;
                    column[i] = pull.signum() * (pull.abs() - self.alpha).max(0.0) / gram[[i, i]];
                    moved = moved.max((column[i] - before).abs() * gram[[i, i]]);
                }
                if moved <= enough {
                    break;
                }
            }
        }
    }

    /// The best code for each component in turn, the others as they are; returns the objective. The code of an empty component stays.
    fn refit(&self, Factors { u, v }: &mut Factors) -> f64 {
        let mut residual = &self.data - &u.dot(v);
        for (mut code, component) in u.columns_mut().into_iter().zip(v.rows()) {
            let square: f64 = component.dot(&component);
            if square == 0.0 {
                continue;
            }
            // what the others leave, projected on the component: R v / ‖v‖² + u
            let mut better = residual.dot(&component) / square + &code;
            let length = better.dot(&better).sqrt().max(1.0);
            better /= length;
            let change = (&better - &code).insert_axis(Axis(1));
            residual -= &change.dot(&component.insert_axis(Axis(0)));
            code.assign(&better);
        }
        let squares: f64 = residual.iter().map(|r| r * r).sum();
        0.5 * squares + self.alpha * v.iter().map(|v| v.abs()).sum::<f64>()
    }
}
