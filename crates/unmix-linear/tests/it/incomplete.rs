//! Factor analysis of tables with missing values: equal to the complete fit where nothing is missing, to lavaan's where values are, and unbiased
//! where deleting rows is not.

use crate::factor_models::{distance, holzinger, simple_loadings, simulate};
use ndarray::{Array1, Array2, Axis, array, s};
use rand::RngExt;
use std::ops::ControlFlow;
use unmix_core::{
    DataError, Evidence, Failure, Fit, Fitted, Incomplete, Infer, Kind, LogDensity, Observations, Params, Progress, Run, Seed, Stop,
    Verdict,
};
use unmix_linear::{
    Extraction, FactorAnalysisParams, FactorModel, IncompleteFactorAnalysis, IncompleteFactorAnalysisParams, LinearError, Rotation, Scores,
};
use unmix_testkit::Golden;

fn params(components: usize) -> FactorAnalysisParams {
    FactorAnalysisParams { components: Some(components), rotation: Rotation::None, ..Default::default() }
}

fn estimator(params: FactorAnalysisParams) -> IncompleteFactorAnalysis {
    IncompleteFactorAnalysisParams(params).build().unwrap()
}

fn fit(params: FactorAnalysisParams, x: &Array2<f64>) -> Fitted<FactorModel> {
    estimator(params).fit(&Incomplete::unnamed(x.clone()).unwrap(), &mut Run::new(1)).unwrap()
}

fn evidence(params: FactorAnalysisParams, x: &Array2<f64>) -> Vec<Evidence> {
    let (estimator, x, mut run) = (estimator(params), Incomplete::unnamed(x.clone()).unwrap(), Run::new(1));
    let model = estimator.fit(&x, &mut run).unwrap().model;
    estimator.evidence(&x, &model, &mut run).unwrap()
}

fn verdict<'a>(evidence: &'a [Evidence], assumption: &str) -> &'a Evidence {
    evidence.iter().find(|e| e.assumption.contains(assumption)).unwrap()
}

/// Each value missing with this probability.
fn at_random(x: &Array2<f64>, share: f64, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("test-missing", 0);
    x.mapv(|v| if stream.random::<f64>() < share { f64::NAN } else { v })
}

/// The variables after the first are missing in most rows in which the first, which is always there, is above its mean.
fn by_the_first(x: &Array2<f64>, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("test-missing", 0);
    let mut x = x.clone();
    for mut row in x.rows_mut() {
        if row[0] > 0.0 && stream.random::<f64>() < 0.8 {
            row.slice_mut(s![1..]).iter_mut().step_by(2).for_each(|v| *v = f64::NAN);
        }
    }
    x
}

#[test]
fn with_nothing_missing_it_is_the_complete_fit() {
    let x = holzinger();
    for (components, rotation) in [(1, Rotation::None), (2, Rotation::None), (3, Rotation::None), (3, Rotation::Quartimin)] {
        let params = FactorAnalysisParams { rotation, ..params(components) };
        let complete = params.clone().build().unwrap().fit(&x, &mut Run::new(1)).unwrap();
        let incomplete = fit(params, &x.x().to_owned());
        assert!(incomplete.stop.converged() && incomplete.warnings == complete.warnings, "{:?} {:?}", incomplete.stop, incomplete.warnings);
        assert!((complete.objective.unwrap() - incomplete.objective.unwrap()).abs() < 1e-11 * complete.objective.unwrap().abs());
        let (here, there) = (complete.model, incomplete.model);
        assert!(distance(&here.loadings, &there.loadings) < 1e-6, "{components} {}", distance(&here.loadings, &there.loadings));
        assert!((&here.uniqueness - &there.uniqueness).iter().all(|v| v.abs() < 1e-6));
        assert!((&here.mean - &there.mean).iter().chain(&(&here.sd - &there.sd)).all(|v| v.abs() < 1e-6));
        assert!(distance(&here.unmixing, &there.unmixing) < 1e-6);
    }
    // and so is the number of factors
    assert_eq!(fit(FactorAnalysisParams::default(), &x.x().to_owned()).model.components(), 3);
}

