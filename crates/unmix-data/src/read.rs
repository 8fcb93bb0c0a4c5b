//! One door to every format: the extension chooses the reader.

use crate::{FileError, ReadOptions, bundled, idx, npy, read_csv, read_npz};
use flate2::read::MultiGzDecoder;
use std::{fs::File, io::BufReader, path::Path};
use unmix_core::Table;

const KNOWN: &str = ".csv, .csv.gz, .tsv, .tsv.gz, .npy, .npz, .idx, .idx.gz, *-ubyte, *-ubyte.gz";

/// Reads a table from the file `path`.
///
/// | name ends in | format |
/// |---|---|
/// | `.csv`, `.tsv`, with `.gz` too | [`read_csv`] |
/// | `.npy` | [`read_npy`](crate::read_npy), columns `x1`, `x2`, … |
/// | `.npz` | [`read_npz`] |
/// | `.idx`, `-ubyte`, with `.gz` too | [`read_idx`](crate::read_idx); pixels scaled to 0 to 1, labels from the file beside it |
///
/// # Errors
/// [`FileError`]: no such file, an unknown extension, or what the reader of the format refuses.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table, FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ends = |extensions: &[&str]| extensions.iter().any(|e| name.ends_with(e));
    if ends(&[".csv", ".tsv"]) {
        read_csv(open(path)?, path, options)
    } else if ends(&[".csv.gz", ".tsv.gz"]) {
        read_csv(MultiGzDecoder::new(open(path)?), path, options)
    } else if ends(&[".npy"]) {
        npy::read_table(path, options)
    } else if ends(&[".npz"]) {
        read_npz(path, options)
    } else if ends(&[".idx", "-ubyte", ".idx.gz", "-ubyte.gz"]) {
        idx::read_table(path, options)
    } else {
        Err(FileError::UnknownExtension { path: path.to_owned(), known: KNOWN })
    }
}

/// Reads what a user calls `source`: the bundled data set of that name unless there is such a file, otherwise the file.
///
/// ```
/// let table = unmix_data::open_source("holzinger", &unmix_data::ReadOptions::default())?;
/// assert_eq!((table.observations.rows(), table.observations.columns()), (301, 9));
/// # Ok::<(), unmix_data::FileError>(())
/// ```
///
/// # Errors
/// As [`read_table`].
pub fn open_source(source: &str, options: &ReadOptions) -> Result<Table, FileError> {
    let path = Path::new(source);
    if bundled::NAMES.contains(&source) && !path.is_file() { bundled::by_name(source, options) } else { read_table(path, options) }
}

fn open(path: &Path) -> Result<BufReader<File>, FileError> {
    File::open(path).map(BufReader::new).map_err(FileError::io(path))
}
