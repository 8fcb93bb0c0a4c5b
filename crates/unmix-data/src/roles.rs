//! Assigns the columns of a file to their roles, before any value is read.

use crate::{FileError, ReadOptions};
use unmix_core::nearest;

/// Column indices by role.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Roles {
    pub features: Vec<usize>,
    pub auxiliary: Vec<usize>,
    pub label: Option<usize>,
    pub environment: Option<usize>,
    pub target: Option<usize>,
}

impl Roles {
    /// Finds the columns that `options` name among `names`.
    pub fn resolve(names: &[String], options: &ReadOptions) -> Result<Self, FileError> {
        let mut taken = Taken { names, by: vec![None; names.len()] };
        let auxiliary = options.auxiliary.iter().map(|name| taken.take("--auxiliary", name)).collect::<Result<_, _>>()?;
        let label = options.label.as_ref().map(|name| taken.take("--label", name)).transpose()?;
        let environment = options.environment.as_ref().map(|name| taken.take("--environment-column", name)).transpose()?;
        let target = options.target.as_ref().map(|name| taken.take("--target-column", name)).transpose()?;
        for name in &options.exclude {
            taken.take("--exclude", name)?;
        }
        let features: Vec<usize> = match &options.columns {
            Some(columns) => columns.iter().map(|name| taken.take("--columns", name)).collect::<Result<_, _>>()?,
            None => taken.by.iter().enumerate().filter(|(_, by)| by.is_none()).map(|(i, _)| i).collect(),
        };
        if features.is_empty() { Err(FileError::NoColumns) } else { Ok(Self { features, auxiliary, label, environment, target }) }
    }
}

struct Taken<'a> {
    names: &'a [String],
    by: Vec<Option<&'static str>>,
}

impl Taken<'_> {
    fn take(&mut self, option: &'static str, name: &str) -> Result<usize, FileError> {
        let Some(index) = self.names.iter().position(|n| n == name) else {
            let nearest = nearest(name, self.names.iter().map(String::as_str)).map(str::to_owned);
            return Err(FileError::NoSuchColumn { option, column: name.to_owned(), nearest });
        };
        match self.by.get_mut(index).and_then(|by| by.replace(option)) {
            Some(first) => Err(FileError::ColumnUsedTwice { column: name.to_owned(), first, second: option }),
            None => Ok(index),
        }
    }
}
