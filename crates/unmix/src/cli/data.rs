//! `unmix data check DATA`.

use super::{
    arguments::{OutputArguments, TableArguments},
    output,
};
use clap::{Args, Subcommand};
use unmix::{
    DataCheck,
    core::{Failure, Fault, Kind, Seed},
    data::open_source,
    linear::{FactorCounts, PARALLEL_DATASETS},
};

/// Data commands.
#[derive(Subcommand)]
pub enum Subject {
    /// Look for what would disturb an analysis: constant, repeated, collinear, heavy-tailed columns, small environments
    Check(Check),
    /// Ask whether a table is worth a factor analysis, and how many factors several rules find
    ///
    /// Kaiser-Meyer-Olkin measure and Bartlett's test; parallel analysis (eigenvalues above those of uncorrelated data), minimum average partial and
    /// empirical Kaiser criterion side by side, since they answer different questions and need not agree.
    Factors(Factors),
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

#[derive(Args)]
pub struct Factors {
    /// Table: a file, or sachs, holzinger or digits
    data: String,
    /// Simulated data sets of the parallel analysis
    #[arg(long, default_value_t = PARALLEL_DATASETS)]
    datasets: usize,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    table: TableArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Factors {
    fn run(self) -> Result<(), Fault> {
        let table = open_source(&self.data, &self.table.options())?;
        let counts = FactorCounts::of(&unmix::correlation(&table)?, self.datasets, Seed(self.seed))?;
        if self.output.json {
            return output::json(&counts);
        }
        let adequacy = counts.sampling_adequacy.per_variable.iter().zip(table.observations.names());
        let rows: Vec<Vec<String>> = adequacy.map(|(value, name)| vec![name.clone(), format!("{value:.3}")]).collect();
        output::table(&["VARIABLE", "KMO"], &rows);
        output::line(format!("{:<17}{:.3}", "all variables", counts.sampling_adequacy.overall));
        let test = counts.sphericity;
        output::line(format!(
            "Bartlett's test of no correlation: chi-squared {:.1} on {} degrees of freedom, p = {:.2e}\n",
            test.chi_squared, test.degrees_of_freedom, test.p_value
        ));
        let analysis = &counts.parallel_analysis;
        let ranks = analysis.eigenvalues.iter().zip(&analysis.mean).zip(&analysis.band).enumerate();
        let rows: Vec<Vec<String>> = ranks
            .map(|(rank, ((value, mean), band))| {
                vec![(rank + 1).to_string(), format!("{value:.3}"), format!("{mean:.3}"), format!("{band:.3}")]
            })
            .collect();
        output::table(&["RANK", "EIGENVALUE", "CHANCE", "95 %"], &rows);
        for (rule, factors) in counts.rules() {
            output::line(format!("{rule}: {factors}"));
        }
        output::line(format!("at most {} are determined by {} variables", counts.most, table.observations.columns()));
        Ok(())
    }
}

impl Subject {
    pub fn run(self) -> Result<(), Fault> {
        match self {
            Self::Check(check) => check.run(),
            Self::Factors(factors) => factors.run(),
        }
    }
}

impl Check {
    fn run(self) -> Result<(), Fault> {
        let table = open_source(&self.data, &self.table.options())?;
        let check = DataCheck::of(&table);
        if self.output.json {
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
        if self.strict && problems > 0 { Err(Problems { problems }.into()) } else { Ok(()) }
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
