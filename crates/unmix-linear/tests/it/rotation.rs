//! Rotations against the R package `GPArotation`, the correlations of the factors with them, and scores of correlated factors.

use crate::factor_models::holzinger;
use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2};
use unmix_core::{Class, Fit, Infer, LogDensity, Observations, Params, Run, Sample, Seed};
use unmix_linear::{Criterion, FactorAnalysisParams, FactorModel, GradientProjection, Rotated, Rotation, Scores};
use unmix_numerics::{cholesky, inverse_spd, maximum_assignment, moments, solve};
use unmix_testkit::Golden;

fn golden() -> Golden {
    Golden::read("gparotation/gparotation.json").unwrap()
}

/// The largest difference of loadings and factor correlations from the golden's, order and signs matched.
fn difference(rotated: &Rotated, golden: &Golden, name: &str) -> f64 {
    let loadings = golden.matrix(&format!("/fits/{name}/loadings")).unwrap();
    let correlation = golden.matrix(&format!("/fits/{name}/correlation")).unwrap();
    let products = loadings.t().dot(&rotated.loadings);
    let mut change = Array2::zeros(products.dim());
    for (i, j) in maximum_assignment(products.mapv(f64::abs).view()).unwrap().pairs {
        change[[j, i]] = products[[i, j]].signum();
    }
    let of_loadings = rotated.loadings.dot(&change) - loadings;
    let of_correlation = change.t().dot(&rotated.correlation).dot(&change) - correlation;
    of_loadings.iter().chain(&of_correlation).fold(0.0, |most, v| most.max(v.abs()))
}

#[test]
fn every_rotation_equals_that_of_r() {
    let golden = golden();
    let unrotated = golden.matrix("/unrotated").unwrap();
    let named = [
        ("quartimax", Rotation::Quartimax),
        ("equamax", Rotation::Equamax),
        ("parsimax", Rotation::Parsimax),
        ("geomin-orthogonal", Rotation::GeominOrthogonal),
        ("infomax-orthogonal", Rotation::InfomaxOrthogonal),
        ("quartimin", Rotation::Quartimin),
        ("geomin", Rotation::Geomin),
        ("infomax", Rotation::Infomax),
        ("varimax", Rotation::Varimax),
    ];
    for (name, rotation) in named {
        let rotated = rotation.rotate(unrotated.view(), false, 20, Seed(1)).unwrap();
        assert!(rotated.converged, "{name}");
        let apart = difference(&rotated, &golden, name);
        assert!(apart < 1e-5, "{name}: {apart}");
    }
    // R's promax follows varimax with Kaiser's normalisation
    let promax = Rotation::Promax.rotate(unrotated.view(), true, 20, Seed(1)).unwrap();
    assert!(difference(&promax, &golden, "promax") < 1e-5);
}

#[test]
fn a_partial_target_and_oblimin_equal_those_of_r() {
    let golden = golden();
    let unrotated = golden.matrix("/unrotated").unwrap();
    let target = Array2::from_shape_fn((9, 3), |(i, j)| if i / 3 == j { f64::NAN } else { 0.0 });
    let rotated = GradientProjection::oblique(Criterion::Target(target)).rotate(unrotated.view(), Seed(1)).unwrap();
    assert!(difference(&rotated, &golden, "target") < 1e-5);
    let oblimin = GradientProjection::oblique(Criterion::Oblimin { gamma: -0.5 }).rotate(unrotated.view(), Seed(1)).unwrap();
    assert!(difference(&oblimin, &golden, "oblimin-minus-half") < 1e-5);
}

/// What `factor_analyzer` gets wrong: the correlations stand in the order and with the signs of the loadings, so that the model they
/// imply is the unrotated one.
#[test]
fn correlations_belong_to_their_loadings() {
    let unrotated = golden().matrix("/unrotated").unwrap();
    let common = unrotated.dot(&unrotated.t());
    let all = [Rotation::Varimax, Rotation::Quartimin, Rotation::Geomin, Rotation::Infomax, Rotation::Promax];
    for rotation in all {
        for kaiser in [false, true] {
            let rotated = rotation.rotate(unrotated.view(), kaiser, 5, Seed(2)).unwrap();
            let implied = rotated.loadings.dot(&rotated.correlation).dot(&rotated.loadings.t());
            assert_abs_diff_eq!(implied, common, epsilon = 1e-9);
            assert_abs_diff_eq!(rotated.correlation.diag().to_owned(), Array1::ones(3), epsilon = 1e-12);
            assert_eq!(rotation.is_oblique(), (&rotated.correlation - &Array2::<f64>::eye(3)).iter().any(|v| v.abs() > 1e-6));
        }
    }
}

