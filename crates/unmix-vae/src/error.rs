//! Why a deep model cannot be fitted, saved or read.

use thiserror::Error;
use unmix_backend::BackendError;
use unmix_core::{DataError, Failure, Kind};

/// A fit failed, or a model file is not what it should be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VaeError {
    /// The data do not allow the fit.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The device, a checkpoint or a tensor file.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A value became NaN or infinite.
    #[error("training diverged at step {step}: {term} is {value}; lower `learning_rate` or `clip_norm`, or standardise the data")]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// The term of the objective, or `gradient norm`.
        term: &'static str,
        /// Its value.
        value: f64,
    },
    /// The networks read images of another size than the rows of the table.
    #[error("an image of {channels} × {height} × {width} has {} pixels, the table has {columns} columns; set `channels`, `height` and `width` of `network`", channels * height * width)]
    ImageShape {
        /// Colours.
        channels: usize,
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
        /// Columns of the table.
        columns: usize,
    },
}

impl Failure for VaeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Data(error) => error.kind(),
            Self::Backend(error) => error.kind(),
            Self::Diverged { .. } => Kind::Diverged,
            Self::ImageShape { .. } => Kind::Usage,
        }
    }
}