/// One factor of thinned Holzinger data; which entries are missing is the arithmetic of `generate.R`.
#[test]
fn one_factor_equals_lavaan() {
    let golden = Golden::read("fiml/fiml.json").unwrap();
    for (case, columns, modulus) in [(0, 0..9, 5), (1, 0..9, 13), (2, 3..9, 3)] {
        let at = |key: &str| format!("/fits/{case}/{key}");
        let mut x = holzinger().x().to_owned();
        for ((i, j), value) in x.indexed_iter_mut() {
            let (i, j) = (i + 1, j + 1);
            if (7 * i + 11 * j + i * i * j) % modulus == 0 {
                *value = f64::NAN;
            }
        }
        let x = x.slice(s![.., columns]).to_owned();
        let rows: Vec<usize> = (0..x.nrows()).filter(|&i| x.row(i).iter().any(|v| !v.is_nan())).collect();
        let x = x.select(Axis(0), &rows);
        let fitted = fit(params(1), &x);
        assert!(fitted.stop.converged());
        let ours = fitted.objective.unwrap() * x.nrows() as f64;
        let theirs = golden.number(&at("fit/logl")).unwrap();
        assert!((ours - theirs).abs() < 1e-9 * theirs.abs(), "{case}: {ours} against {theirs}");
        // lavaan ends at a gradient of 1e-6
        for (ours, key) in [
            (fitted.model.loadings.column(0).to_owned(), "loadings"),
            (fitted.model.uniqueness.clone(), "uniqueness"),
            (fitted.model.mean.clone(), "mean"),
        ] {
            let theirs = golden.vector(&at(key)).unwrap();
            assert!((&ours - &theirs).iter().all(|v| v.abs() < 1e-5), "{case} {key}: {ours} against {theirs}");
        }
        // the test against all correlations
        let estimator = estimator(params(1));
        let table = Incomplete::unnamed(x).unwrap();
        let evidence = estimator.evidence(&table, &fitted.model, &mut Run::new(1)).unwrap();
        let enough = verdict(&evidence, "number of factors");
        let chi_squared = golden.number(&at("fit/chisq")).unwrap();
        assert!(
            enough.detail.contains(&format!("chi-squared {chi_squared:.1} on {} degrees", golden.number(&at("fit/df")).unwrap())),
            "{}",
            enough.detail
        );
        assert_eq!(enough.verdict, Verdict::Refuted);
    }
}

#[test]
fn loadings_return_though_values_are_missing_at_random() {
    let truth = simple_loadings();
    for seed in 0..2 {
        let (x, uniqueness, units) = simulate(&truth, 2_000, seed);
        for thinned in [at_random(&x, 0.3, seed), by_the_first(&x, seed)] {
            let fitted = fit(params(3), &thinned);
            assert!(fitted.stop.converged(), "{:?}", fitted.stop);
            let ours = &fitted.model.loadings / &units.view().insert_axis(Axis(1));
            assert!(distance(&ours.dot(&ours.t()), &truth.dot(&truth.t())) < 0.2, "seed {seed}");
            assert!((&fitted.model.uniqueness / &units.mapv(|u| u * u) - &uniqueness).iter().all(|v| v.abs() < 0.2), "seed {seed}");
            // a mean of 2 000 values has a standard error of 0.022, of a third of them 0.039
            assert!((&fitted.model.mean / &units).iter().all(|v| v.abs() < 0.18), "seed {seed}: {}", &fitted.model.mean / &units);
        }
    }
}

/// Rows deleted because of what they miss leave the others with a smaller first variable, and so smaller means and loadings of its factor.
#[test]
fn deleting_rows_is_biased_where_this_is_not() {
    let truth = simple_loadings();
    for seed in 0..4 {
        let (x, _, units) = simulate(&truth, 4_000, seed);
        let thinned = by_the_first(&x, seed);
        let deleted = Incomplete::unnamed(thinned.clone()).unwrap().complete_rows().unwrap();
        let deletion = params(3).build().unwrap().fit(&deleted, &mut Run::new(1)).unwrap().model;
        let em = fit(params(3), &thinned).model;
        let first = |model: &FactorModel| {
            let loadings = &model.loadings / &units.view().insert_axis(Axis(1));
            (model.mean[1] / units[1], loadings.row(0).dot(&loadings.row(1)))
        };
        let ((mean, covariance), (mean_em, covariance_em)) = (first(&deletion), first(&em));
        // the truth: mean 0, covariance 0.9 · 0.8
        assert!(mean < -0.2 && covariance < 0.57, "seed {seed}: {mean} {covariance}");
        assert!(mean_em.abs() < 0.1 && (covariance_em - 0.72).abs() < 0.1, "seed {seed}: {mean_em} {covariance_em}");
    }
}

