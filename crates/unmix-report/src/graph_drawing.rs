//! Causal graphs as drawings: causes above effects, strength as width, probability as opacity, and agreement with a reference graph as
//! colour and dash.

use crate::{
    Figure, ReportError,
    axis::{Key, Mark, legend},
    figure::{Anchor, Canvas, label, number, shortened, text_width},
    route::{Path, Rectangle, route},
};
use unmix_graph::{Edge, Graph, layout};

/// How a graph is drawn.
///
/// ```
/// use unmix_report::GraphDrawing;
/// use unmix_graph::{Edge, Graph};
///
/// let mut graph = Graph::new(["raf", "mek"])?;
/// graph.add_edge(Edge::directed(0, 1, 0.8).with_probability(0.97))?;
/// let figure = GraphDrawing::new("Signalling").draw(&graph)?;
/// assert!(figure.description().contains("raf → mek (0.97)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GraphDrawing<'a> {
    title: String,
    reference: Option<&'a Graph>,
    text: EdgeText,
}

/// What is written beside an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeText {
    /// Its probability, where it has one.
    #[default]
    Probability,
    /// Its weight.
    Weight,
    /// Nothing.
    None,
}

/// How an edge stands to the reference graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// There is no reference.
    Plain,
    InBoth,
    Reversed,
    NotInReference,
    Missed,
}

impl Standing {
    fn colour(self) -> usize {
        match self {
            Self::Plain | Self::InBoth => 1,
            Self::Reversed => 5,
            Self::NotInReference => 2,
            Self::Missed => 6,
        }
    }

    fn dash(self) -> &'static str {
        match self {
            Self::Plain | Self::InBoth => "none",
            Self::Reversed => "9 3 2 3",
            Self::NotInReference => "7 4",
            Self::Missed => "2 4",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "found",
            Self::InBoth => "found, in the reference",
            Self::Reversed => "found, reversed in the reference",
            Self::NotInReference => "found, not in the reference",
            Self::Missed => "in the reference, not found",
        }
    }
}

struct Drawn {
    edge: Edge,
    standing: Standing,
}

const BOX_HEIGHT: f64 = 30.0;
const LAYER: f64 = 104.0;
const GAP: f64 = 34.0;
const WIDEST: f64 = 1000.0;
/// A graph of many nodes is drawn at least so wide, to part its edges.
const WIDE: f64 = 640.0;
const NARROWEST: f64 = 240.0;
const MARGIN: f64 = 30.0;
const LONGEST_NAME: f64 = 140.0;
/// Edges up to which each is labelled; beyond that the labels would hide the graph.
const MOST_LABELS: usize = 40;

