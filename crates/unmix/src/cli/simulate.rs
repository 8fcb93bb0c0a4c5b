//! `unmix simulate GENERATOR`.

use super::{arguments::RunArguments, output};
use clap::Args;
use std::path::PathBuf;
use unmix::{
    code_names,
    core::{Fault, Seed},
    data::{RunDirectory, csv_bytes, simulate, write_csv, write_named_rows},
};

/// Draw data whose causes are known: x.csv, z.csv (true factors), mixing.csv and, for causal generators, graph.json.
#[derive(Args)]
#[command(after_help = "\
Examples:
  unmix simulate                                   list the generators
  unmix simulate ica --set components=8 --set samples=5000 --seed 1 --out mixed
  unmix fit fastica mixed/x.csv --out ica
  unmix eval codes --estimate ica/codes.csv --truth mixed/z.csv")]
pub struct Arguments {
    /// Generator; without one, the list
    generator: Option<String>,
    /// Folder to write (default: the generator's name)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an existing folder
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    run: RunArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let Some(name) = &self.generator else {
            for generator in simulate::GENERATORS {
                output::line(format!("{:<14} {}", generator.name, generator.summary));
                for (key, value) in generator.defaults() {
                    output::line(format!("{:14}   --set {key}={value}", ""));
                }
            }
            return Ok(());
        };
        let drawn = simulate::by_name(name)?.simulate(&self.run.parameters()?, Seed(self.run.seed))?;
        let directory = RunDirectory::create(&self.out.unwrap_or_else(|| name.into()), self.force)?;
        let names = drawn.observations.names();
        let codes = code_names(drawn.factors.ncols());
        directory.write_with("x.csv", |out| write_csv(out, names, drawn.observations.x()))?;
        directory.write_with("z.csv", |out| write_csv(out, &codes, drawn.factors.view()))?;
        directory.write("mixing.csv", &csv_bytes(|out| write_named_rows(out, "feature", names, &codes, drawn.mixing.view()))?)?;
        if let Some(graph) = &drawn.graph {
            let text = serde_json::to_string_pretty(graph).unwrap_or_default() + "\n";
            directory.write("graph.json", text.as_bytes())?;
        }
        let folder = directory.finish()?;
        let (rows, columns) = drawn.observations.x().dim();
        output::line(format!("{rows} rows of {columns} variables and their true factors are in {}", folder.display()));
        Ok(())
    }
}
