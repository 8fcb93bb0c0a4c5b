//! Estimators and what a fit returns.

use crate::{Claim, Evidence, Failure, Kind, Load, Model, Run, Seed};
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
