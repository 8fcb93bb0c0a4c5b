//! Devices, random tensors, networks, optimiser and checkpoints on flex; the other backends against flex.

#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::panic, reason = "tests panic, and equality to the bit is what is promised")]

mod blocks;
mod checkpoint;
mod devices;
mod noise;
mod optimiser;
mod parity;
mod threads;
mod training;
