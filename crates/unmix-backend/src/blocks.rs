//! Network blocks: multilayer perceptrons, and stacks of halving and doubling convolutions.
//!
//! A configuration is plain data; `init` draws the weights from an [`Initializer`].

use crate::{BackendError, Initializer, Scheme};
use burn::{
    module::Module,
    nn::{
        Linear,
        conv::{Conv2d, ConvTranspose2d},
    },
    tensor::{Tensor, activation},
};
use serde::{Deserialize, Serialize};

/// The nonlinearity between layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `tanh x`.
    Tanh,
    /// `max(0.2 x, x)`, as in the encoders and critics of Kim and Mnih (2018).
    Leaky,
    /// `x / (1 + exp(-x))`.
    Silu,
}

/// Slope of [`Activation::Leaky`] below zero.
const LEAKY_SLOPE: f64 = 0.2;

impl Activation {
    /// Applies it to every entry.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Tanh => x.tanh(),
            Self::Leaky => activation::leaky_relu(x, LEAKY_SLOPE),
            Self::Silu => activation::silu(x),
        }
    }

    /// How the weights before it are drawn.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Tanh => Scheme::XavierUniform,
            Self::Relu | Self::Leaky | Self::Silu => Scheme::KaimingUniform,
        }
    }
}

/// The sizes of an [`Mlp`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MlpConfig {
    /// Columns in.
    pub inputs: usize,
    /// Units of each hidden layer; none makes the network affine.
    pub hidden: Vec<usize>,
    /// Columns out.
    pub outputs: usize,
    /// After each hidden layer; the last layer is affine.
    pub activation: Activation,
}

impl MlpConfig {
    /// The network with its first weights.
    pub fn init(&self, init: &mut Initializer) -> Mlp {
        let mut layers = Vec::with_capacity(self.hidden.len() + 1);
        let mut inputs = self.inputs;
        for &units in &self.hidden {
            layers.push(init.linear(inputs, units, self.activation.scheme()));
            inputs = units;
        }
        layers.push(init.linear(inputs, self.outputs, Scheme::XavierUniform));
        Mlp { layers, activation: self.activation }
    }
}

/// A multilayer perceptron, `[n, inputs]` to `[n, outputs]`; affine in the last layer.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The affine maps.
    pub layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
}

impl Mlp {
    /// `[n, inputs]` to `[n, outputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (index, layer)| {
            let x = layer.forward(x);
            if index < last { self.activation.forward(x) } else { x }
        })
    }
}

/// The shape of a convolutional encoder and of the decoder that mirrors it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvConfig {
    /// Colours of the image.
    pub channels: usize,
    /// Rows of pixels, a multiple of `2^filters.len()`.
    pub height: usize,
    /// Columns of pixels, a multiple of `2^filters.len()`.
    pub width: usize,
    /// Channels after each halving convolution, from the image inwards.
    pub filters: Vec<usize>,
    /// Units of the dense layer between convolutions and code.
    pub units: usize,
    /// After every layer but the decoder's last.
    pub activation: Activation,
}

impl ConvConfig {
    /// An encoder with its first weights, `[n, channels, height, width]` to `[n, units]`.
    ///
    /// # Errors
    /// [`BackendError::Size`] and [`BackendError::ImageSize`] if the image cannot be halved once a filter.
    pub fn encoder(&self, init: &mut Initializer) -> Result<ConvEncoder, BackendError> {
        let [filters, height, width] = self.smallest()?;
        let mut inputs = self.channels;
        let mut convolutions = Vec::with_capacity(self.filters.len());
        for &outputs in &self.filters {
            convolutions.push(init.halving(inputs, outputs, self.activation.scheme()));
            inputs = outputs;
        }
        let dense = init.linear(filters * height * width, self.units, self.activation.scheme());
        Ok(ConvEncoder { convolutions, dense, activation: self.activation })
    }

    /// The mirrored decoder with its first weights, `[n, codes]` to `[n, channels, height, width]`.
    ///
    /// # Errors
    /// [`BackendError::Size`] and [`BackendError::ImageSize`] if the image cannot be halved once a filter.
    pub fn decoder(&self, codes: usize, init: &mut Initializer) -> Result<ConvDecoder, BackendError> {
        let smallest = self.smallest()?;
        let scheme = self.activation.scheme();
        let first = init.linear(codes, self.units, scheme);
        let second = init.linear(self.units, smallest.iter().product(), scheme);
        let mut convolutions = Vec::with_capacity(self.filters.len());
        for (index, &inputs) in self.filters.iter().enumerate().rev() {
            convolutions.push(match index.checked_sub(1) {
                Some(next) => init.doubling(inputs, self.filters[next], scheme),
                None => init.doubling(inputs, self.channels, Scheme::XavierUniform),
            });
        }
        Ok(ConvDecoder { first, second, convolutions, smallest, activation: self.activation })
    }

    /// Channels, rows and columns after the last convolution.
    fn smallest(&self) -> Result<[usize; 3], BackendError> {
        let sizes = [
            ("channels", self.channels),
            ("height", self.height),
            ("width", self.width),
            ("filters", self.filters.iter().copied().min().unwrap_or(0)),
            ("units", self.units),
        ];
        if let Some(&(field, value)) = sizes.iter().find(|(_, value)| *value == 0) {
            return Err(BackendError::Size { field, value, least: 1 });
        }
        let layers = self.filters.len();
        let multiple = 1_usize.checked_shl(layers as u32).filter(|&multiple| multiple > 0).unwrap_or(usize::MAX);
        if !self.height.is_multiple_of(multiple) || !self.width.is_multiple_of(multiple) {
            return Err(BackendError::ImageSize { height: self.height, width: self.width, layers, multiple });
        }
        Ok([self.filters[layers - 1], self.height / multiple, self.width / multiple])
    }
}

/// Halving convolutions and a dense layer, `[n, channels, height, width]` to `[n, units]`, active after every layer.
#[derive(Module, Debug)]
pub struct ConvEncoder {
    /// 4×4, stride 2, padding 1.
    pub convolutions: Vec<Conv2d>,
    /// To the features.
    pub dense: Linear,
    #[module(skip)]
    activation: Activation,
}

impl ConvEncoder {
    /// `[n, channels, height, width]` to `[n, units]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let features = self.convolutions.iter().fold(x, |x, layer| self.activation.forward(layer.forward(x)));
        self.activation.forward(self.dense.forward(features.flatten(1, 3)))
    }
}

/// Two dense layers and doubling convolutions, `[n, codes]` to `[n, channels, height, width]`; affine in the last layer.
#[derive(Module, Debug)]
pub struct ConvDecoder {
    /// From the codes.
    pub first: Linear,
    /// To the smallest image.
    pub second: Linear,
    /// 4×4, stride 2, padding 1, transposed.
    pub convolutions: Vec<ConvTranspose2d>,
    #[module(skip)]
    smallest: [usize; 3],
    #[module(skip)]
    activation: Activation,
}

impl ConvDecoder {
    /// `[n, codes]` to `[n, channels, height, width]`.
    pub fn forward(&self, z: Tensor<2>) -> Tensor<4> {
        let [n, _] = z.dims();
        let [channels, height, width] = self.smallest;
        let dense = self.activation.forward(self.first.forward(z));
        let image = self.activation.forward(self.second.forward(dense)).reshape([n, channels, height, width]);
        let last = self.convolutions.len() - 1;
        self.convolutions.iter().enumerate().fold(image, |x, (index, layer)| {
            let x = layer.forward(x);
            if index < last { self.activation.forward(x) } else { x }
        })
    }
}
