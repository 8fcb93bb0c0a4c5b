//! JADE and SOBI against their definitions in NumPy; recovery, and evidence both ways.

use crate::{
    identifiability::most_rejections,
    mixtures::{Source, mcc, mixture},
};
use Source::{Exponential, Gaussian, Laplace, Uniform};
use approx::assert_abs_diff_eq;
use ndarray::Array2;
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use unmix_core::{Evidence, Fit, Infer, Observations, Params, Run, Seed, Stop, Verdict, identified};
use unmix_linear::{EVIDENCE_LEVEL, Jade, JadeParams, LinearModel, Sobi, SobiParams};
use unmix_numerics::maximum_assignment;
use unmix_testkit::Golden;

fn jade() -> Jade {
    JadeParams::default().build().unwrap()
}

fn sobi(lags: usize) -> Sobi {
    SobiParams { lags, ..Default::default() }.build().unwrap()
}

fn assert_same_up_to_order_and_sign(model: &LinearModel, expected: &Array2<f64>) {
    let agreement = expected.dot(&model.mixing);
    for (i, j) in maximum_assignment(agreement.mapv(f64::abs).view()).unwrap().pairs {
        assert_abs_diff_eq!(&model.unmixing.row(j) * agreement[[i, j]].signum(), expected.row(i), epsilon = 1e-9);
    }
}

#[test]
fn both_equal_their_definitions() {
    let golden = Golden::read("joint-diagonalisation/joint-diagonalisation.json").unwrap();
    let table = |name: &str| Observations::unnamed(golden.matrix(&format!("/{name}/x")).unwrap()).unwrap();
    let exact = JadeParams { tolerance: 1e-12, ..Default::default() }.build().unwrap();
    let model = exact.fit(&table("jade"), &mut Run::new(0)).unwrap().converged().unwrap();
    assert_same_up_to_order_and_sign(&model, &golden.matrix("/jade/unmixing").unwrap());
    let exact = SobiParams { lags: 10, tolerance: 1e-12, ..Default::default() }.build().unwrap();
    let model = exact.fit(&table("sobi"), &mut Run::new(0)).unwrap().converged().unwrap();
    assert_same_up_to_order_and_sign(&model, &golden.matrix("/sobi/unmixing").unwrap());
}

/// Mixtures of autoregressions of first order with Gaussian noise, and the series themselves.
fn series(coefficients: &[f64], n: usize, seed: u64) -> (Observations, Array2<f64>) {
    let mut stream = Seed(seed).stream("series", 0);
    let k = coefficients.len();
    let mut s = Array2::<f64>::zeros((n, k));
    for t in 1..n {
        for (j, phi) in coefficients.iter().enumerate() {
            s[[t, j]] = phi * s[[t - 1, j]] + stream.sample::<f64, _>(StandardNormal);
        }
    }
    let mixing: Array2<f64> = Array2::from_shape_simple_fn((k, k), || stream.sample(StandardNormal));
    (Observations::unnamed(s.dot(&mixing.t())).unwrap(), s)
}

const DISTINCT: [f64; 5] = [0.95, 0.7, 0.3, -0.3, -0.8];

#[test]
fn sources_return_for_every_seed() {
    for seed in 0..10 {
        let (x, s) = mixture(&[Laplace, Uniform, Exponential, Laplace, Uniform, Gaussian], 5000, seed);
        let model = jade().fit(&x, &mut Run::new(0)).unwrap().converged().unwrap();
        assert!(mcc(s.view(), model.infer(x.x()).unwrap().view()) > 0.99, "jade, seed {seed}");
        // Gaussian sources, which no method without time can find
        let (x, s) = series(&DISTINCT, 5000, seed);
        let model = sobi(10).fit(&x, &mut Run::new(0)).unwrap().converged().unwrap();
        assert!(mcc(s.view(), model.infer(x.x()).unwrap().view()) > 0.99, "sobi, seed {seed}");
    }
}

/// Fit, evidence, and whether that says identified.
fn judged<E: Fit<Observations, Model = LinearModel>>(estimator: &E, x: &Observations, seed: u64) -> (Option<bool>, Vec<Evidence>)
where
    E::Error: std::fmt::Debug,
{
    let mut run = Run::new(seed);
    let model = estimator.fit(x, &mut run).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut run).unwrap();
    (identified(&estimator.claim(), &evidence), evidence)
}

fn refuted(evidence: &[Evidence]) -> Vec<&'static str> {
    evidence.iter().filter(|e| e.verdict == Verdict::Refuted).map(|e| e.assumption).collect()
}

