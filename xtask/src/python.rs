//! Python environments outside the tree, for peers and golden generators.

use crate::process;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder for environments: `$XDG_CACHE_HOME/unmix`, else `~/.cache/unmix`.
///
/// # Errors
///
/// Fails if neither variable is set.
pub fn cache() -> Result<PathBuf, String> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("unmix")).ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".to_owned())
}

/// The interpreter of the environment at `folder`, which is made and filled if need be.
///
/// The requirements are copied into the environment once installed, so that pip runs again only when they change. What stands in a file
/// `requirements-no-deps.txt` beside them is installed without what it depends on: packages of which a part is used, and not the part that needs gigabytes.
///
/// # Errors
///
/// Fails if Python is missing or pip does not succeed.
pub fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let mut wanted = fs::read_to_string(requirements).map_err(|why| format!("{}: {why}", requirements.display()))?;
    let alone = requirements.with_file_name("requirements-no-deps.txt");
    if alone.is_file() {
        wanted += &fs::read_to_string(&alone).map_err(|why| format!("{}: {why}", alone.display()))?;
    }
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !interpreter.is_file() {
        let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        process::run(process::command(python).args(["-m", "venv"]).arg(folder))?;
    }
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(interpreter);
    }
    println!("installing {} into {}", requirements.display(), folder.display());
    let install = ["-m", "pip", "install", "--quiet"];
    process::run(process::command(&interpreter).args(install).arg("--requirement").arg(requirements))?;
    if alone.is_file() {
        process::run(process::command(&interpreter).args(install).args(["--no-deps", "--requirement"]).arg(&alone))?;
    }
    fs::write(&installed, wanted).map_err(|why| format!("{}: {why}", installed.display()))?;
    Ok(interpreter)
}
