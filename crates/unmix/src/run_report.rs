//! The report of one run, from what its directory holds.

use crate::{FitRecord, RunConfig, RunData, STOPS, code_names, method, traverse};
use ndarray::{ArrayView1, ArrayView2, Axis, Zip, concatenate};
use serde_json::Value;
use unmix_core::{Claim, CodeTarget, Evidence, Fault, Generate, Graph, Model, Profiles, Seed, Table, Verdict};
use unmix_data::RunDirectory;
use unmix_linear::{Correlation, FactorCounts, LinearError};
use unmix_report::{Bar, BarChart, Figure, GraphDrawing, ImageGrid, LineChart, Report, Section, Series, Tone, heat_map, scree};

/// Columns up to which a matrix is drawn with its values.
const MOST_ROWS: usize = 40;
/// Images in a strip.
const STRIP: usize = 12;

/// The report of a run. `codes` are those of the rows shown, where the model infers them; `log` is the content of the run's `metrics.jsonl`,
/// empty if there is none.
///
/// # Errors
/// The model refuses its own codes, or a figure cannot be drawn.
pub fn run_report(
    config: &RunConfig,
    model: &dyn Model,
    record: &FitRecord,
    data: &RunData,
    codes: Option<ArrayView2<'_, f64>>,
    log: &str,
) -> Result<Report, Fault> {
    let method = method(&config.method)?;
    let table = data.shown();
    let claim = method.claim_of(&config.parameters, table)?;
    let mut report = Report::new(format!("{} of {}", config.method, config.data.source))
        .lead(format!("{}: {}.", config.method, method.summary))
        .fact("data", format!("{}, {}", config.data.source, data.describe()))
        .fact("method", format!("{} ({})", config.method, method.citation))
        .fact("seed", config.seed.to_string())
        .fact("version", config.unmix_version.clone())
        .section(identifiability(claim, &record.evidence(&claim)))
        .section(course(record, log)?);
    if let Some(mixing) = model.mixing() {
        report = report.section(mixing_section(mixing, table)?);
    }
    if let Some(profiles) = model.profiles() {
        report = report.section(profile_section(&profiles)?);
    }
    if let Some(correlations) = model.code_correlations() {
        report = report.section(correlation_section(correlations.view())?);
    }
    // the number of factors is a question to models that explain covariances
    if model.mixing().is_some() && model.as_log_density().is_some() {
        report = match factor_counts(table, config.seed) {
            Some(counts) => report.section(factor_count_section("How many factors?", &counts)?),
            None => report,
        };
    }
    if let Some(graph) = model.graph() {
        report = report.section(graph_section(graph, None)?);
    }
    if let Some(targets) = model.targets() {
        report = report.section(target_section(targets));
    }
    if let (Some(generate), Some(codes)) = (model.as_generate(), codes) {
        report = report.section(loop_section(generate, codes, table)?);
    }
    Ok(report)
}

/// Writes each figure of `report` to `figures/`, named by its number and title (`figures/02-causal-graph.svg`).
///
/// # Errors
/// As [`RunDirectory::write`].
pub fn write_figures(directory: &RunDirectory, report: &Report) -> Result<(), Fault> {
    for (index, figure) in report.figures().enumerate() {
        let title: String = figure.title().chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        directory.write(&format!("figures/{:02}-{title}.svg", index + 1), figure.svg().as_bytes())?;
    }
    Ok(())
}

fn identifiability(claim: Claim, evidence: &[Evidence]) -> Section {
    Section::new("What is identified")
        .prose(format!(
            "If the assumptions below hold, the result is determined up to {}. A good fit is no evidence for them; each test says on which \
             rows it was made and what it found.",
            claim.class.describe()
        ))
        .claim(claim, evidence)
}

fn course(record: &FitRecord, log: &str) -> Result<Section, Fault> {
    let ending = if record.converged { "The fit ended as planned" } else { "The fit did NOT converge" };
    let stop = record.stop.as_str().unwrap_or("unknown");
    let likelihood = record.log_likelihood.map(|value| format!(" Mean log-likelihood of a sample: {value:.6} nats.")).unwrap_or_default();
    let text = format!("{ending} after {} iterations ({stop}).{likelihood}", record.iterations);
    let mut section = Section::new("How the fit went").prose(text);
    for warning in record.warnings.as_array().into_iter().flatten() {
        let field = |name| warning.get(name).and_then(Value::as_str).unwrap_or_default();
        section = section.callout(Tone::Warning, field("code").replace('-', " "), field("text"));
    }
    let (training, held_out) = (points(log, "training"), points(log, "held-out"));
    if training.len() > 1 {
        let caption =
            "The objective over training, in nats an example; the higher the better. The first twentieth of the steps is left out.";
        section = section.figure(training_curve(training, held_out)?, caption);
    }
    Ok(section)
}

