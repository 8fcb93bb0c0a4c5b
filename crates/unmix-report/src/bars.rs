//! Horizontal bars with intervals: edge probabilities, stability, scores against chance.

use crate::{
    Figure, ReportError,
    axis::{Key, Mark, Scale, WIDTH, legend},
    figure::{Anchor, Canvas, label, number, shortened, text_width},
    palette::series,
};

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is the value of.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// Its interval, `(lower, upper)`.
    pub interval: Option<(f64, f64)>,
    /// Its group: an index into the names of the groups, which have a colour each.
    pub group: usize,
}

/// A chart of bars, one a line.
///
/// ```
/// use unmix_report::{Bar, BarChart};
///
/// let bar = Bar { label: "raf → mek".into(), value: 0.98, interval: Some((0.94, 1.0)), group: 0 };
/// let figure = BarChart::new("Edges", "bootstrap probability").bar(bar).range(0.0, 1.0).draw()?;
/// assert!(figure.description().contains("raf → mek: 0.98 (0.94 to 1)"));
/// # Ok::<(), unmix_report::ReportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BarChart {
    title: String,
    axis: String,
    bars: Vec<Bar>,
    groups: Vec<String>,
    range: Vec<f64>,
    mark: Option<(f64, String)>,
}

const ROW: f64 = 24.0;
const LONGEST_LABEL: f64 = 220.0;

impl BarChart {
    /// A chart without bars; `axis` names the value and its unit.
    pub fn new(title: impl Into<String>, axis: impl Into<String>) -> Self {
        Self { title: title.into(), axis: axis.into(), bars: Vec::new(), groups: Vec::new(), range: vec![0.0], mark: None }
    }

    /// With one more bar, below the others.
    #[must_use]
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }

    /// With named groups.
    #[must_use]
    pub fn groups<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.groups = names.into_iter().map(Into::into).collect();
        self
    }

    /// With an axis that holds `low` and `high` at least.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range.extend([low, high]);
        self
    }

    /// With a line at `value`, such as the level of chance.
    #[must_use]
    pub fn mark(mut self, value: f64, name: impl Into<String>) -> Self {
        self.mark = Some((value, name.into()));
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ReportError::Empty`] without bars, [`ReportError::Length`] if a bar belongs to a group that has no name.
    pub fn draw(&self) -> Result<Figure, ReportError> {
        if self.bars.is_empty() {
            return Err(ReportError::Empty { figure: self.title.clone(), what: "bars" });
        }
        let groups = self.bars.iter().map(|b| b.group + 1).max().unwrap_or_default();
        if groups > self.groups.len().max(1) {
            let found = self.groups.len();
            return Err(ReportError::Length { figure: self.title.clone(), what: "names of groups", expected: groups, found });
        }
        let mut canvas = Canvas::new();
        let widest = self.bars.iter().map(|b| text_width(&b.label)).fold(0.0, f64::max).min(LONGEST_LABEL);
        let (left, right) = (widest + 20.0, WIDTH - 70.0);
        let keys: Vec<Key<'_>> = self.groups.iter().enumerate().map(|(i, name)| Key { name, mark: Mark::Square(series(i)) }).collect();
        let marked = if self.mark.is_some() { 18.0 } else { 0.0 };
        let top = 14.0 + legend(&mut canvas, &keys, left, WIDTH - 16.0) + marked;
        let bottom = top + ROW * self.bars.len() as f64 + 4.0;

        let intervals = self.bars.iter().filter_map(|b| b.interval).flat_map(|(low, high)| [low, high]);
        let values = self.bars.iter().map(|b| b.value).chain(intervals).chain(self.range.iter().copied());
        let x = Scale::holding(values.chain(self.mark.iter().map(|m| m.0)), 6).over(left, right);
        for tick in x.ticks() {
            canvas.line("u-grid", (x.at(tick), top), (x.at(tick), bottom), 1.0);
            canvas.text("u-muted", x.at(tick), bottom + 17.0, Anchor::Middle, &label(tick));
        }
        for (i, bar) in self.bars.iter().enumerate() {
            draw_bar(&mut canvas, &x, bar, (left, WIDTH - 12.0), top + ROW * (i as f64 + 0.5) + 2.0);
        }
        if let Some((value, name)) = &self.mark {
            let at = x.at(*value);
            canvas.line("u-axis", (at, top - 4.0), (at, bottom), 1.5);
            let anchor = if at > f64::midpoint(left, right) { Anchor::End } else { Anchor::Start };
            canvas.text("u-muted", at, top - 8.0, anchor, name);
        }
        canvas.line("u-axis", (x.at(0.0).clamp(left, right), top), (x.at(0.0).clamp(left, right), bottom), 1.0);
        canvas.text("u-ink", f64::midpoint(left, right), bottom + 38.0, Anchor::Middle, &self.axis);
        Ok(canvas.figure(&self.title, self.describe(), WIDTH, bottom + 50.0))
    }

    fn describe(&self) -> String {
        let bar = |b: &Bar| {
            let interval = b.interval.map(|(low, high)| format!(" ({} to {})", label(low), label(high))).unwrap_or_default();
            format!("{}: {}{interval}", b.label, label(b.value))
        };
        format!("Bars of {}. {}.", self.axis, self.bars.iter().map(bar).collect::<Vec<_>>().join("; "))
    }
}

fn draw_bar(canvas: &mut Canvas, x: &Scale, bar: &Bar, (left, right): (f64, f64), middle: f64) {
    canvas.text("u-ink", left - 8.0, middle + 4.0, Anchor::End, &shortened(&bar.label, LONGEST_LABEL));
    canvas.text("u-ink", right, middle + 4.0, Anchor::End, &label(bar.value));
    if !bar.value.is_finite() {
        return;
    }
    let (from, to) = (x.at(0.0).min(x.at(bar.value)), x.at(0.0).max(x.at(bar.value)));
    let class = format!("u-fill{}", series(bar.group));
    let [bx, by, width] = [from, middle - 7.0, (to - from).max(0.5)].map(number);
    let attributes = [("class", class.as_str()), ("x", &bx), ("y", &by), ("width", &width), ("height", "14"), ("fill-opacity", "0.8")];
    canvas.titled("rect", &attributes, &format!("{}: {}", bar.label, label(bar.value)));
    if let Some((low, high)) = bar.interval.filter(|(low, high)| low.is_finite() && high.is_finite()) {
        let (low, high) = (x.at(low), x.at(high));
        let class = "u-axis";
        canvas.line(class, (low, middle), (high, middle), 1.5);
        canvas.line(class, (low, middle - 4.0), (low, middle + 4.0), 1.5);
        canvas.line(class, (high, middle - 4.0), (high, middle + 4.0), 1.5);
    }
}
