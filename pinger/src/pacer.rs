//! The times at which submissions are due.

use std::time::Duration;

/// Submissions per second: at least 0.001, at most 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(f64);

impl Rate {
    /// The rate of `per_second`.
    ///
    /// # Errors
    /// A sentence that says what a rate is, if this is none.
    pub fn new(per_second: f64) -> Result<Self, &'static str> {
        if (0.001..=1_000_000.0).contains(&per_second) {
            Ok(Rate(per_second))
        } else {
            Err("a rate is a number of submissions per second, from 0.001 to 1000000")
        }
    }

    /// Submissions per second.
    pub fn per_second(self) -> f64 {
        self.0
    }

    /// The time at which submission `number` is due, from the start of the run. Computed from the number alone, so that errors of
    /// rounding do not add up.
    fn due(self, number: u64) -> Duration {
        #[allow(clippy::cast_precision_loss)] // a number that f64 cannot hold is 285 years away
        Duration::try_from_secs_f64(number as f64 / self.0).unwrap_or(Duration::MAX)
    }

    /// The number of submissions that are due before `end`.
    fn count_before(self, end: Duration) -> u64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive, and saturating
        let mut count = (end.as_secs_f64() * self.0) as u64;
        while count > 0 && self.due(count - 1) >= end {
            count -= 1;
        }
        while self.due(count) < end {
            count += 1;
        }
        count
    }
}

/// The amount to be sent in all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The rate a second.
    pub rate: Rate,
    /// The number in all; without a limit if `None`.
    pub count: Option<u64>,
    /// For how long; without a limit if `None`. The first of both limits counts.
    pub duration: Option<Duration>,
}

impl Schedule {
    /// The time until its end after `elapsed` with `started` submissions: as planned, or longer if it is followed too slowly.
    pub fn remaining(&self, elapsed: Duration, started: u64) -> Option<Duration> {
        let by_time = self.duration.map(|duration| duration.saturating_sub(elapsed));
        let by_count = self.count.map(|count| {
            let left = count.saturating_sub(started);
            #[allow(clippy::cast_precision_loss)] // counts
            let (count, left, started) = (count as f64, left as f64, started as f64);
            let elapsed = elapsed.as_secs_f64();
            let planned = (count / self.rate.per_second() - elapsed).max(0.0);
            let as_it_goes = if started > 0.0 { left * elapsed / started } else { 0.0 };
            let seconds = if left > 0.0 { planned.max(as_it_goes) } else { 0.0 };
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
        });
        match (by_time, by_count) {
            (Some(by_time), Some(by_count)) => Some(by_time.min(by_count)),
            (one, other) => one.or(other),
        }
    }
}

/// The packing of submissions into requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// The most submissions in one request; at least 1.
    pub most: u64,
    /// The longest that a submission waits for others, from when it is due.
    pub linger: Duration,
}

impl Batching {
    /// Each submission is a request of its own, sent when it is due.
    pub const NONE: Batching = Batching {
        most: 1,
        linger: Duration::ZERO,
    };
}

/// One place in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The submission's number, from 0.
    pub number: u64,
    /// The time at which it is due, from the start of the run.
    pub intended: Duration,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Start one request with these submissions now. They may have been due long ago.
    Start(Vec<Slot>),
    /// Nothing is to be started before this time, from the start of the run.
    Wait(Duration),
    /// Everything was started.
    Done,
}

/// The schedule, and how far it was followed.
///
/// Who follows it too slowly loses nothing: what is due stays due, with the time at which it should have started. There
/// is no queue that could grow: the backlog is the distance between the clock and the next number.
#[derive(Debug, Clone)]
pub struct Pacer {
    rate: Rate,
    batching: Batching,
    end: Option<u64>,
    next: u64,
}

impl Pacer {
    /// A pacer at the start of `schedule`.
    pub fn new(schedule: Schedule, batching: Batching) -> Self {
        let by_time = schedule.duration.map(|duration| schedule.rate.count_before(duration));
        let end = match (schedule.count, by_time) {
            (Some(count), Some(by_time)) => Some(count.min(by_time)),
            (one, other) => one.or(other),
        };
        Pacer {
            rate: schedule.rate,
            batching,
            end,
            next: 0,
        }
    }

    /// Says what to do at `now`, from the start of the run. What [`Step::Start`] holds counts as started.
    pub fn poll(&mut self, now: Duration) -> Step {
        if self.end == Some(self.next) {
            return Step::Done;
        }
        let ready = self.ready();
        if now < ready {
            return Step::Wait(ready);
        }
        let stop = self.stop();
        let slots: Vec<Slot> = (self.next..stop)
            .map(|number| self.slot(number))
            .take_while(|slot| slot.intended <= now)
            .collect();
        self.next += slots.len() as u64;
        Step::Start(slots)
    }

    /// The number that are due at `now` and were not started.
    pub fn backlog(&self, now: Duration) -> u64 {
        let due = self.rate.count_before(now.saturating_add(Duration::from_nanos(1)));
        self.end.map_or(due, |end| due.min(end)).saturating_sub(self.next)
    }

    /// The number that were started.
    pub fn started(&self) -> u64 {
        self.next
    }

    /// One past the last number that fits into the next request.
    fn stop(&self) -> u64 {
        let full = self.next.saturating_add(self.batching.most.max(1));
        self.end.map_or(full, |end| full.min(end))
    }

    /// The time at which the next request is to start: once it is full, or its first submission has waited long enough.
    fn ready(&self) -> Duration {
        let waited = self.rate.due(self.next).saturating_add(self.batching.linger);
        waited.min(self.rate.due(self.stop() - 1))
    }

