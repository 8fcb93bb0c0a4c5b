//! The estimator of a canonical polyadic decomposition.

use super::{
    CpModel, CpStarts, Tensor,
    congruence::cosines,
    evidence,
    iteration::{Search, Terms},
};
use crate::LinearError;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Params, Progress, Run, Stop, Warning};
use unmix_numerics::maximum_assignment;

/// A relative error below this is rounding: the decomposition is exact, and further sweeps change nothing that is known.
pub(super) const EXACT: f64 = 1e-13;

/// Errors that differ by less, relatively or absolutely, are those of equally good starts.
const AS_GOOD: (f64, f64) = (1e-3, 1e-6);

/// Terms with a larger congruence are the same; Lorenzo-Seva and ten Berge (2006) call 0.95 equal for single factors.
const SAME_TERM: f64 = 0.99;

/// The parameters of a canonical polyadic (CP, PARAFAC) decomposition.
///
/// ```
/// use ndarray::Array;
/// use unmix_core::{Fit, Params, Run};
/// use unmix_linear::{CpParams, Tensor};
///
/// // two terms: (1, 2) ∘ (1, 0) ∘ (1, 1) and 3 · (1, -1) ∘ (1, 1) ∘ (0, 1)
/// let x = Tensor::new(Array::from_shape_vec((2, 2, 2), vec![1.0, 4.0, 0.0, 3.0, 2.0, -1.0, 0.0, -3.0]).unwrap().into_dyn())?;
/// let fitted = CpParams { components: 2, ..Default::default() }.build()?.fit(&x, &mut Run::new(1))?;
/// assert!(fitted.stop.converged() && fitted.model.error < 1e-6);
/// // lengths √2 √2 · 3 and √5 √2
/// assert!((fitted.model.weights[0] - 6.0).abs() < 1e-4 && (fitted.model.weights[1] - 10_f64.sqrt()).abs() < 1e-4);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CpParams {
    /// The lengths of the modes of the tensor in each row of a table ([`RowCpParams`](super::RowCpParams)), two or more whose product is the number of
    /// columns, the last index fastest. A [`Tensor`] has its own.
    pub modes: Option<Vec<usize>>,
    /// The number of terms, `k`.
    pub components: usize,
    /// Whether the entries of all factors are kept from being negative.
    pub non_negative: bool,
    /// Starts, the first from eigenvectors of the unfoldings and the others random; the one of least error is kept.
    pub starts: usize,
    /// The most sweeps over all modes of each start.
    pub max_iterations: usize,
    /// Stops when a sweep lowers the relative error `‖X - X̂‖ / ‖X‖` by less than this share of it.
    pub tolerance: f64,
}

impl Default for CpParams {
    /// One term of any sign; 5 starts of at most 2000 sweeps to 1e-8.
    fn default() -> Self {
        Self { modes: None, components: 1, non_negative: false, starts: 5, max_iterations: 2000, tolerance: 1e-8 }
    }
}

impl Params for CpParams {
    type Estimator = Cp;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components, 1);
        checks.at_least("starts", self.starts, 1);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> Cp {
        Cp { params: self }
    }
}

/// The estimator that [`CpParams`] build: alternating least squares, column by column where the factors are non-negative.
///
/// With as many or more terms than a mode is long the least-squares solution of least norm is taken.
#[derive(Clone, Debug)]
pub struct Cp {
    params: CpParams,
}

/// Where one start ended.
struct Ended {
    terms: Terms,
    error: f64,
    stop: Stop,
    iterations: usize,
}

impl Cp {
    fn end(&self, search: &Search, start: usize, run: &mut Run<'_>) -> Result<Ended, LinearError> {
        let mut terms = search.start(run.seed, start as u64)?;
        let (mut error, mut iterations) = (f64::INFINITY, 0);
        let stop = loop {
            let before = error;
            error = search.sweep(&mut terms)?;
            iterations += 1;
            if !error.is_finite() {
                return Err(LinearError::Diverged { method: "cp", iteration: iterations, value: error });
            }
            let parts = [("start", start as f64)];
            let progress = Progress { stage: "cp", step: iterations, total: None, objective: error, parts: &parts };
            if run.observer.observe(&progress).is_break() {
                break Stop::Cancelled;
            }
            if error <= EXACT || (before.is_finite() && before - error <= self.params.tolerance * before) {
                break Stop::Tolerance;
            }
            if iterations == self.params.max_iterations {
                break Stop::MaxIterations;
            }
        };
        Ok(Ended { terms: terms.canonical(), error, stop, iterations })
    }

