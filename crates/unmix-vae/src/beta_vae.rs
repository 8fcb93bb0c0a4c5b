//! The estimator of `vae` and `beta-vae`: checks the data, trains on the one loop, looks for collapsed codes.

use crate::{BetaVaeParams, Likelihood, Objective, Schedule, VaeConfig, VaeError, VaeModel, train};
use ndarray::Axis;
use unmix_backend::{DeviceChoice, Initializer};
use unmix_core::{Claim, Class, DataError, Evidence, Fit, Fitted, Observations, Run, Seed, Verdict, Warning};

/// A variational autoencoder whose divergence from the prior has weight β.
#[derive(Clone, Debug)]
pub struct BetaVae {
    params: BetaVaeParams,
}

impl BetaVae {
    pub(crate) fn sealed(params: BetaVaeParams) -> Self {
        Self { params }
    }

    /// Its parameters.
    pub fn params(&self) -> &BetaVaeParams {
        &self.params
    }

    /// The weight of the divergence over the steps, `per_epoch` of them in an epoch.
    fn weight(&self, per_epoch: usize) -> Schedule {
        match self.params.warm_up {
            0 => Schedule::Constant(self.params.beta),
            epochs => Schedule::Linear { from: 0.0, to: self.params.beta, steps: epochs * per_epoch },
        }
    }

    fn config(&self, columns: usize) -> VaeConfig {
        VaeConfig {
            columns,
            components: self.params.components,
            likelihood: self.params.likelihood,
            noise_variance: self.params.noise_variance,
            network: self.params.network.clone(),
        }
    }
}

/// A code that carries less than this, in nats a row, says nothing of the observations.
pub const COLLAPSED: f64 = 0.01;

impl Fit<Observations> for BetaVae {
    type Model = VaeModel;
    type Error = VaeError;

    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<VaeModel>, VaeError> {
        if self.params.likelihood == Likelihood::Bernoulli {
            require_unit_interval(x)?;
        }
        let training = self.params.training();
        let device = run.device.parse::<DeviceChoice>()?.open()?.device;
        let mut init = Initializer::new(run.seed, &device.clone().autodiff());
        let family = self.config(x.columns()).init(mean_variance(x), &mut init)?;
        let objective = Objective::beta(self.weight(training.steps_per_epoch(x.rows())));
        let trained = train(family, &objective, x.x(), &training, &device, run)?;
        let model = VaeModel::new(trained.family, x, device)?;
        let warnings = collapse(model.divergence()).into_iter().collect();
        Ok(Fitted { model, stop: trained.stop, iterations: trained.steps, objective: Some(trained.objective), warnings })
    }

    fn claim(&self) -> Claim {
        match self.params.likelihood {
            Likelihood::Bernoulli => BERNOULLI,
            Likelihood::Gaussian => GAUSSIAN,
        }
    }

    fn screen(&self, x: &Observations, _: Seed) -> Vec<Evidence> {
        match self.params.likelihood {
            Likelihood::Bernoulli => vec![range_evidence(x)],
            Likelihood::Gaussian => Vec::new(),
        }
    }

    fn evidence(&self, x: &Observations, _: &VaeModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, VaeError> {
        Ok(self.screen(x, run.seed))
    }
}

const THEOREM: &str = "Locatello et al. (2019), theorem 1: with an independent prior and nothing else, codes that mix all factors \
                       explain the data as well; a β-VAE's codes are a choice of its architecture and seed";
const RANGE: &str = "observations lie in 0 to 1";
const PRIOR: &str = "codes are independent Gaussians";
const BERNOULLI: Claim = Claim { class: Class::None, theorem: THEOREM, assumptions: &[PRIOR, RANGE] };
const GAUSSIAN: Claim = Claim { class: Class::None, theorem: THEOREM, assumptions: &[PRIOR, "noise is Gaussian of one variance"] };

/// Fails at the first value that no coin can have.
fn require_unit_interval(x: &Observations) -> Result<(), DataError> {
    match x.x().indexed_iter().find(|(_, value)| !(0.0..=1.0).contains(*value)) {
        None => Ok(()),
        Some(((row, column), &value)) => Err(DataError::OutsideSupport {
            column: x.names()[column].clone(),
            row: row + 1,
            value,
            low: 0.0,
            high: 1.0,
            likelihood: "Bernoulli likelihood",
            remedy: "divide the table by its largest value, or set `likelihood = \"gaussian\"`",
        }),
    }
}

fn range_evidence(x: &Observations) -> Evidence {
    let (low, high) = x.x().iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let margin = low.min(1.0 - high);
    let between = x.x().iter().filter(|&&v| v > 0.0 && v < 1.0).count() as f64 / x.x().len() as f64;
    let verdict = if margin < 0.0 { Verdict::Refuted } else { Verdict::Supported };
    let detail = format!("values range from {low} to {high}; {:.0} % lie strictly between 0 and 1", 100.0 * between);
    Evidence { assumption: RANGE, verdict, p_value: None, margin: Some(margin), detail }
}

/// Where a learned noise variance starts: at the mean variance of the columns, where the codes explain nothing yet.
fn mean_variance(x: &Observations) -> f64 {
    /// Keeps the logarithm finite where no column varies.
    const LEAST: f64 = 1e-6;
    x.x().var_axis(Axis(0), 0.0).mean().unwrap_or(1.0).max(LEAST)
}

/// Names the codes that say nothing, if there are any.
fn collapse(divergence: &[f64]) -> Option<Warning> {
    let silent: Vec<String> =
        divergence.iter().enumerate().filter(|(_, kl)| **kl < COLLAPSED).map(|(k, kl)| format!("z{} ({kl:.4})", k + 1)).collect();
    let (few, all) = (silent.len(), divergence.len());
    (few > 0).then(|| Warning {
        code: "posterior-collapse",
        text: format!(
            "{few} of {all} codes carry less than {COLLAPSED} nats and say nothing of the data: {}; lower `beta`, lengthen `warm_up` or ask for fewer `components`",
            silent.join(", ")
        ),
    })
}
