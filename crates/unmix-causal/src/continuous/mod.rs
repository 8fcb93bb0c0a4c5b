//! Graphs by continuous optimisation: least squares with an `l1` penalty over weights that form no cycle.
//!
//! With covariance `C` of the columns the score of weights `B` `[d, d]` (row = effect) is `½ tr((I - B) C (I - B)ᵀ) + λ Σ|B|`. [`Notears`] and [`Dagma`] minimise it
//! under a smooth function that is 0 without cycles, and set weights below a threshold to 0.
//!
//! The score compares noises in the units of the columns: it is smallest at the true graph if all noises have the same variance (Loh and Bühlmann 2014, Journal
//! of Machine Learning Research 15), and where variances grow along the order, it follows them (Reisach, Seiler and Weichwald 2021, NeurIPS 34). Both
//! methods warn of that; the equality is tested on held-out rows.

mod acyclicity;
mod dagma;
mod evidence;
mod notears;

pub use dagma::{Dagma, DagmaParams};
pub use notears::{Notears, NotearsParams};

use crate::{CausalError, LinearSem, varsortability};
use ndarray::{Array2, Zip};
use unmix_core::{Claim, Class, Fitted, Observations, Run, Stop, Warning};
use unmix_graph::{Dag, Graph};
use unmix_numerics::{Bounds, Lbfgs, Minimum, NumericsError, moments};

/// Variances that follow the order to more than this share (of pairs that a path joins) are worth a warning.
const SORTED: f64 = 0.9;

/// What a search for weights found.
pub(crate) struct Found {
    /// Before the threshold, `[d, d]`.
    weights: Array2<f64>,
    /// The score, without what keeps cycles away.
    score: f64,
    iterations: usize,
    stop: Stop,
}

/// A method that searches for weights of columns with a given covariance.
pub(crate) trait Continuous: Sync {
    const NAME: &'static str;

    fn threshold(&self) -> f64;

    fn standardize(&self) -> bool;

