//! Mean correlation coefficient: codes are paired with factors by the assignment that makes the sum of absolute correlations largest, and
//! their mean is the score (Hyvärinen and Morioka 2016, "Unsupervised feature extraction by time-contrastive learning and nonlinear
//! ICA", section 5).
//!
//! With `k` codes and `d` factors, `min(k, d)` pairs are made and averaged; what stays without a partner is named in the warnings.
//! The matching is found on the rows that give the value ([`Split::InSample`], as in most papers) or on the other half of them
//! ([`Split::OutOfSample`]: rows 1, 3, 5, … match, rows 2, 4, 6, … count, so that rows sorted by environment stay balanced).
//!
//! Two chance levels matter. Codes **independent** of the factors score above zero, since the matching picks the largest chance
//! correlations: [`Score::chance`] is the mean over 100 random orders of the codes' rows. Codes that hold the factors in a **random
//! rotation** score far higher: 0.900 (2√2/π) for 2, 0.730 for 5 and 0.593 for 10 white factors ([`rotation_baseline`]); a value below that is
//! named in the warnings.
//!
//! The interval is the percentile bootstrap over 200 resamples of the rows; the matching is redone in each.
//!
//! ```
//! use ndarray::Array2;
//! use unmix_core::Seed;
//! use unmix_metrics::{Codes, Correlation, Split, mcc};
//!
//! let factors = Array2::from_shape_fn((50, 2), |(i, j)| ((i * (7 + 4 * j)) % 50) as f64);
//! let cubed = factors.mapv(|v| v.powi(3));
//! let names = ["a".to_owned(), "b".to_owned()];
//! let codes = Codes::new(cubed.view(), factors.view(), &names)?;
//! assert!(mcc::mcc(&codes, Correlation::Pearson, Split::InSample, Seed(1))?.value < 0.95);
//! assert!(mcc::mcc(&codes, Correlation::Spearman, Split::InSample, Seed(1))?.value > 1.0 - 1e-12);
//! # Ok::<(), unmix_metrics::MetricsError>(())
//! ```

use crate::{
    Codes, Correlation, MetricsError, Score, Split,
    codes::{code_name, list},
    correlation::Columns,
    resample::{BOOTSTRAP, CHANCE, counts, mean, percentile_interval, permutation, replicates},
};
use ndarray::{Array2, ArrayView2, Axis, s};
use rand_distr::{Distribution, StandardNormal};
use unmix_core::{Class, Seed, Stream};
use unmix_numerics::maximum_assignment;

/// A code and the factor that it is paired with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The code, from 0.
    pub code: usize,
    /// The factor, from 0.
    pub factor: usize,
    /// Their correlation, with its sign.
    pub correlation: f64,
}

/// The mean absolute correlation of matched codes and factors.
///
/// # Errors
/// [`MetricsError::Numerics`] if the assignment fails, which finite codes exclude.
pub fn mcc(codes: &Codes<'_>, correlation: Correlation, split: Split, seed: Seed) -> Result<Score, MetricsError> {
    let halves = Halves::new(codes, correlation, split);
    let (value, pairs) = Halves::score(&halves.correlations(None))?;
    let resampled = replicates(seed, "mcc-bootstrap", BOOTSTRAP, |stream| Halves::score(&halves.correlations(Some(stream))));
    let resampled: Vec<f64> = resampled.into_iter().map(|r| r.map(|(v, _)| v)).collect::<Result<_, _>>()?;
    let independent = replicates(seed, "mcc-chance", CHANCE, |stream| Halves::score(&halves.permuted(stream)));
    let independent: Vec<f64> = independent.into_iter().map(|r| r.map(|(v, _)| v)).collect::<Result<_, _>>()?;

    let mut warnings = Vec::new();
    warnings.extend(codes.constant_code_warning("their correlation counts as 0"));
    warnings.extend(unmatched(codes, &pairs));
    let k = codes.estimate.ncols();
    if k == codes.truth.ncols() && k > 1 {
        let baseline = rotation_baseline(k, 100, seed)?;
        if value <= baseline {
            warnings.push(format!("a random rotation of {k} white factors reaches {baseline:.3}: this value is no evidence of more"));
        }
    }
    let (name, invariance) = match correlation {
        Correlation::Pearson => ("Pearson", Class::PermutationScale),
        Correlation::Spearman => ("Spearman", Class::PermutationElementwise),
    };
    let rows = match split {
        Split::InSample => "in-sample",
        Split::OutOfSample => "out-of-sample",
    };
    Ok(Score {
        value,
        estimator: format!("mean absolute {name} correlation after optimal assignment"),
        variant: rows.to_owned(),
        n: codes.rows(),
        chance: mean(&independent),
        ceiling: 1.0,
        ci: percentile_interval(resampled),
        invariance,
        warnings,
    })
}

