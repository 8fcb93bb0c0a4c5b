//! Vanishing partial correlation (Fisher 1924, "The distribution of the partial correlation coefficient"): of Gaussian variables,
//! `√(n - k - 3) · artanh r` is nearly standard normal if the partial correlation given `k` variables is 0.
//!
//! The rows are read once, for the correlations. A partial correlation comes from the Cholesky factor of the correlations of the `k`
//! variables, `x` and `y` in this order, which is stable where the recursion over conditioning variables and the inverse are not: the last
//! row holds the covariance of the two residuals and the roots of their variances.

use super::{IndependenceTest, check, determined};
use crate::CausalError;
use ndarray::ArrayView2;
use unmix_core::{DataError, Observations};
use unmix_numerics::{moments, normal_two_sided};

/// A variable of whose variance others leave no more than this share is a linear function of them, to the precision of data.
const LEAST_RESIDUAL: f64 = 1e-10;

/// Variables of a test up to which its Cholesky factor stands on the stack.
const ON_STACK: usize = 12;

/// Fisher's z test of partial correlations.
///
/// ```
/// use ndarray::array;
/// use unmix_causal::{FisherZ, IndependenceTest};
///
/// // x -> z -> y: the correlation of the ends is the product of the others
/// let names = ["x", "y", "z"].map(String::from);
/// let correlation = array![[1.0, 0.3, 0.6], [0.3, 1.0, 0.5], [0.6, 0.5, 1.0]];
/// let test = FisherZ::new(&names, correlation.view(), 200)?;
/// assert!(test.partial_correlation(0, 1, &[2])?.abs() < 1e-15);
/// assert!(test.p_value(0, 1, &[])? < 1e-4);
/// assert!(test.p_value(0, 1, &[2])? > 0.99);
/// # Ok::<(), unmix_causal::CausalError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FisherZ {
    names: Vec<String>,
    rows: usize,
    /// `[d, d]`, row after row.
    correlation: Vec<f64>,
}

impl FisherZ {
    /// What it assumes.
    pub const ASSUMPTION: &str = "jointly Gaussian variables (linear mechanisms, Gaussian noise)";

    /// The test on the rows of a table.
    ///
    /// # Errors
    /// [`DataError`] if there are fewer than 5 rows, a column is constant or two are equal.
    pub fn of(x: &Observations) -> Result<Self, CausalError> {
        x.require_rows(5, "test partial correlations")?;
        x.require_varying()?;
        x.require_distinct()?;
        // units far from 1 would overflow the products
        let standard = x.standardized()?;
        Self::new(x.names(), moments(standard.x()).correlation().view(), x.rows())
    }

    /// The test on correlations `[d, d]` of `rows` rows.
    ///
    /// # Errors
    /// [`CausalError::Shape`] if the matrix does not fit the names, [`CausalError::NotCorrelations`] if an entry is no correlation.
    pub fn new(names: &[String], correlation: ArrayView2<'_, f64>, rows: usize) -> Result<Self, CausalError> {
        let d = names.len();
        for found in [correlation.ncols(), correlation.nrows()] {
            if found != d {
                return Err(CausalError::Shape { part: "the correlation matrix", expected: d, found });
            }
        }
        for ((i, j), &value) in correlation.indexed_iter() {
            let expected = if i == j { 1.0 } else { correlation[[j, i]] };
            // written so that NaN fails
            if !(value.abs() <= 1.0 && (value - expected).abs() <= LEAST_RESIDUAL) {
                return Err(CausalError::NotCorrelations { row: names[i].clone(), column: names[j].clone(), value });
            }
        }
        Ok(Self { names: names.to_vec(), rows, correlation: correlation.iter().copied().collect() })
    }

    /// The partial correlation of `x` and `y` given all of `given`.
    ///
    /// # Errors
    /// As [`p_value`](IndependenceTest::p_value), whatever the number of rows.
    pub fn partial_correlation(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, CausalError> {
        check(&self.names, x, y, given)?;
        let m = given.len() + 2;
        if m <= ON_STACK {
            self.last_correlation(x, y, given, &mut [0.0; ON_STACK * (ON_STACK + 1) / 2])
        } else {
            self.last_correlation(x, y, given, &mut vec![0.0; m * (m + 1) / 2])
        }
    }

    /// The variance that a linear function of `given` leaves of the standardised `variable`.
    ///
    /// # Errors
    /// As [`p_value`](IndependenceTest::p_value).
    pub(crate) fn residual_variance(&self, variable: usize, given: &[usize]) -> Result<f64, CausalError> {
        let k = given.len();
        let (mut stack, mut heap) = ([0.0; ON_STACK * (ON_STACK + 1) / 2], Vec::new());
        let l = if k < ON_STACK {
            &mut stack[..]
        } else {
            heap.resize((k + 1) * (k + 2) / 2, 0.0);
            &mut heap[..]
        };
        let variables = |i: usize| given.get(i).copied().unwrap_or(variable);
        let mut residual = 1.0;
        for i in 0..=k {
            residual = self.factor_row(i, k, variables, l)?;
        }
        Ok(residual)
    }

    /// With the lower triangle of the Cholesky factor of `given`, `x`, `y` written to `l`, row after row.
    fn last_correlation(&self, x: usize, y: usize, given: &[usize], l: &mut [f64]) -> Result<f64, CausalError> {
        let k = given.len();
        let variables = |i: usize| given.get(i).copied().unwrap_or(if i == k { x } else { y });
        let mut residual = 1.0;
        for i in 0..k + 2 {
            residual = self.factor_row(i, k, variables, l)?;
        }
        // the last row without its diagonal ends with what is left of y along what is left of x
        Ok((l[(k + 1) * (k + 2) / 2 + k] / residual.sqrt()).clamp(-1.0, 1.0))
    }

    /// Row `i` of the Cholesky factor of the correlations of `variables`, written to `l`; what the first `k` leave of its variance.
    fn factor_row(&self, i: usize, k: usize, variables: impl Fn(usize) -> usize, l: &mut [f64]) -> Result<f64, CausalError> {
        let (above, row) = l.split_at_mut(i * (i + 1) / 2);
        let correlations = &self.correlation[variables(i) * self.names.len()..];
        let mut residual = 1.0;
        for j in 0..i {
            let other = &above[j * (j + 1) / 2..][..=j];
            let products: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            row[j] = (correlations[variables(j)] - products) / other[j];
            if j < k {
                residual -= row[j] * row[j];
            }
        }
        if residual <= LEAST_RESIDUAL {
            return Err(determined(&self.names, variables(i), (0..i.min(k)).map(&variables)));
        }
        row[i] = residual.sqrt();
        Ok(residual)
    }
}

impl IndependenceTest for FisherZ {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn p_value(&self, x: usize, y: usize, given: &[usize]) -> Result<f64, CausalError> {
        let r = self.partial_correlation(x, y, given)?;
        let needed = given.len() + 4;
        if self.rows < needed {
            return Err(DataError::TooFewRows { needed, found: self.rows, reason: "test a partial correlation" }.into());
        }
        // artanh, with the digits of 1 - |r|; infinite at 1
        let z = 0.5 * (2.0 * r.abs() / (1.0 - r.abs())).ln_1p();
        Ok(normal_two_sided(z * ((self.rows - needed + 1) as f64).sqrt()))
    }

    fn most_given(&self) -> usize {
        self.rows.saturating_sub(4)
    }

    fn assumption(&self) -> &'static str {
        Self::ASSUMPTION
    }
}
