//! Tests of the sources' time structure on the second half of the series, with a fit to the first.
//!
//! *Do no two sources have the same autocorrelations?* For each pair, the largest difference over the lags in standard errors, Bonferroni over
//! the lags; all pairs have to differ, so the p-value is the largest. Held-out rows keep the level: on the fitted rows a pair of equal
//! sources has been turned to where it differs most.
//!
//! *Is no source a delayed part of another?* The part of the cross-correlations that changes its sign with time, `(r_ij(τ) - r_ij(-τ)) / 2`, is 0 for
//! sources uncorrelated at every lag, and the error of an unmixing, which adds multiples of the autocorrelations, changes it in second order
//! only. Dependence that is the same in both directions of time does not show in it.
//!
//! Standard errors are those of Bartlett for linear processes (Brockwell and Davis 1991, Time Series, theorems 7.2.1 and 11.2.2).

use super::{DISTINCT, NO_LEAD, Sobi, lagged_covariances};
use crate::{LinearError, ica::EVIDENCE_LEVEL};
use ndarray::Array2;
use unmix_core::{Evidence, Fit, Observations, Run, Verdict};
use unmix_numerics::normal_two_sided;

/// Rows a lag in each half, below which the approximations are not to be trusted.
const ROWS_PER_LAG: usize = 10;
/// Lags up to which the autocorrelations enter a standard error, in multiples of the largest tested lag.
const REACH: usize = 3;

pub(super) fn of(estimator: &Sobi, x: &Observations, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let half = x.rows() / 2;
    let lags = estimator.lags(half).min(half / ROWS_PER_LAG);
    let needed = 2 * ROWS_PER_LAG.max(2 * x.columns());
    if x.rows() < needed || lags == 0 {
        return Ok(untestable(&format!("the tests need {needed} rows, half of them for a refit, and there are {}", x.rows())));
    }
    let (first, second): (Vec<usize>, Vec<usize>) = ((0..half).collect(), (half..x.rows()).collect());
    let (first, second) = (x.select(&first)?, x.select(&second)?);
    let seed = run.seed.child("held-out", 0);
    let refit = match estimator.fit(&first, &mut run.nested(seed)) {
        Ok(fitted) => fitted.model,
        Err(LinearError::Data(error)) => return Ok(untestable(&format!("a refit to the first half of the rows fails: {error}"))),
        Err(error) => return Err(error),
    };
    match Codes::of(&second, &refit.unmixing, lags) {
        Some(codes) => Ok(vec![codes.no_lead(), codes.distinct()]),
        None => Ok(untestable("a code of the refit does not vary in the second half of the rows")),
    }
}

fn untestable(detail: &str) -> Vec<Evidence> {
    [NO_LEAD, DISTINCT]
        .map(|assumption| Evidence { assumption, verdict: Verdict::Untestable, p_value: None, margin: None, detail: detail.to_owned() })
        .into()
}

/// Held-out codes as their correlations.
struct Codes {
    rows: usize,
    lags: usize,
    /// Autocorrelations of each code at the lags 0 to `REACH · lags`.
    own: Vec<Vec<f64>>,
    /// Cross-correlations at the lags 1 to `lags`, `[k, k]` each.
    cross: Vec<Array2<f64>>,
}

impl Codes {
    /// `None` if a code is constant.
    fn of(x: &Observations, unmixing: &Array2<f64>, lags: usize) -> Option<Self> {
        let centred = &x.x() - &x.means();
        let z = centred.dot(&unmixing.t());
        let deviation = z.std_axis(ndarray::Axis(0), 0.0);
        if deviation.iter().any(|d| !d.is_normal()) {
            return None;
        }
        let z = (z / &deviation).as_standard_layout().into_owned();
        let reach = (REACH * lags).min(z.nrows() - 1);
        let lagged = lagged_covariances(&z, reach);
        let at = |lag: usize| lagged.index_axis(ndarray::Axis(2), lag - 1);
        let own = (0..z.ncols()).map(|i| std::iter::once(1.0).chain((1..=reach).map(|lag| at(lag)[[i, i]])).collect()).collect();
        let cross = (1..=lags).map(|lag| at(lag).to_owned()).collect();
        Some(Self { rows: z.nrows(), lags, own, cross })
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let k = self.own.len();
        (0..k).flat_map(move |i| (i + 1..k).map(move |j| (i, j)))
    }

