//! The covariance that a confirmatory model implies, `Σ = ΛΦΛᵀ + Ψ`, and its derivatives.
//!
//! Every parameter `θ_a` moves `Σ` by `w (u vᵀ + v uᵀ)` with two vectors of length `d`: for `λ_ij` they are `e_i` and column `j` of `ΛΦ`, for
//! `φ_jl` columns `j` and `l` of `Λ`, for `ψ_il` `e_i` and `e_l`; `w` is 1, and ½ for a variance. Gradients `tr(G ∂Σ/∂θ_a)` and information
//! `tr(W ∂Σ/∂θ_a W ∂Σ/∂θ_b)` are therefore products of the `[q, d]` matrices of all `u` and all `v`, and no matrix `[d², q]` is formed.

use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use unmix_numerics::{NumericsError, inverse_spd, log_det_spd};

/// One entry of the matrices of a confirmatory model; positions from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// `λ`: how a factor moves a variable.
    Loading {
        /// The variable.
        variable: usize,
        /// The factor.
        factor: usize,
    },
    /// `φ`: the covariance of two factors, or the variance of one.
    Factors {
        /// One factor.
        first: usize,
        /// The other, or the same.
        second: usize,
    },
    /// `ψ`: the covariance of the noise of two variables, or the variance of one.
    Noise {
        /// One variable.
        first: usize,
        /// The other, or the same.
        second: usize,
    },
}

impl Parameter {
    /// In lavaan's notation: `visual =~ x1`, `visual ~~ speed`, `x7 ~~ x8`.
    pub(crate) fn name(self, variables: &[String], factors: &[String]) -> String {
        match self {
            Self::Loading { variable, factor } => format!("{} =~ {}", factors[factor], variables[variable]),
            Self::Factors { first, second } => format!("{} ~~ {}", factors[first], factors[second]),
            Self::Noise { first, second } => format!("{} ~~ {}", variables[first], variables[second]),
        }
    }
}

/// `Λ` `[d, k]`, `Φ` `[k, k]` and `Ψ` `[d, d]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrices {
    pub loadings: Array2<f64>,
    pub factors: Array2<f64>,
    pub noise: Array2<f64>,
}

impl Matrices {
    /// `Σ`, `[d, d]`.
    pub fn covariance(&self) -> Array2<f64> {
        self.loadings.dot(&self.factors).dot(&self.loadings.t()) + &self.noise
    }

    pub fn get(&self, parameter: Parameter) -> f64 {
        match parameter {
            Parameter::Loading { variable, factor } => self.loadings[[variable, factor]],
            Parameter::Factors { first, second } => self.factors[[first, second]],
            Parameter::Noise { first, second } => self.noise[[first, second]],
        }
    }

    pub fn set(&mut self, parameter: Parameter, value: f64) {
        let (matrix, i, j) = match parameter {
            Parameter::Loading { variable, factor } => {
                self.loadings[[variable, factor]] = value;
                return;
            }
            Parameter::Factors { first, second } => (&mut self.factors, first, second),
            Parameter::Noise { first, second } => (&mut self.noise, first, second),
        };
        matrix[[i, j]] = value;
        matrix[[j, i]] = value;
    }

    /// The same with the variables multiplied by `units` `[d]`.
    pub fn in_units(&self, units: &Array1<f64>) -> Self {
        let column = units.view().insert_axis(Axis(1));
        Self { loadings: &self.loadings * &column, factors: self.factors.clone(), noise: &self.noise * units * column }
    }

    /// The same model with factor `j` multiplied by `scales[j]` `[k]`.
    pub fn with_factors_scaled(&self, scales: &Array1<f64>) -> Self {
        let factors = &self.factors * scales * scales.view().insert_axis(Axis(1));
        Self { loadings: &self.loadings / scales, factors, noise: self.noise.clone() }
    }

