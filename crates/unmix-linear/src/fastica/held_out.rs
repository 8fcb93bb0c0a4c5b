//! Evidence from rows that the tested fit has not seen: half of them, chosen by the seed, fit, the other half tests, and the reverse.

use super::{Dependence, FastIca, GaussianSources, INDEPENDENT, ONE_GAUSSIAN};
use crate::LinearError;
use ndarray::Array2;
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Fit, Observations, Run, Verdict};

/// The rows that each half needs: below, the tests' approximations are not to be trusted.
const LEAST_ROWS: usize = 20;

impl FastIca {
    /// The codes, `[n/2, k]` each, of two random halves of the rows of `x`, each by an unmixing that is fitted to the other half.
    ///
    /// The tests of [`GaussianSources`] and [`Dependence`] are made for such codes. Rows are taken to be independent of each other.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit) on half of the rows.
    pub fn held_out_codes(&self, x: &Observations, run: &Run<'_>) -> Result<[Array2<f64>; 2], LinearError> {
        let seed = run.seed.child("held-out", 0);
        let mut rows: Vec<usize> = (0..x.rows()).collect();
        rows.shuffle(&mut seed.stream("split", 0));
        let (one, other) = rows.split_at(x.rows() / 2);
        let (one, other) = (x.select(one)?, x.select(other)?);
        let codes = |tested: &Observations, fitted: &Observations, half| -> Result<_, LinearError> {
            let refit = self.fit(fitted, &mut run.nested(seed.child("refit", half)))?.model;
            Ok((&tested.x() - &refit.mean).dot(&refit.unmixing.t()))
        };
        Ok([codes(&one, &other, 0)?, codes(&other, &one, 1)?])
    }

    /// Tests whether at most one source is Gaussian: on each half of the rows with a fit to the other. Both have to say so, which spends
    /// some power on a verdict that no lucky split decides.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit) on half of the rows.
    pub fn gaussian_sources(&self, x: &Observations, run: &Run<'_>) -> Result<GaussianSources, LinearError> {
        Ok(weaker(&self.held_out_codes(x, run)?))
    }
}

/// The test of the two that says less.
fn weaker([one, other]: &[Array2<f64>; 2]) -> GaussianSources {
    let (one, other) = (GaussianSources::of(one.view()), GaussianSources::of(other.view()));
    if other.p_value > one.p_value { other } else { one }
}

pub(super) fn evidence(estimator: &FastIca, x: &Observations, run: &Run<'_>) -> Result<Vec<Evidence>, LinearError> {
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
    Ok(vec![dependence.evidence(), weaker(&codes).evidence()])
}

fn untestable(detail: &str) -> Vec<Evidence> {
    [INDEPENDENT, ONE_GAUSSIAN]
        .map(|assumption| Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail: detail.to_owned() })
        .into()
}
