//! CP decompositions against tensorly, recovery and honesty; the tensor power method against moments in closed form.

use ndarray::{Array, Array1, Array2, Array3, ArrayD, Axis, IxDyn, array};
use rand::RngExt;
use rand_distr::{Exp1, StandardNormal};
use std::ops::ControlFlow;
use unmix_core::{
    Evidence, Failure, Fault, Fit, Fitted, Generate, Infer, Kind, Load, Model, Observations, Params, Progress, Run, Seed, Stop, Verdict,
    identified,
};
use unmix_linear::{CpModel, CpParams, CpStarts, LinearError, RowCpParams, Tensor, TensorPower, congruence, core_consistency, k_rank};
use unmix_testkit::Golden;

fn params(components: usize) -> CpParams {
    CpParams { components, ..Default::default() }
}

fn fit(params: CpParams, x: &Tensor) -> Fitted<CpModel> {
    params.build().unwrap().fit(x, &mut Run::new(1)).unwrap()
}

/// A decomposition with these factors, columns of any length.
fn model(mut factors: Vec<Array2<f64>>) -> CpModel {
    let mut weights = Array1::ones(factors[0].ncols());
    for factor in &mut factors {
        let lengths = factor.map_axis(Axis(0), |c| c.dot(&c).sqrt());
        *factor /= &lengths;
        weights *= &lengths;
    }
    CpModel { weights, factors, error: 0.0, starts: CpStarts { made: 1, as_good: 1, agreeing: 1 } }
}

/// Random terms, non-negative ones with some zeros, and their sum with noise of standard deviation `noise` times that of the sum.
fn simulate(shape: &[usize], k: usize, non_negative: bool, noise: f64, seed: u64) -> (CpModel, Tensor) {
    let mut stream = Seed(seed).stream("test-tensor", 0);
    let factors = shape.iter().map(|&rows| {
        Array2::from_shape_simple_fn((rows, k), || match non_negative {
            true if stream.random::<f64>() < 0.3 => 0.0,
            true => stream.sample::<f64, _>(Exp1),
            false => stream.sample(StandardNormal),
        })
    });
    let truth = model(factors.collect());
    let mut x = truth.tensor();
    let sd = x.std(0.0);
    x.mapv_inplace(|v| v + noise * sd * stream.sample::<f64, _>(StandardNormal));
    (truth, Tensor::new(x).unwrap())
}

#[test]
fn equals_tensorly() {
    let golden = Golden::read("tensor/tensor.json").unwrap();
    for (name, non_negative) in [("signed", false), ("fourth", false), ("non_negative", true)] {
        let shape: Vec<usize> = golden.vector(&format!("/{name}/shape")).unwrap().iter().map(|&v| v as usize).collect();
        let x = golden.vector(&format!("/{name}/x")).unwrap();
        let x = Tensor::new(x.into_shape_with_order(IxDyn(&shape)).unwrap()).unwrap();
        let factors: Vec<Array2<f64>> = (0..shape.len()).map(|m| golden.matrix(&format!("/{name}/factors/{m}")).unwrap()).collect();
        let expected = CpModel { weights: golden.vector(&format!("/{name}/weights")).unwrap(), ..model(factors) };
        let fitted =
            fit(CpParams { non_negative, starts: 20, tolerance: 1e-12, max_iterations: 20_000, ..params(expected.components()) }, &x);
        assert_eq!(fitted.stop, Stop::Tolerance);
        assert!((fitted.model.error - golden.number(&format!("/{name}/error")).unwrap()).abs() < 1e-6, "{name}");
        let matched = congruence(&fitted.model, &expected).unwrap();
        assert!(matched.least() > 0.999_999, "{name}: {matched:?}");
        for (ours, theirs) in matched.pairs {
            assert!((fitted.model.weights[ours] / expected.weights[theirs] - 1.0).abs() < 1e-4, "{name}");
        }
    }
}

