//! Series drawn as SVG, which follows the page's colours and is told in words; a table beside it has the numbers.
//!
//! Own drawing, and not a library's: those tried write colours and fonts into the picture, so that it would be right in one
//! of the two colour schemes only.

use maud::{Markup, html};
use sluice_engine::Timestamp;

use super::axis::{short, time_ticks, value_ticks};
use super::body::AxisSpec;

/// Colours that can be told apart on light and on dark ground.
const COLORS: [&str; 10] = [
    "#2f7ed8", "#d9730d", "#2a9d5c", "#c74fb0", "#8a6fdf", "#b8860b", "#d64545", "#1f9aa8", "#7a8b2a", "#a5673f",
];
const MARGIN: f64 = 8.0;
const LEFT: f64 = 46.0;
const BOTTOM: f64 = 22.0;
const TOP: f64 = 18.0;

/// A series to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) label: String,
    /// `#rrggbb`
    pub(crate) color: String,
    pub(crate) is_right: bool,
    pub(crate) points: Vec<(Timestamp, f64)>,
    /// The distance of neighbouring points, in milliseconds.
    pub(crate) period: i64,
}

/// A picture of series over time.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// The subject, for whoever does not see it.
    pub(crate) title: &'a str,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) left: &'a AxisSpec,
    pub(crate) right: &'a AxisSpec,
    pub(crate) is_stacked: bool,
    pub(crate) lines: &'a [(f64, String)],
    pub(crate) series: &'a [Series],
}

/// The colour of the series with this number.
pub(crate) fn color(n: usize) -> &'static str {
    COLORS[n % COLORS.len()]
}

/// The scale of one side.
struct Scale {
    ticks: Vec<f64>,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(spec: &AxisSpec, values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // quantities are seen against nothing, unless they are far from it
        if low > 0.0 && low < high * 0.9 || low == high {
            low = low.min(0.0);
        }
        let ticks = value_ticks(spec.min.unwrap_or(low), spec.max.unwrap_or(high), 4);
        let ends = (
            ticks.first().copied().unwrap_or(0.0),
            ticks.last().copied().unwrap_or(1.0),
        );
        let (low, high) = (spec.min.unwrap_or(ends.0), spec.max.unwrap_or(ends.1));
        let high = if high > low { high } else { low + 1.0 };
        Self { ticks, low, high }
    }

    /// The share of the height at which a value lies.
    fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

impl Chart<'_> {
    fn right_edge(&self) -> f64 {
        if self.series.iter().any(|one| one.is_right) {
            self.width - LEFT
        } else {
            self.width - MARGIN
        }
    }

    #[allow(clippy::cast_precision_loss)] // milliseconds of a week
    fn x(&self, at: Timestamp) -> f64 {
        let share = (at - self.start) as f64 / (self.end - self.start).max(1) as f64;
        LEFT + share.clamp(0.0, 1.0) * (self.right_edge() - LEFT)
    }

    fn y(&self, scale: &Scale, value: f64) -> f64 {
        self.height - BOTTOM - scale.share(value) * (self.height - BOTTOM - TOP)
    }

    /// Lines, or areas on top of each other, over their axes.
    pub(crate) fn render(&self) -> Markup {
        let stacked: Vec<Series> = if self.is_stacked {
            stack(self.series)
        } else {
            self.series.to_vec()
        };
        let values = |right: bool| {
            let own = stacked.iter().filter(move |one| one.is_right == right);
            own.flat_map(|one| one.points.iter().map(|(_, value)| *value))
        };
        let limits = self.lines.iter().map(|(value, _)| *value);
        let left = Scale::of(self.left, values(false).chain(limits));
        let right = Scale::of(self.right, values(true));
        let has_right = self.series.iter().any(|one| one.is_right);
        html! {
            svg.chart role="img" viewBox={ "0 0 " (self.width) " " (self.height) } font-size="11" {
                title { (self.title) }
                (self.render_axis(&left, self.left, false))
                @if has_right { (self.render_axis(&right, self.right, true)) }
                @for (at, text) in time_ticks(self.start, self.end) {
                    text x=(px(self.x(at))) y=(px(self.height - 6.0)) text-anchor="middle" fill="currentColor" fill-opacity="0.75" { (text) }
                }
                @for (n, series) in stacked.iter().enumerate().rev() {
                    @let scale = if series.is_right { &right } else { &left };
                    (self.render_series(series, scale, self.is_stacked && n < self.series.len()))
                }
                @for (value, label) in self.lines {
                    @let y = px(self.y(&left, *value));
                    line x1=(LEFT) x2=(px(self.right_edge())) y1=(y) y2=(y) stroke="#d64545" stroke-dasharray="4 3" {}
                    text x=(px(self.right_edge())) y=(y) dy="-3" text-anchor="end" fill="currentColor" { (label) }
                }
            }
        }
    }

