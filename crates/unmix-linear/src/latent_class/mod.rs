//! Latent class analysis: categorical variables that are independent within unobserved classes (Lazarsfeld and Henry 1968, Latent Structure Analysis;
//! Goodman 1974, Biometrika 61(2), 215–231).
//!
//! The model is `P(x) = Σ_r π_r Π_j P(x_j | r)`. It is fitted by expectation–maximisation from several starts, the first from a non-negative decomposition of the
//! co-occurrences of three groups of columns, and the others random. Codes are the probabilities of the classes given a row.

mod categories;
mod em;
mod evidence;
mod groups;
mod model;

pub use categories::MOST_CATEGORIES;
pub use model::{ClassReport, LatentClassModel};

use crate::LinearError;
use categories::Patterns;
use em::Classes;
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Claim, Class, Evidence, Fit, Fitted, Observations, Params, Progress, Run, Seed, Stop, Warning};

/// Starts whose log-likelihoods differ by less, in nats over all rows, are equally good.
const AS_GOOD: f64 = 0.01;

/// A probability below this is at its boundary, which the iteration approaches and never reaches.
const ZERO: f64 = 1e-6;

/// The parameters of latent class analysis.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Fit, Observations, Params, Run, Seed};
/// use unmix_linear::LatentClassParams;
///
/// // five yes-no questions that half of the people answer with yes nine times of ten, the others one time of ten
/// let mut stream = Seed(1).stream("example", 0);
/// let x = Array2::from_shape_fn((500, 5), |(i, _)| f64::from(u8::from(stream.random_bool(if i < 250 { 0.9 } else { 0.1 }))));
/// let fitted = LatentClassParams::default().build()?.fit(&Observations::unnamed(x)?, &mut Run::new(1))?;
/// assert!(fitted.stop.converged());
/// assert!((fitted.model.sizes[0] - 0.5).abs() < 0.1);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatentClassParams {
    /// The number of classes, `k`.
    pub components: usize,
    /// Starts, the first from co-occurrences and the others random; the one of largest likelihood is kept.
    pub starts: usize,
    /// The most iterations of each start.
    pub max_iterations: usize,
    /// Stops when an iteration raises the log-likelihood of all rows by less than this, in nats.
    pub tolerance: f64,
    /// Added to the expected count of every category in every class (a Dirichlet prior of `1 + smoothing`): above 0, no probability is 0.
    pub smoothing: f64,
}

impl Default for LatentClassParams {
    /// Two classes; 20 starts of at most 5000 iterations to 1e-8; no smoothing: maximum likelihood.
    fn default() -> Self {
        Self { components: 2, starts: 20, max_iterations: 5000, tolerance: 1e-8, smoothing: 0.0 }
    }
}

impl Params for LatentClassParams {
    type Estimator = LatentClass;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components, 1);
        checks.at_least("starts", self.starts, 1);
        checks.at_least("max_iterations", self.max_iterations, 1);
        checks.positive("tolerance", self.tolerance);
        checks.within("smoothing", self.smoothing, 0.0..=f64::MAX);
    }

    fn seal(self) -> LatentClass {
        LatentClass { params: self }
    }
}

/// The estimator that [`LatentClassParams`] build.
#[derive(Clone, Debug)]
pub struct LatentClass {
    params: LatentClassParams,
}

/// Where one start ended.
struct Ended {
    classes: Classes,
    log_likelihood: f64,
    /// What is maximised: the log-likelihood and the prior's part.
    objective: f64,
    stop: Stop,
    iterations: usize,
}

impl LatentClass {
    /// Iterates from `classes`. `observe` hears the iteration and the objective, and may stop it.
    fn end(&self, mut classes: Classes, patterns: &Patterns, mut observe: impl FnMut(usize, f64) -> bool) -> Ended {
        let (mut objective, mut iterations) = (f64::NEG_INFINITY, 0);
        let stop = loop {
            let before = objective;
            (_, objective) = classes.step(patterns, self.params.smoothing);
            iterations += 1;
            if observe(iterations, objective) {
                break Stop::Cancelled;
            }
            if before.is_finite() && objective - before <= self.params.tolerance {
                break Stop::Tolerance;
            }
            if iterations == self.params.max_iterations {
                break Stop::MaxIterations;
            }
        };
        let classes = classes.ordered();
        let (log_likelihood, objective) = classes.clone().step(patterns, self.params.smoothing);
        Ended { classes, log_likelihood, objective, stop, iterations }
    }

