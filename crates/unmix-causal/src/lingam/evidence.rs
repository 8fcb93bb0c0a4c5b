//! Evidence from rows that the tested fit has not seen: half of them, chosen by the seed, estimate the model, the other half gives noises
//! `e = (I - B)(x - μ)` to test.
//!
//! If mechanisms are linear and acyclic and no cause of two variables is hidden, these noises are independent. A nonlinear mechanism or a
//! hidden cause makes them depend on each other, whatever the order (by the theorem of Darmois and Skitovich, where the noises are
//! non-Gaussian; Hoyer et al. 2008, "Estimation of hidden common causes"); one test therefore speaks to both assumptions and cannot tell
//! them apart. It is [`Dependence`], whose statistic the error of the estimated `B` changes in second order only.
//!
//! Where the noises are Gaussian all orders fit equally well and independence says nothing about the direction: that is
//! [`GaussianSources`], whose probability to call two Gaussian noises non-Gaussian is at most the level.

use super::{LINEAR_ACYCLIC, Lingam, NO_COMMON_CAUSE, NON_GAUSSIAN};
use crate::CausalError;
use ndarray::Array2;
use rand::seq::SliceRandom;
use unmix_core::{Evidence, Observations, Run, Verdict};
use unmix_linear::{Dependence, GaussianSources, LinearError, anderson_darling};

/// Held-out rows without which a test that finds nothing has not looked.
const LEAST_ROWS: usize = 50;

pub(super) fn held_out<L: Lingam>(estimator: &L, x: &Observations, run: &Run<'_>) -> Result<Vec<Evidence>, CausalError> {
    let least = LEAST_ROWS.max(2 * x.columns());
    if x.rows() / 2 < least {
        return Ok(untestable(&format!("the tests need {} rows, half of them for a refit, and there are {}", 2 * least, x.rows())));
    }
    if x.columns() < 2 {
        return Ok(untestable("there is one variable"));
    }
    let seed = run.seed.child("lingam-evidence", 0);
    let mut rows: Vec<usize> = (0..x.rows()).collect();
    rows.shuffle(&mut seed.stream("split", 0));
    let (fitted, tested) = rows.split_at(x.rows() / 2);
    let (fitted, tested) = (x.select(fitted)?, x.select(tested)?);
    let weights = match estimator.estimate(&fitted, &run.nested(seed)) {
        Ok(estimate) => estimate.weights,
        // a column that varies in the table and not in half of it, say
        Err(error @ (CausalError::Data(_) | CausalError::Linear(LinearError::Data(_) | LinearError::Variance { .. }))) => {
            return Ok(untestable(&format!("a refit to half of the rows fails: {error}")));
        }
        Err(error) => return Err(error),
    };
    let noises = (&tested.x() - &fitted.means()).dot(&(Array2::eye(x.columns()) - weights).t());
    let level = estimator.settings().level;
    let dependence = Dependence::of(noises.view(), seed);
    let gaussian = GaussianSources::of(noises.view());
    Ok(vec![
        independent(
            LINEAR_ACYCLIC,
            "a mechanism that is not linear, or a cycle, would make them depend on each other",
            &dependence,
            x,
            level,
        ),
        independent(NO_COMMON_CAUSE, "a hidden cause of two variables would make them depend on each other", &dependence, x, level),
        non_gaussian(&gaussian, x, level),
    ])
}

/// Before any fit: is any column non-Gaussian? If every noise is Gaussian, every column is.
pub(super) fn screen(x: &Observations, level: f64) -> Evidence {
    let columns = x.x();
    let p_values = columns.columns().into_iter().map(|column| anderson_darling(&column.to_vec()).1);
    let least = p_values.fold(1.0, f64::min);
    let p = (least * x.columns() as f64).min(1.0);
    let different = p <= level;
    let found = if different {
        "at least one column is non-Gaussian; the noises are tested after a fit"
    } else {
        "nothing tells these columns from Gaussian ones, for which every direction fits equally well; more rows may"
    };
    Evidence {
        assumption: NON_GAUSSIAN,
        verdict: if different { Verdict::Untestable } else { Verdict::Refuted },
        p_value: Some(p),
        margin: None,
        detail: format!("Anderson–Darling on each of {} columns, Bonferroni: {found}", x.columns()),
    }
}

fn independent(assumption: &'static str, alternative: &str, test: &Dependence, x: &Observations, level: f64) -> Evidence {
    let supported = test.p_value > level;
    let pair = test.pair.map_or_else(String::new, |(i, j)| format!(" of \"{}\" and \"{}\"", x.names()[i], x.names()[j]));
    let found = if supported {
        format!("no more than chance; {alternative}")
    } else {
        format!("more than chance: {alternative}, and the test cannot tell which it is")
    };
    Evidence {
        assumption,
        verdict: if supported { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(test.p_value),
        margin: Some(test.energy_correlation),
        detail: format!(
            "permutation test of independent noises on {} rows that a refit to the others has not seen: the largest energy correlation, that{pair}, \
             is {:.3} (margin: this correlation), {found}",
            test.rows, test.energy_correlation
        ),
    }
}

fn non_gaussian(test: &GaussianSources, x: &Observations, level: f64) -> Evidence {
    let supported = test.p_value <= level;
    let gaussian: Vec<String> = x
        .names()
        .iter()
        .zip(&test.p_values)
        .filter(|(_, p)| 2.0 * **p > level)
        .map(|(name, p)| format!("\"{name}\" (p = {p:.2})"))
        .collect();
    let found = match (supported, gaussian.as_slice()) {
        (true, []) => "every noise is non-Gaussian".to_owned(),
        (true, one) => format!("every noise but that of {} is non-Gaussian", one.join(", ")),
        (false, several) => {
            format!("cannot tell these noises from Gaussian ones, so the directions between them are open: {}", several.join(", "))
        }
    };
    Evidence {
        assumption: NON_GAUSSIAN,
        verdict: if supported { Verdict::Supported } else { Verdict::Refuted },
        p_value: Some(test.p_value),
        margin: None,
        detail: format!(
            "Anderson–Darling on {} rows that a refit to the others has not seen, Benjamini–Heller partial conjunction: {found}",
            test.rows
        ),
    }
}

fn untestable(detail: &str) -> Vec<Evidence> {
    [LINEAR_ACYCLIC, NO_COMMON_CAUSE, NON_GAUSSIAN]
        .map(|assumption| Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail: detail.to_owned() })
        .into()
}
