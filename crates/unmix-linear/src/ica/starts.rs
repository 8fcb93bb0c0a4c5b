//! What algorithms that iterate from a start have in common: the best of several starts, and the model of where it ended.

use super::{Ended, Ica, chunks::Plan, not_converged, ordered_model, random_start, require_start, white::White};
use crate::{
    LinearError, LinearModel,
    whitening::{Whitening, require_shape},
};
use ndarray::{Array2, ArrayView2};
use unmix_core::{Fault, Fitted, Observations, Rows, Run, Stop};

/// An algorithm with a start.
pub(super) trait FromStart: Ica {
    /// The name of its random stream.
    fn name(&self) -> &'static str;
    /// Random starts, of which the one with the largest contrast is kept.
    fn starts(&self) -> usize;
    /// The stopping rule, and what a component's distance from it is called.
    fn tolerance(&self) -> (f64, &'static str);
    /// The rows of the sample that is kept beside the data, 0 for none.
    fn sample(&self) -> usize;
    /// Where the iteration ends that starts at `from` `[k, k]`, with its contrast.
    fn end(&self, white: &White<'_>, from: Array2<f64>, run: &mut Run<'_>) -> Result<(Ended, f64), LinearError>;
}

/// Fits from the unmixing `start` `[k, d]`, or the best of the random ones.
pub(super) fn fit(
    algorithm: &impl FromStart,
    x: &Observations,
    start: Option<ArrayView2<'_, f64>>,
    run: &mut Run<'_>,
) -> Result<Fitted<LinearModel>, LinearError> {
    if let Some(start) = start {
        require_start(start, x.columns(), algorithm.components())?;
    }
    let whitening = Whitening::of(x, algorithm.components(), algorithm.reduction())?;
    let white = White::of(x, &whitening)?;
    fit_white(algorithm, &whitening, &white, start, run)
}

/// Fits from the best of the random starts, in `memory` bytes.
pub(super) fn fit_rows(
    algorithm: &impl FromStart,
    rows: &dyn Rows,
    memory: usize,
    run: &mut Run<'_>,
) -> Result<Fitted<LinearModel>, Fault> {
    let k = require_shape(rows.shape(), algorithm.components()).map_err(LinearError::from)?;
    let plan = Plan::within(rows.shape(), k, algorithm.sample(), memory)?;
    let whitening = Whitening::of_rows(rows, algorithm.components(), algorithm.reduction(), memory)?;
    let white = White::of_rows(rows, &whitening, plan)?;
    fit_white(algorithm, &whitening, &white, None, run).map_err(LinearError::into_fault)
}

fn fit_white(
    algorithm: &impl FromStart,
    whitening: &Whitening,
    white: &White<'_>,
    start: Option<ArrayView2<'_, f64>>,
    run: &mut Run<'_>,
) -> Result<Fitted<LinearModel>, LinearError> {
    let (ended, contrast) = match start {
        Some(unmixing) => algorithm.end(white, unmixing.dot(&whitening.colour), run)?,
        None => best(algorithm, white, run)?,
    };
    let (model, distance) = ordered_model(whitening.clone(), &ended);
    let Ended { iterations, stop, .. } = ended;
    let mut warnings = Vec::new();
    if !matches!(stop, Stop::Tolerance | Stop::Cancelled) {
        let (tolerance, unit) = algorithm.tolerance();
        warnings.push(not_converged(&distance, tolerance, iterations, unit));
    }
    Ok(Fitted { model, stop, iterations, objective: Some(contrast), warnings })
}

/// The best of all random starts, with its contrast.
fn best(algorithm: &impl FromStart, white: &White<'_>, run: &mut Run<'_>) -> Result<(Ended, f64), LinearError> {
    let start = |run: &Run<'_>, index| random_start(white.components, &mut run.seed.stream(algorithm.name(), index));
    let first = start(run, 0);
    let mut best = algorithm.end(white, first, run)?;
    for index in 1..algorithm.starts() as u64 {
        if best.0.stop == Stop::Cancelled {
            break;
        }
        let from = start(run, index);
        let other = algorithm.end(white, from, run)?;
        // what was cut short may be worse than what has ended
        if other.0.stop == Stop::Cancelled {
            best.0.stop = Stop::Cancelled;
        } else if other.1 > best.1 {
            best = other;
        }
    }
    Ok(best)
}
