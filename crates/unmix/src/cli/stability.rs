//! `unmix stability RUN`.

use super::{arguments::OutputArguments, output};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use unmix::{
    StoredRun, code_names,
    core::{Fault, Observations, Run, Seed, Table},
    linear::{Resampling, icasso},
};

#[derive(Args)]
pub struct Arguments {
    /// Run directory of a linear model
    run: PathBuf,
    /// Fits
    #[arg(long, default_value_t = 30)]
    fits: usize,
    /// What differs between the fits
    #[arg(long, value_enum, default_value = "both")]
    resample: What,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Random starts of the algorithm
    Starts,
    /// Rows drawn with replacement
    Bootstrap,
    /// Both
    Both,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let run = StoredRun::open(&self.run)?;
        let Some(unmixing) = run.model.unmixing() else {
            return Err(run.lacks("have a linear unmixing to compare").into());
        };
        let (method, table) = (unmix::method(&run.config.method)?, run.config.read(None)?);
        let refit = |sample: &Observations, seed: Seed| -> Result<_, Fault> {
            let fitted = method.refit(&run.config.parameters, &Table::from(sample.clone()), &mut Run::new(seed.0))?;
            Ok(fitted.model.unmixing().map_or_else(|| unmixing.to_owned(), |w| w.to_owned()))
        };
        let resampling = match self.resample {
            What::Starts => Resampling::Starts,
            What::Bootstrap => Resampling::Bootstrap,
            What::Both => Resampling::Both,
        };
        let clusters = icasso(table.complete()?, self.fits, resampling, Seed(self.seed), refit)?;
        if self.output.json {
            return output::json(&json!({ "fits": self.fits, "resampling": resampling, "clusters": clusters }));
        }
        let rows: Vec<Vec<String>> = clusters
            .iter()
            .zip(code_names(clusters.len()))
            .map(|(c, name)| vec![name.replace('z', "cluster "), output::number(c.quality), c.size.to_string(), output::number(c.fits)])
            .collect();
        output::table(&["", "QUALITY", "ESTIMATES", "SHARE OF FITS"], &rows);
        output::line("\nQuality is the mean similarity within a cluster minus that to the rest. Returning is not being right.");
        Ok(())
    }
}
