//! Linear mixtures of known sources, and how well codes recover them.

use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;
use rand_distr::{Exp1, StandardNormal, StudentT};
use unmix_core::{Observations, Seed, Stream};
use unmix_numerics::{maximum_assignment, pearson};

/// The distribution of a source, mean 0 and variance 1 (but for `Exponential`, mean 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    Gaussian,
    Laplace,
    Uniform,
    Exponential,
    /// `±√3` in one draw of six each, else 0: the kurtosis of a Gaussian, and nothing else of it.
    Thirds,
    /// Student's t with 10 degrees of freedom: nearly Gaussian.
    Student,
}

impl Source {
    fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Self::Gaussian => stream.sample(StandardNormal),
            Self::Laplace => {
                let magnitude: f64 = stream.sample(Exp1);
                if stream.random::<bool>() { magnitude / 2_f64.sqrt() } else { -magnitude / 2_f64.sqrt() }
            }
            Self::Uniform => 12_f64.sqrt() * (stream.random::<f64>() - 0.5),
            Self::Thirds => 3_f64.sqrt() * [-1.0, 0.0, 0.0, 0.0, 0.0, 1.0][stream.random_range(0..6)],
            Self::Exponential => stream.sample(Exp1),
            Self::Student => stream.sample::<f64, _>(StudentT::new(10.0).unwrap()) * 0.8_f64.sqrt(),
        }
    }
}

/// The mixture `s Aᵀ` of `n` draws of `sources`, and `s` `[n, d]`; the entries of `A` are standard normal.
pub fn mixture(sources: &[Source], n: usize, seed: u64) -> (Observations, Array2<f64>) {
    let d = sources.len();
    let mut stream = Seed(seed).stream("mixture", 0);
    let mixing: Array2<f64> = Array2::from_shape_simple_fn((d, d), || stream.sample(StandardNormal));
    let s = Array2::from_shape_fn((n, d), |(_, j)| sources[j].draw(&mut stream));
    (Observations::unnamed(s.dot(&mixing.t())).unwrap(), s)
}

/// The magnitudes of the correlations of sources and codes, matched one to one, `[k]`.
pub fn matched_correlations(sources: ArrayView2<'_, f64>, codes: ArrayView2<'_, f64>) -> Vec<f64> {
    let columns = |a: ArrayView2<'_, f64>| -> Vec<Vec<f64>> { a.axis_iter(Axis(1)).map(|c| c.to_vec()).collect() };
    let (s, z) = (columns(sources), columns(codes));
    let table = Array2::from_shape_fn((s.len(), z.len()), |(i, j)| pearson(&s[i], &z[j]).unwrap().abs());
    maximum_assignment(table.view()).unwrap().pairs.into_iter().map(|pair| table[pair]).collect()
}

/// The mean of [`matched_correlations`].
pub fn mcc(sources: ArrayView2<'_, f64>, codes: ArrayView2<'_, f64>) -> f64 {
    let matched = matched_correlations(sources, codes);
    matched.iter().sum::<f64>() / matched.len() as f64
}
