//! Types, bounds and signatures of rustdoc's JSON written as Rust writes them.

use crate::json::Json;

/// `const fn path<T>(x: T) -> U where …`, after a prefix such as `pub `.
pub fn signature(function: &Json, path: &str, prefix: &str) -> String {
    let header = function.get("header");
    let word = |key: &str, word: &'static str| if header.get(key).is_true() { word } else { "" };
    let (generics, bounds) = generics(function.get("generics"));
    let sig = function.get("sig");
    let inputs: Vec<String> = sig.get("inputs").list().iter().map(input).collect();
    let keywords = format!("{}{}{}", word("is_const", "const "), word("is_async", "async "), word("is_unsafe", "unsafe "));
    format!("{prefix}{keywords}fn {path}{generics}({}){}{bounds}", inputs.join(", "), output(sig))
}

/// The generics and bounds that follow a name where it is declared, supertraits among them.
pub fn declaration(inner: &Json) -> String {
    let (generics, conditions) = generics(inner.get("generics"));
    let bounds = bounds(inner.get("bounds").list());
    let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
    format!("{generics}{bounds}{conditions}")
}

/// A path with its arguments, such as the trait of an implementation.
pub fn path_type(path: &Json) -> String {
    let name = last(path.get("path").text().or_else(|| path.get("name").text()).unwrap_or("?"));
    format!("{name}{}", arguments(path.get("args")))
}

/// The last part of a path: listings do not change when a name is imported another way.
pub fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// A type.
pub fn ty(json: &Json) -> String {
    let Some((kind, inner)) = json.members().first() else {
        return json.text().map_or_else(|| "?".to_owned(), |word| if word == "infer" { "_".to_owned() } else { word.to_owned() });
    };
    match kind.as_str() {
        "resolved_path" => path_type(inner),
        "primitive" if inner.text() == Some("never") => "!".to_owned(),
        "primitive" | "generic" => inner.text().unwrap_or("?").to_owned(),
        "borrowed_ref" => {
            let lifetime = inner.get("lifetime").text().map(|name| format!("{name} ")).unwrap_or_default();
            format!("&{lifetime}{}{}", mutable(inner), ty(inner.get("type")))
        }
        "raw_pointer" => {
            let mutability = if inner.get("is_mutable").is_true() { "mut" } else { "const" };
            format!("*{mutability} {}", ty(inner.get("type")))
        }
        "tuple" => format!("({})", inner.list().iter().map(ty).collect::<Vec<_>>().join(", ")),
        "slice" => format!("[{}]", ty(inner)),
        "array" => format!("[{}; {}]", ty(inner.get("type")), inner.get("len").text().unwrap_or("?")),
        "impl_trait" => format!("impl {}", bounds(inner.list())),
        "dyn_trait" => {
            let mut parts: Vec<String> = inner.get("traits").list().iter().map(|bound| path_type(bound.get("trait"))).collect();
            parts.extend(inner.get("lifetime").text().map(str::to_owned));
            format!("dyn {}", parts.join(" + "))
        }
        "function_pointer" => {
            let sig = inner.get("sig");
            let inputs: Vec<String> = sig.get("inputs").list().iter().filter_map(|pair| pair.list().get(1)).map(ty).collect();
            format!("fn({}){}", inputs.join(", "), output(sig))
        }
        "qualified_path" => {
            let owner = ty(inner.get("self_type"));
            let name = path_type(inner);
            match inner.get("trait").get("path").text() {
                None | Some("") => format!("{owner}::{name}"),
                Some(_) => format!("<{owner} as {}>::{name}", path_type(inner.get("trait"))),
            }
        }
        _ => "?".to_owned(),
    }
}

fn mutable(inner: &Json) -> &'static str {
    if inner.get("is_mutable").is_true() { "mut " } else { "" }
}

fn input(pair: &Json) -> String {
    let [name, kind] = pair.list() else { return "?".to_owned() };
    let (name, kind) = (name.text().unwrap_or("_"), ty(kind));
    match (name, kind.as_str()) {
        ("self", "Self") => "self".to_owned(),
        ("self", "&Self") => "&self".to_owned(),
        ("self", "&mut Self") => "&mut self".to_owned(),
        _ => format!("{name}: {kind}"),
    }
}

fn output(sig: &Json) -> String {
    if sig.get("output").is_null() { String::new() } else { format!(" -> {}", ty(sig.get("output"))) }
}

