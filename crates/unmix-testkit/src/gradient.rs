//! Gradients against central finite differences.

use ndarray::{Array1, ArrayView1};
use thiserror::Error;

/// A coordinate in which the gradient is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("coordinate {coordinate}: the gradient is {analytic}, finite differences give {numeric}")]
pub struct GradientError {
    /// The coordinate, from 0.
    pub coordinate: usize,
    /// What the code says.
    pub analytic: f64,
    /// What central differences say.
    pub numeric: f64,
}

/// Compares `gradient` `[d]` with central differences of `value` at `x` `[d]`, to `tolerance` relative to `max(1, |gradient|)`.
///
/// The step is `ε^(1/3) max(1, |x|)`, which balances truncation against rounding; errors near 1e-9 are what to expect for values near 1.
///
/// # Errors
/// [`GradientError`] names the first coordinate that is off.
pub fn check_gradient(
    value: impl Fn(ArrayView1<'_, f64>) -> f64,
    gradient: ArrayView1<'_, f64>,
    x: ArrayView1<'_, f64>,
    tolerance: f64,
) -> Result<(), GradientError> {
    let mut moved: Array1<f64> = x.to_owned();
    for (coordinate, (&at, &analytic)) in x.iter().zip(gradient).enumerate() {
        let step = f64::EPSILON.cbrt() * at.abs().max(1.0);
        moved[coordinate] = at + step;
        let above = value(moved.view());
        moved[coordinate] = at - step;
        let below = value(moved.view());
        moved[coordinate] = at;
        let numeric = (above - below) / (2.0 * step);
        // written so that NaN fails
        let agrees = (numeric - analytic).abs() <= tolerance * analytic.abs().max(1.0);
        if !agrees {
            return Err(GradientError { coordinate, analytic, numeric });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn tells_a_right_gradient_from_a_wrong_one() {
        let value = |x: ArrayView1<'_, f64>| x[0].powi(2) * x[1].sin();
        let x = array![1.5, 0.3];
        let right = array![2.0 * 1.5 * 0.3_f64.sin(), 1.5_f64.powi(2) * 0.3_f64.cos()];
        assert_eq!(check_gradient(value, right.view(), x.view(), 1e-8), Ok(()));
        let wrong = array![right[0], right[1] + 1e-3];
        assert_eq!(check_gradient(value, wrong.view(), x.view(), 1e-8).unwrap_err().coordinate, 1);
        let nan = array![f64::NAN, right[1]];
        assert_eq!(check_gradient(value, nan.view(), x.view(), 1e-8).unwrap_err().coordinate, 0);
    }
}
