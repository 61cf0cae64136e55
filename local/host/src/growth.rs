//! The decision to give a function more instances, if they would help. Pure: time is an argument.
//!
//! A request that waits is no sign of too few instances where the processors are what is short: more processes would share
//! the same processors. So the more instances there are for each processor, the longer a request must have waited before
//! there are more; and above a few, each round must have shown that it helped. Functions whose invocations take long
//! mostly wait for others, perhaps for each other: they grow all the same.

use std::time::Duration;

use tokio::time::Instant;

/// While a function has no instance that is ready, growth waits this many times longer: what
/// requests wait for then is the start, not a lack of instances.
const START_PATIENCE: u32 = 20;

/// From this many instances for each processor on, growth must show that it helps.
const UNPROVEN_PER_CORE: usize = 8;

/// The factor by which a request must have waited longer from that number of instances on.
const CROWD_PATIENCE: u32 = 5;

/// Invocations that take longer than this in the mean are taken to wait for something; so are the first ones, when a request
/// has waited for as long.
const LONG: f64 = 1.0;

/// The time for which a number of instances is watched before it is judged.
const WATCHED: Duration = Duration::from_secs(1);

/// The time for which growth rests after a round that has not helped; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(10);
const LONGEST_REST: Duration = Duration::from_secs(80);

/// One invocation's weight in the mean of all.
const WEIGHT: f64 = 1.0 / 16.0;

/// The recent throughput of a function's instances, and the growth that it allows.
#[derive(Debug)]
pub(crate) struct Growth {
    cores: usize,
    /// The mean time of an invocation in seconds; none before the first.
    service: Option<f64>,
    /// Since when the present number of instances is watched, and what they have done since.
    watched: Option<Watched>,
    /// The throughput of the lower number of instances before the last round of growth.
    before: Option<Level>,
    rest: Duration,
    rests_until: Option<Instant>,
}

#[derive(Debug)]
struct Watched {
    since: Instant,
    ended: u32,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    instances: usize,
    /// Invocations that ended in a second.
    rate: f64,
}

impl Growth {
    pub(crate) fn new(cores: usize) -> Self {
        Self {
            cores: cores.max(1),
            service: None,
            watched: None,
            before: None,
            rest: FIRST_REST,
            rests_until: None,
        }
    }

    /// An invocation has ended that took this long.
    pub(crate) fn ended(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        let mean = self.service.unwrap_or(took);
        self.service = Some(mean + (took - mean) * WEIGHT);
        if let Some(watched) = &mut self.watched {
            watched.ended = watched.ended.saturating_add(1);
        }
    }

    /// Forgets the figures since the last round: nobody waits any more, so the instances are no longer fully used.
    pub(crate) fn calm(&mut self) {
        self.watched = None;
    }

    /// The mean time of an invocation.
    pub(crate) fn service(&self) -> Option<Duration> {
        self.service.map(Duration::from_secs_f64)
    }

    /// Returns true while growth rests because it has not helped.
    pub(crate) fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    /// The time a request waits before there are more than `live` instances, of which `ready` are ready.
    pub(crate) fn patience(&self, patience: Duration, live: usize, ready: usize) -> Duration {
        if ready == 0 {
            return patience * START_PATIENCE;
        }
        let crowd = (count(live) / count(self.cores)).max(1.0);
        let longer = if self.is_proven(live) { 1 } else { CROWD_PATIENCE };
        (patience * longer).mul_f64(crowd * crowd.sqrt())
    }

    fn is_proven(&self, live: usize) -> bool {
        live < UNPROVEN_PER_CORE * self.cores
    }

    /// The most instances that may be added to `live` in one round when a request has waited for `waited`. None while it is
    /// not known that it would help.
    pub(crate) fn step(&mut self, now: Instant, live: usize, waited: Duration) -> Option<usize> {
        let takes = self.service.unwrap_or(waited.as_secs_f64());
        if self.is_proven(live) || takes > LONG {
            return Some(live);
        }
        if self.rests(now) {
            return None;
        }
        let watched = self.watched.get_or_insert(Watched { since: now, ended: 0 });
        let took = now.saturating_duration_since(watched.since);
        if took < WATCHED {
            return None;
        }
        let level = Level {
            instances: live,
            rate: f64::from(watched.ended) / took.as_secs_f64(),
        };
        self.watched = None;
        let rested = self.rests_until.take().is_some();
        let helped = self.before.is_none_or(|before| before.helped(level));
        if !helped && !rested {
            self.rests_until = Some(now + self.rest);
            self.rest = (self.rest * 2).min(LONGEST_REST);
            return None;
        }
        if helped {
            self.rest = FIRST_REST;
        }
        self.before = Some(level);
        // after a round that has not helped, only a few more try
        Some(if helped { live } else { (live / 4).max(1) })
    }
}

