//! Confirmatory factor analysis against lavaan; see `goldens/lavaan`.

use crate::factor_models::{distance, holzinger};
use ndarray::s;
use unmix_core::{Fit, Fitted, Infer, LogDensity, Observations, Params, Run};
use unmix_linear::{ConfirmatoryFactorAnalysisParams, ConfirmatoryModel, FactorAnalysisParams, Rotation, Scores};
use unmix_testkit::Golden;

const THREE: &str = "[factors]\nvisual = ['x1', 'x2', 'x3']\ntextual = ['x4', 'x5', 'x6']\nspeed = ['x7', 'x8', 'x9']";
const CROSSED: &str = "noise_covariances = [['x2', 'x7']]
[factors]\nvisual = ['x1', 'x2', 'x3', 'x9']\ntextual = ['x4', 'x5', 'x6']\nspeed = ['x7', 'x8', 'x9']";
const SINGLE: &str = "noise_variances = { x1 = 0.4 }
[factors]\nvisual = ['x1']\ntextual = ['x4', 'x5', 'x6']\nspeed = ['x7', 'x8', 'x9']";
const ECHELON: &str = "echelon = ['x4', 'x1', 'x7']";

fn params(config: &str) -> ConfirmatoryFactorAnalysisParams {
    toml::from_str(config).unwrap()
}

fn fit(config: &str, x: &Observations) -> Fitted<ConfirmatoryModel> {
    params(config).build().unwrap().fit(x, &mut Run::new(1)).unwrap()
}

/// lavaan's names hold a `~`, which a JSON pointer writes as `~0`.
fn pointer(case: &str, table: &str, name: &str, column: &str) -> String {
    format!("/{case}/{table}/{}/{column}", name.replace('~', "~0"))
}

/// lavaan's search ends with a gradient of up to 1e-6 by raw parameters, which moves estimates by about as much.
fn assert_near(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{what}: {ours} against {theirs}");
}

fn check(case: &str, config: &str, x: &Observations) {
    let golden = Golden::read("lavaan/lavaan.json").unwrap();
    let fitted = fit(config, x);
    assert!(fitted.stop.converged(), "{case}: {:?}", fitted.stop);
    let model = fitted.model;

    for estimate in &model.estimates {
        let at = |column| golden.number(&pointer(case, "estimates", &estimate.name, column)).unwrap();
        assert_near(estimate.value, at("est"), 1e-5, &format!("{case}, {}", estimate.name));
        assert_near(estimate.standard_error.unwrap(), at("se"), 1e-5, &format!("{case}, error of {}", estimate.name));
    }
    let number = |name: &str| golden.number(&format!("/{case}/fit/{name}")).unwrap();
    let fit = &model.fit;
    let (low, high) = fit.rmsea_interval.unwrap();
    assert_eq!((fit.degrees_of_freedom as f64, fit.parameters as f64), (number("df"), number("npar")), "{case}");
    for (name, ours) in [
        ("chisq", fit.chi_squared),
        ("pvalue", fit.p_value.unwrap()),
        ("cfi", fit.cfi),
        ("tli", fit.tli.unwrap()),
        ("rmsea", fit.rmsea.unwrap()),
        ("srmr_bentler_nomean", fit.srmr),
        ("logl", fit.log_likelihood * x.rows() as f64),
        ("aic", fit.aic),
        ("bic", fit.bic),
    ] {
        assert_near(ours, number(name), 1e-8, &format!("{case}, {name}"));
    }
    // lavaan searches the noncentrality to four digits
    assert_near(low, number("rmsea.ci.lower"), 1e-5, case);
    assert_near(high, number("rmsea.ci.upper"), 1e-5, case);

    let ten = model.modifications.iter().filter(|m| m.index > 1e-3).take(10);
    for modification in ten {
        let at = |column| golden.number(&pointer(case, "modifications", &modification.name, column)).unwrap();
        assert_near(modification.index, at("mi"), 1e-5, &format!("{case}, {}", modification.name));
        assert_near(modification.expected, at("epc"), 1e-5, &format!("{case}, {}", modification.name));
    }
    assert!(distance(&model.residual_correlations, &golden.matrix(&format!("/{case}/residual_correlations")).unwrap()) < 1e-5);

    let order: Vec<usize> = match case {
        "echelon" => vec![0, 1, 2],
        // alphabetical here, as written there
        _ => vec![2, 1, 0],
    };
    let head = x.x().slice_move(s![..5, ..]);
    for (scores, name) in [("regression", "regression_scores"), ("bartlett", "bartlett_scores")] {
        let model = self::fit(&format!("scores = '{scores}'\n{config}"), x).model;
        let theirs = golden.matrix(&format!("/{case}/{name}")).unwrap().select(ndarray::Axis(1), &order);
        assert!(distance(&model.infer(head).unwrap(), &theirs) < 1e-4, "{case}, {name}");
    }
}

