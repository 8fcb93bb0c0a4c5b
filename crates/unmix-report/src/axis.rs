//! Axes: scales with round ticks, the frame of a chart, and its legend.

use crate::{
    figure::{Anchor, Canvas, label, number, text_width},
    palette::DASHES,
};

/// Values beyond this are drawn at it: differences of two such values still have room in `f64`.
const LARGEST: f64 = 1e300;

/// A linear map from values to pixels whose ends are round numbers.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    step: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// A scale that holds every finite value of `values`; from 0 to 1 if there is none.
    pub fn holding(values: impl Iterator<Item = f64>, ticks: usize) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|v| v.is_finite()).map(|v| v.clamp(-LARGEST, LARGEST)) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let mut span = high - low;
        if span <= low.abs().max(high.abs()) * 1e-12 {
            let margin = if high == 0.0 { 1.0 } else { high.abs() * 0.5 };
            (low, high) = (low - margin, high + margin);
            span = high - low;
        }
        let step = round_step(span / ticks.max(2) as f64);
        let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
        Self { low, high, step, start: 0.0, end: 1.0 }
    }

    pub fn over(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    pub fn at(&self, value: f64) -> f64 {
        self.start + (value.clamp(-LARGEST, LARGEST) - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    pub fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        // products, not sums: no error adds up; exact zero prints as such
        (0..=count).map(|i| self.low + i as f64 * self.step).map(|v| if v.abs() < self.step * 1e-9 { 0.0 } else { v }).collect()
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let power = 10.0_f64.powf(rough.log10().floor());
    let digit = rough / power;
    power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|d| digit <= d * (1.0 + 1e-9)).unwrap_or(10.0)
}

/// The plotting area of a chart with a legend above and titled axes.
pub(crate) struct Frame {
    pub x: Scale,
    pub y: Scale,
}

/// The key of one series.
pub(crate) struct Key<'a> {
    pub name: &'a str,
    pub mark: Mark,
}

/// How a series is drawn; the number is that of its colour.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    Line(usize),
    /// With a dash pattern of its own.
    Dashed(usize, &'static str),
    Square(usize),
    Dot(usize),
    Band,
}

pub(crate) const WIDTH: f64 = 720.0;
pub(crate) const HEIGHT: f64 = 380.0;

impl Frame {
    /// Draws grid, ticks and titles.
    pub fn draw(canvas: &mut Canvas, x: Scale, y: Scale, titles: (&str, &str), keys: &[Key<'_>]) -> Self {
        let widest = y.ticks().into_iter().map(|v| text_width(&label(v))).fold(0.0, f64::max);
        let (left, right, bottom) = (widest + 44.0, WIDTH - 16.0, HEIGHT - 50.0);
        let top = 14.0 + legend(canvas, keys, left, right);
        let (x, y) = (x.over(left, right), y.over(bottom, top));
        for tick in y.ticks() {
            let at = y.at(tick);
            canvas.line("u-grid", (left, at), (right, at), 1.0);
            canvas.text("u-muted", left - 8.0, at + 4.0, Anchor::End, &label(tick));
        }
        for tick in x.ticks() {
            let at = x.at(tick);
            canvas.line("u-axis", (at, bottom), (at, bottom + 5.0), 1.0);
            canvas.text("u-muted", at, bottom + 19.0, Anchor::Middle, &label(tick));
        }
        canvas.line("u-axis", (left, bottom), (right, bottom), 1.0);
        canvas.text("u-ink", f64::midpoint(left, right), HEIGHT - 10.0, Anchor::Middle, titles.0);
        canvas.turned_text("u-ink", 14.0, f64::midpoint(top, bottom), Anchor::Middle, -90.0, titles.1);
        Self { x, y }
    }
}

/// Draws the keys in lines and returns the height that they take. A single series needs none.
pub(crate) fn legend(canvas: &mut Canvas, keys: &[Key<'_>], left: f64, right: f64) -> f64 {
    if keys.len() < 2 {
        return 0.0;
    }
    let (mut x, mut y) = (left, 18.0);
    for key in keys {
        let width = 30.0 + text_width(key.name) + 18.0;
        if x > left && x + width > right {
            (x, y) = (left, y + 18.0);
        }
        let middle = y - 4.0;
        match key.mark {
            Mark::Line(colour) => dashed_line(canvas, colour, dash(colour), (x, middle), (x + 24.0, middle)),
            Mark::Dashed(colour, dash) => dashed_line(canvas, colour, dash, (x, middle), (x + 24.0, middle)),
            Mark::Square(colour) => canvas.rect(&format!("u-fill{colour}"), x + 8.0, middle - 6.0, 12.0, 12.0),
            Mark::Band => canvas.rect("u-band", x, middle - 6.0, 24.0, 12.0),
            Mark::Dot(colour) => dot(canvas, colour, (x + 14.0, middle), 4.0),
        }
        canvas.text("u-ink", x + 30.0, y, Anchor::Start, key.name);
        x += width;
    }
    y
}

fn dashed_line(canvas: &mut Canvas, colour: usize, dash: &str, from: (f64, f64), to: (f64, f64)) {
    let class = format!("u-none u-line{colour}");
    let points = format!("{},{} {},{}", number(from.0), number(from.1), number(to.0), number(to.1));
    canvas.element("polyline", &[("class", &class), ("points", &points), ("stroke-width", "2"), ("stroke-dasharray", dash)]);
}

pub(crate) fn dash(colour: usize) -> &'static str {
    DASHES.get(colour.saturating_sub(1)).copied().unwrap_or("none")
}

pub(crate) fn dot(canvas: &mut Canvas, colour: usize, at: (f64, f64), radius: f64) {
    let (class, x, y, r) = (format!("u-fill{colour}"), number(at.0), number(at.1), number(radius));
    canvas.element("circle", &[("class", &class), ("cx", &x), ("cy", &y), ("r", &r)]);
}
