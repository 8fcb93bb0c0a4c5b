//! Principal component analysis, with the density of probabilistic PCA.
//!
//! The codes are the projections onto the eigenvectors of the covariance (of the correlation, if standardised), those of largest variance
//! first. With fewer components than variables the model is that of Tipping and Bishop (1999), Journal of the Royal Statistical Society
//! B 61(3), 611–622, at its maximum of likelihood: covariance `U (Λ - σ²I) Uᵀ + σ²I` (eq. 7) with `σ²` the mean of the dropped eigenvalues
//! (eq. 8). Codes are the projections themselves, not the shrunken posterior means, which [`Ppca`](crate::Ppca) infers. Variances have the
//! divisor `n`. With more columns than rows the `n × n` Gram matrix of the rows is decomposed in place of the covariance.

use crate::{LinearError, LinearModel, principal_axes::PrincipalAxes, streamed::ColumnMoments};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::path::Path;
use unmix_core::{
    Checks, Claim, Class, DataError, Evidence, Fault, Fit, FitRows, Fitted, Generate, Infer, Load, LogDensity, Model, Observations, Params,
    Rows, Run, Sample, Seed, Verdict, Warning, load_json, require_columns, save_json,
};
use unmix_numerics::Moments;

const DISTINCT: &str = "the eigenvalues are distinct";

/// The level of Anderson's test behind the evidence.
const LEVEL: f64 = 0.05;

/// The parameters of PCA.
///
/// ```
/// use ndarray::array;
/// use unmix_core::{Fit, Observations, Params, Run};
/// use unmix_linear::PcaParams;
///
/// let x = Observations::unnamed(array![[1.0, 2.0], [2.0, 4.1], [3.0, 5.9], [4.0, 8.0]])?;
/// let pca = PcaParams { components: Some(1), ..Default::default() }.build()?.fit(&x, &mut Run::new(0))?.model;
/// assert!(pca.explained()[0] > 0.99);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PcaParams {
    /// The number of components; all that the data have if neither this nor `variance` is set.
    pub components: Option<usize>,
    /// Instead of a number: as many components as explain this share of the variance, from 0 to 1.
    pub variance: Option<f64>,
    /// Decompose the correlation instead of the covariance.
    pub standardize: bool,
}

impl Params for PcaParams {
    type Estimator = Pca;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components.unwrap_or(1), 1);
        checks.within("variance", self.variance.unwrap_or(1.0), 0.0..=1.0);
        checks.require("variance", self.components.is_none() || self.variance.is_none(), "give `components` or `variance`, not both");
    }

    fn seal(self) -> Pca {
        Pca { params: self }
    }
}

/// The estimator that [`PcaParams`] build.
#[derive(Clone, Debug)]
pub struct Pca {
    params: PcaParams,
}

impl Pca {
    /// The components of data of which only the moments are known; `names` are those of the columns.
    ///
    /// # Errors
    /// [`DataError`] if a column does not vary and is to be standardised, or more components are asked for than the data have;
    /// [`LinearError::Variance`] if a variance is out of range.
    pub fn fit_moments(&self, moments: &Moments, names: &[String]) -> Result<Fitted<PcaModel>, LinearError> {
        self.fitted(PrincipalAxes::of_moments(moments, names, self.params.standardize)?)
    }

    fn fitted(&self, axes: PrincipalAxes) -> Result<Fitted<PcaModel>, LinearError> {
        let (d, rank, rows) = (axes.mean.len(), axes.rank(), axes.rows);
        let k = self.components(&axes.values.slice(s![..rank]).to_vec(), d)?;
        let warnings = if rank < d { vec![rank_warning(rank, d, rows)] } else { Vec::new() };
        Ok(Fitted { warnings, ..Fitted::closed_form(model_of(axes, k)) })
    }