/// The pairs behind [`mcc`], ordered by code, for tables and figures.
///
/// # Errors
/// As [`mcc`].
pub fn matching(codes: &Codes<'_>, correlation: Correlation) -> Result<Vec<Pair>, MetricsError> {
    let halves = Halves::new(codes, correlation, Split::InSample);
    let (_, pairs) = Halves::score(&halves.correlations(None))?;
    Ok(pairs)
}

/// The mean over `draws` of the population MCC of a uniformly random (Haar) rotation of `d` white factors: what codes reach that hold
/// every factor and separate none.
///
/// # Errors
/// As [`mcc`].
pub fn rotation_baseline(d: usize, draws: u64, seed: Seed) -> Result<f64, MetricsError> {
    let values = replicates(seed, "rotation-baseline", draws, |stream| mean_assigned(random_rotation(d, stream).mapv(f64::abs).view()));
    Ok(mean(&values.into_iter().collect::<Result<Vec<_>, _>>()?))
}

/// The rows that make the matching and those that give the value; the same ones in sample.
struct Halves<'a> {
    match_on: (Columns<'a>, Columns<'a>),
    value_on: Option<(Columns<'a>, Columns<'a>)>,
}

impl<'a> Halves<'a> {
    fn new(codes: &Codes<'a>, correlation: Correlation, split: Split) -> Self {
        let rows = |start: usize, step: isize| {
            let (estimate, truth) = (codes.estimate.slice_move(s![start..;step, ..]), codes.truth.slice_move(s![start..;step, ..]));
            (Columns::new(estimate, correlation), Columns::new(truth, correlation))
        };
        match split {
            Split::InSample => Self { match_on: rows(0, 1), value_on: None },
            Split::OutOfSample => Self { match_on: rows(0, 2), value_on: Some(rows(1, 2)) },
        }
    }

    fn parts(&self) -> impl Iterator<Item = &(Columns<'a>, Columns<'a>)> {
        std::iter::once(&self.match_on).chain(&self.value_on)
    }

    /// The correlations `[k, d]` of each part, of the data or of a bootstrap resample of each part.
    fn correlations(&self, mut stream: Option<&mut Stream>) -> Vec<Array2<f64>> {
        self.parts()
            .map(|(estimate, truth)| {
                let counts = stream.as_deref_mut().map(|stream| counts(estimate.rows(), stream));
                estimate.unit(counts.as_deref()).t().dot(&truth.unit(counts.as_deref()))
            })
            .collect()
    }

    /// The correlations of each part after its codes were put in random order.
    fn permuted(&self, stream: &mut Stream) -> Vec<Array2<f64>> {
        self.parts()
            .map(|(estimate, truth)| {
                let order = permutation(estimate.rows(), stream);
                estimate.unit(None).select(Axis(0), &order).t().dot(&truth.unit(None))
            })
            .collect()
    }

    /// Matches on the first part, averages on the last.
    fn score(correlations: &[Array2<f64>]) -> Result<(f64, Vec<Pair>), MetricsError> {
        let (Some(first), Some(last)) = (correlations.first(), correlations.last()) else { return Ok((0.0, Vec::new())) };
        let assignment = maximum_assignment(first.mapv(f64::abs).view())?;
        let pair = |(code, factor)| Pair { code, factor, correlation: last[[code, factor]] };
        let pairs: Vec<Pair> = assignment.pairs.into_iter().map(pair).collect();
        // rounding may carry a perfect correlation past 1
        let value = pairs.iter().map(|p| p.correlation.abs().min(1.0)).sum::<f64>() / pairs.len() as f64;
        Ok((value, pairs))
    }
}

fn unmatched(codes: &Codes<'_>, pairs: &[Pair]) -> Option<String> {
    let (k, d) = (codes.estimate.ncols(), codes.truth.ncols());
    let (what, without) = match k.cmp(&d) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => ("codes", list((0..k).filter(|c| pairs.iter().all(|p| p.code != *c)).map(code_name))),
        std::cmp::Ordering::Less => {
            ("factors", list((0..d).filter(|f| pairs.iter().all(|p| p.factor != *f)).map(|f| codes.names[f].clone())))
        }
    };
    Some(format!("{k} codes for {d} factors: the mean is over {} pairs, without the {what} {without}", pairs.len()))
}

fn mean_assigned(score: ArrayView2<'_, f64>) -> Result<f64, MetricsError> {
    Ok(maximum_assignment(score)?.total / score.nrows().min(score.ncols()) as f64)
}

/// A uniformly random orthogonal matrix `[d, d]`: Gram-Schmidt of Gaussian columns, twice for precision.
fn random_rotation(d: usize, stream: &mut Stream) -> Array2<f64> {
    let mut q: Array2<f64> = Array2::from_shape_simple_fn((d, d), || StandardNormal.sample(stream));
    for j in 0..d {
        let (done, mut rest) = q.view_mut().split_at(Axis(1), j);
        let mut column = rest.column_mut(0);
        for _ in 0..2 {
            let along = done.t().dot(&column);
            column -= &done.dot(&along);
        }
        let length = column.dot(&column).sqrt();
        column /= length;
    }
    q
}
