//! Grids of small images: traversals of codes, and reconstructions beside their originals.

use crate::{
    Figure, ReportError,
    axis::WIDTH,
    figure::{Anchor, Canvas, number, shortened, text_width},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ndarray::ArrayView2;

/// Grey images of one size in rows and columns.
///
/// ```
/// use ndarray::Array2;
/// use unmix_report::ImageGrid;
///
/// // two codes, three values each: six images of 8 x 8
/// let images = Array2::from_elem((6, 64), 0.5);
/// let grid = ImageGrid::new("Traversal", (8, 8), 3).row_names(["z1", "z2"]).column_names(["-2", "0", "2"]);
/// assert!(grid.draw(images.view())?.svg().contains("data:image/png;base64,"));
/// # Ok::<(), unmix_report::ReportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageGrid {
    title: String,
    size: (usize, usize),
    columns: usize,
    row_names: Vec<String>,
    column_names: Vec<String>,
    range: (f64, f64),
}

/// Side of an image on the page, in pixels, unless the grid is too wide for that.
const SIDE: f64 = 52.0;
const LONGEST_NAME: f64 = 150.0;

impl ImageGrid {
    /// A grid of images of `size` (rows, columns of pixels), `columns` of them a line.
    pub fn new(title: impl Into<String>, size: (usize, usize), columns: usize) -> Self {
        let columns = columns.max(1);
        Self { title: title.into(), size, columns, row_names: Vec::new(), column_names: Vec::new(), range: (0.0, 1.0) }
    }

