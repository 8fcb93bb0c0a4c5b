//! ICA-LiNGAM (Shimizu, Hoyer, Hyvärinen and Kerminen 2006, "A linear non-Gaussian acyclic model for causal discovery", Journal of
//! Machine Learning Research 7, algorithm A): the order of causes and effects from the independent components of the data.
//!
//! 1. FastICA gives `s = W (x - μ)`; independent non-Gaussian noises make `W` the matrix `I - B` up to the order and scale of its rows.
//! 2. The rows are put in the order that leaves no small entry on the diagonal (an assignment problem) and divided by the diagonal.
//! 3. Of `B = I - W` the smallest entries are set to zero until the rest has an order of causes before effects.
//! 4. Given the order, each variable's causes are chosen by the [adaptive lasso](crate::adaptive_lasso) and their weights are refitted by
//!    least squares.
//!
//! A departure from the paper and from `lingam`, beside the standardised columns: FastICA starts anew if it does not converge. The claim is that of the theorem; with finite data the order of weakly connected
//! variables is uncertain, which the bootstrap shows: [`LinearSem::directions`].

use super::{
    Bootstrap, Lingam, Pruning, Search, Settings, bootstrap, evidence,
    order::{causal_order, direct_effects},
};
use super::{LINEAR_ACYCLIC, NO_COMMON_CAUSE, NON_GAUSSIAN};
use crate::{CausalError, LinearSem};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Model, Observations, Params, Run, Seed, Stop, Warning};
use unmix_linear::{FastIca, FastIcaParams};

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

impl IcaLingam {
    /// Runs the whole procedure on `bootstrap` resamples of the rows of `x`, each with a seed of its own.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit). A resample in which a column no longer varies is left out and counted.
    pub fn bootstrap(&self, x: &Observations, run: &mut Run<'_>) -> Result<Bootstrap, CausalError> {
        bootstrap::of(self, x, run)
    }
}

impl Lingam for IcaLingam {
    const NAME: &'static str = "ica-lingam";

    fn settings(&self) -> Settings {
        let IcaLingamParams { bootstrap, pruning, level, .. } = self.params;
        Settings { bootstrap, pruning, level }
    }

    fn order(&self, standard: &Observations, run: &Run<'_>) -> Result<Search, CausalError> {
        let (mut starts, mut iterations) = (0, 0);
        let ica = loop {
            let seed = run.seed.child("ica-lingam", starts as u64);
            let fitted = self.ica.fit(standard, &mut run.nested(seed))?;
            starts += 1;
            iterations += fitted.iterations;
            if fitted.stop.converged() || starts > self.params.restarts {
                break fitted;
            }
        };
        let d = standard.columns();
        let unmixing = ica.model.unmixing().map_or_else(|| Array2::eye(d), |w| w.to_owned());
        let order = causal_order(&direct_effects(unmixing.view())?);
        Ok(Search { order, stop: ica.stop, iterations, objective: ica.objective, warnings: warnings(ica.stop, starts, iterations) })
    }
}

fn warnings(stop: Stop, starts: usize, iterations: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !stop.converged() {
        let text = format!(
            "FastICA did not converge from any of {starts} starts ({iterations} iterations); the order of causes and effects is that of \
             its last state. Raise `ica.max_iterations`, or check that at most one noise is Gaussian"
        );
        warnings.push(Warning { code: "not-converged", text });
    } else if starts > 1 {
        let text = format!("FastICA converged only at start {starts}; the components are hard to tell apart");
        warnings.push(Warning { code: "restarted", text });
    }
    warnings
}

impl Fit<Observations> for IcaLingam {
    type Model = LinearSem;
    type Error = CausalError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearSem>, CausalError> {
        super::fit(self, x, run)
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
