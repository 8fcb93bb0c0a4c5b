//! Recovery where the assumptions hold, refusal and honesty where they do not.

use crate::factor_models::{dense_loadings, distance, holzinger, matched_congruence, simple_loadings, simulate};
use ndarray::{Array2, Axis, array, s};
use rand_distr::{Distribution, StandardNormal};
use std::ops::ControlFlow;
use unmix_core::{
    Class, DataError, Fault, Fit, Fitted, Generate, Infer, Kind, Load, LogDensity, Model, Observations, Params, Progress, Run, Sample,
    Seed, Stop, Verdict, identified,
};
use unmix_linear::{
    Correlation, FactorAnalysisParams, FactorModel, LinearError, METHODS, Rotation, Scores, empirical_kaiser, kaiser_meyer_olkin,
    minimum_average_partial, most_factors, parallel_analysis,
};
use unmix_numerics::{inverse_spd, log_det_spd, moments};
use unmix_testkit::Conformance;

fn params(components: usize) -> FactorAnalysisParams {
    FactorAnalysisParams { components: Some(components), ..Default::default() }
}

fn fit(params: FactorAnalysisParams, x: &Array2<f64>) -> Fitted<FactorModel> {
    let x = Observations::unnamed(x.clone()).unwrap();
    params.build().unwrap().fit(&x, &mut Run::new(1)).unwrap()
}

fn refusal(params: FactorAnalysisParams, x: Array2<f64>) -> LinearError {
    params.build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut Run::new(1)).unwrap_err()
}

#[test]
fn recovers_covariance_uniqueness_and_loadings_up_to_rotation() {
    for (loadings, seed) in [simple_loadings(), dense_loadings()].iter().flat_map(|l| (0..10).map(move |s| (l, s))) {
        let (x, uniqueness, units) = simulate(loadings, 20_000, seed);
        let fitted = fit(params(3), &x);
        assert!(fitted.stop.converged(), "{:?}", fitted.stop);
        let model = fitted.model;
        let scale = &units.view().insert_axis(Axis(1)) * &units;
        let truth = loadings.dot(&loadings.t()) + Array2::from_diag(&uniqueness);
        assert!(distance(&(model.covariance() / &scale), &truth) < 0.05, "seed {seed}");
        assert!((&model.uniqueness / &units.mapv(|u| u * u) - &uniqueness).iter().all(|v| v.abs() < 0.06), "seed {seed}");
        // free of rotation
        let ours = &model.loadings / &units.view().insert_axis(Axis(1));
        assert!(distance(&ours.dot(&ours.t()), &loadings.dot(&loadings.t())) < 0.06, "seed {seed}");
    }
}

#[test]
fn varimax_finds_simple_loadings_and_not_dense_ones() {
    for seed in 0..10 {
        let (x, _, units) = simulate(&simple_loadings(), 5_000, seed);
        let model = fit(params(3), &x).model;
        let ours = &model.loadings / &units.view().insert_axis(Axis(1));
        assert!(matched_congruence(&ours, &simple_loadings()) > 0.99, "seed {seed}");

        // the fit is as good, the rotation is another
        let (x, uniqueness, units) = simulate(&dense_loadings(), 5_000, seed);
        let fitted = fit(params(3), &x);
        let ours = &fitted.model.loadings / &units.view().insert_axis(Axis(1));
        assert!(matched_congruence(&ours, &dense_loadings()) < 0.9, "seed {seed}");
        let truth = FactorModel {
            mean: fitted.model.mean.clone(),
            loadings: dense_loadings() * units.view().insert_axis(Axis(1)),
            uniqueness: uniqueness * units.mapv(|u| u * u),
            ..fitted.model.clone()
        };
        let gain = fitted.objective.unwrap() - truth.log_density(x.view()).unwrap().mean().unwrap();
        // twice n times the gain is chi-squared with as many degrees of freedom as free parameters, 45: below 120 at 1e-8
        assert!(gain > 0.0 && 2.0 * 5_000.0 * gain < 120.0, "seed {seed}: {gain}");
    }
}

