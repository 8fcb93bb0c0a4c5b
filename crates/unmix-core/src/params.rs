//! Checked parameters: plain data in, an estimator or every violation at once out.

use crate::{Failure, Kind};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// Plain data that becomes an estimator once its values are checked.
///
/// A parameter set has public fields, a [`Default`] and serde; [`constraints`](Self::constraints) is the one place where a rule
/// that does not depend on data is written, and [`build`](Self::build) the only way to an estimator.
///
/// ```
/// use unmix_core::{Checks, Params};
///
/// #[derive(Default, serde::Serialize, serde::Deserialize)]
/// struct ShrinkParams {
///     amount: f64,
/// }
/// struct Shrink(#[allow(dead_code)] ShrinkParams);
///
/// impl Params for ShrinkParams {
///     type Estimator = Shrink;
///     fn constraints(&self, checks: &mut Checks) {
///         checks.within("amount", self.amount, 0.0..=1.0);
///     }
///     fn seal(self) -> Shrink {
///         Shrink(self)
///     }
/// }
///
/// let error = ShrinkParams { amount: f64::NAN }.build().err().unwrap();
/// assert_eq!(error.to_string(), "`amount` is NaN, allowed is 0 to 1");
/// ```
pub trait Params: Default + Serialize + DeserializeOwned {
    /// What the checked parameters become.
    type Estimator;

    /// States every rule that the values must obey, whatever the data.
    fn constraints(&self, checks: &mut Checks);

    /// Turns checked parameters into the estimator. Call [`build`](Self::build) instead.
    fn seal(self) -> Self::Estimator;

    /// Checks the parameters and returns the estimator.
    ///
    /// # Errors
    /// [`InvalidParams`] lists every rule that is broken, not only the first.
    fn build(self) -> Result<Self::Estimator, InvalidParams> {
        let mut checks = Checks::default();
        self.constraints(&mut checks);
        if checks.violations.is_empty() { Ok(self.seal()) } else { Err(InvalidParams { violations: checks.violations }) }
    }
}

/// Collects the rules that a parameter set breaks. NaN lies in no interval.
#[derive(Debug, Default)]
pub struct Checks {
    violations: Vec<Violation>,
}

impl Checks {
    /// `value` must lie in the closed interval `allowed`.
    pub fn within(&mut self, field: &'static str, value: f64, allowed: std::ops::RangeInclusive<f64>) {
        if !allowed.contains(&value) {
            let (low, high) = (*allowed.start(), *allowed.end());
            self.violations.push(Violation::Outside { field, value, low, high });
        }
    }

    /// `value` must be finite and above zero.
    pub fn positive(&mut self, field: &'static str, value: f64) {
        if !(value > 0.0 && value.is_finite()) {
            self.violations.push(Violation::NotPositive { field, value });
        }
    }

    /// `value` must be at least `least`.
    pub fn at_least(&mut self, field: &'static str, value: usize, least: usize) {
        if value < least {
            self.violations.push(Violation::TooSmall { field, value, least });
        }
    }

    /// Two parameters exclude each other, or one needs the other: `rule` says which.
    pub fn require(&mut self, field: &'static str, holds: bool, rule: &'static str) {
        if !holds {
            self.violations.push(Violation::Rule { field, rule });
        }
    }
}

/// One broken rule of a parameter set.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Violation {
    /// A value lies outside its closed interval.
    Outside {
        /// The parameter.
        field: &'static str,
        /// Its value.
        value: f64,
        /// The least allowed value.
        low: f64,
        /// The greatest allowed value.
        high: f64,
    },
    /// A value that must be finite and above zero is not.
    NotPositive {
        /// The parameter.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// A count is too small.
    TooSmall {
        /// The parameter.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The least allowed value.
        least: usize,
    },
    /// A rule between parameters is broken.
    Rule {
        /// The parameter.
        field: &'static str,
        /// The rule, as a sentence without a full stop.
        rule: &'static str,
    },
    /// A configuration names a key that the method does not have.
    UnknownKey {
        /// The key as given.
        key: String,
        /// The nearest known key, empty if there is none.
        nearest: String,
    },
    /// A configuration value has the wrong type.
    Malformed {
        /// What the deserialiser says.
        message: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { field, value, low, high } => write!(f, "`{field}` is {value}, allowed is {low} to {high}"),
            Self::NotPositive { field, value } => write!(f, "`{field}` is {value}, it must be finite and above 0"),
            Self::TooSmall { field, value, least } => write!(f, "`{field}` is {value}, it must be at least {least}"),
            Self::Rule { field, rule } => write!(f, "`{field}`: {rule}"),
            Self::UnknownKey { key, nearest } if nearest.is_empty() => write!(f, "there is no key `{key}`"),
            Self::UnknownKey { key, nearest } => write!(f, "there is no key `{key}`; the nearest is `{nearest}`"),
            Self::Malformed { message } => f.write_str(message.trim()),
        }
    }
}

/// Every rule that a parameter set breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidParams {
    /// The broken rules, in the order in which they were checked.
    pub violations: Vec<Violation>,
}

impl fmt::Display for InvalidParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.violations.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidParams {}

impl Failure for InvalidParams {
    fn kind(&self) -> Kind {
        Kind::Usage
    }
}
