//! A figure: SVG with a title and a description, readable on light and dark pages.

use crate::palette::STYLE;
use std::fmt::Write as _;

/// A finished figure.
///
/// Colours follow the reader's light or dark setting; the title and the description are read out by screen readers.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    title: String,
    description: String,
    width: f64,
    height: f64,
    body: String,
}

impl Figure {
    /// What the figure shows, in a few words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The figure in words, for those who cannot see it.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The figure as a file of its own.
    pub fn svg(&self) -> String {
        self.write(" xmlns=\"http://www.w3.org/2000/svg\"")
    }

    /// The figure as part of an HTML page, which needs no name space and so names no address.
    pub(crate) fn inline(&self) -> String {
        // on a narrow screen a wide figure is scrolled rather than shrunk until its text cannot be read
        self.write(&format!(" style=\"min-width:{}px\"", number(self.width.min(LEAST_WIDTH))))
    }

    /// `attributes` are those of the outermost element, with a space before each.
    fn write(&self, attributes: &str) -> String {
        let (w, h) = (number(self.width), number(self.height));
        format!(
            "<svg{attributes} viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\"><title>{}</title><desc>{}</desc><style>{STYLE}</style>\
             <rect class=\"u-paper\" x=\"0\" y=\"0\" width=\"{w}\" height=\"{h}\"/>{}</svg>\n",
            escaped(&self.title),
            escaped(&self.description),
            self.body
        )
    }
}

/// Width, in pixels, below which figures are not shrunk.
const LEAST_WIDTH: f64 = 560.0;

/// Where a text stands relative to its point.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A figure being drawn. Coordinates are pixels, `y` pointing down.
pub(crate) struct Canvas {
    body: String,
}

impl Canvas {
    pub fn new() -> Self {
        Self { body: String::new() }
    }

    pub fn figure(self, title: &str, description: String, width: f64, height: f64) -> Figure {
        Figure { title: title.to_owned(), description, width: width.ceil(), height: height.ceil(), body: self.body }
    }

    /// An element with attributes. Values are escaped; numbers come from [`number`].
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.open(name, attributes);
        self.body.push_str("/>");
    }

    /// An element whose tooltip is `title`.
    pub fn titled(&mut self, name: &str, attributes: &[(&str, &str)], title: &str) {
        self.open(name, attributes);
        let _ = write!(self.body, "><title>{}</title></{name}>", escaped(title));
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let _ = write!(self.body, "<{name}");
        for (key, value) in attributes {
            let _ = write!(self.body, " {key}=\"{}\"", escaped(value));
        }
    }

    pub fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        self.element("rect", &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)]);
    }

    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64), stroke: f64) {
        let [x1, y1, x2, y2, stroke] = [from.0, from.1, to.0, to.1, stroke].map(number);
        self.element("line", &[("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2), ("stroke-width", &stroke)]);
    }

    /// A text whose baseline is at `y`.
    pub fn text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, text: &str) {
        self.turned_text(class, x, y, anchor, 0.0, text);
    }

    /// A text turned about its point, in degrees clockwise.
    pub fn turned_text(&mut self, class: &str, x: f64, y: f64, anchor: Anchor, degrees: f64, text: &str) {
        let (x, y) = (number(x), number(y));
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let class = format!("u-text {class}");
        let turn = format!("rotate({} {x} {y})", number(degrees));
        let mut attributes = vec![("class", class.as_str()), ("x", &x), ("y", &y), ("text-anchor", anchor)];
        if degrees != 0.0 {
            attributes.push(("transform", &turn));
        }
        self.literal_text(&attributes, text);
    }

    /// A text with attributes of the caller's.
    pub fn literal_text(&mut self, attributes: &[(&str, &str)], text: &str) {
        self.open("text", attributes);
        let _ = write!(self.body, ">{}</text>", escaped(text));
    }
}

/// The width of `text` at 12 px, in pixels: an estimate, since no font is at hand.
pub(crate) fn text_width(text: &str) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' | ' ' | 't' | 'f' | 'I' => 0.34,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        'A'..='Z' => 0.7,
        c if c.is_ascii() => 0.6,
        _ => 0.75,
    };
    text.chars().map(em).sum::<f64>() * 12.0
}

/// `text`, or its beginning and an ellipsis, to fit `width` pixels at 12 px.
pub(crate) fn shortened(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if text_width(&kept) > width - 9.0 {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

/// A coordinate, to a tenth of a pixel.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A value for people: three significant digits, without trailing zeros after the point.
pub(crate) fn label(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !value.is_finite() {
        "–".to_owned()
    } else if !(1e-3..1e6).contains(&size) {
        format!("{value:.1e}").replace('-', "−")
    } else {
        let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.decimals$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        text.replace('-', "−")
    }
}

/// Text for an element or a quoted attribute. What XML 1.0 does not allow becomes U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
