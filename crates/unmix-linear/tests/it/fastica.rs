//! FastICA against scikit-learn, its fixed points, stopping, threads and bad data.

use crate::mixtures::{Source, mixture};
use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Axis, concatenate, s};
use serde::Deserialize;
use std::{ops::ControlFlow, path::Path};
use unmix_core::{DataError, Fit, Generate, Infer, Load, Method, Model, Observations, Params, Progress, Run, Stop, Table};
use unmix_linear::{Algorithm, Contrast, FastIcaParams, LinearError, LinearModel, METHODS, Reduction};
use unmix_numerics::{maximum_assignment, moments, symmetric_eigen};

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f64>>,
    fits: Vec<GoldenFit>,
}

#[derive(Deserialize)]
struct GoldenFit {
    algorithm: Algorithm,
    contrast: Contrast,
    alpha: f64,
    start: Vec<Vec<f64>>,
    mean: Vec<f64>,
    unmixing: Vec<Vec<f64>>,
    mixing: Vec<Vec<f64>>,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

/// From the same start the same fixed points as scikit-learn, up to order and sign, for each contrast and algorithm.
#[test]
fn fixed_points_equal_those_of_scikit_learn() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens/fastica/fastica.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let x = Observations::unnamed(matrix(&golden.x)).unwrap();
    assert_eq!(golden.fits.len(), 8);
    for expected in golden.fits {
        let params = FastIcaParams {
            algorithm: expected.algorithm,
            contrast: expected.contrast,
            alpha: expected.alpha,
            tolerance: 1e-14,
            max_iterations: 20_000,
            ..Default::default()
        };
        let model = params.build().unwrap().fit_from(&x, matrix(&expected.start).view(), &mut Run::new(0)).unwrap().converged().unwrap();
        assert_abs_diff_eq!(model.mean, Array1::from(expected.mean), epsilon = 1e-9);
        let (unmixing, mixing) = (matrix(&expected.unmixing), matrix(&expected.mixing));
        // P = B Â⁻¹ is a signed permutation where the two agree
        let agreement = unmixing.dot(&model.mixing);
        let pairs = maximum_assignment(agreement.mapv(f64::abs).view()).unwrap().pairs;
        for (i, j) in pairs {
            let sign = agreement[[i, j]].signum();
            assert_abs_diff_eq!(model.unmixing.row(j).mapv(|v| v * sign), unmixing.row(i), epsilon = 1e-6);
            assert_abs_diff_eq!(model.mixing.column(j).mapv(|v| v * sign), mixing.column(i), epsilon = 1e-6);
        }
    }
}

fn six_sources(n: usize, seed: u64) -> Observations {
    use Source::{Exponential, Laplace, Uniform};
    mixture(&[Laplace, Uniform, Exponential, Laplace, Uniform, Exponential], n, seed).0
}

fn fit(params: FastIcaParams, x: &Observations) -> LinearModel {
    params.build().unwrap().fit(x, &mut Run::new(1)).unwrap().model
}

#[test]
fn codes_are_white_ordered_and_signed() {
    let x = six_sources(3000, 1);
    let eigenvalues = symmetric_eigen(moments(x.x()).correlation().view()).unwrap().values;
    // whitening from the covariance loses what the condition costs
    let rounding = 10.0 * f64::EPSILON * eigenvalues[0] / eigenvalues[5];
    for params in [
        FastIcaParams::default(),
        FastIcaParams { algorithm: Algorithm::Deflation, ..Default::default() },
        FastIcaParams { components: Some(4), ..Default::default() },
    ] {
        let model = fit(params, &x);
        let codes = moments(model.infer(x.x()).unwrap().view());
        assert_abs_diff_eq!(codes.mean, Array1::zeros(model.components()), epsilon = 1e-10);
        assert_abs_diff_eq!(codes.covariance, Array2::eye(model.components()), epsilon = rounding);
        assert_abs_diff_eq!(model.unmixing.dot(&model.mixing), Array2::eye(model.components()), epsilon = rounding);
        let deviation = x.x().std_axis(Axis(0), 0.0);
        let standard = &model.mixing / &deviation.insert_axis(Axis(1));
        let explained = standard.map_axis(Axis(0), |a| a.dot(&a)).to_vec();
        assert!(explained.is_sorted_by(|a, b| a >= b), "{explained:?}");
        for column in standard.columns() {
            assert!(column.iter().copied().fold(f64::MIN, f64::max) >= -column.iter().copied().fold(f64::MAX, f64::min));
        }
    }
}

