//! A number that changes with the training step, as data.

use serde::{Deserialize, Serialize};

/// A weight or learning rate over steps, counted from 0. In a configuration it is a number or a table
/// `{ from = 0.0, to = 4.0, steps = 1000 }`.
///
/// ```
/// use unmix_vae::Schedule;
///
/// let warm_up = Schedule::Linear { from: 0.0, to: 4.0, steps: 100 };
/// assert_eq!(warm_up.at(25), 1.0);
/// assert_eq!(warm_up.at(1000), 4.0);
/// assert_eq!(Schedule::from(0.5).at(7), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Schedule {
    /// The same value at every step.
    Constant(f64),
    /// From one value to another in equal steps, then constant.
    Linear {
        /// The value at step 0.
        from: f64,
        /// The value at step `steps` and later.
        to: f64,
        /// The number of steps between the two.
        steps: usize,
    },
}

impl Schedule {
    /// The value at `step`.
    pub fn at(self, step: usize) -> f64 {
        match self {
            Self::Constant(value) => value,
            Self::Linear { to, steps, .. } if step >= steps => to,
            Self::Linear { from, to, steps } => from + (to - from) * (step as f64 / steps as f64),
        }
    }

    /// The value at the end.
    pub fn end(self) -> f64 {
        match self {
            Self::Constant(value) | Self::Linear { to: value, .. } => value,
        }
    }

    /// The first step from which the value no longer changes.
    pub fn settled(self) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Linear { steps, .. } => steps,
        }
    }
}

impl From<f64> for Schedule {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}
