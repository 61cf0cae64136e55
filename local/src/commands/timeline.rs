//! A history as the tree of the states that were visited: branches under their Parallel, iterations under their Map.
//!
//! GetExecutionHistory names for each event the one that led to it. Following these, not the order of the events, tells
//! branches apart that ran side by side.

use std::collections::HashMap;

use serde_json::Value;

use super::machines::{millis, text};

/// The way in which a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is entered and not left.
    Running,
    /// It was left, and the flow went on.
    Left,
    /// It was left because an error was caught.
    Caught,
    /// It failed, and its flow with it.
    Failed,
    /// It was given up, because the state around it ended before it.
    Stopped,
}

/// A state that was visited, or an iteration of a Map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visit {
    /// The state's name; for an iteration its number.
    pub(crate) name: String,
    /// `Task`, `Choice`, …, or `Iteration`.
    pub(crate) kind: String,
    /// The time at which it was entered.
    pub(crate) entered_ms: i64,
    /// The time at which it was left or failed.
    pub(crate) left_ms: Option<i64>,
    /// The way in which it stands.
    pub(crate) standing: Standing,
    /// The number of times that its task was scheduled.
    pub(crate) attempts: usize,
    /// The last error in it: `Error: cause`.
    pub(crate) error: Option<String>,
    /// The visit around it.
    parent: Option<usize>,
    /// The visits in it, in their order.
    pub(crate) inner: Vec<usize>,
}

/// The visits of an execution.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Timeline {
    /// All of them, in the order of their beginnings.
    pub(crate) visits: Vec<Visit>,
    /// Those that no other is around.
    pub(crate) top: Vec<usize>,
    /// For each event the visit that it belongs to.
    of_event: HashMap<u64, usize>,
}

const ITERATION: &str = "Iteration";

impl Timeline {
    /// Reads the events of GetExecutionHistory, oldest first.
    pub(crate) fn of(events: &[Value]) -> Self {
        let mut timeline = Self::default();
        let mut kinds = HashMap::new();
        for event in events {
            let (id, previous) = (number(event, "id"), number(event, "previousEventId"));
            let previous_kind = kinds.get(&previous).copied().unwrap_or_default();
            timeline.take(event, id, previous, previous_kind);
            kinds.insert(id, event["type"].as_str().unwrap_or_default());
        }
        timeline
    }

    /// The name of the state that an event belongs to.
    pub(crate) fn state_of(&self, event_id: u64) -> Option<&str> {
        let mut at = self.of_event.get(&event_id).copied();
        while let Some(visit) = at.and_then(|index| self.visits.get(index)) {
            if visit.kind != ITERATION {
                return Some(&visit.name);
            }
            at = visit.parent;
        }
        None
    }

    fn take(&mut self, event: &Value, id: u64, previous: u64, previous_kind: &str) {
        let kind = event["type"].as_str().unwrap_or_default();
        let at = millis(event, "timestamp").unwrap_or_default();
        let from = self.of_event.get(&previous).copied();
        let visit = if kind.ends_with("StateEntered") {
            let name = text(&event["stateEnteredEventDetails"], "name");
            let kind = kind.trim_end_matches("StateEntered").to_owned();
            Some(self.enter(name, kind, at, self.around_next(from, previous_kind)))
        } else if kind.ends_with("StateExited") {
            let name = text(&event["stateExitedEventDetails"], "name");
            let left = self.outwards(from, |visit| visit.name == name && visit.left_ms.is_none());
            self.leave(left.or(from), at, previous_kind);
            left.or(from)
        } else if kind.starts_with("MapIteration") {
            self.take_iteration(kind, event, from, at)
        } else if kind.starts_with("MapState") || kind.starts_with("MapRun") {
            self.outwards(from, |visit| visit.kind == "Map")
        } else if kind.starts_with("ParallelState") {
            let inside = previous_kind.ends_with("StateExited");
            let from = if inside { self.parent(from) } else { from };
            self.outwards(from, |visit| visit.kind == "Parallel")
        } else if kind.starts_with("Execution") {
            self.end(kind, at);
            None
        } else {
            from
        };
        let Some(visit) = visit else { return };
        self.of_event.insert(id, visit);
        self.note(visit, kind, event);
        if kind.ends_with("StateAborted") {
            self.give_up(visit, at);
        } else if [
            "StateExited",
            "ParallelStateFailed",
            "MapStateFailed",
            "MapIterationFailed",
            "MapIterationAborted",
        ]
        .iter()
        .any(|end| kind.ends_with(end))
        {
            self.give_up_inner(visit, at);
        }
    }

