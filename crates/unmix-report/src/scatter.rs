//! Scatter plots: codes against factors, or two codes by label.

use crate::{
    Figure, ReportError,
    axis::{Frame, HEIGHT, Key, Mark, Scale, WIDTH, dot},
    figure::Canvas,
    palette::series,
};
use ndarray::ArrayView1;

/// Points drawn at most: more hide each other and swell the page.
const MOST_POINTS: usize = 3000;

/// Points of two variables, in groups by colour.
///
/// `groups` gives each point an index into `names`. Beyond 3,000 points every k-th is drawn, and the description says so.
///
/// ```
/// use ndarray::array;
/// let (x, y) = (array![0.0, 1.0, 2.0], array![0.1, 0.9, 2.2]);
/// let figure = unmix_report::scatter("Recovery", ("true factor", x.view()), ("code z1", y.view()), None)?;
/// assert!(figure.description().starts_with("3 points"));
/// # Ok::<(), unmix_report::ReportError>(())
/// ```
///
/// # Errors
/// [`ReportError::Empty`] without points, [`ReportError::Length`] if the lists differ in length or a group has no name.
pub fn scatter(
    title: &str,
    (x_title, x): (&str, ArrayView1<'_, f64>),
    (y_title, y): (&str, ArrayView1<'_, f64>),
    groups: Option<(&[usize], &[String])>,
) -> Result<Figure, ReportError> {
    let length = |what, expected, found| {
        if expected == found { Ok(()) } else { Err(ReportError::Length { figure: title.to_owned(), what, expected, found }) }
    };
    if x.is_empty() {
        return Err(ReportError::Empty { figure: title.to_owned(), what: "points" });
    }
    length("vertical values", x.len(), y.len())?;
    let (of, names) = groups.unwrap_or((&[], &[]));
    if groups.is_some() {
        length("groups", x.len(), of.len())?;
        if let Some(&unknown) = of.iter().find(|&&g| g >= names.len()) {
            length("names of groups", unknown + 1, names.len())?;
        }
    }
    let mut canvas = Canvas::new();
    let keys: Vec<Key<'_>> = names.iter().enumerate().map(|(i, name)| Key { name, mark: Mark::Dot(series(i)) }).collect();
    let scales = (Scale::holding(x.iter().copied(), 7), Scale::holding(y.iter().copied(), 6));
    let frame = Frame::draw(&mut canvas, scales.0, scales.1, (x_title, y_title), &keys);
    let stride = x.len().div_ceil(MOST_POINTS);
    let mut drawn = 0;
    for (i, (&x, &y)) in x.iter().zip(y).enumerate().step_by(stride).filter(|(_, (x, y))| x.is_finite() && y.is_finite()) {
        dot(&mut canvas, series(of.get(i).copied().unwrap_or_default()), (frame.x.at(x), frame.y.at(y)), 2.0);
        drawn += 1;
    }
    let all = if drawn == x.len() { String::new() } else { format!(" of {}", x.len()) };
    let description = format!("{drawn}{all} points of {y_title} over {x_title}.");
    Ok(canvas.figure(title, description, WIDTH, HEIGHT))
}
