//! Traversals: every code moved alone, to see what it stands for.

use ndarray::Array2;
use unmix_core::{Fault, Generate};

/// The values through which each code is moved.
pub const STOPS: usize = 7;

/// The range of most of a standard normal prior.
pub const PRIOR: [f64; 2] = [-2.4, 2.4];

/// The stops of a range: its ends, and equal steps between them.
pub fn stops([low, high]: [f64; 2]) -> [f64; STOPS] {
    std::array::from_fn(|i| low + (high - low) * i as f64 / (STOPS - 1) as f64)
}

/// What `model` generates when each code is moved through the [`stops`] of its range, one range a code, the others at 0: `[k · 7, d]`, all stops of the
/// first code first.
///
/// # Errors
/// As [`Generate::generate`].
pub fn traverse(model: &dyn Generate, ranges: &[[f64; 2]]) -> Result<Array2<f64>, Fault> {
    let k = ranges.len();
    let mut z = Array2::zeros((k * STOPS, k));
    for (code, &range) in ranges.iter().enumerate() {
        for (stop, value) in stops(range).into_iter().enumerate() {
            z[[code * STOPS + stop, code]] = value;
        }
    }
    model.generate(z.view())
}
