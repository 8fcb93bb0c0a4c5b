//! Gradients of the β-VAE objective against central differences, in `f64`.

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{DType, Device, Tensor, TensorData},
};
use unmix_backend::{
    DeviceChoice, Initializer, Noise,
    host::{to_tensor_f64, to_vec},
};
use unmix_core::Seed;
use unmix_vae::{Batch, ConvNetwork, Family, GaussianVae, Likelihood, Network, Objective, VaeConfig};

use crate::data;

/// Replaces parameters by values in the order in which they are visited.
struct Put<'a> {
    values: &'a [Vec<f64>],
    next: usize,
}

impl ModuleMapper for Put<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let values = self.values[self.next].clone();
        self.next += 1;
        param.map(|tensor| {
            let shape = tensor.dims();
            Tensor::from_data(TensorData::new(values, shape), (&tensor.device(), DType::F64)).require_grad()
        })
    }
}

/// Moves every parameter a little: where all biases are zero, a rectifier can sit exactly on its kink and has no derivative.
struct Move(Noise);

impl ModuleMapper for Move {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let noise = self.0.normal_as(tensor.dims(), &tensor.device().without_autodiff(), DType::F64);
            Tensor::from_inner(tensor.inner() + noise * 0.1).require_grad()
        })
    }
}

/// Values and gradients of all parameters.
struct Read<'a> {
    gradients: &'a GradientsParams,
    values: Vec<Vec<f64>>,
    slopes: Vec<Vec<f64>>,
}

impl ModuleVisitor for Read<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.values.push(to_vec(param.val()).unwrap());
        self.slopes.push(to_vec(self.gradients.get::<D>(param.id).expect("every parameter has a gradient")).unwrap());
    }
}

fn value(family: &GaussianVae, batch: &Batch) -> Tensor<1> {
    let objective = Objective::beta(2.5);
    objective.weigh(objective.terms(&family.draw(batch, &mut Noise::at(Seed(3), 0))).mean_dim(0), 0)
}

/// Half the width of a central difference.
const STEP: f64 = 1e-5;

/// Every parameter of the model that `config` describes, on seven images of four by four.
fn check(config: &VaeConfig) {
    let device: Device = DeviceChoice::Flex.open().unwrap().device.autodiff();
    let batch = Batch { x: to_tensor_f64(data::spots(7, 4).x(), &device) };
    let family =
        config.init(0.3, &mut Initializer::new(Seed(1), &device).with_dtype(DType::F64)).unwrap().map(&mut Move(Noise::at(Seed(2), 0)));
    let gradients = GradientsParams::from_grads(value(&family, &batch).backward(), &family);
    let mut read = Read { gradients: &gradients, values: Vec::new(), slopes: Vec::new() };
    family.visit(&mut read);

    let mut largest = 0.0_f64;
    for (parameter, slopes) in read.slopes.iter().enumerate() {
        for (entry, slope) in slopes.iter().enumerate() {
            let moved = |by: f64| {
                let mut values = read.values.clone();
                values[parameter][entry] += by;
                let family = family.clone().map(&mut Put { values: &values, next: 0 });
                to_vec(value(&family, &batch)).unwrap()[0]
            };
            let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let error = (difference - slope).abs();
            assert!(error < 1e-6 * (1.0 + slope.abs()), "parameter {parameter}, entry {entry}: {slope} against {difference}");
            largest = largest.max(slope.abs());
        }
    }
    assert!(largest > 0.01, "all gradients vanish: {largest}");
}

fn config(likelihood: Likelihood, noise_variance: Option<f64>, network: Network) -> VaeConfig {
    VaeConfig { columns: 16, components: 2, likelihood, noise_variance, network }
}

fn mlp() -> Network {
    Network::Mlp { hidden: vec![5] }
}

fn conv() -> Network {
    Network::Conv(ConvNetwork { channels: 1, height: 4, width: 4, filters: vec![2, 3], units: 4 })
}

#[test]
fn perceptron_with_bernoulli_likelihood() {
    check(&config(Likelihood::Bernoulli, None, mlp()));
}

#[test]
fn perceptron_with_learned_noise() {
    check(&config(Likelihood::Gaussian, None, mlp()));
}

#[test]
fn perceptron_with_fixed_noise() {
    check(&config(Likelihood::Gaussian, Some(0.2), mlp()));
}

#[test]
fn convolutions_with_bernoulli_likelihood() {
    check(&config(Likelihood::Bernoulli, None, conv()));
}

#[test]
fn convolutions_with_learned_noise() {
    check(&config(Likelihood::Gaussian, None, conv()));
}
