//! Amari distance: known values of random matrices, bounds, guards.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array};
use rand_distr::{Distribution, StandardNormal};
use unmix_core::Seed;
use unmix_metrics::{
    MetricsError,
    amari::{Normalisation, amari, distance},
};

const ALL: [Normalisation; 3] = [Normalisation::BachJordan, Normalisation::MoreauMacchi, Normalisation::Picard];

fn gaussian(k: usize, index: u64) -> Array2<f64> {
    let mut stream = Seed(5).stream("test-gaussian", index);
    Array2::from_shape_simple_fn((k, k), || StandardNormal.sample(&mut stream))
}

#[test]
fn random_gaussian_matrices_have_the_known_means() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../goldens/metrics/chance.json");
    let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let known = |table: &str, name: &str| {
        let entry = &golden[table][name];
        (entry["mean"].as_f64().unwrap(), entry["standard_error"].as_f64().unwrap())
    };
    let eye = Array2::eye(10);
    for (normalisation, name) in ALL.into_iter().zip(["bach-jordan", "moreau-macchi", "picard"]) {
        // 5 standard errors of the difference; a tenth of the golden's draws, hence √11 of its error
        let (mean, error) = known("amari-of-gaussian-10", name);
        let found = (0..1000).map(|i| distance(gaussian(10, i).view(), normalisation).unwrap()).sum::<f64>() / 1000.0;
        assert_abs_diff_eq!(found, mean, epsilon = 5.0 * 11_f64.sqrt() * error);
        let (mean, error) = known("amari-of-gaussian-10-unit-rows", name);
        let chance = amari(eye.view(), eye.view(), normalisation, Seed(1)).unwrap().chance;
        assert_abs_diff_eq!(chance, mean, epsilon = 5.0 * 11_f64.sqrt() * error);
    }
}

#[test]
fn hand_computed_values() {
    // rows: 1/2, 1/4; columns: 1/4, 1/2 of their largest entry
    let p = array![[4.0, -2.0], [1.0, 4.0]];
    assert_abs_diff_eq!(distance(p.view(), ALL[0]).unwrap(), 1.5 / 4.0);
    let squares = 2.0 * (0.25 + 0.0625);
    assert_abs_diff_eq!(distance(p.view(), ALL[1]).unwrap(), squares / 4.0);
    assert_abs_diff_eq!(distance(p.view(), ALL[2]).unwrap(), squares / 4.0);
    // all entries alike: the worst there is
    let flat = Array2::ones((7, 7));
    assert_abs_diff_eq!(distance(flat.view(), ALL[0]).unwrap(), 1.0);
    assert_abs_diff_eq!(distance(flat.view(), ALL[1]).unwrap(), 1.0);
    assert_abs_diff_eq!(distance(flat.view(), ALL[2]).unwrap(), 6.0);
}

#[test]
fn zero_rows_and_columns_count_as_the_worst() {
    let zero = Array2::zeros((3, 3));
    let eye = Array2::eye(3);
    for normalisation in ALL {
        let worst = distance(Array2::ones((3, 3)).view(), normalisation).unwrap();
        assert_abs_diff_eq!(distance(zero.view(), normalisation).unwrap(), worst);
    }
    let mut dead = eye.clone();
    dead[[1, 1]] = 0.0;
    let score = amari(dead.view(), eye.view(), ALL[0], Seed(1)).unwrap();
    assert_abs_diff_eq!(score.value, 4.0 / 12.0);
    assert!(score.warnings[0].ends_with("z2, source 2"), "{:?}", score.warnings);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let (eye, tall) = (Array2::<f64>::eye(3), Array2::<f64>::ones((3, 2)));
    assert_eq!(amari(eye.view(), tall.view(), ALL[0], Seed(1)).unwrap_err(), MetricsError::Shape { unmixing: (3, 3), mixing: (3, 2) });
    let mut broken = eye.clone();
    broken[[0, 2]] = f64::INFINITY;
    let error = amari(eye.view(), broken.view(), ALL[0], Seed(1)).unwrap_err();
    assert_eq!(error.to_string(), "the entry at row 1, column 3 of the mixing is inf; it must be finite");
    let one = array![[2.0]];
    assert_eq!(amari(one.view(), one.view(), ALL[0], Seed(1)).unwrap_err(), MetricsError::TooFewSources { found: 1 });
}
