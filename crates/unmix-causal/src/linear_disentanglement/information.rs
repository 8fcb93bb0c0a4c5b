//! How certain the equations are: the Fisher information of unmixing and equations together.
//!
//! With `A_k` the rows `a_j = b_j H` (and `h_k` in place of `a_k`), `Θ_k = A_kᵀ A_k`, and a parameter that moves `A_k` by `E A_k` contributes
//! `n_k (tr E Eᵀ + tr E E)` to the information of Gaussian data. Every parameter here moves `A_k` by a matrix of rank one, `E = u vᵀ`.

use super::likelihood::{Equations, Likelihood};
use crate::CausalError;
use ndarray::Array2;
use unmix_numerics::{inverse, inverse_spd};

/// Most latents for which the uncertainty of the unmixing counts: the information matrix has `d² + d(d + 1)/2` rows.
pub(super) const MOST_LATENTS: usize = 20;

/// The ratios of the entries `b_ji` of the structure to their standard errors, `[d, d]`; zero where `parents` allow none.
///
/// With more than [`MOST_LATENTS`] latents the unmixing counts as known, and the ratios are too large.
pub(super) fn ratios(likelihood: &Likelihood, parents: &[Vec<usize>], equations: &Equations) -> Result<Array2<f64>, CausalError> {
    let d = parents.len();
    let Equations { structure, rows } = equations;
    let entries: Vec<(usize, usize)> = (0..d).flat_map(|j| parents[j].iter().copied().chain([j]).map(move |i| (j, i))).collect();
    let free = if d <= MOST_LATENTS { d * d } else { 0 };
    let size = free + entries.len();
    let mut information = Array2::<f64>::zeros((size, size));
    let noises = structure.dot(rows);
    let environments = likelihood.rows.iter().enumerate().map(|(k, n)| (Some(k), *n)).chain([(None, likelihood.observational_rows)]);
    for (target, n) in environments {
        let mut a = noises.clone();
        if let Some(k) = target {
            a.row_mut(k).assign(&rows.row(k));
        }
        let inverse = inverse(a.view())?;
        let (mut u, mut v) = (Array2::zeros((size, d)), Array2::zeros((size, d)));
        // the entry [j, l] of the unmixing
        for index in 0..free {
            let (j, l) = (index / d, index % d);
            u.row_mut(index).assign(&structure.column(j));
            if let Some(k) = target {
                u[[index, k]] = f64::from(u8::from(j == k));
            }
            v.row_mut(index).assign(&inverse.row(l));
        }
        for (index, &(j, i)) in entries.iter().enumerate() {
            if target != Some(j) {
                u[[free + index, j]] = 1.0;
                v.row_mut(free + index).assign(&rows.row(i).dot(&inverse));
            }
        }
        let cross = u.dot(&v.t());
        information.scaled_add(n, &(u.dot(&u.t()) * v.dot(&v.t()) + &cross * &cross.t()));
    }
    let variances = inverse_spd(information.view())?;
    let mut ratios = Array2::zeros((d, d));
    for (index, &(j, i)) in entries.iter().enumerate() {
        ratios[[j, i]] = structure[[j, i]] / variances[[free + index, free + index]].sqrt();
    }
    Ok(ratios)
}