    fn fit_in_pool(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LatentClassModel>, LinearError> {
        let k = self.params.components;
        x.require_rows(k + 1, "estimate the sizes of the classes")?;
        let patterns = Patterns::of(x)?;
        let n = patterns.total();
        let mut all: Vec<Ended> = Vec::new();
        let mut cancelled = false;
        for start in 0..self.params.starts as u64 {
            let random = Classes::random(&patterns, k, &mut run.seed.stream("latent-class-start", start));
            let from = if start == 0 && k > 1 { groups::start(&patterns, k, run)?.unwrap_or(random) } else { random };
            let ended = self.end(from, &patterns, |step, objective| {
                let parts = [("start", start as f64)];
                let progress = Progress { stage: "latent-class", step, total: None, objective: objective / n, parts: &parts };
                run.observer.observe(&progress).is_break()
            });
            cancelled = ended.stop == Stop::Cancelled;
            all.push(ended);
            if cancelled {
                break;
            }
        }
        // the first of equals
        let place = (1..all.len()).fold(0, |best, i| if all[i].objective > all[best].objective { i } else { best });
        let best = all.swap_remove(place);
        let (mut as_good, mut spread) = (1, 0.0_f64);
        for other in all.iter().filter(|other| best.objective - other.objective < AS_GOOD) {
            as_good += 1;
            spread = spread.max(best.classes.distance(&other.classes)?);
        }
        let report = ClassReport { starts: all.len() + 1, as_good, spread, ..report(&best, &patterns) };
        let stop = if cancelled { Stop::Cancelled } else { best.stop };
        let warnings = warnings(stop, &report);
        let Classes { sizes, probabilities } = best.classes;
        let model = LatentClassModel { names: x.names().to_vec(), categories: patterns.categories, sizes, probabilities, report };
        Ok(Fitted { model, stop, iterations: best.iterations, objective: Some(best.objective / n), warnings })
    }
}

/// The fit of classes, but for the starts.
fn report(ended: &Ended, patterns: &Patterns) -> ClassReport {
    let (n, k) = (patterns.total(), ended.classes.sizes.len());
    let free: usize = patterns.categories.iter().map(|c| c.len() - 1).sum();
    let parameters = k - 1 + k * free;
    let cells: f64 = patterns.categories.iter().map(|c| c.len() as f64).product();
    let saturated: f64 = patterns.counts.iter().map(|count| count * (count / n).ln()).sum();
    let logs = ended.classes.logs();
    let uncertainty: f64 = patterns
        .rows
        .iter()
        .zip(&patterns.counts)
        .map(|(row, count)| count * logs.posterior(row).0.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>())
        .sum();
    let log_likelihood = ended.log_likelihood;
    ClassReport {
        rows: n as usize,
        log_likelihood,
        parameters,
        aic: 2.0 * parameters as f64 - 2.0 * log_likelihood,
        bic: parameters as f64 * n.ln() - 2.0 * log_likelihood,
        entropy: if k == 1 { 1.0 } else { 1.0 + uncertainty / (n * (k as f64).ln()) },
        g_squared: (2.0 * (saturated - log_likelihood)).max(0.0),
        degrees_of_freedom: cells - 1.0 - parameters as f64,
        starts: 1,
        as_good: 1,
        spread: 0.0,
        zeros: ended.classes.probabilities.iter().flatten().filter(|p| **p < ZERO).count(),
    }
}

fn warnings(stop: Stop, report: &ClassReport) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if stop == Stop::MaxIterations {
        let text = "the best start reached `max_iterations` and its likelihood still rises; raise it, or lower `components`".to_owned();
        warnings.push(Warning { code: "not-converged", text });
    }
    if report.zeros > 0 {
        let text = format!(
            "{} probabilities are at 0: a row with such a category is excluded from the class for certain; set `smoothing` above 0 to keep it possible",
            report.zeros
        );
        warnings.push(Warning { code: "boundary", text });
    }
    if report.starts > 1 && report.as_good == 1 {
        let text = format!("one of {} starts reached the largest likelihood; raise `starts`, or lower `components`", report.starts);
        warnings.push(Warning { code: "local-optima", text });
    }
    warnings
}

impl Fit<Observations> for LatentClass {
    type Model = LatentClassModel;
    type Error = LinearError;

    /// The objective is the mean over rows of `ln P(x)` in nats, with smoothing plus the logarithm of the prior (up to a constant) divided by the rows. Every column is a
    /// categorical variable coded by integers; their order and distances mean nothing to the fit.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<LatentClassModel>, LinearError> {
        run.in_pool(|run| self.fit_in_pool(x, run))
    }

    fn claim(&self) -> Claim {
        Claim {
            class: Class::PermutationScale,
            theorem: "Allman, Matias and Rhodes (2009), Annals of Statistics 37(6A), theorem 4, from Kruskal (1977): generically unique up to the order of the classes if the \
                      columns fall into three groups with min(k, κ1) + min(k, κ2) + min(k, κ3) of at least 2k + 2, κ the combinations of categories of a group",
            assumptions: &evidence::ASSUMPTIONS,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        vec![evidence::screen(Patterns::of(x).as_ref(), self.params.components)]
    }

    fn evidence(&self, x: &Observations, model: &LatentClassModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        run.in_pool(|run| evidence::of(self, x, model, run))
    }
}
