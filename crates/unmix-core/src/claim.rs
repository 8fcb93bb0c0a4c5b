//! What a result is identified up to, by which theorem, and what the data say about its assumptions.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The class of transformations under which an estimate is still "the same": the estimate and the truth are equal up to one of them.
///
/// Classes of codes and classes of graphs are ordered by inclusion, the smaller being the stronger result:
///
/// ```
/// use unmix_core::Class;
///
/// assert!(Class::PermutationScale < Class::Affine);
/// assert!(Class::PermutationScale < Class::PermutationElementwise);
/// // neither contains the other
/// assert!(Class::PermutationElementwise.partial_cmp(&Class::Affine).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// Nothing is left open.
    Exact,
    /// The sign of each code.
    Sign,
    /// Order, sign and scale of the codes.
    PermutationScale,
    /// Order of the codes and an invertible map of each.
    PermutationElementwise,
    /// A rotation or reflection of all codes together.
    Orthogonal,
    /// An invertible affine map of all codes together.
    Affine,
    /// For graphs: the ancestral order.
    AncestralOrder,
    /// For graphs: the Markov equivalence class.
    MarkovEquivalence,
    /// Nothing is identified.
    None,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Exact,
        Self::Sign,
        Self::PermutationScale,
        Self::PermutationElementwise,
        Self::Orthogonal,
        Self::Affine,
        Self::AncestralOrder,
        Self::MarkovEquivalence,
        Self::None,
    ];

    /// In words, to complete "identified up to …".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Exact => "nothing: the result is unique",
            Self::Sign => "the sign of each code",
            Self::PermutationScale => "order, sign and scale of the codes",
            Self::PermutationElementwise => "order of the codes and an invertible map of each",
            Self::Orthogonal => "a rotation of the codes",
            Self::Affine => "an affine map of the codes",
            Self::AncestralOrder => "graphs with the same ancestral order",
            Self::MarkovEquivalence => "graphs of the same Markov equivalence class",
            Self::None => "anything: the codes are not identified",
        }
    }

    /// The classes that contain this one directly.
    const fn within(self) -> &'static [Self] {
        match self {
            Self::Exact => &[Self::Sign, Self::AncestralOrder, Self::MarkovEquivalence],
            Self::Sign => &[Self::PermutationScale, Self::Orthogonal],
            Self::PermutationScale => &[Self::PermutationElementwise, Self::Affine],
            Self::Orthogonal => &[Self::Affine],
            Self::PermutationElementwise | Self::Affine | Self::AncestralOrder | Self::MarkovEquivalence => &[Self::None],
            Self::None => &[],
        }
    }

    fn is_within(self, other: Self) -> bool {
        self == other || self.within().iter().any(|c| c.is_within(other))
    }
}

impl PartialOrd for Class {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.is_within(*other), other.is_within(*self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        }
    }
}

/// What a method identifies, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// What stays open if every assumption holds.
    pub class: Class,
    /// The theorem, with its source.
    pub theorem: &'static str,
    /// Its assumptions, a short phrase each. [`Evidence::assumption`] repeats one of them.
    pub assumptions: &'static [&'static str],
}

/// What the data say about one assumption.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The assumption, as in [`Claim::assumptions`].
    pub assumption: &'static str,
    /// The verdict at the stated level.
    pub verdict: Verdict,
    /// The p-value of the test behind the verdict, if it is one.
    pub p_value: Option<f64>,
    /// How far the data are from the opposite verdict, in the unit that `detail` states.
    pub margin: Option<f64>,
    /// Which test, on which rows, and what it found.
    pub detail: String,
}

/// The outcome of testing an assumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The data support it.
    Supported,
    /// The data do not support it, or speak against it.
    Refuted,
    /// No data of this kind can tell.
    Untestable,
}

impl Verdict {
    /// In a word, as terminals and reports print it; a refuted assumption stands out.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "REFUTED",
            Self::Untestable => "untestable",
        }
    }
}

/// [`identified`] in words: a verdict on the model as a whole.
pub const fn identified_words(verdict: Option<bool>) -> &'static str {
    match verdict {
        Some(true) => "identified",
        Some(false) => "not identified",
        None => "identified only if untested assumptions hold",
    }
}

/// Whether a result is identified: no if an assumption is refuted or the class is [`Class::None`], yes if every assumption has evidence
/// that supports it, otherwise unknown (`None`).
pub fn identified(claim: &Claim, evidence: &[Evidence]) -> Option<bool> {
    let verdict = |assumption: &&str| evidence.iter().find(|e| e.assumption == *assumption).map(|e| e.verdict);
    if claim.class == Class::None || evidence.iter().any(|e| e.verdict == Verdict::Refuted) {
        Some(false)
    } else if claim.assumptions.iter().all(|a| verdict(a) == Some(Verdict::Supported)) {
        Some(true)
    } else {
        None
    }
}
