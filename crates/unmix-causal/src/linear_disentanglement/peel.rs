//! Noise directions and latents, source by source, from differences of precisions in coordinates where the observational one is `I`.
//!
//! Write `a` for the row of `B_0 H` that belongs to the target of an environment and `g = λ h` for its row under the intervention. Then
//! `Θ_k - Θ_0 = g gᵀ - a aᵀ`, and where `Θ_0 = I` the vectors `a` of all latents are orthonormal. A latent without causes has `g` parallel
//! to `a`: its difference has rank one. Once the vectors `a` of some latents are known, that of a latent whose causes are all among them is
//! the one eigenvector of its difference in their orthogonal complement, and `g gᵀ = Θ_k - Θ_0 + a aᵀ` follows without a triangular
//! decomposition.

use crate::CausalError;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use unmix_numerics::symmetric_eigen;

/// What peeling finds. Row `k` belongs to environment `k`.
pub(super) struct Peeled {
    /// Environments, those of causes before those of effects.
    pub order: Vec<usize>,
    /// The orthonormal rows `a_k` of `B_0 H`, `[d, d]`.
    pub noises: Array2<f64>,
    /// The rows `g_k = λ_k h_k`, `[d, d]`.
    pub latents: Array2<f64>,
}

/// One change of rank one found among eigenvalues.
pub(super) struct Change {
    /// Which eigenvalue has changed.
    pub index: usize,
    /// How much the others have: the environment with the least is next.
    pub misfit: f64,
}

/// The largest eigenvalue in magnitude against all: `1 - σ₁² / Σ σ²` of Squires et al.
pub(super) fn rank_one_misfit(values: ArrayView1<'_, f64>) -> Change {
    let index = values.iter().enumerate().fold(0, |most, (i, v)| if v.abs() > values[most].abs() { i } else { most });
    let rest: f64 = values.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, v)| v * v).sum();
    let all = rest + values[index] * values[index];
    // no change at all is no change of rank one
    Change { index, misfit: if all > 0.0 { rest / all } else { 1.0 } }
}

/// Peels `d` differences `[d, d]` of precisions; `change` looks at the eigenvalues of one in the complement of what is known.
pub(super) fn peel(differences: &[Array2<f64>], change: impl Fn(usize, ArrayView1<'_, f64>) -> Change) -> Result<Peeled, CausalError> {
    let d = differences.len();
    let mut waiting: Vec<usize> = (0..d).collect();
    let mut order = Vec::with_capacity(d);
    let (mut noises, mut latents) = (Array2::zeros((d, d)), Array2::zeros((d, d)));
    let mut complement = Array2::eye(d);
    while !waiting.is_empty() {
        let mut best: Option<(usize, Change, Array2<f64>)> = None;
        for (place, &k) in waiting.iter().enumerate() {
            let eigen = symmetric_eigen(complement.t().dot(&differences[k]).dot(&complement).view())?;
            let found = change(k, eigen.values.view());
            if best.as_ref().is_none_or(|(_, least, _)| found.misfit < least.misfit) {
                best = Some((place, found, eigen.vectors));
            }
        }
        let Some((place, found, vectors)) = best else { break };
        let k = waiting.remove(place);
        let noise: Array1<f64> = complement.dot(&vectors.column(found.index));
        let kept: Vec<usize> = (0..vectors.ncols()).filter(|&i| i != found.index).collect();
        complement = complement.dot(&vectors.select(Axis(1), &kept));
        let product = outer(&noise, &noise) + &differences[k];
        let eigen = symmetric_eigen(product.view())?;
        latents.row_mut(k).assign(&(&eigen.vectors.column(0) * eigen.values[0].max(0.0).sqrt()));
        noises.row_mut(k).assign(&noise);
        order.push(k);
    }
    Ok(Peeled { order, noises, latents })
}

/// `a bᵀ`.
pub(super) fn outer(a: &Array1<f64>, b: &Array1<f64>) -> Array2<f64> {
    a.view().insert_axis(Axis(1)).dot(&b.view().insert_axis(Axis(0)))
}
