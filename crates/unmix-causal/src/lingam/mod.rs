//! LiNGAM: linear, non-Gaussian, acyclic models, whose graph the data determine without interventions (Shimizu, Hoyer, Hyvärinen and Kerminen 2006,
//! Journal of Machine Learning Research 7).
//!
//! What differs between the estimators is how they find the order of causes and effects: [`IcaLingam`] from independent components,
//! [`DirectLingam`] by looking for a variable that no other causes, again and again. Given the order, each variable's causes are chosen by the
//! [adaptive lasso](crate::adaptive_lasso) and their weights refitted by least squares; bootstrap, claim and evidence are the same. Columns are
//! standardised first, so that the result does not depend on their units.

mod bootstrap;
mod direct;
mod entropy;
mod evidence;
mod ica;
mod order;

pub use bootstrap::{Bootstrap, Direction};
pub use direct::{DirectLingam, DirectLingamParams};
pub use ica::{IcaLingam, IcaLingamParams};

use crate::{CausalError, LinearSem, adaptive_lasso, adaptive_lasso::least_squares};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_core::{Fitted, Observations, Progress, Run, Stop, Warning};
use unmix_numerics::moments;

pub(crate) const LINEAR_ACYCLIC: &str = "linear acyclic mechanisms";
pub(crate) const NO_COMMON_CAUSE: &str = "no hidden common cause";
pub(crate) const NON_GAUSSIAN: &str = "non-Gaussian noise (at most one Gaussian)";

/// How the causes of a variable are chosen among those before it in the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pruning {
    /// By the adaptive lasso with BIC.
    #[default]
    AdaptiveLasso,
    /// All of them are kept.
    None,
}

/// What an estimator's parameters say of the part that all share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    bootstrap: usize,
    pruning: Pruning,
    level: f64,
}

/// An order of causes before effects, and how the search for it ended.
pub(crate) struct Search {
    order: Vec<usize>,
    stop: Stop,
    iterations: usize,
    objective: Option<f64>,
    warnings: Vec<Warning>,
}

/// What one table gives, before bootstrap and evidence.
pub(crate) struct Estimate {
    /// Direct effects `[d, d]` in the units of the table.
    weights: Array2<f64>,
    found: Search,
}

/// An estimator of the order.
pub(crate) trait Lingam: Sync {
    /// The method's name, which progress is reported under.
    const NAME: &'static str;

    fn settings(&self) -> Settings;

    /// The order of standardised variables.
    fn order(&self, standard: &Observations, run: &Run<'_>) -> Result<Search, CausalError>;

    fn estimate(&self, x: &Observations, run: &Run<'_>) -> Result<Estimate, CausalError> {
        x.require_rows(10.max(2 * x.columns()), "estimate the effects between these columns")?;
        let standard = x.standardized()?;
        let found = self.order(&standard, run)?;
        let correlation = moments(standard.x()).correlation();
        let mut weights = weights(self.settings().pruning, correlation.view(), &found.order, x.rows())?;
        let deviation = x.x().std_axis(Axis(0), 0.0);
        weights.indexed_iter_mut().for_each(|((i, j), w)| *w *= deviation[i] / deviation[j]);
        Ok(Estimate { weights, found })
    }
}

/// The direct effects `[d, d]` of standardised variables, given their order.
fn weights(pruning: Pruning, correlation: ArrayView2<'_, f64>, order: &[usize], n: usize) -> Result<Array2<f64>, CausalError> {
    let mut weights = Array2::zeros(correlation.raw_dim());
    for (position, &effect) in order.iter().enumerate() {
        let mut causes = order[..position].to_vec();
        causes.sort_unstable();
        let among = |causes: &[usize]| correlation.select(Axis(0), causes).select(Axis(1), causes);
        let with = |causes: &[usize]| correlation.column(effect).select(Axis(0), causes);
        if pruning == Pruning::AdaptiveLasso {
            let kept = adaptive_lasso(among(&causes).view(), with(&causes).view(), n)?;
            causes = kept.into_iter().map(|k| causes[k]).collect();
        }
        if causes.is_empty() {
            continue;
        }
        for (&cause, &weight) in causes.iter().zip(&least_squares(among(&causes).view(), with(&causes).view())?) {
            weights[[effect, cause]] = weight;
        }
    }
    Ok(weights)
}

/// The fit of either estimator: the graph, then the bootstrap.
fn fit<L: Lingam>(estimator: &L, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearSem>, CausalError> {
    run.in_pool(|run| {
        x.require_distinct()?;
        let Estimate { weights, found } = estimator.estimate(x, run)?;
        let Search { mut stop, iterations, objective, mut warnings, .. } = found;
        let mut model = LinearSem::of_residuals(x.names(), weights, x.x())?;
        let progress = Progress { stage: L::NAME, step: 1, total: Some(1), objective: objective.unwrap_or_default(), parts: &[] };
        if run.observer.observe(&progress).is_break() {
            stop = Stop::Cancelled;
        } else if estimator.settings().bootstrap > 0 {
            let bootstrap = bootstrap::of(estimator, x, run)?;
            if bootstrap.cancelled() {
                stop = Stop::Cancelled;
            }
            warnings.extend(bootstrap.warnings());
            model = model.with_directions(bootstrap.directions())?;
        }
        Ok(Fitted { model, stop, iterations, objective, warnings })
    })
}