    /// The visit that a state entered after an event of this kind lies in.
    fn around_next(&self, from: Option<usize>, previous_kind: &str) -> Option<usize> {
        match previous_kind {
            "ParallelStateStarted" | "MapIterationStarted" => from,
            _ => self.parent(from),
        }
    }

    fn take_iteration(&mut self, kind: &str, event: &Value, from: Option<usize>, at: i64) -> Option<usize> {
        let details = event
            .as_object()
            .and_then(|members| members.iter().find(|(name, _)| name.ends_with("EventDetails")))
            .map_or(&Value::Null, |(_, details)| details);
        let (map, index) = (text(details, "name"), number(details, "index"));
        let around = self.outwards(from, |visit| visit.kind == "Map" && visit.name == map);
        if kind == "MapIterationStarted" {
            return Some(self.enter(format!("{map} [{index}]"), ITERATION.to_owned(), at, around));
        }
        let name = format!("{map} [{index}]");
        let inner = around
            .and_then(|around| self.visits.get(around))
            .map_or(&[][..], |visit| &visit.inner);
        let ended = inner
            .iter()
            .copied()
            .find(|inner| self.visits.get(*inner).is_some_and(|visit| visit.name == name))?;
        if let Some(visit) = self.visits.get_mut(ended) {
            visit.left_ms = Some(at);
            visit.standing = match kind {
                "MapIterationSucceeded" => Standing::Left,
                _ => Standing::Failed,
            };
        }
        Some(ended)
    }

    fn enter(&mut self, name: String, kind: String, at: i64, parent: Option<usize>) -> usize {
        let index = self.visits.len();
        self.visits.push(Visit {
            name,
            kind,
            entered_ms: at,
            left_ms: None,
            standing: Standing::Running,
            attempts: 0,
            error: None,
            parent,
            inner: Vec::new(),
        });
        match parent.and_then(|parent| self.visits.get_mut(parent)) {
            Some(parent) => parent.inner.push(index),
            None => self.top.push(index),
        }
        index
    }

    fn leave(&mut self, visit: Option<usize>, at: i64, previous_kind: &str) {
        let Some(visit) = visit.and_then(|visit| self.visits.get_mut(visit)) else {
            return;
        };
        visit.left_ms = Some(at);
        visit.standing = if is_failure(previous_kind) {
            Standing::Caught
        } else {
            Standing::Left
        };
    }

    /// Ends what lies in a visit that has ended.
    fn give_up_inner(&mut self, visit: usize, at: i64) {
        let inner = self
            .visits
            .get(visit)
            .map(|visit| visit.inner.clone())
            .unwrap_or_default();
        for index in inner {
            self.give_up(index, at);
        }
    }

    /// Ends a visit that was not left, and what is in it. A Fail state, which nothing leaves, has failed.
    fn give_up(&mut self, visit: usize, at: i64) {
        self.give_up_inner(visit, at);
        if let Some(visit) = self.visits.get_mut(visit).filter(|visit| visit.left_ms.is_none()) {
            visit.left_ms = Some(at);
            let failed = visit.kind == "Fail" || visit.error.is_some();
            visit.standing = if failed { Standing::Failed } else { Standing::Stopped };
        }
    }

