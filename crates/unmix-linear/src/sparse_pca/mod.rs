//! Sparse principal components: few variables in each, at the price of some variance.
//!
//! For the centred data `X` `[n, d]` (standardised, if asked) the objective is `½‖X - UV‖² + α‖V‖₁` with `‖u‖₂ ≤ 1` for every column of `U` `[n, k]`
//! (Mairal, Bach, Ponce and Sapiro 2010, Journal of Machine Learning Research 11; Jenatton, Obozinski and Bach 2010), as in scikit-learn's
//! `SparsePCA`. It is minimised by turns: a lasso for each column of `V` `[k, d]` by coordinate descent, then each column of `U` by projected least squares.
//! The rows of `V`, with length 1, are the components.
//!
//! `u` has length 1 whatever the number of rows, so that entries of `V` grow with `√n` and with the unit, and the same `α` with more rows is a weaker
//! penalty. The parameter [`penalty`](SparsePcaParams::penalty) is therefore `α / (√n s)` with `s²` the mean variance of the columns. From 1 on, no
//! component is left of standardised columns.
//!
//! Departures from `SparsePCA`: codes are least-squares coefficients without a ridge, so that inferring what was generated returns the codes
//! themselves (`ridge` brings it back); there are several starts, since the problem is not convex; empty components are dropped.

mod evidence;
mod iteration;
mod model;

pub use model::SparsePcaModel;

use crate::{LinearError, principal_axes::PrincipalAxes, rotation::canonical_order};
use iteration::{Ended, Problem};
use model::same_components;
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, DataError, Evidence, Fit, Fitted, Observations, Params, Run, Stop, Warning};

/// Starts whose objective is within this share of the best one's do as well.
const AS_GOOD: f64 = 1e-4;

/// An objective has to be lower by this share to be better: less is where the iteration happened to stop.
const BETTER: f64 = 1e-9;

/// The parameters of sparse PCA.
///
/// ```
/// use ndarray::{Array2, array};
/// use rand_distr::{Distribution, StandardNormal};
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::SparsePcaParams;
///
/// // two codes of equal variance that move variables of their own
/// let mut stream = Seed(1).stream("example", 0);
/// let mut normal = |n, d| Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream));
/// let mixing = array![[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
/// let x: Array2<f64> = normal(500, 2).dot(&mixing.t()) + 0.5 * normal(500, 7);
///
/// let params = SparsePcaParams { components: Some(2), ..Default::default() };
/// let model = params.build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?.model;
/// let mut supports = model.supports();
/// supports.sort();
/// assert_eq!(supports, [vec![0, 1, 2], vec![3, 4, 5]]);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SparsePcaParams {
    /// The number of components; it has to be given.
    pub components: Option<usize>,
    /// `α / (√n s)`: about the correlation with a component below which a standardised variable has no part in it.
    pub penalty: f64,
    /// Ridge penalty of the codes; with 0 they are least-squares coefficients. scikit-learn's is 0.01.
    pub ridge: f64,
    /// Analyse the standardised columns.
    pub standardize: bool,
    /// Starts, the first from the principal components, the others by turns from random rotations of them and from random directions; the lowest objective is kept.
    pub starts: usize,
    /// Most iterations of a start.
    pub max_iterations: usize,
    /// A start ends when an iteration lowers the objective by no more than this share.
    pub tolerance: f64,
}

impl Default for SparsePcaParams {
    /// Penalty 0.2, no ridge, columns as they are; 5 starts of at most 5000 iterations to 1e-10.
    fn default() -> Self {
        Self { components: None, penalty: 0.2, ridge: 0.0, standardize: false, starts: 5, max_iterations: 5000, tolerance: 1e-10 }
    }
}

impl Params for SparsePcaParams {
    type Estimator = SparsePca;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.within("penalty", self.penalty, 0.0..=f64::MAX);
        checks.within("ridge", self.ridge, 0.0..=f64::MAX);
        checks.at_least("starts", self.starts, 1);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> SparsePca {
        SparsePca { params: self }
    }
}

/// The estimator that [`SparsePcaParams`] build.
#[derive(Clone, Debug)]
pub struct SparsePca {
    params: SparsePcaParams,
}

