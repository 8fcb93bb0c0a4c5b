//! Text tables: what is read, what is refused and in which words, and that writing round-trips.

use flate2::{Compression, write::GzEncoder};
use ndarray::{Array2, array};
use proptest::prelude::*;
use std::{io::Write, path::Path};
use unmix_core::{Failure, Kind, Table};
use unmix_data::{FileError, Missing, Place, ReadOptions, csv_bytes, read_csv, read_table, write_csv, write_named_rows};

fn read(text: &str, options: &ReadOptions) -> Result<Table, FileError> {
    read_csv(text.as_bytes(), Path::new("t.csv"), options)
}

/// The refusal of `text`, as a user sees it, and its exit status.
fn refusal(text: &str, options: &ReadOptions) -> (String, Kind) {
    let error = read(text, options).unwrap_err();
    (error.to_string(), error.kind())
}

fn options() -> ReadOptions {
    ReadOptions::default()
}

#[test]
fn roles_are_kept_apart() {
    let text = "id,a,b,env,t,u\nr1,1,2,none,,7\nr2, 3 ,4e-1,pma,a,8\n";
    let options = ReadOptions {
        label: Some("id".into()),
        environment: Some("env".into()),
        target: Some("t".into()),
        observational: Some("none".into()),
        auxiliary: vec!["u".into()],
        ..options()
    };
    let table = read(text, &options).unwrap();
    assert_eq!(table.observations.names(), ["a", "b"]);
    assert_eq!(table.observations.x(), array![[1.0, 2.0], [3.0, 0.4]]);
    assert_eq!(table.labels.unwrap(), ["r1", "r2"]);
    assert_eq!(table.environment.unwrap(), ["none", "pma"]);
    assert_eq!(table.target.unwrap(), [None, Some("a".to_owned())]);
    assert_eq!(table.auxiliary.unwrap(), array![[7.0], [8.0]]);
    assert_eq!(table.observational.as_deref(), Some("none"));
}

#[test]
fn columns_come_in_the_order_asked() {
    let chosen = ReadOptions { columns: Some(vec!["c".into(), "a".into()]), ..options() };
    let table = read("a,b,c\n1,x,3\n4,y,6\n", &chosen).unwrap();
    assert_eq!(table.observations.names(), ["c", "a"]);
    assert_eq!(table.observations.x(), array![[3.0, 1.0], [6.0, 4.0]]);
    let without = ReadOptions { exclude: vec!["b".into()], ..options() };
    assert_eq!(read("a,b,c\n1,x,3\n", &without).unwrap().observations.names(), ["a", "c"]);
}

#[test]
fn separators_quotes_and_marks() {
    let expected = array![[1.0, 2.0]];
    for text in ["a,b\n1,2\n", "a;b\n1;2\n", "a\tb\n1\t2\n", "\u{feff}a,b\r\n1,2\r\n", "\"a\",b\n\"1\",2", "a,b\n\n1,2\n\n"] {
        let table = read(text, &options()).unwrap();
        assert_eq!(table.observations.names(), ["a", "b"], "{text:?}");
        assert_eq!(table.observations.x(), expected, "{text:?}");
    }
    let tabs = read_csv("a,b\tc\n1\t2\n".as_bytes(), Path::new("t.tsv"), &options()).unwrap();
    assert_eq!(tabs.observations.names(), ["a,b", "c"]);
}

#[test]
fn numbered_columns_are_a_header_and_data_are_not() {
    assert_eq!(read("0,1,2\n5,6,7\n", &options()).unwrap().observations.names(), ["0", "1", "2"]);
    let (message, kind) = refusal("5.1,3.5\n4.9,3.0\n", &options());
    assert_eq!(message, "t.csv: the first line holds numbers (\"5.1\", …), not column names; add a header line");
    assert_eq!(kind, Kind::Format);
}

