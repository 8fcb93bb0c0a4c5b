//! The public API as text in `docs/api`, one sorted line an item, so that a review sees every change of it.

use crate::{
    failure::{Failure, Outcome},
    json::Json,
    manifest::Manifest,
    process, rustdoc_json, workspace,
};
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

pub const HELP: &str = "\
usage: cargo xtask api [--bless]

Lists the public items of every library crate, read from rustdoc's JSON, and compares them with docs/api/<crate>.txt.
With --bless it writes those files. The check step `public-api` is the same without --bless.
";

/// Where the listings lie.
const FOLDER: &str = "docs/api";

/// How many differing lines of a crate are shown.
const SHOWN: usize = 40;

/// Runs the task.
///
/// # Errors
///
/// Fails on unknown arguments, if a listing differs from its file, or if rustdoc fails.
pub fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => check(),
        [word] if word == "--bless" => bless(),
        _ => Err(Failure::usage(HELP.trim_end())),
    }
}

/// The step of `cargo xtask check`.
///
/// # Errors
///
/// Fails if a listing differs from its file, a file belongs to no crate, or rustdoc fails.
pub fn check() -> Outcome {
    let root = workspace::root();
    let mut differences = Vec::new();
    let mut expected = BTreeSet::new();
    for (name, listing) in listings()? {
        let path = format!("{FOLDER}/{name}.txt");
        let committed = fs::read_to_string(root.join(&path)).unwrap_or_default();
        differences.extend(difference(&committed, &listing).map(|lines| format!("{path}\n{lines}")));
        expected.insert(format!("{name}.txt"));
    }
    differences.extend(committed_files(&root)?.difference(&expected).map(|name| format!("{FOLDER}/{name} belongs to no library crate")));
    if differences.is_empty() {
        Ok(())
    } else {
        let remedy = "if the change of the public API is meant: cargo xtask api --bless";
        Err(format!("{}\n{remedy}", differences.join("\n")).into())
    }
}

fn bless() -> Outcome {
    let root = workspace::root();
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|why| format!("{FOLDER}: {why}"))?;
    let listings = listings()?;
    let expected: BTreeSet<String> = listings.iter().map(|(name, _)| format!("{name}.txt")).collect();
    for stale in committed_files(&root)?.difference(&expected) {
        fs::remove_file(folder.join(stale)).map_err(|why| format!("{stale}: {why}"))?;
    }
    for (name, listing) in listings {
        let path = folder.join(format!("{name}.txt"));
        fs::write(&path, listing).map_err(|why| format!("{}: {why}", path.display()))?;
        println!("{FOLDER}/{name}.txt");
    }
    Ok(())
}

fn committed_files(root: &Path) -> Result<BTreeSet<String>, String> {
    let Ok(entries) = fs::read_dir(root.join(FOLDER)) else { return Ok(BTreeSet::new()) };
    entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(|why| why.to_string())).collect()
}

/// Each library crate's name and its listing.
fn listings() -> Result<Vec<(String, String)>, String> {
    let crates: Vec<Manifest> =
        workspace::members()?.into_iter().filter(|member| member.folder.starts_with("crates/") && member.is_library()).collect();
    let mut command = process::cargo(["doc", "--workspace", "--no-deps", "--lib", "--quiet"]);
    command.env("RUSTDOCFLAGS", "-Z unstable-options --output-format json").env("RUSTDOC", unstable_rustdoc()?);
    process::run(&mut command)?;
    let folder = workspace::target().join("doc");
    let mut listings = Vec::new();
    for member in crates {
        let path = folder.join(format!("{}.json", member.name.replace('-', "_")));
        let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let listing = rustdoc_json::listing(&Json::parse(&text)?).map_err(|why| format!("{}: {why}", path.display()))?;
        listings.push((member.name, listing));
    }
    Ok(listings)
}

/// A rustdoc that may print JSON on a stable toolchain.
///
/// `RUSTC_BOOTSTRAP=1` for cargo as a whole would do as well, but build scripts of dependencies watch that variable, so
/// that each check would rebuild half of the tree; this script sets it for rustdoc alone.
fn unstable_rustdoc() -> Result<PathBuf, String> {
    let rustdoc = env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".to_owned());
    let folder = workspace::target().join("xtask");
    fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let script = folder.join("rustdoc");
    fs::write(&script, format!("#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec '{rustdoc}' \"$@\"\n"))
        .map_err(|why| format!("{}: {why}", script.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(|why| format!("{}: {why}", script.display()))?;
    }
    Ok(script)
}

/// The lines that only one of two listings has.
fn difference(committed: &str, found: &str) -> Option<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (committed.lines().collect(), found.lines().collect());
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    let come = new.difference(&old).map(|line| format!("+ {line}"));
    let mut lines: Vec<String> = gone.chain(come).collect();
    let count = lines.len();
    if count > SHOWN {
        lines.truncate(SHOWN);
        lines.push(format!("… and {} more", count - SHOWN));
    }
    (count > 0).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n").as_deref(), Some("- b\n+ c"));
        let many = (0..50).map(|number| number.to_string()).collect::<Vec<_>>().join("\n");
        assert!(difference("", &many).is_some_and(|lines| lines.ends_with("and 10 more")));
    }
}
