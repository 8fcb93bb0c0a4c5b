//! Three recorded signals, three microphones that hear all of them: which signal is which?
//!
//! `cargo run -p examples --bin ica_unmixing`

use ndarray::{Array2, array};
use std::f64::consts::TAU;
use unmix::{
    core::{Class, Fit, Infer, Observations, Params, Run, Seed, identified},
    linear::FastIcaParams,
    metrics::eval_codes,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // a siren, a relay and a saw, sampled at 1 kHz for 4 seconds
    let signals = Array2::from_shape_fn((4000, 3), |(i, signal)| {
        let t = i as f64 / 1000.0;
        match signal {
            0 => (TAU * 2.0 * t).sin(),
            1 => (TAU * 3.3 * t).sin().signum(),
            _ => (5.0 * t).fract() - 0.5,
        }
    });
    // each microphone hears a mixture
    let microphones = signals.dot(&array![[1.0, 0.6, 0.3], [0.5, 1.0, 0.4], [0.3, 0.5, 1.0]]);
    let recording = Observations::new(microphones, ["left", "middle", "right"])?;

    let mut run = Run::new(7);
    let ica = FastIcaParams::default().build()?;
    let fitted = ica.fit(&recording, &mut run)?;
    let codes = fitted.model.infer(recording.x())?;

    let names = ["siren", "relay", "saw"].map(String::from);
    let scores = eval_codes(codes.view(), signals.view(), &names, Seed(7))?;
    let mcc = scores.get("mcc").ok_or("no MCC")?;
    println!("each code correlates with its signal at {:.4} on average (chance {:.2})", mcc.value, mcc.chance);

    let (claim, evidence) = (ica.claim(), ica.evidence(&recording, &fitted.model, &mut run)?);
    assert_eq!(claim.class, Class::PermutationScale);
    println!("identified: {:?}, up to {}", identified(&claim, &evidence), claim.class.describe());
    for e in evidence {
        println!("  {:?}: {} ({})", e.verdict, e.assumption, e.detail);
    }
    Ok(())
}
