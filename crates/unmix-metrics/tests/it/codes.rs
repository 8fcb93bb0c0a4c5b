//! MCC and R²: goldens of SciPy and scikit-learn, chance levels, intervals, bad input.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Axis, s};
use rand_distr::{Distribution, StandardNormal};
use serde::Deserialize;
use std::{collections::BTreeMap, fs};
use unmix_core::{DataError, Seed};
use unmix_metrics::{Codes, Correlation, MetricsError, Split, eval_codes, mcc, r2};

#[derive(Deserialize)]
struct Case {
    name: String,
    codes: Vec<Vec<f64>>,
    factors: Vec<Vec<f64>>,
    scores: BTreeMap<String, serde_json::Value>,
}

fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

fn names(d: usize) -> Vec<String> {
    (1..=d).map(|j| format!("f{j}")).collect()
}

fn gaussian(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut stream = Seed(seed).stream("test-gaussian", 0);
    Array2::from_shape_simple_fn((n, d), || StandardNormal.sample(&mut stream))
}

#[test]
fn values_equal_scipy_and_scikit_learn() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../goldens/metrics/codes.json");
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let (codes, factors) = (matrix(&case.codes), matrix(&case.factors));
        let names = names(factors.ncols());
        let scores = eval_codes(codes.view(), factors.view(), &names, Seed(3)).unwrap();
        let mut compared = 0;
        for (name, golden) in case.scores.iter().filter_map(|(name, value)| Some((name, value.as_f64()?))) {
            println!("{} {name}", case.name);
            assert_abs_diff_eq!(scores[name].value, golden, epsilon = 1e-10);
            compared += 1;
        }
        assert_eq!(compared, scores.len());
        let codes = Codes::new(codes.view(), factors.view(), &names).unwrap();
        let per_factor = r2::per_factor(&codes, Split::OutOfSample).unwrap();
        let golden: Vec<f64> = serde_json::from_value(case.scores["r2-per-factor"].clone()).unwrap();
        assert_abs_diff_eq!(per_factor.as_slice().unwrap(), golden.as_slice(), epsilon = 1e-10);
    }
}

#[test]
fn a_random_rotation_has_the_documented_baseline() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../goldens/metrics/chance.json");
    let golden: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (d, documented) in [(2, 0.900), (5, 0.730), (10, 0.593)] {
        let entry = &golden["rotation-mcc"][d.to_string()];
        let (mean, error) = (entry["mean"].as_f64().unwrap(), entry["standard_error"].as_f64().unwrap());
        // as many draws here as there: 5 standard errors of the difference
        let found = mcc::rotation_baseline(d, 10_000, Seed(1)).unwrap();
        assert_abs_diff_eq!(found, mean, epsilon = 5.0 * 2_f64.sqrt() * error);
        assert_abs_diff_eq!(found, documented, epsilon = 0.005);
    }
    // for two factors the assignment is max(|cos|, |sin|), whose mean over the circle is 2√2/π
    assert_abs_diff_eq!(mcc::rotation_baseline(2, 20_000, Seed(2)).unwrap(), 8_f64.sqrt() / std::f64::consts::PI, epsilon = 0.003);
}

#[test]
fn independent_codes_score_at_chance_on_average() {
    let names = names(3);
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    const SETS: u64 = 40;
    for set in 0..SETS {
        let (codes, factors) = (gaussian(60, 3, 2 * set), gaussian(60, 3, 2 * set + 1));
        for (name, score) in eval_codes(codes.view(), factors.view(), &names, Seed(set)).unwrap() {
            let (value, chance) = sums.entry(name).or_default();
            *value += score.value / SETS as f64;
            *chance += score.chance / SETS as f64;
        }
    }
    for (name, (value, chance)) in sums {
        // a single MCC or R² here has a standard deviation below 0.06, its mean over 40 sets one below 0.01
        assert!((value - chance).abs() < 0.03, "{name}: mean {value}, chance {chance}");
    }
}

#[test]
fn intervals_hold_the_population_value_and_shrink_with_n() {
    // code j = factor j + independent noise of the same variance: correlation √½
    let names = names(2);
    let width = |n: usize, seed: u64| {
        let factors = gaussian(n, 2, seed);
        let codes = &factors + &gaussian(n, 2, seed + 500);
        let codes = Codes::new(codes.view(), factors.view(), &names).unwrap();
        let (low, high) = mcc::mcc(&codes, Correlation::Pearson, Split::InSample, Seed(seed)).unwrap().ci.unwrap();
        (f64::from(u8::from((low..=high).contains(&0.5_f64.sqrt()))), high - low)
    };
    let (covered, small): (Vec<f64>, Vec<f64>) = (0..60).map(|seed| width(200, seed)).unzip();
    // at a true coverage of 0.95, fewer than 51 of 60 has a probability below 0.002
    assert!(covered.iter().sum::<f64>() >= 51.0, "{}", covered.iter().sum::<f64>());
    let (_, large) = width(3200, 7);
    let ratio = small.iter().sum::<f64>() / 60.0 / large;
    assert!((3.0..5.3).contains(&ratio), "16 times the rows should make the interval 4 times narrower, not {ratio}");
}

