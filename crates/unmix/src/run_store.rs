//! A fit on disk: how it was configured, what it found, and how to use it again.
//!
//! `config.toml` holds everything that determines the result (method, parameters, data and how they were read, seed, versions);
//! `fit.json` what came out; the model's own files, `codes.csv`, `mixing.csv`, `unmixing.csv` and `graph.*` the result itself.

use crate::{RunData, graph_figure, model_card, run_data::blocks, run_report, write_figures};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use unmix_core::{Claim, Evidence, Failure, Fault, Kind, Method, Model, Outcome, Profiles, Rows, Table, identified};
use unmix_data::{FileError, ReadOptions, RunDirectory, csv_bytes, open_source, write_named_rows};

/// The file that holds a [`RunConfig`].
const CONFIG: &str = "config.toml";
/// The file that holds a [`FitRecord`].
const FIT: &str = "fit.json";
/// The file with one JSON object a step of an iterative fit.
pub const METRICS: &str = "metrics.jsonl";

/// Everything that determines a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// The method's name.
    pub method: String,
    /// The root of all randomness.
    pub seed: u64,
    /// The device of networks.
    pub device: String,
    /// Steps between checkpoints.
    pub checkpoint_every: usize,
    /// The version that wrote this.
    pub unmix_version: String,
    /// The data.
    pub data: DataConfig,
    /// The method's parameters, with every default filled in.
    pub parameters: toml::Table,
}

/// Which data a run was fitted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataConfig {
    /// The file, or the name of a bundled set.
    pub source: String,
    /// SHA-256 of the values as the method saw them, to notice that a file has changed.
    pub sha256: String,
    /// The columns as the method saw them.
    pub columns: Vec<String>,
    /// How it was read.
    pub options: ReadOptions,
    /// Means and standard deviations, if the columns were standardised: new data are treated alike.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standardization: Option<Standardization>,
    /// Bytes of the rows that were held at once, if they were not all in memory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory: Option<usize>,
}

/// The map `(x - mean) / sd` of each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardization {
    /// Column means, `[d]`.
    pub mean: Vec<f64>,
    /// Column standard deviations, `[d]`.
    pub sd: Vec<f64>,
}

impl RunConfig {
    /// Reads the data as configured, without looking at the values.
    fn open(options: &ReadOptions, source: &str) -> Result<Table, FileError> {
        open_source(source, &ReadOptions { standardize: false, ..options.clone() })
    }

    /// Reads `source` for a new fit, and returns the table beside the configuration.
    ///
    /// # Errors
    /// As [`open_source`]; an unknown key or malformed value among `parameters`.
    pub fn prepare(
        method: &Method,
        parameters: &toml::Table,
        source: &str,
        options: &ReadOptions,
        seed: u64,
        device: &str,
    ) -> Result<(Self, Table), Fault> {
        let mut table = Self::open(options, source)?;
        let mut standardization = None;
        if options.standardize {
            let (mean, sd) = table.standardize()?;
            standardization = Some(Standardization { mean: mean.to_vec(), sd: sd.to_vec() });
        }
        let data = DataConfig {
            source: source.to_owned(),
            sha256: fingerprint(table.x()),
            columns: table.observations.names().to_vec(),
            options: options.clone(),
            standardization,
            memory: None,
        };
        Ok((Self::new(method, parameters, data, seed, device)?, table))
    }

    pub(crate) fn new(method: &Method, parameters: &toml::Table, data: DataConfig, seed: u64, device: &str) -> Result<Self, Fault> {
        Ok(Self {
            method: method.name.to_owned(),
            seed,
            device: device.to_owned(),
            checkpoint_every: 200,
            unmix_version: env!("CARGO_PKG_VERSION").to_owned(),
            data,
            parameters: method.resolve(parameters)?,
        })
    }

    /// Reads other data as those of the run were read: the same columns, transformed and standardised alike. `None` reads the run's own.
    ///
    /// # Errors
    /// As [`open_source`]; [`RunError::DataChanged`] if the run's own data are no longer the same.
    pub fn read(&self, source: Option<&str>) -> Result<Table, Fault> {
        let mut options = self.data.options.clone();
        if source.is_some() {
            // the roles of other columns need not be there in new data
            options = ReadOptions {
                columns: Some(self.data.columns.clone()),
                log: options.log,
                missing: options.missing,
                ..ReadOptions::default()
            };
        }
        let mut table = Self::open(&options, source.unwrap_or(&self.data.source))?;
        if let Some(Standardization { mean, sd }) = &self.data.standardization {
            table.rescale(&Array1::from(mean.clone()), &Array1::from(sd.clone()))?;
        }
        if source.is_none() && fingerprint(table.x()) != self.data.sha256 {
            return Err(RunError::DataChanged { source_name: self.data.source.clone() }.into());
        }
        Ok(table)
    }

