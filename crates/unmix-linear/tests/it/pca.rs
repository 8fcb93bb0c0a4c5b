//! PCA against scikit-learn, its density and samples, streams, and bad data.

use crate::mixtures::{Source, mixture};
use approx::{assert_abs_diff_eq, assert_relative_eq};
use ndarray::{Array2, Axis, array, concatenate};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::Deserialize;
use std::path::Path;
use unmix_core::{Fit, FitRows, Kind, Load, LogDensity, Model, Observations, Params, Run, Sample, Seed, Verdict};
use unmix_linear::{PcaModel, PcaParams};
use unmix_numerics::moments;

#[derive(Deserialize)]
struct Golden {
    names: Vec<String>,
    x: Vec<Vec<f64>>,
    fits: Vec<GoldenFit>,
}

#[derive(Deserialize)]
struct GoldenFit {
    standardize: bool,
    components: usize,
    explained_variance: Vec<f64>,
    explained_ratio: Vec<f64>,
    components_: Vec<Vec<f64>>,
    log_density: Vec<f64>,
}

fn golden() -> (Observations, Vec<GoldenFit>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens/pca/pca.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let x = Array2::from_shape_vec((golden.x.len(), golden.names.len()), golden.x.concat()).unwrap();
    (Observations::new(x, golden.names).unwrap(), golden.fits)
}

fn fit(params: PcaParams, x: &Observations) -> PcaModel {
    params.build().unwrap().fit(x, &mut Run::new(0)).unwrap().converged().unwrap()
}

#[test]
fn holzinger_components_and_densities_equal_those_of_scikit_learn() {
    let (x, fits) = golden();
    let n = x.rows() as f64;
    for expected in fits {
        let params = PcaParams { components: Some(expected.components), standardize: expected.standardize, ..Default::default() };
        let model = fit(params, &x);
        for (k, reference) in expected.components_.iter().enumerate() {
            assert_relative_eq!(model.spectrum[k], expected.explained_variance[k] * (n - 1.0) / n, max_relative = 1e-10);
            assert_relative_eq!(model.explained()[k], expected.explained_ratio[k], max_relative = 1e-10);
            let direction = &model.linear.mixing.column(k) / &model.scale;
            let sign = direction.dot(&ndarray::aview1(reference)).signum();
            assert_abs_diff_eq!(direction.mapv(|v| v * sign), ndarray::aview1(reference), epsilon = 1e-9);
            let largest = direction.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most });
            assert!(largest > 0.0);
        }
        let density = model.log_density(x.x()).unwrap();
        assert_relative_eq!(density, ndarray::Array1::from(expected.log_density), max_relative = 1e-9);
    }
}

#[test]
fn a_share_of_variance_chooses_the_number() {
    let (x, _) = golden();
    let all = fit(PcaParams::default(), &x).explained();
    let model = fit(PcaParams { variance: Some(0.8), ..Default::default() }, &x);
    let k = model.linear.components();
    assert!(all.slice(ndarray::s![..k]).sum() >= 0.8 && all.slice(ndarray::s![..k - 1]).sum() < 0.8);
    assert!(PcaParams { variance: Some(0.8), components: Some(2), ..Default::default() }.build().is_err());
    assert_eq!(fit(PcaParams { variance: Some(1.0), ..Default::default() }, &x).linear.components(), 9);
    assert_eq!(fit(PcaParams { variance: Some(0.0), ..Default::default() }, &x).linear.components(), 1);
}

#[test]
fn rows_read_in_blocks_give_the_same_bytes() {
    let x = mixture(&[Source::Laplace, Source::Uniform, Source::Gaussian], 10_001, 3).0;
    let estimator = PcaParams { standardize: true, ..Default::default() }.build().unwrap();
    let whole = estimator.fit(&x, &mut Run::new(0)).unwrap().model;
    // one chunk of 1,024 rows at a time, a few, all
    for memory in [8 * 3 * (3 * 1024 + 9), 400_000, usize::MAX] {
        assert_eq!(estimator.fit_rows(&x, memory, &mut Run::new(0)).unwrap().model, whole, "{memory}");
    }
    let error = estimator.fit_rows(&x, 1 << 16, &mut Run::new(0)).unwrap_err();
    let message = "65536 bytes of memory are allowed, at least 73944 are needed to estimate a covariance; raise --memory";
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, message));
    // the eigenvalues are those of all rows, and the evidence needs no more
    let evidence = estimator.evidence(&x, &whole, &mut Run::new(0)).unwrap();
    assert_eq!(estimator.evidence_rows(&x, &whole, 1, &mut Run::new(0)).unwrap(), evidence);
}

