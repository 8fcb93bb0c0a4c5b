//! The report: a page of its own, without scripts and without anything from elsewhere.

use crate::{Figure, page};
use unmix_core::{Claim, Evidence, Warning};

/// A report being put together.
///
/// ```
/// use unmix_report::{Report, Section, Table};
///
/// let scores = Table::new(["metric", "value", "chance"]).row(["MCC", "0.993", "0.41"]);
/// let section = Section::new("Recovery").prose("The codes match the sources.").table(scores, "Scores of the codes.");
/// let html = Report::new("ICA of eight signals").lead("What was found, and how sure it is.").section(section).render();
/// assert!(html.starts_with("<!DOCTYPE html>") && html.contains("0.993"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(crate) title: String,
    pub(crate) lead: Vec<String>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) sections: Vec<Section>,
}

impl Report {
    /// A report without sections.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// With one more paragraph under the title.
    #[must_use]
    pub fn lead(mut self, text: impl Into<String>) -> Self {
        self.lead.push(text.into());
        self
    }

    /// With one more fact in the box at the top: data, method, seed, version.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }

    /// With one more section.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The figures, in the order of their numbers.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Figure { figure, .. } => Some(figure),
            _ => None,
        })
    }

    /// The page. Equal reports give equal bytes.
    pub fn render(&self) -> String {
        // HTML allows no control characters but the line feed
        page::page(self).into_string().replace(|c: char| c.is_control() && c != '\n', "\u{fffd}")
    }
}

/// A section: a heading, and what stands under it in order.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub(crate) heading: String,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(crate) enum Block {
    Prose(String),
    List(Vec<String>),
    Subheading(String),
    Figure { figure: Figure, caption: String },
    Table { table: Table, caption: String },
    Claim { claim: Claim, evidence: Vec<Evidence> },
    Callout { tone: Tone, heading: String, text: String },
}

/// The tone of a callout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something to know.
    Note,
    /// Something that holds.
    Good,
    /// Something to beware of.
    Warning,
}

impl Section {
    /// A section without content.
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), blocks: Vec::new() }
    }

    /// With another heading.
    #[must_use]
    pub fn headed(mut self, heading: impl Into<String>) -> Self {
        self.heading = heading.into();
        self
    }

    fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// With a paragraph.
    #[must_use]
    pub fn prose(self, text: impl Into<String>) -> Self {
        self.with(Block::Prose(text.into()))
    }

    /// With a list of points.
    #[must_use]
    pub fn list<S: Into<String>>(self, items: impl IntoIterator<Item = S>) -> Self {
        self.with(Block::List(items.into_iter().map(Into::into).collect()))
    }

    /// With a heading of lower rank.
    #[must_use]
    pub fn subheading(self, text: impl Into<String>) -> Self {
        self.with(Block::Subheading(text.into()))
    }

    /// With a figure, numbered through the report.
    #[must_use]
    pub fn figure(self, figure: Figure, caption: impl Into<String>) -> Self {
        self.with(Block::Figure { figure, caption: caption.into() })
    }

    /// With a table, numbered through the report.
    #[must_use]
    pub fn table(self, table: Table, caption: impl Into<String>) -> Self {
        self.with(Block::Table { table, caption: caption.into() })
    }

    /// With what is identified and why: a badge (identified, not identified, unknown), the theorem, and each assumption with what the
    /// data say about it.
    #[must_use]
    pub fn claim(self, claim: Claim, evidence: &[Evidence]) -> Self {
        self.with(Block::Claim { claim, evidence: evidence.to_vec() })
    }

    /// With a text that stands out.
    #[must_use]
    pub fn callout(self, tone: Tone, heading: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(Block::Callout { tone, heading: heading.into(), text: text.into() })
    }

    /// With the warnings of a fit, a callout each.
    #[must_use]
    pub fn warnings(self, warnings: &[Warning]) -> Self {
        warnings.iter().fold(self, |section, w| section.callout(Tone::Warning, w.code.replace('-', " "), w.text.clone()))
    }
}

/// A table of text. Columns whose every cell is a number are set flush right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// With one more row. Cells that are not given stay empty; cells beyond the header are left out.
    #[must_use]
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Self {
        let mut row: Vec<String> = cells.into_iter().map(Into::into).collect();
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
        self
    }

    /// Whether each column holds numbers alone.
    pub(crate) fn numeric(&self) -> Vec<bool> {
        let number = |cell: &String| {
            let first = cell.trim_start_matches(['-', '−', '+', '<', '>', '≤', '≥', ' ']).chars().next();
            first.is_none_or(|c| c.is_ascii_digit() || c == '–')
        };
        (0..self.header.len()).map(|j| !self.rows.is_empty() && self.rows.iter().filter_map(|r| r.get(j)).all(number)).collect()
    }
}
