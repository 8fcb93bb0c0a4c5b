//! Factor analysis of more columns than rows: the same likelihood, without correlations that have an inverse.

use crate::factor_models::distance;
use ndarray::{Array1, Array2, Axis, s};
use rand_distr::{Distribution, StandardNormal};
use unmix_core::{
    Class, DataError, Evidence, Fit, Fitted, Generate, Infer, LogDensity, Observations, Params, Run, Seed, Verdict, identified,
};
use unmix_linear::{FactorAnalysisParams, FactorModel, LinearError, Rotation};
use unmix_testkit::Golden;

fn params(components: usize) -> FactorAnalysisParams {
    FactorAnalysisParams { components: Some(components), rotation: Rotation::None, ..Default::default() }
}

fn fit(params: FactorAnalysisParams, x: &Array2<f64>) -> Fitted<FactorModel> {
    params.build().unwrap().fit(&Observations::unnamed(x.clone()).unwrap(), &mut Run::new(1)).unwrap()
}

/// `[rows, columns]` of two factors that every variable loads on, with noise of a third of its variance or more.
pub fn shared(rows: usize, columns: usize, seed: u64) -> Observations {
    let mut stream = Seed(seed).stream("test-wide", 0);
    let mut normal = |shape| -> Array2<f64> { Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream)) };
    let (z, loadings, noise) = (normal((rows, 2)), normal((2, columns)), normal((rows, columns)));
    Observations::unnamed(z.dot(&loadings) + noise + 3.0).unwrap()
}

fn verdict<'a>(evidence: &'a [Evidence], assumption: &str) -> &'a Evidence {
    evidence.iter().find(|e| e.assumption.contains(assumption)).unwrap()
}

#[test]
fn log_likelihood_uniqueness_and_reconstruction_equal_scikit_learn() {
    let golden = Golden::read("factor-analysis/wide.json").unwrap();
    let x = golden.matrix("/x").unwrap();
    assert_eq!(x.dim(), (60, 150));
    for components in 1..=3 {
        let at = |key: &str| format!("/fits/{}/{key}", components - 1);
        let fitted = fit(params(components), &x);
        assert!(fitted.stop.converged() && fitted.warnings.is_empty(), "{:?} {:?}", fitted.stop, fitted.warnings);
        let (ours, theirs) = (fitted.objective.unwrap(), golden.number(&at("log_likelihood")).unwrap());
        assert!((ours - theirs).abs() < 1e-10 * theirs.abs(), "{components}: {ours} against {theirs}");
        assert!(ours > theirs - 1e-12 * theirs.abs());
        let densities = fitted.model.log_density(x.view()).unwrap();
        assert!((densities.mean().unwrap() - ours).abs() < 1e-12 * ours.abs());
        let uniqueness = golden.vector(&at("uniqueness")).unwrap();
        assert!((&fitted.model.uniqueness - &uniqueness).iter().all(|v| v.abs() < 1e-5));
        let rows = x.slice(s![..3, ..]);
        let again = fitted.model.generate(fitted.model.infer(rows).unwrap().view()).unwrap();
        assert!(distance(&again, &golden.matrix(&at("reconstruction")).unwrap()) < 1e-5);
    }
}

#[test]
fn the_number_of_factors_is_found() {
    for seed in 0..5 {
        let x = shared(50, 120, seed);
        let fitted = FactorAnalysisParams::default().build().unwrap().fit(&x, &mut Run::new(seed)).unwrap();
        assert_eq!(fitted.model.components(), 2, "seed {seed}");
        assert!(fitted.stop.converged());
    }
}

#[test]
fn loadings_are_recovered_as_the_columns_grow() {
    for seed in 0..5 {
        let mut stream = Seed(seed).stream("test-recovery", 0);
        let mut normal = |shape| -> Array2<f64> { Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut stream)) };
        let (z, loadings, noise) = (normal((150, 2)), normal((400, 2)), normal((150, 400)));
        let x = z.dot(&loadings.t()) + noise;
        let fitted = fit(params(2), &x);
        // the codes up to an invertible map: what a regression of the true codes on the inferred ones leaves, which is their posterior variance,
        // 1/401 on average, and what errors of the loadings add
        let z = &z - &z.mean_axis(Axis(0)).unwrap();
        let codes = fitted.model.infer(x.view()).unwrap();
        let map = unmix_numerics::solve_spd(codes.t().dot(&codes).view(), codes.t().dot(&z).view()).unwrap();
        let left = (&z - &codes.dot(&map)).mapv(|v| v * v).sum() / z.mapv(|v| v * v).sum();
        assert!(left < 0.01, "seed {seed}: {left}");
        // variances of the noise: each is known to √(2/150) = 0.12 of itself
        let mean = fitted.model.uniqueness.mean().unwrap();
        assert!((mean - 1.0).abs() < 0.05, "seed {seed}: {mean}");
        assert!(fitted.model.uniqueness.iter().all(|v| (v - 1.0).abs() < 0.6), "seed {seed}");
    }
}

