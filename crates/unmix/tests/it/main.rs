//! The command line as a user meets it, and every registered method under the conformance suite.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod bad_input;
mod command;
mod conformance;
mod reproducible;
mod workflows;
