//! Running the binary in a folder of its own.

use serde_json::Value;
use std::{path::Path, process::Command};
use tempfile::TempDir;

/// A folder in which commands run.
pub struct Place(TempDir);

/// What a command said.
pub struct Said {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unmix"));
        command.args(line.split_whitespace()).current_dir(self.0.path());
        command
    }

    pub fn run(&self, line: &str) -> Said {
        let done = self.command(line).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { status: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub fn ok(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.status, 0, "`unmix {line}` failed: {}{}", said.out, said.err);
        said.out
    }

    pub fn json(&self, line: &str) -> Value {
        let out = self.ok(line);
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("`unmix {line}` prints no JSON ({e}): {out}"))
    }

    /// Every file under `folder` with its bytes, but `timing.json`.
    pub fn files(&self, folder: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
        let mut files = std::collections::BTreeMap::new();
        collect(&self.path(folder), &self.path(folder), &mut files);
        files.remove("timing.json");
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut std::collections::BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(path.strip_prefix(root).unwrap().display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}
