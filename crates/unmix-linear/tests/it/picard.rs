//! Picard and Picard-O against python-picard and FastICA; recovery, and what a density of the wrong kind does.

use crate::mixtures::{Source, mcc, mixture};
use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Axis};
use serde::Deserialize;
use std::{collections::BTreeMap, ops::ControlFlow, path::Path};
use unmix_core::{Evidence, Fit, Infer, Observations, Params, Progress, Run, Stop, Verdict, identified};
use unmix_linear::{Contrast, FastIcaParams, LinearModel, Picard, PicardOParams, PicardParams};
use unmix_numerics::{maximum_assignment, moments};

#[derive(Deserialize)]
struct Golden {
    data: BTreeMap<String, Vec<Vec<f64>>>,
    fits: Vec<GoldenFit>,
}

#[derive(Deserialize)]
struct GoldenFit {
    data: String,
    orthogonal: bool,
    extended: bool,
    contrast: Contrast,
    start: Vec<Vec<f64>>,
    unmixing: Vec<Vec<f64>>,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn estimator(orthogonal: bool, params: PicardParams) -> Picard {
    if orthogonal { PicardOParams(params).build().unwrap() } else { params.build().unwrap() }
}

fn fit(estimator: &Picard, x: &Observations) -> LinearModel {
    estimator.fit(x, &mut Run::new(1)).unwrap().converged().unwrap()
}

/// The largest difference of two unmixings after order and sign are matched.
fn difference(ours: &LinearModel, theirs: &Array2<f64>) -> f64 {
    let agreement = theirs.dot(&ours.mixing);
    let pairs = maximum_assignment(agreement.mapv(f64::abs).view()).unwrap().pairs;
    let row = |(i, j): (usize, usize)| &ours.unmixing.row(j) * agreement[[i, j]].signum() - theirs.row(i);
    pairs.into_iter().flat_map(|pair| row(pair).to_vec()).fold(0.0, |most, v| most.max(v.abs()))
}

#[test]
fn optima_equal_those_of_python_picard() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens/picard/picard.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(golden.fits.len(), 6);
    for expected in golden.fits {
        let x = Observations::unnamed(matrix(&golden.data[&expected.data])).unwrap();
        let params = PicardParams {
            contrast: expected.contrast,
            extended: Some(expected.extended),
            tolerance: 1e-12,
            max_iterations: 5000,
            ..Default::default()
        };
        let start = matrix(&expected.start);
        let fitted = estimator(expected.orthogonal, params).fit_from(&x, start.view(), &mut Run::new(0)).unwrap();
        assert_eq!(fitted.stop, Stop::Tolerance);
        let apart = difference(&fitted.model, &matrix(&expected.unmixing));
        assert!(apart < 1e-8, "{} {:?} {} {}: {apart}", expected.data, expected.contrast, expected.orthogonal, expected.extended);
    }
}

const BOTH: [Source; 6] = [Source::Laplace, Source::Uniform, Source::Exponential, Source::Laplace, Source::Uniform, Source::Exponential];

/// The optima of Picard-O with signs that follow the sources are the fixed points of symmetric FastICA.
#[test]
fn picard_o_ends_where_fastica_does() {
    let x = mixture(&BOTH, 3000, 1).0;
    let fastica = FastIcaParams { tolerance: 1e-15, max_iterations: 10_000, ..Default::default() }.build().unwrap();
    let fixed_point = fastica.fit(&x, &mut Run::new(1)).unwrap().model;
    let params = PicardOParams(PicardParams { tolerance: 1e-10, ..Default::default() });
    let apart = difference(&fit(&params.build().unwrap(), &x), &fixed_point.unmixing);
    assert!(apart < 1e-5, "{apart}");
}

