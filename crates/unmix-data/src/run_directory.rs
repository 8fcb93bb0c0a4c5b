//! Run directories: everything a run writes, whole or not at all.
//!
//! A run to `results/` works in `results.partial/`. Each file is written under a temporary name, synced, and renamed; when the run
//! ends, [`RunDirectory::finish`] writes `manifest.json` (size and SHA-256 of every file that is promised to be reproducible) and
//! renames the folder. A reader of `results/` therefore never sees a half-written run, whenever the process is killed.

use crate::FileError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
};

/// A run directory that is being written.
///
/// ```
/// use unmix_data::{RunDirectory, verify_run};
///
/// let folder = tempfile::tempdir().unwrap();
/// let out = folder.path().join("run");
/// let run = RunDirectory::create(&out, false)?;
/// run.write("codes.csv", b"z1\n0.5\n")?;
/// assert!(!out.exists());
/// run.finish()?;
/// assert_eq!(verify_run(&out)?.files.len(), 1);
/// # Ok::<(), unmix_data::FileError>(())
/// ```
#[derive(Debug)]
pub struct RunDirectory {
    target: PathBuf,
    partial: PathBuf,
    force: bool,
    keep: bool,
    finished: bool,
}

/// The file that lists the others.
pub const MANIFEST: &str = "manifest.json";
const PARTIAL: &str = "partial";
const TEMPORARY: &str = "tmp";
/// Files outside the promise of equal bytes, which the manifest therefore leaves out.
const UNLISTED: [&str; 2] = ["timing.json", MANIFEST];

impl RunDirectory {
    /// Begins a run whose results will stand at `path`. With `force`, a run at `path` is replaced, but not before this one ends, and
    /// what a killed run left in `path.partial/` is removed at once.
    ///
    /// # Errors
    /// [`FileError::Exists`] if `path` is there, [`FileError::Interrupted`] if `path.partial/` is, and `force` is not given;
    /// [`FileError::Io`].
    pub fn create(path: &Path, force: bool) -> Result<Self, FileError> {
        if !force && path.symlink_metadata().is_ok() {
            return Err(FileError::Exists { path: path.to_owned() });
        }
        let partial = beside(path, PARTIAL)?;
        if force {
            remove(&partial)?;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(FileError::io(parent))?;
        }
        // of two runs to one place, one gets the folder
        fs::create_dir(&partial).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => FileError::Interrupted { path: partial.clone() },
            _ => FileError::Io { path: partial.clone(), source },
        })?;
        Ok(Self { target: path.to_owned(), partial, force, keep: false, finished: false })
    }

    /// Goes on with the run that was killed while writing `path`, which may be given with or without its `.partial`. An unfinished
    /// end of this run keeps the folder.
    ///
    /// # Errors
    /// [`FileError::NoRun`] if there is no such folder; [`FileError::Exists`] if the run at `path` has ended already.
    pub fn resume(path: &Path) -> Result<Self, FileError> {
        let target = if path.extension().is_some_and(|e| e == PARTIAL) { path.with_extension("") } else { path.to_owned() };
        let partial = beside(&target, PARTIAL)?;
        if !partial.is_dir() {
            let ended = target.join(MANIFEST).is_file();
            return Err(if ended { FileError::Exists { path: target } } else { FileError::NoRun { path: path.to_owned() } });
        }
        remove_temporaries(&partial)?;
        Ok(Self { target, partial, force: false, keep: true, finished: false })
    }

    /// The folder being written, for what writes itself: models, checkpoints, figures.
    pub fn folder(&self) -> &Path {
        &self.partial
    }

    /// Whether `path.partial/` stays when this value is dropped before [`finish`](Self::finish): for runs that can be resumed.
    pub fn keep_partial(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// Writes the file `name`, which may lie in folders (`figures/graph.svg`).
    ///
    /// # Errors
    /// [`FileError::UnsafeName`] if `name` leaves the folder; [`FileError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.write_with(name, |out| out.write_all(bytes).map_err(FileError::io(name)))
    }

    /// Writes the file `name` piece by piece, so that large tables need not be in memory as text.
    ///
    /// # Errors
    /// As [`write`](Self::write), and those of `content`.
    pub fn write_with(&self, name: &str, content: impl FnOnce(&mut dyn Write) -> Result<(), FileError>) -> Result<(), FileError> {
        let inside = !name.is_empty() && Path::new(name).components().all(|c| matches!(c, Component::Normal(_)));
        if !inside {
            return Err(FileError::UnsafeName { name: name.to_owned() });
        }
        write_atomically(&self.partial.join(name), content)
    }

    /// Lists the files in `manifest.json` and puts the folder in its place.
    ///
    /// # Errors
    /// [`FileError::Exists`] if something appeared at the place meanwhile and `force` was not given; [`FileError::Io`].
    pub fn finish(mut self) -> Result<PathBuf, FileError> {
        remove_temporaries(&self.partial)?;
        let manifest = Manifest::of(&self.partial)?;
        let path = self.partial.join(MANIFEST);
        let text = serde_json::to_string_pretty(&manifest).map_err(|source| FileError::Manifest { path: path.clone(), source })?;
        write_atomically(&path, |out| out.write_all((text + "\n").as_bytes()).map_err(FileError::io(&path)))?;

        let occupied = self.target.symlink_metadata().is_ok();
        if occupied && !self.force {
            return Err(FileError::Exists { path: self.target.clone() });
        }
        // the old run steps aside before the new one takes its place: at no time is neither there whole
        let old = beside(&self.target, "old")?;
        if occupied {
            remove(&old)?;
            fs::rename(&self.target, &old).map_err(FileError::io(&self.target))?;
        }
        fs::rename(&self.partial, &self.target).map_err(FileError::io(&self.target))?;
        self.finished = true;
        sync_folder(self.target.parent())?;
        if occupied {
            remove(&old)?;
        }
        Ok(self.target.clone())
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if !self.finished && !self.keep {
            // a failure to clean up must not hide the failure that led here
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Writes a file so that `path` holds either what it held or all of the new content: temporary file, fsync, rename, fsync of the
/// folder.
///
/// # Errors
/// [`FileError::Io`], and those of `content`.
pub fn write_atomically(path: &Path, content: impl FnOnce(&mut dyn Write) -> Result<(), FileError>) -> Result<(), FileError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(FileError::io(folder))?;
    }
    let temporary = beside(path, TEMPORARY)?;
    let written = (|| {
        let mut out = BufWriter::new(File::create(&temporary).map_err(FileError::io(&temporary))?);
        content(&mut out)?;
        let file = out.into_inner().map_err(|e| FileError::Io { path: temporary.clone(), source: e.into_error() })?;
        file.sync_all().map_err(FileError::io(&temporary))?;
        fs::rename(&temporary, path).map_err(FileError::io(path))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(folder)
}

/// The content of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The files, by name.
    pub files: Vec<ManifestEntry>,
}

/// One file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Its path inside the run directory, with `/` between folders.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Lists `folder`, all but timings, logs, event files and the manifest itself.
    fn of(folder: &Path) -> Result<Self, FileError> {
        let mut paths = Vec::new();
        walk(folder, "", &mut paths)?;
        paths.retain(|path| is_listed(path));
        paths.sort();
        let files = paths.into_iter().map(|path| entry(folder, path)).collect::<Result<_, _>>()?;
        Ok(Self { files })
    }
}

