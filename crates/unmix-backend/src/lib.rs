//! burn for unmix: one door to devices, and what every deep family needs of a network library.
//!
//! - [`DeviceChoice`] opens a device by name, or says what there is instead; [`adapters`] lists the graphics adapters.
//! - [`host`]: arrays to tensors and back. [`Noise`]: random tensors from our own streams, equal on every device.
//! - [`Initializer`] and the blocks [`Mlp`], [`ConvEncoder`], [`ConvDecoder`]: networks whose first weights depend on the seed alone.
//! - [`Adam`] and [`clip_global_norm`]: the optimiser, with PyTorch's constants.
//! - [`Checkpoint`] saves and restores training bit for bit; [`save_safetensors`] writes weights for others to read.
//!
//! No randomness of burn's is used: initial weights and noise are drawn on the host from [`unmix_core::Seed`] and copied to the
//! device, so every backend starts alike and a resumed run goes on exactly.
//!
//! ```
//! use burn::tensor::Tensor;
//! use unmix_backend::{Activation, Adam, AdamConfig, DeviceChoice, Initializer, MlpConfig, Noise};
//! use burn::optim::GradientsParams;
//! use unmix_core::Seed;
//!
//! let device = "flex".parse::<DeviceChoice>()?.open()?.device.autodiff();
//! let config = MlpConfig { inputs: 3, hidden: vec![8], outputs: 1, activation: Activation::Tanh };
//! let mut network = config.init(&mut Initializer::new(Seed(7), &device));
//! let mut adam = Adam::new(AdamConfig::default());
//! for step in 0..3 {
//!     let x: Tensor<2> = Noise::at(Seed(7), step).normal([16, 3], &device);
//!     let loss = network.forward(x).square().mean();
//!     let gradients = GradientsParams::from_grads(loss.backward(), &network);
//!     network = adam.step(1e-3, network, gradients);
//! }
//! # Ok::<(), unmix_backend::BackendError>(())
//! ```

mod blocks;
mod checkpoint;
mod device;
mod error;
pub mod host;
mod init;
mod noise;
mod optimiser;
mod weights;

pub use blocks::{Activation, ConvConfig, ConvDecoder, ConvEncoder, Mlp, MlpConfig};
pub use checkpoint::{Checkpoint, CheckpointState, CheckpointWriter, SCHEMA};
pub use device::{Adapter, DeviceChoice, OpenDevice, adapters};
pub use error::BackendError;
pub use init::{Initializer, Scheme};
pub use noise::Noise;
pub use optimiser::{Adam, AdamConfig, clip_global_norm};
pub use weights::{load_safetensors, save_safetensors};
