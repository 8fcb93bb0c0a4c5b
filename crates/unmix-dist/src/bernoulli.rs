//! The Bernoulli distribution, by its logit.

use crate::{Density, DistError};
use rand::RngExt;
use unmix_core::Stream;

/// One with probability `1 / (1 + exp(-logit))`, else zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bernoulli {
    logit: f64,
}

impl Bernoulli {
    /// The distribution with this logit; infinities make it certain.
    ///
    /// # Errors
    /// [`DistError::NanLogit`].
    pub fn from_logit(logit: f64) -> Result<Self, DistError> {
        if logit.is_nan() { Err(DistError::NanLogit { distribution: "bernoulli" }) } else { Ok(Self { logit }) }
    }

    /// The distribution with this probability of a one.
    ///
    /// # Errors
    /// [`DistError::NotProbability`].
    pub fn from_probability(value: f64) -> Result<Self, DistError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self { logit: value.ln() - (-value).ln_1p() })
        } else {
            Err(DistError::NotProbability { distribution: "bernoulli", parameter: "probability", value })
        }
    }

    /// Its logit.
    pub fn logit(&self) -> f64 {
        self.logit
    }
}

#[expect(clippy::float_cmp, reason = "the support is exactly zero and one")]
impl Density for Bernoulli {
    fn log_density(&self, x: f64) -> f64 {
        if x.is_nan() {
            f64::NAN
        } else if x == 1.0 {
            -softplus(-self.logit)
        } else if x == 0.0 {
            -softplus(self.logit)
        } else {
            f64::NEG_INFINITY
        }
    }

    fn cdf(&self, x: f64) -> f64 {
        if x.is_nan() {
            f64::NAN
        } else if x < 0.0 {
            0.0
        } else if x < 1.0 {
            logistic(-self.logit)
        } else {
            1.0
        }
    }

    fn entropy(&self) -> f64 {
        if self.logit.is_infinite() {
            return 0.0;
        }
        logistic(self.logit) * softplus(-self.logit) + logistic(-self.logit) * softplus(self.logit)
    }

    fn mean(&self) -> f64 {
        logistic(self.logit)
    }

    fn variance(&self) -> f64 {
        logistic(self.logit) * logistic(-self.logit)
    }

    fn sample(&self, stream: &mut Stream) -> f64 {
        // a draw below one is below a probability of one, none is below zero
        if stream.random::<f64>() < self.mean() { 1.0 } else { 0.0 }
    }
}

/// `ln(1 + exp x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `1 / (1 + exp(-x))`.
fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let power = x.exp();
        power / (1.0 + power)
    }
}
