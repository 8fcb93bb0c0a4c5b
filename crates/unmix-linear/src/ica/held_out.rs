//! Evidence from rows that the tested fit has not seen: half of them, chosen by the seed, fit, the other half tests, and the reverse.

use super::{Dependence, GaussianSources, INDEPENDENT, Ica, NOTHING_DROPPED, dropped_variance, nothing_dropped};
use crate::{LinearError, LinearModel, streamed::ColumnMoments};
use ndarray::Array2;
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Fault, Observations, Rows, Run, Verdict, drawn_evidence};

/// The rows that each half needs: below, the tests' approximations are not to be trusted.
const LEAST_ROWS: usize = 20;

/// See [`Ica::held_out_codes`].
pub(super) fn codes<I: Ica + ?Sized>(estimator: &I, x: &Observations, run: &Run<'_>) -> Result<[Array2<f64>; 2], LinearError> {
    let seed = run.seed.child("held-out", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (one, other) = rows.split_at(x.rows() / 2);
    let (one, other) = (x.select(one)?, x.select(other)?);
    let codes = |tested: &Observations, fitted: &Observations, half| -> Result<_, LinearError> {
        let refit = estimator.fit(fitted, &mut run.nested(seed.child("refit", half)))?.model;
        Ok((&tested.x() - &refit.mean).dot(&refit.unmixing.t()))
    };
    Ok([codes(&one, &other, 0)?, codes(&other, &one, 1)?])
}

/// The test of the two that says less.
pub(super) fn weaker([one, other]: &[Array2<f64>; 2]) -> GaussianSources {
    let (one, other) = (GaussianSources::of(one.view()), GaussianSources::of(other.view()));
    if other.p_value > one.p_value { other } else { one }
}

/// Evidence for "at most one source is Gaussian".
pub(super) fn one_gaussian(codes: &[Array2<f64>; 2]) -> Evidence {
    weaker(codes).evidence()
}

/// An assumption and what both halves of the held-out codes say of it.
pub(super) type Test<'a> = (&'static str, &'a dyn Fn(&[Array2<f64>; 2]) -> Evidence);

/// Evidence for independence, for what `tests` ask of the held-out codes, and for nothing dropped where components were.
pub(super) fn evidence<I: Ica>(
    estimator: &I,
    x: &Observations,
    model: &LinearModel,
    run: &Run<'_>,
    tests: &[Test<'_>],
) -> Result<Vec<Evidence>, LinearError> {
    let mut evidence = of_codes(estimator, x, run, tests)?;
    if estimator.components().is_some() {
        evidence.push(nothing_dropped(x, model, estimator.reduction())?);
    }
    Ok(evidence)
}

/// The evidence of rows that need not fit in memory: of some drawn at random, but for what is dropped, which is that of all rows.
pub(super) fn evidence_rows<I: Ica>(
    estimator: &I,
    rows: &dyn Rows,
    model: &LinearModel,
    memory: usize,
    run: &mut Run<'_>,
) -> Result<Vec<Evidence>, Fault> {
    let mut evidence = drawn_evidence(estimator, rows, model, memory, run)?;
    if let Some(part) = evidence.iter_mut().find(|part| part.assumption == NOTHING_DROPPED) {
        *part = dropped_variance(&ColumnMoments::read(rows, memory)?.moments, model, estimator.reduction());
    }
    Ok(evidence)
}

fn of_codes<I: Ica>(estimator: &I, x: &Observations, run: &Run<'_>, tests: &[Test<'_>]) -> Result<Vec<Evidence>, LinearError> {
    let untestable = |detail: &str| {
        let assumptions = std::iter::once(INDEPENDENT).chain(tests.iter().map(|(assumption, _)| *assumption));
        let evidence =
            |assumption| Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail: detail.to_owned() };
        assumptions.map(evidence).collect()
    };
    let needed = 2 * LEAST_ROWS.max(2 * x.columns());
    if x.rows() < needed {
        return Ok(untestable(&format!("the tests need {needed} rows, half of them for a refit, and there are {}", x.rows())));
    }
    let codes = match estimator.held_out_codes(x, run) {
        Ok(codes) => codes,
        // a column that varies in the table and not in half of it, say
        Err(LinearError::Data(error)) => return Ok(untestable(&format!("a refit to half of the rows fails: {error}"))),
        Err(error) => return Err(error),
    };
    let dependence = Dependence::of(codes[0].view(), run.seed.child("held-out", 1));
    Ok(std::iter::once(dependence.evidence()).chain(tests.iter().map(|(_, test)| test(&codes))).collect())
}
