//! Paths of edges around boxes: quadratic curves, bent no more than is needed.

use crate::figure::number;

/// A rectangle by its middle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rectangle {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rectangle {
    fn contains(&self, (x, y): (f64, f64), margin: f64) -> bool {
        (x - self.x).abs() < self.width / 2.0 + margin && (y - self.y).abs() < self.height / 2.0 + margin
    }

    /// The area that two boxes share.
    pub fn overlap(&self, other: &Self) -> f64 {
        let across = f64::midpoint(self.width, other.width) - (self.x - other.x).abs();
        let down = f64::midpoint(self.height, other.height) - (self.y - other.y).abs();
        across.max(0.0) * down.max(0.0)
    }
}

/// A quadratic curve from the border of one box to the border of another.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    start: (f64, f64),
    control: (f64, f64),
    end: (f64, f64),
}

impl Path {
    /// The point at `t`, from 0 to 1.
    pub fn at(&self, t: f64) -> (f64, f64) {
        let (a, b, c) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
        let along = |start: f64, control: f64, end: f64| a * start + b * control + c * end;
        (along(self.start.0, self.control.0, self.end.0), along(self.start.1, self.control.1, self.end.1))
    }

    fn samples(&self) -> Vec<(f64, f64)> {
        (0..=SAMPLES).map(|i| self.at(i as f64 / SAMPLES as f64)).collect()
    }

    pub fn svg(&self) -> String {
        let point = |p: (f64, f64)| format!("{} {}", number(p.0), number(p.1));
        format!("M{}Q{} {}", point(self.start), point(self.control), point(self.end))
    }

    /// The corners of an arrow head whose tip is the end of the path.
    pub fn arrow(&self, length: f64) -> String {
        let (dx, dy) = (self.end.0 - self.control.0, self.end.1 - self.control.1);
        let norm = dx.hypot(dy).max(1e-9);
        let (ux, uy) = (dx / norm, dy / norm);
        let base = (self.end.0 - ux * length, self.end.1 - uy * length);
        let half = length * 0.45;
        let corners = [self.end, (base.0 - uy * half, base.1 + ux * half), (base.0 + uy * half, base.1 - ux * half)];
        corners.map(|(x, y)| format!("{},{}", number(x), number(y))).join(" ")
    }
}

/// How far the middle of a curve may bend away from the straight line, by steps.
const STEP: f64 = 18.0;
const STEPS: i32 = 12;
/// Clearance that is asked for around boxes, and between two paths.
const CLEARANCE: f64 = 6.0;
const SAMPLES: usize = 40;
/// Running through a box costs more than any detour; running along another path costs more than a small one.
const BOX_COST: f64 = 100.0;
const PATH_COST: f64 = 1.0;
const BEND_COST: f64 = 2.0;

/// The path from box `from` to box `to` that runs through other boxes and along the `earlier` paths as little as can be, and is
/// straight if that is as good. `opposite` says that there is an edge the other way, from which this one keeps apart.
pub(crate) fn route(boxes: &[Rectangle], from: usize, to: usize, opposite: bool, earlier: &[&Path]) -> Path {
    let (Some(a), Some(b)) = (boxes.get(from), boxes.get(to)) else {
        return Path { start: (0.0, 0.0), control: (0.0, 0.0), end: (0.0, 0.0) };
    };
    // curves of two opposite edges bend to their own right, hence apart
    let bends: Vec<i32> = if opposite { (1..=STEPS).collect() } else { (0..=STEPS).flat_map(|s| [s, -s]).collect() };
    let others: Vec<&Rectangle> = boxes.iter().enumerate().filter(|(i, _)| *i != from && *i != to).map(|(_, b)| b).collect();
    let points: Vec<(f64, f64)> = earlier.iter().flat_map(|p| p.samples()).collect();
    let cost = |bend: i32, path: &Path| {
        let along = path.samples();
        let hits = along.iter().filter(|p| others.iter().any(|o| o.contains(**p, CLEARANCE))).count();
        // paths that share a box must meet there
        let middle = along.get(SAMPLES / 8..SAMPLES * 7 / 8).unwrap_or_default();
        let close = middle.iter().filter(|p| points.iter().any(|q| (p.0 - q.0).hypot(p.1 - q.1) < CLEARANCE)).count();
        hits as f64 * BOX_COST + close as f64 * PATH_COST + f64::from(bend.abs()) * BEND_COST
    };
    let mut best = (f64::INFINITY, curve(a, b, 0.0));
    for bend in bends {
        let path = curve(a, b, f64::from(bend) * STEP);
        let cost = cost(bend, &path);
        if cost < best.0 {
            best = (cost, path);
        }
    }
    best.1
}

/// The curve between two boxes whose middle lies `bend` to the right of the line between them.
fn curve(a: &Rectangle, b: &Rectangle, bend: f64) -> Path {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let norm = dx.hypot(dy).max(1e-9);
    let control = (f64::midpoint(a.x, b.x) - dy / norm * 2.0 * bend, f64::midpoint(a.y, b.y) + dx / norm * 2.0 * bend);
    Path { start: border(a, control, 0.0), control, end: border(b, control, 2.0) }
}

/// Where the line from the middle of `b` to `towards` leaves the box, `gap` outside of it.
fn border(b: &Rectangle, towards: (f64, f64), gap: f64) -> (f64, f64) {
    let (dx, dy) = (towards.0 - b.x, towards.1 - b.y);
    let reach = |half: f64, d: f64| if d.abs() > 1e-9 { (half + gap) / d.abs() } else { f64::INFINITY };
    let t = reach(b.width / 2.0, dx).min(reach(b.height / 2.0, dy)).min(1.0);
    (b.x + dx * t, b.y + dy * t)
}
