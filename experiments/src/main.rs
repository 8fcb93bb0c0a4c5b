//! Benchmarks against the peers that a user would pick, and the studies of the book. `cargo xtask bench` and `cargo xtask experiment` run it.

mod bench;
mod studies;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "experiments")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Time our methods, beside peers with --python
    Bench(bench::Arguments),
    /// Run a study and write its table and figure to docs/
    Experiment(studies::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Bench(arguments) => arguments.run(),
        Command::Experiment(arguments) => arguments.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever ends a program that only the project's own developers run.
type Outcome = Result<(), Box<dyn std::error::Error>>;
