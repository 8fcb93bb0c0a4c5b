//! NumPy's array format: NPY 1.0 to 3.0, C and Fortran order, either byte order.
//!
//! Numbers of every real type become `f64`; fixed-width text (`U`, `S`) is read where labels are wanted. Pickled objects are refused.

use crate::{FileError, ReadOptions, draft::Draft, roles::Roles};
use ndarray::{Array2, ArrayD, ArrayView2, Axis, IxDyn, ShapeBuilder};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};
use unmix_core::{DataError, Table};

/// Reads an array `[n]`, `[n, d]` or `[n, …]` (flattened, last axis fastest) as `[n, d]`.
///
/// # Errors
/// [`FileError`]: no such file, not an NPY file, truncated, or not an array of real numbers.
pub fn read_npy(path: &Path) -> Result<Array2<f64>, FileError> {
    let file = File::open(path).map_err(FileError::io(path))?;
    numbers(&mut BufReader::new(file), path)
}

/// The bytes of an NPY file (version 1.0) with `x` `[n, d]` as little-endian `f64` in C order.
///
/// ```
/// use ndarray::array;
/// let bytes = unmix_data::npy_bytes(array![[1.0, 2.0]].view());
/// assert!(bytes.starts_with(b"\x93NUMPY"));
/// assert_eq!(bytes.len(), 128 + 2 * 8);
/// ```
pub fn npy_bytes(x: ArrayView2<'_, f64>) -> Vec<u8> {
    let (n, d) = x.dim();
    let dictionary = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({n}, {d}), }}");
    // with the ten bytes before it and the line feed, the header fills whole blocks
    let length = (dictionary.len() + 11).next_multiple_of(HEADER_BLOCK) - 10;
    let mut bytes = Vec::with_capacity(length + 10 + x.len() * size_of::<f64>());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[1, 0]);
    bytes.extend_from_slice(&(length as u16).to_le_bytes());
    bytes.extend_from_slice(format!("{dictionary:<width$}\n", width = length - 1).as_bytes());
    // iteration is in C order, whatever the layout of the view
    bytes.extend(x.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

/// NumPy aligns data to this many bytes.
const HEADER_BLOCK: usize = 64;

pub(crate) fn read_table(path: &Path, options: &ReadOptions) -> Result<Table, FileError> {
    table_of(&read_npy(path)?, None, options)?.finish(options)
}

/// The columns that `options` choose of an array whose columns are named `names`, or `x1`, `x2`, ….
pub(crate) fn table_of(x: &Array2<f64>, names: Option<Vec<String>>, options: &ReadOptions) -> Result<Draft, FileError> {
    if x.is_empty() {
        return Err(DataError::Empty { rows: x.nrows(), columns: x.ncols() }.into());
    }
    let names = names.unwrap_or_else(|| (1..=x.ncols()).map(|j| format!("x{j}")).collect());
    let roles = Roles::resolve(&names, options)?;
    let pick = |columns: &[usize]| columns.iter().filter_map(|&c| names.get(c).cloned()).collect();
    let text = |column: usize| -> Vec<String> { x.column(column).iter().map(f64::to_string).collect() };
    let target = |column: usize| x.column(column).iter().map(|v| (!v.is_nan()).then(|| v.to_string())).collect();
    Ok(Draft {
        names: pick(&roles.features),
        features: x.select(Axis(1), &roles.features),
        auxiliary_names: pick(&roles.auxiliary),
        auxiliary: x.select(Axis(1), &roles.auxiliary),
        environment: roles.environment.map(text),
        target: roles.target.map(target),
        labels: roles.label.map(text),
        factors: None,
        lines: None,
    })
}

/// Shape, order and element type of an array in a file.
#[derive(Debug)]
pub(crate) struct Header {
    pub element: Element,
    pub fortran: bool,
    pub shape: Vec<usize>,
}

impl Header {
    pub fn read(input: &mut impl Read, path: &Path) -> Result<Self, FileError> {
        let mut start = [0_u8; 8];
        let found = fill(input, &mut start).map_err(FileError::io(path))?;
        if !start.starts_with(MAGIC) {
            let found = start.get(..found).unwrap_or_default();
            return Err(FileError::Magic { path: path.to_owned(), format: "NPY", found: format!("it begins with the bytes {found:02x?}") });
        }
        let malformed = |reason: &str| FileError::Header { path: path.to_owned(), reason: reason.to_owned() };
        let mut length = [0_u8; 4];
        let digits = if start[6] == 1 { 2 } else { 4 };
        let complete = fill(input, &mut length[..digits]).map_err(FileError::io(path))? == digits;
        let length = u64::from(u32::from_le_bytes(length));
        let mut text = Vec::new();
        input.take(length).read_to_end(&mut text).map_err(FileError::io(path))?;
        if found < start.len() || !complete || (text.len() as u64) < length {
            return Err(malformed("it breaks off"));
        }
        let text = String::from_utf8(text).map_err(|_| malformed("it is no text"))?;
        let descriptor = entry(&text, "descr").ok_or_else(|| malformed("there is no `descr`"))?;
        let descriptor = descriptor.strip_prefix('\'').and_then(|d| d.split('\'').next()).unwrap_or("a structure");
        let element = Element::parse(descriptor).ok_or_else(|| FileError::ElementType {
            path: path.to_owned(),
            found: descriptor.to_owned(),
            wanted: "float64 (numpy.asarray(x, dtype=float))",
        })?;
        let fortran = entry(&text, "fortran_order").ok_or_else(|| malformed("there is no `fortran_order`"))?.starts_with("True");
        let shape = entry(&text, "shape").and_then(shape).ok_or_else(|| malformed("there is no `shape`"))?;
        Ok(Self { element, fortran, shape })
    }

    /// Bytes of data after the header.
    pub fn bytes(&self, path: &Path) -> Result<u64, FileError> {
        let product = self.shape.iter().try_fold(self.element.size as u64, |total, &n| total.checked_mul(n as u64));
        product.ok_or_else(|| FileError::Header { path: path.to_owned(), reason: format!("the shape {:?} is too large", self.shape) })
    }

    fn data(&self, input: &mut impl Read, path: &Path) -> Result<Vec<u8>, FileError> {
        let expected = self.bytes(path)?;
        let mut bytes = Vec::new();
        // reads no more than is there: a header may promise anything
        input.take(expected.saturating_add(1)).read_to_end(&mut bytes).map_err(FileError::io(path))?;
        let found = bytes.len() as u64;
        if found < expected {
            return Err(FileError::Truncated { path: path.to_owned(), expected, found });
        }
        if found > expected {
            return Err(FileError::TrailingBytes { path: path.to_owned(), expected });
        }
        Ok(bytes)
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// What follows `'key':` in a header, which is the text of a Python dictionary.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}'"))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

/// A tuple of lengths: `(3, 4)`, `(3,)`, `()`.
fn shape(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
}

/// An array of numbers as `[n, d]`; other axes than the first are flattened.
pub(crate) fn numbers(input: &mut impl Read, path: &Path) -> Result<Array2<f64>, FileError> {
    let header = Header::read(input, path)?;
    if header.element.is_text() {
        let found = header.element.name();
        return Err(FileError::ElementType { path: path.to_owned(), found, wanted: "float64" });
    }
    let axes = || FileError::Axes { path: path.to_owned(), shape: header.shape.clone(), wanted: "[n], [n, d] or [n, …]" };
    let n = *header.shape.first().ok_or_else(axes)?;
    let values: Vec<f64> = header.data(input, path)?.chunks_exact(header.element.size).map(|b| header.element.number(b)).collect();
    let d = values.len().checked_div(n).unwrap_or_default();
    let array = ArrayD::from_shape_vec(IxDyn(&header.shape).set_f(header.fortran), values).map_err(|_| axes())?;
    array.as_standard_layout().into_owned().into_shape_with_order((n, d)).map_err(|_| axes())
}

/// An array `[n]` of anything that can be a label.
pub(crate) fn texts(input: &mut impl Read, path: &Path) -> Result<Vec<String>, FileError> {
    let header = Header::read(input, path)?;
    if header.shape.len() != 1 {
        return Err(FileError::Axes { path: path.to_owned(), shape: header.shape, wanted: "[n]" });
    }
    let bytes = header.data(input, path)?;
    if header.element.size == 0 {
        return Ok(vec![String::new(); header.shape.first().copied().unwrap_or_default()]);
    }
    Ok(bytes.chunks_exact(header.element.size).map(|b| header.element.text(b)).collect())
}

/// An element type: NumPy's kind letter, size in bytes and byte order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    kind: char,
    pub size: usize,
    big_endian: bool,
}

impl Element {
    fn parse(descriptor: &str) -> Option<Self> {
        let mut letters = descriptor.chars();
        let order = letters.next().filter(|c| "<>|=".contains(*c))?;
        let kind = letters.next()?;
        let count: usize = letters.as_str().parse().ok()?;
        let size = if kind == 'U' { count.checked_mul(4)? } else { count };
        let known = match kind {
            'f' => matches!(size, 4 | 8),
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            'b' => size == 1,
            'U' | 'S' => true,
            _ => false,
        };
        // `=`, native order, is not written by NumPy; files come from little-endian machines
        known.then_some(Self { kind, size, big_endian: order == '>' })
    }

    fn name(self) -> String {
        format!("{}{}", self.kind, self.size)
    }

    pub fn is_text(self) -> bool {
        matches!(self.kind, 'U' | 'S')
    }

    /// The value of `bytes`, which are `size` long.
    pub fn number(self, bytes: &[u8]) -> f64 {
        let mut raw = [0_u8; 8];
        for (i, &byte) in bytes.iter().enumerate() {
            let at = if self.big_endian { bytes.len() - 1 - i } else { i };
            if let Some(slot) = raw.get_mut(at) {
                *slot = byte;
            }
        }
        let word = u64::from_le_bytes(raw);
        match (self.kind, self.size) {
            ('f', 4) => f64::from(f32::from_bits(word as u32)),
            ('f', _) => f64::from_bits(word),
            ('i', 1) => f64::from(word as i8),
            ('i', 2) => f64::from(word as i16),
            ('i', 4) => f64::from(word as i32),
            ('i', _) => word.cast_signed() as f64,
            _ => word as f64,
        }
    }

    fn text(self, bytes: &[u8]) -> String {
        match self.kind {
            'S' => String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned(),
            'U' => {
                let code = |b: &[u8]| b.try_into().map_or(0, if self.big_endian { u32::from_be_bytes } else { u32::from_le_bytes });
                let text: String = bytes.chunks_exact(4).map(|b| char::from_u32(code(b)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
                text.trim_end_matches('\0').to_owned()
            }
            _ => self.number(bytes).to_string(),
        }
    }
}

/// Reads until `buffer` is full or the input ends; returns the bytes read.
pub(crate) fn fill(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
