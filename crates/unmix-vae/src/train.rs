//! The only training loop, and the only place that calls `backward`.
//!
//! Batches, noise and the held-out rows are functions of the seed and the step, so a resumed run goes on exactly where it was; the
//! data stay on the host and go to the device batch by batch. Gradients are clipped by their global norm (Pascanu et al. 2013) and
//! followed by Adam (Kingma and Ba 2015).

use crate::{
    Batch, Family, Objective, Schedule, VaeError,
    progress::{State, fingerprint},
    rows::{Batches, Split, held_out},
};
use burn::{
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_backend::{
    Noise, clip_global_norm,
    host::{to_tensor, to_vec},
};
use unmix_core::{Progress, Run, Seed, Stop};

/// How to train, whatever is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows in a batch; the last of an epoch may be smaller.
    pub batch_size: usize,
    /// Adam's step size.
    pub learning_rate: Schedule,
    /// The largest global norm of a gradient; longer ones are scaled down. `None` leaves them.
    pub clip_norm: Option<f64>,
    /// The share of rows that is held out to watch the objective, from 0 to below 1.
    pub validation_share: f64,
    /// Epochs without a better held-out objective after which training stops and returns the best networks. They are counted from
    /// the step at which no weight changes any more. `None` trains to the end and returns the last networks.
    pub patience: Option<usize>,
}

impl Training {
    /// Steps in an epoch over `rows` rows, of which some are held out.
    pub fn steps_per_epoch(&self, rows: usize) -> usize {
        rows.saturating_sub(held_out(rows, self.validation_share)).div_ceil(self.batch_size.max(1))
    }
}

