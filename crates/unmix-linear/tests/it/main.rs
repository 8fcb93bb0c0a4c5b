//! Tests of the public interface.
// Exact values are meant; what fails outside a `#[test]` function fails its test all the same.
#![allow(clippy::float_cmp, clippy::unwrap_used, clippy::panic)]

mod conformance;
mod factor_analysis;
mod factor_analysis_goldens;
mod factor_models;
mod fastica;
mod identifiability;
mod infomax;
mod joint_diagonalisation;
mod latent_class;
mod mixtures;
mod pca;
mod picard;
mod rotation;
mod stability;
mod tensor;
mod varimax;
