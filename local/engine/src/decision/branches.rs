//! The ends of branches: what Parallel, Map, retries and redrives share.

use super::work::{Decision, Step};
use crate::InvariantViolation;
use crate::Outcome;
use crate::change::child::ChildEnded;
use crate::change::fan_out::FanOutCleared;
use crate::change::iteration::IterationAborted;
use crate::change::map_run::{MapRunEnd, MapRunEnded};
use crate::change::state::{StateAborted, ThreadStopped};
use crate::execution_state::{InstanceStatus, ThreadId};

impl Decision<'_> {
    /// Takes what is left of a failed Parallel or Map away, before it is tried again or its error is caught.
    pub(crate) fn clear_fan_out(&mut self, thread: ThreadId) -> Step {
        if self.execution().instance(thread)?.fan_out().is_some() {
            self.emit(FanOutCleared { thread })
        } else {
            Ok(())
        }
    }

    /// Cuts short all that still runs below a Parallel or Map, the innermost first. What belongs to another history, that
    /// of a Map Run's child, is cut short without an event: that history may have no room for more.
    pub(crate) fn abort_branches(&mut self, parent: ThreadId) -> Step {
        let owner = self.execution().thread(parent)?.history_owner;
        for thread in self.below(parent) {
            if self.execution().thread(thread)?.history_owner == owner {
                self.abort(thread)?;
            } else {
                self.stop_silently(thread)?;
            }
        }
        Ok(())
    }

    /// Cuts short all that still runs below a thread, without an event in its history.
    pub(crate) fn stop_branches_silently(&mut self, parent: ThreadId) -> Step {
        self.below(parent)
            .into_iter()
            .try_for_each(|thread| self.stop_silently(thread))
    }

    /// All threads below one, each before the one that opened it.
    fn below(&self, parent: ThreadId) -> Vec<ThreadId> {
        let mut children = self.execution().descendants(parent);
        let mut found = Vec::new();
        let mut open: Vec<ThreadId> = children.remove(&parent).unwrap_or_default();
        while let Some(thread) = open.pop() {
            found.push(thread);
            open.extend(children.remove(&thread).unwrap_or_default());
        }
        found.reverse();
        found
    }

    fn stop_silently(&mut self, thread: ThreadId) -> Step {
        if !self.execution().is_live(thread) {
            return Ok(());
        }
        self.abandon_call(thread);
        if self.execution().thread(thread)?.child.is_some() {
            let outcome = Outcome::Aborted {
                error: None,
                cause: None,
            };
            return self.emit(ChildEnded { thread, outcome });
        }
        self.emit(ThreadStopped { thread })
    }

    /// Abandons the attempt that a thread waits for, if it waits for one.
    pub(crate) fn abandon_call(&mut self, thread: ThreadId) {
        let instance = self.execution().instance_if_any(thread);
        let attempt = instance.and_then(|instance| Some(instance.call()?.task.attempt));
        if let Some(attempt) = attempt {
            self.abandon(attempt);
        }
    }

    fn abort(&mut self, thread: ThreadId) -> Step {
        if !self.execution().is_live(thread) {
            return Ok(());
        }
        self.abandon_call(thread);
        // a thread between two states has nothing to show but its end
        if let Some(instance) = self.execution().instance_if_any(thread) {
            let has_run = instance.run().is_some();
            let shows = !matches!(instance.status, InstanceStatus::Deciding);
            if has_run {
                let end = MapRunEnd::Aborted;
                self.emit(MapRunEnded { thread, end })?;
            }
            if shows {
                self.emit(StateAborted { thread })?;
            }
        }
        if self.is_iteration(thread)? {
            self.emit(IterationAborted { thread })
        } else {
            self.emit(ThreadStopped { thread })
        }
    }

    /// Tells whether the thread is the outermost of an inline Map's iteration.
    fn is_iteration(&self, thread: ThreadId) -> Result<bool, InvariantViolation> {
        let Some(slot) = self.execution().thread(thread)?.slot else {
            return Ok(false);
        };
        let iterations = self.execution().fan_out(slot.parent)?.iterations.as_ref();
        Ok(iterations.is_some_and(|iterations| iterations.run.is_none()))
    }
}
