//! Vectorised loops: exponential, hyperbolic tangent, and the three contrast functions of FastICA (Hyvärinen 1999, eqs. 16 to 18).
//!
//! The loops are written so that the compiler vectorises them, and compiled once for the baseline and once for AVX2 with FMA; the
//! processor decides at run time. On one machine results are reproducible bit for bit; between machines with and without FMA they
//! differ in the last digits.
//!
//! ```
//! use unmix_numerics::{log_cosh_score, tanh_in_place};
//!
//! let mut y = [-0.5, 0.0, 2.0];
//! tanh_in_place(&mut y);
//! assert!((y[2] - 2.0_f64.tanh()).abs() < 2e-15);
//!
//! // The score replaces y and returns the sum of its derivatives.
//! let mut y = [0.0, 0.0];
//! assert_eq!(log_cosh_score(&mut y, 1.5), 3.0);
//! ```

// A function that is not inlined into its instruction set's loop is neither vectorised nor fused.
#![allow(clippy::inline_always)]

/// Values that are summed side by side; two AVX2 or one AVX-512 register.
const LANES: usize = 8;
/// Values a loop works on before their derivatives are summed: stays in the first-level cache.
const BLOCK: usize = 256;

/// Replaces each value by its exponential; within 2 units in the last place of the true value, subnormal results included.
pub fn exp_in_place(x: &mut [f64]) {
    run(Map { x, f: Exp });
}

/// Replaces each value by its hyperbolic tangent; within 2e-15 of the true value, and to that relative error near 0.
pub fn tanh_in_place(x: &mut [f64]) {
    run(Map { x, f: Tanh });
}

/// The score of the contrast `log cosh(alpha y) / alpha`: replaces `y` by `g(y) = tanh(alpha y)` and returns
/// `Σ g'(y) = Σ alpha (1 - g²)`.
pub fn log_cosh_score(y: &mut [f64], alpha: f64) -> f64 {
    run(Score { y, f: LogCosh { alpha } })
}

/// The score of the contrast `-exp(-y²/2)`: replaces `y` by `g(y) = y exp(-y²/2)` and returns `Σ g'(y) = Σ (1 - y²) exp(-y²/2)`.
pub fn exp_score(y: &mut [f64]) -> f64 {
    run(Score { y, f: Gauss { alpha: 1.0 } })
}

/// The score of the contrast `y⁴/4`, kurtosis: replaces `y` by `g(y) = y³` and returns `Σ g'(y) = Σ 3 y²`.
pub fn cube_score(y: &mut [f64]) -> f64 {
    run(Score { y, f: Cube })
}

/// As [`log_cosh_score`], returning `Σ g'(y)` and `Σ log cosh(alpha y) / alpha`.
pub fn log_cosh_sums(y: &mut [f64], alpha: f64) -> (f64, f64) {
    let (slopes, magnitudes, logarithm) = run(Sums { y, f: LogCosh { alpha } });
    (slopes, (magnitudes + logarithm) / alpha)
}

/// The score of `-exp(-alpha y²/2) / alpha`: replaces `y` by `g(y) = y exp(-alpha y²/2)` and returns the sums of `g'` and of the function
/// itself.
pub fn exp_sums(y: &mut [f64], alpha: f64) -> (f64, f64) {
    let (slopes, exponentials, _) = run(Sums { y, f: Gauss { alpha } });
    (slopes, -exponentials / alpha)
}

/// As [`cube_score`], returning `Σ g'(y)` and `Σ y⁴/4`.
pub fn cube_sums(y: &mut [f64]) -> (f64, f64) {
    let (slopes, values, _) = run(Sums { y, f: Cube });
    (slopes, values)
}

/// Whether `a b + c` is rounded once. On a baseline x86-64 that is a slow library call, so kernels are generic over it.
trait Multiply: Copy {
    fn add(a: f64, b: f64, c: f64) -> f64;
}

#[derive(Clone, Copy)]
struct Fused;
impl Multiply for Fused {
    #[inline(always)]
    fn add(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
}

#[cfg(not(target_arch = "aarch64"))]
#[derive(Clone, Copy)]
struct Separate;
#[cfg(not(target_arch = "aarch64"))]
impl Multiply for Separate {
    #[inline(always)]
    fn add(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
}

/// A loop, compiled for each instruction set.
trait Kernel {
    type Output;
    fn run<M: Multiply>(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
fn run<K: Kernel>(kernel: K) -> K::Output {
    use pulp::{Simd, WithSimd, x86::V3};

    struct WithFma<K>(K);
    impl<K: Kernel> WithSimd for WithFma<K> {
        type Output = K::Output;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> K::Output {
            self.0.run::<Fused>()
        }
    }

    match V3::try_new() {
        Some(v3) => Simd::vectorize(v3, WithFma(kernel)),
        None => kernel.run::<Separate>(),
    }
}

/// Every 64-bit ARM has vector registers and FMA.
#[cfg(target_arch = "aarch64")]
fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Fused>()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Separate>()
}

struct Map<'a, F> {
    x: &'a mut [f64],
    f: F,
}

impl<F: Function> Kernel for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<M: Multiply>(self) {
        for x in self.x {
            *x = self.f.at::<M>(*x);
        }
    }
}

struct Score<'a, F> {
    y: &'a mut [f64],
    f: F,
}

