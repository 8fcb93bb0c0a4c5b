//! What every distribution here can do.

use unmix_core::Stream;

/// A distribution of one number.
pub trait Density {
    /// Log density at `x` in nats (log mass for a discrete distribution); negative infinity outside the support, NaN for NaN.
    fn log_density(&self, x: f64) -> f64;

    /// Probability of a value of at most `x`; NaN for NaN.
    fn cdf(&self, x: f64) -> f64;

    /// Differential entropy in nats (Shannon entropy for a discrete distribution).
    fn entropy(&self) -> f64;

    /// Expected value.
    fn mean(&self) -> f64;

    /// Expected squared distance from the mean.
    fn variance(&self) -> f64;

    /// One draw.
    fn sample(&self, stream: &mut Stream) -> f64;

    /// `n` draws, `[n]`.
    fn sample_many(&self, n: usize, stream: &mut Stream) -> Vec<f64> {
        (0..n).map(|_| self.sample(stream)).collect()
    }
}
