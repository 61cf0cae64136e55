//! The observations that follow from facts.

use std::collections::HashSet;
use std::sync::Arc;

use sluice_asl::definition::Resource;
use sluice_engine::{AttemptId, Effect, EventKind, Execution, Fact, HistoryEvent, Identity, LogEntry, Timestamp};

use crate::{Observation, ObservationKind, TaskEnd};

/// A task that a fact may end.
#[derive(Debug)]
pub(crate) struct AtStake {
    attempt: AttemptId,
    resource: Resource,
    scheduled: Timestamp,
}

/// The tasks that a fact may end. To be asked before it is applied: afterwards they are gone.
pub(crate) fn at_stake(execution: &Execution, entry: &LogEntry) -> Vec<AtStake> {
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

/// The names of the states that were entered, in order.
pub(crate) fn entered(events: &[HistoryEvent]) -> Vec<Arc<str>> {
    let name = |event: &HistoryEvent| match &event.kind {
        EventKind::StateEntered { name, .. } => Some(name.clone()),
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

/// Adds the observations of an applied fact and its effects.
pub(crate) fn add(
    execution: &Execution,
    entry: &LogEntry,
    at_stake: Vec<AtStake>,
    entered: Vec<Arc<str>>,
    effects: &[Effect],
    told: &mut Vec<Observation>,
) {
    let identity: &Arc<Identity> = execution.identity();
    let mut notify = |kind| {
        told.push(Observation {
            at: entry.at,
            execution: identity.clone(),
            kind,
        });
    };
    // of what broke down only the start, or that it goes on, has happened
    let fact = match entry.fact.without_evaluations() {
        Fact::BrokeDown { fact, .. } => fact.as_ref(),
        fact => fact,
    };
    match fact {
        Fact::Started { .. } => notify(ObservationKind::Started),
        Fact::Redriven => notify(ObservationKind::Redriven),
        Fact::DeadlinePassed => notify(ObservationKind::DeadlinePassed),
        _ => {}
    }
    for state in entered {
        notify(ObservationKind::StateEntered { state });
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
        let ended = |end| ObservationKind::TaskEnded {
            resource: task.resource.clone(),
            end,
            took: since,
        };
        match entry.fact.without_evaluations() {
            Fact::TaskSucceeded { .. } => notify(ended(TaskEnd::Succeeded)),
            Fact::TaskFailed { .. } => notify(ended(TaskEnd::Failed)),
            Fact::ActivityStarted { .. } => notify(ObservationKind::TaskTaken {
                resource: task.resource,
                waited: since,
            }),
            _ if abandoned.contains(&task.attempt) => notify(ended(TaskEnd::TimedOut)),
            _ => {}
        }
    }
    for effect in effects {
        match effect {
            Effect::Run(task) => notify(ObservationKind::TaskScheduled {
                resource: task.resource.clone(),
            }),
            Effect::Finish(outcome) => {
                let took = execution.started_at().zip(execution.ended_at());
                notify(ObservationKind::Ended {
                    status: outcome.status(),
                    took: took.map_or(0, |(start, end)| end - start),
                });
            }
            Effect::Abandon(_) => {}
        }
    }
}
