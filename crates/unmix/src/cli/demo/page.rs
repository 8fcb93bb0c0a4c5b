//! The demo's report: figures, tables, and in plain words what can and what cannot be concluded.

use super::{
    cells::{Cells, Latent},
    digits::{Digits, EDIT_VALUE},
};
use crate::cli::output::number;
use ndarray::{ArrayView2, Axis};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use unmix::{
    PRIOR, STOPS, code_names,
    core::{Fault, identified, identified_words},
    data::RunDirectory,
    factor_count_section, graph_section,
    metrics::Score,
    report::{Bar, BarChart, Figure, ImageGrid, Report, Section, Table, Tone, heat_map, reconstruction_pairs},
    stops, training_curve, write_figures,
};

const IMAGE: (usize, usize) = (8, 8);

/// Writes the report, each figure as SVG, and the numbers behind them.
pub fn write(directory: &RunDirectory, cells: &Cells, digits: &Digits, seed: u64) -> Result<(), Fault> {
    let report = Report::new("unmix: from data to causes, and back")
        .lead(
            "Two real data sets go through the whole loop here: infer latent causes from observations, draw the graph between variables, generate \
             and edit by moving one cause at a time. After every step stands what is identified, by which theorem, and what the data say about \
             its assumptions.",
        )
        .fact("data", "7,466 immune cells (Sachs et al. 2005); 1,797 handwritten digits (UCI)")
        .fact("seed", seed.to_string())
        .fact("version", env!("CARGO_PKG_VERSION"))
        .section(conclusions(cells, digits))
        .section(cells_data(cells)?)
        .section(factor_count_section("Cells: how many factors?", &cells.factor_counts)?)
        .section(factors(cells)?)
        .section(components(cells)?)
        .section(causal(cells)?)
        .section(conditions(cells)?)
        .section(training(digits)?)
        .section(closed_loop(digits)?)
        .section(codes(digits)?);
    directory.write("report.html", report.render().as_bytes())?;
    write_figures(directory, &report)?;
    let numbers = json!({ "cells": summary(cells), "digits": digits_summary(digits) });
    directory.write("results.json", (numbers.to_string() + "\n").as_bytes())?;
    Ok(())
}

/// The conclusions as lines for a terminal.
pub fn headlines(cells: &Cells, digits: &Digits) -> Vec<String> {
    statements(cells, digits).into_iter().map(|text| format!("- {text}")).collect()
}

fn statements(cells: &Cells, digits: &Digits) -> Vec<String> {
    let said = identified_words;
    let stable = cells.components.stability.iter().filter(|c| c.similarity > 0.9).count();
    let score = |name: &str| cells.graph.scores.get(name).map_or(f64::NAN, |s| s.value);
    let seeds = |name: &str| digits.seeds.get(name).map_or(f64::NAN, |s| s.value);
    vec![
        format!(
            "Factors of the cells: {} of them, {} (up to a rotation at best: no protein is known to load on one factor alone).",
            cells.factors.stability.len(),
            said(identified(&cells.factors.claim, &cells.factors.evidence))
        ),
        format!(
            "Independent components of the cells: {} as causes; {stable} of {} return in bootstrap samples.",
            said(identified(&cells.components.claim, &cells.components.evidence)),
            cells.components.stability.len()
        ),
        format!(
            "Causal graph of the cells: {}; {} edges, F1 against the consensus {} with directions and {} without (chance {}).",
            said(identified(&cells.graph.claim, &cells.graph.evidence)),
            cells.graph.graph.edges().len(),
            number(score("edge-f1")),
            number(score("skeleton-f1")),
            number(cells.graph.scores.get("edge-f1").map_or(f64::NAN, |s| s.chance)),
        ),
        format!(
            "Codes of the digits: not identified. They regenerate images with an error of {} a pixel, and a code that is moved is read back as \
             {} after do({}); yet another seed finds other codes (MCC {}, while {} of their variance is an affine map of ours).",
            number(digits.reconstruction_error),
            number(digits.edit.read_back),
            number(EDIT_VALUE),
            number(seeds("mcc")),
            number(seeds("r2")),
        ),
    ]
}

