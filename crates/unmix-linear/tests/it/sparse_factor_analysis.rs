//! Sparse factor analysis finds zeros that are there, and says when there are too few.

use crate::{
    factor_models::holzinger,
    sparse_loadings::{anchored, dense, factor_data},
};
use approx::assert_abs_diff_eq;
use ndarray::{Array2, Axis, array};
use std::ops::ControlFlow;
use unmix_core::{Evidence, Fit, Infer, Observations, Params, Progress, Run, Verdict, identified};
use unmix_linear::{SparseFactorAnalysis, SparseFactorAnalysisParams, SparseFactorModel};
use unmix_numerics::maximum_assignment;
use unmix_testkit::Golden;

const ANCHORED: &str = "every factor has two variables that load on it alone, and a third that loads on it";
const ZEROS: &str = "the factors are uncorrelated and the zeros of the loadings hold";

fn estimator(components: usize) -> SparseFactorAnalysis {
    SparseFactorAnalysisParams { components: Some(components), ..Default::default() }.build().unwrap()
}

fn fit(x: &Observations, components: usize, seed: u64) -> SparseFactorModel {
    let fitted = estimator(components).fit(x, &mut Run::new(seed)).unwrap();
    assert!(fitted.stop.converged(), "{:?} after {}", fitted.stop, fitted.iterations);
    fitted.model
}

fn verdict(evidence: &[Evidence], assumption: &str) -> Verdict {
    evidence.iter().find(|e| e.assumption == assumption).unwrap().verdict
}

/// The columns of `estimate` matched to those of `truth` in order and sign; those of `estimate` without a partner are left out.
fn matched(estimate: &Array2<f64>, truth: &Array2<f64>) -> Array2<f64> {
    let products = truth.t().dot(estimate);
    let pairs = maximum_assignment(products.mapv(f64::abs).view()).unwrap().pairs;
    let mut out = Array2::zeros(truth.raw_dim());
    for (k, j) in pairs {
        out.column_mut(k).assign(&(&estimate.column(j) * products[[k, j]].signum()));
    }
    out
}

#[test]
fn zeros_of_anchored_factors_are_found() {
    let mut wrong = 0;
    for seed in 0..10 {
        let truth = anchored(24, 3, 0.75, seed);
        let x = factor_data(&truth, 1000, seed);
        let model = fit(&x, 5, seed);
        assert_eq!(model.factors.components(), 3, "seed {seed}");
        let loadings = matched(&model.factors.loadings, &truth);
        let worst = (&loadings - &truth).iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        assert!(worst < 0.2, "seed {seed}: a loading is off by {worst}");
        wrong += loadings.iter().zip(&truth).filter(|(a, b)| (**a == 0.0) != (**b == 0.0)).count();
    }
    // of 720 loadings; a true one of 0.1 is below what 1000 rows show
    assert!(wrong <= 36, "{wrong} zeros wrong");
}

#[test]
fn anchors_make_it_identified_and_dense_loadings_do_not() {
    let (mut held, mut refuted) = (0, 0);
    for seed in 0..8 {
        for (truth, anchors) in [(anchored(16, 3, 1.0, seed), true), (dense(16, 3, seed), false)] {
            let x = factor_data(&truth, 1000, seed);
            let estimator = estimator(3);
            let mut run = Run::new(seed);
            let model = estimator.fit(&x, &mut run).unwrap().model;
            let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
            if anchors {
                assert_eq!(verdict(&evidence, ANCHORED), Verdict::Supported, "seed {seed}");
                held += usize::from(identified(&estimator.claim(), &evidence) == Some(true));
            } else {
                refuted += usize::from(identified(&estimator.claim(), &evidence) == Some(false));
            }
        }
    }
    // the test of the zeros rejects a true model in one of 20; a chosen pattern may lack a small loading
    assert!(held >= 6, "{held} of 8 identified with anchors");
    assert_eq!(refuted, 8, "dense loadings pass as anchored");
}

/// Two loading matrices that no data can tell from others with as many pure indicators: of a factor on two variables only the product of the loadings is
/// known, and mixtures in the same proportions are the pure indicators of the rotation by 45°.
#[test]
fn two_pure_indicators_alone_do_not_make_it_identified() {
    let doublets = Array2::from_shape_fn((8, 3), |(j, k)| match (j, k) {
        (0..3, 0) | (3..6, 1) => 0.8,
        (6.., 2) => [0.9, 0.5][j - 6],
        _ => 0.0,
    });
    let turned = array![[0.6, 0.0], [0.0, 0.6], [0.5, 0.5], [0.5, -0.5]];
    let turned = Array2::from_shape_fn((8, 2), |(j, k)| turned[[j / 2, k]]);
    for (loadings, components) in [(doublets, 3), (turned, 2)] {
        for seed in 0..5 {
            let x = factor_data(&loadings, 3000, seed);
            let (estimator, mut run) = (estimator(components), Run::new(seed));
            let model = estimator.fit(&x, &mut run).unwrap().model;
            let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
            assert_ne!(identified(&estimator.claim(), &evidence), Some(true), "{components} factors, seed {seed}: {evidence:?}");
        }
    }
}

/// The test of the zeros is of the likelihood alone, however little noise a variable has.
#[test]
fn little_noise_does_not_refute_the_zeros() {
    let loadings = Array2::from_shape_fn((8, 2), |(j, k)| if j / 4 == k { 0.975 } else { 0.0 });
    let supported = (0..20).filter(|&seed| {
        let x = factor_data(&loadings, 400, seed);
        let (estimator, mut run) = (estimator(2), Run::new(seed));
        let model = estimator.fit(&x, &mut run).unwrap().model;
        verdict(&estimator.evidence(&x, &model, &mut run).unwrap(), ZEROS) == Verdict::Supported
    });
    // at level 0.05 more than 4 of 20 fail once in 400 such studies
    assert!(supported.count() >= 16);
}

