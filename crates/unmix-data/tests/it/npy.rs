//! NPY and NPZ files as NumPy writes them (`goldens/npy`), and damaged ones.

use ndarray::{Array2, array, s};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use unmix_core::{Failure, Fault, Kind, Observations, Rows};
use unmix_data::{FileError, NpyRows, ReadOptions, npy_bytes, npz_bytes, read_npy, read_npz, read_table};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens/npy").join(name)
}

fn expected() -> BTreeMap<String, serde_json::Value> {
    serde_json::from_str(&fs::read_to_string(golden("expected.json")).unwrap()).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn arrays_of_every_type_and_order() {
    let mut seen = 0;
    for (name, value) in expected().iter().filter(|(name, _)| *name != "table.npz") {
        let x = read_npy(&golden(name)).unwrap();
        let shape: Vec<usize> = numbers(&value["shape"]).iter().map(|&v| v as usize).collect();
        assert_eq!([x.nrows(), x.ncols()].as_slice(), shape, "{name}");
        assert_eq!(x.iter().copied().collect::<Vec<_>>(), numbers(&value["values"]), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 15);
}

#[test]
fn elements_that_are_no_real_numbers_are_refused() {
    for (name, found) in [("complex.npy", "<c16"), ("object.npy", "|O"), ("structure.npy", "a structure")] {
        let error = read_npy(&golden(name)).unwrap_err();
        assert!(matches!(&error, FileError::ElementType { found: f, .. } if f == found), "{name}: {error}");
        assert_eq!(error.kind(), Kind::Format);
    }
}

#[test]
fn a_table_from_npy_has_numbered_columns() {
    let options = ReadOptions { exclude: vec!["x2".into()], ..ReadOptions::default() };
    let table = read_table(&golden("f8_c.npy"), &options).unwrap();
    assert_eq!(table.observations.names(), ["x1", "x3"]);
    let by_number = ReadOptions { environment: Some("x1".into()), ..ReadOptions::default() };
    assert_eq!(read_table(&golden("bool_c.npy"), &by_number).unwrap().environment.unwrap().len(), 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    fs::write(&path, npy_bytes(array![[1.0], [f64::NAN]].view())).unwrap();
    let error = read_table(&path, &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("column \"x1\", row 2: the value is missing"), "{error}");
}

#[test]
fn archives() {
    let expected = &expected()["table.npz"];
    for name in ["table.npz", "table_compressed.npz"] {
        let table = read_table(&golden(name), &ReadOptions::default()).unwrap();
        assert_eq!(table.observations.x().iter().copied().collect::<Vec<_>>(), numbers(&expected["x"]));
        assert_eq!(table.observations.names(), ["raf", "mek", "erk"]);
        assert_eq!(table.environment.unwrap(), ["none", "pma", "none", "pma"]);
        assert_eq!(table.target.unwrap()[..2], [None, Some("raf".to_owned())]);
        assert_eq!(table.auxiliary.unwrap(), array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]);
        assert_eq!(serde_json::json!(table.labels.unwrap()), expected["labels"]);
        assert_eq!(table.factors.unwrap().iter().copied().collect::<Vec<_>>(), numbers(&expected["z"]));
    }
    let numbered = read_npz(&golden("numbered_env.npz"), &ReadOptions::default()).unwrap();
    assert_eq!(numbered.environment.unwrap(), ["0", "0", "1", "1"]);
    assert_eq!(numbered.observations.names(), ["x1", "x2", "x3"]);
}

#[test]
fn archives_that_lack_something() {
    let message = |name: &str| read_npz(&golden(name), &ReadOptions::default()).unwrap_err().to_string();
    assert!(message("without_x.npz").ends_with("without_x.npz: there is no array \"x\" in it; there are \"y\""));
    assert!(message("short_env.npz").ends_with("env: it has 2 entries for 4 rows"));
    assert!(message("f8_c.npy").contains("does not begin as NPZ"));
    assert!(matches!(read_npz(&golden("absent.npz"), &ReadOptions::default()), Err(FileError::Io { .. })));
}

#[test]
fn damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let good = fs::read(golden("f8_c.npy")).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        (read_npy(&path).unwrap_err(), NpyRows::open(&path).unwrap_err())
    };
    for bytes in [&b"PK\x03\x04"[..], b"", b"a,b\n1,2\n"] {
        let errors = refused(bytes);
        assert!(matches!(errors, (FileError::Magic { .. }, FileError::Magic { .. })), "{errors:?}");
    }
    let errors = refused(&good[..good.len() - 9]);
    let is = |e: &FileError| matches!(e, FileError::Truncated { expected: 96, found: 87, .. });
    assert!(is(&errors.0) && is(&errors.1), "{errors:?}");
    assert!(errors.0.to_string().ends_with("its header promises 96 bytes of data, 87 are there"));
    let errors = refused(&[&good[..], b"x"].concat());
    assert!(matches!(errors, (FileError::TrailingBytes { expected: 96, .. }, FileError::TrailingBytes { .. })), "{errors:?}");
    let errors = refused(&good[..40]);
    assert!(matches!(errors, (FileError::Header { .. }, FileError::Header { .. })), "{errors:?}");

    // a header may promise anything: no memory is taken for it
    let mut huge = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    huge.extend(format!("{:<117}\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 1000000)}").bytes());
    assert!(matches!(refused(&huge).0, FileError::Truncated { found: 0, .. }));
    let too_large = String::from_utf8_lossy(&huge[10..]).replace("1000000)", "99999999999)");
    let too_large = [&huge[..10], &too_large.as_bytes()[..118]].concat();
    assert!(matches!(refused(&too_large).0, FileError::Header { .. }));
}