#[test]
fn sources_of_both_kinds_return_for_every_seed() {
    for seed in 0..10 {
        let (x, s) = mixture(&BOTH, 5000, seed);
        for orthogonal in [false, true] {
            let estimator = estimator(orthogonal, PicardParams { extended: Some(true), ..Default::default() });
            let codes = fit(&estimator, &x).infer(x.x()).unwrap();
            assert!(mcc(s.view(), codes.view()) > 0.99, "seed {seed}, orthogonal {orthogonal}");
            // up to what the whitening of an ill-conditioned mixture loses
            assert_abs_diff_eq!(moments(codes.view()).covariance.diag().to_owned(), Array1::ones(6), epsilon = 1e-6);
        }
    }
}

/// Picard does not force sources to be uncorrelated, Picard-O does.
#[test]
fn only_picard_o_keeps_codes_uncorrelated() {
    let x = mixture(&BOTH, 1000, 3).0;
    let largest_correlation = |orthogonal| {
        let model = fit(&estimator(orthogonal, PicardParams { extended: Some(true), ..Default::default() }), &x);
        assert_abs_diff_eq!(model.unmixing.dot(&model.mixing), Array2::eye(6), epsilon = 1e-9);
        let correlation = moments(model.infer(x.x()).unwrap().view()).covariance - Array2::<f64>::eye(6);
        correlation.iter().fold(0.0_f64, |most, v| most.max(v.abs()))
    };
    assert!(largest_correlation(true) < 1e-6);
    assert!(largest_correlation(false) > 1e-4);
}

fn suits(estimator: &Picard, x: &Observations) -> (Option<bool>, Option<Verdict>) {
    let mut run = Run::new(4);
    let fitted = estimator.fit(x, &mut run).unwrap();
    let evidence: Vec<Evidence> = estimator.evidence(x, &fitted.model, &mut run).unwrap();
    let density = evidence.iter().find(|e| e.assumption.contains("density"));
    (identified(&estimator.claim(), &evidence), density.map(|e| e.verdict))
}

/// The two-sided test of the assumption that `extended` removes.
#[test]
fn a_density_of_the_wrong_kind_is_refuted() {
    let laplace = mixture(&[Source::Laplace; 4], 4000, 5).0;
    let uniform = mixture(&[Source::Laplace, Source::Laplace, Source::Uniform, Source::Uniform], 4000, 5).0;
    for orthogonal in [false, true] {
        let fixed = estimator(orthogonal, PicardParams { extended: Some(false), ..Default::default() });
        assert_eq!(suits(&fixed, &laplace), (Some(true), Some(Verdict::Supported)));
        assert_eq!(suits(&fixed, &uniform), (Some(false), Some(Verdict::Refuted)));
        let either = estimator(orthogonal, PicardParams { extended: Some(true), ..Default::default() });
        assert_eq!(suits(&either, &uniform), (Some(true), None));
    }
}

#[test]
fn early_stops_say_so() {
    let x = mixture(&BOTH, 1000, 6).0;
    for orthogonal in [false, true] {
        let params = PicardParams { max_iterations: 2, extended: Some(true), ..Default::default() };
        let fitted = estimator(orthogonal, params.clone()).fit(&x, &mut Run::new(1)).unwrap();
        assert_eq!((fitted.stop, fitted.iterations), (Stop::MaxIterations, 2));
        assert!(fitted.warnings[0].text.contains("z1 (gradient "), "{}", fitted.warnings[0].text);
        let name = if orthogonal { "picard-o" } else { "picard" };
        let mut seen = 0;
        let fitted = {
            let mut run = Run::new(1).observed(|progress: &Progress<'_>| {
                seen += 1;
                assert_eq!(progress.stage, name);
                if progress.step == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            estimator(orthogonal, params).fit(&x, &mut run).unwrap()
        };
        assert_eq!((fitted.stop, seen), (Stop::Cancelled, 2));
        assert!(fitted.model.unmixing.axis_iter(Axis(0)).all(|row| row.iter().all(|v| v.is_finite())));
    }
}
