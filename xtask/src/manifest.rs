//! Reads of a `Cargo.toml` what the tasks ask: name, dependencies by kind, features, inherited keys.
//!
//! Line by line and not a TOML parser: manifests here keep one key a line, which is also how they are reviewed.

use std::{fs, path::Path};

/// One crate's manifest.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The folder's path from the root, such as `crates/unmix-core`.
    pub folder: String,
    /// The package name.
    pub name: String,
    /// `[dependencies]` and `[build-dependencies]`, of every target, optional ones too.
    pub dependencies: Vec<String>,
    /// `[dev-dependencies]`.
    pub dev_dependencies: Vec<String>,
    /// Names in `[features]`.
    pub features: Vec<String>,
    /// Keys that say `workspace = true`: `edition`, `license`, … and `lints`.
    pub inherited: Vec<String>,
}

impl Manifest {
    /// Reads `folder/Cargo.toml`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or names no package.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let root = crate::workspace::root();
        let relative = folder.strip_prefix(&root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
        let manifest = Self::parse(&relative, &text);
        if manifest.name.is_empty() { Err(format!("{relative}/Cargo.toml names no package")) } else { Ok(manifest) }
    }

    /// Reads the text of a manifest that lies in `folder`.
    pub fn parse(folder: &str, text: &str) -> Self {
        let mut manifest = Self { folder: folder.to_owned(), ..Self::default() };
        let mut section = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                header.clone_into(&mut section);
                manifest.enter(&section);
            } else if let Some((key, value)) = line.split_once('=')
                && !line.starts_with(['#', '"'])
            {
                manifest.entry(&section, key.trim(), value.trim());
            }
        }
        manifest
    }

    /// Whether the crate has a library.
    pub fn is_library(&self) -> bool {
        crate::workspace::root().join(&self.folder).join("src/lib.rs").is_file()
    }

    /// `[dependencies.NAME]`: a table of its own for one dependency.
    fn enter(&mut self, section: &str) {
        if let Some((table, name)) = section.rsplit_once('.') {
            self.depend(table, name);
        }
    }

    fn entry(&mut self, section: &str, key: &str, value: &str) {
        match section {
            "package" if key == "name" => unquote(value).clone_into(&mut self.name),
            "package" if value == "true" => self.inherited.extend(key.strip_suffix(".workspace").map(str::to_owned)),
            "lints" if key == "workspace" && value == "true" => self.inherited.push("lints".to_owned()),
            "features" => self.features.push(unquote(key).to_owned()),
            table => {
                // `name.workspace = true`, `name = "1"`, `alias = { package = "name", … }`.
                let renamed = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
                let name = renamed.unwrap_or_else(|| key.split('.').next().unwrap_or(key));
                self.depend(table, unquote(name));
            }
        }
    }

    fn depend(&mut self, table: &str, name: &str) {
        let kind = table.rsplit_once('.').map_or(table, |(_, kind)| kind);
        match kind {
            "dependencies" | "build-dependencies" => self.dependencies.push(name.to_owned()),
            "dev-dependencies" => self.dev_dependencies.push(name.to_owned()),
            _ => {}
        }
    }
}

fn unquote(word: &str) -> &str {
    word.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let manifest = Manifest::parse(
            "crates/a",
            r#"
[package]
name = "a"
edition.workspace = true
license = "MIT"

[features]
default = []
tensor = ["dep:burn"]

[dependencies]
# b = "1"
b.workspace = true
c = "1"
alias = { version = "1", package = "d", features = [
    "x",
] }

[target.'cfg(unix)'.dependencies]
e = "1"

[dependencies.f]
version = "1"

[build-dependencies]
g = "1"

[dev-dependencies]
h.workspace = true

[lints]
workspace = true
"#,
        );
        assert_eq!(manifest.name, "a");
        assert_eq!(manifest.dependencies, ["b", "c", "d", "e", "f", "g"]);
        assert_eq!(manifest.dev_dependencies, ["h"]);
        assert_eq!(manifest.features, ["default", "tensor"]);
        assert_eq!(manifest.inherited, ["edition", "lints"]);
    }
}
