//! What a method must do besides being right: a conformance suite that any [`Method`](unmix_core::Method) can run, goldens from other
//! systems, gradient checks, the peak of memory, and the marker of a skipped test.
//!
//! ```no_run
//! use unmix_testkit::Conformance;
//! # fn check(method: &unmix_core::Method, table: unmix_core::Table) {
//! Conformance::of(method, table).with("components = 2").linear(1e-6).assert();
//! # }
//! ```
//!
//! A check that fails says which rule is broken and how to see it; [`Conformance::assert`] lists all broken rules at once.

mod conformance;
mod golden;
mod gradient;
mod peak;
mod skip;

pub use conformance::{Broken, Conformance};
pub use golden::{Golden, GoldenError};
pub use gradient::{GradientError, check_gradient};
pub use peak::{PeakAlloc, peak_bytes};
pub use skip::{SKIP_FOLDER, skip};