fn fit(rotation: Rotation, scores: Scores) -> (Observations, FactorModel) {
    let x = holzinger();
    let params = FactorAnalysisParams { components: Some(3), rotation, scores, ..Default::default() };
    let model = params.build().unwrap().fit(&x, &mut Run::new(1)).unwrap().converged().unwrap();
    (x, model)
}

/// A rotation changes neither likelihood nor covariance, and what it claims follows from whether it is oblique.
#[test]
fn oblique_models_fit_as_well_and_claim_less() {
    let (x, varimax) = fit(Rotation::Varimax, Scores::Regression);
    for rotation in [Rotation::Quartimin, Rotation::Geomin, Rotation::Promax] {
        let (_, model) = fit(rotation, Scores::Regression);
        assert_abs_diff_eq!(model.covariance(), varimax.covariance(), epsilon = 1e-9);
        assert_abs_diff_eq!(model.communalities(), varimax.communalities(), epsilon = 1e-9);
        assert_abs_diff_eq!(model.log_density(x.x()).unwrap(), varimax.log_density(x.x()).unwrap(), epsilon = 1e-8);
        let claim = FactorAnalysisParams { rotation, ..Default::default() }.build().unwrap().claim();
        assert_eq!(claim.class, Class::Affine);
        // the textbook's three factors, which correlate
        assert!(model.correlation.iter().all(|r| *r > 0.1), "{:?}", model.correlation);
    }
    assert_eq!(FactorAnalysisParams::default().build().unwrap().claim().class, Class::Orthogonal);
}

/// Each kind of score has the property that defines it, under the model.
#[test]
fn scores_have_their_defining_properties() {
    for rotation in [Rotation::Varimax, Rotation::Quartimin] {
        let of = |scores| fit(rotation, scores).1;
        let regression = of(Scores::Regression);
        let (covariance, phi) = (regression.covariance(), regression.correlation.clone());
        let posterior = phi.dot(&regression.loadings.t()).dot(&inverse_spd(covariance.view()).unwrap());
        assert_abs_diff_eq!(regression.unmixing, posterior, epsilon = 1e-9);
        let implied = |model: &FactorModel| model.unmixing.dot(&covariance).dot(&model.unmixing.t());
        let bartlett = of(Scores::Bartlett);
        assert_abs_diff_eq!(bartlett.unmixing.dot(&bartlett.loadings), Array2::eye(3), epsilon = 1e-9);
        assert_abs_diff_eq!(implied(&of(Scores::Anderson)), Array2::eye(3), epsilon = 1e-9);
        let ten_berge = of(Scores::TenBerge);
        assert_abs_diff_eq!(implied(&ten_berge), phi, epsilon = 1e-9);
        // and no other scores of this correlation are nearer to the codes in the metric Φ⁻¹
        let agreement =
            |weights: &Array2<f64>| (inverse_spd(phi.view()).unwrap().dot(&weights.dot(&ten_berge.loadings).dot(&phi))).diag().sum();
        let best = agreement(&ten_berge.unmixing);
        for other in [of(Scores::Regression), of(Scores::Bartlett), of(Scores::Anderson)] {
            // other scores, brought to the correlation Φ
            let root = cholesky(implied(&other).view()).unwrap();
            let target = cholesky(phi.view()).unwrap();
            let same = target.dot(&solve(root.view(), other.unmixing.view()).unwrap());
            assert_abs_diff_eq!(same.dot(&covariance).dot(&same.t()), phi, epsilon = 1e-9);
            assert!(agreement(&same) <= best + 1e-9);
        }
    }
}

#[test]
fn samples_of_an_oblique_model_have_its_covariance() {
    let (_, model) = fit(Rotation::Quartimin, Scores::Regression);
    let drawn = moments(model.sample(200_000, Seed(3)).unwrap().view()).covariance;
    assert_abs_diff_eq!(drawn, model.covariance(), epsilon = 0.03);
    assert_eq!(model.infer(holzinger().x()).unwrap().dim(), (301, 3));
}

#[test]
fn small_loadings_are_rotated_as_large_ones_are() {
    let simple = Array2::from_shape_fn((9, 3), |(j, k)| if j / 3 == k { 0.4 + 0.05 * j as f64 } else { 0.0 });
    let turn = ndarray::array![[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]];
    for unit in [1.0, 1e-5] {
        for projection in [
            GradientProjection::orthogonal(Criterion::CrawfordFerguson { kappa: 0.0 }),
            GradientProjection::oblique(Criterion::Oblimin { gamma: 0.0 }),
        ] {
            let rotated = projection.rotate((simple.dot(&turn) * unit).view(), Seed(1)).unwrap();
            assert!(rotated.converged && rotated.optima >= 1);
            let small = rotated.loadings.iter().filter(|v| v.abs() < 1e-4 * unit).count();
            assert_eq!(small, 18, "unit {unit}: {:?}", rotated.loadings);
        }
    }
}
