//! Rules about which files stand together: a golden with its generator, a page with its line in the book's contents.

/// Every topic under `goldens/` has its generator and pinned requirements: no golden of the project's own past output.
pub fn goldens(paths: &[String], read: impl Fn(&str) -> Result<String, String>) -> Vec<String> {
    let mut topics: Vec<&str> =
        paths.iter().filter_map(|path| path.strip_prefix("goldens/")?.split_once('/').map(|(topic, _)| topic)).collect();
    topics.dedup();
    let mut problems = Vec::new();
    for topic in topics {
        for name in ["generate.py", "requirements.txt"] {
            let path = format!("goldens/{topic}/{name}");
            if !paths.contains(&path) {
                problems.push(format!("{path} is missing; a golden comes from another system or a closed form, with what made it"));
            } else if name == "requirements.txt" {
                match read(&path) {
                    Ok(text) => {
                        problems.extend(unpinned(&text).map(|line| format!("{path}: `{line}` is not pinned with ==")).collect::<Vec<_>>());
                    }
                    Err(why) => problems.push(why),
                }
            }
        }
    }
    problems
}

fn unpinned(requirements: &str) -> impl Iterator<Item = &str> {
    requirements.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '-']) && !line.contains("=="))
}

/// Every page of the book is in its contents.
pub fn book(paths: &[String], read: impl Fn(&str) -> Result<String, String>) -> Vec<String> {
    const CONTENTS: &str = "docs/src/SUMMARY.md";
    let pages: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.strip_prefix("docs/src/"))
        .filter(|page| *page != "SUMMARY.md" && std::path::Path::new(page).extension().is_some_and(|end| end == "md"))
        .collect();
    if pages.is_empty() {
        return Vec::new();
    }
    match read(CONTENTS) {
        Ok(contents) => {
            let linked = |page: &str| contents.contains(&format!("({page})")) || contents.contains(&format!("(./{page})"));
            pages.iter().filter(|page| !linked(page)).map(|page| format!("{CONTENTS} does not link {page}")).collect()
        }
        Err(why) => vec![why],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_golden_has_its_generator_and_pinned_requirements() {
        let found = goldens(
            &paths(&["goldens/fa/generate.py", "goldens/fa/holzinger.json", "goldens/fa/requirements.txt", "goldens/ica/x.json"]),
            |_| Ok("# peers\nnumpy==2.0\nscipy>=1\n".to_owned()),
        );
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].contains("`scipy>=1`")
                && found[1].contains("goldens/ica/generate.py")
                && found[2].contains("goldens/ica/requirements.txt")
        );
    }

    #[test]
    fn a_page_is_in_the_contents() {
        let list = paths(&["docs/src/SUMMARY.md", "docs/src/start.md", "docs/src/methods/pca.md"]);
        let found = book(&list, |_| Ok("- [Start](start.md)\n".to_owned()));
        assert_eq!(found, ["docs/src/SUMMARY.md does not link methods/pca.md"]);
        assert_eq!(book(&paths(&["docs/api/unmix.txt"]), |path| Err(path.to_owned())), Vec::<String>::new());
    }
}
