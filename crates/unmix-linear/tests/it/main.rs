//! Tests of the public interface.
// Exact values are meant; what fails outside a `#[test]` function fails its test all the same.
#![allow(clippy::float_cmp, clippy::unwrap_used, clippy::panic)]

mod anchor_words;
mod confirmatory;
mod confirmatory_goldens;
mod conformance;
mod factor_analysis;
mod factor_analysis_goldens;
mod factor_models;
mod fastica;
mod identifiability;
mod incomplete;
mod infomax;
mod joint_diagonalisation;
mod latent_class;
mod love;
mod mixtures;
mod nmf;
mod pca;
mod picard;
mod ppca;
mod psych;
mod rotation;
mod sparse_factor_analysis;
mod sparse_loadings;
mod sparse_pca;
mod stability;
mod streaming;
mod tensor;
mod varimax;
mod wide_factor_analysis;
