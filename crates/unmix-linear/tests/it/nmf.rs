//! Non-negative matrix factorisation against scikit-learn; recovery, evidence both ways, and what it refuses.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Axis, array, s};
use rand::RngExt;
use rand_distr::StandardNormal;
use std::ops::ControlFlow;
use unmix_core::{
    DataError, Evidence, Fit, Fitted, Generate, Infer, Load, Model, Observations, Params, Progress, Run, Seed, Stop, Verdict, identified,
};
use unmix_linear::{LinearError, Nmf, NmfInitialisation, NmfLoss, NmfModel, NmfParams, NmfSolver};
use unmix_numerics::maximum_assignment;
use unmix_testkit::Golden;

fn params(components: usize) -> NmfParams {
    NmfParams { components: Some(components), ..Default::default() }
}

fn fit(params: NmfParams, x: &Array2<f64>) -> Fitted<NmfModel> {
    params.build().unwrap().fit(&Observations::unnamed(x.clone()).unwrap(), &mut Run::new(1)).unwrap()
}

/// The smallest cosine between columns paired for the largest sum.
fn agreement(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let unit = |m: &Array2<f64>| m / &m.map_axis(Axis(0), |c| c.dot(&c).sqrt());
    let cosines = unit(a).t().dot(&unit(b));
    maximum_assignment(cosines.view()).unwrap().pairs.iter().map(|&(i, j)| cosines[[i, j]]).fold(1.0, f64::min)
}

/// Solver, loss and penalty of a golden, to the end.
fn like(golden: &Golden, name: &str) -> Nmf {
    let number = |key: &str| golden.number(&format!("/{name}/{key}")).unwrap();
    let multiplicative = name.ends_with("mu") || name == "kullback-leibler";
    let params = NmfParams {
        loss: if name == "kullback-leibler" { NmfLoss::KullbackLeibler } else { NmfLoss::Frobenius },
        solver: Some(if multiplicative { NmfSolver::Multiplicative } else { NmfSolver::CoordinateDescent }),
        alpha_w: number("alpha_w"),
        alpha_h: Some(number("alpha_h")),
        l1_ratio: number("l1_ratio"),
        // multiplicative updates are far from their end after so many: the iterates themselves are compared
        max_iterations: if multiplicative { golden.number(&format!("/{name}/iterations")).unwrap() as usize } else { 5000 },
        // below what 1e-6 of the objective asks
        tolerance: 1e-9,
        ..params(6)
    };
    params.build().unwrap()
}

#[test]
fn objectives_equal_those_of_scikit_learn() {
    let golden = Golden::read("nmf/nmf.json").unwrap();
    let matrix = |name: &str| golden.matrix(name).unwrap();
    let mean = matrix("/x").mean().unwrap();
    let filled = |m: Array2<f64>| m.mapv(|v| if v == 0.0 { mean } else { v });
    let x = Observations::unnamed(matrix("/x")).unwrap();
    for name in ["frobenius", "l1", "elastic", "frobenius-mu", "kullback-leibler"] {
        let (w, h) = match name {
            "kullback-leibler" => (matrix("/random-w0"), matrix("/random-h0")),
            "frobenius-mu" => (filled(matrix("/w0")), filled(matrix("/h0"))),
            _ => (matrix("/w0"), matrix("/h0")),
        };
        let fitted = like(&golden, name).fit_from(&x, w.view(), h.view(), &mut Run::new(0)).unwrap();
        let expected = golden.number(&format!("/{name}/objective")).unwrap();
        let objective = fitted.objective.unwrap();
        assert!((objective / expected - 1.0).abs() < 1e-6, "{name}: {objective} instead of {expected}");
        let parts = matrix(&format!("/{name}/parts")).reversed_axes();
        assert!(agreement(&fitted.model.parts, &parts) > 0.9999, "{name}");
    }
}

