//! Values of other systems, see `goldens/` at the root of the repository.

use serde::de::DeserializeOwned;
use std::{fs, path::Path};

pub fn read<T: DeserializeOwned>(path: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goldens").join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}