/// Units of the columns do not matter, not even 18 orders of magnitude of them.
#[test]
fn rescaled_columns_give_the_same_codes() {
    let x = six_sources(2000, 2);
    let units = Array1::from_iter([1e-9, 1.0, 1e9, 3.0, 1e4, 1e-3]);
    let rescaled = Observations::unnamed(&x.x() * &units).unwrap();
    let (one, other) = (fit(FastIcaParams::default(), &x), fit(FastIcaParams::default(), &rescaled));
    assert_abs_diff_eq!(one.infer(x.x()).unwrap(), other.infer(rescaled.x()).unwrap(), epsilon = 1e-6);
}

/// With fewer components than columns, what is kept follows the units under the covariance and does not under the correlation.
#[test]
fn the_reduction_decides_whether_units_matter() {
    let x = six_sources(2000, 2);
    let rescaled = Observations::unnamed(&x.x() * &Array1::from_iter([1e-3, 1.0, 1e3, 3.0, 1e2, 0.1])).unwrap();
    let difference = |reduction| {
        let params = FastIcaParams { components: Some(3), reduction, ..Default::default() };
        let codes = |x: &Observations| fit(params.clone(), x).infer(x.x()).unwrap();
        (codes(&x) - codes(&rescaled)).iter().fold(0.0_f64, |most, v| most.max(v.abs()))
    };
    assert!(difference(Reduction::Correlation) < 1e-6);
    assert!(difference(Reduction::Covariance) > 0.1);
    // with all components it changes nothing
    let all = |reduction| fit(FastIcaParams { reduction, ..Default::default() }, &x);
    assert_eq!(all(Reduction::Correlation), all(Reduction::Covariance));
}

#[test]
fn generating_from_all_codes_returns_the_data_and_removing_one_takes_it_out() {
    let x = six_sources(500, 3);
    let model = fit(FastIcaParams::default(), &x);
    let codes = model.infer(x.x()).unwrap();
    assert_abs_diff_eq!(model.generate(codes.view()).unwrap(), x.x().to_owned(), epsilon = 1e-9);
    let cleaned = model.infer(model.remove(x.x(), &["z2", "z5"]).unwrap().view()).unwrap();
    assert_abs_diff_eq!(cleaned.slice(s![.., 1]), Array1::zeros(500), epsilon = 1e-9);
    assert_abs_diff_eq!(cleaned.slice(s![.., 4]), Array1::zeros(500), epsilon = 1e-9);
    assert_abs_diff_eq!(cleaned.slice(s![.., 0]), codes.slice(s![.., 0]), epsilon = 1e-9);
    let error = model.remove(x.x(), &["z7"]).unwrap_err();
    assert_eq!(error.to_string(), "there is no column \"z7\"; the nearest is \"z1 to z6\"");
}

#[test]
fn models_survive_the_disk() {
    let model = fit(FastIcaParams::default(), &six_sources(300, 4));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let read = LinearModel::load(folder.path()).unwrap();
    assert_abs_diff_eq!(read.unmixing, model.unmixing, epsilon = 1e-14);
    assert_abs_diff_eq!(read.mixing, model.mixing, epsilon = 1e-13);
}

#[test]
fn a_fit_that_stops_early_says_so_and_names_its_components() {
    let x = six_sources(1000, 5);
    for algorithm in [Algorithm::Parallel, Algorithm::Deflation] {
        let params = FastIcaParams { algorithm, max_iterations: 2, tolerance: 1e-12, ..Default::default() };
        let fitted = params.build().unwrap().fit(&x, &mut Run::new(1)).unwrap();
        assert_eq!(fitted.stop, Stop::MaxIterations);
        assert_eq!(fitted.iterations, 2);
        assert_eq!(fitted.warnings.len(), 1);
        assert_eq!(fitted.warnings[0].code, "not-converged");
        assert!(fitted.warnings[0].text.contains("z4 (turning by "), "{}", fitted.warnings[0].text);
        assert!(fitted.converged().is_err());
    }
}

#[test]
fn an_observer_sees_every_iteration_and_can_cancel() {
    let x = six_sources(1000, 6);
    for algorithm in [Algorithm::Parallel, Algorithm::Deflation] {
        let mut seen = 0;
        let params = FastIcaParams { algorithm, tolerance: 1e-14, ..Default::default() };
        let fitted = {
            let mut run = Run::new(1).observed(|progress: &Progress<'_>| {
                seen += 1;
                assert_eq!(progress.stage, "fastica");
                if progress.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            params.build().unwrap().fit(&x, &mut run).unwrap()
        };
        assert_eq!((fitted.stop, seen), (Stop::Cancelled, 3));
        // what is returned is a rotation of the white data all the same
        assert_abs_diff_eq!(fitted.model.unmixing.dot(&fitted.model.mixing), Array2::eye(6), epsilon = 1e-8);
    }
}

#[test]
fn more_starts_never_lower_the_contrast() {
    let x = six_sources(400, 7);
    let contrast = |starts| {
        let params = FastIcaParams { starts, ..Default::default() };
        params.build().unwrap().fit(&x, &mut Run::new(3)).unwrap().objective.unwrap()
    };
    let (one, five) = (contrast(1), contrast(5));
    assert!(one > 0.0 && five >= one, "{one} {five}");
}

fn method(name: &str) -> &'static Method {
    METHODS.iter().find(|m| m.name == name).unwrap()
}

