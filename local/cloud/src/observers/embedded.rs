//! Metrics that functions embed in their logs.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sluice_metrics::emf::{self, Document};
use sluice_metrics::{Point, SeriesKey, Timestamp};

use sluice_cloudwatch::Metrics;

/// The time before and after now for which CloudWatch takes values, in milliseconds.
const OLDEST: i64 = 14 * 24 * 60 * 60 * 1_000;
const NEWEST: i64 = 2 * 60 * 60 * 1_000;

/// Records what is embedded in a function's lines.
pub(crate) fn record<'l>(
    metrics: &Arc<Metrics>,
    function: &str,
    lines: impl Iterator<Item = &'l String>,
    now: Timestamp,
) {
    for line in lines {
        match emf::parse(line) {
            None => {}
            Some(Ok(document)) => record_document(metrics, function, document, now),
            Some(Err(error)) => {
                tracing::warn!(function, %error, "a line of the embedded metric format is not one");
            }
        }
    }
}

fn record_document(metrics: &Arc<Metrics>, function: &str, document: Document, now: Timestamp) {
    let Some(at) = placed(document.at, now, wall()) else {
        let at = document.at;
        tracing::warn!(
            function,
            at,
            "embedded metrics are more than two weeks old, or two hours ahead"
        );
        return;
    };
    let mut points = Vec::new();
    for one in document.metrics {
        let mut values = one.values.iter();
        let Some(first) = values.next() else { continue };
        let mut point = Point::of(*first, 1.0);
        values.for_each(|value| point.record(*value, 1.0));
        let key = SeriesKey {
            metric: one.metric,
            unit: one.unit,
        };
        points.push((key, point, at));
    }
    if let Err(error) = metrics.add_all(points) {
        tracing::warn!(function, %error, "embedded metrics are not recorded");
    }
}

/// Converts a document's time to the engine's clock. A function takes it from its own clock, which is the wall's; once the
/// engine's has been advanced, a time that is nearer to the wall's is moved by as much. None: too old, or too far ahead.
fn placed(at: Timestamp, now: Timestamp, wall: Timestamp) -> Option<Timestamp> {
    let ahead = now.saturating_sub(wall);
    let of_the_wall = ahead > 0 && at.abs_diff(wall) < at.abs_diff(now);
    let at = if of_the_wall { at.saturating_add(ahead) } else { at };
    (now - OLDEST..=now + NEWEST).contains(&at).then_some(at)
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        Timestamp::try_from(since.as_millis()).unwrap_or(Timestamp::MAX / 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lie_on_the_engines_clock() {
        const HOUR: i64 = 60 * 60 * 1_000;
        const NOW: i64 = 1_795_354_020_000;
        let check = |at: i64, wall: i64, expected: Option<i64>| assert_eq!(placed(at, NOW, wall), expected);
        check(NOW, NOW, Some(NOW));
        check(NOW - HOUR, NOW, Some(NOW - HOUR));
        check(NOW - OLDEST - 1, NOW, None);
        check(NOW + NEWEST + 1, NOW, None);
        // the engine's clock is a week ahead
        let wall = NOW - 168 * HOUR;
        check(wall, wall, Some(NOW));
        check(wall - HOUR, wall, Some(NOW - HOUR));
        check(NOW, wall, Some(NOW));
        // a clock that is behind the wall's, as only tests have one
        check(NOW + 168 * HOUR, NOW + 200 * HOUR, None);
        check(i64::MAX, wall, None);
        check(0, wall, None);
    }
}