/// Codes and parts with `zeros` of their entries 0, at least one pure row and column a part if `pure`, and a little noise.
fn product(n: usize, d: usize, k: usize, zeros: f64, pure: bool, seed: u64) -> (Array2<f64>, Array2<f64>, Array2<f64>) {
    let mut stream = Seed(seed).stream("nmf-test", 0);
    let mut factor = |rows: usize| {
        let mut f = Array2::from_shape_simple_fn((rows, k), || {
            let zero = stream.random::<f64>() < zeros;
            if zero { 0.0 } else { 0.3 + stream.random::<f64>() }
        });
        if pure {
            for j in 0..k {
                f.row_mut(j).fill(0.0);
                f[[j, j]] = 1.0;
            }
        }
        f
    };
    let (w, ht) = (factor(n), factor(d));
    let x = w.dot(&ht.t());
    let noise: Array2<f64> = Array2::from_shape_simple_fn((n, d), || stream.sample(StandardNormal));
    ((x + noise * 0.005).mapv(|v| v.max(0.0)), w, ht)
}

fn judged(params: NmfParams, x: &Array2<f64>, seed: u64) -> (NmfModel, Option<bool>, Vec<Evidence>) {
    let nmf = params.build().unwrap();
    let x = Observations::unnamed(x.clone()).unwrap();
    let mut run = Run::new(seed);
    let model = nmf.fit(&x, &mut run).unwrap().model;
    let evidence = nmf.evidence(&x, &model, &mut run).unwrap();
    (model, identified(&nmf.claim(), &evidence), evidence)
}

#[test]
fn separable_factors_return_for_every_seed() {
    for seed in 0..8 {
        let (x, w, ht) = product(200, 25, 4, 0.5, true, seed);
        for loss in [NmfLoss::Frobenius, NmfLoss::KullbackLeibler] {
            if loss == NmfLoss::KullbackLeibler && seed > 2 {
                // multiplicative updates take their time
                continue;
            }
            let (model, verdict, evidence) = judged(NmfParams { loss, starts: 3, ..params(4) }, &x, seed);
            let codes = model.infer(x.view()).unwrap();
            assert!(agreement(&model.parts, &ht) > 0.995 && agreement(&codes, &w) > 0.995, "seed {seed}, {loss:?}");
            assert_eq!(verdict, Some(true), "seed {seed}, {loss:?}: {evidence:?}");
        }
    }
}

fn verdict(evidence: &[Evidence], about: &str) -> Verdict {
    evidence.iter().find(|e| e.assumption.contains(about)).unwrap().verdict
}

#[test]
fn dense_factors_are_refuted() {
    for seed in 0..5 {
        let (x, _, ht) = product(200, 25, 3, 0.0, false, seed);
        let (model, identified, evidence) = judged(params(3), &x, seed);
        assert_eq!(identified, Some(false), "seed {seed}: {evidence:?}");
        assert_eq!(verdict(&evidence, "moved into another"), Verdict::Refuted);
        assert!(agreement(&model.parts, &ht) < 0.99, "seed {seed}");
    }
}

#[test]
fn scattered_factors_without_pure_rows_are_left_open() {
    // parts return, but no condition that can be checked says that they have to
    for seed in 0..3 {
        let (x, _, ht) = product(200, 25, 4, 0.25, false, seed);
        let (model, identified, evidence) = judged(NmfParams { starts: 3, ..params(4) }, &x, seed);
        assert!(agreement(&model.parts, &ht) > 0.95, "seed {seed}");
        assert_eq!(identified, None, "seed {seed}: {evidence:?}");
        assert_eq!(verdict(&evidence, "scattered"), Verdict::Untestable);
    }
}

