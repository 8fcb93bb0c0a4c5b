//! The page stands alone, is well formed, and shows hostile names as text.

use crate::sample::{HOSTILE, figures};
use roxmltree::Document;
use unmix_core::{Claim, Class, Evidence, Verdict, Warning};
use unmix_report::{Report, Section, Table, Tone};

/// The elements of HTML that have no end tag.
const VOID: [&str; 1] = ["meta"];

/// The page as XML: void elements closed, the rest must be balanced as it stands.
fn as_xml(html: &str) -> String {
    let mut xml = html.strip_prefix("<!DOCTYPE html>").unwrap().to_owned();
    for tag in VOID {
        let mut at = 0;
        while let Some(start) = xml[at..].find(&format!("<{tag} ")) {
            let end = at + start + xml[at + start..].find('>').unwrap();
            xml.insert(end, '/');
            at = end;
        }
    }
    xml
}

fn full(names: &[&str; 5]) -> String {
    let [a, b, c, d, e] = *names;
    let claim = Claim { class: Class::Affine, theorem: "Theorem <1>", assumptions: &["first", "second"] };
    let evidence = [Evidence { assumption: "first", verdict: Verdict::Supported, p_value: Some(1e-7), margin: None, detail: a.into() }];
    let words = Section::new(a)
        .prose(b)
        .list([c])
        .subheading(d)
        .table(Table::new([a, "n"]).row([b, "1.5"]).row([c]), e)
        .claim(claim, &evidence)
        .callout(Tone::Note, a, b)
        .warnings(&[Warning { code: "a-code", text: c.into() }]);
    let pictures = figures(names).into_iter().fold(Section::new(b), |s, f| s.figure(f, c));
    Report::new(a).lead(b).fact(c, d).section(words).section(pictures).render()
}

#[test]
fn the_page_is_well_formed_and_stands_alone() {
    for names in [["a", "b", "c", "d", "e"], HOSTILE] {
        let html = full(&names);
        let xml = as_xml(&html);
        let document = Document::parse(&xml).unwrap_or_else(|e| panic!("{e}"));
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("url("));
        for node in document.descendants() {
            assert!(!["script", "link", "iframe", "img", "object"].contains(&node.tag_name().name()), "{}", node.tag_name().name());
            for attribute in node.attributes() {
                assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
                if ["href", "src"].contains(&attribute.name()) {
                    assert!(attribute.value().starts_with('#') || attribute.value().starts_with("data:image/png"), "{}", attribute.value());
                }
            }
        }
        // every address inside the page leads somewhere, and no id is given twice
        let mut ids: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
        let links = document.descendants().filter_map(|n| n.attribute("href")).filter_map(|h| h.strip_prefix('#'));
        assert!(links.into_iter().all(|l| ids.contains(&l)));
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert_eq!(html, full(&names));
        assert!(html.len() < 400_000, "{}", html.len());
    }
}

#[test]
fn hostile_names_are_shown_as_they_are() {
    let html = full(&HOSTILE);
    let xml = as_xml(&html);
    let document = Document::parse(&xml).unwrap();
    let heading = document.descendants().find(|n| n.has_tag_name("h1")).unwrap();
    assert_eq!(heading.text(), Some("<script>alert(1)</script>"));
}

fn badge(claim: Claim, evidence: &[Evidence]) -> String {
    let html = Report::new("t").section(Section::new("s").claim(claim, evidence)).render();
    let xml = as_xml(&html);
    let document = Document::parse(&xml).unwrap();
    let badge = document.descendants().find(|n| n.attribute("class") == Some("badge")).unwrap();
    badge.text().unwrap().to_owned()
}

#[test]
fn badges_say_what_core_says() {
    let claim = Claim { class: Class::Affine, theorem: "t", assumptions: &["a", "b"] };
    let say = |assumption, verdict| Evidence { assumption, verdict, p_value: None, margin: None, detail: String::new() };
    let supported = [say("a", Verdict::Supported), say("b", Verdict::Supported)];
    assert_eq!(badge(claim, &supported), "identified");
    assert_eq!(badge(claim, &supported[..1]), "unknown");
    assert_eq!(badge(claim, &[say("a", Verdict::Refuted)]), "not identified");
    assert_eq!(badge(Claim { class: Class::None, ..claim }, &supported), "not identified");

    let html = Report::new("t").section(Section::new("s").claim(claim, &supported[..1])).render();
    assert!(html.contains("? not tested"), "an assumption without evidence is listed");
}

#[test]
fn figures_and_tables_are_numbered_through() {
    let table = || Table::new(["a"]).row(["1"]);
    let two = |name: &str| Section::new(name).table(table(), "first").table(table(), "second");
    let html = Report::new("t").section(two("one")).section(two("two")).render();
    assert!((1..=4).all(|i| html.matches(&format!("<b>Table {i}.</b>")).count() == 1));
}

#[test]
fn columns_of_numbers_are_flush_right() {
    let table = Table::new(["name", "value"]).row(["a", "−0.5"]).row(["b", "< 0.001"]);
    let html = Report::new("t").section(Section::new("s").table(table, "")).render();
    assert_eq!(html.matches("<td class=\"number\">").count(), 2);
    assert_eq!(html.matches("<td class=\"words\">").count(), 2);
}