    fn distinct(&self) -> Evidence {
        let worst = self
            .pairs()
            .map(|(i, j)| {
                let pooled: Vec<f64> = self.own[i].iter().zip(&self.own[j]).map(|(a, b)| f64::midpoint(*a, *b)).collect();
                let z = |lag: usize| (self.own[i][lag] - self.own[j][lag]).abs() / (2.0 * self.own_variance(&pooled, lag)).sqrt();
                ((i, j), (1..=self.lags).map(z).fold(0.0, f64::max))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let Some(((i, j), z)) = worst else {
            let detail = "there is one source".to_owned();
            return Evidence { assumption: DISTINCT, verdict: Verdict::Supported, p_value: None, margin: None, detail };
        };
        let p = (normal_two_sided(z) * self.lags as f64).min(1.0);
        Evidence {
            assumption: DISTINCT,
            verdict: if p <= EVIDENCE_LEVEL { Verdict::Supported } else { Verdict::Refuted },
            p_value: Some(p),
            margin: Some(z),
            detail: format!(
                "autocorrelations at {} lags in the second half of the rows, {} of them, by a fit to the first half: codes {} and {} of the \
                 refit are the most alike, at most {z:.1} standard errors apart at any lag (margin)",
                self.lags,
                self.rows,
                i + 1,
                j + 1
            ),
        }
    }

    fn no_lead(&self) -> Evidence {
        let tests = self.pairs().count() * self.lags;
        let worst = self
            .pairs()
            .flat_map(|(i, j)| (1..=self.lags).map(move |lag| (i, j, lag)))
            .map(|(i, j, lag)| {
                let cross = &self.cross[lag - 1];
                let odd = 0.5 * (cross[[i, j]] - cross[[j, i]]);
                ((i, j, lag), odd.abs() / self.odd_variance(i, j, lag).sqrt())
            })
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some(((i, j, lag), z)) = worst else {
            let detail = "there is one source".to_owned();
            return Evidence { assumption: NO_LEAD, verdict: Verdict::Supported, p_value: None, margin: None, detail };
        };
        let p = (normal_two_sided(z) * tests as f64).min(1.0);
        let found = if p <= EVIDENCE_LEVEL { "one leads the other" } else { "no more than chance gives over all pairs and lags" };
        Evidence {
            assumption: NO_LEAD,
            verdict: if p <= EVIDENCE_LEVEL { Verdict::Refuted } else { Verdict::Supported },
            p_value: Some(p),
            margin: Some(z),
            detail: format!(
                "the part of the cross-correlations that changes its sign with time, in the second half of the rows, {} of them, by a fit to the \
                 first half: codes {} and {} of the refit at lag {lag}, {z:.1} standard errors (margin): {found}; correlation that is the same \
                 in both directions of time does not show here",
                self.rows,
                i + 1,
                j + 1
            ),
        }
    }

    /// Bartlett's variance of an autocorrelation at `lag` of a series with autocorrelations `own`.
    fn own_variance(&self, own: &[f64], lag: usize) -> f64 {
        let at = |k: i64| own.get(k.unsigned_abs() as usize).copied().unwrap_or(0.0);
        let (lag, reach) = (lag as i64, own.len() as i64);
        let sum: f64 = (-reach..=reach)
            .map(|k| {
                let (r, same) = (at(k), at(lag));
                r * r + at(k + lag) * at(k - lag) - 4.0 * same * r * at(k - lag) + 2.0 * r * r * same * same
            })
            .sum();
        // estimated terms can sum to less than those of white noise
        sum.max(1.0) / self.rows as f64
    }

    /// The variance of `(r_ij(τ) - r_ij(-τ)) / 2` of two independent series.
    fn odd_variance(&self, i: usize, j: usize, lag: usize) -> f64 {
        /// A share of what white noise gives, below which estimated terms are not believed.
        const LEAST: f64 = 0.1;
        let at = |own: &[f64], k: i64| own.get(k.unsigned_abs() as usize).copied().unwrap_or(0.0);
        let (a, b) = (&self.own[i], &self.own[j]);
        let (lag, reach) = (lag as i64, a.len() as i64);
        let sum: f64 = (-reach..=reach).map(|k| at(a, k) * (at(b, k) - at(b, k + 2 * lag))).sum();
        0.5 * sum.max(LEAST) / self.rows as f64
    }
}