/// Step and objective of each line of `log` of this stage.
fn points(log: &str, stage: &str) -> Vec<(f64, f64)> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line.get("stage").and_then(Value::as_str) == Some(stage))
        .filter_map(|line| Some((line.get("step")?.as_f64()?, line.get("objective")?.as_f64()?)))
        .collect()
}

/// The objective in nats an example at each step, smoothed, and on held-out rows. The first twentieth of a long training is left out.
///
/// # Errors
/// [`ReportError`](unmix_report::ReportError) without points.
pub fn training_curve(training: Vec<(f64, f64)>, held_out: Vec<(f64, f64)>) -> Result<Figure, Fault> {
    /// Points on the page: more are not seen.
    const POINTS: usize = 200;
    /// The first steps undo the random start; their scale would hide everything else.
    const START: usize = 20;
    let skipped = if training.len() > POINTS { training.len() / START } else { 0 };
    let first = training.get(skipped).map_or(0.0, |p| p.0);
    let training: Vec<(f64, f64)> = training.into_iter().skip(skipped).collect();
    let held_out: Vec<(f64, f64)> = held_out.into_iter().filter(|p| p.0 >= first).collect();
    let width = training.len().div_ceil(POINTS).max(1);
    let smooth = |block: &[(f64, f64)]| {
        let n = block.len() as f64;
        (block.iter().map(|p| p.0).sum::<f64>() / n, block.iter().map(|p| p.1).sum::<f64>() / n)
    };
    let points: Vec<(f64, f64)> = training.chunks(width).map(smooth).collect();
    let mut chart = LineChart::new("Training", "step", "objective (nats an example)").line(Series { name: "training rows".into(), points });
    if !held_out.is_empty() {
        chart = chart.line(Series { name: "held-out rows".into(), points: held_out });
    }
    Ok(chart.draw()?)
}

fn target_section(targets: &[CodeTarget]) -> Section {
    let row = |target: &CodeTarget| [target.environment.clone(), target.code.clone(), format!("{:.3}", target.variance)];
    let table =
        targets.iter().fold(unmix_report::Table::new(["environment", "target", "variance"]), |table, target| table.row(row(target)));
    let caption = "What each environment intervened on, as the fit found it, and the variance of the target there in units of that in the observational environment.";
    Section::new("What each environment changed").table(table, caption)
}

fn profile_section(profiles: &Profiles) -> Result<Section, Fault> {
    let section = Section::new("What each class answers");
    let Profiles { answers, classes, probabilities } = profiles;
    if answers.len() > MOST_ROWS {
        return Ok(section.prose(format!("{} answers are too many to draw; profiles.csv has the values.", answers.len())));
    }
    let figure = heat_map("Profiles", answers, classes, probabilities.view(), Some(1.0))?;
    Ok(section.figure(
        figure,
        "Probability of each answer in each class, with the share of the rows that each class has. The order of classes is a convention.",
    ))
}

fn mixing_section(mixing: ArrayView2<'_, f64>, table: &Table) -> Result<Section, Fault> {
    let section = Section::new("How each code moves the variables");
    if mixing.nrows() > MOST_ROWS {
        return Ok(section.prose(format!("{} variables are too many to draw; mixing.csv has the values.", mixing.nrows())));
    }
    // in standard deviations, so that variables of different units can be read side by side
    let sd = match &table.incomplete {
        Some(incomplete) => incomplete.standard_deviations(),
        None => table.observations.x().std_axis(Axis(0), 0.0),
    };
    let sd = sd.mapv(|s| if s > 0.0 { s } else { 1.0 });
    let scaled = &mixing / &sd.insert_axis(Axis(1));
    let figure = heat_map("Mixing", table.observations.names(), &code_names(mixing.ncols()), scaled.view(), None)?;
    Ok(section.figure(
        figure,
        "Change of each variable, in its standard deviations, when a code moves by one. The order of codes is a convention; signs are fixed so \
         that the largest entry is positive.",
    ))
}

fn correlation_section(correlations: ArrayView2<'_, f64>) -> Result<Section, Fault> {
    let names = code_names(correlations.ncols());
    let figure = heat_map("Correlations of the codes", &names, &names, correlations, Some(1.0))?;
    let caption =
        "Correlations of the codes under the model. Codes inferred from observations are estimates, and correlate a little differently.";
    Ok(Section::new("How the codes hang together").figure(figure, caption))
}

