//! Line charts: training curves, and eigenvalues against what chance gives.

use crate::{
    Figure, ReportError,
    axis::{Frame, Key, Mark, Scale, dash, dot},
    figure::{Canvas, label, number},
    palette::series,
};

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Its points `(x, y)` from left to right; the line breaks where a value is not finite.
    pub points: Vec<(f64, f64)>,
}

/// A band between two curves, drawn behind the lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its name in the legend.
    pub name: String,
    /// `(x, lower, upper)` from left to right.
    pub points: Vec<(f64, f64, f64)>,
}

/// A line chart.
///
/// ```
/// use unmix_report::{LineChart, Series};
///
/// let elbo = Series { name: "training".into(), points: vec![(1.0, -60.0), (2.0, -41.5), (3.0, -36.0)] };
/// let chart = LineChart::new("Training", "epoch", "ELBO (nats per image)").line(elbo);
/// assert!(chart.draw()?.svg().starts_with("<svg"));
/// # Ok::<(), unmix_report::ReportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LineChart {
    title: String,
    x_title: String,
    y_title: String,
    lines: Vec<Series>,
    bands: Vec<Band>,
    from_zero: bool,
}

/// Points of a line before it is thinned: more than two a pixel cannot be seen.
const MOST_POINTS: usize = 1200;
/// Points of a line that still gets a dot each.
const MOST_DOTS: usize = 40;

impl LineChart {
    /// A chart without lines. Axis titles name the unit.
    pub fn new(title: impl Into<String>, x_title: impl Into<String>, y_title: impl Into<String>) -> Self {
        let (title, x_title, y_title) = (title.into(), x_title.into(), y_title.into());
        Self { title, x_title, y_title, lines: Vec::new(), bands: Vec::new(), from_zero: false }
    }

    /// With one more line.
    #[must_use]
    pub fn line(mut self, line: Series) -> Self {
        self.lines.push(line);
        self
    }

    /// With one more band.
    #[must_use]
    pub fn band(mut self, band: Band) -> Self {
        self.bands.push(band);
        self
    }