#[test]
fn evidence_says_what_wide_data_cannot_tell() {
    let x = shared(30, 60, 1);
    let estimator = params(2).build().unwrap();
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    let shares = verdict(&evidence, "share variance");
    assert_eq!(shares.verdict, Verdict::Untestable);
    assert!(shares.p_value.unwrap() < 1e-10 && shares.detail.contains("needs more rows than columns"), "{}", shares.detail);
    let enough = verdict(&evidence, "number of factors");
    assert_eq!((enough.verdict, enough.p_value), (Verdict::Untestable, None));
    assert!(enough.detail.contains("no more than the columns"), "{}", enough.detail);
    for assumption in ["enough for the parameters", "determine the uniquenesses", "noise of its own"] {
        assert_eq!(verdict(&evidence, assumption).verdict, Verdict::Supported, "{assumption}");
    }
    assert_eq!(estimator.claim().class, Class::Orthogonal);
    assert_eq!(identified(&estimator.claim(), &evidence), None);
    assert_eq!(estimator.screen(&x, Seed(1))[0].verdict, Verdict::Untestable);
}

#[test]
fn independent_wide_variables_share_nothing() {
    // a test at 5 % lets about 3 of 60 pass, and 12 with probability 1e-5; few parallel analyses at 5 % find a factor
    let estimator = FactorAnalysisParams::default().build().unwrap();
    let (mut passed, mut fitted) = (0, 0);
    for seed in 0..60 {
        let mut stream = Seed(seed).stream("test-noise", 0);
        let x = Array2::from_shape_simple_fn((20, 40), || StandardNormal.sample(&mut stream));
        let x = Observations::unnamed(x).unwrap();
        passed += usize::from(estimator.screen(&x, Seed(1))[0].verdict != Verdict::Refuted);
        if seed < 20 {
            match estimator.fit(&x, &mut Run::new(seed)) {
                Ok(_) => fitted += 1,
                Err(error) => assert!(matches!(error, LinearError::NoFactors), "{error}"),
            }
        }
    }
    assert!(passed < 12, "{passed} of 60 pass");
    assert!(fitted < 7, "{fitted} of 20 are fitted");
}

#[test]
fn a_factor_on_two_of_many_variables_is_refuted() {
    let model = fit(params(2), &shared(30, 60, 1).x().to_owned()).model;
    let mut doublet = FactorModel { loadings: Array2::zeros((60, 2)), uniqueness: Array1::ones(60), ..model };
    doublet.loadings.slice_mut(s![.., 0]).fill(0.7);
    doublet.loadings.slice_mut(s![58.., 1]).fill(0.7);
    let x = shared(30, 60, 1);
    let evidence = params(2).build().unwrap().evidence(&x, &doublet, &mut Run::new(1)).unwrap();
    assert_eq!(verdict(&evidence, "determine the uniquenesses").verdict, Verdict::Refuted);
}

#[test]
fn units_and_threads_do_not_matter() {
    let x = shared(25, 40, 9);
    let here = fit(params(2), &x.x().to_owned()).model;
    let there = fit(params(2), &(&x.x() * 1000.0)).model;
    assert!(distance(&there.standardized_loadings(), &here.standardized_loadings()) < 1e-6);
    let with = |threads| {
        let mut run = Run::new(5).with_threads(threads).unwrap();
        FactorAnalysisParams::default().build().unwrap().fit(&x, &mut run).unwrap().model
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn bad_wide_data_are_refused_by_name() {
    let good = shared(10, 20, 1).x().to_owned();
    let refusal =
        |k: usize, x: Array2<f64>| params(k).build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut Run::new(1)).unwrap_err();
    let many = refusal(9, good.clone());
    assert!(matches!(many, LinearError::Data(DataError::TooFewRows { needed: 11, found: 10, .. })), "{many}");
    let mut x = good.clone();
    x.column_mut(3).fill(2.5);
    assert!(refusal(1, x).to_string().contains("\"x4\" is constant (2.5"));
    let mut x = good.clone();
    let copy = x.column(1).to_owned();
    x.column_mut(5).assign(&copy);
    assert!(refusal(1, x).to_string().contains("\"x6\" repeats \"x2\""));
    let huge = refusal(1, good * 1e200);
    assert!(matches!(huge, LinearError::Variance { .. }), "{huge}");
}
