//! Refusals of facts.

use std::sync::Arc;

use crate::{AttemptId, InvariantViolation, Status, Timestamp};

/// The reason for which a fact cannot have happened to an execution. The execution is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalFact {
    /// Anything before `Started`.
    #[error("the execution has not started: its first fact must be Started")]
    NotStarted,
    /// A second `Started`.
    #[error("the execution has already started")]
    AlreadyStarted,
    /// Anything but `Redriven` after the end.
    #[error("the execution has ended ({})", .0.as_str())]
    Ended(Status),
    /// An answer for an attempt that never was.
    #[error("attempt {} is unknown to the execution", .0.0)]
    UnknownAttempt(AttemptId),
    /// An answer for an attempt that was answered, timed out or aborted before.
    #[error("attempt {} is closed: it was answered, timed out or aborted before", .0.0)]
    ClosedAttempt(AttemptId),
    /// The attempt is open, but such an answer does not fit its kind or stage.
    #[error("attempt {} cannot be {answer}", .attempt.0)]
    WrongStage {
        /// The attempt.
        attempt: AttemptId,
        /// The answer that was tried: `submitted`, `started by a worker`.
        answer: &'static str,
    },
    /// `DeadlinePassed`, but none has.
    #[error("no deadline has passed at {at}: the next one is {next:?} (milliseconds since 1970)")]
    NothingDue {
        /// The time of the fact.
        at: Timestamp,
        /// The next deadline, if any.
        next: Option<Timestamp>,
    },
    /// Only a Standard execution that failed, timed out or was stopped can be redriven.
    #[error("the execution cannot be redriven: {reason}")]
    NotRedrivable {
        /// The reason.
        reason: &'static str,
    },
    /// `MapRunUpdated` for a Map Run that never was or is over.
    #[error("no Map Run {arn} is at work")]
    NoMapRun {
        /// As given.
        arn: Arc<str>,
    },
    /// `ChildStopped` for a child execution that never was or is over.
    #[error("no child execution number {number} is at work")]
    NoChild {
        /// As given.
        number: u32,
    },
    /// `BrokeDown` of something that needs no decision.
    #[error("such a fact leaves nothing to decide that could break down")]
    Undecidable,
    /// Time runs forward.
    #[error("the fact's time {at} lies before the one that precedes it ({last})")]
    TimeWentBack {
        /// The time of the fact.
        at: Timestamp,
        /// The time of the fact before.
        last: Timestamp,
    },
}

/// The reason for which an entry was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Its fact cannot have happened. The execution is as it was before.
    #[error(transparent)]
    Illegal(#[from] IllegalFact),
    /// A bug was met on the way. The execution was changed in part and is of no use any more: every later entry is
    /// answered in the same way.
    #[error("the engine has contradicted itself: {0}")]
    Violation(#[from] InvariantViolation),
}
