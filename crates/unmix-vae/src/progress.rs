//! Where a training run stands, and how it is written to disk and read back.

use crate::{Family, Objective, Schedule, Training, VaeError};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_backend::{Adam, AdamConfig, BackendError, Checkpoint, CheckpointState, CheckpointWriter};
use unmix_core::Seed;

/// Everything that a training run carries from step to step; randomness has no state.
pub(crate) struct State<F> {
    /// The networks.
    pub family: F,
    /// Their optimiser.
    pub adam: Adam,
    /// The networks at the best held-out objective so far.
    pub best: F,
    /// Steps done.
    pub step: usize,
    /// What the held-out rows said.
    pub held_out: HeldOut,
}

/// The memory of early stopping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldOut {
    /// Bits of the best objective so far: exact through JSON, and infinity has bits too.
    best: Option<u64>,
    /// Evaluations since the best.
    pub stale: usize,
}

impl HeldOut {
    /// Takes note of an objective; whether it is the best so far. Only where `settled` does a worse one count against patience.
    pub fn judge(&mut self, value: f64, settled: bool) -> bool {
        let better = self.best.is_none_or(|bits| value > f64::from_bits(bits));
        if better {
            *self = Self { best: Some(value.to_bits()), stale: 0 };
        } else if settled {
            self.stale += 1;
        }
        better
    }

    /// Whether there was an evaluation.
    pub fn judged(self) -> bool {
        self.best.is_some()
    }
}

const NETWORKS: &str = "networks";
const BEST: &str = "best";

impl<F: Family> State<F> {
    /// Before the first step.
    pub fn start(family: F) -> Self {
        Self { best: family.clone(), family, adam: Adam::new(AdamConfig::default()), step: 0, held_out: HeldOut::default() }
    }

    /// The state in the newest checkpoint of `folder`, or this one if there is none.
    pub fn resume(self, folder: &Path, seed: Seed, fit: &str) -> Result<Self, VaeError> {
        let Some(checkpoint) = Checkpoint::latest(folder)? else { return Ok(self) };
        checkpoint.require(seed, fit)?;
        let family = checkpoint.module(NETWORKS, self.family)?;
        let adam = checkpoint.optimiser(NETWORKS, &family, AdamConfig::default())?;
        let best = checkpoint.module(BEST, self.best)?;
        let state = checkpoint.state();
        let malformed = |source| BackendError::State { path: folder.to_owned(), source };
        let held_out = serde_json::from_value(state.progress.clone()).map_err(malformed)?;
        Ok(Self { family, adam, best, step: state.step as usize, held_out })
    }

    /// Writes a checkpoint to `folder`, in place of the one before.
    pub fn save(&self, folder: &Path, seed: Seed, fit: &str) -> Result<(), VaeError> {
        let malformed = |source| BackendError::State { path: folder.to_owned(), source };
        let progress = serde_json::to_value(self.held_out).map_err(malformed)?;
        let mut writer = CheckpointWriter::new(folder)?;
        writer.module(NETWORKS, &self.family)?;
        writer.optimiser(NETWORKS, &self.family, &self.adam)?;
        writer.module(BEST, &self.best)?;
        Ok(writer.commit(CheckpointState::new(self.step as u64, seed, fit).with_progress(progress))?)
    }
}

/// What must be equal for a checkpoint to be of the same fit, besides the seed.
pub(crate) fn fingerprint<F: Family>(family: &F, objective: &Objective, x: ArrayView2<'_, f64>, training: &Training) -> String {
    let weights: Vec<(&str, Schedule)> = objective.names().into_iter().zip(objective.weights()).collect();
    let settings = format!("{} {weights:?} {training:?}", family.describe());
    let data = fnv1a(x.iter().flat_map(|v| v.to_bits().to_le_bytes()));
    format!("settings {:016x} on data {data:016x} of {} × {}", fnv1a(settings.bytes()), x.nrows(), x.ncols())
}

fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
