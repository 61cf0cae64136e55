//! A line on how a run goes.

use std::time::Duration;

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
}

impl Progress {
    /// Reads what `recorder` knows now. Begins a new interval.
    pub fn take(recorder: &mut Recorder, elapsed: Duration, since_last: Duration, backlog: u64) -> Self {
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
            interval: recorder.take_interval(),
        }
    }

    /// One line: totals, then rate and latency since the last line.
    pub fn line(&self) -> String {
        let mut parts = vec![format!("{:>5.0} s", self.elapsed.as_secs_f64())];
        #[allow(clippy::cast_precision_loss)] // a count
        let rate = self.interval.started as f64 / self.since_last.as_secs_f64().max(1e-3);
        parts.push(format!("{} sent ({rate:.1}/s)", self.started));
        parts.extend(self.answers.iter().map(|(answer, count)| format!("{answer}: {count}")));
        if self.failed > 0 {
            parts.push(format!("errors: {}", self.failed));
        }
        parts.push(format!("in flight: {}", self.in_flight));
        if self.backlog > 0 {
            parts.push(format!("behind: {}", self.backlog));
        }
        let latency = &self.interval.latency;
        if latency.count() > 0 {
            let at = |percent| latency.percentile(percent).as_secs_f64() * 1e3;
            parts.push(format!("p50 {:.1} ms, p99 {:.1} ms", at(50.0), at(99.0)));
        }
        parts.join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacer::Slot;
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
        let line = Progress::take(&mut recorder, 3 * SECOND, 2 * SECOND, 4).line();
        assert_eq!(
            line,
            "    3 s  6 sent (3.0/s)  201: 1  202: 2  errors: 1  in flight: 2  behind: 4  p50 2.0 ms, p99 2.0 ms"
        );
        let line = Progress::take(&mut recorder, 4 * SECOND, SECOND, 0).line();
        assert_eq!(line, "    4 s  6 sent (0.0/s)  201: 1  202: 2  errors: 1  in flight: 2");
    }
}
