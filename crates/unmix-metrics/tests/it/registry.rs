//! Metrics by name, their JSON form, and the check against a claim.

use ndarray::Array2;
use std::{cmp::Ordering, collections::BTreeSet};
use unmix_core::{Class, Failure, Kind, Seed};
use unmix_metrics::{METRICS, Score, eval_codes, metric};

fn score(invariance: Class) -> Score {
    Score {
        value: 0.5,
        estimator: String::new(),
        variant: String::new(),
        n: 10,
        chance: 0.1,
        ceiling: 1.0,
        ci: Some((0.4, 0.6)),
        invariance,
        warnings: Vec::new(),
    }
}

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<&str> = METRICS.iter().map(|m| m.name).collect();
    assert_eq!(names.len(), METRICS.len());
    for name in names {
        assert_eq!(metric(name).unwrap().name, name);
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    }
    let error = metric("mcc-spearmann").unwrap_err();
    assert_eq!(error.to_string(), "there is no metric \"mcc-spearmann\"; the nearest name is \"mcc-spearman\"");
    assert_eq!(error.kind(), Kind::Usage);
    assert_eq!(metric("qqq").unwrap_err().to_string(), "there is no metric \"qqq\"");
}

#[test]
fn the_json_keys_are_those_of_the_command_line() {
    let json = serde_json::to_value(score(Class::PermutationScale)).unwrap();
    let keys: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["value", "estimator", "variant", "n", "chance", "ceiling", "ci", "invariance", "warnings"];
    assert_eq!(keys, expected.into_iter().collect());
    assert_eq!(json["ci"], serde_json::json!([0.4, 0.6]));
    assert_eq!(json["invariance"], "permutation-scale");
    assert_eq!(serde_json::from_value::<Score>(json).unwrap(), score(Class::PermutationScale));
}

#[test]
fn a_metric_that_sees_more_than_the_claim_warns() {
    for metric in Class::ALL {
        for claimed in Class::ALL {
            let warned = !score(metric).check_against_claim(claimed).warnings.is_empty();
            assert_eq!(
                warned,
                claimed != metric && claimed.partial_cmp(&metric) != Some(Ordering::Less),
                "metric {metric:?}, claim {claimed:?}"
            );
        }
    }
}

#[test]
fn every_number_is_finite_in_json() {
    let x = Array2::from_shape_fn((12, 2), |(i, j)| ((i * (5 + 2 * j)) % 12) as f64);
    let scores = eval_codes(x.view(), x.view(), &["a".to_owned(), "b".to_owned()], Seed(1)).unwrap();
    let json = serde_json::to_value(&scores).unwrap();
    for (name, score) in json.as_object().unwrap() {
        for key in ["value", "chance", "ceiling"] {
            assert!(score[key].is_number(), "{name}: {key} is {}", score[key]);
        }
    }
}
