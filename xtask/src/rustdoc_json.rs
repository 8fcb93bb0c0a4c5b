//! A crate's public items out of rustdoc's JSON: one line an item, with its path, signature or type.
//!
//! Items are named by the path a user writes, so a re-export is listed where it is exported. What rustdoc's format may
//! add in a later version is written as `?`.

mod render;

use crate::json::Json;
use render::{declaration, last, path_type, signature, ty};
use std::collections::{BTreeSet, HashMap};

/// The listing, sorted by path.
///
/// # Errors
///
/// Fails if the JSON has no root module.
pub fn listing(document: &Json) -> Result<String, String> {
    let root = document.get("root").id().ok_or("no root: not a rustdoc JSON file that this task can read")?;
    // Looked up once an item, so by hash and not by walking the members.
    let index: HashMap<&str, &Json> = document.get("index").members().iter().map(|(id, item)| (id.as_str(), item)).collect();
    let item = *index.get(root.as_str()).ok_or("the root is not in the index")?;
    let mut crate_items = Items { index, lines: BTreeSet::new(), open: Vec::new() };
    let name = item.get("name").text().unwrap_or("?").to_owned();
    crate_items.module(&root, &name);
    // By path, so that an item stands with its fields, methods and implementations. Types carry no path, so the first is the item's own.
    let prefix = format!("{name}::");
    let mut lines: Vec<String> = crate_items.lines.into_iter().collect();
    lines.sort_by(|a, b| own_path(a, &prefix).cmp(own_path(b, &prefix)).then(a.cmp(b)));
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

fn own_path<'a>(line: &'a str, prefix: &str) -> &'a str {
    line.find(prefix).map_or(line, |at| &line[at..])
}

struct Items<'a> {
    index: HashMap<&'a str, &'a Json>,
    lines: BTreeSet<String>,
    /// Modules being listed, since a glob import may lead back into one.
    open: Vec<String>,
}

impl<'a> Items<'a> {
    fn module(&mut self, id: &str, path: &str) {
        if self.open.iter().any(|open| open == id) {
            return;
        }
        let Some(item) = self.index.get(id).copied() else { return };
        self.open.push(id.to_owned());
        for child in ids(item.get("inner").get("module").get("items")) {
            self.child(&child, path, None);
        }
        self.open.pop();
    }

    /// An item of a module, under the name `renamed` if a `use` gave it one.
    fn child(&mut self, id: &str, parent: &str, renamed: Option<&str>) {
        let Some(item) = self.index.get(id).copied() else { return };
        let Some((kind, inner)) = item.get("inner").members().first() else { return };
        if kind == "use" {
            self.import(inner, parent);
            return;
        }
        let name = renamed.or(item.get("name").text()).unwrap_or("?");
        let path = format!("{parent}::{name}");
        match kind.as_str() {
            "module" => {
                self.line(format!("pub mod {path}"));
                self.module(id, &path);
            }
            "struct" | "enum" | "union" => self.data(kind, inner, &path),
            "trait" => {
                self.line(format!("pub trait {path}{}", declaration(inner)));
                self.members(inner.get("items"), &path, "");
            }
            "function" => self.line(signature(inner, &path, "pub ")),
            "constant" => self.line(format!("pub const {path}: {}", ty(inner.get("type")))),
            "static" => self.line(format!("pub static {path}: {}", ty(inner.get("type")))),
            "type_alias" => self.line(format!("pub type {path}{} = {}", declaration(inner), ty(inner.get("type")))),
            "macro" => self.line(format!("macro {path}!")),
            "proc_macro" => self.line(format!("proc macro {path}")),
            other => self.line(format!("pub {other} {path}")),
        }
    }

    fn import(&mut self, import: &Json, parent: &str) {
        let target = import.get("id").id();
        let local = target.as_ref().is_some_and(|id| self.index.contains_key(id.as_str()));
        let (source, name) = (import.get("source").text().unwrap_or("?"), import.get("name").text().unwrap_or("?"));
        match (local, import.get("is_glob").is_true()) {
            (true, true) => {
                let Some(id) = target else { return };
                if self.index.get(id.as_str()).is_some_and(|item| !item.get("inner").get("enum").is_null()) {
                    self.line(format!("pub use {parent}::{source}::*"));
                } else {
                    self.module(&id, parent);
                }
            }
            (true, false) => self.child(&target.unwrap_or_default(), parent, Some(name)),
            (false, true) => self.line(format!("pub use {parent}::* = {source}::*")),
            (false, false) => self.line(format!("pub use {parent}::{name} = {source}")),
        }
    }

    fn data(&mut self, kind: &str, inner: &'a Json, path: &str) {
        let shape = inner.get("kind");
        let tuple = shape.get("tuple").list();
        let fields = if tuple.is_empty() { String::new() } else { self.tuple(tuple) };
        self.line(format!("pub {kind} {path}{}{fields}", declaration(inner)));
        self.fields(if kind == "union" { inner.get("fields") } else { shape.get("plain").get("fields") }, path);
        for id in ids(inner.get("variants")) {
            self.variant(&id, path);
        }
        for id in ids(inner.get("impls")) {
            let Some(item) = self.index.get(id.as_str()).copied() else { continue };
            let implementation = item.get("inner").get("impl");
            let generated = implementation.get("is_synthetic").is_true() || !implementation.get("blanket_impl").is_null();
            if generated {
                continue;
            }
            let implemented = implementation.get("trait");
            if implemented.is_null() {
                self.members(implementation.get("items"), path, "pub ");
            } else if last(implemented.get("path").text().unwrap_or_default()) != "StructuralPartialEq" {
                let negative = if implementation.get("is_negative").is_true() { "!" } else { "" };
                self.line(format!("impl {negative}{} for {path}", path_type(implemented)));
            }
        }
    }

