//! Tables as text: CSV and TSV, plain or gzipped, with a header line.
//!
//! The separator is a tab in `.tsv` files; otherwise it is the comma, or, where the header has no comma, the semicolon or tab that it
//! has. Cells are trimmed; quotes follow RFC 4180; a byte order mark is skipped.

use crate::{FileError, Place, ReadOptions, draft::Draft, options::is_missing, roles::Roles};
use csv::{ReaderBuilder, StringRecord, Trim};
use ndarray::Array2;
use std::{io::Read, path::Path};
use unmix_core::{DataError, Table};

/// Reads a table from CSV text. `path` is for messages, and for its extension (`.tsv`, `.tsv.gz`).
///
/// ```
/// use unmix_data::{ReadOptions, read_csv};
///
/// let text = "raf,mek,condition\n1.5,2,none\n2.5,3,pma\n";
/// let options = ReadOptions { environment: Some("condition".into()), ..ReadOptions::default() };
/// let table = read_csv(text.as_bytes(), "cells.csv".as_ref(), &options)?;
/// assert_eq!(table.observations.names(), ["raf", "mek"]);
/// assert_eq!(table.environment.unwrap(), ["none", "pma"]);
///
/// let error = read_csv(text.as_bytes(), "cells.csv".as_ref(), &ReadOptions::default()).unwrap_err();
/// assert!(error.to_string().starts_with("column \"condition\", line 2: \"none\" is not a number"));
/// # Ok::<(), unmix_data::FileError>(())
/// ```
///
/// # Errors
/// [`FileError`]: the text cannot be read, is empty, lacks a header or rows, is ragged, an option names a column that is not there,
/// or a value cannot be used.
pub fn read_csv(input: impl Read, path: &Path, options: &ReadOptions) -> Result<Table, FileError> {
    read_draft(input, path, options)?.finish(options)
}

/// The table as it stands in the file, its columns assigned to their roles.
pub(crate) fn read_draft(mut input: impl Read, path: &Path, options: &ReadOptions) -> Result<Draft, FileError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text).map_err(FileError::io(path))?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut reader = ReaderBuilder::new().delimiter(separator(text, path)).trim(Trim::All).flexible(true).from_reader(text);

    let names = header(reader.headers().map_err(|e| refused(path, &e))?, path)?;
    let roles = Roles::resolve(&names, options)?;
    let mut columns = Columns::new(&names, roles);
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| refused(path, &e))? {
        let line = record.position().map_or(0, |position| line(text, position));
        if record.len() != names.len() {
            return Err(FileError::Ragged { path: path.to_owned(), line, expected: names.len(), found: record.len() });
        }
        columns.push(&record, line)?;
    }
    if columns.lines.is_empty() {
        return Err(FileError::NoRows { path: path.to_owned() });
    }
    columns.draft()
}

fn separator(text: &[u8], path: &Path) -> u8 {
    let plain = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) { &path.with_extension("") } else { path };
    if plain.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv")) {
        return b'\t';
    }
    let header = text.split(|&b| b == b'\n').next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|s| header.contains(s)).unwrap_or(b',')
}

fn header(record: &StringRecord, path: &Path) -> Result<Vec<String>, FileError> {
    let names: Vec<String> = record.iter().map(str::to_owned).collect();
    let path = || path.to_owned();
    let Some(first) = names.first() else { return Err(FileError::EmptyFile { path: path() }) };
    // columns named by their numbers, as pandas does, are a header; other numbers are data
    let counted = |from: usize| names.iter().enumerate().all(|(i, name)| *name == (i + from).to_string());
    if names.iter().all(|name| name.parse::<f64>().is_ok()) && !counted(0) && !counted(1) {
        return Err(FileError::NoHeader { path: path(), first: first.clone() });
    }
    if let Some(column) = names.iter().position(String::is_empty) {
        return Err(FileError::UnnamedColumn { path: path(), column: column + 1 });
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    if let Some([name, _]) = sorted.array_windows::<2>().find(|[a, b]| a == b) {
        return Err(DataError::DuplicateName { name: (*name).clone() }.into());
    }
    Ok(names)
}

fn refused(path: &Path, error: &csv::Error) -> FileError {
    let path = path.to_owned();
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, .. } => FileError::NotText { path, line: pos.as_ref().map_or(1, csv::Position::line) },
        csv::ErrorKind::Io(source) => FileError::Io { path, source: std::io::Error::new(source.kind(), source.to_string()) },
        _ => FileError::Header { path, reason: error.to_string() },
    }
}

