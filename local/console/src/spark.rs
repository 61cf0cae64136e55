//! Small pictures of a number's last hour.

use maud::{Markup, html};

/// The picture's size in units of its own; the page stretches it.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 30.0;

/// A line over its area, with the sum and the most of it in words for whoever does not see it.
pub(crate) fn sparkline(name: &str, values: &[u64]) -> Markup {
    let most = values.iter().copied().max().unwrap_or(0);
    let words = format!(
        "{name}, by the minute: {} in {} minutes, at most {most} in one",
        sum(values),
        values.len()
    );
    let line = points(values, most);
    html! {
        svg role="img" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
            title { (words) }
            polygon points={ "0," (HEIGHT) " " (line) " " (WIDTH) "," (HEIGHT) } fill="currentColor" fill-opacity="0.14" {}
            polyline points=(line) fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" {}
        }
    }
}

/// The sum of the values.
pub(crate) fn sum(values: &[u64]) -> u64 {
    values.iter().sum()
}

/// The corners of the line.
#[allow(clippy::cast_precision_loss)] // a picture has a hundred dots
fn points(values: &[u64], most: u64) -> String {
    let step = WIDTH / values.len().saturating_sub(1).max(1) as f64;
    let corner = |(at, value): (usize, &u64)| {
        let height = *value as f64 / most.max(1) as f64 * (HEIGHT - 2.0);
        format!("{:.1},{:.1}", at as f64 * step, HEIGHT - 1.0 - height)
    };
    values.iter().enumerate().map(corner).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_edge_to_edge_and_fits() {
        fn check(values: &[u64], expected: &str) {
            assert_eq!(points(values, values.iter().copied().max().unwrap_or(0)), expected);
        }
        check(&[], "");
        check(&[0, 0], "0.0,29.0 120.0,29.0");
        check(&[0, 5, 10], "0.0,29.0 60.0,15.0 120.0,1.0");
    }

    #[test]
    fn a_picture_is_told_in_words() {
        let picture = sparkline("Started", &[1, 0, 4]).into_string();
        assert!(
            picture.contains("<title>Started, by the minute: 5 in 3 minutes, at most 4 in one</title>"),
            "{picture}"
        );
    }
}