    /// How many components to keep of those with eigenvalues `spectrum`.
    fn components(&self, spectrum: &[f64], columns: usize) -> Result<usize, DataError> {
        let most = spectrum.len();
        match (self.params.components, self.params.variance) {
            (Some(asked), _) if asked > columns => Err(DataError::TooManyComponents { asked, most: columns, reason: "one a column" }),
            (Some(asked), _) if asked > most => Err(DataError::TooManyComponents { asked, most, reason: "the rank of their covariance" }),
            (Some(asked), _) => Ok(asked),
            (None, None) => Ok(most),
            (None, Some(share)) => {
                let total: f64 = spectrum.iter().sum();
                let explained = spectrum.iter().scan(0.0, |sum, value| {
                    *sum += value;
                    Some(*sum / total)
                });
                Ok((explained.take_while(|s| *s < share).count() + 1).min(most))
            }
        }
    }
}

/// The p-value of Anderson's test (1963) that the eigenvalues of which `a ≥ b` are estimates are equal.
pub(crate) fn equal_pair(a: f64, b: f64, rows: usize) -> f64 {
    let statistic = (rows as f64 - 1.0) * (2.0 * f64::midpoint(a, b).ln() - a.ln() - b.ln());
    // the tail of chi-square with 2 degrees of freedom
    (-0.5 * statistic).exp()
}

pub(crate) fn rank_warning(rank: usize, columns: usize, rows: usize) -> Warning {
    let text = format!(
        "{columns} columns have {rank} directions of variance ({rows} rows): some are constant, repeated or combinations of others; the \
         rest is dropped"
    );
    Warning { code: "rank-deficient", text }
}

impl Fit<Observations> for Pca {
    type Model = PcaModel;
    type Error = LinearError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<PcaModel>, LinearError> {
        run.in_pool(|_| self.fitted(PrincipalAxes::of(x, self.params.standardize)?))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::Sign,
            theorem: "eigenvectors of distinct eigenvalues are unique up to sign; Anderson (1963), Asymptotic theory for principal component \
                      analysis, Annals of Mathematical Statistics 34",
            assumptions: &[DISTINCT],
        }
    }

    fn evidence(&self, _: &Observations, model: &PcaModel, _: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        Ok(vec![model.distinct_eigenvalues()])
    }
}

/// The rows are read once.
impl FitRows for Pca {
    fn fit_rows(&self, rows: &dyn Rows, memory: usize, run: &mut Run<'_>) -> Result<Fitted<PcaModel>, Fault> {
        run.in_pool(|_| Ok(self.fit_moments(&ColumnMoments::read(rows, memory)?.moments, rows.names())?))
    }

    /// The test needs the eigenvalues alone, which are those of all rows.
    fn evidence_rows(&self, _: &dyn Rows, model: &PcaModel, _: usize, _: &mut Run<'_>) -> Result<Vec<Evidence>, Fault> {
        Ok(vec![model.distinct_eigenvalues()])
    }
}

/// Fitted principal components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PcaModel {
    /// Means, and both maps between variables and components.
    pub linear: LinearModel,
    /// What each column was divided by: ones, or its standard deviation, `[d]`.
    pub scale: Array1<f64>,
    /// Every eigenvalue, `[d]`, largest first, zero where it is rounding: the first `k` are the components' variances.
    pub spectrum: Array1<f64>,
    /// The rows of the fit.
    pub rows: usize,
}

/// The model of the first `components` axes.
pub(crate) fn model_of(axes: PrincipalAxes, components: usize) -> PcaModel {
    let PrincipalAxes { rows, mean, scale, values, vectors } = axes;
    let vectors = vectors.slice(s![.., ..components]);
    let linear = LinearModel {
        mean,
        mixing: &vectors * &scale.view().insert_axis(Axis(1)),
        unmixing: (&vectors.t() / &scale).as_standard_layout().into_owned(),
    };
    PcaModel { linear, scale, spectrum: values, rows }
}

impl PcaModel {
    /// The share of the total variance of each component, `[k]`.
    pub fn explained(&self) -> Array1<f64> {
        let total = self.spectrum.sum();
        self.spectrum.iter().take(self.linear.components()).map(|value| value / total).collect()
    }