/// A trained family and how it went.
#[derive(Clone, Debug)]
pub struct Trained<F> {
    /// The family, off autodiff.
    pub family: F,
    /// Why training stopped.
    pub stop: Stop,
    /// Steps done.
    pub steps: usize,
    /// The objective in nats a row, with its final weights: on held-out rows if there are any, else on the rows trained on.
    pub objective: f64,
    /// Its terms, in nats a row.
    pub terms: Vec<(&'static str, f64)>,
}

/// Maximises `objective` over the parameters of `family`, which lives on the autodiff side of `device`, given rows `x` `[n, d]`.
///
/// Each step is observed as stage `"training"`, each held-out evaluation as `"held-out"`, with the terms in nats as parts.
/// With checkpoints in the run, a checkpoint of the same fit is gone on from; one is written on cancellation too.
///
/// # Errors
/// [`VaeError::Diverged`] names step and term; [`BackendError::Foreign`](unmix_backend::BackendError::Foreign) if the checkpoint
/// belongs to another fit; [`DataError::TooFewRows`](unmix_core::DataError::TooFewRows) if no row is left to train on; errors of device
/// and checkpoint files.
pub fn train<F: Family>(
    family: F,
    objective: &Objective,
    x: ArrayView2<'_, f64>,
    training: &Training,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<Trained<F>, VaeError> {
    let seed = run.seed;
    let split = Split::new(x.nrows(), training.validation_share, seed)?;
    let mut batches = Batches::new(split.train.clone(), training.batch_size, seed);
    let (per_epoch, total) = (batches.per_epoch(), batches.per_epoch() * training.epochs);
    let (plain, autodiff) = (device.clone().without_autodiff(), device.clone().autodiff());
    let fit = fingerprint(&family, objective, x, training);
    let mut state = State::start(family);
    if let Some(checkpoints) = &run.checkpoints {
        state = state.resume(&checkpoints.folder, seed, &fit)?;
    }

    let stop = loop {
        if training.patience.is_some_and(|patience| state.held_out.stale >= patience) {
            break Stop::EarlyStopping;
        }
        if state.step >= total {
            break Stop::Completed;
        }
        let batch = Batch { x: to_tensor(x.select(Axis(0), batches.at(state.step)).view(), &autodiff) };
        let values;
        (state, values) = improve(state, objective, &batch, training, seed)?;
        let mut go_on = report(run, "training", objective, &values, state.step - 1, state.step, total);

        if state.step.is_multiple_of(per_epoch) && !split.held_out.is_empty() {
            let values = evaluate(&state.family.valid(), objective, x, &split.held_out, &plain, seed, state.step)?;
            if state.held_out.judge(weighted(objective, &values, FINAL), state.step >= objective.settled()) {
                state.best = state.family.clone();
            }
            go_on &= report(run, "held-out", objective, &values, FINAL, state.step, total);
        }
        if let Some(checkpoints) = &run.checkpoints
            && (!go_on || state.step.is_multiple_of(checkpoints.every.max(1)))
        {
            state.save(&checkpoints.folder, seed, &fit)?;
        }
        if !go_on {
            break Stop::Cancelled;
        }
    };

    let use_best = training.patience.is_some() && state.held_out.judged();
    let family = if use_best { state.best.valid() } else { state.family.valid() };
    let rows = if split.held_out.is_empty() { &split.train } else { &split.held_out };
    let values = evaluate(&family, objective, x, rows, &plain, seed, state.step)?;
    let terms = objective.names().into_iter().zip(values.iter().copied()).collect();
    Ok(Trained { family, stop, steps: state.step, objective: weighted(objective, &values, FINAL), terms })
}

/// One step up the gradient on `batch`, and the terms before it, `[terms]`.
fn improve<F: Family>(
    state: State<F>,
    objective: &Objective,
    batch: &Batch,
    training: &Training,
    seed: Seed,
) -> Result<(State<F>, Vec<f64>), VaeError> {
    let State { family, mut adam, best, step, held_out } = state;
    let terms = objective.terms(&family.draw(batch, &mut Noise::at(seed, step as u64))).mean_dim(0);
    let values = finite(terms.clone(), objective, step + 1)?;
    let loss = -objective.weigh(terms, step);
    let mut gradients = GradientsParams::from_grads(loss.backward(), &family);
    let norm = clip_global_norm(&mut gradients, &family, training.clip_norm.unwrap_or(f64::INFINITY))?;
    if !norm.is_finite() {
        return Err(VaeError::Diverged { step: step + 1, term: "gradient norm", value: norm });
    }
    let family = adam.step(training.learning_rate.at(step), family, gradients);
    Ok((State { family, adam, best, step: step + 1, held_out }, values))
}

/// A step after every schedule has settled: held-out rows are judged by the final weights.
const FINAL: usize = usize::MAX;

/// Rows on the device at once when nothing is differentiated.
pub(crate) const CHUNK: usize = 256;

/// The mean of each term over `rows` of `x`, with noise that is the same at every call.
fn evaluate<F: Family>(
    family: &F,
    objective: &Objective,
    x: ArrayView2<'_, f64>,
    rows: &[usize],
    device: &Device,
    seed: Seed,
    step: usize,
) -> Result<Vec<f64>, VaeError> {
    let mut sums = vec![0.0; objective.names().len()];
    for (index, rows) in rows.chunks(CHUNK).enumerate() {
        let batch = Batch { x: to_tensor(x.select(Axis(0), rows).view(), device) };
        let draw = family.draw(&batch, &mut Noise::of(seed, "held-out", index as u64));
        let means = finite(objective.terms(&draw).mean_dim(0), objective, step)?;
        sums.iter_mut().zip(means).for_each(|(sum, mean)| *sum += mean * rows.len() as f64);
    }
    Ok(sums.into_iter().map(|sum| sum / rows.len() as f64).collect())
}

/// Reads the terms `[1, terms]` from the device and refuses what is not finite.
fn finite(terms: Tensor<2>, objective: &Objective, step: usize) -> Result<Vec<f64>, VaeError> {
    let values = to_vec(terms)?;
    let names = objective.names();
    match names.iter().zip(&values).find(|(_, value)| !value.is_finite()) {
        Some((term, &value)) => Err(VaeError::Diverged { step, term, value }),
        None => Ok(values),
    }
}

/// The weighted sum of `values` with the weights of `step`.
fn weighted(objective: &Objective, values: &[f64], step: usize) -> f64 {
    objective.weights().iter().zip(values).map(|(weight, value)| weight.at(step) * value).sum()
}

/// Tells the observer; whether to go on.
fn report(run: &mut Run<'_>, stage: &str, objective: &Objective, values: &[f64], weights_of: usize, step: usize, total: usize) -> bool {
    let parts: Vec<(&str, f64)> = objective.names().into_iter().zip(values.iter().copied()).collect();
    let objective = weighted(objective, values, weights_of);
    run.observer.observe(&Progress { stage, step, total: Some(total), objective, parts: &parts }).is_continue()
}
