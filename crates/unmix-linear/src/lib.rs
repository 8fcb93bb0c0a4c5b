//! Linear latent-variable models, each with what it identifies and what the data say about that.
//!
//! A linear model writes observations as `x = mean + A z`: the columns of the *mixing* `A` `[d, k]` say how each code moves the
//! variables, the rows of the *unmixing* `[k, d]` read the codes off the variables. The models here differ in what they ask of the codes,
//! and so in what stays open:
//!
//! | method | asks of the codes | identified up to |
//! |---|---|---|
//! | [`Pca`] | largest variance, uncorrelated | the sign of each, if the eigenvalues are distinct |
//! | [`Ppca`] | unit variance, beside noise of one variance in all variables | a rotation |
//! | [`SparsePca`] | variables of their own, correlated with no others | order, sign and scale |
//! | [`FastIca`] | independent, at most one Gaussian | order, sign and scale |
//! | [`Picard`], [`Infomax`] | the same, by maximum likelihood | order, sign and scale |
//! | [`Jade`] | independent, at most one without excess kurtosis | order, sign and scale |
//! | [`Sobi`] | uncorrelated at every lag, of distinct autocorrelations | order, sign and scale |
//! | [`Nmf`] | to be non-negative, as the mixing | order and scale, if both have enough zeros |
//! | [`AnchorWords`] | to be topics' shares of word counts, a word of its own for each topic | order |
//! | [`FactorAnalysis`] | to explain every correlation, beside noise of each variable's own | a rotation |
//! | [`SparseFactorAnalysis`] | the same with few of them in each variable, every factor anchored twice | order, sign and scale |
//! | [`Love`] | two pure variables each, of equal loading; correlated | order, sign and scale |
//! | [`ConfirmatoryFactorAnalysis`] | to load on known variables alone | the sign of each |
//! | [`LatentClass`] | to be one of few classes, within which categorical variables are independent | order |
//!
//! ```
//! use ndarray::{Array2, array};
//! use rand::RngExt;
//! use unmix_core::{Fit, Model, Observations, Params, Run, Seed};
//! use unmix_linear::FastIcaParams;
//!
//! let mut stream = Seed(1).stream("example", 0);
//! let sources = Array2::from_shape_simple_fn((2000, 2), || stream.random::<f64>());
//! let x = Observations::unnamed(sources.dot(&array![[1.0, 0.5], [0.3, 1.0]]))?;
//!
//! let mut run = Run::new(1);
//! let estimator = FastIcaParams::default().build()?;
//! let fitted = estimator.fit(&x, &mut run)?;
//! assert!(fitted.stop.converged());
//! let codes = fitted.model.as_infer().unwrap().infer(x.x())?;
//! assert_eq!(codes.dim(), (2000, 2));
//! let evidence = estimator.evidence(&x, &fitted.model, &mut run)?;
//! assert_eq!(unmix_core::identified(&estimator.claim(), &evidence), Some(true));
//! # Ok::<(), unmix_core::Fault>(())
//! ```
//!
//! [`RowCp`] decomposes a table whose rows are tensors; [`Cp`] any tensor, and [`TensorPower`] the moments of a latent-variable model: both are for programs.
//!
//! [`Pca`], [`FastIca`] and [`Picard`] can fit rows that do not fit in memory ([`FitRows`](unmix_core::FitRows)), to the same bytes.
//!
//! [`stability`] refits any of them on bootstrap samples and says which codes return; [`icasso`] clusters the codes of many fits.

mod anchors;
mod confirmatory;
mod correlation;
mod error;
mod factor_analysis;
mod factor_counts;
mod fit_indices;
mod ica;
mod latent_class;
mod linear_model;
mod love;
mod nmf;
mod nonnegative;
mod number_of_factors;
mod pca;
mod ppca;
mod principal_axes;
mod rotation;
mod scores;
mod sparse_factor_analysis;
mod sparse_pca;
mod stability;
mod streamed;
mod suitability;
mod tensor;
mod topics;
mod whitening;

pub use anchors::{PairTest, parallel_pairs};
pub use confirmatory::{
    ConfirmatoryFactorAnalysis, ConfirmatoryFactorAnalysisParams, ConfirmatoryModel, Estimate, Modification, Parameter, PatternError,
    Scaling,
};
pub use correlation::Correlation;
pub use error::LinearError;
pub use factor_analysis::{
    Extraction, FactorAnalysis, FactorAnalysisParams, FactorModel, IncompleteFactorAnalysis, IncompleteFactorAnalysisParams, RotationReport,
};
pub use factor_counts::FactorCounts;
pub use fit_indices::FitIndices;
pub use ica::{
    Algorithm, Contrast, Dependence, EVIDENCE_LEVEL, FastIca, FastIcaParams, GaussianSources, Ica, Infomax, InfomaxParams, Jade,
    JadeParams, Picard, PicardOParams, PicardParams, Sobi, SobiParams, anderson_darling,
};
pub use latent_class::{ClassReport, LatentClass, LatentClassModel, LatentClassParams, MOST_CATEGORIES};
pub use linear_model::LinearModel;
pub use love::{Love, LoveParams};
pub use nmf::{Nmf, NmfInitialisation, NmfLoss, NmfModel, NmfParams, NmfSolver};
pub use number_of_factors::{
    PARALLEL_DATASETS, PARALLEL_QUANTILE, ParallelAnalysis, empirical_kaiser, minimum_average_partial, most_factors, parallel_analysis,
};
pub use pca::{Pca, PcaModel, PcaParams};
pub use ppca::{Ppca, PpcaModel, PpcaParams, laplace_evidence};
pub use rotation::{Criterion, GradientProjection, PROMAX_POWER, Rotated, Rotation, Varimax, varimax_criterion};
pub use scores::Scores;
pub use sparse_factor_analysis::{SparseFactorAnalysis, SparseFactorAnalysisParams, SparseFactorModel};
pub use sparse_pca::{SparsePca, SparsePcaModel, SparsePcaParams};
pub use stability::{Cluster, ComponentStability, Resampling, icasso, stability};
pub use suitability::{KaiserMeyerOlkin, Sphericity, bartlett_sphericity, kaiser_meyer_olkin};
pub use tensor::{
    Congruence, Cp, CpModel, CpParams, CpStarts, EXACT_COLUMNS, KRank, MomentComponents, RowCp, RowCpModel, RowCpParams, Tensor,
    TensorEigen, TensorPower, congruence, core_consistency, k_rank,
};
pub use topics::{AnchorWords, AnchorWordsParams, TopicModel, TopicRecovery};
pub use whitening::Reduction;

