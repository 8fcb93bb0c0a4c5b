//! Behaviour of the shared types, on a toy method that needs no numerics.
#![allow(clippy::unwrap_used)]

mod classes;
mod data;
mod registry;
mod streams;
