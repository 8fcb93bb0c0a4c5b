//! Log densities, cdfs, entropies and moments against SciPy and mpmath (`goldens/dist`).

use std::{fs, path::Path};
use unmix_dist::{Bernoulli, Density, Laplace, Normal, Uniform};

/// Both sides round a few times; SciPy's normal tail is good to 1e-13.
const RELATIVE: f64 = 1e-12;
/// Relative errors mean nothing among the subnormal numbers.
const SMALLEST: f64 = 1e-300;

fn close(ours: f64, theirs: f64, what: &str) {
    let allowed = RELATIVE * theirs.abs() + SMALLEST;
    assert!((ours - theirs).abs() <= allowed, "{what}: {ours} is not {theirs}");
}

#[test]
fn equal_scipy_and_mpmath_on_grids_with_extremes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens/dist/densities.json");
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> { value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
    let mut compared = 0;
    for case in file["cases"].as_array().unwrap() {
        let parameters = numbers(&case["parameters"]);
        let name = case["distribution"].as_str().unwrap();
        let distribution: Box<dyn Density> = match name {
            "normal" => Box::new(Normal::new(parameters[0], parameters[1]).unwrap()),
            "laplace" => Box::new(Laplace::new(parameters[0], parameters[1]).unwrap()),
            "uniform" => Box::new(Uniform::new(parameters[0], parameters[1]).unwrap()),
            "bernoulli" => Box::new(Bernoulli::from_logit(parameters[0]).unwrap()),
            other => panic!("no such distribution: {other}"),
        };
        for ((x, log_density), cdf) in numbers(&case["x"]).into_iter().zip(numbers(&case["log_density"])).zip(numbers(&case["cdf"])) {
            let what = format!("{name} {parameters:?} at {x}");
            close(distribution.log_density(x), log_density, &format!("log density of {what}"));
            close(distribution.cdf(x), cdf, &format!("cdf of {what}"));
            compared += 2;
        }
        let what = format!("{name} {parameters:?}");
        close(distribution.entropy(), case["entropy"].as_f64().unwrap(), &format!("entropy of {what}"));
        close(distribution.mean(), case["mean"].as_f64().unwrap(), &format!("mean of {what}"));
        close(distribution.variance(), case["variance"].as_f64().unwrap(), &format!("variance of {what}"));
    }
    assert!(compared > 900, "only {compared} values were compared");
}

#[test]
fn outside_the_support_the_log_density_is_minus_infinity_and_nan_stays_nan() {
    let uniform = Uniform::new(0.0, 2.0).unwrap();
    assert_eq!((uniform.log_density(-1e-9), uniform.log_density(2.1)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
    assert_eq!((uniform.cdf(-5.0), uniform.cdf(5.0)), (0.0, 1.0));
    let certain = Bernoulli::from_probability(1.0).unwrap();
    assert_eq!((certain.log_density(1.0), certain.log_density(0.0), certain.entropy()), (0.0, f64::NEG_INFINITY, 0.0));
    assert_eq!(certain.log_density(0.5), f64::NEG_INFINITY);
    let all: [&dyn Density; 4] = [&Normal::STANDARD, &Laplace::new(0.0, 1.0).unwrap(), &uniform, &certain];
    for distribution in all {
        assert!(distribution.log_density(f64::NAN).is_nan() && distribution.cdf(f64::NAN).is_nan());
        assert_eq!((distribution.cdf(f64::NEG_INFINITY), distribution.cdf(f64::INFINITY)), (0.0, 1.0));
        assert_eq!(distribution.log_density(f64::INFINITY), f64::NEG_INFINITY);
    }
}
