use crate::golden;
use ndarray::{Array2, array};
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;
use unmix_numerics::{NumericsError, maximum_assignment, minimum_assignment};

#[derive(Deserialize)]
struct Case {
    name: String,
    shape: [usize; 2],
    matrix: Vec<Option<f64>>,
    maximize: bool,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

#[test]
fn scipy_finds_the_same_pairs() {
    let cases: Vec<Case> = golden::read("assignment/assignment.json");
    assert!(cases.len() > 40);
    for case in cases {
        let forbidden = if case.maximize { f64::NEG_INFINITY } else { f64::INFINITY };
        let values = case.matrix.iter().map(|v| v.unwrap_or(forbidden)).collect();
        let matrix = Array2::from_shape_vec(case.shape, values).unwrap();
        let found = if case.maximize { maximum_assignment(matrix.view()) } else { minimum_assignment(matrix.view()) }.unwrap();
        let expected: Vec<_> = case.rows.into_iter().zip(case.columns).collect();
        assert_eq!(found.pairs, expected, "{} (maximize {})", case.name, case.maximize);
        assert_eq!(found.total, expected.iter().map(|&pair| matrix[pair]).sum::<f64>());
    }
}

#[test]
fn bad_entries_are_errors() {
    let nan = minimum_assignment(array![[0.0, 1.0], [f64::NAN, 1.0]].view()).unwrap_err();
    assert!(matches!(nan, NumericsError::NonFinite { row: 1, column: 0, .. }));
    assert!(minimum_assignment(array![[f64::NEG_INFINITY]].view()).is_err());
    assert!(maximum_assignment(array![[f64::INFINITY]].view()).is_err());
    let inf = f64::INFINITY;
    let infeasible = minimum_assignment(array![[1.0, inf], [2.0, inf]].view()).unwrap_err();
    assert_eq!(infeasible, NumericsError::Infeasible { row: 1 });
}

/// The least total over all ways to give each row of a wide matrix a column of its own.
fn least_total(matrix: &Array2<f64>, row: usize, used: &mut Vec<usize>) -> f64 {
    if row == matrix.nrows() {
        return 0.0;
    }
    let mut least = f64::INFINITY;
    for column in 0..matrix.ncols() {
        if !used.contains(&column) {
            used.push(column);
            least = least.min(matrix[[row, column]] + least_total(matrix, row + 1, used));
            used.pop();
        }
    }
    least
}

proptest! {
    #[test]
    fn no_assignment_is_better(n in 1..=6_usize, m in 1..=6_usize, values in vec(-10.0..10.0, 36), integers in any::<bool>()) {
        let entry = |i: usize| if integers { f64::round(values[i] / 4.0) } else { values[i] };
        let matrix = Array2::from_shape_fn((n, m), |(i, j)| entry(i * 6 + j));
        let wide = if n <= m { matrix.clone() } else { matrix.t().to_owned() };
        let found = minimum_assignment(matrix.view()).unwrap();
        let mut columns: Vec<_> = found.pairs.iter().map(|p| p.1).collect();
        columns.sort_unstable();
        columns.dedup();
        prop_assert_eq!(columns.len(), n.min(m));
        prop_assert!(found.pairs.is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!((found.total - least_total(&wide, 0, &mut Vec::new())).abs() < 1e-12);
        let greatest = maximum_assignment(matrix.mapv(|v| -v).view()).unwrap();
        prop_assert_eq!(greatest.pairs, found.pairs);
    }
}
