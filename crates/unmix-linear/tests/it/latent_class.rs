//! Latent classes against stepmix, recovery, and evidence both ways.

use ndarray::{Array2, array};
use rand::RngExt;
use std::ops::ControlFlow;
use unmix_core::{
    Evidence, Fault, Fit, Fitted, Generate, Infer, Kind, LogDensity, Observations, Params, Progress, Run, Sample, Seed, Stop, Verdict,
    identified,
};
use unmix_linear::{LatentClassModel, LatentClassParams, LinearError, METHODS};
use unmix_numerics::maximum_assignment;
use unmix_testkit::{Conformance, Golden};

fn params(components: usize) -> LatentClassParams {
    LatentClassParams { components, ..Default::default() }
}

fn fit(params: LatentClassParams, x: &Observations) -> Fitted<LatentClassModel> {
    params.build().unwrap().fit(x, &mut Run::new(1)).unwrap()
}

/// The largest difference of a size or probability between `model` and the truth, classes matched.
fn distance(model: &LatentClassModel, sizes: &[f64], probabilities: &[Array2<f64>]) -> f64 {
    let k = sizes.len();
    let gap = |r: usize, s: usize| -> f64 {
        let columns = model.probabilities.iter().zip(probabilities);
        columns.flat_map(|(a, b)| (&a.column(r) - &b.column(s)).into_iter()).fold((model.sizes[r] - sizes[s]).abs(), |m, v| m.max(v.abs()))
    };
    let gaps = Array2::from_shape_fn((k, k), |(r, s)| -gap(r, s));
    maximum_assignment(gaps.view()).unwrap().pairs.into_iter().map(|pair| -gaps[pair]).fold(0.0, f64::max)
}

const SIZES: [f64; 3] = [0.5, 0.3, 0.2];

/// Six variables of two or three categories; each class has its own usual answers.
fn tables() -> Vec<Array2<f64>> {
    let two = array![[0.9, 0.2, 0.1], [0.1, 0.8, 0.9]];
    let other = array![[0.85, 0.9, 0.15], [0.15, 0.1, 0.85]];
    let three = array![[0.7, 0.1, 0.2], [0.2, 0.8, 0.1], [0.1, 0.1, 0.7]];
    vec![two.clone(), other.clone(), three.clone(), two, three, other]
}

/// `n` rows of three classes; `copied` gives the fourth column the value of the first with probability one half, whatever the class.
fn simulate(n: usize, copied: bool, seed: u64) -> Observations {
    let tables = tables();
    let mut stream = Seed(seed).stream("test-classes", 0);
    let mut x = Array2::zeros((n, tables.len()));
    for mut row in x.rows_mut() {
        let mut pick = |weights: &mut dyn Iterator<Item = f64>| {
            let u: f64 = stream.random();
            weights
                .scan(0.0, |sum, w| {
                    *sum += w;
                    Some(*sum)
                })
                .position(|sum| u < sum)
                .unwrap_or(0)
        };
        let class = pick(&mut SIZES.into_iter());
        for (j, table) in tables.iter().enumerate() {
            row[j] = pick(&mut table.column(class).iter().copied()) as f64;
        }
        if copied && pick(&mut [0.5, 0.5].into_iter()) == 0 {
            row[3] = row[0];
        }
    }
    Observations::unnamed(x).unwrap()
}

#[test]
fn equals_stepmix() {
    let golden = Golden::read("latent-class/latent-class.json").unwrap();
    let x = Observations::unnamed(golden.matrix("/x").unwrap()).unwrap();
    let fitted = fit(LatentClassParams { tolerance: 1e-10, max_iterations: 50_000, starts: 5, ..params(3) }, &x);
    assert_eq!(fitted.stop, Stop::Tolerance);
    let report = &fitted.model.report;
    for (ours, name) in [(report.log_likelihood, "log_likelihood"), (report.aic, "aic"), (report.bic, "bic"), (report.entropy, "entropy")] {
        let expected = golden.number(&format!("/{name}")).unwrap();
        // the entropy is of first order in what is left to the optimum, where stepmix stops at 1e-12 a row; the likelihood is of second
        let tolerance = if name == "entropy" { 1e-5 } else { 1e-9 * expected.abs() };
        assert!((ours - expected).abs() < tolerance, "{name}: {ours} {expected}");
    }
    assert!((fitted.objective.unwrap() * 600.0 - report.log_likelihood).abs() < 1e-6);
    let probabilities: Vec<Array2<f64>> = (0..6).map(|j| golden.matrix(&format!("/probabilities/{j}")).unwrap()).collect();
    let sizes = golden.vector("/sizes").unwrap().to_vec();
    assert!(distance(&fitted.model, &sizes, &probabilities) < 1e-4, "{}", distance(&fitted.model, &sizes, &probabilities));
}

