//! Exact latents from approximate ones, where the observational precision is ill-conditioned.
//!
//! Whitening by `Θ_0` amplifies its rounding errors by its condition number, which grows exponentially with the length of causal chains. The differences
//! `Θ_k - Θ_0 = g gᵀ - a aᵀ` know better: with `p pᵀ - q qᵀ` their eigendecomposition, `a = sinh t p + cosh t q` and `g = cosh t p + sinh t q` for one
//! unknown number `t` each. These numbers solve `Σ a aᵀ = Θ_0`, which has many more equations and is well-conditioned where the mixing is: a few steps of
//! Gauss and Newton.

use crate::CausalError;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use unmix_numerics::{solve_spd, symmetric_eigen};

/// The number of right digits doubles with every step; what is left after so many is rounding.
const STEPS: usize = 6;

/// Eigenvalues of a difference below this share of the largest entry of the precisions are rounding errors: a target without causes.
const ROUNDING: f64 = 1e-11;

/// The one-parameter family of `a` and `g` behind a difference.
struct Family {
    p: Array1<f64>,
    q: Array1<f64>,
    t: f64,
}

impl Family {
    /// The member nearest to `a`.
    fn near(difference: &Array2<f64>, a: ArrayView1<'_, f64>, size: f64) -> Result<Self, CausalError> {
        let eigen = symmetric_eigen(difference.view())?;
        let last = eigen.values.len() - 1;
        let part = |k: usize, sign: f64| {
            let value = sign * eigen.values[k];
            &eigen.vectors.column(k) * if value > ROUNDING * size { value.sqrt() } else { 0.0 }
        };
        let (p, mut q) = (part(0, 1.0), part(last, -1.0));
        let coefficient = |v: &Array1<f64>| if v.dot(v) > 0.0 { a.dot(v) / v.dot(v) } else { 0.0 };
        let (s, c) = (coefficient(&p), coefficient(&q));
        let t = if q.dot(&q) == 0.0 {
            s.abs().asinh()
        } else if p.dot(&p) == 0.0 {
            c.abs().max(1.0).acosh()
        } else {
            if c < 0.0 {
                q.mapv_inplace(|v| -v);
            }
            s.asinh()
        };
        Ok(Self { p, q, t })
    }

    fn noise(&self) -> Array1<f64> {
        &self.p * self.t.sinh() + &self.q * self.t.cosh()
    }

    fn latent(&self) -> Array1<f64> {
        &self.p * self.t.cosh() + &self.q * self.t.sinh()
    }
}

/// The rows `a_k` and `g_k` `[d, d]`, from the observational precision `[d, d]`, the differences and approximate `a_k`.
pub(super) fn polish(
    observational: ArrayView2<'_, f64>,
    differences: &[Array2<f64>],
    noises: ArrayView2<'_, f64>,
) -> Result<(Array2<f64>, Array2<f64>), CausalError> {
    let size = observational.iter().chain(differences.iter().flatten()).fold(0.0_f64, |most, v| most.max(v.abs()));
    let mut families = differences.iter().zip(noises.rows()).map(|(d, a)| Family::near(d, a, size)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = (stack(&families, Family::noise), stack(&families, Family::latent));
    let mut least = f64::INFINITY;
    for _ in 0..STEPS {
        let (a, g) = (stack(&families, Family::noise), stack(&families, Family::latent));
        let residual = &observational - &a.t().dot(&a);
        let error: f64 = residual.iter().map(|v| v * v).sum();
        if error.is_nan() || error >= least {
            break;
        }
        (least, rows) = (error, (a.clone(), g.clone()));
        let cross = g.dot(&a.t());
        let gram = g.dot(&g.t()) * a.dot(&a.t()) + &cross * &cross.t();
        let slope = (g.dot(&residual) * &a).sum_axis(Axis(1));
        // two families without a difference between them leave nothing to polish
        let Ok(step) = solve_spd(gram.view(), slope.insert_axis(Axis(1)).view()) else { break };
        families.iter_mut().zip(&step).for_each(|(family, step)| family.t += step);
    }
    Ok(rows)
}

fn stack(families: &[Family], row: impl Fn(&Family) -> Array1<f64>) -> Array2<f64> {
    let d = families.len();
    let mut rows = Array2::zeros((d, families.first().map_or(0, |f| f.p.len())));
    families.iter().enumerate().for_each(|(k, family)| rows.row_mut(k).assign(&row(family)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_disentanglement::peel::outer;
    use ndarray::array;

    #[test]
    fn rough_rows_become_exact() {
        let a = array![[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-1.0, 0.5, 2.0]];
        let g = array![[7.0, 0.0, 0.0], [2.0, 8.0, 0.0], [1.0, -3.0, 6.0]];
        let differences: Vec<Array2<f64>> =
            (0..3).map(|k| outer(&g.row(k).to_owned(), &g.row(k).to_owned()) - outer(&a.row(k).to_owned(), &a.row(k).to_owned())).collect();
        let rough = &a + 1e-3;
        let (noises, latents) = polish(a.t().dot(&a).view(), &differences, rough.view()).unwrap();
        for (found, truth) in [(noises, a), (latents, g)] {
            for (found, truth) in found.rows().into_iter().zip(truth.rows()) {
                let sign = found.dot(&truth).signum();
                assert!((&found * sign - truth).iter().all(|e| e.abs() < 1e-12), "{found} {truth}");
            }
        }
    }
}