fn conclusions(cells: &Cells, digits: &Digits) -> Section {
    Section::new("What can be concluded").list(statements(cells, digits)).callout(
        Tone::Note,
        "How to read this page",
        "A model can fit and be wrong. \"Identified\" means: if the listed assumptions hold, no other model of its class explains the data, up to \
         the transformations named. Tests can refute assumptions; they never prove them.",
    )
}

fn cells_data(cells: &Cells) -> Result<Section, Fault> {
    let skewness: BTreeMap<&str, f64> = cells.check.columns.iter().map(|c| (c.name.as_str(), c.skewness)).collect();
    let names = cells.observations.names();
    let mut chart = BarChart::new("Skewness", "skewness (0 for a symmetric distribution)").groups(["raw intensity", "logarithm"]);
    let after = unmix::DataCheck::of(&cells.observations.clone().into());
    for (name, log) in names.iter().zip(&after.columns) {
        let raw = skewness.get(name.as_str()).copied().unwrap_or(0.0);
        chart = chart.bar(Bar { label: name.clone(), value: raw, interval: None, group: 0 }).bar(Bar {
            label: String::new(),
            value: log.skewness,
            interval: None,
            group: 1,
        });
    }
    let mut section = Section::new("Cells: a look at the data").prose(format!(
        "{} cells, {} proteins and lipids, nine experimental conditions. Intensities are strictly positive and heavy-tailed; everything below is \
         done on their logarithms.",
        cells.check.rows,
        names.len()
    ));
    for finding in &cells.check.findings {
        let tone = if finding.fatal { Tone::Warning } else { Tone::Note };
        section = section.callout(tone, "Data check", finding.text.clone());
    }
    Ok(section.figure(chart.draw()?, "Skewness of each variable before and after the logarithm."))
}

fn factors(cells: &Cells) -> Result<Section, Fault> {
    let latent = &cells.factors;
    let loadings = latent.model.standardized_loadings();
    let figure = heat_map("Loadings", cells.observations.names(), &code_names(loadings.ncols()), loadings.view(), Some(1.0))?;
    let fit = &cells.fit;
    let optional = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), number);
    let indices = Table::new(["index", "value"])
        .row(["χ² (degrees of freedom)".to_owned(), format!("{} ({})", number(fit.chi_squared), fit.degrees_of_freedom)])
        .row(["RMSEA".to_owned(), optional(fit.rmsea)])
        .row(["CFI".to_owned(), number(fit.cfi)])
        .row(["TLI".to_owned(), optional(fit.tli)])
        .row(["SRMR".to_owned(), number(fit.srmr)]);
    Ok(Section::new("Cells: common factors")
        .prose("Maximum-likelihood factor analysis with varimax rotation: what several proteins share, apart from the noise of each.")
        .figure(figure, "Loadings on the correlation scale: the correlation of each variable with each factor.")
        .claim(latent.claim, &latent.evidence)
        .warnings(&latent.warnings)
        .table(indices, "Fit of the factor model. With thousands of cells, χ² rejects any simple model; the other indices say how far off it is.")
        .figure(stability_chart(latent)?, "Similarity of each factor with its match in bootstrap refits (mean and 95 % interval).")
        .callout(
            Tone::Warning,
            "Stable is not identified",
            "Varimax returns the same rotation from sample to sample because it optimises the same criterion. Stability shows that the data suffice \
             for the criterion, not that the criterion finds causes.",
        ))
}

fn components(cells: &Cells) -> Result<Section, Fault> {
    let latent = &cells.components;
    let sd = cells.observations.x().std_axis(Axis(0), 0.0);
    let scaled = &latent.model.mixing / &sd.insert_axis(Axis(1));
    let figure = mixing_figure(cells, scaled.view())?;
    Ok(Section::new("Cells: independent components")
        .prose("FastICA looks for directions that are as non-Gaussian as possible. If the sources are independent, these are the sources.")
        .figure(figure, "Change of each variable, in its standard deviations, when a component moves by one.")
        .claim(latent.claim, &latent.evidence)
        .warnings(&latent.warnings)
        .figure(stability_chart(latent)?, "Similarity of each component with its match in bootstrap refits (mean and 95 % interval).")
        .prose(
            "The cells of nine experiments are pooled here. Experiments shift several proteins at once, which by itself makes components \
             dependent: a refuted independence is what one should expect, and is worth more than a picture that hides it.",
        ))
}

