//! The likelihood-ratio test of independence in contingency tables, `G² = 2 Σ n_xys ln(n_xys n_s / (n_xs n_ys))`, one table of `x` and
//! `y` for each combination `s` of the conditioning variables (Spirtes, Glymour and Scheines 2000, "Causation, Prediction, and Search",
//! section 5.5).
//!
//! **Degrees of freedom** are `Σ_s (levels of x seen in s - 1)(levels of y seen in s - 1)`: a level that a combination does not show has
//! nothing to say there, and counting it would call sparse tables independent.
//!
//! **Sparse tables** give no answer: with fewer than 5 rows for each cell the statistic may be far from its chi-square distribution, and a test
//! rejects far more often than its level says. Cells are those of one table of all levels for each
//! combination that occurs, so that what is too sparse given some variables is so given more.

use super::{IndependenceTest, check, determined, quoted};
use crate::CausalError;
use std::collections::BTreeSet;
use unmix_core::Observations;
use unmix_numerics::chi_square_tail;

/// A column of more different values than this is no category. Ours.
const MOST_LEVELS: usize = 50;

/// Rows for each cell below which the chi-square approximation is poor (Cochran 1954, who asks for expected counts of 5).
pub(crate) const ROWS_A_CELL: usize = 5;

/// The G² test.
///
/// ```
/// use ndarray::{Axis, array, concatenate};
/// use unmix_causal::{GSquare, IndependenceTest};
/// use unmix_core::Observations;
///
/// // b is a with one exception in eight, c has nothing to do with them
/// let x = array![[0., 0., 0.], [0., 0., 1.], [0., 0., 0.], [0., 0., 1.], [1., 1., 0.], [1., 1., 1.], [1., 1., 0.], [1., 0., 1.]];
/// let x = concatenate![Axis(0), x, x, x];
/// let test = GSquare::of(&Observations::new(x, ["a", "b", "c"])?)?;
/// assert!(test.p_value(0, 1, &[])? < 0.05);
/// assert!(test.p_value(0, 2, &[])? > 0.5);
/// assert!(test.p_value(0, 1, &[2]).unwrap_err().to_string().contains("8 cells for 24 rows, too few for a test"));
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct GSquare {
    names: Vec<String>,
    /// Of each column, the level of each row.
    columns: Vec<Vec<u32>>,
    levels: Vec<usize>,
}

impl GSquare {
    /// What it assumes.
    pub const ASSUMPTION: &str = "categorical variables, with rows enough for every combination";

    /// The test on the rows of a table, every different value of a column being a level.
    ///
    /// # Errors
    /// [`DataError`](unmix_core::DataError) if there are fewer than 5 rows, a column is constant or two are equal;
    /// [`CausalError::TooManyLevels`] if a column has more than 50 different values.
    pub fn of(x: &Observations) -> Result<Self, CausalError> {
        x.require_rows(5, "test independence in tables")?;
        x.require_varying()?;
        x.require_distinct()?;
        let (mut columns, mut levels) = (Vec::new(), Vec::new());
        for (column, name) in x.x().columns().into_iter().zip(x.names()) {
            // 0 and -0 are one level
            let values: Vec<f64> = column.iter().map(|v| v + 0.0).collect();
            let mut seen = values.clone();
            seen.sort_by(f64::total_cmp);
            seen.dedup();
            if seen.len() > MOST_LEVELS {
                return Err(CausalError::TooManyLevels { column: name.clone(), levels: seen.len(), most: MOST_LEVELS });
            }
            columns.push(values.iter().map(|v| seen.partition_point(|s| s < v) as u32).collect());
            levels.push(seen.len());
        }
        Ok(Self { names: x.names().to_vec(), columns, levels })
    }

    /// The combination of levels of `given` in each row, numbered from 0, and how many numbers there are.
    fn strata(&self, given: &[usize]) -> (Vec<u32>, usize) {
        let rows = self.columns.first().map_or(0, Vec::len);
        let (mut strata, mut count) = (vec![0_u32; rows], 1);
        for &z in given {
            let levels = self.levels[z];
            strata.iter_mut().zip(&self.columns[z]).for_each(|(s, &level)| *s = *s * levels as u32 + level);
            count *= levels;
            if count > rows {
                // no more numbers than rows: they fit, and so do those of the next step
                let mut seen = strata.clone();
                seen.sort_unstable();
                seen.dedup();
                strata.iter_mut().for_each(|s| *s = seen.partition_point(|v| v < s) as u32);
                count = seen.len();
            }
        }
        (strata, count)
    }

