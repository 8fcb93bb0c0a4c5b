//! Which rows are trained on, which are held out, and in what order.

use crate::VaeError;
use std::ops::Range;
use unmix_backend::Noise;
use unmix_core::{DataError, Seed};

/// A random split of the rows into those trained on and those held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub train: Vec<usize>,
    pub held_out: Vec<usize>,
}

impl Split {
    /// Holds out `share` of `rows` rows, at least one if `share` is above zero.
    pub fn new(rows: usize, share: f64, seed: Seed) -> Result<Self, VaeError> {
        let held_out = held_out(rows, share);
        if held_out >= rows {
            let reason = "train on some and hold out the rest (`validation_share`)";
            return Err(DataError::TooFewRows { needed: held_out + 1, found: rows, reason }.into());
        }
        let mut all = Noise::of(seed, "held-out rows", 0).permutation(rows);
        let train = all.split_off(held_out);
        Ok(Self { train, held_out: all })
    }
}

/// The number of rows held out.
pub(crate) fn held_out(rows: usize, share: f64) -> usize {
    (share * rows as f64).ceil() as usize
}

/// Batches of rows: each epoch takes every row once, in an order of its own. The last batch of an epoch holds what is left and may
/// be smaller; its mean counts like any other.
#[derive(Debug)]
pub(crate) struct Batches {
    rows: Vec<usize>,
    size: usize,
    seed: Seed,
    epoch: Option<usize>,
    order: Vec<usize>,
}

impl Batches {
    pub fn new(rows: Vec<usize>, size: usize, seed: Seed) -> Self {
        Self { rows, size: size.max(1), seed, epoch: None, order: Vec::new() }
    }

    pub fn per_epoch(&self) -> usize {
        self.rows.len().div_ceil(self.size)
    }

    /// The rows of the batch of `step`, counted from 0: a function of seed and step alone.
    pub fn at(&mut self, step: usize) -> &[usize] {
        let (epoch, position) = (step / self.per_epoch(), step % self.per_epoch());
        if self.epoch != Some(epoch) {
            let order = Noise::of(self.seed, "order", epoch as u64).permutation(self.rows.len());
            self.order = order.into_iter().map(|i| self.rows[i]).collect();
            self.epoch = Some(epoch);
        }
        let range: Range<usize> = position * self.size..((position + 1) * self.size).min(self.order.len());
        &self.order[range]
    }
}
