//! Independent component analysis: `x = mean + A z` with independent sources `z`.
//!
//! The data are whitened, an algorithm finds the unmixing of the white data, and the rest is the same for all: sources have unit
//! variance, come in the order of the share of the variables' variance that they explain, and have the sign that makes the largest entry of
//! their mixing column positive, in standard deviations of the variables.
//!
//! | algorithm | finds the sources by |
//! |---|---|
//! | [`FastIca`] | fixed-point steps to the least Gaussian projections |
//! | [`Picard`] ([`PicardParams`]) | maximum likelihood, by preconditioned L-BFGS |
//! | [`Picard`] ([`PicardOParams`]) | the same over uncorrelated sources: the optima of FastICA |
//! | [`Infomax`] | the likelihood of Picard by natural-gradient steps on blocks of rows |
//! | [`Jade`] | joint diagonalisation of fourth-order cumulants |
//! | [`Sobi`] | joint diagonalisation of lagged covariances: rows are a time series, sources may be Gaussian |
//!
//! How the data are whitened is a choice only where it changes the result. Whitenings of the same directions differ by a rotation (principal
//! components, the symmetric "ZCA" and Cholesky's: Kessy, Lewin and Strimmer 2018, The American Statistician 72(4), section 2), and the
//! algorithms search over all rotations: the kind moves their start and no optimum. The scale of the sources, which scikit-learn's `whiten`
//! sets, is open under [`Class::PermutationScale`]; here it is unit variance. With fewer components than columns, what is kept depends on
//! whose principal components they are: that is [`Reduction`].
//!
//! Which assumptions hold is tested on rows that the tested fit has not seen: [`GaussianSources`] and [`Dependence`].

mod chunks;
mod contrast;
mod dependence;
mod fastica;
mod gaussian_sources;
mod held_out;
mod infomax;
mod jade;
mod joint_diagonal;
mod kurtosis;
mod picard;
mod side;
mod sobi;
mod starts;
mod white;

pub use contrast::Contrast;
pub use dependence::Dependence;
pub use fastica::{Algorithm, FastIca, FastIcaParams};
pub use gaussian_sources::{GaussianSources, anderson_darling};
pub use infomax::{Infomax, InfomaxParams};
pub use jade::{Jade, JadeParams};
pub use picard::{Picard, PicardOParams, PicardParams};
pub use sobi::{Sobi, SobiParams};

use crate::{
    LinearError, LinearModel, Reduction,
    whitening::{Whitening, representable_moments},
};
use contrast::Score;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::RngExt;
use rand_distr::StandardNormal;
use unmix_core::{Claim, Class, DataError, Evidence, Fit, Observations, Run, Stop, Stream, Verdict, Warning, require_columns};
use unmix_numerics::{Moments, inverse_sqrt_spd};
use white::White;

/// The probability with which the tests behind the evidence may speak for an assumption that does not hold (Gaussian sources), or
/// against one that does (dependence).
pub const EVIDENCE_LEVEL: f64 = 0.05;

pub(crate) const INDEPENDENT: &str = "the variables are an invertible linear mixture of independent sources";
pub(crate) const ONE_GAUSSIAN: &str = "at most one source is Gaussian";
pub(crate) const SEEN: &str = "the contrast tells all sources but one from a Gaussian";
pub(crate) const NOTHING_DROPPED: &str = "the directions that `components` drops hold no source";
const COMON: &str = "Comon (1994), Independent component analysis, a new concept?, Signal Processing 36, Theorem 11";

/// What every independent component analysis of rows without an order has in common.
pub trait Ica: Fit<Observations, Model = LinearModel, Error = LinearError> {
    /// The number of components asked for, `None` for one a column.
    fn components(&self) -> Option<usize>;

    /// Whose principal components are kept where there are fewer than columns.
    fn reduction(&self) -> Reduction;

    /// The codes, `[n/2, k]` each, of two random halves of the rows of `x`, each by an unmixing that is fitted to the other half.
    ///
    /// The tests of [`GaussianSources`] and [`Dependence`] are made for such codes. Rows are taken to be independent of each other.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit) on half of the rows.
    fn held_out_codes(&self, x: &Observations, run: &Run<'_>) -> Result<[Array2<f64>; 2], LinearError> {
        held_out::codes(self, x, run)
    }

    /// Tests whether at most one source is Gaussian: on each half of the rows with a fit to the other. Both have to say so, which spends
    /// some power on a verdict that no lucky split decides.
    ///
    /// # Errors
    /// As [`fit`](Fit::fit) on half of the rows.
    fn gaussian_sources(&self, x: &Observations, run: &Run<'_>) -> Result<GaussianSources, LinearError> {
        Ok(held_out::weaker(&self.held_out_codes(x, run)?))
    }
}

/// Comon's theorem, and that the contrast of the method sees what it is about.
const fn comon(components: Option<usize>) -> Claim {
    Claim {
        class: Class::PermutationScale,
        theorem: COMON,
        assumptions: match components {
            None => &[INDEPENDENT, ONE_GAUSSIAN, SEEN],
            Some(_) => &[INDEPENDENT, ONE_GAUSSIAN, SEEN, NOTHING_DROPPED],
        },
    }
}

/// A matrix `[k, k]` whose nearest rotation is uniform over all of them.
fn random_start(k: usize, stream: &mut Stream) -> Array2<f64> {
    Array2::from_shape_simple_fn((k, k), || stream.sample(StandardNormal))
}

