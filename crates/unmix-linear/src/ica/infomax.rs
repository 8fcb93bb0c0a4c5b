//! Infomax (Bell and Sejnowski 1995, Neural Computation 7(6), 1129–1159) and extended Infomax (Lee, Girolami and Sejnowski 1999, Neural
//! Computation 11(2), 417–441): maximum likelihood by natural-gradient steps on blocks of rows in random order,
//! `w ← w + η Σ (I - φ(y) yᵀ) w` with `φ(y) = tanh(y / 2)`, extended `φ(y) = s tanh(y) + y`.
//!
//! The schedule is that of EEGLAB and MNE: a learning rate that falls when two sweeps point in directions more than 60 degrees apart, a
//! restart with a lower one when weights blow up. [`Picard`](super::Picard) finds the same optimum exactly and faster; this is for those who
//! have to compare with published analyses. One departure: the signs `s` come from all rows before each sweep, not from 6,000 drawn ones
//! within it.

use super::{
    Contrast, Ended, Ica, PicardOParams, PicardParams, comon,
    contrast::Score,
    decorrelate, gaussian_sources, negentropy, not_converged, ordered_model,
    picard::{density_claim, density_suits},
    random_start, side,
    white::White,
};
use crate::{LinearError, LinearModel, Reduction, whitening::Whitening};
use ndarray::{Array1, Array2, Axis};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Evidence, Fit, Fitted, Observations, Params, Progress, Run, Seed, Stop, Stream};
use unmix_numerics::{inverse, tanh_in_place};

/// Two sweeps that point further apart, in degrees, overshoot.
const ANNEAL_DEGREES: f64 = 60.0;
/// What the learning rate is multiplied by then, and after a blow-up.
const ANNEAL: f64 = 0.9;
/// Weights beyond this have blown up.
const BLOW_UP: f64 = 1e8;
/// A learning rate below this after blow-ups means that no rate works.
const LEAST_RATE: f64 = 1e-10;

/// The parameters of Infomax.
///
/// ```
/// use unmix_core::Params;
/// use unmix_linear::InfomaxParams;
///
/// let error = InfomaxParams { learning_rate: Some(0.0), ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`learning_rate` is 0, it must be finite and above 0");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InfomaxParams {
    /// The number of sources; all columns if `None`. Fewer keep the leading principal components.
    pub components: Option<usize>,
    /// With fewer components than columns, whose principal components.
    pub reduction: Reduction,
    /// Whether sources may be sub-Gaussian: the sign of each score follows the source.
    pub extended: bool,
    /// The first learning rate; `0.01 / ln k²` if `None`, as in MNE.
    pub learning_rate: Option<f64>,
    /// Rows of a block; `√(n / 3)` if `None`, as in MNE.
    pub block: Option<usize>,
    /// The most sweeps over all rows.
    pub max_iterations: usize,
    /// Stops when the squared weights change by less in a sweep.
    pub tolerance: f64,
}

impl Default for InfomaxParams {
    fn default() -> Self {
        Self {
            components: None,
            reduction: Reduction::Covariance,
            extended: true,
            learning_rate: None,
            block: None,
            max_iterations: 512,
            tolerance: 1e-7,
        }
    }
}

impl Params for InfomaxParams {
    type Estimator = Infomax;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.positive("learning_rate", self.learning_rate.unwrap_or(1.0));
        checks.at_least("block", self.block.unwrap_or(1), 1);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
    }

    fn seal(self) -> Infomax {
        Infomax { params: self }
    }
}

/// The estimator that [`InfomaxParams`] build.
#[derive(Clone, Debug)]
pub struct Infomax {
    params: InfomaxParams,
}

/// The weights as they are learnt.
struct Learner<'a> {
    /// White data, `[n, k]`.
    z: &'a Array2<f64>,
    block: usize,
    /// The sign of each score, `[k]`; `None` without `extended`.
    signs: Option<Array1<f64>>,
    w: Array2<f64>,
    bias: Array1<f64>,
    rate: f64,
}

impl Learner<'_> {
    /// One sweep over the rows in random order; false if the weights blew up.
    fn sweep(&mut self, stream: &mut Stream) -> bool {
        let mut order: Vec<usize> = (0..self.z.nrows()).collect();
        order.shuffle(stream);
        for rows in order.chunks_exact(self.block) {
            let y = self.z.select(Axis(0), rows).dot(&self.w.t()) + &self.bias;
            let mut score = y.clone();
            if self.signs.is_none() {
                score *= 0.5;
            }
            if let Some(values) = score.as_slice_memory_order_mut() {
                tanh_in_place(values);
            }
            let sums = score.sum_axis(Axis(0));
            let phi = match &self.signs {
                Some(signs) => score * signs + &y,
                None => score,
            };
            let step = Array2::eye(self.w.nrows()) * rows.len() as f64 - phi.t().dot(&y);
            self.w = &self.w + &(step.dot(&self.w) * self.rate);
            self.bias.scaled_add(if self.signs.is_some() { -2.0 * self.rate } else { -self.rate }, &sums);
            // written so that NaN is seen too
            if !self.w.iter().all(|v| v.abs() < BLOW_UP) {
                return false;
            }
        }
        true
    }
}

impl Infomax {
    fn score() -> Score {
        Score { contrast: Contrast::LogCosh, alpha: 1.0 }
    }

