//! Rectangular linear sum assignment: pair rows with columns so that the total cost is least.
//!
//! The shortest augmenting path algorithm of Crouse (2016), "On implementing 2D rectangular assignment algorithms", IEEE Trans.
//! Aerosp. Electron. Syst. 52(4), with the order of search and the ties of SciPy's `linear_sum_assignment`; `O(min² · max)`.
//!
//! ```
//! use ndarray::array;
//! use unmix_numerics::{maximum_assignment, minimum_assignment};
//!
//! let cost = array![[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]];
//! let best = minimum_assignment(cost.view())?;
//! assert_eq!(best.pairs, [(0, 1), (1, 0), (2, 2)]);
//! assert_eq!(best.total, 5.0);
//! assert_eq!(maximum_assignment(cost.view())?.total, 11.0);
//! # Ok::<(), unmix_numerics::NumericsError>(())
//! ```

use crate::NumericsError;
use ndarray::{Array2, ArrayView2};

/// Pairs of rows and columns, each used at most once; all of the shorter side are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// `(row, column)`, rows ascending.
    pub pairs: Vec<(usize, usize)>,
    /// Sum of the entries at the pairs.
    pub total: f64,
}

/// The assignment of least total for `cost` `[n, m]`. An entry `+∞` forbids its pair.
///
/// # Errors
/// [`NumericsError::NonFinite`] if an entry is NaN or `-∞`, [`NumericsError::Infeasible`] if the forbidden pairs leave no assignment.
pub fn minimum_assignment(cost: ArrayView2<'_, f64>) -> Result<Assignment, NumericsError> {
    assign(cost, 1.0)
}

/// The assignment of greatest total for `score` `[n, m]`. An entry `-∞` forbids its pair.
///
/// # Errors
/// [`NumericsError::NonFinite`] if an entry is NaN or `+∞`, [`NumericsError::Infeasible`] if the forbidden pairs leave no assignment.
pub fn maximum_assignment(score: ArrayView2<'_, f64>) -> Result<Assignment, NumericsError> {
    assign(score, -1.0)
}

fn assign(matrix: ArrayView2<'_, f64>, sign: f64) -> Result<Assignment, NumericsError> {
    if let Some(((row, column), &value)) = matrix.indexed_iter().find(|(_, v)| v.is_nan() || **v * sign == f64::NEG_INFINITY) {
        return Err(NumericsError::NonFinite { row, column, value });
    }
    let transposed = matrix.ncols() < matrix.nrows();
    let wide = if transposed { matrix.t() } else { matrix };
    let mut search = Search::new(wide.mapv(|v| v * sign));
    for row in 0..wide.nrows() {
        search.augment(row)?;
    }
    let mut pairs: Vec<(usize, usize)> = search.column_of.into_iter().flatten().enumerate().collect();
    if transposed {
        pairs = pairs.into_iter().map(|(row, column)| (column, row)).collect();
        pairs.sort_unstable();
    }
    let total = pairs.iter().map(|&(i, j)| matrix[[i, j]]).sum();
    Ok(Assignment { pairs, total })
}

/// Costs `[n, m]`, `n ≤ m`, the dual variables and the pairs found so far.
struct Search {
    cost: Array2<f64>,
    row_dual: Vec<f64>,
    column_dual: Vec<f64>,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
}

impl Search {
    fn new(cost: Array2<f64>) -> Self {
        let (n, m) = cost.dim();
        Self { cost, row_dual: vec![0.0; n], column_dual: vec![0.0; m], column_of: vec![None; n], row_of: vec![None; m] }
    }

    /// Pairs one more row, by the shortest path through the pairs there are.
    fn augment(&mut self, row: usize) -> Result<(), NumericsError> {
        let (n, m) = self.cost.dim();
        let mut distance = vec![f64::INFINITY; m];
        let mut came_from = vec![row; m];
        let mut row_done = vec![false; n];
        let mut column_done = vec![false; m];
        // Backwards, so that a constant matrix is assigned the identity.
        let mut remaining: Vec<usize> = (0..m).rev().collect();
        let mut reached = 0.0;
        let mut i = row;
        let sink = loop {
            row_done[i] = true;
            let mut nearest = None;
            let mut lowest = f64::INFINITY;
            for (at, &j) in remaining.iter().enumerate() {
                let through = reached + self.cost[[i, j]] - self.row_dual[i] - self.column_dual[j];
                if through < distance[j] {
                    distance[j] = through;
                    came_from[j] = i;
                }
                // Among equals prefer a free column: it ends the search.
                #[allow(clippy::float_cmp)] // exact ties, as in SciPy
                if distance[j] < lowest || (distance[j] == lowest && self.row_of[j].is_none()) {
                    lowest = distance[j];
                    nearest = Some(at);
                }
            }
            let Some(at) = nearest.filter(|_| lowest < f64::INFINITY) else {
                return Err(NumericsError::Infeasible { row });
            };
            reached = lowest;
            let j = remaining.swap_remove(at);
            column_done[j] = true;
            match self.row_of[j] {
                None => break j,
                Some(taken_by) => i = taken_by,
            }
        };

        self.row_dual[row] += reached;
        for i in (0..n).filter(|&i| row_done[i] && i != row) {
            if let Some(j) = self.column_of[i] {
                self.row_dual[i] += reached - distance[j];
            }
        }
        for j in (0..m).filter(|&j| column_done[j]) {
            self.column_dual[j] -= reached - distance[j];
        }

        let mut j = sink;
        loop {
            let i = came_from[j];
            self.row_of[j] = Some(i);
            let previous = self.column_of[i].replace(j);
            match previous {
                Some(before) if i != row => j = before,
                _ => return Ok(()),
            }
        }
    }
}