    /// At the execution's end what was not left ended with it.
    fn end(&mut self, kind: &str, at: i64) {
        if !["ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"].contains(&kind) {
            return;
        }
        for visit in self.visits.iter_mut().filter(|visit| visit.left_ms.is_none()) {
            visit.left_ms = Some(at);
            visit.standing = Standing::Failed;
        }
    }

    /// Adds to a visit what an event tells of it.
    fn note(&mut self, visit: usize, kind: &str, event: &Value) {
        let Some(visit) = self.visits.get_mut(visit) else {
            return;
        };
        if kind.ends_with("Scheduled") {
            visit.attempts += 1;
        }
        if is_failure(kind) {
            let details = event
                .as_object()
                .and_then(|members| members.iter().find(|(name, _)| name.ends_with("EventDetails")));
            let said = details.map(|(_, details)| (text(details, "error"), text(details, "cause")));
            let error = match said {
                Some((error, cause)) if !error.is_empty() && !cause.is_empty() => format!("{error}: {cause}"),
                Some((error, cause)) if !error.is_empty() || !cause.is_empty() => error + &cause,
                // of what failed in a state its inner ones tell, and of what was given up there is nothing to tell
                _ if kind.contains("State") || kind.contains("Iteration") => return,
                _ => kind.to_owned(),
            };
            visit.error = Some(error);
        }
    }

    fn parent(&self, visit: Option<usize>) -> Option<usize> {
        self.visits.get(visit?)?.parent
    }

    /// The first of a visit and those around it that fits.
    fn outwards(&self, from: Option<usize>, fits: impl Fn(&Visit) -> bool) -> Option<usize> {
        let mut at = from;
        while let Some(index) = at {
            let visit = self.visits.get(index)?;
            if fits(visit) {
                return Some(index);
            }
            at = visit.parent;
        }
        None
    }
}

