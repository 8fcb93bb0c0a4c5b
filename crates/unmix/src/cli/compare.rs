//! `unmix compare RUN RUN`.

use super::{arguments::OutputArguments, output};
use clap::Args;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};
use unmix::{
    StoredRun, code_names,
    core::{Fault, Seed},
    metrics::{Score, eval_codes, eval_graph},
};

#[derive(Args)]
pub struct Arguments {
    /// Run directory
    first: PathBuf,
    /// Another run directory
    second: PathBuf,
    /// Root of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: OutputArguments,
}

impl Arguments {
    pub fn run(self) -> Result<(), Fault> {
        let (first, second) = (StoredRun::open(&self.first)?, StoredRun::open(&self.second)?);
        let codes = agreement_of_codes(&first, &second, Seed(self.seed))?;
        let graphs = match (first.model.graph(), second.model.graph()) {
            (Some(a), Some(b)) => eval_graph(a, b, &[])?,
            _ => BTreeMap::new(),
        };
        if self.output.json {
            return output::json(&json!({ "first": first.record, "second": second.record, "codes": codes, "graphs": graphs }));
        }
        let (a, b) = (serde_json::to_value(&first.record), serde_json::to_value(&second.record));
        let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
        let field = |record: &Value, key: &str| match record.get(key) {
            None | Some(Value::Null) => "-".to_owned(),
            Some(Value::Number(n)) => n.as_f64().map(output::number).unwrap_or_default(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let keys = ["method", "converged", "stop", "iterations", "objective", "log_likelihood", "seed"];
        let mut rows: Vec<Vec<String>> = keys.iter().map(|k| vec![(*k).to_owned(), field(&a, k), field(&b, k)]).collect();
        let identified = |r: &Value| r.pointer("/identifiability/identified").map_or_else(String::new, ToString::to_string);
        rows.push(vec!["identified".to_owned(), identified(&a), identified(&b)]);
        output::table(&["", &self.first.display().to_string(), &self.second.display().to_string()], &rows);
        for (title, scores) in [("codes", codes), ("graphs", graphs)] {
            if !scores.is_empty() {
                output::line(format!("\nagreement of {title} (the second taken as truth)"));
                let rows: Vec<Vec<String>> =
                    scores.iter().map(|(name, s)| vec![name.clone(), output::number(s.value), output::number(s.chance)]).collect();
                output::table(&["METRIC", "VALUE", "CHANCE"], &rows);
            }
        }
        Ok(())
    }
}

fn agreement_of_codes(first: &StoredRun, second: &StoredRun, seed: Seed) -> Result<BTreeMap<String, Score>, Fault> {
    if first.model.as_infer().is_none() || second.model.as_infer().is_none() {
        return Ok(BTreeMap::new());
    }
    let source = first.config.data.source.as_str();
    let (x, y) = (first.config.read(None)?, second.config.read(Some(source))?);
    let (a, b) = (first.infer(x.x())?, second.infer(y.x())?);
    Ok(eval_codes(a.view(), b.view(), &code_names(b.ncols()), seed)?)
}
