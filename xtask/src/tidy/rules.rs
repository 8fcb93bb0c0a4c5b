//! The rules about one file. Each returns where the file breaks it: line and what was found there.

use super::File;
use crate::rust_source::{line_of, words};

type Found = Vec<(usize, String)>;

/// Longest source file. Most have 100 to 300 lines.
const MOST_LINES: usize = 800;

/// Kernel modules that may hold `unsafe`: none so far.
const UNSAFE_FILES: &[&str] = &[];

/// Hosts of package registries, split so that this file names none.
const HOSTS: &[(&str, &str)] = &[
    ("static", "crates.io"),
    ("index", "crates.io"),
    ("pypi", "org"),
    ("files", "pythonhosted.org"),
    ("deb", "debian.org"),
    ("registry", "npmjs.org"),
];

/// First folders of paths that exist on one machine only.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "work", "Users", "tmp/bash_jobs"];

/// Files written by people: here white space counts.
const WRITTEN: &[&str] = &["rs", "toml", "md", "py", "sh", "yml", "css"];

pub fn trailing_space(file: &File<'_>) -> Found {
    if !file.has_end(WRITTEN) {
        return Vec::new();
    }
    lines(file, |line| line.ends_with([' ', '\t']).then(|| "trailing white space".to_owned()))
}

pub fn tabs(file: &File<'_>) -> Found {
    if file.is_rust() { lines(file, |line| line.contains('\t').then(|| "a tab".to_owned())) } else { Vec::new() }
}

pub fn length(file: &File<'_>) -> Found {
    let count = file.text.lines().count();
    if file.has_end(&["rs", "py", "sh"]) && count > MOST_LINES {
        vec![(count, format!("{count} lines, more than {MOST_LINES}"))]
    } else {
        Vec::new()
    }
}

pub fn module_header(file: &File<'_>) -> Found {
    let is_module = file.is_rust() && (file.path.contains("/src/") || file.path.contains("/examples/"));
    let mut first = file.text.lines().map(str::trim).filter(|line| !(line.is_empty() || line.starts_with("#![") && !line.contains("doc")));
    if is_module && !first.next().is_some_and(|line| line.starts_with("//!") || line.starts_with("#![")) {
        return vec![(1, "no module header".to_owned())];
    }
    Vec::new()
}

pub fn stubs(file: &File<'_>) -> Found {
    code_words(file.code, &["todo!", "unimplemented!", "dbg!", "#[ignore"])
}

pub fn unsafe_code(file: &File<'_>) -> Found {
    if UNSAFE_FILES.contains(&file.path) { Vec::new() } else { code_words(file.code, &["unsafe"]) }
}

/// A sum that closes a rayon chain adds floats in an order that depends on the threads.
pub fn parallel_sums(file: &File<'_>) -> Found {
    let code = file.code_outside_tests();
    let mut found = Vec::new();
    for start in ["par_iter", "par_iter_mut", "into_par_iter", "par_chunks", "par_chunks_exact", "par_bridge"] {
        for at in words(code, start) {
            for sum in chain_sums(&code[at..]) {
                found.push((line_of(code, at + sum), "a float sum at the end of a parallel chain".to_owned()));
            }
        }
    }
    found
}

/// Where a method chain that begins `rest` calls `.sum` on its own level, not inside a closure, without naming an integer.
fn chain_sums(rest: &str) -> Vec<usize> {
    let mut depth = 0_i32;
    let mut sums = Vec::new();
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b';' | b',' if depth == 0 => break,
            b'.' if depth == 0 => {
                let call = &rest[at..];
                if call.starts_with(".sum::<f") || call.starts_with(".sum()") {
                    sums.push(at);
                }
            }
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    sums
}

pub fn backward(file: &File<'_>) -> Found {
    let gradient_checks = file.path.starts_with("crates/unmix-testkit/");
    if gradient_checks || file.path.starts_with("crates/unmix-vae/src/train") {
        return Vec::new();
    }
    code_words(file.code_outside_tests(), &[".backward("])
}

pub fn randomness(file: &File<'_>) -> Found {
    code_words(file.code, &["thread_rng", "from_os_rng", "OsRng", "SysRng", "ThreadRng", "rand::rng(", "rand::random"])
}

pub fn printing(file: &File<'_>) -> Found {
    // The command line talks; the test kit says what it skips.
    match file.source_of() {
        None | Some("unmix" | "unmix-testkit") => Vec::new(),
        Some(_) => code_words(file.code_outside_tests(), &["println!", "print!", "eprintln!", "eprint!"]),
    }
}

pub fn vague_names(file: &File<'_>) -> Found {
    let name = file.path.trim_end_matches("/mod.rs").trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
    let vague = ["utils", "util", "helpers", "helper", "common", "manager", "misc"].contains(&name);
    if file.is_rust() && vague { vec![(1, format!("a file named `{name}`"))] } else { Vec::new() }
}

