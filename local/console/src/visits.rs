//! The visits of an execution's states: each stay in a state, with its attempts, its end and its place.

mod course;
mod read;
mod wait;

use std::collections::HashMap;

use serde::Serialize;
use sluice_engine::{ErrorDetails, MapRunCounts, MapRunReport, StateType, Status, Timestamp};
use sluice_graph::StateStatus;

pub(crate) use course::overlay;
pub(crate) use read::read;

/// One stay in a state, over all its attempts and redrives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visit {
    /// Its number: that of its `…StateEntered` event.
    pub(crate) id: u64,
    pub(crate) state: String,
    pub(crate) kind: StateType,
    /// The visit of the Parallel or Map around it; 0 at the top.
    pub(crate) parent: u64,
    /// The branch or iteration, from 0.
    pub(crate) index: u64,
    pub(crate) status: StateStatus,
    pub(crate) entered_at: Timestamp,
    /// None while it goes on.
    pub(crate) ended_at: Option<Timestamp>,
    /// The event of its exit.
    pub(crate) exited: Option<u64>,
    pub(crate) attempts: Vec<Attempt>,
    /// The last error in it.
    pub(crate) error: Option<ErrorDetails>,
    /// The thing that it waits for, in words.
    pub(crate) waits_for: Option<String>,
    pub(crate) items: Items,
    /// The Map Run that it has started.
    pub(crate) map_run: Option<String>,
}

/// One attempt of a visit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    /// The event with which it began.
    pub(crate) event: u64,
    pub(crate) at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) status: StateStatus,
    pub(crate) error: Option<ErrorDetails>,
    /// The function that it calls, and the id of that request once it is known.
    pub(crate) function: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// The items of a Map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Items {
    /// The number of items.
    pub(crate) total: u64,
    pub(crate) running: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) aborted: u64,
}

/// The visits of an execution, in the order in which they began.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Visits {
    all: Vec<Visit>,
    /// The places of the visits at the top (0) and in each Parallel or Map.
    within: HashMap<u64, Vec<usize>>,
}

impl Visit {
    /// Its duration, up to now while it goes on.
    pub(crate) fn duration_ms(&self, now: Timestamp) -> i64 {
        self.ended_at.unwrap_or(now).saturating_sub(self.entered_at)
    }

    /// Tells whether visits lie in it.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self.kind, StateType::Parallel | StateType::Map)
    }
}

impl From<&MapRunCounts> for Items {
    fn from(counts: &MapRunCounts) -> Self {
        Self {
            total: counts.total() as u64,
            running: counts.running as u64,
            succeeded: counts.succeeded as u64,
            failed: (counts.failed + counts.timed_out) as u64,
            aborted: counts.aborted as u64,
        }
    }
}

impl Items {
    /// Counts an iteration that has ended.
    fn end(&mut self, count: impl FnOnce(&mut Self) -> &mut u64) {
        self.running = self.running.saturating_sub(1);
        *count(self) += 1;
    }

    /// The counts in words: "3 of 5 items done, 1 failed".
    pub(crate) fn words(&self) -> String {
        let mut words = format!("{} of {} items done", self.succeeded, self.total);
        for (count, word) in [
            (self.failed, "failed"),
            (self.aborted, "aborted"),
            (self.running, "running"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {word}"));
            }
        }
        words
    }
}

impl Visits {
    fn new(all: Vec<Visit>) -> Self {
        let mut within: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, visit) in all.iter().enumerate() {
            within.entry(visit.parent).or_default().push(place);
        }
        Self { all, within }
    }

    /// Takes the items of distributed Maps from their Map Runs: no events tell of them.
    pub(crate) fn count_runs(&mut self, runs: &[MapRunReport]) {
        for visit in &mut self.all {
            let run = visit
                .map_run
                .as_ref()
                .and_then(|arn| runs.iter().find(|run| *run.arn == **arn));
            if let Some(run) = run {
                visit.items = Items::from(&run.items);
            }
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Visit] {
        &self.all
    }

    /// The visit with this number.
    pub(crate) fn get(&self, id: u64) -> Option<&Visit> {
        let place = self.all.binary_search_by_key(&id, |visit| visit.id).ok()?;
        self.all.get(place)
    }

    /// The visits directly in a Parallel or Map, or at the top (0).
    pub(crate) fn within(&self, parent: u64) -> impl Iterator<Item = &Visit> + Clone {
        let places = self.within.get(&parent).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.all.get(*place))
    }

    /// The visit of a state that tells most: one that is at work, else one that failed, else the last.
    pub(crate) fn telling(&self, state: &str) -> Option<&Visit> {
        let all = self.all.iter().filter(|visit| visit.state == state);
        all.max_by_key(|visit| (urgency(visit.status), visit.id))
    }

    /// The visit that a reader wants to see first: the last one at the top of an execution that ended well; else what has
    /// been at work for longest, or failed last.
    pub(crate) fn foremost(&self, status: Status) -> Option<&Visit> {
        if status == Status::Succeeded {
            return self.within(0).last();
        }
        let all = self.all.iter().filter(|visit| !visit.is_container());
        let place = |visit: &Visit| {
            let id = i64::try_from(visit.id).unwrap_or(i64::MAX);
            if visit.ended_at.is_none() { -id } else { id }
        };
        all.max_by_key(|visit| (urgency(visit.status).max(1), place(visit)))
            .or(self.all.last())
    }

    /// The visits that came before it in its own flow and around it, whose exits assigned what it reads. Newest first.
    pub(crate) fn before(&self, visit: &Visit) -> Vec<&Visit> {
        let mut found: Vec<&Visit> = Vec::new();
        let mut at = Some(visit);
        while let Some(here) = at {
            let siblings = self
                .within(here.parent)
                .filter(|other| other.index == here.index && other.id < here.id);
            let mut siblings: Vec<&Visit> = siblings.collect();
            siblings.reverse();
            found.extend(siblings);
            at = self.get(here.parent);
        }
        found
    }
}

/// The order of what is told first.
fn urgency(status: StateStatus) -> u8 {
    match status {
        StateStatus::Running => 6,
        StateStatus::Waiting => 5,
        StateStatus::Failed => 4,
        StateStatus::Aborted => 3,
        StateStatus::Caught => 2,
        StateStatus::Succeeded => 1,
        StateStatus::NotReached => 0,
    }
}
