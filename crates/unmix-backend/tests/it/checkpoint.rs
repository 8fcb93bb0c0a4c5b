//! Resuming is bit-exact, half-written checkpoints are never seen, foreign ones are refused.

use burn::tensor::Device;
use std::{fs, path::Path};
use tempfile::tempdir;
use unmix_backend::{
    Activation, Adam, AdamConfig, BackendError, Checkpoint, CheckpointState, CheckpointWriter, DeviceChoice, Initializer, Mlp, MlpConfig,
    load_safetensors, save_safetensors,
};
use unmix_core::{Failure, Kind, Seed};

use crate::training::{Dense, Image, Network, go_on, train, weights};

fn device() -> Device {
    DeviceChoice::Flex.open().unwrap().device.autodiff()
}

fn save<N: Network>(folder: &Path, step: u64, network: &N, adam: &Adam) {
    let mut writer = CheckpointWriter::new(folder).unwrap();
    writer.module("network", network).unwrap();
    writer.optimiser("network", network, adam).unwrap();
    writer.commit(CheckpointState::new(step, SEED, "c").with_progress(serde_json::json!({ "best": 0.1 + 0.2, "left": 3 }))).unwrap();
}

const SEED: Seed = Seed(11);

/// Trains, stops at `stop`, and goes on in a network made anew (other parameter identifiers, other weights).
fn resumes_to_the_same_bits<N: Network>(steps: u64, stop: u64) {
    let whole = train::<N>(SEED, steps, &device());
    let folder = tempdir().unwrap();
    let part = train::<N>(SEED, stop, &device());
    save(folder.path(), stop, &part.network, &part.adam);

    let checkpoint = Checkpoint::latest(folder.path()).unwrap().unwrap();
    assert_eq!(checkpoint.state().step, stop);
    assert_eq!(checkpoint.state().progress["best"].as_f64().unwrap().to_bits(), (0.1 + 0.2_f64).to_bits());
    let network = checkpoint.module("network", N::start(Seed(99), &device())).unwrap();
    let adam = checkpoint.optimiser("network", &network, AdamConfig::default()).unwrap();
    assert_eq!(adam.steps(), stop);
    let resumed = go_on(network, adam, SEED, stop, steps, &device());
    assert_eq!(part.losses.iter().chain(&resumed.losses).collect::<Vec<_>>(), whole.losses.iter().collect::<Vec<_>>());
    assert_eq!(weights(&resumed.network), weights(&whole.network));

    // and the files of both ends are equal to the byte
    let [one, other] = [tempdir().unwrap(), tempdir().unwrap()];
    save(one.path(), steps, &whole.network, &whole.adam);
    save(other.path(), steps, &resumed.network, &resumed.adam);
    let step = format!("step-{steps:020}");
    let mut names: Vec<_> = fs::read_dir(one.path().join(&step)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in names {
        let [one, other] = [&one, &other].map(|folder| fs::read(folder.path().join(&step).join(&name)).unwrap());
        assert!(one == other, "{} differs", name.display());
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_the_whole_one() {
    for stop in [1, 7, 19] {
        resumes_to_the_same_bits::<Dense>(20, stop);
    }
    resumes_to_the_same_bits::<Image>(6, 3);
}

#[test]
fn only_the_newest_whole_checkpoint_is_seen() {
    let folder = tempdir().unwrap();
    let inside = folder.path().join("not/yet/there");
    assert!(Checkpoint::latest(&inside).unwrap().is_none());
    let trained = train::<Dense>(SEED, 1, &device());
    for step in [5, 30, 200] {
        save(&inside, step, &trained.network, &trained.adam);
        assert_eq!(Checkpoint::latest(&inside).unwrap().unwrap().state().step, step);
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 1);
    }
    // killed while writing: modules are there, nothing is committed
    let mut writer = CheckpointWriter::new(&inside).unwrap();
    writer.module("network", &trained.network).unwrap();
    drop(writer);
    assert_eq!(Checkpoint::latest(&inside).unwrap().unwrap().state().step, 200);
    // the next save goes over what was left, also at the same step
    save(&inside, 200, &trained.network, &trained.adam);
    assert_eq!(fs::read_dir(&inside).unwrap().count(), 1);
}

#[test]
fn foreign_checkpoints_are_refused_by_name() {
    let folder = tempdir().unwrap();
    let trained = train::<Dense>(SEED, 1, &device());
    save(folder.path(), 1, &trained.network, &trained.adam);
    let checkpoint = Checkpoint::latest(folder.path()).unwrap().unwrap();
    checkpoint.require(SEED, "c").unwrap();
    let refused = |result: Result<(), BackendError>, expected: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(matches!(error, BackendError::Foreign { what, .. } if what == expected), "{error}");
    };
    refused(checkpoint.require(Seed(12), "c"), "seed");
    refused(checkpoint.require(SEED, "d"), "configuration");

    let file = folder.path().join(format!("step-{:020}", 1)).join("state.json");
    let state = fs::read_to_string(&file).unwrap();
    for (from, to, what) in [("\"schema\": 1", "\"schema\": 2", "schema"), ("0.22.1", "0.21.0", "burn version")] {
        fs::write(&file, state.replace(from, to)).unwrap();
        refused(Checkpoint::latest(folder.path()).map(drop), what);
    }
    fs::write(&file, "{").unwrap();
    assert_eq!(Checkpoint::latest(folder.path()).unwrap_err().kind(), Kind::Format);
    assert!(checkpoint.optimiser("adversary", &trained.network, AdamConfig::default()).is_err());
}

#[test]
fn the_version_in_checkpoints_is_the_pinned_one() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml")).unwrap();
    let version = CheckpointState::new(0, SEED, "").burn;
    assert!(manifest.contains(&format!("burn = {{ version = \"={version}\"")), "checkpoints say burn {version}");
}

