//! What can be wrong with a pattern.

use thiserror::Error;
use unmix_core::{Failure, Kind};

/// A pattern of loadings is no model of a table.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// There is no pattern.
    #[error("no factor is given; name each with its variables, as in --set 'factors.visual=[\"x1\", \"x2\", \"x3\"]'")]
    NoFactors,
    /// A factor has no variables.
    #[error("factor \"{factor}\" has no variables; name those that load on it")]
    NoVariables {
        /// Name of the factor.
        factor: String,
    },
    /// A factor is referred to that the pattern does not have.
    #[error("there is no factor \"{factor}\"; the nearest is \"{nearest}\"")]
    NoSuchFactor {
        /// The name.
        factor: String,
        /// The nearest name in the pattern.
        nearest: String,
    },
    /// A variable stands twice in one list, or a pair twice in the list of pairs.
    #[error("variable \"{variable}\" is named twice in {place}; name it once")]
    Repeated {
        /// Name of the variable.
        variable: String,
        /// Which list.
        place: String,
    },
    /// A variable is on no factor.
    #[error("variable \"{variable}\" loads on no factor; name it in one, or leave it out (--exclude {variable})")]
    LoadsNowhere {
        /// Name of the variable.
        variable: String,
    },
    /// An anchor loads on a second factor.
    #[error("variable \"{variable}\" is the anchor of \"{factor}\" and must load on nothing else; take it from \"{other}\"")]
    SharedAnchor {
        /// Name of the variable.
        variable: String,
        /// Its factor.
        factor: String,
        /// The other factor.
        other: String,
    },
    /// Noise variances are free and fixed at once, or the like.
    #[error("the noise of \"{variable}\" has a fixed variance and a free covariance; drop one of the two")]
    FixedAndFree {
        /// Name of the variable.
        variable: String,
    },
    /// There are more parameters than the covariances determine.
    #[error(
        "the pattern has {parameters} free parameters; {variables} variables have {moments} variances and covariances; let variables load on \
         fewer factors"
    )]
    TooManyParameters {
        /// Free parameters, without means.
        parameters: usize,
        /// Variables.
        variables: usize,
        /// `d(d + 1)/2`.
        moments: usize,
    },
    /// Parameters can move together without any effect.
    #[error(
        "no data determine {parameters}: they can change together and leave every covariance as it is; a factor needs three variables of its \
         own, or two and a correlation with another factor, or one of known noise (`noise_variances`)"
    )]
    NotIdentified {
        /// The parameters in lavaan's notation, as `"visual =~ x1", "x1 ~~ x1"`.
        parameters: String,
    },
    /// The variable that gives a factor its unit does not load on it.
    #[error("variable \"{variable}\" gives factor \"{factor}\" its unit and does not load on it; anchor the factor in another variable")]
    EmptyAnchor {
        /// Name of the variable.
        variable: String,
        /// Name of the factor.
        factor: String,
    },
}

impl Failure for PatternError {
    fn kind(&self) -> Kind {
        match self {
            Self::EmptyAnchor { .. } => Kind::Data,
            _ => Kind::Usage,
        }
    }
}