#[test]
fn missing_values_by_choice() {
    let text = "a,b,l\n1,2,p\n,4,q\n3,NA,r\n5,6,s\n";
    let label = ReadOptions { label: Some("l".into()), ..options() };
    assert_eq!(
        refusal(text, &label).0,
        "column \"a\", line 3: the value is missing; drop such rows, fill them in, or leave them to a method that can deal with them (--missing drop|mean|model)"
    );

    let dropped = read(text, &ReadOptions { missing: Missing::Drop, ..label.clone() }).unwrap();
    assert_eq!(dropped.observations.x(), array![[1.0, 2.0], [5.0, 6.0]]);
    assert_eq!(dropped.labels.unwrap(), ["p", "s"]);

    let filled = read(text, &ReadOptions { missing: Missing::Mean, ..label }).unwrap();
    assert_eq!(filled.observations.x(), array![[1.0, 2.0], [3.0, 4.0], [3.0, 4.0], [5.0, 6.0]]);

    for marker in ["", "NA", "NaN", "nan", "NULL", "?", "."] {
        let error = read(&format!("a,b\n1,1\n{marker},2\n"), &options()).unwrap_err();
        assert!(matches!(error, FileError::MissingValue { at: Place::Line(3), .. }), "{marker}: {error}");
    }
    let (message, kind) = refusal("a,b\n,1\n2,\n", &ReadOptions { missing: Missing::Drop, ..options() });
    assert!(message.starts_with("each of the 2 rows has a missing value"), "{message}");
    assert_eq!(kind, Kind::Data);
    let (message, _) = refusal("a,b\n,1\n,2\n", &ReadOptions { missing: Missing::Mean, ..options() });
    assert_eq!(message, "column \"a\" holds no value; leave it out (--exclude a)");
    let environment = ReadOptions { environment: Some("b".into()), ..options() };
    assert_eq!(refusal("a,b\n1,x\n2,\n", &environment).0, "column \"b\", line 3: the value is missing; every row needs its environment");
}

#[test]
fn missing_values_left_to_the_method() {
    let model = ReadOptions { missing: Missing::Model, ..options() };
    let bits = |x: ndarray::ArrayView2<'_, f64>| x.mapv(|v| if v.is_nan() { -1.0 } else { v });
    let table = read("a,b\n1,2\n,4\n3,NA\n5,6\n", &model).unwrap();
    assert_eq!(bits(table.x()), array![[1.0, 2.0], [-1.0, 4.0], [3.0, -1.0], [5.0, 6.0]]);
    assert_eq!(table.observations.x(), array![[1.0, 2.0], [3.0, 4.0], [3.0, 4.0], [5.0, 6.0]]);

    // logarithms and scales are of the values that are there
    let prepared = ReadOptions { log: true, standardize: true, ..model.clone() };
    let table = read("a,b\n1,1\n?,2\n2.718281828459045,3\n7.38905609893065,\n", &prepared).unwrap();
    let half = (1.5_f64).sqrt();
    approx::assert_abs_diff_eq!(bits(table.x()).column(0), array![-half, -1.0, 0.0, half].view(), epsilon = 1e-14);
    assert!(table.observations.x()[[1, 0]].abs() < 1e-14);

    // nothing is missing here
    assert!(read("a\n1\n2\n", &model).unwrap().incomplete.is_none());
    let (message, kind) = refusal("a,b\n1,2\n,\n", &model);
    assert_eq!((message.as_str(), kind), ("row 2 has no value in any column; delete it, it says nothing about any of them", Kind::Data));
    assert!(refusal("a,b\n1,\n2,\n", &model).0.contains("\"b\""));
    let (message, _) = refusal("a,u\n1,1\n2,\n", &ReadOptions { auxiliary: vec!["u".into()], ..model });
    assert!(message.starts_with("column \"u\", line 3: the value is missing; auxiliary variables are needed whole"), "{message}");
}

#[test]
fn lines_are_those_that_an_editor_shows() {
    for text in ["a,b\n1,2\n,3\n", "a,b\r\n1,2\r\n,3\r\n", "a,b\n1,2\n,3"] {
        assert!(refusal(text, &options()).0.contains("line 3"), "{text:?}");
    }
    for text in ["a,b\r\n\r\n1,2\r\n,3\r\n", "a,b\n\n1,2\n,3\n", "a,\"b\nb\"\n1,2\n,3\n"] {
        assert!(refusal(text, &options()).0.contains("line 4"), "{text:?}");
    }
    assert!(refusal("a,b\r\n1,2\r\n1,2,3\r\n", &options()).0.contains("line 3"));
}

