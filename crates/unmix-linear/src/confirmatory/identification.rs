//! Whether covariances determine the parameters of a pattern: the count, and Wald's rank rule (Wald 1950; Bollen 1989, chapter 7).
//!
//! A model is locally identified at parameters where the Jacobian of `θ ↦ Σ(θ)` has full column rank. The rank is the same at almost all
//! parameters, so a random point tells what the pattern can do, and the estimate what it did with these data. Rank is judged by the singular
//! values of the Jacobian with columns of length 1, in the metric `tr(W ∂Σ W ∂Σ)`.

use super::{
    PatternError,
    pattern::Pattern,
    structure::{Directions, Matrices, Structure},
};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::RngExt;
use unmix_core::{Seed, Stream};
use unmix_numerics::{Eigen, NumericsError, symmetric_eigen};

/// Below this least singular value at each of [`POINTS`] random points a Jacobian has not full rank. Products of columns are known to
/// 1e-16, their singular values so to 1e-8.
const LEAST_SINGULAR_VALUE: f64 = 1e-6;

/// Random points; at one of them a full rank may look deficient by chance.
const POINTS: u64 = 3;

/// Weight of a parameter in a null direction below which it is not named.
const INVOLVED: f64 = 1e-3;

/// Fails unless the covariances of `d` variables determine the parameters of `structure`, at almost all of their values.
pub(crate) fn require_identified(pattern: &Pattern, structure: &Structure, names: &[String], seed: Seed) -> Result<(), LinearError> {
    let (variables, parameters) = (names.len(), structure.free.len());
    let moments = variables * (variables + 1) / 2;
    if parameters > moments {
        return Err(PatternError::TooManyParameters { parameters, variables, moments }.into());
    }
    let mut least = None;
    for point in 0..POINTS {
        let matrices = random_point(pattern, structure, &mut seed.stream("confirmatory-identification", point));
        let eigen = spectrum(&matrices.directions(&structure.free), Array2::eye(variables).view())?;
        if eigen.values.iter().all(|&v| v > LEAST_SINGULAR_VALUE.powi(2)) {
            return Ok(());
        }
        least = Some(eigen);
    }
    let Some(eigen) = least else { return Ok(()) };
    let null = eigen.values.iter().zip(eigen.vectors.columns()).filter(|(v, _)| **v <= LEAST_SINGULAR_VALUE.powi(2));
    let weights = null.fold(Array1::<f64>::zeros(parameters), |sum, (_, vector)| sum + vector.mapv(f64::abs));
    let involved = structure.free.iter().zip(&weights).filter(|(_, weight)| **weight > INVOLVED);
    let list: Vec<String> = involved.map(|(parameter, _)| format!("\"{}\"", parameter.name(names, &pattern.factors))).collect();
    Err(PatternError::NotIdentified { parameters: list.join(", ") }.into())
}

/// The least singular value of the Jacobian of `Σ` by the free parameters of `structure`, each column of length 1 in the metric `w` `[d, d]`.
pub(crate) fn least_singular_value(matrices: &Matrices, structure: &Structure, w: ArrayView2<'_, f64>) -> Result<f64, NumericsError> {
    let values = spectrum(&matrices.directions(&structure.free), w)?.values;
    Ok(values.last().map_or(0.0, |v| v.max(0.0).sqrt()))
}

/// The eigenvalues of the products of the normalised columns. A column of length 0 stays 0.
fn spectrum(directions: &Directions, w: ArrayView2<'_, f64>) -> Result<Eigen, NumericsError> {
    let products = directions.products(w, directions);
    let scale = products.diag().mapv(|v| if v > 0.0 { v.sqrt().recip() } else { 0.0 });
    symmetric_eigen((products * &scale * scale.view().insert_axis(Axis(1))).view())
}

/// Loadings of 0.4 to 0.9 of either sign, correlations and noise that a table may have.
fn random_point(pattern: &Pattern, structure: &Structure, stream: &mut Stream) -> Matrices {
    let (d, k) = pattern.loads.dim();
    let mut between = |low: f64, high: f64| low + (high - low) * stream.random::<f64>();
    let loadings = Array2::from_shape_fn((d, k), |_| {
        let size = between(0.4, 0.9);
        if between(0.0, 1.0) < 0.5 { -size } else { size }
    });
    let weights: Array1<f64> = (0..k).map(|_| between(0.3, 0.8)).collect();
    let mut factors = Array2::from_shape_fn((k, k), |(i, j)| weights[i] * weights[j]);
    factors.diag_mut().fill(1.0);
    let spread: Array1<f64> = (0..d).map(|_| between(0.1, 0.3)).collect();
    let mut noise = Array2::from_shape_fn((d, d), |(i, j)| spread[i] * spread[j]);
    noise.diag_mut().iter_mut().for_each(|v| *v = between(0.3, 0.8));
    structure.at(structure.values(&Matrices { loadings, factors, noise }).view())
}