    fn search(&self, covariance: &Array2<f64>, run: &mut Run<'_>) -> Result<Found, CausalError>;

    /// The weights that are left in the units of `x`, the search, and whether the threshold left a cycle.
    fn estimate(&self, x: &Observations, run: &mut Run<'_>) -> Result<(Array2<f64>, Found, bool), CausalError> {
        x.require_rows(2, "estimate covariances")?;
        x.require_varying()?;
        x.require_distinct()?;
        let moments = moments(x.x());
        let scale = moments.covariance.diag().mapv(f64::sqrt);
        let covariance = if self.standardize() { moments.correlation() } else { moments.covariance };
        let found = self.search(&covariance, run)?;
        let (mut weights, cyclic) = acyclic(&found.weights, self.threshold())?;
        if self.standardize() {
            weights.indexed_iter_mut().for_each(|((i, j), w)| *w *= scale[i] / scale[j]);
        }
        Ok((weights, found, cyclic))
    }
}

/// The weights above `threshold`, and of these, smallest first, without as many as leave no cycle; whether there were any.
fn acyclic(weights: &Array2<f64>, threshold: f64) -> Result<(Array2<f64>, bool), CausalError> {
    let mut kept = weights.mapv(|w| if w.abs() > threshold { w } else { 0.0 });
    let mut edges: Vec<(usize, usize)> = kept.indexed_iter().filter(|(_, w)| **w != 0.0).map(|(at, _)| at).collect();
    edges.sort_by(|a, b| kept[*a].abs().total_cmp(&kept[*b].abs()));
    let names = || (0..weights.nrows()).map(|j| j.to_string());
    let mut removed = false;
    for edge in edges {
        if Dag::try_from(Graph::from_adjacency(names(), kept.view())?).is_ok() {
            break;
        }
        (kept[edge], removed) = (0.0, true);
    }
    Ok((kept, removed))
}

fn fit<C: Continuous>(method: &C, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearSem>, CausalError> {
    run.in_pool(|run| {
        let (weights, found, cyclic) = method.estimate(x, run)?;
        let model = LinearSem::of_residuals(x.names(), weights, x.x())?;
        let mut warnings = Vec::new();
        if cyclic {
            let text = "weights above `threshold` formed a cycle, of which the smallest are left out; raise `threshold`".to_owned();
            warnings.push(Warning { code: "cycle", text });
        }
        if found.stop == Stop::MaxIterations {
            let text = "the search for weights reached `max_iterations` and its score still falls; raise it".to_owned();
            warnings.push(Warning { code: "not-converged", text });
        }
        let sorted = if method.standardize() { None } else { varsortability(model.dag(), x.x())? };
        if let Some(share) = sorted.filter(|share| *share > SORTED) {
            let text = format!(
                "variances grow along {:.0} % of the paths found: the order may be that of the units; compare with `standardize = true`",
                100.0 * share
            );
            warnings.push(Warning { code: "varsortable", text });
        }
        Ok(Fitted { model, stop: found.stop, iterations: found.iterations, objective: Some(found.score), warnings })
    })
}

fn claim() -> Claim {
    Claim {
        class: Class::Exact,
        theorem: "Loh and Bühlmann (2014), JMLR 15: with noises of one variance the expected score has its only minimum over acyclic graphs at the true weights; \
                  that a search from zero ends there is no theorem",
        assumptions: &evidence::ASSUMPTIONS,
    }
}

/// `½ tr((I - B) C (I - B)ᵀ)`, and its gradient.
fn least_squares(weights: &Array2<f64>, covariance: &Array2<f64>) -> (f64, Array2<f64>) {
    let residual = Array2::eye(weights.nrows()) - weights;
    let product = residual.dot(covariance);
    (0.5 * Zip::from(&residual).and(&product).fold(0.0, |sum, r, p| sum + r * p), -product)
}

/// Minimises `smooth(B, gradient) + λ Σ|B|` without a diagonal. As Zheng et al. do, `B` is the difference of two matrices without negative entries, so that
/// the penalty is linear and the bounds are what is left of it; `smooth` is `None` outside of its domain.
fn minimise(
    search: &Lbfgs,
    start: &Array2<f64>,
    penalty: f64,
    mut smooth: impl FnMut(&Array2<f64>, &mut Array2<f64>) -> Option<f64>,
) -> Result<(Array2<f64>, Minimum), NumericsError> {
    let d = start.nrows();
    let parts: Vec<f64> = start.iter().map(|w| w.max(0.0)).chain(start.iter().map(|w| (-w).max(0.0))).collect();
    let mut upper = vec![f64::INFINITY; 2 * d * d];
    upper[..d * d].iter_mut().step_by(d + 1).for_each(|u| *u = 0.0);
    upper[d * d..].iter_mut().step_by(d + 1).for_each(|u| *u = 0.0);
    let bounds = Bounds { lower: vec![0.0; 2 * d * d], upper };
    let (mut weights, mut slope) = (Array2::zeros((d, d)), Array2::zeros((d, d)));
    let minimum = search.minimize(&parts, Some(&bounds), |parts, gradient| {
        let (plus, minus) = parts.split_at(d * d);
        weights.iter_mut().zip(plus).zip(minus).for_each(|((w, p), m)| *w = p - m);
        slope.fill(0.0);
        let Some(value) = smooth(&weights, &mut slope) else { return f64::INFINITY };
        let (of_plus, of_minus) = gradient.split_at_mut(d * d);
        of_plus.iter_mut().zip(of_minus).zip(&slope).for_each(|((p, m), s)| (*p, *m) = (penalty + s, penalty - s));
        value + penalty * parts.iter().sum::<f64>()
    })?;
    let (plus, minus) = minimum.x.split_at(d * d);
    weights.iter_mut().zip(plus).zip(minus).for_each(|((w, p), m)| *w = p - m);
    Ok((weights, minimum))
}