impl<F: Contrast> Kernel for Score<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<M: Multiply>(self) -> f64 {
        // Values and sums apart: a floating-point sum inside the loop would forbid its vectorisation.
        let mut derivatives = [0.0; BLOCK];
        let mut sums = [0.0; LANES];
        for block in self.y.chunks_mut(BLOCK) {
            let derivatives = &mut derivatives[..block.len()];
            for (y, derivative) in block.iter_mut().zip(derivatives.iter_mut()) {
                (*y, *derivative) = self.f.at::<M>(*y);
            }
            lanes(derivatives, &mut sums, |sum, derivative| sum + derivative);
        }
        sums.iter().sum()
    }
}

/// Folds `values` into `LANES` results side by side.
#[inline(always)]
fn lanes(values: &[f64], results: &mut [f64; LANES], fold: impl Fn(f64, f64) -> f64) {
    let (eights, rest) = values.as_chunks::<LANES>();
    for eight in eights {
        for (result, value) in results.iter_mut().zip(eight) {
            *result = fold(*result, *value);
        }
    }
    for (result, value) in results.iter_mut().zip(rest) {
        *result = fold(*result, *value);
    }
}

/// A score with the sums of its slope and of its integral. The integral is a sum of terms and of logarithms; the logarithms are taken of the
/// products of a block, which lie in 2^-256 to 1.
struct Sums<'a, F> {
    y: &'a mut [f64],
    f: F,
}

impl<F: Valued> Kernel for Sums<'_, F> {
    type Output = (f64, f64, f64);

    #[inline(always)]
    fn run<M: Multiply>(self) -> (f64, f64, f64) {
        let (mut slopes, mut terms, mut factors) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (mut slope_sums, mut term_sums, mut logarithm) = ([0.0; LANES], [0.0; LANES], 0.0);
        for block in self.y.chunks_mut(BLOCK) {
            let (slopes, terms, factors) = (&mut slopes[..block.len()], &mut terms[..block.len()], &mut factors[..block.len()]);
            for (((y, slope), term), factor) in block.iter_mut().zip(slopes.iter_mut()).zip(terms.iter_mut()).zip(factors.iter_mut()) {
                (*y, *slope, *term, *factor) = self.f.valued::<M>(*y);
            }
            lanes(slopes, &mut slope_sums, |sum, slope| sum + slope);
            lanes(terms, &mut term_sums, |sum, term| sum + term);
            if F::LOGARITHMS {
                let mut products = [1.0; LANES];
                lanes(factors, &mut products, |product, factor| product * factor);
                logarithm += products.iter().product::<f64>().ln();
            }
        }
        (slope_sums.iter().sum(), term_sums.iter().sum(), logarithm)
    }
}

/// A function of one variable.
trait Function: Copy {
    fn at<M: Multiply>(self, x: f64) -> f64;
}

#[derive(Clone, Copy)]
struct Exp;
impl Function for Exp {
    #[inline(always)]
    fn at<M: Multiply>(self, x: f64) -> f64 {
        exp::<M>(x)
    }
}

#[derive(Clone, Copy)]
struct Tanh;
impl Function for Tanh {
    #[inline(always)]
    fn at<M: Multiply>(self, x: f64) -> f64 {
        tanh::<M>(x)
    }
}

/// A score and its derivative.
trait Contrast: Copy {
    fn at<M: Multiply>(self, y: f64) -> (f64, f64);
}

/// A score, its slope, and its integral as a term and the logarithm of a factor between 1/2 and 1.
trait Valued: Contrast {
    /// Whether the factors are other than 1.
    const LOGARITHMS: bool;
    fn valued<M: Multiply>(self, y: f64) -> (f64, f64, f64, f64);
}

#[derive(Clone, Copy)]
struct LogCosh {
    alpha: f64,
}
/// `log cosh t = |t| + ln((1 + exp(-2|t|)) / 2)`.
impl Valued for LogCosh {
    const LOGARITHMS: bool = true;

    #[inline(always)]
    fn valued<M: Multiply>(self, y: f64) -> (f64, f64, f64, f64) {
        let t = self.alpha * y;
        let m = exp_m1_of_twice::<M>(t);
        let g = (-m / (2.0 + m)).copysign(t);
        (g, M::add(-self.alpha * g, g, self.alpha), t.abs(), M::add(m, 0.5, 1.0))
    }
}
impl Contrast for LogCosh {
    #[inline(always)]
    fn at<M: Multiply>(self, y: f64) -> (f64, f64) {
        let g = tanh::<M>(self.alpha * y);
        (g, M::add(-self.alpha * g, g, self.alpha))
    }
}

