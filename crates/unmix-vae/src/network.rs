//! The two networks of an autoencoder: perceptrons for tables, convolutions for images.

use crate::VaeError;
use burn::{module::Module, nn::Linear, tensor::Tensor};
use serde::{Deserialize, Serialize};
use unmix_backend::{Activation, ConvConfig, ConvDecoder, ConvEncoder, Initializer, Mlp, MlpConfig, Scheme};

/// The networks from observations to codes and back. In a configuration `network = { kind = "mlp", hidden = [256, 256] }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Network {
    /// Multilayer perceptrons; the decoder mirrors the encoder. Without hidden layers both are affine.
    Mlp {
        /// Units of the hidden layers, from the observations inwards.
        hidden: Vec<usize>,
    },
    /// Convolutions, for rows that are images.
    Conv(ConvNetwork),
}

/// Halving 4×4 convolutions, a dense layer, and their mirror image (Burgess et al. 2018, appendix A). A row of the data is an image:
/// channel by channel, each row by row. In a configuration `network = { kind = "conv", height = 8, width = 8, filters = [32, 64] }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvNetwork {
    /// Colours.
    pub channels: usize,
    /// Rows of pixels, a multiple of 2 to the number of filters.
    pub height: usize,
    /// Columns of pixels, likewise.
    pub width: usize,
    /// Channels after each convolution, from the image inwards.
    pub filters: Vec<usize>,
    /// Units of the dense layer.
    pub units: usize,
}

/// The networks of Burgess et al. (2018) for grey images of 64 × 64.
impl Default for ConvNetwork {
    fn default() -> Self {
        Self { channels: 1, height: 64, width: 64, filters: vec![32, 32, 64, 64], units: 256 }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::Mlp { hidden: vec![256, 128] }
    }
}

impl Network {
    pub(crate) fn encoder(&self, columns: usize, components: usize, init: &mut Initializer) -> Result<Encoder, VaeError> {
        match self {
            Self::Mlp { hidden } => Ok(Encoder::Mlp(mlp(columns, hidden.clone(), 2 * components).init(init))),
            Self::Conv(network) => {
                let config = network.config(columns)?;
                let features = config.encoder(init)?;
                let heads = init.linear(config.units, 2 * components, Scheme::XavierUniform);
                Ok(Encoder::Conv(ConvCodes { features, heads, image: [config.channels, config.height, config.width] }))
            }
        }
    }

    pub(crate) fn decoder(&self, components: usize, columns: usize, init: &mut Initializer) -> Result<Decoder, VaeError> {
        match self {
            Self::Mlp { hidden } => Ok(Decoder::Mlp(mlp(components, hidden.iter().rev().copied().collect(), columns).init(init))),
            Self::Conv(network) => Ok(Decoder::Conv(network.config(columns)?.decoder(components, init)?)),
        }
    }
}

impl ConvNetwork {
    fn config(&self, columns: usize) -> Result<ConvConfig, VaeError> {
        let Self { channels, height, width, filters, units } = self.clone();
        if channels * height * width != columns {
            return Err(VaeError::ImageShape { channels, height, width, columns });
        }
        Ok(ConvConfig { channels, height, width, filters, units, activation: Activation::Relu })
    }
}

fn mlp(inputs: usize, hidden: Vec<usize>, outputs: usize) -> MlpConfig {
    MlpConfig { inputs, hidden, outputs, activation: Activation::Relu }
}

/// From observations `[n, d]` to means and log variances of codes, `[n, 2 k]`.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "one of each in a model")]
pub(crate) enum Encoder {
    /// A perceptron.
    Mlp(Mlp),
    /// Convolutions.
    Conv(ConvCodes),
}

/// Convolutions and one affine map to means and log variances.
#[derive(Module, Debug)]
pub(crate) struct ConvCodes {
    features: ConvEncoder,
    heads: Linear,
    #[module(skip)]
    image: [usize; 3],
}

impl Encoder {
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Mlp(network) => network.forward(x),
            Self::Conv(network) => {
                let [n, _] = x.dims();
                let [channels, height, width] = network.image;
                network.heads.forward(network.features.forward(x.reshape([n, channels, height, width])))
            }
        }
    }
}

/// From codes `[n, k]` to the natural parameters of observations, `[n, d]`.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "one of each in a model")]
pub(crate) enum Decoder {
    /// A perceptron.
    Mlp(Mlp),
    /// Transposed convolutions.
    Conv(ConvDecoder),
}

impl Decoder {
    pub fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Mlp(network) => network.forward(z),
            Self::Conv(network) => network.forward(z).flatten(1, 3),
        }
    }
}
