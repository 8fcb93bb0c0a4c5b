//! ICA-LiNGAM (Shimizu, Hoyer, Hyvärinen and Kerminen 2006, "A linear non-Gaussian acyclic model for causal discovery", Journal of
//! Machine Learning Research 7, algorithm A): the order of causes and effects from the independent components of the data.
//!
//! 1. FastICA gives `s = W (x - μ)`; independent non-Gaussian noises make `W` the matrix `I - B` up to the order and scale of its rows.
//! 2. The rows are put in the order that leaves no small entry on the diagonal (an assignment problem) and divided by the diagonal.
//! 3. Of `B = I - W` the smallest entries are set to zero until the rest has an order of causes before effects.
//! 4. Given the order, each variable's causes are chosen by the [adaptive lasso](crate::adaptive_lasso) and their weights are refitted by
//!    least squares.
//!
//! Two departures from the paper and from `lingam`: the columns are standardised first, so that the result does not depend on their
//! units, and FastICA starts anew if it does not converge. The claim is that of the theorem; with finite data the order of weakly connected
//! variables is uncertain, which the bootstrap shows: [`LinearSem::directions`].

mod bootstrap;
mod evidence;
mod order;

pub use bootstrap::{Bootstrap, Direction};

use crate::{CausalError, LinearSem, adaptive_lasso, adaptive_lasso::least_squares};
use ndarray::{Array2, ArrayView2, Axis};
use order::{causal_order, direct_effects};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Model, Observations, Params, Progress, Run, Seed, Stop, Warning};
use unmix_linear::{FastIca, FastIcaParams};
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

/// The parameters of ICA-LiNGAM.
///
/// ```
/// use unmix_causal::IcaLingamParams;
/// use unmix_core::Params;
///
/// let error = IcaLingamParams { level: 1.5, ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`level` is 1.5, allowed is 0.000001 to 0.5");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcaLingamParams {
    /// Bootstrap replicates behind the probabilities of edges; none if 0.
    pub bootstrap: usize,
    /// How causes are chosen.
    pub pruning: Pruning,
    /// Further starts of FastICA if it does not converge.
    pub restarts: usize,
    /// The level of the tests behind the evidence.
    pub level: f64,
    /// FastICA. A configuration that has this section starts from FastICA's own defaults, with 200 iterations; without it there are 1,000.
    pub ica: FastIcaParams,
}

impl Default for IcaLingamParams {
    fn default() -> Self {
        Self {
            bootstrap: 100,
            pruning: Pruning::AdaptiveLasso,
            restarts: 4,
            level: 0.05,
            ica: FastIcaParams { max_iterations: 1000, ..FastIcaParams::default() },
        }
    }
}

impl Params for IcaLingamParams {
    type Estimator = IcaLingam;

    fn constraints(&self, checks: &mut Checks) {
        checks.within("level", self.level, 1e-6..=0.5);
        checks.require("ica.components", self.ica.components.is_none(), "every variable has a noise of its own; leave it out");
        self.ica.constraints(checks);
    }

    fn seal(self) -> IcaLingam {
        // `constraints` has checked these
        let ica = self.ica.clone().seal();
        IcaLingam { params: self, ica }
    }
}

/// The estimator that [`IcaLingamParams`] build.
#[derive(Clone, Debug)]
pub struct IcaLingam {
    params: IcaLingamParams,
    ica: FastIca,
}

/// What one table gives, before bootstrap and evidence.
struct Estimate {
    /// Direct effects `[d, d]` in the units of the table.
    weights: Array2<f64>,
    /// Causes before effects.
    order: Vec<usize>,
    stop: Stop,
    iterations: usize,
    starts: usize,
    contrast: Option<f64>,
}

impl IcaLingam {
    fn estimate(&self, x: &Observations, run: &Run<'_>) -> Result<Estimate, CausalError> {
        x.require_rows(10.max(2 * x.columns()), "estimate the effects between these columns")?;
        let standard = x.standardized()?;
        let (mut starts, mut iterations) = (0, 0);
        let ica = loop {
            let seed = run.seed.child("ica-lingam", starts as u64);
            let fitted = self.ica.fit(&standard, &mut run.nested(seed))?;
            starts += 1;
            iterations += fitted.iterations;
            if fitted.stop.converged() || starts > self.params.restarts {
                break fitted;
            }
        };
        let d = x.columns();
        let unmixing = ica.model.unmixing().map_or_else(|| Array2::eye(d), |w| w.to_owned());
        let order = causal_order(&direct_effects(unmixing.view())?);
        let correlation = moments(standard.x()).correlation();
        let mut weights = self.weights(correlation.view(), &order, x.rows())?;
        let deviation = x.x().std_axis(Axis(0), 0.0);
        weights.indexed_iter_mut().for_each(|((i, j), w)| *w *= deviation[i] / deviation[j]);
        Ok(Estimate { weights, order, stop: ica.stop, iterations, starts, contrast: ica.objective })
    }

    /// The direct effects `[d, d]` of standardised variables, given their order.
    fn weights(&self, correlation: ArrayView2<'_, f64>, order: &[usize], n: usize) -> Result<Array2<f64>, CausalError> {
        let mut weights = Array2::zeros(correlation.raw_dim());
        for (position, &effect) in order.iter().enumerate() {
            let mut causes = order[..position].to_vec();
            causes.sort_unstable();
            let among = |causes: &[usize]| correlation.select(Axis(0), causes).select(Axis(1), causes);
            let with = |causes: &[usize]| correlation.column(effect).select(Axis(0), causes);
            if self.params.pruning == Pruning::AdaptiveLasso {
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
}

impl Estimate {
    fn warnings(&self) -> Vec<Warning> {
        let Self { stop, starts, iterations, .. } = self;
        let mut warnings = Vec::new();
        if !stop.converged() {
            let text = format!(
                "FastICA did not converge from any of {starts} starts ({iterations} iterations); the order of causes and effects is that of \
                 its last state. Raise `ica.max_iterations`, or check that at most one noise is Gaussian"
            );
            warnings.push(Warning { code: "not-converged", text });
        } else if *starts > 1 {
            let text = format!("FastICA converged only at start {starts}; the components are hard to tell apart");
            warnings.push(Warning { code: "restarted", text });
        }
        warnings
    }
}

impl Fit<Observations> for IcaLingam {
    type Model = LinearSem;
    type Error = CausalError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearSem>, CausalError> {
        run.in_pool(|run| {
            x.require_distinct()?;
            let estimate = self.estimate(x, run)?;
            let mut warnings = estimate.warnings();
            let mut model = LinearSem::of_residuals(x.names(), estimate.weights, x.x())?;
            let mut stop = estimate.stop;
            let progress =
                Progress { stage: "ica-lingam", step: 1, total: Some(1), objective: estimate.contrast.unwrap_or_default(), parts: &[] };
            if run.observer.observe(&progress).is_break() {
                stop = Stop::Cancelled;
            } else if self.params.bootstrap > 0 {
                let bootstrap = self.bootstrap(x, run)?;
                if bootstrap.cancelled() {
                    stop = Stop::Cancelled;
                }
                warnings.extend(bootstrap.warnings());
                model = model.with_directions(bootstrap.directions())?;
            }
            Ok(Fitted { model, stop, iterations: estimate.iterations, objective: estimate.contrast, warnings })
        })
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::Exact,
            theorem: "Shimizu, Hoyer, Hyvärinen and Kerminen (2006), JMLR 7, section 2, by Theorem 11 of Comon (1994)",
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
