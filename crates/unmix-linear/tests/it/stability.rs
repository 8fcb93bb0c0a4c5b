//! Components that are identified return in bootstrap samples, others do not.

use crate::mixtures::{Source, mixture};
use unmix_core::{DataError, Fit, Observations, Params, Run, Seed};
use unmix_linear::{Cluster, ComponentStability, FastIcaParams, LinearError, PcaParams, Resampling, icasso, stability};

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

fn clusters(sources: &[Source], resampling: Resampling) -> Vec<Cluster> {
    let x = mixture(sources, 1500, 4).0;
    let estimator = FastIcaParams::default().build().unwrap();
    let fit =
        |sample: &Observations, seed: Seed| -> Result<_, LinearError> { Ok(estimator.fit(sample, &mut Run::new(seed.0))?.model.unmixing) };
    icasso(&x, 15, resampling, Seed(3), fit).unwrap()
}

/// Sources that are identified make tight clusters with an estimate of every fit; Gaussian ones, whose rotation is arbitrary, do not.
#[test]
fn icasso_tells_identified_components_from_loose_ones() {
    for resampling in [Resampling::Starts, Resampling::Bootstrap, Resampling::Both] {
        let tight = clusters(&[Source::Laplace, Source::Exponential, Source::Uniform], resampling);
        assert_eq!(tight.len(), 3);
        assert!(tight.iter().all(|c| c.quality > 0.9 && c.size == 15 && c.fits == 1.0), "{resampling:?}: {tight:?}");
    }
    let mixed = clusters(&[Source::Laplace, Source::Uniform, Source::Gaussian, Source::Gaussian], Resampling::Both);
    assert!(mixed[1].quality > 0.85 && mixed[2].quality < 0.8, "{mixed:?}");
    assert!(mixed.is_sorted_by(|a, b| a.quality >= b.quality));
    assert_eq!(mixed.iter().map(|c| c.size).sum::<usize>(), 60);
}

/// Copies of one unmixing are clusters without error, whatever their order and signs, and the index is 1 minus what correlation is left.
#[test]
fn icasso_of_equal_fits_is_exact() {
    let x = mixture(&[Source::Laplace, Source::Uniform], 400, 5).0;
    let white =
        PcaParams { standardize: false, ..Default::default() }.build().unwrap().fit(&x, &mut Run::new(0)).unwrap().model.linear.unmixing;
    let fit = |_: &Observations, seed: Seed| -> Result<_, LinearError> {
        let order = if seed.0.is_multiple_of(2) { [0, 1] } else { [1, 0] };
        Ok(white.select(ndarray::Axis(0), &order) * if seed.0.is_multiple_of(3) { -1.0 } else { 1.0 })
    };
    let clusters = icasso(&x, 6, Resampling::Starts, Seed(1), fit).unwrap();
    assert_eq!(clusters.len(), 2);
    for cluster in clusters {
        assert!((cluster.quality - 1.0).abs() < 1e-9 && cluster.size == 6, "{cluster:?}");
    }
}

#[test]
fn icasso_needs_two_fits() {
    let x = mixture(&[Source::Laplace; 2], 50, 1).0;
    let fit = |_: &Observations, _: Seed| -> Result<_, DataError> { Ok(ndarray::Array2::eye(2)) };
    let error = icasso(&x, 1, Resampling::Both, Seed(1), fit).unwrap_err();
    assert!(error.to_string().contains("at least two fits"), "{error}");
}