#[test]
fn claims_a_rotation_and_no_more() {
    for rotation in [Rotation::None, Rotation::Varimax] {
        let claim = FactorAnalysisParams { rotation, ..Default::default() }.build().unwrap().claim();
        assert_eq!(claim.class, Class::Orthogonal);
    }
    let (x, _, _) = simulate(&simple_loadings(), 2_000, 4);
    let x = Observations::unnamed(x).unwrap();
    let estimator = params(3).build().unwrap();
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    assert_eq!(identified(&estimator.claim(), &evidence), Some(true), "{evidence:#?}");
    assert_eq!(estimator.screen(&x, Seed(1))[0].verdict, Verdict::Supported);
}

#[test]
fn evidence_refutes_too_few_factors_and_a_factor_on_two_variables() {
    let (x, _, _) = simulate(&simple_loadings(), 2_000, 5);
    let x = Observations::unnamed(x).unwrap();
    let estimator = params(2).build().unwrap();
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    assert!(evidence.iter().any(|e| e.verdict == Verdict::Refuted && e.p_value.is_some_and(|p| p < 1e-6)));

    // a factor on two variables: only the product of its loadings is determined
    let mut doublet = FactorModel { loadings: Array2::zeros((6, 2)), ..fit(params(2), &simulate(&simple_loadings(), 500, 1).0).model };
    doublet.loadings.slice_mut(s![..4, 0]).fill(0.7);
    doublet.loadings.slice_mut(s![4.., 1]).fill(0.7);
    doublet.uniqueness = doublet.loadings.map_axis(Axis(1), |row| 1.0 - row.dot(&row));
    doublet.mean = ndarray::Array1::zeros(6);
    doublet.sd = ndarray::Array1::ones(6);
    let sample = Observations::unnamed(doublet.sample(2_000, Seed(3)).unwrap()).unwrap();
    let evidence = estimator.evidence(&sample, &doublet, &mut run).unwrap();
    let determined = evidence.iter().find(|e| e.assumption == "the loadings of every factor determine the uniquenesses").unwrap();
    assert_eq!(determined.verdict, Verdict::Refuted, "{determined:?}");
}

#[test]
fn uncorrelated_variables_have_no_factor() {
    // both rules have a level of 5 %: of 60 sets about 3 escape each, and 12 do with probability 1e-5
    let estimator = FactorAnalysisParams::default().build().unwrap();
    let (mut fitted, mut screened) = (0, 0);
    for seed in 0..60 {
        let x = Observations::unnamed(simulate(&Array2::zeros((8, 1)), 500, seed).0).unwrap();
        match estimator.fit(&x, &mut Run::new(seed)) {
            Ok(_) => fitted += 1,
            Err(error) => {
                assert!(matches!(error, LinearError::NoFactors), "{error}");
                assert_eq!(Fault::from(error).kind(), Kind::Data);
            }
        }
        screened += usize::from(estimator.screen(&x, Seed(seed))[0].verdict == Verdict::Supported);
    }
    assert!(fitted < 12 && screened < 12, "{fitted} fitted, {screened} pass the screen");
}

#[test]
fn evidence_of_the_factor_count_has_its_level() {
    // 400 data sets of a true model: the test at 5 % refutes about 20, and not 40 (a binomial tail of 1e-5)
    let loadings = simple_loadings();
    let estimator = params(3).build().unwrap();
    let refuted = (0..400)
        .filter(|&seed| {
            let x = Observations::unnamed(simulate(&loadings, 300, 1_000 + seed).0).unwrap();
            let model = estimator.fit(&x, &mut Run::new(1)).unwrap().model;
            let evidence = estimator.evidence(&x, &model, &mut Run::new(1)).unwrap();
            evidence.iter().any(|e| e.assumption == "this number of factors explains all correlations" && e.verdict == Verdict::Refuted)
        })
        .count();
    assert!((5..40).contains(&refuted), "{refuted} of 400");
}

