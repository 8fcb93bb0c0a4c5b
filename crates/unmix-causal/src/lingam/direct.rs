//! DirectLiNGAM (Shimizu, Inazumi, Sogawa, Hyvärinen, Kawahara, Washio, Hoyer and Bollen 2011, Journal of Machine Learning Research 12): the order of causes
//! and effects, one variable after another.
//!
//! A variable that no other causes is independent of what is left of the others after regression on it. In place of a test of independence, pairs
//! are compared by the likelihood ratio of the two directions (Hyvärinen and Smith 2013, Journal of Machine Learning Research 14):
//! `R_ij = H(x_j) + H(r_i) - H(x_i) - H(r_j)` with standardised variables, `r_j` what `x_i` leaves of `x_j`, and entropies `H` approximated from
//! two moments. The variable of least `Σ_j min(0, R_ij)²` comes first; the others are replaced by what it leaves of them, and so on. No step is iterated, so
//! there is nothing that might not converge.
//!
//! Departures from the package `lingam`: a pair is looked at once, since `R_ij = -R_ji`, and the entropy of a variable is computed once a step.

use super::{
    Bootstrap, LINEAR_ACYCLIC, Lingam, NO_COMMON_CAUSE, NON_GAUSSIAN, Pruning, Search, Settings, bootstrap, entropy::entropy, evidence,
};
use crate::{CausalError, LinearSem};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Run, Seed, Stop};
use unmix_linear::Correlation;

/// The parameters of DirectLiNGAM.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_causal::DirectLingamParams;
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
///
/// // x2 causes x1
/// let mut stream = Seed(1).stream("example", 0);
/// let mut x = Array2::from_shape_simple_fn((500, 2), || stream.random_range(-1.0..1.0));
/// for mut row in x.rows_mut() {
///     row[0] += 0.8 * row[1];
/// }
/// let params = DirectLingamParams { bootstrap: 0, ..Default::default() };
/// let model = params.build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?.model;
/// assert_eq!(model.dag().parents(0), [1]);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectLingamParams {
    /// Bootstrap replicates behind the probabilities of edges; none if 0.
    pub bootstrap: usize,
    /// How causes are chosen.
    pub pruning: Pruning,
    /// The level of the tests behind the evidence.
    pub level: f64,
}

impl Default for DirectLingamParams {
    /// 100 replicates, the adaptive lasso, level 0.05.
    fn default() -> Self {
        Self { bootstrap: 100, pruning: Pruning::AdaptiveLasso, level: 0.05 }
    }
}

impl Params for DirectLingamParams {
    type Estimator = DirectLingam;

    fn constraints(&self, checks: &mut Checks) {
        checks.within("level", self.level, 1e-6..=0.5);
    }

    fn seal(self) -> DirectLingam {
        DirectLingam { params: self }
    }
}

/// The estimator that [`DirectLingamParams`] build.
#[derive(Clone, Debug)]
pub struct DirectLingam {
    params: DirectLingamParams,
}

impl DirectLingam {
    /// Runs the whole procedure on `bootstrap` resamples of the rows of `x`, each with a seed of its own.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit). A resample in which a column no longer varies is left out and counted.
    pub fn bootstrap(&self, x: &Observations, run: &mut Run<'_>) -> Result<Bootstrap, CausalError> {
        bootstrap::of(self, x, run)
    }
}

impl Lingam for DirectLingam {
    const NAME: &'static str = "direct-lingam";

    fn settings(&self) -> Settings {
        let DirectLingamParams { bootstrap, pruning, level } = self.params;
        Settings { bootstrap, pruning, level }
    }

    fn order(&self, standard: &Observations, _: &Run<'_>) -> Result<Search, CausalError> {
        // names the columns if some are combinations of others
        Correlation::of(standard)?;
        let mut left: Vec<Variable> =
            standard.x().columns().into_iter().enumerate().map(|(index, column)| Variable { index, values: column.to_vec() }).collect();
        let mut order = Vec::with_capacity(left.len());
        while left.len() > 1 {
            let first = left.remove(most_exogenous(&left));
            left.par_iter_mut().for_each(|other| {
                let correlation = product(&other.values, &first.values);
                subtract(&mut other.values, &first.values, correlation);
            });
            order.push(first.index);
        }
        order.extend(left.iter().map(|last| last.index));
        Ok(Search { iterations: order.len(), order, stop: Stop::ClosedForm, objective: None, warnings: Vec::new() })
    }
}

/// A variable of mean 0 and variance 1.
struct Variable {
    index: usize,
    values: Vec<f64>,
}

/// The correlation of two variables.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64
}

/// Replaces `values` by what `cause`, of this correlation with it, leaves of it, standardised.
fn subtract(values: &mut [f64], cause: &[f64], correlation: f64) {
    let scale = (1.0 - correlation * correlation).max(f64::EPSILON).sqrt().recip();
    values.iter_mut().zip(cause).for_each(|(v, c)| *v = (*v - correlation * c) * scale);
}

/// The place of the variable of least `Σ_j min(0, R_ij)²`, the first of equals.
fn most_exogenous(variables: &[Variable]) -> usize {
    let n = variables.first().map_or(0, |v| v.values.len());
    let scratch = || (vec![0.0; n], vec![0.0; n]);
    let entropies: Vec<f64> = variables.par_iter().map_init(scratch, |(scratch, _), variable| entropy(&variable.values, scratch)).collect();
    let pairs: Vec<(usize, usize)> = (0..variables.len()).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let ratios: Vec<f64> = pairs
        .par_iter()
        .map_init(scratch, |(residual, scratch), &(i, j)| {
            let (a, b) = (&variables[i].values, &variables[j].values);
            let correlation = product(a, b);
            let mut left = |of: &[f64], cause: &[f64]| {
                residual.copy_from_slice(of);
                subtract(residual, cause, correlation);
                entropy(residual, scratch)
            };
            entropies[j] + left(a, b) - entropies[i] - left(b, a)
        })
        .collect();
    let mut against = vec![0.0; variables.len()];
    for (&(i, j), &ratio) in pairs.iter().zip(&ratios) {
        against[if ratio < 0.0 { i } else { j }] += ratio * ratio;
    }
    (1..against.len()).fold(0, |best, i| if against[i] < against[best] { i } else { best })
}

impl Fit<Observations> for DirectLingam {
    type Model = LinearSem;
    type Error = CausalError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearSem>, CausalError> {
        super::fit(self, x, run)
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::Exact,
            theorem: "Shimizu, Hoyer, Hyvärinen and Kerminen (2006), JMLR 7, section 2; the order by the lemmas of Shimizu et al. (2011), JMLR 12",
            assumptions: &[LINEAR_ACYCLIC, NO_COMMON_CAUSE, NON_GAUSSIAN],
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        vec![evidence::screen(x, self.params.level)]
    }

    fn evidence(&self, x: &Observations, _: &LinearSem, run: &mut Run<'_>) -> Result<Vec<Evidence>, CausalError> {
        run.in_pool(|run| evidence::held_out(self, x, run))
    }
}
