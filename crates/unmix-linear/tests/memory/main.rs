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

use unmix_testkit::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;
