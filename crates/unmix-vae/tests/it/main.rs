//! Tests of `unmix-vae` through its public interface.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "shared functions fail by panicking; equal bits are meant"
)]

mod bad_input;
mod bytes;
mod conformance;
mod data;
mod gradients;
mod kill;
mod linear;
mod model;
mod training;
