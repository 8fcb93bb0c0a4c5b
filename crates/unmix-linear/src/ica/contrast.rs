//! The contrast functions: what makes a projection non-Gaussian (Hyvärinen 1999, section III), and minus the logarithm of a source's density
//! where a method maximises a likelihood.

use serde::{Deserialize, Serialize};
use unmix_numerics::{cube_score, cube_sums, exp_in_place, exp_score, exp_sums, log_cosh_score, log_cosh_sums};

/// Which function `G` measures non-Gaussianity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contrast {
    /// `G(y) = log cosh(alpha y) / alpha`: a good choice for most sources.
    #[default]
    LogCosh,
    /// `G(y) = -exp(-y²/2)`: for heavy tails, robust.
    Exp,
    /// `G(y) = y⁴/4`, kurtosis: for light tails; outliers dominate it.
    Cube,
}

/// A contrast with its constant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    pub contrast: Contrast,
    pub alpha: f64,
}

/// Values whose `ln(1 + e)` are added as one logarithm of a product, which stays below 2^512.
const PRODUCT: usize = 512;

impl Score {
    /// Replaces `y` by `g(y) = G'(y)` and returns `Σ g'(y)`.
    pub fn apply(self, y: &mut [f64]) -> f64 {
        match self.contrast {
            Contrast::LogCosh => log_cosh_score(y, self.alpha),
            Contrast::Exp => exp_score(y),
            Contrast::Cube => cube_score(y),
        }
    }

    /// Replaces `y` by `g(y)` and returns `Σ g'(y)` and `Σ G(y)`. Unlike [`apply`](Self::apply), `alpha` enters the exponential contrast too,
    /// `G(y) = -exp(-alpha y²/2) / alpha`.
    pub fn sums(self, y: &mut [f64]) -> (f64, f64) {
        match self.contrast {
            Contrast::LogCosh => log_cosh_sums(y, self.alpha),
            Contrast::Exp => exp_sums(y, self.alpha),
            Contrast::Cube => cube_sums(y),
        }
    }

    /// Overwrites `slopes` by `g'(y)`, given `g(y)` and `y²`, with the constant of [`sums`](Self::sums).
    pub fn slopes(self, g: &[f64], squares: &[f64], slopes: &mut [f64]) {
        let alpha = self.alpha;
        match self.contrast {
            Contrast::LogCosh => slopes.iter_mut().zip(g).for_each(|(slope, g)| *slope = alpha * (1.0 - g * g)),
            Contrast::Exp => {
                slopes.iter_mut().zip(squares).for_each(|(slope, square)| *slope = -0.5 * alpha * square);
                exp_in_place(slopes);
                slopes.iter_mut().zip(squares).for_each(|(slope, square)| *slope *= 1.0 - alpha * square);
            }
            Contrast::Cube => slopes.iter_mut().zip(squares).for_each(|(slope, square)| *slope = 3.0 * square),
        }
    }

    /// `Σ G(y)`; `y` is overwritten.
    pub fn total(self, y: &mut [f64]) -> f64 {
        match self.contrast {
            // log cosh t = |t| + ln(1 + exp(-2|t|)) - ln 2
            Contrast::LogCosh => {
                let magnitude: f64 = y.iter().map(|v| (self.alpha * v).abs()).sum();
                for v in y.iter_mut() {
                    *v = -2.0 * (self.alpha * *v).abs();
                }
                exp_in_place(y);
                let logarithms: f64 = y.chunks(PRODUCT).map(|part| part.iter().map(|e| 1.0 + e).product::<f64>().ln()).sum();
                (magnitude + logarithms - y.len() as f64 * std::f64::consts::LN_2) / self.alpha
            }
            Contrast::Exp => {
                for v in y.iter_mut() {
                    *v = -0.5 * v.powi(2);
                }
                exp_in_place(y);
                -y.iter().sum::<f64>()
            }
            Contrast::Cube => y.iter().map(|v| v.powi(4)).sum::<f64>() / 4.0,
        }
    }

    /// Mean and variance of `G(ν)` for a standard Gaussian `ν`.
    pub fn gaussian(self) -> (f64, f64) {
        /// Half the width of the trapezoidal rule and its number of steps: exact to rounding for a smooth integrand.
        const REACH: f64 = 12.0;
        const STEPS: usize = 480;
        let step = 2.0 * REACH / STEPS as f64;
        let (mut mean, mut square) = (0.0, 0.0);
        for i in 0..=STEPS {
            let y = i as f64 * step - REACH;
            let (weight, value) = (step * (-0.5 * y * y).exp() / std::f64::consts::TAU.sqrt(), self.total(&mut [y]));
            mean += weight * value;
            square += weight * value * value;
        }
        (mean, square - mean * mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn score(contrast: Contrast, alpha: f64) -> Score {
        Score { contrast, alpha }
    }

    /// `g = G'` by central differences, for each contrast.
    #[test]
    fn the_score_is_the_derivative_of_the_contrast() {
        const H: f64 = 1e-5;
        for score in [score(Contrast::LogCosh, 1.0), score(Contrast::LogCosh, 1.7), score(Contrast::Exp, 1.0), score(Contrast::Cube, 1.0)] {
            for y in [-3.1, -0.4, 0.0, 0.7, 2.2] {
                let mut g = [y];
                let slope = score.apply(&mut g);
                let difference = |f: &dyn Fn(f64) -> f64| (f(y + H) - f(y - H)) / (2.0 * H);
                assert_relative_eq!(g[0], difference(&|v| score.total(&mut [v])), epsilon = 1e-8, max_relative = 1e-7);
                let of_score = |v| {
                    let mut g = [v];
                    score.apply(&mut g);
                    g[0]
                };
                assert_relative_eq!(slope, difference(&of_score), epsilon = 1e-8, max_relative = 1e-7);
            }
        }
    }

    /// Hyvärinen (1998) and `lingam` use 0.37457 for `E log cosh ν`; the others are integrals in closed form.
    #[test]
    fn the_gaussian_means_are_known() {
        assert_relative_eq!(score(Contrast::LogCosh, 1.0).gaussian().0, 0.374567207491438, epsilon = 1e-12);
        assert_relative_eq!(score(Contrast::Exp, 1.0).gaussian().0, -std::f64::consts::FRAC_1_SQRT_2, epsilon = 1e-12);
        assert_relative_eq!(score(Contrast::Cube, 1.0).gaussian().0, 0.75, epsilon = 1e-12);
        // (E ν⁸ - (E ν⁴)²) / 16
        assert_relative_eq!(score(Contrast::Cube, 1.0).gaussian().1, 6.0, epsilon = 1e-11);
        // many values at once equal one at a time
        let mut values: Vec<f64> = (0..2000).map(|i| f64::from(i) * 0.01 - 10.0).collect();
        for contrast in [Contrast::LogCosh, Contrast::Exp, Contrast::Cube] {
            let single: f64 = values.iter().map(|&v| score(contrast, 1.3).total(&mut [v])).sum();
            assert_relative_eq!(score(contrast, 1.3).total(&mut values.clone()), single, max_relative = 1e-12);
        }
        values.clear();
        assert_relative_eq!(score(Contrast::Exp, 1.0).total(&mut values), 0.0);
    }
}
