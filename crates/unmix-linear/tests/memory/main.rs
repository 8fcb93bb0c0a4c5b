//! How much memory fits hold, in a binary of its own: its allocator counts.
// what fails outside a `#[test]` function fails its test all the same
#![allow(clippy::unwrap_used, clippy::panic)]

mod copies;
mod files;
// shared with the other test binary, which uses all of them
#[allow(dead_code)]
#[path = "../it/mixtures.rs"]
mod mixtures;
#[allow(dead_code)]
#[path = "../it/sparse_loadings.rs"]
mod sparse_loadings;

use std::sync::{Mutex, MutexGuard, PoisonError};
use unmix_core::Run;
use unmix_testkit::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Every thread of the process counts, and `cargo test` runs tests in threads: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run on two threads that have multiplied matrices: the product keeps a buffer for each thread, twice the size of the
/// third-level cache and mostly untouched, which a fit would count otherwise.
fn warm_run() -> Run<'static> {
    let x = mixtures::mixture(&[mixtures::Source::Laplace; 20], 200_000, 1).0;
    let mut run = Run::new(1).with_threads(2).unwrap();
    for name in ["picard", "nmf"] {
        let config = toml::from_str("components = 5\nmax_iterations = 2").unwrap();
        let method = unmix_linear::METHODS.iter().find(|m| m.name == name).unwrap();
        let x = if name == "nmf" { x.map(f64::abs).unwrap() } else { x.clone() };
        method.refit(&config, &x.into(), &mut run).unwrap();
    }
    run
}
