//! The rules that every method obeys; among them equal bytes with 1 and 2 threads.

use unmix_causal::METHODS;
use unmix_core::{Method, Seed};
use unmix_data::simulate::{LingamParams, lingam};
use unmix_testkit::Conformance;

#[test]
fn ica_lingam_obeys_the_rules() {
    let params = LingamParams { variables: 4, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    Conformance::of(method("ica-lingam"), table).with("bootstrap = 12").linear(1e-9).assert();
}

#[test]
fn direct_lingam_obeys_the_rules() {
    let params = LingamParams { variables: 4, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    Conformance::of(method("direct-lingam"), table).with("bootstrap = 12").linear(1e-9).assert();
}

#[test]
fn continuous_methods_obey_the_rules() {
    let params = LingamParams { variables: 4, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    for name in ["notears", "dagma"] {
        Conformance::of(method(name), table.clone()).assert();
    }
}

fn method(name: &str) -> &'static Method {
    METHODS.iter().find(|method| method.name == name).unwrap()
}

#[test]
fn pc_obeys_the_rules() {
    let params = LingamParams { variables: 5, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    Conformance::of(method("pc"), table).with("bootstrap = 12\n[knowledge]\nforbidden = [['x1', 'x2']]").assert();
}

#[test]
fn ges_obeys_the_rules() {
    let params = LingamParams { variables: 5, samples: 400, ..LingamParams::default() };
    let table = lingam(&params, Seed(2)).unwrap().observations;
    Conformance::of(method("ges"), table).assert();
}
