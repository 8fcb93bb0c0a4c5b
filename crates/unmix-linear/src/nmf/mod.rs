//! Non-negative matrix factorisation: observations as sums of parts that never cancel.
//!
//! `X ≈ Z H` with codes `Z ≥ 0` `[n, k]` and parts `H ≥ 0` `[k, d]` (Lee and Seung 1999, Nature 401). A fitted row of `H` sums to 1, so that a code is what
//! its part adds to the total of the row, in the units of the data; the parts that carry most come first.

mod evidence;
mod factors;
mod initialisation;
mod model;
mod multiplicative;
mod pass;
mod squares;

pub use initialisation::NmfInitialisation;
pub use model::NmfModel;

use crate::{
    LinearError,
    nonnegative::{listed, require_non_negative, require_representable},
};
use factors::{Factors, Problem};
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, DataError, Evidence, Fit, Fitted, Observations, Params, Progress, Run, Seed, Stop, Warning};

/// What the distance between data and model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NmfLoss {
    /// `½ ‖X - WH‖²`: noise of one size everywhere.
    #[default]
    Frobenius,
    /// `Σ x ln(x / wh) - x + wh`: noise as of counts, whose variance is their mean.
    KullbackLeibler,
}

/// How the factors are improved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NmfSolver {
    /// One coefficient at a time to its minimum, called HALS too (Cichocki and Phan 2009, IEICE Transactions E92-A(3), 708–721; Hsieh and
    /// Dhillon 2011, KDD), with repeated sweeps over one factor (Gillis and Glineur 2012, Neural Computation 24(4), 1085–1105).
    CoordinateDescent,
    /// Multiplicative updates (Lee and Seung 2001, Algorithms for non-negative matrix factorization, NIPS 13): simple and slow.
    Multiplicative,
}

/// The parameters of non-negative matrix factorisation.
///
/// With codes `W` `[n, k]` before the scale of the parts is fixed, the objective is that of scikit-learn, so that results can be compared at equal
/// objective:
///
/// `loss(X, WH) + l (a d ΣW + b n ΣH) + ½ (1 - l) (a d ΣW² + b n ΣH²)`
///
/// with `a` = `alpha_w`, `b` = `alpha_h`, `l` = `l1_ratio`.
///
/// ```
/// use ndarray::array;
/// use unmix_core::{Fit, Infer, Observations, Params, Run};
/// use unmix_linear::NmfParams;
///
/// // two parts: the first two variables, and the last two
/// let x = array![[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 3.0], [2.0, 4.0, 1.0, 1.0]];
/// let params = NmfParams { components: Some(2), tolerance: 1e-12, ..Default::default() };
/// let fitted = params.build()?.fit(&Observations::unnamed(x.clone())?, &mut Run::new(1))?;
/// // each code is what its part adds to the total of the row
/// let codes = fitted.model.infer(x.view())?;
/// assert!((&codes - &array![[3.0, 0.0], [0.0, 6.0], [6.0, 2.0]]).iter().all(|v| v.abs() < 1e-6));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NmfParams {
    /// The number of parts; it has to be given, since no number follows from the data alone.
    pub components: Option<usize>,
    /// The distance between data and model.
    pub loss: NmfLoss,
    /// How the factors are improved; by the loss if absent: coordinate descent for `frobenius`, the only one there is for `kullback-leibler`.
    pub solver: Option<NmfSolver>,
    /// Where the first start is; the others are random.
    pub initialisation: NmfInitialisation,
    /// Starts, of which the one with the smallest objective is kept.
    pub starts: usize,
    /// Weight of the penalty on `W`, to be multiplied by the number of columns.
    pub alpha_w: f64,
    /// Weight of the penalty on `H`, to be multiplied by the number of rows; that of `W` if absent.
    pub alpha_h: Option<f64>,
    /// The share of absolute values in the penalty, from 0 (squares only) to 1.
    pub l1_ratio: f64,
    /// Most iterations, each over both factors.
    pub max_iterations: usize,
    /// Ends when an iteration moves less than this share of the data. For coordinate descent it is the norm by which `WH` would change if each
    /// coefficient moved alone, over the norm of the data; for multiplicative updates the sum of `|w ∂f/∂w|` and `|h ∂f/∂h|` over the sum of
    /// the data (of their squares, for `frobenius`).
    pub tolerance: f64,
}

impl Default for NmfParams {
    /// Squared distance by coordinate descent from one start (NNDSVD without zeros), no penalty; 2000 iterations to 1e-5.
    fn default() -> Self {
        Self {
            components: None,
            loss: NmfLoss::default(),
            solver: None,
            initialisation: NmfInitialisation::default(),
            starts: 1,
            alpha_w: 0.0,
            alpha_h: None,
            l1_ratio: 0.0,
            max_iterations: 2000,
            tolerance: 1e-5,
        }
    }
}

impl NmfParams {
    fn solver(&self) -> NmfSolver {
        self.solver.unwrap_or(match self.loss {
            NmfLoss::Frobenius => NmfSolver::CoordinateDescent,
            NmfLoss::KullbackLeibler => NmfSolver::Multiplicative,
        })
    }
}

