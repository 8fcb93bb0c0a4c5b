//! The factor model of rows with missing values: its likelihood, the slope of that, and the step of the EM algorithm (Rubin and Thayer 1982,
//! Psychometrika 47(1), 69–76).
//!
//! The codes are the missing data; a value of `x` that is missing has no part in anything. With `Λ_o`, `Ψ_o` the rows of the entries that a row has,
//! `M = (I + Λ_oᵀΨ_o⁻¹Λ_o)⁻¹` and `m = MΛ_oᵀΨ_o⁻¹(x_o - μ_o)` are the covariance and mean of its codes. All that follows needs of the data are, for each
//! variable, sums over the rows that have it. The slope of the likelihood is that of the expected complete one (Fisher's identity):
//!
//! ```text
//! ∂ℓ/∂λ_j    = Σ ((x_j - μ_j) m - (mmᵀ + M) λ_j) / ψ_j
//! ∂ℓ/∂μ_j    = Σ (x_j - μ_j - λ_jᵀm) / ψ_j
//! ∂ℓ/∂ln ψ_j = ½ Σ (((x_j - μ_j - λ_jᵀm)² + λ_jᵀMλ_j) / ψ_j - 1)
//! ```

use super::patterns::Standardized;
use crate::factor_analysis::LEAST_UNIQUENESS;
use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};
use std::f64::consts::TAU;
use unmix_numerics::{NumericsError, cholesky, inverse_spd, log_det_spd, solve_spd};

/// Parameters in standard units.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// `[d]`.
    pub mean: Array1<f64>,
    /// `[d, k]`.
    pub loadings: Array2<f64>,
    /// `[d]`.
    pub uniqueness: Array1<f64>,
}

impl Point {
    /// `ln Ψ`, means and loadings, one after the other.
    pub fn flat(&self) -> Vec<f64> {
        self.uniqueness.iter().map(|psi| psi.ln()).chain(self.mean.iter().copied()).chain(self.loadings.iter().copied()).collect()
    }

    /// From what [`flat`](Self::flat) makes, `d + d + dk` numbers.
    pub fn from_flat(flat: &[f64], d: usize) -> Self {
        let flat = ArrayView1::from(flat);
        let k = flat.len() / d - 2;
        let loadings = Array2::from_shape_fn((d, k), |(j, a)| flat[2 * d + j * k + a]);
        Self { uniqueness: flat.slice(s![..d]).mapv(f64::exp), mean: flat.slice(s![d..2 * d]).to_owned(), loadings }
    }
}

/// Sums over the rows that have a variable, of expectations under a [`Point`].
struct Sums {
    /// `Σ (x - μ)`.
    x: f64,
    /// `Σ (x - μ)²`.
    xx: f64,
    /// `Σ m`, `[k]`.
    z: Array1<f64>,
    /// `Σ (x - μ) m`, `[k]`.
    xz: Array1<f64>,
    /// `Σ (mmᵀ + M)`, `[k, k]`.
    zz: Array2<f64>,
}

/// What the data say under a [`Point`].
pub(super) struct Expectation<'a> {
    at: &'a Point,
    counts: &'a Array1<f64>,
    /// The log-likelihood of all rows in standard units.
    pub log_likelihood: f64,
    variables: Vec<Sums>,
    /// Mean over all rows of `m`, `[k]`, and of `mmᵀ + M`, `[k, k]`.
    codes: (Array1<f64>, Array2<f64>),
}

impl<'a> Expectation<'a> {
    pub fn of(data: &'a Standardized, at: &'a Point) -> Result<Self, NumericsError> {
        let k = at.loadings.ncols();
        let empty = || Sums { x: 0.0, xx: 0.0, z: Array1::zeros(k), xz: Array1::zeros(k), zz: Array2::zeros((k, k)) };
        let mut variables: Vec<Sums> = (0..data.columns()).map(|_| empty()).collect();
        let mut codes = (Array1::zeros(k), Array2::zeros((k, k)));
        let mut log_likelihood = 0.0;
        for pattern in &data.patterns {
            let (rows, columns) = pattern.x.dim();
            let loadings = at.loadings.select(Axis(0), &pattern.columns);
            let uniqueness = at.uniqueness.select(Axis(0), &pattern.columns);
            let weighted = &loadings / &uniqueness.view().insert_axis(Axis(1));
            let precision = loadings.t().dot(&weighted) + Array2::<f64>::eye(k);
            let covariance = inverse_spd(precision.view())?;
            let x = &pattern.x - &at.mean.select(Axis(0), &pattern.columns);
            let z = x.dot(&weighted).dot(&covariance);
            let noise = &x - &z.dot(&loadings.t());
            let quadratic = (&noise * &noise / &uniqueness).sum() + (&z * &z).sum();
            let log_det = uniqueness.mapv(f64::ln).sum() + log_det_spd(precision.view())?;
            log_likelihood -= 0.5 * (rows as f64 * (columns as f64 * TAU.ln() + log_det) + quadratic);

            let squares = z.t().dot(&z) + covariance * rows as f64;
            let (sum, cross) = (z.sum_axis(Axis(0)), x.t().dot(&z));
            for (i, &j) in pattern.columns.iter().enumerate() {
                let sums = &mut variables[j];
                sums.x += x.column(i).sum();
                sums.xx += x.column(i).dot(&x.column(i));
                sums.z += &sum;
                sums.xz += &cross.row(i);
                sums.zz += &squares;
            }
            codes.0 += &sum;
            codes.1 += &squares;
        }
        codes.0 /= data.rows as f64;
        codes.1 /= data.rows as f64;
        Ok(Self { at, counts: &data.counts, log_likelihood, variables, codes })
    }

