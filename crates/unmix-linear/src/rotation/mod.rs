//! Rotations of loadings.
//!
//! A factor model leaves an orthogonal matrix open: loadings `Λ T` and codes `z T` fit as well as `Λ` and `z`. A rotation picks the `T` that
//! makes loadings simple by some criterion. It changes no likelihood, and it finds true loadings only if these are simple in its own sense.

mod varimax;

pub use varimax::{Varimax, varimax_criterion};

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Which rotation a factor analysis applies to its loadings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rotation {
    /// None: `ΛᵀΨ⁻¹Λ` is diagonal, the choice of Lawley and Maxwell.
    None,
    /// [`Varimax`].
    #[default]
    Varimax,
}

/// Rotated loadings, and how the search for them went.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotated {
    /// The loadings, `[d, k]`.
    pub loadings: Array2<f64>,
    /// The orthogonal `T` `[k, k]`: new loadings are old loadings times `T`.
    pub rotation: Array2<f64>,
    /// The criterion's value, to be made large.
    pub criterion: f64,
    /// The criterion before the best start's first sweep and after each sweep.
    pub trace: Vec<f64>,
    /// Starts made.
    pub starts: usize,
    /// Starts that converged to the best optimum.
    pub agreeing: usize,
    /// Distinct local optima found; two that differ by order and sign of factors are one.
    pub optima: usize,
    /// Whether the best start converged.
    pub converged: bool,
}

/// The orthogonal matrix `[k, k]` that puts the columns of `loadings` `[d, k]` in order of their sums of squares, largest first, and makes the
/// entry of largest magnitude in each positive.
pub(crate) fn canonical_order(loadings: ArrayView2<'_, f64>) -> Array2<f64> {
    let k = loadings.ncols();
    let squares: Vec<f64> = loadings.axis_iter(Axis(1)).map(|column| column.dot(&column)).collect();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&a, &b| squares[b].total_cmp(&squares[a]));
    let mut change = Array2::zeros((k, k));
    for (to, &from) in order.iter().enumerate() {
        let largest = loadings.column(from).iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
        change[[from, to]] = if largest < 0.0 { -1.0 } else { 1.0 };
    }
    change
}
