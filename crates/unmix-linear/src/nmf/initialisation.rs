//! Where the iteration starts.

use super::factors::{Factors, Problem};
use crate::LinearError;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use unmix_core::Stream;
use unmix_numerics::symmetric_eigen;

/// Where the iteration starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NmfInitialisation {
    /// NNDSVD (Boutsidis and Gallopoulos 2008, Pattern Recognition 41(4), 1350–1362): the larger non-negative half of each singular pair. Many
    /// entries are 0. The Gram matrix of the shorter side is decomposed: with thousands of rows and of columns, choose `Random`.
    Nndsvd,
    /// NNDSVD with the scale of a random start in place of zeros, so that no update is stuck. (The paper and scikit-learn fill with the mean of
    /// the data, which has other units than a factor.)
    #[default]
    Nndsvda,
    /// Absolute values of Gaussian draws, of the scale of the data.
    Random,
}

/// Singular values below this share of the largest are rounding of the Gram matrix.
const ROUNDING: f64 = 1e-7;

/// Entries of NNDSVD below this share of the largest are 0.
const LEAST: f64 = 1e-6;

impl NmfInitialisation {
    pub(super) fn start(self, problem: &Problem, k: usize, stream: &mut Stream) -> Result<Factors, LinearError> {
        let (n, d) = problem.x.dim();
        let scale = (problem.total / (n * d * k) as f64).sqrt();
        match self {
            Self::Nndsvd => nndsvd(problem, k),
            Self::Nndsvda => {
                let mut factors = nndsvd(problem, k)?;
                for factor in [&mut factors.w, &mut factors.ht] {
                    factor.mapv_inplace(|v| if v == 0.0 { scale } else { v });
                }
                Ok(factors)
            }
            Self::Random => {
                let mut draw = |rows| Array2::from_shape_simple_fn((rows, k), || (scale * stream.sample::<f64, _>(StandardNormal)).abs());
                let ht = draw(d);
                Ok(Factors { w: draw(n), ht })
            }
        }
    }
}

fn nndsvd(problem: &Problem, k: usize) -> Result<Factors, LinearError> {
    let (n, d) = problem.x.dim();
    let x = &problem.x;
    // singular vectors of the shorter side from its Gram matrix, the others through the data
    let eigen = symmetric_eigen(if d <= n { x.t().dot(x) } else { x.dot(&x.t()) }.view())?;
    let largest = eigen.values[0].max(0.0).sqrt();
    let (mut w, mut ht) = (Array2::zeros((n, k)), Array2::zeros((d, k)));
    for j in 0..k {
        let singular = eigen.values[j].max(0.0).sqrt();
        if singular <= ROUNDING * largest {
            break;
        }
        let short = eigen.vectors.column(j);
        let (left, right): (Array1<f64>, Array1<f64>) =
            if d <= n { (x.dot(&short) / singular, short.to_owned()) } else { (short.to_owned(), x.t().dot(&short) / singular) };
        let ((u, v), weight) = if j == 0 {
            ((left.mapv(f64::abs), right.mapv(f64::abs)), singular)
        } else {
            let halves = [1.0, -1.0].map(|sign| half(left.view(), right.view(), sign));
            let [positive, negative] = halves;
            let (u, v, product) = if positive.2 > negative.2 { positive } else { negative };
            ((u, v), singular * product)
        };
        let root = weight.sqrt();
        w.index_axis_mut(Axis(1), j).assign(&(u * root));
        ht.index_axis_mut(Axis(1), j).assign(&(v * root));
    }
    for factor in [&mut w, &mut ht] {
        let least = LEAST * factor.iter().copied().fold(0.0, f64::max);
        factor.mapv_inplace(|v| if v < least { 0.0 } else { v });
    }
    Ok(Factors { w, ht })
}

/// The parts of `sign u` and `sign v` above 0, scaled to length 1, and the product of their lengths.
fn half(u: ArrayView1<'_, f64>, v: ArrayView1<'_, f64>, sign: f64) -> (Array1<f64>, Array1<f64>, f64) {
    let (u, v) = (u.mapv(|x| (sign * x).max(0.0)), v.mapv(|x| (sign * x).max(0.0)));
    let (a, b) = (u.dot(&u).sqrt(), v.dot(&v).sqrt());
    if a * b > 0.0 { (u / a, v / b, a * b) } else { (u, v, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nmf::NmfParams;
    use unmix_core::{Observations, Seed};
    use unmix_testkit::Golden;

    #[test]
    fn nndsvd_equals_its_definition() {
        let golden = Golden::read("nmf/nmf.json").unwrap();
        let x = Observations::unnamed(golden.matrix("/x").unwrap()).unwrap();
        let problem = Problem::new(&x, &NmfParams::default());
        let start = NmfInitialisation::Nndsvd.start(&problem, 6, &mut Seed(0).stream("test", 0)).unwrap();
        approx::assert_abs_diff_eq!(start.w, golden.matrix("/w0").unwrap(), epsilon = 1e-8);
        approx::assert_abs_diff_eq!(start.ht.t(), golden.matrix("/h0").unwrap(), epsilon = 1e-8);
    }
}
