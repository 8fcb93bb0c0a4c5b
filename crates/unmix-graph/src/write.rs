//! Graphs as text: DOT for Graphviz, GraphML for yEd, Gephi, Cytoscape, igraph and NetworkX.
//!
//! Both writers name nodes `n0`, `n1`, … and carry the given names as labels, so that any name is safe.

use crate::{Edge, Graph};
use std::fmt::Write as _;

/// The graph in the DOT language. Edges carry `weight` and, if there is one, the probability as their label.
///
/// ```
/// use unmix_graph::{Edge, Graph, to_dot};
///
/// let mut graph = Graph::new(["a \"quoted\" name", "b"])?;
/// graph.add_edge(Edge::directed(0, 1, -0.5).with_probability(0.9))?;
/// assert_eq!(to_dot(&graph), r#"digraph {
///   n0 [label="a \"quoted\" name"];
///   n1 [label="b"];
///   n0 -> n1 [label="-0.5 (0.9)"];
/// }
/// "#);
/// # Ok::<(), unmix_graph::GraphError>(())
/// ```
pub fn to_dot(graph: &Graph) -> String {
    let mut text = String::from("digraph {\n");
    for (i, name) in graph.nodes().iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  n{i} [label=\"{}\"];", dot_escaped(name));
    }
    for Edge { from, to, weight, probability, directed } in graph.edges() {
        let probability = probability.map(|p| format!(" ({p})")).unwrap_or_default();
        let arrow = if *directed { "" } else { ", dir=none" };
        let _ = writeln!(text, "  n{from} -> n{to} [label=\"{weight}{probability}\"{arrow}];");
    }
    text.push_str("}\n");
    text
}

/// The graph in GraphML, with the node attribute `name` and the edge attributes `weight` and `probability`.
///
/// Characters that XML 1.0 does not allow (most control characters) become U+FFFD.
pub fn to_graphml(graph: &Graph) -> String {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="name" for="node" attr.name="name" attr.type="string"/>
  <key id="weight" for="edge" attr.name="weight" attr.type="double"/>
  <key id="probability" for="edge" attr.name="probability" attr.type="double"/>
  <graph edgedefault="directed">
"#,
    );
    for (i, name) in graph.nodes().iter().enumerate() {
        let _ = writeln!(text, "    <node id=\"n{i}\"><data key=\"name\">{}</data></node>", xml_escaped(name));
    }
    for Edge { from, to, weight, probability, directed } in graph.edges() {
        let _ = write!(text, "    <edge source=\"n{from}\" target=\"n{to}\"");
        if !directed {
            text.push_str(" directed=\"false\"");
        }
        let _ = write!(text, "><data key=\"weight\">{weight}</data>");
        if let Some(probability) = probability {
            let _ = write!(text, "<data key=\"probability\">{probability}</data>");
        }
        text.push_str("</edge>\n");
    }
    text.push_str("  </graph>\n</graphml>\n");
    text
}

fn dot_escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => {}
            // Graphviz reads C strings.
            '\0' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn xml_escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A parser would turn a bare carriage return into a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