#[test]
fn terms_return_for_every_seed() {
    for seed in 0..10 {
        // order 4, more terms than a mode is long, and non-negative ones
        for (shape, k, non_negative) in [
            (&[6, 7, 8][..], 4, false),
            (&[4, 5, 4, 6], 4, false),
            (&[4, 9, 9], 5, false),
            (&[8, 9, 7], 3, true),
            // one mode longer than all others together, at each place
            (&[30, 5, 4], 3, false),
            (&[5, 30, 4], 3, false),
            (&[5, 4, 30], 3, false),
        ] {
            let (truth, x) = simulate(shape, k, non_negative, 0.01, seed);
            let fitted = fit(CpParams { non_negative, starts: 10, ..params(k) }, &x);
            let least = congruence(&fitted.model, &truth).unwrap().least();
            assert!(least > 0.99, "seed {seed}, {shape:?}: {least}, {:?}", fitted.stop);
            assert!(!non_negative || fitted.model.factors.iter().flatten().all(|&v| v >= 0.0));
        }
    }
}

fn judged(params: CpParams, x: &Tensor) -> (Option<bool>, Vec<Evidence>) {
    let estimator = params.build().unwrap();
    let mut run = Run::new(3);
    let model = estimator.fit(x, &mut run).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut run).unwrap();
    assert!(evidence.iter().all(|e| estimator.claim().assumptions.contains(&e.assumption)));
    (identified(&estimator.claim(), &evidence), evidence)
}

fn assert_refuted(about: &str, (verdict, evidence): (Option<bool>, Vec<Evidence>)) {
    assert_eq!(verdict, Some(false), "{about}: {evidence:#?}");
    assert!(evidence.iter().any(|e| e.verdict == Verdict::Refuted && e.assumption.contains(about)), "{about}: {evidence:#?}");
}

#[test]
fn the_evidence_supports_what_holds() {
    // the test of the noise errs at 5 %: of 20 sets more than 6 with probability 3e-5
    let supported = (0..20).filter(|&seed| judged(params(3), &simulate(&[7, 8, 6], 3, false, 0.1, seed).1).0 == Some(true)).count();
    assert!(supported >= 14, "{supported} of 20");
}

#[test]
fn the_evidence_refutes_what_does_not_hold() {
    for seed in 0..3 {
        let (truth, _) = simulate(&[7, 8, 6], 3, false, 0.0, seed);
        let noisy = |factors: Vec<Array2<f64>>| {
            let mut stream = Seed(seed).stream("test-noise", 0);
            let x = model(factors).tensor();
            Tensor::new(&x + 0.02 * x.std(0.0) * ArrayD::from_shape_simple_fn(x.shape(), || stream.sample::<f64, _>(StandardNormal)))
                .unwrap()
        };
        // too few components leave structure, too many have no term
        let (_, x) = simulate(&[7, 8, 6], 4, false, 0.05, seed);
        assert_refuted("noise", judged(params(2), &x));
        assert_refuted("term", judged(params(6), &x));
        // two terms share a direction in one mode and two in another: within each pair a rotation is free
        let mut factors = truth.factors.clone();
        let (first, second) = (factors[0].column(0).to_owned(), factors[1].column(0).to_owned());
        factors[0].column_mut(1).assign(&first);
        factors[1].column_mut(0).assign(&second);
        assert_refuted("Kruskal", judged(CpParams { starts: 1, ..params(3) }, &noisy(factors)));
    }
}

/// The derivative of `(a + tb)∘³` at 0 is a limit of two terms that cancel, and no sum of two terms (de Silva and Lim 2008).
#[test]
fn a_tensor_without_a_best_approximation_is_refuted() {
    let (a, b) = (array![1.0, 0.0], array![0.0, 1.0]);
    let term = |x: &Array1<f64>, y: &Array1<f64>, z: &Array1<f64>| Array3::from_shape_fn((2, 2, 2), |(i, j, l)| x[i] * y[j] * z[l]);
    let x = Tensor::new((term(&a, &a, &b) + term(&a, &b, &a) + term(&b, &a, &a)).into_dyn()).unwrap();
    assert_refuted("attained", judged(params(2), &x));
}