pub fn hosts(file: &File<'_>) -> Found {
    lines(file, |line| {
        let named = HOSTS.iter().map(|(name, end)| format!("{name}.{end}")).find(|host| line.contains(host));
        named.map(|host| format!("the registry host {host}"))
    })
}

pub fn machine_paths(file: &File<'_>) -> Found {
    lines(file, |line| {
        MACHINE_FOLDERS.iter().map(|folder| format!("/{folder}/")).find_map(|folder| {
            // After a letter or another folder it is the middle of an address or of a path from the root.
            let alone = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')'));
            line.match_indices(&folder).any(|(at, _)| alone(at)).then(|| format!("a path of one machine, {folder}…"))
        })
    })
}

fn lines(file: &File<'_>, find: impl Fn(&str) -> Option<String>) -> Found {
    file.text.lines().enumerate().filter_map(|(number, line)| find(line).map(|found| (number + 1, found))).collect()
}

fn code_words(code: &str, forbidden: &[&str]) -> Found {
    forbidden.iter().flat_map(|word| words(code, word).map(|at| (line_of(code, at), format!("`{word}`"))).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::breaches;

    /// Each row breaks exactly as many rules as it says, with the expected words in the first message.
    fn check(path: &str, text: &str, expected: &[&str]) {
        let found = breaches(path, text);
        assert_eq!(found.len(), expected.len(), "{path}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} does not say {expected}");
        }
    }

    const SOURCE: &str = "crates/unmix-linear/src/pca.rs";

    fn source(body: &str) -> String {
        format!("//! Header.\n{body}\n")
    }

    #[test]
    fn white_space_and_length() {
        check("docs/a.md", "x \n", &["docs/a.md:1: trailing"]);
        check("data/a.csv", "x \n", &[]);
        check(SOURCE, &source("fn f() {\n\t}"), &["a tab"]);
        check(SOURCE, &source(&"\n".repeat(800)), &["more than 800"]);
    }

    #[test]
    fn a_module_says_what_it_holds() {
        check(SOURCE, "fn f() {}\n", &["no module header"]);
        check("crates/unmix-linear/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n", &[]);
        check("crates/unmix-linear/src/lib.rs", "#![allow(dead_code)]\n//! Header.\n", &[]);
        check("crates/unmix-linear/tests/it/main.rs", "mod pca;\n", &[]);
    }

    #[test]
    fn words_of_code_and_not_of_prose() {
        check(SOURCE, &source("/// A todo!() of unsafe words.\nfn f() { todo!() }"), &[":3: `todo!`"]);
        check(SOURCE, &source("fn f() { unsafe { g() } }"), &["`unsafe`"]);
        check(SOURCE, &source("fn f() { println!(\"x\"); }"), &["`println!`"]);
        check("crates/unmix/src/main.rs", &source("fn f() { println!(\"x\"); }"), &[]);
        check(SOURCE, &source("fn f() { let r = rand::rng(); }"), &["`rand::rng(`"]);
        check("crates/unmix-linear/tests/it/a.rs", "#[ignore]\nfn f() {}\n", &["`#[ignore`"]);
    }

    #[test]
    fn backward_is_called_in_the_loop_and_in_tests() {
        let call = source("fn f() { loss.backward(); }");
        check("crates/unmix-vae/src/beta.rs", &call, &["`.backward(`"]);
        check("crates/unmix-vae/src/train/step.rs", &call, &[]);
        check("crates/unmix-dist/tests/it/gradients.rs", &call, &[]);
        check(SOURCE, &source("#[cfg(test)]\nmod tests { fn f() { loss.backward(); } }"), &[]);
    }

    #[test]
    fn a_parallel_chain_ends_in_no_float_sum() {
        check(SOURCE, &source("fn f() { let s = x.par_iter().map(|v| v * v).sum::<f64>(); }"), &["parallel chain"]);
        check(SOURCE, &source("fn f() -> f64 { x.par_chunks(9)\n    .map(|c| c.len() as f64)\n    .sum() }"), &[":4: a float sum"]);
        check(
            SOURCE,
            &source("fn f() { let s: Vec<f64> = x.par_chunks(9).map(|c| { let y = 1; c.iter().sum::<f64>() }).collect(); }"),
            &[],
        );
        check(SOURCE, &source("fn f() { let n = x.par_iter().map(|v| v.len()).sum::<usize>(); let s = y.iter().sum::<f64>(); }"), &[]);
    }

    #[test]
    fn names_hosts_and_paths() {
        check("crates/unmix-linear/src/utils.rs", "//! x\n", &["named `utils`"]);
        check("crates/unmix-linear/tests/common/mod.rs", "", &["named `common`"]);
        check("docs/a.md", &["see py", "pi.org\n"].concat(), &["registry host"]);
        check("docs/a.md", &["in `/ho", "me/x/y`\n"].concat(), &["path of one machine"]);
        check("docs/a.md", "see https://example.com/home/x and a/work/b and $HOME/work/x\n", &[]);
    }
}
