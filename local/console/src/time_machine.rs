//! The time machine: moving the engine's clock ahead, and what that set off. The runtime brings it; the console and
//! `/_sluice/clock` show it.

use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use sluice_clock::Timestamp;
use sluice_driver::DriverError;

/// The result of a call of the time machine, once it is there.
pub type TimeMachineFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, TimeMachineError>> + Send + 'a>>;

/// Moves the engine's clock ahead.
pub trait TimeMachine: Send + Sync {
    /// Returns the deadlines that come next, the soonest first: at most one of each kind.
    fn upcoming(&self) -> TimeMachineFuture<'_, Vec<Upcoming>>;

    /// Moves the clock, and answers once all that this set off has come to rest, or after `patience`. Jumps come one after the
    /// other.
    fn jump(&self, jump: Jump, patience: Duration) -> TimeMachineFuture<'_, Jumped>;
}

/// The span that the clock is to be moved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// This long.
    By(Duration),
    /// To the next deadline of an execution or of a schedule that occurs once. Schedules that recur are called on the way;
    /// they are a goal only where nothing else waits.
    ToNext,
}

/// The reasons for which the clock was not moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeMachineError {
    /// Nothing has a deadline.
    #[error("nothing waits for a time: no execution has a deadline, and no schedule another occurrence")]
    NothingWaits,
    /// Something failed; in words.
    #[error("{0}")]
    Failed(String),
}

impl From<DriverError> for TimeMachineError {
    fn from(error: DriverError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A deadline that is to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upcoming {
    /// RFC 3339.
    pub at: String,
    /// Milliseconds since 1970.
    pub at_ms: Timestamp,
    /// The kind of deadline.
    pub kind: UpcomingKind,
    /// A schedule that occurs again and again.
    pub recurring: bool,
    /// The deadline in words: `WaitToRemind of ingest ends`.
    pub what: String,
    /// The execution's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The state machine's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The state's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// The kind of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UpcomingKind {
    /// A wait, a retry or a timeout of an execution.
    Execution,
    /// An occurrence of a schedule.
    Schedule,
}

/// The clock after a jump, and what the jump set off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jumped {
    /// RFC 3339.
    pub now: String,
    /// Milliseconds since 1970.
    pub now_ms: Timestamp,
    /// Milliseconds by which the clock was moved.
    pub advanced_ms: u64,
    /// The deadline that it was moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Upcoming>,
    /// True if all that the jump set off had come to rest.
    pub settled: bool,
    /// All that happened from the jump until this answer.
    pub set_off: SetOff,
    /// The same in words.
    pub words: String,
}

/// All that happened after a jump, whoever caused it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SetOff {
    /// Deadlines of executions that passed.
    pub deadlines: u64,
    /// The states that were entered, in the order in which each was first.
    pub states: Vec<StateCount>,
    /// Executions by what became of them.
    pub executions: ExecutionCounts,
    /// Mails that arrived in the inbox.
    pub mails: u64,
    /// Schedules that were called.
    pub schedules: Vec<ScheduleCount>,
    /// Items that were deleted because their time to live was over; none: they are still being looked for.
    pub items_expired: Option<u64>,
}

/// A state, and how often it was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state machine's name.
    pub machine: String,
    /// The state's name.
    pub state: String,
    /// The number of times.
    pub entered: u64,
}

/// A schedule, and how often it was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScheduleCount {
    /// The schedule's name.
    pub name: String,
    /// The number of times.
    pub called: u64,
}

/// Executions by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExecutionCounts {
    /// They started.
    pub started: u64,
    /// They were redriven.
    pub redriven: u64,
    /// They ended SUCCEEDED.
    pub succeeded: u64,
    /// They ended FAILED.
    pub failed: u64,
    /// They ended TIMED_OUT.
    pub timed_out: u64,
    /// They ended ABORTED.
    pub aborted: u64,
}

impl SetOff {
    /// Says it in words: `9 deadlines passed. States entered: Remind 2, CloseApproval 7. Executions: 7 succeeded. 2 mails.`
    pub fn words(&self, settled: bool) -> String {
        let mut sentences = Vec::new();
        if self.deadlines > 0 {
            sentences.push(format!("{} passed", count(self.deadlines, "deadline")));
        }
        let several = self.states.windows(2).any(|pair| pair[0].machine != pair[1].machine);
        let states = self.states.iter().map(|one| match several {
            true => format!("{}.{} {}", one.machine, one.state, one.entered),
            false => format!("{} {}", one.state, one.entered),
        });
        push_list(&mut sentences, "States entered", states);
        let all = self.executions;
        let executions = [
            (all.started, "started"),
            (all.redriven, "redriven"),
            (all.succeeded, "succeeded"),
            (all.failed, "failed"),
            (all.timed_out, "timed out"),
            (all.aborted, "aborted"),
        ];
        let counted = executions.into_iter().filter(|(number, _)| *number > 0);
        push_list(
            &mut sentences,
            "Executions",
            counted.map(|(number, what)| format!("{number} {what}")),
        );
        if self.mails > 0 {
            sentences.push(count(self.mails, "mail"));
        }
        let called = self.schedules.iter().map(|one| match one.called {
            1 => one.name.clone(),
            more => format!("{} {more} times", one.name),
        });
        push_list(&mut sentences, "Called on schedule", called);
        if let Some(items) = self.items_expired.filter(|items| *items > 0) {
            sentences.push(format!("{} past their time deleted", count(items, "item")));
        }
        if sentences.is_empty() {
            sentences.push("Nothing was due".to_owned());
        }
        if !settled {
            sentences.push("Not all of it has come to rest".to_owned());
        }
        format!("{}.", sentences.join(". "))
    }
}

fn push_list(sentences: &mut Vec<String>, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        sentences.push(format!("{title}: {}", items.join(", ")));
    }
}

fn count(number: u64, of: &str) -> String {
    match number {
        1 => format!("1 {of}"),
        more => format!("{more} {of}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_was_set_off() {
        let check = |set_off: SetOff, settled: bool, expected: &str| assert_eq!(set_off.words(settled), expected);
        let state = |machine: &str, state: &str, entered| StateCount {
            machine: machine.to_owned(),
            state: state.to_owned(),
            entered,
        };
        check(SetOff::default(), true, "Nothing was due.");
        check(
            SetOff {
                deadlines: 9,
                states: vec![state("ingest", "Remind", 2), state("ingest", "Expire", 7)],
                executions: ExecutionCounts {
                    succeeded: 7,
                    ..ExecutionCounts::default()
                },
                mails: 2,
                schedules: vec![ScheduleCount {
                    name: "census".to_owned(),
                    called: 1,
                }],
                items_expired: Some(3),
            },
            true,
            "9 deadlines passed. States entered: Remind 2, Expire 7. Executions: 7 succeeded. 2 mails. Called on schedule: \
             census. 3 items past their time deleted.",
        );
        check(
            SetOff {
                deadlines: 1,
                states: vec![state("a", "S", 1), state("b", "S", 1)],
                mails: 1,
                schedules: vec![ScheduleCount {
                    name: "s".to_owned(),
                    called: 2,
                }],
                ..SetOff::default()
            },
            false,
            "1 deadline passed. States entered: a.S 1, b.S 1. 1 mail. Called on schedule: s 2 times. Not all of it has come to \
             rest.",
        );
    }
}
