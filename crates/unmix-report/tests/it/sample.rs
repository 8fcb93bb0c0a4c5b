//! One figure of every kind, made of the names given.

use ndarray::{Array1, Array2};
use unmix_graph::{Edge, Graph};
use unmix_report::{
    Band, Bar, BarChart, EdgeText, Figure, GraphDrawing, ImageGrid, LineChart, Series, heat_map, reconstruction_pairs, scatter, scree,
};

/// What a user may have named columns.
pub const HOSTILE: [&str; 5] =
    ["<script>alert(1)</script>", "\" onload=\"alert(1)", "a & b <> c", "'quoted' \u{1} bell", "</svg><img src=x>"];

pub fn graph(names: &[&str]) -> Graph {
    let mut graph = Graph::new(names.iter().copied()).unwrap();
    for i in 1..names.len() {
        graph.add_edge(Edge::directed(i - 1, i, -0.4 * i as f64).with_probability(0.25 * (i % 4) as f64)).unwrap();
    }
    graph.add_edge(Edge::directed(0, names.len() - 1, 1.0)).unwrap();
    graph.add_edge(Edge::directed(names.len() - 1, 0, 0.1)).unwrap();
    graph
}

pub fn figures(names: &[&str; 5]) -> Vec<Figure> {
    let [a, b, c, d, e] = *names;
    let points = |k: f64| (0..50).map(|i| (f64::from(i), (f64::from(i) * k).sin())).collect();
    let lines = LineChart::new(a, b, c)
        .line(Series { name: d.into(), points: points(0.2) })
        .line(Series { name: e.into(), points: points(0.4) })
        .band(Band { name: a.into(), points: vec![(0.0, -1.0, 1.0), (49.0, 0.0, 0.5)] })
        .draw();
    let mut bars = BarChart::new(a, b).groups([c, d]).mark(0.5, e);
    for (i, name) in names.iter().enumerate() {
        bars = bars.bar(Bar { label: (*name).to_owned(), value: 0.2 * i as f64, interval: Some((0.1, 0.9)), group: i % 2 });
    }
    let x = Array1::linspace(-1.0, 1.0, 50);
    let groups: Vec<usize> = (0..50).map(|i| i % 5).collect();
    let owned = names.map(String::from);
    let matrix = Array2::from_shape_fn((5, 5), |(i, j)| i as f64 - j as f64);
    let images = Array2::from_shape_fn((10, 12), |(i, j)| (i * j) as f64 / 99.0);
    let (found, reference) = (graph(names), graph(&[b, a, e, c, d]));
    vec![
        lines.unwrap(),
        scree(a, &[2.0, 1.0, 0.5], Some(&[(1.0, 1.1), (0.9, 1.0), (0.8, 0.9)]), 1).unwrap(),
        bars.draw().unwrap(),
        scatter(a, (b, x.view()), (c, x.view()), Some((&groups, &owned))).unwrap(),
        heat_map(a, names, names, matrix.view(), None).unwrap(),
        ImageGrid::new(a, (3, 4), 5).row_names([b, c]).column_names(names.iter().copied()).draw(images.view()).unwrap(),
        reconstruction_pairs(a, (3, 4), 4, images.view(), images.view()).unwrap(),
        GraphDrawing::new(a).reference(&reference).draw(&found).unwrap(),
        GraphDrawing::new(a).text(EdgeText::Weight).draw(&found).unwrap(),
    ]
}
