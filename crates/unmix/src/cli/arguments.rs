//! Options that several commands share.

use clap::Args;
use std::path::PathBuf;
use thiserror::Error;
use unmix::{
    core::{Failure, Fault, Kind, Run},
    data::{Missing, ReadOptions},
};

/// How a table is read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Table")]
pub struct TableArguments {
    /// Columns to analyse, in this order (default: all numeric ones without another role)
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    columns: Option<Vec<String>>,
    /// Columns to leave out
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    exclude: Vec<String>,
    /// Column that labels rows; kept out of the fit
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Column that names the environment of each row
    #[arg(long, value_name = "NAME")]
    environment_column: Option<String>,
    /// Column that names the variable intervened on, empty where there is none
    #[arg(long, value_name = "NAME")]
    target_column: Option<String>,
    /// Label of the observational environment
    #[arg(long, value_name = "LABEL")]
    observational: Option<String>,
    /// Columns of auxiliary variables
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    auxiliary: Vec<String>,
    /// Take natural logarithms
    #[arg(long)]
    log: bool,
    /// Centre each column and divide it by its standard deviation
    #[arg(long)]
    standardize: bool,
    /// What to do with missing values
    #[arg(long, value_enum, default_value_t = MissingArgument::Error)]
    missing: MissingArgument,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum MissingArgument {
    /// Refuse the table
    Error,
    /// Leave out rows that have one
    Drop,
    /// Fill in the column's mean
    Mean,
    /// Leave them to the method: factor-analysis fits the values that are there
    Model,
}

impl TableArguments {
    /// As the reader takes them.
    pub fn options(&self) -> ReadOptions {
        let this = self.clone();
        ReadOptions {
            columns: this.columns,
            exclude: this.exclude,
            label: this.label,
            environment: this.environment_column,
            target: this.target_column,
            observational: this.observational,
            auxiliary: this.auxiliary,
            log: this.log,
            standardize: this.standardize,
            missing: match this.missing {
                MissingArgument::Error => Missing::Error,
                MissingArgument::Drop => Missing::Drop,
                MissingArgument::Mean => Missing::Mean,
                MissingArgument::Model => Missing::Model,
            },
        }
    }
}

/// How a method is configured and run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Run")]
pub struct RunArguments {
    /// Parameters of the method as a TOML file
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// One parameter of the method; repeatable, and stronger than --config
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Device of networks: flex, ndarray, wgpu, wgpu:software or auto
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Threads (default: one a core); results do not depend on them
    #[arg(long)]
    pub threads: Option<usize>,
}

impl RunArguments {
    /// The parameters of the method: the file, then each `--set`.
    pub fn parameters(&self) -> Result<toml::Table, Fault> {
        let mut table = match &self.config {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| UsageError::Unreadable { path: path.clone(), source })?;
                text.parse().map_err(|source: toml::de::Error| UsageError::Config { path: path.clone(), message: source.to_string() })?
            }
        };
        for assignment in &self.set {
            let (key, value) = assignment.split_once('=').ok_or_else(|| UsageError::Assignment { text: assignment.clone() })?;
            insert(&mut table, key.trim(), value.trim());
        }
        Ok(table)
    }

    /// A run with this seed, device and number of threads.
    pub fn run(&self) -> Result<Run<'static>, Fault> {
        // an unknown or absent device is reported before data are read
        let device: unmix::backend::DeviceChoice = self.device.parse()?;
        device.open()?;
        let run = Run::new(self.seed).on(device.name());
        Ok(match self.threads {
            Some(threads) => run.with_threads(threads)?,
            None => run,
        })
    }
}

/// Sets `key`, which may lead into a nested table (`contrast.kind`). A value that is no TOML is text.
fn insert(table: &mut toml::Table, key: &str, value: &str) {
    let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
    let value = parsed.unwrap_or_else(|| value.into());
    match key.split_once('.') {
        Some((outer, inner)) => {
            let nested = table.entry(outer).or_insert_with(|| toml::Table::new().into());
            if let Some(nested) = nested.as_table_mut() {
                let text = match &value {
                    toml::Value::String(text) => format!("{text:?}"),
                    other => other.to_string(),
                };
                insert(nested, inner, &text);
            }
        }
        None => {
            table.insert(key.to_owned(), value);
        }
    }
}

/// How results are shown.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors and results asked for as JSON
    #[arg(long, short)]
    pub quiet: bool,
}

/// A command cannot be understood.
#[derive(Debug, Error)]
pub enum UsageError {
    #[error("{}: {source}; give --config a TOML file", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}: {message}", path.display())]
    Config { path: PathBuf, message: String },
    #[error("--set {text}: write it as KEY=VALUE, as in --set components=3")]
    Assignment { text: String },
    #[error("--do {text}: write it as NODE=VALUE, as in --do z2=1.5")]
    Do { text: String },
    #[error("{option} is needed: {remedy}")]
    Needed { option: &'static str, remedy: &'static str },
}

impl Failure for UsageError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::Format,
            _ => Kind::Usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_reach_into_tables_and_keep_types() {
        let mut table = toml::Table::new();
        for (key, value) in [("beta", "4"), ("network.kind", "conv"), ("network.height", "8"), ("hidden", "[4, 4]")] {
            insert(&mut table, key, value);
        }
        let expected: toml::Table = "beta = 4\nhidden = [4, 4]\n[network]\nkind = 'conv'\nheight = 8".parse().unwrap();
        assert_eq!(table, expected);
    }
}