    /// The `u`, `v` and `w` of `parameters` here.
    pub fn directions(&self, parameters: &[Parameter]) -> Directions {
        let (q, d) = (parameters.len(), self.loadings.nrows());
        let mut directions = Directions { u: Array2::zeros((q, d)), v: Array2::zeros((q, d)), weight: Array1::ones(q) };
        let moved = self.loadings.dot(&self.factors);
        for (a, &parameter) in parameters.iter().enumerate() {
            let (mut u, mut v) = (directions.u.row_mut(a), directions.v.row_mut(a));
            match parameter {
                Parameter::Loading { variable, factor } => {
                    u[variable] = 1.0;
                    v.assign(&moved.column(factor));
                }
                Parameter::Factors { first, second } => {
                    u.assign(&self.loadings.column(first));
                    v.assign(&self.loadings.column(second));
                }
                Parameter::Noise { first, second } => {
                    u[first] = 1.0;
                    v[second] = 1.0;
                }
            }
            if matches!(parameter, Parameter::Factors { first, second } | Parameter::Noise { first, second } if first == second) {
                directions.weight[a] = 0.5;
            }
        }
        directions
    }
}

/// How `q` parameters move `Σ`.
pub(crate) struct Directions {
    u: Array2<f64>,
    v: Array2<f64>,
    weight: Array1<f64>,
}

impl Directions {
    /// `tr(G ∂Σ/∂θ_a)` for a symmetric `G` `[d, d]`, `[q]`.
    pub fn slopes(&self, g: ArrayView2<'_, f64>) -> Array1<f64> {
        (self.u.dot(&g) * &self.v).sum_axis(Axis(1)) * &self.weight * 2.0
    }

    /// `tr(W ∂Σ/∂θ_a W ∂Σ/∂θ_a)`, the diagonal of [`products`](Self::products) with itself, `[q]`.
    pub fn squares(&self, w: ArrayView2<'_, f64>) -> Array1<f64> {
        let (u, v) = (self.u.dot(&w), self.v.dot(&w));
        let row_sums = |a: &Array2<f64>, b: &Array2<f64>| (a * b).sum_axis(Axis(1));
        let straight = row_sums(&u, &self.u) * row_sums(&v, &self.v);
        (straight + row_sums(&u, &self.v).mapv(|c| c * c)) * self.weight.mapv(|w| 2.0 * w * w)
    }

    /// `tr(W ∂Σ/∂θ_a W ∂Σ/∂θ_b)` for a symmetric `W` `[d, d]`, a row for each parameter here and a column for each of `other`.
    pub fn products(&self, w: ArrayView2<'_, f64>, other: &Self) -> Array2<f64> {
        let (u, v) = (self.u.dot(&w), self.v.dot(&w));
        let straight = u.dot(&other.u.t()) * v.dot(&other.v.t());
        let crossed = u.dot(&other.v.t()) * v.dot(&other.u.t());
        (straight + crossed) * self.weight.view().insert_axis(Axis(1)) * &other.weight * 2.0
    }
}

/// The free parameters of a model, beside its fixed entries.
#[derive(Clone, Debug)]
pub(crate) struct Structure {
    pub free: Vec<Parameter>,
    /// The fixed entries; whatever stands in the free ones is overwritten.
    pub fixed: Matrices,
}

impl Structure {
    /// The matrices with `theta` `[q]` in the free entries.
    pub fn at(&self, theta: ArrayView1<'_, f64>) -> Matrices {
        let mut matrices = self.fixed.clone();
        self.free.iter().zip(theta).for_each(|(&parameter, &value)| matrices.set(parameter, value));
        matrices
    }

    /// The free entries of `matrices`, `[q]`.
    pub fn values(&self, matrices: &Matrices) -> Array1<f64> {
        self.free.iter().map(|&parameter| matrices.get(parameter)).collect()
    }
}

