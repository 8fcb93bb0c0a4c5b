//! `unmix methods [NAME]`.

use super::{arguments::OutputArguments, output};
use clap::Args;
use serde_json::{Value, json};
use unmix::core::{Fault, Method};

#[derive(Args)]
pub struct Arguments {
    /// Method to describe
    name: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        match &self.name {
            Some(name) => one(unmix::method(name)?, self.output.json),
            None => all(self.output.json),
        }
    }
}

fn all(json: bool) -> Result<(), Fault> {
    if json {
        return output::json(&unmix::methods().map(describe).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> = unmix::methods()
        .map(|m| {
            let class = m.claim().map_or("", |c| c.class.describe());
            vec![m.name.to_owned(), m.summary.to_owned(), class.to_owned()]
        })
        .collect();
    output::table(&["METHOD", "FINDS", "IDENTIFIED UP TO"], &rows);
    output::line("\n`unmix methods NAME` shows assumptions, parameters and citation; `unmix suggest DATA` what can hold for a table.");
    Ok(())
}

fn one(method: &Method, json: bool) -> Result<(), Fault> {
    if json {
        return output::json(&describe(method));
    }
    output::line(format!("{}: {}\n\n  {}", method.name, method.summary, method.citation));
    if let Some(claim) = method.claim() {
        output::line(format!("\nIdentified up to {}\n  by {}", claim.class.describe(), claim.theorem));
        for assumption in claim.assumptions {
            output::line(format!("  assuming {assumption}"));
        }
    }
    output::line("\nParameters (--set KEY=VALUE)");
    let defaults = method.defaults();
    let rows: Vec<Vec<String>> = method
        .keys()
        .iter()
        .map(|key| {
            let default = defaults.get(*key).map_or_else(|| "chosen from the data, or off".to_owned(), ToString::to_string);
            vec![format!("  {key}"), default]
        })
        .collect();
    output::table(&["  KEY", "DEFAULT"], &rows);
    Ok(())
}

fn describe(method: &Method) -> Value {
    json!({
        "name": method.name,
        "summary": method.summary,
        "citation": method.citation,
        "keys": method.keys(),
        "defaults": method.defaults(),
        "claim": method.claim(),
    })
}
