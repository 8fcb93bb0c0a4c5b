//! Matrices as CSV that reads back to the same bits: each value is the shortest text that parses to it.

use crate::FileError;
use ndarray::ArrayView2;
use std::io::Write;
use unmix_core::DataError;

/// Writes `x` `[n, d]` with a header of `names`: codes, generated samples.
///
/// ```
/// use ndarray::array;
/// use unmix_data::{csv_bytes, write_csv};
///
/// let codes = array![[0.1, -1e300], [3.0, 0.25]];
/// let text = csv_bytes(|out| write_csv(out, &["z1", "z2"], codes.view()))?;
/// assert_eq!(text, b"z1,z2\n0.1,-1e300\n3.0,0.25\n");
/// # Ok::<(), unmix_data::FileError>(())
/// ```
///
/// # Errors
/// [`DataError::NameCount`] if there is not one name a column; [`FileError::Io`] if `out` refuses.
pub fn write_csv<W: Write + ?Sized>(out: &mut W, names: &[impl AsRef<str>], x: ArrayView2<'_, f64>) -> Result<(), FileError> {
    require_names(x.ncols(), names.len())?;
    write(out, |writer| {
        writer.write_record(names.iter().map(AsRef::as_ref))?;
        x.rows().into_iter().try_for_each(|row| writer.write_record(row.iter().map(|v| format!("{v:?}"))))
    })
}

/// Writes `x` `[n, d]` without a header: more rows of a table whose first part is written.
///
/// # Errors
/// [`FileError::Io`] if `out` refuses.
pub fn write_csv_rows<W: Write + ?Sized>(out: &mut W, x: ArrayView2<'_, f64>) -> Result<(), FileError> {
    write(out, |writer| x.rows().into_iter().try_for_each(|row| writer.write_record(row.iter().map(|v| format!("{v:?}")))))
}

/// Writes `x` `[rows, columns]` with a first column, headed `corner`, that names the rows: mixing and unmixing matrices.
///
/// # Errors
/// As [`write_csv`], for both lists of names.
pub fn write_named_rows<W: Write + ?Sized>(
    out: &mut W,
    corner: &str,
    rows: &[impl AsRef<str>],
    columns: &[impl AsRef<str>],
    x: ArrayView2<'_, f64>,
) -> Result<(), FileError> {
    require_names(x.ncols(), columns.len())?;
    require_names(x.nrows(), rows.len())?;
    write(out, |writer| {
        writer.write_record(std::iter::once(corner).chain(columns.iter().map(AsRef::as_ref)))?;
        for (name, row) in rows.iter().zip(x.rows()) {
            writer.write_field(name.as_ref())?;
            writer.write_record(row.iter().map(|v| format!("{v:?}")))?;
        }
        Ok(())
    })
}

/// The bytes that `write` writes, for [`RunDirectory::write`](crate::RunDirectory::write).
///
/// # Errors
/// Those of `write`.
pub fn csv_bytes(write: impl FnOnce(&mut Vec<u8>) -> Result<(), FileError>) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    Ok(bytes)
}

fn require_names(columns: usize, names: usize) -> Result<(), DataError> {
    if columns == names { Ok(()) } else { Err(DataError::NameCount { columns, names }) }
}

fn write<W: Write + ?Sized>(
    out: &mut W,
    records: impl FnOnce(&mut csv::Writer<&mut W>) -> Result<(), csv::Error>,
) -> Result<(), FileError> {
    let mut writer = csv::Writer::from_writer(out);
    let written = records(&mut writer).and_then(|()| Ok(writer.flush()?));
    written.map_err(|error| FileError::Io { path: "CSV output".into(), source: error.into() })
}