#[test]
fn heywood_case_names_the_variable() {
    // x3 is the factor itself
    let mut stream = Seed(8).stream("test", 0);
    let mut x: Array2<f64> = Array2::from_shape_simple_fn((500, 5), || StandardNormal.sample(&mut stream));
    let cause = x.column(2).to_owned();
    for j in [0, 1, 3, 4] {
        x.column_mut(j).scaled_add(1.0, &cause);
    }
    let fitted = fit(params(1), &x);
    let warning = fitted.warnings.iter().find(|w| w.code == "heywood-case").unwrap();
    assert!(warning.text.contains("\"x3\"") && !warning.text.contains("\"x1\""), "{}", warning.text);
    assert!((fitted.model.standardized_uniqueness()[2] - 0.005).abs() < 1e-9);
    let x = Observations::unnamed(x).unwrap();
    let evidence = params(1).build().unwrap().evidence(&x, &fitted.model, &mut Run::new(1)).unwrap();
    assert!(evidence.iter().any(|e| e.assumption == "every variable has noise of its own" && e.verdict == Verdict::Refuted));
}

#[test]
fn bad_data_are_refused_by_name() {
    let good = holzinger().x().to_owned();
    // no more rows than columns are wide data, whose likelihood bounds the factors
    let few = refusal(params(3), good.slice(s![..4, ..]).to_owned());
    assert!(matches!(few, LinearError::Data(DataError::TooFewRows { needed: 5, found: 4, .. })), "{few}");

    let mut x = good.clone();
    x.column_mut(3).fill(2.5);
    let error = refusal(params(1), x).to_string();
    assert!(error.contains("\"x4\" is constant (2.5"), "{error}");

    let mut x = good.clone();
    let copy = x.column(1).to_owned();
    x.column_mut(5).assign(&copy);
    let error = refusal(params(1), x).to_string();
    assert!(error.contains("\"x6\" repeats \"x2\""), "{error}");

    let mut x = good.clone();
    let sum = &x.column(0) + &x.column(4);
    x.column_mut(8).assign(&sum);
    let error = refusal(params(1), x).to_string();
    assert!(error.contains("\"x9\" is a linear combination of \"x1\", \"x5\""), "{error}");

    let many = refusal(params(6), good.clone());
    assert!(matches!(many, LinearError::Data(DataError::TooManyComponents { asked: 6, most: 5, .. })), "{many}");
    let narrow = refusal(FactorAnalysisParams::default(), good.slice(s![.., ..2]).to_owned());
    assert!(matches!(narrow, LinearError::Data(DataError::TooManyComponents { asked: 1, most: 0, .. })), "{narrow}");
    let huge = refusal(params(1), good * 1e200);
    assert!(matches!(huge, LinearError::Variance { .. }), "{huge}");
}

#[test]
fn bad_parameters_are_all_named() {
    let params = FactorAnalysisParams { components: Some(0), starts: 0, tolerance: f64::NAN, max_iterations: 0, ..Default::default() };
    let text = params.build().err().unwrap().to_string();
    for field in ["components", "starts", "tolerance", "max_iterations"] {
        assert!(text.contains(field), "{text}");
    }
}

