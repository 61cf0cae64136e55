//! Decisions that are offloaded to the evaluation pool.
//!
//! A fact whose decision may cost much is not decided on the engine's thread: once what the execution is made of is on
//! disk, it is *offloaded*, and whatever comes for it meanwhile is held, in order. The decision comes back as a request, is
//! written as any other, and what was held is handled. StopExecution does not wait: it supersedes the decision.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sluice_engine::{Fact, LogEntry};

use super::batch::{Batch, RunnerResult};
use super::decision_job::{DecisionJob, PendingDecision};
use super::refused::{Refused, deferred};
use super::state::{DecisionEnd, Held, Offloaded, Writer};
use crate::crash_markers::{CrashMarker, Phase};
use crate::decided::Decision;
use crate::error::Failure;
use crate::journal::{children, codec, executions};
use crate::request::{Call, Request, Responder};
use crate::{DriverError, Started};

impl Writer {
    /// Returns true if the decision about the fact is to be offloaded.
    pub(super) fn must_offload(&self, key: u64, fact: &Fact) -> bool {
        fact.may_evaluate() && self.cache.get(key).is_some_and(|loaded| loaded.is_costly())
    }

    pub(super) fn is_offloaded(&self, key: u64) -> bool {
        !self.offloaded.is_empty() && self.offloaded.contains_key(&key)
    }

    /// Lets others decide about a fact of a loaded execution, after what it has to know about activities.
    pub(super) fn offload(
        &mut self,
        key: u64,
        missing: Option<BTreeSet<Arc<str>>>,
        fact: Fact,
        batch: &mut Batch,
    ) -> Refused {
        if let Err(error) = codec::encode(&fact) {
            return error.into();
        }
        let Some(loaded) = self.cache.get(key) else {
            return DriverError::unreadable(key, "it is not in memory").into();
        };
        let at = self.now.max(loaded.last_at);
        let can_be_stopped = !matches!(fact, Fact::Redriven | Fact::Started { .. });
        let facts = missing
            .map(|arns| Fact::ActivitiesMissing { arns })
            .into_iter()
            .chain([fact]);
        let entries: Vec<LogEntry> = facts
            .map(|fact| LogEntry {
                at,
                seed: (self.config.seed)(),
                fact,
            })
            .collect();
        if let Some(Err(illegal)) = entries.last().map(|entry| loaded.execution.check(entry)) {
            return Refused::Illegal(illegal);
        }
        self.next_ticket += 1;
        let (ticket, wanted) = (self.next_ticket, Arc::new(AtomicBool::new(true)));
        let execution = loaded.execution.clone();
        let mark = CrashMarker {
            key,
            seq: loaded.next_seq,
            phase: Phase::Deciding,
        };
        let decision = DecisionJob::new(ticket, mark, execution, entries, wanted.clone(), self.shared.clone());
        batch.touched.insert(key);
        batch.pending.push(PendingDecision {
            key,
            decision: Box::new(decision),
        });
        let offloaded = Offloaded {
            ticket,
            wanted,
            can_be_stopped,
            sequel: None,
            parked: None,
            restart_timeouts: false,
            held: VecDeque::new(),
        };
        self.offloaded.insert(key, offloaded);
        Refused::Deferred
    }

    /// Adds work for the time when the decision about an execution that has just been lent has come, behind what is to be done
    /// anyway.
    pub(super) fn then(&mut self, key: u64, sequel: impl FnOnce(&mut Self, DecisionEnd, &mut Batch) + Send + 'static) {
        let Some(offloaded) = self.offloaded.get_mut(&key) else {
            return;
        };
        offloaded.sequel = Some(match offloaded.sequel.take() {
            None => Box::new(sequel),
            Some(first) => Box::new(move |writer, came, batch| {
                first(writer, came.clone(), batch);
                sequel(writer, came, batch);
            }),
        });
    }

    /// Answers after the commit; or, if that is what the result says, once a decision has come: with what `decided` makes
    /// of it, or with `overtaken`.
    pub(super) fn answer<T, E>(
        &mut self,
        reply: Responder<T, E>,
        result: Result<T, E>,
        batch: &mut Batch,
        decided: impl FnOnce(&mut Self) -> Result<T, E> + Send + 'static,
        superseded: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) where
        T: Send + 'static,
        E: Failure + Send + 'static,
    {
        let Some(key) = deferred(&result) else {
            return batch.reply(reply, result);
        };
        self.then(key, move |writer, came, batch| {
            let result = match came {
                DecisionEnd::Applied => decided(writer),
                DecisionEnd::Superseded => superseded(),
                DecisionEnd::Failed(error) => Err(error.into()),
            };
            batch.reply(reply, result);
        });
    }

