//! Principal axis factoring, suitability, Velicer's rule and scores against R's psych; see `goldens/psych`.
//!
//! Where conventions differ: psych standardises with divisor `n - 1` before it scores; its regression, Anderson and ten Berge weights invert the
//! sample correlations where ours invert the model's, which is the same at the maximum of the likelihood and nowhere else; its average
//! partial correlations start at one component, so that it cannot say none.

use crate::factor_models::{distance, holzinger, simple_loadings, simulate};
use ndarray::{Array1, Array2, Axis, s};
use rand_distr::{Distribution, StandardNormal};
use std::ops::ControlFlow;
use unmix_core::{DataError, Fit, Fitted, Infer, Observations, Params, Progress, Run, Seed, Stop};
use unmix_linear::{
    Correlation, Extraction, FactorAnalysisParams, FactorModel, LinearError, Rotation, Scores, bartlett_sphericity, kaiser_meyer_olkin,
    minimum_average_partial,
};
use unmix_testkit::Golden;

const SCORES: [(&str, Scores); 4] =
    [("regression", Scores::Regression), ("bartlett", Scores::Bartlett), ("anderson", Scores::Anderson), ("ten-berge", Scores::TenBerge)];

fn psych() -> Golden {
    Golden::read("psych/psych.json").unwrap()
}

fn params(extraction: Extraction, components: usize) -> FactorAnalysisParams {
    FactorAnalysisParams { components: Some(components), extraction, rotation: Rotation::None, ..Default::default() }
}

fn fit(params: FactorAnalysisParams, x: &Observations) -> Fitted<FactorModel> {
    params.build().unwrap().fit(x, &mut Run::new(1)).unwrap()
}

/// Of each of our columns, the column of theirs that is it but for its sign, and that sign.
fn columns(ours: &Array2<f64>, theirs: &Array2<f64>) -> Vec<(usize, f64)> {
    let cosine = |a: usize, b: usize| {
        let (x, y) = (ours.column(a), theirs.column(b));
        x.dot(&y) / (x.dot(&x) * y.dot(&y)).sqrt()
    };
    let best = |a: usize| (0..theirs.ncols()).max_by(|&b, &c| cosine(a, b).abs().total_cmp(&cosine(a, c).abs())).unwrap();
    (0..ours.ncols()).map(|a| (best(a), cosine(a, best(a)).signum())).collect()
}

fn matched(theirs: &Array2<f64>, places: &[(usize, f64)]) -> Array2<f64> {
    Array2::from_shape_fn((theirs.nrows(), places.len()), |(i, a)| theirs[[i, places[a].0]] * places[a].1)
}

#[test]
fn principal_axes_equal_psych() {
    let golden = psych();
    for components in 1..=3 {
        let fitted = fit(params(Extraction::PrincipalAxis, components), &holzinger());
        assert_eq!(fitted.stop, Stop::Tolerance);
        assert!(fitted.warnings.is_empty(), "{:?}", fitted.warnings);
        let theirs = golden.vector(&format!("/principal_axis/{}/communalities", components - 1)).unwrap();
        // 1e-8 is the last change, of a series that falls by a few per cent a step
        assert!((fitted.model.communalities() - theirs).iter().all(|v| v.abs() < 1e-6));
        let theirs = golden.matrix(&format!("/principal_axis/{}/loadings", components - 1)).unwrap();
        let ours = fitted.model.standardized_loadings();
        assert!(distance(&matched(&theirs, &columns(&ours, &theirs)), &ours) < 1e-6, "{components}");
    }
    // what stopping after a change of 1e-3 in the sum costs
    let early = golden.vector("/early/communalities").unwrap();
    let late = golden.vector("/principal_axis/2/communalities").unwrap();
    assert!((&early - &late).iter().any(|v| v.abs() > 1e-3));
}

#[test]
fn principal_axes_are_minimum_residuals() {
    for components in 1..=3 {
        let axis = fit(params(Extraction::PrincipalAxis, components), &holzinger());
        let minres = fit(params(Extraction::Minres, components), &holzinger());
        let apart = axis.model.uniqueness - minres.model.uniqueness;
        assert!(apart.iter().all(|v| v.abs() < 1e-5), "{components}: {apart}");
        assert!((axis.objective.unwrap() - minres.objective.unwrap()).abs() < 1e-9);
    }
}

