//! The architecture as a table, and the check that no crate depends upwards.

use crate::{failure::Outcome, manifest::Manifest, process, workspace};

/// Where a crate stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// A row of the architecture: may depend on lower rows only.
    Row(u8),
    /// A kit for tests: sees the rows below [`KIT_ROW`]; library crates may name it as a dev-dependency only.
    Kit,
    /// A program: may depend on everything, nothing depends on it.
    Program,
}

/// Whether a crate names burn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Burn {
    Yes,
    /// Behind a feature that is off by default.
    Feature,
    No,
}

/// The test kit stands beside the crates of this row and may depend on the rows below it.
const KIT_ROW: u8 = 4;

/// Lowest row first.
const LAYERS: &[(&str, Place, Burn)] = &[
    ("unmix-graph", Place::Row(0), Burn::No),
    ("unmix-numerics", Place::Row(0), Burn::No),
    ("unmix-core", Place::Row(1), Burn::No),
    ("unmix-data", Place::Row(2), Burn::No),
    ("unmix-linear", Place::Row(3), Burn::No),
    ("unmix-metrics", Place::Row(3), Burn::No),
    ("unmix-backend", Place::Row(3), Burn::Yes),
    ("unmix-dist", Place::Row(4), Burn::Feature),
    ("unmix-causal", Place::Row(5), Burn::No),
    ("unmix-vae", Place::Row(5), Burn::Yes),
    ("unmix-crl", Place::Row(6), Burn::Yes),
    ("unmix-concepts", Place::Row(6), Burn::Yes),
    ("unmix-report", Place::Row(6), Burn::No),
    ("unmix", Place::Row(7), Burn::Yes),
    ("unmix-testkit", Place::Kit, Burn::Feature),
    ("examples", Place::Program, Burn::Yes),
    ("experiments", Place::Program, Burn::Yes),
    ("xtask", Place::Program, Burn::No),
];

/// Crates that see less than their row would allow: a metric cannot see what it scores.
const NARROWER: &[(&str, &[&str])] = &[("unmix-metrics", &["unmix-graph", "unmix-numerics", "unmix-core"])];

