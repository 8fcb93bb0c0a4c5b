//! Shapes, first weights and gradients of the network blocks.

use burn::{
    module::Module,
    tensor::{DType, Device, Tensor},
};
use unmix_backend::{Activation, BackendError, ConvConfig, DeviceChoice, Initializer, MlpConfig, Noise, Scheme, host};
use unmix_core::{Failure, Kind, Seed};

use crate::training::weights;

fn device() -> Device {
    DeviceChoice::Flex.open().unwrap().device
}

const IMAGE: ConvConfig = ConvConfig { channels: 3, height: 16, width: 8, filters: Vec::new(), units: 20, activation: Activation::Leaky };

#[test]
fn shapes_are_as_configured() {
    let init = &mut Initializer::new(Seed(1), &device());
    for (hidden, layers) in [(vec![], 1), (vec![7], 2), (vec![7, 9], 3)] {
        let network = MlpConfig { inputs: 4, hidden, outputs: 2, activation: Activation::Silu }.init(init);
        assert_eq!(network.layers.len(), layers);
        assert_eq!(network.forward(Tensor::zeros([5, 4], &device())).dims(), [5, 2]);
    }
    for filters in [vec![6], vec![6, 4], vec![6, 4, 5]] {
        let config = ConvConfig { filters, ..IMAGE };
        let encoder = config.encoder(init).unwrap();
        let decoder = config.decoder(7, init).unwrap();
        assert_eq!(encoder.forward(Tensor::zeros([5, 3, 16, 8], &device())).dims(), [5, 20]);
        assert_eq!(decoder.forward(Tensor::zeros([5, 7], &device())).dims(), [5, 3, 16, 8]);
    }
}

#[test]
fn an_image_that_cannot_be_halved_is_refused() {
    let init = &mut Initializer::new(Seed(1), &device());
    let error = ConvConfig { filters: vec![4; 4], ..IMAGE }.encoder(init).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert_eq!(error.to_string(), "an image of 16 × 8 cannot be halved 4 times; pad it to multiples of 16 or use fewer layers");
    assert!(ConvConfig { filters: vec![4; 200], ..IMAGE }.decoder(2, init).is_err());
    for (config, name) in [
        (IMAGE, "filters"),
        (ConvConfig { filters: vec![4, 0], ..IMAGE }, "filters"),
        (ConvConfig { filters: vec![4], channels: 0, ..IMAGE }, "channels"),
        (ConvConfig { filters: vec![4], units: 0, ..IMAGE }, "units"),
        (ConvConfig { filters: vec![4], height: 0, ..IMAGE }, "height"),
    ] {
        assert!(matches!(config.encoder(init), Err(BackendError::Size { field, .. }) if field == name), "{name}");
    }
}

#[test]
fn first_weights_depend_on_seed_and_order_alone() {
    let network = |seed, device: &Device| {
        weights(
            &MlpConfig { inputs: 3, hidden: vec![5], outputs: 2, activation: Activation::Relu }
                .init(&mut Initializer::new(Seed(seed), device)),
        )
    };
    assert_eq!(network(1, &device()), network(1, &device().autodiff()));
    assert_ne!(network(1, &device()), network(2, &device()));
    let mut both = Initializer::new(Seed(1), &device());
    let [first, second] = [(); 2].map(|()| host::to_vec(both.linear(3, 3, Scheme::KaimingUniform).weight.val()).unwrap());
    assert_ne!(first, second);
}

#[test]
fn first_weights_have_the_variance_of_their_scheme() {
    let init = &mut Initializer::new(Seed(5), &device());
    let variance = |values: Vec<f64>| values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
    for (weight, expected) in [
        (host::to_vec(init.linear(200, 100, Scheme::KaimingUniform).weight.val()).unwrap(), 2.0 / 200.0),
        (host::to_vec(init.linear(200, 100, Scheme::XavierUniform).weight.val()).unwrap(), 2.0 / 300.0),
        (host::to_vec(init.halving(30, 40, Scheme::KaimingUniform).weight.val()).unwrap(), 2.0 / (30.0 * 16.0)),
        (host::to_vec(init.doubling(30, 40, Scheme::KaimingUniform).weight.val()).unwrap(), 2.0 / (30.0 * 4.0)),
    ] {
        // the variance of x² under a uniform is 4/5 of its squared mean: five standard errors of 19,200 weights or more
        assert!((variance(weight) / expected - 1.0).abs() < 5.0 * (0.8_f64 / 19_200.0).sqrt());
    }
    assert!(host::to_vec(init.linear(2, 2, Scheme::Zeros).weight.val()).unwrap().iter().all(|&x| x == 0.0));
}

