//! Linear structural equation model over observed variables: `x - μ = B (x - μ) + e` with independent noises `e` and acyclic `B`.
//!
//! The noises are the codes of this model: [`Infer`] reads them off the data (`e = (I - B)(x - μ)`, abduction), [`Generate`] puts them
//! back (`x = μ + (I - B)⁻¹ e`). `mixing` is therefore `(I - B)⁻¹`, whose entry `[i, j]` is the **total effect** of variable `j` on
//! variable `i`, and `unmixing` is `I - B`.
//!
//! `do(x_k = v)` replaces the equation of `x_k` (Pearl 2009, "Causality", section 3.2.1). With factual rows the answer is a counterfactual
//! (section 7.1: abduction, action, prediction); without, new samples whose noises are drawn from the residuals, each variable on its own.

use crate::{CausalError, Direction};
use ndarray::{Array1, Array2, ArrayView2};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{
    DataError, Do, Fault, Generate, Infer, Intervene, Load, Model, Sample, Seed, load_json, nearest, require_columns, save_json,
};
use unmix_graph::{Dag, Graph};

/// Residuals that are kept of each variable.
const NOISE_VALUES: usize = 1000;

/// A linear structural equation model.
///
/// ```
/// use ndarray::array;
/// use unmix_causal::LinearSem;
/// use unmix_core::{Do, Intervene, Seed};
///
/// // row = effect: b = 2 a + noise
/// let names = ["a", "b"].map(str::to_owned);
/// let model = LinearSem::new(&names, array![[0.0, 0.0], [2.0, 0.0]], array![1.0, 0.0], array![[-1.0, -0.5], [1.0, 0.5]])?;
/// let twin = model.intervene(&[Do { node: "a".into(), value: 3.0 }], Some(array![[1.0, 0.5]].view()), 1, Seed(1))?;
/// assert_eq!(twin, array![[3.0, 4.5]]); // the noise of b, 0.5, stays
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SemFile", into = "SemFile")]
pub struct LinearSem {
    weights: Array2<f64>,
    mean: Array1<f64>,
    noise: Array2<f64>,
    dag: Dag,
    directions: Vec<Direction>,
    unmixing: Array2<f64>,
    mixing: Array2<f64>,
}

impl LinearSem {
    /// The model with `weights` `[d, d]` (`[i, j]` is the direct effect of `j` on `i`), means `mean` `[d]` and noise values `noise`
    /// `[m, d]`, from which each variable's noise is drawn on its own.
    ///
    /// # Errors
    /// [`CausalError`] if the shapes do not fit, a number is not finite, or the weights form a cycle.
    pub fn new(names: &[String], weights: Array2<f64>, mean: Array1<f64>, noise: Array2<f64>) -> Result<Self, CausalError> {
        let graph = Graph::from_adjacency(names.iter().cloned(), weights.view())?;
        let d = names.len();
        for (part, found) in [("the mean", mean.len()), ("the noise", noise.ncols())] {
            if found != d {
                return Err(CausalError::Shape { part, expected: d, found });
            }
        }
        if noise.nrows() == 0 {
            return Err(DataError::Empty { rows: 0, columns: d }.into());
        }
        for (j, name) in names.iter().enumerate() {
            let parts = noise.column(j).into_iter().map(|value| ("the noise", *value)).chain([("the mean", mean[j])]);
            if let Some((part, value)) = parts.into_iter().find(|(_, value)| !value.is_finite()) {
                return Err(CausalError::NonFinite { part, variable: name.clone(), value });
            }
        }
        let dag = Dag::try_from(graph)?;
        let unmixing = Array2::eye(d) - &weights;
        let mut mixing = Array2::eye(d);
        for &i in dag.order() {
            for &j in dag.parents(i) {
                let through = &mixing.row(j) * weights[[i, j]];
                mixing.row_mut(i).zip_mut_with(&through, |m, t| *m += t);
            }
        }
        Ok(Self { weights, mean, noise, dag, directions: Vec::new(), unmixing, mixing })
    }

    /// The model with these weights and the means and residuals of `x` `[n, d]`. Of more than 1,000 residuals a variable, evenly spaced
    /// order statistics are kept.
    pub(crate) fn of_residuals(names: &[String], weights: Array2<f64>, x: ArrayView2<'_, f64>) -> Result<Self, CausalError> {
        let n = x.nrows();
        let mean = x.sum_axis(ndarray::Axis(0)) / n as f64;
        let residuals = (&x - &mean).dot(&(Array2::eye(weights.nrows()) - &weights).t());
        let kept = n.min(NOISE_VALUES);
        let mut noise = Array2::zeros((kept, residuals.ncols()));
        for (column, mut values) in residuals.columns().into_iter().zip(noise.columns_mut()) {
            let mut sorted = column.to_vec();
            sorted.sort_by(f64::total_cmp);
            for (m, value) in values.iter_mut().enumerate() {
                *value = sorted[(2 * m + 1) * n / (2 * kept)];
            }
            // so that samples have the mean of the data
            let mean = values.sum() / kept as f64;
            values -= mean;
        }
        Self::new(names, weights, mean, noise)
    }

