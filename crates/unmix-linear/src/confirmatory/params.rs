//! How a confirmatory model is specified.

use super::ConfirmatoryFactorAnalysis;
use crate::Scores;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use unmix_core::{Checks, Params};

/// What the unit of a factor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scaling {
    /// Its standard deviation: variance 1.
    #[default]
    UnitVariance,
    /// That of the first variable named for it, whose loading is 1; the variance is free.
    Marker,
}

/// The parameters of confirmatory factor analysis.
///
/// A pattern is given by `factors` or by `echelon`. Without either there is nothing to fit, which [`fit`](unmix_core::Fit::fit) says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmatoryFactorAnalysisParams {
    /// The variables that load on each factor, by name; every other loading is 0. The codes are the factors in alphabetical order.
    pub factors: BTreeMap<String, Vec<String>>,
    /// Instead of `factors`, an exploratory model without a rotation: `k` variables, of which the `i`th loads on the first `i` of `k` uncorrelated
    /// factors `f1`, `f2`, … and all other variables on all of them (Anderson and Rubin 1956).
    pub echelon: Vec<String>,
    /// Factors in the unit of one variable, their anchor, which loads on nothing else: it is the factor and noise.
    pub anchors: BTreeMap<String, String>,
    /// Whether factors may correlate; if absent, those of `factors` may and those of `echelon` may not.
    pub correlated: Option<bool>,
    /// Pairs of variables whose noise may covary.
    pub noise_covariances: Vec<(String, String)>,
    /// Variances of noise that are known, in squared units of the variable: a factor may then have one variable.
    pub noise_variances: BTreeMap<String, f64>,
    /// The unit of factors without an anchor.
    pub scaling: Scaling,
    /// How codes are estimated.
    pub scores: Scores,
    /// Most iterations of the likelihood.
    pub max_iterations: usize,
    /// The largest derivative of the discrepancy by a parameter, variables and factors standardised, at which the fit has converged.
    pub tolerance: f64,
}

impl Default for ConfirmatoryFactorAnalysisParams {
    /// No pattern; factors of variance 1 that correlate; uncorrelated noise; regression scores; 1000 iterations to 1e-9.
    fn default() -> Self {
        Self {
            factors: BTreeMap::new(),
            echelon: Vec::new(),
            anchors: BTreeMap::new(),
            correlated: None,
            noise_covariances: Vec::new(),
            noise_variances: BTreeMap::new(),
            scaling: Scaling::default(),
            scores: Scores::default(),
            max_iterations: 1000,
            tolerance: 1e-9,
        }
    }
}

impl Params for ConfirmatoryFactorAnalysisParams {
    type Estimator = ConfirmatoryFactorAnalysis;

    fn constraints(&self, checks: &mut Checks) {
        let echelon = !self.echelon.is_empty();
        checks.require("echelon", !echelon || self.factors.is_empty(), "give `factors` or `echelon`, not both");
        checks.require("anchors", !echelon || self.anchors.is_empty(), "the variables of `echelon` take their place");
        let turned = "the zeros of `echelon` fix uncorrelated factors alone; drop one of the two";
        checks.require("correlated", !(echelon && self.correlated == Some(true)), turned);
        self.noise_variances.values().for_each(|&variance| checks.positive("noise_variances", variance));
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> ConfirmatoryFactorAnalysis {
        ConfirmatoryFactorAnalysis { params: self }
    }
}
