//! Training that survives a kill: modules, optimisers and state, saved as one and restored bit for bit.
//!
//! A checkpoint is a folder `step-…` that appears in one rename, complete and on disk, before the one before it is removed; a
//! kill at any moment leaves the newest whole one. It holds a safetensors file for each module and each optimiser, named by the
//! paths of the parameters, and `state.json`. Random streams need no state: they follow from the seed and the step.
//!
//! ```
//! use unmix_backend::{Adam, AdamConfig, Activation, Checkpoint, CheckpointState, CheckpointWriter, DeviceChoice, Initializer, MlpConfig};
//! use unmix_core::Seed;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("checkpoints");
//! let device = DeviceChoice::Flex.open()?.device.autodiff();
//! let config = MlpConfig { inputs: 2, hidden: vec![4], outputs: 1, activation: Activation::Relu };
//! let network = config.init(&mut Initializer::new(Seed(1), &device));
//! let adam = Adam::new(AdamConfig::default());
//!
//! let mut writer = CheckpointWriter::new(&folder)?;
//! writer.module("network", &network)?;
//! writer.optimiser("network", &network, &adam)?;
//! writer.commit(CheckpointState::new(100, Seed(1), "a hash of the configuration"))?;
//!
//! let checkpoint = Checkpoint::latest(&folder)?.unwrap();
//! checkpoint.require(Seed(1), "a hash of the configuration")?;
//! let network = checkpoint.module("network", network)?;
//! let adam = checkpoint.optimiser("network", &network, AdamConfig::default())?;
//! assert_eq!((checkpoint.state().step, adam.steps()), (100, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{Adam, AdamConfig, BackendError, weights};
use burn::module::Module;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};
use unmix_core::Seed;

/// Version of the layout of a checkpoint. A checkpoint of another version is refused.
pub const SCHEMA: u32 = 1;

/// The pinned version of burn; a test compares it with the manifest.
const BURN: &str = "0.22.1";

const STATE: &str = "state.json";
const PARTIAL: &str = "next.partial";
const PREFIX: &str = "step-";

/// What a checkpoint knows besides its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckpointState {
    /// [`SCHEMA`] when it was written.
    pub schema: u32,
    /// Version of burn that wrote it.
    pub burn: String,
    /// Training steps done.
    pub step: u64,
    /// Seed of the run.
    pub seed: u64,
    /// A hash or text that is equal exactly for equal configurations and data.
    pub configuration: String,
    /// Steps taken by each optimiser.
    pub optimisers: BTreeMap<String, u64>,
    /// What else the loop must remember (best objective, patience). Finite floats return bit for bit; JSON has no NaN.
    pub progress: serde_json::Value,
}

impl CheckpointState {
    /// The state after `step` steps.
    pub fn new(step: u64, seed: Seed, configuration: impl Into<String>) -> Self {
        Self {
            schema: SCHEMA,
            burn: BURN.to_owned(),
            step,
            seed: seed.0,
            configuration: configuration.into(),
            optimisers: BTreeMap::new(),
            progress: serde_json::Value::Null,
        }
    }

    /// The same with what else the loop must remember.
    #[must_use]
    pub fn with_progress(mut self, progress: serde_json::Value) -> Self {
        self.progress = progress;
        self
    }
}

/// A checkpoint in the making; nothing of it is seen before [`commit`](Self::commit).
#[derive(Debug)]
pub struct CheckpointWriter {
    folder: PathBuf,
    partial: PathBuf,
    optimisers: BTreeMap<String, u64>,
}

impl CheckpointWriter {
    /// Begins a checkpoint in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// [`BackendError::File`] if the folder cannot be made.
    pub fn new(folder: &Path) -> Result<Self, BackendError> {
        let partial = folder.join(PARTIAL);
        remove(&partial)?;
        fs::create_dir_all(&partial).map_err(file_error(&partial))?;
        Ok(Self { folder: folder.to_owned(), partial, optimisers: BTreeMap::new() })
    }

    /// Adds the parameters of a module.
    ///
    /// # Errors
    /// [`BackendError::Read`] if the device fails, [`BackendError::File`] if the disk does.
    pub fn module<M: Module>(&mut self, name: &str, module: &M) -> Result<(), BackendError> {
        let path = self.partial.join(module_file(name));
        weights::write_synced(&path, &weights::encode(&weights::parameters(module)?, &path)?)
    }

    /// Adds the optimiser of a module.
    ///
    /// # Errors
    /// [`BackendError::Read`] if the device fails, [`BackendError::File`] if the disk does.
    pub fn optimiser<M: Module>(&mut self, name: &str, module: &M, adam: &Adam) -> Result<(), BackendError> {
        for (moment, container) in [(MEAN, &adam.mean), (SQUARE, &adam.square)] {
            let path = self.partial.join(moment_file(name, moment));
            weights::write_synced(&path, &weights::encode(&weights::companions(module, container)?, &path)?)?;
        }
        self.optimisers.insert(name.to_owned(), adam.steps());
        Ok(())
    }