/// The line of the record at `position`, which `csv` puts before the rest of a line end `\r\n` and before empty lines.
fn line(text: &[u8], position: &csv::Position) -> u64 {
    let rest = text.get(position.byte() as usize..).unwrap_or_default();
    let skipped = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
    position.line() + skipped as u64
}

/// The values read so far, by role.
struct Columns<'a> {
    names: &'a [String],
    roles: Roles,
    features: Vec<f64>,
    auxiliary: Vec<f64>,
    labels: Vec<String>,
    environment: Vec<String>,
    target: Vec<Option<String>>,
    lines: Vec<u64>,
}

impl<'a> Columns<'a> {
    fn new(names: &'a [String], roles: Roles) -> Self {
        Self {
            names,
            roles,
            features: Vec::new(),
            auxiliary: Vec::new(),
            labels: Vec::new(),
            environment: Vec::new(),
            target: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn name(&self, column: usize) -> String {
        self.names.get(column).cloned().unwrap_or_default()
    }

    fn push(&mut self, record: &StringRecord, line: u64) -> Result<(), FileError> {
        let cell = |column: usize| record.get(column).unwrap_or_default();
        for (columns, values) in [(&self.roles.features, &mut self.features), (&self.roles.auxiliary, &mut self.auxiliary)] {
            for &column in columns {
                let name = || self.names.get(column).cloned().unwrap_or_default();
                values.push(number(cell(column)).ok_or_else(|| FileError::NotNumeric {
                    column: name(),
                    at: Place::Line(line),
                    value: cell(column).to_owned(),
                })?);
            }
        }
        if let Some(column) = self.roles.label {
            self.labels.push(cell(column).to_owned());
        }
        if let Some(column) = self.roles.environment {
            if is_missing(cell(column)) {
                let remedy = "every row needs its environment";
                return Err(FileError::MissingValue { column: self.name(column), at: Place::Line(line), remedy });
            }
            self.environment.push(cell(column).to_owned());
        }
        if let Some(column) = self.roles.target {
            self.target.push((!is_missing(cell(column))).then(|| cell(column).to_owned()));
        }
        self.lines.push(line);
        Ok(())
    }

    fn draft(self) -> Result<Draft, FileError> {
        let pick = |columns: &[usize]| columns.iter().map(|&c| self.name(c)).collect::<Vec<String>>();
        let (names, auxiliary_names) = (pick(&self.roles.features), pick(&self.roles.auxiliary));
        let n = self.lines.len();
        let matrix = |values: Vec<f64>, columns: usize| {
            let found = values.len();
            Array2::from_shape_vec((n, columns), values).map_err(|_| DataError::ColumnCount { expected: n * columns, found })
        };
        Ok(Draft {
            features: matrix(self.features, names.len())?,
            auxiliary: matrix(self.auxiliary, auxiliary_names.len())?,
            names,
            auxiliary_names,
            labels: self.roles.label.map(|_| self.labels),
            environment: self.roles.environment.map(|_| self.environment),
            target: self.roles.target.map(|_| self.target),
            factors: None,
            lines: Some(self.lines),
        })
    }
}

/// NaN for a missing value, `None` for what is no number. Infinity is refused later, where its column is known to be used.
fn number(cell: &str) -> Option<f64> {
    if is_missing(cell) { Some(f64::NAN) } else { cell.parse().ok().filter(|v: &f64| !v.is_nan()) }
}
