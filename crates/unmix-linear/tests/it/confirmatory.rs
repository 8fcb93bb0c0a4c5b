//! Confirmatory factor analysis: recovery where the pattern holds, refusal and honesty where it does not.

use crate::{
    factor_models::{distance, holzinger},
    identifiability::most_rejections,
};
use ndarray::{Array1, Array2, Axis, array};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::ops::ControlFlow;
use unmix_core::{
    Class, DataError, Evidence, Failure, Fit, Fitted, Infer, Kind, Load, Model, Observations, Params, Progress, Run, Sample, Seed, Stop,
    Verdict, identified,
};
use unmix_linear::{
    ConfirmatoryFactorAnalysis, ConfirmatoryFactorAnalysisParams, ConfirmatoryModel, EVIDENCE_LEVEL, Estimate, LinearError, METHODS,
    PatternError,
};
use unmix_numerics::{cholesky, moments};

const THREE: &str = "[factors]\nvisual = ['x1', 'x2', 'x3']\ntextual = ['x4', 'x5', 'x6']\nspeed = ['x7', 'x8', 'x9']";
/// The pattern of [`simulated`].
const TWO: &str = "[factors]\na = ['x1', 'x2', 'x3', 'x7']\nb = ['x4', 'x5', 'x6', 'x7']";

fn estimator(config: &str) -> ConfirmatoryFactorAnalysis {
    toml::from_str::<ConfirmatoryFactorAnalysisParams>(config).unwrap().build().unwrap()
}

fn fit(config: &str, x: &Observations) -> Fitted<ConfirmatoryModel> {
    estimator(config).fit(x, &mut Run::new(1)).unwrap()
}

fn refusal(config: &str, x: &Observations) -> LinearError {
    estimator(config).fit(x, &mut Run::new(1)).unwrap_err()
}

fn evidence(config: &str, x: &Observations) -> (Option<bool>, Vec<Evidence>) {
    let estimator = estimator(config);
    let model = estimator.fit(x, &mut Run::new(1)).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut Run::new(1)).unwrap();
    (identified(&estimator.claim(), &evidence), evidence)
}

fn verdict(evidence: &[Evidence], about: &str) -> Verdict {
    evidence.iter().find(|e| e.assumption.contains(about)).unwrap().verdict
}

fn loadings() -> Array2<f64> {
    array![[0.8, 0.0], [0.7, 0.0], [0.6, 0.0], [0.0, 0.9], [0.0, -0.6], [0.0, 0.7], [0.5, 0.4]]
}

/// `n` Gaussian samples of `x = Λ z + e` with variables and factors of variance 1, factors of correlation `phi`.
fn samples(loadings: &Array2<f64>, phi: f64, n: usize, seed: u64) -> Observations {
    let k = loadings.ncols();
    let correlation = Array2::from_shape_fn((k, k), |(i, j)| if i == j { 1.0 } else { phi });
    let noise: Array1<f64> = (loadings.dot(&correlation) * loadings).sum_axis(Axis(1)).mapv(|share| (1.0 - share).sqrt());
    let mut stream = Seed(seed).stream("test-confirmatory", 0);
    let mut normal = |d| -> Array2<f64> { Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream)) };
    let z = normal(k).dot(&cholesky(correlation.view()).unwrap().t());
    Observations::unnamed(z.dot(&loadings.t()) + normal(loadings.nrows()) * noise).unwrap()
}

fn simulated(n: usize, seed: u64) -> Observations {
    samples(&loadings(), 0.4, n, seed)
}

/// What each estimate of [`TWO`] is an estimate of.
fn truth(name: &str) -> f64 {
    let number = |text: &str| text.trim_start_matches('x').parse::<usize>().unwrap() - 1;
    match *name.split(' ').collect::<Vec<_>>() {
        ["a", "=~", x] => loadings()[[number(x), 0]],
        ["b", "=~", x] => loadings()[[number(x), 1]],
        ["a", "~~", "b"] => 0.4,
        [x, "~~", y] if x == y => {
            let row = loadings().row(number(x)).to_owned();
            1.0 - row[0].powi(2) - row[1].powi(2) - 2.0 * 0.4 * row[0] * row[1]
        }
        _ => panic!("{name}"),
    }
}

