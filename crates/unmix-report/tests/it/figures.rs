//! Figures are well formed, say what they show, and draw values where they belong.

use crate::sample::{HOSTILE, figures, graph};
use ndarray::{Array1, Array2, array};
use roxmltree::{Document, Node};
use unmix_graph::{Edge, Graph};
use unmix_report::{Bar, BarChart, Figure, GraphDrawing, ImageGrid, LineChart, Series, heat_map, reconstruction_pairs, scatter};

const PLAIN: [&str; 5] = ["raf", "mek", "erk", "pka", "pkc"];

/// The nodes of the figure with this tag, as texts of an attribute.
fn attributes(figure: &Figure, tag: &str, class: &str, attribute: &str) -> Vec<String> {
    let svg = figure.svg();
    let document = Document::parse(&svg).unwrap();
    let fits = |n: &Node<'_, '_>| n.has_tag_name(("http://www.w3.org/2000/svg", tag)) && n.attribute("class").unwrap_or("").contains(class);
    document.descendants().filter(fits).map(|n| n.attribute(attribute).unwrap_or("").to_owned()).collect()
}

fn numbers(texts: &[String]) -> Vec<f64> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

fn texts(figure: &Figure) -> Vec<String> {
    let svg = figure.svg();
    let document = Document::parse(&svg).unwrap();
    let is_text = |n: &Node<'_, '_>| n.tag_name().name() == "text";
    document.descendants().filter(is_text).map(|n| n.text().unwrap_or("").to_owned()).collect()
}