#[test]
fn a_random_rotation_of_white_factors_is_called_no_evidence() {
    let factors = gaussian(500, 2, 4);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let rotated = factors.dot(&ndarray::array![[half, -half], [half, half]]);
    let names = names(2);
    let codes = Codes::new(rotated.view(), factors.view(), &names).unwrap();
    let score = mcc::mcc(&codes, Correlation::Pearson, Split::InSample, Seed(1)).unwrap();
    assert!(score.warnings.iter().any(|w| w.contains("random rotation")), "{:?}", score.warnings);
    let same = Codes::new(factors.view(), factors.view(), &names).unwrap();
    assert!(mcc::mcc(&same, Correlation::Pearson, Split::InSample, Seed(1)).unwrap().warnings.is_empty());
}

#[test]
fn unmatched_and_constant_columns_are_named() {
    let factors = gaussian(50, 3, 1);
    let mut codes = Array2::zeros((50, 4));
    codes.slice_mut(s![.., 1..]).assign(&factors);
    let names = names(3);
    let scores = eval_codes(codes.view(), factors.view(), &names, Seed(1)).unwrap();
    let text = scores["mcc"].warnings.join("\n");
    assert!(text.contains("constant: z1") && text.contains("without the codes z1"), "{text}");
    assert_abs_diff_eq!(scores["mcc"].value, 1.0, epsilon = 1e-12);
    assert_abs_diff_eq!(scores["r2"].value, 1.0, epsilon = 1e-12);

    let few = eval_codes(factors.slice(s![.., ..2]), factors.view(), &names, Seed(1)).unwrap();
    assert!(few["mcc"].warnings[0].contains("without the factors f3"), "{:?}", few["mcc"].warnings);
    let all_constant = eval_codes(Array2::zeros((50, 2)).view(), factors.view(), &names, Seed(1)).unwrap();
    assert_eq!(all_constant["mcc"].value, 0.0);
    assert!(all_constant["r2"].value <= 0.0);
}

#[test]
fn collinear_and_repeated_codes_are_no_error() {
    let factors = gaussian(60, 2, 1);
    let doubled = ndarray::concatenate![Axis(1), factors, factors, factors.sum_axis(Axis(1)).insert_axis(Axis(1))];
    let scores = eval_codes(doubled.view(), factors.view(), &names(2), Seed(1)).unwrap();
    for name in ["r2", "r2-adjusted", "mcc"] {
        assert_abs_diff_eq!(scores[name].value, 1.0, epsilon = 1e-9);
    }
}

#[test]
fn threads_and_calls_change_no_bit() {
    let (codes, factors) = (gaussian(300, 4, 1), gaussian(300, 3, 2));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&eval_codes(codes.view(), factors.view(), &names(3), Seed(9)).unwrap()).unwrap())
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(2), on(3));
}

#[test]
fn bad_tables_are_refused_by_name() {
    let good = gaussian(20, 2, 1);
    let names = names(2);
    let refuse = |codes: &Array2<f64>, factors: &Array2<f64>| Codes::new(codes.view(), factors.view(), &names).unwrap_err();
    assert_eq!(refuse(&gaussian(19, 2, 1), &good), MetricsError::RowCount { estimate: 19, truth: 20 });
    assert!(matches!(refuse(&gaussian(9, 2, 1), &gaussian(9, 2, 2)), MetricsError::Data(DataError::TooFewRows { needed: 10, .. })));
    let mut broken = good.clone();
    broken[[3, 1]] = f64::NAN;
    assert!(refuse(&broken, &good).to_string().starts_with("column \"z2\", row 4: the value is NaN"));
    assert!(refuse(&good, &broken).to_string().starts_with("column \"f2\", row 4: the value is NaN"));
    let mut constant = good.clone();
    constant.column_mut(0).fill(2.5);
    assert!(refuse(&good, &constant).to_string().starts_with("column \"f1\" is constant (2.5"));
    assert!(matches!(refuse(&good, &gaussian(20, 3, 1)), MetricsError::Data(DataError::NameCount { columns: 3, names: 2 })));
}
