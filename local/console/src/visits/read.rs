//! From events to visits.

use std::collections::HashMap;

use serde_json::Value;
use sluice_engine::{
    ErrorDetails, EventKind, EventOrigin, HistoryEvent, OpenVisit, StateType, Status, Timestamp, Trace, WaitingOn,
};
use sluice_graph::StateStatus;

use super::wait::waits_for;
use super::{Attempt, Items, Visit, Visits};

/// A visit while the events are gone through.
struct Draft {
    visit: Visit,
    /// Its last news was an error.
    failing: bool,
    last_at: Timestamp,
}

/// Reads the visits out of a history.
pub(crate) fn read(trace: &Trace, status: Status, now: Timestamp) -> Visits {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    for (event, origin) in trace.events.iter().zip(&*trace.origins) {
        if let EventKind::StateEntered { state, name, .. } = &event.kind {
            places.insert(event.id, drafts.len());
            drafts.push(Draft::entered(event, origin, *state, name));
        } else if let Some(draft) = places.get(&origin.visit).and_then(|place| drafts.get_mut(*place)) {
            draft.take(event);
        }
    }
    let open: HashMap<u64, &OpenVisit> = trace.open.iter().map(|open| (open.visit, open)).collect();
    let finished = drafts.into_iter().map(|draft| {
        let open = open.get(&draft.visit.id).copied();
        draft.finish(open, status, now)
    });
    let mut visits: Vec<Visit> = finished.collect();
    explain(&mut visits, trace);
    Visits::new(visits)
}

/// Gives the execution's error to the state that failed with it, if no event of that state tells it: a Fail, or a path that
/// selects nothing.
fn explain(visits: &mut [Visit], trace: &Trace) {
    let ended = trace.events.iter().rev().find_map(|event| match &event.kind {
        EventKind::ExecutionFailed(details) => Some(details),
        _ => None,
    });
    let failed = visits
        .iter_mut()
        .rev()
        .find(|visit| visit.status == StateStatus::Failed && !visit.is_container());
    if let (Some(details), Some(visit)) = (ended, failed) {
        visit.error.get_or_insert_with(|| details.clone());
    }
}

impl Draft {
    fn entered(event: &HistoryEvent, origin: &EventOrigin, kind: StateType, name: &str) -> Self {
        Self {
            visit: Visit {
                id: event.id,
                state: name.to_owned(),
                kind,
                parent: origin.parent,
                index: origin.index,
                status: StateStatus::Running,
                entered_at: event.timestamp,
                ended_at: None,
                exited: None,
                attempts: Vec::new(),
                error: None,
                waits_for: None,
                items: Items::default(),
                map_run: None,
            },
            failing: false,
            last_at: event.timestamp,
        }
    }

    fn take(&mut self, event: &HistoryEvent) {
        self.last_at = event.timestamp;
        match &event.kind {
            EventKind::StateExited { .. } => {
                self.visit.exited = Some(event.id);
                self.end(
                    event,
                    if self.failing {
                        StateStatus::Caught
                    } else {
                        StateStatus::Succeeded
                    },
                );
            }
            EventKind::StateAborted { .. } => {
                self.answer(event, StateStatus::Aborted, None);
                self.end(event, StateStatus::Aborted);
            }
            EventKind::LambdaFunctionScheduled { resource, .. } => self.attempt(event, function_of(resource)),
            EventKind::ActivityScheduled { .. } | EventKind::ParallelStateStarted => self.attempt(event, None),
            EventKind::TaskScheduled {
                integration,
                parameters,
                ..
            } => {
                let function = parameters.get("FunctionName").and_then(Value::as_str);
                let calls = integration.service == "lambda";
                self.attempt(
                    event,
                    function.filter(|_| calls).map(|name| function_of(name).unwrap_or(name)),
                );
            }
            EventKind::MapStateStarted { length } => {
                self.attempt(event, None);
                self.visit.items = Items {
                    total: *length,
                    ..Items::default()
                };
            }
            EventKind::TaskSubmitted { output, .. } => self.request(output),
            EventKind::TaskSucceeded { output, .. } => {
                self.request(output);
                self.answer(event, StateStatus::Succeeded, None);
            }
            EventKind::LambdaFunctionSucceeded { .. }
            | EventKind::ActivitySucceeded { .. }
            | EventKind::ParallelStateSucceeded
            | EventKind::MapStateSucceeded
            | EventKind::MapRunSucceeded => self.answer(event, StateStatus::Succeeded, None),
            EventKind::LambdaFunctionFailed(details)
            | EventKind::LambdaFunctionTimedOut(details)
            | EventKind::ActivityFailed(details)
            | EventKind::ActivityTimedOut(details)
            | EventKind::TaskFailed { details, .. }
            | EventKind::TaskTimedOut { details, .. }
            | EventKind::MapRunFailed(details) => self.answer(event, StateStatus::Failed, Some(details.clone())),
            EventKind::EvaluationFailed { error, cause, .. } => {
                let details = ErrorDetails {
                    error: Some(error.clone()),
                    cause: Some(cause.clone()),
                };
                self.answer(event, StateStatus::Failed, Some(details));
            }
            EventKind::ParallelStateFailed | EventKind::MapStateFailed => self.answer(event, StateStatus::Failed, None),
            _ => self.count(event),
        }
    }

