//! LOVE, factors from pure variables (Bing, Bunea, Ning and Wegkamp 2020, Annals of Statistics 48(4)).
//!
//! `x = mean + A z + e` where each factor has at least two *pure* variables, that load on it with 1 or -1 and on no other. Factors may correlate. Pure
//! variables show in the covariances alone, without a search: with them come the number of factors and their covariance `C`, and the other
//! loadings from `C` by thresholded regression. Nothing is rotated: the model is unique up to order and sign of the factors.
//!
//! Pure variables of one factor load on it equally, so variables have to be in comparable units; a common unit does not matter.
//!
//! Departures. `C⁻¹` is an inverse, which is the paper's linear program at `λ = 0`: the program is for factors in the hundreds. Data splitting judges a tolerance by all covariances of the held-out half, not by those of the variables found pure alone,
//! which rewards finding few: with four factors of three pure variables and 3,000 rows it missed a factor in 2 of 8 data sets. Tolerances scale
//! with the standard deviations of the variables, as in the authors' package. Variables are visited in order of their correlations instead of
//! their columns. A group that the intersections leave with one variable is no group.

mod evidence;
mod pure;

use crate::{
    FactorModel, LinearError, RotationReport, Scores,
    factor_analysis::{LEAST_UNIQUENESS, heywood_warning},
    rotation::canonical_order,
    scores::score_weights,
};
use ndarray::{Array1, Array2, Axis};
use pure::{Group, factor_covariance, groups, with_variables};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Run, Seed};
use unmix_numerics::{cholesky, inverse, inverse_spd};

/// The constants among which data splitting chooses that of the tolerance, as in the authors' package.
const DELTAS: [f64; 11] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1];

/// The parameters of LOVE.
///
/// ```
/// use ndarray::{Array2, array};
/// use rand_distr::{Distribution, StandardNormal};
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::LoveParams;
///
/// let a = array![[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.3, 0.7]];
/// let mut stream = Seed(1).stream("example", 0);
/// let mut normal = |n, d| Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream));
/// let x: Array2<f64> = normal(3000, 2).dot(&a.t()) + 0.7 * normal(3000, 6);
///
/// let model = LoveParams::default().build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?.model;
/// assert_eq!(model.components(), 2);
/// assert!((&model.loadings - &a).iter().all(|error| error.abs() < 0.15));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoveParams {
    /// The constant `c` of the tolerance `δ = c √(ln max(n, d) / n)` within which two correlations count as equal; chosen by data splitting if absent.
    pub delta: Option<f64>,
    /// Random splits of the rows that choose `delta`, of which the median counts.
    pub splits: usize,
    /// Loadings of the other variables below this many times their uncertainty are 0: `μ` of the paper.
    pub threshold: f64,
    /// How codes are estimated.
    pub scores: Scores,
}

impl Default for LoveParams {
    /// `delta` from 50 splits; threshold 0.5; regression scores. The settings of the authors' package.
    fn default() -> Self {
        Self { delta: None, splits: 50, threshold: 0.5, scores: Scores::default() }
    }
}

impl Params for LoveParams {
    type Estimator = Love;

    fn constraints(&self, checks: &mut Checks) {
        checks.positive("delta", self.delta.unwrap_or(1.0));
        checks.at_least("splits", self.splits, 1);
        checks.within("threshold", self.threshold, 0.0..=f64::MAX);
    }

    fn seal(self) -> Love {
        Love { params: self }
    }
}

/// The estimator that [`LoveParams`] build.
#[derive(Clone, Debug)]
pub struct Love {
    params: LoveParams,
}

/// Covariances with their diagonal's roots, and the rows behind them.
struct Covariances {
    rows: usize,
    mean: Array1<f64>,
    sigma: Array2<f64>,
    s: Array1<f64>,
}

impl Covariances {
    fn of(x: &Observations) -> Result<Self, LinearError> {
        x.require_rows(2, "estimate covariances")?;
        x.require_varying()?;
        x.require_distinct()?;
        let moments = crate::whitening::representable_moments(x)?;
        Ok(Self { rows: x.rows(), s: moments.covariance.diag().mapv(f64::sqrt), mean: moments.mean, sigma: moments.covariance })
    }

    /// `c √(ln max(n, d) / n)`.
    fn tolerance(&self, constant: f64) -> f64 {
        constant * ((self.rows.max(self.s.len()) as f64).ln() / self.rows as f64).sqrt()
    }
}

impl Fit<Observations> for Love {
    type Model = FactorModel;
    type Error = LinearError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<FactorModel>, LinearError> {
        let data = Covariances::of(x)?;
        let constant = match self.params.delta {
            Some(constant) => constant,
            None => run.in_pool(|run| self.delta(x, run.seed))?,
        };
        let (loadings, covariance) = self.structure(&data, data.tolerance(constant), x.names())?;
        let (model, standardized) = self.model(data, &loadings, &covariance)?;
        let warnings = heywood_warning(&standardized, x.names()).into_iter().collect();
        Ok(Fitted { warnings, ..Fitted::closed_form(model) })
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Bing, Bunea, Ning and Wegkamp (2020), Annals of Statistics 48(4), theorems 1 and 2: if every factor has two pure variables of \
                      equal loading, the magnitudes of the loadings of any other variable sum to no more than that, and no two factors covary as \
                      much as one of them varies, pure variables, loadings and covariance of the factors are unique up to \
                      order and sign",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn evidence(&self, x: &Observations, model: &FactorModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(self, x, model, run)
    }
}

