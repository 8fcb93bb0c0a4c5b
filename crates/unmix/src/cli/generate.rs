//! `unmix generate RUN`.

use super::output;
use clap::Args;
use std::path::PathBuf;
use unmix::{
    StoredRun,
    core::{Fault, Seed},
    data::{ReadOptions, open_source},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  unmix generate vae --samples 16 --seed 1 --out new.csv
  unmix generate ica --codes moved.csv")]
pub struct Arguments {
    /// Run directory
    run: PathBuf,
    /// How many samples to draw
    #[arg(long, default_value_t = 10, conflicts_with = "codes")]
    samples: usize,
    /// Table of codes (z1, z2, …) to generate from, instead of drawing them
    #[arg(long, value_name = "FILE")]
    codes: Option<String>,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// CSV file to write (default: standard output)
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let run = StoredRun::open(&self.run)?;
        let x = match &self.codes {
            Some(codes) => {
                let table = open_source(codes, &ReadOptions::default())?;
                let generate = run.model.as_generate().ok_or_else(|| run.lacks("generate observations from codes"))?;
                generate.generate(table.complete()?.x())?
            }
            None => run
                .model
                .as_sample()
                .ok_or_else(|| run.lacks("draw samples (it has no distribution of codes)"))?
                .sample(self.samples, Seed(self.seed))?,
        };
        output::matrix(self.out.as_deref(), &run.config.data.columns, run.in_file_units(x).view())
    }
}