#[test]
fn little_tells_dependence_on_observed_values_from_none() {
    let (mut refuted_random, mut refuted_dependent) = (0, 0);
    for seed in 0..20 {
        let (x, _, _) = simulate(&simple_loadings().slice(s![..8, ..2]).to_owned(), 300, seed);
        for (thinned, refuted) in [(at_random(&x, 0.05, seed), &mut refuted_random), (by_the_first(&x, seed), &mut refuted_dependent)] {
            let evidence = evidence(params(2), &thinned);
            let missing = verdict(&evidence, "observed values alone");
            assert_eq!((missing.verdict, missing.p_value), (Verdict::Untestable, None));
            *refuted += usize::from(missing.detail.contains("refutes that"));
            assert_eq!(verdict(&evidence, "share variance").verdict, Verdict::Supported);
        }
    }
    // at 5 %, 6 of 20 or more with probability 3e-4
    assert!(refuted_random < 6, "{refuted_random} of 20");
    assert_eq!(refuted_dependent, 20);
}

#[test]
fn evidence_is_that_of_complete_data_where_it_can_be() {
    let (x, _, _) = simulate(&simple_loadings(), 1_000, 3);
    let complete = evidence(params(3), &x);
    assert!(complete.iter().all(|e| e.verdict == Verdict::Supported), "{complete:#?}");
    let few = evidence(params(2), &at_random(&x, 0.1, 1));
    assert_eq!(verdict(&few, "number of factors").verdict, Verdict::Refuted);
    // no more rows than columns: no test of correlations
    let wide = evidence(params(2), &at_random(&x, 0.1, 1).slice(s![..12, ..]).to_owned());
    for assumption in ["number of factors", "share variance", "observed values alone"] {
        assert_eq!(verdict(&wide, assumption).verdict, Verdict::Untestable, "{assumption}");
    }
}

#[test]
fn codes_and_missing_entries_are_conditional_expectations() {
    let model = fit(FactorAnalysisParams { rotation: Rotation::Quartimin, ..params(3) }, &holzinger().x().to_owned()).model;
    let x = holzinger().x().slice(s![..20, ..]).to_owned();
    assert_eq!(model.impute(x.view()).unwrap(), x);
    // a row with a missing entry changes no other row's code and density
    let mut beside = x.clone();
    beside[[19, 0]] = f64::NAN;
    let (here, there) = (model.infer(x.view()).unwrap(), model.infer(beside.view()).unwrap());
    assert!(distance(&here.slice(s![..19, ..]).to_owned(), &there.slice(s![..19, ..]).to_owned()) < 1e-12);
    let (here, there) = (model.log_density(x.view()).unwrap(), model.log_density(beside.view()).unwrap());
    assert!((0..19).all(|i| (here[i] - there[i]).abs() < 1e-11));

    // by the textbook: Σ_mo Σ_oo⁻¹ (x_o - mean_o), ΦΛ_oᵀ Σ_oo⁻¹ (x_o - mean_o)
    let mut thinned = at_random(&x, 0.4, 2);
    thinned.row_mut(7).fill(f64::NAN);
    let (filled, codes) = (model.impute(thinned.view()).unwrap(), model.infer(thinned.view()).unwrap());
    let sigma = model.covariance();
    for (i, row) in thinned.rows().into_iter().enumerate() {
        let there: Vec<usize> = (0..9).filter(|&j| !row[j].is_nan()).collect();
        let inverse = unmix_numerics::inverse_spd(sigma.select(Axis(0), &there).select(Axis(1), &there).view()).unwrap();
        let away = there.iter().map(|&j| row[j] - model.mean[j]).collect::<Array1<f64>>();
        let weights = inverse.dot(&away);
        let expected = &model.mean + &sigma.select(Axis(1), &there).dot(&weights);
        assert!((0..9).all(|j| (filled[[i, j]] - if row[j].is_nan() { expected[j] } else { row[j] }).abs() < 1e-10), "row {i}");
        let code = model.correlation.dot(&model.loadings.select(Axis(0), &there).t()).dot(&weights);
        assert!((&codes.row(i) - &code).iter().all(|v| v.abs() < 1e-10), "row {i}");
    }
    assert_eq!((codes.row(7).sum(), model.log_density(thinned.view()).unwrap()[7]), (0.0, 0.0));

    let bartlett = FactorModel { scores: Scores::Bartlett, ..model };
    let error = bartlett.infer(thinned.view()).unwrap_err();
    let data = error.kind() == Kind::Data;
    assert!(data && matches!(error.downcast_ref(), Some(LinearError::TooFewEntries { needed: 3, .. })), "{error}");
    assert!(bartlett.infer(array![[1.0, 2.0]].view()).is_err());
    assert!(bartlett.impute(Array2::from_elem((1, 9), f64::INFINITY).view()).is_err());
}

