//! `unmix intervene RUN [DATA] --do NODE=VALUE`.

use super::{arguments::UsageError, output};
use clap::Args;
use std::path::PathBuf;
use unmix::{
    StoredRun, code_names,
    core::{DataError, Do, Fault, Observations, Seed, code_index},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  unmix intervene vae digits --do z2=1.5 --out edited.csv
  unmix intervene lingam --do mek=2.0 --samples 1000")]
pub struct Arguments {
    /// Run directory
    run: PathBuf,
    /// Table of factual rows, or the name of a bundled set
    data: Option<String>,
    /// What to set; repeatable
    #[arg(long = "do", value_name = "NODE=VALUE", required = true)]
    dos: Vec<String>,
    /// How many samples to draw without a table
    #[arg(long, default_value_t = 10)]
    samples: usize,
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
        let dos = self.dos.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
        let factual = self.data.as_deref().map(|data| run.config.read(Some(data))).transpose()?;
        let rows = factual.as_ref().map(|t| t.complete().map(Observations::x)).transpose()?;
        let x = if let Some(model) = run.model.as_intervene() {
            model.intervene(&dos, rows, self.samples, Seed(self.seed))?
        } else {
            // a closed loop intervenes on codes: infer, set, generate
            let cycle = run.model.closed_loop().ok_or_else(|| run.lacks("intervene"))?;
            let rows = rows.ok_or(UsageError::Needed { option: "DATA", remedy: "this model edits rows; name a table of them" })?;
            let mut z = cycle.infer(rows)?;
            for change in &dos {
                let index = code_index(&change.node, z.ncols()).map_err(|_| unknown(&change.node, z.ncols()))?;
                z.column_mut(index).fill(change.value);
            }
            cycle.generate(z.view())?
        };
        output::matrix(self.out.as_deref(), &run.config.data.columns, run.in_file_units(x).view())
    }
}

fn unknown(node: &str, codes: usize) -> DataError {
    let names = code_names(codes);
    let nearest = unmix::core::nearest(node, names.iter().map(String::as_str)).unwrap_or("z1");
    DataError::NoSuchColumn { column: node.to_owned(), nearest: nearest.to_owned() }
}

fn parse(text: &str) -> Result<Do, UsageError> {
    let parsed = text.split_once('=').and_then(|(node, value)| {
        let value: f64 = value.trim().parse().ok().filter(|v: &f64| v.is_finite())?;
        Some(Do { node: node.trim().to_owned(), value })
    });
    parsed.ok_or_else(|| UsageError::Do { text: text.to_owned() })
}
