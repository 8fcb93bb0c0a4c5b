//! Rows of an NPY file that need not fit in memory.

use crate::{FileError, npy::Header};
use ndarray::ArrayViewMut2;
use std::{
    fs::File,
    io::{self, Seek},
    ops::Range,
    path::{Path, PathBuf},
};
use unmix_core::{DataError, Fault, Rows};

/// The rows of a C-ordered NPY file `[n, d]` of real numbers, read by position when they are asked for.
///
/// Reads share the file without a lock where the system can read by position (Unix), so that several threads may read at once.
pub struct NpyRows {
    file: Shared,
    path: PathBuf,
    header: Header,
    start: u64,
    names: Vec<String>,
}

impl NpyRows {
    /// Opens the file and checks its header and length; the columns are named `x1`, `x2`, ….
    ///
    /// # Errors
    /// [`FileError`]: no such file, no NPY, not two axes of real numbers in C order, or a length other than the header promises.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let mut file = File::open(path).map_err(FileError::io(path))?;
        let header = Header::read(&mut file, path)?;
        let &[n, d] = header.shape.as_slice() else {
            return Err(FileError::Axes { path: path.to_owned(), shape: header.shape, wanted: "[n, d]" });
        };
        if n == 0 || d == 0 {
            return Err(DataError::Empty { rows: n, columns: d }.into());
        }
        if header.element.is_text() || header.fortran {
            let found = if header.fortran { "Fortran order" } else { "text" }.to_owned();
            return Err(FileError::ElementType { path: path.to_owned(), found, wanted: "float64 in C order (numpy.ascontiguousarray)" });
        }
        let start = file.stream_position().map_err(FileError::io(path))?;
        let found = file.metadata().map_err(FileError::io(path))?.len().saturating_sub(start);
        let expected = header.bytes(path)?;
        if found < expected {
            return Err(FileError::Truncated { path: path.to_owned(), expected, found });
        }
        if found > expected {
            return Err(FileError::TrailingBytes { path: path.to_owned(), expected });
        }
        let names = (1..=d).map(|j| format!("x{j}")).collect();
        Ok(Self { file: Shared::new(file), path: path.to_owned(), header, start, names })
    }

    /// The same rows with other column names.
    ///
    /// # Errors
    /// [`DataError::NameCount`] unless there is one name a column.
    pub fn with_names(mut self, names: Vec<String>) -> Result<Self, FileError> {
        if names.len() != self.names.len() {
            return Err(DataError::NameCount { columns: self.names.len(), names: names.len() }.into());
        }
        self.names = names;
        Ok(self)
    }
}

impl Rows for NpyRows {
    fn shape(&self) -> (usize, usize) {
        (self.header.shape.first().copied().unwrap_or_default(), self.names.len())
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn read(&self, range: Range<usize>, mut out: ArrayViewMut2<'_, f64>) -> Result<(), Fault> {
        let (n, d) = self.shape();
        if range.end > n {
            return Err(DataError::NoSuchRow { row: range.end, rows: n }.into());
        }
        if out.dim() != (range.len(), d) {
            return Err(DataError::ColumnCount { expected: d, found: out.ncols() }.into());
        }
        let size = self.header.element.size;
        let mut bytes = vec![0_u8; range.len() * d * size];
        let offset = self.start + (range.start * d * size) as u64;
        self.file.read_exact_at(&mut bytes, offset).map_err(FileError::io(&self.path))?;
        for (value, raw) in out.iter_mut().zip(bytes.chunks_exact(size)) {
            *value = self.header.element.number(raw);
        }
        if let Some(((row, column), &value)) = out.indexed_iter().find(|(_, v)| !v.is_finite()) {
            let column = self.names.get(column).cloned().unwrap_or_default();
            return Err(DataError::NonFinite { column, row: range.start + row + 1, value }.into());
        }
        Ok(())
    }
}

impl std::fmt::Debug for NpyRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NpyRows").field("path", &self.path).field("shape", &self.shape()).finish_non_exhaustive()
    }
}

/// A file that several threads read.
#[cfg(unix)]
struct Shared(File);

#[cfg(unix)]
impl Shared {
    fn new(file: File) -> Self {
        Self(file)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, bytes, offset)
    }
}

#[cfg(not(unix))]
struct Shared(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl Shared {
    fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(io::SeekFrom::Start(offset))?;
        io::Read::read_exact(&mut *file, bytes)
    }
}
