//! Rotations of loadings.
//!
//! A factor model leaves an invertible matrix open: loadings `Λ (Tᵀ)⁻¹` with codes of correlation `TᵀT` fit as well as `Λ` with uncorrelated
//! ones. A rotation picks the `T`, orthogonal or oblique, that makes loadings simple by some criterion. It changes no likelihood, and it finds
//! true loadings only if these are simple in its own sense.

mod criterion;
mod gradient_projection;
mod promax;
mod varimax;

pub use criterion::Criterion;
pub use gradient_projection::GradientProjection;
pub use promax::PROMAX_POWER;
pub use varimax::{Varimax, varimax_criterion};

use crate::LinearError;
use ndarray::{Array2, ArrayView2, Axis};
use promax::promax;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::fmt;
use unmix_core::{Seed, Stream};
use unmix_numerics::maximum_assignment;

/// Which rotation a factor analysis applies to its loadings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rotation {
    /// None: `ΛᵀΨ⁻¹Λ` is diagonal, the choice of Lawley and Maxwell.
    None,
    /// [`Varimax`]: orthogonal, simple factors.
    #[default]
    Varimax,
    /// Orthogonal, simple variables: [`Criterion::CrawfordFerguson`] with 0.
    Quartimax,
    /// Orthogonal, [`Criterion::CrawfordFerguson`] with `k / (2 d)`.
    Equamax,
    /// Orthogonal, [`Criterion::CrawfordFerguson`] with `(k - 1) / (d + k - 2)`.
    Parsimax,
    /// Orthogonal, [`Criterion::Geomin`] with 0.01.
    GeominOrthogonal,
    /// Orthogonal, [`Criterion::Infomax`].
    InfomaxOrthogonal,
    /// Oblique, [`Criterion::Oblimin`] with 0, also known as direct oblimin with its usual setting.
    Quartimin,
    /// Oblique, [`Criterion::Geomin`] with 0.01.
    Geomin,
    /// Oblique, [`Criterion::Infomax`].
    Infomax,
    /// Oblique: varimax, then least squares to the fourth power of the loadings.
    Promax,
}

/// The usual constant of geomin (Browne 2001).
const GEOMIN_DELTA: f64 = 0.01;

impl Rotation {
    /// Whether the factors may correlate.
    pub const fn is_oblique(self) -> bool {
        matches!(self, Self::Quartimin | Self::Geomin | Self::Infomax | Self::Promax)
    }

    /// Rotates `loadings` `[d, k]`, with Kaiser's normalisation if `kaiser`, from `starts` starts.
    ///
    /// # Errors
    /// [`LinearError::Numerics`] if an oblique rotation on the way is singular.
    pub fn rotate(self, loadings: ArrayView2<'_, f64>, kaiser: bool, starts: usize, seed: Seed) -> Result<Rotated, LinearError> {
        let (d, k) = (loadings.nrows() as f64, loadings.ncols() as f64);
        let varimax = Varimax { kaiser, starts, ..Varimax::default() };
        let criterion = match self {
            Self::None => return Ok(Rotated::unrotated(loadings)),
            Self::Varimax => return Ok(varimax.rotate(loadings, seed)),
            Self::Promax => return promax(loadings, varimax, seed),
            Self::Quartimax => Criterion::CrawfordFerguson { kappa: 0.0 },
            Self::Equamax => Criterion::CrawfordFerguson { kappa: k / (2.0 * d) },
            Self::Parsimax => Criterion::CrawfordFerguson { kappa: (k - 1.0) / (d + k - 2.0) },
            Self::Quartimin => Criterion::Oblimin { gamma: 0.0 },
            Self::Geomin | Self::GeominOrthogonal => Criterion::Geomin { delta: GEOMIN_DELTA },
            Self::Infomax | Self::InfomaxOrthogonal => Criterion::Infomax,
        };
        GradientProjection { oblique: self.is_oblique(), kaiser, starts, ..GradientProjection::oblique(criterion) }.rotate(loadings, seed)
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Rotated loadings, and how the search for them went.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotated {
    /// The loadings, `[d, k]`.
    pub loadings: Array2<f64>,
    /// The `T` `[k, k]`: new loadings are old loadings times `(Tᵀ)⁻¹`, which is `T` itself if that is orthogonal.
    pub rotation: Array2<f64>,
    /// The correlations of the factors, `TᵀT`, in the order of the loadings' columns, `[k, k]`; the identity if `T` is orthogonal.
    pub correlation: Array2<f64>,
    /// The criterion's value: [`varimax_criterion`], which is made large, or [`Criterion::value`], which is made small.
    pub criterion: f64,
    /// The criterion before the best start's first step and after each step.
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

impl Rotated {
    /// Loadings in order and with their signs, and nothing else.
    fn unrotated(loadings: ArrayView2<'_, f64>) -> Self {
        let rotation = canonical_order(loadings);
        Self {
            loadings: loadings.dot(&rotation),
            correlation: Array2::eye(loadings.ncols()),
            rotation,
            criterion: 0.0,
            trace: Vec::new(),
            starts: 0,
            agreeing: 0,
            optima: 0,
            converged: true,
        }
    }
}

/// Whether two loadings differ by order and sign of the factors alone.
fn same_loadings(a: &Array2<f64>, b: &Array2<f64>) -> bool {
    /// Largest difference of an entry, as a share of the largest.
    const SAME: f64 = 1e-3;
    let same = SAME * a.iter().chain(b).fold(0.0_f64, |most, v| most.max(v.abs()));
    let products = a.t().dot(b);
    // a criterion that treats all factors alike gives comparable columns, so the largest products are the pairs
    let Ok(assignment) = maximum_assignment(products.mapv(f64::abs).view()) else { return false };
    assignment.pairs.into_iter().all(|(i, j)| {
        let sign = if products[[i, j]] < 0.0 { -1.0 } else { 1.0 };
        a.column(i).iter().zip(b.column(j)).all(|(a, b)| (a - sign * b).abs() <= same)
    })
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

/// Rows of length 1; a variable that loads on nothing stays zero.
fn normalise(loadings: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut normalised = loadings.to_owned();
    for mut row in normalised.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    normalised
}

/// Uniform over the orthogonal matrices `[k, k]`: Gaussian columns made orthonormal one after another (Stewart 1980).
pub(crate) fn random_rotation(k: usize, stream: &mut Stream) -> Array2<f64> {
    random_frame(k, k, stream)
}

/// `k` orthonormal columns `[d, k]`, uniform over all of them.
pub(crate) fn random_frame(d: usize, k: usize, stream: &mut Stream) -> Array2<f64> {
    let mut rotation = Array2::<f64>::zeros((d, k));
    for j in 0..k {
        let mut column = ndarray::Array1::from_shape_simple_fn(d, || StandardNormal.sample(stream));
        // a second pass removes what rounding left
        for _ in 0..2 {
            for i in 0..j {
                let earlier = rotation.column(i);
                column = &column - &(&earlier * earlier.dot(&column));
            }
        }
        let length: f64 = column.dot(&column);
        rotation.column_mut(j).assign(&(column / length.sqrt()));
    }
    rotation
}
