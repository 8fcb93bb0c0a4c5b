//! The fitted latent class model.

use super::{categories::indices, em::Classes};
use ndarray::{Array1, Array2, ArrayView2};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{Fault, Generate, Infer, Load, LogDensity, Model, Profiles, Sample, Seed, Stream, load_json, require_columns, save_json};

/// `P(x) = Σ_r π_r Π_j P(x_j | r)`, classes in order of descending size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentClassModel {
    /// Names of the columns, `d`.
    pub names: Vec<String>,
    /// Codes of the categories of each column, ascending, `[κ_j]` each.
    pub categories: Vec<Vec<f64>>,
    /// The sizes of the classes `π`, `[k]`.
    pub sizes: Array1<f64>,
    /// The probabilities `P(x_j = c | r)` of each column, `[κ_j, k]` each.
    pub probabilities: Vec<Array2<f64>>,
    /// How well it fits.
    pub report: ClassReport,
}

/// The fit of a latent class model to the rows it was fitted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Rows, `n`.
    pub rows: usize,
    /// The log-likelihood of all rows, in nats.
    pub log_likelihood: f64,
    /// Free parameters: `k - 1 + k Σ (κ_j - 1)`.
    pub parameters: usize,
    /// Akaike's criterion, `-2 L + 2 p`.
    pub aic: f64,
    /// Schwarz's criterion, `-2 L + p ln n`.
    pub bic: f64,
    /// How certain the classes of the rows are: `1 + Σ_i Σ_r p_ir ln p_ir / (n ln k)` (Ramaswamy and others 1993, Marketing Science
    /// 12(1)); 1 for certain classes, 0 for equal probabilities, 1 for one class.
    pub entropy: f64,
    /// `G² = 2 Σ n_x ln(n_x / (n P(x)))` over the distinct rows: twice what the table of all combinations fits better.
    pub g_squared: f64,
    /// `Π κ_j - 1 - p`; negative where the model has more parameters than the table has cells.
    pub degrees_of_freedom: f64,
    /// Starts made.
    pub starts: usize,
    /// Starts whose log-likelihood ends within 0.01 of the best.
    pub as_good: usize,
    /// The largest difference of a probability between the best start and one as good, classes matched one to one.
    pub spread: f64,
    /// Probabilities at 0: the maximum lies at a boundary, where standard errors and the distribution of `G²` do not hold.
    pub zeros: usize,
}

impl LatentClassModel {
    /// The number of columns, `d`.
    pub fn columns(&self) -> usize {
        self.categories.len()
    }

    /// The number of classes, `k`.
    pub fn components(&self) -> usize {
        self.sizes.len()
    }

    /// The mean codes of each class, `[k, d]`.
    pub fn means(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.components(), self.columns()), |(r, j)| {
            self.categories[j].iter().zip(self.probabilities[j].column(r)).map(|(code, p)| code * p).sum()
        })
    }

    pub(super) fn classes(&self) -> Classes {
        Classes { sizes: self.sizes.clone(), probabilities: self.probabilities.clone() }
    }

    /// `n` rows of category indices.
    pub(super) fn draw(&self, n: usize, stream: &mut Stream) -> Vec<Vec<usize>> {
        (0..n)
            .map(|_| {
                let class = pick(self.sizes.iter(), stream);
                self.probabilities.iter().map(|p| pick(p.column(class).iter(), stream)).collect()
            })
            .collect()
    }
}

/// An index with probability `weights`, which sum to 1 up to rounding.
fn pick<'a>(weights: impl ExactSizeIterator<Item = &'a f64>, stream: &mut Stream) -> usize {
    let mut left: f64 = stream.random();
    let mut last = 0;
    for (index, &weight) in weights.enumerate() {
        if weight > 0.0 {
            last = index;
            if left < weight {
                return index;
            }
        }
        left -= weight;
    }
    last
}

impl Infer for LatentClassModel {
    /// The probabilities of the classes of each row. A row that no class allows (every class has probability 0 for one of its categories) has the sizes of
    /// the classes; its log density is `-∞`.
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns())?;
        let logs = self.classes().logs();
        let mut codes = Array2::zeros((x.nrows(), self.components()));
        for (row, mut code) in indices(x, &self.categories, &self.names)?.iter().zip(codes.rows_mut()) {
            code.assign(&logs.posterior(row).0);
        }
        Ok(codes)
    }
}

impl Generate for LatentClassModel {
    /// The mean of the category codes, `Σ_r z_r E[x_j | r]`.
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.means()))
    }
}

impl Sample for LatentClassModel {
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        let rows = self.draw(n, &mut seed.stream("latent-class-sample", 0));
        Ok(Array2::from_shape_fn((n, self.columns()), |(i, j)| self.categories[j][rows[i][j]]))
    }
}

impl LogDensity for LatentClassModel {
    /// `ln P(x)`, a probability of the combination of categories; `-∞` for a combination that no class allows.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.columns())?;
        let logs = self.classes().logs();
        Ok(indices(x, &self.categories, &self.names)?.iter().map(|row| logs.posterior(row).1).collect())
    }
}

impl Model for LatentClassModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn as_sample(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn as_log_density(&self) -> Option<&dyn LogDensity> {
        Some(self)
    }

    fn profiles(&self) -> Option<Profiles> {
        let of_column = |(name, codes): (&String, &Vec<f64>)| codes.iter().map(|code| format!("{name} = {code}")).collect::<Vec<_>>();
        let class = |(r, size): (usize, &f64)| format!("z{} ({:.0} %)", r + 1, 100.0 * size);
        let columns: Vec<_> = self.probabilities.iter().map(|table| table.view()).collect();
        Some(Profiles {
            answers: self.names.iter().zip(&self.categories).flat_map(of_column).collect(),
            classes: self.sizes.iter().enumerate().map(class).collect(),
            probabilities: ndarray::concatenate(ndarray::Axis(0), &columns).ok()?,
        })
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for LatentClassModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