#[test]
fn classes_return_for_every_seed() {
    for seed in 0..10 {
        let x = simulate(3000, false, seed);
        let model = fit(LatentClassParams { starts: 5, ..params(3) }, &x).model;
        let error = distance(&model, &SIZES, &tables());
        // about five standard errors of a probability within the smallest class
        assert!(error < 0.12, "seed {seed}: {error}");
    }
}

fn judged(params: LatentClassParams, x: &Observations) -> (Option<bool>, Vec<Evidence>) {
    let estimator = params.build().unwrap();
    let mut run = Run::new(3);
    let model = estimator.fit(x, &mut run).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut run).unwrap();
    (identified(&estimator.claim(), &evidence), evidence)
}

#[test]
fn the_evidence_supports_what_holds() {
    // the test of the fit errs at 5 %: of 20 sets more than 6 with probability 3e-5
    let few = |x| judged(LatentClassParams { starts: 5, ..params(3) }, &x).0 == Some(true);
    let supported = (0..20).filter(|&seed| few(simulate(600, false, seed))).count();
    assert!(supported >= 14, "{supported} of 20");
}

#[test]
fn the_evidence_refutes_what_does_not_hold() {
    let check = |about: &str, (verdict, evidence): (Option<bool>, Vec<Evidence>)| {
        assert_eq!(verdict, Some(false), "{about}: {evidence:#?}");
        assert!(evidence.iter().any(|e| e.verdict == Verdict::Refuted && e.assumption.contains(about)), "{about}: {evidence:#?}");
    };
    for seed in 0..2 {
        check("independent within", judged(LatentClassParams { starts: 5, ..params(3) }, &simulate(4000, true, seed)));
        check("independent within", judged(LatentClassParams { starts: 5, ..params(2) }, &simulate(4000, false, seed)));
        check("no fewer classes", judged(LatentClassParams { starts: 5, ..params(4) }, &simulate(1000, false, seed)));
        // two binary columns cannot tell two classes
        let pair = simulate(1000, false, seed).x().slice(ndarray::s![.., ..2]).to_owned();
        check("categories enough", judged(LatentClassParams { starts: 5, ..params(2) }, &Observations::unnamed(pair).unwrap()));
    }
}

#[test]
fn the_likelihood_never_falls_and_the_fit_can_be_cut_short() {
    let x = simulate(400, false, 4);
    for smoothing in [0.0, 0.5] {
        let mut last = (f64::NEG_INFINITY, 0.0);
        let mut falls = 0;
        let mut run = Run::new(2).observed(|p: &Progress<'_>| {
            falls += usize::from(p.parts[0].1 == last.1 && p.objective < last.0 - 1e-12);
            last = (p.objective, p.parts[0].1);
            ControlFlow::Continue(())
        });
        let fitted = LatentClassParams { smoothing, starts: 5, ..params(3) }.build().unwrap().fit(&x, &mut run).unwrap();
        drop(run);
        assert_eq!(falls, 0);
        let zero = fitted.model.probabilities.iter().flatten().any(|&p| p < 1e-6);
        assert!(!(zero && smoothing > 0.0));
    }
    let short = fit(LatentClassParams { max_iterations: 2, ..params(3) }, &x);
    assert_eq!((short.stop, short.warnings[0].code), (Stop::MaxIterations, "not-converged"));
}

#[test]
fn order_of_rows_and_codes_of_categories_do_not_matter() {
    let x = simulate(400, false, 5);
    let params = || LatentClassParams { starts: 5, ..params(3) };
    let here = fit(params(), &x).model;
    let reversed = x.select(&(0..x.rows()).rev().collect::<Vec<_>>()).unwrap();
    assert_eq!(fit(params(), &reversed).model, here);
    let recoded = fit(params(), &x.map(|v| 7.0 * v - 2.0).unwrap()).model;
    assert_eq!((recoded.probabilities, recoded.categories[0].clone()), (here.probabilities, vec![-2.0, 5.0]));
}

