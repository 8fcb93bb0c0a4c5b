//! Values that another system computed, committed beside the script that made them.

use ndarray::{Array1, Array2};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// One golden file: a JSON object of numbers, arrays and texts under `goldens/` in the repository.
#[derive(Clone, Debug)]
pub struct Golden {
    path: PathBuf,
    values: Value,
}

impl Golden {
    /// Reads `goldens/<name>` of this repository.
    ///
    /// # Errors
    /// [`GoldenError::Unreadable`] or [`GoldenError::Malformed`], with the path.
    pub fn read(name: &str) -> Result<Self, GoldenError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens").join(name);
        let text = fs::read_to_string(&path).map_err(|source| GoldenError::Unreadable { path: path.clone(), source })?;
        let values = serde_json::from_str(&text).map_err(|source| GoldenError::Malformed { path: path.clone(), source })?;
        Ok(Self { path, values })
    }

    /// The number at `pointer` (`/holzinger/2/log_likelihood`).
    ///
    /// # Errors
    /// [`GoldenError::Absent`] if there is no number there.
    pub fn number(&self, pointer: &str) -> Result<f64, GoldenError> {
        self.at(pointer)?.as_f64().ok_or_else(|| self.absent(pointer, "number"))
    }

    /// The numbers at `pointer`.
    ///
    /// # Errors
    /// [`GoldenError::Absent`] if there is no flat array of numbers there.
    pub fn vector(&self, pointer: &str) -> Result<Array1<f64>, GoldenError> {
        let numbers: Option<Vec<f64>> = self.at(pointer)?.as_array().and_then(|a| a.iter().map(Value::as_f64).collect());
        numbers.map(Array1::from).ok_or_else(|| self.absent(pointer, "array of numbers"))
    }

    /// The matrix at `pointer`, as an array of rows.
    ///
    /// # Errors
    /// [`GoldenError::Absent`] if there are no rows of equal length there.
    pub fn matrix(&self, pointer: &str) -> Result<Array2<f64>, GoldenError> {
        let rows = self.at(pointer)?.as_array().ok_or_else(|| self.absent(pointer, "array of rows"))?;
        let width = rows.first().and_then(Value::as_array).map_or(0, Vec::len);
        let numbers: Option<Vec<f64>> = rows.iter().flat_map(|row| row.as_array().into_iter().flatten()).map(Value::as_f64).collect();
        numbers
            .and_then(|numbers| Array2::from_shape_vec((rows.len(), width), numbers).ok())
            .ok_or_else(|| self.absent(pointer, "array of rows"))
    }

    fn at(&self, pointer: &str) -> Result<&Value, GoldenError> {
        self.values.pointer(pointer).ok_or_else(|| self.absent(pointer, "value"))
    }

    fn absent(&self, pointer: &str, what: &'static str) -> GoldenError {
        GoldenError::Absent { path: self.path.clone(), pointer: pointer.to_owned(), what }
    }
}

/// A golden cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// The file cannot be read.
    #[error("{}: {source}; run `cargo xtask regen-goldens`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// The file does not hold what is asked for.
    #[error("{}: no {what} at {pointer}", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
        /// The JSON pointer.
        pointer: String,
        /// What was expected there.
        what: &'static str,
    },
}