use unmix_core::{Incomplete, Method, Observations};

/// Every method of this crate.
pub const METHODS: &[Method] = &[
    Method::streaming::<PcaParams>(
        "pca",
        "uncorrelated directions of largest variance",
        "Tipping and Bishop (1999), Journal of the Royal Statistical Society B 61(3)",
    ),
    Method::of::<PpcaParams, Observations>(
        "ppca",
        "directions of largest variance beside noise of equal variance, as a density",
        "Tipping and Bishop (1999), Journal of the Royal Statistical Society B 61(3)",
    ),
    Method::of::<SparsePcaParams, Observations>(
        "sparse-pca",
        "directions of large variance with few variables each",
        "Mairal, Bach, Ponce and Sapiro (2010), Journal of Machine Learning Research 11; Zou, Hastie and Tibshirani (2006)",
    ),
    Method::streaming::<FastIcaParams>(
        "fastica",
        "independent sources as the least Gaussian projections",
        "Hyvärinen (1999), IEEE Transactions on Neural Networks 10(3)",
    ),
    Method::streaming::<PicardParams>(
        "picard",
        "independent sources by maximum likelihood, with preconditioned L-BFGS",
        "Ablin, Cardoso and Gramfort (2018), IEEE Transactions on Signal Processing 66(15)",
    ),
    Method::streaming::<PicardOParams>(
        "picard-o",
        "independent, exactly uncorrelated sources by maximum likelihood, with preconditioned L-BFGS",
        "Ablin, Cardoso and Gramfort (2018), ICASSP, 4464–4468",
    ),
    Method::of::<InfomaxParams, Observations>(
        "infomax",
        "independent sources by maximum likelihood, with natural-gradient steps on blocks of rows",
        "Bell and Sejnowski (1995), Neural Computation 7(6); Lee, Girolami and Sejnowski (1999), 11(2)",
    ),
    Method::of::<JadeParams, Observations>(
        "jade",
        "independent sources by joint diagonalisation of fourth-order cumulants",
        "Cardoso and Souloumiac (1993), IEE Proceedings F 140(6)",
    ),
    Method::of::<SobiParams, Observations>(
        "sobi",
        "uncorrelated time series by joint diagonalisation of lagged covariances",
        "Belouchrani, Abed-Meraim, Cardoso and Moulines (1997), IEEE Transactions on Signal Processing 45(2)",
    ),
    Method::of::<FactorAnalysisParams, Observations>(
        "factor-analysis",
        "common factors and own noise of each variable, by maximum likelihood",
        "Jöreskog (1967), Psychometrika 32(4)",
    )
    .or_incomplete(&Method::of::<IncompleteFactorAnalysisParams, Incomplete>(
        "factor-analysis",
        "common factors and own noise of each variable, by maximum likelihood of the values that are there",
        "Rubin and Thayer (1982), Psychometrika 47(1)",
    )),
    Method::of::<SparseFactorAnalysisParams, Observations>(
        "sparse-factor-analysis",
        "common factors with most loadings exactly zero, by the spike-and-slab lasso",
        "Ročková and George (2016), Journal of the American Statistical Association 111(516)",
    ),
    Method::of::<LoveParams, Observations>(
        "love",
        "correlated common factors from pure variables",
        "Bing, Bunea, Ning and Wegkamp (2020), Annals of Statistics 48(4)",
    ),
    Method::of::<ConfirmatoryFactorAnalysisParams, Observations>(
        "confirmatory-factor-analysis",
        "common factors that load on known variables, by maximum likelihood",
        "Jöreskog (1969), Psychometrika 34(2)",
    ),
    Method::of::<NmfParams, Observations>(
        "nmf",
        "non-negative parts whose sums are the observations",
        "Lee and Seung (1999), Nature 401; Cichocki and Phan (2009), IEICE Transactions E92-A(3)",
    ),
    Method::of::<RowCpParams, Observations>(
        "cp",
        "parts of rows that are tensors, each a product of one profile a mode",
        "Carroll and Chang (1970), Psychometrika 35(3); Harshman (1970), UCLA Working Papers in Phonetics 16",
    ),
    Method::of::<AnchorWordsParams, Observations>(
        "anchor-words",
        "topics of word counts, each with a word of its own",
        "Arora, Ge, Halpern, Mimno, Moitra, Sontag, Wu and Zhu (2013), ICML, PMLR 28(2)",
    ),
    Method::of::<LatentClassParams, Observations>(
        "latent-class",
        "classes within which categorical variables are independent, by maximum likelihood",
        "Goodman (1974), Biometrika 61(2)",
    ),
];
