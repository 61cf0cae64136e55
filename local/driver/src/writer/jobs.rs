//! Executions that are the jobs of other executions' tasks: `startExecution.sync`.
//!
//! Who waits for whom lies in the store. The end of a job and the answer to the task that waits for it are one commit,
//! so that neither can be without the other, and a restart has nothing to catch up on.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value, json};
use sluice_engine::{AttemptId, Effect, Fact, Identity, Status};

use super::Writer;
use super::batch::{Batch, JobWork};
use super::request::ChildAnswer;
use super::take::{Refused, fact_of};
use crate::journal::{executions, store};
use crate::{Answer, DriverError, StartError, StartExecution, fold};

/// Who waits for a job: `JOB/EXECUTION/ATTEMPT`.
const AWAITED: &str = "job";

/// What a task waits for: the job's number under `EXECUTION/ATTEMPT`.
const AWAITS: &str = "job of";

/// A task of an execution.
type Waiter = (u64, AttemptId);

fn waiter_key((execution, attempt): Waiter) -> String {
    format!("{execution:020}/{:020}", attempt.0)
}

fn awaited_key(job: u64, waiter: Waiter) -> String {
    format!("{job:020}/{}", waiter_key(waiter))
}

/// The job and the one who waits for it.
fn parse(key: &str) -> Option<(u64, Waiter)> {
    let mut numbers = key.split('/').map(|part| part.parse().ok());
    Some((numbers.next()??, (numbers.next()??, AttemptId(numbers.next()??))))
}

/// The executions that somebody waits for.
pub(super) fn awaited(connection: &Connection) -> Result<HashSet<u64>, DriverError> {
    let keys = store::keys(connection, AWAITED, "")?;
    Ok(keys.iter().filter_map(|key| parse(key)).map(|(job, _)| job).collect())
}

/// The execution whose end is the result.
pub(super) fn job_of(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Job { execution, .. } => Some(execution.clone()),
        Answer::Succeeded(_) | Answer::Failed { .. } | Answer::Submitted(_) => None,
    }
}

impl Writer {
    /// Starts an execution for a task that somebody waits for, and answers the task.
    pub(super) fn start_child(
        &mut self,
        request: StartExecution,
        (key, attempt): Waiter,
        answer: ChildAnswer,
        batch: &mut Batch,
    ) -> Result<(), StartError> {
        if !self.load(key, batch)? || !self.is_open((key, attempt)) {
            self.stale(key, attempt);
            return Ok(());
        }
        let started = self.start(request, batch)?;
        let answer = (answer.0)(&started);
        let job = job_of(&answer);
        // Not among the batch's answers: if the commit fails, the caller hears of it and has nothing started.
        self.take_answer(key, attempt, fact_of(attempt, answer), batch);
        match job {
            Some(job) => Ok(self.await_job(key, attempt, &job, batch)?),
            None => Ok(()),
        }
    }

    fn is_open(&self, (key, attempt): Waiter) -> bool {
        let loaded = self.residents.get(key);
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
        let found = executions::key_of(&self.connection, arn)?;
        let Some(job) = found.filter(|job| *job != key) else {
            let failed = Fact::TaskFailed {
                attempt,
                error: Some("States.TaskFailed".to_owned()),
                cause: Some(format!("The execution {arn} that the task waits for does not exist.")),
            };
            self.take_answer(key, attempt, failed, batch);
            return Ok(());
        };
        let waiter = (key, attempt);
        store::put(&self.connection, AWAITED, &awaited_key(job, waiter), &Value::Null)?;
        store::put(&self.connection, AWAITS, &waiter_key(waiter), &json!(job))?;
        self.jobs.insert(job);
        self.load(job, batch)?;
        let over = |writer: &Self| Some(writer.residents.get(job)?.execution.status() != Status::Running);
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
                    let awaits = store::get(&self.connection, AWAITS, &waiter_key(waiter))?;
                    if let Some(job) = awaits.and_then(|job| job.as_u64()) {
                        self.forget(job, waiter)?;
                        batch.jobs.push_back(JobWork::Unwanted(job));
                    }
                }
            }
        }
        Ok(())
    }

    /// Does what the facts so far mean for jobs, and what follows from that.
    pub(super) fn settle_jobs(&mut self, batch: &mut Batch) {
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
        let Some(record) = executions::record(&self.connection, job)? else {
            return Ok(());
        };
        for key in store::keys(&self.connection, AWAITED, &format!("{job:020}/"))? {
            let Some((_, waiter)) = parse(&key) else { continue };
            self.forget(job, waiter)?;
            let (execution, attempt) = waiter;
            if !self.load(execution, batch)? {
                continue;
            }
            let waiting = self.residents.get(execution);
            let Some(task) = waiting.and_then(|loaded| loaded.execution.open_task(attempt)).cloned() else {
                continue;
            };
            let answer = fold::guarded(job, || self.runner.job_ended(&task, &record))?;
            self.take_answer(execution, attempt, fact_of(attempt, answer), batch);
        }
        batch.jobs_settled.push(job);
        Ok(())
    }

    /// The task that waited was given up, so its job is stopped, unless another waits for it too.
    fn job_unwanted(&mut self, job: u64, batch: &mut Batch) -> Result<(), DriverError> {
        if !store::keys(&self.connection, AWAITED, &format!("{job:020}/"))?.is_empty() {
            return Ok(());
        }
        batch.jobs_settled.push(job);
        if !self.load(job, batch)? {
            return Ok(());
        }
        let stopped = Fact::Stopped {
            error: None,
            cause: None,
        };
        match self.take(job, stopped, batch) {
            // Illegal: it has ended by itself.
            Ok(()) | Err(Refused::Illegal(_)) => Ok(()),
            Err(Refused::Driver(error)) => Err(error),
        }
    }

    fn forget(&self, job: u64, waiter: Waiter) -> Result<(), DriverError> {
        store::remove(&self.connection, AWAITED, &awaited_key(job, waiter))?;
        store::remove(&self.connection, AWAITS, &waiter_key(waiter))?;
        Ok(())
    }
}
