//! Two small autoencoders with every operation of the VAE's training step, for the other tests to train.

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor},
};
use unmix_backend::{
    Activation, Adam, AdamConfig, ConvConfig, ConvDecoder, ConvEncoder, Initializer, Mlp, MlpConfig, Noise, clip_global_norm, host,
};
use unmix_core::Seed;

/// A network that can say how badly it does on noise of a given step.
pub trait Network: Module {
    fn start(seed: Seed, device: &Device) -> Self;
    fn loss(&self, noise: &mut Noise, device: &Device) -> Tensor<1>;
}

pub const CODES: usize = 3;
const BATCH: usize = 16;

/// Gaussian VAE of 12 columns with tanh networks.
#[derive(Module, Debug)]
pub struct Dense {
    encoder: Mlp,
    decoder: Mlp,
}

impl Network for Dense {
    fn start(seed: Seed, device: &Device) -> Self {
        let init = &mut Initializer::new(seed, device);
        let network = |inputs, outputs| MlpConfig { inputs, hidden: vec![32, 16], outputs, activation: Activation::Tanh };
        Self { encoder: network(12, 2 * CODES).init(init), decoder: network(CODES, 12).init(init) }
    }

    fn loss(&self, noise: &mut Noise, device: &Device) -> Tensor<1> {
        // a factor that all columns share, so that there is something to learn
        let shared: Tensor<2> = noise.normal([BATCH, 1], device);
        let x = noise.normal::<2>([BATCH, 12], device) * 0.5 + shared * 2.0;
        let (z, kl) = draw(self.encoder.forward(x.clone()), noise, device);
        (self.decoder.forward(z) - x).square().sum() / BATCH as f64 + kl
    }
}

/// Bernoulli VAE of 8 by 8 pixels with convolutions.
#[derive(Module, Debug)]
pub struct Image {
    encoder: ConvEncoder,
    heads: Mlp,
    decoder: ConvDecoder,
}

impl Network for Image {
    fn start(seed: Seed, device: &Device) -> Self {
        let init = &mut Initializer::new(seed, device);
        let config = ConvConfig { channels: 2, height: 8, width: 8, filters: vec![8, 16], units: 24, activation: Activation::Relu };
        let encoder = config.encoder(init).unwrap();
        let heads = MlpConfig { inputs: 24, hidden: vec![], outputs: 2 * CODES, activation: Activation::Relu }.init(init);
        Self { encoder, heads, decoder: config.decoder(CODES, init).unwrap() }
    }

    fn loss(&self, noise: &mut Noise, device: &Device) -> Tensor<1> {
        // mostly bright pixels, by operations that no backend rounds
        let mut pixels = || noise.uniform::<4>([BATCH, 2, 8, 8], device);
        let x = pixels().max_pair(pixels()).max_pair(pixels()).max_pair(pixels());
        let (z, kl) = draw(self.heads.forward(self.encoder.forward(x.clone())), noise, device);
        let logit = self.decoder.forward(z);
        let size = logit.clone().abs();
        let log_density = (x - 0.5) * logit - size.clone() * 0.5 - size.neg().exp().log1p();
        kl - log_density.sum() / BATCH as f64
    }
}

fn draw(heads: Tensor<2>, noise: &mut Noise, device: &Device) -> (Tensor<2>, Tensor<1>) {
    let mean = heads.clone().narrow(1, 0, CODES);
    let log_variance = heads.narrow(1, CODES, CODES);
    let kl = (mean.clone().square() + log_variance.clone().exp() - log_variance.clone() - 1.0).sum() * (0.5 / BATCH as f64);
    (mean + noise.normal([BATCH, CODES], device) * (log_variance * 0.5).exp(), kl)
}

/// What training left behind: the loss of each step, and the network and its optimiser.
pub struct Trained<N> {
    pub losses: Vec<f64>,
    pub network: N,
    pub adam: Adam,
}

/// Trains from the start.
pub fn train<N: Network>(seed: Seed, steps: u64, device: &Device) -> Trained<N> {
    go_on(N::start(seed, device), Adam::new(AdamConfig::default()), seed, 0, steps, device)
}

/// Trains steps `from..to`.
pub fn go_on<N: Network>(mut network: N, mut adam: Adam, seed: Seed, from: u64, to: u64, device: &Device) -> Trained<N> {
    let mut losses = Vec::new();
    for step in from..to {
        let loss = network.loss(&mut Noise::at(seed, step), device);
        losses.push(host::to_scalar(loss.clone()).unwrap());
        let mut gradients = GradientsParams::from_grads(loss.backward(), &network);
        clip_global_norm(&mut gradients, &network, 5.0).unwrap();
        network = adam.step(1e-2, network, gradients);
    }
    Trained { losses, network, adam }
}

/// The gradient of every parameter, in the order of the network.
pub fn slopes<M: Module>(network: &M, gradients: &GradientsParams) -> Vec<Vec<f64>> {
    let mut listed = List(Some(gradients), Vec::new());
    network.visit(&mut listed);
    listed.1
}

/// The values of every parameter, in the order of the network.
pub fn weights<M: Module>(network: &M) -> Vec<Vec<f64>> {
    let mut listed = List(None, Vec::new());
    network.visit(&mut listed);
    listed.1
}

struct List<'a>(Option<&'a GradientsParams>, Vec<Vec<f64>>);

impl burn::module::ModuleVisitor for List<'_> {
    fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
        let tensor = self.0.map_or_else(|| param.val(), |gradients| gradients.get::<D>(param.id).unwrap());
        self.1.push(host::to_vec(tensor).unwrap());
    }
}
