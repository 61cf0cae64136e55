//! What a fact means to whoever counts.

use std::collections::HashSet;
use std::sync::Arc;

use sluice_asl::definition::Resource;
use sluice_engine::{AttemptId, Effect, Execution, Fact, Identity, LogEntry, Timestamp};

use crate::{Happening, TaskEnd, What};

/// A task that a fact may end.
#[derive(Debug)]
pub(super) struct AtStake {
    attempt: AttemptId,
    resource: Resource,
    scheduled: Timestamp,
}

/// The tasks that a fact may end. To be asked before it is applied: afterwards they are gone.
pub(super) fn at_stake(execution: &Execution, entry: &LogEntry) -> Vec<AtStake> {
    let known = |attempt: AttemptId, resource: &Resource| {
        Some(AtStake {
            attempt,
            resource: resource.clone(),
            scheduled: execution.scheduled_at(attempt)?,
        })
    };
    match entry.fact.without_evaluations() {
        Fact::TaskSucceeded { attempt, .. }
        | Fact::TaskFailed { attempt, .. }
        | Fact::ActivityStarted { attempt, .. } => {
            let task = execution.open_task(*attempt);
            task.and_then(|task| known(*attempt, &task.resource))
                .into_iter()
                .collect()
        }
        Fact::DeadlinePassed => {
            let overdue = execution.overdue_tasks(entry.at);
            overdue.filter_map(|task| known(task.attempt, &task.resource)).collect()
        }
        Fact::Started { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::ActivitiesMissing { .. }
        | Fact::Heartbeat { .. }
        | Fact::Stopped { .. }
        | Fact::Redriven
        | Fact::TimeoutsRestarted
        | Fact::ChildStopped { .. }
        | Fact::BrokeDown { .. }
        | Fact::Evaluated { .. }
        | Fact::MapRunUpdated { .. } => Vec::new(),
    }
}

/// What an applied fact and its effects are to be told as.
pub(super) fn happenings(
    execution: &Execution,
    entry: &LogEntry,
    at_stake: Vec<AtStake>,
    effects: &[Effect],
    told: &mut Vec<Happening>,
) {
    let identity: &Arc<Identity> = execution.identity();
    let mut tell = |what| {
        told.push(Happening {
            at: entry.at,
            execution: identity.clone(),
            what,
        });
    };
    // of what broke down only the start, or that it goes on, has happened
    let fact = match entry.fact.without_evaluations() {
        Fact::BrokeDown { fact, .. } => fact.as_ref(),
        fact => fact,
    };
    match fact {
        Fact::Started { .. } => tell(What::Started),
        Fact::Redriven => tell(What::Redriven),
        _ => {}
    }
    let abandoned: HashSet<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Abandon(attempt) => Some(*attempt),
            Effect::Run(_) | Effect::Finish(_) => None,
        })
        .collect();
    for task in at_stake {
        let since = entry.at - task.scheduled;
        let ended = |end| What::TaskEnded {
            resource: task.resource.clone(),
            end,
            took: since,
        };
        match entry.fact.without_evaluations() {
            Fact::TaskSucceeded { .. } => tell(ended(TaskEnd::Succeeded)),
            Fact::TaskFailed { .. } => tell(ended(TaskEnd::Failed)),
            Fact::ActivityStarted { .. } => tell(What::TaskTaken {
                resource: task.resource,
                waited: since,
            }),
            _ if abandoned.contains(&task.attempt) => tell(ended(TaskEnd::TimedOut)),
            _ => {}
        }
    }
    for effect in effects {
        match effect {
            Effect::Run(task) => tell(What::TaskScheduled {
                resource: task.resource.clone(),
            }),
            Effect::Finish(outcome) => {
                let took = execution.started_at().zip(execution.ended_at());
                tell(What::Ended {
                    status: outcome.status(),
                    took: took.map_or(0, |(start, end)| end - start),
                });
            }
            Effect::Abandon(_) => {}
        }
    }
}