impl SparsePca {
    fn fit_in_pool(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<SparsePcaModel>, LinearError> {
        let remedy = "set `components` (--set components=3)";
        let k = self.params.components.ok_or(DataError::Missing { what: "the number of components", remedy })?;
        let axes = PrincipalAxes::of(x, self.params.standardize)?;
        let most = axes.rank();
        if k > most {
            return Err(DataError::TooManyComponents { asked: k, most, reason: "the rank of their covariance" }.into());
        }
        let unit = (axes.rows as f64 * axes.values.sum() / axes.values.len() as f64).sqrt();
        let problem = Problem::new(&axes, self.params.penalty * unit);
        let ends = self.ends(&problem, k, run)?;
        let best = ends.iter().enumerate().fold(0, |best, (i, end)| {
            let better = end.objective < ends[best].objective * (1.0 - BETTER);
            if better { i } else { best }
        });
        let best = &ends[best];
        // what was cut short may be worse than what has ended
        let cancelled = ends.iter().any(|end| end.stop == Stop::Cancelled);
        let stop = if cancelled { Stop::Cancelled } else { best.stop };

        let kept: Vec<usize> = (0..k).filter(|&i| best.components.row(i).iter().any(|v| *v != 0.0)).collect();
        if kept.is_empty() {
            // ‖Xᵀu‖ cannot exceed the length of the longest column of X
            let longest = x_lengths(&axes).iter().fold(0.0_f64, |most, v| most.max(*v));
            return Err(LinearError::EmptyComponents { penalty: self.params.penalty, most: longest / unit });
        }
        let v = best.components.select(Axis(0), &kept);
        let loadings = unit_columns(v.t().dot(&canonical_order(v.t())));
        let (mut agreeing, mut rivals) = (0, 0);
        for end in &ends {
            let same = same_components(&unit_columns(end.components.t().to_owned()), &loadings);
            agreeing += usize::from(same);
            rivals += usize::from(!same && end.objective <= best.objective * (1.0 + AS_GOOD));
        }
        let model = model::of(&axes, loadings, self.params.ridge, problem.alpha)?;
        let model = SparsePcaModel { starts: ends.len(), agreeing, rivals, ..model };
        let warnings = [empty_warning(k - kept.len(), k), not_converged(best, self.params.tolerance)].into_iter().flatten().collect();
        Ok(Fitted { model, stop, iterations: best.iterations, objective: Some(best.objective), warnings })
    }

    /// Where all starts end; none comes after one that was cancelled.
    fn ends(&self, problem: &Problem, k: usize, run: &mut Run<'_>) -> Result<Vec<Ended>, LinearError> {
        let SparsePcaParams { starts, max_iterations, tolerance, .. } = self.params;
        let mut ends = Vec::with_capacity(starts);
        for index in 0..starts as u64 {
            let stream = &mut run.seed.stream("sparse-pca", index);
            let start = match index {
                0 => problem.principal(k),
                // a single direction has no other rotation
                _ if index % 2 == 1 && k > 1 => problem.random(k, stream),
                _ => problem.anywhere(k, stream),
            };
            let end = problem.end(start, max_iterations, tolerance, run)?;
            let cancelled = end.stop == Stop::Cancelled;
            ends.push(end);
            if cancelled {
                break;
            }
        }
        Ok(ends)
    }
}

impl Fit<Observations> for SparsePca {
    type Model = SparsePcaModel;
    type Error = LinearError;

    /// The objective is `½‖X - UV‖² + α‖V‖₁`, of the centred and scaled data.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<SparsePcaModel>, LinearError> {
        run.in_pool(|run| self.fit_in_pool(x, run))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "sparsity alone identifies nothing. If the supports are disjoint, and variables of different supports uncorrelated, then each \
                      component is the leading eigenvector of its own block of the covariance, unique up to sign, whatever eigenvalues the \
                      components share; that the penalised optimum finds the supports is no theorem, and is tested",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn evidence(&self, x: &Observations, model: &SparsePcaModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(self, x, model, run)
    }
}

/// The lengths of the centred and scaled columns, `[d]`.
fn x_lengths(axes: &PrincipalAxes) -> Array1<f64> {
    let n = axes.rows as f64;
    let values = axes.values.slice(ndarray::s![..axes.rank()]);
    axes.vectors.map_axis(Axis(1), |row| row.iter().zip(values).map(|(v, value)| n * value * v * v).sum::<f64>().sqrt())
}

/// Columns of length 1; empty ones stay so.
fn unit_columns(mut loadings: Array2<f64>) -> Array2<f64> {
    for mut column in loadings.columns_mut() {
        let length: f64 = column.dot(&column);
        if length > 0.0 {
            column /= length.sqrt();
        }
    }
    loadings
}

fn empty_warning(empty: usize, asked: usize) -> Option<Warning> {
    let text = format!("{empty} of the {asked} components have no variable and are dropped; lower `penalty` or `components`");
    (empty > 0).then_some(Warning { code: "empty-component", text })
}

fn not_converged(end: &Ended, tolerance: f64) -> Option<Warning> {
    let text =
        format!("the objective still falls after {} iterations; raise `max_iterations`, or `tolerance`, {tolerance:e}", end.iterations);
    (end.stop == Stop::MaxIterations).then_some(Warning { code: "not-converged", text })
}
