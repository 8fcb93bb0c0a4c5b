//! A table as it stands in a file, before missing values, logarithms and scales are dealt with.

use crate::{FileError, Missing, Place, ReadOptions};
use ndarray::{Array2, Axis};
use unmix_core::{Incomplete, Observations, Table};

/// Values as read; NaN is a missing value.
pub(crate) struct Draft {
    /// Names of the columns of `features`.
    pub names: Vec<String>,
    /// `[n, d]`.
    pub features: Array2<f64>,
    /// Names of the columns of `auxiliary`.
    pub auxiliary_names: Vec<String>,
    /// `[n, m]`.
    pub auxiliary: Array2<f64>,
    pub environment: Option<Vec<String>>,
    pub target: Option<Vec<Option<String>>>,
    pub labels: Option<Vec<String>>,
    pub factors: Option<Array2<f64>>,
    /// The lines of the rows, for sources that have lines.
    pub lines: Option<Vec<u64>>,
}

impl Draft {
    /// Prepares the values as `options` say.
    pub fn finish(mut self, options: &ReadOptions) -> Result<Table, FileError> {
        self.refuse_infinite()?;
        match options.missing {
            Missing::Error => self.refuse_missing()?,
            Missing::Drop => self.drop_missing()?,
            Missing::Mean => self.fill_missing()?,
            Missing::Model => self.refuse_missing_auxiliary()?,
        }
        if options.log {
            self.take_logarithms()?;
        }
        let mut table = match options.missing {
            Missing::Model => Table::try_from(Incomplete::new(self.features, self.names)?)?,
            _ => Observations::new(self.features, self.names)?.into(),
        };
        if options.standardize {
            table.standardize()?;
        }
        table.environment = self.environment;
        table.target = self.target;
        table.observational.clone_from(&options.observational);
        table.auxiliary = (!self.auxiliary_names.is_empty()).then_some(self.auxiliary);
        table.labels = self.labels;
        table.factors = self.factors;
        Ok(table)
    }

    fn place(&self, row: usize) -> Place {
        self.lines.as_ref().and_then(|lines| lines.get(row)).map_or(Place::Row(row + 1), |&line| Place::Line(line))
    }

    /// The first value, feature or auxiliary, for which `bad` holds.
    fn find(&self, bad: impl Fn(f64) -> bool) -> Option<(String, Place, f64)> {
        for (x, names) in [(&self.features, &self.names), (&self.auxiliary, &self.auxiliary_names)] {
            if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| bad(**v)) {
                return Some((names.get(column).cloned().unwrap_or_default(), self.place(row), value));
            }
        }
        None
    }

    fn refuse_infinite(&self) -> Result<(), FileError> {
        self.find(f64::is_infinite).map_or(Ok(()), |(column, at, _)| Err(FileError::Infinite { column, at }))
    }

    fn refuse_missing(&self) -> Result<(), FileError> {
        let remedy = "drop such rows, fill them in, or leave them to a method that can deal with them (--missing drop|mean|model)";
        self.find(f64::is_nan).map_or(Ok(()), |(column, at, _)| Err(FileError::MissingValue { column, at, remedy }))
    }

    fn refuse_missing_auxiliary(&self) -> Result<(), FileError> {
        let Some(((row, column), _)) = self.auxiliary.indexed_iter().find(|(_, v)| v.is_nan()) else { return Ok(()) };
        let remedy = "auxiliary variables are needed whole: drop such rows or fill them in (--missing drop|mean)";
        let column = self.auxiliary_names.get(column).cloned().unwrap_or_default();
        Err(FileError::MissingValue { column, at: self.place(row), remedy })
    }

    fn drop_missing(&mut self) -> Result<(), FileError> {
        let rows = self.features.nrows();
        let complete = |i: &usize| !self.features.row(*i).iter().chain(self.auxiliary.row(*i)).any(|v| v.is_nan());
        let keep: Vec<usize> = (0..rows).filter(complete).collect();
        if keep.is_empty() {
            return Err(FileError::AllRowsMissing { rows });
        }
        if keep.len() == rows {
            return Ok(());
        }
        self.features = self.features.select(Axis(0), &keep);
        self.auxiliary = self.auxiliary.select(Axis(0), &keep);
        self.factors = self.factors.as_ref().map(|f| f.select(Axis(0), &keep));
        self.environment = take(self.environment.as_deref(), &keep);
        self.target = take(self.target.as_deref(), &keep);
        self.labels = take(self.labels.as_deref(), &keep);
        self.lines = take(self.lines.as_deref(), &keep);
        Ok(())
    }

    fn fill_missing(&mut self) -> Result<(), FileError> {
        for (x, names) in [(&mut self.features, &self.names), (&mut self.auxiliary, &self.auxiliary_names)] {
            for (mut column, name) in x.columns_mut().into_iter().zip(names) {
                let (mut sum, mut count) = (0.0, 0_usize);
                for value in column.iter().filter(|v| !v.is_nan()) {
                    sum += value;
                    count += 1;
                }
                if count == 0 {
                    return Err(FileError::AllMissing { column: name.clone() });
                }
                let mean = sum / count as f64;
                column.mapv_inplace(|v| if v.is_nan() { mean } else { v });
            }
        }
        Ok(())
    }

    fn take_logarithms(&mut self) -> Result<(), FileError> {
        if let Some(((row, column), &value)) = self.features.indexed_iter().find(|(_, v)| **v <= 0.0) {
            let column = self.names.get(column).cloned().unwrap_or_default();
            return Err(FileError::NoLogarithm { column, at: self.place(row), value });
        }
        self.features.mapv_inplace(f64::ln);
        Ok(())
    }
}

fn take<T: Clone>(list: Option<&[T]>, rows: &[usize]) -> Option<Vec<T>> {
    list.map(|list| rows.iter().filter_map(|&i| list.get(i).cloned()).collect())
}