    /// With a vertical axis that begins at zero.
    #[must_use]
    pub fn from_zero(mut self) -> Self {
        self.from_zero = true;
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ReportError::Empty`] if no line has a finite point.
    pub fn draw(&self) -> Result<Figure, ReportError> {
        let finite = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite();
        let points = || self.lines.iter().flat_map(|l| &l.points).filter(finite);
        if points().next().is_none() {
            return Err(ReportError::Empty { figure: self.title.clone(), what: "finite points" });
        }
        let edges = || self.bands.iter().flat_map(|b| &b.points);
        let xs = points().map(|p| p.0).chain(edges().map(|e| e.0));
        let ys = points().map(|p| p.1).chain(edges().flat_map(|e| [e.1, e.2])).chain(self.from_zero.then_some(0.0));
        let (x, y) = (Scale::holding(xs, 8), Scale::holding(ys, 6));

        let lines = self.lines.iter().enumerate().map(|(i, l)| Key { name: &l.name, mark: Mark::Line(series(i)) });
        let keys: Vec<Key<'_>> = lines.chain(self.bands.iter().map(|b| Key { name: &b.name, mark: Mark::Band })).collect();
        let mut canvas = Canvas::new();
        let frame = Frame::draw(&mut canvas, x, y, (&self.x_title, &self.y_title), &keys);
        for band in &self.bands {
            draw_band(&mut canvas, &frame, band);
        }
        for (i, line) in self.lines.iter().enumerate() {
            draw_line(&mut canvas, &frame, line, series(i));
        }
        Ok(canvas.figure(&self.title, self.describe(), crate::axis::WIDTH, crate::axis::HEIGHT))
    }

    fn describe(&self) -> String {
        let line = |line: &Series| {
            let mut finite = line.points.iter().filter(|p| p.1.is_finite());
            let first = finite.next()?;
            let last = finite.next_back().unwrap_or(first);
            let [x0, y0, x1, y1] = [first.0, first.1, last.0, last.1].map(label);
            Some(format!(" {}: from {y0} at {x0} to {y1} at {x1}.", line.name))
        };
        let lines: String = self.lines.iter().filter_map(line).collect();
        format!("Lines of {} over {}.{lines}", self.y_title, self.x_title)
    }
}

/// Eigenvalues by rank, with the range that data without factors give (Horn's parallel analysis) and a mark after the `retained`
/// first.
///
/// `chance` holds `(lower, upper)` for each rank.
///
/// # Errors
/// [`ReportError::Empty`] without eigenvalues, [`ReportError::Length`] if `chance` is given and has another length.
pub fn scree(title: &str, eigenvalues: &[f64], chance: Option<&[(f64, f64)]>, retained: usize) -> Result<Figure, ReportError> {
    let line = Series { name: "eigenvalues".into(), points: (1..).map(f64::from).zip(eigenvalues.iter().copied()).collect() };
    let mut chart = LineChart::new(title, format!("rank ({retained} retained)"), "eigenvalue").line(line).from_zero();
    if let Some(chance) = chance {
        if chance.len() != eigenvalues.len() {
            let (expected, found) = (eigenvalues.len(), chance.len());
            return Err(ReportError::Length { figure: title.to_owned(), what: "chance ranges", expected, found });
        }
        let points = (1..).map(f64::from).zip(chance).map(|(x, &(low, high))| (x, low, high)).collect();
        // with many rows the band is thinner than a line, so its upper edge is drawn too
        let upper = (1..).map(f64::from).zip(chance.iter().map(|range| range.1)).collect();
        chart = chart.band(Band { name: "what chance gives".into(), points }).line(Series { name: "its upper end".into(), points: upper });
    }
    chart.draw()
}

fn draw_line(canvas: &mut Canvas, frame: &Frame, line: &Series, colour: usize) {
    let class = format!("u-none u-line{colour}");
    for run in line.points.split(|p| !(p.0.is_finite() && p.1.is_finite())).filter(|run| !run.is_empty()) {
        let at = |p: &(f64, f64)| format!("{},{}", number(frame.x.at(p.0)), number(frame.y.at(p.1)));
        let points = thinned(run).iter().map(at).collect::<Vec<_>>().join(" ");
        let dash = dash(colour);
        let attributes = [
            ("class", class.as_str()),
            ("points", &points),
            ("stroke-width", "2"),
            ("stroke-dasharray", dash),
            ("stroke-linejoin", "round"),
        ];
        canvas.element("polyline", &attributes);
    }
    if line.points.len() <= MOST_DOTS {
        for p in line.points.iter().filter(|p| p.0.is_finite() && p.1.is_finite()) {
            dot(canvas, colour, (frame.x.at(p.0), frame.y.at(p.1)), 3.0);
        }
    }
}

/// At most [`MOST_POINTS`] of the points: the least and the greatest of each stretch, so that no spike is lost.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let size = points.len().div_ceil(MOST_POINTS / 2);
    let extremes = |stretch: &[(f64, f64)]| {
        let by_y = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let mut pair: Vec<(f64, f64)> = stretch.iter().min_by(by_y).into_iter().chain(stretch.iter().max_by(by_y)).copied().collect();
        pair.sort_by(|a, b| a.0.total_cmp(&b.0));
        pair
    };
    points.chunks(size).flat_map(extremes).collect()
}

fn draw_band(canvas: &mut Canvas, frame: &Frame, band: &Band) {
    let finite: Vec<_> = band.points.iter().filter(|(x, low, high)| x.is_finite() && low.is_finite() && high.is_finite()).collect();
    let at = |x: f64, y: f64| format!("{},{}", number(frame.x.at(x)), number(frame.y.at(y)));
    let there = finite.iter().map(|p| at(p.0, p.2));
    let back = finite.iter().rev().map(|p| at(p.0, p.1));
    canvas.element("polygon", &[("class", "u-band"), ("points", &there.chain(back).collect::<Vec<_>>().join(" "))]);
}