#[test]
fn capabilities_follow_the_model() {
    let x = simulate(500, false, 6);
    let model = fit(LatentClassParams { smoothing: 1.0, ..params(3) }, &x).model;
    // over all combinations the probabilities sum to 1
    let cells = Array2::from_shape_fn((2 * 2 * 3 * 2 * 3 * 2, 6), |(i, j)| {
        let stride: usize = [2, 2, 3, 2, 3, 2][j + 1..].iter().product();
        (i / stride % [2, 2, 3, 2, 3, 2][j]) as f64
    });
    assert!((model.log_density(cells.view()).unwrap().mapv(f64::exp).sum() - 1.0).abs() < 1e-12);
    assert!((model.log_density(x.x()).unwrap().sum() - model.report.log_likelihood).abs() < 1e-8);
    let codes = model.infer(x.x()).unwrap();
    assert!(codes.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
    assert!((codes.mean_axis(ndarray::Axis(0)).unwrap() - &model.sizes).iter().all(|v| v.abs() < 1e-3));
    // draws follow the means: five standard errors
    let drawn = model.sample(50_000, Seed(2)).unwrap();
    let expected = model.generate(model.sizes.view().insert_axis(ndarray::Axis(0))).unwrap();
    let gaps = drawn.mean_axis(ndarray::Axis(0)).unwrap() - expected.row(0);
    assert!(gaps.iter().all(|v| v.abs() < 5.0 / 50_000_f64.sqrt()), "{gaps}");
}

#[test]
fn bad_data_are_refused_by_name() {
    let x = simulate(200, false, 7).x().to_owned();
    let refusal = |x: Array2<f64>| params(2).build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut Run::new(1)).unwrap_err();
    let mut continuous = x.clone();
    continuous[[4, 2]] = 0.37;
    let error = refusal(continuous.clone()).to_string();
    assert!(error.contains("\"x3\", row 5: 0.37") && error.contains("factor-analysis"), "{error}");
    let screened = params(2).build().unwrap().screen(&Observations::unnamed(continuous).unwrap(), Seed(1));
    assert_eq!(screened[0].verdict, Verdict::Refuted);
    let mut counts = x.clone();
    counts.column_mut(1).iter_mut().enumerate().for_each(|(i, v)| *v = i as f64);
    let error = refusal(counts);
    assert!(matches!(&error, LinearError::TooManyCategories { column, row: 51, .. } if column == "x2"), "{error}");
    assert_eq!(Fault::from(error).kind(), Kind::Data);

    let model = fit(params(2), &Observations::unnamed(x.clone()).unwrap()).model;
    let mut unseen = x;
    unseen[[9, 0]] = 2.0;
    let error = model.infer(unseen.view()).unwrap_err().to_string();
    assert!(error.contains("\"x1\", row 10: the category 2 is not among those fitted (0, 1)"), "{error}");
    assert!(model.log_density(unseen.view()).is_err());
    let bad = LatentClassParams { components: 0, starts: 0, max_iterations: 0, tolerance: 0.0, smoothing: -1.0 };
    let text = bad.build().err().unwrap().to_string();
    assert!(["components", "starts", "max_iterations", "tolerance", "smoothing"].iter().all(|field| text.contains(field)), "{text}");
}

#[test]
fn conforms() {
    let method = METHODS.iter().find(|m| m.name == "latent-class").unwrap();
    Conformance::of(method, simulate(300, false, 8)).with("components = 2\nstarts = 4").linear(1e-3).assert();
}

#[test]
fn fits_to_which_chi_squared_does_not_apply_are_judged_by_drawn_tables() {
    // four binary columns: a table of 16 cells, full enough for chi-squared
    let x = simulate(4000, false, 1);
    let binary = x.x().select(ndarray::Axis(1), &[0, 1, 3, 5]);
    let independent = |x: &Array2<f64>, smoothing| {
        let x = Observations::unnamed(x.clone()).unwrap();
        let evidence = judged(LatentClassParams { starts: 3, smoothing, ..params(2) }, &x).1;
        evidence.into_iter().find(|e| e.assumption.contains("independent within")).unwrap().detail
    };
    assert!(independent(&binary, 0.0).contains("compared with chi-squared"));
    assert!(independent(&binary, 1.0).contains("smoothing"));
    // those who answer 0 to the first and third question are one class, which never answers 1 to the first
    let mut zeros = 0;
    for seed in 0..4 {
        let mut binary = simulate(4000, false, seed).x().select(ndarray::Axis(1), &[0, 1, 3, 5]);
        binary.rows_mut().into_iter().filter(|row| row[2] == 0.0).for_each(|mut row| row[0] = 0.0);
        let at_bound =
            fit(LatentClassParams { starts: 3, ..params(2) }, &Observations::unnamed(binary.clone()).unwrap()).model.report.zeros > 0;
        assert_eq!(independent(&binary, 0.0).contains("probabilities are at 0"), at_bound, "seed {seed}");
        zeros += usize::from(at_bound);
    }
    assert!(zeros > 0);
}

#[test]
fn profiles_are_the_probabilities_by_name() {
    let model = fit(params(3), &simulate(500, false, 1)).model;
    let profiles = unmix_core::Model::profiles(&model).unwrap();
    assert_eq!(profiles.probabilities.dim(), (14, 3));
    assert_eq!((profiles.answers[0].as_str(), profiles.answers[13].as_str()), ("x1 = 0", "x6 = 1"));
    assert!((profiles.probabilities.column(1).sum() - 6.0).abs() < 1e-12, "one answer to each question");
    assert!(profiles.classes[0].starts_with("z1 (") && profiles.classes[0].ends_with(" %)"));
}
