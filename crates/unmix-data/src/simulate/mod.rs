//! Synthetic data with their truth: what a recovery test or a benchmark compares an estimate with.
//!
//! ```
//! use unmix_core::Seed;
//! use unmix_data::simulate::{IcaParams, by_name, ica};
//!
//! let recording = ica(&IcaParams { components: 3, samples: 500, ..IcaParams::default() }, Seed(1))?;
//! assert_eq!(recording.observations.x().dim(), (500, 3));
//!
//! // the same by name, as on the command line
//! let config = toml::toml! { components = 3 samples = 500 };
//! let same = by_name("ica")?.simulate(&config, Seed(1))?;
//! assert_eq!(same.observations.x(), recording.observations.x());
//! # Ok::<(), unmix_data::FileError>(())
//! ```

mod factor_model;
mod ica;
mod lingam;
mod source;

pub use factor_model::{FactorModelParams, factor_model};
pub use ica::{IcaParams, ica};
pub use lingam::{LingamParams, lingam};
pub use source::Source;

use crate::FileError;
use ndarray::{Array1, Array2};
use unmix_core::{InvalidParams, Observations, Params, Seed, Table, Violation, nearest};
use unmix_graph::Graph;

/// Observations, and what is true of them.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// What a method is given, `[n, d]`.
    pub observations: Observations,
    /// The true factors, `[n, k]`: sources, common factors, or the noise of each variable.
    pub factors: Array2<f64>,
    /// The true linear map from factors to observations, `[d, k]`.
    pub mixing: Array2<f64>,
    /// The variances of what each variable has for itself, `[d]`, in a factor model.
    pub uniquenesses: Option<Array1<f64>>,
    /// The true graph between the variables, in a causal model.
    pub graph: Option<Graph>,
}

impl From<Simulation> for Table {
    fn from(simulation: Simulation) -> Self {
        Self { factors: Some(simulation.factors), ..Self::from(simulation.observations) }
    }
}

/// A generator by name.
pub struct Generator {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// What it draws, in one line.
    pub summary: &'static str,
    defaults: fn() -> toml::Table,
    simulate: fn(&toml::Table, Seed) -> Result<Simulation, FileError>,
}

/// Every generator.
pub const GENERATORS: &[Generator] = &[
    Generator {
        name: "ica",
        summary: "independent sources in a linear mixture: x = A s + noise",
        defaults: defaults::<IcaParams>,
        simulate: |config, seed| ica(&params(config)?, seed),
    },
    Generator {
        name: "factor-model",
        summary: "common factors with simple structure: x = L f + e, unit variances",
        defaults: defaults::<FactorModelParams>,
        simulate: |config, seed| factor_model(&params(config)?, seed),
    },
    Generator {
        name: "lingam",
        summary: "a linear structural equation model with non-Gaussian noise on a random DAG: x = B x + e",
        defaults: defaults::<LingamParams>,
        simulate: |config, seed| lingam(&params(config)?, seed),
    },
];

/// The generator of that name.
///
/// # Errors
/// [`FileError::UnknownGenerator`] lists those there are.
pub fn by_name(name: &str) -> Result<&'static Generator, FileError> {
    GENERATORS.iter().find(|g| g.name == name).ok_or_else(|| {
        let known = GENERATORS.iter().map(|g| format!("\"{}\"", g.name)).collect::<Vec<_>>().join(", ");
        FileError::UnknownGenerator { name: name.to_owned(), known }
    })
}

impl Generator {
    /// Its keys with their defaults.
    pub fn defaults(&self) -> toml::Table {
        (self.defaults)()
    }

    /// Draws data; keys that `config` leaves out have their defaults.
    ///
    /// # Errors
    /// [`FileError::Params`] for an unknown key (with the nearest known one) or a value out of range.
    pub fn simulate(&self, config: &toml::Table, seed: Seed) -> Result<Simulation, FileError> {
        (self.simulate)(config, seed)
    }
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generator").field("name", &self.name).finish_non_exhaustive()
    }
}

fn defaults<P: Params>() -> toml::Table {
    toml::Table::try_from(P::default()).unwrap_or_default()
}

fn params<P: Params>(config: &toml::Table) -> Result<P, InvalidParams> {
    let known = defaults::<P>();
    let unknown = config.keys().filter(|key| !known.contains_key(*key));
    let violations: Vec<Violation> = unknown
        .map(|key| {
            let near = nearest(key, known.keys().map(String::as_str)).unwrap_or_default();
            Violation::UnknownKey { key: key.clone(), nearest: near.to_owned() }
        })
        .collect();
    if !violations.is_empty() {
        return Err(InvalidParams { violations });
    }
    let malformed = |e: toml::de::Error| InvalidParams { violations: vec![Violation::Malformed { message: e.to_string() }] };
    config.clone().try_into().map_err(malformed)
}
