//! What a fitted model can do, as object-safe capabilities. The command line, the report and the metrics see only these.

use crate::{DataError, Failure, Fault, Kind, Seed};
use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use unmix_graph::Graph;

/// A fitted model. It returns `Some(self)` for each capability that its mathematics allows.
pub trait Model: Send + Sync + 'static {
    /// From observations to codes.
    fn as_infer(&self) -> Option<&dyn Infer> {
        None
    }
    /// From codes to observations.
    fn as_generate(&self) -> Option<&dyn Generate> {
        None
    }
    /// New observations.
    fn as_sample(&self) -> Option<&dyn Sample> {
        None
    }
    /// The log density of observations.
    fn as_log_density(&self) -> Option<&dyn LogDensity> {
        None
    }
    /// Interventions.
    fn as_intervene(&self) -> Option<&dyn Intervene> {
        None
    }
    /// The linear map from codes to observations, `[d, k]`, where there is one (loadings in a factor model).
    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        None
    }
    /// The linear map from centred observations to codes, `[k, d]`, where there is one.
    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        None
    }
    /// The correlations of the codes under the model, `[k, k]`, where it lets them correlate.
    fn code_correlations(&self) -> Option<Array2<f64>> {
        None
    }
    /// How probable each answer is in each class, for models of classes.
    fn profiles(&self) -> Option<Profiles> {
        None
    }
    /// The graph between the codes, or between the variables, where the model has one.
    fn graph(&self) -> Option<&Graph> {
        None
    }
    /// What each environment but the observational one intervened on, as the fit found it.
    fn targets(&self) -> Option<&[CodeTarget]> {
        None
    }
    /// Writes the model to files in `folder`, which exists.
    ///
    /// # Errors
    /// A [`Fault`] of kind [`Format`](Kind::Format) if a file cannot be written.
    fn save(&self, folder: &Path) -> Result<(), Fault>;
}

impl dyn Model {
    /// Inference and generation together, where the model has both.
    pub fn closed_loop(&self) -> Option<ClosedLoop<'_>> {
        Some(ClosedLoop { infer: self.as_infer()?, generate: self.as_generate()? })
    }
}

/// What an environment intervened on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeTarget {
    /// The label of the environment.
    pub environment: String,
    /// Its target, `z1`, ….
    pub code: String,
    /// The variance of the target under the intervention, in units of its observational variance.
    pub variance: f64,
}

/// The answers that each class of rows gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    /// The answers, `"question = 1"`, `a` of them.
    pub answers: Vec<String>,
    /// The classes, with their shares of the rows, `k` of them.
    pub classes: Vec<String>,
    /// The probability of each answer in each class, `[a, k]`.
    pub probabilities: Array2<f64>,
}

/// Reading back what [`Model::save`] wrote.
pub trait Load: Sized {
    /// Reads the model from `folder`.
    ///
    /// # Errors
    /// A [`Fault`] of kind [`Format`](Kind::Format) if a file is missing or malformed.
    fn load(folder: &Path) -> Result<Self, Fault>;
}

/// From observations to codes.
pub trait Infer {
    /// The codes `[n, k]` of `x` `[n, d]`: posterior means where the model is probabilistic.
    ///
    /// # Errors
    /// [`DataError::ColumnCount`] if `x` is not `d` wide.
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault>;
}

/// From codes to observations.
pub trait Generate {
    /// The mean observations `[n, d]` of the codes `z` `[n, k]`.
    ///
    /// # Errors
    /// [`DataError::ColumnCount`] if `z` is not `k` wide.
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault>;
}

/// New observations.
pub trait Sample {
    /// `n` samples `[n, d]` of the model's distribution.
    ///
    /// # Errors
    /// A [`Fault`] of the device, for models that run on one.
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault>;
}

/// The log density of observations.
pub trait LogDensity {
    /// `ln p(x)` of each row of `x` `[n, d]` in nats, `[n]`; a lower bound where [`is_bound`](Self::is_bound) says so.
    ///
    /// # Errors
    /// [`DataError::ColumnCount`] if `x` is not `d` wide.
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault>;

    /// Whether the values are lower bounds (ELBO).
    fn is_bound(&self) -> bool {
        false
    }
}

/// Setting one node, whatever its causes.
#[derive(Clone, Debug, PartialEq)]
pub struct Do {
    /// A code (`z2`) or, for models over observed variables, a variable.
    pub node: String,
    /// The value that it is set to.
    pub value: f64,
}