#[test]
fn each_step_is_told_and_a_short_search_is_no_secret() {
    let (x, _, _) = simulate(&simple_loadings(), 300, 1);
    let x = Incomplete::unnamed(at_random(&x, 0.2, 1)).unwrap();
    let short = estimator(FactorAnalysisParams { max_iterations: 5, ..params(3) }).fit(&x, &mut Run::new(1)).unwrap();
    assert_eq!((short.stop, short.iterations), (Stop::MaxIterations, 5));
    let mut objectives = Vec::new();
    let mut run = Run::new(1).observed(|p: &Progress<'_>| {
        objectives.push(p.objective);
        if p.step == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let cancelled = estimator(params(3)).fit(&x, &mut run).unwrap();
    drop(run);
    assert_eq!((cancelled.stop, objectives.len()), (Stop::Cancelled, 20));
    assert!(objectives.array_windows::<2>().all(|[a, b]| b >= a), "the likelihood falls: {objectives:?}");

    let with = |threads| estimator(FactorAnalysisParams::default()).fit(&x, &mut Run::new(2).with_threads(threads).unwrap()).unwrap().model;
    assert_eq!(with(1), with(3));
}

#[test]
fn a_heywood_case_is_named() {
    let (mut x, _, _) = simulate(&simple_loadings(), 400, 1);
    // x4 is the sum of what the others of its factor share, with hardly any noise
    let sum = &x.column(0) / 0.1 + x.column(1) + &x.column(2) / 10.0;
    x.column_mut(3).assign(&sum);
    let thinned = at_random(&x, 0.1, 1);
    let fitted = fit(params(3), &thinned);
    assert!(fitted.warnings.iter().any(|w| w.code == "heywood-case" && w.text.contains("\"x4\"")), "{:?}", fitted.warnings);
    assert_eq!(verdict(&evidence(params(3), &thinned), "noise of its own").verdict, Verdict::Refuted);
}

#[test]
fn bad_tables_are_refused_by_name() {
    let nan = f64::NAN;
    let refused = |x: Array2<f64>| Incomplete::unnamed(x).unwrap_err();
    assert_eq!(refused(array![[1.0, nan], [nan, nan], [2.0, 3.0]]), DataError::EmptyRow { row: 2 });
    assert_eq!(refused(array![[1.0, nan], [2.0, nan]]), DataError::Unobserved { column: "x2".to_owned() });
    assert!(matches!(refused(array![[1.0, f64::INFINITY]]), DataError::NonFinite { row: 1, .. }));
    assert!(matches!(refused(Array2::zeros((0, 3))), DataError::Empty { .. }));
    assert!(matches!(Incomplete::new(array![[1.0, 2.0]], ["a", "a"]).unwrap_err(), DataError::DuplicateName { .. }));

    let good = at_random(&holzinger().x().to_owned(), 0.1, 1);
    let refusal = |params: FactorAnalysisParams, x: Array2<f64>| {
        estimator(params).fit(&Incomplete::unnamed(x).unwrap(), &mut Run::new(1)).unwrap_err()
    };
    let mut x = good.clone();
    x.column_mut(3).mapv_inplace(|v| if v.is_nan() { v } else { 2.5 });
    assert!(refusal(params(1), x).to_string().contains("\"x4\" is constant (2.5"));
    let mut x = good.clone();
    x.slice_mut(s![3.., 4]).fill(nan);
    x[[0, 4]] = 1.0;
    x[[1, 4]] = 2.0;
    let error = refusal(params(3), x);
    assert!(matches!(&error, LinearError::TooFewValues { column, needed: 5, .. } if column == "x5"), "{error}");
    let many = refusal(params(6), good.clone());
    assert!(matches!(many, LinearError::Data(DataError::TooManyComponents { asked: 6, most: 5, .. })), "{many}");
    let short = refusal(FactorAnalysisParams::default(), good.slice(s![..9, ..]).to_owned());
    assert!(matches!(short, LinearError::Data(DataError::TooFewRows { needed: 10, found: 9, .. })), "{short}");

    let minres = FactorAnalysisParams { extraction: Extraction::Minres, ..params(1) };
    let minres = IncompleteFactorAnalysisParams(minres).build().unwrap_err();
    assert!(minres.kind() == Kind::Usage && minres.to_string().contains("maximum-likelihood"), "{minres}");
    let complete = Incomplete::from(Observations::unnamed(array![[1.0, 2.0]]).unwrap());
    assert_eq!((complete.missing(), complete.complete_rows().unwrap().rows()), (0, 1));
}
