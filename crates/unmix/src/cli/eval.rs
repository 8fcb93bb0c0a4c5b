//! `unmix eval codes|mixing|graph`.

use super::output;
use clap::{Args, Subcommand};
use std::{collections::BTreeMap, path::PathBuf};
use unmix::{
    StoredRun,
    core::{Class, Fault, Graph, Seed, Table},
    data::{FileError, ReadOptions, open_source},
    metrics::{METRICS, Metric, Score, eval_codes, eval_graph, eval_mixing, metric},
};

/// What is scored.
#[derive(Subcommand)]
#[command(
    after_help = "Every score comes with the value that chance would give, the ceiling, an interval where rows can be resampled, and \
the transformations that it is blind to. `--run` adds a warning where a metric sees more than the method identifies."
)]
pub enum Subject {
    /// Inferred codes against true factors, row by row
    Codes(Codes),
    /// An unmixing matrix against the true mixing
    Mixing(Mixing),
    /// An estimated graph against the true one
    Graph(Graphs),
    /// List the metrics
    List,
}

#[derive(Args)]
struct Common {
    /// Run that made the estimate, to compare metrics with what its method claims
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Metric to compute; repeatable (default: all that apply)
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// Root of all randomness (bootstrap, chance levels)
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object: metric name to value, chance, ceiling, ci, …
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Codes {
    /// Table of codes
    #[arg(long, value_name = "FILE")]
    estimate: String,
    /// Table of true factors, in the same rows
    #[arg(long, value_name = "FILE")]
    truth: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
pub struct Mixing {
    /// unmixing.csv of a run: a row for each code
    #[arg(long, value_name = "FILE")]
    estimate: String,
    /// mixing.csv of a simulation: a row for each feature
    #[arg(long, value_name = "FILE")]
    truth: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
pub struct Graphs {
    /// graph.json of a run
    #[arg(long, value_name = "FILE")]
    estimate: PathBuf,
    /// graph.json of the truth
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    #[command(flatten)]
    common: Common,
}

impl Subject {
    pub fn run(self) -> Result<(), Fault> {
        match self {
            Self::List => {
                let rows: Vec<Vec<String>> = METRICS
                    .iter()
                    .map(|m| vec![m.name.to_owned(), m.compute.subject().to_owned(), m.summary.to_owned(), m.citation.to_owned()])
                    .collect();
                output::table(&["METRIC", "OF", "MEASURES", "SOURCE"], &rows);
                Ok(())
            }
            Self::Codes(Codes { estimate, truth, common }) => {
                common.check("codes")?;
                let (estimate, truth) = (numbers(&estimate, None)?, numbers(&truth, None)?);
                let names = truth.observations.names();
                let scores = eval_codes(estimate.observations.x(), truth.observations.x(), names, Seed(common.seed))?;
                common.show(scores)
            }
            Self::Mixing(Mixing { estimate, truth, common }) => {
                common.check("mixing")?;
                let (estimate, truth) = (numbers(&estimate, Some("code"))?, numbers(&truth, Some("feature"))?);
                common.show(eval_mixing(estimate.observations.x(), truth.observations.x(), Seed(common.seed))?)
            }
            Self::Graph(Graphs { estimate, truth, common }) => {
                common.check("graph")?;
                common.show(eval_graph(&graph(&estimate)?, &graph(&truth)?, &[])?)
            }
        }
    }
}

fn numbers(source: &str, label: Option<&str>) -> Result<Table, FileError> {
    open_source(source, &ReadOptions { label: label.map(str::to_owned), ..ReadOptions::default() })
}

fn graph(path: &std::path::Path) -> Result<Graph, FileError> {
    let text = std::fs::read_to_string(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| FileError::Manifest { path: path.to_owned(), source })
}

impl Common {
    /// Refuses unknown metrics, and those of another subject, before anything is read.
    fn check(&self, subject: &'static str) -> Result<(), Fault> {
        for name in &self.metrics {
            let known: &Metric = metric(name)?;
            if known.compute.subject() != subject {
                return Err(OtherSubject { name: known.name, subject: known.compute.subject() }.into());
            }
        }
        Ok(())
    }

    fn show(&self, mut scores: BTreeMap<String, Score>) -> Result<(), Fault> {
        if !self.metrics.is_empty() {
            scores.retain(|name, _| self.metrics.contains(name));
        }
        if let Some(run) = &self.run {
            let run = StoredRun::open(run)?;
            let class = run.record.identifiability.get("class").cloned().unwrap_or_default();
            let class: Class = serde_json::from_value(class).unwrap_or(Class::None);
            scores = scores.into_iter().map(|(name, score)| (name, score.check_against_claim(class))).collect();
        }
        if self.json {
            return output::json(&scores);
        }
        let rows: Vec<Vec<String>> = scores
            .iter()
            .map(|(name, s)| {
                let interval = s.ci.map(|(a, b)| format!("{} to {}", output::number(a), output::number(b))).unwrap_or_default();
                vec![name.clone(), output::number(s.value), interval, output::number(s.chance), output::number(s.ceiling)]
            })
            .collect();
        output::table(&["METRIC", "VALUE", "95 % INTERVAL", "CHANCE", "CEILING"], &rows);
        for (name, score) in &scores {
            for warning in &score.warnings {
                output::line(format!("warning: {name}: {warning}"));
            }
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("metric \"{name}\" is of {subject}; use `unmix eval {subject}`")]
struct OtherSubject {
    name: &'static str,
    subject: &'static str,
}

impl unmix::core::Failure for OtherSubject {
    fn kind(&self) -> unmix::core::Kind {
        unmix::core::Kind::Usage
    }
}
