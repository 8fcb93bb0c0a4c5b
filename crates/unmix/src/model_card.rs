//! The model card (Mitchell et al. 2019, Model cards for model reporting, FAT*, 220–229): what a person has to know before using a model
//! that somebody else fitted.

use crate::{FitRecord, RunConfig, RunData, RunError, method};
use std::fmt::Write as _;
use unmix_core::{Fault, Model, Outcome, identified, identified_words};

/// The card of a run as Markdown. Everything in it comes from the run; what only its author can know is left to fill in.
///
/// # Errors
/// The method of `config` is not known, or its parameters cannot be written.
pub fn model_card(config: &RunConfig, outcome: &Outcome, record: &FitRecord, data: &RunData) -> Result<String, Fault> {
    let method = method(&config.method)?;
    let model = outcome.fitted.model.as_ref();
    let parameters = toml::to_string(&config.parameters).map_err(|source| RunError::Configuration { message: source.to_string() })?;
    let mut card = format!("# {} of {}\n\n{}: {}.\n\n", config.method, config.data.source, config.method, method.summary);

    card.push_str("## Model\n\n");
    let _ = writeln!(card, "- method: `{}` ({})", config.method, method.citation);
    let _ = writeln!(card, "- written by unmix {}, seed {}, device {}", config.unmix_version, config.seed, config.device);
    let _ = writeln!(card, "- {}", capabilities(model));
    let _ = writeln!(card, "- parameters:\n\n```toml\n{parameters}```\n");

    card.push_str("## Data\n\n");
    let _ = writeln!(card, "- {}, {}", config.data.source, data.describe());
    let _ = writeln!(card, "- SHA-256 of the values as the method saw them: `{}`", config.data.sha256);
    let treated = treatment(config);
    let _ = writeln!(card, "- {}\n", if treated.is_empty() { "as they are in the source".to_owned() } else { treated.join(", ") });

    card.push_str("## What the codes mean\n\n");
    let (claim, evidence) = (&outcome.claim, &outcome.evidence);
    let verdict = identified_words(identified(claim, evidence));
    let _ = writeln!(card, "As causes they are **{verdict}**.\n");
    let _ = writeln!(card, "If every assumption holds, the result is determined up to {} ({}).\n", claim.class.describe(), claim.theorem);
    card.push_str("| assumption | the data say | p-value | how it was tested |\n|---|---|---|---|\n");
    for assumption in claim.assumptions {
        let tests: Vec<_> = evidence.iter().filter(|e| e.assumption == *assumption).collect();
        if tests.is_empty() {
            let _ = writeln!(card, "| {assumption} | not tested | | |");
        }
        for test in tests {
            let p = test.p_value.map(|p| if p < 5e-4 { "< 0.001".to_owned() } else { format!("{p:.3}") }).unwrap_or_default();
            let _ = writeln!(card, "| {assumption} | {} | {p} | {} |", test.verdict.word(), cell(&test.detail));
        }
    }

    card.push_str("\n## How the fit went\n\n");
    let ending = if record.converged { "ended as planned" } else { "did NOT converge" };
    let _ = writeln!(card, "- {ending} after {} iterations ({})", record.iterations, record.stop.as_str().unwrap_or("unknown"));
    if let Some(value) = record.log_likelihood {
        let _ = writeln!(card, "- mean log-likelihood of a sample it was fitted to: {value:.6} nats");
    }
    for warning in &outcome.fitted.warnings {
        let _ = writeln!(card, "- warning: {}", warning.text);
    }
    card.push_str(CLOSING);
    Ok(card)
}

const CLOSING: &str = "
## Intended use and limits

The codes may be read as causes only as far as the table above supports it. Scores on rows that the model was fitted to are optimistic.
What the data stand for, whom a wrong reading would harm, and for which populations the model must not be used, is for its author to add here.
";

fn capabilities(model: &dyn Model) -> String {
    let can = [
        (model.as_infer().is_some(), "infers codes"),
        (model.as_generate().is_some(), "generates from codes"),
        (model.as_sample().is_some(), "samples"),
        (model.as_log_density().is_some(), "has a log-density"),
        (model.as_intervene().is_some(), "intervenes"),
        (model.graph().is_some(), "has a causal graph"),
    ];
    can.iter().filter(|(able, _)| *able).map(|(_, words)| *words).collect::<Vec<_>>().join(", ")
}

fn treatment(config: &RunConfig) -> Vec<String> {
    let mut steps = Vec::new();
    if config.data.options.log {
        steps.push("logarithm of every value".to_owned());
    }
    if config.data.standardization.is_some() {
        steps.push("standardised columns".to_owned());
    }
    steps
}

/// Text that stays in its cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
