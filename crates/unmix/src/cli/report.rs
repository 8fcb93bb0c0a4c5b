//! `unmix report RUN`.

use super::output;
use clap::Args;
use std::path::PathBuf;
use unmix::{RunData, StoredRun, core::Fault, data::write_atomically, run_report};

#[derive(Args)]
pub struct Arguments {
    /// Run directory
    run: PathBuf,
    /// HTML file to write (default: RUN.html beside the run, which stays as it is)
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let run = StoredRun::open(&self.run)?;
        let data = RunData::of(&run.config)?;
        let log = std::fs::read_to_string(self.run.join(unmix::METRICS)).unwrap_or_default();
        let codes = run.model.as_infer().map(|infer| infer.infer(data.shown().x())).transpose()?;
        let codes = codes.as_ref().map(|z| z.view());
        let html = run_report(&run.config, run.model.as_ref(), &run.record, &data, codes, &log)?.render();
        let out = self.out.unwrap_or_else(|| self.run.with_extension("html"));
        write_atomically(&out, |file| {
            file.write_all(html.as_bytes()).map_err(|source| unmix::data::FileError::Io { path: out.clone(), source })
        })?;
        output::line(format!("{}", out.display()));
        Ok(())
    }
}