#[test]
fn the_objective_never_rises() {
    let (x, ..) = product(150, 12, 4, 0.3, false, 1);
    for (loss, solver, initialisation) in [
        (NmfLoss::Frobenius, NmfSolver::CoordinateDescent, NmfInitialisation::Nndsvd),
        (NmfLoss::Frobenius, NmfSolver::Multiplicative, NmfInitialisation::Nndsvda),
        (NmfLoss::KullbackLeibler, NmfSolver::Multiplicative, NmfInitialisation::Random),
    ] {
        for (alpha_w, l1_ratio) in [(0.0, 0.0), (0.01, 0.0), (0.01, 1.0), (0.01, 0.5)] {
            let mut last = f64::INFINITY;
            let mut run = Run::new(3).observed(|p: &Progress<'_>| {
                assert!(p.objective <= last + 1e-9 * last.abs().min(1e9), "{loss:?} {solver:?} {l1_ratio}: {last} to {}", p.objective);
                last = p.objective;
                ControlFlow::Continue(())
            });
            let params = NmfParams { loss, solver: Some(solver), initialisation, alpha_w, l1_ratio, max_iterations: 100, ..params(4) };
            let fitted = params.build().unwrap().fit(&Observations::unnamed(x.clone()).unwrap(), &mut run).unwrap();
            drop(run);
            assert!(fitted.objective.unwrap() <= last * (1.0 + 1e-9));
        }
    }
}

#[test]
fn codes_are_the_amounts_that_parts_add() {
    let (x, ..) = product(100, 12, 3, 0.4, true, 2);
    for loss in [NmfLoss::Frobenius, NmfLoss::KullbackLeibler] {
        let fitted = fit(NmfParams { loss, tolerance: 1e-9, ..params(3) }, &x);
        let model = fitted.model;
        assert_abs_diff_eq!(model.parts.sum_axis(Axis(0)), array![1.0, 1.0, 1.0], epsilon = 1e-12);
        assert!(model.mass[0] >= model.mass[1] && model.mass[1] >= model.mass[2]);
        assert_abs_diff_eq!(model.mass.sum(), 1.0, epsilon = 1e-12);
        let z = array![[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.5, 3.0, 1.0]];
        let again = model.infer(model.generate(z.view()).unwrap().view()).unwrap();
        assert!((&again - &z).iter().all(|v| v.abs() < 1e-5), "{again}");
        let folder = tempfile::tempdir().unwrap();
        model.save(folder.path()).unwrap();
        assert_eq!(NmfModel::load(folder.path()).unwrap(), model);
    }
    // with a penalty, codes of the training rows are those of the fit, whatever the scale of the parts
    let penalised = NmfParams { alpha_w: 0.01, l1_ratio: 0.5, tolerance: 1e-10, max_iterations: 50_000, ..params(3) };
    let model = fit(penalised, &x).model;
    let codes = model.infer(x.view()).unwrap();
    assert_abs_diff_eq!(codes.sum_axis(Axis(0)) / codes.sum(), model.mass, epsilon = 1e-6);
}

