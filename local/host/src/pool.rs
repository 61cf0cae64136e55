//! The assignment of requests to a function's instances, and the starts of further ones. Pure: time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::growth::Growth;

/// The time after a failed start for which no further instances are reckoned with.
const CRAMPED: Duration = Duration::from_secs(1);

/// The instances and the waiting requests of one function.
#[derive(Debug)]
pub(crate) struct Pool<I, J> {
    /// Last used last, so that the warmest one is popped first.
    idle: Vec<Idle<I>>,
    queue: VecDeque<Waiting<J>>,
    /// Started, not yet ready.
    starting: usize,
    /// Starting, idle and busy.
    live: usize,
    limit: usize,
    growth: Growth,
    /// The time at which an instance was last wanted and could not be started.
    cramped: Option<Instant>,
}

#[derive(Debug)]
struct Idle<I> {
    instance: I,
    since: Instant,
}

#[derive(Debug)]
struct Waiting<J> {
    job: J,
    since: Instant,
}

impl<I: PartialEq, J> Pool<I, J> {
    /// A pool of at most `limit` instances on a machine with `cores` processors.
    pub(crate) fn new(limit: usize, cores: usize) -> Self {
        Self {
            idle: Vec::new(),
            queue: VecDeque::new(),
            starting: 0,
            live: 0,
            limit,
            growth: Growth::new(cores),
            cramped: None,
        }
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// The instance used last.
    pub(crate) fn take_idle(&mut self) -> Option<I> {
        self.idle.pop().map(|idle| idle.instance)
    }

    /// The instance used longest ago, if that is at least `spare` ago.
    pub(crate) fn take_coldest(&mut self, now: Instant, spare: Duration) -> Option<I> {
        let coldest = self.idle.first()?;
        (now.saturating_duration_since(coldest.since) >= spare).then(|| self.idle.remove(0).instance)
    }

    /// Lets a request wait that came at `since`.
    pub(crate) fn enqueue(&mut self, job: J, since: Instant) {
        self.queue.push_back(Waiting { job, since });
    }

    /// Puts back a request that was taken, before all others.
    pub(crate) fn enqueue_first(&mut self, job: J, since: Instant) {
        self.queue.push_front(Waiting { job, since });
    }

    /// Returns true if one more request would wait longer than `max_wait`, as far as can be reckoned: the invocations before it,
    /// at the mean time of one, by the instances that there are or may be soon.
    pub(crate) fn is_hopeless(&self, now: Instant, max_wait: Duration) -> bool {
        let Some(service) = self.growth.service() else {
            return false;
        };
        let cramped = self
            .cramped
            .is_some_and(|at| now.saturating_duration_since(at) < CRAMPED);
        let instances = if cramped || self.growth.rests(now) {
            self.live.min(self.limit)
        } else {
            self.limit
        };
        let before = (self.queue.len() + 1).saturating_sub(instances.saturating_sub(self.live));
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        let instances = u32::try_from(instances.max(1)).unwrap_or(u32::MAX);
        self.queue.len() > self.starting && service.saturating_mul(before) / instances > max_wait
    }

    /// Takes the time in which nothing ran out of the waiting times of all requests.
    pub(crate) fn was_away(&mut self, away: Duration) {
        for waiting in &mut self.queue {
            waiting.since += away;
        }
    }

    /// Takes out the requests that have waited for `max_wait`, but for those that wait for a start that is under way: it has
    /// a limit of its own.
    pub(crate) fn take_overdue(&mut self, now: Instant, max_wait: Duration) -> Vec<J> {
        let overdue = |waiting: &Waiting<J>| now.saturating_duration_since(waiting.since) >= max_wait;
        let (from, len) = (self.starting.min(self.queue.len()), self.queue.len());
        let count = self
            .queue
            .range(from..len)
            .take_while(|waiting| overdue(waiting))
            .count();
        self.queue
            .drain(from..from + count)
            .map(|waiting| waiting.job)
            .collect()
    }

    /// An invocation has ended that took this long.
    pub(crate) fn invocation_ended(&mut self, took: Duration) {
        self.growth.ended(took);
        if self.queue.is_empty() {
            self.growth.calm();
        }
    }

    /// An instance that [`starts_due`](Self::starts_due) asked for could not be started.
    pub(crate) fn could_not_start(&mut self, now: Instant) {
        self.cramped = Some(now);
        self.ended(true);
    }

    pub(crate) fn next_job(&mut self) -> Option<J> {
        self.queue.pop_front().map(|waiting| waiting.job)
    }

    /// Forgets requests that nobody waits for any more.
    pub(crate) fn retain_jobs(&mut self, wanted: impl Fn(&J) -> bool) {
        self.queue.retain(|waiting| wanted(&waiting.job));
    }

    pub(crate) fn park(&mut self, instance: I, now: Instant) {
        self.idle.push(Idle { instance, since: now });
    }

    pub(crate) fn forget_idle(&mut self, instance: &I) {
        self.idle.retain(|idle| idle.instance != *instance);
    }

    /// Returns the number of instances to start now. A first request starts one at once. After that, only a
    /// request that has waited for some time is a sign of too few; each round at most doubles the instances
    /// and the next round waits until these are ready.
    pub(crate) fn starts_due(&mut self, now: Instant, patience: Duration) -> usize {
        let Some(oldest) = self.queue.front() else { return 0 };
        let room = self.limit.saturating_sub(self.live);
        if self.live == 0 {
            return room.min(1);
        }
        let ready = self.live.saturating_sub(self.starting);
        let patience = self.growth.patience(patience, self.live, ready);
        let waited = now.saturating_duration_since(oldest.since);
        if room == 0 || (ready > 0 && self.starting > 0) || waited < patience {
            return 0;
        }
        let Some(step) = self.growth.step(now, self.live, waited) else {
            return 0;
        };
        self.queue.len().saturating_sub(self.starting).min(step).min(room)
    }

    pub(crate) fn start(&mut self, count: usize) {
        self.starting += count;
        self.live += count;
    }

    pub(crate) fn became_ready(&mut self) {
        self.starting = self.starting.saturating_sub(1);
    }

    pub(crate) fn ended(&mut self, was_starting: bool) {
        self.live = self.live.saturating_sub(1);
        if was_starting {
            self.starting = self.starting.saturating_sub(1);
        }
    }

    /// Takes out the instances that were idle for too long, leaving the function at least one.
    pub(crate) fn take_expired(&mut self, now: Instant, idle_timeout: Duration) -> Vec<I> {
        let old = self
            .idle
            .iter()
            .take_while(|idle| now.saturating_duration_since(idle.since) >= idle_timeout)
            .count();
        let spare = self.live.saturating_sub(1);
        self.idle.drain(..old.min(spare)).map(|idle| idle.instance).collect()
    }

    pub(crate) fn take_all_idle(&mut self) -> Vec<I> {
        self.idle.drain(..).map(|idle| idle.instance).collect()
    }

    pub(crate) fn take_all_jobs(&mut self) -> Vec<J> {
        self.queue.drain(..).map(|waiting| waiting.job).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(5);

    fn pool(limit: usize, live: usize, starting: usize, queued: usize, since: Instant) -> Pool<u32, u32> {
        let mut pool = Pool::new(limit, 16);
        pool.start(live);
        for _ in starting..live {
            pool.became_ready();
        }
        for job in 0..queued {
            pool.enqueue(u32::try_from(job).unwrap_or(0), since);
        }
        pool
    }

    #[test]
    fn growth_follows_how_long_requests_wait() {
        let start = Instant::now();
        // (limit, live, starting, queued, waited ms) -> starts
        let rows = [
            ((16, 0, 0, 0, 0), 0),
            ((16, 0, 0, 1, 0), 1),
            ((16, 0, 0, 32, 0), 1),
            ((0, 0, 0, 1, 0), 0),
            ((16, 1, 1, 32, 6), 0),
            ((16, 1, 1, 32, 100), 1),
            ((16, 1, 0, 32, 4), 0),
            ((16, 1, 0, 32, 5), 1),
            ((16, 2, 0, 32, 5), 2),
            ((16, 4, 1, 32, 50), 0),
            ((16, 8, 0, 32, 5), 8),
            ((16, 8, 0, 3, 5), 3),
            ((12, 8, 0, 32, 5), 4),
            ((16, 16, 0, 32, 500), 0),
        ];
        for ((limit, live, starting, queued, waited), expected) in rows {
            let mut pool = pool(limit, live, starting, queued, start);
            let due = pool.starts_due(start + Duration::from_millis(waited), WAIT);
            assert_eq!(
                due, expected,
                "limit {limit} live {live} starting {starting} queued {queued} after {waited}"
            );
        }
    }

    #[test]
    fn the_instance_used_last_is_used_next() {
        let now = Instant::now();
        let mut pool = pool(16, 3, 0, 0, now);
        for instance in [1, 2, 3] {
            pool.park(instance, now);
        }
        assert_eq!(pool.take_idle(), Some(3));
        let second = Duration::from_secs(1);
        assert_eq!(pool.take_coldest(now, second), None, "it is needed again soon");
        assert_eq!(pool.take_coldest(now + second, second), Some(1));
        pool.forget_idle(&2);
        assert_eq!(pool.take_idle(), None);
    }

    #[test]
    fn idle_instances_beyond_one_expire_coldest_first() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let mut pool = pool(16, 3, 0, 0, now);
        pool.park(1, now);
        pool.park(2, now);
        pool.park(3, later);
        assert_eq!(pool.take_expired(later, Duration::from_secs(60)), vec![1, 2]);
        pool.ended(false);
        pool.ended(false);
        assert!(
            pool.take_expired(later + Duration::from_secs(600), Duration::from_secs(60))
                .is_empty()
        );
        assert_eq!(pool.take_idle(), Some(3));
    }

    #[test]
    fn requests_are_served_in_order_and_abandoned_ones_dropped() {
        let now = Instant::now();
        let mut pool = pool(16, 1, 0, 4, now);
        pool.retain_jobs(|job| *job != 1);
        assert_eq!(pool.next_job(), Some(0));
        pool.enqueue_first(0, now);
        assert_eq!(
            [pool.next_job(), pool.next_job(), pool.next_job()],
            [Some(0), Some(2), Some(3)]
        );
        assert_eq!(pool.next_job(), None);
    }

    #[test]
    fn a_request_waits_no_longer_than_allowed_unless_its_instance_is_starting() {
        let start = Instant::now();
        let limit = Duration::from_secs(4);
        // (live, starting, queued, waited ms) -> overdue
        for ((live, starting, queued, waited), expected) in [
            ((1, 0, 3, 3_999), vec![]),
            ((1, 0, 3, 4_000), vec![0, 1, 2]),
            ((2, 1, 3, 4_000), vec![1, 2]),
            ((4, 4, 3, 9_000), vec![]),
            ((0, 0, 2, 4_000), vec![0, 1]),
        ] {
            let mut pool = pool(16, live, starting, queued, start);
            pool.enqueue(99, start + Duration::from_secs(60));
            let overdue = pool.take_overdue(start + Duration::from_millis(waited), limit);
            assert_eq!(overdue, expected, "{live} {starting} {queued} {waited}");
            assert_eq!(pool.queued(), queued + 1 - expected.len());
        }
        let mut pool = pool(16, 1, 0, 3, start);
        pool.was_away(Duration::from_secs(600));
        assert!(pool.take_overdue(start + Duration::from_secs(603), limit).is_empty());
        assert_eq!(pool.take_overdue(start + Duration::from_secs(604), limit).len(), 3);
    }

    #[test]
    fn a_request_that_would_wait_too_long_is_told_at_once() {
        let start = Instant::now();
        // (limit, live, queued, mean ms, cramped) -> hopeless within 4 s
        for ((limit, live, queued, mean, cramped), expected) in [
            ((8, 8, 3_000, 0, false), false),
            ((8, 8, 319, 100, false), false),
            ((8, 8, 320, 100, false), true),
            // seven more may start at once
            ((8, 1, 7, 5_000, false), false),
            ((8, 1, 14, 5_000, false), true),
            ((8, 1, 1, 5_000, true), true),
            ((8, 8, 0, 60_000, false), false),
        ] {
            let mut pool = pool(limit, live, 0, queued, start);
            if mean > 0 {
                pool.invocation_ended(Duration::from_millis(mean));
            }
            if cramped {
                pool.start(1);
                pool.could_not_start(start);
            }
            let hopeless = pool.is_hopeless(start, Duration::from_secs(4));
            assert_eq!(hopeless, expected, "{limit} {live} {queued} {mean} {cramped}");
        }
    }
}
