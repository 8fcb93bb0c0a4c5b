//! Rotation criteria: what makes loadings simple, as a number to be made small, and its derivative (Bernaards and Jennrich 2005, Gradient
//! projection algorithms and software for arbitrary rotation criteria in factor analysis, Educational and Psychological Measurement
//! 65(5), 676–696).

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

/// A rotation criterion.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Criterion {
    /// Crawford and Ferguson (1970): `1 - kappa` times the complexity of the variables plus `kappa` times that of the factors. Over orthogonal
    /// rotations of `d` variables and `k` factors, 0 is quartimax, `1/d` varimax, `k/(2d)` equamax, `(k-1)/(d+k-2)` parsimax, 1 factor parsimony;
    /// over oblique ones, 0 is quartimin.
    CrawfordFerguson {
        /// The weight of the factors' complexity, from 0 to 1.
        kappa: f64,
    },
    /// Direct oblimin (Jennrich and Sampson 1966): 0 is quartimin.
    Oblimin {
        /// The smaller, the less correlated the factors. Above 0 the criterion need have no minimum over oblique rotations (Jennrich 1979,
        /// Psychometrika 44(2)): a search may run away, and says that it has not converged.
        gamma: f64,
    },
    /// Geomin (Yates 1987; Browne 2001): the sum over variables of the geometric mean of squared loadings.
    Geomin {
        /// Added to each squared loading, so that a loading of 0 has a derivative.
        delta: f64,
    },
    /// Infomax (`McKeon` 1968): the mutual information of rows and columns of the squared loadings, negative.
    Infomax,
    /// The squared distance to a target, over the entries that are not NaN (partially specified target, Browne 1972).
    Target(Array2<f64>),
}

impl Criterion {
    /// The value at loadings `l` `[d, k]` and its derivative by them, `[d, k]`.
    pub fn value(&self, l: ArrayView2<'_, f64>) -> (f64, Array2<f64>) {
        let squares = l.mapv(|v| v * v);
        match self {
            Self::CrawfordFerguson { kappa } => {
                let (variables, factors) = (others(&squares, Axis(1)), others(&squares, Axis(0)));
                let weighted = variables * (1.0 - kappa) + factors * *kappa;
                ((&squares * &weighted).sum() / 4.0, &weighted * &l)
            }
            Self::Oblimin { gamma } => {
                let variables = others(&squares, Axis(1));
                let mean = variables.mean_axis(Axis(0)).unwrap_or_default();
                let weighted = &variables - &(mean * *gamma);
                ((&squares * &weighted).sum() / 4.0, &weighted * &l)
            }
            Self::Geomin { delta } => {
                let k = l.ncols() as f64;
                let shifted = squares + *delta;
                let products = shifted.map_axis(Axis(1), |row| (log_product(row) / k).exp());
                let gradient = &l / &shifted * products.view().insert_axis(Axis(1)) * (2.0 / k);
                (products.sum(), gradient)
            }
            Self::Infomax => infomax(&l, &squares),
            Self::Target(target) => {
                let difference = (&l - target).mapv(|v| if v.is_nan() { 0.0 } else { v });
                (difference.mapv(|v| v * v).sum(), difference * 2.0)
            }
        }
    }
}

/// `Σ ln v` of positive values, by few logarithms.
fn log_product(values: ArrayView1<'_, f64>) -> f64 {
    /// Factors whose product neither overflows nor underflows: squared loadings and the constant of geomin are between 1e-30 and 1e30.
    const FACTORS: usize = 10;
    let mut sum = 0.0;
    let mut product = 1.0;
    for (index, value) in values.iter().enumerate() {
        product *= value;
        if (index + 1).is_multiple_of(FACTORS) {
            sum += f64::ln(product);
            product = 1.0;
        }
    }
    sum + f64::ln(product)
}

/// The sum of the other entries along `axis`: within rows for `Axis(1)`, within columns for `Axis(0)`.
fn others(squares: &Array2<f64>, axis: Axis) -> Array2<f64> {
    squares.sum_axis(axis).insert_axis(axis) - squares
}

/// `ln k - I(row; column)` of the squared loadings as a joint distribution, in nats.
fn infomax(l: &ArrayView2<'_, f64>, squares: &Array2<f64>) -> (f64, Array2<f64>) {
    let total = squares.sum();
    let (rows, columns) = (squares.sum_axis(Axis(1)), squares.sum_axis(Axis(0)));
    let entropy =
        |values: &mut dyn Iterator<Item = f64>| -> f64 { values.map(|v| v / total).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum() };
    let joint = entropy(&mut squares.iter().copied());
    let value = (l.ncols() as f64).ln() + joint - entropy(&mut rows.iter().copied()) - entropy(&mut columns.iter().copied());
    // d/dl of -Σ p ln p is (2 l / total) (-ln p - H), the same for the margins
    let log = |v: f64| if v > 0.0 { (v / total).ln() } else { 0.0 };
    let information = joint - entropy(&mut rows.iter().copied()) - entropy(&mut columns.iter().copied());
    let gradient = Array2::from_shape_fn(l.dim(), |(i, j)| {
        2.0 * l[[i, j]] / total * (log(rows[i]) + log(columns[j]) - log(squares[[i, j]]) - information)
    });
    (value, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use unmix_core::Seed;

    #[test]
    fn derivatives_equal_finite_differences() {
        const H: f64 = 1e-6;
        let mut stream = Seed(1).stream("test", 0);
        let l = Array2::from_shape_simple_fn((7, 3), || stream.random::<f64>() * 2.0 - 1.0);
        let mut target = Array2::from_shape_simple_fn((7, 3), || stream.random::<f64>());
        target[[2, 1]] = f64::NAN;
        let criteria = [
            Criterion::CrawfordFerguson { kappa: 0.0 },
            Criterion::CrawfordFerguson { kappa: 0.3 },
            Criterion::Oblimin { gamma: 0.0 },
            Criterion::Oblimin { gamma: 0.5 },
            Criterion::Geomin { delta: 0.01 },
            Criterion::Infomax,
            Criterion::Target(target),
        ];
        for criterion in criteria {
            let (_, gradient) = criterion.value(l.view());
            for ((i, j), slope) in gradient.indexed_iter() {
                let at = |h: f64| {
                    let mut moved = l.clone();
                    moved[[i, j]] += h;
                    criterion.value(moved.view()).0
                };
                let numeric = (at(H) - at(-H)) / (2.0 * H);
                assert!((numeric - slope).abs() < 1e-8, "{criterion:?} {i} {j}: {numeric} {slope}");
            }
        }
    }
}