impl Params for NmfParams {
    type Estimator = Nmf;

    fn constraints(&self, checks: &mut Checks) {
        let multiplicative = self.solver() == NmfSolver::Multiplicative;
        let alpha_h = self.alpha_h.unwrap_or(self.alpha_w);
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.require(
            "solver",
            multiplicative || self.loss == NmfLoss::Frobenius,
            "coordinate descent is for the loss `frobenius`; choose `multiplicative`",
        );
        checks.require(
            "initialisation",
            !multiplicative || self.initialisation != NmfInitialisation::Nndsvd,
            "its zeros would stay zero under multiplicative updates; choose `nndsvda` or `random`",
        );
        checks.at_least("starts", self.starts, 1);
        checks.within("alpha_w", self.alpha_w, 0.0..=f64::MAX);
        checks.within("alpha_h", alpha_h, 0.0..=f64::MAX);
        checks.require(
            "alpha_h",
            (self.alpha_w > 0.0) == (alpha_h > 0.0),
            "penalise both factors or none: a penalty on one is escaped by making it small and the other large",
        );
        checks.within("l1_ratio", self.l1_ratio, 0.0..=1.0);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> Nmf {
        Nmf { params: self }
    }
}

/// The estimator that [`NmfParams`] build.
#[derive(Clone, Debug)]
pub struct Nmf {
    params: NmfParams,
}

/// Where a start ended.
struct Ended {
    factors: Factors,
    objective: f64,
    iterations: usize,
    stop: Stop,
}

impl Nmf {
    /// Fits from the codes `w` `[n, k]` and parts `h` `[k, d]`, both non-negative, in place of a start of its own.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit); [`DataError::ColumnCount`] if `w` or `h` do not fit `x` or the number of parts asked for, [`DataError::NonFinite`] if they hold NaN
    /// or infinity. A start of which an entry is 0 is refused for multiplicative steps, which would leave it 0.
    pub fn fit_from(
        &self,
        x: &Observations,
        w: ArrayView2<'_, f64>,
        h: ArrayView2<'_, f64>,
        run: &mut Run<'_>,
    ) -> Result<Fitted<NmfModel>, LinearError> {
        let k = self.check(x)?;
        for (found, expected) in [(w.nrows(), x.rows()), (w.ncols(), k), (h.ncols(), x.columns()), (h.nrows(), k)] {
            if found != expected {
                return Err(DataError::ColumnCount { expected, found }.into());
            }
        }
        let parts: Vec<String> = (1..=k).map(|i| format!("z{i}")).collect();
        for (factor, names) in [(w, parts.as_slice()), (h, x.names())] {
            require_start(factor, names, self.params.solver())?;
        }
        let start = Factors::new(w, h);
        run.in_pool(|run| {
            let problem = Problem::new(x, &self.params);
            let ended = self.end(&problem, start, run)?;
            Ok(self.fitted(x, &problem, ended))
        })
    }