#[derive(Clone, Copy)]
struct Gauss {
    alpha: f64,
}
impl Contrast for Gauss {
    #[inline(always)]
    fn at<M: Multiply>(self, y: f64) -> (f64, f64) {
        let (g, slope, _, _) = self.valued::<M>(y);
        (g, slope)
    }
}
impl Valued for Gauss {
    const LOGARITHMS: bool = false;

    #[inline(always)]
    fn valued<M: Multiply>(self, y: f64) -> (f64, f64, f64, f64) {
        // Far out all are 0; without the bound, ∞ · 0.
        let y = bounded(y, -1e6, 1e6);
        let e = exp::<M>(-0.5 * self.alpha * y * y);
        (y * e, M::add(-self.alpha * y, y, 1.0) * e, e, 1.0)
    }
}

#[derive(Clone, Copy)]
struct Cube;
impl Contrast for Cube {
    #[inline(always)]
    fn at<M: Multiply>(self, y: f64) -> (f64, f64) {
        let square = y * y;
        (square * y, 3.0 * square)
    }
}

impl Valued for Cube {
    const LOGARITHMS: bool = false;

    #[inline(always)]
    fn valued<M: Multiply>(self, y: f64) -> (f64, f64, f64, f64) {
        let square = y * y;
        (square * y, 3.0 * square, 0.25 * square * square, 1.0)
    }
}

/// Adding this rounds to an integer, which then stands in the low bits (`1.5 · 2^52`).
const ROUNDING: f64 = 6755399441055744.0;
/// The head of ln 2, with zeros in its last 32 bits, and the rest (fdlibm, `e_exp.c`).
const LN_2_HEAD: f64 = 6.931471803691238e-1;
const LN_2_TAIL: f64 = 1.9082149292705877e-10;
/// Below, exp is 0; above, it is infinite.
const EXP_RANGE: (f64, f64) = (-750.0, 710.0);
/// Beyond, tanh is 1 to the last bit (from 19.06).
const TANH_RANGE: f64 = 20.0;

#[inline(always)]
fn exp<M: Multiply>(x: f64) -> f64 {
    let x = bounded(x, EXP_RANGE.0, EXP_RANGE.1);
    let shifted = M::add(x, std::f64::consts::LOG2_E, ROUNDING);
    let k = shifted - ROUNDING;
    let p = exp_m1_reduced::<M>(reduced::<M>(x, k));
    // In two steps, as 2^k itself may overflow, or be subnormal.
    let half_shifted = M::add(k, 0.5, ROUNDING);
    let rest_shifted = k - (half_shifted - ROUNDING) + ROUNDING;
    let scale = power_of_two(half_shifted);
    M::add(scale, p, scale) * power_of_two(rest_shifted)
}

/// `tanh |x| = -m / (2 + m)` with `m = exp(-2|x|) - 1`, which keeps the relative precision near 0.
#[inline(always)]
fn tanh<M: Multiply>(x: f64) -> f64 {
    let m = exp_m1_of_twice::<M>(x);
    (-m / (2.0 + m)).copysign(x)
}

/// `exp(-2|x|) - 1`.
#[inline(always)]
fn exp_m1_of_twice<M: Multiply>(x: f64) -> f64 {
    let t = bounded(-2.0 * x.abs(), -2.0 * TANH_RANGE, 0.0);
    let shifted = M::add(t, std::f64::consts::LOG2_E, ROUNDING);
    let p = exp_m1_reduced::<M>(reduced::<M>(t, shifted - ROUNDING));
    let scale = power_of_two(shifted);
    M::add(scale, p, scale - 1.0)
}

/// `x - k ln 2`.
#[inline(always)]
fn reduced<M: Multiply>(x: f64, k: f64) -> f64 {
    M::add(k, -LN_2_TAIL, M::add(k, -LN_2_HEAD, x))
}

/// `2^k` for an integer `k` in -1022 to 1023, given `k + ROUNDING`.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()))
}

/// `exp(r) - 1` for `|r| ≤ ln 2 / 2`, to a relative error of 8e-17 before rounding: `r + r²/2 + r³ q(r)`, where `q` interpolates at
/// the nine Chebyshev nodes of the interval.
#[inline(always)]
fn exp_m1_reduced<M: Multiply>(r: f64) -> f64 {
    const Q: [f64; 9] = [
        0.16666666666666666,
        0.04166666666665136,
        0.008333333333332155,
        0.0013888888905881542,
        0.0001984126985433861,
        2.4801536388690766e-05,
        2.755728006701698e-06,
        2.761380686153829e-07,
        2.5095554677111112e-08,
    ];
    let mut q = Q[8];
    q = M::add(q, r, Q[7]);
    q = M::add(q, r, Q[6]);
    q = M::add(q, r, Q[5]);
    q = M::add(q, r, Q[4]);
    q = M::add(q, r, Q[3]);
    q = M::add(q, r, Q[2]);
    q = M::add(q, r, Q[1]);
    q = M::add(q, r, Q[0]);
    M::add(r * r, M::add(q, r, 0.5), r)
}

/// As `clamp`, in a form that vectorises and keeps NaN.
#[inline(always)]
fn bounded(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}
