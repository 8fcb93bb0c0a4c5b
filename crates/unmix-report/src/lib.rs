//! Figures as SVG, and reports as one HTML file that holds everything it shows.
//!
//! ```
//! use unmix_report::{Bar, BarChart, Report, Section};
//!
//! let bar = Bar { label: "raf → mek".into(), value: 0.98, interval: Some((0.95, 1.0)), group: 0 };
//! let edges = BarChart::new("Edge probabilities", "share of 100 bootstrap samples").bar(bar).draw()?;
//! let html = Report::new("Signalling")
//!     .section(Section::new("Graph").prose("One edge is sure.").figure(edges, "Bars are Wilson intervals."))
//!     .render();
//! assert!(html.contains("<svg"));
//! # Ok::<(), unmix_report::ReportError>(())
//! ```
//!
//! | figure | item |
//! |---|---|
//! | training curves, any lines | [`LineChart`] |
//! | eigenvalues and what chance gives | [`scree`] |
//! | probabilities, scores, stability | [`BarChart`] |
//! | codes against factors | [`scatter`] |
//! | loadings, correlations | [`heat_map`] |
//! | traversals, reconstructions | [`ImageGrid`], [`reconstruction_pairs`] |
//! | causal graphs | [`GraphDrawing`] |
//!
//! A [`Figure`] is readable on light and dark pages and with every common form of colour blindness, and says in words what it shows.
//! Equal input gives equal bytes. Names are escaped wherever they appear; the page forbids browsers to fetch anything.

mod axis;
mod bars;
mod error;
mod figure;
mod graph_drawing;
mod heat_map;
mod image_grid;
mod lines;
mod page;
mod palette;
mod report;
mod route;
mod scatter;

pub use bars::{Bar, BarChart};
pub use error::ReportError;
pub use figure::Figure;
pub use graph_drawing::{EdgeText, GraphDrawing};
pub use heat_map::heat_map;
pub use image_grid::{ImageGrid, reconstruction_pairs};
pub use lines::{Band, LineChart, Series, scree};
pub use report::{Report, Section, Table, Tone};
pub use scatter::scatter;
