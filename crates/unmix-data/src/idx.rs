//! IDX, the format of MNIST and its relatives: two zero bytes, a type, the number of axes, big-endian lengths, big-endian values.

use crate::{
    FileError, ReadOptions,
    npy::{fill, table_of},
};
use flate2::read::MultiGzDecoder;
use ndarray::Array2;
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};
use unmix_core::Table;

/// The content of an IDX file.
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    /// The length of each axis; the first counts samples.
    pub shape: Vec<usize>,
    /// The values as they stand in the file, `[n, d]`, axes after the first flattened.
    pub values: Array2<f64>,
    /// Whether the values are unsigned bytes, as pixels are.
    pub bytes: bool,
}

/// Greatest value of a pixel stored as an unsigned byte.
const PIXEL_MAX: f64 = 255.0;

/// Reads an IDX file, gzipped if its name ends in `.gz`.
///
/// # Errors
/// [`FileError`]: no such file, wrong magic number, unknown type, or fewer or more bytes than the header promises.
pub fn read_idx(path: &Path) -> Result<Idx, FileError> {
    let file = BufReader::new(File::open(path).map_err(FileError::io(path))?);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
        decode(MultiGzDecoder::new(file), path)
    } else {
        decode(file, path)
    }
}

/// Reads images or labels as a table. Pixels (unsigned bytes in files with more than one axis) are scaled to 0 to 1; if a file
/// `…images-idx3-ubyte` has its `…labels-idx1-ubyte` beside it, its rows are labelled from there.
pub(crate) fn read_table(path: &Path, options: &ReadOptions) -> Result<Table, FileError> {
    let Idx { shape, mut values, bytes } = read_idx(path)?;
    if bytes && shape.len() > 1 {
        values /= PIXEL_MAX;
    }
    let names = match shape.as_slice() {
        [_, rows, columns] => Some((0..*rows).flat_map(|i| (0..*columns).map(move |j| format!("p{i}_{j}"))).collect()),
        _ => None,
    };
    let mut draft = table_of(&values, names, options)?;
    if let (None, Some(labels)) = (&options.label, labels_beside(path)) {
        let list = read_idx(&labels)?.values;
        if list.dim() != (values.nrows(), 1) {
            return Err(FileError::Length { path: labels, expected: values.nrows(), found: list.nrows() });
        }
        draft.labels = Some(list.iter().map(f64::to_string).collect());
    }
    draft.finish(options)
}

fn labels_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let labels = name.contains("images-idx3").then(|| name.replace("images-idx3", "labels-idx1"))?;
    Some(path.with_file_name(labels)).filter(|p| p.is_file())
}

fn decode(mut input: impl Read, path: &Path) -> Result<Idx, FileError> {
    let mut magic = [0_u8; 4];
    let found = fill(&mut input, &mut magic).map_err(|e| damaged(e, path))?;
    let ([0, 0, code, axes], true) = (magic, magic[3] > 0) else {
        let found = magic.get(..found).unwrap_or_default();
        return Err(FileError::Magic { path: path.to_owned(), format: "IDX", found: format!("it begins with the bytes {found:02x?}") });
    };
    let (size, value): (usize, fn(&[u8]) -> f64) = match code {
        0x08 => (1, |b| f64::from(u8::from_be_bytes(array(b)))),
        0x09 => (1, |b| f64::from(i8::from_be_bytes(array(b)))),
        0x0b => (2, |b| f64::from(i16::from_be_bytes(array(b)))),
        0x0c => (4, |b| f64::from(i32::from_be_bytes(array(b)))),
        0x0d => (4, |b| f64::from(f32::from_be_bytes(array(b)))),
        0x0e => (8, |b| f64::from_be_bytes(array(b))),
        other => {
            let wanted = "one of the IDX types 08, 09, 0b, 0c, 0d, 0e";
            return Err(FileError::ElementType { path: path.to_owned(), found: format!("{other:02x}"), wanted });
        }
    };
    let mut lengths = vec![0_u8; usize::from(axes) * 4];
    let found = fill(&mut input, &mut lengths).map_err(|e| damaged(e, path))?;
    if found < lengths.len() {
        return Err(FileError::Truncated { path: path.to_owned(), expected: lengths.len() as u64, found: found as u64 });
    }
    let shape: Vec<usize> = lengths.chunks_exact(4).map(|b| u32::from_be_bytes(array(b)) as usize).collect();
    let expected = shape.iter().try_fold(size as u64, |total, &n| total.checked_mul(n as u64));
    let too_large = || FileError::Header { path: path.to_owned(), reason: format!("the shape {shape:?} is too large") };
    let expected = expected.ok_or_else(too_large)?;
    let mut bytes = Vec::new();
    let read = input.take(expected.saturating_add(1)).read_to_end(&mut bytes);
    let found = bytes.len() as u64;
    match read {
        // a gzip stream that breaks off
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(FileError::Truncated { path: path.to_owned(), expected, found });
        }
        Err(error) => return Err(damaged(error, path)),
        Ok(_) if found < expected => return Err(FileError::Truncated { path: path.to_owned(), expected, found }),
        Ok(_) if found > expected => return Err(FileError::TrailingBytes { path: path.to_owned(), expected }),
        Ok(_) => {}
    }
    let n = shape.first().copied().unwrap_or_default();
    let values: Vec<f64> = bytes.chunks_exact(size).map(value).collect();
    let d = values.len().checked_div(n).unwrap_or_default();
    let values = Array2::from_shape_vec((n, d), values).map_err(|_| too_large())?;
    Ok(Idx { shape, values, bytes: code == 0x08 })
}

fn damaged(source: io::Error, path: &Path) -> FileError {
    FileError::Io { path: path.to_owned(), source }
}

/// `bytes` as an array; they are as long as it.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}
