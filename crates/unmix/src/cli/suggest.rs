//! `unmix suggest DATA`.

use super::{
    arguments::{OutputArguments, TableArguments},
    output,
};
use clap::Args;
use serde_json::{Value, json};
use unmix::{
    core::{Evidence, Fault, Method, Run, Table, Verdict},
    data::open_source,
};

#[derive(Args)]
pub struct Arguments {
    /// Table: a file, or sachs, holzinger or digits
    data: String,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    table: TableArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let table = open_source(&self.data, &self.table.options())?;
        let run = Run::new(self.seed);
        let suggestions: Vec<Suggestion> = unmix::methods().map(|method| Suggestion::of(method, &table, &run)).collect();
        if self.output.json {
            return output::json(&suggestions.iter().map(Suggestion::json).collect::<Vec<_>>());
        }
        for suggestion in &suggestions {
            suggestion.print();
        }
        output::line(
            "\nWhat is not listed cannot be tested before a fit. `unmix fit METHOD DATA` tests on fitted codes and held-out rows.",
        );
        Ok(())
    }
}

struct Suggestion {
    method: &'static Method,
    /// The evidence, or why the method does not take this table.
    screened: Result<Vec<Evidence>, String>,
}

impl Suggestion {
    fn of(method: &'static Method, table: &Table, run: &Run<'_>) -> Self {
        let screened = method.screen(&toml::Table::new(), table, run).map_err(|fault| fault.to_string());
        Self { method, screened }
    }

    fn verdict(&self) -> &'static str {
        match &self.screened {
            Err(_) => "cannot be fitted",
            Ok(evidence) if evidence.iter().any(|e| e.verdict == Verdict::Refuted) => "assumptions refuted",
            Ok(evidence) if evidence.is_empty() => "can be fitted",
            Ok(_) => "can hold",
        }
    }

    fn print(&self) {
        let class = self.method.claim().map_or("", |c| c.class.describe());
        output::line(format!("{:<16} {:<20} up to {class}", self.method.name, self.verdict()));
        match &self.screened {
            Err(reason) => output::line(format!("{:17}{reason}", "")),
            Ok(evidence) => {
                for e in evidence {
                    output::line(format!("{:17}{}: {} — {}", "", e.verdict.word(), e.assumption, e.detail));
                }
            }
        }
    }

    fn json(&self) -> Value {
        let (evidence, reason) = match &self.screened {
            Ok(evidence) => (json!(evidence), Value::Null),
            Err(reason) => (json!([]), json!(reason)),
        };
        json!({ "method": self.method.name, "verdict": self.verdict(), "evidence": evidence, "reason": reason, "claim": self.method.claim() })
    }
}
