//! A metric's value with what is needed to read it.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use unmix_core::{Claim, Class};

/// The value of a metric, and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The value.
    pub value: f64,
    /// How it was computed, in words.
    pub estimator: String,
    /// Which of several conventions was used.
    pub variant: String,
    /// Samples for codes, sources for mixings, nodes for graphs.
    pub n: usize,
    /// The mean value of an estimate that knows nothing of the truth, at this size.
    pub chance: f64,
    /// The best value there is.
    pub ceiling: f64,
    /// A 95 % percentile bootstrap interval, where there is something to resample.
    pub ci: Option<(f64, f64)>,
    /// The transformations of the estimate that leave the value as it is.
    pub invariance: Class,
    /// What the user must know to read the value.
    pub warnings: Vec<String>,
}

impl Score {
    /// The same score, with a warning if the method claims less than the metric sees: the claimed class then holds transformations
    /// of a correct estimate that change the value.
    ///
    /// ```
    /// use unmix_core::Class;
    /// # use unmix_metrics::Score;
    /// # let mcc = Score { value: 0.7, estimator: String::new(), variant: String::new(), n: 9, chance: 0.2, ceiling: 1.0, ci: None,
    /// #     invariance: Class::PermutationScale, warnings: vec![] };
    /// assert!(mcc.clone().check_against_claim(Class::PermutationScale).warnings.is_empty());
    /// // a factor model is identified up to a rotation, which MCC punishes
    /// assert!(mcc.check_against_claim(Class::Orthogonal).warnings[0].contains("a rotation of the codes"));
    /// ```
    #[must_use]
    pub fn check_against_claim(mut self, claimed: Class) -> Self {
        let blind_enough = claimed.partial_cmp(&self.invariance).is_some_and(Ordering::is_le);
        if !blind_enough {
            self.warnings.push(format!(
                "the metric is blind to {}, the method identifies up to {}: a correct estimate may score below the ceiling",
                blindness(self.invariance),
                claimed.describe()
            ));
        }
        self
    }

    /// As [`check_against_claim`](Self::check_against_claim), with the class of a method's claim.
    #[must_use]
    pub fn check_against(self, claim: &Claim) -> Self {
        self.check_against_claim(claim.class)
    }
}

fn blindness(class: Class) -> &'static str {
    if class == Class::Exact { "nothing" } else { class.describe() }
}

/// Which end of a metric is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// On which rows a value is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// On the rows that the matching or regression has seen, as most papers do: optimistic for few rows and many codes.
    InSample,
    /// On other rows.
    OutOfSample,
}
