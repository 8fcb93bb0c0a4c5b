//! First weights that depend on the seed alone.
//!
//! burn's own initialisers are lazy: what they draw depends on the order in which parameters are first read, and on the backend.
//! Here the `i`-th parameter that a network asks for is drawn at once from stream `("init", i)`.

use burn::{
    module::{Param, ParamId},
    nn::{
        Linear, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig},
    },
    tensor::{DType, Device, Tensor, TensorData},
};
use rand::RngExt;
use unmix_core::Seed;

/// How the weights of a layer are drawn. Biases start at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// Uniform with variance `2 / fan_in` (He et al. 2015, eq. 10): for layers that a rectifier follows.
    KaimingUniform,
    /// Uniform with variance `2 / (fan_in + fan_out)` (Glorot and Bengio 2010, eq. 16): for tanh and for last layers.
    XavierUniform,
    /// All zero.
    Zeros,
}

impl Scheme {
    /// Half the width of the uniform distribution.
    fn bound(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Self::KaimingUniform => (6.0 / fan_in as f64).sqrt(),
            Self::XavierUniform => (6.0 / (fan_in + fan_out) as f64).sqrt(),
            Self::Zeros => 0.0,
        }
    }
}

/// Hands out parameters in order, each from a stream of its own.
///
/// ```
/// use unmix_backend::{DeviceChoice, Initializer, Scheme};
/// use unmix_core::Seed;
///
/// let device = DeviceChoice::Flex.open()?.device;
/// let layer = |seed| Initializer::new(Seed(seed), &device).linear(4, 2, Scheme::XavierUniform).weight.val().to_data();
/// assert_eq!(layer(1), layer(1));
/// assert_ne!(layer(1), layer(2));
/// # Ok::<(), unmix_backend::BackendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Initializer {
    seed: Seed,
    device: Device,
    dtype: DType,
    drawn: u64,
}

impl Initializer {
    /// Parameters in `f32` on `device`. Give an autodiff device to train them.
    pub fn new(seed: Seed, device: &Device) -> Self {
        Self { seed, device: device.clone(), dtype: DType::F32, drawn: 0 }
    }

    /// The same in another number type: `f64` for gradient checks. `f32` weights are the rounded `f64` ones.
    #[must_use]
    pub fn with_dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// The device that parameters are put on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The number type of the parameters.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// A layer `[n, inputs]` to `[n, outputs]`.
    pub fn linear(&mut self, inputs: usize, outputs: usize, scheme: Scheme) -> Linear {
        let bound = scheme.bound(inputs, outputs);
        Linear { weight: self.uniform([inputs, outputs], bound), bias: Some(self.constant([outputs], 0.0)) }
    }

    /// A 4×4 convolution of stride 2 and padding 1: `[n, inputs, h, w]` to `[n, outputs, h / 2, w / 2]`.
    pub fn halving(&mut self, inputs: usize, outputs: usize, scheme: Scheme) -> Conv2d {
        let bound = scheme.bound(inputs * KERNEL * KERNEL, outputs * KERNEL * KERNEL);
        let config =
            Conv2dConfig::new([inputs, outputs], [KERNEL, KERNEL]).with_stride([2, 2]).with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
        let mut layer = config.init(&self.device);
        layer.weight = self.uniform([outputs, inputs, KERNEL, KERNEL], bound);
        layer.bias = Some(self.constant([outputs], 0.0));
        layer
    }

    /// A transposed 4×4 convolution of stride 2 and padding 1: `[n, inputs, h, w]` to `[n, outputs, 2 h, 2 w]`.
    pub fn doubling(&mut self, inputs: usize, outputs: usize, scheme: Scheme) -> ConvTranspose2d {
        // Each output pixel sees a quarter of the kernel: stride 2 in both directions.
        let bound = scheme.bound(inputs * KERNEL * KERNEL / 4, outputs * KERNEL * KERNEL / 4);
        let config = ConvTranspose2dConfig::new([inputs, outputs], [KERNEL, KERNEL]).with_stride([2, 2]).with_padding([1, 1]);
        let mut layer = config.init(&self.device);
        layer.weight = self.uniform([inputs, outputs, KERNEL, KERNEL], bound);
        layer.bias = Some(self.constant([outputs], 0.0));
        layer
    }

    /// A parameter drawn uniformly from `[-bound, bound)`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        let mut stream = self.seed.stream("init", self.drawn);
        let values = (0..shape.iter().product()).map(|_| bound * (2.0 * stream.random::<f64>() - 1.0)).collect();
        self.parameter(shape, values)
    }

    /// A parameter whose entries are all `value`.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f64) -> Param<Tensor<D>> {
        self.parameter(shape, vec![value; shape.iter().product()])
    }

    fn parameter<const D: usize>(&mut self, shape: [usize; D], values: Vec<f64>) -> Param<Tensor<D>> {
        self.drawn += 1;
        let data = if self.dtype == DType::F64 {
            TensorData::new(values, shape)
        } else {
            TensorData::new(values.into_iter().map(|value| value as f32).collect::<Vec<f32>>(), shape)
        };
        let value = Tensor::from_data(data, (&self.device, self.dtype));
        let value = if self.device.is_autodiff() { value.require_grad() } else { value };
        Param::initialized(ParamId::new(), value)
    }
}

/// Side of the kernels; with stride 2 and padding 1 it halves and doubles exactly, without checkerboard overlaps.
const KERNEL: usize = 4;
