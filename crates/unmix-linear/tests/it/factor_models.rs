//! Simulated factor models and the bundled test scores of Holzinger and Swineford (1939).

use ndarray::{Array1, Array2, Axis, array};
use rand_distr::{Distribution, StandardNormal};
use std::path::Path;
use unmix_core::{Observations, Seed};
use unmix_numerics::maximum_assignment;

/// The nine tests of all 301 pupils.
pub fn holzinger() -> Observations {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../unmix-data/data/holzinger_swineford_1939.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names: Vec<String> = (1..=9).map(|i| format!("x{i}")).collect();
    let header = reader.headers().unwrap().clone();
    let places: Vec<usize> = names.iter().map(|name| header.iter().position(|h| h == name).unwrap()).collect();
    let rows: Vec<Vec<f64>> =
        reader.records().map(|record| places.iter().map(|&p| record.as_ref().unwrap()[p].parse().unwrap()).collect()).collect();
    Observations::new(Array2::from_shape_fn((rows.len(), 9), |(i, j)| rows[i][j]), names).unwrap()
}

/// Loadings of 12 variables on three factors, each variable on one.
pub fn simple_loadings() -> Array2<f64> {
    let strengths = [0.9, 0.8, 0.7, 0.6];
    Array2::from_shape_fn((12, 3), |(i, k)| if i / 4 == k { strengths[i % 4] } else { 0.0 })
}

/// Loadings of 12 variables on three factors, each variable on all of them to about the same degree.
pub fn dense_loadings() -> Array2<f64> {
    array![
        [0.5, 0.4, 0.3],
        [0.4, 0.5, -0.3],
        [0.5, -0.4, 0.4],
        [-0.4, 0.5, 0.4],
        [0.3, 0.4, 0.5],
        [0.4, 0.3, -0.5],
        [0.3, -0.5, 0.4],
        [-0.5, 0.4, 0.3],
        [0.4, 0.4, 0.4],
        [0.5, 0.3, -0.4],
        [0.4, -0.4, 0.5],
        [-0.3, 0.5, 0.4],
    ]
}

/// `n` samples `[n, d]` of the model with loadings `[d, k]`, total variance 1 for each variable and mean 0, in units that differ by variable.
pub fn simulate(loadings: &Array2<f64>, n: usize, seed: u64) -> (Array2<f64>, Array1<f64>, Array1<f64>) {
    let uniqueness = loadings.map_axis(Axis(1), |row| 1.0 - row.dot(&row));
    let units = Array1::from_shape_fn(loadings.nrows(), |j| [0.1, 1.0, 10.0, 100.0][j % 4]);
    let mut stream = Seed(seed).stream("test-factor-model", 0);
    let z: Array2<f64> = Array2::from_shape_simple_fn((n, loadings.ncols()), || StandardNormal.sample(&mut stream));
    let e: Array2<f64> = Array2::from_shape_simple_fn((n, loadings.nrows()), || StandardNormal.sample(&mut stream));
    let x = (z.dot(&loadings.t()) + e * uniqueness.mapv(f64::sqrt)) * &units;
    (x, uniqueness, units)
}

/// Mean over factors of the magnitude of the cosine between matched columns of two loading matrices `[d, k]`.
pub fn matched_congruence(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let cosine = |p: usize, q: usize| {
        let (x, y) = (a.column(p), b.column(q));
        (x.dot(&y) / (x.dot(&x) * y.dot(&y)).sqrt()).abs()
    };
    let cosines = Array2::from_shape_fn((a.ncols(), b.ncols()), |(p, q)| cosine(p, q));
    maximum_assignment(cosines.view()).unwrap().pairs.iter().map(|&(p, q)| cosines[[p, q]]).sum::<f64>() / a.ncols() as f64
}

/// Largest magnitude of a difference.
pub fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().fold(0.0, |most, v| v.abs().max(most))
}
