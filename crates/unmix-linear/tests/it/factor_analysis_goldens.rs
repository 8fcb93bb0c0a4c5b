//! Factor analysis against scikit-learn, `factor_analyzer` and SciPy; see `goldens/factor-analysis`.

use crate::factor_models::{distance, holzinger, matched_congruence};
use ndarray::{Array1, Array2, Axis, s};
use unmix_core::{Fit, Fitted, Generate, Infer, LogDensity, Params, Run, Seed, Verdict};
use unmix_linear::{
    Correlation, Extraction, FactorAnalysisParams, FactorModel, FitIndices, Rotation, Varimax, bartlett_sphericity, kaiser_meyer_olkin,
};
use unmix_testkit::Golden;

fn fit(components: usize, rotation: Rotation) -> Fitted<FactorModel> {
    let params = FactorAnalysisParams { components: Some(components), rotation, ..Default::default() };
    params.build().unwrap().fit(&holzinger(), &mut Run::new(1)).unwrap()
}

fn scikit_learn() -> Golden {
    Golden::read("factor-analysis/scikit-learn.json").unwrap()
}

fn factor_analyzer() -> Golden {
    Golden::read("factor-analyzer/factor-analyzer.json").unwrap()
}

#[test]
fn log_likelihood_equals_both_peers() {
    for components in 1..=3 {
        let fitted = fit(components, Rotation::None);
        assert!(fitted.stop.converged() && fitted.warnings.is_empty(), "{:?} {:?}", fitted.stop, fitted.warnings);
        let ours = fitted.objective.unwrap();
        let densities = fitted.model.log_density(holzinger().x()).unwrap();
        assert!((densities.mean().unwrap() - ours).abs() < 1e-12 * ours.abs());
        for golden in [scikit_learn(), factor_analyzer()] {
            let theirs = golden.number(&format!("/fits/{}/log_likelihood", components - 1)).unwrap();
            // the promise is 1e-6; each is at its own maximum, ours being the highest to rounding
            assert!((ours - theirs).abs() < 1e-9 * theirs.abs(), "{components} factors: {ours} against {theirs}");
            assert!(ours > theirs - 1e-11 * theirs.abs(), "{components} factors: {ours} is below {theirs}");
        }
    }
}

/// `factor_analyzer` minimises the same residuals without a gradient and stops early: ours are the smaller, and its model is near.
#[test]
fn minimum_residuals_are_no_larger_than_those_of_factor_analyzer() {
    let golden = factor_analyzer();
    let r = Correlation::of(&holzinger()).unwrap().r;
    let squares = |loadings: &Array2<f64>| {
        let mut residuals = &r - &loadings.dot(&loadings.t());
        residuals.diag_mut().fill(0.0);
        residuals.mapv(|v| v * v).sum()
    };
    for components in 1..=3 {
        let params = FactorAnalysisParams {
            components: Some(components),
            extraction: Extraction::Minres,
            rotation: Rotation::None,
            ..Default::default()
        };
        let fitted = params.build().unwrap().fit(&holzinger(), &mut Run::new(1)).unwrap();
        let ours = fitted.model.standardized_loadings();
        let theirs = golden.matrix(&format!("/minres/{}/loadings", components - 1)).unwrap();
        assert!(fitted.stop.converged());
        assert!(squares(&ours) <= squares(&theirs) + 1e-9, "{components}: {} {}", squares(&ours), squares(&theirs));
        assert!(distance(&ours.dot(&ours.t()), &theirs.dot(&theirs.t())) < 1e-3);
        // the diagonal is reproduced, which a likelihood does not ask for
        assert!((fitted.model.communalities() + fitted.model.standardized_uniqueness()).iter().all(|v| (v - 1.0).abs() < 1e-6));
        assert!((fitted.objective.unwrap() + 0.5 * squares(&ours)).abs() < 1e-9);
    }
}

#[test]
fn covariance_densities_and_reconstruction_equal_scikit_learn() {
    let golden = scikit_learn();
    let x = holzinger();
    for components in 1..=3 {
        let at = |key: &str| format!("/fits/{}/{key}", components - 1);
        let model = fit(components, Rotation::Varimax).model;
        // scikit-learn stops at 1e-11 nats, which leaves its parameters uncertain by about 1e-6
        assert!(distance(&model.covariance(), &golden.matrix(&at("covariance")).unwrap()) < 1e-5);
        let uniqueness = golden.vector(&at("uniqueness")).unwrap();
        assert!((&model.uniqueness - &uniqueness).iter().all(|v| v.abs() < 1e-5));
        let rows = x.x().slice_move(s![..10, ..]);
        let density = golden.vector(&at("log_density")).unwrap();
        assert!((model.log_density(rows).unwrap() - density).iter().all(|v| v.abs() < 1e-5));
        let loop_ = model.generate(model.infer(rows).unwrap().view()).unwrap();
        assert!(distance(&loop_, &golden.matrix(&at("reconstruction")).unwrap()) < 1e-5);
    }
}

