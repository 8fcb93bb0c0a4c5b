//! `unmix data check DATA`.

use super::{
    arguments::{OutputArguments, TableArguments},
    output,
};
use clap::{Args, Subcommand};
use unmix::{
    DataCheck,
    core::{Failure, Fault, Kind},
    data::open_source,
};

/// Data commands.
#[derive(Subcommand)]
pub enum Subject {
    /// Look for what would disturb an analysis: constant, repeated, collinear, heavy-tailed columns, small environments
    Check(Check),
}

#[derive(Args)]
pub struct Check {
    /// Table: a file, or sachs, holzinger or digits
    data: String,
    /// Fail with status 3 if something was found that no method can fit
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    table: TableArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Subject {
    pub fn run(self) -> Result<(), Fault> {
        let Self::Check(arguments) = self;
        let table = open_source(&arguments.data, &arguments.table.options())?;
        let check = DataCheck::of(&table);
        if arguments.output.json {
            output::json(&check)?;
        } else {
            output::line(format!("{} rows, {} columns", check.rows, check.columns.len()));
            let rows: Vec<Vec<String>> = check
                .columns
                .iter()
                .map(|c| {
                    let numbers = [c.mean, c.sd, c.minimum, c.maximum, c.skewness, c.excess_kurtosis].map(output::number);
                    std::iter::once(c.name.clone()).chain(numbers).collect()
                })
                .collect();
            output::table(&["COLUMN", "MEAN", "SD", "MIN", "MAX", "SKEW", "EX.KURTOSIS"], &rows);
            for (label, rows) in &check.environments {
                output::line(format!("environment {label}: {rows} rows"));
            }
            for finding in &check.findings {
                output::line(format!("{}: {}", if finding.fatal { "problem" } else { "note" }, finding.text));
            }
            if check.findings.is_empty() {
                output::line("nothing disturbing was found");
            }
        }
        let problems = check.findings.iter().filter(|f| f.fatal).count();
        if arguments.strict && problems > 0 { Err(Problems { problems }.into()) } else { Ok(()) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{problems} problems were found; they are listed above with their remedies")]
struct Problems {
    problems: usize,
}

impl Failure for Problems {
    fn kind(&self) -> Kind {
        Kind::Data
    }
}