    /// Takes the tensor, of which a copy is one too many.
    pub(super) fn decompose(&self, mut tensor: Tensor, run: &mut Run<'_>) -> Result<Fitted<CpModel>, LinearError> {
        // squares of scaled entries neither overflow nor vanish
        let scale = tensor.scale();
        tensor.values /= scale;
        let norm = tensor.values.iter().map(|v| v * v).sum::<f64>().sqrt();
        let search = Search { tensor, norm, components: self.params.components, non_negative: self.params.non_negative };
        let mut best = self.end(&search, 0, run)?;
        let mut all = vec![(best.error, best.terms.factors.clone())];
        let mut cancelled = best.stop == Stop::Cancelled;
        for start in 1..self.params.starts {
            if cancelled {
                break;
            }
            let other = self.end(&search, start, run)?;
            cancelled = other.stop == Stop::Cancelled;
            all.push((other.error, other.terms.factors.clone()));
            if other.error < best.error {
                best = other;
            }
        }
        let starts = compare(&all, &best)?;
        let Ended { terms, error, stop, iterations } = best;
        let model = CpModel { weights: terms.weights * scale, factors: terms.factors, error, starts };
        let stop = if cancelled { Stop::Cancelled } else { stop };
        let warnings = [self.not_converged(stop, iterations), empty(&model)].into_iter().flatten().collect();
        Ok(Fitted { model, stop, iterations, objective: Some(error), warnings })
    }

    fn not_converged(&self, stop: Stop, iterations: usize) -> Option<Warning> {
        let text = format!(
            "the best start still lowered its error by more than {:e} of it after {iterations} sweeps; raise `max_iterations`, or lower `components`: \
             terms that cancel each other converge to nothing",
            self.params.tolerance
        );
        (stop == Stop::MaxIterations).then_some(Warning { code: "not-converged", text })
    }
}

fn empty(model: &CpModel) -> Option<Warning> {
    let count = model.weights.iter().filter(|&&w| w == 0.0).count();
    let text = format!("{count} of the {} terms carry nothing; lower `components`", model.components());
    (count > 0).then_some(Warning { code: "empty-component", text })
}

/// How the starts, each with its error and factors, compare with the best.
fn compare(all: &[(f64, Vec<Array2<f64>>)], best: &Ended) -> Result<CpStarts, LinearError> {
    let k = best.terms.weights.len();
    let mut starts = CpStarts { made: all.len(), as_good: 0, agreeing: 0 };
    for (error, factors) in all {
        if error - best.error <= (AS_GOOD.0 * best.error).max(AS_GOOD.1) {
            starts.as_good += 1;
            let cosines = cosines(&best.terms.factors, factors, (k, k));
            let matched = maximum_assignment(cosines.view())?.pairs;
            starts.agreeing += usize::from(matched.into_iter().all(|pair| cosines[pair] > SAME_TERM));
        }
    }
    Ok(starts)
}

/// What is identified, of tensors and of tables.
pub(super) fn claim() -> Claim {
    Claim {
        class: Class::PermutationScale,
        theorem: "Kruskal (1977), Linear Algebra and its Applications 18(2), theorem 4a; for more than three modes Sidiropoulos and Bro (2000), \
                  Journal of Chemometrics 14(3): unique if the k-ranks of the N factors add up to at least 2k + N - 1",
        assumptions: &evidence::ASSUMPTIONS,
    }
}

impl Fit<Tensor> for Cp {
    type Model = CpModel;
    type Error = LinearError;

    /// The objective is the relative error `‖X - X̂‖ / ‖X‖`. Memory for a copy of the tensor.
    fn fit(&self, x: &Tensor, run: &mut Run<'_>) -> Result<Fitted<CpModel>, LinearError> {
        run.in_pool(|run| self.decompose(x.clone(), run))
    }

    fn claim(&self) -> Claim {
        claim()
    }

    fn evidence(&self, x: &Tensor, model: &CpModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(x, model, run.seed)
    }
}
