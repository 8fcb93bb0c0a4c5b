//! The HTML of a report.

use crate::{
    Figure,
    figure::label,
    report::{Block, Report, Section, Table, Tone},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use unmix_core::{Claim, Class, Evidence, Verdict, identified};

/// Numbers given out so far.
#[derive(Default)]
struct Count {
    figures: usize,
    tables: usize,
}

pub(crate) fn page(report: &Report) -> Markup {
    let mut count = Count::default();
    let sections: Vec<Markup> = report.sections.iter().enumerate().map(|(i, s)| section(i + 1, s, &mut count)).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // nothing may be fetched, whatever a column is named
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (report.title) }
                style { (PreEscaped(CSS)) }
            }
            body {
                main {
                    header {
                        h1 { (report.title) }
                        @for paragraph in &report.lead { p.lead { (paragraph) } }
                        @if !report.facts.is_empty() {
                            dl.facts { @for (name, value) in &report.facts { div { dt { (name) } dd { (value) } } } }
                        }
                    }
                    @if report.sections.len() > 1 {
                        nav aria-label="Contents" {
                            h2 { "Contents" }
                            ol { @for (i, s) in report.sections.iter().enumerate() { li { a href={ "#s" (i + 1) } { (s.heading) } } } }
                        }
                    }
                    @for section in &sections { (section) }
                    footer { p { "Written by unmix " (env!("CARGO_PKG_VERSION")) ". This page holds everything it shows: no scripts, nothing fetched." } }
                }
            }
        }
    }
}

fn section(number: usize, section: &Section, count: &mut Count) -> Markup {
    let blocks: Vec<Markup> = section.blocks.iter().map(|b| block(b, count)).collect();
    html! {
        section id={ "s" (number) } {
            h2 { span.number { (number) } " " (section.heading) }
            @for block in &blocks { (block) }
        }
    }
}

fn block(block: &Block, count: &mut Count) -> Markup {
    match block {
        Block::Prose(text) => html! { p { (text) } },
        Block::List(items) => html! { ul { @for item in items { li { (item) } } } },
        Block::Subheading(text) => html! { h3 { (text) } },
        Block::Figure { figure, caption } => {
            count.figures += 1;
            numbered_figure(count.figures, figure, caption)
        }
        Block::Table { table, caption } => {
            count.tables += 1;
            numbered_table(count.tables, table, caption)
        }
        Block::Claim { claim, evidence } => claimed(claim, evidence),
        Block::Callout { tone, heading, text } => {
            let class = match tone {
                Tone::Note => "callout note",
                Tone::Good => "callout good",
                Tone::Warning => "callout warning",
            };
            html! { aside class=(class) { p.callout-heading { (heading) } p { (text) } } }
        }
    }
}

fn numbered_figure(number: usize, figure: &Figure, caption: &str) -> Markup {
    html! {
        figure id={ "figure-" (number) } {
            div.scroll tabindex="0" role="group" aria-label=(figure.title()) { (PreEscaped(figure.inline())) }
            figcaption { b { "Figure " (number) ". " (figure.title()) "." } " " (caption) }
        }
    }
}

fn numbered_table(number: usize, table: &Table, caption: &str) -> Markup {
    let numeric = table.numeric();
    let class = |j: usize| if numeric.get(j) == Some(&true) { "number" } else { "words" };
    html! {
        figure.table id={ "table-" (number) } {
            figcaption { b { "Table " (number) "." } " " (caption) }
            div.scroll tabindex="0" role="group" aria-label={ "Table " (number) } {
                table {
                    thead { tr { @for (j, cell) in table.header.iter().enumerate() { th scope="col" class=(class(j)) { (cell) } } } }
                    tbody {
                        @for row in &table.rows { tr { @for (j, cell) in row.iter().enumerate() { td class=(class(j)) { (cell) } } } }
                    }
                }
            }
        }
    }
}

