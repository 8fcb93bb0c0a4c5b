//! Parameters outside their range are refused with the value.

use unmix_core::{Failure, Kind};
use unmix_dist::{Bernoulli, DistError, Laplace, Normal, Uniform};

fn refused<T: std::fmt::Debug>(result: Result<T, DistError>, message: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.kind()), (message, Kind::Usage));
}

#[test]
fn name_the_value_and_the_range() {
    refused(Normal::new(f64::NAN, 1.0), "normal: `mean` is NaN; give a finite number");
    refused(Normal::new(0.0, 0.0), "normal: `standard_deviation` is 0; give a finite number above zero");
    refused(Normal::new(0.0, f64::NAN), "normal: `standard_deviation` is NaN; give a finite number above zero");
    refused(Laplace::new(f64::INFINITY, 1.0), "laplace: `location` is inf; give a finite number");
    refused(Laplace::new(0.0, -2.0), "laplace: `scale` is -2; give a finite number above zero");
    let interval =
        |low, high| format!("uniform: `low` is {low} and `high` is {high}; give finite numbers with low < high and a finite width");
    refused(Uniform::new(1.0, 1.0), &interval("1", "1"));
    refused(Uniform::new(f64::NAN, 1.0), &interval("NaN", "1"));
    assert!(Uniform::new(-f64::MAX, f64::MAX).is_err());
    refused(Bernoulli::from_probability(1.5), "bernoulli: `probability` is 1.5; give a number from 0 to 1");
    refused(Bernoulli::from_logit(f64::NAN), "bernoulli: `logit` is NaN; give a number or an infinity");
}
