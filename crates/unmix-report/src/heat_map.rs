//! Heat maps of matrices with names: loadings, correlations, mixing matrices.

use crate::{
    Figure, ReportError,
    figure::{Anchor, Canvas, label, number, shortened, text_width},
    palette::{diverging, hex, needs_white},
};
use ndarray::ArrayView2;

const LONGEST_NAME: f64 = 180.0;
/// Columns up to which the values are printed in the cells.
const MOST_PRINTED: usize = 16;

/// The matrix `x` `[rows, columns]` in colours from blue (negative) over white (0) to red (positive), with its values where there is
/// room for them.
///
/// Colours are full at `limit`, or at the greatest absolute value if that is `None`. The bar beside them has no negative half where no value is negative.
///
/// ```
/// use ndarray::array;
/// let figure = unmix_report::heat_map("Loadings", &["visual", "textual"], &["z1"], array![[0.8], [-0.1]].view(), Some(1.0))?;
/// assert!(figure.svg().contains("−0.1"));
/// # Ok::<(), unmix_report::ReportError>(())
/// ```
///
/// # Errors
/// [`ReportError::Empty`] if the matrix is, [`ReportError::Length`] unless there is one name a row and a column.
pub fn heat_map(
    title: &str,
    rows: &[impl AsRef<str>],
    columns: &[impl AsRef<str>],
    x: ArrayView2<'_, f64>,
    limit: Option<f64>,
) -> Result<Figure, ReportError> {
    let figure = || title.to_owned();
    if x.is_empty() {
        return Err(ReportError::Empty { figure: figure(), what: "cells" });
    }
    for (what, expected, found) in [("row names", x.nrows(), rows.len()), ("column names", x.ncols(), columns.len())] {
        if expected != found {
            return Err(ReportError::Length { figure: figure(), what, expected, found });
        }
    }
    let greatest = x.iter().filter(|v| v.is_finite()).fold(0.0_f64, |m, v| m.max(v.abs()));
    let limit = limit.unwrap_or(greatest);
    let printed = x.ncols() <= MOST_PRINTED;
    let (width, height) =
        if printed { (54.0, 26.0) } else { ((640.0 / x.ncols() as f64).max(4.0), (640.0 / x.nrows() as f64).clamp(4.0, 18.0)) };
    let named_rows = height >= 12.0;
    let widest = |names: &[&str]| names.iter().map(|n| text_width(n)).fold(0.0, f64::max).min(LONGEST_NAME);
    let row_names: Vec<&str> = rows.iter().map(AsRef::as_ref).collect();
    let column_names: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let turned = widest(&column_names) > width - 6.0;
    let (left, top) = (
        if named_rows { widest(&row_names) + 16.0 } else { 12.0 },
        match (width >= 12.0, turned) {
            (false, _) => 10.0,
            (true, true) => widest(&column_names) * 0.75 + 22.0,
            (true, false) => 26.0,
        },
    );
    let mut canvas = Canvas::new();
    for (j, name) in column_names.iter().enumerate().filter(|_| width >= 12.0) {
        let at = left + (j as f64 + 0.5) * width;
        let name = shortened(name, LONGEST_NAME);
        if turned {
            canvas.turned_text("u-ink", at + 2.0, top - 8.0, Anchor::Start, -45.0, &name);
        } else {
            canvas.text("u-ink", at, top - 8.0, Anchor::Middle, &name);
        }
    }
    for (i, name) in row_names.iter().enumerate().filter(|_| named_rows) {
        let at = top + (i as f64 + 0.5) * height + 4.0;
        canvas.text("u-ink", left - 8.0, at, Anchor::End, &shortened(name, LONGEST_NAME));
    }
    for ((i, j), &value) in x.indexed_iter() {
        let (cx, cy) = (left + j as f64 * width, top + i as f64 * height);
        let colour = if value.is_finite() { diverging(value, limit) } else { [128, 128, 128] };
        let gap = if printed { 1.0 } else { 0.0 };
        let [rx, ry, w, h] = [cx, cy, width - gap, height - gap].map(number);
        let name = |names: &[&str], at: usize| names.get(at).copied().unwrap_or_default().to_owned();
        let tip = format!("{}, {}: {}", name(&row_names, i), name(&column_names, j), label(value));
        canvas.titled(
            "rect",
            &[("x", &rx), ("y", &ry), ("width", &w), ("height", &h), ("fill", &hex(colour)), ("shape-rendering", "crispEdges")],
            &tip,
        );
        if printed {
            let ink = if needs_white(colour) { "#ffffff" } else { "#1f2328" };
            let (tx, ty) = (number(cx + width / 2.0), number(cy + height / 2.0 + 4.0));
            canvas.literal_text(
                &[("class", "u-text"), ("x", &tx), ("y", &ty), ("text-anchor", "middle"), ("fill", ink)],
                &cell(value, limit),
            );
        }
    }
    let (right, bottom) = (left + width * x.ncols() as f64, top + height * x.nrows() as f64);
    // a bar needs some height to be read, though the matrix may have a single row
    let end = bottom.max(top + 90.0);
    let lowest = if x.iter().any(|v| *v < 0.0) { -limit } else { 0.0 };
    colour_bar(&mut canvas, right + 24.0, (top, end), (lowest, limit));
    // names turned by 45 degrees reach beyond the last column
    let overhang = if turned { widest(&column_names) * 0.72 - width / 2.0 } else { 0.0 };
    let full = (right + 24.0 + 14.0 + 10.0 + text_width(&label(-limit)) + 12.0).max(right + overhang + 12.0);
    Ok(canvas.figure(title, describe(&row_names, &column_names, x), full, end + 14.0))
}

/// Two decimals where the largest value has as many: a table of loadings is read by column.
fn cell(value: f64, limit: f64) -> String {
    /// Below this limit two decimals would show nothing.
    const FINE: f64 = 0.1;
    if !value.is_finite() || limit < FINE || value.abs() >= 1e4 {
        return label(value);
    }
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text.replace('-', "−") }
}

/// The colours from `lowest`, which is `-limit` or 0, to `limit`.
fn colour_bar(canvas: &mut Canvas, x: f64, (top, bottom): (f64, f64), (lowest, limit): (f64, f64)) {
    const STEPS: usize = 33;
    let step = (bottom - top) / STEPS as f64;
    for i in 0..STEPS {
        let value = limit + (lowest - limit) * i as f64 / (STEPS - 1) as f64;
        // half a pixel of overlap hides the seams
        let [rx, ry, h] = [x, top + i as f64 * step, step + 0.5].map(number);
        canvas.element("rect", &[("x", &rx), ("y", &ry), ("width", "14"), ("height", &h), ("fill", &hex(diverging(value, limit)))]);
    }
    let middle = (0.5 * (lowest + limit), f64::midpoint(top, bottom));
    for (value, at) in [(limit, top), middle, (lowest, bottom)] {
        canvas.text("u-muted u-small", x + 20.0, at + 4.0, Anchor::Start, &label(value));
    }
}

fn describe(rows: &[&str], columns: &[&str], x: ArrayView2<'_, f64>) -> String {
    let largest = |(j, column): (usize, &&str)| {
        let values = x.column(j);
        let (i, value) = values.iter().enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        Some(format!(" {column}: largest at {}, {}.", rows.get(i)?, label(*value)))
    };
    let largest: String = columns.iter().enumerate().take(MOST_PRINTED).filter_map(largest).collect();
    format!("A matrix of {} rows and {} columns.{largest}", x.nrows(), x.ncols())
}