#[test]
fn samples_have_the_covariance_of_the_model() {
    let (x, _) = golden();
    let model = fit(PcaParams { components: Some(3), standardize: true, ..Default::default() }, &x);
    let sample = moments(model.sample(200_000, Seed(1)).unwrap().view());
    let noise = model.noise_variance();
    let loadings = &model.linear.mixing * &model.spectrum.slice(ndarray::s![..3]).mapv(|v| (v - noise).sqrt());
    let expected = loadings.dot(&loadings.t()) + Array2::from_diag(&(&model.scale * &model.scale * noise));
    assert_abs_diff_eq!(sample.covariance, expected, epsilon = 0.02);
    assert_abs_diff_eq!(sample.mean, x.means(), epsilon = 0.02);
}

#[test]
fn distinct_eigenvalues_are_told_from_equal_ones() {
    let evidence = |deviations: [f64; 3], seed| {
        let mut stream = Seed(seed).stream("spectrum", 0);
        let x = Array2::from_shape_fn((500, 3), |(_, j)| deviations[j] * stream.sample::<f64, _>(StandardNormal));
        let x = Observations::unnamed(x).unwrap();
        let estimator = PcaParams::default().build().unwrap();
        let model = estimator.fit(&x, &mut Run::new(0)).unwrap().model;
        estimator.evidence(&x, &model, &mut Run::new(0)).unwrap().remove(0)
    };
    assert_eq!(evidence([3.0, 2.0, 1.0], 1).verdict, Verdict::Supported);
    // two equal eigenvalues: called distinct at most at the level, over many sets
    let wrong = (0..400).filter(|&seed| evidence([3.0, 1.0, 1.0], seed).verdict == Verdict::Supported).count() as f64;
    assert!(wrong <= 400.0 * 0.05 + 3.1 * (400.0_f64 * 0.05 * 0.95).sqrt(), "{wrong}");
}

#[test]
fn rank_deficient_data_are_reduced_with_a_warning() {
    let x = mixture(&[Source::Laplace, Source::Uniform], 100, 1).0.x().to_owned();
    let sum = x.sum_axis(Axis(1)).insert_axis(Axis(1));
    let x = Observations::unnamed(concatenate![Axis(1), x, sum, Array2::ones((100, 1))]).unwrap();
    let fitted = PcaParams::default().build().unwrap().fit(&x, &mut Run::new(0)).unwrap();
    assert_eq!(fitted.model.linear.components(), 2);
    assert_eq!(fitted.warnings[0].code, "rank-deficient");
    assert!(fitted.model.as_log_density().is_none(), "there is no density on a plane");

    let refused = |params: PcaParams| params.build().unwrap().fit(&x, &mut Run::new(0)).unwrap_err().to_string();
    let constant = refused(PcaParams { standardize: true, ..Default::default() });
    assert_eq!(constant, "column \"x4\" is constant (1 in every row); drop it (--exclude x4)");
    let many = refused(PcaParams { components: Some(3), ..Default::default() });
    assert_eq!(many, "3 components are asked for, these data allow at most 2 (the rank of their covariance); lower `components`");
    let one = Observations::unnamed(array![[1.0, 2.0]]).unwrap();
    let few = PcaParams::default().build().unwrap().fit(&one, &mut Run::new(0)).unwrap_err();
    assert_eq!(few.to_string(), "the table has 1 rows, at least 2 are needed to estimate a variance");
}

#[test]
fn models_survive_the_disk() {
    let model = fit(PcaParams::default(), &golden().0);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_abs_diff_eq!(PcaModel::load(folder.path()).unwrap().spectrum, model.spectrum, epsilon = 1e-14);
}