#[test]
fn every_seed_recovers_the_parameters_with_their_signs() {
    for seed in 0..20 {
        let x = simulated(4_000, seed);
        let fitted = fit(TWO, &x);
        assert!(fitted.stop.converged() && fitted.warnings.iter().all(|w| w.code == "misfit"), "seed {seed}: {:?}", fitted.warnings);
        for estimate in &fitted.model.estimates {
            // 16 parameters of 20 sets: one is off by 4.5 errors with probability 2e-3
            let off = (estimate.value - truth(&estimate.name)) / estimate.standard_error.unwrap();
            assert!(off.abs() < 4.5, "seed {seed}, {}: {off} standard errors", estimate.name);
        }
        assert!(distance(&fitted.model.loadings, &loadings()) < 0.12, "seed {seed}");
    }
}

/// The test of the pattern has its level, the intervals of the parameters their coverage, and each set is called identified but for that.
#[test]
fn errors_and_test_are_calibrated() {
    const SETS: u64 = 400;
    let fits: Vec<_> = (0..SETS)
        .into_par_iter()
        .map(|seed| {
            let x = simulated(500, 1_000 + seed);
            let model = fit(TWO, &x).model;
            let missed = |e: &Estimate| (e.value - truth(&e.name)).abs() > 1.959964 * e.standard_error.unwrap();
            (model.estimates.iter().map(missed).collect::<Vec<bool>>(), evidence(TWO, &x).0)
        })
        .collect();
    // a binomial tail of 1e-3 of each parameter, twice the level for the asymptotics
    let most = most_rejections(SETS as usize, 0.06);
    let mut total = 0;
    for parameter in 0..16 {
        let missed = fits.iter().filter(|(missed, _)| missed[parameter]).count();
        assert!(missed <= most && missed >= 5, "parameter {parameter}: {missed} of {SETS} intervals miss");
        total += missed;
    }
    // of 6400 intervals 320 should miss; those of one set are dependent, hence three times the binomial deviation of 17, twice
    assert!((220..420).contains(&total), "{total} of 6400");
    let refuted = fits.iter().filter(|(_, identified)| *identified != Some(true)).count();
    assert!((5..=most_rejections(SETS as usize, EVIDENCE_LEVEL)).contains(&refuted), "{refuted} of {SETS}");
}

#[test]
fn a_wrong_pattern_is_refuted_and_the_modification_names_the_error() {
    let wrong = "[factors]\na = ['x1', 'x2', 'x3']\nb = ['x4', 'x5', 'x6', 'x7']";
    for seed in 0..10 {
        let x = simulated(1_000, seed);
        let (identified, evidence) = evidence(wrong, &x);
        assert_eq!((identified, verdict(&evidence, "explains")), (Some(false), Verdict::Refuted), "seed {seed}");
        let fitted = fit(wrong, &x);
        assert_eq!(fitted.model.modifications[0].name, "a =~ x7", "seed {seed}");
        assert!(fitted.warnings.iter().any(|w| w.code == "misfit" && w.text.contains("\"a =~ x7\"")), "{:?}", fitted.warnings);
        // the score test foretells what freeing brings
        let freed = fit(TWO, &x).model.fit;
        let fall = fitted.model.fit.chi_squared - freed.chi_squared;
        assert!((fall / fitted.model.modifications[0].index - 1.0).abs() < 0.25, "seed {seed}: {fall}");
    }
}