#[test]
fn correlated_factors_refute_the_zeros() {
    let truth = anchored(12, 2, 1.0, 1);
    // codes of correlation 0.6
    let mix = ndarray::array![[1.0, 0.0], [0.6, 0.8]];
    let x = factor_data(&truth.dot(&mix), 1000, 1);
    let estimator = estimator(2);
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    assert_eq!(identified(&estimator.claim(), &evidence), Some(false), "{evidence:?}");
}

#[test]
fn posterior_density_rises_to_the_mode() {
    let x = factor_data(&anchored(12, 2, 0.5, 3), 300, 3);
    let params = SparseFactorAnalysisParams { components: Some(3), starts: 1, ..Default::default() };
    let mut path: Vec<(f64, f64)> = Vec::new();
    let mut run = Run::new(3).observed(|progress: &Progress<'_>| {
        path.push((progress.parts[1].1, progress.objective));
        ControlFlow::Continue(())
    });
    params.build().unwrap().fit(&x, &mut run).unwrap();
    drop(run);
    // the iterations without expansion are the last ones at the last spike; with it the density of the expanded model rises, not this one
    let last: Vec<f64> = path.iter().filter(|(spike, _)| *spike == 300.0).map(|(_, objective)| *objective).collect();
    let plain = &last[last.len() - 20.min(last.len() / 2)..];
    assert!(plain.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9), "{plain:?}");
}

#[test]
fn the_mode_is_stationary() {
    let x = factor_data(&anchored(12, 2, 0.5, 4), 400, 4);
    let model = fit(&x, 2, 4);
    let again = fit(&x, 2, 4);
    assert_eq!(model, again);
    assert!(model.agreeing >= 2, "{} of {} starts agree", model.agreeing, model.starts);
    // a probability for each loading; excluded ones are 0
    for (loading, inclusion) in model.factors.loadings.iter().zip(&model.inclusion) {
        assert!((0.0..=1.0).contains(inclusion) && (*loading != 0.0 || *inclusion < 0.5));
    }
    assert_eq!(verdict(&estimator(2).evidence(&x, &model, &mut Run::new(4)).unwrap(), ZEROS), Verdict::Supported);
}

#[test]
fn holzinger_has_its_three_textbook_factors() {
    let x = holzinger();
    let model = fit(&x, 3, 1);
    // visual x1-x3, textual x4-x6, speed x7-x9; x9 is known to load on visual as well
    let loadings = model.factors.standardized_loadings();
    let strongest: Vec<usize> =
        loadings.axis_iter(Axis(0)).map(|row| (0..3).max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs())).unwrap()).collect();
    let [visual, textual, speed] = [strongest[0], strongest[3], strongest[6]];
    assert_eq!(strongest[..8], [visual, visual, visual, textual, textual, textual, speed, speed]);
    assert!(loadings[[8, visual]] != 0.0 && loadings[[8, speed]] != 0.0);
    assert!(model.factors.infer(x.x()).is_ok());
}

#[test]
fn bad_input() {
    let noise = factor_data(&Array2::zeros((6, 1)), 500, 1);
    let error = estimator(1).fit(&noise, &mut Run::new(1)).unwrap_err().to_string();
    assert_eq!(
        error,
        "no factor loads on two variables under a spike of rate 500 and a slab of rate 1: there is none to find; lower `spike`"
    );
    let error = estimator(4).fit(&noise, &mut Run::new(1)).unwrap_err().to_string();
    assert!(error.contains("more parameters than there are correlations"), "{error}");
    let blunt = SparseFactorAnalysisParams { spike: Some(0.5), ..Default::default() };
    assert!(blunt.build().unwrap_err().to_string().contains("spike"));
}

#[test]
fn agrees_with_a_general_optimiser() {
    let golden = Golden::read("sparse-factor-analysis/sparse-factor-analysis.json").unwrap();
    let x = Observations::unnamed(golden.matrix("/x").unwrap()).unwrap();
    let params = SparseFactorAnalysisParams { components: Some(2), tolerance: 1e-11, ..Default::default() };
    let fitted = params.build().unwrap().fit(&x, &mut Run::new(1)).unwrap();
    let expected = golden.matrix("/loadings").unwrap();
    let loadings = matched(&fitted.model.factors.standardized_loadings(), &expected);
    assert_abs_diff_eq!(loadings, expected, epsilon = 2e-5);
    assert_abs_diff_eq!(fitted.model.factors.standardized_uniqueness(), golden.vector("/uniqueness").unwrap(), epsilon = 2e-5);
    assert_abs_diff_eq!(fitted.model.share, golden.number("/share").unwrap(), epsilon = 1e-4);
    assert_abs_diff_eq!(fitted.objective.unwrap(), golden.number("/log_posterior").unwrap(), epsilon = 1e-6);
}

/// With few rows as with many, whatever the prior holds a uniqueness above.
#[test]
fn a_variable_without_noise_is_seen_in_few_rows() {
    let loadings = Array2::from_shape_fn((8, 2), |(j, k)| match (j, j / 4 == k) {
        (0, true) => 1.0,
        (_, true) => 0.7,
        _ => 0.0,
    });
    let refuted = (0..10).filter(|&seed| {
        let x = factor_data(&loadings, 150, seed);
        let (estimator, mut run) = (estimator(2), Run::new(seed));
        let model = estimator.fit(&x, &mut run).unwrap().model;
        verdict(&estimator.evidence(&x, &model, &mut run).unwrap(), "every variable has noise of its own") == Verdict::Refuted
    });
    // half of the samples have their maximum at the bound
    assert!(refuted.count() >= 2);
}
