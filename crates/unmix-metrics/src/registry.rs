//! Metrics by name, and all that apply at once.

use crate::{
    Better, Codes, Correlation, GraphPair, MetricsError, Score, Split,
    amari::{Normalisation, amari},
    edges::{self, Reversal, shd},
    mcc::mcc,
    r2::r2,
};
use ndarray::ArrayView2;
use std::collections::BTreeMap;
use unmix_core::{Seed, nearest};
use unmix_graph::Graph;

/// How a metric is computed, by what it compares.
#[derive(Clone, Copy)]
pub enum Compute {
    /// Codes with factors.
    Codes(fn(&Codes<'_>, Seed) -> Result<Score, MetricsError>),
    /// An unmixing `[k, d]` with a mixing `[d, k]`.
    Mixing(fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>, Seed) -> Result<Score, MetricsError>),
    /// Graphs.
    Graph(fn(&GraphPair) -> Score),
}

impl Compute {
    /// What is compared: `"codes"`, `"mixing"` or `"graph"`.
    pub const fn subject(&self) -> &'static str {
        match self {
            Self::Codes(_) => "codes",
            Self::Mixing(_) => "mixing",
            Self::Graph(_) => "graph",
        }
    }
}

/// A metric by name.
#[derive(Clone, Copy)]
pub struct Metric {
    /// The name, in kebab case.
    pub name: &'static str,
    /// What it measures, in one line.
    pub summary: &'static str,
    /// The paper.
    pub citation: &'static str,
    /// Which end is the good one.
    pub better: Better,
    /// The function.
    pub compute: Compute,
}

/// Every metric.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "mcc",
        summary: "mean |Pearson correlation| of optimally matched codes and factors",
        citation: HYVARINEN,
        better: Better::Higher,
        compute: Compute::Codes(|codes, seed| mcc(codes, Correlation::Pearson, Split::InSample, seed)),
    },
    Metric {
        name: "mcc-out-of-sample",
        summary: "as mcc, matched on the odd rows and averaged on the even ones",
        citation: HYVARINEN,
        better: Better::Higher,
        compute: Compute::Codes(|codes, seed| mcc(codes, Correlation::Pearson, Split::OutOfSample, seed)),
    },
    Metric {
        name: "mcc-spearman",
        summary: "mean |Spearman correlation| of optimally matched codes and factors",
        citation: HYVARINEN,
        better: Better::Higher,
        compute: Compute::Codes(|codes, seed| mcc(codes, Correlation::Spearman, Split::InSample, seed)),
    },
    Metric {
        name: "mcc-spearman-out-of-sample",
        summary: "as mcc-spearman, matched on the odd rows and averaged on the even ones",
        citation: HYVARINEN,
        better: Better::Higher,
        compute: Compute::Codes(|codes, seed| mcc(codes, Correlation::Spearman, Split::OutOfSample, seed)),
    },
    Metric {
        name: "r2",
        summary: "share of the factors' variance that an affine map of the codes predicts on held-out rows",
        citation: EASTWOOD,
        better: Better::Higher,
        compute: Compute::Codes(|codes, seed| r2(codes, Split::OutOfSample, seed)),
    },
    Metric {
        name: "r2-adjusted",
        summary: "as r2, in sample and adjusted for the number of codes",
        citation: EASTWOOD,
        better: Better::Higher,
        compute: Compute::Codes(|codes, seed| r2(codes, Split::InSample, seed)),
    },
    Metric {
        name: "amari",
        summary: "how far unmixing times mixing is from a scaled permutation, in [0, 1]",
        citation: "Amari, Cichocki and Yang 1996; Bach and Jordan 2002",
        better: Better::Lower,
        compute: Compute::Mixing(|unmixing, mixing, seed| amari(unmixing, mixing, Normalisation::BachJordan, seed)),
    },
    Metric {
        name: "amari-squared",
        summary: "as amari, of squared entries",
        citation: "Moreau and Macchi 1994",
        better: Better::Lower,
        compute: Compute::Mixing(|unmixing, mixing, seed| amari(unmixing, mixing, Normalisation::MoreauMacchi, seed)),
    },
    Metric {
        name: "amari-picard",
        summary: "as amari, of squared entries and in the normalisation of python-picard",
        citation: "Ablin, Cardoso and Gramfort 2018",
        better: Better::Lower,
        compute: Compute::Mixing(|unmixing, mixing, seed| amari(unmixing, mixing, Normalisation::Picard, seed)),
    },
    Metric {
        name: "shd",
        summary: "structural Hamming distance: edges to add, remove or reverse",
        citation: TSAMARDINOS,
        better: Better::Lower,
        compute: Compute::Graph(|pair| shd(pair, Reversal::One)),
    },
    Metric {
        name: "shd-reversal-2",
        summary: "as shd, a reversed edge counts twice",
        citation: TSAMARDINOS,
        better: Better::Lower,
        compute: Compute::Graph(|pair| shd(pair, Reversal::Two)),
    },
    Metric {
        name: "edge-precision",
        summary: "share of the estimated edges that are right, direction included",
        citation: RIJSBERGEN,
        better: Better::Higher,
        compute: Compute::Graph(edges::precision),
    },
    Metric {
        name: "edge-recall",
        summary: "share of the true edges that were found, direction included",
        citation: RIJSBERGEN,
        better: Better::Higher,
        compute: Compute::Graph(edges::recall),
    },
    Metric {
        name: "edge-f1",
        summary: "harmonic mean of edge precision and recall, direction included",
        citation: RIJSBERGEN,
        better: Better::Higher,
        compute: Compute::Graph(edges::f1),
    },
    Metric {
        name: "skeleton-precision",
        summary: "share of the estimated adjacencies that are right, whatever the direction",
        citation: RIJSBERGEN,
        better: Better::Higher,
        compute: Compute::Graph(edges::skeleton_precision),
    },
    Metric {
        name: "skeleton-recall",
        summary: "share of the true adjacencies that were found, whatever the direction",
        citation: RIJSBERGEN,
        better: Better::Higher,
        compute: Compute::Graph(edges::skeleton_recall),
    },
    Metric {
        name: "skeleton-f1",
        summary: "harmonic mean of skeleton precision and recall",
        citation: RIJSBERGEN,
        better: Better::Higher,
        compute: Compute::Graph(edges::skeleton_f1),
    },
];