fn mixing_figure(cells: &Cells, mixing: ArrayView2<'_, f64>) -> Result<Figure, Fault> {
    Ok(heat_map("Mixing", cells.observations.names(), &code_names(mixing.ncols()), mixing, Some(1.0))?)
}

fn stability_chart<M>(latent: &Latent<M>) -> Result<Figure, Fault> {
    let chart = BarChart::new("Stability", "|correlation| with the match").range(0.0, 1.0);
    let bars = latent.stability.iter().zip(code_names(latent.stability.len()));
    let chart = bars.fold(chart, |chart, (c, label)| chart.bar(Bar { label, value: c.similarity, interval: Some(c.interval), group: 0 }));
    Ok(chart.draw()?)
}

fn causal(cells: &Cells) -> Result<Section, Fault> {
    let found = &cells.graph;
    let mut section = graph_section(&found.graph, Some(&cells.consensus))?
        .headed("Cells: a causal graph against the consensus")
        .table(scores_table(&found.scores), "The graph against the 18 edges of the consensus. Chance is a random graph with as many edges.")
        .claim(found.claim, &found.evidence)
        .warnings(&found.warnings);
    section = section.prose(
        "The consensus is the biologists' summary of the literature; it is not the truth, and it holds a cycle (plcg → pip2 → pip3 → plcg), so no \
         acyclic graph can reach it. Edges that return in every bootstrap sample and are not in the consensus may be wrong for the same reason in \
         every sample: hidden common causes, such as the size of a cell, do not go away by resampling.",
    );
    Ok(section)
}

fn scores_table(scores: &BTreeMap<String, Score>) -> Table {
    let shown = ["shd", "edge-precision", "edge-recall", "edge-f1", "skeleton-f1"];
    shown
        .iter()
        .filter_map(|name| Some((*name, scores.get(*name)?)))
        .fold(Table::new(["metric", "value", "chance", "ceiling"]), |table, (name, s)| {
            table.row([name.to_owned(), number(s.value), number(s.chance), number(s.ceiling)])
        })
}

fn conditions(cells: &Cells) -> Result<Section, Fault> {
    let value = |scores: &BTreeMap<String, Score>, name: &str| scores.get(name).map_or_else(String::new, |s| number(s.value));
    let table = cells.conditions.iter().fold(
        Table::new(["condition", "cells", "edges", "SHD", "edge F1", "skeleton F1", "chance of edge F1"]),
        |table, c| {
            let chance = c.scores.get("edge-f1").map_or_else(String::new, |s| number(s.chance));
            let scores = [value(&c.scores, "shd"), value(&c.scores, "edge-f1"), value(&c.scores, "skeleton-f1"), chance];
            table.row([c.label.clone(), c.cells.to_string(), c.edges.to_string()].into_iter().chain(scores))
        },
    );
    let mut chart = BarChart::new("Conditions", "skeleton F1 against the consensus").range(0.0, 1.0);
    for c in &cells.conditions {
        let value = c.scores.get("skeleton-f1").map_or(f64::NAN, |s| s.value);
        chart = chart.bar(Bar { label: c.label.clone(), value, interval: None, group: 0 });
    }
    Ok(Section::new("Cells: the same under each condition")
        .prose(
            "Each condition on its own is one homogeneous population, and an inhibitor cuts the arrows into its target. If the graphs differ more \
             between conditions than the interventions explain, the model is wrong somewhere.",
        )
        .table(table, "ICA-LiNGAM within each condition, against the same consensus.")
        .figure(chart.draw()?, "Adjacencies shared with the consensus, condition by condition."))
}

fn training(digits: &Digits) -> Result<Section, Fault> {
    let figure = training_curve(digits.curve.clone(), digits.held_out.clone())?;
    Ok(Section::new("Digits: training a deep model")
        .prose(format!(
            "A β-VAE with {} codes on {} images of 8 × 8 pixels, {} steps (stop: {:?}, the best networks on held-out images). Its objective is the reconstruction of an image minus β times the \
             divergence of its codes from the prior, both in nats.",
            digits.model.divergence().len(),
            digits.rows,
            digits.steps,
            digits.stop
        ))
        .figure(figure, "The objective in nats an image, on the images trained on and on held-out ones. A gap that grows is overfitting. The first twentieth is left out.")
        .warnings(&digits.warnings))
}

