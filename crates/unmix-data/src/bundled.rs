//! Real data that comes with the crate, each set small enough to be compiled in. Origins and licences: `data/README.md`.

use crate::{
    FileError, ReadOptions,
    csv_reader::{read_csv, read_draft},
};
use flate2::read::GzDecoder;
use std::path::Path;
use unmix_core::Table;
use unmix_graph::{Edge, Graph};

/// The names that [`by_name`] knows.
pub const NAMES: &[&str] = &["sachs", "holzinger", "digits"];

/// Greatest pixel value in the file of digits.
const DIGITS_MAX: f64 = 16.0;

const SACHS: &[u8] = include_bytes!("../data/sachs.csv.gz");
const SACHS_CONSENSUS: &str = include_str!("../data/sachs_consensus_edges.csv");
const HOLZINGER: &[u8] = include_bytes!("../data/holzinger_swineford_1939.csv");
const DIGITS: &[u8] = include_bytes!("../data/digits.csv.gz");

/// Flow cytometry of 7,466 human immune cells: 11 phospho-proteins and phospholipids under nine conditions (Sachs et al., Science 308,
/// 2005). Raw intensities: strictly positive and heavy-tailed, so set [`ReadOptions::log`] for linear methods. Environments are the
/// conditions, `observational` being the reference; targets are what the reagents act on.
///
/// ```
/// let cells = unmix_data::bundled::sachs()?;
/// assert_eq!((cells.observations.rows(), cells.observations.columns()), (7466, 11));
/// assert_eq!(cells.observational.as_deref(), Some("observational"));
/// # Ok::<(), unmix_data::FileError>(())
/// ```
///
/// # Errors
/// None in practice: the file is compiled in and tested.
pub fn sachs() -> Result<Table, FileError> {
    by_name("sachs", &ReadOptions::default())
}

/// The consensus graph of the Sachs variables: 18 edges, in the order of the columns of [`sachs`]. It holds the cycle
/// plcg → pip2 → pip3 → plcg, so it is a [`Graph`] and no DAG.
///
/// # Errors
/// None in practice: the file is compiled in and tested.
pub fn sachs_consensus() -> Result<Graph, FileError> {
    let path = Path::new("sachs_consensus_edges.csv");
    let mut graph = Graph::new(SACHS_VARIABLES)?;
    for (line, text) in SACHS_CONSENSUS.lines().enumerate().skip(1) {
        let ends = text.split_once(',').and_then(|(cause, effect)| Some((graph.index(cause)?, graph.index(effect)?)));
        let malformed = || FileError::Header { path: path.to_owned(), reason: format!("line {}: {text}", line + 1) };
        let (from, to) = ends.ok_or_else(malformed)?;
        graph.add_edge(Edge::directed(from, to, 1.0))?;
    }
    Ok(graph)
}

const SACHS_VARIABLES: [&str; 11] = ["raf", "mek", "plcg", "pip2", "pip3", "erk", "akt", "pka", "pkc", "p38", "jnk"];

/// Nine mental-ability tests of 301 pupils (Holzinger and Swineford, 1939): x1 to x3 visual, x4 to x6 textual, x7 to x9 speed.
/// Rows are labelled by school.
///
/// # Errors
/// None in practice: the file is compiled in and tested.
pub fn holzinger() -> Result<Table, FileError> {
    by_name("holzinger", &ReadOptions::default())
}

/// 1,797 handwritten digits of 8 × 8 pixels, scaled from 0…16 to 0…1 and named `p<row><column>`, labelled by digit (UCI optical
/// recognition of handwritten digits, test part).
///
/// # Errors
/// None in practice: the file is compiled in and tested.
pub fn digits() -> Result<Table, FileError> {
    by_name("digits", &ReadOptions::default())
}

/// The data set `name`, prepared as `options` say; a role that they leave open (environment, target, label, columns) is filled as
/// [`sachs`], [`holzinger`] and [`digits`] state.
///
/// # Errors
/// [`FileError::UnknownBundle`], or what `options` ask for is not there.
pub fn by_name(name: &str, options: &ReadOptions) -> Result<Table, FileError> {
    let mut options = Defaults(options.clone());
    match name {
        "sachs" => {
            options.environment("condition");
            options.target("target");
            if options.0.environment.as_deref() == Some("condition") && options.0.observational.is_none() {
                options.0.observational = Some("observational".to_owned());
            }
            read_csv(GzDecoder::new(SACHS), Path::new("sachs.csv"), &options.0)
        }
        "holzinger" => {
            options.label("school");
            if options.0.columns.is_none() {
                let tests = (1..=9).map(|i| format!("x{i}"));
                let free: Vec<String> = tests.filter(|t| !options.uses(t)).collect();
                // the other columns describe the pupils
                options.0.columns = Some(free);
            }
            read_csv(HOLZINGER, Path::new("holzinger_swineford_1939.csv"), &options.0)
        }
        "digits" => {
            options.label("digit");
            let mut draft = read_draft(GzDecoder::new(DIGITS), Path::new("digits.csv"), &options.0)?;
            draft.features /= DIGITS_MAX;
            draft.finish(&options.0)
        }
        _ => {
            let known = NAMES.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
            Err(FileError::UnknownBundle { name: name.to_owned(), known })
        }
    }
}

/// Options whose open roles are filled, unless the column has another role.
struct Defaults(ReadOptions);

impl Defaults {
    fn uses(&self, column: &str) -> bool {
        let o = &self.0;
        let single = [&o.label, &o.environment, &o.target].into_iter().flatten();
        let lists = o.exclude.iter().chain(&o.auxiliary).chain(o.columns.iter().flatten());
        single.chain(lists).any(|c| c == column)
    }

    fn free(&self, column: &str) -> Option<String> {
        (!self.uses(column)).then(|| column.to_owned())
    }

    fn environment(&mut self, column: &str) {
        self.0.environment = self.0.environment.take().or_else(|| self.free(column));
    }

    fn target(&mut self, column: &str) {
        self.0.target = self.0.target.take().or_else(|| self.free(column));
    }

    fn label(&mut self, column: &str) {
        self.0.label = self.0.label.take().or_else(|| self.free(column));
    }
}
