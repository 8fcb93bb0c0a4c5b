//! Fits of rows that are read again in every pass: the bytes of the fit in memory, and what can go wrong on the way.

use crate::mixtures::{Source, mixture};
use ndarray::{Array2, ArrayViewMut2, Axis, concatenate, s};
use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};
use unmix_core::{DataError, Failure, Fault, Kind, Observations, Rows, RowsError, Run, Seed, Verdict, draw_rows};
use unmix_linear::METHODS;

fn sources(n: usize, seed: u64) -> Observations {
    use Source::{Exponential, Laplace, Uniform};
    mixture(&[Laplace, Uniform, Exponential, Laplace, Uniform, Exponential], n, seed).0
}

fn streamed(
    name: &str,
    config: &str,
    rows: &dyn Rows,
    memory: usize,
    threads: usize,
) -> Result<(Vec<u8>, Vec<unmix_core::Evidence>), Fault> {
    let method = METHODS.iter().find(|m| m.name == name).unwrap();
    let mut run = Run::new(5).with_threads(threads)?;
    let outcome = method.fit_rows(&toml::from_str(config).unwrap(), rows, memory, &mut run)?;
    let folder = tempfile::tempdir().unwrap();
    outcome.fitted.model.save(folder.path())?;
    Ok((std::fs::read(folder.path().join("model.json")).unwrap(), outcome.evidence))
}

/// The least memory that a fit asks for.
fn least(name: &str, config: &str, rows: &dyn Rows) -> usize {
    let error = streamed(name, config, rows, 1, 1).unwrap_err();
    match error.downcast_ref::<RowsError>() {
        Some(&RowsError::TooLittleMemory { given: 1, needed, .. }) => needed,
        _ => panic!("{error}"),
    }
}

/// A source that counts its reads and fails in one of them.
struct Watched<'a> {
    x: &'a Observations,
    reads: AtomicUsize,
    fails_in: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is gone")]
struct DiskGone;

impl Failure for DiskGone {
    fn kind(&self) -> Kind {
        Kind::Format
    }
}

impl<'a> Watched<'a> {
    fn new(x: &'a Observations, fails_in: usize) -> Self {
        Self { x, reads: AtomicUsize::new(0), fails_in }
    }
}

impl Rows for Watched<'_> {
    fn shape(&self) -> (usize, usize) {
        self.x.shape()
    }

    fn names(&self) -> &[String] {
        Rows::names(self.x)
    }

    fn read(&self, range: Range<usize>, out: ArrayViewMut2<'_, f64>) -> Result<(), Fault> {
        if self.reads.fetch_add(1, Ordering::Relaxed) == self.fails_in {
            return Err(DiskGone.into());
        }
        self.x.read(range, out)
    }
}

const FITS: [(&str, &str); 6] = [
    ("fastica", "tolerance = 1e-6"),
    ("fastica", "algorithm = \"deflation\"\ncontrast = \"exp\"\ncomponents = 3"),
    ("fastica", "components = 4\nreduction = \"correlation\"\nstarts = 2"),
    ("picard", "extended = true\ntolerance = 1e-5"),
    ("picard-o", "contrast = \"cube\"\ncomponents = 5"),
    ("pca", "standardize = true"),
];