/// Returns true if an event of this kind tells of a failure.
fn is_failure(kind: &str) -> bool {
    ["Failed", "TimedOut", "StartFailed", "ScheduleFailed", "Aborted"]
        .iter()
        .any(|end| kind.ends_with(end))
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Events from lines of `PREVIOUS TYPE NAME`; ids and times count up from 1.
    fn events(lines: &[&str]) -> Vec<Value> {
        let event = |(line, id): (&&str, u64)| {
            let mut words = line.split(' ');
            let previous: u64 = words.next().expect("a number").parse().expect("a number");
            let kind = words.next().expect("a type");
            let name = words.next().unwrap_or_default();
            let index: u64 = words.next().unwrap_or("0").parse().expect("an index");
            let details = if kind.ends_with("StateEntered") {
                "stateEnteredEventDetails"
            } else if kind.ends_with("StateExited") {
                "stateExitedEventDetails"
            } else {
                "otherEventDetails"
            };
            json!({ "id": id, "previousEventId": previous, "type": kind, "timestamp": id,
                details: { "name": name, "index": index, "error": name } })
        };
        lines.iter().zip(1..).map(event).collect()
    }

    /// Each visit on a line: its depth as spaces, its name, and how it stands.
    fn outline(timeline: &Timeline) -> Vec<String> {
        fn add(timeline: &Timeline, visits: &[usize], depth: usize, lines: &mut Vec<String>) {
            for visit in visits.iter().map(|index| &timeline.visits[*index]) {
                let attempts = if visit.attempts > 1 {
                    format!(" x{}", visit.attempts)
                } else {
                    String::new()
                };
                lines.push(format!(
                    "{}{} {:?}{attempts}",
                    " ".repeat(depth),
                    visit.name,
                    visit.standing
                ));
                add(timeline, &visit.inner, depth + 1, lines);
            }
        }
        let mut lines = Vec::new();
        add(timeline, &timeline.top, 0, &mut lines);
        lines
    }

    fn check(lines: &[&str], expected: &[&str]) {
        let timeline = Timeline::of(&events(lines));
        assert_eq!(outline(&timeline), expected, "{timeline:#?}");
    }

    #[test]
    fn branches_and_iterations_lie_in_their_states() {
        check(&[], &[]);
        check(
            &[
                "0 ExecutionStarted",
                "0 TaskStateEntered A",
                "2 TaskScheduled",
                "3 TaskFailed Oops",
                "4 TaskScheduled",
                "5 TaskSucceeded",
                "6 TaskStateExited A",
                "7 PassStateEntered B",
            ],
            &["A Left x2", "B Running"],
        );
        // two branches whose events alternate
        check(
            &[
                "0 ParallelStateEntered P",
                "1 ParallelStateStarted",
                "2 TaskStateEntered A",
                "2 TaskStateEntered B",
                "4 TaskScheduled",
                "3 TaskScheduled",
                "5 TaskStateExited B",
                "7 PassStateEntered C",
                "8 PassStateExited C",
                "6 TaskStateExited A",
                "10 ParallelStateSucceeded",
                "11 ParallelStateExited P",
                "12 SucceedStateEntered End",
            ],
            &["P Left", " A Left", " B Left", " C Left", "End Running"],
        );
    }

    #[test]
    fn what_failed_ends_what_is_in_it() {
        // a branch fails, and the Parallel catches it
        check(
            &[
                "0 ParallelStateEntered P",
                "1 ParallelStateStarted",
                "2 TaskStateEntered A",
                "3 TaskScheduled",
                "4 TaskFailed Oops",
                "5 ParallelStateFailed",
                "6 ParallelStateExited P",
                "7 PassStateEntered Next",
            ],
            &["P Caught", " A Failed", "Next Running"],
        );
        // a decision ends the other branch
        check(
            &[
                "0 ParallelStateEntered P",
                "1 ParallelStateStarted",
                "2 TaskStateEntered Ask",
                "2 WaitStateEntered Remind",
                "3 TaskStateExited Ask",
                "5 FailStateEntered Taken",
                "6 WaitStateAborted",
                "7 ParallelStateFailed",
                "8 ParallelStateExited P",
                "9 ChoiceStateEntered Read",
            ],
            &[
                "P Caught",
                " Ask Left",
                " Remind Stopped",
                " Taken Failed",
                "Read Running",
            ],
        );
        check(
            &[
                "0 MapStateEntered M",
                "1 MapStateStarted",
                "2 MapIterationStarted M 0",
                "3 PassStateEntered In",
                "4 PassStateExited In",
                "5 MapIterationSucceeded M 0",
                "6 MapIterationStarted M 1",
                "7 TaskStateEntered In",
                "8 TaskFailed Oops",
                "9 MapIterationFailed M 1",
                "10 MapStateFailed",
                "11 ExecutionFailed Oops",
            ],
            &["M Failed", " M [0] Left", "  In Left", " M [1] Failed", "  In Failed"],
        );
    }

    #[test]
    fn an_event_belongs_to_a_state() {
        let timeline = Timeline::of(&events(&[
            "0 ExecutionStarted",
            "0 MapStateEntered M",
            "2 MapStateStarted",
            "3 MapIterationStarted M 0",
            "4 TaskStateEntered In",
            "5 TaskScheduled",
        ]));
        let states: Vec<Option<&str>> = (1..=6).map(|id| timeline.state_of(id)).collect();
        assert_eq!(states, [None, Some("M"), Some("M"), Some("M"), Some("In"), Some("In")]);
    }

    #[test]
    fn the_last_error_is_kept() {
        let timeline = Timeline::of(&events(&[
            "0 TaskStateEntered A",
            "1 TaskFailed One",
            "2 TaskTimedOut Two",
        ]));
        assert_eq!(timeline.visits[0].error.as_deref(), Some("Two"));
    }
}
