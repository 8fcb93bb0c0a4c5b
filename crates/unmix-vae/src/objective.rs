//! What is maximised: a weighted sum of terms.

use crate::{Draw, PriorFit, Reconstruction, Schedule, Term};
use burn::tensor::Tensor;

/// A weighted sum of [`Term`]s, to be made large. Weights may change with the step.
pub struct Objective {
    terms: Vec<(Schedule, Box<dyn Term>)>,
}

impl Objective {
    /// `term` alone.
    pub fn of(term: impl Term + 'static) -> Self {
        Self { terms: vec![(Schedule::Constant(1.0), Box::new(term))] }
    }

    /// The evidence lower bound `E_q ln p(x | z) - KL(q(z | x) ‖ p(z))` (Kingma and Welling 2014, eq. 3).
    pub fn elbo() -> Self {
        Self::beta(1.0)
    }

    /// `E_q ln p(x | z) - β KL(q(z | x) ‖ p(z))` (Higgins et al. 2017, eq. 4).
    pub fn beta(beta: impl Into<Schedule>) -> Self {
        Self::of(Reconstruction).and(beta, PriorFit)
    }

    /// The same objective and `weight` times `term`.
    #[must_use]
    pub fn and(mut self, weight: impl Into<Schedule>, term: impl Term + 'static) -> Self {
        self.terms.push((weight.into(), Box::new(term)));
        self
    }

    /// The names of the terms.
    pub fn names(&self) -> Vec<&'static str> {
        self.terms.iter().map(|(_, term)| term.name()).collect()
    }

    /// The weights of the terms over the steps.
    pub fn weights(&self) -> Vec<Schedule> {
        self.terms.iter().map(|(weight, _)| *weight).collect()
    }

    /// The first step from which no weight changes.
    pub fn settled(&self) -> usize {
        self.terms.iter().map(|(weight, _)| weight.settled()).max().unwrap_or(0)
    }

    /// The value of each term for each example, `[batch, terms]`.
    pub fn terms(&self, draw: &Draw<'_>) -> Tensor<2> {
        Tensor::stack(self.terms.iter().map(|(_, term)| term.value(draw)).collect(), 1)
    }

    /// The objective of batch means `terms` `[1, terms]` with the weights of `step`, `[1]`.
    pub fn weigh(&self, terms: Tensor<2>, step: usize) -> Tensor<1> {
        let weights: Vec<f64> = self.terms.iter().map(|(weight, _)| weight.at(step)).collect();
        let weights = Tensor::<1>::from_data(weights.as_slice(), (&terms.device(), terms.dtype()));
        (terms * weights.unsqueeze()).sum()
    }
}

impl std::fmt::Debug for Objective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.terms.iter().map(|(weight, term)| (term.name(), weight))).finish()
    }
}