    fn render_axis(&self, scale: &Scale, spec: &AxisSpec, is_right: bool) -> Markup {
        let (x, anchor) = if is_right {
            (self.right_edge() + 6.0, "start")
        } else {
            (LEFT - 6.0, "end")
        };
        let label_x = if is_right { self.width - 2.0 } else { 2.0 };
        html! {
            @for tick in scale.ticks.iter().filter(|tick| **tick >= scale.low && **tick <= scale.high) {
                @let y = px(self.y(scale, *tick));
                @if !is_right {
                    line x1=(LEFT) x2=(px(self.right_edge())) y1=(y) y2=(y) stroke="currentColor" stroke-opacity="0.14" {}
                }
                text x=(px(x)) y=(y) dy="4" text-anchor=(anchor) fill="currentColor" fill-opacity="0.75" { (short(*tick)) }
            }
            @if let Some(label) = &spec.label {
                text x=(px(label_x)) y="10" text-anchor=(if is_right { "end" } else { "start" }) fill="currentColor" fill-opacity="0.75" {
                    (crate::text::visible(crate::text::bounded(label, 60).0))
                }
            }
        }
    }

    fn render_series(&self, series: &Series, scale: &Scale, is_area: bool) -> Markup {
        let runs = runs(series);
        html! {
            @for run in &runs {
                @let line = run.iter().map(|(at, value)| format!("{},{}", px(self.x(*at)), px(self.y(scale, *value)))).collect::<Vec<_>>().join(" ");
                @if let ([(first, _), ..], [.., (last, _)], true) = (&run[..], &run[..], is_area) {
                    @let base = px(self.y(scale, 0.0_f64.max(scale.low)));
                    polygon points={ (px(self.x(*first))) "," (base) " " (line) " " (px(self.x(*last))) "," (base) } fill=(series.color) fill-opacity="0.85" {}
                } @else if let [(at, value)] = run[..] {
                    circle cx=(px(self.x(at))) cy=(px(self.y(scale, value))) r="3" fill=(series.color) {}
                } @else {
                    polyline points=(line) fill="none" stroke=(series.color) stroke-width="1.8" stroke-linejoin="round" {}
                }
            }
        }
    }
}

/// The points of a series, cut where some are missing.
fn runs(series: &Series) -> Vec<Vec<(Timestamp, f64)>> {
    let mut runs: Vec<Vec<(Timestamp, f64)>> = Vec::new();
    for point in &series.points {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| point.0 - last.0 <= series.period * 3 / 2) => run.push(*point),
            _ => runs.push(vec![*point]),
        }
    }
    runs
}

/// Each series on top of those before; where one has no value it adds nothing.
fn stack(series: &[Series]) -> Vec<Series> {
    let mut times: Vec<Timestamp> = series
        .iter()
        .flat_map(|one| one.points.iter().map(|(at, _)| *at))
        .collect();
    times.sort_unstable();
    times.dedup();
    let mut below = vec![0.0; times.len()];
    let on_top = |one: &Series| {
        let mut values = one.points.iter().peekable();
        let points = times.iter().zip(&mut below).map(|(at, sum)| {
            while values.next_if(|(early, _)| early < at).is_some() {}
            if let Some((_, value)) = values.next_if(|(same, _)| same == at) {
                *sum += value;
            }
            (*at, *sum)
        });
        Series {
            points: points.collect(),
            ..one.clone()
        }
    };
    series.iter().map(on_top).collect()
}

