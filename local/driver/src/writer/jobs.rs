//! Executions that are the jobs of other executions' tasks: `startExecution.sync`.
//!
//! Who waits for whom lies in the store, in rows that go with the answer. The end of a job and the answer to the task that
//! waits for it are one commit, unless what follows from the answer is offloaded: that comes later, and until then
//! the row is the note that an answer is due. A restart catches up on the rows of jobs that have ended.

use std::sync::Arc;

use serde_json::{Value, json};
use sluice_engine::{AttemptId, Effect, Fact, Identity, Status};

use super::batch::{Batch, JobWork, RunnerResult};
use super::child_start::ChildStart;
use super::job_rows::{AWAITED, AWAITS, UNWANTED, Waiter, awaited_key, parse, waiter_key};
use super::refused::Refused;
use super::results::{fact_of, job_of};
use super::start::{Plan, PlannedExecution};
use super::state::{DecisionEnd, Writer};
use crate::journal::{executions, store};
use crate::request::{Call, StartForTask};
use crate::shared::Counters;
use crate::{DriverError, StartError, Started, fold};

/// An execution that is to be started together with the answer to a task.
enum ToStart {
    /// It runs already.
    Nothing,
    /// It is to be decided about.
    Planned(Box<PlannedExecution>),
    /// It has been decided about elsewhere.
    Decided(u64),
}

impl Writer {
    /// Starts an execution for a task that somebody waits for, and answers the task.
    pub(super) fn start_for_task(&mut self, call: Call<StartForTask, (), StartError>, batch: &mut Batch) {
        let Call { arguments, reply } = call;
        let StartForTask {
            request,
            key,
            attempt,
            result,
        } = arguments;
        let waiter = (key, attempt);
        let planned = match self.load(waiter.0, batch) {
            Ok(true) if self.is_open(waiter) => self.plan(*request).map(Some),
            Ok(_) => Ok(None),
            Err(error) => Err(error.into()),
        };
        match planned {
            Ok(Some(Plan::Start(planned))) if planned.is_costly() => {
                let key = planned.key();
                let child = ChildStart { waiter, result, reply };
                match self.begin(*planned, batch) {
                    Err(DriverError::Deferred { .. }) => {
                        self.children_to_start.insert(key, child);
                    }
                    Ok(started) => self.child_started(Ok(started), child, batch),
                    Err(error) => self.child_started(Err(error), child, batch),
                }
            }
            Ok(Some(Plan::Start(planned))) => {
                let child = ChildStart { waiter, result, reply };
                if let Some(name) = planned.name() {
                    self.starting.insert(name, planned.key());
                }
                self.answer_first(planned.started(), child, ToStart::Planned(planned), batch);
            }
            Ok(Some(Plan::Runs(started))) => {
                let child = ChildStart { waiter, result, reply };
                self.answer_first(started, child, ToStart::Nothing, batch);
            }
            Ok(None) => {
                Counters::add(&self.shared.counters.stale_answers, 1);
                batch.reply(reply, Ok(()));
            }
            Err(error) => batch.reply(reply, Err(error)),
        }
    }

    /// The start of an execution for a task has been decided by the evaluation pool; it is not part of the round yet.
    pub(super) fn child_decided(&mut self, key: u64, child: ChildStart, batch: &mut Batch) {
        let (parent, _) = child.waiter;
        let started = self.started_offloaded(key);
        // the parent may be busy with something else: then the child waits for it
        if self.is_offloaded(parent) {
            self.children_to_start.insert(key, child);
            self.wait_for(parent, key);
            return;
        }
        let there = matches!(self.load(parent, batch), Ok(true)) && self.is_open(child.waiter);
        match started {
            Some(started) if there => self.answer_first(started, child, ToStart::Decided(key), batch),
            _ => {
                self.release(key, DecisionEnd::Superseded, batch);
                batch.reply(child.reply, Ok(()));
            }
        }
    }

    /// Answers the task with what has been started, and starts it, in one round: whichever of both is offloaded is
    /// decided before anything is written.
    fn answer_first(&mut self, started: Started, child: ChildStart, start: ToStart, batch: &mut Batch) {
        let ChildStart { waiter, result, reply } = child;
        let (key, attempt) = waiter;
        let result = (result.0)(&started);
        let job = job_of(&result);
        let fact = fact_of(attempt, result);
        self.apply_due_deadline(key, batch);
        let late = self.is_offloaded(key) || !self.is_open(waiter);
        if late {
            // the time of the task is over: nothing is started for it
            self.forget_start(&start, batch);
            return batch.reply(reply, Ok(()));
        }
        if !self.must_offload(key, &fact) {
            let begun = self.begin_child(start, batch);
            if begun.is_ok() {
                // Not among the batch's answers: if the commit fails, the caller hears of it and has nothing started.
                let answer = RunnerResult {
                    key,
                    attempt,
                    fact,
                    job: None,
                    ended: None,
                };
                self.append_result(answer, batch);
            }
            let done = begun.and_then(|()| self.await_child(waiter, job.as_deref(), batch));
            return batch.reply(reply, done);
        }
        match self.append(key, fact, batch) {
            Err(Refused::Deferred) => self.then(key, move |writer, came, batch| {
                let done = match came {
                    DecisionEnd::Applied => writer
                        .begin_child(start, batch)
                        .and_then(|()| writer.await_child(waiter, job.as_deref(), batch)),
                    DecisionEnd::Superseded => {
                        writer.forget_start(&start, batch);
                        Ok(())
                    }
                    DecisionEnd::Failed(error) => {
                        writer.forget_start(&start, batch);
                        Err(error.into())
                    }
                };
                batch.reply(reply, done);
            }),
            refused => {
                self.forget_start(&start, batch);
                let done = match refused {
                    Err(Refused::Driver(error)) => Err(error.into()),
                    _ => Ok(()),
                };
                batch.reply(reply, done);
            }
        }
    }

