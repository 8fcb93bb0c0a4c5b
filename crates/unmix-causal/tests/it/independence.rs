//! Tests of independence by themselves: their level, what they see, what they refuse.

use ndarray::{Array2, ArrayView2, array, concatenate, s};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use unmix_causal::{CausalError, FisherZ, GSquare, IndependenceTest, SeparationOracle};
use unmix_core::{Observations, Seed};
use unmix_graph::{Dag, Graph, GraphError};
use unmix_numerics::{inverse_spd, moments};

fn gaussian(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("independence", 0);
    let mut x: Array2<f64> = Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream));
    let mix: Array2<f64> = Array2::from_shape_simple_fn((d, d), || StandardNormal.sample(&mut stream));
    x = x.dot(&(Array2::eye(d) + 0.5 * mix));
    x
}

/// By the inverse of the correlations of all variables concerned, which is well conditioned here.
fn by_inverse(x: ArrayView2<'_, f64>, chosen: &[usize]) -> f64 {
    let precision = inverse_spd(moments(x.select(ndarray::Axis(1), chosen).view()).correlation().view()).unwrap();
    -precision[[0, 1]] / (precision[[0, 0]] * precision[[1, 1]]).sqrt()
}

#[test]
fn partial_correlations_are_those_of_the_inverse() {
    let x = gaussian(400, 16, 1);
    let test = FisherZ::of(&Observations::unnamed(x.clone()).unwrap()).unwrap();
    for size in 2..=16 {
        let chosen: Vec<usize> = (0..size).map(|k| (5 * k + size) % 16).collect();
        let found = test.partial_correlation(chosen[0], chosen[1], &chosen[2..]).unwrap();
        assert!((found - by_inverse(x.view(), &chosen)).abs() < 1e-12, "{size}");
        let mut turned = chosen[2..].to_vec();
        turned.reverse();
        assert!((found - test.partial_correlation(chosen[1], chosen[0], &turned).unwrap()).abs() < 1e-12);
    }
}

/// The share of p-values below the level where independence holds, for `x -> z -> y` and the test of `x` and `y` given `z`.
#[test]
fn both_tests_keep_their_level_and_see_dependence() {
    const TIMES: usize = 1000;
    let (mut z_rejects, mut g_rejects, mut seen) = (0, 0, 0);
    for seed in 0..TIMES {
        let mut stream = Seed(seed as u64).stream("chain", 0);
        let mut x = Array2::zeros((200, 3));
        let mut categories = Array2::zeros((200, 3));
        for (mut row, mut category) in x.rows_mut().into_iter().zip(categories.rows_mut()) {
            let mut normal = || -> f64 { StandardNormal.sample(&mut stream) };
            row[0] = normal();
            row[2] = 0.8 * row[0] + normal();
            row[1] = 0.8 * row[2] + normal();
            let mut keep = |level: f64| if stream.random_bool(0.6) { level } else { f64::from(stream.random_range(0..3)) };
            category[0] = keep(0.0);
            category[2] = keep(category[0]);
            category[1] = keep(category[2]);
        }
        let z = FisherZ::of(&Observations::unnamed(x).unwrap()).unwrap();
        let g = GSquare::of(&Observations::unnamed(categories).unwrap()).unwrap();
        z_rejects += usize::from(z.p_value(0, 1, &[2]).unwrap() <= 0.05);
        g_rejects += usize::from(g.p_value(0, 1, &[2]).unwrap() <= 0.05);
        seen += usize::from(z.p_value(0, 1, &[]).unwrap() <= 0.05) + usize::from(g.p_value(0, 2, &[1]).unwrap() <= 0.05);
    }
    // Binomial(1000, 0.05) leaves 25..=80 with a probability of 1e-4; the chi-square approximation of G² is liberal in tables this sparse
    assert!((25..=80).contains(&z_rejects), "{z_rejects}");
    assert!((25..=110).contains(&g_rejects), "{g_rejects}");
    assert!(seen > 1900, "{seen}");
}

