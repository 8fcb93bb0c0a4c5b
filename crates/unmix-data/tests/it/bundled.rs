//! The bundled data are what their provenance says.

use std::collections::BTreeMap;
use unmix_core::{Environments, Failure, Input, Intervention, Kind, Observations};
use unmix_data::{ReadOptions, bundled, open_source};
use unmix_graph::Dag;

#[test]
fn sachs_has_its_published_conditions() {
    let table = bundled::sachs().unwrap();
    assert_eq!(table.observations.x().dim(), (7466, 11));
    assert!(table.observations.x().iter().all(|v| *v > 0.0));
    let environments = Environments::of(&table).unwrap();
    let sizes: BTreeMap<&str, usize> = environments.list().iter().map(|e| (e.label.as_str(), e.observations.rows())).collect();
    let expected = [
        ("akt_inhibitor", 911),
        ("b2camp", 707),
        ("g0076", 723),
        ("icam2", 902),
        ("ly294002", 848),
        ("observational", 853),
        ("pma", 913),
        ("psitectorigenin", 810),
        ("u0126", 799),
    ];
    assert_eq!(sizes, BTreeMap::from(expected));
    assert_eq!(environments.observational().unwrap().observations.rows(), 853);
    let of = |label: &str| environments.list().iter().find(|e| e.label == label).unwrap().intervention.clone();
    assert!(matches!(of("u0126"), Intervention::Target { name, .. } if name == "mek"));
    assert_eq!(of("icam2"), Intervention::Unknown);
}

#[test]
fn the_sachs_consensus_has_18_edges_and_a_cycle() {
    let graph = bundled::sachs_consensus().unwrap();
    assert_eq!(graph.nodes(), bundled::sachs().unwrap().observations.names());
    assert_eq!(graph.edges().len(), 18);
    let (raf, mek) = (graph.index("raf").unwrap(), graph.index("mek").unwrap());
    assert!(graph.edge(raf, mek).is_some() && graph.edge(mek, raf).is_none());
    assert!(Dag::try_from(graph).is_err());
}

#[test]
fn holzinger_and_digits() {
    let tests = bundled::holzinger().unwrap();
    assert_eq!(tests.observations.x().dim(), (301, 9));
    assert_eq!(tests.observations.names()[0], "x1");
    let labels = tests.labels.unwrap();
    assert_eq!(labels.iter().filter(|l| *l == "Pasteur").count(), 156);

    let digits = bundled::digits().unwrap();
    assert_eq!(digits.observations.x().dim(), (1797, 64));
    let (low, high) = digits.observations.x().iter().fold((1.0_f64, 0.0_f64), |(l, h), &v| (l.min(v), h.max(v)));
    assert!(low.abs() < f64::EPSILON && (high - 1.0).abs() < f64::EPSILON);
    assert_eq!(digits.labels.unwrap()[..3], ["0", "1", "2"]);
}

#[test]
fn names_stand_for_files_and_take_options() {
    let log = ReadOptions { log: true, exclude: vec!["jnk".into()], ..ReadOptions::default() };
    let table = open_source("sachs", &log).unwrap();
    assert_eq!(table.observations.columns(), 10);
    assert!((table.observations.x()[[0, 0]] - 26.4_f64.ln()).abs() < 1e-15);

    let schools = ReadOptions { environment: Some("school".into()), exclude: vec!["x9".into()], ..ReadOptions::default() };
    let table = open_source("holzinger", &schools).unwrap();
    assert_eq!(table.observations.columns(), 8);
    assert_eq!(Environments::of(&table).unwrap().list().len(), 2);
    assert!(table.labels.is_none());
    assert!(Observations::of(&table).is_ok());

    let standardized = ReadOptions { columns: Some(vec!["p33".into()]), standardize: true, ..ReadOptions::default() };
    assert!(open_source("digits", &standardized).unwrap().observations.means()[0].abs() < 1e-12);

    let error = bundled::by_name("mnist", &ReadOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "there is no bundled data set \"mnist\"; there are \"sachs\", \"holzinger\", \"digits\"");
    assert_eq!(error.kind(), Kind::Usage);
    for name in bundled::NAMES {
        assert!(bundled::by_name(name, &ReadOptions::default()).is_ok(), "{name}");
    }
}
