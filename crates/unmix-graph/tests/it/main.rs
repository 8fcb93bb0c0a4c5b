//! Tests of the public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dag;
mod graph;
mod layout;
mod random;
mod write;
