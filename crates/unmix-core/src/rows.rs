//! Rows that need not be in memory at once, and what can be wrong with asking for them.

use crate::{DataError, Failure, Fault, Kind, Observations, Stream};
use ndarray::{Array2, ArrayViewMut2, s};
use std::ops::Range;
use thiserror::Error;

/// A source of rows that need not be in memory at once. Streaming methods ([`FitRows`](crate::FitRows)) ask for this instead of
/// [`Observations`].
pub trait Rows: Sync {
    /// `(n, d)`.
    fn shape(&self) -> (usize, usize);

    /// The column names, `d` of them.
    fn names(&self) -> &[String];

    /// Writes the rows of `range` to `out` `[range.len(), d]`. Several threads may call this at once. It may hold as much memory as `out`
    /// besides it.
    ///
    /// # Errors
    /// A [`Fault`] if the range or shape is wrong, the file cannot be read, or a value is not finite.
    fn read(&self, range: Range<usize>, out: ArrayViewMut2<'_, f64>) -> Result<(), Fault>;
}

impl Rows for Observations {
    fn shape(&self) -> (usize, usize) {
        self.x().dim()
    }

    fn names(&self) -> &[String] {
        self.names()
    }

    fn read(&self, range: Range<usize>, mut out: ArrayViewMut2<'_, f64>) -> Result<(), Fault> {
        if range.end > self.rows() {
            return Err(DataError::NoSuchRow { row: range.end, rows: self.rows() }.into());
        }
        if out.dim() != (range.len(), self.columns()) {
            return Err(DataError::ColumnCount { expected: self.columns(), found: out.ncols() }.into());
        }
        out.assign(&self.x().slice(s![range, ..]));
        Ok(())
    }
}

/// Rows cannot be streamed through a method.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The method needs all rows in memory.
    #[error("{method} needs all rows in memory; leave out --memory")]
    NotStreamed {
        /// Name of the method.
        method: &'static str,
    },
    /// Not even the smallest part of the rows that can be worked on fits.
    #[error("{given} bytes of memory are allowed, at least {needed} are needed to {reason}; raise --memory")]
    TooLittleMemory {
        /// Bytes allowed.
        given: usize,
        /// Bytes needed.
        needed: usize,
        /// Completes "are needed to …".
        reason: &'static str,
    },
}

impl Failure for RowsError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }
}

/// `count` different rows drawn at random, in their order in the source; all of them if there are no more.
///
/// ```
/// use ndarray::array;
/// use unmix_core::{Observations, Seed, draw_rows};
///
/// let x = Observations::unnamed(array![[1.0], [2.0], [3.0], [4.0]])?;
/// let drawn = draw_rows(&x, 2, &mut Seed(1).stream("rows", 0))?;
/// assert_eq!(drawn.rows(), 2);
/// assert!(drawn.x()[[0, 0]] < drawn.x()[[1, 0]]);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
///
/// # Errors
/// A [`Fault`] of the source; [`DataError::Empty`] if `count` is 0.
pub fn draw_rows(rows: &dyn Rows, count: usize, stream: &mut Stream) -> Result<Observations, Fault> {
    /// Rows read at once: small beside what is worth drawing, large beside the cost of a read.
    const BLOCK: usize = 256;
    let (n, d) = rows.shape();
    let mut chosen = if count < n { rand::seq::index::sample(stream, n, count).into_vec() } else { (0..n).collect() };
    chosen.sort_unstable();
    let mut drawn = Array2::zeros((chosen.len(), d));
    let mut block = Array2::zeros((BLOCK.min(n), d));
    let mut next = 0;
    while let Some(&first) = chosen.get(next) {
        let range = first..n.min(first + BLOCK);
        rows.read(range.clone(), block.slice_mut(s![..range.len(), ..]))?;
        while let Some(&row) = chosen.get(next).filter(|row| **row < range.end) {
            drawn.row_mut(next).assign(&block.row(row - range.start));
            next += 1;
        }
    }
    Ok(Observations::new(drawn, rows.names().iter().cloned())?)
}