fn mlp(hidden: usize) -> Mlp {
    MlpConfig { inputs: 3, hidden: vec![hidden], outputs: 2, activation: Activation::Relu }.init(&mut Initializer::new(Seed(1), &device()))
}

#[test]
fn weights_are_plain_safetensors_with_paths_as_names() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    save_safetensors(&mlp(4), &path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let bytes = fs::read(&path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    let names: Vec<&String> = header.as_object().unwrap().keys().collect();
    assert_eq!(names, ["layers.0.bias", "layers.0.weight", "layers.1.bias", "layers.1.weight"]);
    assert_eq!(header["layers.0.weight"]["shape"], serde_json::json!([3, 4]));
    let other =
        MlpConfig { inputs: 3, hidden: vec![4], outputs: 2, activation: Activation::Relu }.init(&mut Initializer::new(Seed(2), &device()));
    let loaded = load_safetensors(other, &path).unwrap();
    assert_eq!(weights(&loaded), weights(&mlp(4)));
    assert!(loaded.layers[0].weight.val().is_require_grad());
}

#[test]
fn broken_and_foreign_weight_files_are_format_errors() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let refused = |network: Mlp| {
        let error = load_safetensors(network, &path).unwrap_err();
        assert_eq!(error.kind(), Kind::Format);
        error
    };
    assert!(matches!(refused(mlp(4)), BackendError::File { .. }));
    save_safetensors(&mlp(4), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    assert!(matches!(refused(mlp(5)), BackendError::Shape { name, .. } if name == "layers.0.weight"));
    let shallow =
        MlpConfig { inputs: 3, hidden: vec![], outputs: 4, activation: Activation::Relu }.init(&mut Initializer::new(Seed(1), &device()));
    assert!(matches!(refused(shallow), BackendError::Parameter { state: "unknown", .. }));
    save_safetensors(
        &MlpConfig { inputs: 3, hidden: vec![], outputs: 4, activation: Activation::Relu }.init(&mut Initializer::new(Seed(1), &device())),
        &path,
    )
    .unwrap();
    assert!(matches!(refused(mlp(4)), BackendError::Parameter { state: "missing", .. }));
    for cut in [0, 4, 50, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(matches!(refused(mlp(4)), BackendError::Safetensors { .. }), "cut at {cut}");
    }
}
