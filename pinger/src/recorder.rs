//! Answers and the times that they took. Times are given, never asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::pacer::Slot;
use crate::send_result::{Answer, FailureKind, SendResult};
use crate::submission::Kind;

/// The longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Times that things took, in microseconds, to three digits.
#[derive(Debug, Clone)]
pub struct Times(Histogram<u64>);

impl Times {
    fn new() -> Self {
        // The bounds are constants that the histogram takes; the smallest one stands in for the impossible.
        let bounded = Histogram::new_with_bounds(1, micros(LONGEST), 3);
        Times(
            bounded
                .or_else(|_| Histogram::new(3))
                .unwrap_or_else(|_| unreachable!("three digits are allowed")),
        )
    }

    fn record(&mut self, took: Duration) {
        self.0.saturating_record(micros(took));
    }

    /// The number that were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that `percent` of them did not exceed.
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.0.value_at_percentile(percent))
    }

    /// The shortest.
    pub fn shortest(&self) -> Duration {
        Duration::from_micros(self.0.min())
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.0.mean().max(0.0) / 1e6)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// The number.
    pub count: u64,
    /// The first one's text.
    pub example: String,
}

/// The events since the last look.
#[derive(Debug, Clone)]
pub struct Interval {
    /// The number that were started.
    pub started: u64,
    /// The times that the answers took, from when they were due.
    pub latency: Times,
}

impl Interval {
    fn new() -> Self {
        Interval {
            started: 0,
            latency: Times::new(),
        }
    }
}

/// Counts and times of a run.
#[derive(Debug, Clone)]
pub struct Recorder {
    started: u64,
    ended: u64,
    last_start: Duration,
    answers: BTreeMap<(Kind, Answer), u64>,
    failures: BTreeMap<FailureKind, Failures>,
    latency: Times,
    latency_by_answer: BTreeMap<Answer, Times>,
    service: Times,
    delay: Times,
    interval: Interval,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder {
            started: 0,
            ended: 0,
            last_start: Duration::ZERO,
            answers: BTreeMap::new(),
            failures: BTreeMap::new(),
            latency: Times::new(),
            latency_by_answer: BTreeMap::new(),
            service: Times::new(),
            delay: Times::new(),
            interval: Interval::new(),
        }
    }
}

impl Recorder {
    /// The submissions in `slots` are on their way, since `at`.
    pub fn started(&mut self, slots: &[Slot], at: Duration) {
        for slot in slots {
            self.delay.record(at.saturating_sub(slot.intended));
        }
        self.started += slots.len() as u64;
        self.interval.started += slots.len() as u64;
        self.last_start = self.last_start.max(at);
    }

    /// The submission of `slot`, which was started at `started`, ended at `ended`. Only answers count in the times: a
    /// refused connection takes no time at all, and would make the target look fast.
    pub fn ended(&mut self, slot: Slot, kind: Kind, outcome: SendResult, started: Duration, ended: Duration) {
        self.ended += 1;
        match outcome {
            Ok(answer) => {
                *self.answers.entry((kind, answer)).or_default() += 1;
                let latency = ended.saturating_sub(slot.intended);
                self.latency.record(latency);
                self.latency_by_answer
                    .entry(answer)
                    .or_insert_with(Times::new)
                    .record(latency);
                self.interval.latency.record(latency);
                self.service.record(ended.saturating_sub(started));
            }
            Err(failure) => {
                self.failures
                    .entry(failure.kind)
                    .or_insert(Failures {
                        count: 0,
                        example: failure.message,
                    })
                    .count += 1;
            }
        }
    }

    /// Takes what happened since this was last asked.
    pub fn take_interval(&mut self) -> Interval {
        std::mem::replace(&mut self.interval, Interval::new())
    }

    /// The number that were started.
    pub fn started_count(&self) -> u64 {
        self.started
    }

    /// The number on their way.
    pub fn in_flight(&self) -> u64 {
        self.started - self.ended
    }

    /// The number that were answered.
    pub fn answered(&self) -> u64 {
        self.latency.count()
    }

    /// The number that failed.
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    /// The time at which the last one was started.
    pub fn last_start(&self) -> Duration {
        self.last_start
    }

    /// The answers by kind of submission.
    pub fn answers(&self) -> &BTreeMap<(Kind, Answer), u64> {
        &self.answers
    }

    /// The failures by kind.
    pub fn failures(&self) -> &BTreeMap<FailureKind, Failures> {
        &self.failures
    }

    /// From when a submission was due to its answer.
    pub fn latency(&self) -> &Times {
        &self.latency
    }

