//! Colours: the series colours of Okabe and Ito (2008), and `ColorBrewer`'s diverging `RdBu` (Harrower and Brewer 2003). Both can be
//! told apart with every common form of colour blindness.

/// Style sheet of every figure. Colours are set by class, not by variable, since viewers of single SVG files may know no variables;
/// a second set is for dark pages.
pub(crate) const STYLE: &str = "\
.u-paper{fill:#fff}.u-ink{fill:#1f2328}.u-muted{fill:#59636e}.u-grid{stroke:#e2e6ea;fill:none}.u-axis{stroke:#59636e;fill:none}\
.u-halo{stroke:#fff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}\
.u-box{fill:#f3f6f9;stroke:#59636e}.u-fill1{fill:#0072b2}.u-fill2{fill:#d55e00}.u-fill3{fill:#009e73}.u-fill4{fill:#cc79a7}\
.u-fill5{fill:#8c6d1f}.u-fill6{fill:#7d8590}.u-line1{stroke:#0072b2}.u-line2{stroke:#d55e00}.u-line3{stroke:#009e73}\
.u-line4{stroke:#cc79a7}.u-line5{stroke:#8c6d1f}.u-line6{stroke:#7d8590}.u-band{fill:#d55e00;fill-opacity:.18}\
.u-none{fill:none}.u-text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;\
font-size:12px}.u-small{font-size:11px}.u-bold{font-weight:600}\
@media (prefers-color-scheme:dark){.u-paper{fill:#14181d}.u-ink{fill:#e6edf3}.u-muted{fill:#9aa4af}.u-grid{stroke:#2b3138}\
.u-axis{stroke:#9aa4af}.u-halo{stroke:#14181d}.u-box{fill:#1f262e;stroke:#9aa4af}.u-fill1{fill:#56b4e9}.u-fill2{fill:#f08a3c}\
.u-fill3{fill:#2fc39a}.u-fill4{fill:#dd9cc0}.u-fill5{fill:#e0c060}.u-fill6{fill:#9aa4af}.u-line1{stroke:#56b4e9}\
.u-line2{stroke:#f08a3c}.u-line3{stroke:#2fc39a}.u-line4{stroke:#dd9cc0}.u-line5{stroke:#e0c060}.u-line6{stroke:#9aa4af}\
.u-band{fill:#f08a3c;fill-opacity:.22}}";

/// Series colours before they repeat; the sixth is the grey of what is absent.
pub(crate) const SERIES: usize = 5;

/// The number, from 1, of the colour of series `index` (from 0).
pub(crate) const fn series(index: usize) -> usize {
    index % SERIES + 1
}

/// Dash patterns, so that series differ without colour.
pub(crate) const DASHES: [&str; SERIES] = ["none", "7 4", "2 3", "10 3 2 3", "5 2"];

/// `RdBu` with 11 classes, from the most negative (blue) to the most positive (red).
const DIVERGING: [[u8; 3]; 11] = [
    [5, 48, 97],
    [33, 102, 172],
    [67, 147, 195],
    [146, 197, 222],
    [209, 229, 240],
    [247, 247, 247],
    [253, 219, 199],
    [244, 165, 130],
    [214, 96, 77],
    [178, 24, 43],
    [103, 0, 31],
];

/// The colour of `value` on a scale from `-limit` to `limit`.
pub(crate) fn diverging(value: f64, limit: f64) -> [u8; 3] {
    let last = DIVERGING.len() - 1;
    let share = if limit > 0.0 { (value / limit).clamp(-1.0, 1.0) } else { 0.0 };
    let at = f64::midpoint(share, 1.0) * last as f64;
    let low = (at.floor() as usize).min(last - 1);
    let t = at - low as f64;
    let [a, b] = [DIVERGING[low], DIVERGING[low + 1]];
    [0, 1, 2].map(|i| (f64::from(a[i]) + t * (f64::from(b[i]) - f64::from(a[i]))).round() as u8)
}

/// Whether white text is easier to read on `colour` than black (WCAG 2 relative luminance).
pub(crate) fn needs_white(colour: [u8; 3]) -> bool {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = colour.map(linear);
    // contrast with white, 1.05 / (L + 0.05), beats that with black, (L + 0.05) / 0.05, below this luminance
    0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179
}

pub(crate) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
