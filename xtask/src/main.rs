//! The repository's tasks: `cargo xtask` lists them.
//!
//! Std alone. A task is one file with `HELP` and `run`; what is heavy (tests, benchmarks, Python) is spawned.

mod api;
mod check;
mod experiments;
mod failure;
mod goldens;
mod json;
mod layers;
mod licences;
mod manifest;
mod methods;
mod process;
mod python;
mod rust_source;
mod rustdoc_json;
mod skips;
mod summary;
mod test;
mod tidy;
mod vulkan;
mod workspace;

use failure::{Failure, Outcome};
use std::{env, process::ExitCode};

/// One task: its name, one line about it, its help text and what it does with its arguments.
struct Task {
    name: &'static str,
    about: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Outcome,
}

const TASKS: &[Task] = &[
    Task { name: "test", about: "all tests and doc tests of the workspace", help: test::HELP, run: test::run },
    Task { name: "check", about: "format, layers, tidy, lints, docs, public API, licences", help: check::HELP, run: check::run },
    Task { name: "api", about: "the public API as text; `--bless` writes docs/api", help: api::HELP, run: api::run },
    Task { name: "bench", about: "speed against the peers a user would pick", help: experiments::BENCH_HELP, run: experiments::bench },
    Task {
        name: "experiment",
        about: "one experiment of the book, by name",
        help: experiments::EXPERIMENT_HELP,
        run: experiments::experiment,
    },
    Task { name: "regen-goldens", about: "run the golden generators again", help: goldens::HELP, run: goldens::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("error: {}", failure.message);
            }
            ExitCode::from(failure.status)
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let Some((name, rest)) = arguments.split_first() else {
        println!("{}", overview());
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", overview());
        return Ok(());
    }
    if let Some(task) = TASKS.iter().find(|task| task.name == name) {
        if rest.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h") {
            println!("cargo xtask {} — {}\n\n{}", task.name, task.about, task.help.trim_end());
            return Ok(());
        }
        return (task.run)(rest);
    }
    // A step of `check` is a task as well: `cargo xtask layers`.
    if check::STEPS.iter().any(|step| step.name == name) {
        return check::run(arguments);
    }
    Err(Failure::usage(format!("there is no task `{name}`\n\n{}", overview())))
}

fn overview() -> String {
    let row = |name: &str, about: &str| format!("  {name:14} {about}\n");
    let tasks: Vec<String> = TASKS.iter().map(|task| row(task.name, task.about)).collect();
    let steps: Vec<String> = check::STEPS.iter().map(|step| row(step.name, step.about)).collect();
    format!(
        "usage: cargo xtask TASK [ARGUMENTS]   (`cargo xtask TASK --help` says more)\n\n{}\nsteps of `check`, each a task as well:\n\n{}",
        tasks.concat(),
        steps.concat().trim_end()
    )
}
