//! The uniform distribution.

use crate::{Density, DistError};
use rand::RngExt;
use unmix_core::Stream;

/// Equal density on the closed interval from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    /// The distribution on this interval.
    ///
    /// # Errors
    /// [`DistError::Interval`] unless both ends and the width are finite and `low < high`.
    pub fn new(low: f64, high: f64) -> Result<Self, DistError> {
        let valid = low < high && low.is_finite() && (high - low).is_finite();
        if valid { Ok(Self { low, high }) } else { Err(DistError::Interval { low, high }) }
    }
}

impl Density for Uniform {
    fn log_density(&self, x: f64) -> f64 {
        if x.is_nan() {
            f64::NAN
        } else if (self.low..=self.high).contains(&x) {
            -(self.high - self.low).ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn cdf(&self, x: f64) -> f64 {
        ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn entropy(&self) -> f64 {
        (self.high - self.low).ln()
    }

    fn mean(&self) -> f64 {
        // halved first: the sum of the ends may overflow
        0.5 * self.low + 0.5 * self.high
    }

    fn variance(&self) -> f64 {
        (self.high - self.low).powi(2) / 12.0
    }

    fn sample(&self, stream: &mut Stream) -> f64 {
        // rounding may carry the product past the end
        (self.low + (self.high - self.low) * stream.random::<f64>()).min(self.high)
    }
}
