//! Every dependency has an allowed licence and comes from the registry, none from git or a stray path.

use crate::{failure::Outcome, json::Json, process};

/// Licences that a user of `MIT OR Apache-2.0` code can live with: permissive, or file-level copyleft.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that state no expression but come with a licence file, which was read: name and what it holds.
const READ: &[(&str, &str)] = &[("cfg_block", "Apache-2.0")];

/// The step.
///
/// # Errors
///
/// Fails with every dependency that breaks the rule, or if `Cargo.lock` does not match the manifests.
pub fn run() -> Outcome {
    let text = process::output(&mut process::cargo(["metadata", "--format-version", "1", "--locked"]))?;
    let problems = problems(&Json::parse(&text)?);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn problems(metadata: &Json) -> Vec<String> {
    let members: Vec<&str> = metadata.get("workspace_members").list().iter().filter_map(Json::text).collect();
    let mut problems = Vec::new();
    for package in metadata.get("packages").list() {
        let text = |key: &str| package.get(key).text().unwrap_or_default();
        let name = format!("{} {}", text("name"), text("version"));
        let read = READ.iter().find(|(name, _)| *name == text("name")).map_or("", |(_, licence)| *licence);
        let licence = if text("license").is_empty() { read } else { text("license") };
        match licence {
            "" => problems.push(format!("{name} states no licence")),
            _ if !allowed(licence) => {
                problems.push(format!("{name} has the licence `{licence}`, which xtask/src/licences.rs does not allow"));
            }
            _ => {}
        }
        let source = text("source");
        let registry = source.starts_with("registry+") && source.ends_with("/crates.io-index");
        if !registry && !members.contains(&text("id")) {
            problems.push(format!("{name} comes from `{source}`, not from the registry"));
        }
    }
    problems
}

/// Whether an SPDX expression can be met with allowed licences alone. The old `MIT/Apache-2.0` means `OR`.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Expression { words: &words, at: 0 };
    reader.either() == Some(true) && reader.at == words.len()
}

/// A reader by descent: `OR` binds less than `AND`, which binds less than `WITH`. `None` is a broken expression.
struct Expression<'a> {
    words: &'a [&'a str],
    at: usize,
}

impl Expression<'_> {
    fn either(&mut self) -> Option<bool> {
        let mut value = self.both()?;
        while self.found("OR") {
            value |= self.both()?;
        }
        Some(value)
    }

    fn both(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.found("AND") {
            value &= self.one()?;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.found("(") {
            let value = self.either()?;
            return self.found(")").then_some(value);
        }
        let mut licence = self.word()?.to_owned();
        if self.found("WITH") {
            licence = format!("{licence} WITH {}", self.word()?);
        }
        Some(ALLOWED.contains(&licence.as_str()))
    }

    fn word(&mut self) -> Option<&str> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    fn found(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_by_allowed_licences_alone() {
        for yes in
            ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(GPL-2.0 OR MIT) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception OR GPL-3.0"]
        {
            assert!(allowed(yes), "{yes}");
        }
        for no in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND AGPL-3.0",
            "GPL-3.0 WITH Classpath-exception-2.0",
            "",
            "MIT OR",
            "(MIT",
            "MIT)",
        ] {
            assert!(!allowed(no), "{no}");
        }
    }

    #[test]
    fn packages_without_licence_or_from_elsewhere_are_named() {
        let metadata = r#"{"workspace_members": ["own"], "packages": [
            {"id": "own", "name": "own", "version": "1.0.0", "license": "MIT", "source": null},
            {"id": "a", "name": "a", "version": "1.0.0", "license": "MIT", "source": "registry+https://host/rust-lang/crates.io-index"},
            {"id": "b", "name": "b", "version": "2.0.0", "license": null, "source": "registry+https://host/rust-lang/crates.io-index"},
            {"id": "c", "name": "c", "version": "3.0.0", "license": "MIT", "source": "git+https://host/c"}]}"#;
        let problems = problems(&Json::parse(metadata).unwrap());
        assert_eq!(problems, ["b 2.0.0 states no licence", "c 3.0.0 comes from `git+https://host/c`, not from the registry"]);
    }
}