fn claimed(claim: &Claim, evidence: &[Evidence]) -> Markup {
    let (class, badge) = match identified(claim, evidence) {
        Some(true) => ("claim good", "identified"),
        Some(false) => ("claim bad", "not identified"),
        None => ("claim unknown", "unknown"),
    };
    let untested = claim.assumptions.iter().filter(|a| evidence.iter().all(|e| e.assumption != **a));
    html! {
        div class=(class) {
            p.verdict { span.badge { (badge) } " " (sentence(claim, evidence)) }
            p.theorem { "Basis: " (claim.theorem) }
            @if !(claim.assumptions.is_empty() && evidence.is_empty()) {
                div.scroll tabindex="0" role="group" aria-label="Evidence" {
                    table {
                        thead { tr {
                            th scope="col" { "Assumption" } th scope="col" { "Data say" } th.number scope="col" { "p-value" }
                            th.number scope="col" { "Margin" } th scope="col" { "How it was tested" }
                        } }
                        tbody {
                            @for e in evidence { (evidence_row(e)) }
                            @for assumption in untested {
                                tr { td { (assumption) } td { span.verdict-untestable { "? not tested" } } td.number { "–" } td.number { "–" } td { } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn evidence_row(e: &Evidence) -> Markup {
    let (class, verdict) = match e.verdict {
        Verdict::Supported => ("verdict-supported", "✓ supported"),
        Verdict::Refuted => ("verdict-refuted", "✗ refuted"),
        _ => ("verdict-untestable", "? untestable"),
    };
    let p_value = match e.p_value {
        Some(p) if p < 1e-4 => "< 0.0001".to_owned(),
        Some(p) => label(p),
        None => "–".to_owned(),
    };
    html! {
        tr {
            td { (e.assumption) } td { span class=(class) { (verdict) } } td.number { (p_value) }
            td.number { (e.margin.map_or_else(|| "–".to_owned(), label)) } td { (e.detail) }
        }
    }
}

fn sentence(claim: &Claim, evidence: &[Evidence]) -> String {
    let class = claim.class.describe();
    match identified(claim, evidence) {
        Some(true) => format!("Every assumption is supported by these data: identified up to {class}."),
        Some(false) if claim.class == Class::None => "This method identifies nothing without further knowledge.".to_owned(),
        Some(false) => format!("An assumption is refuted by these data; were all true, the result would be identified up to {class}."),
        None => format!("If every assumption holds, identified up to {class}; these data cannot settle all of them."),
    }
}

const CSS: &str = "\
:root{--ink:#1f2328;--muted:#59636e;--paper:#fff;--soft:#f3f6f9;--line:#d5dbe1;--accent:#0072b2;--good:#00795a;--bad:#b34700;\
--unknown:#59636e;color-scheme:light dark}\
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--muted:#9aa4af;--paper:#14181d;--soft:#1f262e;--line:#39424c;--accent:#56b4e9;\
--good:#2fc39a;--bad:#f08a3c;--unknown:#9aa4af}}\
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,\
'DejaVu Sans',sans-serif}\
main{max-width:54rem;margin:0 auto;padding:2rem 1.25rem 4rem}\
h1{font-size:2rem;line-height:1.2;margin:.5rem 0 1rem}h2{font-size:1.4rem;line-height:1.3;margin:0 0 .75rem}\
h3{font-size:1.1rem;margin:1.75rem 0 .5rem}p,ul{margin:.6rem 0;max-width:44rem}.lead{font-size:1.1rem}\
section{margin-top:2.5rem;padding-top:1.75rem;border-top:1px solid var(--line)}.number{color:var(--muted)}\
a{color:var(--accent)}nav{margin-top:1.5rem}nav h2{font-size:1rem;margin:0}nav ol{margin:.4rem 0;padding-left:1.4rem}\
.facts{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:1.25rem 0;padding:.8rem 1rem;background:var(--soft);border-radius:8px}\
.facts dt{font-size:.8rem;color:var(--muted)}.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}\
figure{margin:1.5rem 0}figcaption{font-size:.9rem;color:var(--muted);max-width:44rem;margin-top:.5rem}figcaption b{color:var(--ink)}\
figure.table figcaption{margin:0 0 .5rem}\
.scroll{overflow-x:auto}.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}\
.scroll>svg{display:block;max-width:100%;height:auto}\
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:min(100%,24rem)}\
th,td{padding:.4rem .75rem .4rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}\
th{font-weight:600;border-bottom:2px solid var(--line)}th.number,td.number{text-align:right;color:inherit;white-space:nowrap}\
.callout,.claim{margin:1.25rem 0;padding:.6rem 1rem;border-left:4px solid var(--unknown);background:var(--soft);border-radius:0 8px 8px 0}\
.callout-heading{font-weight:600;margin-bottom:0}.callout-heading+p{margin-top:.2rem}.callout-heading::first-letter{text-transform:uppercase}\
.note{border-color:var(--accent)}.good{border-color:var(--good)}.warning,.bad{border-color:var(--bad)}\
.badge{display:inline-block;padding:.05rem .6rem;border-radius:1rem;border:1.5px solid currentColor;font-weight:600;font-size:.9rem;\
margin-right:.3rem;white-space:nowrap}.good .badge,.verdict-supported{color:var(--good)}.bad .badge,.verdict-refuted{color:var(--bad)}\
.unknown .badge,.verdict-untestable{color:var(--unknown)}\
.verdict-supported,.verdict-refuted,.verdict-untestable{font-weight:600;white-space:nowrap}.theorem{color:var(--muted);font-size:.9rem}\
footer{margin-top:3rem;color:var(--muted);font-size:.85rem}\
@media print{main{max-width:none;padding:0}nav{display:none}section{border:0;padding-top:0}figure,.claim,.callout,tr{break-inside:avoid}\
h2,h3{break-after:avoid}.scroll{overflow:visible}}";