    /// Of the sources' density: `tanh(y / 2)`, or `tanh(y)` of either sign.
    fn density(&self) -> Score {
        Score { alpha: if self.params.extended { 1.0 } else { 0.5 }, ..Self::score() }
    }

    fn fit_in_pool(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        let whitening = Whitening::of(x, self.params.components, self.params.reduction)?;
        let white = White::of(x, &whitening)?;
        let z = white.to_rows()?;
        let ended = self.learn(&white, &z, run)?;
        let contrast = negentropy(&white, &ended.w, Self::score())?;
        let (model, distance) = ordered_model(whitening, &ended);
        let mut warnings = Vec::new();
        if ended.stop == Stop::MaxIterations {
            warnings.push(not_converged(&distance, self.params.tolerance / distance.len() as f64, ended.iterations, "changing by"));
        }
        Ok(Fitted { model, stop: ended.stop, iterations: ended.iterations, objective: Some(contrast), warnings })
    }

    /// Picard-O with the same components, which allows sources of both kinds.
    fn both_kinds(&self) -> PicardOParams {
        let InfomaxParams { components, reduction, .. } = self.params;
        PicardOParams(PicardParams { components, reduction, ..Default::default() })
    }

    /// Where learning ends.
    fn learn(&self, white: &White<'_>, z: &Array2<f64>, run: &mut Run<'_>) -> Result<Ended, LinearError> {
        let (n, k) = z.dim();
        // ln k² is 0 for a single component, which any rate finds
        let first_rate = self.params.learning_rate.unwrap_or(0.01 / ((k.max(2) * k.max(2)) as f64).ln());
        let block = self.params.block.unwrap_or(((n as f64 / 3.0).sqrt() as usize).max(1)).min(n);
        let start = decorrelate(&random_start(k, &mut run.seed.stream("infomax", 0)))?;
        let mut learner = Learner {
            z,
            block,
            signs: self.params.extended.then(|| Array1::ones(k)),
            w: start.clone(),
            bias: Array1::zeros(k),
            rate: first_rate,
        };
        let mut stream = run.seed.stream("infomax-rows", 0);
        let mut last: Option<(Array2<f64>, f64)> = None;
        let (mut sweep, mut restart_rate) = (0, first_rate);
        let (stop, step) = loop {
            if let Some(signs) = &mut learner.signs {
                *signs = white.moments(&learner.w, Self::score(), false)?.sides(&learner.w);
            }
            let before = learner.w.clone();
            if !learner.sweep(&mut stream) {
                restart_rate *= ANNEAL;
                if restart_rate < LEAST_RATE {
                    return Err(LinearError::Diverged { method: "infomax", iteration: sweep + 1, value: f64::INFINITY });
                }
                (learner.w, learner.bias, learner.rate) = (start.clone(), Array1::zeros(k), restart_rate);
                (sweep, last) = (0, None);
                continue;
            }
            sweep += 1;
            let step = &learner.w - &before;
            let change = step.mapv(|v| v * v).sum();
            let parts = [("change", change), ("learning rate", learner.rate)];
            let progress =
                Progress { stage: "infomax", step: sweep, total: Some(self.params.max_iterations), objective: change, parts: &parts };
            if run.observer.observe(&progress).is_break() {
                break (Stop::Cancelled, step);
            }
            if change < self.params.tolerance {
                break (Stop::Tolerance, step);
            }
            if sweep == self.params.max_iterations {
                break (Stop::MaxIterations, step);
            }
            // the direction is compared with that of the last overshoot, as in EEGLAB: small turns add up
            let overshoots = last.as_ref().is_some_and(|(old, old_change)| {
                let cosine = (old * &step).sum() / (old_change * change).sqrt();
                cosine.clamp(-1.0, 1.0).acos().to_degrees() > ANNEAL_DEGREES
            });
            if overshoots {
                learner.rate *= ANNEAL;
            }
            if overshoots || last.is_none() {
                last = Some((step, change));
            }
        };
        let lengths = learner.w.map_axis(Axis(1), |row| row.dot(&row).sqrt());
        let distance = step.map_axis(Axis(1), |row| row.dot(&row));
        let w = learner.w / lengths.insert_axis(Axis(1));
        Ok(Ended { inverse: inverse(w.view())?, w, distance, iterations: sweep, stop })
    }
}

impl Fit<Observations> for Infomax {
    type Model = LinearModel;
    type Error = LinearError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LinearModel>, LinearError> {
        run.in_pool(|run| self.fit_in_pool(x, run))
    }

    fn claim(&self) -> Claim {
        density_claim(self.params.extended, comon(self.params.components))
    }

    fn screen(&self, x: &Observations, seed: Seed) -> Vec<Evidence> {
        vec![gaussian_sources::screen(x, seed)]
    }

    fn evidence(&self, x: &Observations, model: &LinearModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| {
            let mut evidence = side::evidence(self, self.density(), x, model, run)?;
            if !self.params.extended {
                evidence.push(density_suits(&self.both_kinds().seal(), x, run)?);
            }
            Ok(evidence)
        })
    }
}

impl Ica for Infomax {
    fn components(&self) -> Option<usize> {
        self.params.components
    }

    fn reduction(&self) -> Reduction {
        self.params.reduction
    }
}
