//! Part (b): a deep model of handwritten digits: train, infer, regenerate, traverse, edit.

use ndarray::{Array2, Axis, concatenate};
use std::{collections::BTreeMap, ops::ControlFlow, sync::mpsc};
use unmix::{
    PRIOR, code_names,
    core::{Claim, ClosedLoop, Do, Evidence, Fault, Fit, Infer, Intervene, Observations, Params, Progress, Run, Seed, Stop, Warning},
    data::bundled,
    metrics::{Score, eval_codes},
    traverse,
    vae::{BetaVae, BetaVaeParams, Network, VaeModel},
};

const COMPONENTS: usize = 8;
const EPOCHS: usize = 100;
/// Images in the strip of reconstructions.
const PAIRS: usize = 12;
/// Where the edit moves its code to.
pub const EDIT_VALUE: f64 = 2.0;

/// Everything that the report says about the digits.
pub struct Digits {
    pub rows: usize,
    pub model: VaeModel,
    pub claim: Claim,
    pub evidence: Vec<Evidence>,
    pub warnings: Vec<Warning>,
    pub stop: Stop,
    pub steps: usize,
    /// Objective in nats an image at each step of training, and at each evaluation on held-out images.
    pub curve: Vec<(f64, f64)>,
    pub held_out: Vec<(f64, f64)>,
    /// Images above their reconstructions, `[2 PAIRS, 64]`.
    pub pairs: Array2<f64>,
    /// One row of images for each code, `[COMPONENTS · 7, 64]`.
    pub traversal: Array2<f64>,
    pub edit: Edit,
    /// Root mean square error of a pixel.
    pub reconstruction_error: f64,
    /// The codes of another seed against those of this one.
    pub seeds: BTreeMap<String, Score>,
}

/// One image before and after `do(z_k = v)`.
pub struct Edit {
    /// The code, from 0: the one that says most.
    pub code: usize,
    /// The image, its reconstruction, the edited image: `[3, 64]`.
    pub images: Array2<f64>,
    /// What the code of the edited image is inferred to be.
    pub read_back: f64,
}

impl Digits {
    pub fn analyse(seed: Seed, device: &str, epochs: Option<usize>, mut say: impl FnMut(&str)) -> Result<Self, Fault> {
        let x = bundled::digits()?.observations;
        let epochs = epochs.unwrap_or(EPOCHS);
        let estimator = BetaVaeParams {
            components: COMPONENTS,
            beta: 2.0,
            epochs,
            network: Network::Mlp { hidden: vec![256, 128] },
            warm_up: 10,
            patience: Some(20),
            ..BetaVaeParams::default()
        }
        .build()?;
        say(&format!("digits: training a β-VAE for {epochs} epochs"));
        let (sender, receiver) = mpsc::channel();
        let mut run = Run::new(seed.0).on(device).observed(move |p: &Progress<'_>| {
            let point = (p.stage == "held-out", p.step as f64, p.objective);
            // the receiver lives until training ends
            sender.send(point).map_or(ControlFlow::Break(()), ControlFlow::Continue)
        });
        let fitted = estimator.fit(&x, &mut run)?;
        let evidence = estimator.evidence(&x, &fitted.model, &mut run)?;
        drop(run);
        let (held_out, curve): (Vec<_>, Vec<_>) = receiver.iter().partition(|(held_out, ..)| *held_out);
        let points = |list: Vec<(bool, f64, f64)>| list.into_iter().map(|(_, step, value)| (step, value)).collect();
        say("digits: another seed, to see which codes return");
        let seeds = other_seed(&estimator, &x, &fitted.model, seed, device)?;
        say("digits: reconstruct, traverse, edit");
        let model = fitted.model;
        let cycle = ClosedLoop::new(&model, &model);
        let reconstruction = cycle.reconstruct(x.x())?;
        let error = (&reconstruction - &x.x()).mapv(|e| e * e).mean().unwrap_or(f64::NAN).sqrt();
        let shown: Vec<usize> = (0..PAIRS).collect();
        let pairs = concatenate![Axis(0), x.x().select(Axis(0), &shown), reconstruction.select(Axis(0), &shown)];
        Ok(Self {
            rows: x.rows(),
            claim: estimator.claim(),
            evidence,
            warnings: fitted.warnings,
            stop: fitted.stop,
            steps: fitted.iterations,
            curve: points(curve),
            held_out: points(held_out),
            pairs,
            traversal: traverse(&model, &[PRIOR; COMPONENTS])?,
            edit: edit(&model, &x)?,
            reconstruction_error: error,
            seeds,
            model,
        })
    }
}

/// How well the codes of `seed + 1` match those of `model`: on the same images, matched one to one, and by an affine map of all.
fn other_seed(estimator: &BetaVae, x: &Observations, model: &VaeModel, seed: Seed, device: &str) -> Result<BTreeMap<String, Score>, Fault> {
    let other = estimator.fit(x, &mut Run::new(seed.0 + 1).on(device))?.model;
    let (a, b) = (model.infer(x.x())?, other.infer(x.x())?);
    Ok(eval_codes(a.view(), b.view(), &code_names(b.ncols()), seed)?)
}

/// Moves the code that carries most nats in the first image.
fn edit(model: &VaeModel, x: &Observations) -> Result<Edit, Fault> {
    let nats = model.divergence().iter().enumerate();
    let code = nats.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(code, _)| code);
    let first = x.select(&[0])?;
    let before = ClosedLoop::new(model, model).reconstruct(first.x())?;
    let dos = [Do { node: format!("z{}", code + 1), value: EDIT_VALUE }];
    let after = model.intervene(&dos, Some(first.x()), 1, Seed(0))?;
    let read_back = model.infer(after.view())?.get((0, code)).copied().unwrap_or(f64::NAN);
    Ok(Edit { code, images: concatenate![Axis(0), first.x(), before, after], read_back })
}
