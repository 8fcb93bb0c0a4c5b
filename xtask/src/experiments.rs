//! `cargo xtask bench` and `cargo xtask experiment`: spawn the package `experiments`, built for speed.

use crate::{
    failure::{Failure, Outcome},
    process, python, workspace,
};
use std::{env, path::PathBuf};

pub const BENCH_HELP: &str = "\
usage: cargo xtask bench [--peers] [--only WORKLOAD...] [--json FILE] [ARGUMENTS]

Times our methods. With --peers it first makes a Python environment outside the tree ($UNMIX_PEERS, else
unmix/peers in the cache folder), installs experiments/peers/requirements.txt there, and times the peers
in the same run. All other arguments go to `experiments bench`, which has its own --help: put it after `--`.
";

pub const EXPERIMENT_HELP: &str = "\
usage: cargo xtask experiment NAME [ARGUMENTS]

Runs one experiment of the package `experiments`; `cargo xtask experiment -- --help` lists them.
";

/// Runs `experiments bench`.
///
/// # Errors
///
/// Fails if the package is not there, the peers cannot be installed or the program fails.
pub fn bench(arguments: &[String]) -> Outcome {
    let mut rest: Vec<String> = arguments.iter().filter(|word| *word != "--peers" && *word != "--").cloned().collect();
    package()?;
    if rest.len() < arguments.len() && arguments.iter().any(|word| word == "--peers") {
        let folder = match env::var_os("UNMIX_PEERS").filter(|value| !value.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => python::cache()?.join("peers"),
        };
        let interpreter = python::environment(&folder, &workspace::root().join("experiments/peers/requirements.txt"))?;
        rest.extend(["--python".to_owned(), interpreter.to_string_lossy().into_owned()]);
    }
    spawn("bench", &rest)
}

/// Runs `experiments experiment NAME`.
///
/// # Errors
///
/// Fails if no name was given, the package is not there or the program fails.
pub fn experiment(arguments: &[String]) -> Outcome {
    package()?;
    let rest: Vec<String> = arguments.iter().filter(|word| *word != "--").cloned().collect();
    if rest.is_empty() {
        return Err(Failure::usage(EXPERIMENT_HELP.trim_end()));
    }
    spawn("experiment", &rest)
}

fn package() -> Outcome {
    if workspace::root().join("experiments/Cargo.toml").is_file() {
        Ok(())
    } else {
        Err(Failure::usage("the package `experiments` is not in this checkout"))
    }
}

fn spawn(command: &str, arguments: &[String]) -> Outcome {
    Ok(process::run(process::cargo(["run", "--release", "--package", "experiments", "--", command]).args(arguments))?)
}