    /// Counts the items of a Map, and notes its Map Run.
    fn count(&mut self, event: &HistoryEvent) {
        match &event.kind {
            EventKind::MapRunStarted { map_run_arn } | EventKind::MapRunRedriven { map_run_arn, .. } => {
                self.visit.map_run = Some(map_run_arn.to_string());
            }
            EventKind::MapIterationStarted(_) => self.visit.items.running += 1,
            EventKind::MapIterationSucceeded(_) => self.visit.items.end(|items| &mut items.succeeded),
            EventKind::MapIterationFailed(_) => self.visit.items.end(|items| &mut items.failed),
            EventKind::MapIterationAborted(_) => self.visit.items.end(|items| &mut items.aborted),
            _ => {}
        }
    }

    fn attempt(&mut self, event: &HistoryEvent, function: Option<&str>) {
        self.failing = false;
        self.visit.ended_at = None;
        self.visit.attempts.push(Attempt {
            event: event.id,
            at: event.timestamp,
            ended_at: None,
            status: StateStatus::Running,
            error: None,
            function: function.map(str::to_owned),
            request_id: None,
        });
    }

    /// Notes the id of the request, which Lambda's integration answers.
    fn request(&mut self, output: &Value) {
        let id = output.pointer("/SdkResponseMetadata/RequestId").and_then(Value::as_str);
        if let (Some(attempt), Some(id)) = (self.visit.attempts.last_mut(), id) {
            attempt.request_id = attempt.request_id.take().or_else(|| Some(id.to_owned()));
        }
    }

    /// Ends the attempt under way.
    fn answer(&mut self, event: &HistoryEvent, status: StateStatus, error: Option<ErrorDetails>) {
        self.failing = status == StateStatus::Failed;
        if let Some(attempt) = self.visit.attempts.last_mut()
            && attempt.ended_at.is_none()
        {
            attempt.ended_at = Some(event.timestamp);
            attempt.status = status;
            attempt.error.clone_from(&error);
        }
        if error.is_some() {
            self.visit.error = error;
        }
    }

    fn end(&mut self, event: &HistoryEvent, status: StateStatus) {
        self.visit.ended_at = Some(event.timestamp);
        self.visit.status = status;
    }

    /// The visit as it is now.
    fn finish(self, open: Option<&OpenVisit>, status: Status, now: Timestamp) -> Visit {
        let mut visit = self.visit;
        if visit.ended_at.is_some() {
            return visit;
        }
        if let Some(open) = open {
            visit.status = match &open.waits_for {
                None | Some(WaitingOn::Call { .. }) => StateStatus::Running,
                Some(_) => StateStatus::Waiting,
            };
            visit.waits_for = waits_for(
                open,
                visit.attempts.last().map_or(visit.entered_at, |last| last.at),
                now,
            );
            return visit;
        }
        visit.ended_at = Some(self.last_at);
        let fails = self.failing || visit.kind == StateType::Fail || status == Status::Failed;
        visit.status = if fails {
            StateStatus::Failed
        } else {
            StateStatus::Aborted
        };
        for attempt in visit.attempts.iter_mut().filter(|attempt| attempt.ended_at.is_none()) {
            attempt.ended_at = Some(self.last_at);
            attempt.status = visit.status;
        }
        visit
    }
}

/// The name in a function's ARN, without a qualifier.
fn function_of(resource: &str) -> Option<&str> {
    let mut parts = resource.splitn(7, ':').skip(5);
    match (parts.next(), parts.next()) {
        (Some("function"), Some(name)) => name.split(':').next(),
        _ => None,
    }
}
