//! The parameters of `vae` and `beta-vae`.

use crate::{BetaVae, Likelihood, Network, Schedule, Training};
use serde::{Deserialize, Serialize};
use unmix_core::{Checks, Params};

/// Parameters of a β-VAE (Higgins et al. 2017). The defaults suit some thousand rows of some dozen to some hundred columns.
///
/// ```
/// use unmix_core::Params;
/// use unmix_vae::BetaVaeParams;
///
/// let error = BetaVaeParams { beta: -1.0, batch_size: 0, ..Default::default() }.build().err().unwrap();
/// assert_eq!(error.violations.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BetaVaeParams {
    /// The number of codes.
    pub components: usize,
    /// The weight of the divergence from the prior; 1 is the evidence lower bound.
    pub beta: f64,
    /// Epochs over which `beta` rises from 0; 0 starts at the full weight.
    pub warm_up: usize,
    /// The distribution of the observations given the codes.
    pub likelihood: Likelihood,
    /// The variance of a Gaussian likelihood; absent, it is learned.
    pub noise_variance: Option<f64>,
    /// The networks.
    pub network: Network,
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows in a batch.
    pub batch_size: usize,
    /// Adam's step size: a number, or `{ from, to, steps }`.
    pub learning_rate: Schedule,
    /// The largest global norm of a gradient; absent, none is scaled down.
    pub clip_norm: Option<f64>,
    /// The share of rows held out to watch the objective.
    pub validation_share: f64,
    /// Epochs without a better held-out objective after which training stops; absent, it goes on to the end.
    pub patience: Option<usize>,
}

impl Default for BetaVaeParams {
    fn default() -> Self {
        Self {
            components: 10,
            beta: 4.0,
            warm_up: 40,
            likelihood: Likelihood::default(),
            noise_variance: None,
            network: Network::default(),
            epochs: 200,
            batch_size: 64,
            learning_rate: Schedule::Constant(1e-3),
            clip_norm: Some(CLIP_NORM),
            validation_share: 0.1,
            patience: Some(30),
        }
    }
}

/// Far above the gradients of a healthy run on standardised data or digits; it catches the rare explosion.
const CLIP_NORM: f64 = 1000.0;

impl BetaVaeParams {
    /// How to train.
    pub fn training(&self) -> Training {
        Training {
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            clip_norm: self.clip_norm,
            validation_share: self.validation_share,
            patience: self.patience,
        }
    }
}

impl Params for BetaVaeParams {
    type Estimator = BetaVae;

    fn constraints(&self, checks: &mut Checks) {
        checks.at_least("components", self.components, 1);
        checks.within("beta", self.beta, 0.0..=f64::MAX);
        if let Some(variance) = self.noise_variance {
            checks.positive("noise_variance", variance);
            checks.require("noise_variance", self.likelihood == Likelihood::Gaussian, "only a gaussian `likelihood` has one");
        }
        match &self.network {
            Network::Mlp { hidden } => checks.require("network", !hidden.contains(&0), "every hidden layer needs a unit"),
            Network::Conv(network) => {
                let sizes = [network.channels, network.height, network.width, network.units, network.filters.len()];
                let positive = !sizes.contains(&0) && !network.filters.contains(&0);
                checks.require("network", positive, "channels, height, width, filters and units must be at least 1");
            }
        }
        checks.at_least("epochs", self.epochs, 1);
        checks.at_least("batch_size", self.batch_size, 1);
        match self.learning_rate {
            Schedule::Constant(rate) => checks.positive("learning_rate", rate),
            Schedule::Linear { from, to, .. } => {
                checks.positive("learning_rate", from);
                checks.within("learning_rate", to, 0.0..=f64::MAX);
            }
        }
        if let Some(norm) = self.clip_norm {
            checks.positive("clip_norm", norm);
        }
        checks.within("validation_share", self.validation_share, 0.0..=0.9);
        if let Some(patience) = self.patience {
            checks.at_least("patience", patience, 1);
            checks.require("patience", self.validation_share > 0.0, "it needs held-out rows: set `validation_share` above 0");
        }
    }

    fn seal(self) -> BetaVae {
        BetaVae::sealed(self)
    }
}

/// Parameters of a VAE (Kingma and Welling 2014): those of a β-VAE with β = 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaeParams {
    /// The number of codes.
    pub components: usize,
    /// Epochs over which the weight of the divergence rises from 0 to 1; 0 starts at 1.
    pub warm_up: usize,
    /// The distribution of the observations given the codes.
    pub likelihood: Likelihood,
    /// The variance of a Gaussian likelihood; absent, it is learned.
    pub noise_variance: Option<f64>,
    /// The networks.
    pub network: Network,
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows in a batch.
    pub batch_size: usize,
    /// Adam's step size: a number, or `{ from, to, steps }`.
    pub learning_rate: Schedule,
    /// The largest global norm of a gradient; absent, none is scaled down.
    pub clip_norm: Option<f64>,
    /// The share of rows held out to watch the objective.
    pub validation_share: f64,
    /// Epochs without a better held-out objective after which training stops; absent, it goes on to the end.
    pub patience: Option<usize>,
}

impl Default for VaeParams {
    fn default() -> Self {
        let BetaVaeParams {
            components,
            beta: _,
            warm_up,
            likelihood,
            noise_variance,
            network,
            epochs,
            batch_size,
            learning_rate,
            clip_norm,
            validation_share,
            patience,
        } = BetaVaeParams::default();
        Self {
            components,
            warm_up,
            likelihood,
            noise_variance,
            network,
            epochs,
            batch_size,
            learning_rate,
            clip_norm,
            validation_share,
            patience,
        }
    }
}

impl From<VaeParams> for BetaVaeParams {
    fn from(params: VaeParams) -> Self {
        let VaeParams {
            components,
            warm_up,
            likelihood,
            noise_variance,
            network,
            epochs,
            batch_size,
            learning_rate,
            clip_norm,
            validation_share,
            patience,
        } = params;
        Self {
            components,
            beta: 1.0,
            warm_up,
            likelihood,
            noise_variance,
            network,
            epochs,
            batch_size,
            learning_rate,
            clip_norm,
            validation_share,
            patience,
        }
    }
}

impl Params for VaeParams {
    type Estimator = BetaVae;

    fn constraints(&self, checks: &mut Checks) {
        BetaVaeParams::from(self.clone()).constraints(checks);
    }

    fn seal(self) -> BetaVae {
        BetaVae::sealed(self.into())
    }
}
