//! What can be wrong with a figure.

use thiserror::Error;
use unmix_core::{Failure, Kind};

/// A figure is given values that do not fit together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There is nothing to draw.
    #[error("the figure \"{figure}\" has no {what}; leave it out")]
    Empty {
        /// Title of the figure.
        figure: String,
        /// What is absent.
        what: &'static str,
    },
    /// Two lists have different lengths.
    #[error("the figure \"{figure}\" has {found} {what}, wanted are {expected}")]
    Length {
        /// Title of the figure.
        figure: String,
        /// What is counted.
        what: &'static str,
        /// The number wanted.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// An image cannot be encoded.
    #[error("the figure \"{figure}\": {source}")]
    Png {
        /// Title of the figure.
        figure: String,
        /// What the encoder says.
        source: png::EncodingError,
    },
}

impl Failure for ReportError {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}
