//! Amari distance of an estimated unmixing from a true mixing, by `P = Ŵ A`, which is a scaled permutation if the unmixing is right.
//!
//! Each row and each column of `P` contributes how much stands beside its largest entry:
//!
//! ```text
//! S(q) = Σ_i (Σ_j |P_ij|^q / max_j |P_ij|^q − 1) + Σ_j (Σ_i |P_ij|^q / max_i |P_ij|^q − 1)
//! ```
//!
//! | normalisation | formula | range | Gaussian `P` of 10 sources: as it is, with rows of length 1 |
//! |---|---|---|---|
//! | [`BachJordan`](Normalisation::BachJordan) | `S(1) / 2k(k−1)` | 0 to 1 | 0.374, 0.387 |
//! | [`MoreauMacchi`](Normalisation::MoreauMacchi) | `S(2) / 2k(k−1)` | 0 to 1 | 0.207, 0.219 |
//! | [`Picard`](Normalisation::Picard) | `S(2) / 2k` | 0 to k−1 | 1.86, 1.97 |
//!
//! The formulas do not change with order and sign of the sources, but the column terms change with the scale of the rows, which no ICA
//! identifies. [`amari`] therefore scales each row of `P` to length 1 (codes of unit variance, if the true sources have unit variance)
//! before the formula; [`distance`] is the formula alone. A zero row or column counts as the worst.
//!
//! ```
//! use ndarray::array;
//! use unmix_core::Seed;
//! use unmix_metrics::amari::{Normalisation, amari};
//!
//! let mixing = array![[1.0, 1.0], [0.0, 2.0]];
//! let unmixing = array![[0.0, -5.0], [1.0, -0.5]]; // the inverse, its rows exchanged and scaled
//! let score = amari(unmixing.view(), mixing.view(), Normalisation::BachJordan, Seed(1))?;
//! assert!(score.value < 1e-12 && score.chance > 0.3);
//! # Ok::<(), unmix_metrics::MetricsError>(())
//! ```

use crate::{
    MetricsError, Score,
    codes::{code_name, list},
    resample::{mean, replicates},
};
use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_distr::{Distribution, StandardNormal};
use unmix_core::{Class, Seed};

/// Random matrices behind the chance level.
const DRAWS: u64 = 1000;

/// How the sum of the module's table becomes a distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// Amari, Cichocki and Yang 1996, "A new learning algorithm for blind signal separation", scaled to [0, 1] as in Bach and Jordan
    /// 2002, "Kernel independent component analysis", section 6.1.
    BachJordan,
    /// The squared entries of Moreau and Macchi 1994, "A one stage self-adaptive algorithm for source separation", scaled to [0, 1].
    MoreauMacchi,
    /// As `amari_distance` of python-picard: squared entries, a mean over rows and columns, not bounded by 1.
    Picard,
}

/// The Amari distance of the unmixing `[k, d]` from the mixing `[d, k]`. The chance level is the mean over 1000 matrices `P` with
/// independent Gaussian entries.
///
/// # Errors
/// [`MetricsError`] if the shapes do not fit, an entry is not finite, or there is one source only.
pub fn amari(
    unmixing: ArrayView2<'_, f64>,
    mixing: ArrayView2<'_, f64>,
    normalisation: Normalisation,
    seed: Seed,
) -> Result<Score, MetricsError> {
    if unmixing.dim() != (mixing.ncols(), mixing.nrows()) {
        return Err(MetricsError::Shape { unmixing: unmixing.dim(), mixing: mixing.dim() });
    }
    require_finite("unmixing", unmixing)?;
    require_finite("mixing", mixing)?;
    let p = unit_rows(unmixing.dot(&mixing));
    let k = p.nrows();
    let value = distance(p.view(), normalisation)?;
    let random = replicates(seed, "amari-chance", DRAWS, |stream| {
        let gaussian = Array2::from_shape_simple_fn((k, k), || StandardNormal.sample(stream));
        distance(unit_rows(gaussian).view(), normalisation)
    });
    let random = random.into_iter().collect::<Result<Vec<f64>, _>>()?;

    let zero = |vector: ArrayView1<'_, f64>| vector.iter().all(|v| *v == 0.0);
    let dead = (0..k).filter(|&i| zero(p.row(i))).map(code_name);
    let lost = (0..k).filter(|&j| zero(p.column(j))).map(|j| format!("source {}", j + 1));
    let zeros = list(dead.chain(lost));
    let warnings = if zeros.is_empty() { Vec::new() } else { vec![format!("zero in Ŵ A, counted as the worst: {zeros}")] };
    let (variant, estimator) = match normalisation {
        Normalisation::BachJordan => ("bach-jordan", "S(1) / 2k(k-1) of Ŵ A with rows of length 1"),
        Normalisation::MoreauMacchi => ("moreau-macchi", "S(2) / 2k(k-1) of Ŵ A with rows of length 1"),
        Normalisation::Picard => ("picard", "S(2) / 2k of Ŵ A with rows of length 1"),
    };
    Ok(Score {
        value,
        estimator: estimator.to_owned(),
        variant: variant.to_owned(),
        n: k,
        chance: mean(&random),
        ceiling: 0.0,
        ci: None,
        invariance: Class::PermutationScale,
        warnings,
    })
}

/// The formula alone, of `p = Ŵ A` `[k, k]` as it is. It is blind to order and sign; unlike [`amari`], not to the scale of rows.
///
/// # Errors
/// [`MetricsError`] if `p` is not square, an entry is not finite, or there is one source only.
pub fn distance(p: ArrayView2<'_, f64>, normalisation: Normalisation) -> Result<f64, MetricsError> {
    let k = p.nrows();
    if k != p.ncols() {
        return Err(MetricsError::Shape { unmixing: p.dim(), mixing: p.dim() });
    }
    if k < 2 {
        return Err(MetricsError::TooFewSources { found: k });
    }
    require_finite("product of unmixing and mixing", p)?;
    let k = k as f64;
    let power = |v: f64| if normalisation == Normalisation::BachJordan { v } else { v * v };
    let excess = |vector: ArrayView1<'_, f64>| {
        let largest = vector.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if largest > 0.0 { vector.iter().map(|v| power(v.abs() / largest)).sum::<f64>() - 1.0 } else { k - 1.0 }
    };
    let sum: f64 = p.rows().into_iter().chain(p.columns()).map(excess).sum();
    Ok(match normalisation {
        Normalisation::BachJordan | Normalisation::MoreauMacchi => sum / (2.0 * k * (k - 1.0)),
        Normalisation::Picard => sum / (2.0 * k),
    })
}

fn unit_rows(mut p: Array2<f64>) -> Array2<f64> {
    for mut row in p.rows_mut() {
        let largest = row.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if largest > 0.0 {
            // first by the largest entry, so that no square overflows
            row /= largest;
            let length = row.dot(&row).sqrt();
            row /= length;
        }
    }
    p
}

fn require_finite(matrix: &'static str, values: ArrayView2<'_, f64>) -> Result<(), MetricsError> {
    match values.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), &value)) => Err(MetricsError::NonFiniteEntry { matrix, row: row + 1, column: column + 1, value }),
        None => Ok(()),
    }
}
