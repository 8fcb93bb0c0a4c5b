//! How alike two decompositions are: Tucker's congruence (Tucker 1951; Lorenzo-Seva and ten Berge 2006, Methodology 2(2), 57–64).

use super::CpModel;
use crate::LinearError;
use ndarray::Array2;
use unmix_numerics::maximum_assignment;

/// The terms of two decompositions, matched one to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Congruence {
    /// `(term of the first, term of the second)`, those of the first ascending.
    pub pairs: Vec<(usize, usize)>,
    /// The congruence of each pair: the product over modes of the cosines, so that signs that cancel within a term do not matter. 1 for equal terms.
    pub values: Vec<f64>,
}

impl Congruence {
    /// The least of the values; 1 if there is none.
    pub fn least(&self) -> f64 {
        self.values.iter().copied().fold(1.0, f64::min)
    }
}

/// Matches the terms of `a` and `b` so that the sum of congruences is greatest, as an assignment problem.
///
/// # Errors
/// [`LinearError::TensorShape`] if the modes differ in number or length.
pub fn congruence(a: &CpModel, b: &CpModel) -> Result<Congruence, LinearError> {
    if a.shape() != b.shape() {
        return Err(LinearError::TensorShape { expected: a.shape(), found: b.shape() });
    }
    let cosines = cosines(&a.factors, &b.factors, (a.components(), b.components()));
    let pairs = maximum_assignment(cosines.view())?.pairs;
    Ok(Congruence { values: pairs.iter().map(|&pair| cosines[pair]).collect(), pairs })
}

/// The products over modes of the cosines between unit columns, `[k, k']`.
pub(super) fn cosines(a: &[Array2<f64>], b: &[Array2<f64>], shape: (usize, usize)) -> Array2<f64> {
    a.iter().zip(b).fold(Array2::ones(shape), |product, (a, b)| product * a.t().dot(b))
}
