//! Estimators and what a fit returns.

use crate::{Claim, Evidence, Failure, Fault, Kind, Load, Model, Observations, Rows, Run, Seed, draw_rows};
use serde::Serialize;
use thiserror::Error;

/// An estimator of `X` (observations, environments, …). It holds parameters and no data; the fitted model is another type.
pub trait Fit<X> {
    /// What is fitted.
    type Model: Model + Load;
    /// Why a fit can fail.
    type Error: Failure;

    /// Fits the model to `x`. Not converging is no error: it stands in [`Fitted::stop`].
    ///
    /// # Errors
    /// The data do not allow the fit, or it diverged.
    fn fit(&self, x: &X, run: &mut Run<'_>) -> Result<Fitted<Self::Model>, Self::Error>;

    /// What is identified, by which theorem, under which assumptions.
    fn claim(&self) -> Claim;

    /// What the data alone say about the assumptions, before any fit.
    fn screen(&self, x: &X, seed: Seed) -> Vec<Evidence> {
        let _ = (x, seed);
        Vec::new()
    }

    /// What the data and the fitted model say about the assumptions. Naive tests on fitted codes lie (optimised projections of
    /// Gaussian data look non-Gaussian): an implementation refits under the null or tests on rows that the fit has not seen.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), from the refits.
    fn evidence(&self, x: &X, model: &Self::Model, run: &mut Run<'_>) -> Result<Vec<Evidence>, Self::Error> {
        let _ = (x, model, run);
        Ok(Vec::new())
    }
}

/// Copies of the drawn rows that evidence may hold at once, the rows included.
const EVIDENCE_COPIES: usize = 4;

/// An estimator that can fit rows which do not fit in memory.
pub trait FitRows: Fit<Observations> {
    /// Fits the model to `rows`, of which and of anything that grows with their number at most about `memory` bytes are held at once. The
    /// model does not depend on `memory`, and equals to the last bit that of [`fit`](Fit::fit) to the same rows.
    ///
    /// What does not grow with the number of rows and no implementation can do without, matrices of as many rows and columns as there are
    /// variables, comes on top.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit); a [`Fault`] of `rows` if they cannot be read or a value is not finite, whenever that is seen;
    /// [`RowsError::TooLittleMemory`](crate::RowsError::TooLittleMemory).
    fn fit_rows(&self, rows: &dyn Rows, memory: usize, run: &mut Run<'_>) -> Result<Fitted<Self::Model>, Fault>;

    /// The [`evidence`](Fit::evidence) of as many rows, drawn at random, as can be tested in `memory` bytes. Their number is in the
    /// detail unless it is that of all rows.
    ///
    /// # Errors
    /// As [`evidence`](Fit::evidence); a [`Fault`] of `rows`.
    fn evidence_rows(&self, rows: &dyn Rows, model: &Self::Model, memory: usize, run: &mut Run<'_>) -> Result<Vec<Evidence>, Fault> {
        drawn_evidence(self, rows, model, memory, run)
    }
}

/// The evidence of as many rows, drawn at random, as can be tested in `memory` bytes: the default of [`FitRows::evidence_rows`].
///
/// # Errors
/// As [`FitRows::evidence_rows`].
pub fn drawn_evidence<F: Fit<Observations> + ?Sized>(
    estimator: &F,
    rows: &dyn Rows,
    model: &F::Model,
    memory: usize,
    run: &mut Run<'_>,
) -> Result<Vec<Evidence>, Fault> {
    let (n, d) = rows.shape();
    let fitting = (memory / (EVIDENCE_COPIES * size_of::<f64>() * d.max(1))).max(1).min(n);
    let drawn = draw_rows(rows, fitting, &mut run.seed.stream("evidence-rows", 0))?;
    let mut evidence = estimator.evidence(&drawn, model, run)?;
    if fitting < n {
        for part in &mut evidence {
            part.detail = format!("on {fitting} of {n} rows, drawn at random since no more fit in memory: {}", part.detail);
        }
    }
    Ok(evidence)
}

/// A fitted model and how the fit went.
#[derive(Clone, Debug)]
pub struct Fitted<M> {
    /// The model.
    pub model: M,
    /// Why the fit stopped.
    pub stop: Stop,
    /// Iterations done.
    pub iterations: usize,
    /// The objective at the end, `None` where the method has none. Its unit is the method's.
    pub objective: Option<f64>,
    /// What the user should know about this fit.
    pub warnings: Vec<Warning>,
}

impl<M> Fitted<M> {
    /// A fit in closed form: converged, without iterations or objective.
    pub fn closed_form(model: M) -> Self {
        Self { model, stop: Stop::ClosedForm, iterations: 0, objective: None, warnings: Vec::new() }
    }

    /// The model, or an error if the fit stopped before its tolerance.
    ///
    /// # Errors
    /// [`NotConverged`] unless [`Stop::converged`].
    pub fn converged(self) -> Result<M, NotConverged> {
        if self.stop.converged() { Ok(self.model) } else { Err(NotConverged { stop: self.stop, iterations: self.iterations }) }
    }

    /// The same fit with its model replaced.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> Fitted<N> {
        let Self { model, stop, iterations, objective, warnings } = self;
        Fitted { model: f(model), stop, iterations, objective, warnings }
    }
}

/// Why a fit stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stop {
    /// There was nothing to iterate.
    ClosedForm,
    /// The stopping rule was met.
    Tolerance,
    /// The planned number of steps was done, for methods that plan one (training).
    Completed,
    /// A held-out objective no longer improved.
    EarlyStopping,
    /// The largest allowed number of iterations was reached first.
    MaxIterations,
    /// No step along the search direction improved the objective.
    LineSearch,
    /// The observer asked for it.
    Cancelled,
}

impl Stop {
    /// Whether the fit ended as planned.
    pub fn converged(self) -> bool {
        matches!(self, Self::ClosedForm | Self::Tolerance | Self::Completed | Self::EarlyStopping)
    }
}

/// Something about a fit that is no error and must not be missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// A stable name, in kebab case: `heywood-case`.
    pub code: &'static str,
    /// A sentence with the variables and values concerned, and what to do.
    pub text: String,
}

/// A fit whose convergence was demanded stopped before its tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the fit stopped after {iterations} iterations without converging ({stop:?}); raise `max_iterations` or the tolerance")]
pub struct NotConverged {
    /// Why it stopped.
    pub stop: Stop,
    /// Iterations done.
    pub iterations: usize,
}

impl Failure for NotConverged {
    fn kind(&self) -> Kind {
        Kind::NotConverged
    }
}