    /// Reads the configuration of a run, finished or not.
    ///
    /// # Errors
    /// [`RunError::NotARun`] or [`RunError::Malformed`].
    pub fn load(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|source| RunError::NotARun { path: folder.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| RunError::Malformed { path, message: source.to_string() })
    }

    /// Writes `config.toml`.
    ///
    /// # Errors
    /// As [`RunDirectory::write`].
    pub fn write(&self, directory: &RunDirectory) -> Result<(), Fault> {
        let text = toml::to_string_pretty(self).map_err(|source| RunError::Configuration { message: source.to_string() })?;
        Ok(directory.write(CONFIG, text.as_bytes())?)
    }
}

fn fingerprint(x: ArrayView2<'_, f64>) -> String {
    let mut hash = Sha256::new();
    hash.update((x.nrows() as u64).to_le_bytes());
    for value in x {
        hash.update(value.to_le_bytes());
    }
    hexadecimal(hash)
}

/// The same of rows that are read block by block.
pub(crate) fn fingerprint_rows(rows: &dyn Rows) -> Result<String, Fault> {
    let mut hash = Sha256::new();
    hash.update((rows.shape().0 as u64).to_le_bytes());
    blocks(rows, |block| {
        block.iter().for_each(|value| hash.update(value.to_le_bytes()));
        Ok(())
    })?;
    Ok(hexadecimal(hash))
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The content of `fit.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    /// The method's name.
    pub method: String,
    /// Whether the fit ended as planned.
    pub converged: bool,
    /// Why it stopped.
    pub stop: Value,
    /// Iterations done.
    pub iterations: usize,
    /// The objective at the end.
    pub objective: Option<f64>,
    /// Mean log-likelihood of a sample, in nats; a lower bound where the model has only that.
    pub log_likelihood: Option<f64>,
    /// The root of all randomness.
    pub seed: u64,
    /// What the user should know.
    pub warnings: Value,
    /// Class, theorem, verdict, evidence.
    pub identifiability: Value,
}

/// Wall and processor time: the one file outside the promise of equal bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timing {
    /// Seconds of the fit.
    pub fit_seconds: f64,
    /// Threads used.
    pub threads: usize,
    /// Peak resident memory in bytes, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
}

impl FitRecord {
    /// What came out of a fit of `data`.
    ///
    /// # Errors
    /// As [`LogDensity::log_density`](unmix_core::LogDensity::log_density).
    pub fn of(config: &RunConfig, outcome: &Outcome, data: &RunData) -> Result<Self, Fault> {
        let fitted = &outcome.fitted;
        let log_likelihood = data.log_likelihood(fitted.model.as_ref())?;
        Ok(Self {
            method: config.method.clone(),
            converged: fitted.stop.converged(),
            stop: json!(fitted.stop),
            iterations: fitted.iterations,
            objective: fitted.objective,
            log_likelihood,
            seed: config.seed,
            warnings: json!(fitted.warnings),
            identifiability: identifiability_json(&outcome.claim, &outcome.evidence),
        })
    }
}

/// Class, theorem, verdict and evidence as in `fit.json`.
pub fn identifiability_json(claim: &Claim, evidence: &[Evidence]) -> Value {
    json!({
        "class": claim.class,
        "up_to": claim.class.describe(),
        "theorem": claim.theorem,
        "assumptions": claim.assumptions,
        "identified": identified(claim, evidence),
        "evidence": evidence,
    })
}

/// Writes everything that a fit found: `fit.json`, codes, matrices, graph, model, report with its figures, model card.
///
/// # Errors
/// A file cannot be written, or the model refuses the data that it was fitted to.
pub fn write_run(directory: &RunDirectory, config: &RunConfig, outcome: &Outcome, record: &FitRecord, data: &RunData) -> Result<(), Fault> {
    let model = outcome.fitted.model.as_ref();
    let names = data.shown().observations.names();
    directory.write(FIT, &pretty(record)?)?;
    let codes = model.as_infer().map(|infer| data.write_codes(directory, infer)).transpose()?;
    if let Some(mixing) = model.mixing() {
        let codes = code_names(mixing.ncols());
        directory.write("mixing.csv", &csv_bytes(|out| write_named_rows(out, "feature", names, &codes, mixing))?)?;
    }
    if let Some(unmixing) = model.unmixing() {
        let codes = code_names(unmixing.nrows());
        directory.write("unmixing.csv", &csv_bytes(|out| write_named_rows(out, "code", &codes, names, unmixing))?)?;
    }
    if let Some(Profiles { answers, classes, probabilities }) = model.profiles() {
        directory.write("profiles.csv", &csv_bytes(|out| write_named_rows(out, "answer", &answers, &classes, probabilities.view()))?)?;
    }
    if let Some(graph) = model.graph() {
        directory.write("graph.json", &pretty(graph)?)?;
        directory.write("graph.dot", unmix_graph::to_dot(graph).as_bytes())?;
        directory.write("graph.svg", graph_figure(graph, None)?.svg().as_bytes())?;
    }
    let log = fs::read_to_string(directory.folder().join(METRICS)).unwrap_or_default();
    let report = run_report(config, model, record, data, codes.as_ref().map(|z| z.view()), &log)?;
    directory.write("report.html", report.render().as_bytes())?;
    write_figures(directory, &report)?;
    directory.write("model_card.md", model_card(config, outcome, record, data)?.as_bytes())?;
    model.save(directory.folder())
}

/// `z1` to `z<k>`.
pub fn code_names(k: usize) -> Vec<String> {
    (1..=k).map(|i| format!("z{i}")).collect()
}

pub(crate) fn pretty(value: &impl Serialize) -> Result<Vec<u8>, RunError> {
    let text = serde_json::to_string_pretty(value).map_err(|e| RunError::Configuration { message: e.to_string() })?;
    Ok((text + "\n").into_bytes())
}

/// A finished run, read back.
pub struct StoredRun {
    /// Its folder.
    pub folder: PathBuf,
    /// How it was configured.
    pub config: RunConfig,
    /// What came out.
    pub record: FitRecord,
    /// The model.
    pub model: Box<dyn Model>,
}

impl StoredRun {
    /// Reads the run in `folder`.
    ///
    /// # Errors
    /// [`RunError::NotARun`] if it is none or did not end; the method's own error if the model cannot be read.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let config = RunConfig::load(folder)?;
        let path = folder.join(FIT);
        let text = fs::read_to_string(&path).map_err(|source| RunError::NotARun { path: folder.to_owned(), source })?;
        let record = serde_json::from_str(&text).map_err(|source| RunError::Malformed { path, message: source.to_string() })?;
        let model = crate::method(&config.method)?.load(folder)?;
        Ok(Self { folder: folder.to_owned(), config, record, model })
    }

    /// The codes of `x`, if the model infers.
    ///
    /// # Errors
    /// [`RunError::Capability`] if it does not; as [`Infer::infer`](unmix_core::Infer::infer).
    pub fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        self.model.as_infer().ok_or_else(|| self.lacks("infer codes"))?.infer(x)
    }

    /// The failure that says that the model cannot do what is asked.
    pub fn lacks(&self, what: &'static str) -> RunError {
        RunError::Capability { method: self.config.method.clone(), what }
    }

    /// `x` in the units of the file: standardisation undone. Logarithms are kept.
    pub fn in_file_units(&self, x: Array2<f64>) -> Array2<f64> {
        match &self.config.data.standardization {
            Some(Standardization { mean, sd }) => x * ArrayView1::from(sd) + ArrayView1::from(mean),
            None => x,
        }
    }
}

/// A run directory cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The folder holds no run that ended.
    #[error("{} holds no finished run ({source}); fit one with `unmix fit`, or go on with `unmix resume`", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the run is damaged.
    #[error("{}: {message}; the run is damaged or of another version, fit it again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        message: String,
    },
    /// The data are not those that the run was fitted to.
    #[error("\"{source_name}\" has changed since the run began; fit the new data with another --out")]
    DataChanged {
        /// The file or bundled set.
        source_name: String,
    },
    /// The model of the run cannot do what is asked.
    #[error("a {method} model does not {what}; `unmix methods {method}` says what it can do")]
    Capability {
        /// The method.
        method: String,
        /// What was asked, to complete "does not …".
        what: &'static str,
    },
    /// A table cannot be read in parts.
    #[error("--memory: {why}")]
    Stream {
        /// Why not, and what to do.
        why: &'static str,
    },
    /// A configuration cannot be written.
    #[error("the configuration cannot be written: {message}")]
    Configuration {
        /// What the serialiser says.
        message: String,
    },
}

impl Failure for RunError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotARun { .. } | Self::Malformed { .. } => Kind::Format,
            Self::DataChanged { .. } => Kind::Data,
            Self::Capability { .. } | Self::Stream { .. } => Kind::Usage,
            Self::Configuration { .. } => Kind::Internal,
        }
    }
}