#[test]
fn principal_axes_recover_loadings_that_hold() {
    for seed in 0..5 {
        let (x, uniqueness, units) = simulate(&simple_loadings(), 20_000, seed);
        let fitted = fit(params(Extraction::PrincipalAxis, 3), &Observations::unnamed(x).unwrap());
        assert!(fitted.stop.converged());
        let ours = &fitted.model.loadings / &units.view().insert_axis(Axis(1));
        let truth = simple_loadings();
        assert!(distance(&ours.dot(&ours.t()), &truth.dot(&truth.t())) < 0.06, "seed {seed}");
        assert!((&fitted.model.uniqueness / &units.mapv(|u| u * u) - uniqueness).iter().all(|v| v.abs() < 0.06), "seed {seed}");
    }
}

#[test]
fn principal_axes_report_each_step_and_never_hide_a_short_search() {
    let short = fit(FactorAnalysisParams { max_iterations: 3, ..params(Extraction::PrincipalAxis, 3) }, &holzinger());
    assert_eq!((short.stop, short.iterations), (Stop::MaxIterations, 3));
    let mut steps = Vec::new();
    let mut run = Run::new(1).observed(|p: &Progress<'_>| {
        steps.push((p.step, p.objective));
        if p.step == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let cancelled = params(Extraction::PrincipalAxis, 3).build().unwrap().fit(&holzinger(), &mut run).unwrap();
    drop(run);
    assert_eq!(cancelled.stop, Stop::Cancelled);
    assert_eq!(steps.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(steps.array_windows::<2>().all(|[a, b]| b.1 >= a.1), "the residuals grow: {steps:?}");
}

#[test]
fn a_communality_above_one_is_named() {
    // x3 is the factor itself, but for a sample's chance, and two factors are one too many
    let mut above = 0;
    for seed in 0..10 {
        let mut stream = Seed(seed).stream("test", 0);
        let mut x: Array2<f64> = Array2::from_shape_simple_fn((200, 6), || StandardNormal.sample(&mut stream));
        let cause = x.column(2).to_owned();
        for j in [0, 1, 3, 4, 5] {
            x.column_mut(j).scaled_add(1.0, &cause);
        }
        let fitted = fit(params(Extraction::PrincipalAxis, 1), &Observations::unnamed(x).unwrap());
        let heywood = fitted.warnings.iter().find(|w| w.code == "heywood-case");
        if let Some(warning) = fitted.warnings.iter().find(|w| w.code == "communality-above-one") {
            above += 1;
            assert!(warning.text.contains("\"x3\" (1.0") && !warning.text.contains("\"x1\""), "{}", warning.text);
            assert!(heywood.unwrap().text.contains("\"x3\""));
            assert!((fitted.model.standardized_uniqueness()[2] - 0.005).abs() < 1e-9);
        }
    }
    // the sample's communality lies on either side of 1 with about equal chances; in 1 of 500 such tests all ten lie on one side
    assert!((1..10).contains(&above), "{above} of 10");
}

#[test]
fn principal_axes_need_correlations_with_an_inverse() {
    let wide = Observations::unnamed(holzinger().x().slice(s![..9, ..]).to_owned()).unwrap();
    for extraction in [Extraction::PrincipalAxis, Extraction::Minres] {
        let error = params(extraction, 1).build().unwrap().fit(&wide, &mut Run::new(1)).unwrap_err();
        assert!(matches!(error, LinearError::Data(DataError::TooFewRows { needed: 10, found: 9, .. })), "{error}");
        assert!(error.to_string().contains("maximum-likelihood"), "{error}");
    }
}

#[test]
fn suitability_equals_psych() {
    let golden = psych();
    let correlation = Correlation::of(&holzinger()).unwrap();
    let kmo = kaiser_meyer_olkin(correlation.r.view()).unwrap();
    assert!((kmo.overall - golden.number("/kmo/overall").unwrap()).abs() < 1e-12);
    assert!((kmo.per_variable - golden.vector("/kmo/per_variable").unwrap()).iter().all(|v| v.abs() < 1e-12));
    let sphericity = bartlett_sphericity(correlation.r.view(), correlation.rows).unwrap();
    assert!((sphericity.chi_squared - golden.number("/bartlett/chisq").unwrap()).abs() < 1e-9);
    let p = golden.number("/bartlett/p.value").unwrap();
    assert!((sphericity.p_value - p).abs() <= 1e-6 * p);
    assert_eq!(sphericity.degrees_of_freedom as f64, golden.number("/bartlett/df").unwrap());
}

#[test]
fn average_partials_have_their_minimum_where_those_of_psych_do() {
    let golden = psych();
    let r = Correlation::of(&holzinger()).unwrap().r;
    for case in 0..6 {
        let columns = golden.vector(&format!("/average_partials/{case}/columns")).unwrap();
        let columns: Vec<usize> = columns.iter().map(|&j| j as usize - 1).collect();
        let values = golden.vector(&format!("/average_partials/{case}/values")).unwrap();
        // after none: the mean squared correlation, which psych does not look at
        let r = r.select(Axis(0), &columns).select(Axis(1), &columns);
        let d = columns.len();
        let none = (r.mapv(|v| v * v).sum() - d as f64) / (d * (d - 1)) as f64;
        let theirs = values.iter().enumerate().filter(|(_, v)| v.is_finite()).min_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        let expected = if none <= *theirs.1 { 0 } else { theirs.0 + 1 };
        assert_eq!(minimum_average_partial(r.view()).unwrap(), expected, "{columns:?}: {none} and {values}");
    }
}

#[test]
fn scores_equal_psych_at_the_maximum_of_the_likelihood() {
    let golden = psych();
    let x = holzinger();
    // psych standardises with divisor n - 1
    let shrink = (300.0_f64 / 301.0).sqrt();
    for (kind, rotation) in [("uncorrelated", Rotation::None), ("correlated", Rotation::Quartimin)] {
        let theirs = golden.matrix(&format!("/likelihood/{kind}/loadings")).unwrap();
        for (name, scores) in SCORES.iter().filter(|(name, _)| kind == "uncorrelated" || *name != "anderson") {
            let params = FactorAnalysisParams { rotation, kaiser: false, scores: *scores, ..params(Extraction::MaximumLikelihood, 3) };
            let model = fit(params, &x).model;
            let ours = model.standardized_loadings();
            let places = columns(&ours, &theirs);
            assert!(distance(&matched(&theirs, &places), &ours) < 1e-5, "{kind} {name}");
            let weights = golden.matrix(&format!("/likelihood/{kind}/methods/{name}/weights")).unwrap();
            let standard = (&model.unmixing * &model.sd).t().to_owned();
            assert!(distance(&matched(&weights, &places), &standard) < 1e-5, "{kind} {name}");
            let five = golden.matrix(&format!("/likelihood/{kind}/methods/{name}/scores")).unwrap();
            let codes = model.infer(x.x().slice(s![..5, ..])).unwrap() * shrink;
            assert!(distance(&matched(&five, &places), &codes) < 1e-4, "{kind} {name}");
        }
    }
}

/// Away from that maximum psych's weights are those of the sample's correlations, as its formulas say, and ours those of the model's; Bartlett's
/// need neither.
#[test]
fn scores_differ_from_psych_away_from_the_maximum_by_the_correlations_inverted() {
    let golden = psych();
    let r = Correlation::of(&holzinger()).unwrap().r;
    let theirs = golden.matrix("/principal_axis/2/loadings").unwrap();
    for (name, scores) in SCORES {
        let model = fit(FactorAnalysisParams { scores, ..params(Extraction::PrincipalAxis, 3) }, &holzinger()).model;
        let ours = model.standardized_loadings();
        let places = columns(&ours, &theirs);
        let weights = matched(&golden.matrix(&format!("/axis_scores/{name}/weights")).unwrap(), &places);
        let standard = (&model.unmixing * &model.sd).t().to_owned();
        match scores {
            Scores::Bartlett => assert!(distance(&weights, &standard) < 1e-5),
            Scores::Regression => {
                let sample = unmix_numerics::solve_spd(r.view(), ours.view()).unwrap();
                assert!(distance(&weights, &sample) < 1e-5);
                let sigma = ours.dot(&ours.t()) + Array2::from_diag(&(1.0 - ours.mapv(|v| v * v).sum_axis(Axis(1)) as Array1<f64>));
                assert!(distance(&standard, &unmix_numerics::solve_spd(sigma.view(), ours.view()).unwrap()) < 1e-6);
                assert!(distance(&weights, &standard) > 1e-3);
            }
            // second order in the misfit
            _ => assert!(distance(&weights, &standard) > 1e-5, "{name}"),
        }
    }
}
