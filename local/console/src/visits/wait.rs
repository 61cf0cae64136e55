//! The waits of open visits, in words.

use chrono::{DateTime, Utc};
use sluice_engine::{OpenVisit, Timestamp, WaitingOn};

use crate::time;

/// The wait in words: "attempt 2 of 4, next in 3 s", "wakes on 10 December 2026 at 14:05". `since` is the beginning of its attempt.
pub(crate) fn waits_for(open: &OpenVisit, since: Timestamp, now: Timestamp) -> Option<String> {
    let of = |attempt: u64| match open.most_attempts {
        Some(most) => format!("attempt {attempt} of {most}"),
        None => format!("attempt {attempt}"),
    };
    let mut words = match open.waits_for.as_ref()? {
        WaitingOn::Retry { at } => return Some(format!("{}, {}", of(open.attempt + 1), next(*at, now))),
        WaitingOn::Timer { until } => return Some(moment("wakes", *until, now)),
        WaitingOn::Call { .. } => format!("called {} ago", time::duration(now.saturating_sub(since))),
        WaitingOn::Token { .. } => "waits for its task token".to_owned(),
        WaitingOn::Worker { activity, .. } => {
            let name = activity.rsplit(':').next().unwrap_or_default();
            format!("waits for a worker of {name}")
        }
        WaitingOn::Job { .. } => "waits for the end of its job".to_owned(),
    };
    if open.attempt > 1 {
        words = format!("{}, {words}", of(open.attempt));
    }
    if let Some(at) = open.times_out_at {
        words = format!("{words}, {}", moment("times out", at, now));
    }
    Some(words)
}

fn next(at: Timestamp, now: Timestamp) -> String {
    if at <= now {
        return "next at once".to_owned();
    }
    format!("next in {}", time::duration(at - now))
}

/// A time of the near future by its distance, another by its date.
fn moment(verb: &str, at: Timestamp, now: Timestamp) -> String {
    const DAY: i64 = 86_400_000;
    if at <= now {
        return format!("{verb} at once");
    }
    match DateTime::<Utc>::from_timestamp_millis(at) {
        Some(time) if at - now >= DAY => format!("{verb} on {}", time.format("%-d %B %Y at %H:%M")),
        Some(_) | None => format!("{verb} in {}", time::duration(at - now)),
    }
}

#[cfg(test)]
mod tests {
    use sluice_engine::AttemptId;

    use super::*;

    const NOW: Timestamp = 1_796_000_000_000;

    #[test]
    fn waits_are_told_in_words() {
        fn check(
            waits: Option<WaitingOn>,
            attempts: (u64, Option<u64>),
            times_out_at: Option<i64>,
            expected: Option<&str>,
        ) {
            let open = OpenVisit {
                visit: 2,
                attempt: attempts.0,
                most_attempts: attempts.1,
                waits_for: waits,
                times_out_at,
            };
            assert_eq!(waits_for(&open, NOW - 2_500, NOW).as_deref(), expected);
        }
        let attempt = AttemptId(1);
        let first = (1, None);
        let retry = |at| Some(WaitingOn::Retry { at });
        let timer = |until| Some(WaitingOn::Timer { until });
        let call = || Some(WaitingOn::Call { attempt });
        check(None, first, None, None);
        check(
            retry(NOW + 3_000),
            (1, Some(4)),
            None,
            Some("attempt 2 of 4, next in 3.000 s"),
        );
        check(retry(NOW), (3, Some(4)), None, Some("attempt 4 of 4, next at once"));
        let date = "wakes on 9 December 2026 at 00:53";
        check(timer(NOW + 9 * 86_400_000), first, None, Some(date));
        check(timer(NOW + 61_000), first, None, Some("wakes in 1 min 1 s"));
        check(call(), first, None, Some("called 2.500 s ago"));
        let second = "attempt 2 of 3, called 2.500 s ago, times out in 20.000 s";
        check(call(), (2, Some(3)), Some(NOW + 20_000), Some(second));
        let token = Some(WaitingOn::Token { attempt });
        let expires = "waits for its task token, times out on 7 December 2026 at 00:53";
        check(token, first, Some(NOW + 7 * 86_400_000), Some(expires));
        let activity = "arn:aws:states:eu-west-1:1:activity:look".to_owned();
        let worker = Some(WaitingOn::Worker { attempt, activity });
        check(worker, first, None, Some("waits for a worker of look"));
        let job = Some(WaitingOn::Job { attempt });
        check(job, first, None, Some("waits for the end of its job"));
    }
}
