//! The spike-and-slab lasso (Ročková and George 2018): a loading comes from a narrow Laplace density, the spike, or a wide one, the slab.

/// The two densities, `ψ(β; λ) = (λ/2) exp(-λ|β|)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpikeAndSlab {
    /// `λ₀`, the larger.
    pub spike: f64,
    /// `λ₁`.
    pub slab: f64,
}

impl SpikeAndSlab {
    /// The probability that `loading` comes from the slab, if a share `share` of all loadings does.
    pub fn inclusion(self, loading: f64, share: f64) -> f64 {
        1.0 / (1.0 + self.odds_of_spike(loading, share))
    }

    /// The penalty's slope at a loading: `λ₀` and `λ₁`, weighted by `inclusion`.
    pub fn rate(self, inclusion: f64) -> f64 {
        inclusion * self.slab + (1.0 - inclusion) * self.spike
    }

    /// `ln(share ψ(β; λ₁) + (1 - share) ψ(β; λ₀))`.
    pub fn log_density(self, loading: f64, share: f64) -> f64 {
        (0.5 * share * self.slab).ln() - self.slab * loading.abs() + self.odds_of_spike(loading, share).ln_1p()
    }

    fn odds_of_spike(self, loading: f64, share: f64) -> f64 {
        (1.0 - share) / share * (self.spike / self.slab) * ((self.slab - self.spike) * loading.abs()).exp()
    }
}

/// The share of the slab that is best if `included` of `loadings` are expected to come from it, under the prior `Beta(2, 2)`, which keeps it
/// from sticking at 0 or 1.
pub(super) fn share(included: f64, loadings: usize) -> f64 {
    (included + 1.0) / (loadings as f64 + 2.0)
}

/// `ln Beta(2, 2)` of the share, without its constant.
pub(super) fn log_density_of_share(share: f64) -> f64 {
    share.ln() + (-share).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: SpikeAndSlab = SpikeAndSlab { spike: 20.0, slab: 1.0 };

    #[test]
    fn density_is_the_mixture() {
        for (loading, share) in [(0.0, 0.5), (0.3, 0.1), (-1.2, 0.9)] {
            let of = |rate: f64| 0.5 * rate * (-rate * f64::abs(loading)).exp();
            let (slab, spike) = (share * of(1.0), (1.0 - share) * of(20.0));
            assert!((PRIOR.log_density(loading, share) - (slab + spike).ln()).abs() < 1e-14);
            assert!((PRIOR.inclusion(loading, share) - slab / (slab + spike)).abs() < 1e-14);
        }
    }

    #[test]
    fn rate_is_the_slope_of_the_penalty() {
        let (step, loading, share) = (1e-6, 0.15, 0.3);
        let slope = (PRIOR.log_density(loading - step, share) - PRIOR.log_density(loading + step, share)) / (2.0 * step);
        assert!((slope - PRIOR.rate(PRIOR.inclusion(loading, share))).abs() < 1e-6);
    }
}
