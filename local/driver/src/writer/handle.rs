//! One method for each kind of request.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sluice_engine::execution::AttemptStatus;
use sluice_engine::{AttemptId, Effect, Fact, IllegalFact, MapRunUpdate, ScheduledTask, Status, Timestamp, token};

use super::batch::{Batch, RunnerResult};
use super::execution_cache::Loaded;
use super::refused::{Refused, deferred};
use super::results::{fact_of, job_of};
use super::state::{GROUP, Writer};
use crate::clock::{ADVANCED, millis};
use crate::journal::{children, executions, machines, store};
use crate::request::{Call, PutMachine, PutValue, RemoveBelow, Request, Responder, StoreRequest, TokenUse};
use crate::{
    ClaimTask, DriverError, ExecutionRecord, PutMachineResult, RedriveError, RedriveExecution, Resumed, StartError,
    StartExecution, Started, StopExecution, TaskResult, TokenError,
};

/// The client token of an execution's last redrive, and when that was, by the execution's ARN.
pub(super) const REDRIVE_TOKENS: &str = "redrive-token";

/// The time for which RedriveExecution's `clientToken` makes a repeated request the same one, in milliseconds.
const CLIENT_TOKEN_LIFE: i64 = 15 * 60 * 1000;

impl Writer {
    /// Applies one request to the open transaction.
    pub(super) fn handle(&mut self, request: Request, batch: &mut Batch) {
        match request {
            Request::Start(call) => self.handle_start(call, batch),
            Request::StartForTask(call) => self.start_for_task(call, batch),
            Request::Decided { key, ticket, decision } => self.decided(key, ticket, decision, batch),
            Request::StartDecided { key } => {
                if let Some(child) = self.children_to_start.remove(&key) {
                    self.child_decided(key, child, batch);
                }
            }
            Request::Stop(call) => self.handle_stop(call, batch),
            Request::Redrive(call) => self.handle_redrive(call, batch),
            Request::UpdateMapRun(call) => {
                let (arn, update) = call.arguments;
                let updated = self.update_map_run(&arn, update, batch);
                self.answer(call.reply, updated, batch, |_| Ok(Some(true)), || Ok(Some(false)));
            }
            Request::Answered { key, attempt, result } => self.handle_result(key, attempt, result, batch),
            Request::Token(call) => {
                let (token, action) = call.arguments;
                let used = self.use_token(&token, action, batch);
                self.answer(call.reply, used, batch, |_| Ok(()), || Err(TokenError::TimedOut));
            }
            // Whoever asked has gone away: the task is for somebody else.
            Request::ClaimTask(call) if call.reply.is_closed() => {}
            Request::ClaimTask(call) => {
                let claimed = self.claim(call.arguments, batch);
                batch.reply(call.reply, claimed);
            }
            Request::WaitForEnd(call) => self.wait_for_end(&call.arguments, call.reply, batch),
            Request::PutMachine(call) => {
                let put = self.put_machine(&call.arguments);
                batch.reply(call.reply, put);
            }
            Request::DeleteMachine(call) => {
                self.current.remove(&call.arguments);
                batch.reply(call.reply, machines::delete(&self.database.connection, &call.arguments));
            }
            Request::PublishVersion(call) => {
                let published = self.publish(&call.arguments);
                batch.reply(call.reply, published);
            }
            Request::DeleteVersion(call) => {
                let (machine_arn, number) = &call.arguments;
                let deleted = self.delete_version(machine_arn, *number);
                batch.reply(call.reply, deleted);
            }
            Request::CreateAlias(call) => {
                let created = self.create_alias(call.arguments);
                batch.reply(call.reply, created);
            }
            Request::UpdateAlias(call) => {
                let updated = self.update_alias(call.arguments);
                batch.reply(call.reply, updated);
            }
            Request::DeleteAlias(call) => {
                let (machine_arn, name) = &call.arguments;
                let deleted = self.delete_alias(machine_arn, name);
                batch.reply(call.reply, deleted);
            }
            Request::AdvanceClock(call) => {
                let advanced = self.advance_clock(call.arguments, batch);
                batch.reply(call.reply, advanced);
            }
            Request::Resume(call) => {
                let resumed = self.resume(call.arguments, batch);
                batch.reply(call.reply, resumed);
            }
            Request::Ping(call) => {
                // whoever has stopped waiting needs no answer; nothing has changed, so there is nothing to commit
                let _ = call.reply.send(Ok(()));
            }
            Request::WaitForRest(call) => self.rest_waiters.push(call.reply),
            Request::Store(request) => self.handle_store(request, batch),
            Request::ClockChanged | Request::Shutdown => {}
            Request::Close => batch.close = true,
        }
    }