    fn fit_in_pool(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<NmfModel>, LinearError> {
        let k = self.check(x)?;
        let problem = Problem::new(x, &self.params);
        let first = self.params.initialisation.start(&problem, k, &mut run.seed.stream("nmf", 0))?;
        let mut best = self.end(&problem, first, run)?;
        for index in 1..self.params.starts as u64 {
            if best.stop == Stop::Cancelled {
                break;
            }
            let start = NmfInitialisation::Random.start(&problem, k, &mut run.seed.stream("nmf", index))?;
            let other = self.end(&problem, start, run)?;
            // what was cut short may be worse than what has ended
            if other.stop == Stop::Cancelled {
                best.stop = Stop::Cancelled;
            } else if other.objective < best.objective {
                best = other;
            }
        }
        Ok(self.fitted(x, &problem, best))
    }

    /// The number of parts, if `x` allows them.
    fn check(&self, x: &Observations) -> Result<usize, LinearError> {
        let remedy = "set `components` (--set components=10)";
        let k = self.params.components.ok_or(DataError::Missing { what: "the number of parts", remedy })?;
        x.require_rows(2, "tell parts from one observation")?;
        require_non_negative(x.x(), x.names(), "non-negative factorisation")?;
        require_representable(x.x(), x.names())?;
        let most = x.rows().min(x.columns());
        if k > most {
            return Err(DataError::TooManyComponents { asked: k, most, reason: "the smaller of rows and columns" }.into());
        }
        if x.x().iter().all(|v| *v == 0.0) {
            return Err(DataError::Constant { column: x.names().first().cloned().unwrap_or_default(), value: 0.0 }.into());
        }
        Ok(k)
    }

    /// Iterates from `factors` until the tolerance is met.
    fn end(&self, problem: &Problem, mut factors: Factors, run: &mut Run<'_>) -> Result<Ended, LinearError> {
        let most = self.params.max_iterations;
        let mut stop = Stop::MaxIterations;
        let mut iterations = 0;
        while iterations < most {
            let step = match (self.params.loss, self.params.solver()) {
                (NmfLoss::KullbackLeibler, _) => multiplicative::divergence(problem, &mut factors),
                (_, NmfSolver::Multiplicative) => squares::iterate(problem, &mut factors, &multiplicative::Squares),
                (_, NmfSolver::CoordinateDescent) => squares::iterate(problem, &mut factors, &squares::CoordinateDescent::of(problem)),
            };
            iterations += 1;
            if !step.objective.is_finite() || !step.moved.is_finite() {
                return Err(LinearError::Diverged { method: "nmf", iteration: iterations, value: step.objective });
            }
            let progress =
                Progress { stage: "nmf", step: iterations, total: None, objective: step.objective, parts: &[("moved", step.moved)] };
            if run.observer.observe(&progress).is_break() {
                stop = Stop::Cancelled;
                break;
            }
            if step.moved <= self.params.tolerance {
                stop = Stop::Tolerance;
                break;
            }
        }
        let objective = problem.objective(&factors);
        Ok(Ended { factors, objective, iterations, stop })
    }

    fn fitted(&self, x: &Observations, problem: &Problem, ended: Ended) -> Fitted<NmfModel> {
        let model = NmfModel::of(x, problem, &ended.factors);
        let mut warnings = Vec::new();
        let silent: Vec<String> =
            x.x().columns().into_iter().zip(x.names()).filter(|(c, _)| c.sum() == 0.0).map(|(_, n)| quoted(n)).collect();
        if !silent.is_empty() {
            let text = format!("{} of the columns are 0 in every row and belong to no part: {}", silent.len(), listed(&silent));
            warnings.push(Warning { code: "zero-column", text });
        }
        let empty: Vec<String> =
            x.x().rows().into_iter().enumerate().filter(|(_, row)| row.sum() == 0.0).map(|(i, _)| (i + 1).to_string()).collect();
        if !empty.is_empty() {
            let text = format!("{} of the rows are 0 in every column, and so are their codes: {}", empty.len(), listed(&empty));
            warnings.push(Warning { code: "zero-row", text });
        }
        let unused = model.mass.iter().filter(|m| **m == 0.0).count();
        if unused > 0 {
            let text = format!("{unused} of the {} parts carry nothing; lower `components` or the penalty", model.components());
            warnings.push(Warning { code: "empty-part", text });
        }
        if ended.stop == Stop::MaxIterations {
            let text = format!(
                "the factors still move after {} iterations; raise `max_iterations`, or `tolerance`, {:e}",
                ended.iterations, self.params.tolerance
            );
            warnings.push(Warning { code: "not-converged", text });
        }
        Fitted { model, stop: ended.stop, iterations: ended.iterations, objective: Some(ended.objective), warnings }
    }
}

/// Fails unless every entry of a start is finite and not negative, and for multiplicative steps above 0.
fn require_start(factor: ArrayView2<'_, f64>, names: &[String], solver: NmfSolver) -> Result<(), DataError> {
    let name = |column: usize| names.get(column).cloned().unwrap_or_default();
    if let Some(((row, column), &value)) = factor.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(DataError::NonFinite { column: name(column), row: row + 1, value });
    }
    require_non_negative(factor, names, "non-negative factor")?;
    match factor.indexed_iter().find(|(_, v)| **v == 0.0) {
        Some(((row, column), &value)) if solver == NmfSolver::Multiplicative => Err(DataError::OutsideSupport {
            column: name(column),
            row: row + 1,
            value,
            low: f64::MIN_POSITIVE,
            high: f64::INFINITY,
            likelihood: "start of multiplicative steps",
            remedy: "add a small constant: what is 0 stays 0 under them",
        }),
        _ => Ok(()),
    }
}

fn quoted(name: &String) -> String {
    format!("\"{name}\"")
}

impl Fit<Observations> for Nmf {
    type Model = NmfModel;
    type Error = LinearError;

    /// The objective is the loss with its penalties, as [`NmfParams`] state it.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<NmfModel>, LinearError> {
        run.in_pool(|run| self.fit_in_pool(x, run))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Huang, Sidiropoulos and Swami (2014), IEEE Transactions on Signal Processing 62(1), 211–224: unique if both factors are \
                      sufficiently scattered, of which separability of both is a special case (of one factor, as Donoho and Stodden 2003 ask it, it is not \
                      enough here); codes and parts keep their sign",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        vec![evidence::non_negative(x)]
    }

    fn evidence(&self, x: &Observations, model: &NmfModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| evidence::of(self, x, model, run))
    }
}

impl Nmf {
    /// The parts and the objective of a fit from one random start.
    fn refit(&self, x: &Observations, components: usize, run: &mut Run<'_>) -> Result<Fitted<NmfModel>, LinearError> {
        let params =
            NmfParams { components: Some(components), initialisation: NmfInitialisation::Random, starts: 1, ..self.params.clone() };
        Self { params }.fit_in_pool(x, run)
    }
}

/// Sum of each column, `[d]`.
fn column_sums(x: ArrayView2<'_, f64>) -> ndarray::Array1<f64> {
    x.sum_axis(Axis(0))
}