    /// Makes the checkpoint visible in one move and removes older ones.
    ///
    /// # Errors
    /// [`BackendError::File`] if the disk fails; the checkpoint before it is then still there.
    pub fn commit(self, mut state: CheckpointState) -> Result<(), BackendError> {
        state.optimisers = self.optimisers;
        let path = self.partial.join(STATE);
        let json = serde_json::to_vec_pretty(&state).map_err(|source| BackendError::State { path: path.clone(), source })?;
        weights::write_synced(&path, &json)?;
        sync_folder(&self.partial)?;
        let target = self.folder.join(format!("{PREFIX}{:020}", state.step));
        remove(&target)?;
        fs::rename(&self.partial, &target).map_err(file_error(&target))?;
        sync_folder(&self.folder)?;
        for (_, older) in found(&self.folder)?.into_iter().filter(|(_, path)| *path != target) {
            remove(&older)?;
        }
        Ok(())
    }
}

/// A checkpoint that is complete on disk.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    state: CheckpointState,
}

impl Checkpoint {
    /// The newest checkpoint of `folder`; `None` if it holds none or is not there.
    ///
    /// # Errors
    /// [`BackendError::File`] if the folder cannot be read, [`BackendError::State`] if the state is malformed,
    /// [`BackendError::Foreign`] if another version wrote it.
    pub fn latest(folder: &Path) -> Result<Option<Self>, BackendError> {
        let Some((_, path)) = found(folder)?.pop() else { return Ok(None) };
        let file = path.join(STATE);
        let json = fs::read(&file).map_err(file_error(&file))?;
        let state: CheckpointState = serde_json::from_slice(&json).map_err(|source| BackendError::State { path: file, source })?;
        let checkpoint = Self { path, state };
        checkpoint.same("schema", checkpoint.state.schema, SCHEMA)?;
        checkpoint.same("burn version", checkpoint.state.burn.as_str(), BURN)?;
        Ok(Some(checkpoint))
    }

    /// Step, seed and progress.
    pub fn state(&self) -> &CheckpointState {
        &self.state
    }

    /// Refuses a checkpoint of another run.
    ///
    /// # Errors
    /// [`BackendError::Foreign`] with both values.
    pub fn require(&self, seed: Seed, configuration: &str) -> Result<(), BackendError> {
        self.same("seed", self.state.seed, seed.0)?;
        self.same("configuration", self.state.configuration.as_str(), configuration)
    }

    /// `module` with the parameters it had.
    ///
    /// # Errors
    /// As [`load_safetensors`](crate::load_safetensors).
    pub fn module<M: Module>(&self, name: &str, module: M) -> Result<M, BackendError> {
        weights::load_safetensors(module, &self.path.join(module_file(name)))
    }

    /// The optimiser of `module`, with the moments and step count it had.
    ///
    /// # Errors
    /// As [`load_safetensors`](crate::load_safetensors), and [`BackendError::Parameter`] if no optimiser of this name was saved.
    pub fn optimiser<M: Module>(&self, name: &str, module: &M, config: AdamConfig) -> Result<Adam, BackendError> {
        let Some(&steps) = self.state.optimisers.get(name) else {
            return Err(BackendError::Parameter { path: self.path.clone(), name: name.to_owned(), state: "missing" });
        };
        let moment = |moment| {
            let path = self.path.join(moment_file(name, moment));
            weights::put_companions(module, weights::read(&path)?, &path)
        };
        Ok(Adam::restored(config, steps, moment(MEAN)?, moment(SQUARE)?))
    }

    fn same<T: PartialEq + ToString>(&self, what: &'static str, found: T, expected: T) -> Result<(), BackendError> {
        if found == expected {
            return Ok(());
        }
        Err(BackendError::Foreign { path: self.path.clone(), what, found: found.to_string(), expected: expected.to_string() })
    }
}

const MEAN: &str = "mean";
const SQUARE: &str = "square";

fn module_file(name: &str) -> String {
    format!("{name}.safetensors")
}

fn moment_file(name: &str, moment: &str) -> String {
    format!("{name}.adam.{moment}.safetensors")
}

/// The checkpoints of a folder, oldest first.
fn found(folder: &Path) -> Result<Vec<(u64, PathBuf)>, BackendError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file_error(folder))?;
        let name = entry.file_name();
        let step = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|step| step.parse().ok());
        found.extend(step.map(|step| (step, entry.path())));
    }
    found.sort_unstable();
    Ok(found)
}

fn remove(folder: &Path) -> Result<(), BackendError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_error(folder)(error)),
        _ => Ok(()),
    }
}

/// Waits until the disk has the names in a folder. Windows cannot, and keeps them in order by itself.
fn sync_folder(folder: &Path) -> Result<(), BackendError> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder).and_then(|file| file.sync_all()).map_err(file_error(folder))
}

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> BackendError + use<'_> {
    move |source| BackendError::File { path: path.to_owned(), source }
}