/// Compares a finished run with its manifest.
///
/// # Errors
/// [`FileError::NoRun`] without a manifest, [`FileError::Manifest`] if it cannot be read, [`FileError::Changed`] naming the first file
/// that is missing, other, or not in the manifest.
pub fn verify_run(path: &Path) -> Result<Manifest, FileError> {
    let file = path.join(MANIFEST);
    if !file.is_file() {
        return Err(FileError::NoRun { path: path.to_owned() });
    }
    let text = fs::read_to_string(&file).map_err(FileError::io(&file))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|source| FileError::Manifest { path: file, source })?;
    let found = Manifest::of(path)?;
    for entry in &manifest.files {
        let what = match found.files.iter().find(|f| f.path == entry.path) {
            None => "the file is missing",
            Some(f) if f != entry => "the content differs from the manifest",
            Some(_) => continue,
        };
        return Err(FileError::Changed { path: path.join(&entry.path), what });
    }
    match found.files.iter().find(|f| manifest.files.iter().all(|entry| entry.path != f.path)) {
        Some(extra) => Err(FileError::Changed { path: path.join(&extra.path), what: "the file is not in the manifest" }),
        None => Ok(manifest),
    }
}

fn is_listed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let log = Path::new(name).extension().is_some_and(|e| e == "log");
    !UNLISTED.contains(&path) && !log && !name.starts_with("events")
}

/// The files under `folder`, as paths with `/`.
fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<(), FileError> {
    for item in fs::read_dir(folder).map_err(FileError::io(folder))? {
        let item = item.map_err(FileError::io(folder))?;
        let path = format!("{prefix}{}", item.file_name().to_string_lossy());
        if item.file_type().map_err(FileError::io(item.path()))?.is_dir() {
            walk(&item.path(), &format!("{path}/"), paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn entry(folder: &Path, path: String) -> Result<ManifestEntry, FileError> {
    let place = folder.join(&path);
    let mut file = File::open(&place).map_err(FileError::io(&place))?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0_u8; 1 << 16]);
    loop {
        let count = file.read(&mut buffer).map_err(FileError::io(&place))?;
        let Some(bytes) = buffer.get(..count).filter(|b| !b.is_empty()) else { break };
        hash.update(bytes);
        size += count as u64;
    }
    let sha256 = hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    Ok(ManifestEntry { path, size, sha256 })
}

fn remove_temporaries(folder: &Path) -> Result<(), FileError> {
    let mut paths = Vec::new();
    walk(folder, "", &mut paths)?;
    let temporary = |path: &&String| Path::new(path).extension().is_some_and(|e| e == TEMPORARY);
    paths.iter().filter(temporary).try_for_each(|path| remove(&folder.join(path)))
}

/// `path` with `.extension` after its whole name.
fn beside(path: &Path, extension: &str) -> Result<PathBuf, FileError> {
    let Some(name) = path.file_name() else { return Err(FileError::UnsafeName { name: path.display().to_string() }) };
    let mut name = name.to_owned();
    name.push(".");
    name.push(extension);
    Ok(path.with_file_name(name))
}

/// Removes a file or folder, if it is there.
fn remove(path: &Path) -> Result<(), FileError> {
    let removed = match path.symlink_metadata() {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::Io { path: path.to_owned(), source: error }),
        _ => Ok(()),
    }
}

/// Makes a rename in `folder` (the current one if `None`) survive a power cut. Only Unix can sync a folder.
fn sync_folder(folder: Option<&Path>) -> Result<(), FileError> {
    if cfg!(unix) {
        let folder = folder.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|f| f.sync_all()).map_err(FileError::io(folder))?;
    }
    Ok(())
}
