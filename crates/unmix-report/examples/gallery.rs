//! Every kind of figure on one page: `cargo run -p unmix-report --example gallery > gallery.html`.

use ndarray::{Array1, Array2, array};
use std::io::Write;
use unmix_core::{Claim, Class, Evidence, Verdict, Warning};
use unmix_graph::{Edge, Graph};
use unmix_report::{
    Band, Bar, BarChart, GraphDrawing, ImageGrid, LineChart, Report, Section, Series, Table, Tone, heat_map, reconstruction_pairs, scatter,
    scree,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let report = Report::new("Gallery of figures")
        .lead("Made-up numbers in every figure that a report can hold, to be looked at by people.")
        .fact("method", "none")
        .fact("data", "made up")
        .fact("seed", "0");
    let report = report.section(charts()?).section(matrices()?).section(graphs()?).section(images()?).section(words());
    std::io::stdout().write_all(report.render().as_bytes())?;
    Ok(())
}

/// A wave that looks irregular and needs no random source.
fn wave(i: usize, phase: f64) -> f64 {
    let t = i as f64;
    (t * 0.7 + phase).sin() * 0.6 + (t * 1.9 + 2.0 * phase).cos() * 0.4
}

fn charts() -> Result<Section, Box<dyn std::error::Error>> {
    let curve = |name: &str, floor: f64, noise: f64| Series {
        name: name.into(),
        points: (1..=60_u32).map(|e| (f64::from(e), floor - 35.0 * (-f64::from(e) / 9.0).exp() + noise * wave(e as usize, 1.0))).collect(),
    };
    let band = Band {
        name: "10 seeds".into(),
        points: (1..=60_u32).map(|e| (f64::from(e), -35.0 - 30.0 / f64::from(e), -27.0 - 22.0 / f64::from(e))).collect(),
    };
    let training = LineChart::new("Training curve", "epoch", "ELBO (nats per image)")
        .line(curve("training", -28.0, 0.3))
        .line(curve("validation", -30.5, 0.9))
        .band(band)
        .draw()?;
    let eigenvalues = [3.2, 1.64, 1.37, 0.7, 0.6, 0.5, 0.47, 0.29, 0.24];
    let chance: Vec<(f64, f64)> = (0..9_u32).map(|i| (1.22 - 0.06 * f64::from(i), 1.34 - 0.065 * f64::from(i))).collect();
    let mut bars = BarChart::new("Edge probabilities", "share of 100 bootstrap samples")
        .groups(["in the consensus", "not in the consensus"])
        .range(0.0, 1.0)
        .mark(0.12, "chance");
    for (i, (name, p)) in
        [("raf → mek", 0.99), ("pkc → a protein with a very long name indeed", 0.81), ("pka → erk", 0.55), ("jnk → p38", 0.07)]
            .into_iter()
            .enumerate()
    {
        bars = bars.bar(Bar { label: name.into(), value: p, interval: Some(((p - 0.09_f64).max(0.0), (p + 0.08).min(1.0))), group: i % 2 });
    }
    let x = Array1::from_shape_fn(400, |i| wave(i, 0.3) * 2.0);
    let y = Array1::from_shape_fn(400, |i| wave(i, 0.3) * 1.4 + 0.2 * wave(i * 3, 2.0));
    let groups: Vec<usize> = (0..400).map(|i| i % 3).collect();
    let names = ["control", "drug A", "drug B"].map(String::from);
    let points =
        scatter("Recovery", ("true factor (standardised)", x.view()), ("code z1 (standardised)", y.view()), Some((&groups, &names)))?;
    Ok(Section::new("Charts")
        .figure(training, "The lower curve is held out.")
        .figure(scree("Scree", &eigenvalues, Some(&chance), 3)?, "Eigenvalues above the band are more than chance gives.")
        .figure(bars.draw()?, "Whiskers are Wilson intervals at 95 %.")
        .figure(points, "One dot a sample."))
}

