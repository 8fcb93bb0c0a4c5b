//! Tensors and their decomposition into rank-one terms.
//!
//! A canonical polyadic (CP, PARAFAC) decomposition writes a tensor `[I_1, …, I_N]`, `N ≥ 3`, as `Σ_r w_r a_r⁽¹⁾ ∘ … ∘ a_r⁽ᴺ⁾` (Hitchcock 1927;
//! Carroll and Chang 1970, Psychometrika 35; Harshman 1970). Unlike the factors of a matrix, which any rotation fits as well, the terms are unique up
//! to order and scale under Kruskal's condition; see [`Cp`]. For moments, whose terms repeat one vector, there is [`TensorPower`].
//!
//! A table is such a tensor if its rows are: images, or variables at several times. [`RowCp`] fits tables, with codes of new rows.

mod around;
mod congruence;
mod core_consistency;
mod cp;
mod evidence;
mod iteration;
mod k_rank;
mod model;
mod power;
mod rows;

pub use congruence::{Congruence, congruence};
pub use core_consistency::core_consistency;
pub use cp::{Cp, CpParams};
pub use k_rank::{EXACT_COLUMNS, KRank, k_rank};
pub use model::{CpModel, CpStarts};
pub use power::{MomentComponents, TensorEigen, TensorPower};
pub use rows::{RowCp, RowCpModel, RowCpParams};

pub(crate) use k_rank::k_rank_of_gram;

use crate::LinearError;
use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewD, Dimension, IxDyn};

/// A dense tensor of order 3 or more whose entries are finite and not all 0.
///
/// ```
/// use ndarray::ArrayD;
/// use unmix_linear::Tensor;
///
/// let error = Tensor::new(ArrayD::ones(vec![4, 5])).unwrap_err();
/// assert_eq!(error.to_string(), "the tensor has 2 modes; at least 3 are needed, with fewer the terms are not unique");
/// assert_eq!(Tensor::new(ArrayD::ones(vec![4, 5, 2]))?.shape(), [4, 5, 2]);
/// # Ok::<(), unmix_linear::LinearError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Row by row: the last index fastest.
    values: ArrayD<f64>,
}

impl Tensor {
    /// Checks `values`.
    ///
    /// # Errors
    /// [`LinearError::TensorOrder`] below 3 modes, [`LinearError::TensorEmpty`] if a mode has length 0 or every entry is 0,
    /// [`LinearError::TensorEntry`] if an entry is not finite.
    pub fn new(values: ArrayD<f64>) -> Result<Self, LinearError> {
        if values.ndim() < 3 {
            return Err(LinearError::TensorOrder { order: values.ndim() });
        }
        if let Some((index, &value)) = values.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(LinearError::TensorEntry { index: index.as_array_view().to_vec(), value });
        }
        if values.iter().all(|&v| v == 0.0) {
            return Err(LinearError::TensorEmpty { shape: values.shape().to_vec() });
        }
        Ok(Self { values: if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() } })
    }

    /// The entries.
    pub fn values(&self) -> ArrayViewD<'_, f64> {
        self.values.view()
    }

    /// The lengths of the modes.
    pub fn shape(&self) -> &[usize] {
        self.values.shape()
    }

    /// The number of modes, `N`.
    pub fn order(&self) -> usize {
        self.values.ndim()
    }

    /// The tensor of the rows of `x` `[n, d]`, each of the lengths `modes`, the last index fastest.
    fn of_rows(x: ArrayView2<'_, f64>, modes: &[usize]) -> Result<Self, LinearError> {
        let length = modes.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
        if length != Some(x.ncols()) || modes.len() < 2 {
            return Err(LinearError::RowModes { columns: x.ncols(), modes: modes.to_vec() });
        }
        let shape: Vec<usize> = std::iter::once(x.nrows()).chain(modes.iter().copied()).collect();
        let mut values = x.iter();
        Self::new(ArrayD::from_shape_simple_fn(IxDyn(&shape), || values.next().copied().unwrap_or_default()))
    }

    /// The entry of largest magnitude.
    fn scale(&self) -> f64 {
        self.values.iter().fold(0.0_f64, |most, v| most.max(v.abs()))
    }
}

/// The first `rows · columns` of `values`, row by row.
fn reshaped<'a>(values: impl IntoIterator<Item = &'a f64>, rows: usize, columns: usize) -> Array2<f64> {
    let mut values = values.into_iter();
    Array2::from_shape_simple_fn((rows, columns), || values.next().copied().unwrap_or_default())
}

/// The Khatri–Rao product of `factors`, each `[I, k]`: row `(i_1, …, i_m)`, the last index fastest, holds the products of their entries.
fn khatri_rao<'a>(factors: impl IntoIterator<Item = &'a Array2<f64>>, components: usize) -> Array2<f64> {
    factors.into_iter().fold(Array2::ones((1, components)), |product, factor| {
        let lengths = factor.nrows();
        Array2::from_shape_fn((product.nrows() * lengths, components), |(row, r)| product[[row / lengths, r]] * factor[[row % lengths, r]])
    })
}
