//! `cargo xtask regen-goldens`: runs the generators of goldens again, each in an environment with its pinned requirements.

use crate::{
    failure::{Failure, Outcome},
    process, python, workspace,
};
use std::fs;

pub const HELP: &str = "\
usage: cargo xtask regen-goldens [TOPIC...]

For each topic, or for all of goldens/*: makes a Python environment in the cache folder, installs the topic's
requirements.txt there and runs its generate.py in the topic's folder. Look at `git diff goldens` afterwards:
a golden changes when its source system or the question put to it changes, never to make a test pass.
";

/// Runs the task.
///
/// # Errors
///
/// Fails on an unknown topic or if a generator fails.
pub fn run(arguments: &[String]) -> Outcome {
    let folder = workspace::root().join("goldens");
    let mut topics = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|why| format!("goldens: {why}"))? {
        let path = entry.map_err(|why| why.to_string())?.path();
        if path.join("generate.py").is_file() {
            topics.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    topics.sort();
    if let Some(unknown) = arguments.iter().find(|name| !topics.contains(name)) {
        return Err(Failure::usage(format!("there is no generator goldens/{unknown}/generate.py; the topics are {}", topics.join(", "))));
    }
    for topic in topics.iter().filter(|topic| arguments.is_empty() || arguments.contains(topic)) {
        println!("goldens/{topic}");
        let interpreter = python::environment(&python::cache()?.join("goldens").join(topic), &folder.join(topic).join("requirements.txt"))?;
        process::run(process::command(interpreter).arg("generate.py").current_dir(folder.join(topic)))?;
    }
    Ok(())
}