#[test]
fn logarithms_and_scales() {
    let both = ReadOptions { log: true, standardize: true, ..options() };
    let table = read("a\n1\n2.718281828459045\n7.38905609893065\n", &both).unwrap();
    let half = (1.5_f64).sqrt();
    approx::assert_abs_diff_eq!(table.observations.x(), array![[-half], [0.0], [half]].view(), epsilon = 1e-14);
    let (message, kind) = refusal("a,b\n1,1\n2,-0.5\n", &ReadOptions { log: true, ..options() });
    assert_eq!(message, "column \"b\", line 3: -0.5 has no logarithm; leave the column out (--exclude b) or drop --log");
    assert_eq!(kind, Kind::Data);
    assert!(refusal("a\n0\n", &ReadOptions { log: true, ..options() }).0.contains("line 2: 0 has no logarithm"));
    let (message, _) = refusal("a\n2\n2\n", &ReadOptions { standardize: true, ..options() });
    assert_eq!(message, "column \"a\" is constant (2 in every row); drop it (--exclude a)");
    // the line is that of the file, though a row before it was dropped
    let drop = ReadOptions { log: true, missing: Missing::Drop, ..options() };
    assert!(refusal("a\n?\n1\n-1\n", &drop).0.contains("line 4"));
}

#[test]
fn refusals_name_column_line_and_remedy() {
    let cases: [(&str, ReadOptions, &str, Kind); 17] = [
        ("", options(), "t.csv: the file is empty; it needs a header line with the column names", Kind::Data),
        ("\n\n", options(), "t.csv: the file is empty; it needs a header line with the column names", Kind::Data),
        ("a,b\n", options(), "t.csv: the file has a header and no rows", Kind::Data),
        (
            "a,b\n1,2\n3\n",
            options(),
            "t.csv, line 3: 1 cells, the header has 2; mend the line (a stray separator or an open quote)",
            Kind::Data,
        ),
        (
            "a,b\n1,2,3\n",
            options(),
            "t.csv, line 2: 3 cells, the header has 2; mend the line (a stray separator or an open quote)",
            Kind::Data,
        ),
        (
            "a,b\n1,\"2\n3,4\n",
            options(),
            "column \"b\", line 2: \"2\n3,4\" is not a number; leave the column out (--exclude b) or use it as a label (--label b)",
            Kind::Data,
        ),
        ("a,b,a\n1,2,3\n", options(), "two columns are named \"a\"; rename one of them", Kind::Data),
        (",a\n1,2\n", options(), "t.csv: column 1 has no name; name it, or if it numbers the rows write the file without it", Kind::Format),
        (
            "a,school\n1,Pasteur\n",
            options(),
            "column \"school\", line 2: \"Pasteur\" is not a number; leave the column out (--exclude school) or use it as a label (--label school)",
            Kind::Data,
        ),
        (
            "a\n1\n1,5\n",
            options(),
            "t.csv, line 3: 2 cells, the header has 1; mend the line (a stray separator or an open quote)",
            Kind::Data,
        ),
        (
            "a,b\n1,2\n-inf,3\n",
            ReadOptions { missing: Missing::Mean, ..options() },
            "column \"a\", line 3: the value is infinite; correct it, mark it as missing (NA) or leave the column out (--exclude a)",
            Kind::Data,
        ),
        (
            "a,b\n1,1e999\n",
            options(),
            "column \"b\", line 2: the value is infinite; correct it, mark it as missing (NA) or leave the column out (--exclude b)",
            Kind::Data,
        ),
        (
            "a,condition\n1,x\n",
            ReadOptions { environment: Some("conditon".into()), ..options() },
            "--environment-column: there is no column \"conditon\"; the nearest is \"condition\"",
            Kind::Usage,
        ),
        ("a,b\n1,2\n", ReadOptions { exclude: vec!["zzzz".into()], ..options() }, "--exclude: there is no column \"zzzz\"", Kind::Usage),
        (
            "a,b\n1,2\n",
            ReadOptions { label: Some("a".into()), columns: Some(vec!["a".into()]), ..options() },
            "column \"a\" is named by --label and by --columns; name it once",
            Kind::Usage,
        ),
        (
            "a,b\n1,2\n",
            ReadOptions { columns: Some(vec!["b".into(), "b".into()]), ..options() },
            "column \"b\" is named by --columns and by --columns; name it once",
            Kind::Usage,
        ),
        (
            "a\n1\n",
            ReadOptions { exclude: vec!["a".into()], ..options() },
            "no column is left to analyse; name some with --columns or exclude fewer",
            Kind::Usage,
        ),
    ];
    for (text, options, message, kind) in cases {
        assert_eq!(refusal(text, &options), (message.to_owned(), kind), "{text:?}");
    }
    let latin = read_csv(&b"a,b\n1,2\n\xe4,3\n"[..], Path::new("t.csv"), &options()).unwrap_err();
    assert_eq!(latin.to_string(), "t.csv, line 3: not UTF-8 text; convert the file (iconv -t UTF-8)");
    assert_eq!(latin.kind(), Kind::Format);
}