    /// Applies a request about the store to the open transaction.
    fn handle_store(&self, request: StoreRequest, batch: &mut Batch) {
        let connection = &self.database.connection;
        match request {
            StoreRequest::Put(call) => {
                let PutValue { kind, key, value } = call.arguments;
                batch.reply(call.reply, store::put(connection, kind, &key, &value));
            }
            StoreRequest::PutIfAbsent(call) => {
                let PutValue { kind, key, value } = call.arguments;
                batch.reply(call.reply, store::put_if_absent(connection, kind, &key, &value));
            }
            StoreRequest::Remove(call) => {
                let (kind, key) = call.arguments;
                batch.reply(call.reply, store::remove(connection, kind, &key));
            }
            StoreRequest::RemoveBelow(call) => {
                let RemoveBelow { kind, below, limit } = call.arguments;
                batch.reply(call.reply, store::remove_below(connection, kind, &below, limit));
            }
        }
    }

    fn handle_start(&mut self, call: Call<Box<StartExecution>, Started, StartError>, batch: &mut Batch) {
        let started = self.start(*call.arguments, batch);
        let (key, gone) = (deferred(&started), || Err(DriverError::Closed.into()));
        let done = move |writer: &mut Self| {
            key.and_then(|key| writer.started(key))
                .ok_or(DriverError::Closed.into())
        };
        self.answer(call.reply, started, batch, done, gone);
    }

    fn handle_stop(&mut self, call: Call<StopExecution, Option<Timestamp>>, batch: &mut Batch) {
        let StopExecution { arn, error, cause } = call.arguments;
        let stopped = self.stop(&arn, error, cause, batch);
        let when = move |writer: &mut Self| {
            let child = children::find(&writer.database.connection, &arn)?;
            Ok(child.and_then(|child| child.stop))
        };
        self.answer(call.reply, stopped, batch, when, || Ok(None));
    }

    fn handle_redrive(&mut self, call: Call<RedriveExecution, Option<Timestamp>, RedriveError>, batch: &mut Batch) {
        let RedriveExecution { arn, client_token } = call.arguments;
        let redriven = self.redrive(&arn, client_token.clone(), batch);
        let key = deferred(&redriven);
        let when = move |writer: &mut Self| writer.redriven(&arn, key.unwrap_or(0), client_token);
        self.answer(call.reply, redriven, batch, when, || Ok(None));
    }

    fn handle_result(&mut self, key: u64, attempt: AttemptId, result: TaskResult, batch: &mut Batch) {
        let job = job_of(&result);
        let answer = RunnerResult {
            key,
            attempt,
            fact: fact_of(attempt, result),
            job,
            ended: None,
        };
        self.runner_answered(answer, batch);
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
        match self.append(key, Fact::Stopped { error, cause }, batch) {
            // It has ended already: then that is the answer.
            Ok(()) | Err(Refused::Illegal(_)) => {}
            Err(Refused::Driver(error)) => return Err(error),
            Err(Refused::Deferred) => return Err(DriverError::Deferred { key }),
        }
        Ok(self.cache.get(key).and_then(|loaded| loaded.execution.ended_at()))
    }

