use ndarray::{Array2, array};
use unmix_core::{DataError, Environments, Failure, Incomplete, Input, Intervention, InterventionKind, Kind, Observations, Rows, Table};

#[test]
fn every_defect_of_a_table_is_named() {
    let names = ["raf", "mek"];
    let error = |x: Array2<f64>| Observations::new(x, names).unwrap_err();
    assert_eq!(error(Array2::zeros((0, 2))), DataError::Empty { rows: 0, columns: 2 });
    assert_eq!(error(Array2::zeros((1, 3))), DataError::NameCount { columns: 3, names: 2 });
    let infinite = error(array![[1.0, 2.0], [3.0, f64::INFINITY]]);
    assert_eq!(infinite, DataError::NonFinite { column: "mek".into(), row: 2, value: f64::INFINITY });
    assert_eq!(infinite.kind(), Kind::Data);
    let twice = Observations::new(array![[1.0, 2.0]], ["a", "a"]).unwrap_err();
    assert_eq!(twice, DataError::DuplicateName { name: "a".into() });
}

#[test]
fn constant_and_repeated_columns_are_named() {
    let constant = Observations::new(array![[1.0, 5.0], [2.0, 5.0]], ["a", "b"]).unwrap();
    assert_eq!(constant.require_varying(), Err(DataError::Constant { column: "b".into(), value: 5.0 }));
    assert!(constant.standardized().is_err());
    let repeated = Observations::new(array![[1.0, 1.0], [2.0, 2.0]], ["a", "b"]).unwrap();
    assert_eq!(repeated.require_distinct(), Err(DataError::DuplicateColumn { column: "b".into(), of: "a".into() }));
    let fine = Observations::new(array![[1.0, 1.0], [2.0, 1.0 + f64::EPSILON]], ["a", "b"]).unwrap();
    assert_eq!((fine.require_varying(), fine.require_distinct()), (Ok(()), Ok(())));
}

#[test]
fn a_logarithm_of_zero_is_an_error_and_not_an_infinity() {
    let counts = Observations::new(array![[1.0], [0.0]], ["reads"]).unwrap();
    assert!(matches!(counts.map(f64::ln), Err(DataError::NonFinite { row: 2, .. })));
}

#[test]
fn rows_are_selected_with_repetition_and_checked() {
    let x = Observations::unnamed(array![[1.0], [2.0], [3.0]]).unwrap();
    assert_eq!(x.select(&[2, 2, 0]).unwrap().x(), array![[3.0], [3.0], [1.0]]);
    assert_eq!(x.select(&[3]).unwrap_err(), DataError::NoSuchRow { row: 4, rows: 3 });
    assert!(x.select(&[]).is_err());
    let mut block = Array2::zeros((2, 1));
    x.read(1..3, block.view_mut()).unwrap();
    assert_eq!(block, array![[2.0], [3.0]]);
    assert!(x.read(2..4, block.view_mut()).is_err());
}

fn conditions() -> Table {
    let mut table = Table::from(Observations::unnamed(array![[1.0], [2.0], [3.0], [4.0]]).unwrap());
    table.environment = Some(["obs", "inhibitor", "obs", "general"].map(String::from).to_vec());
    table.target = Some(vec![None, Some("mek".into()), None, None]);
    table.observational = Some("obs".into());
    table
}

#[test]
fn a_table_splits_into_environments_with_what_is_known_of_each() {
    let environments = Environments::of(&conditions()).unwrap();
    let seen: Vec<_> = environments.list().iter().map(|e| (e.label.as_str(), e.observations.rows(), &e.intervention)).collect();
    let mek = Intervention::Target { name: "mek".into(), kind: InterventionKind::Unknown };
    assert_eq!(seen, [("obs", 2, &Intervention::None), ("inhibitor", 1, &mek), ("general", 1, &Intervention::Unknown)]);
    assert_eq!(environments.observational().unwrap().label, "obs");
}

#[test]
fn missing_values_reach_only_what_asks_for_them() {
    let incomplete = Incomplete::unnamed(array![[1.0, 10.0], [f64::NAN, 30.0], [5.0, f64::NAN]]).unwrap();
    assert_eq!((incomplete.means(), incomplete.standard_deviations()), (array![3.0, 20.0], array![2.0, 10.0]));
    let mut table = Table::try_from(incomplete).unwrap();
    assert_eq!(table.observations.x(), array![[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]]);
    table.environment = Some(["a", "a", "b"].map(String::from).to_vec());
    for error in [Observations::of(&table).map(|_| ()), Environments::of(&table).map(|_| ())] {
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains("--missing drop|mean")), (Kind::Usage, true));
    }
    assert_eq!(Incomplete::of(&table).unwrap().missing(), 2);

    assert_eq!(table.standardize().unwrap(), (array![3.0, 20.0], array![2.0, 10.0]));
    assert_eq!(table.observations.x(), array![[-1.0, -1.0], [0.0, 1.0], [1.0, 0.0]]);
    assert_eq!(table.x().mapv(|v| if v.is_nan() { 9.0 } else { v }), array![[-1.0, -1.0], [9.0, 1.0], [1.0, 9.0]]);

    let whole = Table::try_from(Incomplete::unnamed(array![[1.0], [2.0]]).unwrap()).unwrap();
    assert!(whole.incomplete.is_none() && Observations::of(&whole).is_ok());
    assert_eq!(Incomplete::of(&whole).unwrap().missing(), 0);
}

#[test]
fn what_a_table_lacks_is_asked_for_by_its_flag() {
    let plain = Table::from(Observations::unnamed(array![[1.0]]).unwrap());
    let error = Environments::of(&plain).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("--environment-column")), (Kind::Usage, true));
    let mut table = conditions();
    table.observational = Some("control".into());
    let error = Environments::of(&table).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no row belongs to the observational environment \"control\"; the environments are \"obs\", \"inhibitor\", \"general\""
    );
}