#[test]
fn files_by_extension() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    let mut gzip = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::default());
    gzip.write_all(b"a\n1\n2\n").unwrap();
    gzip.finish().unwrap();
    assert_eq!(read_table(&path, &options()).unwrap().observations.x(), array![[1.0], [2.0]]);

    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 6]).unwrap();
    let error = read_table(&path, &options()).unwrap_err();
    assert!(matches!(error, FileError::Io { .. }), "{error}");

    let absent = read_table(&folder.path().join("absent.csv"), &options()).unwrap_err();
    assert!(matches!(absent, FileError::Io { .. }));
    assert_eq!(absent.kind(), Kind::Format);

    let unknown = read_table(Path::new("t.parquet"), &options()).unwrap_err();
    let known = ".csv, .csv.gz, .tsv, .tsv.gz, .npy, .npz, .idx, .idx.gz, *-ubyte, *-ubyte.gz";
    assert_eq!(unknown.to_string(), format!("t.parquet: the extension is not known; known are {known}"));
}

#[test]
fn matrices_with_named_rows() {
    let text = csv_bytes(|out| write_named_rows(out, "feature", &["a,b", "c"], &["z1"], array![[0.1], [-0.0]].view())).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "feature,z1\n\"a,b\",0.1\nc,-0.0\n");
    let error = csv_bytes(|out| write_csv(out, &["z1"], array![[1.0, 2.0]].view())).unwrap_err();
    assert_eq!(error.to_string(), "1 names were given for 2 columns; give one name a column");
}

proptest! {
    #[test]
    fn what_is_written_is_read_to_the_bit(
        rows in 1_usize..6,
        bits in proptest::collection::vec(any::<u64>(), 15),
        names in proptest::collection::hash_set("[a-z\",;\u{e9}' ]{0,6}[a-z]", 3),
    ) {
        // any finite number: random bits reach every exponent and subnormals
        let value = |i: usize| Some(f64::from_bits(bits[i])).filter(|v| v.is_finite()).unwrap_or(i as f64);
        let x = Array2::from_shape_fn((rows, 3), |(i, j)| value(3 * i + j));
        // surrounding blanks are trimmed on reading
        let names: Vec<String> = names.iter().enumerate().map(|(i, n)| format!("{i}{}", n.trim())).collect();
        let text = csv_bytes(|out| write_csv(out, &names, x.view())).unwrap();
        let table = read_csv(&text[..], Path::new("t.csv"), &options()).unwrap();
        prop_assert_eq!(table.observations.names(), names);
        for (a, b) in table.observations.x().iter().zip(&x) {
            prop_assert_eq!(a.to_bits(), b.to_bits());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-c0-9.,;\"\n\r\t?-]{0,60}", log: bool, standardize: bool, mean: bool) {
        let missing = if mean { Missing::Mean } else { Missing::Drop };
        let _ = read(&text, &ReadOptions { log, standardize, missing, ..options() });
    }
}
