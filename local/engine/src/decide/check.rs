//! Facts that can have happened, and those that cannot.

use sluice_asl::definition::{IntegrationPattern, Resource};

use crate::execution_state::{Call, CallStage, ExecutionState, Phase, Thread, ThreadId};
use crate::limits::{MAX_EVENTS, REDRIVE_MS};
use crate::{AttemptId, Fact, IllegalFact, Status, Timestamp};

/// Checks that the fact can have happened, before anything changes.
pub(crate) fn check(execution: &ExecutionState, express: bool, at: Timestamp, fact: &Fact) -> Result<(), IllegalFact> {
    if at < execution.last_at {
        return Err(IllegalFact::TimeWentBack {
            at,
            last: execution.last_at,
        });
    }
    if let Fact::BrokeDown { fact, .. } = fact {
        return match &**fact {
            Fact::BrokeDown { .. } | Fact::Evaluated { .. } | Fact::ActivitiesMissing { .. } => {
                Err(IllegalFact::Undecidable)
            }
            fact => check(execution, express, at, fact),
        };
    }
    if let Fact::Evaluated { fact, .. } = fact {
        return if fact.may_evaluate() && !matches!(**fact, Fact::Evaluated { .. }) {
            check(execution, express, at, fact)
        } else {
            Err(IllegalFact::Undecidable)
        };
    }
    match (&execution.phase, fact) {
        (Phase::New, Fact::Started { .. } | Fact::ActivitiesMissing { .. }) => Ok(()),
        (Phase::New, _) => Err(IllegalFact::NotStarted),
        (Phase::Running | Phase::Ended { .. }, Fact::Started { .. }) => Err(IllegalFact::AlreadyStarted),
        (Phase::Running, Fact::Redriven) => Err(IllegalFact::NotRedrivable {
            reason: "it is running",
        }),
        // it may be redriven next
        (Phase::Ended { .. }, Fact::ActivitiesMissing { .. }) => Ok(()),
        (Phase::Ended { at: ended, .. }, Fact::Redriven) => redrivable(execution, express, at, *ended),
        (Phase::Ended { .. }, _) => Err(IllegalFact::Ended(execution.status())),
        (Phase::Running, _) => check_running(execution, at, fact),
    }
}

/// Checks that the fact can have happened to an execution that runs.
fn check_running(execution: &ExecutionState, at: Timestamp, fact: &Fact) -> Result<(), IllegalFact> {
    match fact {
        Fact::Started { .. }
        | Fact::Stopped { .. }
        | Fact::Redriven
        | Fact::ActivitiesMissing { .. }
        | Fact::TimeoutsRestarted
        | Fact::BrokeDown { .. }
        | Fact::Evaluated { .. } => Ok(()),
        Fact::MapRunUpdated { arn, .. } => match map_run(execution, arn) {
            Some(_) => Ok(()),
            None => Err(IllegalFact::NoMapRun { arn: arn.clone() }),
        },
        Fact::ChildStopped { child, .. } => {
            let thread = execution.threads.get(&ThreadId(*child));
            let at_work = thread.is_some_and(|thread| thread.child.is_some() && !thread.stopped);
            if at_work {
                Ok(())
            } else {
                Err(IllegalFact::NoChild { number: *child })
            }
        }
        Fact::TaskSucceeded { attempt, .. } | Fact::TaskFailed { attempt, .. } => {
            open_call(execution, *attempt).map(drop)
        }
        Fact::Heartbeat { attempt } => open_call(execution, *attempt).map(drop),
        Fact::TaskSubmitted { attempt, .. } => {
            let call = open_call(execution, *attempt)?;
            match (&call.task.resource, call.stage) {
                (Resource::Service { pattern, .. }, CallStage::Scheduled)
                    if *pattern != IntegrationPattern::RequestResponse =>
                {
                    Ok(())
                }
                _ => Err(IllegalFact::WrongStage {
                    attempt: *attempt,
                    answer: "submitted",
                }),
            }
        }
        Fact::ActivityStarted { attempt, .. } => {
            let call = open_call(execution, *attempt)?;
            match (&call.task.resource, call.stage) {
                (Resource::Activity { .. }, CallStage::Scheduled) => Ok(()),
                _ => Err(IllegalFact::WrongStage {
                    attempt: *attempt,
                    answer: "started by a worker",
                }),
            }
        }
        Fact::DeadlinePassed => {
            let next = execution.next_deadline();
            if next.is_some_and(|next| next <= at) {
                Ok(())
            } else {
                Err(IllegalFact::NothingDue { at, next })
            }
        }
    }
}

fn redrivable(execution: &ExecutionState, express: bool, at: Timestamp, ended: Timestamp) -> Result<(), IllegalFact> {
    let reason = if express {
        "Express executions have no redrive"
    } else if execution.status() == Status::Succeeded {
        "it has succeeded"
    } else if at.saturating_sub(ended) > REDRIVE_MS {
        "its redrivable period of 14 days is over"
    } else if execution.events >= MAX_EVENTS - 1 {
        "its history is full"
    } else {
        return Ok(());
    };
    Err(IllegalFact::NotRedrivable { reason })
}

fn open_call(execution: &ExecutionState, attempt: AttemptId) -> Result<&Call, IllegalFact> {
    if attempt.0 == 0 || attempt.0 >= execution.next_attempt {
        return Err(IllegalFact::UnknownAttempt(attempt));
    }
    let thread = execution
        .open_attempts
        .get(&attempt)
        .ok_or(IllegalFact::ClosedAttempt(attempt))?;
    execution
        .instance_if_any(*thread)
        .and_then(|instance| instance.call())
        .ok_or(IllegalFact::ClosedAttempt(attempt))
}

/// The thread of the Map whose run has this ARN and is at work.
pub(super) fn map_run(execution: &ExecutionState, arn: &str) -> Option<ThreadId> {
    let runs = |thread: &Thread| {
        let run = thread.instance.as_deref().and_then(|instance| instance.run());
        !thread.stopped && run.is_some_and(|run| *run.arn == *arn)
    };
    let found = execution.threads.iter().find(|(_, thread)| runs(thread));
    found.map(|(id, _)| *id)
}
