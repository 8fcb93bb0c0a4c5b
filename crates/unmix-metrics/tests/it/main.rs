//! Integration tests of unmix-metrics.

#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::items_after_statements)] // tests: exact values, constants beside their use

mod amari;
mod codes;
mod graphs;
mod invariance;
mod registry;