#[test]
fn rows_by_position() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let x = Array2::from_shape_fn((50, 3), |(i, j)| i as f64 + j as f64 / 10.0);
    fs::write(&path, npy_bytes(x.view())).unwrap();
    let rows = NpyRows::open(&path).unwrap().with_names(vec!["a".into(), "b".into(), "c".into()]).unwrap();
    let memory = Observations::new(x.clone(), ["a", "b", "c"]).unwrap();
    assert_eq!((rows.shape(), rows.names()), ((50, 3), memory.names()));
    for range in [0..50, 7..8, 20..20, 48..50] {
        let mut from_file = Array2::zeros((range.len(), 3));
        rows.read(range.clone(), from_file.view_mut()).unwrap();
        assert_eq!(from_file, x.slice(s![range, ..]));
    }
    // refused as rows in memory are
    let message = |source: &dyn Rows, range, n| source.read(range, Array2::zeros((n, 3)).view_mut()).unwrap_err().to_string();
    assert_eq!(message(&rows, 49..51, 2), message(&memory, 49..51, 2));
    assert_eq!(message(&rows, 0..3, 2), message(&memory, 0..3, 2));

    let mut bad = x;
    bad[[30, 1]] = f64::INFINITY;
    fs::write(&path, npy_bytes(bad.view())).unwrap();
    let rows = NpyRows::open(&path).unwrap();
    let mut out = Array2::zeros((10, 3));
    rows.read(20..30, out.view_mut()).unwrap();
    let fault: Fault = rows.read(25..35, out.view_mut()).unwrap_err();
    assert!(fault.to_string().starts_with("column \"x2\", row 31: the value is inf"), "{fault}");
    assert_eq!(fault.kind(), Kind::Data);
}

#[test]
fn rows_of_other_arrays_are_refused() {
    let f4 = NpyRows::open(&golden("f4_c.npy")).unwrap();
    let mut out = Array2::zeros((4, 3));
    f4.read(0..4, out.view_mut()).unwrap();
    assert_eq!(out, read_npy(&golden("f4_c.npy")).unwrap());
    assert!(matches!(NpyRows::open(&golden("f8_fortran.npy")), Err(FileError::ElementType { .. })));
    assert!(matches!(NpyRows::open(&golden("vector.npy")), Err(FileError::Axes { .. })));
    assert!(f4.with_names(vec!["a".into()]).is_err());
}

#[test]
fn archives_round_trip_and_carry_no_clock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let (x, z) = (array![[1.0, 2.0], [3.0, 4.0]], array![[5.0], [6.0]]);
    let bytes = npz_bytes(&[("x", x.t()), ("z", z.view())]).unwrap();
    assert_eq!(bytes, npz_bytes(&[("x", x.t()), ("z", z.view())]).unwrap());
    fs::write(&path, bytes).unwrap();
    let table = read_npz(&path, &ReadOptions::default()).unwrap();
    assert_eq!(table.observations.x(), x.t());
    assert_eq!(table.factors.unwrap(), z);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..40), at in 0_usize..160) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut file = fs::read(golden("f8_c.npy")).unwrap();
        let end = (at + bytes.len()).min(file.len());
        let start = at.min(end);
        bytes.truncate(end - start);
        file[start..end].copy_from_slice(&bytes);
        fs::write(&path, &file).unwrap();
        let _ = read_npy(&path);
        let _ = NpyRows::open(&path);
    }
}