#[test]
fn every_figure_is_well_formed_and_described() {
    for names in [PLAIN, HOSTILE] {
        for figure in figures(&names) {
            let svg = figure.svg();
            let document = Document::parse(&svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
            let root = document.root_element();
            assert_eq!(root.tag_name().name(), "svg");
            let child = |name: &str| root.children().find(|c| c.tag_name().name() == name).and_then(|c| c.text()).unwrap_or("").len();
            assert!(child("title") > 0 && child("desc") > 10, "{svg}");
            assert!(document.descendants().all(|n| n.tag_name().name() != "script" && n.attribute("onload").is_none()));
            for n in document.descendants() {
                if let Some(address) = n.attribute("href").or(n.attribute("src")) {
                    assert!(address.starts_with("data:image/png;base64,"), "{address}");
                }
            }
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}

#[test]
fn equal_input_gives_equal_bytes() {
    let (first, again) = (figures(&PLAIN), figures(&PLAIN));
    assert_eq!(first.iter().map(Figure::svg).collect::<Vec<_>>(), again.iter().map(Figure::svg).collect::<Vec<_>>());
}

#[test]
fn lines_run_where_the_values_are() {
    let line = |points: Vec<(f64, f64)>| Series { name: "l".into(), points };
    let figure = LineChart::new("t", "x", "y").line(line(vec![(0.0, 0.0), (5.0, 10.0), (10.0, 5.0)])).draw().unwrap();
    let points = attributes(&figure, "polyline", "u-line1", "points");
    let points: Vec<Vec<f64>> = points[0].split(' ').map(|p| p.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    // 10 is the top, 5 half way up; the middle point half way across
    assert!((points[1][0] - f64::midpoint(points[0][0], points[2][0])).abs() <= 0.11);
    assert!((points[2][1] - f64::midpoint(points[0][1], points[1][1])).abs() <= 0.11);
    assert!(points[1][1] < points[0][1]);

    let broken = LineChart::new("t", "x", "y").line(line(vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0)])).draw().unwrap();
    assert_eq!(attributes(&broken, "polyline", "u-line1", "points").len(), 2);

    // a long curve is thinned and keeps its one spike
    let long = (0..200_000_u32).map(|i| (f64::from(i), if i == 123_456 { 100.0 } else { 0.0 })).collect();
    let figure = LineChart::new("t", "x", "y").line(line(long)).draw().unwrap();
    let points = attributes(&figure, "polyline", "u-line1", "points").remove(0);
    assert!(points.split(' ').count() <= 1300);
    let tops = points.split(' ').filter(|p| p.split(',').nth(1).unwrap().parse::<f64>().unwrap() < 20.0).count();
    assert_eq!(tops, 1);
}

#[test]
fn axes_have_round_ticks_for_any_range() {
    for (low, high) in [(0.0, 1.0), (-3.7, 12.9), (1e-9, 2e-9), (5.0, 5.0), (0.0, 0.0), (-1e308, 1e308), (1e15, 1e15 + 4.0)] {
        let series = Series { name: "l".into(), points: vec![(0.0, low), (1.0, high)] };
        let figure = LineChart::new("t", "x", "y").line(series).draw().unwrap();
        assert!(!figure.svg().contains("NaN") && !figure.svg().contains("inf"), "{low} to {high}");
        let ticks = attributes(&figure, "line", "u-grid", "y1");
        assert!((2..=14).contains(&ticks.len()), "{low} to {high}: {} ticks", ticks.len());
    }
    let series = Series { name: "l".into(), points: vec![(0.0, -3.7), (1.0, 12.9)] };
    let shown = texts(&LineChart::new("t", "x", "y").line(series).draw().unwrap());
    for tick in ["−5", "0", "5", "10", "15"] {
        assert!(shown.iter().any(|t| t == tick), "{tick} in {shown:?}");
    }
}

#[test]
fn bars_are_as_long_as_their_values() {
    let bar = |value: f64| Bar { label: format!("b{value}"), value, interval: None, group: 0 };
    let figure = BarChart::new("t", "v").bar(bar(1.0)).bar(bar(0.25)).bar(bar(-0.5)).draw().unwrap();
    let widths = numbers(&attributes(&figure, "rect", "u-fill1", "width"));
    assert!((widths[0] / widths[1] - 4.0).abs() < 0.01 && (widths[0] / widths[2] - 2.0).abs() < 0.01, "{widths:?}");
    let starts = numbers(&attributes(&figure, "rect", "u-fill1", "x"));
    assert!((starts[2] + widths[2] - starts[0]).abs() < 0.11);
}

#[test]
fn heat_map_cells_show_sign_and_value() {
    let figure = heat_map("t", &["r"], &["a", "b", "c"], array![[1.0, 0.0, -1.0]].view(), Some(1.0)).unwrap();
    let fills: Vec<String> = attributes(&figure, "rect", "", "fill").into_iter().filter(|f| !f.is_empty()).take(3).collect();
    // the ends and the middle of ColorBrewer's RdBu
    assert_eq!(fills, ["#67001f", "#f7f7f7", "#053061"]);
    let shown = texts(&figure);
    assert!(["1.00", "0.00", "−1.00"].iter().all(|v| shown.iter().any(|t| t == v)), "{shown:?}");
    let gaps = heat_map("t", &["r"], &["a"], array![[f64::NAN]].view(), None).unwrap();
    assert!(texts(&gaps).iter().any(|t| t == "–"));
}

#[test]
fn image_pixels_are_those_given() {
    let images = array![[0.0, 1.0], [0.5, 2.0], [f64::NAN, -1.0]];
    let file = ImageGrid::new("t", (1, 2), 2).png(images.view()).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (6, 4));
    let row = |i: usize| &pixels[i * 12..(i + 1) * 12];
    // grey and opacity; the gap is transparent
    assert_eq!(row(0), [0, 255, 255, 255, 0, 0, 128, 255, 255, 255, 0, 0]);
    assert_eq!(row(1), [0; 12]);
    assert_eq!(row(2), [0, 255, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn reconstructions_stand_below_their_originals() {
    let originals = Array2::from_shape_fn((5, 1), |(i, _)| i as f64 / 10.0);
    let pairs = reconstruction_pairs("t", (1, 1), 2, originals.view(), originals.mapv(|v| v + 0.5).view()).unwrap();
    // the fifth has no line of its own
    assert!(pairs.description().starts_with("8 images of 1 by 1 pixels in 4 lines"), "{}", pairs.description());
    let shown = texts(&pairs);
    assert_eq!(shown, ["original", "reconstruction", "original", "reconstruction"]);
}

#[test]
fn scatter_thins_many_points_and_says_so() {
    let x = Array1::linspace(0.0, 1.0, 10_000);
    let figure = scatter("t", ("x", x.view()), ("y", x.view()), None).unwrap();
    assert_eq!(figure.description(), "2500 of 10000 points of y over x.");
    assert_eq!(attributes(&figure, "circle", "u-fill1", "r").len(), 2500);
}

/// Whether the path of an edge enters a box by more than a hair.
fn enters(path: &str, (x, y, w, h): (f64, f64, f64, f64)) -> bool {
    let v: Vec<f64> = path.replace(['M', 'Q'], " ").split_whitespace().map(|n| n.parse().unwrap()).collect();
    (0..=200).map(|i| f64::from(i) / 200.0).any(|t| {
        let along = |k: usize| (1.0 - t) * (1.0 - t) * v[k] + 2.0 * t * (1.0 - t) * v[k + 2] + t * t * v[k + 4];
        let (px, py) = (along(0), along(1));
        px > x + 0.5 && px < x + w - 0.5 && py > y + 0.5 && py < y + h - 0.5
    })
}

#[test]
fn edges_run_around_boxes() {
    // a chain with edges that skip one, two and three layers
    let mut graph = Graph::new(["a", "b", "c", "d"]).unwrap();
    for (from, to) in [(0, 1), (1, 2), (2, 3), (0, 2), (0, 3), (1, 3)] {
        graph.add_edge(Edge::directed(from, to, 1.0)).unwrap();
    }
    let figure = GraphDrawing::new("t").draw(&graph).unwrap();
    let place = |attribute| numbers(&attributes(&figure, "rect", "u-box", attribute));
    let (x, y, w, h) = (place("x"), place("y"), place("width"), place("height"));
    let paths = attributes(&figure, "path", "u-line1", "d");
    assert_eq!((x.len(), paths.len()), (4, 6));
    for path in &paths {
        for k in 0..4 {
            assert!(!enters(path, (x[k], y[k], w[k], h[k])), "{path} enters box {k}");
        }
    }
    // causes stand above effects
    assert!(y.is_sorted());
}

#[test]
fn opposite_edges_are_two_curves() {
    let mut graph = Graph::new(["a", "b"]).unwrap();
    graph.add_edge(Edge::directed(0, 1, 1.0)).unwrap();
    graph.add_edge(Edge::directed(1, 0, 1.0)).unwrap();
    let figure = GraphDrawing::new("t").draw(&graph).unwrap();
    let controls: Vec<f64> = attributes(&figure, "path", "u-line1", "d")
        .iter()
        .map(|d| d.split('Q').nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap())
        .collect();
    assert!((controls[0] - controls[1]).abs() > 20.0, "{controls:?}");
    assert_eq!(attributes(&figure, "polygon", "u-fill1", "points").len(), 2);
}

#[test]
fn edges_are_told_by_the_reference() {
    let edges = |list: &[(usize, usize)]| {
        let mut graph = Graph::new(["a", "b", "c", "d"]).unwrap();
        for &(from, to) in list {
            graph.add_edge(Edge::directed(from, to, 1.0)).unwrap();
        }
        graph
    };
    let (found, reference) = (edges(&[(0, 1), (1, 2), (0, 3)]), edges(&[(0, 1), (2, 1), (2, 3)]));
    let figure = GraphDrawing::new("t").reference(&reference).draw(&found).unwrap();
    let said = figure.description();
    for part in [
        "a → b [found, in the reference]",
        "b → c [found, reversed in the reference]",
        "a → d [found, not in the reference]",
        "c → d [in the reference, not found]",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let dashes = attributes(&figure, "path", "u-line", "stroke-dasharray");
    assert_eq!(dashes.len(), 4);
    assert!((0..4).all(|i| (0..i).all(|j| dashes[i] != dashes[j])), "told apart without colour: {dashes:?}");
}

#[test]
fn probability_is_opacity_and_label() {
    let figure = GraphDrawing::new("t").draw(&graph(&PLAIN)).unwrap();
    let opacity = numbers(&attributes(&figure, "path", "u-line1", "stroke-opacity"));
    // probabilities 0.25, 0.5, 0.75, 0, and two without
    assert!(opacity[3] < opacity[0] && opacity[0] < opacity[1] && opacity[1] < opacity[2] && opacity[2] < opacity[4], "{opacity:?}");
    let shown = texts(&figure);
    assert!(["0.25", "0.50", "0.75", "0.00"].iter().all(|p| shown.iter().any(|t| t == p)), "{shown:?}");
}
