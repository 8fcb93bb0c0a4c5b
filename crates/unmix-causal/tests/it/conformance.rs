//! The rules that every method obeys; among them equal bytes with 1 and 2 threads.

use unmix_causal::METHODS;
use unmix_core::Seed;
use unmix_data::simulate::{LingamParams, lingam};
use unmix_testkit::Conformance;

#[test]
fn ica_lingam_obeys_the_rules() {
    let params = LingamParams { variables: 4, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    Conformance::of(&METHODS[0], table).with("bootstrap = 12").linear(1e-9).assert();
}

#[test]
fn pc_obeys_the_rules() {
    let params = LingamParams { variables: 5, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    Conformance::of(&METHODS[1], table).with("bootstrap = 12\n[knowledge]\nforbidden = [['x1', 'x2']]").assert();
}

#[test]
fn ges_obeys_the_rules() {
    let params = LingamParams { variables: 5, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    assert_eq!(METHODS.len(), 3);
    Conformance::of(&METHODS[2], table).assert();
}
