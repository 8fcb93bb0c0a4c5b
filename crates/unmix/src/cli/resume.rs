//! `unmix resume RUN`.

use super::{
    arguments::OutputArguments,
    fit::{announce, fit_into},
    output,
};
use clap::Args;
use std::path::PathBuf;
use unmix::{
    RunConfig, RunData,
    backend::DeviceChoice,
    core::{Fault, Run},
    data::{MANIFEST, RunDirectory},
    method,
};

#[derive(Args)]
pub struct Arguments {
    /// The run directory, with or without .partial
    run: PathBuf,
    /// Threads (default: one a core)
    #[arg(long)]
    threads: Option<usize>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        if self.run.join(MANIFEST).is_file() {
            if !self.output.quiet {
                output::line(format!("{} has ended already; there is nothing to resume", self.run.display()));
            }
            return Ok(());
        }
        let directory = RunDirectory::resume(&self.run)?;
        let config = RunConfig::load(directory.folder())?;
        let data = RunData::of(&config)?;
        let device: DeviceChoice = config.device.parse()?;
        let mut run = Run::new(config.seed).on(device.name());
        if let Some(threads) = self.threads {
            run = run.with_threads(threads)?;
        }
        let done = fit_into(directory, method(&config.method)?, &config, &data, run, self.threads, self.output.quiet)?;
        announce(&done, self.output)
    }
}
