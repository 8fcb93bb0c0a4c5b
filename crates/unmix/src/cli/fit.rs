//! `unmix fit METHOD DATA`.

use super::{
    arguments::{OutputArguments, RunArguments, TableArguments},
    output,
    progress::Watch,
};
use clap::Args;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use unmix::{
    FitRecord, RunConfig, RunData, Timing,
    core::{Fault, Method, NotConverged, Outcome, Run, Stop, identified, identified_words},
    data::RunDirectory,
    method,
};

/// Fit a method to a table and write a run directory.
#[derive(Args)]
#[command(after_help = "\
Examples:
  unmix fit fastica sachs --log --out ica
  unmix fit factor-analysis holzinger --set components=3 --set rotation=varimax
  unmix fit beta-vae digits --set components=6 --seed 3 --out vae
  unmix fit fastica recording.npy --memory 512MB --out ica

The run directory holds config.toml, fit.json (identifiability and evidence), codes.csv, mixing.csv, graph.json, the model,
report.html, model_card.md, figures/ and manifest.json. `unmix methods NAME` lists the keys of --set.")]
pub struct Arguments {
    /// Method, as `unmix methods` lists them
    method: String,
    /// Table: a file, or sachs, holzinger or digits
    data: String,
    /// Run directory to write (default: the method's name)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an existing run directory
    #[arg(long)]
    force: bool,
    /// Most memory for the rows of an .npy file, such as 512MB or 2GiB: they are read again in every pass instead of being held (pca, fastica,
    /// picard, picard-o)
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<usize>,
    /// Fail with status 4 if the fit does not converge
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    table: TableArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let method = method(&self.method)?;
        let parameters = self.run.parameters()?;
        let run = self.run.run()?;
        let options = self.table.options();
        let (config, data) = if let Some(memory) = self.memory {
            RunData::stream(method, &parameters, &self.data, &options, self.run.seed, memory)?
        } else {
            let (config, table) = RunConfig::prepare(method, &parameters, &self.data, &options, self.run.seed, &run.device.clone())?;
            (config, RunData::Table(table))
        };
        let out = self.out.unwrap_or_else(|| PathBuf::from(method.name));
        let directory = RunDirectory::create(&out, self.force)?;
        config.write(&directory)?;
        let done = fit_into(directory, method, &config, &data, run, self.run.threads, self.output.quiet)?;
        announce(&done, self.output)?;
        if self.strict && !done.record.converged {
            return Err(NotConverged { stop: done.stop, iterations: done.record.iterations }.into());
        }
        Ok(())
    }
}

/// Bytes from a number with a unit: `800kB`, `512MB`, `2GiB`, or without one.
fn bytes(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, f64); 8] =
        [("GiB", 1073741824.0), ("MiB", 1048576.0), ("KiB", 1024.0), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("KB", 1e3), ("B", 1.0)];
    let (number, unit) = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size))).unwrap_or((text, 1.0));
    match number.trim().parse::<f64>() {
        Ok(value) if value > 0.0 && value * unit < usize::MAX as f64 => Ok((value * unit) as usize),
        _ => Err("give a size such as 512MB or 2GiB".to_owned()),
    }
}

/// A run that has ended.
pub struct Done {
    pub folder: PathBuf,
    pub record: FitRecord,
    pub stop: Stop,
    pub outcome: Outcome,
}

/// Fits `data` as `config` says and ends the run directory, whether the fit is new or resumed.
pub fn fit_into(
    mut directory: RunDirectory,
    method: &Method,
    config: &RunConfig,
    data: &RunData,
    run: Run<'static>,
    threads: Option<usize>,
    quiet: bool,
) -> Result<Done, Fault> {
    let checkpoints = directory.folder().join(CHECKPOINTS);
    // from here on a killed process leaves a folder that `unmix resume` takes up
    directory.keep_partial(true);
    let begun = Instant::now();
    let watch = Watch::new(directory.folder(), quiet);
    let mut run = run.with_checkpoints(&checkpoints, config.checkpoint_every).observed(watch);
    let outcome = match data.fit(method, &config.parameters, &mut run) {
        Ok(outcome) => outcome,
        Err(fault) => {
            // a fit that refuses its data or diverges cannot be resumed
            directory.keep_partial(false);
            return Err(fault);
        }
    };
    drop(run);
    directory.keep_partial(false);
    let record = FitRecord::of(config, &outcome, data)?;
    remove_checkpoints(&checkpoints)?;
    unmix::write_run(&directory, config, &outcome, &record, data)?;
    let timing = Timing {
        fit_seconds: begun.elapsed().as_secs_f64(),
        threads: threads.unwrap_or_else(rayon::current_num_threads),
        peak_memory_bytes: peak_memory(),
    };
    directory.write("timing.json", json!(timing).to_string().as_bytes())?;
    let folder = directory.finish()?;
    Ok(Done { folder, record, stop: outcome.fitted.stop, outcome })
}

const CHECKPOINTS: &str = "checkpoints";

fn remove_checkpoints(folder: &Path) -> Result<(), Fault> {
    match std::fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(unmix::data::FileError::Io { path: folder.to_owned(), source }.into())
        }
        _ => Ok(()),
    }
}

/// Peak resident memory of this process, where `/proc` tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}

/// Says what came out.
pub fn announce(done: &Done, output: OutputArguments) -> Result<(), Fault> {
    if output.json {
        return output::json(&json!({ "run": done.folder, "fit": done.record }));
    }
    if output.quiet {
        return Ok(());
    }
    let record = &done.record;
    let ending = if record.converged { "converged" } else { "did NOT converge" };
    output::line(format!("{}: {ending} after {} iterations", record.method, record.iterations));
    if let Some(value) = record.log_likelihood {
        output::line(format!("  log-likelihood     {value:.6} nats a sample"));
    }
    let verdict = identified_words(identified(&done.outcome.claim, &done.outcome.evidence));
    output::line(format!("  codes              {verdict}, up to {}", done.outcome.claim.class.describe()));
    output::line(format!("  by                 {}", done.outcome.claim.theorem));
    for evidence in &done.outcome.evidence {
        let p = evidence.p_value.map(|p| format!(" (p = {})", output::number(p))).unwrap_or_default();
        output::line(format!("  {:<18} {}{p}: {}", evidence.verdict.word(), evidence.assumption, evidence.detail));
    }
    for warning in &done.outcome.fitted.warnings {
        output::line(format!("  warning            {}", warning.text));
    }
    output::line(format!("  run                {} (report.html, fit.json, …)", done.folder.display()));
    Ok(())
}
