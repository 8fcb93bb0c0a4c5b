//! What data and factors say about the uniqueness of a factorisation.
//!
//! Whether both factors are sufficiently scattered, which suffices for uniqueness, is NP-complete to decide (Huang, Sidiropoulos and Swami 2014). So
//! there is a condition that is necessary, one that is sufficient, and a question mark between them.

use super::{Nmf, NmfLoss, NmfModel};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use unmix_core::{Evidence, Observations, Run, Verdict};
use unmix_numerics::maximum_assignment;

const NON_NEGATIVE: &str = "the data are sums of non-negative parts, and noise";
const NO_CONTAINMENT: &str = "no part can be moved into another";
const SCATTERED: &str = "codes and parts are sufficiently scattered";
const ONE_OPTIMUM: &str = "no other factorisation fits as well";

/// The assumptions of the claim.
pub(super) const ASSUMPTIONS: [&str; 4] = [NON_NEGATIVE, NO_CONTAINMENT, SCATTERED, ONE_OPTIMUM];

/// Of one part, the share that may be moved into another before that matters. Ours.
const MOST_MOVED: f64 = 0.01;

/// The share of a row or column that one part has to carry for the row or column to be pure. Ours.
const PURE: f64 = 0.95;

/// Rows and columns of less than this share of the mean total are too faint to be called pure. Ours.
const FAINT: f64 = 0.1;

/// Entries of less than this share of the largest of their column are no part of its support: multiplicative steps approach 0 and never reach it. Ours.
const ABSENT: f64 = 1e-6;

/// Random starts.
const STARTS: u64 = 5;

/// A start fits as well if its loss is at most this much larger, relatively. Ours.
const AS_WELL: f64 = 1e-3;

/// Misfits below this share of that of no parts at all are no misfits: where the data are exact, only the tolerance of the fit remains. Ours.
const EXACT: f64 = 1e-6;

/// Parts are the same above this cosine. Ours.
const SAME: f64 = 0.95;

/// Whether no value is negative: all that can be said before a fit.
pub(super) fn non_negative(x: &Observations) -> Evidence {
    let negative = x.x().indexed_iter().find(|(_, v)| **v < 0.0).map(|((row, column), v)| (row, column, *v));
    let detail = match negative {
        None => "no value is negative".to_owned(),
        Some((row, column, value)) => {
            format!("column \"{}\", row {} is {value}", x.names().get(column).map_or("", String::as_str), row + 1)
        }
    };
    let verdict = if negative.is_none() { Verdict::Supported } else { Verdict::Refuted };
    Evidence { assumption: NON_NEGATIVE, verdict, p_value: None, margin: None, detail }
}

pub(super) fn of(nmf: &Nmf, x: &Observations, model: &NmfModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
    let codes = model.codes(x.x())?;
    let residual = &x.x() - &codes.dot(&model.parts.t());
    let unexplained = residual.iter().map(|v| v * v).sum::<f64>() / x.x().iter().map(|v| v * v).sum::<f64>();
    let fit = Evidence {
        detail: format!("no value is negative; the parts leave {:.2} % of the sum of squares", 100.0 * unexplained),
        ..non_negative(x)
    };
    let contained = no_containment(&codes, &model.parts);
    let scattered = scattered(&codes, &model.parts, contained.verdict);
    Ok(vec![fit, contained, scattered, one_optimum(nmf, x, model, run)?])
}

/// The most of one column `[m]` that is a multiple of another, both as shares of their sums: the pair and the share.
fn movable(columns: ArrayView2<'_, f64>) -> Option<(usize, usize, f64)> {
    let sums = columns.sum_axis(Axis(0));
    let least = columns.map_axis(Axis(0), |column| ABSENT * column.iter().fold(0.0_f64, |most, v| most.max(*v)));
    let used: Vec<usize> = (0..columns.ncols()).filter(|&j| sums[j] > 0.0).collect();
    let pairs = used.iter().flat_map(|&i| used.iter().map(move |&j| (i, j))).filter(|(i, j)| i != j);
    let shares = pairs.map(|(i, j)| {
        let ratios = columns.column(i).into_iter().zip(columns.column(j)).filter(|(a, _)| **a > least[i]).map(|(a, b)| b / a);
        (i, j, ratios.fold(f64::INFINITY, f64::min) * sums[i] / sums[j])
    });
    shares.max_by(|a, b| a.2.total_cmp(&b.2))
}

/// If the support of column `i` of a factor lies in that of column `j`, then `ε` times column `i` can be taken from column `j`, and `ε` times row `j` of the
/// other factor added to its row `i`: nothing becomes negative and the product stays the same. So no support may contain another (Laurberg
/// et al. 2008, Computational Intelligence and Neuroscience, 764206; Huang, Sidiropoulos and Swami 2014).
fn no_containment(codes: &Array2<f64>, parts: &Array2<f64>) -> Evidence {
    let both = [("codes", movable(codes.view())), ("parts", movable(parts.view()))];
    let worst = both.iter().filter_map(|(side, pair)| pair.map(|p| (side, p))).max_by(|a, b| a.1.2.total_cmp(&b.1.2));
    let Some((side, (i, j, share))) = worst else {
        let detail = "there is one part".to_owned();
        return Evidence { assumption: NO_CONTAINMENT, verdict: Verdict::Supported, p_value: None, margin: None, detail };
    };
    Evidence {
        assumption: NO_CONTAINMENT,
        verdict: if share <= MOST_MOVED { Verdict::Supported } else { Verdict::Refuted },
        p_value: None,
        margin: Some(MOST_MOVED - share),
        detail: format!(
            "necessary for uniqueness: at most {:.2} % of the {side} of z{} are a multiple of those of z{} and can be moved there at the \
             same fit ({:.0} % allowed; margin: the difference)",
            100.0 * share,
            j + 1,
            i + 1,
            100.0 * MOST_MOVED
        ),
    }
}