impl<'a> GraphDrawing<'a> {
    /// A drawing without reference whose edges are labelled by their probability.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), reference: None, text: EdgeText::default() }
    }

    /// With edges coloured by whether they are in `reference`, whose nodes are matched by name; edges that only the reference has are
    /// drawn too.
    #[must_use]
    pub fn reference(mut self, reference: &'a Graph) -> Self {
        self.reference = Some(reference);
        self
    }

    /// With another text beside the edges.
    #[must_use]
    pub fn text(mut self, text: EdgeText) -> Self {
        self.text = text;
        self
    }

    /// Draws `graph`.
    ///
    /// # Errors
    /// [`ReportError::Empty`] if it has no nodes.
    pub fn draw(&self, graph: &Graph) -> Result<Figure, ReportError> {
        if graph.nodes().is_empty() {
            return Err(ReportError::Empty { figure: self.title.clone(), what: "nodes" });
        }
        let edges = self.edges(graph);
        let mut canvas = Canvas::new();
        let mut standings: Vec<Standing> = edges.iter().map(|e| e.standing).collect();
        standings.sort_unstable();
        standings.dedup();
        let (boxes, width, height) = place(graph, &edges);
        let keys: Vec<Key<'_>> = if self.reference.is_some() {
            standings.iter().map(|s| Key { name: s.name(), mark: Mark::Dashed(s.colour(), s.dash()) }).collect()
        } else {
            Vec::new()
        };
        // a single standing is worth naming too
        let top = if keys.len() == 1 { 0.0 } else { legend(&mut canvas, &keys, MARGIN, width - 10.0) };
        let boxes: Vec<Rectangle> = boxes.into_iter().map(|b| Rectangle { y: b.y + top, ..b }).collect();

        let greatest = edges.iter().map(|e| e.edge.weight.abs()).fold(0.0, f64::max);
        let mut taken: Vec<Rectangle> = boxes.clone();
        let mut paths: Vec<(Path, &Drawn)> = Vec::new();
        for drawn in &edges {
            let opposite = edges.iter().any(|o| (o.edge.from, o.edge.to) == (drawn.edge.to, drawn.edge.from));
            let earlier: Vec<&Path> = paths.iter().map(|(path, _)| path).collect();
            paths.push((route(&boxes, drawn.edge.from, drawn.edge.to, opposite, &earlier), drawn));
        }
        for (path, drawn) in &paths {
            draw_edge(&mut canvas, path, drawn, greatest);
        }
        for (node, name) in boxes.iter().zip(graph.nodes()) {
            let [x, y, w, h] = [node.x - node.width / 2.0, node.y - node.height / 2.0, node.width, node.height].map(number);
            let attributes = [("class", "u-box"), ("x", x.as_str()), ("y", &y), ("width", &w), ("height", &h), ("rx", "8")];
            canvas.titled("rect", &attributes, name);
            canvas.text("u-ink u-bold", node.x, node.y + 4.0, Anchor::Middle, &shortened(name, LONGEST_NAME));
        }
        for (path, drawn) in paths.iter().filter(|_| edges.len() <= MOST_LABELS) {
            let Some(text) = self.label(drawn) else { continue };
            let place = free_place(path, text_width(&text), &taken);
            canvas.text("u-ink u-small u-halo", place.x, place.y + 4.0, Anchor::Middle, &text);
            taken.push(place);
        }
        Ok(canvas.figure(&self.title, self.describe(graph, &edges), width, height + top))
    }

    fn edges(&self, graph: &Graph) -> Vec<Drawn> {
        let named = |reference: &Graph, index: usize| graph.nodes().get(index).and_then(|name| reference.index(name));
        let standing = |edge: &Edge| {
            let Some(reference) = self.reference else { return Standing::Plain };
            let (Some(from), Some(to)) = (named(reference, edge.from), named(reference, edge.to)) else { return Standing::NotInReference };
            if reference.edge(from, to).is_some() {
                Standing::InBoth
            } else if reference.edge(to, from).is_some() {
                if edge.directed { Standing::Reversed } else { Standing::InBoth }
            } else {
                Standing::NotInReference
            }
        };
        let mut edges: Vec<Drawn> = graph.edges().iter().map(|e| Drawn { edge: *e, standing: standing(e) }).collect();
        for edge in self.reference.into_iter().flat_map(Graph::edges) {
            let name = |index: usize| self.reference?.nodes().get(index).and_then(|n| graph.index(n));
            let (Some(from), Some(to)) = (name(edge.from), name(edge.to)) else { continue };
            if graph.edge(from, to).is_none() && graph.edge(to, from).is_none() {
                edges.push(Drawn { edge: Edge { from, to, probability: None, ..*edge }, standing: Standing::Missed });
            }
        }
        edges
    }

    fn label(&self, drawn: &Drawn) -> Option<String> {
        match self.text {
            _ if drawn.standing == Standing::Missed => None,
            EdgeText::Probability => drawn.edge.probability.map(|p| format!("{p:.2}")),
            EdgeText::Weight => Some(label(drawn.edge.weight)),
            EdgeText::None => None,
        }
    }

    fn describe(&self, graph: &Graph, edges: &[Drawn]) -> String {
        let name = |index: usize| graph.nodes().get(index).map_or("", String::as_str);
        let edge = |d: &Drawn| {
            let arrow = if d.edge.directed { "→" } else { "–" };
            let text = self.label(d).map(|t| format!(" ({t})")).unwrap_or_default();
            let standing = if d.standing == Standing::Plain { String::new() } else { format!(" [{}]", d.standing.name()) };
            format!("{} {arrow} {}{text}{standing}", name(d.edge.from), name(d.edge.to))
        };
        let edges = if edges.is_empty() { "none".to_owned() } else { edges.iter().map(edge).collect::<Vec<_>>().join("; ") };
        format!("A graph of {} nodes. Edges: {edges}.", graph.nodes().len())
    }
}

