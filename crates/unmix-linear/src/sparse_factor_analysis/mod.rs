//! Sparse factor analysis with the spike-and-slab lasso (Ročková and George 2016, Journal of the American Statistical Association 111(516)).
//!
//! The model is that of [factor analysis](crate::FactorAnalysis) with uncorrelated factors, `x = mean + Λ z + e`, and a prior under which most
//! loadings are exactly 0. Likelihood leaves a rotation open; the prior prefers the rotation with the most zeros, and finds it while fitting: each
//! iteration rotates the loadings (parameter expansion) and thresholds them. Spikes are sharpened in steps, each fit starting where the last one ended.
//!
//! Departure: one share of the slab for all factors. In the paper each has its own, ordered by an Indian buffet process; that changes the
//! posterior by a few nats in favour of factors of unequal size.
//!
//! Zeros identify factors where they are many enough: let every factor have two *pure indicators*, variables that load on it and on no other, and a third
//! variable that loads on it, and let no two variables that mix factors do so in the same proportions. Without any two of the variables the others
//! still span all factors, so that rows `i` and `j` of the covariance matrix, beside their own entries, are proportional exactly where the loadings of `i` and
//! `j` are: those are the pure indicators of one factor, whose loadings follow from `λ_i² = σ_ij σ_it / σ_jt`. Whether the zeros hold is tested on rows
//! that have not chosen them. The sparsest rotation need not be the anchored one: where variables that mix factors are many, another rotation
//! may have more zeros and is then the mode.

mod evidence;
mod expectation;
mod prior;
mod search;

use crate::{
    Correlation, FactorModel, LinearError, RotationReport, Scores,
    factor_analysis::{components_of, heywood_warning},
    number_of_factors::require_determined,
    rotation::canonical_order,
    scores::score_weights,
};
use ndarray::{Array2, ArrayView2, Axis};
use search::{Found, Search};
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{
    Checks, Claim, Class, Evidence, Fault, Fit, Fitted, Generate, Infer, Load, LogDensity, Model, Observations, Params, Run, Sample, Seed,
    Stop, Warning, load_json, save_json,
};

/// The parameters of sparse factor analysis.
///
/// ```
/// use ndarray::{Array2, array};
/// use rand_distr::{Distribution, StandardNormal};
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::SparseFactorAnalysisParams;
///
/// // two factors, three pure indicators each, and one variable of both
/// let loadings = array![[0.8, 0.0], [0.7, 0.0], [0.9, 0.0], [0.0, 0.8], [0.0, 0.7], [0.0, 0.9], [0.5, 0.5]];
/// let mut stream = Seed(1).stream("example", 0);
/// let mut normal = |n, d| Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream));
/// let x: Array2<f64> = normal(500, 2).dot(&loadings.t()) + 0.5 * normal(500, 7);
///
/// let params = SparseFactorAnalysisParams { components: Some(3), ..Default::default() };
/// let model = params.build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?.model;
/// // the third factor is empty and dropped, and the zeros are found
/// assert_eq!(model.factors.components(), 2);
/// assert_eq!(model.pure_indicators().iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SparseFactorAnalysisParams {
    /// The most factors; those that come out with fewer than two loadings are dropped. As [`parallel_analysis`](crate::parallel_analysis) of the data says if absent.
    pub components: Option<usize>,
    /// `λ₁`, the rate of the slab, on standardised variables.
    pub slab: f64,
    /// The last and largest `λ₀`, the rate of the spike; the number of samples if absent.
    pub spike: Option<f64>,
    /// Starts, the first from varimax of the principal components and the others from random rotations of them.
    pub starts: usize,
    /// How codes are estimated.
    pub scores: Scores,
    /// Most iterations at the last spike.
    pub max_iterations: usize,
    /// The largest change of a standardised loading in an iteration at which the fit has converged.
    pub tolerance: f64,
}

impl Default for SparseFactorAnalysisParams {
    /// Factors from the data; slab 1, a spike as sharp as there are samples; 5 starts; regression scores; 5000 iterations to 1e-7.
    fn default() -> Self {
        Self { components: None, slab: 1.0, spike: None, starts: 5, scores: Scores::default(), max_iterations: 5000, tolerance: 1e-7 }
    }
}

impl Params for SparseFactorAnalysisParams {
    type Estimator = SparseFactorAnalysis;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.positive("slab", self.slab);
        let sharper = self.spike.is_none_or(|spike| spike.is_finite() && spike > self.slab);
        checks.require("spike", sharper, "must be finite and above `slab`");
        checks.at_least("starts", self.starts, 1);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> SparseFactorAnalysis {
        SparseFactorAnalysis { params: self }
    }
}

/// The estimator that [`SparseFactorAnalysisParams`] build.
#[derive(Clone, Debug)]
pub struct SparseFactorAnalysis {
    params: SparseFactorAnalysisParams,
}