    fn variant(&mut self, id: &str, parent: &str) {
        let Some(item) = self.index.get(id).copied() else { return };
        let path = format!("{parent}::{}", item.get("name").text().unwrap_or("?"));
        let kind = item.get("inner").get("variant").get("kind");
        let tuple = kind.get("tuple").list();
        let fields = if tuple.is_empty() { String::new() } else { self.tuple(tuple) };
        self.line(format!("variant {path}{fields}"));
        self.fields(kind.get("struct").get("fields"), &path);
    }

    fn fields(&mut self, list: &Json, parent: &str) {
        for id in ids(list) {
            let Some(item) = self.index.get(id.as_str()).copied() else { continue };
            let name = item.get("name").text().unwrap_or("?");
            self.line(format!("field {parent}::{name}: {}", ty(item.get("inner").get("struct_field"))));
        }
    }

    /// The types of a tuple's fields; a private one is `_`.
    fn tuple(&self, list: &[Json]) -> String {
        let field = |id: &Json| id.id().and_then(|id| self.index.get(id.as_str()).copied());
        let types: Vec<String> =
            list.iter().map(|id| field(id).map_or_else(|| "_".to_owned(), |item| ty(item.get("inner").get("struct_field")))).collect();
        format!("({})", types.join(", "))
    }

    /// What a trait or an inherent implementation holds.
    fn members(&mut self, list: &Json, parent: &str, visibility: &str) {
        for id in ids(list) {
            let Some(item) = self.index.get(id.as_str()).copied() else { continue };
            let path = format!("{parent}::{}", item.get("name").text().unwrap_or("?"));
            let Some((kind, inner)) = item.get("inner").members().first() else { continue };
            match kind.as_str() {
                "function" => {
                    let provided = if visibility.is_empty() && inner.get("has_body").is_true() { "provided " } else { visibility };
                    self.line(signature(inner, &path, provided));
                }
                "assoc_const" => self.line(format!("{visibility}const {path}: {}", ty(inner.get("type")))),
                "assoc_type" => self.line(format!("type {path}{}", declaration(inner))),
                other => self.line(format!("{visibility}{other} {path}")),
            }
        }
    }

    fn line(&mut self, line: String) {
        self.lines.insert(line);
    }
}

fn ids(list: &Json) -> Vec<String> {
    list.list().iter().filter_map(Json::id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_crate_is_listed() {
        let document = r#"{"root": 0, "index": {
            "0": {"name": "demo", "inner": {"module": {"items": [1, 2, 3, 9]}}},
            "1": {"name": "hidden", "inner": {"module": {"items": [4]}}},
            "2": {"name": null, "inner": {"use": {"source": "hidden::Point", "name": "Spot", "id": 4, "is_glob": false}}},
            "3": {"name": null, "inner": {"use": {"source": "std::fmt::Debug", "name": "Debug", "id": 77, "is_glob": false}}},
            "4": {"name": "Point", "inner": {"struct": {"kind": {"plain": {"fields": [5]}}, "generics": {"params": [], "where_predicates": []}, "impls": [6, 8]}}},
            "5": {"name": "x", "inner": {"struct_field": {"primitive": "f64"}}},
            "6": {"name": null, "inner": {"impl": {"trait": null, "items": [7], "is_synthetic": false, "blanket_impl": null}}},
            "7": {"name": "norm", "inner": {"function": {"sig": {"inputs": [["self", {"borrowed_ref": {"lifetime": null, "is_mutable": false, "type": {"generic": "Self"}}}]], "output": {"primitive": "f64"}}, "generics": {"params": [], "where_predicates": []}, "header": {"is_const": true}, "has_body": true}}},
            "8": {"name": null, "inner": {"impl": {"trait": {"path": "$crate::clone::Clone", "id": 50, "args": null}, "items": [], "is_synthetic": false, "blanket_impl": null}}},
            "9": {"name": "run", "inner": {"function": {"sig": {"inputs": [["x", {"slice": {"primitive": "u8"}}]], "output": null}, "generics": {"params": [], "where_predicates": []}, "header": {}, "has_body": true}}}
        }}"#;
        let listing = listing(&Json::parse(document).unwrap()).unwrap();
        let expected = "\
pub use demo::Debug = std::fmt::Debug
impl Clone for demo::Spot
pub struct demo::Spot
pub const fn demo::Spot::norm(&self) -> f64
field demo::Spot::x: f64
pub mod demo::hidden
impl Clone for demo::hidden::Point
pub struct demo::hidden::Point
pub const fn demo::hidden::Point::norm(&self) -> f64
field demo::hidden::Point::x: f64
pub fn demo::run(x: [u8])
";
        assert_eq!(listing, expected);
    }

    #[test]
    fn something_else_is_refused() {
        assert!(listing(&Json::Null).is_err());
    }
}
