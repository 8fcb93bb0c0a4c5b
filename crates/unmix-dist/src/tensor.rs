//! Log densities as differentiable tensors.
//!
//! Elementwise functions keep the shape of their arguments; sum over the event's dimensions afterwards. All work in `f32` and
//! `f64` and have exact gradients, also at zero logits, where the textbook form with `max(l, 0)` gives a wrong one.
//!
//! ```
//! # use unmix_backend::{DeviceChoice, host};
//! use burn::tensor::Tensor;
//! use unmix_dist::tensor::bernoulli_logit_log_density;
//!
//! # let device = DeviceChoice::Flex.open()?.device;
//! let pixels = Tensor::<2>::from_floats([[1.0, 0.0]], &device);
//! let logits = Tensor::<2>::from_floats([[1e4, 1e4]], &device);
//! assert_eq!(host::to_vec(bernoulli_logit_log_density(pixels, logits))?, [0.0, -1e4]);
//! # Ok::<(), unmix_backend::BackendError>(())
//! ```

use burn::tensor::Tensor;
use std::f64::consts::TAU;

/// `log N(x; mean, exp(log_variance))` of each entry, in nats. All arguments have one shape.
pub fn normal_log_density<const D: usize>(x: Tensor<D>, mean: Tensor<D>, log_variance: Tensor<D>) -> Tensor<D> {
    ((x - mean).square() * log_variance.clone().neg().exp() + log_variance + TAU.ln()) * -0.5
}

/// `x log p + (1 - x) log(1 - p)` of each entry with `p = 1 / (1 + exp(-logit))`, in nats; `x` from 0 to 1.
///
/// Written as `(x - 1/2) l - |l| / 2 - log(1 + exp(-|l|))`: exact for logits of any size, and its gradient at `l = 0` is `x - 1/2`
/// because that of `|l|` is zero there.
pub fn bernoulli_logit_log_density<const D: usize>(x: Tensor<D>, logit: Tensor<D>) -> Tensor<D> {
    let size = logit.clone().abs();
    (x - 0.5) * logit - size.clone() * 0.5 - size.neg().exp().log1p()
}

/// `KL(N(mean, exp(log_variance)) || N(0, 1))` of each entry, in nats (Kingma and Welling 2014, appendix B).
pub fn gaussian_kl_per_code<const D: usize>(mean: Tensor<D>, log_variance: Tensor<D>) -> Tensor<D> {
    (mean.square() + log_variance.clone().exp() - log_variance - 1.0) * 0.5
}

/// `KL(N(mean, diag exp(log_variance)) || N(0, I))` of each row, `[n, k]` to `[n]`, in nats.
pub fn gaussian_kl_to_standard(mean: Tensor<2>, log_variance: Tensor<2>) -> Tensor<1> {
    gaussian_kl_per_code(mean, log_variance).sum_dim(1).squeeze_dim(1)
}

/// `mean + exp(log_variance / 2) noise`: a draw of `N(mean, exp(log_variance))` that gradients pass through, given standard normal
/// `noise` (Kingma and Welling 2014, section 2.4).
pub fn reparameterize<const D: usize>(mean: Tensor<D>, log_variance: Tensor<D>, noise: Tensor<D>) -> Tensor<D> {
    mean + (log_variance * 0.5).exp() * noise
}
