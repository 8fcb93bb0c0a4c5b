//! `cargo xtask check`: what does not need a test run, cheapest first, so that a local run fails early.

use crate::{
    api,
    failure::{Failure, Outcome},
    layers, licences, methods, process, tidy,
};
use std::time::Instant;

pub const HELP: &str = "\
usage: cargo xtask check [STEP...]

Runs the named steps, or all of them, cheapest first, and stops at the first that fails.
`cargo xtask` lists the steps; each is a task as well: `cargo xtask layers`.
";

/// One step of the check.
pub struct Step {
    pub name: &'static str,
    pub about: &'static str,
    run: fn() -> Outcome,
}

/// Cheapest first.
pub const STEPS: &[Step] = &[
    Step { name: "fmt", about: "formatting", run: || cargo(&["fmt", "--all", "--check"]) },
    Step { name: "tidy", about: "house rules that no compiler knows, file by file", run: tidy::run },
    Step { name: "methods", about: "every method has its page, every crate's methods are in the facade", run: methods::run },
    Step { name: "layers", about: "no crate depends upwards, burn only where it may be", run: layers::run },
    Step { name: "licences", about: "every dependency has an allowed licence and comes from the registry", run: licences::run },
    Step {
        name: "clippy",
        about: "lints, warnings denied",
        run: || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "rustdoc", about: "the documentation builds, warnings denied", run: rustdoc },
    Step { name: "public-api", about: "the public API is the text in docs/api", run: api::check },
];

/// Runs the named steps, or all.
///
/// # Errors
///
/// Fails at the first step that fails, or on an unknown name.
pub fn run(names: &[String]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != *name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure::usage(format!("there is no step `{unknown}`; the steps are {}", known.join(", "))));
    }
    for step in STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)) {
        println!("check {}: {}", step.name, step.about);
        let start = Instant::now();
        (step.run)().map_err(|failure| Failure { message: format!("check {} failed\n{}", step.name, failure.message), ..failure })?;
        println!("check {}: passed in {:.1} s", step.name, start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Outcome {
    Ok(process::run(&mut process::cargo(arguments))?)
}

fn rustdoc() -> Outcome {
    Ok(process::run(process::cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_a_usage_error_that_lists_the_known() {
        let failure = run(&["fnt".to_owned()]).unwrap_err();
        assert_eq!(failure.status, 2);
        assert!(failure.message.contains("`fnt`") && failure.message.contains("fmt, tidy"));
    }
}
