//! Part (a): what can be learned about the signalling of immune cells (Sachs et al. 2005), and what cannot.

use std::collections::BTreeMap;
use unmix::{
    DataCheck,
    core::{Claim, DataError, Environments, Evidence, Fault, Fit, Graph, Input, Model, Observations, Params, Run, Seed, Table, Warning},
    data::{ReadOptions, bundled},
    linear::{
        ComponentStability, Correlation, FactorAnalysisParams, FactorCounts, FactorModel, FastIcaParams, FitIndices, LinearError,
        LinearModel, stability,
    },
    method,
    metrics::{Score, eval_graph},
};

/// Simulated data sets behind the scree band.
const SCREE_DATASETS: usize = 200;
/// Bootstrap refits behind the stability of codes.
const STABILITY_REFITS: usize = 40;
/// Bootstrap samples behind the edge probabilities, of all cells and of each condition.
const EDGE_SAMPLES: usize = 100;
const CONDITION_SAMPLES: usize = 20;

/// Everything that the report says about the cells.
pub struct Cells {
    pub check: DataCheck,
    pub observations: Observations,
    pub factor_counts: FactorCounts,
    pub factors: Latent<FactorModel>,
    pub fit: FitIndices,
    pub components: Latent<LinearModel>,
    pub graph: Causal,
    pub consensus: Graph,
    pub conditions: Vec<Condition>,
}

/// A latent-variable model with everything that is needed to judge it.
pub struct Latent<M> {
    pub model: M,
    pub claim: Claim,
    pub evidence: Vec<Evidence>,
    pub warnings: Vec<Warning>,
    pub stability: Vec<ComponentStability>,
}

/// A graph over the proteins, and how near it is to the consensus.
pub struct Causal {
    pub graph: Graph,
    pub claim: Claim,
    pub evidence: Vec<Evidence>,
    pub warnings: Vec<Warning>,
    pub scores: BTreeMap<String, Score>,
}

/// The same under one experimental condition.
pub struct Condition {
    pub label: String,
    pub cells: usize,
    pub edges: usize,
    pub scores: BTreeMap<String, Score>,
}

impl Cells {
    pub fn analyse(seed: Seed, mut say: impl FnMut(&str)) -> Result<Self, Fault> {
        let check = DataCheck::of(&bundled::sachs()?);
        let table = bundled::by_name("sachs", &ReadOptions { log: true, ..ReadOptions::default() })?;
        let x = table.observations.clone();
        say("cells: number of factors");
        let correlation = Correlation::of(&x)?;
        let factor_counts = FactorCounts::of(&correlation, SCREE_DATASETS, seed)?;
        say("cells: factor analysis and its stability");
        let factors = factor_analysis(&x, factor_counts.parallel_analysis.retained.max(1), seed)?;
        let fit = FitIndices::of(&correlation, &factors.model)?;
        say("cells: independent components and their stability");
        let components = independent_components(&x, seed)?;
        say("cells: causal graph with edge probabilities");
        let consensus = bundled::sachs_consensus()?;
        let graph = causal(&table, EDGE_SAMPLES, &consensus, seed)?;
        say("cells: the same for each of nine conditions");
        let conditions = conditions(&table, &consensus, seed)?;
        Ok(Self { check, observations: x, factor_counts, factors, fit, components, graph, consensus, conditions })
    }
}

fn factor_analysis(x: &Observations, components: usize, seed: Seed) -> Result<Latent<FactorModel>, Fault> {
    let estimator = FactorAnalysisParams { components: Some(components), ..Default::default() }.build()?;
    let mut run = Run::new(seed.0);
    let fitted = estimator.fit(x, &mut run)?;
    let refit = |sample: &Observations, seed: Seed| -> Result<_, LinearError> {
        let model = estimator.fit(sample, &mut Run::new(seed.0))?.model;
        Ok(model.unmixing().map(|u| u.to_owned()).unwrap_or_default())
    };
    let unmixing = fitted.model.unmixing().map(|u| u.to_owned()).unwrap_or_default();
    let stability = stability(unmixing.view(), x, STABILITY_REFITS, seed, refit)?;
    let evidence = estimator.evidence(x, &fitted.model, &mut run)?;
    Ok(Latent { evidence, stability, claim: estimator.claim(), warnings: fitted.warnings, model: fitted.model })
}

fn independent_components(x: &Observations, seed: Seed) -> Result<Latent<LinearModel>, Fault> {
    let estimator = FastIcaParams { max_iterations: 1000, ..FastIcaParams::default() }.build()?;
    let mut run = Run::new(seed.0);
    let fitted = estimator.fit(x, &mut run)?;
    let refit =
        |sample: &Observations, seed: Seed| -> Result<_, LinearError> { Ok(estimator.fit(sample, &mut Run::new(seed.0))?.model.unmixing) };
    let stability = stability(fitted.model.unmixing.view(), x, STABILITY_REFITS, seed, refit)?;
    let evidence = estimator.evidence(x, &fitted.model, &mut run)?;
    Ok(Latent { evidence, stability, claim: estimator.claim(), warnings: fitted.warnings, model: fitted.model })
}

fn causal(table: &Table, bootstrap: usize, consensus: &Graph, seed: Seed) -> Result<Causal, Fault> {
    let mut config = toml::Table::new();
    config.insert("bootstrap".to_owned(), (bootstrap as i64).into());
    let outcome = method("ica-lingam")?.fit(&config, table, &mut Run::new(seed.0))?;
    let missing = DataError::Missing { what: "a graph", remedy: "this is a defect of the method: it promises one" };
    let graph = outcome.fitted.model.graph().cloned().ok_or(missing)?;
    let scores = eval_graph(&graph, consensus, &[])?;
    Ok(Causal { graph, scores, claim: outcome.claim, evidence: outcome.evidence, warnings: outcome.fitted.warnings })
}

fn conditions(table: &Table, consensus: &Graph, seed: Seed) -> Result<Vec<Condition>, Fault> {
    let environments = Environments::of(table)?;
    let fits = environments.list().iter().zip(0..).map(|(environment, index)| {
        let cells = Table::from(environment.observations.clone());
        let causal = causal(&cells, CONDITION_SAMPLES, consensus, seed.child("condition", index))?;
        let (label, cells) = (environment.label.clone(), environment.observations.rows());
        Ok(Condition { label, cells, edges: causal.graph.edges().len(), scores: causal.scores })
    });
    fits.collect()
}