/// The largest share that each component has in a row of `contributions` `[m, k]` that is not faint, `[k]`.
fn purity(contributions: &Array2<f64>) -> Array1<f64> {
    let totals = contributions.sum_axis(Axis(1));
    let least = FAINT * totals.mean().unwrap_or(0.0);
    let mut best = Array1::<f64>::zeros(contributions.ncols());
    for (row, total) in contributions.outer_iter().zip(&totals).filter(|(_, t)| **t > least) {
        best.zip_mut_with(&row, |b, v| *b = b.max(v / total));
    }
    best
}

/// Separability of both factors: every part has a variable and an observation of its own. It is sufficient and not necessary.
fn scattered(codes: &Array2<f64>, parts: &Array2<f64>, contained: Verdict) -> Evidence {
    let least = |purity: Array1<f64>| purity.iter().copied().fold(1.0_f64, f64::min);
    // parts have sum 1, so that codes are contributions to rows; to columns, parts times the sum of their codes are
    let (rows, columns) = (least(purity(codes)), least(purity(&(parts * &codes.sum_axis(Axis(0))))));
    let separable = rows.min(columns) >= PURE;
    let verdict = match (contained, separable) {
        (Verdict::Refuted, _) => Verdict::Refuted,
        (_, true) => Verdict::Supported,
        (_, false) => Verdict::Untestable,
    };
    let meaning = match verdict {
        Verdict::Supported => "both factors are separable, which suffices",
        Verdict::Refuted => "a part can be moved into another, so they are not",
        _ => "not separable, and whether they are scattered without that is NP-complete to decide",
    };
    Evidence {
        assumption: SCATTERED,
        verdict,
        p_value: None,
        margin: Some(rows.min(columns) - PURE),
        detail: format!(
            "of its purest row every part carries at least {:.0} %, of its purest column {:.0} % ({:.0} % count as pure; margin: the difference): \
             {meaning}",
            100.0 * rows,
            100.0 * columns,
            100.0 * PURE
        ),
    }
}

/// Refits from random starts.
fn one_optimum(nmf: &Nmf, x: &Observations, model: &NmfModel, run: &mut Run<'_>) -> Result<Evidence, LinearError> {
    let here = misfit(x, model)?;
    let slack = AS_WELL * here + EXACT * scale(x, model.loss);
    let (mut reached, mut better, mut least) = (0, 0, 1.0_f64);
    for index in 0..STARTS {
        let mut nested = run.nested(run.seed.child("nmf-evidence", index));
        let other = nmf.refit(x, model.components(), &mut nested)?.model;
        let there = misfit(x, &other)?;
        if there <= here + slack {
            reached += 1;
            better += usize::from(there < here - slack);
            least = least.min(agreement(model, &other)?);
        }
    }
    // a better fit with the same parts is the same factorisation, nearer to its optimum
    let verdict = match reached {
        0 => Verdict::Untestable,
        _ if least >= SAME => Verdict::Supported,
        _ => Verdict::Refuted,
    };
    let detail = if reached == 0 {
        format!("{STARTS} random starts all end at a worse fit: they cannot tell")
    } else {
        format!(
            "{reached} of {STARTS} random starts fit as well to {:.1} % ({better} of them better); their parts have a cosine of at least \
             {least:.3} with these ({SAME} needed; margin: the difference)",
            100.0 * AS_WELL
        )
    };
    let margin = (reached > 0).then_some(least - SAME);
    Ok(Evidence { assumption: ONE_OPTIMUM, verdict, p_value: None, margin, detail })
}

/// The loss of the best codes for these parts, without penalty.
fn misfit(x: &Observations, model: &NmfModel) -> Result<f64, LinearError> {
    let mean = model.codes(x.x())?.dot(&model.parts.t());
    Ok(x.x().iter().zip(&mean).map(|(x, m)| model.loss.between(*x, *m)).sum())
}

fn scale(x: &Observations, loss: NmfLoss) -> f64 {
    match loss {
        NmfLoss::Frobenius => 0.5 * x.x().iter().map(|v| v * v).sum::<f64>(),
        NmfLoss::KullbackLeibler => x.x().sum(),
    }
}

/// The smallest cosine between parts that are paired for the largest sum of cosines.
fn agreement(a: &NmfModel, b: &NmfModel) -> Result<f64, LinearError> {
    let unit = |m: &NmfModel| {
        let lengths = m.parts.map_axis(Axis(0), |c| c.dot(&c).sqrt()).mapv(|l| if l > 0.0 { l } else { 1.0 });
        &m.parts / &lengths
    };
    let cosines = unit(a).t().dot(&unit(b));
    let pairs = maximum_assignment(cosines.view())?.pairs;
    Ok(pairs.iter().map(|&(i, j)| cosines[[i, j]]).fold(1.0, f64::min))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn entries_that_approach_zero_are_no_support() {
        // the first column lies in the second but for what multiplicative steps have not brought to 0
        let columns = array![[1e-100, 0.0], [1.0, 2.0], [2.0, 4.0], [0.0, 6.0]];
        let (from, to, share) = movable(columns.view()).unwrap();
        assert_eq!((from, to), (0, 1));
        assert!((share - 0.5).abs() < 1e-12, "{share}");
        let apart = array![[1.0, 0.0], [0.0, 2.0]];
        assert!(movable(apart.view()).unwrap().2 <= 0.0);
    }
}