    /// The variance `σ²` of each dropped direction: the mean of the dropped eigenvalues (Tipping and Bishop 1999, eq. 8), 0 if there is
    /// none.
    pub fn noise_variance(&self) -> f64 {
        let dropped = self.spectrum.len() - self.linear.components();
        let sum: f64 = self.spectrum.iter().skip(self.linear.components()).sum();
        if dropped == 0 { 0.0 } else { sum / dropped as f64 }
    }

    /// Anderson's likelihood-ratio test of equal eigenvalues (1963; for pairs chi-square with 2 degrees of freedom) for each kept
    /// component and its successor. All have to differ, so the p-value is the largest. The test takes the rows as Gaussian.
    fn distinct_eigenvalues(&self) -> Evidence {
        let (d, k) = (self.spectrum.len(), self.linear.components());
        let pairs = (0..k.min(d - 1)).map(|i| {
            let (a, b) = (self.spectrum[i], self.spectrum[i + 1]);
            (i, equal_pair(a, b, self.rows), (a - b) / a)
        });
        let Some((i, p, gap)) = pairs.max_by(|a, b| a.1.total_cmp(&b.1)) else {
            let detail = "there is one eigenvalue".to_owned();
            return Evidence { assumption: DISTINCT, verdict: Verdict::Supported, p_value: None, margin: None, detail };
        };
        Evidence {
            assumption: DISTINCT,
            verdict: if p <= LEVEL { Verdict::Supported } else { Verdict::Refuted },
            p_value: Some(p),
            margin: Some(gap),
            detail: format!(
                "Anderson's test of equal neighbouring eigenvalues, for Gaussian rows: the pair that is hardest to tell apart is {} and {} \
                 (margin: their relative gap)",
                i + 1,
                i + 2
            ),
        }
    }
}

impl Infer for PcaModel {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        self.linear.infer(x)
    }
}

impl Generate for PcaModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        self.linear.generate(z)
    }
}

impl Sample for PcaModel {
    fn sample(&self, n: usize, seed: Seed) -> Result<Array2<f64>, Fault> {
        let (d, k) = (self.linear.columns(), self.linear.components());
        let mut stream = seed.stream("pca-sample", 0);
        let deviations = self.spectrum.slice(s![..k]).mapv(f64::sqrt);
        let codes: Array2<f64> = Array2::from_shape_simple_fn((n, k), || stream.sample::<f64, _>(StandardNormal)) * &deviations;
        let noise: Array2<f64> =
            Array2::from_shape_simple_fn((n, d), || stream.sample::<f64, _>(StandardNormal)) * &self.scale * self.noise_variance().sqrt();
        // the noise lies in the dropped directions alone: the kept ones have theirs in their variance
        let inside = noise.dot(&self.linear.unmixing.t()).dot(&self.linear.mixing.t());
        Ok(self.linear.generate(codes.view())? + noise - inside)
    }
}

impl LogDensity for PcaModel {
    fn log_density(&self, x: ArrayView2<'_, f64>) -> Result<Array1<f64>, Fault> {
        require_columns(x, self.linear.columns())?;
        let (d, k) = (self.linear.columns(), self.linear.components());
        let kept = self.spectrum.slice(s![..k]);
        let codes = self.linear.infer(x)?;
        let mut constant = d as f64 * TAU.ln() + kept.mapv(f64::ln).sum() + 2.0 * self.scale.mapv(f64::ln).sum();
        let mut distance = (&codes * &codes / kept).sum_axis(Axis(1));
        if k < d {
            let noise = self.noise_variance();
            let residual = (&x - &self.linear.generate(codes.view())?) / &self.scale;
            distance = distance + (&residual * &residual).sum_axis(Axis(1)) / noise;
            constant += (d - k) as f64 * noise.ln();
        }
        Ok((distance + constant) * -0.5)
    }
}

impl Model for PcaModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn as_sample(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    /// `None` where the dropped directions have no variance: there is no density then.
    fn as_log_density(&self) -> Option<&dyn LogDensity> {
        let full = self.linear.components() == self.linear.columns();
        (full || self.noise_variance() > 0.0).then_some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.linear.mixing.view())
    }

    fn unmixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.linear.unmixing.view())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for PcaModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
