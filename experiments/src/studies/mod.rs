//! The long studies of the book: each writes its page and figure itself.

mod anchors;
mod ica_evidence;
mod sachs;

use crate::Outcome;

/// Run a study.
#[derive(clap::Args)]
pub struct Arguments {
    /// Study
    #[arg(value_enum)]
    name: Study,
    /// Data sets for each setting (of `sachs`, resamples), for a quick look (default: as in the book)
    #[arg(long)]
    sets: Option<usize>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Study {
    /// Recovery of the factors against the share of variables that load on one factor alone
    Anchors,
    /// Size and power of the test of "at most one Gaussian source"
    IcaEvidence,
    /// Graphs of the Sachs proteins by every observational method, against the consensus
    Sachs,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        match self.name {
            Study::Anchors => anchors::run(self.sets),
            Study::IcaEvidence => ica_evidence::run(self.sets),
            Study::Sachs => sachs::run(self.sets),
        }
    }
}
