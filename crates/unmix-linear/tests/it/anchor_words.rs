//! Topics by anchor words against their definitions in NumPy; recovery, and evidence both ways.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Axis, array, s};
use rand::RngExt;
use rand_distr::{Distribution, Exp1};
use unmix_core::{DataError, Evidence, Fit, Generate, Infer, Load, Model, Observations, Params, Run, Seed, Stream, Verdict, identified};
use unmix_linear::{AnchorWordsParams, LinearError, TopicModel, TopicRecovery};
use unmix_numerics::minimum_assignment;
use unmix_testkit::Golden;

fn params(components: usize) -> AnchorWordsParams {
    AnchorWordsParams { components: Some(components), min_documents: 50, ..Default::default() }
}

fn fit(params: AnchorWordsParams, x: &Observations) -> TopicModel {
    params.build().unwrap().fit(x, &mut Run::new(0)).unwrap().converged().unwrap()
}

#[test]
fn both_recoveries_equal_their_definitions() {
    let golden = Golden::read("anchor-words/anchor-words.json").unwrap();
    let x = Observations::unnamed(golden.matrix("/x").unwrap()).unwrap();
    let min_documents = golden.number("/min_documents").unwrap() as usize;
    for (name, recovery, tolerance) in [
        ("squared-distance", TopicRecovery::SquaredDistance, 1e-8),
        // expectation maximisation ends there at about this distance from the boundary
        ("kullback-leibler", TopicRecovery::KullbackLeibler, 1e-5),
    ] {
        let model = fit(AnchorWordsParams { recovery, min_documents, ..params(3) }, &x);
        let anchors: Vec<f64> = golden.vector(&format!("/{name}/anchors")).unwrap().to_vec();
        assert_eq!(model.anchors.iter().map(|a| *a as f64).collect::<Vec<_>>(), anchors);
        assert_abs_diff_eq!(model.topics, golden.matrix(&format!("/{name}/topics")).unwrap(), epsilon = tolerance);
        assert_abs_diff_eq!(model.prior, golden.vector(&format!("/{name}/prior")).unwrap(), epsilon = tolerance);
        assert_abs_diff_eq!(model.moment, golden.matrix(&format!("/{name}/moment")).unwrap(), epsilon = 10.0 * tolerance);
        if name == "squared-distance" {
            let codes = model.infer(x.x().slice(s![..10, ..])).unwrap();
            assert_abs_diff_eq!(codes, golden.matrix("/codes").unwrap(), epsilon = 1e-3);
        }
    }
}

/// A draw of shares from a symmetric Dirichlet of concentration 1, made more uneven by `power`.
fn shares(count: usize, power: i32, stream: &mut Stream) -> Array1<f64> {
    let draw = Array1::from_shape_simple_fn(count, || <Exp1 as Distribution<f64>>::sample(&Exp1, stream).powi(power));
    &draw / draw.sum()
}

/// Documents of 40 words from `topics` `[d, k]`.
fn documents(topics: &Array2<f64>, n: usize, stream: &mut Stream) -> Observations {
    let (d, k) = topics.dim();
    let mut x = Array2::<f64>::zeros((n, d));
    for mut row in x.rows_mut() {
        let words = topics.dot(&shares(k, 3, stream));
        for _ in 0..40 {
            let mut left = stream.random::<f64>();
            let word = words.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            row[word.unwrap_or(d - 1)] += 1.0;
        }
    }
    Observations::unnamed(x).unwrap()
}

/// `n` documents of `d` words, the first two of each topic its own; and the topics `[d, k]`.
pub fn corpus(n: usize, d: usize, k: usize, seed: u64) -> (Observations, Array2<f64>) {
    let mut stream = Seed(seed).stream("topics-test", 0);
    let mut topics = Array2::<f64>::zeros((d, k));
    for j in 0..k {
        topics[[2 * j, j]] = 0.08;
        topics[[2 * j + 1, j]] = 0.05;
        topics.slice_mut(s![2 * k.., j]).assign(&(shares(d - 2 * k, 2, &mut stream) * 0.87));
    }
    (documents(&topics, n, &mut stream), topics)
}

