//! An objective of one's own: the evidence lower bound with a sparse prior on top, in thirty lines.
//!
//! `cargo run --release -p examples --bin custom_term`

use burn::tensor::Tensor;
use unmix::{
    backend::{DeviceChoice, Initializer},
    core::{Run, Seed},
    data::bundled,
    vae::{BetaVaeParams, Draw, Likelihood, Network, Objective, Schedule, Term, Training, VaeConfig, train},
};

/// The log density of a Laplace prior, up to a constant: most codes of an image should be near zero.
struct Sparsity;

impl Term for Sparsity {
    fn name(&self) -> &'static str {
        "sparsity"
    }

    fn value(&self, draw: &Draw<'_>) -> Tensor<1> {
        -draw.z().abs().sum_dim(1).squeeze_dim(1)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let epochs = std::env::args().nth(1).map_or(Ok(20), |word| word.parse())?;
    let digits = bundled::digits()?.observations;
    let device = DeviceChoice::Flex.open()?.device;
    let config = VaeConfig {
        columns: digits.columns(),
        components: 6,
        likelihood: Likelihood::Bernoulli,
        noise_variance: None,
        network: Network::Mlp { hidden: vec![64] },
    };
    let family = config.init(1.0, &mut Initializer::new(Seed(1), &device.clone().autodiff()))?;
    let objective = Objective::elbo().and(Schedule::Constant(0.5), Sparsity);
    let training = Training { epochs, ..BetaVaeParams::default().training() };
    let trained = train(family, &objective, digits.x(), &training, &device, &mut Run::new(1))?;
    for (name, nats) in &trained.terms {
        println!("{name:>14} {nats:9.3} nats an image");
    }
    Ok(())
}
