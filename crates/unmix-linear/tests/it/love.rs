//! LOVE finds pure variables of correlated factors, and says when there are none.

use crate::sparse_loadings::{dense, factor_data};
use ndarray::{Array2, Axis, array};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use unmix_core::{Evidence, Fit, Generate, Infer, Observations, Params, Run, Seed, Verdict, identified};
use unmix_linear::{FactorModel, LoveParams};
use unmix_numerics::{cholesky, inverse_sqrt_spd, maximum_assignment, moments};
use unmix_testkit::Golden;

const PURE: &str = "every factor has two variables that load on it alone, and equally";

fn normal(shape: (usize, usize), seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("normal", 0);
    Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream))
}

#[test]
fn agrees_with_the_definition() {
    let golden = Golden::read("love/love.json").unwrap();
    let sigma = golden.matrix("/covariance_of_variables").unwrap();
    // samples that have this covariance to rounding
    let draws = normal((2000, sigma.nrows()), 1);
    let sample = moments(draws.view());
    let white = (&draws - &sample.mean).dot(&inverse_sqrt_spd(sample.covariance.view()).unwrap());
    let x = white.dot(&cholesky(sigma.view()).unwrap().t()) + golden.vector("/mean").unwrap();

    let params = LoveParams { delta: Some(0.5), threshold: 0.5, ..Default::default() };
    let model = params.build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut Run::new(1)).unwrap().model;
    let covariance = golden.matrix("/covariance").unwrap();
    let scale = covariance.diag().mapv(f64::sqrt);
    let truth = golden.matrix("/loadings").unwrap() * &scale;
    // factors in order of their loadings, not of their first variable
    let pairs = maximum_assignment(truth.t().dot(&model.loadings).mapv(f64::abs).view()).unwrap().pairs;
    for &(a, i) in &pairs {
        let sign = truth.column(a).dot(&model.loadings.column(i)).signum();
        assert!((&truth.column(a) - &(&model.loadings.column(i) * sign)).iter().all(|v| v.abs() < 1e-9));
        for &(b, j) in &pairs {
            let expected = covariance[[a, b]] / (scale[a] * scale[b]);
            assert!((model.correlation[[i, j]].abs() - expected.abs()).abs() < 1e-9);
        }
    }
    assert!(model.uniqueness.iter().zip(&golden.vector("/uniqueness").unwrap()).all(|(a, b)| (a - b).abs() < 1e-9));
}

/// `A` `[3 k + mixed, k]` with three pure variables a factor, and mixed ones whose loadings sum to 1 in absolute value.
fn pure_loadings(k: usize, mixed: usize, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("pure-loadings", 0);
    Array2::from_shape_fn((3 * k + mixed, k), |(j, c)| match j {
        j if j < 3 * k => f64::from(u8::from(j / 3 == c)) * if j % 3 == 1 { -1.0 } else { 1.0 },
        j if j % k == c => 0.6 * if stream.random() { 1.0 } else { -1.0 },
        j if (j + 1) % k == c => 0.4,
        _ => 0.0,
    })
}

fn data(loadings: &Array2<f64>, correlation: f64, n: usize, seed: u64) -> Observations {
    let (d, k) = loadings.dim();
    let phi = Array2::from_shape_fn((k, k), |(i, j)| if i == j { 1.0 } else { correlation });
    let codes = normal((n, k), 2 * seed).dot(&cholesky(phi.view()).unwrap().t());
    Observations::unnamed(codes.dot(&loadings.t()) + 0.7 * normal((n, d), 2 * seed + 1)).unwrap()
}

fn fit(x: &Observations, seed: u64) -> (FactorModel, Vec<Evidence>, Option<bool>) {
    let estimator = LoveParams::default().build().unwrap();
    let mut run = Run::new(seed);
    let model = estimator.fit(x, &mut run).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut run).unwrap();
    let identified = identified(&estimator.claim(), &evidence);
    (model, evidence, identified)
}

#[test]
fn pure_variables_are_found_under_correlated_factors() {
    let mut held = 0;
    for seed in 0..20 {
        // no two of the mixed ones have the same proportions
        let truth = pure_loadings(4, 4, seed);
        let (model, _, identified) = fit(&data(&truth, 0.3, 3000, seed), seed);
        assert_eq!(model.components(), 4, "seed {seed}");
        let pairs = maximum_assignment(truth.t().dot(&model.loadings).mapv(f64::abs).view()).unwrap().pairs;
        for (k, j) in pairs {
            let sign = truth.column(k).dot(&model.loadings.column(j)).signum();
            let worst = (&truth.column(k) - &(&model.loadings.column(j) * sign)).iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!(worst < 0.35, "seed {seed}: a loading is off by {worst}");
        }
        held += usize::from(identified == Some(true));
    }
    // two tests of level 0.05 each: more than 5 of 20 true models are refused once in 80 such studies
    assert!(held >= 15, "{held} of 20 identified");
}