/// The mean over topics of `Σ |a - b|`, paired for the least.
fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let cost = Array2::from_shape_fn((a.ncols(), b.ncols()), |(i, j)| (&a.column(i) - &b.column(j)).mapv(f64::abs).sum());
    minimum_assignment(cost.view()).unwrap().total / a.ncols() as f64
}

fn judged(params: AnchorWordsParams, x: &Observations) -> (TopicModel, Option<bool>, Vec<Evidence>) {
    let estimator = params.build().unwrap();
    let model = estimator.fit(x, &mut Run::new(0)).unwrap().model;
    let evidence = estimator.evidence(x, &model, &mut Run::new(0)).unwrap();
    (model, identified(&estimator.claim(), &evidence), evidence)
}

fn verdict(evidence: &[Evidence], about: &str) -> Verdict {
    evidence.iter().find(|e| e.assumption.contains(about)).unwrap().verdict
}

#[test]
fn topics_return_as_documents_grow_in_number() {
    let (mut mean, mut held) = ([0.0; 3], 0);
    for seed in 0..6 {
        for (m, n) in mean.iter_mut().zip([300, 1500, 6000]) {
            let (x, topics) = corpus(n, 40, 4, seed);
            let (model, identified, evidence) = judged(params(4), &x);
            let error = distance(&model.topics, &topics);
            *m += error / 6.0;
            if n == 6000 {
                assert!(error < 0.1, "seed {seed}: {error}");
                // that documents are bags of words is not tested
                assert_ne!(identified, Some(true));
                assert!(evidence[2..].iter().all(|e| e.verdict == Verdict::Supported), "seed {seed}: {evidence:?}");
                held += usize::from(evidence[1].verdict == Verdict::Supported);
            }
        }
    }
    // at level 0.05 more than 2 of 6 fail once in 450 such studies
    assert!(held >= 4, "{held}");
    // it falls about with the square root of their number, by 0.45 and 0.5
    assert!(mean[1] < 0.7 * mean[0] && mean[2] < 0.7 * mean[1], "{mean:?}");
}

#[test]
fn topics_without_anchors_are_refuted() {
    for seed in 0..4 {
        let mut stream = Seed(seed).stream("topics-test", 1);
        let (d, k) = (40, 4);
        // every word in at least two topics: the first words belong to all pairs of topics, a block a pair
        let mut topics = Array2::<f64>::zeros((d, k));
        let pairs: Vec<(usize, usize)> = (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).collect();
        for w in 0..d {
            let (i, j) = pairs[w % pairs.len()];
            topics[[w, i]] = 0.3 + stream.random::<f64>();
            topics[[w, j]] = 0.3 + stream.random::<f64>();
        }
        let topics = &topics / &topics.sum_axis(Axis(0));
        let x = documents(&topics, 4000, &mut stream);
        let (model, identified, evidence) = judged(params(k), &x);
        // with anchors it is below 0.06 for as many documents
        assert!(distance(&model.topics, &topics) > 0.2);
        assert_eq!(identified, Some(false), "seed {seed}");
        assert_eq!(verdict(&evidence, "word of its own"), Verdict::Refuted, "seed {seed}: {evidence:?}");
    }
}

#[test]
fn more_topics_than_there_are_are_refuted() {
    for seed in 0..4 {
        let (x, _) = corpus(3000, 40, 3, seed);
        let (_, identified, evidence) = judged(params(4), &x);
        assert_eq!(identified, Some(false), "seed {seed}: {evidence:?}");
    }
}

#[test]
fn the_test_of_anchors_keeps_its_level() {
    // level 0.05, and conservative: of 60 sets at most 8 (a binomial tail of 1e-2 at the level itself)
    let refuted = (0..60).filter(|&seed| {
        let (x, _) = corpus(800, 30, 3, 100 + seed);
        verdict(&judged(params(3), &x).2, "word of its own") == Verdict::Refuted
    });
    let refuted = refuted.count();
    assert!(refuted <= 8, "{refuted} of 60");
}

