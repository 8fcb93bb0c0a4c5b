//! What a run is fitted to: a table in memory, or the rows of a file that need not fit there.

use crate::{DataConfig, RunConfig, RunError, run_store::fingerprint_rows};
use ndarray::{Array2, s};
use std::path::Path;
use unmix_core::{Fault, Infer, Method, Model, Outcome, Rows, RowsError, Run, Seed, Table, draw_rows};
use unmix_data::{NpyRows, ReadOptions, RunDirectory, write_csv, write_csv_rows};

/// Rows read at once where all are gone through.
const BLOCK_ROWS: usize = 4096;

/// Rows of a streamed file that the report shows.
const SHOWN_ROWS: usize = 10_000;

/// The data of a run.
pub enum RunData {
    /// All of them.
    Table(Table),
    /// The rows of an NPY file, read again in every pass.
    Rows {
        /// The file.
        rows: NpyRows,
        /// Bytes of them that may be held at once.
        memory: usize,
        /// Some of them, drawn at random, for the report.
        shown: Table,
    },
}

impl RunData {
    /// Opens the NPY file `path` for a method that streams, and returns the data beside the configuration of a run.
    ///
    /// # Errors
    /// [`RowsError::NotStreamed`]; [`RunError::Stream`] unless the file is NPY and is used as it is; [`FileError`](unmix_data::FileError) and values that are not finite; an unknown key among `parameters`.
    pub fn stream(
        method: &Method,
        parameters: &toml::Table,
        path: &str,
        options: &ReadOptions,
        seed: u64,
        memory: usize,
    ) -> Result<(RunConfig, Self), Fault> {
        if !method.streams() {
            return Err(RowsError::NotStreamed { method: method.name }.into());
        }
        if Path::new(path).extension().is_none_or(|extension| extension != "npy") {
            return Err(RunError::Stream { why: "only .npy files are read in parts; leave it out, or convert the table" }.into());
        }
        if *options != ReadOptions::default() {
            return Err(RunError::Stream { why: "a file read in parts is used as it is; prepare its columns beforehand" }.into());
        }
        let rows = NpyRows::open(Path::new(path))?;
        let data = DataConfig {
            source: path.to_owned(),
            sha256: fingerprint_rows(&rows)?,
            columns: rows.names().to_vec(),
            options: options.clone(),
            standardization: None,
            memory: Some(memory),
        };
        let config = RunConfig::new(method, parameters, data, seed, "flex")?;
        Ok((config, Self::rows(rows, memory, seed)?))
    }

    /// The data that a run was begun with.
    ///
    /// # Errors
    /// [`RunError::DataChanged`] if they are no longer the same; as [`RunConfig::read`].
    pub fn of(config: &RunConfig) -> Result<Self, Fault> {
        let Some(memory) = config.data.memory else { return Ok(Self::Table(config.read(None)?)) };
        let rows = NpyRows::open(Path::new(&config.data.source))?;
        if fingerprint_rows(&rows)? != config.data.sha256 {
            return Err(RunError::DataChanged { source_name: config.data.source.clone() }.into());
        }
        Self::rows(rows, memory, config.seed)
    }

    fn rows(rows: NpyRows, memory: usize, seed: u64) -> Result<Self, Fault> {
        // the report holds them and what the model makes of them
        let fitting = memory / (4 * size_of::<f64>() * rows.shape().1.max(1));
        let shown = draw_rows(&rows, fitting.clamp(1, SHOWN_ROWS), &mut Seed(seed).stream("shown rows", 0))?;
        Ok(Self::Rows { rows, memory, shown: Table::from(shown) })
    }

    /// The rows that a report shows: all of a table, some of a file.
    pub fn shown(&self) -> &Table {
        match self {
            Self::Table(table) => table,
            Self::Rows { shown, .. } => shown,
        }
    }

    /// How many rows there are, and of how many the report is if not of all.
    pub fn describe(&self) -> String {
        let (shown, columns) = self.shown().x().dim();
        if let Some(incomplete) = &self.shown().incomplete {
            let missing = incomplete.missing();
            let share = 100.0 * missing as f64 / (shown * columns) as f64;
            return format!("{shown} rows of {columns} variables, {missing} values missing ({share:.1} %)");
        }
        match self {
            Self::Rows { rows, .. } if rows.shape().0 > shown => {
                format!("{} rows of {columns} variables, of which {shown} drawn at random are shown", rows.shape().0)
            }
            _ => format!("{shown} rows of {columns} variables"),
        }
    }

    /// Fits them.
    ///
    /// # Errors
    /// As [`Method::fit`] and [`Method::fit_rows`].
    pub fn fit(&self, method: &Method, parameters: &toml::Table, run: &mut Run<'_>) -> Result<Outcome, Fault> {
        match self {
            Self::Table(table) => method.fit(parameters, table, run),
            Self::Rows { rows, memory, .. } => method.fit_rows(parameters, rows, *memory, run),
        }
    }

    /// The mean log density of a row, where the model has one.
    pub(crate) fn log_likelihood(&self, model: &dyn Model) -> Result<Option<f64>, Fault> {
        let Some(density) = model.as_log_density() else { return Ok(None) };
        match self {
            Self::Table(table) => Ok(density.log_density(table.x())?.mean()),
            Self::Rows { rows, .. } => {
                let mut sum = 0.0;
                blocks(rows, |block| {
                    sum += density.log_density(block.view())?.sum();
                    Ok(())
                })?;
                Ok(Some(sum / rows.shape().0 as f64))
            }
        }
    }

    /// Writes `codes.csv`; the codes of the rows that the report shows.
    pub(crate) fn write_codes(&self, directory: &RunDirectory, infer: &dyn Infer) -> Result<Array2<f64>, Fault> {
        let codes = infer.infer(self.shown().x())?;
        let names = crate::code_names(codes.ncols());
        match self {
            Self::Table(_) => directory.write_with("codes.csv", |out| write_csv(out, &names, codes.view()))?,
            Self::Rows { rows, .. } => {
                let mut failed = None;
                directory.write_with("codes.csv", |out| {
                    write_csv(out, &names, Array2::zeros((0, names.len())).view())?;
                    let mut append =
                        |block: Array2<f64>| -> Result<(), Fault> { Ok(write_csv_rows(out, infer.infer(block.view())?.view())?) };
                    failed = blocks(rows, &mut append).err();
                    Ok(())
                })?;
                if let Some(fault) = failed {
                    return Err(fault);
                }
            }
        }
        Ok(codes)
    }
}

/// All rows, block after block.
pub(crate) fn blocks(rows: &dyn Rows, mut work: impl FnMut(Array2<f64>) -> Result<(), Fault>) -> Result<(), Fault> {
    let (n, d) = rows.shape();
    for start in (0..n).step_by(BLOCK_ROWS) {
        let end = n.min(start + BLOCK_ROWS);
        let mut block = Array2::zeros((end - start, d));
        rows.read(start..end, block.slice_mut(s![.., ..]))?;
        work(block)?;
    }
    Ok(())
}
