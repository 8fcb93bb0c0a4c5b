//! What a reader returns, and how a method takes from it what it needs.

use crate::{DataError, Environment, Environments, Fault, Incomplete, Intervention, InterventionKind, Observations};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// A file as read: samples, and whatever else its columns say about them.
#[derive(Clone, Debug)]
pub struct Table {
    /// The samples, `[n, d]`.
    pub observations: Observations,
    /// The same with NaN where a value is missing, for a method that deals with that: `observations` then have column means there, and only
    /// what asks for [`complete`](Self::complete) ones is safe from them.
    pub incomplete: Option<Incomplete>,
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
        let (environment, target, observational) = (None, None, None);
        Self { observations, incomplete: None, environment, target, observational, auxiliary: None, labels: None, factors: None }
    }
}

impl TryFrom<Incomplete> for Table {
    type Error = DataError;

    fn try_from(incomplete: Incomplete) -> Result<Self, DataError> {
        let table = Self::from(incomplete.filled()?);
        Ok(Self { incomplete: (incomplete.missing() > 0).then_some(incomplete), ..table })
    }
}

impl Table {
    /// The samples `[n, d]`, NaN where a value is missing.
    pub fn x(&self) -> ArrayView2<'_, f64> {
        self.incomplete.as_ref().map_or_else(|| self.observations.x(), Incomplete::x)
    }

    /// The samples, unless some of their values are missing.
    ///
    /// # Errors
    /// [`DataError::Missing`].
    pub fn complete(&self) -> Result<&Observations, DataError> {
        let remedy = "drop the rows that have missing values, or fill them in (--missing drop|mean)";
        if self.incomplete.is_none() { Ok(&self.observations) } else { Err(DataError::Missing { what: "complete rows", remedy }) }
    }

    /// Centres each column and divides it by its standard deviation (divisor `n`), and returns means and standard deviations, `[d]` each, of the
    /// values that are there.
    ///
    /// # Errors
    /// [`DataError::Constant`] for a column that does not vary.
    pub fn standardize(&mut self) -> Result<(Array1<f64>, Array1<f64>), DataError> {
        self.observations.require_varying()?;
        let (mean, sd) = match &self.incomplete {
            Some(incomplete) => (incomplete.means(), incomplete.standard_deviations()),
            None => (self.observations.means(), self.observations.x().std_axis(Axis(0), 0.0)),
        };
        self.rescale(&mean, &sd)?;
        Ok((mean, sd))
    }

    /// Subtracts `mean` from each row and divides it by `sd`, `[d]` each.
    ///
    /// # Errors
    /// [`DataError::NonFinite`] if a value overflows.
    pub fn rescale(&mut self, mean: &Array1<f64>, sd: &Array1<f64>) -> Result<(), DataError> {
        let rescaled = |x: ArrayView2<'_, f64>| (&x - mean) / sd;
        self.observations = Observations::new(rescaled(self.observations.x()), self.observations.names().iter().cloned())?;
        if let Some(incomplete) = &mut self.incomplete {
            *incomplete = Incomplete::new(rescaled(incomplete.x()), incomplete.names().iter().cloned())?;
        }
        Ok(())
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
        Ok(table.complete()?.clone())
    }
}

impl Input for Incomplete {
    fn of(table: &Table) -> Result<Self, Fault> {
        Ok(table.incomplete.clone().unwrap_or_else(|| Self::from(table.observations.clone())))
    }
}

impl Input for Environments {
    /// Groups the rows by label, labels in order of first appearance. An environment whose rows name one target is an intervention
    /// on it (of unknown kind); one that names several, or none, is [`Intervention::Unknown`] unless it is the observational one.
    fn of(table: &Table) -> Result<Self, Fault> {
        let observations = table.complete()?;
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
        let list = order.into_iter().map(|label| environment(table, observations, labels, label)).collect::<Result<_, _>>()?;
        Ok(Self::new(list)?)
    }
}

fn environment(table: &Table, observations: &Observations, labels: &[String], label: &String) -> Result<Environment, DataError> {
    let rows: Vec<usize> = labels.iter().enumerate().filter(|(_, l)| *l == label).map(|(i, _)| i).collect();
    let mut targets: Vec<&Option<String>> = rows.iter().filter_map(|&i| table.target.as_ref()?.get(i)).collect();
    targets.sort();
    targets.dedup();
    let intervention = match targets.as_slice() {
        _ if table.observational.as_ref() == Some(label) => Intervention::None,
        [Some(name)] => Intervention::Target { name: name.clone(), kind: InterventionKind::Unknown },
        _ => Intervention::Unknown,
    };
    Ok(Environment { label: label.clone(), intervention, observations: observations.select(&rows)? })
}
