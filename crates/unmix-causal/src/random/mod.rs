//! Random causal models, with which methods are tested.

mod graph;
mod sortability;

pub use graph::{GraphKind, RandomDag};
pub use sortability::varsortability;