#[test]
fn loadings_equal_factor_analyzer() {
    let golden = factor_analyzer();
    for components in 1..=3 {
        let model = fit(components, Rotation::None).model;
        let theirs = golden.matrix(&format!("/fits/{}/loadings", components - 1)).unwrap();
        let ours = model.standardized_loadings();
        // one sign a factor is free; both systems order factors by strength
        for (a, b) in ours.axis_iter(Axis(1)).zip(theirs.axis_iter(Axis(1))) {
            let sign = a.dot(&b).signum();
            assert!((&a - &(&b * sign)).iter().all(|v| v.abs() < 1e-4), "{components} factors: {a} against {b}");
        }
        let uniqueness = golden.vector(&format!("/fits/{}/uniqueness", components - 1)).unwrap();
        assert!((model.standardized_uniqueness() - uniqueness).iter().all(|v| v.abs() < 1e-4));
    }
}

#[test]
fn varimax_equals_factor_analyzer() {
    let golden = factor_analyzer();
    for components in 2..=3 {
        let at = |key: &str| format!("/fits/{}/{key}", components - 1);
        let theirs = golden.matrix(&at("varimax")).unwrap();
        let loadings = golden.matrix(&at("loadings")).unwrap();
        let ours = Varimax::default().rotate(loadings.view(), Seed(1));
        assert!(ours.converged);
        assert!(matched_congruence(&ours.loadings, &theirs) > 1.0 - 1e-12);
        // order and sign apart: the sums of squares of matched columns are equal too
        let squares = |m: &Array2<f64>| {
            let mut sums: Vec<f64> = m.axis_iter(Axis(1)).map(|c| c.dot(&c)).collect();
            sums.sort_by(f64::total_cmp);
            Array1::from(sums)
        };
        assert!((squares(&ours.loadings) - squares(&theirs)).iter().all(|v| v.abs() < 1e-6));
        // and from our own fit
        let model = fit(components, Rotation::Varimax).model;
        assert!(matched_congruence(&model.standardized_loadings(), &theirs) > 1.0 - 1e-7);
    }
}

#[test]
fn suitability_equals_factor_analyzer() {
    let golden = factor_analyzer();
    let correlation = Correlation::of(&holzinger()).unwrap();
    let kmo = kaiser_meyer_olkin(correlation.r.view()).unwrap();
    assert!((kmo.overall - golden.number("/kmo/overall").unwrap()).abs() < 1e-12);
    let per_variable = golden.vector("/kmo/per_variable").unwrap();
    assert!((&kmo.per_variable - &per_variable).iter().all(|v| v.abs() < 1e-12));
    let sphericity = bartlett_sphericity(correlation.r.view(), correlation.rows).unwrap();
    assert!((sphericity.chi_squared - golden.number("/bartlett/chi_squared").unwrap()).abs() < 1e-9);
    assert_eq!(sphericity.degrees_of_freedom, 36);
    let p = golden.number("/bartlett/p_value").unwrap();
    assert!((sphericity.p_value - p).abs() <= 1e-6 * p);
}

#[test]
fn fit_indices_equal_scipy() {
    let golden = scikit_learn();
    let correlation = Correlation::of(&holzinger()).unwrap();
    for components in 1..=3 {
        let indices = FitIndices::of(&correlation, &fit(components, Rotation::Varimax).model).unwrap();
        let (low, high) = indices.rmsea_interval.unwrap();
        for (key, ours, tolerance) in [
            ("chi_squared", indices.chi_squared, 1e-7),
            ("degrees_of_freedom", indices.degrees_of_freedom as f64, 0.0),
            ("p_value", indices.p_value.unwrap(), 1e-6),
            ("rmsea", indices.rmsea.unwrap(), 1e-7),
            ("rmsea_low", low, 1e-7),
            ("rmsea_high", high, 1e-7),
            ("cfi", indices.cfi, 1e-8),
            ("tli", indices.tli.unwrap(), 1e-8),
            ("srmr", indices.srmr, 1e-4),
            ("parameters", indices.parameters as f64, 0.0),
            ("aic", indices.aic, 1e-9),
            ("bic", indices.bic, 1e-9),
        ] {
            let theirs = golden.number(&format!("/fits/{}/indices/{key}", components - 1)).unwrap();
            assert!((ours - theirs).abs() <= tolerance * theirs.abs(), "{components} factors, {key}: {ours} against {theirs}");
        }
    }
}

#[test]
fn holzinger_has_the_three_known_factors() {
    let fitted = FactorAnalysisParams::default().build().unwrap().fit(&holzinger(), &mut Run::new(1)).unwrap();
    let loadings = fitted.model.standardized_loadings();
    assert_eq!(loadings.ncols(), 3);
    // visual x1-x3, textual x4-x6, speed x7-x9
    for (test, row) in loadings.rows().into_iter().enumerate() {
        let strongest = row.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap().0;
        let of_group = loadings.slice(s![3 * (test / 3)..3 * (test / 3) + 3, strongest]);
        assert!(of_group.iter().all(|v| v.abs() > 0.4), "x{} loads on factor {strongest}: {of_group}", test + 1);
    }
    // factanal of R prints 22.38 on 12 degrees of freedom, p = 0.0335: too small for our level
    let estimator = FactorAnalysisParams::default().build().unwrap();
    let evidence = estimator.evidence(&holzinger(), &fitted.model, &mut Run::new(1)).unwrap();
    let refuted: Vec<_> = evidence.iter().filter(|e| e.verdict == Verdict::Refuted).collect();
    assert_eq!(refuted.len(), 1);
    assert!((refuted[0].p_value.unwrap() - 0.0335).abs() < 5e-5, "{:?}", refuted[0]);
}