    /// With names to the left of the lines.
    #[must_use]
    pub fn row_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.row_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// With names above the columns.
    #[must_use]
    pub fn column_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.column_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// With `low` drawn black and `high` white; 0 and 1 otherwise. Values beyond them are clipped.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = (low, high);
        self
    }

    /// Draws `images` `[m, rows * columns of pixels]`, line by line.
    ///
    /// # Errors
    /// [`ReportError::Empty`] without images, [`ReportError::Length`] if they are not of the stated size or names are given for
    /// another number of lines or columns.
    pub fn draw(&self, images: ArrayView2<'_, f64>) -> Result<Figure, ReportError> {
        let png = self.png(images)?;
        let lines = images.nrows().div_ceil(self.columns);
        for (what, names, expected) in [("row names", &self.row_names, lines), ("column names", &self.column_names, self.columns)] {
            if !names.is_empty() && names.len() != expected {
                return Err(ReportError::Length { figure: self.title.clone(), what, expected, found: names.len() });
            }
        }
        let widest = self.row_names.iter().map(|n| text_width(n)).fold(0.0, f64::max).min(LONGEST_NAME);
        let left = if self.row_names.is_empty() { 10.0 } else { widest + 20.0 };
        let top = if self.column_names.is_empty() { 10.0 } else { 28.0 };
        let (pixels_down, pixels_across) = self.cell();
        // one image and the gap after it, in page pixels
        let cell = SIDE.min((WIDTH - left - 10.0) / self.columns as f64);
        let scale = cell / pixels_across as f64;
        let line_height = pixels_down as f64 * scale;
        let (width, height) = (self.columns as f64 * cell, lines as f64 * line_height);

        let mut canvas = Canvas::new();
        let half = (self.size.1 as f64 / 2.0) * scale;
        for (j, name) in self.column_names.iter().enumerate() {
            canvas.text("u-ink", left + j as f64 * cell + half, top - 9.0, Anchor::Middle, &shortened(name, cell + 8.0));
        }
        for (i, name) in self.row_names.iter().enumerate() {
            let middle = top + i as f64 * line_height + (self.size.0 as f64 / 2.0) * scale;
            canvas.text("u-ink", left - 10.0, middle + 4.0, Anchor::End, &shortened(name, LONGEST_NAME));
        }
        let [x, y, w, h] = [left, top, width, height].map(number);
        let data = format!("data:image/png;base64,{}", STANDARD.encode(png));
        let attributes = [
            ("x", x.as_str()),
            ("y", &y),
            ("width", &w),
            ("height", &h),
            ("preserveAspectRatio", "none"),
            ("style", "image-rendering:pixelated"),
            ("href", &data),
        ];
        canvas.element("image", &attributes);
        let description = format!("{} images of {} by {} pixels in {lines} lines.", images.nrows(), self.size.0, self.size.1);
        Ok(canvas.figure(&self.title, description, left + width + 10.0, top + height + 10.0))
    }

    /// The grid without names as a PNG file, one pixel of gap between images.
    ///
    /// # Errors
    /// As [`draw`](Self::draw), and [`ReportError::Png`] if the encoder fails.
    pub fn png(&self, images: ArrayView2<'_, f64>) -> Result<Vec<u8>, ReportError> {
        let (rows, columns) = self.size;
        if images.is_empty() || rows == 0 || columns == 0 {
            return Err(ReportError::Empty { figure: self.title.clone(), what: "images" });
        }
        if images.ncols() != rows * columns {
            let (expected, found) = (rows * columns, images.ncols());
            return Err(ReportError::Length { figure: self.title.clone(), what: "pixels an image", expected, found });
        }
        let (down, across) = self.cell();
        let (width, height) = (across * self.columns, down * images.nrows().div_ceil(self.columns));
        // grey and opacity: gaps are transparent, so that they show the page
        let mut pixels = vec![0_u8; width * height * 2];
        for (k, image) in images.rows().into_iter().enumerate() {
            let (top, left) = (k / self.columns * down, k % self.columns * across);
            for (p, &value) in image.iter().enumerate() {
                let at = ((top + p / columns) * width + left + p % columns) * 2;
                pixels[at] = self.grey(value);
                pixels[at + 1] = u8::MAX;
            }
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
        encoder.set_color(png::ColorType::GrayscaleAlpha);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&pixels)?;
            writer.finish()
        });
        written.map_err(|source| ReportError::Png { figure: self.title.clone(), source })?;
        Ok(file)
    }

    /// Rows and columns of pixels of an image with its gap.
    fn cell(&self) -> (usize, usize) {
        (self.size.0 + 1, self.size.1 + 1)
    }

    fn grey(&self, value: f64) -> u8 {
        let (low, high) = self.range;
        // NaN becomes black
        ((value - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8
    }
}

/// Originals above their reconstructions, in pairs of lines of `columns` images; both are `[m, pixels]`.
///
/// # Errors
/// As [`ImageGrid::draw`]; [`ReportError::Length`] if there is not one reconstruction an original.
pub fn reconstruction_pairs(
    title: &str,
    size: (usize, usize),
    columns: usize,
    originals: ArrayView2<'_, f64>,
    reconstructions: ArrayView2<'_, f64>,
) -> Result<Figure, ReportError> {
    if originals.dim() != reconstructions.dim() {
        let (expected, found) = (originals.nrows(), reconstructions.nrows());
        return Err(ReportError::Length { figure: title.to_owned(), what: "reconstructions", expected, found });
    }
    let columns = columns.clamp(1, originals.nrows().max(1));
    // an incomplete last line would put originals and reconstructions out of step
    let full = originals.nrows() / columns * columns;
    let lines = (full / columns).max(1);
    let order = (0..lines).flat_map(|line| (0..2).flat_map(move |half| (0..columns).map(move |j| (half, line * columns + j))));
    let mut images = ndarray::Array2::zeros((0, originals.ncols()));
    for (half, k) in order.filter(|(_, k)| *k < full) {
        let row = if half == 0 { originals.row(k) } else { reconstructions.row(k) };
        // both have as many columns
        let _ = images.push_row(row);
    }
    let names = (0..lines).flat_map(|_| ["original", "reconstruction"]);
    ImageGrid::new(title, size, columns).row_names(names).draw(images.view())
}
