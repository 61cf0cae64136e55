//! Requests that wait for the engine's thread, served in turn by state machine.
//!
//! A machine whose executions start others without end, or that ten thousand clients ask for at once, fills its own
//! queue and no other: each machine is given one request in turn. Within a machine requests keep their order, and with
//! it those about one execution.

use std::sync::Arc;

use super::execution_cache::ExecutionCache;
use crate::fair_queue::FairQueue;
use crate::request::{Call, Request};
use sluice_engine::token;

/// The number of waiting requests of one machine from which on no start is taken in: it would wait for seconds, and what answers
/// tasks would wait behind it.
const MOST_BEFORE_START: usize = 4096;

/// Requests by the ARN of the state machine that they concern; those without one share a queue as well.
type Group = Option<Arc<str>>;

/// The waiting requests.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    turns: FairQueue<Group, Request>,
    /// To be answered after all others.
    close: Option<Request>,
    shut_down: bool,
}

impl Backlog {
    /// Returns true if nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.close.is_none() && !self.shut_down
    }

    /// Returns true if the thread has to stop at once.
    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down
    }

    /// Returns true if the thread is to stop once nothing waits any more.
    pub(super) fn is_closing(&self) -> bool {
        self.close.is_some()
    }

    /// Puts a request behind the others of its machine; gives a start back for which there is no room.
    #[must_use]
    pub(super) fn push(&mut self, request: Request, cache: &ExecutionCache) -> Option<Request> {
        match request {
            Request::Shutdown => self.shut_down = true,
            Request::Close => self.close = Some(request),
            request => {
                let group = group_of(&request, cache);
                if matches!(request, Request::Start(_)) && self.turns.waiting(&group) >= MOST_BEFORE_START {
                    return Some(request);
                }
                self.turns.push(group, request);
            }
        }
        None
    }

    /// Puts a request back that had been in turn, before the others of its machine.
    pub(super) fn put_back(&mut self, request: Request, cache: &ExecutionCache) {
        self.turns.put_back(group_of(&request, cache), request);
    }

    /// The next request in turn.
    pub(super) fn pop(&mut self) -> Option<Request> {
        self.turns.pop().or_else(|| self.close.take())
    }
}

fn group_of(request: &Request, cache: &ExecutionCache) -> Group {
    let of_execution = |key| {
        let loaded = cache.get(key)?;
        Some(loaded.execution.identity().machine_arn.clone())
    };
    match request {
        Request::Start(call) => Some(Arc::from(call.arguments.machine_arn.as_str())),
        Request::StartForTask(call) => Some(Arc::from(call.arguments.request.machine_arn.as_str())),
        Request::Answered { key, .. } | Request::Decided { key, .. } | Request::StartDecided { key } => {
            of_execution(*key)
        }
        Request::ClaimTask(call) => of_execution(call.arguments.key),
        // of a parked execution nothing else is under way
        Request::Token(Call {
            arguments: (token, _), ..
        }) => of_execution(token::parse(token)?.0),
        Request::Stop(_)
        | Request::Redrive(_)
        | Request::UpdateMapRun(_)
        | Request::WaitForEnd(_)
        | Request::PutMachine(_)
        | Request::DeleteMachine(_)
        | Request::PublishVersion(_)
        | Request::DeleteVersion(_)
        | Request::CreateAlias(_)
        | Request::UpdateAlias(_)
        | Request::DeleteAlias(_)
        | Request::Store(_)
        | Request::AdvanceClock(_)
        | Request::Resume(_)
        | Request::Ping(_)
        | Request::WaitForRest(_)
        | Request::ClockChanged
        | Request::Close
        | Request::Shutdown => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::sync::oneshot;

    use super::*;
    use crate::StartExecution;

    fn start(machine: &str, name: &str) -> Request {
        Request::Start(Call {
            arguments: Box::new(StartExecution {
                name: Some(name.to_owned()),
                ..StartExecution::new(machine, Value::Null)
            }),
            reply: oneshot::channel().0,
        })
    }

    fn name(request: &Request) -> String {
        match request {
            Request::Start(call) => call.arguments.name.clone().unwrap_or_default(),
            other => format!("{other:?}"),
        }
    }

    /// Requests as `machine/name`, `close` or `clock`, and the order in which they are served.
    #[track_caller]
    fn check(pushed: &[&str], expected: &[&str]) {
        let mut backlog = Backlog::default();
        for request in pushed {
            let request = match request.split_once('/') {
                Some((machine, name)) => start(machine, name),
                None if *request == "close" => Request::Close,
                None => Request::ClockChanged,
            };
            assert!(backlog.push(request, &ExecutionCache::default()).is_none());
        }
        let served: Vec<String> = std::iter::from_fn(|| backlog.pop())
            .map(|request| name(&request))
            .collect();
        assert_eq!(served, expected, "{pushed:?}");
        assert!(backlog.is_empty());
    }

    #[test]
    fn machines_take_turns_and_each_keeps_its_order() {
        check(&[], &[]);
        check(&["a/1", "a/2", "a/3"], &["1", "2", "3"]);
        check(
            &["a/1", "a/2", "a/3", "b/4", "b/5", "c/6"],
            &["1", "4", "6", "2", "5", "3"],
        );
        check(&["a/1", "a/2", "clock"], &["1", "ClockChanged", "2"]);
    }

    #[test]
    fn the_end_comes_after_all_others() {
        check(&["close", "a/1", "a/2"], &["1", "2", "Close"]);
        let mut backlog = Backlog::default();
        assert!(backlog.push(Request::Shutdown, &ExecutionCache::default()).is_none());
        assert!(backlog.is_shut_down() && !backlog.is_empty());
    }

    #[test]
    fn a_machine_with_too_many_requests_takes_no_more_starts() {
        let cache = ExecutionCache::default();
        let mut backlog = Backlog::default();
        for number in 0..MOST_BEFORE_START {
            assert!(backlog.push(start("a", &number.to_string()), &cache).is_none());
        }
        let refused = backlog.push(start("a", "more"), &cache);
        assert_eq!(refused.as_ref().map(name).as_deref(), Some("more"));
        assert!(backlog.push(start("b", "other"), &cache).is_none(), "another machine");
        assert!(backlog.push(Request::ClockChanged, &cache).is_none());
        assert!(backlog.pop().is_some());
        assert!(backlog.push(start("a", "again"), &cache).is_none());
    }
}
