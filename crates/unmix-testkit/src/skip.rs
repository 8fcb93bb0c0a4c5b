//! A test that cannot run here says so, and is counted.

use std::{env, fs, path::Path};

/// The environment variable that names the folder of skip markers. `cargo xtask test` sets it, counts the markers and prints each reason;
/// in continuous integration a skip is a failure.
pub const SKIP_FOLDER: &str = "UNMIX_SKIP_DIR";

/// Records that `test` did not run, and why. Call it and return.
///
/// The marker is a file named after the test that holds the reason. Without [`SKIP_FOLDER`] nothing is written; the reason always goes to
/// standard error, where a test runner shows it on request.
pub fn skip(test: &str, reason: &str) {
    // a test's standard error is its report
    eprintln!("skipped {test}: {reason}");
    if let Some(folder) = env::var_os(SKIP_FOLDER) {
        let folder = Path::new(&folder);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(test.replace("::", ".")), reason));
        if let Err(error) = written {
            eprintln!("the skip of {test} could not be recorded in {}: {error}", folder.display());
        }
    }
}