#[test]
fn correlated_factors_equal_lavaan() {
    check("correlated", THREE, &holzinger());
    // what every textbook prints
    let model = fit(THREE, &holzinger()).model;
    assert_eq!(format!("{:.3} {:.3} {:.3}", model.fit.chi_squared, model.fit.cfi, model.fit.srmr), "85.306 0.931 0.065");
    assert_eq!((model.modifications[0].name.as_str(), model.modifications[1].name.as_str()), ("visual =~ x9", "x7 ~~ x8"));
    assert!((model.modifications[0].index - 36.411).abs() < 1e-3 && (model.modifications[1].index - 34.145).abs() < 1e-3);
}

#[test]
fn uncorrelated_factors_equal_lavaan() {
    check("uncorrelated", &format!("correlated = false\n{THREE}"), &holzinger());
}

#[test]
fn factors_in_the_unit_of_a_marker_equal_lavaan() {
    check("marker", &format!("scaling = 'marker'\n{THREE}"), &holzinger());
    check("marker", &format!("anchors = {{ visual = 'x1', textual = 'x4', speed = 'x7' }}\n{THREE}"), &holzinger());
}

#[test]
fn a_cross_loading_and_a_covariance_of_noise_equal_lavaan() {
    check("crossed", CROSSED, &holzinger());
}

#[test]
fn a_factor_with_one_variable_of_known_noise_equals_lavaan() {
    let all = holzinger();
    let columns = [0, 3, 4, 5, 6, 7, 8];
    let names = columns.map(|j| all.names()[j].clone());
    check("single", SINGLE, &Observations::new(all.x().select(ndarray::Axis(1), &columns), names).unwrap());
}

#[test]
fn a_lower_triangle_equals_lavaan_and_the_exploratory_fit() {
    check("echelon", ECHELON, &holzinger());
    for (k, config) in [(1, "echelon = ['x2']"), (2, "echelon = ['x9', 'x5']"), (3, ECHELON)] {
        let ours = fit(config, &holzinger());
        let params = FactorAnalysisParams { components: Some(k), rotation: Rotation::None, ..Default::default() };
        let exploratory = params.build().unwrap().fit(&holzinger(), &mut Run::new(1)).unwrap();
        assert!((ours.objective.unwrap() - exploratory.objective.unwrap()).abs() < 1e-12 * 20.0, "{k} factors");
        assert!(distance(&ours.model.covariance(), &exploratory.model.covariance()) < 1e-6, "{k} factors");
        assert!((0..k).all(|j| ours.model.loadings.column(j).iter().any(|&v| v == 0.0) == (j > 0)));
    }
}

#[test]
fn the_objective_is_the_mean_log_density() {
    for config in [THREE, CROSSED, ECHELON] {
        let fitted = fit(config, &holzinger());
        let mean = fitted.model.log_density(holzinger().x()).unwrap().mean().unwrap();
        assert!((fitted.objective.unwrap() - mean).abs() < 1e-12 * mean.abs());
    }
    assert_eq!(params(THREE).scores, Scores::Regression);
}
