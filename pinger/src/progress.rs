//! A line on how a run goes.

use std::time::Duration;

use crate::pacer::Schedule;
use crate::recorder::{Interval, Recorder};
use crate::send_result::Answer;

/// The progress of a run.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Since the last line.
    pub since_last: Duration,
    /// Due and not started yet.
    pub backlog: u64,
    /// On their way.
    pub in_flight: u64,
    /// Sent in all.
    pub started: u64,
    /// Answers in all.
    pub answers: Vec<(Answer, u64)>,
    /// Failures in all.
    pub failed: u64,
    /// Since the last line.
    pub interval: Interval,
    /// Until the end of the schedule, as it goes; nothing if only a signal ends the run.
    pub remaining: Option<Duration>,
}

/// A part of a line, and how soon it gives way where the line is narrow.
struct Part {
    text: String,
    /// The highest one goes first; 0 stays.
    rank: u8,
}

impl Progress {
    /// Reads what `recorder` knows now. Begins a new interval.
    pub fn take(
        recorder: &mut Recorder,
        schedule: &Schedule,
        elapsed: Duration,
        since_last: Duration,
        backlog: u64,
    ) -> Self {
        let mut answers: Vec<(Answer, u64)> = Vec::new();
        for ((_, answer), count) in recorder.answers() {
            match answers.iter_mut().find(|(known, _)| known == answer) {
                Some((_, sum)) => *sum += count,
                None => answers.push((*answer, *count)),
            }
        }
        answers.sort_by_key(|(answer, _)| *answer);
        Progress {
            elapsed,
            since_last,
            backlog,
            in_flight: recorder.in_flight(),
            started: recorder.started_count(),
            answers,
            failed: recorder.failed(),
            remaining: schedule.remaining(elapsed, recorder.started_count()),
            interval: recorder.take_interval(),
        }
    }

    /// One line of at most so many columns: time and what is left of it, totals, then rate and latency since the last line. Where
    /// it is too narrow, what can be missed first is left out.
    pub fn line(&self, columns: usize) -> String {
        let mut parts = self.parts();
        let width = |parts: &[Part]| parts.iter().map(|part| part.text.chars().count() + 2).sum::<usize>();
        // the gaps lie between the parts only
        while width(&parts) > columns.saturating_add(2) {
            let Some(at) = parts
                .iter()
                .rposition(|part| part.rank > 0 && parts.iter().all(|other| other.rank <= part.rank))
            else {
                break;
            };
            parts.remove(at);
        }
        let texts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
        texts.join("  ").chars().take(columns).collect()
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut add = |rank, text: String| parts.push(Part { text, rank });
        add(0, format!("{:>5.0} s", self.elapsed.as_secs_f64()));
        if let Some(remaining) = self.remaining {
            add(1, format!("{} left", clock(remaining)));
        }
        #[allow(clippy::cast_precision_loss)] // a count
        let rate = self.interval.started as f64 / self.since_last.as_secs_f64().max(1e-3);
        add(0, format!("{} sent ({rate:.1}/s)", self.started));
        for (answer, count) in &self.answers {
            add(4, format!("{answer}: {count}"));
        }
        if self.failed > 0 {
            add(2, format!("errors: {}", self.failed));
        }
        add(5, format!("in flight: {}", self.in_flight));
        if self.backlog > 0 {
            add(3, format!("behind: {}", self.backlog));
        }
        let latency = &self.interval.latency;
        if latency.count() > 0 {
            let at = |percent| latency.percentile(percent).as_secs_f64() * 1e3;
            add(6, format!("p50 {:.1} ms, p99 {:.1} ms", at(50.0), at(99.0)));
        }
        parts
    }
}

/// `0:07`, `12:03`, `1:00:00`: rounded up, so that nothing is left only at the end.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacer::{Rate, Slot};
    use crate::send_result::{Failure, FailureKind};
    use crate::submission::Kind;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_line_has_totals_and_the_last_interval() {
        let mut recorder = Recorder::default();
        let slot = |number| Slot {
            number,
            intended: Duration::ZERO,
        };
        let slots: Vec<_> = (0..6).map(slot).collect();
        recorder.started(&slots, Duration::ZERO);
        let took = Duration::from_millis(2);
        for (number, kind) in [(0, Kind::Valid), (1, Kind::Partial)] {
            recorder.ended(slot(number), kind, Ok(Answer::Accepted), Duration::ZERO, took);
        }
        recorder.ended(slot(2), Kind::Valid, Ok(Answer::Stored), Duration::ZERO, took);
        let failure = Failure {
            kind: FailureKind::Timeout,
            message: String::new(),
        };
        recorder.ended(slot(3), Kind::Valid, Err(failure), Duration::ZERO, took);
        let schedule = Schedule {
            rate: Rate::new(2.0).unwrap(),
            count: Some(100),
            duration: None,
        };
        let progress = Progress::take(&mut recorder, &schedule, 3 * SECOND, 2 * SECOND, 4);
        for (columns, expected) in [
            (
                usize::MAX,
                "    3 s  0:47 left  6 sent (3.0/s)  201: 1  202: 2  errors: 1  in flight: 2  behind: 4  p50 2.0 ms, p99 2.0 ms",
            ),
            (
                80,
                "    3 s  0:47 left  6 sent (3.0/s)  201: 1  202: 2  errors: 1  behind: 4",
            ),
            (60, "    3 s  0:47 left  6 sent (3.0/s)  errors: 1  behind: 4"),
            (35, "    3 s  0:47 left  6 sent (3.0/s)"),
            (30, "    3 s  6 sent (3.0/s)"),
            (10, "    3 s  6"),
        ] {
            assert_eq!(progress.line(columns), expected, "{columns}");
        }
        let endless = Schedule {
            count: None,
            ..schedule
        };
        let line = Progress::take(&mut recorder, &endless, 4 * SECOND, SECOND, 0).line(usize::MAX);
        assert_eq!(line, "    4 s  6 sent (0.0/s)  201: 1  202: 2  errors: 1  in flight: 2");
    }

    #[test]
    fn a_time_is_a_clocks() {
        for (millis, expected) in [(0, "0:00"), (1, "0:01"), (61_000, "1:01"), (3_600_000, "1:00:00")] {
            assert_eq!(clock(Duration::from_millis(millis)), expected);
        }
    }
}
