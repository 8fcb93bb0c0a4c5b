//! No method holds more than three copies of its data beside them.

use crate::{
    ALLOCATOR, alone,
    mixtures::{Source, mixture},
    sparse_loadings::{anchored, factor_data},
    warm_run,
};
use ndarray::Array2;
use rand::RngExt;
use unmix_core::{Observations, Run, Seed, Table};
use unmix_linear::METHODS;
use unmix_testkit::peak_bytes;

const ROWS: usize = 20_000;
const COLUMNS: usize = 20;
/// The copies of the data that a fit with its evidence may hold.
const COPIES: f64 = 3.0;

/// Documents of 80 words of three topics, the first three words anchors of one each.
fn words(n: usize) -> Observations {
    let mut stream = Seed(1).stream("words", 0);
    let mut x = Array2::zeros((n, COLUMNS));
    for mut row in x.rows_mut() {
        let main = stream.random_range(0..3);
        for _ in 0..80 {
            let topic = if stream.random::<f64>() < 0.7 { main } else { stream.random_range(0..3) };
            let word = if stream.random::<f64>() < 0.2 { topic } else { 3 + (topic * 5 + stream.random_range(0..9)) % (COLUMNS - 3) };
            row[word] += 1.0;
        }
    }
    Observations::unnamed(x).unwrap()
}

/// Two classes, three categories.
fn categories(n: usize) -> Observations {
    let mut stream = Seed(2).stream("categories", 0);
    let mut x = Array2::zeros((n, COLUMNS));
    for mut row in x.rows_mut() {
        let often = 2.0 * f64::from(u8::from(stream.random::<bool>()));
        row.mapv_inplace(|_| if stream.random::<f64>() < 0.6 { often } else { f64::from(stream.random_range(0..3_u8)) });
    }
    Observations::unnamed(x).unwrap()
}

fn factors(n: usize) -> Observations {
    factor_data(&anchored(COLUMNS, 3, 0.8, 1), n, 2)
}

fn sources(n: usize) -> Observations {
    mixture(&[Source::Laplace; COLUMNS], n, 3).0
}

/// Data and configuration that suit the method.
fn case(method: &str, n: usize) -> (Observations, String) {
    let factor = |j: usize| (j..=COLUMNS).step_by(3).map(|i| format!("'x{i}'")).collect::<Vec<_>>().join(", ");
    let (x, config) = match method {
        "nmf" => (sources(n).map(f64::abs).unwrap(), "components = 5\nmax_iterations = 20".to_owned()),
        "cp" => (sources(n), "modes = [4, 5]\ncomponents = 3\nstarts = 1\nmax_iterations = 20".to_owned()),
        "anchor-words" => (words(n), "components = 3".to_owned()),
        "latent-class" => (categories(n), "components = 2\nstarts = 1\nmax_iterations = 20".to_owned()),
        "factor-analysis" | "ppca" => (factors(n), "components = 3".to_owned()),
        "sparse-factor-analysis" => (factors(n), "components = 3\nstarts = 1\nspike = 30.0".to_owned()),
        "sparse-pca" => (factors(n), "components = 3\nstarts = 1\nmax_iterations = 50".to_owned()),
        "love" => (factors(n), "splits = 2".to_owned()),
        "confirmatory-factor-analysis" => (factors(n), format!("[factors]\na = [{}]\nb = [{}]\nc = [{}]", factor(1), factor(2), factor(3))),
        "sobi" => (sources(n), "lags = 5".to_owned()),
        "infomax" | "fastica" | "picard" | "picard-o" | "jade" => (sources(n), "max_iterations = 2".to_owned()),
        _ => (sources(n), String::new()),
    };
    (x, config)
}

/// The peak of a fit with its evidence on two threads, in copies of the data.
fn peak(name: &str, run: &mut Run<'_>) -> f64 {
    let method = METHODS.iter().find(|m| m.name == name).unwrap();
    let (x, config) = case(name, ROWS);
    let (table, config) = (Table::from(x), toml::from_str(&config).unwrap());
    let (outcome, peak) = peak_bytes(&ALLOCATOR, || method.fit(&config, &table, run));
    if let Err(error) = outcome {
        panic!("{name}: {error}");
    }
    peak as f64 / (8 * ROWS * COLUMNS) as f64
}

/// Everything counts, also what does not grow with the rows: sums of groups of chunks, matrices of as many rows as columns, and JADE's nine
/// matrices of as many as there are pairs of columns.
#[test]
fn every_method_holds_at_most_three_copies_beside_its_data() {
    let _alone = alone();
    let mut run = warm_run();
    let found: Vec<(&str, f64)> = METHODS.iter().map(|method| (method.name, peak(method.name, &mut run))).collect();
    let list: Vec<String> = found.iter().map(|(name, copies)| format!("{name}: {copies:.2} copies")).collect();
    println!("{}", list.join("\n"));
    assert!(found.iter().all(|(_, copies)| *copies <= COPIES), "{}", list.join("\n"));
}
