//! One method for each kind of request.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sluice_engine::execution::AttemptStatus;
use sluice_engine::{AttemptId, Effect, Fact, IllegalFact, MapRunUpdate, ScheduledTask, Status, Timestamp, token};

use super::batch::{Batch, RunnerAnswer};
use super::jobs::job_of;
use super::loaded::Loaded;
use super::request::{Request, Responder, TokenAnswer};
use super::take::{Refused, fact_of};
use super::{GROUP, Writer};
use crate::clock::{ADVANCED, millis};
use crate::error::Failure;
use crate::journal::{children, executions, machines, store};
use crate::{DriverError, ExecutionRecord, MachineRecord, PutMachine, RedriveError, Resumed, TokenError};

/// The client token of an execution's last redrive, and when that was, by the execution's ARN.
pub(super) const REDRIVE_TOKENS: &str = "redrive-token";

/// As long as RedriveExecution's `clientToken` makes a repeated request the same one, in milliseconds.
const CLIENT_TOKEN_LIFE: i64 = 15 * 60 * 1000;

impl Writer {
    /// Applies one request to the open transaction.
    pub(super) fn handle(&mut self, request: Request, batch: &mut Batch) {
        match request {
            Request::Start { request, reply } => {
                let started = self.start(*request, batch);
                let (key, gone) = (deferred(&started), || Err(DriverError::Closed.into()));
                let done = move |writer: &mut Self| {
                    key.and_then(|key| writer.started(key))
                        .ok_or(DriverError::Closed.into())
                };
                self.answer(reply, started, batch, done, gone);
            }
            Request::StartChild {
                request,
                key,
                attempt,
                answer,
                reply,
            } => self.start_child(*request, (key, attempt), answer, reply, batch),
            Request::Decided { key, ticket, outcome } => self.decided(key, ticket, outcome, batch),
            Request::StartDecided { key } => {
                if let Some(child) = self.children_to_start.remove(&key) {
                    self.child_decided(key, child, batch);
                }
            }
            Request::Stop {
                arn,
                error,
                cause,
                reply,
            } => {
                let stopped = self.stop(&arn, error, cause, batch);
                let when = move |writer: &mut Self| {
                    let child = children::find(&writer.connection, &arn)?;
                    Ok(child.and_then(|child| child.stop))
                };
                self.answer(reply, stopped, batch, when, || Ok(None));
            }
            Request::Redrive {
                arn,
                client_token,
                reply,
            } => {
                let redriven = self.redrive(&arn, client_token.clone(), batch);
                let key = deferred(&redriven);
                let when = move |writer: &mut Self| writer.redriven(&arn, key.unwrap_or(0), client_token);
                self.answer(reply, redriven, batch, when, || Ok(None));
            }
            Request::UpdateMapRun { arn, update, reply } => {
                let updated = self.update_map_run(&arn, update, batch);
                self.answer(reply, updated, batch, |_| Ok(Some(true)), || Ok(Some(false)));
            }
            Request::Answered { key, attempt, answer } => {
                let job = job_of(&answer);
                self.runner_answered(
                    RunnerAnswer {
                        key,
                        attempt,
                        fact: fact_of(attempt, answer),
                        job,
                        ended: None,
                    },
                    batch,
                );
            }
            Request::Token { token, answer, reply } => {
                let answered = self.token_answered(&token, answer, batch);
                self.answer(reply, answered, batch, |_| Ok(()), || Err(TokenError::TimedOut));
            }
            // Whoever asked has gone away: the task is for somebody else.
            Request::Claim { reply, .. } if reply.is_closed() => {}
            Request::Claim {
                key,
                attempt,
                worker,
                reply,
            } => {
                let claimed = self.claim(key, attempt, worker, batch);
                batch.reply(reply, claimed);
            }
            Request::Ended { arn, reply } => self.wait_for_end(&arn, reply, batch),
            Request::PutMachine {
                record,
                if_absent,
                reply,
            } => {
                let put = self.put_machine(&record, if_absent);
                batch.reply(reply, put);
            }
            Request::DeleteMachine { arn, reply } => {
                self.current.remove(&arn);
                batch.reply(reply, machines::delete(&self.connection, &arn));
            }
            Request::Versions { machine_arn, request } => self.handle_versions(&machine_arn, request, batch),
            Request::Put {
                kind,
                key,
                value,
                reply,
            } => {
                batch.reply(reply, store::put(&self.connection, kind, &key, &value));
            }
            Request::PutIfAbsent {
                kind,
                key,
                value,
                reply,
            } => {
                batch.reply(reply, store::put_if_absent(&self.connection, kind, &key, &value));
            }
            Request::RemoveBelow {
                kind,
                below,
                limit,
                reply,
            } => {
                batch.reply(reply, store::remove_below(&self.connection, kind, &below, limit));
            }
            Request::Remove { kind, key, reply } => batch.reply(reply, store::remove(&self.connection, kind, &key)),
            Request::AdvanceClock { by, reply } => {
                let advanced = self.advance_clock(by, batch);
                batch.reply(reply, advanced);
            }
            Request::Resume { after, reply } => {
                let resumed = self.resume(after, batch);
                batch.reply(reply, resumed);
            }
            Request::Ping { reply } => {
                // whoever has stopped waiting needs no answer; nothing has changed, so there is nothing to commit
                let _ = reply.send(Ok(()));
            }
            Request::ClockChanged | Request::Halt => {}
            Request::Close => batch.close = true,
        }
    }