fn matrices() -> Result<Section, Box<dyn std::error::Error>> {
    let loadings = array![
        [0.77, 0.10, 0.05],
        [0.49, -0.02, -0.21],
        [0.66, 0.00, 0.13],
        [0.02, 0.85, -0.01],
        [-0.07, 0.87, 0.00],
        [0.08, 0.80, 0.01],
        [-0.15, 0.04, 0.72],
        [0.13, -0.03, 0.70],
        [0.38, 0.03, -0.46]
    ];
    let tests =
        ["visual perception", "cubes", "lozenges", "paragraphs", "sentences", "word meaning", "addition", "counting dots", "capitals"];
    let correlations = Array2::from_shape_fn((30, 30), |(i, j)| if i == j { 1.0 } else { wave(i.min(j) * 31 + i.max(j), 0.1) });
    let numbered: Vec<String> = (1..=30).map(|i| format!("x{i}")).collect();
    Ok(Section::new("Matrices")
        .figure(heat_map("Loadings", &tests, &["visual", "textual", "speed"], loadings.view(), Some(1.0))?, "Varimax rotation.")
        .figure(heat_map("Correlations", &numbered, &numbered, correlations.view(), None)?, "Thirty variables: too many to print.")
        .figure(heat_map("Long names", &["z1"], &tests, loadings.t().slice(ndarray::s![0..1, ..]), None)?, "A single row."))
}

fn graphs() -> Result<Section, Box<dyn std::error::Error>> {
    let names = ["raf", "mek", "plcg", "pip2", "pip3", "erk", "akt", "pka", "pkc", "p38", "jnk"];
    let of = |edges: &[(&str, &str, f64, f64)]| -> Result<Graph, Box<dyn std::error::Error>> {
        let mut graph = Graph::new(names)?;
        for &(from, to, weight, p) in edges {
            let (from, to) = (graph.index(from).ok_or(from)?, graph.index(to).ok_or(to)?);
            graph.add_edge(Edge::directed(from, to, weight).with_probability(p))?;
        }
        Ok(graph)
    };
    let found = of(&[
        ("raf", "mek", 1.1, 1.0),
        ("plcg", "pip2", 0.5, 0.9),
        ("pip3", "plcg", 0.4, 0.75),
        ("pip3", "pip2", 0.3, 0.6),
        ("erk", "akt", 0.9, 0.98),
        ("pka", "erk", 0.4, 0.7),
        ("pka", "akt", 0.3, 0.55),
        ("pkc", "p38", 1.3, 1.0),
        ("pkc", "jnk", 0.7, 0.85),
        ("p38", "jnk", -0.2, 0.35),
        ("mek", "erk", 0.2, 0.3),
    ])?;
    let consensus = of(&[
        ("pip2", "pkc", 1.0, 1.0),
        ("plcg", "pip2", 1.0, 1.0),
        ("pip3", "plcg", 1.0, 1.0),
        ("pip2", "pip3", 1.0, 1.0),
        ("plcg", "pkc", 1.0, 1.0),
        ("pkc", "jnk", 1.0, 1.0),
        ("pkc", "p38", 1.0, 1.0),
        ("pka", "p38", 1.0, 1.0),
        ("pkc", "raf", 1.0, 1.0),
        ("pka", "raf", 1.0, 1.0),
        ("raf", "mek", 1.0, 1.0),
        ("mek", "erk", 1.0, 1.0),
        ("pkc", "mek", 1.0, 1.0),
        ("pka", "akt", 1.0, 1.0),
        ("pip3", "akt", 1.0, 1.0),
        ("pka", "mek", 1.0, 1.0),
        ("pka", "erk", 1.0, 1.0),
        ("pka", "jnk", 1.0, 1.0),
    ])?;
    let mut small = Graph::new(["a", "b", "c", "d"])?;
    for edge in [
        Edge::directed(0, 1, 1.0),
        Edge::directed(1, 0, 0.4),
        Edge::directed(1, 2, -0.7),
        Edge::undirected(2, 3, 0.5),
        Edge::directed(0, 2, 0.8),
    ] {
        small.add_edge(edge)?;
    }
    let weights = GraphDrawing::new("Feedback").text(unmix_report::EdgeText::Weight).draw(&small)?;
    Ok(Section::new("Graphs")
        .figure(GraphDrawing::new("Found against consensus").reference(&consensus).draw(&found)?, "Numbers are bootstrap probabilities.")
        .figure(GraphDrawing::new("Found").draw(&found)?, "The same without a reference.")
        .figure(weights, "Two edges in opposite directions, one without direction."))
}

