//! What cannot be fitted is refused by name, and nothing panics.

use crate::estimator;
use ndarray::{Array2, Axis, concatenate};
use rand::RngExt;
use unmix_causal::IcaLingamParams;
use unmix_core::{Failure, Fit, Kind, Observations, Params, Run, Seed, Verdict};

fn uniform(n: usize, d: usize) -> Array2<f64> {
    let mut stream = Seed(2).stream("uniform", 0);
    Array2::from_shape_simple_fn((n, d), || stream.random_range(-1.0..1.0))
}

fn refused(x: Array2<f64>) -> String {
    let error = estimator(5).fit(&Observations::unnamed(x).unwrap(), &mut Run::new(1)).unwrap_err();
    assert_eq!(error.kind(), Kind::Data, "{error}");
    error.to_string()
}

#[test]
fn columns_that_do_not_allow_it_are_named() {
    let x = uniform(100, 3);
    let mut constant = x.clone();
    constant.column_mut(1).fill(4.0);
    assert!(refused(constant).starts_with("column \"x2\" is constant"));
    let doubled = concatenate![Axis(1), x, x.slice(ndarray::s![.., ..1])];
    assert!(refused(doubled).starts_with("column \"x4\" repeats \"x1\""));
    let sum = concatenate![Axis(1), x, x.sum_axis(Axis(1)).insert_axis(Axis(1))];
    assert!(refused(sum).contains("linear combination"));
    assert!(refused(uniform(5, 3)).starts_with("the table has 5 rows, at least 10 are needed"));
    assert!(refused(uniform(12, 8)).contains("at least 16 are needed"));
}

#[test]
fn every_wrong_parameter_is_listed() {
    let mut params = IcaLingamParams { level: f64::NAN, ..Default::default() };
    params.ica.components = Some(2);
    params.ica.tolerance = -1.0;
    let error = params.build().unwrap_err().to_string();
    for field in ["`level` is NaN", "`ica.components`", "`tolerance` is -1"] {
        assert!(error.contains(field), "{error}");
    }
}

#[test]
fn one_variable_is_a_graph_without_edges() {
    let x = Observations::unnamed(uniform(200, 1)).unwrap();
    let fitted = estimator(5).fit(&x, &mut Run::new(1)).unwrap();
    assert!(fitted.model.dag().graph().edges().is_empty());
    let evidence = estimator(5).evidence(&x, &fitted.model, &mut Run::new(1)).unwrap();
    assert!(evidence.iter().all(|e| e.verdict == Verdict::Untestable));
}

#[test]
fn few_rows_are_untestable_and_unconverged_fits_say_so() {
    let x = Observations::unnamed(uniform(60, 3)).unwrap();
    let mut params = IcaLingamParams { bootstrap: 4, restarts: 1, ..Default::default() };
    params.ica.max_iterations = 1;
    params.ica.tolerance = 1e-12;
    let estimator = params.build().unwrap();
    let fitted = estimator.fit(&x, &mut Run::new(1)).unwrap();
    assert!(!fitted.stop.converged());
    let codes: Vec<&str> = fitted.warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["not-converged", "bootstrap-not-converged"]);
    assert!(fitted.warnings[0].text.contains("any of 2 starts"), "{}", fitted.warnings[0].text);
    let evidence = estimator.evidence(&x, &fitted.model, &mut Run::new(1)).unwrap();
    assert!(evidence.iter().all(|e| e.verdict == Verdict::Untestable));
    assert!(evidence[0].detail.contains("need 100 rows"));
}

#[test]
fn extreme_values_do_not_panic() {
    for factor in [1e-300, 1e-150, 1e150, 1e300] {
        let x = Observations::unnamed(uniform(60, 3) * factor).unwrap();
        // an error or a fit, but no panic and no NaN
        if let Ok(fitted) = estimator(2).fit(&x, &mut Run::new(1)) {
            assert!(fitted.model.weights().iter().all(|w| w.is_finite()));
        }
    }
}
