//! Tests of `unmix-report`.

// the lints allow these in tests, but not in the functions that tests share
#![allow(clippy::unwrap_used)]

mod figures;
mod page;
mod refusals;
mod sample;