#[test]
fn codes_count_the_words_of_topics() {
    let (x, topics) = corpus(2000, 40, 3, 1);
    let model = fit(params(3), &x);
    assert_abs_diff_eq!(model.topics.sum_axis(Axis(0)), array![1.0, 1.0, 1.0], epsilon = 1e-12);
    assert_abs_diff_eq!(model.prior.sum(), 1.0, epsilon = 1e-12);
    assert_abs_diff_eq!(model.moment.sum(), 1.0, epsilon = 0.02);
    let codes = model.infer(x.x()).unwrap();
    assert!(codes.sum_axis(Axis(1)).iter().all(|total| (total - 40.0).abs() < 1e-6));
    assert!(model.proportions(x.x()).unwrap().sum_axis(Axis(1)).iter().all(|total| (total - 1.0).abs() < 1e-9));
    let z = array![[10.0, 0.0, 30.0], [0.0, 0.0, 0.0]];
    let again = model.infer(model.generate(z.view()).unwrap().view()).unwrap();
    assert_abs_diff_eq!(again, z, epsilon = 1e-4);
    let anchors: Vec<usize> = model.anchors.iter().map(|a| a / 2).collect();
    assert_eq!(anchors.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{:?}", model.anchor_words());
    assert!(model.anchors.iter().all(|&a| topics.row(a).iter().filter(|p| **p > 0.0).count() == 1));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_eq!(TopicModel::load(folder.path()).unwrap(), model);
}

#[test]
fn threads_do_not_change_a_bit() {
    let (x, _) = corpus(500, 150, 4, 3);
    let with = |threads| {
        let mut run = Run::new(5).with_threads(threads).unwrap();
        let model = params(4).build().unwrap().fit(&x, &mut run).unwrap().model;
        let codes = run.in_pool(|_| model.infer(x.x()).unwrap());
        (model, codes)
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn bad_counts_are_named() {
    let refuse = |params: AnchorWordsParams, x: Array2<f64>| {
        params.build().unwrap().fit(&Observations::unnamed(x).unwrap(), &mut Run::new(0)).unwrap_err()
    };
    let good = corpus(200, 20, 2, 0).0.x().to_owned();
    for value in [-1.0, 2.5] {
        let mut x = good.clone();
        x[[6, 3]] = value;
        let error = refuse(params(2), x.clone());
        assert!(matches!(&error, LinearError::NotACount { column, row: 7, .. } if column == "x4"), "{error}");
        let screened = params(2).build().unwrap().screen(&Observations::unnamed(x).unwrap(), Seed(0));
        assert_eq!(screened[0].verdict, Verdict::Refuted);
    }
    assert!(matches!(refuse(params(30), good.clone()), LinearError::Data(DataError::TooManyComponents { asked: 30, .. })));
    assert!(matches!(refuse(AnchorWordsParams::default(), good.clone()), LinearError::Data(DataError::Missing { .. })));
    assert!(matches!(refuse(params(1), Array2::eye(5)), LinearError::Data(DataError::TooFewRows { found: 0, .. })));

    let mut x = good;
    x.row_mut(4).fill(0.0);
    x.row_mut(9).fill(0.0);
    x[[9, 1]] = 1.0;
    x.column_mut(19).fill(0.0);
    let fitted = params(2).build().unwrap().fit(&Observations::unnamed(x.clone()).unwrap(), &mut Run::new(0)).unwrap();
    let warned = |code: &str, end: &str| fitted.warnings.iter().any(|w| w.code == code && w.text.ends_with(end));
    assert!(
        warned("empty-document", "rows 5") && warned("one-word-document", "rows 10") && warned("absent-word", "\"x20\""),
        "{:?}",
        fitted.warnings
    );
    assert_eq!(fitted.model.infer(x.view()).unwrap().row(4).sum(), 0.0);
}
