//! What can go wrong between a network and its device or files.

use std::path::PathBuf;
use thiserror::Error;
use unmix_core::{DataError, Failure, Kind};

/// A device, a network shape or a weight file is not what it should be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The data are at fault.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No device has this name.
    #[error("there is no device \"{name}\"; the nearest is \"{nearest}\" (flex, ndarray, wgpu, wgpu:software or auto)")]
    UnknownDevice {
        /// The name given.
        name: String,
        /// The nearest known name.
        nearest: &'static str,
    },
    /// The device exists, this build lacks it.
    #[error("device \"{name}\" is not in this build; rebuild with the cargo feature `{feature}`")]
    NotCompiled {
        /// The name given.
        name: &'static str,
        /// The cargo feature that adds it.
        feature: &'static str,
    },
    /// No adapter answers to the choice.
    #[error("no {wanted} for device \"{name}\"; adapters found: {found}; {remedy}")]
    NoAdapter {
        /// The name given.
        name: &'static str,
        /// What was looked for.
        wanted: &'static str,
        /// The adapters of the machine, or `none`.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An adapter is there and refuses to open.
    #[error("device \"{name}\" cannot be opened on {adapter}: {reason}")]
    Refused {
        /// The name given.
        name: &'static str,
        /// The adapter.
        adapter: String,
        /// The driver's words.
        reason: String,
    },
    /// Values cannot be read back from the device.
    #[error("the device cannot return {what}: {reason}")]
    Read {
        /// What was asked for.
        what: &'static str,
        /// The backend's words.
        reason: String,
    },
    /// A layer list or size is empty.
    #[error("`{field}` is {value}, at least {least} is needed")]
    Size {
        /// The field of the configuration.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The least allowed.
        least: usize,
    },
    /// An image does not halve as often as there are layers.
    #[error("an image of {height} × {width} cannot be halved {layers} times; pad it to multiples of {multiple} or use fewer layers")]
    ImageSize {
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
        /// Convolutions of stride 2.
        layers: usize,
        /// What both sides must be multiples of.
        multiple: usize,
    },
    /// A weight file lacks a parameter of the network, or holds one too many.
    #[error("{path}: parameter \"{name}\" is {state}; the file belongs to another network")]
    Parameter {
        /// The file.
        path: PathBuf,
        /// Path of the parameter in the network.
        name: String,
        /// `missing` or `unknown`.
        state: &'static str,
    },
    /// A parameter has another shape in the file than in the network.
    #[error("{path}: parameter \"{name}\" has shape {found:?}, the network's is {expected:?}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Path of the parameter in the network.
        name: String,
        /// Shape in the network.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A parameter has a number type that networks here do not use.
    #[error("{path}: parameter \"{name}\" has type {dtype}; f32 and f64 are read")]
    NumberType {
        /// The file.
        path: PathBuf,
        /// Path of the parameter in the network.
        name: String,
        /// Type in the file.
        dtype: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A safetensors file is malformed.
    #[error("{path} is not a whole safetensors file: {source}")]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// The reader's words.
        source: safetensors::SafeTensorError,
    },
    /// A checkpoint's state is malformed.
    #[error("{path} is not the state of a checkpoint: {source}")]
    State {
        /// The file.
        path: PathBuf,
        /// The reader's words.
        source: serde_json::Error,
    },
    /// A checkpoint comes from another version, configuration or seed.
    #[error("{path}: the checkpoint's {what} is {found}, this run's is {expected}; give the run another folder")]
    Foreign {
        /// The checkpoint.
        path: PathBuf,
        /// `schema`, `burn version`, `seed` or `configuration`.
        what: &'static str,
        /// Value in the checkpoint.
        found: String,
        /// Value of this run.
        expected: String,
    },
}

impl Failure for BackendError {
    fn kind(&self) -> Kind {
        match self {
            Self::Data(error) => error.kind(),
            Self::UnknownDevice { .. } | Self::Size { .. } | Self::ImageSize { .. } | Self::Foreign { .. } => Kind::Usage,
            Self::NotCompiled { .. } | Self::NoAdapter { .. } | Self::Refused { .. } | Self::Read { .. } => Kind::Device,
            Self::Parameter { .. }
            | Self::Shape { .. }
            | Self::NumberType { .. }
            | Self::File { .. }
            | Self::Safetensors { .. }
            | Self::State { .. } => Kind::Format,
        }
    }
}
