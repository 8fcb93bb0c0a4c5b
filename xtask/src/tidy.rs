//! House rules that no compiler knows, checked file by file: each rule is a row of [`RULES`] with its reason.

mod files;
mod rules;

use crate::{failure::Outcome, manifest::Manifest, rust_source, workspace};
use std::{fs, path::Path};

/// One text file with its path from the root.
struct File<'a> {
    path: &'a str,
    text: &'a str,
    /// Rust code without comments and literals; empty for other files.
    code: &'a str,
}

impl File<'_> {
    fn is_rust(&self) -> bool {
        self.has_end(&["rs"])
    }

    fn has_end(&self, ends: &[&str]) -> bool {
        Path::new(self.path).extension().is_some_and(|end| ends.iter().any(|known| end == *known))
    }

    /// The crate's folder name, for a file of a library's or program's sources: `crates/NAME/src/…`.
    fn source_of(&self) -> Option<&str> {
        self.path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/")).map(|(name, _)| name)
    }

    /// Code outside the file's own unit tests; empty for integration tests.
    fn code_outside_tests(&self) -> &str {
        if self.path.contains("/tests/") { "" } else { &self.code[..rust_source::tests_begin(self.code)] }
    }
}

/// A rule about one file: what it forbids, and where the file breaks it (line, what was found).
struct Rule {
    /// Ends the message, so that whoever breaks the rule learns what to do instead.
    remedy: &'static str,
    find: fn(&File<'_>) -> Vec<(usize, String)>,
}

/// The rules about one file.
const RULES: &[Rule] = &[
    Rule { remedy: "remove it", find: rules::trailing_space },
    Rule { remedy: "indent with spaces", find: rules::tabs },
    Rule { remedy: "one concept a file: split it", find: rules::length },
    Rule { remedy: "say in `//!` what the module holds", find: rules::module_header },
    Rule { remedy: "land what works and leave the rest out", find: rules::stubs },
    Rule { remedy: "`unsafe` needs a kernel module named in xtask/src/tidy/rules.rs", find: rules::unsafe_code },
    Rule { remedy: "collect, then add in a fixed order: results must not depend on the number of threads", find: rules::parallel_sums },
    Rule { remedy: "there is one training loop, in crates/unmix-vae/src/train", find: rules::backward },
    Rule { remedy: "take a stream of `Run::seed`", find: rules::randomness },
    Rule { remedy: "libraries do not print: return it, or tell the run's observer", find: rules::printing },
    Rule { remedy: "name the concept the file holds", find: rules::vague_names },
    Rule { remedy: "say which package, not which server", find: rules::hosts },
    Rule { remedy: "write a path from the root of the checkout", find: rules::machine_paths },
];

/// The step.
///
/// # Errors
///
/// Fails with every breach found.
pub fn run() -> Outcome {
    let root = workspace::root();
    let paths = workspace::files()?;
    let mut problems = Vec::new();
    for path in &paths {
        let bytes = fs::read(root.join(path)).map_err(|why| format!("{path}: {why}"))?;
        // Bundled data and pictures have no style.
        let Ok(text) = String::from_utf8(bytes) else { continue };
        problems.extend(breaches(path, &text));
    }
    for member in workspace::members()? {
        problems.extend(manifest_breaches(&member));
    }
    problems.extend(files::goldens(&paths, workspace::read));
    problems.extend(files::book(&paths, workspace::read));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn breaches(path: &str, text: &str) -> Vec<String> {
    let is_rust = Path::new(path).extension().is_some_and(|end| end == "rs");
    let code = if is_rust { rust_source::code(text) } else { String::new() };
    let file = File { path, text, code: &code };
    let mut problems = Vec::new();
    for rule in RULES {
        problems.extend((rule.find)(&file).into_iter().map(|(line, found)| format!("{path}:{line}: {found}; {}", rule.remedy)));
    }
    problems
}

/// Package data and lints come from the workspace, and the folder has the crate's name.
fn manifest_breaches(manifest: &Manifest) -> Vec<String> {
    let mut problems = Vec::new();
    let folder = manifest.folder.rsplit('/').next().unwrap_or(&manifest.folder);
    if folder != manifest.name {
        problems
            .push(format!("{}/Cargo.toml: the package is named `{}`; folder and package have one name", manifest.folder, manifest.name));
    }
    for key in ["version", "edition", "rust-version", "license", "lints"] {
        if !manifest.inherited.iter().any(|inherited| inherited == key) {
            problems.push(format!("{}/Cargo.toml: `{key}` does not come from the workspace", manifest.folder));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        assert_eq!(run(), Ok(()));
    }

    #[test]
    fn a_manifest_inherits_and_is_named_after_its_folder() {
        let manifest = Manifest::parse(
            "crates/a",
            "[package]\nname = \"b\"\nversion.workspace = true\nedition.workspace = true\nrust-version = \"1.95\"",
        );
        let problems = manifest_breaches(&manifest);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[0].contains("`b`") && problems[1].contains("rust-version"));
    }
}
