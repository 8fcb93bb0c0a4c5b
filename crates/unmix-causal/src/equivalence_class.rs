//! What tests of independence leave of a causal graph: its Markov equivalence class.

use crate::CausalError;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, path::Path};
use unmix_core::{Fault, Load, Model, load_json, save_json};
use unmix_graph::{Graph, GraphError, Pdag};

/// Two variables that are not adjacent, and what separates them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Separation {
    /// The variable with the smaller index.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// The conditioning set, ascending: of those of this size the one with the largest p-value.
    pub given: Vec<usize>,
    /// Its p-value.
    pub p_value: f64,
}

/// How two variables were joined in the bootstrap replicates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The variable with the smaller index.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// Share of the replicates with `a -> b`.
    pub forward: f64,
    /// Share of the replicates with `b -> a`.
    pub backward: f64,
    /// Share of the replicates with `a - b`.
    pub undirected: f64,
}

impl Link {
    /// Share of the replicates in which the two are adjacent.
    pub fn adjacent(&self) -> f64 {
        self.forward + self.backward + self.undirected
    }
}

/// A graph with directed and undirected edges: the DAGs that tests of independence cannot tell apart.
///
/// An estimate may contradict itself, so that it is no completed graph of any class: [`cpdag`](Self::cpdag) checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ClassFile", into = "ClassFile")]
pub struct EquivalenceClass {
    graph: Graph,
    separations: Vec<Separation>,
    determined: Vec<String>,
    links: Vec<Link>,
}

impl EquivalenceClass {
    /// The class with this graph and what separates its variables.
    ///
    /// # Errors
    /// [`CausalError::Graph`] if an index is no variable.
    pub fn new(graph: Graph, separations: Vec<Separation>) -> Result<Self, CausalError> {
        let nodes = graph.nodes().len();
        let outside = separations.iter().flat_map(|s| s.given.iter().chain([&s.a, &s.b])).copied().find(|&index| index >= nodes);
        if let Some(index) = outside {
            return Err(GraphError::NoSuchIndex { index, nodes }.into());
        }
        Ok(Self { graph, separations, determined: Vec::new(), links: Vec::new() })
    }

    /// The same class with the deterministic relations that the search met.
    pub(crate) fn with_determined(self, determined: Vec<String>) -> Self {
        Self { determined, ..self }
    }

    /// The same class with the findings of a bootstrap; the probability of an edge is the share of the replicates that have it with the
    /// same direction, or undirected as well.
    pub(crate) fn with_links(mut self, links: Vec<Link>) -> Result<Self, CausalError> {
        let nodes = self.graph.nodes().len();
        let mut graph = Graph::new(self.graph.nodes().iter().cloned())?;
        if let Some(index) = links.iter().flat_map(|l| [l.a, l.b]).find(|&index| index >= nodes) {
            return Err(GraphError::NoSuchIndex { index, nodes }.into());
        }
        for edge in self.graph.edges() {
            let link = links.iter().find(|l| (l.a, l.b) == (edge.from.min(edge.to), edge.from.max(edge.to)));
            let probability = link.map_or(0.0, |l| match (edge.directed, edge.from < edge.to) {
                (false, _) => l.undirected,
                (true, true) => l.forward,
                (true, false) => l.backward,
            });
            graph.add_edge(edge.with_probability(probability))?;
        }
        self.graph = graph;
        self.links = links;
        Ok(self)
    }

    /// The names of the variables, `d` of them.
    pub fn names(&self) -> &[String] {
        self.graph.nodes()
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The pairs that were found independent, ascending. A pair that background knowledge alone keeps apart is not among them.
    pub fn separations(&self) -> &[Separation] {
        &self.separations
    }

    /// What separates two variables, in either order.
    pub fn separation(&self, a: usize, b: usize) -> Option<&Separation> {
        let pair = (a.min(b), a.max(b));
        self.separations.binary_search_by_key(&pair, |s| (s.a, s.b)).ok().and_then(|at| self.separations.get(at))
    }

    /// The v-structures that contradict what separates their ends: triples `[a, middle, b]` with `a -> middle <- b`, `a` and `b` not adjacent,
    /// and the middle in the [conditioning set](Separation::given) that makes them independent, where a common effect would make them
    /// dependent. No DAG with these edges has these independences, though [`cpdag`](Self::cpdag) may find one with these edges. They come
    /// from answers that contradict each other, or from background knowledge that the data deny.
    pub fn contradictions(&self) -> Vec<[usize; 3]> {
        let arrows: HashSet<(usize, usize)> = self.graph.edges().iter().filter(|e| e.directed).map(|e| (e.from, e.to)).collect();
        let apart = |s: &&Separation| self.graph.edge(s.a, s.b).is_none() && self.graph.edge(s.b, s.a).is_none();
        let of_separation = |s: &Separation| {
            let (a, b) = (s.a, s.b);
            let denied = s.given.iter().filter(|&&m| arrows.contains(&(a, m)) && arrows.contains(&(b, m)));
            denied.map(|&m| [a, m, b]).collect::<Vec<_>>()
        };
        self.separations.iter().filter(apart).flat_map(of_separation).collect()
    }

    /// Deterministic relations between variables that the search met, in words. Under one no graph is faithful.
    pub fn determined(&self) -> &[String] {
        &self.determined
    }

    /// Every pair that a bootstrap replicate joined, most often adjacent first; empty if there was no bootstrap.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The graph as a checked one.
    ///
    /// # Errors
    /// [`GraphError::Cycle`] if its directions contradict each other, [`GraphError::NoExtension`] if no DAG has them.
    pub fn cpdag(&self) -> Result<Pdag, GraphError> {
        let pdag = Pdag::try_from(self.graph.clone())?;
        pdag.extension()?;
        Ok(pdag)
    }
}

impl Model for EquivalenceClass {
    fn graph(&self) -> Option<&Graph> {
        Some(&self.graph)
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for EquivalenceClass {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(rename = "EquivalenceClass", deny_unknown_fields)]
struct ClassFile {
    graph: Graph,
    separations: Vec<Separation>,
    determined: Vec<String>,
    links: Vec<Link>,
}

impl From<EquivalenceClass> for ClassFile {
    fn from(class: EquivalenceClass) -> Self {
        Self { graph: class.graph, separations: class.separations, determined: class.determined, links: class.links }
    }
}

impl TryFrom<ClassFile> for EquivalenceClass {
    type Error = CausalError;

    fn try_from(mut file: ClassFile) -> Result<Self, CausalError> {
        file.separations.sort_by_key(|s| (s.a, s.b));
        let class = Self::new(file.graph, file.separations)?.with_determined(file.determined);
        if file.links.is_empty() { Ok(class) } else { class.with_links(file.links) }
    }
}
