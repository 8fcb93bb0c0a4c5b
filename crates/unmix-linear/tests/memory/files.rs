//! Files larger than the memory that a fit may hold.

use crate::{
    ALLOCATOR, alone,
    mixtures::{Source, mixture},
    warm_run,
};
use ndarray::Array2;
use std::path::Path;
use unmix_core::{DataError, Fault, Outcome, Rows, Run};
use unmix_data::{NpyRows, npy_bytes};
use unmix_linear::METHODS;
use unmix_testkit::peak_bytes;

const ROWS: usize = 400_000;
const COLUMNS: usize = 20;
/// The file has four times as many bytes.
const MEMORY: usize = 16_000_000;
/// What the limit leaves out: a few matrices `[20, 20]`, file names, the packed blocks of two matrix products.
const FIXED: usize = 1_000_000;

/// Mixtures of sources of both kinds, in a file of 64 MB; `spoil` may change them first.
fn file(folder: &Path, spoil: impl FnOnce(&mut Array2<f64>)) -> NpyRows {
    let sources: Vec<Source> = (0..COLUMNS).map(|j| [Source::Laplace, Source::Uniform, Source::Exponential][j % 3]).collect();
    let mut x = mixture(&sources, ROWS, 1).0.x().to_owned();
    spoil(&mut x);
    let path = folder.join("x.npy");
    std::fs::write(&path, npy_bytes(x.view())).unwrap();
    NpyRows::open(&path).unwrap()
}

fn fit(name: &str, config: &str, rows: &dyn Rows, memory: usize, run: &mut Run<'_>) -> Result<Outcome, Fault> {
    let method = METHODS.iter().find(|m| m.name == name).unwrap();
    method.fit_rows(&toml::from_str(config).unwrap(), rows, memory, run)
}

fn model(outcome: &Outcome) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    outcome.fitted.model.save(folder.path()).unwrap();
    std::fs::read(folder.path().join("model.json")).unwrap()
}

#[test]
fn a_fit_with_its_evidence_stays_within_its_memory() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let rows = file(folder.path(), |_| ());
    let mut run = warm_run();
    for (name, config) in [
        ("pca", ""),
        ("fastica", "max_iterations = 4"),
        ("picard", "extended = true\nmax_iterations = 4"),
        ("picard-o", "components = 10\nmax_iterations = 4"),
    ] {
        let (held, whole) = peak_bytes(&ALLOCATOR, || fit(name, config, &rows, 1 << 30, &mut run).unwrap());
        let (read, peak) = peak_bytes(&ALLOCATOR, || fit(name, config, &rows, MEMORY, &mut run).unwrap());
        println!("{name}: {:.1} MB of {:.1} MB", peak as f64 / 1e6, whole as f64 / 1e6);
        assert!(model(&held) == model(&read), "{name}");
        assert!(peak <= MEMORY + FIXED, "{name}: {peak} bytes");
        assert!(name == "pca" || whole > ROWS * COLUMNS * 4, "{name}: {whole} bytes");
    }
}

#[test]
fn a_value_that_is_not_finite_is_named_by_column_and_row() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let rows = file(folder.path(), |x| x[[250_000, 6]] = f64::NAN);
    for name in ["pca", "fastica", "picard", "picard-o"] {
        let error = fit(name, "", &rows, MEMORY, &mut Run::new(1)).err().unwrap();
        assert!(matches!(error.downcast_ref(), Some(DataError::NonFinite { .. })), "{name}: {error}");
        let message = "column \"x7\", row 250001: the value is NaN; drop or fill missing values (--missing drop|mean)";
        assert_eq!(error.to_string(), message);
    }
}

/// A file that is cut short after it was opened: the error is the reader's.
#[test]
fn a_file_that_shrinks_under_a_fit_is_an_error() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let rows = file(folder.path(), |_| ());
    std::fs::OpenOptions::new().write(true).open(folder.path().join("x.npy")).unwrap().set_len(50_000_000).unwrap();
    let error = fit("fastica", "", &rows, MEMORY, &mut Run::new(1)).err().unwrap();
    assert_eq!(error.kind(), unmix_core::Kind::Format, "{error}");
}