#[test]
fn bad_data_and_parameters_are_named() {
    let refuse =
        |params: NmfParams, x: Array2<f64>| params.build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut Run::new(0)).unwrap_err();
    let good = product(20, 6, 2, 0.3, true, 0).0;
    let mut x = good.clone();
    x[[4, 2]] = -0.5;
    let error = refuse(params(2), x.clone());
    assert!(error.to_string().contains("column \"x3\", row 5: -0.5"), "{error}");
    let error = fit(params(2), &good).model.infer(x.view()).unwrap_err();
    assert!(error.to_string().contains("column \"x3\", row 5: -0.5"), "{error}");
    let screened = params(2).build().unwrap().screen(&Observations::unnamed(x).unwrap(), Seed(0));
    assert_eq!(screened[0].verdict, Verdict::Refuted);

    assert!(matches!(refuse(params(7), good.clone()), LinearError::Data(DataError::TooManyComponents { asked: 7, most: 6, .. })));
    assert!(matches!(refuse(NmfParams::default(), good.clone()), LinearError::Data(DataError::Missing { .. })));
    assert!(matches!(refuse(params(2), Array2::zeros((20, 6))), LinearError::Data(DataError::Constant { .. })));
    assert!(matches!(refuse(params(2), &good * 1e200), LinearError::Variance { .. }));

    let from = |params: NmfParams, w: Array2<f64>, h: Array2<f64>| {
        let x = Observations::unnamed(good.clone()).unwrap();
        params.build().unwrap().fit_from(&x, w.view(), h.view(), &mut Run::new(0)).unwrap_err().to_string()
    };
    let (w, h) = (Array2::ones((20, 2)), Array2::ones((2, 6)));
    let wrong = from(params(3), w.clone(), h.clone());
    assert!(wrong.contains('2') && wrong.contains('3'), "{wrong}");
    let mut holed = h.clone();
    holed[[1, 3]] = f64::NAN;
    let missing = from(params(2), w.clone(), holed.clone());
    assert!(missing.starts_with("column \"x4\", row 2: the value is NaN"), "{missing}");
    holed[[1, 3]] = 0.0;
    let stuck = from(NmfParams { solver: Some(NmfSolver::Multiplicative), ..params(2) }, w, holed);
    assert!(stuck.contains("what is 0 stays 0"), "{stuck}");

    let mut x = good.clone();
    x.column_mut(1).fill(0.0);
    x.slice_mut(s![6..8, ..]).fill(0.0);
    for loss in [NmfLoss::Frobenius, NmfLoss::KullbackLeibler] {
        let fitted = fit(NmfParams { loss, ..params(2) }, &x);
        let texts: Vec<_> = fitted.warnings.iter().map(|w| (w.code, w.text.as_str())).collect();
        assert!(texts.iter().any(|(code, text)| *code == "zero-column" && text.ends_with("\"x2\"")), "{texts:?}");
        assert!(texts.iter().any(|(code, text)| *code == "zero-row" && text.ends_with("7, 8")), "{texts:?}");
        assert!(fitted.model.parts.row(1).iter().all(|v| *v < 1e-12));
    }

    let text = NmfParams { components: Some(0), starts: 0, alpha_w: -1.0, l1_ratio: 2.0, tolerance: f64::NAN, ..Default::default() };
    let text = text.build().err().unwrap().to_string();
    assert!(["components", "starts", "alpha_w", "l1_ratio", "tolerance"].iter().all(|field| text.contains(field)), "{text}");
    let one_sided = NmfParams { alpha_w: 0.1, alpha_h: Some(0.0), ..params(2) }.build().err().unwrap().to_string();
    assert!(one_sided.contains("both factors or none"), "{one_sided}");
    let descent = NmfParams { loss: NmfLoss::KullbackLeibler, solver: Some(NmfSolver::CoordinateDescent), ..params(2) };
    assert!(descent.build().is_err());
    let stuck = NmfParams { solver: Some(NmfSolver::Multiplicative), initialisation: NmfInitialisation::Nndsvd, ..params(2) };
    assert!(stuck.build().is_err());
}

#[test]
fn stopping_early_is_a_fact_of_the_fit() {
    let x = product(60, 10, 3, 0.3, false, 5).0;
    let short = fit(NmfParams { max_iterations: 1, ..params(3) }, &x);
    assert_eq!((short.stop, short.iterations), (Stop::MaxIterations, 1));
    assert!(short.warnings.iter().any(|w| w.code == "not-converged"));
    let mut run = Run::new(1).observed(|p: &Progress<'_>| if p.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let nmf = NmfParams { starts: 4, tolerance: 1e-12, ..params(3) }.build().unwrap();
    let fitted = nmf.fit(&Observations::unnamed(x).unwrap(), &mut run).unwrap();
    assert_eq!((fitted.stop, fitted.iterations), (Stop::Cancelled, 3));
}

#[test]
fn a_start_cut_short_does_not_replace_one_that_has_ended() {
    let x = product(60, 10, 3, 0.3, false, 5).0;
    let one = fit(params(3), &x);
    let mut begun = 0;
    let mut run = Run::new(1).observed(|p: &Progress<'_>| {
        begun += usize::from(p.step == 1);
        if begun == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let cut = NmfParams { starts: 4, ..params(3) }.build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut run).unwrap();
    drop(run);
    assert_eq!((cut.stop, begun), (Stop::Cancelled, 2));
    assert_eq!((cut.objective, &cut.model.parts), (one.objective, &one.model.parts));
}