#[test]
fn k_ranks_are_those_of_the_definition() {
    let rank = |a: Array2<f64>| k_rank(a.view()).unwrap();
    let exact = |a: Array2<f64>| {
        let rank = rank(a);
        assert_eq!(rank.least, rank.most);
        rank.least
    };
    assert_eq!(exact(Array2::eye(4)), 4);
    assert_eq!(exact(array![[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), 2);
    assert_eq!(exact(array![[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 2.0], [0.0, 0.0, 0.0, 1.0]]), 2);
    assert_eq!(exact(array![[1.0, -3.0, 0.0], [0.0, 0.0, 1.0]]), 1);
    assert_eq!(exact(array![[1.0, 0.0], [0.0, 0.0]]), 0);
    // beyond the columns whose subsets are looked at: identity beside Hadamard, coherence 1/4, spark known to be 8 (Donoho and Elad 2003)
    let hadamard = Array2::from_shape_fn((16, 16), |(i, j): (usize, usize)| if (i & j).count_ones() % 2 == 0 { 0.25 } else { -0.25 });
    let wide = rank(ndarray::concatenate![Axis(1), Array2::<f64>::eye(16), hadamard]);
    assert!(wide.least == 4 && wide.most == 16, "{wide:?}");
}

#[test]
fn core_consistency_is_one_for_a_sum_of_terms() {
    let (truth, x) = simulate(&[5, 6, 4], 3, false, 0.0, 2);
    assert!((core_consistency(&x, &truth).unwrap().unwrap() - 1.0).abs() < 1e-10);
    let (truth, x) = simulate(&[5, 6, 4, 3], 2, false, 0.0, 2);
    assert!((core_consistency(&x, &truth).unwrap().unwrap() - 1.0).abs() < 1e-10);
    assert!(matches!(core_consistency(&simulate(&[5, 6, 5], 3, false, 0.0, 2).1, &truth), Err(LinearError::TensorShape { .. })));
}

#[test]
fn errors_never_rise_and_can_be_cut_short() {
    for non_negative in [false, true] {
        let (_, x) = simulate(&[6, 7, 5], 3, true, 0.3, 4);
        let mut errors = Vec::new();
        let estimator = CpParams { non_negative, starts: 1, ..params(4) }.build().unwrap();
        let mut run = Run::new(2).observed(|p: &Progress<'_>| {
            errors.push(p.objective);
            ControlFlow::Continue(())
        });
        let fitted = estimator.fit(&x, &mut run).unwrap();
        drop(run);
        assert!(errors.array_windows::<2>().all(|[a, b]| b - a <= 1e-12), "{errors:?}");
        let residual = &x.values() - &fitted.model.tensor();
        let norm = |a: &ArrayD<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!((fitted.objective.unwrap() - norm(&residual) / norm(&x.values().to_owned())).abs() < 1e-12);

        let mut run = Run::new(2).observed(|_: &Progress<'_>| ControlFlow::Break(()));
        let cancelled = estimator.fit(&x, &mut run).unwrap();
        assert_eq!((cancelled.stop, cancelled.iterations), (Stop::Cancelled, 1));
        let short = fit(CpParams { non_negative, max_iterations: 2, ..params(4) }, &x);
        assert_eq!(short.stop, Stop::MaxIterations);
        assert_eq!(short.warnings[0].code, "not-converged");
    }
}

#[test]
fn order_of_modes_and_units_do_not_matter() {
    let (_, x) = simulate(&[6, 7, 5], 3, false, 0.1, 5);
    let here = fit(params(3), &x).model;
    let turned = Tensor::new((x.values().to_owned() * 1000.0).permuted_axes(IxDyn(&[2, 0, 1]))).unwrap();
    let mut there = fit(params(3), &turned).model;
    there.factors.rotate_left(1);
    assert!(congruence(&here, &there).unwrap().least() > 0.999_999);
    assert!((&there.weights / &here.weights - 1000.0).iter().all(|v| v.abs() < 0.1));
}

#[test]
fn threads_change_nothing_and_models_come_back() {
    let (_, x) = simulate(&[6, 7, 5], 3, false, 0.1, 6);
    let with = |threads| params(3).build().unwrap().fit(&x, &mut Run::new(5).with_threads(threads).unwrap()).unwrap().model;
    let model = with(1);
    assert_eq!(model, with(3));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_eq!(CpModel::load(folder.path()).unwrap(), model);
}

/// The rows of a table with the shape of the slices of a tensor.
fn table(x: &Tensor) -> (Observations, Option<Vec<usize>>) {
    let (rows, modes) = x.shape().split_first().unwrap();
    let values = Array2::from_shape_vec((*rows, modes.iter().product()), x.values().iter().copied().collect()).unwrap();
    (Observations::unnamed(values).unwrap(), Some(modes.to_vec()))
}

#[test]
fn a_table_of_tensors_is_decomposed_as_the_tensor_is() {
    for (shape, non_negative) in [(&[40, 6, 5][..], false), (&[40, 3, 4, 3], false), (&[40, 6, 5], true)] {
        let (truth, tensor) = simulate(shape, 3, non_negative, 0.002, 7);
        let ((x, modes), params) = (table(&tensor), CpParams { non_negative, tolerance: 1e-12, ..params(3) });
        let estimator = RowCpParams(CpParams { modes, ..params.clone() }).build().unwrap();
        let verdicts = |evidence: Vec<Evidence>| evidence.into_iter().map(|e| (e.assumption, e.verdict)).collect::<Vec<_>>();
        let mut run = Run::new(1);
        let model = estimator.fit(&x, &mut run).unwrap().model;
        let whole = fit(params.clone(), &tensor).model;
        assert_eq!((&model.weights, model.error, model.starts), (&whole.weights, whole.error, whole.starts));
        for (here, there) in model.factors.iter().zip(&whole.factors[1..]) {
            assert!((here.mapv(f64::abs) - there.mapv(f64::abs)).iter().all(|v| v.abs() < 1e-12));
        }
        // codes of the fitted rows are the factor of the first mode, but for its sign and a last half sweep
        let codes = model.infer(x.x()).unwrap();
        let first = &whole.factors[0] * &whole.weights;
        assert!((codes.mapv(f64::abs) - first.mapv(f64::abs)).iter().all(|v| v.abs() < 1e-4 * whole.weights[0]), "{shape:?}");
        assert!(!non_negative || codes.iter().all(|&z| z >= 0.0));
        // and new rows, made of the true profiles, come back whole
        let made = khatri_rao_rows(&truth, &[1.0, 2.0, 0.5]);
        let again = model.generate(model.infer(made.view()).unwrap().view()).unwrap();
        let norm = |a: &Array2<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!(norm(&(&again - &made)) < 0.03 * norm(&made), "{shape:?}");
        let tensors = params.build().unwrap().evidence(&tensor, &whole, &mut run).unwrap();
        assert_eq!(verdicts(estimator.evidence(&x, &model, &mut run).unwrap()), verdicts(tensors), "{shape:?}");
    }
}

/// A row with these codes, from the factors of all modes but the first.
fn khatri_rao_rows(truth: &CpModel, codes: &[f64]) -> Array2<f64> {
    let one = CpModel { weights: Array1::from(codes.to_vec()), ..truth.clone() };
    let mut factors = one.factors.clone();
    factors[0] = Array2::ones((1, codes.len()));
    let row = CpModel { factors, ..one }.tensor();
    Array2::from_shape_vec((1, row.len()), row.iter().copied().collect()).unwrap()
}

#[test]
fn rows_that_hold_no_tensor_are_refused() {
    let (x, _) = table(&simulate(&[10, 3, 4], 2, false, 0.1, 1).1);
    for modes in [None, Some(vec![12]), Some(vec![3, 5]), Some(vec![usize::MAX, 2])] {
        let error = RowCpParams(CpParams { modes, ..params(2) }).build().unwrap().fit(&x, &mut Run::new(1)).unwrap_err();
        assert!(error.to_string().contains("whose product is 12") && error.kind() == Kind::Usage, "{error}");
    }
}

#[test]
fn bad_input_is_refused() {
    let mut x = ArrayD::ones(vec![2, 3, 2]);
    x[[1, 2, 0]] = f64::NAN;
    let error = Tensor::new(x).unwrap_err();
    assert!(error.to_string().contains("[1, 2, 0] is NaN"), "{error}");
    assert_eq!(Fault::from(error).kind(), Kind::Data);
    for shape in [vec![2, 0, 3], vec![2, 2, 2]] {
        assert!(matches!(Tensor::new(ArrayD::zeros(shape)), Err(LinearError::TensorEmpty { .. })));
    }
    assert!(matches!(Tensor::new(ArrayD::ones(vec![3, 3])), Err(LinearError::TensorOrder { order: 2 })));
    let text =
        CpParams { components: 0, starts: 0, max_iterations: 0, tolerance: f64::NAN, ..params(0) }.build().err().unwrap().to_string();
    assert!(["components", "starts", "max_iterations", "tolerance"].iter().all(|field| text.contains(field)), "{text}");

    let power = TensorPower::default();
    let asymmetric = Array::from_shape_fn((2, 2, 2), |(i, _, _)| i as f64);
    assert!(matches!(power.decompose(asymmetric.view(), 1, Seed(1)), Err(LinearError::TensorAsymmetric { .. })));
    assert!(power.decompose(Array3::ones((2, 2, 2)).view(), 3, Seed(1)).unwrap_err().to_string().contains("3 components"));
    assert!(matches!(power.decompose(Array3::ones((2, 3, 2)).view(), 1, Seed(1)), Err(LinearError::TensorShape { .. })));
}

/// Moments of a mixture, exact: its vectors return, although they are not orthogonal.
#[test]
fn moments_give_back_their_components() {
    for seed in 0..10 {
        let (d, k) = (7, 4);
        let mut stream = Seed(seed).stream("test-moments", 0);
        let means: Array2<f64> = Array2::from_shape_simple_fn((d, k), || stream.sample(StandardNormal));
        let weights = array![0.4, 0.3, 0.2, 0.1];
        let second = (&means * &weights).dot(&means.t());
        let third =
            Array3::from_shape_fn((d, d, d), |(i, j, l)| (0..k).map(|r| weights[r] * means[[i, r]] * means[[j, r]] * means[[l, r]]).sum());
        let found = TensorPower::default().moments(second.view(), third.view(), k, Seed(seed)).unwrap();
        assert!(found.residual < 1e-6, "seed {seed}: {}", found.residual);
        assert!((&found.weights - &weights).iter().all(|v| v.abs() < 1e-6), "seed {seed}: {}", found.weights);
        assert!((&found.means - &means).iter().all(|v| v.abs() < 1e-5), "seed {seed}");
        let error = TensorPower::default().moments(second.view(), third.view(), 5, Seed(seed)).unwrap_err();
        assert!(error.to_string().contains("rank of the second moment"), "{error}");
    }
    let third = Array3::from_shape_fn((2, 2, 2), |(i, j, l)| if i == j && j == l { 1.0 } else { 0.0 });
    let error = TensorPower::default().moments(array![[1.0, 0.5], [0.2, 1.0]].view(), third.view(), 2, Seed(1)).unwrap_err();
    assert!(matches!(error, LinearError::TensorAsymmetric { .. }), "{error}");
    let error = TensorPower::default().moments(array![[1.0, f64::NAN], [0.2, 1.0]].view(), third.view(), 2, Seed(1)).unwrap_err();
    assert!(matches!(error, LinearError::TensorEntry { .. }), "{error}");
    // no orthogonal terms: the residual says so
    let mut stream = Seed(1).stream("test-symmetric", 0);
    let columns: Array2<f64> = Array2::from_shape_simple_fn((3, 6), || stream.sample(StandardNormal));
    let x = Array3::from_shape_fn((3, 3, 3), |(i, j, l)| (0..6).map(|r| columns[[i, r]] * columns[[j, r]] * columns[[l, r]]).sum());
    assert!(TensorPower::default().decompose(x.view(), 3, Seed(1)).unwrap().residual > 0.1);
}