    /// Sends the decisions elsewhere that the round has asked for: it is on disk.
    pub(super) fn submit_offloaded(&mut self, batch: &mut Batch) {
        for pending in batch.pending.drain(..) {
            self.shared.pool.submit(pending.decision);
        }
    }

    /// The round did not happen, and neither do the decisions that it asked for.
    pub(super) fn cancel_pending(&mut self, batch: &mut Batch, error: &DriverError) {
        for pending in std::mem::take(&mut batch.pending) {
            self.release(pending.key, DecisionEnd::Failed(error.clone()), batch);
        }
    }

    /// Ends the absence of an execution. What was held for it comes next.
    pub(super) fn release(&mut self, key: u64, came: DecisionEnd, batch: &mut Batch) {
        let Some(mut offloaded) = self.offloaded.remove(&key) else {
            return;
        };
        offloaded.wanted.store(false, Ordering::Release);
        self.starting.retain(|_, starting| *starting != key);
        if let Some(sequel) = offloaded.sequel.take() {
            sequel(self, came, batch);
        }
        if offloaded.restart_timeouts && matches!(self.load(key, batch), Ok(true)) {
            self.restart_timeouts(key, batch);
        }
        for held in offloaded.held.into_iter().rev() {
            match held {
                Held::Request(request) => {
                    self.shared.put_back();
                    self.backlog.put_back(request, &self.cache);
                }
                Held::Answer(answer) => self.failures.results.push(answer),
                Held::Start(child) => {
                    self.shared.put_back();
                    let request = Request::StartDecided { key: child };
                    self.backlog.put_back(request, &self.cache);
                }
            }
        }
        // its deadline, if it is parked, was passed over
        batch.woke = true;
        batch.touched.insert(key);
    }

    /// Keeps a request for an execution that is offloaded; gives back all others.
    pub(super) fn hold(&mut self, request: Request, batch: &mut Batch) -> Option<Request> {
        if !self.offloaded.is_empty()
            && let Some(key) = self.subject(&request)
        {
            return self.hold_for(key, request, batch);
        }
        let answered = match &request {
            Request::Answered { key, .. } => Some(*key),
            Request::StartForTask(call) => Some(call.arguments.key),
            Request::Token(Call {
                arguments: (token, _), ..
            }) => sluice_engine::token::parse(token).map(|(key, _)| key),
            _ => None,
        };
        // a deadline that has passed counts before an answer that comes after it
        if let Some(key) = answered
            && self.cache.get(key).is_none_or(|loaded| loaded.is_costly())
            && i64::try_from(key).is_ok()
            && matches!(self.load(key, batch), Ok(true))
            && self.must_offload(key, &Fact::DeadlinePassed)
        {
            self.apply_due_deadline(key, batch);
            return self.hold_for(key, request, batch);
        }
        Some(request)
    }

    fn hold_for(&mut self, key: u64, request: Request, batch: &mut Batch) -> Option<Request> {
        let Some(offloaded) = self.offloaded.get_mut(&key) else {
            return Some(request);
        };
        if matches!(request, Request::Stop(_)) && offloaded.can_be_stopped {
            self.release(key, DecisionEnd::Superseded, batch);
            return Some(request);
        }
        offloaded.held.push_back(Held::Request(request));
        None
    }

    /// Keeps an answer of the runner for an execution that is offloaded.
    pub(super) fn hold_answer(&mut self, answer: RunnerResult) {
        if let Some(offloaded) = self.offloaded.get_mut(&answer.key) {
            offloaded.held.push_back(Held::Answer(answer));
        }
    }

    /// StopExecution from within: a decision about the execution is not waited for.
    pub(super) fn supersede(&mut self, key: u64, batch: &mut Batch) {
        if self
            .offloaded
            .get(&key)
            .is_some_and(|offloaded| offloaded.can_be_stopped)
        {
            self.release(key, DecisionEnd::Superseded, batch);
        }
    }

    /// Goes on with the start of `child` when `key` is back.
    pub(super) fn wait_for(&mut self, key: u64, child: u64) {
        if let Some(offloaded) = self.offloaded.get_mut(&key) {
            offloaded.held.push_back(Held::Start(child));
        }
    }

    /// Returns the answer of StartExecution about an execution whose start the evaluation pool has decided.
    pub(super) fn started_offloaded(&self, key: u64) -> Option<Started> {
        let identity = self.cache.get(key)?.execution.identity();
        let start_date = match self.offloaded.get(&key)?.parked.as_ref()? {
            Decision::Made(execution, _) => execution.started_at()?,
            Decision::GivenUp(..) => self.now,
        };
        Some(Started {
            arn: identity.arn.to_string(),
            start_date,
            existing: false,
        })
    }