#[test]
fn a_kaiming_network_keeps_the_size_of_signals() {
    // Halving layers of rectifiers neither explode nor vanish: that is what the scheme is for.
    let init = &mut Initializer::new(Seed(9), &device());
    let config = ConvConfig { channels: 4, height: 32, width: 32, filters: vec![32; 4], units: 64, activation: Activation::Relu };
    let x: Tensor<4> = Noise::at(Seed(9), 0).normal([16, 4, 32, 32], &device());
    let features = host::to_vec(config.encoder(init).unwrap().forward(x)).unwrap();
    let size = (features.iter().map(|x| x * x).sum::<f64>() / features.len() as f64).sqrt();
    assert!((0.2..5.0).contains(&size), "{size}");
}

/// Gradients of a block's parameters along random directions against central differences, in `f64`.
fn gradients_hold<M: Module>(module: M, loss: impl Fn(&M) -> Tensor<1>) {
    let gradients = burn::optim::GradientsParams::from_grads(loss(&module).backward(), &module);
    for direction in 0..3 {
        let moved = |step: f64| {
            module.clone().map(&mut Move { step, noise: Noise::of(Seed(8), "direction", direction), gradients: &gradients, along: 0.0 })
        };
        let mut along = Move { step: 0.0, noise: Noise::of(Seed(8), "direction", direction), gradients: &gradients, along: 0.0 };
        let _ = module.clone().map(&mut along);
        let value = |step| host::to_scalar(loss(&moved(step))).unwrap();
        let step = 1e-5;
        let numeric = (value(step) - value(-step)) / (2.0 * step);
        assert!((numeric - along.along).abs() <= 1e-7 * numeric.abs().max(1.0), "{numeric} is not {}", along.along);
    }
}

/// Moves every parameter along a random direction, and adds up the slope in that direction.
struct Move<'a> {
    step: f64,
    noise: Noise,
    gradients: &'a burn::optim::GradientsParams,
    along: f64,
}

impl burn::module::ModuleMapper for Move<'_> {
    fn map_float<const D: usize>(&mut self, param: burn::module::Param<Tensor<D>>) -> burn::module::Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let tensor = tensor.inner();
        let direction = self.noise.normal_as(tensor.dims(), &tensor.device(), DType::F64);
        let gradient = self.gradients.get::<D>(id).unwrap();
        self.along += host::to_scalar((gradient * direction.clone()).sum()).unwrap();
        let moved = Tensor::from_inner(tensor + direction * self.step).require_grad();
        burn::module::Param::from_mapped_value(id, moved, mapper)
    }
}

#[test]
fn gradients_equal_finite_differences_in_double_precision() {
    let device = device().autodiff();
    let double = || Initializer::new(Seed(3), &device).with_dtype(DType::F64);
    for activation in [Activation::Tanh, Activation::Silu, Activation::Relu, Activation::Leaky] {
        let network = MlpConfig { inputs: 3, hidden: vec![6, 4], outputs: 2, activation }.init(&mut double());
        let x: Tensor<2> = Noise::at(Seed(3), 0).normal_as([5, 3], &device, DType::F64);
        gradients_hold(network, |network| network.forward(x.clone()).square().sum());
    }
    let config = ConvConfig { channels: 2, height: 4, width: 8, filters: vec![3, 5], units: 6, activation: Activation::Tanh };
    let x: Tensor<4> = Noise::at(Seed(3), 1).normal_as([3, 2, 4, 8], &device, DType::F64);
    gradients_hold(config.encoder(&mut double()).unwrap(), |encoder| encoder.forward(x.clone()).square().sum());
    let z: Tensor<2> = Noise::at(Seed(3), 2).normal_as([3, 2], &device, DType::F64);
    gradients_hold(config.decoder(2, &mut double()).unwrap(), |decoder| decoder.forward(z.clone()).square().sum());
}
