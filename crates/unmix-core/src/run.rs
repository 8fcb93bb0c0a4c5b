//! The only door for what is not data: seed, device, threads, progress and checkpoints.

use crate::{Failure, Kind};
use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::{ops::ControlFlow, path::PathBuf, sync::Arc};
use thiserror::Error;

/// The random source that [`Seed::stream`] hands out. Its output is the same on every platform.
pub type Stream = ChaCha8Rng;

/// The root of all randomness in a run.
///
/// A stream depends on the seed, its purpose and its index alone, never on what was drawn before: results do not change with
/// the number of threads, and a resumed run draws what the uninterrupted one would have drawn.
///
/// ```
/// use rand::RngExt;
/// use unmix_core::Seed;
///
/// let seed = Seed(7);
/// let first: f64 = seed.stream("bootstrap", 3).random();
/// let again: f64 = seed.stream("bootstrap", 3).random();
/// assert_eq!(first, again);
/// assert_ne!(first, seed.stream("bootstrap", 4).random::<f64>());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of this `purpose` and `index`.
    pub fn stream(self, purpose: &str, index: u64) -> Stream {
        let mut key = [0_u8; 32];
        let words = [self.0, fnv1a(FNV_OFFSET, purpose), fnv1a(!FNV_OFFSET, purpose), purpose.len() as u64];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        stream
    }

    /// A seed of its own for a nested run: a bootstrap refit, a random start.
    #[must_use]
    pub fn child(self, purpose: &str, index: u64) -> Self {
        Self(self.stream(purpose, index).next_u64())
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn fnv1a(offset: u64, text: &str) -> u64 {
    text.bytes().fold(offset, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

/// One report of an iterative fit.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What is being done, a word or two: `"fastica"`, `"training"`.
    pub stage: &'a str,
    /// Steps done, from 1.
    pub step: usize,
    /// Steps planned, if that is known.
    pub total: Option<usize>,
    /// The value being optimised.
    pub objective: f64,
    /// Its parts, with their names (`"reconstruction"`, in nats).
    pub parts: &'a [(&'a str, f64)],
}

/// Watches a fit and may stop it.
pub trait Observer: Send {
    /// Called after each step; [`ControlFlow::Break`] cancels the fit, which then returns what it has.
    fn observe(&mut self, progress: &Progress<'_>) -> ControlFlow<()>;
}

/// Watches nothing.
impl Observer for () {
    fn observe(&mut self, _: &Progress<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Any closure is an observer.
impl<F: FnMut(&Progress<'_>) -> ControlFlow<()> + Send> Observer for F {
    fn observe(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self(progress)
    }
}

/// Where and how often a fit saves its state. A fit that finds a checkpoint of its own there goes on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The folder; it is made when the first checkpoint is written.
    pub folder: PathBuf,
    /// Steps between two checkpoints.
    pub every: usize,
}

/// What a fit is given besides its data and parameters.
pub struct Run<'a> {
    /// The root of all randomness.
    pub seed: Seed,
    /// The device of networks by name (`"flex"`, `"wgpu"`, …); methods on the host ignore it.
    pub device: String,
    /// Progress and cancellation.
    pub observer: Box<dyn Observer + 'a>,
    /// Checkpoints, for methods that take long.
    pub checkpoints: Option<Checkpoints>,
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl<'a> Run<'a> {
    /// A silent run on `flex` with all threads and without checkpoints.
    pub fn new(seed: u64) -> Self {
        Self { seed: Seed(seed), device: "flex".to_owned(), observer: Box::new(()), checkpoints: None, pool: None }
    }

    /// The same run on another device.
    #[must_use]
    pub fn on(mut self, device: impl Into<String>) -> Self {
        self.device = device.into();
        self
    }

    /// The same run, watched.
    #[must_use]
    pub fn observed(mut self, observer: impl Observer + 'a) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// The same run with checkpoints.
    #[must_use]
    pub fn with_checkpoints(mut self, folder: impl Into<PathBuf>, every: usize) -> Self {
        self.checkpoints = Some(Checkpoints { folder: folder.into(), every });
        self
    }

    /// The same run on a pool of `threads` threads. Results do not depend on their number.
    ///
    /// # Errors
    /// [`RunError::Threads`] if `threads` is zero or the pool cannot be started.
    pub fn with_threads(mut self, threads: usize) -> Result<Self, RunError> {
        if threads == 0 {
            return Err(RunError::Threads { threads, source: None });
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        self.pool = Some(Arc::new(pool.map_err(|source| RunError::Threads { threads, source: Some(source) })?));
        Ok(self)
    }

    /// A silent run with another seed, on the same device and threads and without checkpoints: for refits inside a method.
    pub fn nested(&self, seed: Seed) -> Run<'static> {
        Run { seed, device: self.device.clone(), observer: Box::new(()), checkpoints: None, pool: self.pool.clone() }
    }

    /// Runs `work` in the pool of this run, or where it is called if the run has none.
    pub fn in_pool<R: Send>(&mut self, work: impl FnOnce(&mut Self) -> R + Send) -> R {
        match self.pool.clone() {
            Some(pool) => pool.install(|| work(self)),
            None => work(self),
        }
    }
}

/// A run cannot be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The thread pool cannot be started.
    #[error("a pool of {threads} threads cannot be started; give --threads a number from 1 to the number of cores")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// What the pool says.
        source: Option<rayon::ThreadPoolBuildError>,
    },
}

impl Failure for RunError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("seed", &self.seed).field("device", &self.device).finish_non_exhaustive()
    }
}
