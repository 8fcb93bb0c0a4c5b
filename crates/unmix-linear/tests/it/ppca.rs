//! Probabilistic PCA against scikit-learn and SciPy, its number of components, its evidence, tall and wide tables.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use ndarray::{Array1, Array2, Axis, s};
use rand_distr::{Distribution, StandardNormal};
use serde::Deserialize;
use std::{f64::consts::TAU, path::Path};
use unmix_core::{Class, Fit, Fitted, Infer, LogDensity, Observations, Params, Run, Sample, Seed, Verdict, identified};
use unmix_linear::{PcaParams, PpcaModel, PpcaParams, laplace_evidence};
use unmix_numerics::{inverse_spd, log_det_spd, moments, symmetric_eigen};

#[derive(Deserialize)]
struct Golden {
    tables: Vec<GoldenTable>,
}

#[derive(Deserialize)]
struct GoldenTable {
    x: Vec<Vec<f64>>,
    standardize: bool,
    fits: Vec<GoldenFit>,
    minka: Option<usize>,
    laplace: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct GoldenFit {
    components: usize,
    noise_variance: f64,
    explained_variance: Vec<f64>,
    explained_ratio: Vec<f64>,
    score: f64,
    shared_diagonal: Vec<f64>,
    carried: Vec<Vec<f64>>,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn golden() -> Vec<GoldenTable> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens/ppca/ppca.json");
    serde_json::from_str::<Golden>(&std::fs::read_to_string(path).unwrap()).unwrap().tables
}

fn fit(params: PpcaParams, x: &Observations) -> Fitted<PpcaModel> {
    params.build().unwrap().fit(x, &mut Run::new(0)).unwrap()
}

fn of(components: usize, standardize: bool) -> PpcaParams {
    PpcaParams { components: Some(components), standardize }
}

/// `n` rows of `W z + e` with standard normal codes and noise of these standard deviations.
fn simulate(mixing: &Array2<f64>, noise: &Array1<f64>, n: usize, seed: u64) -> Observations {
    let mut stream = Seed(seed).stream("ppca-data", 0);
    let mut normal = |shape| Array2::<f64>::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream));
    let (d, k) = mixing.dim();
    Observations::unnamed(normal((n, k)).dot(&mixing.t()) + normal((n, d)) * noise).unwrap()
}

/// Three directions of variance 9, 5 and 3 beside noise of variance 1, in ten variables.
fn mixing(seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("ppca-mixing", 0);
    let square: Array2<f64> = Array2::from_shape_simple_fn((10, 10), || StandardNormal.sample(&mut stream));
    let axes = symmetric_eigen(square.dot(&square.t()).view()).unwrap().vectors;
    axes.slice_move(s![.., ..3]) * ndarray::array![8.0_f64, 4.0, 2.0].mapv(f64::sqrt)
}

#[test]
fn noise_likelihood_and_codes_equal_those_of_scikit_learn() {
    for table in golden() {
        let x = Observations::unnamed(matrix(&table.x)).unwrap();
        for expected in &table.fits {
            let fitted = fit(of(expected.components, table.standardize), &x);
            let model = &fitted.model;
            assert_relative_eq!(model.noise_variance(), expected.noise_variance, max_relative = 1e-10);
            for k in 0..expected.components {
                assert_relative_eq!(model.principal.spectrum[k], expected.explained_variance[k], max_relative = 1e-10);
                assert_relative_eq!(model.principal.explained()[k], expected.explained_ratio[k], max_relative = 1e-10);
            }
            assert_relative_eq!(fitted.objective.unwrap(), expected.score, max_relative = 1e-10);
            let density = model.log_density(x.x()).unwrap();
            assert_relative_eq!(density.mean().unwrap(), expected.score, max_relative = 1e-9);
            let scaled = &model.linear.mixing / &model.principal.scale.view().insert_axis(Axis(1));
            let shared = (&scaled * &scaled).sum_axis(Axis(1));
            assert_abs_diff_eq!(shared, Array1::from(expected.shared_diagonal.clone()), epsilon = 1e-9);
            let carried = model.linear.infer(x.x().slice(s![..3, ..])).unwrap().dot(&scaled.t());
            assert_abs_diff_eq!(carried, matrix(&expected.carried), epsilon = 1e-8);
        }
    }
}

#[test]
fn the_number_of_components_is_that_of_minka() {
    for table in golden() {
        let (Some(minka), Some(laplace)) = (table.minka, table.laplace) else { continue };
        let x = Observations::unnamed(matrix(&table.x)).unwrap();
        let model = fit(PpcaParams { components: None, standardize: table.standardize }, &x).model;
        assert_eq!(model.components(), minka);
        // scikit-learn's covariance has the divisor n - 1
        let n = x.rows() as f64;
        let ours = laplace_evidence((&model.principal.spectrum * (n / (n - 1.0))).view(), x.rows());
        assert_relative_eq!(ours, Array1::from(laplace), max_relative = 1e-10);
    }
    let tied = laplace_evidence(ndarray::array![4.0, 2.0, 2.0, 1.0, 1.0].view(), 100);
    // a component cannot be told from an equal one, nor from nothing
    assert!(tied[0].is_finite() && tied[1] == f64::NEG_INFINITY && tied[3] == f64::NEG_INFINITY, "{tied}");
}

