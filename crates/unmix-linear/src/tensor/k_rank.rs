//! Kruskal's rank: the largest `r` such that every `r` columns of a matrix are linearly independent (Kruskal 1977, Linear Algebra and its
//! Applications 18(2), 95–138).
//!
//! Looking at every subset of columns is exponential, so that is done up to [`EXACT_COLUMNS`] columns alone. Beyond, a matrix of full column rank has
//! k-rank `k`; for others there are bounds: from below the mutual coherence `μ` of the columns, every `r < 1 + 1/μ` of which are independent (Donoho and
//! Elad 2003, PNAS 100(5), 2197–2202, theorem 7), from above the rank.

use crate::LinearError;
use ndarray::{Array2, ArrayView2, Axis};
use unmix_numerics::symmetric_eigen;

/// Up to so many columns, 1,023 subsets, the k-rank is exact.
pub const EXACT_COLUMNS: usize = 10;

/// Unit columns count as dependent when their Gram matrix has an eigenvalue below this: two with a cosine above 0.999. Ours: estimates are never
/// dependent exactly, and nearly dependent columns determine nearly nothing.
const LEAST_EIGENVALUE: f64 = 1e-3;

/// The k-rank of a matrix, or bounds on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KRank {
    /// It is at least this.
    pub least: usize,
    /// It is at most this.
    pub most: usize,
}

/// The k-rank of `matrix` `[d, k]`. Columns whose unit vectors have a Gram matrix with an eigenvalue below 0.001 count as dependent.
///
/// ```
/// use ndarray::array;
/// use unmix_linear::k_rank;
///
/// // rank 2, but two columns are parallel
/// let rank = k_rank(array![[1.0, 2.0, 0.0], [1.0, 2.0, 1.0]].view())?;
/// assert_eq!((rank.least, rank.most), (1, 1));
/// # Ok::<(), unmix_linear::LinearError>(())
/// ```
///
/// # Errors
/// [`LinearError::Numerics`] if an entry is not finite.
pub fn k_rank(matrix: ArrayView2<'_, f64>) -> Result<KRank, LinearError> {
    k_rank_of_gram(matrix.t().dot(&matrix).view())
}

/// As [`k_rank`], from the Gram matrix `[k, k]` of the columns.
pub(crate) fn k_rank_of_gram(gram: ArrayView2<'_, f64>) -> Result<KRank, LinearError> {
    let k = gram.nrows();
    let lengths = gram.diag().mapv(f64::sqrt);
    if lengths.iter().any(|&length| length == 0.0) {
        return Ok(KRank { least: 0, most: 0 });
    }
    let cosines = &gram / &lengths / lengths.view().insert_axis(Axis(1));
    let rank = symmetric_eigen(cosines.view())?.values.iter().filter(|&&v| v >= LEAST_EIGENVALUE).count();
    if rank == k {
        return Ok(KRank { least: k, most: k });
    }
    if k <= EXACT_COLUMNS {
        let exact = by_subsets(&cosines, rank)?;
        return Ok(KRank { least: exact, most: exact });
    }
    let coherence = cosines.indexed_iter().filter(|((i, j), _)| i != j).fold(0.0_f64, |most, (_, c)| most.max(c.abs()));
    // a pair counts as dependent where subsets would: 1 - |cosine| is the lesser eigenvalue
    let least = if 1.0 - coherence < LEAST_EIGENVALUE { 1 } else { coherence.recip().ceil() as usize };
    Ok(KRank { least: least.clamp(1, rank), most: if least == 1 { 1 } else { rank } })
}

/// One less than the size of the smallest dependent subset; at most `rank`. There are at most `2^`[`EXACT_COLUMNS`] subsets.
fn by_subsets(cosines: &Array2<f64>, rank: usize) -> Result<usize, LinearError> {
    let k = cosines.nrows();
    let mut smallest = rank + 1;
    for subset in 1_u32..1 << k {
        let columns: Vec<usize> = (0..k).filter(|&j| subset >> j & 1 == 1).collect();
        if columns.len() < smallest {
            let chosen = cosines.select(Axis(0), &columns).select(Axis(1), &columns);
            if symmetric_eigen(chosen.view())?.values.last().is_some_and(|&v| v < LEAST_EIGENVALUE) {
                smallest = columns.len();
            }
        }
    }
    Ok(smallest - 1)
}
