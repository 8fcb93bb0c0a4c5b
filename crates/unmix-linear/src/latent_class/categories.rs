//! Columns of category codes, and the distinct rows among them.

use crate::LinearError;
use ndarray::ArrayView2;
use std::collections::BTreeMap;
use unmix_core::Observations;

/// A column with more distinct integers is a count or a measurement, and no category. Ours.
pub const MOST_CATEGORIES: usize = 50;

/// Distinct rows with how often each occurs, as indices of categories.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    /// Codes of the categories of each column, ascending.
    pub categories: Vec<Vec<f64>>,
    /// Distinct rows in lexicographic order, so that the order of the samples does not matter.
    pub rows: Vec<Vec<usize>>,
    /// How often each occurs.
    pub counts: Vec<f64>,
}

impl Patterns {
    /// Reads the categories of `x` and groups its rows.
    pub fn of(x: &Observations) -> Result<Self, LinearError> {
        x.require_varying()?;
        let mut categories = Vec::with_capacity(x.columns());
        for (values, name) in x.x().columns().into_iter().zip(x.names()) {
            let mut known: Vec<f64> = Vec::new();
            for (row, &value) in values.iter().enumerate() {
                if value.fract() != 0.0 {
                    return Err(LinearError::NotCategorical { column: name.clone(), row: row + 1, value });
                }
                if let Err(place) = known.binary_search_by(|v| v.total_cmp(&normal(value))) {
                    known.insert(place, normal(value));
                }
                if known.len() > MOST_CATEGORIES {
                    return Err(LinearError::TooManyCategories { column: name.clone(), row: row + 1, most: MOST_CATEGORIES });
                }
            }
            categories.push(known);
        }
        let rows = indices(x.x(), &categories, x.names())?;
        Ok(Self::grouped(categories, rows))
    }

    /// Groups rows of category indices.
    pub fn grouped(categories: Vec<Vec<f64>>, rows: Vec<Vec<usize>>) -> Self {
        let mut groups: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for row in rows {
            *groups.entry(row).or_default() += 1.0;
        }
        let (rows, counts) = groups.into_iter().unzip();
        Self { categories, rows, counts }
    }

    /// The number of samples.
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }
}

/// The category indices of each row of `x`.
pub(super) fn indices(x: ArrayView2<'_, f64>, categories: &[Vec<f64>], names: &[String]) -> Result<Vec<Vec<usize>>, LinearError> {
    let unseen = |row: usize, column: usize, value: f64| LinearError::UnseenCategory {
        column: names.get(column).cloned().unwrap_or_default(),
        row: row + 1,
        value,
        known: categories[column].iter().map(f64::to_string).collect::<Vec<_>>().join(", "),
    };
    x.rows()
        .into_iter()
        .enumerate()
        .map(|(i, row)| {
            let place = |(j, &value): (usize, &f64)| {
                categories[j].binary_search_by(|v| v.total_cmp(&normal(value))).map_err(|_| unseen(i, j, value))
            };
            row.iter().enumerate().map(place).collect()
        })
        .collect()
}

/// Zero without its sign, which a total order of floats tells apart.
fn normal(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value }
}