    fn statistic(&self, x: usize, y: usize, given: &[usize]) -> Tables {
        let (strata, count) = self.strata(given);
        // rows in order of their combination
        let mut ends = vec![0_usize; count];
        strata.iter().for_each(|&s| ends[s as usize] += 1);
        let mut total = 0;
        for end in &mut ends {
            total += std::mem::replace(end, total);
        }
        let mut rows = vec![0_usize; strata.len()];
        for (row, &s) in strata.iter().enumerate() {
            rows[ends[s as usize]] = row;
            ends[s as usize] += 1;
        }
        let (a, b, across) = (&self.columns[x], &self.columns[y], self.levels[y]);
        let mut joint = vec![0_u32; self.levels[x] * across];
        let (mut of_x, mut of_y) = (vec![0_u32; self.levels[x]], vec![0_u32; across]);
        let (mut sum, mut freedom, mut combinations, mut varies) = (0.0, 0, 0, [false; 2]);
        // of either variable, the only levels of the combinations with several rows
        let mut repeated = [BTreeSet::new(), BTreeSet::new()];
        let mut start = 0;
        for end in ends {
            let stratum = &rows[start..end];
            start = end;
            combinations += usize::from(!stratum.is_empty());
            of_x.fill(0);
            of_y.fill(0);
            for &row in stratum {
                let (i, j) = (a[row] as usize, b[row] as usize);
                joint[i * across + j] += 1;
                of_x[i] += 1;
                of_y[j] += 1;
            }
            let seen = [&of_x, &of_y].map(|counts| counts.iter().filter(|c| **c > 0).count());
            freedom += seen[0].saturating_sub(1) * seen[1].saturating_sub(1);
            varies = [varies[0] || seen[0] > 1, varies[1] || seen[1] > 1];
            if stratum.len() >= ROWS_A_CELL {
                for (levels, counts) in repeated.iter_mut().zip([&of_x, &of_y]) {
                    levels.extend(counts.iter().position(|c| *c > 0));
                }
            }
            for &row in stratum {
                let (i, j) = (a[row] as usize, b[row] as usize);
                // each cell once, which leaves the table empty for the next combination
                let n = f64::from(std::mem::take(&mut joint[i * across + j]));
                if n > 0.0 {
                    sum += n * (n * stratum.len() as f64 / (f64::from(of_x[i]) * f64::from(of_y[j]))).ln();
                }
            }
        }
        Tables {
            statistic: (2.0 * sum).max(0.0),
            freedom: freedom as f64,
            cells: combinations * self.levels[x] * self.levels[y],
            determined: [0, 1].map(|k| !varies[k] && repeated[k].len() > 1),
        }
    }
}

/// The tables of two variables, one for each combination of others that occurs.
struct Tables {
    statistic: f64,
    /// Of the statistic.
    freedom: f64,
    cells: usize,
    /// Whether either differs between combinations of [`ROWS_A_CELL`] rows or more, and varies within none at all: a combination of one row
    /// determines whatever there is.
    determined: [bool; 2],
}

impl IndependenceTest for GSquare {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, CausalError> {
        check(&self.names, x, y, given)?;
        let tables = self.statistic(x, y, given);
        if let Some((variable, _)) = [x, y].into_iter().zip(tables.determined).find(|(_, determined)| *determined) {
            return Err(determined(&self.names, variable, given.iter().copied()));
        }
        let rows = self.columns.first().map_or(0, Vec::len);
        // without a degree of freedom no table has anything to say
        if rows < ROWS_A_CELL * tables.cells || tables.freedom == 0.0 {
            let (x, y) = (self.names[x].clone(), self.names[y].clone());
            let given = quoted(&self.names, given.iter().copied());
            return Err(CausalError::TooSparse { x, y, given, cells: tables.cells, rows });
        }
        Ok(chi_square_tail(tables.statistic, tables.freedom)?)
    }

    fn assumption(&self) -> &'static str {
        Self::ASSUMPTION
    }
}