/// Simulated data sets of the parallel analysis in a report.
const DATASETS: usize = 200;

/// Suitability and numbers of factors of a table that is not too wide to draw; `None` where the correlations have no inverse.
fn factor_counts(table: &Table, seed: u64) -> Option<FactorCounts> {
    let narrow = table.observations.columns() <= MOST_ROWS;
    let correlation = narrow.then(|| correlation(table).ok())??;
    FactorCounts::of(&correlation, DATASETS, Seed(seed)).ok()
}

/// The correlations of a table, by maximum likelihood of the values that are there if some are missing.
///
/// # Errors
/// As [`Correlation::of`] and [`Correlation::of_incomplete`].
pub fn correlation(table: &Table) -> Result<Correlation, LinearError> {
    match &table.incomplete {
        Some(incomplete) => Correlation::of_incomplete(incomplete),
        None => Correlation::of(&table.observations),
    }
}

/// The scree of a table, and what several rules make of it.
///
/// # Errors
/// [`ReportError`](unmix_report::ReportError) if the figure cannot be drawn.
pub fn factor_count_section(heading: &str, counts: &FactorCounts) -> Result<Section, Fault> {
    let analysis = &counts.parallel_analysis;
    let band: Vec<(f64, f64)> = analysis.mean.iter().copied().zip(analysis.band.iter().copied()).collect();
    let figure = scree("Eigenvalues", &analysis.eigenvalues.to_vec(), Some(&band), analysis.retained)?;
    let rules = counts.rules().map(|(rule, factors)| format!("{rule} {factors}")).join(", ");
    Ok(Section::new(heading)
        .prose(format!(
            "Factors by {rules}; at most {} are determined. The rules answer different questions and need not agree. Are the data worth a factor \
             analysis? Kaiser-Meyer-Olkin measure {:.2} (below 0.5 unacceptable, from 0.8 meritorious); Bartlett's test of no correlation: \
             chi-squared {:.1} on {} degrees of freedom, p = {:.1e}.",
            counts.most,
            counts.sampling_adequacy.overall,
            counts.sphericity.chi_squared,
            counts.sphericity.degrees_of_freedom,
            counts.sphericity.p_value
        ))
        .figure(
            figure,
            "Eigenvalues of the correlation matrix beside those of as many independent Gaussian variables (mean and 95 % quantile).",
        ))
}

/// Edges up to which a graph is drawn whole; of denser ones only those that return in [`CERTAIN`] of the bootstrap samples are drawn.
const MOST_EDGES: usize = 20;
/// See [`MOST_EDGES`].
const CERTAIN: f64 = 0.9;

fn is_dense(graph: &Graph) -> bool {
    graph.edges().len() > MOST_EDGES
}

/// The drawing of a graph, coloured by a reference where there is one. Of a graph with more than 20 edges only those with a probability of at
/// least 0.9 are drawn.
///
/// # Errors
/// [`ReportError`](unmix_report::ReportError) for a graph without nodes.
pub fn graph_figure(graph: &Graph, reference: Option<&Graph>) -> Result<Figure, Fault> {
    let mut drawing = GraphDrawing::new("Causal graph");
    if let Some(reference) = reference {
        drawing = drawing.reference(reference);
    }
    let mut shown = Graph::new(graph.nodes().iter().cloned()).map_err(unmix_data::FileError::from)?;
    for edge in graph.edges().iter().filter(|edge| !is_dense(graph) || edge.probability.is_none_or(|p| p >= CERTAIN)) {
        shown.add_edge(*edge).map_err(unmix_data::FileError::from)?;
    }
    Ok(drawing.draw(&shown)?)
}

