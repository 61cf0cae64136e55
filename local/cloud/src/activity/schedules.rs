//! The schedules that run: when each occurs next, and how often they were called.

use std::collections::BTreeMap;

use sluice_clock::Clock;
use sluice_engine::Timestamp;
use tokio::sync::watch;

/// The next occurrence of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextOccurrence {
    /// The schedule's name.
    pub name: String,
    /// The time at which it calls its target, also for another try.
    pub at: Timestamp,
    /// It occurs again and again.
    pub recurring: bool,
}

/// The schedules that run.
#[derive(Debug, Default)]
pub struct Schedules(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    /// By the schedule's ARN.
    next: BTreeMap<String, NextOccurrence>,
    /// Calls by the schedule's name, since the process started.
    calls: BTreeMap<String, u64>,
}

/// A schedule that is in the list until this is dropped.
#[derive(Debug)]
pub(crate) struct Listed<'a> {
    schedules: &'a Schedules,
    arn: &'a str,
    name: &'a str,
    recurring: bool,
}

impl Schedules {
    /// Lists a schedule, which occurs next at `at`.
    pub(crate) fn list<'a>(&'a self, arn: &'a str, name: &'a str, recurring: bool, at: Timestamp) -> Listed<'a> {
        let listed = Listed {
            schedules: self,
            arn,
            name,
            recurring,
        };
        listed.next_at(at);
        listed
    }

    /// Returns the next occurrences of all schedules.
    pub fn next(&self) -> Vec<NextOccurrence> {
        self.0.borrow().next.values().cloned().collect()
    }

    /// Returns the calls of each schedule since the process started, by its name.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.0.borrow().calls.clone()
    }

    /// Returns true if a schedule's time has come and its call has not ended.
    pub fn is_due(&self, clock: &dyn Clock) -> bool {
        self.0.borrow().is_due(clock.now())
    }

    /// Waits until no schedule's time has come whose call has not ended.
    pub async fn none_due(&self, clock: &dyn Clock) {
        // the sender is in `self`
        let _ = self.0.subscribe().wait_for(|state| !state.is_due(clock.now())).await;
    }
}

impl State {
    fn is_due(&self, now: Timestamp) -> bool {
        self.next.values().any(|next| next.at <= now)
    }
}

impl Listed<'_> {
    /// The schedule calls its target next at `at`.
    pub(crate) fn next_at(&self, at: Timestamp) {
        let next = NextOccurrence {
            name: self.name.to_owned(),
            at,
            recurring: self.recurring,
        };
        self.schedules.0.send_modify(|state| {
            state.next.insert(self.arn.to_owned(), next);
        });
    }

    /// The schedule has called its target.
    pub(crate) fn called(&self) {
        self.schedules.0.send_modify(|state| {
            *state.calls.entry(self.name.to_owned()).or_default() += 1;
        });
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.schedules.0.send_modify(|state| {
            state.next.remove(self.arn);
        });
    }
}
