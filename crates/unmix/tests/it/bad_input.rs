//! Bad input: a message that names place and remedy, the documented status, no panic, nothing left behind.

use crate::command::Place;

/// Runs `line` and checks status and message, and that no run directory, whole or partial, was left.
fn check(place: &Place, line: &str, status: i32, parts: &[&str]) {
    let said = place.run(line);
    assert_eq!(said.status, status, "`unmix {line}`: {}", said.err);
    assert!(said.err.starts_with("error: "), "`unmix {line}`: {}", said.err);
    assert!(!said.err.contains("panicked"), "`unmix {line}`: {}", said.err);
    for part in parts {
        assert!(said.err.contains(part), "`unmix {line}` does not say \"{part}\": {}", said.err);
    }
    let left: Vec<_> = std::fs::read_dir(place.path(".")).unwrap().map(|e| e.unwrap().file_name()).collect();
    let runs: Vec<_> =
        left.iter().filter(|name| !name.to_string_lossy().contains('.') || name.to_string_lossy().ends_with("partial")).collect();
    assert!(runs.is_empty(), "`unmix {line}` left {runs:?}");
}

#[test]
fn tables_that_no_method_can_fit() {
    let place = Place::new();
    place.write("nan.csv", "a,b\n1,2\n3,NaN\n5,6\n");
    place.write("infinite.csv", "a,b\n1,2\n3,inf\n5,6\n");
    place.write("constant.csv", "a,b\n1,2\n3,2\n5,2\n7,2\n");
    place.write("repeated.csv", "a,b\n1,1\n3,3\n5,5\n7.5,7.5\n");
    place.write("collinear.csv", "a,b,c\n1,2,3\n3,1,4\n5,0,5\n7,-2,5\n2,9,11\n8,8,16\n");
    place.write("short.csv", "a,b,c\n1,2,4\n2,1,3\n");
    place.write("ragged.csv", "a,b\n1,2\n3\n");
    place.write("empty.csv", "");
    place.write("header.csv", "a,b\n");
    place.write("text.csv", "a,b\n1,2\n3,four\n");
    check(&place, "fit fastica nan.csv", 3, &["\"b\"", "--missing"]);
    check(&place, "fit fastica infinite.csv", 3, &["\"b\"", "inf"]);
    check(&place, "fit fastica constant.csv", 3, &["\"b\"", "--exclude b"]);
    check(&place, "fit fastica repeated.csv", 3, &["\"b\"", "\"a\"", "--exclude b"]);
    check(&place, "fit fastica collinear.csv", 3, &["linear combination", "--exclude"]);
    check(&place, "fit factor-analysis collinear.csv --set components=1", 3, &[]);
    check(&place, "fit fastica short.csv", 3, &["2 rows"]);
    check(&place, "fit fastica ragged.csv", 3, &["line 3"]);
    check(&place, "fit fastica empty.csv", 3, &["empty"]);
    check(&place, "fit fastica header.csv", 3, &["no rows"]);
    check(&place, "fit fastica text.csv", 3, &["\"b\"", "four"]);
}

#[test]
fn files_that_are_not_what_they_seem() {
    let place = Place::new();
    place.write("a.npy", "not a NumPy file");
    place.write("b.npy", b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, 'shape': (9, 3), }            \n\0\0");
    place.write("c.idx", [0, 0, 9, 9, 0, 0]);
    place.write("d.xls", "x");
    check(&place, "fit pca a.npy", 6, &["a.npy"]);
    check(&place, "fit pca b.npy", 6, &["truncated"]);
    check(&place, "fit pca c.idx", 6, &["c.idx"]);
    check(&place, "fit pca d.xls", 6, &[".csv"]);
    check(&place, "fit pca absent.csv", 6, &["absent.csv"]);
    check(&place, "transform nowhere sachs", 6, &["nowhere"]);
    check(&place, "resume nowhere", 6, &["nowhere"]);
}

#[test]
fn names_and_keys_that_do_not_exist() {
    let place = Place::new();
    place.write("t.csv", "a,b\n1,2\n3,1\n5,6\n4,4\n");
    place.write("bad.toml", "components = [");
    check(&place, "fit fastik t.csv", 2, &["fastica"]);
    check(&place, "fit fastica t.csv --set tolerence=1", 2, &["tolerance"]);
    check(&place, "fit fastica t.csv --set tolerance=nan", 2, &["tolerance", "NaN"]);
    check(&place, "fit fastica t.csv --set tolerance=small", 2, &["invalid type"]);
    check(&place, "fit fastica t.csv --set components", 2, &["KEY=VALUE"]);
    check(&place, "fit fastica t.csv --config bad.toml", 2, &["bad.toml"]);
    check(&place, "fit fastica t.csv --environment-column batch", 2, &["batch"]);
    check(&place, "fit fastica t.csv --columns a,bb", 2, &["bb"]);
    check(&place, "fit fastica t.csv --threads 0", 2, &["--threads"]);
    check(&place, "fit vae t.csv --device wpgu", 2, &["wgpu"]);
    check(&place, "eval codes --estimate t.csv --truth t.csv --metric mmc", 2, &["mcc"]);
    check(&place, "eval codes --estimate t.csv --truth t.csv --metric shd", 2, &["eval graph"]);
    check(&place, "simulate icca", 2, &["ica"]);
    check(&place, "fit fastica t.csv --log --columns a --exclude a", 2, &[]);
}

#[test]
fn a_device_that_is_not_there_and_pixels_that_no_coin_can_have() {
    let place = Place::new();
    place.write("p.csv", "a,b\n0,0.5\n1,0.2\n0.3,1.7\n0,0\n");
    check(&place, "fit vae p.csv --set likelihood=bernoulli", 3, &["\"b\"", "row 3", "1.7", "gaussian"]);
    if !cfg!(feature = "wgpu") {
        check(&place, "fit vae p.csv --device wgpu", 7, &["wgpu"]);
    }
}

#[test]
fn usage_errors_of_the_parser_have_status_two() {
    let place = Place::new();
    assert_eq!(place.run("fit").status, 2);
    assert_eq!(place.run("fitt pca x.csv").status, 2);
    assert!(place.run("fitt pca x.csv").err.contains("fit"));
}

#[test]
fn an_existing_run_is_kept_unless_replaced_on_purpose() {
    let place = Place::new();
    place.ok("fit pca holzinger --out run --quiet");
    let before = place.files("run");
    let said = place.run("fit pca holzinger --set components=2 --out run");
    assert_eq!((said.status, said.err.contains("--force")), (2, true), "{}", said.err);
    assert_eq!(place.files("run"), before);
    assert!(!place.path("run.partial").exists());
    place.ok("fit pca holzinger --set components=2 --out run --force --quiet");
    assert_ne!(place.files("run"), before);
    // a fit that fails under --force leaves what was there
    let kept = place.files("run");
    assert_eq!(place.run("fit pca holzinger --set components=20 --out run --force").status, 3);
    assert_eq!(place.files("run"), kept);
}
