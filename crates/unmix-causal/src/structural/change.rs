//! Interventions on structural equation models.

use super::{
    Equation, StructuralModel,
    mechanism::{Fixed, NoiseAlone, Shifted},
};
use crate::CausalError;
use std::{fmt, sync::Arc};
use unmix_core::DataError;
use unmix_dist::Density;
use unmix_graph::{Dag, Graph};

/// What is done to one variable.
#[derive(Clone)]
pub enum Action {
    /// It is set to a value, whatever its causes: `do(x = value)`.
    Set(f64),
    /// It is drawn from a distribution, whatever its causes: a hard stochastic intervention.
    Randomise(Arc<dyn Density + Send + Sync>),
    /// A constant is added to what its equation says.
    Shift(f64),
    /// Its equation is replaced by another of the same parents: a soft intervention.
    Replace(Equation),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(value) => f.debug_tuple("Set").field(value).finish(),
            Self::Randomise(_) => f.debug_tuple("Randomise").finish_non_exhaustive(),
            Self::Shift(by) => f.debug_tuple("Shift").field(by).finish(),
            Self::Replace(_) => f.debug_tuple("Replace").finish_non_exhaustive(),
        }
    }
}

/// An action on a named variable.
#[derive(Clone, Debug)]
pub struct Change {
    /// The variable.
    pub node: String,
    /// What is done to it.
    pub action: Action,
}

impl Change {
    /// `action` on `node`.
    pub fn new(node: impl Into<String>, action: Action) -> Self {
        Self { node: node.into(), action }
    }

    /// A draw from `noise` in place of the equation.
    pub fn randomise(node: impl Into<String>, noise: impl Density + Send + Sync + 'static) -> Self {
        Self::new(node, Action::Randomise(Arc::new(noise)))
    }
}

/// See [`StructuralModel::changed`]. Variables that are set or randomised lose their arrows in.
pub(super) fn apply(model: &StructuralModel, changes: &[Change]) -> Result<StructuralModel, CausalError> {
    let mut equations = model.equations.clone();
    let mut cut = vec![false; equations.len()];
    for (place, Change { node, action }) in changes.iter().enumerate() {
        let j = model.index(node)?;
        if changes.iter().take(place).any(|earlier| earlier.node == *node) {
            return Err(DataError::DuplicateName { name: node.clone() }.into());
        }
        if let Action::Set(value) | Action::Shift(value) = *action
            && !value.is_finite()
        {
            return Err(CausalError::NonFinite { part: "the intervention", variable: node.clone(), value });
        }
        let equation = &mut equations[j];
        match action {
            Action::Set(value) => equation.mechanism = Arc::new(Fixed(*value)),
            Action::Randomise(noise) => *equation = Equation { mechanism: Arc::new(NoiseAlone), noise: noise.clone() },
            Action::Shift(by) => equation.mechanism = Arc::new(Shifted { mechanism: equation.mechanism.clone(), by: *by }),
            Action::Replace(other) => *equation = other.clone(),
        }
        cut[j] = matches!(action, Action::Set(_) | Action::Randomise(_));
    }
    let mut graph = Graph::new(model.names().iter().cloned())?;
    for edge in model.dag.graph().edges().iter().filter(|edge| !cut[edge.to]) {
        graph.add_edge(*edge)?;
    }
    StructuralModel::new(Dag::try_from(graph)?, equations)
}
