//! How a task ends badly: a message for the reader and the exit status for the caller.

/// What every task returns.
pub type Outcome = Result<(), Failure>;

/// A failed task. An empty message means that everything has been said already.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    pub status: u8,
}

impl Failure {
    /// The caller asked for something that is not there: exit status 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 2 }
    }

    /// The task has printed its own verdict: exit status 1 and no further word.
    pub fn told() -> Self {
        Self { message: String::new(), status: 1 }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, status: 1 }
    }
}
