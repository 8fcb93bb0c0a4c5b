//! The promise of equal bytes at any number of threads, where flex does use several.

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use unmix_backend::{
    Activation, Adam, AdamConfig, ConvConfig, DeviceChoice, Initializer, MlpConfig, Noise, Scheme, clip_global_norm, host,
};
use unmix_core::Seed;

use crate::training::{Dense, Image, train, weights};

fn device() -> Device {
    DeviceChoice::Flex.open().unwrap().device.autodiff()
}

/// The same work in pools of one, two and three threads.
fn equal_on_all_pools<R: PartialEq + Send>(work: impl Fn() -> R + Sync) {
    let run = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(&work);
    let one = run(1);
    assert!(one == run(2), "two threads differ from one");
    assert!(one == run(3), "three threads differ from one");
}

#[test]
fn small_networks_train_to_the_same_bits() {
    equal_on_all_pools(|| weights(&train::<Dense>(Seed(3), 10, &device()).network));
    equal_on_all_pools(|| weights(&train::<Image>(Seed(3), 5, &device()).network));
}

/// Two steps at the sizes where flex's kernels split their work.
fn two_steps<M: Module>(mut network: M, loss: impl Fn(&M, u64) -> Tensor<1>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut adam = Adam::new(AdamConfig::default());
    let mut losses = Vec::new();
    for step in 0..2 {
        let loss = loss(&network, step);
        losses.push(host::to_scalar(loss.clone()).unwrap());
        let mut gradients = GradientsParams::from_grads(loss.backward(), &network);
        losses.push(clip_global_norm(&mut gradients, &network, 0.1).unwrap());
        network = adam.step(1e-3, network, gradients);
    }
    (losses, weights(&network))
}

#[test]
fn large_networks_train_to_the_same_bits() {
    equal_on_all_pools(|| {
        let config = MlpConfig { inputs: 784, hidden: vec![400], outputs: 784, activation: Activation::Relu };
        two_steps(config.init(&mut Initializer::new(Seed(3), &device())), |network, step| {
            let x: Tensor<2> = Noise::at(Seed(3), step).normal([128, 784], &device());
            (network.forward(x.clone()) - x).square().mean()
        })
    });
    equal_on_all_pools(|| {
        let config = ConvConfig { channels: 1, height: 64, width: 64, filters: vec![32, 32, 64], units: 128, activation: Activation::Relu };
        let init = &mut Initializer::new(Seed(3), &device());
        let networks = vec![(config.encoder(init).unwrap(), config.decoder(128, init).unwrap())];
        two_steps(networks, |networks, step| {
            let (encoder, decoder) = &networks[0];
            let x: Tensor<4> = Noise::at(Seed(3), step).normal([16, 1, 64, 64], &device());
            (decoder.forward(encoder.forward(x.clone())) - x).square().mean()
        })
    });
}

#[test]
fn the_norm_of_millions_of_gradients_has_the_same_bits() {
    let (rows, columns) = (2_100, 2_400);
    let layer = Initializer::new(Seed(1), &device()).linear(rows, columns, Scheme::Zeros);
    for step in 0..4 {
        let slope: Tensor<2> = Noise::at(Seed(1), step).uniform([rows, columns], &device().without_autodiff());
        equal_on_all_pools(|| {
            let mut gradients = GradientsParams::new();
            gradients.register(layer.weight.id, slope.clone());
            clip_global_norm(&mut gradients, &layer, f64::INFINITY).unwrap().to_bits()
        });
    }
}
