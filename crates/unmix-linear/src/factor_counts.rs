//! Is a table worth a factor analysis, and how many factors has it: the usual answers side by side, since they disagree.

use crate::{
    Correlation, KaiserMeyerOlkin, LinearError, PARALLEL_QUANTILE, ParallelAnalysis, Sphericity, bartlett_sphericity, empirical_kaiser,
    kaiser_meyer_olkin, minimum_average_partial, most_factors, parallel_analysis,
};
use serde::Serialize;
use unmix_core::Seed;

/// Suitability and numbers of factors by several rules.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Observations, Seed};
/// use unmix_linear::{Correlation, FactorCounts};
///
/// // six variables that share one cause
/// let mut stream = Seed(3).stream("example", 0);
/// let mut x = Array2::from_shape_simple_fn((200, 6), || stream.random::<f64>());
/// for mut row in x.rows_mut() {
///     row += stream.random::<f64>();
/// }
/// let counts = FactorCounts::of(&Correlation::of(&Observations::unnamed(x)?)?, 200, Seed(1))?;
/// assert_eq!((counts.parallel_analysis.retained, counts.minimum_average_partial, counts.empirical_kaiser), (1, 1, 1));
/// assert_eq!(counts.most, 3);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactorCounts {
    /// Bartlett's test of no correlation.
    pub sphericity: Sphericity,
    /// The Kaiser–Meyer–Olkin measure.
    pub sampling_adequacy: KaiserMeyerOlkin,
    /// Horn's parallel analysis at the 0.95 quantile.
    pub parallel_analysis: ParallelAnalysis,
    /// Velicer's minimum average partial.
    pub minimum_average_partial: usize,
    /// The empirical Kaiser criterion.
    pub empirical_kaiser: usize,
    /// Factors beyond which a model has more parameters than there are correlations.
    pub most: usize,
}

impl FactorCounts {
    /// All of them, parallel analysis with `datasets` simulated sets.
    ///
    /// # Errors
    /// As [`bartlett_sphericity`], [`kaiser_meyer_olkin`] and [`parallel_analysis`].
    pub fn of(correlation: &Correlation, datasets: usize, seed: Seed) -> Result<Self, LinearError> {
        let r = correlation.r.view();
        Ok(Self {
            sphericity: bartlett_sphericity(r, correlation.rows)?,
            sampling_adequacy: kaiser_meyer_olkin(r)?,
            parallel_analysis: parallel_analysis(correlation, datasets, PARALLEL_QUANTILE, seed)?,
            minimum_average_partial: minimum_average_partial(r)?,
            empirical_kaiser: empirical_kaiser(correlation)?,
            most: most_factors(r.nrows()),
        })
    }

    /// Each rule's name and number of factors.
    pub fn rules(&self) -> [(&'static str, usize); 3] {
        [
            ("parallel analysis", self.parallel_analysis.retained),
            ("minimum average partial", self.minimum_average_partial),
            ("empirical Kaiser criterion", self.empirical_kaiser),
        ]
    }
}
