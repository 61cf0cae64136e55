//! The part of the results that one response has.

use std::str::FromStr;

use sluice_metrics::Timestamp;
use sluice_metrics::query::QueryResult;
use sluice_wire::PageToken;

use crate::node::Node;

/// The order of the data points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanBy {
    Descending,
    Ascending,
}

impl ScanBy {
    pub(crate) const ALL: [(&'static str, ScanBy); 2] = [
        ("TimestampDescending", Self::Descending),
        ("TimestampAscending", Self::Ascending),
    ];
}

/// The place at which a response goes on: a result, and a time in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    result: usize,
    after: Timestamp,
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (result, after) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self {
            result: result.parse()?,
            after: after.parse()?,
        })
    }
}

/// A part of the results.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) results: Vec<Part<'a>>,
    pub(crate) next: Option<Place>,
}

/// A part of one result.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    answer: &'a QueryResult,
    points: Vec<(Timestamp, f64)>,
    complete: bool,
}

impl<'a> Page<'a> {
    /// The results from a place on, with at most `most` data points: one result after the other.
    pub(crate) fn of(answers: &'a [QueryResult], scan_by: ScanBy, from: Option<Place>, most: usize) -> Self {
        let mut room = most;
        let mut results: Vec<Part<'_>> = Vec::new();
        let first = from.map_or(0, |from| from.result);
        for (index, answer) in answers.iter().enumerate().skip(first) {
            let after = from.filter(|from| from.result == index).map(|from| from.after);
            let all: Vec<(Timestamp, f64)> = match scan_by {
                ScanBy::Ascending => answer.series.points.clone(),
                ScanBy::Descending => answer.series.points.iter().rev().copied().collect(),
            };
            let remains = |at: Timestamp| match (scan_by, after) {
                (_, None) => true,
                (ScanBy::Ascending, Some(after)) => at > after,
                (ScanBy::Descending, Some(after)) => at < after,
            };
            let mut points: Vec<_> = all.into_iter().filter(|(at, _)| remains(*at)).collect();
            let complete = points.len() <= room;
            points.truncate(room);
            room -= points.len();
            let last = points.last().map(|(at, _)| *at);
            // the end of what was full before, in the order of the scan
            let before = match scan_by {
                ScanBy::Ascending => Timestamp::MIN,
                ScanBy::Descending => Timestamp::MAX,
            };
            let next = Place {
                result: index,
                after: last.or(after).unwrap_or(before),
            };
            if complete || last.is_some() {
                results.push(Part {
                    answer,
                    points,
                    complete,
                });
            }
            if !complete {
                return Self {
                    results,
                    next: Some(next),
                };
            }
        }
        Self { results, next: None }
    }
}

/// The response.
pub(crate) fn node(page: &Page<'_>, token: &PageToken<'_>) -> Node {
    let results = page.results.iter().map(|part| {
        let (times, values) = part
            .points
            .iter()
            .map(|(at, value)| (Node::Time(*at), Node::Number(*value)))
            .unzip();
        let status = if part.complete { "Complete" } else { "PartialData" };
        Node::Record(vec![
            ("Id", Node::text(&part.answer.id)),
            ("Label", Node::text(&part.answer.series.label)),
            ("Timestamps", Node::List(times)),
            ("Values", Node::List(values)),
            ("StatusCode", Node::text(status)),
        ])
    });
    let mut members = vec![
        ("MetricDataResults", Node::List(results.collect())),
        ("Messages", Node::List(Vec::new())),
    ];
    if let Some(Place { result, after }) = page.next {
        members.push(("NextToken", Node::Text(token.seal(&format!("{result} {after}")))));
    }
    Node::Record(members)
}

#[cfg(test)]
mod tests {
    use sluice_metrics::math::TimeSeries;

    use super::*;

    fn answer(id: &str, times: std::ops::Range<i64>) -> QueryResult {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let points = times.map(|at| (at, at as f64)).collect();
        QueryResult {
            id: id.into(),
            series: TimeSeries {
                points,
                ..TimeSeries::default()
            },
        }
    }

    /// Each page as `id times status`.
    fn pages(answers: &[QueryResult], scan_by: ScanBy, most: usize) -> Vec<Vec<String>> {
        let (mut from, mut pages) = (None, Vec::new());
        loop {
            let page = Page::of(answers, scan_by, from, most);
            let shown = page.results.iter().map(|part| {
                let times: Vec<String> = part.points.iter().map(|(at, _)| at.to_string()).collect();
                format!(
                    "{} {} {}",
                    part.answer.id,
                    times.join(","),
                    if part.complete { "all" } else { "part" }
                )
            });
            pages.push(shown.collect());
            match page.next {
                None => return pages,
                Some(place) => {
                    assert_eq!(format!("{} {}", place.result, place.after).parse(), Ok(place));
                    from = Some(place);
                }
            }
        }
    }

    #[test]
    fn pages_hold_every_point_once_in_the_order_of_the_scan() {
        let answers = [answer("a", 1..4), answer("none", 0..0), answer("b", 1..3)];
        assert_eq!(
            pages(&answers, ScanBy::Ascending, 10),
            [["a 1,2,3 all", "none  all", "b 1,2 all"]]
        );
        assert_eq!(
            pages(&answers, ScanBy::Descending, 2),
            [
                vec!["a 3,2 part"],
                vec!["a 1 all", "none  all", "b 2 part"],
                vec!["b 1 all"]
            ]
        );
        assert_eq!(
            pages(&answers, ScanBy::Ascending, 3),
            [vec!["a 1,2,3 all", "none  all"], vec!["b 1,2 all"]]
        );
    }
}