    /// StopExecution; answers when the execution ended, now or before.
    fn stop(
        &mut self,
        arn: &str,
        error: Option<String>,
        cause: Option<String>,
        batch: &mut Batch,
    ) -> Result<Option<Timestamp>, DriverError> {
        let Some(key) = self.load_by_arn(arn, batch)? else {
            return self.stop_child(arn, error, cause, batch);
        };
        match self.take(key, Fact::Stopped { error, cause }, batch) {
            // It has ended already: then that is the answer.
            Ok(()) | Err(Refused::Illegal(_)) => {}
            Err(Refused::Driver(error)) => return Err(error),
            Err(Refused::Deferred) => return Err(DriverError::Deferred { key }),
        }
        Ok(self.residents.get(key).and_then(|loaded| loaded.execution.ended_at()))
    }

    /// The same for a child execution of a Map Run.
    fn stop_child(
        &mut self,
        arn: &str,
        error: Option<String>,
        cause: Option<String>,
        batch: &mut Batch,
    ) -> Result<Option<Timestamp>, DriverError> {
        let Some(child) = children::find(&self.connection, arn)? else {
            return Ok(None);
        };
        if !self.load(child.execution, batch)? {
            return Ok(None);
        }
        let stopped = Fact::ChildStopped {
            child: child.number,
            error,
            cause,
        };
        match self.take(child.execution, stopped, batch) {
            Ok(()) => Ok(children::find(&self.connection, arn)?.and_then(|child| child.stop)),
            // It has ended already: then that is the answer.
            Err(Refused::Illegal(_)) => Ok(child.stop),
            Err(Refused::Driver(error)) => Err(error),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key: child.execution }),
        }
    }

    /// RedriveExecution; answers when the execution goes on. The same client token again gets the same answer.
    fn redrive(
        &mut self,
        arn: &str,
        client_token: Option<String>,
        batch: &mut Batch,
    ) -> Result<Option<Timestamp>, RedriveError> {
        if let Some(token) = &client_token
            && let Some(at) = self.redriven_with(arn, token)?
        {
            return Ok(Some(at));
        }
        let Some(key) = self.load_by_arn(arn, batch)? else {
            return Ok(None);
        };
        match self.take(key, Fact::Redriven, batch) {
            Ok(()) => self.redriven(arn, key, client_token),
            Err(Refused::Illegal(illegal)) => Err(RedriveError::NotRedrivable {
                reason: illegal.to_string(),
            }),
            Err(Refused::Driver(error)) => Err(error.into()),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }.into()),
        }
    }

    /// The execution goes on: remembers by which client token.
    fn redriven(
        &mut self,
        arn: &str,
        key: u64,
        client_token: Option<String>,
    ) -> Result<Option<Timestamp>, RedriveError> {
        let at = self.residents.get(key).map_or(self.now, |loaded| loaded.last_at);
        if let Some(token) = client_token {
            store::put(&self.connection, REDRIVE_TOKENS, arn, &json!([token, at]))?;
        }
        Ok(Some(at))
    }

    /// UpdateMapRun; answers whether the run was at work.
    fn update_map_run(
        &mut self,
        arn: &str,
        update: MapRunUpdate,
        batch: &mut Batch,
    ) -> Result<Option<bool>, DriverError> {
        let Some((key, _)) = children::run(&self.connection, arn)? else {
            return Ok(None);
        };
        if !self.load(key, batch)? {
            return Ok(None);
        }
        let arn = arn.into();
        match self.take(key, Fact::MapRunUpdated { arn, update }, batch) {
            Ok(()) => Ok(Some(true)),
            Err(Refused::Illegal(_)) => Ok(Some(false)),
            Err(Refused::Driver(error)) => Err(error),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }),
        }
    }

    /// When the execution was last redriven, if with this client token and not long ago.
    fn redriven_with(&self, arn: &str, token: &str) -> Result<Option<Timestamp>, DriverError> {
        let last = store::get(&self.connection, REDRIVE_TOKENS, arn)?.unwrap_or_default();
        let at = last[1].as_i64().filter(|at| self.now - at < CLIENT_TOKEN_LIFE);
        Ok(at.filter(|_| last[0].as_str() == Some(token)))
    }

    fn load_by_arn(&mut self, arn: &str, batch: &mut Batch) -> Result<Option<u64>, DriverError> {
        let Some(key) = executions::key_of(&self.connection, arn)? else {
            return Ok(None);
        };
        Ok(self.load(key, batch)?.then_some(key))
    }

    fn token_answered(&mut self, token: &str, answer: TokenAnswer, batch: &mut Batch) -> Result<(), TokenError> {
        let (key, _) = token::parse(token).ok_or(TokenError::Invalid)?;
        // Keys beyond SQLite's integers were never given out.
        if i64::try_from(key).is_err() || !self.load(key, batch)? {
            return Err(TokenError::DoesNotExist);
        }
        self.settle_deadline(key, batch);
        let known = self
            .residents
            .get(key)
            .and_then(|loaded| loaded.execution.attempt_of_token(token));
        let attempt = match known {
            None => return Err(TokenError::DoesNotExist),
            Some((_, AttemptStatus::Closed)) => return Err(TokenError::TimedOut),
            Some((attempt, AttemptStatus::Open)) => attempt,
        };
        let counts = |loaded: &Loaded| loaded.execution.has_heartbeat_deadline(attempt);
        if matches!(answer, TokenAnswer::Heartbeat) && !self.residents.get(key).is_some_and(counts) {
            // It is taken note of by nobody: then it need not lie in the log either.
            return Ok(());
        }
        let fact = match answer {
            TokenAnswer::Succeeded(output) => Fact::TaskSucceeded {
                attempt,
                output: Arc::new(output),
            },
            TokenAnswer::Failed { error, cause } => Fact::TaskFailed { attempt, error, cause },
            TokenAnswer::Heartbeat => Fact::Heartbeat { attempt },
        };
        match self.take(key, fact, batch) {
            Ok(()) => Ok(()),
            Err(Refused::Illegal(IllegalFact::WrongStage { .. })) => Err(TokenError::Invalid),
            Err(Refused::Illegal(_)) => Err(TokenError::TimedOut),
            Err(Refused::Driver(error)) => Err(error.into()),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }.into()),
        }
    }

    /// Gives an activity's task to a worker, if it is still to be had.
    fn claim(
        &mut self,
        key: u64,
        attempt: AttemptId,
        worker: Option<String>,
        batch: &mut Batch,
    ) -> Result<Option<ScheduledTask>, DriverError> {
        if !self.load(key, batch)? {
            return Ok(None);
        }
        let task = self
            .residents
            .get(key)
            .and_then(|loaded| loaded.execution.open_task(attempt))
            .cloned();
        match self.take(key, Fact::ActivityStarted { attempt, worker }, batch) {
            Ok(()) => Ok(task),
            Err(Refused::Illegal(_)) => Ok(None),
            Err(Refused::Driver(error)) => Err(error),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }),
        }
    }

    /// Answers when the execution has ended, which may be now.
    fn wait_for_end(&mut self, arn: &str, reply: Responder<Option<ExecutionRecord>>, batch: &mut Batch) {
        let found = executions::key_of(&self.connection, arn)
            .and_then(|key| key.map_or(Ok(None), |key| executions::record(&self.connection, key)));
        let record = match found {
            Ok(Some(record)) => record,
            other => return batch.reply(reply, other),
        };
        // The row tells how it stood before this round; if it ends in this round, the waiter is told with the others.
        if record.status != Status::Running {
            return batch.reply(reply, Ok(Some(record)));
        }
        if self.waiters.len() >= self.sweep_at {
            self.waiters.retain(|_, waiting| {
                waiting.retain(|reply| !reply.is_closed());
                !waiting.is_empty()
            });
            self.sweep_at = 64.max(2 * self.waiters.len());
        }
        let waiting = self.waiters.entry(record.identity.key).or_default();
        waiting.retain(|reply| !reply.is_closed());
        waiting.push(reply);
        batch.touched.insert(record.identity.key);
    }

    fn put_machine(&mut self, record: &MachineRecord, if_absent: bool) -> Result<PutMachine, DriverError> {
        self.current.remove(&record.arn);
        machines::put(&self.connection, record, if_absent)
    }

    /// The clock itself moves once the journal knows by how much.
    fn advance_clock(&mut self, by: Duration, batch: &mut Batch) -> Result<Timestamp, DriverError> {
        let (kind, key) = ADVANCED;
        let before = store::get(&self.connection, kind, key)?
            .and_then(|value| value.as_i64())
            .unwrap_or(0);
        store::put(&self.connection, kind, key, &json!(before.saturating_add(millis(by))))?;
        batch.advance = batch.advance.saturating_add(by);
        // what follows in this round happens after the jump, which calls in flight do not feel
        self.now = self.now.saturating_add(millis(by));
        self.restart_all_timeouts(batch);
        Ok(self.config.clock.now().saturating_add(millis(batch.advance)))
    }

    /// Sends the calls again that an earlier process left open, of some executions from behind `after`. Answers with
    /// the last of them, if there may be more.
    fn resume(&mut self, after: u64, batch: &mut Batch) -> Result<(Resumed, Option<u64>), DriverError> {
        let mut resumed = Resumed::default();
        let keys = executions::in_flight(&self.connection, after, GROUP)?;
        let next = (keys.len() == GROUP).then(|| keys.last().copied()).flatten();
        for key in keys {
            match self.load(key, batch) {
                Ok(_) => {}
                Err(error @ DriverError::Journal { .. }) => return Err(error),
                Err(error) => {
                    self.set_aside(key, &error, batch);
                    resumed.unreadable += 1;
                    continue;
                }
            }
            if self.has_waiting_calls(key) {
                self.restart_timeouts(key, batch);
            }
            let Some(loaded) = self.residents.get_mut(key) else {
                continue;
            };
            let orphans = std::mem::take(&mut loaded.orphans);
            let mut tasks = loaded.execution.open_tasks();
            tasks.retain(|task| orphans.contains(&task.attempt));
            if tasks.is_empty() {
                continue;
            }
            let identity = loaded.execution.identity().clone();
            resumed.executions += 1;
            resumed.tasks += tasks.len() as u64;
            batch.effects.extend(
                tasks
                    .into_iter()
                    .map(|task| (identity.clone(), Effect::Run(Box::new(task)))),
            );
        }
        batch.resumed = next.is_none();
        if batch.resumed {
            self.catch_up_on_jobs(batch)?;
        }
        Ok((resumed, next))
    }
}

/// The execution about which somebody else decides first.
pub(super) fn deferred<T, E: Failure>(result: &Result<T, E>) -> Option<u64> {
    match result.as_ref().err()?.driver()? {
        DriverError::Deferred { key } => Some(*key),
        _ => None,
    }
}