/// Where the assumptions hold, the evidence says identified, but for the errors that the level of its tests allows.
#[test]
fn the_evidence_supports_what_holds() {
    const SETS: u64 = 100;
    let least = SETS as usize - most_rejections(SETS as usize, EVIDENCE_LEVEL);
    let identified =
        |judge: &(dyn Fn(u64) -> Option<bool> + Sync)| (0..SETS).into_par_iter().filter(|&seed| judge(seed) == Some(true)).count();
    // without skewed heavy tails, to which cumulants are sensitive: there the test of independence needs more rows to keep its level
    let by_jade = identified(&|seed| judged(&jade(), &mixture(&[Laplace, Uniform, Uniform, Laplace], 4000, seed).0, seed).0);
    assert!(by_jade >= least, "jade: {by_jade} of {SETS}");
    let by_sobi = identified(&|seed| judged(&sobi(10), &series(&DISTINCT, 4000, seed).0, seed).0);
    assert!(by_sobi >= least, "sobi: {by_sobi} of {SETS}");
}

#[test]
fn the_evidence_refutes_what_does_not_hold() {
    let check = |(verdict, evidence): (Option<bool>, Vec<Evidence>), about: &str| {
        assert_eq!(verdict, Some(false));
        assert!(refuted(&evidence).iter().any(|assumption| assumption.contains(about)), "{about}: {evidence:?}");
    };
    for seed in 1..4 {
        // two Gaussian sources
        check(judged(&jade(), &mixture(&[Laplace, Uniform, Gaussian, Gaussian], 4000, seed).0, seed), "kurtosis");
        // two sources with the same autocorrelations
        check(judged(&sobi(10), &series(&[0.9, 0.5, 0.5, -0.4], 4000, seed).0, seed), "autocorrelations");
        // rows that are no time series
        check(judged(&sobi(10), &mixture(&[Laplace, Uniform, Exponential], 4000, seed).0, seed), "autocorrelations");
    }
    // a source that arrives later at one sensor than at another
    let (_, s) = series(&[0.8, 0.2], 4001, 2);
    let mut delayed = Array2::zeros((4000, 2));
    for t in 0..4000 {
        delayed[[t, 0]] = s[[t + 1, 0]] + s[[t + 1, 1]];
        delayed[[t, 1]] = 0.5 * s[[t, 0]] - s[[t + 1, 1]];
    }
    check(judged(&sobi(10), &Observations::unnamed(delayed).unwrap(), 1), "without delays");
}

/// The shares of sets in which a test errs are no larger than its level allows.
#[test]
fn the_tests_keep_their_level() {
    const SETS: u64 = 200;
    let count = |errs: &(dyn Fn(u64) -> bool + Sync)| (0..SETS).into_par_iter().filter(|&seed| errs(seed)).count();
    let verdict = |evidence: &[Evidence], about: &str| evidence.iter().find(|e| e.assumption.contains(about)).unwrap().verdict;
    let most = most_rejections(SETS as usize, EVIDENCE_LEVEL);
    let kurtosis = count(&|seed| {
        let x = mixture(&[Laplace, Uniform, Gaussian, Gaussian], 1000, seed).0;
        verdict(&judged(&jade(), &x, seed).1, "kurtosis") == Verdict::Supported
    });
    assert!(kurtosis <= most, "kurtosis: {kurtosis} of {SETS}");
    let equal = count(&|seed| {
        let x = series(&[0.9, 0.5, 0.5, -0.4], 2000, seed).0;
        verdict(&judged(&sobi(5), &x, seed).1, "autocorrelations") == Verdict::Supported
    });
    assert!(equal <= most, "equal autocorrelations: {equal} of {SETS}");
    let delays = count(&|seed| {
        let x = series(&[0.95, 0.5, -0.4], 2000, seed).0;
        verdict(&judged(&sobi(5), &x, seed).1, "delays") == Verdict::Refuted
    });
    assert!(delays <= most, "delays: {delays} of {SETS}");
}

#[test]
fn too_few_sweeps_are_said() {
    let x = mixture(&[Laplace, Uniform, Exponential, Laplace], 500, 3).0;
    let jade = JadeParams { max_iterations: 1, ..Default::default() }.build().unwrap().fit(&x, &mut Run::new(0)).unwrap();
    let sobi = SobiParams { max_iterations: 1, ..Default::default() }.build().unwrap().fit(&x, &mut Run::new(0)).unwrap();
    for fitted in [jade, sobi] {
        assert_eq!((fitted.stop, fitted.iterations), (Stop::MaxIterations, 1));
        assert!(fitted.warnings[0].text.contains("radians"), "{}", fitted.warnings[0].text);
    }
}
