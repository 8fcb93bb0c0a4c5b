//! Parameters that no distribution has.

use thiserror::Error;
use unmix_core::{Failure, Kind};

/// A parameter lies outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum DistError {
    /// A location is NaN or infinite.
    #[error("{distribution}: `{parameter}` is {value}; give a finite number")]
    NotFinite {
        /// The distribution.
        distribution: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// A scale is not positive and finite.
    #[error("{distribution}: `{parameter}` is {value}; give a finite number above zero")]
    NotPositive {
        /// The distribution.
        distribution: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// The ends of an interval are not in order, or too far apart for `f64`.
    #[error("uniform: `low` is {low} and `high` is {high}; give finite numbers with low < high and a finite width")]
    Interval {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A probability lies outside 0 to 1.
    #[error("{distribution}: `{parameter}` is {value}; give a number from 0 to 1")]
    NotProbability {
        /// The distribution.
        distribution: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// A logit is NaN.
    #[error("{distribution}: `logit` is NaN; give a number or an infinity")]
    NanLogit {
        /// The distribution.
        distribution: &'static str,
    },
}

impl Failure for DistError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }
}

pub(crate) fn finite(distribution: &'static str, parameter: &'static str, value: f64) -> Result<f64, DistError> {
    if value.is_finite() { Ok(value) } else { Err(DistError::NotFinite { distribution, parameter, value }) }
}

pub(crate) fn positive(distribution: &'static str, parameter: &'static str, value: f64) -> Result<f64, DistError> {
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err(DistError::NotPositive { distribution, parameter, value }) }
}
