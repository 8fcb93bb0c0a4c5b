//! The entropy of a standardised variable, by Hyvärinen's (1998, NIPS 10) maximum-entropy approximation.

use unmix_numerics::{exp_sums, log_cosh_sums};

/// The constants of Hyvärinen and Smith (2013, Journal of Machine Learning Research 14): the weights of the two contrasts, and `E log cosh ν` of a standard
/// normal `ν`.
const OF_LOG_COSH: f64 = 79.047;
const OF_EXP: f64 = 7.4129;
const GAUSSIAN: f64 = 0.374_57;

/// `H(u) ≈ H(ν) - k₁ (E log cosh u - E log cosh ν)² - k₂ (E u exp(-u²/2))²` in nats, for `u` of mean 0 and variance 1; `scratch` is as long, and overwritten.
pub(super) fn entropy(u: &[f64], scratch: &mut [f64]) -> f64 {
    let n = u.len() as f64;
    scratch.copy_from_slice(u);
    let log_cosh = log_cosh_sums(scratch, 1.0).1 / n;
    scratch.copy_from_slice(u);
    exp_sums(scratch, 1.0);
    let skew = scratch.iter().sum::<f64>() / n;
    let normal = 0.5 * (1.0 + std::f64::consts::TAU.ln());
    normal - OF_LOG_COSH * (log_cosh - GAUSSIAN).powi(2) - OF_EXP * skew.powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use rand_distr::StandardNormal;
    use unmix_core::Seed;

    #[test]
    fn it_is_largest_for_a_normal_variable() {
        let mut stream = Seed(1).stream("entropy", 0);
        let n = 100_000;
        let mut of = |draw: &mut dyn FnMut(&mut unmix_core::Stream) -> f64| {
            let mut u: Vec<f64> = (0..n).map(|_| draw(&mut stream)).collect();
            let mean = u.iter().sum::<f64>() / f64::from(n);
            let sd = (u.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(n)).sqrt();
            u.iter_mut().for_each(|v| *v = (*v - mean) / sd);
            entropy(&u, &mut vec![0.0; u.len()])
        };
        let normal = of(&mut |s| s.sample(StandardNormal));
        let uniform = of(&mut |s| s.random());
        assert!((normal - 1.4189).abs() < 1e-3, "{normal}");
        // by quadrature of the two moments; the entropy itself is ln √12 = 1.24
        let points = (0..1000).map(|i| 3_f64.sqrt() * (f64::from(i) + 0.5) / 1000.0);
        let log_cosh = points.map(|u| u.cosh().ln()).sum::<f64>() / 1000.0;
        let expected = 1.4189 - OF_LOG_COSH * (log_cosh - GAUSSIAN).powi(2);
        assert!((uniform - expected).abs() < 5e-3 && uniform < normal - 0.05, "{uniform}, {expected}");
    }
}
