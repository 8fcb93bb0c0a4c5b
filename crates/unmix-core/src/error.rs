//! Failures by what a caller can do about them.
//!
//! Each crate keeps an error enum of its own; [`Kind`] is all that a command line needs to choose an exit status.

use std::{error::Error, fmt};

/// What went wrong, seen from the caller. The number is the exit status of the `unmix` command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A defect of ours.
    Internal = 1,
    /// A flag, key or parameter is wrong.
    Usage = 2,
    /// The data do not allow the analysis.
    Data = 3,
    /// An iteration stopped before its tolerance (only where convergence was demanded).
    NotConverged = 4,
    /// A value became NaN or infinite during the fit.
    Diverged = 5,
    /// A file is missing, unreadable or malformed.
    Format = 6,
    /// The asked device or adapter is not there.
    Device = 7,
}

impl Kind {
    /// The exit status of a process that ends with this failure.
    pub const fn exit_status(self) -> u8 {
        self as u8
    }
}

/// An error that knows its [`Kind`]. Implemented by the error enum of every crate.
pub trait Failure: Error + Send + Sync + 'static {
    /// The kind of this failure.
    fn kind(&self) -> Kind;
}

/// Any [`Failure`] behind one type, for object-safe interfaces.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    source: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// The kind of the failure inside.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The failure inside, for callers that know which type to expect.
    pub fn downcast_ref<E: Failure>(&self) -> Option<&E> {
        self.source.downcast_ref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

impl<E: Failure> From<E> for Fault {
    fn from(error: E) -> Self {
        Self { kind: error.kind(), source: Box::new(error) }
    }
}