/// A graph as [`graph_figure`] draws it, above the chart of all its edge probabilities.
///
/// # Errors
/// [`ReportError`](unmix_report::ReportError) for a graph without nodes.
pub fn graph_section(graph: &Graph, reference: Option<&Graph>) -> Result<Section, Fault> {
    let which = if is_dense(graph) {
        format!("Of {} edges of the fit, those that return in at least {CERTAIN} of the bootstrap samples", graph.edges().len())
    } else {
        "Edges of the fit".to_owned()
    };
    let caption = if graph.edges().iter().any(|edge| edge.probability.is_some()) {
        format!(
            "{which}; wider is stronger, fainter is less certain. Numbers are the shares of bootstrap samples with the same edge in the same direction."
        )
    } else {
        format!("{which}; wider is stronger.")
    };
    let mut section = Section::new("Graph").figure(graph_figure(graph, reference)?, caption);
    let name = |i: usize| graph.nodes().get(i).map_or("", String::as_str);
    let mut edges: Vec<(f64, String, usize)> = graph
        .edges()
        .iter()
        .filter_map(|edge| {
            let known = reference
                .is_some_and(|r| r.index(name(edge.from)).zip(r.index(name(edge.to))).is_some_and(|(a, b)| r.edge(a, b).is_some()));
            Some((edge.probability?, format!("{} → {}", name(edge.from), name(edge.to)), usize::from(!known)))
        })
        .collect();
    edges.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    if !edges.is_empty() {
        let mut chart = BarChart::new("Edge probabilities", "share of bootstrap samples").range(0.0, 1.0);
        if reference.is_some() {
            chart = chart.groups(["in the reference", "not in the reference"]);
        }
        for (value, label, group) in edges {
            let group = if reference.is_some() { group } else { 0 };
            chart = chart.bar(Bar { label, value, interval: None, group });
        }
        section = section.figure(chart.draw()?, "How often each edge returns in bootstrap samples. Returning often is not being right.");
    }
    Ok(section)
}

fn loop_section(model: &dyn Generate, codes: ArrayView2<'_, f64>, table: &Table) -> Result<Section, Fault> {
    let x = table.observations.x();
    let again = model.generate(codes)?;
    // of the values that are there
    let there = Zip::from(&x).and(table.x()).map_collect(|_, v| if v.is_nan() { 0.0 } else { 1.0 });
    let count = there.sum();
    let error = ((&again - &x).mapv(|e| e * e) * &there).sum() / count;
    let away = &x - &x.mean_axis(Axis(0)).unwrap_or_default();
    let variance = (away.mapv(|e| e * e) * &there).sum() / count;
    let mut section = Section::new("The loop: infer, then generate").prose(format!(
        "From observations to codes and back, {:.1} % of the variance survives (root mean square error {:.4}).",
        100.0 * (1.0 - error / variance),
        error.sqrt()
    ));
    if let Some(side) = image_side(table) {
        let shown: Vec<usize> = (0..STRIP.min(x.nrows())).collect();
        let pairs = concatenate![Axis(0), x.select(Axis(0), &shown), again.select(Axis(0), &shown)];
        let grid = ImageGrid::new("Reconstructions", (side, side), shown.len()).row_names(["data", "model"]);
        section = section.figure(grid.draw(pairs.view())?, "Rows of the data above what the model makes of their codes.");
        let ranges: Vec<[f64; 2]> = codes.columns().into_iter().map(usual_range).collect();
        let traversal = traverse(model, &ranges)?;
        let grid = ImageGrid::new("Traversal", (side, side), STOPS)
            .row_names(code_names(codes.ncols()))
            .column_names(["1 %", "", "", "", "", "", "99 %"]);
        let caption = "Each code moved in equal steps from the 1 % to the 99 % quantile of its values in these rows, the others at zero.";
        section = section.figure(grid.draw(traversal.view())?, caption);
    }
    Ok(section)
}

/// The 1 % and the 99 % quantile of a code.
fn usual_range(code: ArrayView1<'_, f64>) -> [f64; 2] {
    let mut sorted = code.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get((share * (sorted.len() as f64 - 1.0)).round() as usize).copied().unwrap_or_default();
    [at(0.01), at(0.99)]
}

/// The side of square images, if the columns look like one: as many as a square, all between 0 and 1.
fn image_side(table: &Table) -> Option<usize> {
    /// The smallest image worth drawing.
    const SMALLEST: usize = 8;
    let columns = table.observations.columns();
    let side = columns.isqrt();
    let pixels = || table.observations.x().iter().all(|v| (0.0..=1.0).contains(v));
    (side >= SMALLEST && side * side == columns && pixels()).then_some(side)
}

impl FitRecord {
    /// The evidence of the run, as far as it speaks of assumptions of `claim`.
    pub fn evidence(&self, claim: &Claim) -> Vec<Evidence> {
        let list = self.identifiability.get("evidence").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|e| {
                let text = e.get("assumption")?.as_str()?;
                Some(Evidence {
                    assumption: claim.assumptions.iter().find(|a| **a == text)?,
                    verdict: serde_json::from_value(e.get("verdict")?.clone()).unwrap_or(Verdict::Untestable),
                    p_value: e.get("p_value").and_then(Value::as_f64),
                    margin: e.get("margin").and_then(Value::as_f64),
                    detail: e.get("detail").and_then(Value::as_str).unwrap_or_default().to_owned(),
                })
            })
            .collect()
    }
}
