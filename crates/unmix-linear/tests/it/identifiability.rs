//! Recovery and its evidence, both ways: sources are found where the assumptions hold, and the evidence says so where they do not.

use crate::mixtures::{Source, mcc, mixture};
use Source::{Exponential, Gaussian, Laplace, Student, Thirds, Uniform};
use ndarray::Axis;
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use unmix_core::{Evidence, Fit, Infer, Observations, Params, Run, Seed, Verdict, identified};
use unmix_linear::{Contrast, Dependence, EVIDENCE_LEVEL, FastIca, FastIcaParams, Ica, anderson_darling};

fn fastica() -> FastIca {
    FastIcaParams::default().build().unwrap()
}

fn verdict(evidence: &[Evidence], about: &str) -> Verdict {
    evidence.iter().find(|e| e.assumption.contains(about)).unwrap().verdict
}

/// The largest count of rejections that a test of size `level` gives in `sets` sets, but for one time in a thousand (normal
/// approximation, 3.1 standard deviations).
pub fn most_rejections(sets: usize, level: f64) -> usize {
    let n = sets as f64;
    (n * level + 3.1 * (n * level * (1.0 - level)).sqrt()).floor() as usize
}

/// Issue: `d = 8`, `n = 5000`, each of 20 seeds.
#[test]
fn laplace_sources_are_recovered_for_every_seed() {
    (0..20_u64).into_par_iter().for_each(|seed| {
        let (x, sources) = mixture(&[Laplace; 8], 5000, seed);
        let fitted = fastica().fit(&x, &mut Run::new(seed)).unwrap();
        let mcc = mcc(sources.view(), fitted.model.infer(x.x()).unwrap().view());
        assert!(mcc > 0.99, "seed {seed}: {mcc}");
    });
}

/// The level is kept over sets: in the long run one set in twenty is called dependent although it is not, and none Gaussian.
#[test]
fn evidence_supports_what_holds() {
    const SETS: u64 = 40;
    let verdicts: Vec<(Verdict, Verdict, Option<bool>)> = (0..SETS)
        .into_par_iter()
        .map(|seed| {
            let sources = if seed % 2 == 0 {
                [Laplace; 8]
            } else {
                [Laplace, Uniform, Exponential, Laplace, Uniform, Exponential, Laplace, Gaussian]
            };
            let x = mixture(&sources, 5000, 100 + seed).0;
            let mut run = Run::new(seed);
            let model = fastica().fit(&x, &mut run).unwrap().model;
            let evidence = fastica().evidence(&x, &model, &mut run).unwrap();
            (verdict(&evidence, "Gaussian"), verdict(&evidence, "independent"), identified(&fastica().claim(), &evidence))
        })
        .collect();
    assert!(verdicts.iter().all(|v| v.0 == Verdict::Supported));
    let dependent = verdicts.iter().filter(|v| v.1 == Verdict::Refuted).count();
    assert!(dependent <= most_rejections(SETS as usize, EVIDENCE_LEVEL), "{dependent}");
    assert!(verdicts.iter().all(|v| v.2 == Some(v.1 == Verdict::Supported)));
}

/// The p-values of "at least two sources are Gaussian" over `sets` data sets.
fn gaussian_p_values(sources: &[Source], n: usize, sets: u64) -> Vec<f64> {
    (0..sets)
        .into_par_iter()
        .map(|seed| {
            let x = mixture(sources, n, 1000 + seed).0;
            fastica().gaussian_sources(&x, &Run::new(seed)).unwrap().p_value
        })
        .collect()
}

fn rejections(p_values: &[f64]) -> usize {
    p_values.iter().filter(|p| **p <= EVIDENCE_LEVEL).count()
}

/// With two or more Gaussian sources the evidence says "not identified" but for a share of `EVIDENCE_LEVEL` of the data sets: with two among
/// strong sources (the least favourable case), among weak and skewed ones, and with Gaussian sources alone. `experiments` repeats
/// this with 1,000 sets.
#[test]
fn the_test_of_gaussian_sources_keeps_its_level() {
    let strong = [Laplace, Laplace, Laplace, Laplace, Laplace, Laplace, Gaussian, Gaussian];
    let mixed = [Laplace, Uniform, Exponential, Laplace, Uniform, Exponential, Gaussian, Gaussian];
    let weak = [Student, Student, Student, Student, Student, Student, Gaussian, Gaussian];
    for (sources, n, sets) in
        [(strong, 1000, 200), (strong, 5000, 100), (mixed, 1000, 200), (weak, 1000, 200), (weak, 5000, 100), ([Gaussian; 8], 1000, 100)]
    {
        let wrong = rejections(&gaussian_p_values(&sources, n, sets));
        let most = most_rejections(sets as usize, EVIDENCE_LEVEL);
        assert!(wrong <= most, "{sources:?}, n = {n}: {wrong} of {sets} called identified, at most {most} are allowed");
    }
}

/// Why held-out rows: on the rows of the fit, the same test finds optimised projections of Gaussian data non-Gaussian far too often.
#[test]
fn the_same_test_on_fitted_rows_would_not_keep_its_level() {
    const SETS: u64 = 60;
    let wrong = |held_out: bool| {
        let p_values: Vec<f64> = (0..SETS)
            .into_par_iter()
            .map(|seed| {
                let x = mixture(&[Gaussian; 8], 400, seed).0;
                let codes = if held_out {
                    fastica().held_out_codes(&x, &Run::new(seed)).unwrap()[0].clone()
                } else {
                    fastica().fit(&x, &mut Run::new(seed)).unwrap().model.infer(x.x()).unwrap()
                };
                let p_values = codes.axis_iter(Axis(1)).map(|z| anderson_darling(&z.to_vec()).1);
                p_values.fold(1.0, f64::min) * 8.0
            })
            .collect();
        rejections(&p_values)
    };
    let (held_out, naive) = (wrong(true), wrong(false));
    assert!(held_out <= most_rejections(SETS as usize, EVIDENCE_LEVEL), "{held_out}");
    assert!(naive > 2 * most_rejections(SETS as usize, EVIDENCE_LEVEL), "{naive}");
}