fn closed_loop(digits: &Digits) -> Result<Section, Fault> {
    let half = digits.pairs.nrows() / 2;
    let (originals, again) = digits.pairs.view().split_at(Axis(0), half);
    let pairs = reconstruction_pairs("Reconstructions", IMAGE, half, originals, again)?;
    let traversal = ImageGrid::new("Traversal", IMAGE, STOPS)
        .row_names(code_names(digits.model.divergence().len()))
        .column_names(stops(PRIOR).map(|v| format!("{v:.1}")))
        .draw(digits.traversal.view())?;
    let edit = ImageGrid::new("Edit", IMAGE, 3).column_names(["image", "again", "edited"]).draw(digits.edit.images.view())?;
    Ok(Section::new("Digits: infer, regenerate, traverse, edit")
        .figure(pairs, format!("Images above what the model makes of their codes; root mean square error {:.3} a pixel.", digits.reconstruction_error))
        .figure(traversal, "Each code moved through these values, the others at zero. A row that does not change is a code that says nothing.")
        .figure(
            edit,
            format!(
                "One image edited: its codes are inferred, z{} is set to {EDIT_VALUE}, everything else stays, and the image is generated. Read back \
                 from the edited image, the code is {:.2}.",
                digits.edit.code + 1,
                digits.edit.read_back
            ),
        ))
}

fn codes(digits: &Digits) -> Result<Section, Fault> {
    let chart = BarChart::new("Information of the codes", "divergence from the prior (nats an image)");
    let bars = digits.model.divergence().iter().zip(code_names(digits.model.divergence().len()));
    let chart = bars.fold(chart, |chart, (&value, label)| chart.bar(Bar { label, value, interval: None, group: 0 }));
    let shown = ["mcc", "mcc-spearman", "r2"];
    let table = shown.iter().filter_map(|name| Some((*name, digits.seeds.get(*name)?))).fold(
        Table::new(["agreement with another seed", "value", "95 % interval", "chance", "ceiling"]),
        |table, (name, s)| {
            let interval = s.ci.map(|(a, b)| format!("{} to {}", number(a), number(b))).unwrap_or_default();
            table.row([name.to_owned(), number(s.value), interval, number(s.chance), number(s.ceiling)])
        },
    );
    Ok(Section::new("Digits: are these the causes?")
        .figure(chart.draw()?, "What each code says of an image. A code near zero has collapsed: it ignores the data.")
        .claim(digits.claim, &digits.evidence)
        .table(table, "The same model from another seed, its codes taken as the truth. Identified codes would reach the ceiling.")
        .callout(
            Tone::Warning,
            "Descriptive, not causal",
            "Both seeds describe the images about as well, and each is nearly a function of the other; but code by code they disagree. A rotation of \
             the codes changes neither likelihood nor prior, so nothing in the data can choose. What would: labels of environments, auxiliary \
             variables, interventions, or pixels known to depend on one factor.",
        ))
}

/// The numbers of part (a).
pub fn summary(cells: &Cells) -> Value {
    let latent = |claim, evidence: &[_], stability| json!({ "identifiability": unmix::identifiability_json(claim, evidence), "stability": stability });
    json!({
        "factor_counts": cells.factor_counts,
        "factor_analysis": latent(&cells.factors.claim, &cells.factors.evidence, json!(cells.factors.stability)),
        "fit_indices": cells.fit,
        "ica": latent(&cells.components.claim, &cells.components.evidence, json!(cells.components.stability)),
        "graph": cells.graph.graph,
        "graph_identifiability": unmix::identifiability_json(&cells.graph.claim, &cells.graph.evidence),
        "graph_scores": cells.graph.scores,
        "conditions": cells.conditions.iter().map(|c| json!({ "condition": c.label, "cells": c.cells, "scores": c.scores })).collect::<Vec<_>>(),
    })
}

/// The numbers of part (b).
pub fn digits_summary(digits: &Digits) -> Value {
    json!({
        "steps": digits.steps,
        "reconstruction_error": digits.reconstruction_error,
        "divergence": digits.model.divergence(),
        "edited_code": digits.edit.code + 1,
        "read_back": digits.edit.read_back,
        "identifiability": unmix::identifiability_json(&digits.claim, &digits.evidence),
        "other_seed": digits.seeds,
    })
}
