//! `unmix transform RUN DATA`.

use super::output;
use clap::Args;
use std::path::PathBuf;
use unmix::{StoredRun, code_names, core::Fault};

#[derive(Args)]
pub struct Arguments {
    /// Run directory
    run: PathBuf,
    /// Table with the columns that the model was fitted to
    data: String,
    /// CSV file to write (default: standard output)
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let run = StoredRun::open(&self.run)?;
        let table = run.config.read(Some(&self.data))?;
        let codes = run.infer(table.x())?;
        output::matrix(self.out.as_deref(), &code_names(codes.ncols()), codes.view())
    }
}
