//! What a user should know about a fitted factor model.

use super::{LEAST_UNIQUENESS, RotationReport};
use ndarray::{Array1, Array2};
use unmix_core::Warning;

/// A uniqueness within this factor of its bound is at the bound.
const AT_BOUND: f64 = 1.0 + 1e-6;

/// The names of the variables whose uniqueness, on the correlation scale, is at its bound.
pub(super) fn at_bound<'a>(uniqueness: &'a Array1<f64>, names: &'a [String]) -> Vec<&'a str> {
    let heywood = |psi: f64| psi <= LEAST_UNIQUENESS * AT_BOUND;
    uniqueness.iter().zip(names).filter(|(psi, _)| heywood(**psi)).map(|(_, name)| name.as_str()).collect()
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn heywood_warning(uniqueness: &Array1<f64>, names: &[String]) -> Option<Warning> {
    let heywood = at_bound(uniqueness, names);
    let text = format!(
        "Heywood case: the noise variance of {} is at its lower bound, {LEAST_UNIQUENESS} of the variance; lower `components`, or drop the variable",
        quoted(&heywood)
    );
    (!heywood.is_empty()).then_some(Warning { code: "heywood-case", text })
}

/// A factor whose best loadings are 0: the likelihood asks for fewer factors.
pub(super) fn strength_warning(loadings: &Array2<f64>) -> Option<Warning> {
    let empty = loadings.columns().into_iter().filter(|column| column.iter().all(|&v| v == 0.0)).count();
    let text = format!("{empty} of the {} factors carry nothing; lower `components`", loadings.ncols());
    (empty > 0).then_some(Warning { code: "empty-factor", text })
}

pub(super) fn optima_warning(rotation: &RotationReport) -> Option<Warning> {
    let RotationReport { criterion, starts, agreeing, optima, .. } = rotation;
    let text = format!("{criterion} has {optima} distinct optima in {starts} starts; the best was reached from {agreeing}");
    (*optima > 1).then_some(Warning { code: "rotation-optima", text })
}

/// The variables (from 0) whose communality a principal axis iteration holds below 1, and the communality of their loadings.
pub(super) fn communality_warning(above_one: &[(usize, f64)], names: &[String]) -> Option<Warning> {
    let named: Vec<String> = above_one.iter().map(|&(j, h)| format!("\"{}\" ({h:.3})", names[j])).collect();
    let text = format!(
        "the communality of {} exceeds 1, a Heywood case: the loadings explain more than there is; it was held at {}; lower `components`, or drop the variable",
        named.join(", "),
        1.0 - LEAST_UNIQUENESS
    );
    (!above_one.is_empty()).then_some(Warning { code: "communality-above-one", text })
}
