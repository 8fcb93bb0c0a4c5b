//! Tests that skip themselves, counted.
//!
//! The contract: `cargo xtask test` sets `UNMIX_SKIP_DIR` to an empty folder. A test that cannot run here writes a file
//! there, named after the test, whose text is the reason, and returns. `unmix_testkit::skip` does this. The test runner
//! counts such a test as passed, so each marker moves one test from "passed" to "skipped".

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The variable that names the folder of markers.
pub const FOLDER: &str = "UNMIX_SKIP_DIR";

/// The folder of markers of one run.
pub struct Skips {
    folder: PathBuf,
}

/// One test that did not run, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Skip {
    pub test: String,
    pub reason: String,
}

impl Skips {
    /// An empty folder at `folder`; what an earlier run left there is removed.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be emptied or made.
    pub fn fresh(folder: PathBuf) -> Result<Self, String> {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        }
        fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        Ok(Self { folder })
    }

    /// The folder to hand to the tests.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The markers written so far, sorted by test.
    ///
    /// # Errors
    ///
    /// Fails if the folder or a marker cannot be read.
    pub fn found(&self) -> Result<Vec<Skip>, String> {
        let mut skips = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|why| format!("{}: {why}", self.folder.display()))? {
            let path = entry.map_err(|why| why.to_string())?.path();
            let test = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
            let reason = if text.trim().is_empty() { "no reason given".to_owned() } else { text.trim().replace('\n', " ") };
            skips.push(Skip { test, reason });
        }
        skips.sort_by(|a, b| a.test.cmp(&b.test));
        Ok(skips)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_counted_with_their_reasons_and_a_new_run_starts_empty() {
        let folder = std::env::temp_dir().join(format!("xtask-skips-{}", std::process::id()));
        let skips = Skips::fresh(folder.clone()).unwrap();
        assert_eq!(skips.found().unwrap(), []);
        fs::write(folder.join("parity::step"), "no adapter\n").unwrap();
        fs::write(folder.join("a"), "").unwrap();
        let found = skips.found().unwrap();
        assert_eq!(found.iter().map(|skip| skip.test.as_str()).collect::<Vec<_>>(), ["a", "parity::step"]);
        assert_eq!((found[0].reason.as_str(), found[1].reason.as_str()), ("no reason given", "no adapter"));
        assert_eq!(Skips::fresh(folder.clone()).unwrap().found().unwrap(), []);
        fs::remove_dir_all(folder).unwrap();
    }
}