#[test]
fn the_test_of_gaussian_sources_has_power() {
    let one_gaussian = [Laplace, Laplace, Laplace, Laplace, Laplace, Laplace, Laplace, Gaussian];
    let (few, many) = (rejections(&gaussian_p_values(&one_gaussian, 250, 60)), rejections(&gaussian_p_values(&one_gaussian, 2000, 60)));
    assert!(many == 60 && few < many, "{few} {many}");
}

/// The p-values of Anderson and Darling's test are uniform for Gaussian values, near the level above all.
#[test]
fn anderson_darling_is_calibrated() {
    const SETS: u64 = 4000;
    for n in [20, 200, 1000] {
        let p_values: Vec<f64> = (0..SETS)
            .into_par_iter()
            .map(|index| {
                let mut stream = Seed(17).stream("anderson-darling", index);
                let values: Vec<f64> = (0..n).map(|_| 3.0 + 2.0 * stream.sample::<f64, _>(StandardNormal)).collect();
                anderson_darling(&values).1
            })
            .collect();
        for level in [0.01, 0.025, 0.05, 0.1, 0.5] {
            let share = p_values.iter().filter(|p| **p <= level).count() as f64 / SETS as f64;
            let error = 4.0 * (level * (1.0 - level) / SETS as f64).sqrt();
            assert!((share - level).abs() < error, "n = {n}: {share} of p-values below {level}");
        }
    }
    assert_eq!(anderson_darling(&[1.0; 50]).1, 1.0);
    assert!(anderson_darling(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e300]).1 <= 1.0);
}

/// Sources that share their variance are uncorrelated and dependent; the evidence sees it, and keeps its level on independent ones.
#[test]
fn dependent_sources_are_seen() {
    const SETS: u64 = 100;
    let wrong = (0..SETS)
        .into_par_iter()
        .filter(|&seed| {
            let x = mixture(&[Laplace, Exponential, Uniform, Laplace], 1000, 300 + seed).0;
            let [z, _] = fastica().held_out_codes(&x, &Run::new(seed)).unwrap();
            Dependence::of(z.view(), Seed(seed)).p_value <= EVIDENCE_LEVEL
        })
        .count();
    assert!(wrong <= most_rejections(SETS as usize, EVIDENCE_LEVEL), "{wrong}");

    let (x, _) = mixture(&[Laplace; 4], 2000, 7);
    let mut stream = Seed(8).stream("volatility", 0);
    let mut rows = x.x().to_owned();
    rows.rows_mut().into_iter().for_each(|mut row| row *= stream.random_range(0.3..2.0));
    let x = Observations::unnamed(rows).unwrap();
    let mut run = Run::new(1);
    let model = fastica().fit(&x, &mut run).unwrap().model;
    let evidence = fastica().evidence(&x, &model, &mut run).unwrap();
    assert_eq!(verdict(&evidence, "independent"), Verdict::Refuted);
    assert_eq!(identified(&fastica().claim(), &evidence), Some(false));
}

#[test]
fn screening_knows_gaussian_data_from_others() {
    let screened = |sources: &[Source]| fastica().screen(&mixture(sources, 1000, 5).0, Seed(1)).remove(0);
    assert_eq!(screened(&[Gaussian; 4]).verdict, Verdict::Refuted);
    assert_eq!(screened(&[Exponential; 4]).verdict, Verdict::Untestable);
}

#[test]
fn too_few_rows_leave_the_assumptions_untested() {
    let x = mixture(&[Laplace; 4], 30, 1).0;
    let mut run = Run::new(1);
    let model = fastica().fit(&x, &mut run).unwrap().model;
    let evidence = fastica().evidence(&x, &model, &mut run).unwrap();
    assert!(evidence.iter().all(|e| e.verdict == Verdict::Untestable), "{evidence:?}");
    assert_eq!(identified(&fastica().claim(), &evidence), None);
}

#[test]
fn dropping_components_is_stated() {
    let x = mixture(&[Laplace; 4], 2000, 1).0;
    let estimator = FastIcaParams { components: Some(3), ..Default::default() }.build().unwrap();
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    assert_eq!(verdict(&evidence, "drops"), Verdict::Untestable);
    assert_eq!(evidence.len(), estimator.claim().assumptions.len());
    assert_ne!(identified(&estimator.claim(), &evidence), Some(true));
}

/// Sources that are far from Gaussian and have its kurtosis: Comon's theorem holds, and the fourth power sees nothing.
#[test]
fn a_contrast_has_to_see_the_sources() {
    for seed in 0..5 {
        let (x, sources) = mixture(&[Thirds; 4], 4000, seed);
        let judged = |contrast| {
            let estimator = FastIcaParams { contrast, ..Default::default() }.build().unwrap();
            let model = estimator.fit(&x, &mut Run::new(seed)).unwrap().model;
            let evidence = estimator.evidence(&x, &model, &mut Run::new(seed)).unwrap();
            (mcc(sources.view(), model.infer(x.x()).unwrap().view()), verdict(&evidence, "contrast tells"))
        };
        let (blind, verdict) = judged(Contrast::Cube);
        assert!(blind < 0.95 && verdict == Verdict::Refuted, "seed {seed}: {blind}, {verdict:?}");
        let (seen, verdict) = judged(Contrast::LogCosh);
        assert!(seen > 0.99 && verdict == Verdict::Supported, "seed {seed}: {seen}, {verdict:?}");
    }
}
