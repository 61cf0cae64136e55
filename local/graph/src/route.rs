//! The courses of edges: smooth curves through the points of the layout.

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    /// The place so much further.
    pub(crate) fn moved(self, x: f64, y: f64) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
        }
    }
}

/// A number as SVG writes it: no digits that nobody sees.
pub(crate) fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    if rest == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest}")
    }
}

/// The path data of a smooth curve, which begins and ends in its first and last point: a quadratic B-spline.
pub(crate) fn curve(points: &[Point]) -> String {
    let points = bends(points);
    let [first, inner @ .., last] = &points[..] else {
        return String::new();
    };
    let mut pen = Pen::at(*first);
    for (index, bend) in inner.iter().enumerate() {
        let next = inner.get(index + 1).unwrap_or(last);
        let middle = Point {
            x: f64::midpoint(bend.x, next.x),
            y: f64::midpoint(bend.y, next.y),
        };
        pen.draw('q', &[*bend, middle]);
    }
    pen.draw('l', &[*last]);
    pen.data
}

/// Path data being written: relative, and in whole pixels, which is enough for a line.
struct Pen {
    data: String,
    x: i64,
    y: i64,
}

impl Pen {
    fn at(start: Point) -> Self {
        let (x, y) = (start.x.round() as i64, start.y.round() as i64);
        Self {
            data: format!("M{x} {y}"),
            x,
            y,
        }
    }

    /// Draws a piece to the last of the points.
    fn draw(&mut self, command: char, points: &[Point]) {
        self.data.push(command);
        let (mut x, mut y) = (self.x, self.y);
        for (index, point) in points.iter().enumerate() {
            (x, y) = (point.x.round() as i64, point.y.round() as i64);
            let (dx, dy) = (x - self.x, y - self.y);
            // a minus parts numbers as well as a space does
            let before = if index > 0 && dx >= 0 { " " } else { "" };
            let between = if dy >= 0 { " " } else { "" };
            self.data.push_str(&format!("{before}{dx}{between}{dy}"));
        }
        (self.x, self.y) = (x, y);
    }
}

/// The points without those in the middle of a straight line, where a long line has points near its ends instead: a
/// curve is then no wider than its bends.
fn bends(points: &[Point]) -> Vec<Point> {
    /// The length over which a curve bends.
    const BEND: f64 = 30.0;
    let mut kept: Vec<Point> = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let next = points.get(index + 1);
        if let (Some(before), Some(next)) = (kept.last(), next) {
            let turn = (point.x - before.x) * (next.y - point.y) - (point.y - before.y) * (next.x - point.x);
            if turn.abs() < 1.0 {
                continue;
            }
        }
        kept.push(*point);
    }
    let mut all: Vec<Point> = Vec::new();
    for (index, point) in kept.iter().enumerate() {
        all.push(*point);
        let Some(next) = kept.get(index + 1) else { continue };
        let (dx, dy) = (next.x - point.x, next.y - point.y);
        let length = dx.hypot(dy);
        if length > 4.0 * BEND && kept.len() > 2 {
            let share = BEND / length;
            all.push(point.moved(dx * share, dy * share));
            all.push(next.moved(-dx * share, -dy * share));
        }
    }
    all
}

/// The path data of an arrow's head at the end of a course.
pub(crate) fn arrow_head(points: &[Point]) -> String {
    let [.., before, tip] = points else {
        return String::new();
    };
    let (dx, dy) = (tip.x - before.x, tip.y - before.y);
    let length = dx.hypot(dy);
    if length < 0.1 {
        return String::new();
    }
    let (dx, dy) = (dx / length, dy / length);
    let wing = |side: f64| Point {
        x: tip.x - 8.0 * dx + side * 4.0 * dy,
        y: tip.y - 8.0 * dy - side * 4.0 * dx,
    };
    let mut pen = Pen::at(*tip);
    pen.draw('l', &[wing(1.0)]);
    pen.draw('l', &[wing(-1.0)]);
    pen.data.push('z');
    pen.data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(all: &[(f64, f64)]) -> Vec<Point> {
        all.iter().map(|(x, y)| Point { x: *x, y: *y }).collect()
    }

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [(0.0, "0"), (1.25, "1.3"), (-0.04, "0"), (-2.5, "-2.5"), (100.0, "100")] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn a_curve_begins_and_ends_in_its_points() {
        fn check(all: &[(f64, f64)], begins: &str, ends: &str) {
            let data = curve(&points(all));
            assert!(data.starts_with(begins) && data.ends_with(ends), "{data}");
        }
        check(&[], "", "");
        check(&[(1.0, 2.0)], "", "");
        check(&[(1.0, 2.0), (3.0, 4.0)], "M1 2l2 2", "");
        check(&[(0.0, 0.0), (5.0, 10.0), (0.0, 20.0)], "M0 0q5 10 3 15", "l-3 5");
        check(&[(0.0, 0.0), (0.0, 10.0), (0.0, 20.0), (0.0, 30.0)], "M0 0l0 30", "");
        check(
            &[(0.0, 0.0), (0.0, 300.0), (100.0, 300.0)],
            "M0 0q0 30 0 150q0 120",
            "l50 0",
        );
    }

    #[test]
    fn an_arrow_points_along_its_last_piece() {
        assert_eq!(arrow_head(&points(&[(0.0, 0.0), (0.0, 10.0)])), "M0 10l4-8l-8 0z");
        assert_eq!(arrow_head(&points(&[(0.0, 0.0), (0.0, 0.0)])), "");
        assert_eq!(arrow_head(&points(&[(0.0, 0.0)])), "");
    }
}
