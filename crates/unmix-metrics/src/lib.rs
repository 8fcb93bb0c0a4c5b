//! Scores of codes, mixings and graphs against a known truth.
//!
//! A number alone says little: an MCC of 0.73 is what a random rotation of five white factors reaches. Every [`Score`] therefore carries
//! the value that chance would give, the best value there is, a bootstrap interval where rows can be resampled, and the group of
//! transformations to which the metric is blind.
//!
//! ```
//! use ndarray::array;
//! use unmix_core::{Class, Seed};
//! use unmix_metrics::eval_codes;
//!
//! let factors = array![[0.1, 2.0], [0.9, 1.1], [0.3, 0.2], [0.5, 1.4], [0.8, 0.9], [0.2, 0.1], [0.7, 1.9], [0.4, 0.6], [0.6, 1.0], [1.0, 1.7]];
//! // The same factors in another order, with another sign and scale.
//! let mut codes = factors.clone();
//! codes.column_mut(0).assign(&(&factors.column(1) * -3.0));
//! codes.column_mut(1).assign(&(&factors.column(0) * 0.5));
//!
//! let names = ["left".to_owned(), "right".to_owned()];
//! let scores = eval_codes(codes.view(), factors.view(), &names, Seed(1))?;
//! assert!((scores["mcc"].value - 1.0).abs() < 1e-12);
//! assert!(scores["mcc"].chance < 0.6);
//! assert_eq!(scores["mcc"].invariance, Class::PermutationScale);
//! # Ok::<(), unmix_metrics::MetricsError>(())
//! ```
//!
//! | names | of | blind to |
//! |---|---|---|
//! | `mcc`, `mcc-out-of-sample` | codes | order, sign, scale |
//! | `mcc-spearman`, `mcc-spearman-out-of-sample` | codes | order, a monotone map of each code |
//! | `r2`, `r2-adjusted` | codes | an affine map of all codes together |
//! | `amari`, `amari-squared`, `amari-picard` | mixings | order, sign, scale of the codes |
//! | `shd`, `shd-reversal-2`, `edge-precision`, `edge-recall`, `edge-f1` | graphs | nothing |
//! | `skeleton-precision`, `skeleton-recall`, `skeleton-f1` | graphs | what keeps the Markov equivalence class |
//!
//! [`METRICS`] lists them as data; [`eval_codes`], [`eval_mixing`] and [`eval_graph`] compute all that apply, and the modules hold each
//! with its options. [`Score::check_against_claim`] warns when a metric sees more than a method claims to identify.

pub mod amari;
pub mod edges;
pub mod mcc;
pub mod r2;

mod codes;
mod correlation;
mod error;
mod registry;
mod resample;
mod score;
mod shd;

pub use codes::Codes;
pub use correlation::Correlation;
pub use edges::GraphPair;
pub use error::MetricsError;
pub use registry::{Compute, METRICS, Metric, eval_codes, eval_graph, eval_mixing, metric};
pub use score::{Better, Score, Split};