#[test]
fn what_others_determine_is_named() {
    let x = gaussian(100, 3, 2);
    let sum = &x.column(0) + &x.column(1);
    let x = concatenate![ndarray::Axis(1), x, sum.insert_axis(ndarray::Axis(1))];
    let test = FisherZ::of(&Observations::new(x, ["a", "b", "c", "sum"]).unwrap()).unwrap();
    let error = test.p_value(2, 3, &[1, 0]).unwrap_err();
    assert!(error.to_string().starts_with("column \"sum\" is determined by \"a\", \"b\": "), "{error}");
    assert!(matches!(test.p_value(2, 1, &[0, 3]), Err(CausalError::Determined { .. })));
    // two of three are not determined by the third, but by each other
    assert!(test.partial_correlation(0, 3, &[1]).unwrap() > 1.0 - 1e-12);
    assert!(test.p_value(0, 3, &[1]).unwrap() < 1e-100);

    let levels = array![[0., 1., 0.], [0., 1., 1.], [1., 0., 0.], [1., 0., 1.], [2., 0., 1.], [2., 0., 0.]];
    let often = |times: usize| {
        let rows = Array2::from_shape_fn((6 * times, 3), |(i, j)| levels[[i % 6, j]]);
        GSquare::of(&Observations::new(rows, ["a", "b", "c"]).unwrap()).unwrap()
    };
    // two rows a level of a are too few to say so
    assert!(matches!(often(1).p_value(1, 2, &[0]), Err(CausalError::TooSparse { .. })));
    let test = often(10);
    let error = test.p_value(1, 2, &[0]).unwrap_err();
    assert!(error.to_string().starts_with("column \"b\" is determined by \"a\": "), "{error}");
    assert!(test.p_value(0, 2, &[1]).is_ok());
}

#[test]
fn sparse_tables_give_no_answer() {
    const TIMES: u64 = 400;
    for (rows, given, answers) in [(100, 2, true), (100, 5, false), (500, 4, true), (500, 8, false)] {
        let mut rejected = 0;
        for seed in 0..TIMES {
            let mut stream = Seed(seed).stream("signs", 0);
            let x = Array2::from_shape_simple_fn((rows, given + 2), || f64::from(u8::from(stream.random_bool(0.5))));
            let test = GSquare::of(&Observations::unnamed(x).unwrap()).unwrap();
            let conditions: Vec<usize> = (2..given + 2).collect();
            match test.p_value(0, 1, &conditions) {
                Ok(p) => rejected += usize::from(answers && p <= 0.05),
                Err(error) => assert!(!answers && matches!(error, CausalError::TooSparse { .. }), "{rows} {given}: {error}"),
            }
        }
        // Binomial(400, 0.05) is above 35 with a probability of 5e-4; the approximation is liberal near the limit
        assert!(rejected <= 55, "{rows} {given}: {rejected}");
    }
}

#[test]
fn questions_are_checked() {
    let x = Observations::unnamed(gaussian(8, 6, 3)).unwrap();
    let dag = Dag::try_from(Graph::new(x.names().iter().cloned()).unwrap()).unwrap();
    let coarse = x.map(|v| f64::from(u8::from(v > 0.0))).unwrap();
    let tests: [Box<dyn IndependenceTest>; 3] =
        [Box::new(FisherZ::of(&x).unwrap()), Box::new(GSquare::of(&coarse).unwrap()), Box::new(SeparationOracle(dag))];
    for test in &tests {
        assert!(!test.assumption().is_empty());
        assert_eq!(test.names().len(), 6);
        for (x, y, given, index) in [(0, 6, vec![], 6), (7, 1, vec![], 7), (0, 1, vec![9], 9)] {
            let error = test.p_value(x, y, &given).unwrap_err();
            assert!(matches!(error, CausalError::Graph(GraphError::NoSuchIndex { index: i, nodes: 6 }) if i == index), "{error}");
        }
        for (x, y, given) in [(0, 1, vec![1]), (0, 1, vec![0])] {
            assert!(matches!(test.p_value(x, y, &given), Err(CausalError::Graph(GraphError::NotDisjoint { .. }))));
        }
    }
    assert!(matches!(tests[0].p_value(0, 0, &[]), Err(CausalError::Graph(GraphError::NotDisjoint { .. }))));
    assert_eq!(tests[0].most_given(), 4);
    assert!(tests[0].p_value(0, 1, &[2, 3, 4, 5]).is_ok());
    let few = FisherZ::of(&Observations::unnamed(x.x().slice(s![..5, ..]).to_owned()).unwrap()).unwrap();
    let error = few.p_value(0, 1, &[2, 3]).unwrap_err();
    assert_eq!(error.to_string(), "the table has 5 rows, at least 6 are needed to test a partial correlation");
}

#[test]
fn what_is_no_correlation_matrix_is_refused() {
    let names = ["a", "b"].map(String::from);
    let new = |matrix: Array2<f64>| FisherZ::new(&names, matrix.view(), 100).unwrap_err().to_string();
    assert!(new(array![[1.0, 1.2], [1.2, 1.0]]).starts_with("the correlation of \"a\" and \"b\" is 1.2;"));
    assert!(new(array![[1.0, f64::NAN], [f64::NAN, 1.0]]).contains("NaN"));
    assert!(new(array![[1.0, 0.2], [0.3, 1.0]]).contains("0.2"));
    assert!(new(array![[2.0, 0.2], [0.2, 1.0]]).contains("\"a\" and \"a\""));
    assert_eq!(new(array![[1.0]]), "the correlation matrix has 1 columns, the model has 2 variables; give one column a variable");
}
