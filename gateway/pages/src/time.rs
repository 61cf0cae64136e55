use chrono::DateTime;
use maud::{Markup, html};

use crate::shown;

/// A time as it stands in JSON (ISO 8601), for people: to the minute, in UTC. What is no time is shown as it is.
///
/// The script shows it in the reader's zone, with UTC in its title.
pub fn time(iso: &str) -> Markup {
    written(iso, "%-d %b %Y, %H:%M UTC", None)
}

/// As [`time`], to the second.
pub fn time_to_second(iso: &str) -> Markup {
    written(iso, "%-d %b %Y, %H:%M:%S UTC", Some("s"))
}

fn written(iso: &str, format: &str, to: Option<&str>) -> Markup {
    match DateTime::parse_from_rfc3339(iso) {
        Ok(at) => html! { time datetime=(iso) data-to=[to] { (at.to_utc().format(format).to_string()) } },
        Err(_) => html! { (shown(iso)) },
    }
}

/// The distance of a time from `now_ms` (milliseconds since 1970): `2 minutes ago`, `in 6 days`. The exact time is in
/// its title; where it matters, write it beside it with [`time`].
pub fn ago(iso: &str, now_ms: i64) -> Markup {
    match DateTime::parse_from_rfc3339(iso) {
        Ok(at) => {
            let exact = at.to_utc().format("%-d %b %Y, %H:%M:%S UTC").to_string();
            let words = words_between(at.timestamp_millis(), now_ms);
            html! { time datetime=(iso) data-ago title=(exact) { (words) } }
        }
        Err(_) => html! { (shown(iso)) },
    }
}

/// The distance of `at_ms` from `now_ms` in words, as the script writes it.
pub fn words_between(at_ms: i64, now_ms: i64) -> String {
    let seconds = at_ms.saturating_sub(now_ms) / 1000;
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (length, unit) = units
        .into_iter()
        .find(|(length, _)| seconds.abs() >= *length)
        .unwrap_or((1, "second"));
    let count = seconds / length;
    let plural = if count.abs() == 1 { "" } else { "s" };
    match (count, unit) {
        (0, _) => "now".to_owned(),
        (1, "day") => "tomorrow".to_owned(),
        (-1, "day") => "yesterday".to_owned(),
        (1.., _) => format!("in {count} {unit}{plural}"),
        _ => format!("{} {unit}{plural} ago", -count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_for_people_and_for_programs() {
        let check = |iso: &str, expected: &str| assert_eq!(time(iso).into_string(), expected);
        check(
            "2026-11-22T14:55:09.123Z",
            r#"<time datetime="2026-11-22T14:55:09.123Z">22 Nov 2026, 14:55 UTC</time>"#,
        );
        check(
            "2026-12-01T00:30:00+01:00",
            r#"<time datetime="2026-12-01T00:30:00+01:00">30 Nov 2026, 23:30 UTC</time>"#,
        );
        check("<soon>", "&lt;soon&gt;");
        assert_eq!(
            time_to_second("2026-11-22T14:55:09.123Z").into_string(),
            r#"<time datetime="2026-11-22T14:55:09.123Z" data-to="s">22 Nov 2026, 14:55:09 UTC</time>"#
        );
    }

    #[test]
    fn a_distance_is_in_words_with_the_time_at_hand() {
        const NOW: i64 = 1_795_341_600_000;
        let check = |seconds: i64, expected: &str| assert_eq!(words_between(NOW + seconds * 1000, NOW), expected);
        check(0, "now");
        check(-1, "1 second ago");
        check(59, "in 59 seconds");
        check(-60, "1 minute ago");
        check(-7199, "1 hour ago");
        check(86_400, "tomorrow");
        check(-172_799, "yesterday");
        check(6 * 86_400 + 1, "in 6 days");
        assert_eq!(
            ago("2026-11-22T14:55:09Z", 1_795_359_309_000 + 120_000).into_string(),
            r#"<time datetime="2026-11-22T14:55:09Z" data-ago title="22 Nov 2026, 14:55:09 UTC">2 minutes ago</time>"#
        );
    }
}