    /// The execution that a request is about, as far as it may be elsewhere.
    fn subject(&self, request: &Request) -> Option<u64> {
        let by_arn = |arn: &str| executions::key_of(&self.database.connection, arn).ok().flatten();
        match request {
            Request::Answered { key, .. } => Some(*key),
            Request::StartForTask(call) => Some(call.arguments.key),
            Request::ClaimTask(call) => Some(call.arguments.key),
            Request::Token(Call {
                arguments: (token, _), ..
            }) => sluice_engine::token::parse(token).map(|(key, _)| key),
            Request::Stop(call) => by_arn(&call.arguments.arn).or_else(|| {
                let child = children::find(&self.database.connection, &call.arguments.arn)
                    .ok()
                    .flatten();
                child.map(|child| child.execution)
            }),
            Request::Redrive(call) => by_arn(&call.arguments.arn),
            Request::UpdateMapRun(Call {
                arguments: (arn, _), ..
            }) => {
                let run = children::run(&self.database.connection, arn).ok().flatten();
                run.map(|(key, _)| key)
            }
            Request::Start(Call { arguments: request, .. }) => {
                let name = request.name.as_ref()?;
                self.starting.get(&(request.machine_arn.clone(), name.clone())).copied()
            }
            _ => None,
        }
    }

    /// A decision has come.
    pub(super) fn decided(&mut self, key: u64, ticket: u64, decision: Decision, batch: &mut Batch) {
        let Some(offloaded) = self
            .offloaded
            .get_mut(&key)
            .filter(|offloaded| offloaded.ticket == ticket)
        else {
            return;
        };
        offloaded.parked = Some(decision);
        match self.children_to_start.remove(&key) {
            Some(child) => self.child_decided(key, child, batch),
            None => self.install(key, batch),
        }
    }

    /// Makes the decision that has come part of the round.
    pub(super) fn install(&mut self, key: u64, batch: &mut Batch) {
        let Some(decision) = self
            .offloaded
            .get_mut(&key)
            .and_then(|offloaded| offloaded.parked.take())
        else {
            return;
        };
        let installed = match self.load(key, batch) {
            Ok(true) => self.write_decision(key, decision, batch),
            Ok(false) => Err(DriverError::unreadable(key, "it is gone").into()),
            Err(error) => Err(error.into()),
        };
        let came = match installed {
            Ok(()) => DecisionEnd::Applied,
            Err(Refused::Driver(error)) => {
                self.report(key, &error, batch);
                DecisionEnd::Failed(error)
            }
            // the decision was about the execution as it is
            Err(Refused::Illegal(illegal)) => DecisionEnd::Failed(DriverError::Engine {
                key,
                reason: illegal.to_string(),
            }),
            Err(Refused::Deferred) => DecisionEnd::Superseded,
        };
        self.release(key, came, batch);
    }

    fn write_decision(&mut self, key: u64, decision: Decision, batch: &mut Batch) -> Result<(), Refused> {
        match decision {
            Decision::Made(execution, decided) => {
                if let Some(loaded) = self.cache.get_mut(key) {
                    loaded.execution = Arc::new(*execution);
                }
                for decided in decided {
                    let body = codec::encode(&decided.entry.fact)?;
                    self.record(key, decided, &body, batch)?;
                }
                Ok(())
            }
            Decision::GivenUp(fact, breakdown) => {
                tracing::warn!(
                    execution = key,
                    ?breakdown,
                    "an execution is stopped: it could not be decided about"
                );
                if let Some(arns) = self.missing_activities(key, matches!(*fact, Fact::Redriven))? {
                    self.append_one(key, Fact::ActivitiesMissing { arns }, batch)?;
                }
                self.append_one(key, Fact::BrokeDown { fact, breakdown }, batch)
            }
        }
    }

    /// The execution is folded again from its log as it is on disk, without what was done to it since.
    pub(super) fn refold(&mut self, key: u64) -> Result<(), DriverError> {
        let Some(loaded) = self.cache.get(key) else {
            return Ok(());
        };
        let (machine, identity) = (loaded.prepared.machine.clone(), loaded.execution.identity().clone());
        let entries = match loaded.next_seq {
            0 => Vec::new(),
            _ => executions::entries(&self.database.connection, key)?,
        };
        match self.folded(machine, identity, &entries) {
            Ok(execution) => {
                if let Some(loaded) = self.cache.get_mut(key) {
                    loaded.execution = Arc::new(execution);
                }
                Ok(())
            }
            Err(error) => {
                self.cache.evict(key);
                Err(error)
            }
        }
    }
}