/// Several groups of chunks and a ragged last one; one chunk of one thread, of two, and everything held.
#[test]
fn the_bytes_depend_on_neither_memory_nor_threads() {
    let x = sources(300_001, 1);
    for (name, config) in FITS {
        let method = METHODS.iter().find(|m| m.name == name).unwrap();
        let refit = method.refit(&toml::from_str(config).unwrap(), &x.clone().into(), &mut Run::new(5)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        refit.model.save(folder.path()).unwrap();
        let whole = std::fs::read(folder.path().join("model.json")).unwrap();
        let needed = least(name, config, &x);
        assert!(needed < 1 << 23, "{name} {config}: {needed}");
        for (memory, threads) in [(needed, 1), (2 * needed, 2), (1 << 30, 2)] {
            let rows = Watched::new(&x, usize::MAX);
            assert!(streamed(name, config, &rows, memory, threads).unwrap().0 == whole, "{name} {config} {memory} {threads}");
            // the moments, the white data and the evidence, or more passes than that
            let passes = rows.reads.into_inner() as f64 * 256.0 / 300_001.0;
            assert_eq!(passes > 6.0, memory < 1 << 30 && name != "pca", "{name} {config} {memory}: {passes} passes");
        }
        assert!(streamed(name, config, &x, needed - 1, 2).unwrap_err().to_string().contains("raise --memory"));
    }
}

/// Whichever read fails, its own error comes back.
#[test]
fn an_error_in_the_middle_of_a_stream_is_returned_as_it_is() {
    let x = sources(20_000, 2);
    for (name, config) in FITS {
        let memory = least(name, config, &x);
        let rows = Watched::new(&x, usize::MAX);
        streamed(name, config, &rows, memory, 2).unwrap();
        let reads = rows.reads.into_inner();
        for fails_in in [0, 1, reads / 4, reads / 2, 3 * reads / 4, reads - 1] {
            let error = streamed(name, config, &Watched::new(&x, fails_in), memory, 2).unwrap_err();
            assert!(error.downcast_ref::<DiskGone>().is_some(), "{name} {config}, read {fails_in} of {reads}: {error}");
            assert_eq!(error.kind(), Kind::Format);
        }
        // and a source that recovers too late
        let rows = Watched::new(&x, reads);
        assert!(streamed(name, config, &rows, memory, 2).is_ok());
    }
}

#[test]
fn bad_columns_are_refused_as_in_memory() {
    let x = mixture(&[Source::Laplace, Source::Uniform, Source::Laplace], 3000, 9).0.x().to_owned();
    let with = |column: ndarray::Array1<f64>| concatenate![Axis(1), x.view(), column.insert_axis(Axis(1)).view()];
    let names = ["raf", "mek", "plc", "akt"];
    // equal but for the last row, which lies in another block
    let mut nearly = x.column(1).to_owned();
    nearly[2999] += 1e-3;
    for (table, config) in [
        (with(ndarray::Array1::from_elem(3000, 4.5)), ""),
        (with(x.column(1).to_owned()), ""),
        (with(&x.column(0) * 2.0 - x.column(2) + 7.0), ""),
        (with(nearly), ""),
        (with(&x.column(0) * 1e200), ""),
        (with(&x.column(0) * 2.0 - x.column(2) + 7.0), "components = 3\nreduction = \"correlation\""),
        (with(&x.column(0) * 0.5 + 1.0), "components = 5"),
        (with(x.column(0).to_owned()).slice(s![..4, ..]).to_owned(), ""),
    ] {
        let x = Observations::new(table, names).unwrap();
        for name in ["fastica", "picard", "picard-o"] {
            let method = METHODS.iter().find(|m| m.name == name).unwrap();
            let held = method.fit(&toml::from_str(config).unwrap(), &x.clone().into(), &mut Run::new(5));
            let read = streamed(name, config, &x, 1 << 20, 2);
            let message = |error: Option<Fault>| error.map(|e| (e.kind(), e.to_string()));
            assert_eq!(message(held.err()), message(read.err()), "{name} {config}");
        }
    }
    let pca = METHODS.iter().find(|m| m.name == "nmf").unwrap().fit_rows(&toml::Table::new(), &sources(50, 1), 1 << 30, &mut Run::new(1));
    let error = pca.err().unwrap();
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Usage, "nmf needs all rows in memory; leave out --memory"));
}

/// Verdicts come from drawn rows, with their number; the dropped share comes from all rows.
#[test]
fn evidence_of_a_stream_says_on_which_rows() {
    let x = sources(40_000, 3);
    for name in ["fastica", "picard-o"] {
        let config = "components = 4\nmax_iterations = 1000";
        let method = METHODS.iter().find(|m| m.name == name).unwrap();
        let held = method.fit(&toml::from_str(config).unwrap(), &x.clone().into(), &mut Run::new(5)).unwrap().evidence;
        assert_eq!(streamed(name, config, &x, 1 << 30, 2).unwrap().1, held);

        let memory = least(name, config, &x);
        let evidence = streamed(name, config, &x, memory, 2).unwrap().1;
        let drawn = memory / (4 * 8 * 6);
        assert!(drawn < 40_000);
        let [independent, gaussian, seen, dropped] = evidence.as_slice() else { panic!("{evidence:?}") };
        for part in [independent, gaussian, seen] {
            let beginning = format!("on {drawn} of 40000 rows, drawn at random since no more fit in memory: ");
            assert!(part.detail.starts_with(&beginning), "{}", part.detail);
        }
        assert_eq!((gaussian.verdict, seen.verdict, dropped), (Verdict::Supported, Verdict::Supported, &held[3]));
    }
    // and where an assumption is broken, drawn rows show it
    let gaussian = mixture(&[Source::Gaussian, Source::Gaussian, Source::Laplace], 40_000, 4).0;
    let evidence = streamed("fastica", "max_iterations = 1000", &gaussian, 1_500_000, 2).unwrap().1;
    assert!(evidence[1].detail.starts_with("on 15625 of 40000 rows"), "{}", evidence[1].detail);
    assert_eq!(evidence[1].verdict, Verdict::Refuted);
}

#[test]
fn drawn_rows_are_rows_in_order_without_repetition() {
    let n = 5000;
    let x = Observations::unnamed(Array2::from_shape_fn((n, 2), |(i, j)| (2 * i + j) as f64)).unwrap();
    let drawn = draw_rows(&x, 700, &mut Seed(1).stream("rows", 0)).unwrap();
    let first: Vec<f64> = drawn.x().column(0).to_vec();
    assert!(drawn.rows() == 700 && first.is_sorted_by(|a, b| a < b));
    assert!(drawn.x().rows().into_iter().all(|row| row[1] == row[0] + 1.0 && row[0] % 2.0 == 0.0));
    // spread over all rows: the mean of 700 of 0, 2, …, 9998 has standard error 102
    assert!((first.iter().sum::<f64>() / 700.0 - 4999.0).abs() < 5.0 * 102.0);
    assert_eq!(draw_rows(&x, n + 1, &mut Seed(1).stream("rows", 0)).unwrap().x(), x.x());
    let error = draw_rows(&x, 0, &mut Seed(1).stream("rows", 0)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(DataError::Empty { rows: 0, columns: 2 })));
}
