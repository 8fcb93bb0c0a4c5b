//! Text and JSON on standard output; nothing else writes there.

use serde::Serialize;
use std::{io::Write, path::Path};
use unmix::{
    core::{Fault, Kind},
    data::{FileError, write_csv},
};

/// Prints a line; a closed pipe ends the command quietly, as in `unmix methods | head`.
pub fn line(text: impl AsRef<str>) {
    if writeln!(std::io::stdout().lock(), "{}", text.as_ref()).is_err() {
        std::process::exit(0);
    }
}

/// Prints one JSON object.
pub fn json(value: &impl Serialize) -> Result<(), Fault> {
    let text = serde_json::to_string_pretty(value).map_err(Unwritable)?;
    line(text);
    Ok(())
}

/// Writes a matrix as CSV to `path`, or to standard output.
pub fn matrix(path: Option<&Path>, names: &[String], x: ndarray::ArrayView2<'_, f64>) -> Result<(), Fault> {
    match path {
        Some(path) => Ok(unmix::data::write_atomically(path, |out| write_csv(out, names, x))?),
        None => match write_csv(&mut std::io::stdout().lock(), names, x) {
            Err(FileError::Io { .. }) | Ok(()) => Ok(()),
            Err(e) => Err(e.into()),
        },
    }
}

/// A text table with a header, columns padded to their widest cell.
pub fn table(header: &[&str], rows: &[Vec<String>]) {
    let columns = header.len();
    let width = |j: usize| {
        let cells = rows.iter().filter_map(|row| row.get(j)).map(|c| c.chars().count());
        cells.chain(header.get(j).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let print = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, &w)| format!("{cell:w$}")).collect();
        line(padded.join("  ").trim_end());
    };
    print(&header.iter().map(ToString::to_string).collect::<Vec<_>>());
    rows.iter().for_each(|row| print(row));
}

/// A number as a person reads it: four significant digits.
pub fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        m if (1e-3..1e5).contains(&m) => {
            let digits = (3 - m.log10().floor() as i32).max(0) as usize;
            format!("{value:.digits$}")
        }
        _ => format!("{value:.3e}"),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the result cannot be written as JSON: {0}")]
struct Unwritable(serde_json::Error);

impl unmix::core::Failure for Unwritable {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}
