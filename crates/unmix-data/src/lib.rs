//! Data in and out: readers, writers, real data sets, synthetic data with its truth, and run directories.
//!
//! ```
//! use unmix_data::{ReadOptions, open_source};
//!
//! // a file, or the name of a bundled data set
//! let cells = open_source("sachs", &ReadOptions { log: true, ..ReadOptions::default() })?;
//! assert_eq!(cells.observations.names()[..3], ["raf", "mek", "plcg"]);
//! # Ok::<(), unmix_data::FileError>(())
//! ```
//!
//! | task | item |
//! |---|---|
//! | read a table | [`open_source`], [`read_table`], [`ReadOptions`]; one format: [`read_csv`], [`read_npy`], [`read_npz`], [`read_idx`] |
//! | read rows of a file larger than memory | [`NpyRows`] |
//! | write matrices | [`write_csv`], [`write_named_rows`], [`npy_bytes`], [`npz_bytes`] |
//! | real data | [`bundled`] |
//! | data with known causes | [`simulate`] |
//! | results, whole or not at all | [`RunDirectory`], [`verify_run`] |
//!
//! Whatever the format, a table is prepared in one order: columns take their roles, missing values are refused, dropped or filled,
//! then logarithms, then standardisation. Every refusal is a [`FileError`] that names column, place, value and remedy.

pub mod bundled;
mod csv_reader;
mod csv_writer;
mod draft;
mod error;
mod idx;
mod npy;
mod npy_rows;
mod npz;
mod options;
mod read;
mod roles;
mod run_directory;
pub mod simulate;

pub use csv_reader::read_csv;
pub use csv_writer::{csv_bytes, write_csv, write_csv_rows, write_named_rows};
pub use error::{FileError, Place};
pub use idx::{Idx, read_idx};
pub use npy::{npy_bytes, read_npy};
pub use npy_rows::NpyRows;
pub use npz::{npz_bytes, read_npz};
pub use options::{Missing, ReadOptions};
pub use read::{open_source, read_table};
pub use run_directory::{MANIFEST, Manifest, ManifestEntry, RunDirectory, verify_run, write_atomically};
