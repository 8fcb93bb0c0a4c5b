//! Traversals: every code moved alone, to see what it stands for.

use ndarray::Array2;
use unmix_core::{Fault, Generate};

/// Where codes are moved to, in units of the prior's standard deviation.
pub const STOPS: [f64; 7] = [-2.4, -1.6, -0.8, 0.0, 0.8, 1.6, 2.4];

/// What `model` generates when each of `components` codes is moved through [`STOPS`], the others at the prior's mean:
/// `[components · 7, d]`, all stops of the first code first.
///
/// # Errors
/// As [`Generate::generate`].
pub fn traverse(model: &dyn Generate, components: usize) -> Result<Array2<f64>, Fault> {
    let mut z = Array2::zeros((components * STOPS.len(), components));
    for (row, mut codes) in z.rows_mut().into_iter().enumerate() {
        if let (Some(code), Some(stop)) = (codes.get_mut(row / STOPS.len()), STOPS.get(row % STOPS.len())) {
            *code = *stop;
        }
    }
    model.generate(z.view())
}
