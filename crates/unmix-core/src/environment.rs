//! Samples from several environments, and what is known of the intervention in each.

use crate::{DataError, Observations};
use serde::{Deserialize, Serialize};

/// What was done to a system before it was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Intervention {
    /// Nothing: the observational environment.
    None,
    /// Something, and nobody wrote down what.
    Unknown,
    /// An action on one named variable.
    Target {
        /// The variable.
        name: String,
        /// How it was changed.
        kind: InterventionKind,
    },
}

/// How an intervention changes the mechanism of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum InterventionKind {
    /// The target no longer listens to its parents.
    Hard,
    /// The mechanism changes and the parents stay.
    Soft,
    /// A constant is added.
    Shift,
    /// Not known.
    Unknown,
}

/// The samples of one environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its label.
    pub label: String,
    /// What is known of the intervention.
    pub intervention: Intervention,
    /// Its samples, `[n, d]`.
    pub observations: Observations,
}

/// Several environments over the same variables, at most one of them observational.
#[derive(Clone, Debug)]
pub struct Environments {
    list: Vec<Environment>,
    observational: Option<usize>,
}

impl Environments {
    /// Checks that there is an environment, that all have the same columns, and that at most one is observational.
    ///
    /// # Errors
    /// [`DataError::NoEnvironments`] if the list is empty, [`DataError::ColumnCount`] if widths differ, [`DataError::OtherColumns`] if names do, [`DataError::DuplicateName`]
    /// if two environments share a label, [`DataError::Missing`] if two are observational.
    pub fn new(list: Vec<Environment>) -> Result<Self, DataError> {
        let first = list.first().ok_or(DataError::NoEnvironments)?;
        let width = first.observations.columns();
        for (i, environment) in list.iter().enumerate() {
            if environment.observations.columns() != width {
                return Err(DataError::ColumnCount { expected: width, found: environment.observations.columns() });
            }
            let mut names = first.observations.names().iter().zip(environment.observations.names());
            if let Some((expected, found)) = names.find(|(a, b)| a != b) {
                let label = environment.label.clone();
                return Err(DataError::OtherColumns { label, expected: expected.clone(), found: found.clone() });
            }
            if list.iter().take(i).any(|e| e.label == environment.label) {
                return Err(DataError::DuplicateName { name: environment.label.clone() });
            }
        }
        let mut observational = list.iter().enumerate().filter(|(_, e)| e.intervention == Intervention::None).map(|(i, _)| i);
        let first = observational.next();
        if observational.next().is_some() {
            return Err(DataError::Missing {
                what: "at most one observational environment",
                remedy: "name it with --observational LABEL and give the others a target or none",
            });
        }
        Ok(Self { observational: first, list })
    }

    /// The environments, in the order given.
    pub fn list(&self) -> &[Environment] {
        &self.list
    }

    /// The observational environment, if one is named.
    pub fn observational(&self) -> Option<&Environment> {
        self.observational.and_then(|i| self.list.get(i))
    }

    /// The column names, shared by all environments.
    pub fn names(&self) -> &[String] {
        self.list.first().map_or(&[], |e| e.observations.names())
    }
}