#[test]
fn too_few_iterations_and_cancelling_are_facts_of_the_fit() {
    let short = fit(FactorAnalysisParams { max_iterations: 1, ..params(2) }, &holzinger().x().to_owned());
    assert_eq!(short.stop, Stop::MaxIterations);
    assert_eq!(short.converged().unwrap_err().iterations, 1);

    let mut run = Run::new(1).observed(|p: &Progress<'_>| if p.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let cancelled = params(2).build().unwrap().fit(&holzinger(), &mut run).unwrap();
    assert_eq!(cancelled.stop, Stop::Cancelled);
}

#[test]
fn inferring_what_was_generated_returns_codes_or_shrinks_them() {
    let x = holzinger().x().to_owned();
    let z = array![[1.0, -2.0, 0.5], [0.0, 0.3, 3.0]];
    let bartlett = fit(FactorAnalysisParams { scores: Scores::Bartlett, ..params(3) }, &x).model;
    let again = bartlett.infer(bartlett.generate(z.view()).unwrap().view()).unwrap();
    assert!(distance(&again, &z) < 1e-12);

    let regression = fit(params(3), &x).model;
    let again = regression.infer(regression.generate(z.view()).unwrap().view()).unwrap();
    let length = |m: &Array2<f64>, i: usize| m.row(i).dot(&m.row(i));
    assert!((0..2).all(|i| length(&again, i) < 0.95 * length(&z, i) && length(&again, i) > 0.3 * length(&z, i)));
    // posterior mean by the textbook: Λᵀ Σ⁻¹ (x - mean)
    let expected = (&x - &regression.mean).dot(&inverse_spd(regression.covariance().view()).unwrap()).dot(&regression.loadings);
    assert!(distance(&regression.infer(x.view()).unwrap(), &expected) < 1e-12);
}

#[test]
fn density_is_the_gaussian_and_samples_follow_it() {
    let model = fit(params(3), &holzinger().x().to_owned()).model;
    let sample = model.sample(200_000, Seed(9)).unwrap();
    let moments = moments(sample.view());
    // five standard errors of a mean and of a covariance
    let variance = model.covariance().diag().to_owned();
    for i in 0..9 {
        assert!((moments.mean[i] - model.mean[i]).abs() < 5.0 * (variance[i] / 2e5).sqrt());
        for j in 0..9 {
            let c = model.covariance()[[i, j]];
            let error = ((variance[i] * variance[j] + c * c) / 2e5).sqrt();
            assert!((moments.covariance[[i, j]] - c).abs() < 5.0 * error);
        }
    }
    let x = sample.slice(s![..5, ..]);
    let centred = &x - &model.mean;
    let quadratic = (centred.dot(&inverse_spd(model.covariance().view()).unwrap()) * &centred).sum_axis(Axis(1));
    let constant = 9.0 * std::f64::consts::TAU.ln() + log_det_spd(model.covariance().view()).unwrap();
    let expected = quadratic.mapv(|q| -0.5 * (q + constant));
    assert!((model.log_density(x).unwrap() - expected).iter().all(|v| v.abs() < 1e-11));
}

#[test]
fn scores_are_the_least_squares_or_shrunken_ones_in_units_of_x() {
    // a change of units changes loadings in proportion and leaves codes and discrepancy alone
    let x = holzinger().x().to_owned();
    let here = fit(params(3), &x).model;
    let there = fit(params(3), &(&x * 1000.0)).model;
    assert!(distance(&there.loadings, &(&here.loadings * 1000.0)) < 1e-3);
    assert!(distance(&there.standardized_loadings(), &here.standardized_loadings()) < 1e-6);
    assert!(distance(&there.infer((&x * 1000.0).view()).unwrap(), &here.infer(x.view()).unwrap()) < 1e-5);
}

#[test]
fn saved_models_come_back_bit_for_bit() {
    let model = fit(params(2), &holzinger().x().to_owned()).model;
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_eq!(FactorModel::load(folder.path()).unwrap(), model);
}

#[test]
fn threads_do_not_change_a_bit() {
    let (x, _, _) = simulate(&simple_loadings(), 3_000, 2);
    let x = Observations::unnamed(x).unwrap();
    let with = |threads| {
        let mut run = Run::new(5).with_threads(threads).unwrap();
        let model = FactorAnalysisParams::default().build().unwrap().fit(&x, &mut run).unwrap().model;
        let correlation = Correlation::of(&x).unwrap();
        (model, run.in_pool(|run| parallel_analysis(&correlation, 200, 0.95, run.seed)).unwrap())
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn conforms() {
    let method = METHODS.iter().find(|m| m.name == "factor-analysis").unwrap();
    Conformance::of(method, holzinger()).linear(1e-5).assert();
}

#[test]
fn three_rules_find_the_number_of_factors() {
    for (loadings, factors) in [(simple_loadings(), 3), (simple_loadings().slice(s![..8, ..2]).to_owned(), 2)] {
        for seed in 0..5 {
            let x = Observations::unnamed(simulate(&loadings, 1_000, seed).0).unwrap();
            let correlation = Correlation::of(&x).unwrap();
            let parallel = parallel_analysis(&correlation, 200, 0.95, Seed(seed)).unwrap();
            assert_eq!(parallel.retained, factors, "seed {seed}");
            assert!(parallel.mean.iter().zip(&parallel.band).all(|(m, b)| m < b));
            assert_eq!(empirical_kaiser(&correlation).unwrap(), factors, "seed {seed}");
            assert_eq!(minimum_average_partial(correlation.r.view()).unwrap(), factors, "seed {seed}");
        }
    }
    // nothing in common: none, where programs that start the minimum average partial at one say one
    let x = Observations::unnamed(simulate(&Array2::zeros((8, 1)), 1_000, 3).0).unwrap();
    assert_eq!(minimum_average_partial(Correlation::of(&x).unwrap().r.view()).unwrap(), 0);
}

#[test]
fn parallel_analysis_simulates_what_drawn_data_have() {
    // the band against eigenvalues of Gaussian tables that are actually drawn
    let (rows, columns, tables) = (60, 5, 600);
    let mut stream = Seed(4).stream("test-tables", 0);
    let mut largest = Vec::new();
    let mut correlation = None;
    for _ in 0..tables {
        let x = Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut stream));
        let c = Correlation::of(&Observations::unnamed(x).unwrap()).unwrap();
        largest.push(unmix_numerics::symmetric_eigen(c.r.view()).unwrap().values[0]);
        correlation = Some(c);
    }
    let analysis = parallel_analysis(&correlation.unwrap(), 4_000, 0.95, Seed(1)).unwrap();
    let above = largest.iter().filter(|v| **v > analysis.band[0]).count();
    // binomial(600, 0.05): 30, standard deviation 5.3
    assert!((9..=55).contains(&above), "{above} of {tables}");
    let mean = largest.iter().sum::<f64>() / f64::from(tables);
    let sd = (largest.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(tables)).sqrt();
    assert!((mean - analysis.mean[0]).abs() < 5.0 * sd / f64::from(tables).sqrt());
    assert!(parallel_analysis(&Correlation::of(&holzinger()).unwrap(), 0, 0.95, Seed(1)).is_err());
}

#[test]
fn ledermann_bound_is_where_degrees_of_freedom_end() {
    // (d - k)² ≥ d + k, in integers
    let determined = |d: usize, k: usize| d >= k && (d - k).pow(2) >= d + k;
    for d in 3..60 {
        let most = most_factors(d);
        assert!(most > 0 && determined(d, most) && !determined(d, most + 1), "{d}");
    }
    assert_eq!([1, 2, 3, 6, 9].map(most_factors), [0, 0, 1, 3, 5]);
}

#[test]
fn suitability_is_low_for_pairs() {
    // variables correlated in pairs share no factor: every partial correlation equals the correlation
    let mut r = Array2::<f64>::eye(6);
    for pair in 0..3 {
        r[[2 * pair, 2 * pair + 1]] = 0.6;
        r[[2 * pair + 1, 2 * pair]] = 0.6;
    }
    let kmo = kaiser_meyer_olkin(r.view()).unwrap();
    assert!((kmo.overall - 0.5).abs() < 1e-12);
}

#[test]
fn as_many_correlations_as_parameters_leave_it_open() {
    let loadings = Array2::from_shape_fn((6, 3), |(j, k)| 0.1 + 0.6 * f64::from(u8::from(j / 2 == k)) + 0.02 * ((j * (k + 2)) % 5) as f64);
    let (x, _, _) = simulate(&loadings, 500, 1);
    let x = Observations::unnamed(x).unwrap();
    let estimator = params(3).build().unwrap();
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    let counted = evidence.iter().find(|e| e.assumption == "there are correlations enough for the parameters").unwrap();
    assert_eq!((counted.verdict, counted.margin), (Verdict::Untestable, Some(0.0)));
}