    /// The same model with the bootstrap's findings: the probability of each edge of its graph, and those of all other directions.
    pub(crate) fn with_directions(mut self, directions: Vec<Direction>) -> Result<Self, CausalError> {
        let mut graph = Graph::new(self.names().iter().cloned())?;
        for edge in self.dag.graph().edges() {
            let found = directions.iter().find(|d| (d.from, d.to) == (edge.from, edge.to));
            graph.add_edge(edge.with_probability(found.map_or(0.0, |d| d.probability)))?;
        }
        self.dag = Dag::try_from(graph)?;
        self.directions = directions;
        Ok(self)
    }

    /// The names of the variables, `d` of them.
    pub fn names(&self) -> &[String] {
        self.dag.graph().nodes()
    }

    /// The direct effects `B` `[d, d]`, `[i, j]` that of `j` on `i`.
    pub fn weights(&self) -> ArrayView2<'_, f64> {
        self.weights.view()
    }

    /// The means, `[d]`.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The acyclic graph, with its topological order.
    pub fn dag(&self) -> &Dag {
        &self.dag
    }

    /// Every direction that a bootstrap replicate found, most frequent first, also those that are no edge of the graph; empty if there
    /// was no bootstrap.
    pub fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// `x` `[n, d]` from noises `e` `[n, d]`, with the equations of `dos` replaced.
    fn predict(&self, e: &Array2<f64>, dos: &[Do]) -> Result<Array2<f64>, DataError> {
        let mut set = vec![None; self.mean.len()];
        for Do { node, value } in dos {
            set[self.index(node)?] = Some(*value);
        }
        let mut x = Array2::zeros(e.raw_dim());
        for &i in self.dag.order() {
            let column = match set[i] {
                Some(value) => Array1::from_elem(e.nrows(), value),
                None => self
                    .dag
                    .parents(i)
                    .iter()
                    .fold(&e.column(i) + self.mean[i], |sum, &j| sum + (&x.column(j) - self.mean[j]) * self.weights[[i, j]]),
            };
            x.column_mut(i).assign(&column);
        }
        Ok(x)
    }

    fn index(&self, node: &str) -> Result<usize, DataError> {
        self.dag.graph().index(node).ok_or_else(|| DataError::NoSuchColumn {
            column: node.to_owned(),
            nearest: nearest(node, self.names().iter().map(String::as_str)).unwrap_or_default().to_owned(),
        })
    }

    fn draw_noise(&self, n: usize, seed: Seed) -> Array2<f64> {
        let mut stream = seed.stream("linear-sem-noise", 0);
        let (values, d) = self.noise.dim();
        Array2::from_shape_fn((n, d), |(_, j)| self.noise[[stream.random_range(0..values), j]])
    }
}

impl Infer for LinearSem {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.mean.len())?;
        Ok((&x - &self.mean).dot(&self.unmixing.t()))
    }
}

impl Generate for LinearSem {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.mean.len())?;
        Ok(z.dot(&self.mixing.t()) + &self.mean)
    }
}

impl Sample for LinearSem {
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        Ok(self.predict(&self.draw_noise(n, seed), &[])?)
    }
}

impl Intervene for LinearSem {
    fn intervene(&self, dos: &[Do], factual: Option<ArrayView2<'_, f64>>, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        let Some(x) = factual else { return Ok(self.predict(&self.draw_noise(n, seed), dos)?) };
        let mut twin = self.predict(&self.infer(x)?, dos)?;
        // what no intervention reaches is the factual value itself, not a rounded copy
        let mut reached = vec![false; self.mean.len()];
        for Do { node, .. } in dos {
            let index = self.index(node)?;
            reached[index] = true;
            self.dag.descendants(index).into_iter().for_each(|i| reached[i] = true);
        }
        for j in (0..reached.len()).filter(|&j| !reached[j]) {
            twin.column_mut(j).assign(&x.column(j));
        }
        Ok(twin)
    }
}

impl Model for LinearSem {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn as_sample(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn as_intervene(&self) -> Option<&dyn Intervene> {
        Some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.mixing.view())
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.unmixing.view())
    }

    fn graph(&self) -> Option<&Graph> {
        Some(self.dag.graph())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for LinearSem {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}

/// The JSON form: what the rest follows from.
#[derive(Serialize, Deserialize)]
#[serde(rename = "LinearSem", deny_unknown_fields)]
struct SemFile {
    names: Vec<String>,
    weights: Array2<f64>,
    mean: Array1<f64>,
    noise: Array2<f64>,
    directions: Vec<Direction>,
}

impl From<LinearSem> for SemFile {
    fn from(sem: LinearSem) -> Self {
        let names = sem.names().to_vec();
        Self { names, weights: sem.weights, mean: sem.mean, noise: sem.noise, directions: sem.directions }
    }
}

impl TryFrom<SemFile> for LinearSem {
    type Error = CausalError;

    fn try_from(file: SemFile) -> Result<Self, CausalError> {
        let sem = Self::new(&file.names, file.weights, file.mean, file.noise)?;
        if file.directions.is_empty() { Ok(sem) } else { sem.with_directions(file.directions) }
    }
}
