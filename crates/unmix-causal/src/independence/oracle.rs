//! Answers read off a known graph.

use super::IndependenceTest;
use crate::CausalError;
use unmix_graph::Dag;

/// d-separation in a known DAG: what a test with infinitely many rows would say of a distribution that is faithful to it. p-values are 1
/// and 0.
#[derive(Clone, Debug)]
pub struct SeparationOracle(pub Dag);

impl IndependenceTest for SeparationOracle {
    fn names(&self) -> &[String] {
        self.0.graph().nodes()
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, CausalError> {
        Ok(f64::from(u8::from(self.0.d_separated(&[x], &[y], given)?)))
    }

    fn assumption(&self) -> &'static str {
        "the graph is known"
    }
}
