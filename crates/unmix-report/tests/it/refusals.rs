//! Values that do not fit together are refused with the figure and the numbers.

use ndarray::{Array1, Array2, array};
use unmix_graph::Graph;
use unmix_report::{
    Bar, BarChart, Figure, GraphDrawing, ImageGrid, LineChart, ReportError, Series, heat_map, reconstruction_pairs, scatter, scree,
};

#[test]
fn refusals() {
    let (x, y) = (Array1::<f64>::zeros(3), Array1::<f64>::zeros(2));
    let none = Array1::<f64>::zeros(0);
    let images = Array2::<f64>::zeros((4, 6));
    let bar = Bar { label: "a".into(), value: 1.0, interval: None, group: 2 };
    let nan = Series { name: "l".into(), points: vec![(0.0, f64::NAN)] };
    let names: [&str; 0] = [];
    let unknown = [0, 1, 5];
    let two = ["a".to_owned(), "b".to_owned()];
    let cases: [(Result<Figure, ReportError>, &str); 15] = [
        (LineChart::new("t", "x", "y").draw(), "the figure \"t\" has no finite points; leave it out"),
        (LineChart::new("t", "x", "y").line(nan).draw(), "the figure \"t\" has no finite points; leave it out"),
        (scree("t", &[], None, 0), "the figure \"t\" has no finite points; leave it out"),
        (scree("t", &[1.0], Some(&[]), 0), "the figure \"t\" has 0 chance ranges, wanted are 1"),
        (BarChart::new("t", "v").draw(), "the figure \"t\" has no bars; leave it out"),
        (BarChart::new("t", "v").groups(["a"]).bar(bar).draw(), "the figure \"t\" has 1 names of groups, wanted are 3"),
        (scatter("t", ("x", x.view()), ("y", y.view()), None), "the figure \"t\" has 2 vertical values, wanted are 3"),
        (scatter("t", ("x", none.view()), ("y", none.view()), None), "the figure \"t\" has no points; leave it out"),
        (scatter("t", ("x", x.view()), ("y", x.view()), Some((&unknown, &two))), "the figure \"t\" has 2 names of groups, wanted are 6"),
        (heat_map("t", &["a"], &["b"], array![[1.0, 2.0]].view(), None), "the figure \"t\" has 1 column names, wanted are 2"),
        (heat_map("t", &names, &names, Array2::zeros((0, 0)).view(), None), "the figure \"t\" has no cells; leave it out"),
        (ImageGrid::new("t", (2, 2), 2).draw(images.view()), "the figure \"t\" has 6 pixels an image, wanted are 4"),
        (ImageGrid::new("t", (2, 3), 2).row_names(["a"]).draw(images.view()), "the figure \"t\" has 1 row names, wanted are 2"),
        (
            reconstruction_pairs("t", (2, 3), 2, images.view(), images.slice(ndarray::s![..3, ..])),
            "the figure \"t\" has 3 reconstructions, wanted are 4",
        ),
        (GraphDrawing::new("t").draw(&Graph::new(names).unwrap()), "the figure \"t\" has no nodes; leave it out"),
    ];
    for (result, message) in cases {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}