impl Love {
    /// The median over random splits of the constant under which one half best predicts the covariances of the other. A split of which a half has
    /// no covariances, since a column is constant there or the copy of another, says nothing.
    fn delta(&self, x: &Observations, seed: Seed) -> Result<f64, LinearError> {
        x.require_rows(4, "split the rows in two halves")?;
        let split = |index: usize| -> Result<Option<f64>, LinearError> {
            let mut rows: Vec<usize> = (0..x.rows()).collect();
            rows.shuffle(&mut seed.stream("love", index as u64));
            let (one, other) = rows.split_at(x.rows() / 2);
            let (Ok(one), Ok(other)) = (Covariances::of(&x.select(one)?), Covariances::of(&x.select(other)?)) else { return Ok(None) };
            // the first of equals: the strictest tolerance
            let mut best = (DELTAS[0], f64::INFINITY);
            for constant in DELTAS {
                if let Ok((loadings, covariance)) = self.structure(&one, one.tolerance(constant), x.names()) {
                    let loss = off_diagonal_loss(&loadings.dot(&covariance).dot(&loadings.t()), &other);
                    if loss < best.1 {
                        best = (constant, loss);
                    }
                }
            }
            Ok(Some(best.0))
        };
        let chosen = (0..self.params.splits).into_par_iter().map(split).collect::<Result<Vec<_>, _>>()?;
        let chosen: Vec<f64> = chosen.into_iter().flatten().collect();
        if chosen.is_empty() {
            return Err(LinearError::NoSplits { splits: self.params.splits });
        }
        Ok(unmix_numerics::quantile(&chosen, 0.5)?)
    }

    /// What covariances and a tolerance say: `A` `[d, k]` and `C` `[k, k]`.
    fn structure(&self, data: &Covariances, delta: f64, names: &[String]) -> Result<(Array2<f64>, Array2<f64>), LinearError> {
        let sigma = data.sigma.view();
        let groups = groups(sigma, &data.s, delta);
        if groups.is_empty() {
            return Err(LinearError::NoPureVariables { tolerance: delta });
        }
        let covariance = factor_covariance(sigma, &groups);
        if cholesky(covariance.view()).is_err() {
            let list = |group: &Group| group.members.iter().filter_map(|(j, _)| names.get(*j).cloned()).collect::<Vec<_>>().join(", ");
            return Err(LinearError::IndistinctFactors { groups: groups.iter().map(list).collect::<Vec<_>>().join("; ") });
        }
        let precision = inverse_spd(covariance.view())?;
        let theta = with_variables(sigma, &groups);
        let mut loadings = precision.dot(&theta).reversed_axes();
        // what an error of δ s_i s_j in each covariance becomes in a loading
        let typical: Array1<f64> =
            groups.iter().map(|g| g.members.iter().map(|(j, _)| data.s[*j]).sum::<f64>() / g.members.len() as f64).collect();
        let amplified = precision.mapv(f64::abs).dot(&typical) * (self.params.threshold * delta);
        for (mut row, s) in loadings.rows_mut().into_iter().zip(&data.s) {
            row.zip_mut_with(&amplified, |v, a| *v = if v.abs() > a * s { *v } else { 0.0 });
        }
        for (k, group) in groups.iter().enumerate() {
            for &(j, sign) in &group.members {
                loadings.row_mut(j).fill(0.0);
                loadings[[j, k]] = sign;
            }
        }
        Ok((loadings, covariance))
    }

    /// The model in units of `x` with factors of variance 1, and its uniquenesses on the correlation scale.
    fn model(
        &self,
        data: Covariances,
        loadings: &Array2<f64>,
        covariance: &Array2<f64>,
    ) -> Result<(FactorModel, Array1<f64>), LinearError> {
        let scale = Array2::from_diag(&covariance.diag().mapv(f64::sqrt));
        let loadings = loadings.dot(&scale);
        let order = canonical_order(loadings.view());
        let loadings = loadings.dot(&order);
        let whole = inverse(scale.view())?.dot(&order);
        let correlation = whole.t().dot(covariance).dot(&whole);
        let shared = (&loadings.dot(&correlation) * &loadings).sum_axis(Axis(1));
        let variance = &data.s * &data.s;
        let standardized = ((&variance - &shared) / &variance).mapv(|u| u.max(LEAST_UNIQUENESS));
        let uniqueness = &standardized * &variance;
        let weighted = &loadings / &uniqueness.view().insert_axis(Axis(1));
        let model = FactorModel {
            unmixing: score_weights(&loadings, &weighted, &correlation, self.params.scores)?,
            rotation: RotationReport::unrotated(loadings.ncols()),
            correlation,
            mean: data.mean,
            sd: data.s,
            loadings,
            uniqueness,
            scores: self.params.scores,
        };
        Ok((model, standardized))
    }
}

/// The sum of squared errors, in units of the standard deviations, of `predicted` `[d, d]` as the covariances of different variables.
fn off_diagonal_loss(predicted: &Array2<f64>, held: &Covariances) -> f64 {
    let pairs = predicted.indexed_iter().filter(|((i, j), _)| i < j);
    pairs.map(|((i, j), value)| ((held.sigma[[i, j]] - value) / (held.s[i] * held.s[j])).powi(2)).sum()
}
