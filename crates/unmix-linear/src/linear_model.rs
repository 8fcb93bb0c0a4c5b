//! The model that linear methods share: `x = mean + A z` with `z = B (x - mean)`.

use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{DataError, Fault, Generate, Infer, Load, Model, code_index, load_json, require_columns, save_json};

/// A linear map between observations and codes, with both directions stored.
///
/// For square mixings the two are inverses; with fewer codes than variables the unmixing is the method's own left inverse, and
/// [`generate`](Generate::generate) returns the part of `x` that the codes carry.
///
/// ```
/// use ndarray::array;
/// use unmix_core::{Generate, Infer};
/// use unmix_linear::LinearModel;
///
/// let model = LinearModel { mean: array![1.0, 0.0], mixing: array![[2.0, 0.0], [0.0, 4.0]], unmixing: array![[0.5, 0.0], [0.0, 0.25]] };
/// let x = array![[3.0, 4.0]];
/// assert_eq!(model.infer(x.view())?, array![[1.0, 1.0]]);
/// // the observation without its second code
/// assert_eq!(model.remove(x.view(), &["z2"])?, array![[3.0, 0.0]]);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearModel {
    /// The means of the variables, `[d]`.
    pub mean: Array1<f64>,
    /// Codes to variables, `[d, k]`.
    pub mixing: Array2<f64>,
    /// Centred variables to codes, `[k, d]`.
    pub unmixing: Array2<f64>,
}

impl LinearModel {
    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.mixing.nrows()
    }

    /// The number of codes, `k`.
    pub fn components(&self) -> usize {
        self.mixing.ncols()
    }

    /// `x` `[n, d]` without the contribution of the codes `names` (`z1`, `z2`, …), everything else kept: an artefact taken out of a
    /// recording, say. What the codes do not carry stays too.
    ///
    /// # Errors
    /// [`DataError::ColumnCount`] if `x` is not `d` wide, [`DataError::NoSuchColumn`] if there is no such code.
    pub fn remove(&self, x: ArrayView2<'_, f64>, names: &[&str]) -> Result<Array2<f64>, DataError> {
        require_columns(x, self.columns())?;
        let mut removed = names.iter().map(|name| code_index(name, self.components())).collect::<Result<Vec<_>, _>>()?;
        removed.sort_unstable();
        removed.dedup();
        let mixing = self.mixing.select(ndarray::Axis(1), &removed);
        let unmixing = self.unmixing.select(ndarray::Axis(0), &removed);
        Ok(&x - &(&x - &self.mean).dot(&unmixing.t()).dot(&mixing.t()))
    }
}

impl Infer for LinearModel {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns())?;
        Ok((&x - &self.mean).dot(&self.unmixing.t()))
    }
}

impl Generate for LinearModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.mixing.t()) + &self.mean)
    }
}

impl Model for LinearModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.mixing.view())
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.unmixing.view())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for LinearModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
