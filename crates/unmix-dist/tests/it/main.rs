//! Distributions against SciPy, samplers against their cdf, tensors against the host and finite differences.

#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::panic, reason = "tests panic, and equality to the bit is what is promised")]

mod goldens;
mod parameters;
mod samplers;
mod tensors;