fn images() -> Result<Section, Box<dyn std::error::Error>> {
    let blob = |dx: f64, size: f64| {
        move |p: usize| {
            let (r, c) = ((p / 8) as f64 - 3.5, (p % 8) as f64 - 3.5 - dx);
            (-(r * r + c * c) / size).exp()
        }
    };
    let mut traversal = Array2::zeros((21, 64));
    let mut pairs = (Array2::zeros((16, 64)), Array2::zeros((16, 64)));
    for k in 0..7 {
        let v = f64::from(k) - 3.0;
        let shape = [blob(v, 4.0), blob(0.0, 1.0 + (v + 3.0) * 2.0), blob(v / 2.0, 6.0 - v)];
        for (row, image) in shape.into_iter().enumerate() {
            let at = row * 7 + k as usize;
            traversal.row_mut(at).iter_mut().enumerate().for_each(|(p, out)| *out = image(p));
        }
    }
    for k in 0..16 {
        let image = blob((k as f64 - 8.0) / 4.0, 3.0 + k as f64 / 4.0);
        pairs.0.row_mut(k).iter_mut().enumerate().for_each(|(p, out)| *out = image(p));
        pairs.1.row_mut(k).iter_mut().enumerate().for_each(|(p, out)| *out = 0.9 * image(p) + 0.04);
    }
    let grid = ImageGrid::new("Traversal", (8, 8), 7).row_names(["z1 (shift)", "z2 (size)", "z3"]);
    let grid = grid.column_names(["−3", "−2", "−1", "0", "1", "2", "3"]).draw(traversal.view())?;
    Ok(Section::new("Images")
        .figure(grid, "One code is moved along each line, the others stay.")
        .figure(reconstruction_pairs("Reconstructions", (8, 8), 8, pairs.0.view(), pairs.1.view())?, "Held-out images."))
}

fn words() -> Section {
    let claim = Claim {
        class: Class::PermutationScale,
        theorem: "Comon (1994), theorem 11: independent sources, at most one Gaussian, invertible mixing",
        assumptions: &["independent sources", "at most one Gaussian source", "invertible mixing"],
    };
    let say =
        |assumption, verdict, p_value, detail: &str| Evidence { assumption, verdict, p_value, margin: Some(0.12), detail: detail.into() };
    let good = [
        say("independent sources", Verdict::Supported, Some(0.41), "HSIC on held-out rows"),
        say("at most one Gaussian source", Verdict::Supported, Some(1e-9), "refit under the null, 200 draws"),
        say("invertible mixing", Verdict::Supported, None, "condition number 4.2"),
    ];
    let bad = [say("at most one Gaussian source", Verdict::Refuted, Some(0.62), "two sources cannot be told from Gaussian ones")];
    let unknown = [say("independent sources", Verdict::Untestable, None, "fewer than 200 rows")];
    let none =
        Claim { class: Class::None, theorem: "Locatello et al. (2019), theorem 1: no unsupervised disentanglement", assumptions: &[] };
    let scores = Table::new(["metric", "value", "chance", "95 % interval", "of"])
        .row(["MCC", "0.993", "0.41", "0.990 to 0.995", "codes"])
        .row(["Amari distance", "0.021", "0.37", "0.019 to 0.024", "mixing"])
        .row(["SHD", "14", "18.2", "–", "graph"]);
    let warning = Warning {
        code: "heywood-case",
        text: "The uniqueness of \"x2\" reached its bound 0.005; drop the variable or ask for fewer components.".into(),
    };
    Section::new("Words")
        .prose("Prose stands in lines of a readable length. A name such as <script>alert(1)</script> is shown, not run.")
        .list(["a point", "another point"])
        .subheading("Tables")
        .table(scores, "Scores with their levels of chance.")
        .subheading("Identifiability")
        .claim(claim, &good)
        .claim(claim, &bad)
        .claim(claim, &unknown)
        .claim(none, &[])
        .callout(Tone::Note, "Note", "Something to know.")
        .callout(Tone::Good, "Loop", "Codes survive the way from x to z and back.")
        .warnings(&[warning])
}