    /// The same for a child execution of a Map Run.
    fn stop_child(
        &mut self,
        arn: &str,
        error: Option<String>,
        cause: Option<String>,
        batch: &mut Batch,
    ) -> Result<Option<Timestamp>, DriverError> {
        let Some(child) = children::find(&self.database.connection, arn)? else {
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
        match self.append(child.execution, stopped, batch) {
            Ok(()) => Ok(children::find(&self.database.connection, arn)?.and_then(|child| child.stop)),
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
        match self.append(key, Fact::Redriven, batch) {
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
        let at = self.cache.get(key).map_or(self.now, |loaded| loaded.last_at);
        if let Some(token) = client_token {
            store::put(&self.database.connection, REDRIVE_TOKENS, arn, &json!([token, at]))?;
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
        let Some((key, _)) = children::run(&self.database.connection, arn)? else {
            return Ok(None);
        };
        if !self.load(key, batch)? {
            return Ok(None);
        }
        let arn = arn.into();
        match self.append(key, Fact::MapRunUpdated { arn, update }, batch) {
            Ok(()) => Ok(Some(true)),
            Err(Refused::Illegal(_)) => Ok(Some(false)),
            Err(Refused::Driver(error)) => Err(error),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }),
        }
    }

    /// Returns the time at which the execution was last redriven, if with this client token and not long ago.
    fn redriven_with(&self, arn: &str, token: &str) -> Result<Option<Timestamp>, DriverError> {
        let last = store::get(&self.database.connection, REDRIVE_TOKENS, arn)?.unwrap_or_default();
        let at = last[1].as_i64().filter(|at| self.now - at < CLIENT_TOKEN_LIFE);
        Ok(at.filter(|_| last[0].as_str() == Some(token)))
    }

    fn load_by_arn(&mut self, arn: &str, batch: &mut Batch) -> Result<Option<u64>, DriverError> {
        let Some(key) = executions::key_of(&self.database.connection, arn)? else {
            return Ok(None);
        };
        Ok(self.load(key, batch)?.then_some(key))
    }

    fn use_token(&mut self, token: &str, action: TokenUse, batch: &mut Batch) -> Result<(), TokenError> {
        let (key, _) = token::parse(token).ok_or(TokenError::Invalid)?;
        // Keys beyond SQLite's integers were never given out.
        if i64::try_from(key).is_err() || !self.load(key, batch)? {
            return Err(TokenError::DoesNotExist);
        }
        self.apply_due_deadline(key, batch);
        let known = self
            .cache
            .get(key)
            .and_then(|loaded| loaded.execution.attempt_of_token(token));
        let attempt = match known {
            None => return Err(TokenError::DoesNotExist),
            Some((_, AttemptStatus::Closed)) => return Err(TokenError::TimedOut),
            Some((attempt, AttemptStatus::Open)) => attempt,
        };
        let counts = |loaded: &Loaded| loaded.execution.has_heartbeat_deadline(attempt);
        if matches!(action, TokenUse::Heartbeat) && !self.cache.get(key).is_some_and(counts) {
            // It is taken note of by nobody: then it need not lie in the log either.
            return Ok(());
        }
        let fact = match action {
            TokenUse::Succeed(output) => Fact::TaskSucceeded {
                attempt,
                output: Arc::new(output),
            },
            TokenUse::Fail { error, cause } => Fact::TaskFailed { attempt, error, cause },
            TokenUse::Heartbeat => Fact::Heartbeat { attempt },
        };
        match self.append(key, fact, batch) {
            Ok(()) => Ok(()),
            Err(Refused::Illegal(IllegalFact::WrongStage { .. })) => Err(TokenError::Invalid),
            Err(Refused::Illegal(_)) => Err(TokenError::TimedOut),
            Err(Refused::Driver(error)) => Err(error.into()),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }.into()),
        }
    }

    /// Gives an activity's task to a worker, if it is still to be had.
    fn claim(&mut self, claim: ClaimTask, batch: &mut Batch) -> Result<Option<ScheduledTask>, DriverError> {
        let ClaimTask { key, attempt, worker } = claim;
        if !self.load(key, batch)? {
            return Ok(None);
        }
        let task = self
            .cache
            .get(key)
            .and_then(|loaded| loaded.execution.open_task(attempt))
            .cloned();
        match self.append(key, Fact::ActivityStarted { attempt, worker }, batch) {
            Ok(()) => Ok(task),
            Err(Refused::Illegal(_)) => Ok(None),
            Err(Refused::Driver(error)) => Err(error),
            Err(Refused::Deferred) => Err(DriverError::Deferred { key }),
        }
    }

    /// Answers when the execution has ended, which may be now.
    fn wait_for_end(&mut self, arn: &str, reply: Responder<Option<ExecutionRecord>>, batch: &mut Batch) {
        let found = executions::key_of(&self.database.connection, arn)
            .and_then(|key| key.map_or(Ok(None), |key| executions::record(&self.database.connection, key)));
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

    fn put_machine(&mut self, put: &PutMachine) -> Result<PutMachineResult, DriverError> {
        self.current.remove(&put.record.arn);
        machines::put(&self.database.connection, &put.record, put.if_absent)
    }

    /// The clock itself moves once the journal knows by how much.
    fn advance_clock(&mut self, by: Duration, batch: &mut Batch) -> Result<Timestamp, DriverError> {
        let (kind, key) = ADVANCED;
        let before = store::get(&self.database.connection, kind, key)?
            .and_then(|value| value.as_i64())
            .unwrap_or(0);
        store::put(
            &self.database.connection,
            kind,
            key,
            &json!(before.saturating_add(millis(by))),
        )?;
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
        let keys = executions::in_flight(&self.database.connection, after, GROUP)?;
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
            let Some(loaded) = self.cache.get_mut(key) else {
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