    fn slot(&self, number: u64) -> Slot {
        Slot {
            number,
            intended: self.rate.due(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_follows_plan_and_pace() {
        fn check(count: Option<u64>, duration: Option<u64>, elapsed: u64, started: u64, expected: Option<u64>) {
            let schedule = Schedule {
                rate: Rate::new(10.0).unwrap(),
                count,
                duration: duration.map(Duration::from_secs),
            };
            let remaining = schedule.remaining(Duration::from_secs(elapsed), started);
            assert_eq!(
                remaining,
                expected.map(Duration::from_secs),
                "{schedule:?} {elapsed} {started}"
            );
        }
        check(None, None, 5, 50, None);
        check(None, Some(60), 20, 0, Some(40));
        check(None, Some(60), 70, 0, Some(0));
        check(Some(100), None, 0, 0, Some(10));
        check(Some(100), None, 4, 40, Some(6));
        // half as fast as planned
        check(Some(100), None, 4, 20, Some(16));
        check(Some(100), Some(10), 4, 20, Some(6));
        check(Some(100), None, 30, 100, Some(0));
    }

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn pacer(rate: f64, count: Option<u64>, duration: Option<Duration>, batching: Batching) -> Pacer {
        let rate = Rate::new(rate).unwrap();
        Pacer::new(Schedule { rate, count, duration }, batching)
    }

    fn starts(slots: &[(u64, u64)]) -> Step {
        let slot = |&(number, intended)| Slot {
            number,
            intended: ms(intended),
        };
        Step::Start(slots.iter().map(slot).collect())
    }

    /// Polls at each time, and expects each step.
    fn check(mut pacer: Pacer, rows: &[(u64, Step)]) {
        for (now, expected) in rows {
            assert_eq!(&pacer.poll(ms(*now)), expected, "at {now} ms");
        }
    }

    #[test]
    fn each_is_started_when_it_is_due() {
        check(
            pacer(10.0, Some(3), None, Batching::NONE),
            &[
                (0, starts(&[(0, 0)])),
                (0, Step::Wait(ms(100))),
                (99, Step::Wait(ms(100))),
                (100, starts(&[(1, 100)])),
                (101, Step::Wait(ms(200))),
                (230, starts(&[(2, 200)])),
                (230, Step::Done),
                (900, Step::Done),
            ],
        );
    }

    #[test]
    fn who_is_late_gets_all_that_was_due_with_its_own_time() {
        check(
            pacer(10.0, None, Some(ms(1000)), Batching::NONE),
            &[
                (250, starts(&[(0, 0)])),
                (250, starts(&[(1, 100)])),
                (250, starts(&[(2, 200)])),
                (250, Step::Wait(ms(300))),
                (99_999, starts(&[(3, 300)])),
            ],
        );
    }

    #[test]
    fn a_batch_starts_when_it_is_full_or_has_waited_or_is_the_last() {
        let batching = Batching {
            most: 4,
            linger: ms(250),
        };
        check(
            pacer(10.0, Some(7), None, batching),
            &[
                // the linger is over before four are due
                (0, Step::Wait(ms(250))),
                (250, starts(&[(0, 0), (1, 100), (2, 200)])),
                (250, Step::Wait(ms(550))),
                // late: full
                (700, starts(&[(3, 300), (4, 400), (5, 500), (6, 600)])),
                (700, Step::Done),
            ],
        );
        let long = Batching {
            most: 4,
            linger: ms(9000),
        };
        check(
            pacer(10.0, Some(6), None, long),
            &[
                (0, Step::Wait(ms(300))),
                (300, starts(&[(0, 0), (1, 100), (2, 200), (3, 300)])),
                (300, Step::Wait(ms(500))),
                (500, starts(&[(4, 400), (5, 500)])),
                (500, Step::Done),
            ],
        );
    }

    #[test]
    fn a_duration_holds_exactly_its_rate() {
        for (rate, duration, count) in [
            (2000.0, ms(20_000), 40_000),
            (1.0, ms(1), 1),
            (3.0, ms(1000), 3),
            (0.1, ms(10_000), 1),
            (0.1, ms(10_001), 2),
            (333.3, ms(1000), 334),
            (1_000_000.0, ms(1000), 1_000_000),
        ] {
            let pacer = pacer(rate, None, Some(duration), Batching::NONE);
            assert_eq!(pacer.end, Some(count), "{rate} a second for {duration:?}");
        }
        assert_eq!(pacer(10.0, Some(3), Some(ms(1000)), Batching::NONE).end, Some(3));
        assert_eq!(pacer(10.0, Some(30), Some(ms(1000)), Batching::NONE).end, Some(10));
    }

    #[test]
    fn times_do_not_drift() {
        let rate = Rate::new(3.0).unwrap();
        assert_eq!(rate.due(3_000_000_000), Duration::from_secs(1_000_000_000));
    }

    #[test]
    fn the_backlog_is_what_is_due_and_not_started() {
        let mut pacer = pacer(10.0, Some(4), None, Batching::NONE);
        assert_eq!(pacer.backlog(ms(0)), 1);
        assert_eq!(pacer.backlog(ms(199)), 2);
        assert_eq!(pacer.backlog(ms(200)), 3);
        pacer.poll(ms(200));
        assert_eq!(pacer.backlog(ms(200)), 2);
        assert_eq!(pacer.backlog(ms(9000)), 3);
        assert_eq!(pacer.started(), 1);
    }

    #[test]
    fn a_rate_is_a_positive_number() {
        for rubbish in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9, 1e9] {
            assert!(Rate::new(rubbish).is_err(), "{rubbish}");
        }
    }

    #[test]
    fn a_run_without_end_never_overflows() {
        let mut pacer = pacer(1_000_000.0, None, None, Batching::NONE);
        pacer.next = u64::MAX - 1;
        assert!(matches!(pacer.poll(Duration::ZERO), Step::Wait(_)));
    }
}
