//! The registry against the book and the facade: no method without a page, no crate's methods left out.

use crate::{failure::Outcome, rust_source, workspace};
use std::path::Path;

/// The book's page of a method lies here.
const PAGES: &str = "docs/src/methods";

/// The step.
///
/// # Errors
///
/// Fails with every method without a page and every crate whose methods the facade does not list.
pub fn run() -> Outcome {
    let mut problems = Vec::new();
    let files = workspace::files()?;
    let root = workspace::root();
    let mut facade = String::new();
    let mut exporting: Vec<String> = Vec::new();
    for path in files.iter().filter(|path| Path::new(path).extension().is_some_and(|end| end == "rs")) {
        let Some((name, _)) = path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/")) else { continue };
        let text = workspace::read(path)?;
        let mut code = rust_source::code(&text);
        code.truncate(rust_source::tests_begin(&code));
        if name == "unmix" {
            facade += &code;
            continue;
        }
        if code.contains("pub const METHODS") {
            exporting.push(name.to_owned());
        }
        for method in registered(&text, &code) {
            let page = format!("{PAGES}/{method}.md");
            if root.join("docs/src").is_dir() && !root.join(&page).is_file() {
                problems.push(format!("{path}: the method `{method}` has no page {page}"));
            }
        }
    }
    if root.join("crates/unmix/src").is_dir() {
        exporting.retain(|name| !lists(&facade, name));
        problems
            .extend(exporting.iter().map(|name| format!("crates/unmix/src: the facade does not list {}::METHODS", name.replace('-', "_"))));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// Whether the facade's code chains the methods of a crate, by its full name or re-exported as the part after `unmix-`.
fn lists(facade: &str, name: &str) -> bool {
    let full = name.replace('-', "_");
    let short = full.strip_prefix("unmix_").unwrap_or(&full);
    [full.as_str(), short].iter().any(|name| rust_source::words(facade, &format!("{name}::METHODS")).next().is_some())
}

/// The names in `Method::of::<Params, Data>("name", …)`, which `code` shows in place and `text` in words.
fn registered(text: &str, code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("Method::of::<") {
        let Some(open) = code[at..].find(">(") else { continue };
        let argument = text[at + open + 2..].trim_start();
        names.extend(argument.strip_prefix('"').and_then(|rest| rest.split('"').next()).map(str::to_owned));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_code_and_not_from_comments() {
        let text = "/// Method::of::<A, B>(\"prose\")\npub const METHODS: &[Method] = &[Method::of::<A<C>, B>(\n    \"fast-ica\", \"x\"),\n Method::of::<D, B>(\"pca\", \"y\")];";
        assert_eq!(registered(text, &rust_source::code(text)), ["fast-ica", "pca"]);
    }

    #[test]
    fn the_facade_lists_a_crate_by_either_name() {
        assert!(lists("chain(unmix_linear::METHODS)", "unmix-linear"));
        assert!(lists("chain(linear::METHODS)", "unmix-linear"));
        assert!(!lists("chain(bilinear::METHODS)", "unmix-linear"));
    }
}