/// The discrepancy of a covariance `sigma` from sample correlations or covariances `r`, with what its derivatives need.
pub(crate) struct Discrepancy {
    /// `F = ln|Σ| + tr(Σ⁻¹R) - ln|R| - d`.
    pub value: f64,
    /// `∂F/∂Σ = Σ⁻¹ - Σ⁻¹RΣ⁻¹`, `[d, d]`.
    pub slope: Array2<f64>,
    /// `Σ⁻¹`, `[d, d]`. With it as `W`, [`Directions::products`] is the expected second derivative of `F`, `2/n` of the information.
    pub inverse: Array2<f64>,
}

impl Discrepancy {
    /// `log_det_r` is `ln|R|`.
    pub fn of(sigma: &Array2<f64>, r: ArrayView2<'_, f64>, log_det_r: f64) -> Result<Self, NumericsError> {
        let inverse = inverse_spd(sigma.view())?;
        let ratio = inverse.dot(&r);
        let value = log_det_spd(sigma.view())? + ratio.diag().sum() - log_det_r - r.nrows() as f64;
        let slope = &inverse - &ratio.dot(&inverse);
        Ok(Self { value, slope, inverse })
    }
}

/// Whether `Φ` and `Ψ` can be covariances: a variance that is no variance gives `Σ` an inverse all the same.
pub(crate) fn require_positive_definite(matrices: &Matrices) -> Result<(), LinearError> {
    log_det_spd(matrices.factors.view())?;
    log_det_spd(matrices.noise.view())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use unmix_testkit::check_gradient;

    /// Two factors on five variables, with every kind of parameter free.
    fn structure() -> (Structure, Array1<f64>) {
        let noise = |first, second| Parameter::Noise { first, second };
        let mut free: Vec<Parameter> =
            [(0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (4, 1)].map(|(variable, factor)| Parameter::Loading { variable, factor }).to_vec();
        free.extend([Parameter::Factors { first: 0, second: 1 }, Parameter::Factors { first: 1, second: 1 }]);
        free.extend((0..5).map(|i| noise(i, i)));
        free.push(noise(1, 4));
        let fixed = Matrices { loadings: Array2::zeros((5, 2)), factors: Array2::eye(2), noise: Array2::zeros((5, 5)) };
        (Structure { free, fixed }, array![0.7, 0.5, 0.3, -0.4, 0.8, 0.6, 0.3, 1.4, 0.5, 0.7, 0.6, 0.4, 0.9, -0.1])
    }

    fn sample() -> Array2<f64> {
        Array2::from_shape_fn((5, 5), |(i, j)| if i == j { 1.0 } else { 0.4 / (1.0 + (i as f64 - j as f64).abs()) })
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let ((structure, theta), r) = (structure(), sample());
        let at = |x: ArrayView1<'_, f64>| Discrepancy::of(&structure.at(x).covariance(), r.view(), 0.0).unwrap();
        let gradient = structure.at(theta.view()).directions(&structure.free).slopes(at(theta.view()).slope.view());
        check_gradient(|x| at(x).value, gradient.view(), theta.view(), 1e-7).unwrap();
    }

    /// With `R = Σ` the expected second derivatives are the second derivatives.
    #[test]
    fn information_agrees_with_finite_differences() {
        let (structure, theta) = structure();
        let r = structure.at(theta.view()).covariance();
        let slopes = |x: ArrayView1<'_, f64>| {
            let slope = Discrepancy::of(&structure.at(x).covariance(), r.view(), 0.0).unwrap().slope;
            structure.at(x).directions(&structure.free).slopes(slope.view())
        };
        let directions = structure.at(theta.view()).directions(&structure.free);
        let information = directions.products(inverse_spd(r.view()).unwrap().view(), &directions);
        let squares = directions.squares(inverse_spd(r.view()).unwrap().view());
        assert!((&squares - &information.diag()).iter().all(|v| v.abs() < 1e-12));
        for (a, row) in information.rows().into_iter().enumerate() {
            check_gradient(|x| slopes(x)[a], row, theta.view(), 1e-7).unwrap();
        }
    }
}