/// `(w wᵀ)^(-1/2) w`: the nearest matrix with orthonormal rows.
fn decorrelate(w: &Array2<f64>) -> Result<Array2<f64>, LinearError> {
    let w = inverse_sqrt_spd(w.dot(&w.t()).view())?.dot(w);
    // `w wᵀ` squares the condition, which costs digits; a step of Newton and Schulz returns them
    let polish = Array2::eye(w.nrows()) * 1.5 - w.dot(&w.t()) * 0.5;
    Ok(polish.dot(&w))
}

/// `Σ (E G(y) - E G(ν))²` over the codes `y = w x` of unit variance: what FastICA maximises, up to a factor an approximation of their
/// negentropy in nats (Hyvärinen 1999, eq. 7). Fits of different algorithms can be compared by it.
fn negentropy(white: &White<'_>, w: &Array2<f64>, score: Score) -> Result<f64, LinearError> {
    let (gaussian, _) = score.gaussian();
    Ok(white.contrasts(w, score)?.iter().map(|value| (value - gaussian).powi(2)).sum())
}

/// Where an algorithm ended.
struct Ended {
    /// The unmixing of white data, `[k, k]`, its rows of length 1.
    w: Array2<f64>,
    /// Its inverse; the transpose of `w` if the rows are orthonormal.
    inverse: Array2<f64>,
    /// How far each component is from meeting the stopping rule, `[k]`.
    distance: Array1<f64>,
    iterations: usize,
    stop: Stop,
}

impl Ended {
    fn rotation(w: Array2<f64>, distance: Array1<f64>, iterations: usize, stop: Stop) -> Self {
        Self { inverse: w.t().to_owned(), w, distance, iterations, stop }
    }
}

/// The model of where an algorithm ended, its components in order and with their signs; `distance` `[k]` comes along.
fn ordered_model(whitening: Whitening, ended: &Ended) -> (LinearModel, Array1<f64>) {
    let Whitening { mean, deviation, whiten, colour } = whitening;
    let mixing = colour.dot(&ended.inverse);
    let unmixing = ended.w.dot(&whiten);
    // in standard deviations of each variable, so that neither order nor sign depends on the columns' units
    let standard = &mixing / &deviation.insert_axis(Axis(1));
    let explained: Vec<f64> = standard.map_axis(Axis(0), |a| a.dot(&a)).to_vec();
    let mut order: Vec<usize> = (0..explained.len()).collect();
    order.sort_by(|&a, &b| explained[b].total_cmp(&explained[a]));
    let mut mixing = mixing.select(Axis(1), &order);
    let mut unmixing = unmixing.select(Axis(0), &order);
    for ((mut column, mut row), &component) in mixing.columns_mut().into_iter().zip(unmixing.rows_mut()).zip(&order) {
        let largest = standard.column(component).iter().fold(0.0_f64, |most, &a| if a.abs() > most.abs() { a } else { most });
        if largest < 0.0 {
            column.mapv_inplace(|a| -a);
            row.mapv_inplace(|b| -b);
        }
    }
    (LinearModel { mean, mixing, unmixing }, ended.distance.select(Axis(0), &order))
}

/// The white coordinates of a start `[k, d]` that the user gives, for data of `columns` columns and `components` of them.
fn require_start(start: ArrayView2<'_, f64>, columns: usize, components: Option<usize>) -> Result<(), DataError> {
    require_columns(start, columns)?;
    let needed = components.unwrap_or(columns);
    if start.nrows() != needed {
        return Err(DataError::TooFewRows { needed, found: start.nrows(), reason: "start each component" });
    }
    Ok(())
}

/// `distance` in words for each component that does not meet the stopping rule.
fn not_converged(distance: &Array1<f64>, tolerance: f64, iterations: usize, unit: &str) -> Warning {
    let turning: Vec<String> =
        distance.iter().enumerate().filter(|(_, d)| **d >= tolerance).map(|(i, d)| format!("z{} ({unit} {d:.1e})", i + 1)).collect();
    let text = format!(
        "after {iterations} iterations these components do not meet the tolerance {tolerance:e}: {}; raise `max_iterations`, try another \
         contrast, or check that at most one source is Gaussian",
        turning.join(", ")
    );
    Warning { code: "not-converged", text }
}

/// The share of the variance of `x` that fewer components than columns leave out.
fn nothing_dropped(x: &Observations, model: &LinearModel, reduction: Reduction) -> Result<Evidence, LinearError> {
    Ok(dropped_variance(&representable_moments(x)?, model, reduction))
}

/// As [`nothing_dropped`], of the moments of the data. The variance is that which the reduction keeps most of: in the units of the
/// columns, or with every column standardised.
fn dropped_variance(moments: &Moments, model: &LinearModel, reduction: Reduction) -> Evidence {
    /// Dropped shares below this are rounding.
    const ROUNDING: f64 = 1e-9;
    let (variances, kept) = (moments.covariance.diag(), model.mixing.map_axis(Axis(1), |row| row.dot(&row)));
    let (share, unit) = match reduction {
        Reduction::Covariance => (kept.sum() / variances.sum(), ""),
        Reduction::Correlation => ((kept / variances).sum() / variances.len() as f64, " of the standardised columns"),
    };
    let dropped = 1.0 - share;
    Evidence {
        assumption: NOTHING_DROPPED,
        verdict: if dropped < ROUNDING { Verdict::Supported } else { Verdict::Untestable },
        p_value: None,
        margin: Some(dropped),
        detail: format!("{:.1} % of the variance{unit} lies in the dropped directions (margin: this share)", 100.0 * dropped.max(0.0)),
    }
}