const HYVARINEN: &str = "Hyvärinen and Morioka 2016";
const EASTWOOD: &str = "Eastwood and Williams 2018";
const TSAMARDINOS: &str = "Tsamardinos, Brown and Aliferis 2006";
const RIJSBERGEN: &str = "van Rijsbergen 1979";

/// The metric `name`.
///
/// # Errors
/// [`MetricsError::UnknownMetric`] with the nearest name.
pub fn metric(name: &str) -> Result<&'static Metric, MetricsError> {
    METRICS.iter().find(|m| m.name == name).ok_or_else(|| MetricsError::UnknownMetric {
        name: name.to_owned(),
        nearest: nearest(name, METRICS.iter().map(|m| m.name)).unwrap_or_default().to_owned(),
    })
}

/// Every metric of codes, for codes `estimate` `[n, k]` and factors `truth` `[n, d]` with their `d` names.
///
/// # Errors
/// As [`Codes::new`].
pub fn eval_codes(
    estimate: ArrayView2<'_, f64>,
    truth: ArrayView2<'_, f64>,
    names: &[String],
    seed: Seed,
) -> Result<BTreeMap<String, Score>, MetricsError> {
    let codes = Codes::new(estimate, truth, names)?;
    collect(|compute| match compute {
        Compute::Codes(f) => Some(f(&codes, seed)),
        _ => None,
    })
}

/// Every metric of mixings, for the estimated unmixing `[k, d]` and the true mixing `[d, k]`.
///
/// # Errors
/// As [`amari`].
pub fn eval_mixing(
    unmixing: ArrayView2<'_, f64>,
    mixing: ArrayView2<'_, f64>,
    seed: Seed,
) -> Result<BTreeMap<String, Score>, MetricsError> {
    collect(|compute| match compute {
        Compute::Mixing(f) => Some(f(unmixing, mixing, seed)),
        _ => None,
    })
}

/// Every metric of graphs. `resamples` are the estimates of bootstrap resamples, for the intervals; there may be none.
///
/// # Errors
/// As [`GraphPair::new`].
pub fn eval_graph(estimate: &Graph, truth: &Graph, resamples: &[Graph]) -> Result<BTreeMap<String, Score>, MetricsError> {
    let pair = GraphPair::new(estimate, truth, resamples)?;
    collect(|compute| match compute {
        Compute::Graph(f) => Some(Ok(f(&pair))),
        _ => None,
    })
}

fn collect(score: impl Fn(&Compute) -> Option<Result<Score, MetricsError>>) -> Result<BTreeMap<String, Score>, MetricsError> {
    METRICS.iter().filter_map(|m| Some(score(&m.compute)?.map(|s| (m.name.to_owned(), s)))).collect()
}

impl std::fmt::Debug for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metric").field("name", &self.name).field("of", &self.compute.subject()).finish_non_exhaustive()
    }
}