/// The step: manifests against the table, then burn in the default dependency tree.
///
/// # Errors
///
/// Fails with every breach found.
pub fn run() -> Outcome {
    let members = workspace::members()?;
    let mut problems = breaches(&members);
    let described = workspace::read("ARCHITECTURE.md").ok();
    for member in &members {
        if described.as_ref().is_some_and(|text| member.folder.starts_with("crates/") && !text.contains(&format!("`{}`", member.name))) {
            problems.push(format!("ARCHITECTURE.md does not name `{}`", member.name));
        }
        if matches!(row(&member.name), Some((_, Burn::No | Burn::Feature))) {
            let tree = process::output(&mut process::cargo(["tree", "-p", &member.name, "-e", "normal", "--prefix", "none"]))?;
            problems.extend(names_burn(&tree).then(|| format!("{}: burn is in its default dependency tree", member.name)));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn row(name: &str) -> Option<(Place, Burn)> {
    LAYERS.iter().find(|(crate_name, ..)| *crate_name == name).map(|&(_, place, burn)| (place, burn))
}

/// What the manifests say against the table.
fn breaches(members: &[Manifest]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let Some((place, burn)) = row(&member.name) else {
            problems.push(format!("{}: no row in xtask/src/layers.rs", member.name));
            continue;
        };
        for dependency in &member.dependencies {
            if burn == Burn::No && dependency.starts_with("burn") {
                problems.push(format!("{}: must not name {dependency}", member.name));
            }
            let Some((below, _)) = row(dependency) else { continue };
            if !may_see(place, below) {
                problems.push(format!("{}: must not depend on {dependency} ({})", member.name, reason(place, below)));
            }
            if NARROWER.iter().any(|(name, allowed)| *name == member.name && !allowed.contains(&dependency.as_str())) {
                problems.push(format!("{}: must not depend on {dependency} (it sees nothing above core)", member.name));
            }
        }
        for dependency in &member.dev_dependencies {
            if matches!(row(dependency), Some((Place::Program, _))) {
                problems.push(format!("{}: must not depend on the program {dependency}", member.name));
            }
        }
    }
    problems
}

fn may_see(from: Place, to: Place) -> bool {
    match (from, to) {
        (_, Place::Program) => false,
        (Place::Program, _) => true,
        (Place::Row(from), Place::Row(to)) => to < from,
        (Place::Kit, Place::Row(to)) => to < KIT_ROW,
        (_, Place::Kit) => false,
    }
}

fn reason(from: Place, to: Place) -> String {
    match (from, to) {
        (_, Place::Program) => "nothing depends on a program".to_owned(),
        (_, Place::Kit) => "the test kit is for dev-dependencies".to_owned(),
        (Place::Row(from), Place::Row(to)) => format!("row {from} sees lower rows only, this is row {to}"),
        (Place::Kit | Place::Program, Place::Row(to)) => format!("the test kit sees rows below {KIT_ROW}, this is row {to}"),
    }
}

/// Whether a line of `cargo tree --prefix none` is burn or one of its crates.
fn names_burn(tree: &str) -> bool {
    tree.lines().any(|line| line.starts_with("burn ") || line.starts_with("burn-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, dependencies: &str, expected: &[&str]) {
        let manifest = Manifest::parse("crates/x", &format!("[package]\nname = \"{name}\"\n{dependencies}"));
        let found = breaches(&[manifest]);
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} does not say {expected}");
        }
    }

    #[test]
    fn lower_rows_and_outside_crates_are_free() {
        check("unmix-linear", "[dependencies]\nunmix-core.workspace = true\nunmix-data.workspace = true\nrand = \"1\"", &[]);
        check("unmix-vae", "[dependencies]\nunmix-backend.workspace = true\nburn.workspace = true", &[]);
        check("experiments", "[dependencies]\nunmix.workspace = true\nunmix-testkit.workspace = true", &[]);
    }

    #[test]
    fn a_dependency_upwards_or_within_a_row_is_a_breach() {
        check("unmix-core", "[dependencies]\nunmix-data.workspace = true", &["row 1 sees lower rows only, this is row 2"]);
        check("unmix-linear", "[dependencies.unmix-metrics]\nworkspace = true", &["row 3"]);
        check("unmix-core", "[build-dependencies]\nunmix-linear = { path = \"..\" }", &["unmix-linear"]);
    }

    #[test]
    fn dev_dependencies_may_point_anywhere_but_at_programs() {
        check("unmix-core", "[dev-dependencies]\nunmix-vae.workspace = true\nunmix-testkit.workspace = true", &[]);
        check("unmix-core", "[dev-dependencies]\nexperiments.workspace = true", &["program"]);
        check("unmix-core", "[dependencies]\nunmix-testkit.workspace = true", &["dev-dependencies"]);
    }

    #[test]
    fn metrics_see_nothing_above_core() {
        check("unmix-metrics", "[dependencies]\nunmix-core.workspace = true\nunmix-graph.workspace = true", &[]);
        check("unmix-metrics", "[dependencies]\nunmix-data.workspace = true", &["nothing above core"]);
    }

    #[test]
    fn burn_is_named_where_the_table_allows_it() {
        check("unmix-linear", "[dependencies]\nburn = { workspace = true, optional = true }", &["must not name burn"]);
        check("unmix-dist", "[dependencies]\nburn = { workspace = true, optional = true }", &[]);
        assert!(names_burn("unmix-dist v0.1.0\nburn v0.22.1\n") && names_burn("burn-tensor v0.22.1"));
        assert!(!names_burn("unmix-dist v0.1.0\nburner v1.0.0\n"));
    }

    #[test]
    fn a_crate_without_a_row_is_a_breach() {
        check("unmix-new", "", &["no row"]);
    }
}