#[test]
fn patterns_that_no_data_determine_are_refused_by_their_parameters() {
    let x = holzinger();
    // two variables and no other factor to correlate with
    let pair = "correlated = false\n[factors]\na = ['x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7']\nb = ['x8', 'x9']";
    let error = refusal(pair, &x);
    let LinearError::Pattern(PatternError::NotIdentified { parameters }) = &error else { panic!("{error}") };
    assert_eq!(parameters, r#""b =~ x8", "b =~ x9", "x8 ~~ x8", "x9 ~~ x9""#);
    assert_eq!(error.kind(), Kind::Usage);
    assert!(fit(&pair.replace("false", "true"), &x).stop.converged());
    assert_eq!(verdict(&estimator(pair).screen(&x, Seed(1)), "determine"), Verdict::Refuted);
    assert_eq!(verdict(&estimator(THREE).screen(&x, Seed(1)), "determine"), Verdict::Supported);
    assert_eq!(verdict(&estimator("").screen(&x, Seed(1)), "determine"), Verdict::Untestable);

    // one variable, whose noise is not known
    let single = "[factors]\na = ['x1']\nb = ['x2', 'x3', 'x4', 'x5', 'x6', 'x7', 'x8', 'x9']";
    let error = refusal(single, &x).to_string();
    assert!(
        error.contains(r#"no data determine "a =~ x1", "a ~~ b", "x1 ~~ x1": "#)
            && !error.contains("x2")
            && error.contains("noise_variances"),
        "{error}"
    );
    let known = fit(&format!("noise_variances = {{ x1 = 0.5 }}\n{single}"), &x).model;
    assert!((known.noise[[0, 0]] - 0.5).abs() < 1e-12);

    // three factors that are not told apart
    let all = "['x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7', 'x8', 'x9']";
    let free = format!("[factors]\na = {all}\nb = {all}\nc = {all}");
    assert!(matches!(refusal(&free, &x), LinearError::Pattern(PatternError::NotIdentified { .. })));
    let many = "[factors]\na = ['x1', 'x2', 'x3']\nb = ['x1', 'x2', 'x3']";
    let three = Observations::new(x.x().select(Axis(1), &[0, 1, 2]), ["x1", "x2", "x3"]).unwrap();
    let error = refusal(many, &three);
    assert!(matches!(error, LinearError::Pattern(PatternError::TooManyParameters { parameters: 10, moments: 6, .. })), "{error}");
}

#[test]
fn a_pattern_that_does_not_suit_the_table_is_refused_by_name() {
    let x = holzinger();
    let message = |config: &str| refusal(config, &x).to_string();
    let typo = refusal(&THREE.replace("'x3'", "'x33'"), &x);
    assert!(
        matches!(&typo, LinearError::Data(DataError::NoSuchColumn { column, nearest }) if column == "x33" && nearest == "x3"),
        "{typo}"
    );
    assert!(message("").contains("no factor is given"));
    assert!(message(&THREE.replace("['x7', 'x8', 'x9']", "[]")).contains("\"speed\" has no variables"));
    assert!(message(&THREE.replace("'x9'", "'x8'")).contains("\"x8\" is named twice in factor \"speed\""));
    assert!(message(&THREE.replace(", 'x9'", "")).contains("\"x9\" loads on no factor"));
    assert!(message(&format!("anchors = {{ sped = 'x7' }}\n{THREE}")).contains("no factor \"sped\"; the nearest is \"speed\""));
    let shared = format!("anchors = {{ speed = 'x7' }}\n{}", THREE.replace("'x3'", "'x3', 'x7'"));
    assert!(message(&shared).contains("\"x7\" is the anchor of \"speed\" and must load on nothing else; take it from \"visual\""));
    assert!(message(&format!("noise_covariances = [['x1', 'x2'], ['x2', 'x1']]\n{THREE}")).contains("twice"));
    let both = format!("noise_covariances = [['x1', 'x2']]\nnoise_variances = {{ x2 = 0.1 }}\n{THREE}");
    assert!(message(&both).contains("\"x2\" has a fixed variance and a free covariance"));

    let params = |config: &str| toml::from_str::<ConfirmatoryFactorAnalysisParams>(config).unwrap().build().err().unwrap().to_string();
    assert!(params(&format!("echelon = ['x1']\n{THREE}")).contains("not both"));
    assert!(params("echelon = ['x1', 'x2']\ncorrelated = true").contains("uncorrelated"));
    let text = params("tolerance = 0.0\nmax_iterations = 0\nnoise_variances = { x1 = -1.0 }");
    assert!(["tolerance", "max_iterations", "noise_variances"].iter().all(|field| text.contains(field)), "{text}");
}

#[test]
fn bounds_are_named_and_refute() {
    // x3 is the first factor itself: its noise is estimated below the bound in about half of the sets
    let mut l = loadings();
    l[[2, 0]] = 0.999;
    let fits = (0..20).map(|seed| samples(&l, 0.4, 500, seed)).map(|x| (fit(TWO, &x), x));
    let heywood: Vec<_> = fits.filter(|(fitted, _)| fitted.warnings.iter().any(|w| w.code == "heywood-case")).collect();
    assert!(heywood.len() >= 2, "{}", heywood.len());
    for (fitted, x) in heywood {
        let text = &fitted.warnings[0].text;
        assert!(fitted.stop.converged() && text.contains("\"x3\"") && !text.contains("\"x1\""), "{text}");
        assert_eq!(verdict(&evidence(TWO, &x).1, "noise of its own"), Verdict::Refuted);
        let error = |name: &str| fitted.model.estimates.iter().find(|e| e.name == name).unwrap().standard_error;
        assert!(error("x3 ~~ x3").is_none() && error("a =~ x3").is_some());
    }

    // one factor taken for two
    let one = Array2::from_elem((6, 1), 0.7);
    let split = "[factors]\na = ['x1', 'x2', 'x3']\nb = ['x4', 'x5', 'x6']";
    let bound = (0..20).map(|seed| fit(split, &samples(&one, 0.0, 500, seed)));
    let bound: Vec<_> = bound.filter(|f| f.warnings.iter().any(|w| w.code == "factors-not-distinct")).collect();
    // the correlation is estimated at 1 in about half of the sets
    assert!(bound.len() >= 2 && bound.iter().all(|f| f.stop.converged() && f.warnings[0].text.contains("\"a\" and \"b\"")));
}

/// A factor on all variables beside one on each third of them: no variable belongs to one factor alone.
#[test]
fn a_general_factor_is_recovered_and_known_to_be_unique_nearby_alone() {
    let general = [0.6, 0.5, -0.7, 0.6, 0.5, 0.6, 0.7, -0.4, 0.5, 0.6, 0.6, 0.5];
    let group = [0.5, 0.6, 0.4, 0.5, -0.6, 0.5, 0.4, 0.5, 0.6, -0.5, 0.5, 0.6];
    let l = Array2::from_shape_fn((12, 4), |(i, j)| if j == 0 { general[i] } else { f64::from(u8::from(i / 4 == j - 1)) * group[i] });
    let list = |range: std::ops::RangeInclusive<usize>| range.map(|i| format!("'x{i}'")).collect::<Vec<_>>().join(", ");
    let (all, a, b, c) = (list(1..=12), list(1..=4), list(5..=8), list(9..=12));
    let config = format!("correlated = false\n[factors]\nall = [{all}]\nb1 = [{a}]\nb2 = [{b}]\nb3 = [{c}]");
    for seed in 0..10 {
        let x = samples(&l, 0.0, 4_000, seed);
        let fitted = fit(&config, &x);
        assert!(fitted.stop.converged(), "seed {seed}: {:?}", fitted.stop);
        let signs: Array1<f64> = [0, 0, 4, 8].iter().zip(l.columns()).map(|(&lead, column)| column[lead].signum()).collect();
        assert!(distance(&(&fitted.model.loadings * &signs), &l) < 0.15, "seed {seed}: {}", fitted.model.loadings);
        let (_, evidence) = evidence(&config, &x);
        assert_eq!(verdict(&evidence, "three variables"), Verdict::Untestable);
        assert_eq!(verdict(&evidence, "determine"), Verdict::Supported);
    }
}

/// A factor whose variables share nothing.
#[test]
fn a_factor_without_loadings_is_refuted() {
    let mut l = loadings();
    l.slice_mut(ndarray::s![3..6, 1]).fill(0.0);
    l[[6, 1]] = 0.0;
    for seed in 0..5 {
        let (identified, evidence) =
            evidence("[factors]\na = ['x1', 'x2', 'x3', 'x7']\nb = ['x4', 'x5', 'x6']", &samples(&l, 0.0, 1_000, seed));
        assert_eq!(identified, Some(false), "seed {seed}: {evidence:?}");
    }
}

/// Two variables determine a factor by its correlation with another, and the rank at an estimate does not see that there is none.
#[test]
fn a_factor_on_two_variables_is_identified_if_it_correlates_with_another() {
    const SETS: u64 = 100;
    let l = array![[0.8, 0.0], [0.7, 0.0], [0.6, 0.0], [0.5, 0.0], [0.0, 0.8], [0.0, 0.7]];
    let config = "[factors]\na = ['x1', 'x2', 'x3', 'x4']\nb = ['x5', 'x6']";
    let count = |phi| (0..SETS).into_par_iter().filter(|&seed| evidence(config, &samples(&l, phi, 1_000, seed)).0 == Some(true)).count();
    let most = most_rejections(SETS as usize, EVIDENCE_LEVEL);
    let (with, without) = (count(0.4), count(0.0));
    assert!(with >= SETS as usize - most && without <= most, "{with} and {without} of {SETS}");
}

#[test]
fn a_choice_of_axes_is_no_finding() {
    let x = simulated(1_000, 1);
    let echelon = "echelon = ['x1', 'x4']";
    assert_eq!(estimator(echelon).claim().class, Class::Sign);
    let (known, evidence) = evidence(echelon, &x);
    assert_eq!((known, verdict(&evidence, "come first load on no later")), (None, Verdict::Untestable));
    assert_eq!(verdict(&evidence, "comes first loads"), Verdict::Supported);
    // each of two factors with an anchor and all other variables: as many zeros as a choice of axes has
    let rest = "'x2', 'x3', 'x5', 'x6', 'x7'";
    let anchored = format!("anchors = {{ a = 'x1', b = 'x4' }}\n[factors]\na = ['x1', {rest}]\nb = ['x4', {rest}]");
    assert_eq!(estimator(&anchored).claim().class, Class::Exact);
    let (known, evidence) = self::evidence(&anchored, &x);
    assert_eq!(
        (known, verdict(&evidence, "explains"), verdict(&evidence, "three variables")),
        (None, Verdict::Untestable, Verdict::Untestable)
    );
    let (a, b) = (fit(echelon, &x), fit(&anchored, &x));
    assert!((a.model.fit.chi_squared - b.model.fit.chi_squared).abs() < 1e-9);
    assert_eq!((b.model.loadings[[0, 0]], b.model.loadings[[3, 1]], b.model.loadings[[0, 1]]), (1.0, 1.0, 0.0));
}

#[test]
fn units_and_order_of_columns_do_not_matter() {
    let x = holzinger();
    let here = fit(THREE, &x).model;
    let units = Array1::from_shape_fn(9, |j| [1e-6, 1.0, 1e4][j % 3]);
    let order: Vec<usize> = (0..9).rev().collect();
    let names = order.iter().map(|&j| x.names()[j].clone());
    let moved = Observations::new((&x.x() * &units).select(Axis(1), &order), names).unwrap();
    let there = fit(THREE, &moved).model;
    assert!((here.fit.chi_squared - there.fit.chi_squared).abs() < 1e-8);
    for estimate in &here.estimates {
        let other = there.estimates.iter().find(|e| e.name == estimate.name).unwrap();
        assert!((estimate.z().unwrap() - other.z().unwrap()).abs() < 1e-6, "{}", estimate.name);
    }
    assert!((here.modifications[0].index - there.modifications[0].index).abs() < 1e-6);
    assert!(distance(&here.infer(x.x()).unwrap(), &there.infer(moved.x()).unwrap()) < 1e-6);
}

#[test]
fn samples_have_the_covariance_of_the_model() {
    let model = fit(&format!("noise_covariances = [['x7', 'x8']]\nscaling = 'marker'\n{THREE}"), &holzinger()).model;
    assert!(model.noise[[6, 7]] != 0.0 && model.noise[[6, 8]] == 0.0);
    let moments = moments(model.sample(200_000, Seed(9)).unwrap().view());
    let sigma = model.covariance();
    for ((i, j), &c) in sigma.indexed_iter() {
        // five standard errors of a covariance
        let error = ((sigma[[i, i]] * sigma[[j, j]] + c * c) / 2e5).sqrt();
        assert!((moments.covariance[[i, j]] - c).abs() < 5.0 * error);
    }
    // the same model, its factors in another unit
    let unit = fit(&format!("noise_covariances = [['x7', 'x8']]\n{THREE}"), &holzinger()).model;
    assert!(distance(&unit.correlation_of_factors(), &model.correlation_of_factors()) < 1e-8);
    assert!(distance(&unit.standardized_loadings(), &model.standardized_loadings()) < 1e-8);
}

#[test]
fn too_few_iterations_and_cancelling_are_facts_of_the_fit() {
    let x = holzinger();
    for (max_iterations, stop) in [(1, Stop::MaxIterations), (500, Stop::Tolerance)] {
        let fitted = fit(&format!("max_iterations = {max_iterations}\n{THREE}"), &x);
        assert_eq!(fitted.stop, stop);
        assert!(fitted.iterations <= 60, "{}", fitted.iterations);
    }
    for at in [1, 5, 25] {
        let mut run =
            Run::new(1).observed(|p: &Progress<'_>| if p.step == at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        assert_eq!(estimator(THREE).fit(&x, &mut run).unwrap().stop, Stop::Cancelled, "step {at}");
    }
}

#[test]
fn saved_models_and_configurations_come_back() {
    let model = fit(THREE, &holzinger()).model;
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_eq!(ConfirmatoryModel::load(folder.path()).unwrap(), model);
    let method = METHODS.iter().find(|m| m.name == "confirmatory-factor-analysis").unwrap();
    let config = format!("noise_covariances = [['x7', 'x8']]\nanchors = {{ speed = 'x7' }}\n{THREE}").parse().unwrap();
    let resolved = method.resolve(&config).unwrap();
    assert_eq!(method.resolve(&resolved).unwrap(), resolved);
    assert!(config.iter().all(|(key, value)| resolved.get(key) == Some(value)), "{resolved}");
}