#[test]
fn density_and_codes_are_those_of_the_formulas() {
    let x = simulate(&mixing(1), &Array1::ones(10), 60, 1);
    let model = fit(of(3, true), &x).model;
    let (w, noise) = (&model.linear.mixing, model.noise_variance());
    let scale = &model.principal.scale;
    let centred = &x.x() - &x.means();
    // the covariance itself, and its inverse
    let covariance = w.dot(&w.t()) + Array2::from_diag(&(scale * scale * noise));
    let precision = inverse_spd(covariance.view()).unwrap();
    let distance = (&centred.dot(&precision) * &centred).sum_axis(Axis(1));
    let expected = (distance + 10.0 * TAU.ln() + log_det_spd(covariance.view()).unwrap()) * -0.5;
    assert_relative_eq!(model.log_density(x.x()).unwrap(), expected, max_relative = 1e-10);
    // posterior means with M = WᵀW + σ²I, of the scaled columns
    let scaled = w / &scale.view().insert_axis(Axis(1));
    let m = scaled.t().dot(&scaled) + Array2::<f64>::eye(3) * noise;
    let codes = (&centred / scale).dot(&scaled).dot(&inverse_spd(m.view()).unwrap());
    assert_abs_diff_eq!(model.linear.infer(x.x()).unwrap(), codes, epsilon = 1e-10);
    assert_abs_diff_eq!(model.code_variance(), inverse_spd(m.view()).unwrap().diag().mapv(|v| v * noise), epsilon = 1e-12);
    // posterior means are a matrix of the samples' moments away from unit variance, by what the posterior leaves
    let spread = moments(codes.view()).covariance.diag().to_owned() + model.code_variance();
    assert_abs_diff_eq!(spread, Array1::ones(3), epsilon = 1e-10);
    let sample = moments(model.sample(100_000, Seed(1)).unwrap().view());
    assert_abs_diff_eq!(sample.covariance, covariance, epsilon = 0.15);
}

#[test]
fn wide_tables_are_decomposed_by_their_rows() {
    for standardize in [false, true] {
        let mut stream = Seed(5).stream("wide", 0);
        let mut normal = |shape| Array2::<f64>::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream));
        let wide = normal((20, 3)).dot(&normal((3, 50))) + 0.5 * normal((20, 50)) + 10.0 * normal((1, 50));
        let x = Observations::unnamed(wide).unwrap();
        let estimator = PcaParams { components: Some(5), standardize, ..Default::default() }.build().unwrap();
        let by_rows = estimator.fit(&x, &mut Run::new(0)).unwrap().model;
        let by_columns = estimator.fit_moments(&moments(x.x()), x.names()).unwrap().model;
        assert_abs_diff_eq!(by_rows.spectrum, by_columns.spectrum, epsilon = 1e-9);
        assert_abs_diff_eq!(by_rows.linear.mixing, by_columns.linear.mixing, epsilon = 1e-9);
        assert_abs_diff_eq!(by_rows.linear.unmixing, by_columns.linear.unmixing, epsilon = 1e-9);
        assert_eq!(by_rows.spectrum.iter().filter(|v| **v > 0.0).count(), 19);

        let fitted = fit(of(3, standardize), &x);
        assert!(fitted.warnings.is_empty(), "{:?}", fitted.warnings);
        assert_relative_eq!(fitted.model.log_density(x.x()).unwrap().mean().unwrap(), fitted.objective.unwrap(), max_relative = 1e-9);
        let estimator = of(3, standardize).build().unwrap();
        let evidence = estimator.evidence(&x, &fitted.model, &mut Run::new(0)).unwrap();
        assert!(evidence.iter().all(|e| e.verdict == Verdict::Untestable));
    }
    // as many columns as no square matrix of them would fit in memory for
    let mut stream = Seed(6).stream("wide", 0);
    let x = Array2::from_shape_simple_fn((6, 200_000), || StandardNormal.sample(&mut stream));
    assert_eq!(fit(of(2, false), &Observations::unnamed(x).unwrap()).model.components(), 2);
}

