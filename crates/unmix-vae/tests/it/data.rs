//! Made data and small settings that several tests share.

use ndarray::Array2;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use std::{collections::BTreeMap, fs, path::Path};
use unmix_core::{Model, Observations, Seed};
use unmix_vae::{BetaVaeParams, Likelihood, Network};

/// Grey images of one blurred spot whose place is the only cause: two factors, `[n, side²]` in 0 to 1.
pub fn spots(n: usize, side: usize) -> Observations {
    let mut stream = Seed(5).stream("spots", 0);
    let mut x = Array2::zeros((n, side * side));
    for mut row in x.rows_mut() {
        let (a, b): (f64, f64) = (stream.random(), stream.random());
        for (pixel, value) in row.iter_mut().enumerate() {
            let at = |place: usize| (place as f64 + 0.5) / side as f64;
            let square = (at(pixel / side) - a).powi(2) + (at(pixel % side) - b).powi(2);
            *value = (-square / 0.05).exp();
        }
    }
    Observations::unnamed(x).unwrap()
}

/// `x = W z + μ + s e` with Gaussian `z` and `e`, `[n, d]`.
pub fn linear_gaussian(n: usize, d: usize, k: usize) -> Observations {
    let mut stream = Seed(6).stream("linear", 0);
    let mut normal = |shape| Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream));
    let (w, z, e): (Array2<f64>, Array2<f64>, Array2<f64>) = (normal((k, d)), normal((n, k)), normal((n, d)));
    Observations::unnamed(z.dot(&w) + e * 0.5 + 1.5).unwrap()
}

/// A small Bernoulli VAE without held-out rows.
pub fn small() -> BetaVaeParams {
    BetaVaeParams {
        components: 3,
        beta: 1.0,
        warm_up: 0,
        likelihood: Likelihood::Bernoulli,
        network: Network::Mlp { hidden: vec![16] },
        epochs: 4,
        batch_size: 16,
        validation_share: 0.0,
        patience: None,
        ..Default::default()
    }
}

/// The names and bytes of all files that a model saves.
pub fn saved(model: &dyn Model) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    files(folder.path())
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}