/// A factor model whose loadings are mostly 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SparseFactorModel {
    /// The factors; loadings that the fit excludes are exactly 0.
    pub factors: FactorModel,
    /// The probability that each loading comes from the slab, `[d, k]`.
    pub inclusion: Array2<f64>,
    /// The share of all loadings, those of dropped factors too, that come from the slab.
    pub share: f64,
    /// Starts made.
    pub starts: usize,
    /// Starts that ended at the posterior mode taken.
    pub agreeing: usize,
}

impl SparseFactorModel {
    /// For each factor the variables (from 0) that load on it and on no other.
    pub fn pure_indicators(&self) -> Vec<Vec<usize>> {
        pure_indicators(self.factors.loadings.view())
    }
}

/// For each column of `loadings` `[d, k]` the rows in which it alone is not 0.
fn pure_indicators(loadings: ArrayView2<'_, f64>) -> Vec<Vec<usize>> {
    let mut pure = vec![Vec::new(); loadings.ncols()];
    for (j, row) in loadings.axis_iter(Axis(0)).enumerate() {
        let mut carrying = (0..row.len()).filter(|&k| row[k] != 0.0);
        if let (Some(only), None) = (carrying.next(), carrying.next()) {
            pure[only].push(j);
        }
    }
    pure
}

impl Fit<Observations> for SparseFactorAnalysis {
    type Model = SparseFactorModel;
    type Error = LinearError;

    /// The objective is the log posterior density of loadings, uniquenesses and share given the standardised data, in nats, without its constants.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<SparseFactorModel>, LinearError> {
        let correlation = Correlation::of(x)?;
        let mut warnings = Vec::new();
        let components = match self.params.components {
            Some(components) => components,
            None => run.in_pool(|run| components_of(&correlation, run.seed, &mut warnings))?,
        };
        require_determined(components, x.columns())?;
        let search = Search {
            r: correlation.r.view(),
            rows: correlation.rows,
            slab: self.params.slab,
            spike: self.params.spike.unwrap_or_else(|| (correlation.rows as f64).max(2.0 * self.params.slab)),
            max_iterations: self.params.max_iterations,
            tolerance: self.params.tolerance,
        };
        let found = search.best(components, self.params.starts, run)?;
        warnings.extend(heywood_warning(&found.factors.uniqueness, x.names()));
        warnings.extend(dropped_warning(&found));
        warnings.extend(not_converged(&found, self.params.tolerance));
        let (stop, iterations, objective, starts, agreeing) =
            (found.stop, found.iterations, found.log_posterior, found.starts, found.agreeing);
        let Found { factors, inclusion, share, .. } = found.without_unshared(&search)?;
        let order = canonical_order(factors.loadings.view());
        let loadings = factors.loadings.dot(&order) * correlation.sd.view().insert_axis(Axis(1));
        let order = order.mapv(f64::abs);
        let uniqueness = &factors.uniqueness * &correlation.sd.mapv(|sd| sd * sd);
        let eye = Array2::eye(loadings.ncols());
        let weighted = &loadings / &uniqueness.view().insert_axis(Axis(1));
        let factors = FactorModel {
            unmixing: score_weights(&loadings, &weighted, &eye, self.params.scores)?,
            rotation: RotationReport::unrotated(loadings.ncols()),
            correlation: eye,
            mean: correlation.mean,
            sd: correlation.sd,
            loadings,
            uniqueness,
            scores: self.params.scores,
        };
        let model = SparseFactorModel { factors, inclusion: inclusion.dot(&order), share, starts, agreeing };
        Ok(Fitted { model, stop, iterations, objective: Some(objective), warnings })
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "if every factor has two pure indicators and a third variable that loads on it, and no two variables that mix factors mix them \
                      in the same proportions, pure indicators are the variables with proportional covariances (parallel rows: Bing, Bunea and \
                      Wegkamp 2023, Bernoulli 29(2)), and loadings are unique up to order and sign of the factors; that the spike-and-slab mode \
                      finds these zeros is no theorem, and is tested",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        vec![crate::factor_analysis::shared_variance(Correlation::of(x).as_ref())]
    }

    fn evidence(&self, x: &Observations, model: &SparseFactorModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(self, x, model, run)
    }
}

fn dropped_warning(found: &Found) -> Option<Warning> {
    let (dropped, all) = (found.unshared().len(), found.factors.loadings.ncols());
    let text = format!("{dropped} of {all} factors load on fewer than two variables and are dropped");
    (dropped > 0 && dropped < all).then_some(Warning { code: "factors-dropped", text })
}

fn not_converged(found: &Found, tolerance: f64) -> Option<Warning> {
    let text = format!(
        "after {} iterations a loading still changes by {:.1e} (tolerance {tolerance:.0e}); raise `max_iterations`",
        found.iterations, found.change
    );
    (found.stop == Stop::MaxIterations).then_some(Warning { code: "not-converged", text })
}

impl Model for SparseFactorModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(&self.factors)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(&self.factors)
    }

    fn as_sample(&self) -> Option<&dyn Sample> {
        Some(&self.factors)
    }

    fn as_log_density(&self) -> Option<&dyn LogDensity> {
        Some(&self.factors)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        self.factors.mixing()
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        self.factors.unmixing()
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for SparseFactorModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