    /// The derivative of the log-likelihood by [`Point::flat`].
    pub fn gradient(&self) -> Vec<f64> {
        let d = self.variables.len();
        let mut gradient = vec![0.0; self.at.mean.len() * (2 + self.at.loadings.ncols())];
        let k = self.at.loadings.ncols();
        for (j, sums) in self.variables.iter().enumerate() {
            let (loadings, psi) = (self.at.loadings.row(j), self.at.uniqueness[j]);
            let predicted = sums.zz.dot(&loadings);
            let squares = sums.xx - 2.0 * loadings.dot(&sums.xz) + loadings.dot(&predicted);
            gradient[j] = 0.5 * (squares / psi - self.counts[j]);
            gradient[d + j] = (sums.x - loadings.dot(&sums.z)) / psi;
            for (a, slope) in (&sums.xz - &predicted).iter().enumerate() {
                gradient[2 * d + j * k + a] = slope / psi;
            }
        }
        gradient
    }

    /// One step of the parameter-expanded EM algorithm (Liu, Rubin and Wu 1998, Biometrika 85(4), 755–770): each variable is regressed on the expected
    /// codes, whose mean and covariance are free in the step and then made 0 and `I` by what they do to means and loadings.
    pub fn step(&self) -> Result<Point, NumericsError> {
        let (mean, squares) = &self.codes;
        let outer = mean.view().insert_axis(Axis(1)).dot(&mean.view().insert_axis(Axis(0)));
        let root = cholesky((squares - &outer).view())?;
        let mut next = self.at.clone();
        for (j, sums) in self.variables.iter().enumerate() {
            let column = sums.z.view().insert_axis(Axis(1));
            let corner = Array2::from_elem((1, 1), self.counts[j]);
            let normal = concatenate![Axis(0), concatenate![Axis(1), sums.zz, column], concatenate![Axis(1), column.t(), corner]];
            let right = concatenate![Axis(0), sums.xz, Array1::from_elem(1, sums.x)];
            let solution = solve_spd(normal.view(), right.view().insert_axis(Axis(1)))?.column(0).to_owned();
            let loadings = solution.slice(s![..mean.len()]);
            next.uniqueness[j] = ((sums.xx - right.dot(&solution)) / self.counts[j]).max(LEAST_UNIQUENESS);
            next.mean[j] += solution[mean.len()] + loadings.dot(mean);
            next.loadings.row_mut(j).assign(&loadings.dot(&root));
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unmix_core::Incomplete;
    use unmix_testkit::check_gradient;

    fn data() -> Standardized {
        let wave = |a: usize, b: usize| ((a * 37 + b * 101 + a * b * 13) as f64 * 0.7).sin();
        let x = Array2::from_shape_fn((40, 6), |(i, j)| {
            if (i * 5 + j * 3) % 7 == 0 { f64::NAN } else { wave(i, j + 5) + wave(i, 900) * wave(700, j) + j as f64 }
        });
        Standardized::of(&Incomplete::unnamed(x).unwrap()).unwrap()
    }

    fn point() -> Point {
        let loadings = ndarray::array![[0.8, 0.1], [0.7, 0.0], [0.6, 0.3], [0.1, 0.8], [0.2, 0.5], [0.0, 0.6]];
        Point { mean: ndarray::array![0.1, -0.2, 0.0, 0.3, 0.05, 0.0], loadings, uniqueness: ndarray::array![0.5, 0.4, 0.9, 0.3, 0.7, 0.2] }
    }

    #[test]
    fn gradient_agrees_with_finite_differences() {
        let (data, at) = (data(), point());
        let gradient = Array1::from(Expectation::of(&data, &at).unwrap().gradient());
        let value = |flat: ArrayView1<'_, f64>| {
            let point = Point::from_flat(&flat.to_vec(), 6);
            Expectation::of(&data, &point).unwrap().log_likelihood
        };
        check_gradient(value, gradient.view(), Array1::from(at.flat()).view(), 1e-6).unwrap();
    }

    #[test]
    fn likelihood_is_that_of_the_observed_entries_one_row_at_a_time() {
        let (data, at) = (data(), point());
        let sigma = at.loadings.dot(&at.loadings.t()) + Array2::from_diag(&at.uniqueness);
        let mut direct = 0.0;
        for pattern in &data.patterns {
            let block = sigma.select(Axis(0), &pattern.columns).select(Axis(1), &pattern.columns);
            let constant = pattern.columns.len() as f64 * TAU.ln() + log_det_spd(block.view()).unwrap();
            for row in (&pattern.x - &at.mean.select(Axis(0), &pattern.columns)).rows() {
                let solved = solve_spd(block.view(), row.insert_axis(Axis(1))).unwrap();
                direct -= 0.5 * (constant + row.dot(&solved.column(0)));
            }
        }
        let value = Expectation::of(&data, &at).unwrap().log_likelihood;
        assert!((value - direct).abs() < 1e-10 * direct.abs(), "{value} against {direct}");
    }

    #[test]
    fn steps_never_lower_the_likelihood() {
        let data = data();
        let mut at = point();
        let mut last = f64::NEG_INFINITY;
        for step in 0..200 {
            let expectation = Expectation::of(&data, &at).unwrap();
            assert!(expectation.log_likelihood >= last - 1e-10 * last.abs().min(1e9), "step {step}");
            last = expectation.log_likelihood;
            let next = expectation.step().unwrap();
            at = next;
        }
    }
}