/// `<T, U>`, `(X) -> Y` or nothing.
fn arguments(json: &Json) -> String {
    let call = json.get("parenthesized");
    if !call.is_null() {
        return format!("({}){}", call.get("inputs").list().iter().map(ty).collect::<Vec<_>>().join(", "), output(call));
    }
    let angle = json.get("angle_bracketed");
    let mut parts: Vec<String> = angle.get("args").list().iter().map(argument).collect();
    parts.extend(angle.get("constraints").list().iter().map(|constraint| {
        let binding = constraint.get("binding");
        let name = constraint.get("name").text().unwrap_or("?");
        if binding.get("equality").is_null() {
            format!("{name}: {}", bounds(binding.get("constraint").list()))
        } else {
            format!("{name} = {}", argument(binding.get("equality")))
        }
    }));
    if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) }
}

fn argument(json: &Json) -> String {
    match json.members().first() {
        Some((kind, inner)) if kind == "type" => ty(inner),
        Some((kind, inner)) if kind == "lifetime" => inner.text().unwrap_or("?").to_owned(),
        Some((kind, inner)) if kind == "const" || kind == "constant" => inner.get("expr").text().unwrap_or("?").to_owned(),
        _ => "_".to_owned(),
    }
}

fn bounds(list: &[Json]) -> String {
    let one = |bound: &Json| {
        let named = bound.get("trait_bound");
        if named.is_null() {
            return bound.get("outlives").text().unwrap_or("?").to_owned();
        }
        let maybe = if named.get("modifier").text() == Some("maybe") { "?" } else { "" };
        format!("{maybe}{}", path_type(named.get("trait")))
    };
    list.iter().map(one).collect::<Vec<_>>().join(" + ")
}

/// `<T: A, const N: usize>` and ` where …`. Parameters that stand for `impl Trait` are written where they are used.
fn generics(json: &Json) -> (String, String) {
    let mut parts = Vec::new();
    for parameter in json.get("params").list() {
        let name = parameter.get("name").text().unwrap_or("?");
        let (of_type, of_const) = (parameter.get("kind").get("type"), parameter.get("kind").get("const"));
        if of_type.get("is_synthetic").is_true() {
            continue;
        }
        let bounds = bounds(of_type.get("bounds").list());
        parts.push(match (of_const.is_null(), bounds.is_empty()) {
            (false, _) => format!("const {name}: {}", ty(of_const.get("type"))),
            (true, true) => name.to_owned(),
            (true, false) => format!("{name}: {bounds}"),
        });
    }
    let conditions: Vec<String> = json.get("where_predicates").list().iter().filter_map(condition).collect();
    let generics = if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) };
    let conditions = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(", ")) };
    (generics, conditions)
}

fn condition(json: &Json) -> Option<String> {
    let bound = json.get("bound_predicate");
    if !bound.is_null() {
        let bounds = bounds(bound.get("bounds").list());
        return (!bounds.is_empty()).then(|| format!("{}: {bounds}", ty(bound.get("type"))));
    }
    let lifetime = json.get("lifetime_predicate");
    if !lifetime.is_null() {
        let outlived: Vec<&str> = lifetime.get("outlives").list().iter().filter_map(Json::text).collect();
        return Some(format!("{}: {}", lifetime.get("lifetime").text().unwrap_or("?"), outlived.join(" + ")));
    }
    Some("?".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &str) {
        assert_eq!(ty(&Json::parse(json).unwrap()), expected);
    }

    #[test]
    fn types() {
        check(r#"{"primitive": "never"}"#, "!");
        check(r#"{"tuple": [{"primitive": "u8"}, {"generic": "T"}]}"#, "(u8, T)");
        check(r#"{"array": {"type": {"primitive": "f64"}, "len": "3"}}"#, "[f64; 3]");
        check(r#"{"borrowed_ref": {"lifetime": "'a", "is_mutable": true, "type": {"slice": {"primitive": "u8"}}}}"#, "&'a mut [u8]");
        check(
            r#"{"resolved_path": {"path": "std::option::Option", "args": {"angle_bracketed": {"args": [{"type": {"generic": "T"}}], "constraints": []}}}}"#,
            "Option<T>",
        );
        check(
            r#"{"impl_trait": [{"trait_bound": {"trait": {"path": "Iterator", "args": {"angle_bracketed": {"args": [], "constraints": [{"name": "Item", "args": null, "binding": {"equality": {"type": {"primitive": "u8"}}}}]}}}, "modifier": "none"}}, {"outlives": "'a"}]}"#,
            "impl Iterator<Item = u8> + 'a",
        );
        check(
            r#"{"dyn_trait": {"traits": [{"trait": {"path": "Fn", "args": {"parenthesized": {"inputs": [{"primitive": "f64"}], "output": {"primitive": "f64"}}}}}], "lifetime": "'static"}}"#,
            "dyn Fn(f64) -> f64 + 'static",
        );
        check(
            r#"{"qualified_path": {"name": "Item", "args": null, "self_type": {"generic": "T"}, "trait": {"path": "IntoIterator", "args": null}}}"#,
            "<T as IntoIterator>::Item",
        );
        check(r#"{"something_new": 1}"#, "?");
    }
}
