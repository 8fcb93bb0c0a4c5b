//! Where things are: the root, the target folder, the member crates, the files that are under version control.

use crate::{manifest::Manifest, process};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Folders that hold programs or tasks instead of library crates; each is one package.
const PROGRAM_FOLDERS: &[&str] = &["examples", "experiments", "xtask"];

/// Folders that are never walked when git cannot list the files.
const UNTRACKED: &[&str] = &[".git", "target", "node_modules", ".venv", "__pycache__", "demo"];

/// The root of the checkout.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The manifests of all members, sorted by folder: `crates/*`, then programs.
///
/// # Errors
///
/// Fails if a folder or manifest cannot be read.
pub fn members() -> Result<Vec<Manifest>, String> {
    let root = root();
    let mut folders = Vec::new();
    for entry in fs::read_dir(root.join("crates")).map_err(|why| format!("crates: {why}"))? {
        folders.push(entry.map_err(|why| why.to_string())?.path());
    }
    folders.sort();
    folders.extend(PROGRAM_FOLDERS.iter().map(|name| root.join(name)));
    folders.into_iter().filter(|folder| folder.join("Cargo.toml").is_file()).map(|folder| Manifest::read(&folder)).collect()
}

/// Reads a file of the checkout, named by its path from the root.
///
/// # Errors
///
/// Fails if it is absent or not text.
pub fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|why| format!("{path}: {why}"))
}

/// Every file under version control or about to be, as sorted paths from the root with `/` between their parts.
///
/// # Errors
///
/// Fails if a folder cannot be listed.
pub fn files() -> Result<Vec<String>, String> {
    let root = root();
    let mut git = process::command("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let mut files = Vec::new();
    if let Ok(list) = process::output(&mut git) {
        files.extend(list.lines().filter(|path| root.join(path).is_file()).map(str::to_owned));
    } else {
        // A source archive, or a checkout that belongs to another user.
        walk(&root, "", &mut files)?;
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))? {
        let entry = entry.map_err(|why| why.to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if UNTRACKED.contains(&name.as_str()) || name.starts_with("target-") || name.ends_with(".partial") {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            walk(&entry.path(), &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
