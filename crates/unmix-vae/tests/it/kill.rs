//! Training killed by the system at a random step, and gone on from its checkpoint.

use crate::data::{saved, small, spots};
use std::{
    collections::hash_map::RandomState,
    env, fs,
    hash::BuildHasher,
    ops::ControlFlow,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use unmix_core::{Fit, Observations, Params, Progress, Run};
use unmix_vae::{BetaVae, BetaVaeParams};

/// Set in the process that is to be killed: its folder.
const VICTIM: &str = "UNMIX_TEST_VICTIM_FOLDER";
/// The file in which it writes its step.
const STEP: &str = "step";
const STEPS: usize = 60;

fn fit() -> (BetaVae, Observations) {
    let params = BetaVaeParams { epochs: 12, validation_share: 0.2, patience: Some(100), ..small() };
    (params.build().unwrap(), spots(100, 4))
}

fn run<'a>(folder: &Path) -> Run<'a> {
    Run::new(11).with_checkpoints(folder.join("checkpoints"), 4)
}

/// Trains and writes down each step, until it is killed; it never ends by itself.
fn be_killed(folder: &Path) {
    let (estimator, x) = fit();
    let at = folder.join(STEP);
    let observe = move |progress: &Progress<'_>| {
        fs::write(&at, progress.step.to_string()).unwrap();
        thread::sleep(Duration::from_millis(3));
        if progress.step >= STEPS - 1 {
            thread::sleep(Duration::from_mins(10));
        }
        ControlFlow::Continue(())
    };
    estimator.fit(&x, &mut run(folder).observed(observe)).unwrap();
}

/// Starts a victim, waits until it has come to `step`, and kills it wherever it is then.
fn kill_at(folder: &Path, step: usize) {
    let _ = fs::remove_file(folder.join(STEP));
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::killed_at_a_random_step_and_resumed"])
        .env(VICTIM, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let reached = || fs::read_to_string(folder.join(STEP)).ok().and_then(|s| s.parse::<usize>().ok());
    while reached().is_none_or(|reached| reached < step) {
        assert!(victim.try_wait().unwrap().is_none(), "the victim ended before step {step}");
        thread::sleep(Duration::from_millis(1));
    }
    victim.kill().unwrap();
    assert!(!victim.wait().unwrap().success());
}

#[test]
fn killed_at_a_random_step_and_resumed() {
    if let Some(folder) = env::var_os(VICTIM) {
        return be_killed(Path::new(&folder));
    }
    let (estimator, x) = fit();
    let whole = estimator.fit(&x, &mut Run::new(11)).unwrap();
    assert_eq!(whole.iterations, STEPS);

    let folder = tempfile::tempdir().unwrap();
    // at steps that the system's randomness chooses; the second victim resumes what the first left
    let random = |below: usize| RandomState::new().hash_one(0) as usize % below;
    let first = 1 + random(STEPS / 2);
    let second = first + 1 + random(STEPS - first - 2);
    kill_at(folder.path(), first);
    kill_at(folder.path(), second);
    let resumed = estimator.fit(&x, &mut run(folder.path())).unwrap();
    assert_eq!((resumed.iterations, resumed.objective), (whole.iterations, whole.objective), "killed at {first}, {second}");
    assert!(saved(&resumed.model) == saved(&whole.model), "killed at {first}, {second}");
}
