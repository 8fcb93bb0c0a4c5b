//! IDX files: written here by the format's description (`LeCun`'s page on MNIST).

use flate2::{Compression, write::GzEncoder};
use ndarray::array;
use std::{fs, io::Write, path::Path};
use unmix_core::{Failure, Kind};
use unmix_data::{FileError, ReadOptions, read_idx, read_table};

fn idx(code: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn refused(path: &Path, bytes: &[u8]) -> FileError {
    fs::write(path, bytes).unwrap();
    let error = read_idx(path).unwrap_err();
    assert_eq!(error.kind(), Kind::Format);
    error
}

#[test]
fn images_with_labels_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("train-images-idx3-ubyte.gz");
    let labels = folder.path().join("train-labels-idx1-ubyte.gz");
    fs::write(&images, gzip(&idx(8, &[2, 1, 3], &[0, 51, 255, 102, 0, 0]))).unwrap();
    let table = read_table(&images, &ReadOptions::default()).unwrap();
    assert_eq!(table.observations.x(), array![[0.0, 0.2, 1.0], [0.4, 0.0, 0.0]]);
    assert_eq!(table.observations.names(), ["p0_0", "p0_1", "p0_2"]);
    assert!(table.labels.is_none());

    fs::write(&labels, gzip(&idx(8, &[2], &[7, 3]))).unwrap();
    assert_eq!(read_table(&images, &ReadOptions::default()).unwrap().labels.unwrap(), ["7", "3"]);
    // labels by themselves are not scaled
    assert_eq!(read_table(&labels, &ReadOptions::default()).unwrap().observations.x(), array![[7.0], [3.0]]);

    fs::write(&labels, gzip(&idx(8, &[3], &[7, 3, 1]))).unwrap();
    let error = read_table(&images, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, FileError::Length { expected: 2, found: 3, .. }), "{error}");
}

#[test]
fn every_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.idx");
    let cases: [(u8, Vec<u8>, f64); 6] = [
        (0x08, vec![200], 200.0),
        (0x09, vec![200], -56.0),
        (0x0b, (-300_i16).to_be_bytes().to_vec(), -300.0),
        (0x0c, 70_000_i32.to_be_bytes().to_vec(), 70_000.0),
        (0x0d, 0.5_f32.to_be_bytes().to_vec(), 0.5),
        (0x0e, (-0.1_f64).to_be_bytes().to_vec(), -0.1),
    ];
    for (code, data, value) in cases {
        fs::write(&path, idx(code, &[1], &data)).unwrap();
        let content = read_idx(&path).unwrap();
        assert_eq!((content.values, content.shape), (array![[value]], vec![1]), "{code:02x}");
    }
}

#[test]
fn damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.idx");
    let good = idx(8, &[2, 2, 2], &[1; 8]);
    assert!(matches!(refused(&path, b"\x93NUMPY"), FileError::Magic { format: "IDX", .. }));
    assert!(matches!(refused(&path, b""), FileError::Magic { .. }));
    assert!(matches!(refused(&path, &[0, 0, 8]), FileError::Magic { .. }));
    assert!(matches!(refused(&path, &idx(7, &[1], &[1])), FileError::ElementType { .. }));
    assert!(matches!(refused(&path, &good[..9]), FileError::Truncated { expected: 12, found: 5, .. }));
    assert!(matches!(refused(&path, &good[..21]), FileError::Truncated { expected: 8, found: 5, .. }));
    assert!(matches!(refused(&path, &[&good[..], b"x"].concat()), FileError::TrailingBytes { expected: 8, .. }));
    let huge = idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[1]);
    assert!(matches!(refused(&path, &huge), FileError::Header { .. }));

    let path = folder.path().join("t.idx.gz");
    let packed = gzip(&idx(8, &[200, 200], &(0..40_000_u32).map(|i| (i * i % 251) as u8).collect::<Vec<_>>()));
    let error = refused(&path, &packed[..packed.len() / 2]);
    assert!(matches!(error, FileError::Truncated { expected: 40_000, found: 1.., .. }), "{error}");
    assert!(matches!(refused(&path, &good), FileError::Io { .. }));
}

#[test]
fn no_images_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.idx");
    fs::write(&path, idx(8, &[0, 2, 2], &[])).unwrap();
    let error = read_table(&path, &ReadOptions::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Data, "{error}");
}
