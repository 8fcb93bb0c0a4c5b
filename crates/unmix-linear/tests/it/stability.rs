//! Components that are identified return in bootstrap samples, others do not.

use crate::mixtures::{Source, mixture};
use unmix_core::{DataError, Fit, Observations, Params, Run, Seed};
use unmix_linear::{ComponentStability, FastIcaParams, LinearError, stability};

fn of(sources: &[Source], refits: usize) -> Vec<ComponentStability> {
    let x = mixture(sources, 1500, 4).0;
    let estimator = FastIcaParams::default().build().unwrap();
    let refit =
        |sample: &Observations, seed: Seed| -> Result<_, LinearError> { Ok(estimator.fit(sample, &mut Run::new(seed.0))?.model.unmixing) };
    let reference = estimator.fit(&x, &mut Run::new(1)).unwrap().model.unmixing;
    stability(reference.view(), &x, refits, Seed(3), refit).unwrap()
}

#[test]
fn only_identified_components_return() {
    let stable = of(&[Source::Laplace, Source::Exponential, Source::Uniform], 20);
    assert!(stable.iter().all(|c| c.similarity > 0.97 && c.interval.0 > 0.9 && c.first_choice == 1.0), "{stable:?}");
    let loose = of(&[Source::Gaussian; 3], 20);
    assert!(loose.iter().any(|c| c.similarity < 0.95 && c.interval.0 < 0.9), "{loose:?}");
    for component in loose {
        assert!(component.interval.0 <= component.similarity && component.similarity <= component.interval.1);
    }
}

#[test]
fn threads_do_not_change_it() {
    let at = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| of(&[Source::Laplace, Source::Uniform], 6))
    };
    assert_eq!(at(1), at(2));
}

#[test]
fn a_refit_that_fails_and_a_wrong_width_are_errors() {
    let x = mixture(&[Source::Laplace; 2], 50, 1).0;
    let reference = ndarray::Array2::<f64>::eye(3);
    let refit = |_: &Observations, _: Seed| -> Result<_, DataError> { Err(DataError::NoEnvironments) };
    let width = stability(reference.view(), &x, 2, Seed(1), refit).unwrap_err();
    assert_eq!(width.to_string(), "the table has 2 columns, the model was fitted to 3; give the same columns in the same order");
    let failed = stability(ndarray::Array2::eye(2).view(), &x, 2, Seed(1), refit).unwrap_err();
    assert!(matches!(failed.downcast_ref(), Some(DataError::NoEnvironments)));
}