/// The boxes of the nodes, and the size of the drawing. Edges that only the reference has count for the layout as well, where they
/// leave it acyclic or not: the layout can deal with cycles.
fn place(graph: &Graph, edges: &[Drawn]) -> (Vec<Rectangle>, f64, f64) {
    let mut all = graph.clone();
    for drawn in edges.iter().filter(|d| d.standing == Standing::Missed) {
        // an edge that is there already is none the worse for being refused
        let _ = all.add_edge(drawn.edge);
    }
    let at = layout(&all);
    let widths: Vec<f64> = graph.nodes().iter().map(|n| text_width(n).min(LONGEST_NAME) + 24.0).collect();
    // wide enough that neighbours on a layer keep their distance
    let mut needed: f64 = NARROWEST.max((60.0 * at.len() as f64).min(WIDE));
    for (i, a) in at.iter().enumerate() {
        for (j, b) in at.iter().enumerate().skip(i + 1) {
            let apart = (a.x - b.x).abs();
            if (a.y - b.y).abs() < 1e-9 && apart > 1e-9 {
                needed = needed.max((f64::midpoint(widths[i], widths[j]) + GAP) / apart);
            }
        }
    }
    let width = needed.min(WIDEST);
    let mut rows: Vec<f64> = at.iter().map(|p| p.y).collect();
    rows.sort_by(f64::total_cmp);
    rows.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    let depth = (rows.len() - 1) as f64 * LAYER;
    let boxes = at.iter().zip(&widths).map(|(p, &w)| Rectangle {
        x: (MARGIN + p.x * width).clamp(MARGIN + w / 2.0, (MARGIN + width - w / 2.0).max(MARGIN + w / 2.0)),
        // a single layer is placed at one half
        y: MARGIN + BOX_HEIGHT / 2.0 + if rows.len() > 1 { p.y * depth } else { 0.0 },
        width: w,
        height: BOX_HEIGHT,
    });
    (boxes.collect(), width + 2.0 * MARGIN, depth + BOX_HEIGHT + 2.0 * MARGIN)
}

fn draw_edge(canvas: &mut Canvas, path: &Path, drawn: &Drawn, greatest: f64) {
    let share = if greatest > 0.0 { drawn.edge.weight.abs() / greatest } else { 0.0 };
    let missed = drawn.standing == Standing::Missed;
    let stroke = number(if missed { 1.3 } else { 1.2 + 2.6 * share });
    let opacity = format!("{:.2}", 0.35 + 0.65 * drawn.edge.probability.unwrap_or(1.0));
    let colour = drawn.standing.colour();
    let class = format!("u-none u-line{colour}");
    let d = path.svg();
    let attributes = [
        ("class", class.as_str()),
        ("d", &d),
        ("stroke-width", &stroke),
        ("stroke-opacity", &opacity),
        ("stroke-dasharray", drawn.standing.dash()),
    ];
    canvas.element("path", &attributes);
    if drawn.edge.directed {
        let class = format!("u-fill{colour}");
        let points = path.arrow(8.0 + 3.0 * share);
        canvas.element("polygon", &[("class", &class), ("points", &points), ("fill-opacity", &opacity)]);
    }
}

/// Where on the path a label of `width` hides the least.
fn free_place(path: &Path, width: f64, taken: &[Rectangle]) -> Rectangle {
    let candidates = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74].map(|t| {
        let (x, y) = path.at(t);
        Rectangle { x, y, width: width + 4.0, height: 14.0 }
    });
    let hidden = |place: &Rectangle| taken.iter().map(|b| b.overlap(place)).sum::<f64>();
    let [first, ..] = candidates;
    candidates.into_iter().fold(first, |best, place| if hidden(&place) < hidden(&best) { place } else { best })
}
