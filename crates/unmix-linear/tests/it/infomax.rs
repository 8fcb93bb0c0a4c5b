//! Infomax against MNE and against the optimum that it approaches.

use crate::mixtures::{Source, matched_correlations, mcc, mixture};
use unmix_core::{Fit, Infer, Observations, Params, Run, Stop, Verdict};
use unmix_linear::{InfomaxParams, PicardParams};
use unmix_testkit::Golden;

/// Both are stochastic: their codes agree as closely as two seeds of one of them.
#[test]
fn codes_agree_with_those_of_mne() {
    let golden = Golden::read("infomax/infomax.json").unwrap();
    for (index, extended) in [(0, true), (1, false)] {
        let x = Observations::unnamed(golden.matrix(&format!("/fits/{index}/x")).unwrap()).unwrap();
        let params = InfomaxParams { extended, ..Default::default() };
        let codes = params.build().unwrap().fit(&x, &mut Run::new(1)).unwrap().converged().unwrap().infer(x.x()).unwrap();
        let theirs = x.x().dot(&golden.matrix(&format!("/fits/{index}/unmixing")).unwrap().t());
        let agreement = matched_correlations(theirs.view(), codes.view());
        assert!(agreement.iter().all(|r| *r > 0.999), "extended {extended}: {agreement:?}");
    }
}

const BOTH: [Source; 4] = [Source::Laplace, Source::Uniform, Source::Exponential, Source::Uniform];

/// Extended Infomax and Picard maximise the same likelihood.
#[test]
fn it_approaches_the_optimum_of_picard() {
    let (x, s) = mixture(&BOTH, 4000, 2);
    let infomax = InfomaxParams::default().build().unwrap().fit(&x, &mut Run::new(1)).unwrap().converged().unwrap();
    let picard = PicardParams { extended: Some(true), ..Default::default() }.build().unwrap();
    let optimum = picard.fit(&x, &mut Run::new(1)).unwrap().converged().unwrap();
    let (codes, best) = (infomax.infer(x.x()).unwrap(), optimum.infer(x.x()).unwrap());
    assert!(matched_correlations(best.view(), codes.view()).iter().all(|r| *r > 0.9995));
    assert!(mcc(s.view(), codes.view()) > 0.99);
}

#[test]
fn without_extended_a_sub_gaussian_source_is_refuted() {
    let x = mixture(&BOTH, 4000, 3).0;
    let estimator = InfomaxParams { extended: false, ..Default::default() }.build().unwrap();
    let mut run = Run::new(1);
    let model = estimator.fit(&x, &mut run).unwrap().model;
    let evidence = estimator.evidence(&x, &model, &mut run).unwrap();
    assert_eq!(evidence.iter().find(|e| e.assumption.contains("density")).unwrap().verdict, Verdict::Refuted);
}

#[test]
fn weights_that_blow_up_start_again_with_a_lower_rate() {
    let x = mixture(&BOTH, 1000, 4).0;
    let fit = |learning_rate| {
        let params = InfomaxParams { learning_rate: Some(learning_rate), max_iterations: 300, ..Default::default() };
        params.build().unwrap().fit(&x, &mut Run::new(1))
    };
    let fitted = fit(1.0).unwrap();
    assert_ne!(fitted.stop, Stop::Cancelled);
    assert!(fitted.model.unmixing.iter().all(|v| v.is_finite()));
    let early = InfomaxParams { max_iterations: 2, ..Default::default() }.build().unwrap().fit(&x, &mut Run::new(1)).unwrap();
    assert_eq!(early.stop, Stop::MaxIterations);
    assert!(early.warnings[0].text.contains("changing by"));
}
