use rand::RngExt;
use std::collections::HashSet;
use unmix_core::{Kind, Run, Seed};

#[test]
fn streams_depend_on_seed_purpose_and_index_alone() {
    let draw = |seed: u64, purpose: &str, index: u64| -> u64 { Seed(seed).stream(purpose, index).random() };
    let first = draw(7, "noise", 0);
    assert_eq!(first, draw(7, "noise", 0));
    let mut all = HashSet::new();
    for seed in 0..20 {
        for purpose in ["noise", "order", "", "nois", "noise\0"] {
            for index in 0..20 {
                all.insert(draw(seed, purpose, index));
            }
        }
    }
    assert_eq!(all.len(), 20 * 5 * 20, "two streams begin alike");
    assert_ne!(Seed(1).child("a", 0), Seed(1).child("a", 1));
}

#[test]
fn no_threads_are_refused_with_a_remedy() {
    use unmix_core::Failure;
    let error = Run::new(0).with_threads(0).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert!(error.to_string().contains("--threads"), "{error}");
}