    /// The same, of each answer.
    pub fn latency_by_answer(&self) -> &BTreeMap<Answer, Times> {
        &self.latency_by_answer
    }

    /// From when a submission was sent to its answer.
    pub fn service(&self) -> &Times {
        &self.service
    }

    /// From when a submission was due to when it was sent.
    pub fn delay(&self) -> &Times {
        &self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send_result::Failure;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn slot(number: u64, intended: u64) -> Slot {
        Slot {
            number,
            intended: ms(intended),
        }
    }

    fn failure(kind: FailureKind, message: &str) -> SendResult {
        Err(Failure {
            kind,
            message: message.to_owned(),
        })
    }

    /// To three digits, which is what the histogram keeps.
    fn assert_near(got: Duration, expected: Duration) {
        let off = got.abs_diff(expected);
        assert!(
            off <= expected / 500 + Duration::from_micros(1),
            "{got:?} is not {expected:?}"
        );
    }

    #[test]
    fn a_latency_begins_when_the_submission_was_due() {
        let mut recorder = Recorder::default();
        recorder.started(&[slot(0, 100)], ms(400));
        recorder.ended(slot(0, 100), Kind::Valid, Ok(Answer::Stored), ms(400), ms(450));
        assert_near(recorder.latency().longest(), ms(350));
        assert_near(recorder.service().longest(), ms(50));
        assert_near(recorder.delay().longest(), ms(300));
    }

    #[test]
    fn failures_are_counted_by_kind_and_take_no_time() {
        let mut recorder = Recorder::default();
        recorder.started(&[slot(0, 0), slot(1, 0), slot(2, 0), slot(3, 0)], ms(0));
        assert_eq!(recorder.in_flight(), 4);
        for (number, message) in [(0, "first"), (1, "second")] {
            let outcome = failure(FailureKind::Timeout, message);
            recorder.ended(slot(number, 0), Kind::Valid, outcome, ms(0), ms(30_000));
        }
        recorder.ended(slot(2, 0), Kind::Valid, failure(FailureKind::Tls, "tls"), ms(0), ms(1));
        assert_eq!(
            (recorder.in_flight(), recorder.failed(), recorder.answered()),
            (1, 3, 0)
        );
        let timeouts = &recorder.failures()[&FailureKind::Timeout];
        assert_eq!((timeouts.count, timeouts.example.as_str()), (2, "first"));
        assert_eq!(recorder.latency().count(), 0);
    }

    #[test]
    fn answers_are_counted_by_what_was_sent() {
        let mut recorder = Recorder::default();
        for (number, kind, answer) in [
            (0, Kind::Valid, Answer::Stored),
            (1, Kind::Valid, Answer::Stored),
            (2, Kind::Partial, Answer::Accepted),
            (3, Kind::Invalid, Answer::Other(500)),
        ] {
            recorder.ended(slot(number, 0), kind, Ok(answer), ms(0), ms(1));
        }
        let expected = BTreeMap::from([
            ((Kind::Valid, Answer::Stored), 2),
            ((Kind::Partial, Answer::Accepted), 1),
            ((Kind::Invalid, Answer::Other(500)), 1),
        ]);
        assert_eq!(recorder.answers(), &expected);
        let timed = |answer| recorder.latency_by_answer()[&answer].count();
        assert_eq!((timed(Answer::Stored), timed(Answer::Other(500))), (2, 1));
    }

    #[test]
    fn an_interval_begins_where_the_last_one_ended() {
        let mut recorder = Recorder::default();
        recorder.started(&[slot(0, 0), slot(1, 0)], ms(0));
        recorder.ended(slot(0, 0), Kind::Valid, Ok(Answer::Stored), ms(0), ms(900));
        let first = recorder.take_interval();
        assert_eq!((first.started, first.latency.count()), (2, 1));
        recorder.ended(slot(1, 0), Kind::Valid, Ok(Answer::Stored), ms(0), ms(5));
        let second = recorder.take_interval();
        assert_eq!((second.started, second.latency.count()), (0, 1));
        assert_near(second.latency.longest(), ms(5));
        assert_near(recorder.latency().longest(), ms(900));
    }

    #[test]
    fn times_beyond_a_day_count_as_a_day() {
        let mut recorder = Recorder::default();
        recorder.ended(slot(0, 0), Kind::Valid, Ok(Answer::Stored), ms(0), LONGEST * 5);
        assert_eq!(recorder.latency().count(), 1);
        assert!(recorder.latency().longest() >= LONGEST);
    }
}
