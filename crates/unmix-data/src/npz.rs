//! NumPy's archives of arrays: NPZ, plain or compressed.
//!
//! Read are `x` `[n, d]`, which must be there, and, where they are, `env` `[n]` (environment labels, text or numbers), `target` `[n]`
//! (intervened variables, empty text where there is none), `u` `[n, m]` (auxiliary variables), `labels` `[n]`, `z` `[n, k]` (true
//! factors) and `names` `[d]` (column names). Other arrays are ignored.

use crate::{FileError, ReadOptions, npy};
use ndarray::{Array2, ArrayView2};
use std::{
    fs::File,
    io::{BufReader, Cursor, Write},
    path::{Path, PathBuf},
};
use unmix_core::Table;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// Reads a table from an NPZ file.
///
/// # Errors
/// [`FileError`]: no such file, no archive, no array `x`, arrays of different lengths, or a value that cannot be used.
pub fn read_npz(path: &Path, options: &ReadOptions) -> Result<Table, FileError> {
    let mut archive = Archive::open(path)?;
    let x = archive.numbers("x")?.ok_or_else(|| FileError::NoArray { path: path.to_owned(), name: "x", present: archive.present() })?;
    let n = x.nrows();
    let names = archive.texts("names", x.ncols())?;
    let mut draft = npy::table_of(&x, names, options)?;
    if let Some(environment) = archive.texts("env", n)? {
        draft.environment = Some(environment);
    }
    if let Some(target) = archive.texts("target", n)? {
        draft.target = Some(target.into_iter().map(|t| (!t.is_empty()).then_some(t)).collect());
    }
    if let Some(labels) = archive.texts("labels", n)? {
        draft.labels = Some(labels);
    }
    if let Some(u) = archive.matrix("u", n)? {
        draft.auxiliary_names = (1..=u.ncols()).map(|j| format!("u{j}")).collect();
        draft.auxiliary = u;
    }
    draft.factors = archive.matrix("z", n)?;
    draft.finish(options)
}

/// The bytes of an NPZ file that holds these arrays.
///
/// # Errors
/// [`FileError::Header`] if the archive cannot be written.
pub fn npz_bytes(arrays: &[(&str, ArrayView2<'_, f64>)]) -> Result<Vec<u8>, FileError> {
    let refused = |e: ZipError| FileError::Header { path: "NPZ output".into(), reason: e.to_string() };
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // no clock in results: the entries carry the earliest date that ZIP knows
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default());
    for (name, array) in arrays {
        writer.start_file(format!("{name}.npy"), options).map_err(refused)?;
        writer.write_all(&npy::npy_bytes(array.view())).map_err(|e| refused(e.into()))?;
    }
    writer.finish().map(Cursor::into_inner).map_err(refused)
}

struct Archive {
    zip: ZipArchive<BufReader<File>>,
    path: PathBuf,
}

impl Archive {
    fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::io(path))?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
            ZipError::Io(source) => FileError::Io { path: path.to_owned(), source },
            other => FileError::Magic { path: path.to_owned(), format: "NPZ (a ZIP archive)", found: other.to_string() },
        })?;
        Ok(Self { zip, path: path.to_owned() })
    }

    fn present(&self) -> String {
        let mut names: Vec<String> = self.zip.file_names().map(|n| format!("\"{}\"", n.trim_end_matches(".npy"))).collect();
        names.sort();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// Reads the array `name` with `read`, if it is there. Messages name the file and the array.
    fn array<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut zip::read::ZipFile<'_, BufReader<File>>, &Path) -> Result<T, FileError>,
    ) -> Result<Option<T>, FileError> {
        let path = self.path.join(name);
        let mut entry = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(other) => return Err(FileError::Header { path, reason: other.to_string() }),
        };
        read(&mut entry, &path).map(Some)
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Array2<f64>>, FileError> {
        self.array(name, |input, path| npy::numbers(input, path))
    }

    fn matrix(&mut self, name: &str, n: usize) -> Result<Option<Array2<f64>>, FileError> {
        let array = self.numbers(name)?;
        self.length(name, n, array.as_ref().map(Array2::nrows))?;
        Ok(array)
    }

    fn texts(&mut self, name: &str, n: usize) -> Result<Option<Vec<String>>, FileError> {
        let array = self.array(name, |input, path| npy::texts(input, path))?;
        self.length(name, n, array.as_ref().map(Vec::len))?;
        Ok(array)
    }

    fn length(&self, name: &str, expected: usize, found: Option<usize>) -> Result<(), FileError> {
        match found {
            Some(found) if found != expected => Err(FileError::Length { path: self.path.join(name), expected, found }),
            _ => Ok(()),
        }
    }
}
