//! Arrays of the host to tensors of a device and back.
//!
//! Data are `f64` on the host and `f32` on the device; the functions that end in `_f64` keep all digits, for gradient checks on
//! devices that compute in `f64` (flex does).
//!
//! ```
//! use ndarray::array;
//! use unmix_backend::{DeviceChoice, host};
//!
//! let device = DeviceChoice::Flex.open()?.device;
//! let x = array![[0.5, 1.5], [2.5, -3.5]];
//! assert_eq!(host::to_array2(host::to_tensor(x.view(), &device))?, x);
//! # Ok::<(), unmix_backend::BackendError>(())
//! ```

use crate::BackendError;
use burn::tensor::{DType, Device, Tensor, TensorData};
use ndarray::{Array2, ArrayView2};

/// The rows of `x`, `[n, d]`, as an `f32` tensor `[n, d]`.
pub fn to_tensor(x: ArrayView2<'_, f64>, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = x.iter().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, [x.nrows(), x.ncols()]), device)
}

/// The rows of `x`, `[n, d]`, as an `f64` tensor `[n, d]`.
pub fn to_tensor_f64(x: ArrayView2<'_, f64>, device: &Device) -> Tensor<2> {
    let values: Vec<f64> = x.iter().copied().collect();
    Tensor::from_data(TensorData::new(values, [x.nrows(), x.ncols()]), (device, DType::F64))
}

/// A tensor `[n, d]` of any float type as an array `[n, d]`. Waits for the device.
///
/// # Errors
/// [`BackendError::Read`] if the device fails.
pub fn to_array2(tensor: Tensor<2>) -> Result<Array2<f64>, BackendError> {
    let [rows, columns] = tensor.dims();
    let values = to_vec(tensor)?;
    Array2::from_shape_vec((rows, columns), values).map_err(|error| BackendError::Read { what: "a matrix", reason: error.to_string() })
}

/// A tensor of any shape and float type as its values in row-major order. Waits for the device.
///
/// # Errors
/// [`BackendError::Read`] if the device fails.
pub fn to_vec<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, BackendError> {
    tensor.try_into_vec_as::<f64>().map_err(|error| BackendError::Read { what: "a tensor's values", reason: error.to_string() })
}

/// The one value of a tensor `[1]`. Waits for the device.
///
/// # Errors
/// [`BackendError::Read`] if the device fails.
pub fn to_scalar(tensor: Tensor<1>) -> Result<f64, BackendError> {
    tensor.try_into_scalar::<f64>().map_err(|error| BackendError::Read { what: "a number", reason: error.to_string() })
}
