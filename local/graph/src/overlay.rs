//! The course of an execution, as a drawing shows it.

use std::collections::{HashMap, HashSet};

/// The status of a state in an execution: of its last visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateStatus {
    /// It ended well.
    Succeeded,
    /// Its error ended the execution, the branch or the iteration.
    Failed,
    /// Its error was caught.
    Caught,
    /// It is at work.
    Running,
    /// It waits for a time, a token, a worker or a retry.
    Waiting,
    /// It was cut short.
    Aborted,
    /// It was not entered.
    NotReached,
}

impl StateStatus {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 7] = [
        Self::Succeeded,
        Self::Failed,
        Self::Caught,
        Self::Running,
        Self::Waiting,
        Self::Aborted,
        Self::NotReached,
    ];

    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Caught => "caught",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Aborted => "aborted",
            Self::NotReached => "not reached",
        }
    }

    /// The class in a style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::NotReached => "not-reached",
            other => other.as_str(),
        }
    }
}

/// A state's part in an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateMark {
    /// Its status.
    pub status: StateStatus,
    /// The number of times that it was entered.
    pub visits: u64,
    /// A few words in the place of its details: "attempt 2 of 4", "3 of 5 succeeded".
    pub note: Option<String>,
    /// The address that it leads to.
    pub href: Option<String>,
    /// It is the one that the page shows.
    pub selected: bool,
}

impl StateMark {
    /// A mark with a status and nothing else.
    pub fn new(status: StateStatus) -> Self {
        Self {
            status,
            visits: 0,
            note: None,
            href: None,
            selected: false,
        }
    }
}

/// A way that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The state that it leads from; `None`: the start.
    pub from: Option<String>,
    /// The state that it leads to; `None`: the end.
    pub to: Option<String>,
    /// A catcher led along it.
    pub caught: bool,
}

/// The course of an execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// The states by their names; one that is missing was not reached.
    pub states: HashMap<String, StateMark>,
    /// The ways that were taken.
    pub taken: HashSet<Step>,
    /// The states whose visits lie in other histories, those of a Map Run's children: they are drawn without a status.
    pub elsewhere: HashSet<String>,
}