/// Enough rows for several groups of chunks and a ragged last chunk.
#[test]
fn one_and_two_threads_give_equal_bytes() {
    let x = six_sources(70_001, 8);
    let table = Table::from(x);
    for (name, config) in [
        ("fastica", "tolerance = 1e-6"),
        ("fastica", "algorithm = \"deflation\"\ncontrast = \"exp\"\ncomponents = 3"),
        ("fastica", "contrast = \"cube\"\nstarts = 2"),
        ("picard-o", "starts = 2"),
        ("infomax", "max_iterations = 3"),
        ("jade", "components = 5"),
        ("sobi", "lags = 20"),
        ("picard", "contrast = \"exp\"\nextended = true"),
        ("pca", "variance = 0.9"),
    ] {
        let bytes = |threads| {
            let mut run = Run::new(5).with_threads(threads).unwrap();
            let outcome = method(name).fit(&toml::from_str(config).unwrap(), &table, &mut run).unwrap();
            let folder = tempfile::tempdir().unwrap();
            outcome.fitted.model.save(folder.path()).unwrap();
            let evidence = serde_json::to_string(&outcome.evidence).unwrap();
            (std::fs::read(folder.path().join("model.json")).unwrap(), evidence, outcome.fitted.objective.map(f64::to_bits))
        };
        assert!(bytes(1) == bytes(2), "{name} {config}");
    }
}

fn error(x: Array2<f64>, components: Option<usize>) -> LinearError {
    let names: Vec<String> = (0..x.ncols()).map(|j| ["raf", "mek", "plc", "akt"][j].to_owned()).collect();
    let x = Observations::new(x, names).unwrap();
    FastIcaParams { components, ..Default::default() }.build().unwrap().fit(&x, &mut Run::new(0)).unwrap_err()
}

#[test]
fn bad_data_is_refused_by_name() {
    use Source::{Laplace, Uniform};
    let x = mixture(&[Laplace, Uniform, Laplace], 200, 9).0.x().to_owned();
    let with = |column: Array1<f64>| concatenate![Axis(1), x.view(), column.insert_axis(Axis(1)).view()];

    let constant = error(with(Array1::from_elem(200, 4.5)), None);
    assert_eq!(constant.to_string(), "column \"akt\" is constant (4.5 in every row); drop it (--exclude akt)");
    let duplicate = error(with(x.column(1).to_owned()), None);
    assert_eq!(duplicate.to_string(), "column \"akt\" repeats \"mek\"; drop one of them (--exclude akt)");
    let dependent = &x.column(0) * 2.0 - x.column(2) + 7.0;
    let collinear = error(with(dependent.clone()), None);
    assert_eq!(collinear.to_string(), "column \"akt\" is a linear combination of \"raf\", \"plc\"; drop it (--exclude akt)");
    let rank = error(with(&dependent + 1.0), Some(4));
    assert!(matches!(rank, LinearError::Data(DataError::Collinear { .. })), "{rank}");
    // three components of rank-three data are no problem
    let reduced = Observations::unnamed(with(dependent)).unwrap();
    assert_eq!(fit(FastIcaParams { components: Some(3), ..Default::default() }, &reduced).components(), 3);

    let many = error(x.clone(), Some(5));
    assert_eq!(many.to_string(), "5 components are asked for, these data allow at most 3 (one a column); lower `components`");
    let few = error(x.slice(s![..3, ..]).to_owned(), None);
    assert_eq!(few.to_string(), "the table has 3 rows, at least 4 are needed to estimate a covariance of full rank");
    let huge = error(&x * 1e200, None);
    assert!(huge.to_string().starts_with("column \"raf\": its variance, "), "{huge}");
}

#[test]
fn rank_deficient_data_allow_only_their_rank() {
    let x = mixture(&[Source::Laplace, Source::Uniform], 200, 10).0.x().to_owned();
    let x = concatenate![Axis(1), x.view(), (&x * 2.0 + x.slice(s![.., ..;-1])).view()];
    let error = error(x, Some(3));
    assert_eq!(
        error.to_string(),
        "3 components are asked for, these data allow at most 2 (the rank of their covariance); lower `components`"
    );
}