    fn begin_child(&mut self, start: ToStart, batch: &mut Batch) -> Result<(), StartError> {
        match start {
            ToStart::Nothing => Ok(()),
            ToStart::Planned(planned) => {
                self.starting.retain(|_, starting| *starting != planned.key());
                match self.begin(*planned, batch) {
                    // it is started a little later
                    Ok(_) | Err(DriverError::Deferred { .. }) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            ToStart::Decided(key) => {
                self.install(key, batch);
                Ok(())
            }
        }
    }

    fn forget_start(&mut self, start: &ToStart, batch: &mut Batch) {
        match start {
            ToStart::Nothing => {}
            ToStart::Planned(planned) => self.starting.retain(|_, starting| *starting != planned.key()),
            ToStart::Decided(key) => self.release(*key, DecisionEnd::Superseded, batch),
        }
    }

    fn await_child(&mut self, (key, attempt): Waiter, job: Option<&str>, batch: &mut Batch) -> Result<(), StartError> {
        match job {
            Some(job) => Ok(self.await_job(key, attempt, job, batch)?),
            None => Ok(()),
        }
    }

    /// The start of an execution for a task came to an end at once.
    fn child_started(&mut self, started: Result<Started, DriverError>, child: ChildStart, batch: &mut Batch) {
        match started {
            Ok(started) => self.answer_first(started, child, ToStart::Nothing, batch),
            Err(error) => batch.reply(child.reply, Err(error.into())),
        }
    }

    fn is_open(&self, (key, attempt): Waiter) -> bool {
        let loaded = self.cache.get(key);
        loaded.is_some_and(|loaded| loaded.execution.open_task(attempt).is_some())
    }

    /// The attempt's result is the end of the execution with this ARN, which may have come already.
    pub(super) fn await_job(
        &mut self,
        key: u64,
        attempt: AttemptId,
        arn: &str,
        batch: &mut Batch,
    ) -> Result<(), DriverError> {
        if !self.is_open((key, attempt)) {
            return Ok(());
        }
        let found = executions::key_of(&self.database.connection, arn)?;
        let Some(job) = found.filter(|job| *job != key) else {
            let failed = Fact::TaskFailed {
                attempt,
                error: Some("States.TaskFailed".to_owned()),
                cause: Some(format!("The execution {arn} that the task waits for does not exist.")),
            };
            let answer = RunnerResult {
                key,
                attempt,
                fact: failed,
                job: None,
                ended: None,
            };
            self.append_result(answer, batch);
            return Ok(());
        };
        let waiter = (key, attempt);
        store::put(
            &self.database.connection,
            AWAITED,
            &awaited_key(job, waiter),
            &Value::Null,
        )?;
        store::put(&self.database.connection, AWAITS, &waiter_key(waiter), &json!(job))?;
        self.jobs.insert(job);
        batch.jobs_finished.retain(|settled| *settled != job);
        self.load(job, batch)?;
        let over = |writer: &Self| Some(writer.cache.get(job)?.execution.status() != Status::Running);
        if over(self) == Some(true) {
            batch.jobs.push_back(JobWork::Ended(job));
        }
        Ok(())
    }

    /// Takes note of what the effects of a fact mean for jobs.
    pub(super) fn note_jobs(
        &mut self,
        identity: &Arc<Identity>,
        effects: &[Effect],
        batch: &mut Batch,
    ) -> Result<(), DriverError> {
        if self.jobs.is_empty() {
            return Ok(());
        }
        for effect in effects {
            match effect {
                Effect::Run(_) => {}
                Effect::Finish(_) if self.jobs.contains(&identity.key) => {
                    batch.jobs.push_back(JobWork::Ended(identity.key));
                }
                Effect::Finish(_) => {}
                Effect::Abandon(attempt) => {
                    let waiter = (identity.key, *attempt);
                    let awaits = store::get(&self.database.connection, AWAITS, &waiter_key(waiter))?;
                    if let Some(job) = awaits.and_then(|job| job.as_u64()) {
                        self.forget(job, waiter, batch)?;
                        batch.jobs.push_back(JobWork::Unwanted(job));
                    }
                }
            }
        }
        Ok(())
    }

    /// Does what the facts so far mean for jobs, and what follows from that.
    pub(super) fn finish_jobs(&mut self, batch: &mut Batch) {
        while batch.failed.is_none()
            && let Some(work) = batch.jobs.pop_front()
        {
            let (job, settled) = match work {
                JobWork::Ended(job) => (job, self.job_ended(job, batch)),
                JobWork::Unwanted(job) => (job, self.job_unwanted(job, batch)),
            };
            if let Err(error) = settled {
                self.report(job, &error, batch);
            }
        }
    }

    fn job_ended(&mut self, job: u64, batch: &mut Batch) -> Result<(), DriverError> {
        self.write_row(job)?;
        let Some(record) = executions::record(&self.database.connection, job)? else {
            return Ok(());
        };
        for key in store::keys(&self.database.connection, AWAITED, &format!("{job:020}/"))? {
            let Some((_, waiter)) = parse(&key) else { continue };
            let (execution, attempt) = waiter;
            match self.load(execution, batch) {
                Ok(_) => {}
                Err(error @ DriverError::Journal { .. }) => return Err(error),
                // those beside it get their answers
                Err(error) => self.set_aside(execution, &error, batch),
            }
            let waiting = self.cache.get(execution);
            let Some(task) = waiting.and_then(|loaded| loaded.execution.open_task(attempt)).cloned() else {
                self.forget(job, waiter, batch)?;
                continue;
            };
            let answer = fold::guarded(job, || self.runner.job_ended(&task, &record))?;
            let answer = RunnerResult {
                key: execution,
                attempt,
                fact: fact_of(attempt, answer),
                job: None,
                ended: Some(job),
            };
            self.append_result(answer, batch);
        }
        Ok(())
    }

    /// The task that waited was given up, so its job is stopped, unless another waits for it too.
    fn job_unwanted(&mut self, job: u64, batch: &mut Batch) -> Result<(), DriverError> {
        if self.is_awaited(job)? || self.set_aside.contains_key(&job) || !self.load(job, batch)? {
            store::remove(&self.database.connection, UNWANTED, &format!("{job:020}"))?;
            return Ok(());
        }
        let stopped = Fact::Stopped {
            error: None,
            cause: None,
        };
        self.supersede(job, batch);
        match self.append(job, stopped, batch) {
            // Illegal: it has ended by itself.
            Ok(()) | Err(Refused::Illegal(_)) => {
                store::remove(&self.database.connection, UNWANTED, &format!("{job:020}"))?;
                Ok(())
            }
            Err(Refused::Deferred) => self.stop_later(job),
            Err(Refused::Driver(error)) => Err(error),
        }
    }

    /// The stop of a job is offloaded; a restart does not forget it.
    fn stop_later(&mut self, job: u64) -> Result<(), DriverError> {
        let key = format!("{job:020}");
        store::put(&self.database.connection, UNWANTED, &key, &Value::Null)?;
        self.then(job, move |writer, came, batch| {
            if !matches!(came, DecisionEnd::Failed(_))
                && let Err(error) = store::remove(&writer.database.connection, UNWANTED, &key)
            {
                batch.note(Some(&error));
            }
        });
        Ok(())
    }

    /// Does what an earlier process left undone because the evaluation pool was deciding it.
    pub(super) fn catch_up_on_jobs(&self, batch: &mut Batch) -> Result<(), DriverError> {
        let mut awaited: Vec<u64> = self.jobs.iter().copied().collect();
        awaited.sort_unstable();
        for job in awaited {
            if executions::has_ended(&self.database.connection, job)? {
                batch.jobs.push_back(JobWork::Ended(job));
            }
        }
        let unwanted = store::keys(&self.database.connection, UNWANTED, "")?;
        let unwanted = unwanted.iter().filter_map(|key| key.parse().ok());
        batch.jobs.extend(unwanted.map(JobWork::Unwanted));
        Ok(())
    }

    /// Returns true if an answer that was kept is not to be taken: it is the end of a job, and the round in which that ended did
    /// not happen, or the job was redriven since. It comes again when the job ends.
    pub(super) fn is_premature(&self, answer: &RunnerResult) -> Result<bool, DriverError> {
        match answer.ended {
            Some(job) => Ok(!executions::has_ended(&self.database.connection, job)?),
            None => Ok(false),
        }
    }

    fn is_awaited(&self, job: u64) -> Result<bool, DriverError> {
        store::any(&self.database.connection, AWAITED, &format!("{job:020}/"))
    }

    /// The task waits for the job no longer.
    pub(super) fn forget(&self, job: u64, waiter: Waiter, batch: &mut Batch) -> Result<(), DriverError> {
        store::remove(&self.database.connection, AWAITED, &awaited_key(job, waiter))?;
        store::remove(&self.database.connection, AWAITS, &waiter_key(waiter))?;
        if !self.is_awaited(job)? {
            batch.jobs_finished.push(job);
        }
        Ok(())
    }
}