/// Interventions.
pub trait Intervene {
    /// With `factual` rows `[n, d]`: what each would have been (counterfactuals: abduction, action, prediction). Without: `n` samples of
    /// the intervened model.
    ///
    /// # Errors
    /// [`DataError::NoSuchColumn`] if a node does not exist.
    fn intervene(&self, dos: &[Do], factual: Option<ArrayView2<'_, f64>>, n: usize, seed: Seed) -> Result<Array2<f64>, Fault>;
}

/// A model that both infers and generates.
#[derive(Clone, Copy)]
pub struct ClosedLoop<'a> {
    infer: &'a dyn Infer,
    generate: &'a dyn Generate,
}

impl<'a> ClosedLoop<'a> {
    /// Joins the two halves; they need not come from one model.
    pub fn new(infer: &'a dyn Infer, generate: &'a dyn Generate) -> Self {
        Self { infer, generate }
    }

    /// x to z.
    ///
    /// # Errors
    /// As [`Infer::infer`].
    pub fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        self.infer.infer(x)
    }

    /// z to x.
    ///
    /// # Errors
    /// As [`Generate::generate`].
    pub fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        self.generate.generate(z)
    }

    /// x to z to x.
    ///
    /// # Errors
    /// As [`Infer::infer`].
    pub fn reconstruct(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        self.generate(self.infer(x)?.view())
    }

    /// Observations `[n, d]` with code `code` (from 0) moved to `value` and every other code kept.
    ///
    /// # Errors
    /// [`DataError::NoSuchColumn`] if there is no such code.
    pub fn edit(&self, x: ArrayView2<'_, f64>, code: usize, value: f64) -> Result<Array2<f64>, Fault> {
        let mut z = self.infer(x)?;
        if code >= z.ncols() {
            let (column, nearest) = (format!("z{}", code + 1), format!("z{}", z.ncols()));
            return Err(DataError::NoSuchColumn { column, nearest }.into());
        }
        z.column_mut(code).fill(value);
        self.generate(z.view())
    }
}

/// The position of code `z<i>` (from 0) among `codes` codes.
///
/// # Errors
/// [`DataError::NoSuchColumn`] if `name` is not `z1` to `z<codes>`.
pub fn code_index(name: &str, codes: usize) -> Result<usize, DataError> {
    let index = name.strip_prefix('z').and_then(|digits| digits.parse::<usize>().ok()).and_then(|i| i.checked_sub(1));
    index.filter(|&i| i < codes).ok_or_else(|| DataError::NoSuchColumn { column: name.to_owned(), nearest: format!("z1 to z{codes}") })
}

/// Fails unless `x` is `expected` wide: the first line of every capability.
///
/// # Errors
/// [`DataError::ColumnCount`].
pub fn require_columns(x: ArrayView2<'_, f64>, expected: usize) -> Result<(), DataError> {
    if x.ncols() == expected { Ok(()) } else { Err(DataError::ColumnCount { expected, found: x.ncols() }) }
}

/// The file that [`save_json`] writes.
pub const MODEL_JSON: &str = "model.json";

/// Writes a model as `model.json` in `folder`: for models that are a few matrices.
///
/// # Errors
/// [`ModelFileError`] if the file cannot be written.
pub fn save_json<M: Serialize>(model: &M, folder: &Path) -> Result<(), Fault> {
    let path = folder.join(MODEL_JSON);
    let text = serde_json::to_string_pretty(model).map_err(|source| ModelFileError::Malformed { path: path.clone(), source })?;
    fs::write(&path, text + "\n").map_err(|source| ModelFileError::Io { path, source })?;
    Ok(())
}

/// Reads what [`save_json`] wrote.
///
/// # Errors
/// [`ModelFileError`] if the file is missing or malformed.
pub fn load_json<M: DeserializeOwned>(folder: &Path) -> Result<M, Fault> {
    let path = folder.join(MODEL_JSON);
    let text = fs::read_to_string(&path).map_err(|source| ModelFileError::Io { path: path.clone(), source })?;
    Ok(serde_json::from_str(&text).map_err(|source| ModelFileError::Malformed { path, source })?)
}

/// A model file cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file does not hold this kind of model.
    #[error("{}: {source}; was it written by another version or method?", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where the text goes wrong.
        source: serde_json::Error,
    },
}

impl Failure for ModelFileError {
    fn kind(&self) -> Kind {
        Kind::Format
    }
}