impl Level {
    /// Returns true if the instances that came since then did at least half of what as many did before. Where nothing ends,
    /// all wait for something: then more are needed.
    fn helped(self, after: Level) -> bool {
        let more = count(after.instances) / count(self.instances) - 1.0;
        after.rate == 0.0 || more <= 0.0 || after.rate >= self.rate * (1.0 + more / 2.0)
    }
}

fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    #[test]
    fn a_request_waits_longer_the_more_instances_share_a_processor() {
        // (processors, live, ready) -> milliseconds
        for ((cores, live, ready), expected) in [
            ((2, 1, 0), 100),
            ((2, 1, 1), 5),
            ((2, 2, 2), 5),
            ((2, 3, 3), 9),
            ((2, 4, 4), 14),
            ((2, 8, 8), 40),
            ((2, 16, 16), 565),
            ((2, 32, 32), 1600),
            ((16, 16, 16), 5),
            ((16, 64, 64), 40),
            ((0, 1, 1), 5),
        ] {
            let patience = Growth::new(cores).patience(Duration::from_millis(5), live, ready);
            assert_eq!(patience.as_millis(), expected, "{cores} {live} {ready}");
        }
    }

    /// Lets the time go by in which a number of instances is watched, and `ended` short invocations end.
    fn watch(growth: &mut Growth, now: &mut Instant, live: usize, ended: u32) -> Option<usize> {
        assert_eq!(growth.step(*now, live, SHORT), None, "it is not known yet");
        for _ in 0..ended {
            growth.ended(Duration::from_millis(10));
        }
        *now += WATCHED;
        growth.step(*now, live, SHORT)
    }

    #[test]
    fn few_instances_grow_freely_and_many_only_while_it_helps() {
        let mut now = Instant::now();
        let mut growth = Growth::new(1);
        assert_eq!(growth.step(now, 7, SHORT), Some(7));
        growth.ended(SHORT);
        assert_eq!(growth.step(now, 7, SHORT), Some(7));
        assert_eq!(watch(&mut growth, &mut now, 8, 100), Some(8));
        // twice the instances, and half more is done
        assert_eq!(watch(&mut growth, &mut now, 16, 150), Some(16));
        // and now it is the same
        assert_eq!(watch(&mut growth, &mut now, 32, 160), None);
        assert!(growth.rests(now));
        now += FIRST_REST;
        assert!(!growth.rests(now));
        assert_eq!(watch(&mut growth, &mut now, 32, 160), Some(8), "a few more try");
        assert_eq!(watch(&mut growth, &mut now, 40, 160), None);
        now += FIRST_REST;
        assert!(growth.rests(now), "it rests longer each time");
    }

    #[test]
    fn instances_that_all_wait_for_something_are_too_few() {
        let mut now = Instant::now();
        let mut growth = Growth::new(1);
        let long = Duration::from_secs(2);
        assert_eq!(growth.step(now, 64, long), Some(64), "nothing has ended for long");
        growth.ended(Duration::from_millis(10));
        for live in [8, 16, 32, 64] {
            assert_eq!(watch(&mut growth, &mut now, live, 0), Some(live));
        }
        let mut growth = Growth::new(1);
        growth.ended(long);
        assert_eq!(growth.step(now, 64, SHORT), Some(64), "what ends takes long");
    }

    #[test]
    fn the_mean_follows_what_invocations_take() {
        let mut growth = Growth::new(1);
        assert_eq!(growth.service(), None);
        for _ in 0..200 {
            growth.ended(Duration::from_millis(10));
        }
        assert_eq!(growth.service().map(|mean| mean.as_millis()), Some(10));
        growth.ended(Duration::from_millis(26));
        assert_eq!(growth.service().map(|mean| mean.as_millis()), Some(11));
    }
}