/// `(1, 0)`, `(0, 1)`, `(1, 1)`, `(1, -1)`, twice each, has the covariances of `(½, ½)`, `(½, -½)`, `(1, 0)`, `(0, 1)` with factors of variance 2: which of
/// the variables are pure no data can tell.
#[test]
fn mixtures_in_the_same_proportions_leave_it_open() {
    let rotated = array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]];
    let loadings = Array2::from_shape_fn((8, 2), |(j, k)| rotated[[j / 2, k]]);
    for seed in 0..10 {
        let (_, evidence, identified) = fit(&data(&loadings, 0.0, 3000, seed), seed);
        assert_ne!(identified, Some(true), "seed {seed}: {evidence:?}");
    }
    // and so in the presence of better ones
    let open = (0..10).filter(|&seed| {
        let mut truth = pure_loadings(3, 3, seed);
        let row = truth.row(9).to_owned();
        truth.row_mut(10).assign(&-row);
        fit(&data(&truth, 0.3, 3000, seed), seed).2 != Some(true)
    });
    assert!(open.count() >= 9);
}

#[test]
fn unequal_and_dense_loadings_are_refuted() {
    for seed in 0..5 {
        let mut unequal = pure_loadings(3, 0, seed);
        for (j, mut row) in unequal.axis_iter_mut(Axis(0)).enumerate() {
            row *= [1.0, 0.7, 0.5][j % 3];
        }
        for x in [data(&unequal, 0.3, 5000, seed), factor_data(&dense(12, 3, seed), 5000, seed)] {
            let estimator = LoveParams::default().build().unwrap();
            let mut run = Run::new(seed);
            // either there is nothing to find, or what is found does not hold
            if let Ok(fitted) = estimator.fit(&x, &mut run) {
                let evidence = estimator.evidence(&x, &fitted.model, &mut run).unwrap();
                assert_eq!(identified(&estimator.claim(), &evidence), Some(false), "seed {seed}: {evidence:?}");
            }
        }
    }
}

#[test]
fn units_and_loop() {
    let truth = pure_loadings(2, 2, 1);
    let x = data(&truth, 0.3, 2000, 1);
    let (model, evidence, _) = fit(&x, 1);
    assert_eq!(evidence.iter().find(|e| e.assumption == PURE).unwrap().verdict, Verdict::Supported);
    let larger = Observations::unnamed(&x.x() * 1000.0).unwrap();
    let (scaled, ..) = fit(&larger, 1);
    assert!((&scaled.loadings - &(&model.loadings * 1000.0)).iter().all(|v| v.abs() < 1e-6));
    let codes = model.infer(x.x()).unwrap();
    assert_eq!(model.generate(codes.view()).unwrap().dim(), x.x().dim());
}

#[test]
fn bad_input() {
    let x = Observations::unnamed(array![[1.0, 2.0, 0.5], [2.0, 1.0, 0.1], [0.3, 0.2, 0.9]]).unwrap();
    let error = LoveParams::default().build().unwrap().fit(&x, &mut Run::new(1)).unwrap_err().to_string();
    assert!(error.contains("at least 4 are needed to split the rows"), "{error}");
    // a star: the centre covaries with both leaves alike, so that it belongs to two groups, and neither is left with two variables
    let x = data(&array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]], 0.3, 20_000, 1);
    let strict = LoveParams { delta: Some(1.0), ..Default::default() };
    let error = strict.build().unwrap().fit(&x, &mut Run::new(1)).unwrap_err().to_string();
    assert!(error.starts_with("no two variables are pure indicators of one factor"), "{error}");
}

#[test]
fn a_weak_variable_of_one_factor_refutes_nothing() {
    let mut held = 0;
    for seed in 0..10 {
        // the mixed variables of before, then two that one factor moves by less than it moves the pure ones
        let mut truth = pure_loadings(3, 5, seed);
        truth.row_mut(12).assign(&array![0.5, 0.0, 0.0]);
        truth.row_mut(13).assign(&array![0.0, -0.4, 0.0]);
        let (_, evidence, _) = fit(&data(&truth, 0.3, 5000, seed), seed);
        held += usize::from(evidence.iter().find(|e| e.assumption == PURE).unwrap().verdict == Verdict::Supported);
    }
    assert!(held >= 8, "{held} of 10 supported");
}

#[test]
fn rare_values_do_not_stop_the_choice_of_the_tolerance() {
    let x = data(&pure_loadings(2, 2, 1), 0.3, 400, 1);
    let with_rare = |rows: usize| {
        let mut values = Array2::zeros((400, 9));
        values.slice_mut(ndarray::s![.., ..8]).assign(&x.x());
        values.slice_mut(ndarray::s![..rows, 8]).fill(1.0);
        Observations::unnamed(values).unwrap()
    };
    let estimator = LoveParams::default().build().unwrap();
    // half of the splits have both rows in one half
    assert_eq!(estimator.fit(&with_rare(2), &mut Run::new(1)).unwrap().model.components(), 2);
    let error = estimator.fit(&with_rare(1), &mut Run::new(1)).unwrap_err().to_string();
    assert!(error.contains("set `delta`"), "{error}");
    let given = LoveParams { delta: Some(0.5), ..Default::default() };
    assert!(given.build().unwrap().fit(&with_rare(1), &mut Run::new(1)).is_ok());
}

#[test]
fn units_of_any_size_leave_the_evidence_as_it_is() {
    let x = data(&pure_loadings(2, 2, 1), 0.3, 2000, 1);
    let (_, plain, _) = fit(&x, 1);
    for unit in [1e-100, 1e100] {
        let (_, evidence, _) = fit(&x.map(|v| v * unit).unwrap(), 1);
        let verdicts = |of: &[Evidence]| of.iter().map(|e| (e.assumption, e.verdict)).collect::<Vec<_>>();
        assert_eq!(verdicts(&evidence), verdicts(&plain), "{unit}");
    }
}
