//! Tests of `unmix-data`.

// the lints allow these in tests, but not in the functions that tests share
#![allow(clippy::unwrap_used)]

mod bundled;
mod csv;
mod idx;
mod npy;
mod run_directory;
mod simulate;