#[test]
fn number_span_and_noise_are_recovered_where_the_assumptions_hold() {
    for seed in 0..20 {
        let truth = mixing(seed);
        let x = simulate(&truth, &Array1::ones(10), 1000, seed);
        let model = fit(PpcaParams::default(), &x).model;
        assert_eq!(model.components(), 3, "seed {seed}");
        assert_abs_diff_eq!(model.noise_variance(), 1.0, epsilon = 0.06);
        // the cosine of the largest angle between the spans
        let unit = |m: &Array2<f64>| m / &m.map_axis(Axis(0), |c| c.dot(&c).sqrt());
        let cosines = unit(&truth).t().dot(&unit(&model.linear.mixing));
        let least = symmetric_eigen(cosines.dot(&cosines.t()).view()).unwrap().values[2].sqrt();
        assert!(least > 0.98, "seed {seed}: {least}");
    }
}

#[test]
fn the_test_of_equal_noise_keeps_its_level_and_finds_what_is_unequal() {
    let evidence = |x: &Observations, components| {
        let estimator = of(components, false).build().unwrap();
        let model = estimator.fit(x, &mut Run::new(0)).unwrap().model;
        let evidence = estimator.evidence(x, &model, &mut Run::new(0)).unwrap();
        assert_eq!(estimator.claim().class, Class::Orthogonal);
        let verdict = identified(&estimator.claim(), &evidence);
        (evidence[0].verdict, evidence[1].verdict, verdict)
    };
    let tables = 400.0_f64;
    let (mut noise, mut spurious) = (0.0, 0.0);
    for seed in 0..tables as u64 {
        let x = simulate(&mixing(seed), &Array1::ones(10), 200, seed);
        noise += f64::from(u8::from(evidence(&x, 3).0 == Verdict::Refuted));
        // a fourth component is noise
        spurious += f64::from(u8::from(evidence(&x, 4).1 == Verdict::Supported));
    }
    let most = tables * 0.05 + 3.1 * (tables * 0.05 * 0.95).sqrt();
    assert!(noise <= most && spurious <= most, "{noise} and {spurious} of {tables}");

    let unequal = Array1::from_shape_fn(10, |j| if j < 5 { 0.7 } else { 1.3 });
    for seed in 0..10 {
        let x = simulate(&mixing(seed), &Array1::ones(10), 500, seed);
        assert_eq!(evidence(&x, 4).2, Some(false), "a component too many");
        assert_eq!(evidence(&x, 2).0, Verdict::Refuted, "a component too few is no noise");
        let x = simulate(&mixing(seed), &unequal, 500, seed);
        assert_eq!(evidence(&x, 3).0, Verdict::Refuted, "noise of each variable's own");
    }
}

#[test]
fn standardised_columns_make_the_test_refute_or_be_silent() {
    let x = simulate(&mixing(3), &Array1::ones(10), 300, 3);
    let estimator = of(5, true).build().unwrap();
    let model = estimator.fit(&x, &mut Run::new(0)).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut Run::new(0)).unwrap();
    assert!(matches!(evidence[0].verdict, Verdict::Untestable | Verdict::Refuted) && evidence[0].p_value.is_some());
}

#[test]
fn bad_input_is_refused() {
    let refused = |params: PpcaParams, x: &Observations| params.build().unwrap().fit(x, &mut Run::new(0)).unwrap_err().to_string();
    let x = simulate(&mixing(1), &Array1::ones(10), 10, 1);
    let few = refused(PpcaParams::default(), &x);
    assert_eq!(few, "the table has 10 rows, at least 11 are needed to choose the number of components (give `components` to fit without)");
    let many = refused(of(9, false), &x);
    assert_eq!(
        many,
        "9 components are asked for, these data allow at most 8 (one less than the directions of variance: the noise needs one); lower \
         `components`"
    );
    let narrow = refused(PpcaParams::default(), &Observations::unnamed(ndarray::array![[1.0], [2.0], [4.0]]).unwrap());
    assert_eq!(narrow, "the table has 1 columns, at least 2 are needed to tell a component from noise");
    assert!(of(0, false).build().is_err());
    let constant = Observations::unnamed(ndarray::concatenate![Axis(1), x.x(), Array2::ones((10, 1))]).unwrap();
    assert!(refused(of(2, true), &constant).contains("\"x11\" is constant"));
}

#[test]
fn noise_of_several_variances_is_no_component() {
    let unequal = Array1::from_shape_fn(10, |j| if j < 5 { 0.7 } else { 1.3 });
    for seed in 0..10 {
        // nothing but noise, whose larger half looks like components
        let x = simulate(&Array2::zeros((10, 1)), &unequal, 500, seed);
        for params in [of(2, false), PpcaParams::default()] {
            let estimator = params.build().unwrap();
            let model = estimator.fit(&x, &mut Run::new(0)).unwrap().model;
            let evidence = estimator.evidence(&x, &model, &mut Run::new(0)).unwrap();
            let [isotropic, above] = [evidence[0].verdict, evidence[1].verdict];
            assert!(isotropic != Verdict::Refuted || above != Verdict::Supported, "seed {seed}: {evidence:?}");
        }
    }
}