/// Bars beside each other: one value of each series.
pub(crate) fn bars(title: &str, series: &[Series], width: f64) -> Markup {
    let last: Vec<(&Series, f64)> = series
        .iter()
        .filter_map(|one| Some((one, one.points.last()?.1)))
        .collect();
    let most = last
        .iter()
        .map(|(_, value)| *value)
        .fold(0.0, f64::max)
        .max(f64::MIN_POSITIVE);
    #[allow(clippy::cast_precision_loss)] // a few hundred
    let height = last.len() as f64 * 26.0 + 6.0;
    html! {
        svg.chart role="img" viewBox={ "0 0 " (width) " " (height) } font-size="11" {
            title { (title) }
            @for (n, (one, value)) in last.iter().enumerate() {
                @let y = n as f64 * 26.0 + 4.0;
                rect x="0" y=(px(y + 12.0)) height="9" rx="2" width=(px((value / most).clamp(0.0, 1.0) * (width - 60.0))) fill=(one.color) {}
                text x="0" y=(px(y + 9.0)) fill="currentColor" { (crate::text::visible(crate::text::bounded(&one.label, 80).0)) }
                text x=(px(width)) y=(px(y + 20.0)) text-anchor="end" fill="currentColor" { (short(*value)) }
            }
        }
    }
}

/// A coordinate to a tenth.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(i64, f64)]) -> Series {
        Series {
            label: "<b>".to_owned(),
            color: "#123456".to_owned(),
            is_right: false,
            points: points.iter().map(|(minute, value)| (minute * 60_000, *value)).collect(),
            period: 60_000,
        }
    }

    #[test]
    fn a_line_is_cut_where_values_are_missing() {
        let runs = runs(&series(&[(0, 1.0), (1, 2.0), (5, 1.0), (7, 3.0), (8, 1.0)]));
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 2]);
    }

    #[test]
    fn series_are_stacked_time_by_time() {
        let stacked = stack(&[series(&[(0, 1.0), (2, 3.0)]), series(&[(0, 2.0), (1, 5.0), (2, 1.0)])]);
        let values = |n: usize| stacked[n].points.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        assert_eq!((values(0), values(1)), (vec![1.0, 0.0, 3.0], vec![3.0, 5.0, 4.0]));
    }

    #[test]
    fn a_chart_keeps_within_its_frame_and_shows_text_as_text() {
        let spec = AxisSpec {
            min: Some(0.0),
            max: Some(10.0),
            label: Some("<script>".to_owned()),
        };
        let given = [series(&[(0, -5.0), (1, 50.0), (2, 5.0)])];
        let chart = Chart {
            title: "A & B",
            width: 400.0,
            height: 200.0,
            start: 0,
            end: 120_000,
            left: &spec,
            right: &AxisSpec::default(),
            is_stacked: false,
            lines: &[(5.0, "limit".to_owned())],
            series: &given,
        };
        let drawn = chart.render().into_string();
        assert!(
            drawn.contains("<title>A &amp; B</title>") && drawn.contains("&lt;script&gt;"),
            "{drawn}"
        );
        assert!(drawn.contains("points=\"46,178 219,18 392,98\""), "{drawn}");
        assert!(
            drawn.contains("stroke-dasharray") && !drawn.contains("style="),
            "{drawn}"
        );
    }

    #[test]
    fn a_scale_begins_at_nothing_unless_told() {
        fn check(values: &[f64], min: Option<f64>, expected: (f64, f64)) {
            let spec = AxisSpec {
                min,
                ..AxisSpec::default()
            };
            let scale = Scale::of(&spec, values.iter().copied());
            assert_eq!((scale.low, scale.high), expected, "{values:?}");
        }
        check(&[], None, (0.0, 1.0));
        check(&[4.0, 8.0], None, (0.0, 8.0));
        check(&[7.0], None, (0.0, 8.0));
        check(&[0.0], None, (0.0, 1.0));
        check(&[95.0, 100.0], None, (94.0, 100.0));
        check(&[4.0, 8.0], Some(2.0), (2.0, 8.0));
    }
}
