//! What a reader returns, and how a method takes from it what it needs.

use crate::{DataError, Environment, Environments, Fault, Intervention, InterventionKind, Observations};
use ndarray::Array2;

/// A file as read: samples, and whatever else its columns say about them.
#[derive(Clone, Debug)]
pub struct Table {
    /// The samples, `[n, d]`.
    pub observations: Observations,
    /// The environment of each row, `n` labels.
    pub environment: Option<Vec<String>>,
    /// The intervened variable of each row, `n` of them; `None` where there is none.
    pub target: Option<Vec<Option<String>>>,
    /// The label of the observational environment.
    pub observational: Option<String>,
    /// Auxiliary variables `u`, `[n, m]`.
    pub auxiliary: Option<Array2<f64>>,
    /// A label for each row, kept out of the fit.
    pub labels: Option<Vec<String>>,
    /// True factors, `[n, k]`, where they are known: for evaluation alone.
    pub factors: Option<Array2<f64>>,
}

impl From<Observations> for Table {
    fn from(observations: Observations) -> Self {
        Self { observations, environment: None, target: None, observational: None, auxiliary: None, labels: None, factors: None }
    }
}

/// A view of a [`Table`] that a method can fit. A table that lacks it is refused with the flag that would supply it.
pub trait Input: Sized {
    /// Takes from the table what the method needs.
    ///
    /// # Errors
    /// A [`Fault`] of kind [`Usage`](crate::Kind::Usage) that names the missing part and how to supply it.
    fn of(table: &Table) -> Result<Self, Fault>;
}

impl Input for Observations {
    fn of(table: &Table) -> Result<Self, Fault> {
        Ok(table.observations.clone())
    }
}

impl Input for Environments {
    /// Groups the rows by label, labels in order of first appearance. An environment whose rows name one target is an intervention
    /// on it (of unknown kind); one that names several, or none, is [`Intervention::Unknown`] unless it is the observational one.
    fn of(table: &Table) -> Result<Self, Fault> {
        let labels = table.environment.as_ref().ok_or(DataError::NoEnvironments)?;
        let mut order: Vec<&String> = Vec::new();
        for label in labels {
            if !order.contains(&label) {
                order.push(label);
            }
        }
        if let Some(reference) = table.observational.as_ref().filter(|r| !order.contains(r)) {
            let known = order.iter().map(|l| format!("\"{l}\"")).collect::<Vec<_>>().join(", ");
            return Err(DataError::NoSuchEnvironment { label: reference.clone(), known }.into());
        }
        let list = order.into_iter().map(|label| environment(table, labels, label)).collect::<Result<_, _>>()?;
        Ok(Self::new(list)?)
    }
}

fn environment(table: &Table, labels: &[String], label: &String) -> Result<Environment, DataError> {
    let rows: Vec<usize> = labels.iter().enumerate().filter(|(_, l)| *l == label).map(|(i, _)| i).collect();
    let mut targets: Vec<&Option<String>> = rows.iter().filter_map(|&i| table.target.as_ref()?.get(i)).collect();
    targets.sort();
    targets.dedup();
    let intervention = match targets.as_slice() {
        _ if table.observational.as_ref() == Some(label) => Intervention::None,
        [Some(name)] => Intervention::Target { name: name.clone(), kind: InterventionKind::Unknown },
        _ => Intervention::Unknown,
    };
    Ok(Environment { label: label.clone(), intervention, observations: table.observations.select(&rows)? })
}
