//! Loading executions, and taking facts in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sluice_asl::StateMachine;
use sluice_asl::eval::StopSignal;
use sluice_engine::{Breakdown, Execution, Fact, Identity, IllegalFact, LogEntry};

use super::batch::{Batch, RunnerResult};
use super::execution_cache::{Loaded, Prepared};
use super::refused::Refused;
use super::state::{DecisionEnd, Writer};
use crate::crash_markers::{CrashMarker, Phase};
use crate::decided::Decided;
use crate::journal::{children, codec, executions, machines, store};
use crate::observations;
use crate::shared::Counters;
use crate::{ACTIVITY_KIND, DriverError, fold};

/// The longest that may be decided about one fact while all other executions wait. What takes longer is offloaded.
const MAX_TURN: Duration = Duration::from_millis(100);

/// The longest that a log may be folded while all other executions wait. What takes longer is set aside.
const MAX_FOLD: Duration = Duration::from_secs(10);

/// The most prepared revisions that are kept while nobody uses them.
const REVISIONS: usize = 64;

impl Writer {
    /// Folds an execution back into memory if it is not there. False: there is no such execution.
    pub(super) fn load(&mut self, key: u64, batch: &mut Batch) -> Result<bool, DriverError> {
        batch.touched.insert(key);
        if self.cache.contains(key) {
            return Ok(true);
        }
        if let Some(reason) = self.set_aside.get(&key) {
            return Err(DriverError::unreadable(key, reason.clone()));
        }
        let Some(head) = executions::head(&self.database.connection, key)? else {
            return Ok(false);
        };
        let prepared = self.prepared(head.revision)?;
        let entries = executions::entries(&self.database.connection, key)?;
        let (Ok(next_seq), Some(last)) = (u32::try_from(entries.len()), entries.last()) else {
            return Err(DriverError::unreadable(key, "its log is empty"));
        };
        let identity = Arc::new(executions::identity(key, head, &prepared.revision));
        let execution = self.folded(prepared.machine.clone(), identity, &entries)?;
        let projection = fold::project(&execution);
        let orphaned = projection.in_flight && !(self.resumed || batch.resumed);
        let mut loaded = Loaded::new(execution, prepared, next_seq, last.at, Some(projection));
        if orphaned {
            loaded.orphans = loaded.execution.open_tasks().iter().map(|task| task.attempt).collect();
        }
        self.cache.insert(key, loaded);
        Ok(true)
    }

    /// Folds a log into its execution, while all others wait.
    pub(super) fn folded(
        &self,
        machine: Arc<StateMachine>,
        identity: Arc<Identity>,
        entries: &[LogEntry],
    ) -> Result<Execution, DriverError> {
        let key = identity.key;
        let mark = CrashMarker {
            key,
            seq: u32::try_from(entries.len()).unwrap_or(u32::MAX),
            phase: Phase::Folding,
        };
        let _marked = self.shared.marks.mark(mark);
        let watch = self.watchdog.watch_over(MAX_FOLD, StopSignal::new(), Some(mark));
        let execution = fold::fold(
            machine,
            identity,
            entries,
            &self.shared.fold_evaluator(),
            Some(watch.stop()),
        );
        match watch.end().breakdown {
            Some(_) => Err(DriverError::unreadable(key, "its log takes too long to be read")),
            None => execution,
        }
    }

    /// Returns the revision that an execution runs, with its definition parsed.
    pub(super) fn prepared(&mut self, revision: i64) -> Result<Arc<Prepared>, DriverError> {
        if let Some(prepared) = self.revisions.get(&revision) {
            return Ok(prepared.clone());
        }
        let revision = machines::revision(&self.database.connection, revision)?;
        self.prepare(revision)
    }

    pub(super) fn prepare(&mut self, revision: machines::Revision) -> Result<Arc<Prepared>, DriverError> {
        let machine = self
            .shared
            .definition(&self.database.connection, revision.definition_id)?;
        if self.revisions.len() >= REVISIONS {
            self.revisions.clear();
        }
        let id = revision.id;
        let prepared = Arc::new(Prepared {
            revision,
            activities: machine.activities().into_iter().map(Arc::from).collect(),
            machine,
        });
        self.revisions.insert(id, prepared.clone());
        Ok(prepared)
    }

    /// Takes a fact about a loaded execution in, after what it has to know about activities.
    pub(super) fn append(&mut self, key: u64, fact: Fact, batch: &mut Batch) -> Result<(), Refused> {
        let missing = self.missing_activities(key, matches!(fact, Fact::Redriven))?;
        if self.must_offload(key, &fact) {
            return Err(self.offload(key, missing, fact, batch));
        }
        if let Some(arns) = missing {
            self.append_one(key, Fact::ActivitiesMissing { arns }, batch)?;
        }
        self.append_one(key, fact, batch)
    }

    /// The activities of the execution's definition that do not exist, if that is news to it. An execution that has
    /// ended hears of it only when it goes on.
    pub(super) fn missing_activities(
        &self,
        key: u64,
        redriven: bool,
    ) -> Result<Option<BTreeSet<Arc<str>>>, DriverError> {
        let goes_on = |loaded: &&Loaded| redriven || loaded.execution.outcome().is_none();
        let Some(loaded) = self.cache.get(key).filter(goes_on) else {
            return Ok(None);
        };
        let mut missing = BTreeSet::new();
        for arn in &loaded.prepared.activities {
            if !store::contains(&self.database.connection, ACTIVITY_KIND, arn)? {
                missing.insert(arn.clone());
            }
        }
        Ok((missing != *loaded.execution.missing_activities()).then_some(missing))
    }

    /// Applies a fact, and writes it into the open transaction.
    pub(super) fn append_one(&mut self, key: u64, fact: Fact, batch: &mut Batch) -> Result<(), Refused> {
        // First, since what cannot be written must not be applied.
        let body = codec::encode(&fact)?;
        let seed = (self.config.seed)();
        let Some(loaded) = self.cache.get_mut(key) else {
            return Err(DriverError::unreadable(key, "it is not in memory").into());
        };
        let entry = LogEntry {
            at: self.now.max(loaded.last_at),
            seed,
            fact,
        };
        self.events.clear();
        let at_stake = observations::at_stake(&loaded.execution, &entry);
        let mark = CrashMarker {
            key,
            seq: loaded.next_seq,
            phase: Phase::Deciding,
        };
        let marks = &self.shared.marks;
        let _marked = marks.is_wary().then(|| marks.mark(mark));
        let watch = self.watchdog.watch_over(MAX_TURN, StopSignal::new(), Some(mark));
        let execution = Arc::make_mut(&mut loaded.execution);
        let turn = fold::apply(execution, key, &entry, &mut self.events, watch.stop());
        let turn = match (turn, watch.end().breakdown) {
            (_, Some(_)) => return self.offload_after_all(key, entry.fact, batch),
            (Ok(turn), None) => turn.map_err(Refused::Illegal)?,
            (Err(panicked), None) => {
                tracing::error!(execution = key, error = %panicked, "the execution fails over a bug in the engine");
                return self.break_down(key, entry.fact, Breakdown::Internal, batch);
            }
        };
        let entered = match self.config.observer.wants_states() {
            true => observations::entered(&self.events),
            false => Vec::new(),
        };
        let decided = Decided {
            entry,
            turn,
            newest: self.events.pop(),
            at_stake,
            entered,
        };
        self.record(key, decided, &body, batch)
    }

    /// Writes a fact that has been decided into the open transaction.
    pub(super) fn record(&mut self, key: u64, decided: Decided, body: &str, batch: &mut Batch) -> Result<(), Refused> {
        let Decided {
            entry,
            turn,
            newest,
            at_stake,
            entered,
        } = decided;
        let Some(loaded) = self.cache.get_mut(key) else {
            return Err(DriverError::unreadable(key, "it is not in memory").into());
        };
        if matches!(entry.fact.without_evaluations(), Fact::Redriven) {
            // what it was born with does not say when
            loaded.start_record = None;
        }
        let seq = loaded.next_seq;
        loaded.next_seq += 1;
        loaded.last_at = entry.at;
        loaded.newest = newest.or(loaded.newest.take());
        loaded.bytes += body.len();
        let identity = loaded.execution.identity().clone();
        executions::append(&self.database.connection, key, seq, &entry, body)?;
        if !turn.map_runs.is_empty() {
            children::write(&self.database.connection, key, seq, &turn.map_runs, &turn.children)?;
            let reports = turn.map_runs.into_iter().map(|run| (run.arn.clone(), run));
            batch.map_runs.extend(reports);
        }
        observations::add(
            &loaded.execution,
            &entry,
            at_stake,
            entered,
            &turn.effects,
            &mut batch.observations,
        );
        batch.facts += 1;
        batch.touched.insert(key);
        self.note_jobs(&identity, &turn.effects, batch)?;
        batch
            .effects
            .extend(turn.effects.into_iter().map(|effect| (identity.clone(), effect)));
        Ok(())
    }

    /// The fact's decision takes too long for the engine's thread, and what it has done to the execution in memory is of no
    /// use: folds the log again, and lets others decide, from now on about all that comes for it.
    fn offload_after_all(&mut self, key: u64, fact: Fact, batch: &mut Batch) -> Result<(), Refused> {
        let mut missing = None;
        if matches!(fact, Fact::Started { .. })
            && let Some(loaded) = self.cache.get_mut(key).filter(|loaded| loaded.next_seq > 0)
        {
            // an execution without a start has no log
            missing = Some(loaded.execution.missing_activities().clone());
            loaded.next_seq = 0;
            executions::forget_log(&self.database.connection, key)?;
        }
        self.refold(key)?;
        if let Some(loaded) = self.cache.get_mut(key) {
            loaded.slow = true;
        }
        Err(self.offload(key, missing, fact, batch))
    }

    /// The fact's decision was given up, and what it has done to the execution in memory is of no use: folds the log
    /// again, and lets the execution fail.
    fn break_down(&mut self, key: u64, fact: Fact, breakdown: Breakdown, batch: &mut Batch) -> Result<(), Refused> {
        tracing::warn!(
            execution = key,
            ?breakdown,
            "an execution is stopped: it could not be decided about"
        );
        self.refold(key)?;
        let fact = Box::new(fact);
        self.append_one(key, Fact::BrokeDown { fact, breakdown }, batch)
    }

    /// Takes the answer of the runner in. It is never lost: what cannot be kept becomes a failure of the attempt.
    pub(super) fn runner_answered(&mut self, answer: RunnerResult, batch: &mut Batch) {
        if self.is_offloaded(answer.key) {
            return self.hold_answer(answer);
        }
        let (key, attempt, job) = (answer.key, answer.attempt, answer.job.clone());
        batch.results.push(answer.clone());
        self.append_result(answer, batch);
        if let Some(job) = job
            && !self.is_offloaded(key)
            && let Err(error) = self.await_job(key, attempt, &job, batch)
        {
            self.report(key, &error, batch);
        }
    }

    /// Takes the answer to an attempt in, or a failure of the attempt in its place.
    pub(super) fn append_result(&mut self, answer: RunnerResult, batch: &mut Batch) {
        let (key, attempt) = (answer.key, answer.attempt);
        if !self.is_offloaded(key) {
            match self.load(key, batch) {
                Ok(true) => self.apply_due_deadline(key, batch),
                Ok(false) => return self.stale(&answer, batch),
                Err(error) => return self.report(key, &error, batch),
            }
        }
        if self.is_offloaded(key) {
            return self.hold_answer(answer);
        }
        let (error, cause) = match self.append(key, answer.fact.clone(), batch) {
            Ok(()) => return self.taken(&answer, batch),
            Err(Refused::Deferred) => return self.wait_for_answer(answer),
            Err(Refused::Illegal(illegal @ IllegalFact::WrongStage { .. })) => ("States.Runtime", illegal.to_string()),
            Err(Refused::Illegal(_)) => return self.stale(&answer, batch),
            Err(Refused::Driver(error @ DriverError::TooDeep { .. })) => {
                ("States.DataLimitExceeded", error.to_string())
            }
            Err(Refused::Driver(error)) => return self.report(key, &error, batch),
        };
        let failed = Fact::TaskFailed {
            attempt,
            error: Some(error.to_owned()),
            cause: Some(cause),
        };
        match self.append(key, failed, batch) {
            Ok(()) => self.taken(&answer, batch),
            Err(Refused::Deferred) => self.wait_for_answer(answer),
            Err(Refused::Illegal(_)) => self.stale(&answer, batch),
            Err(Refused::Driver(error)) => self.report(key, &error, batch),
        }
    }

    /// Waits for the decision that follows from an answer, which is made by the evaluation pool.
    fn wait_for_answer(&mut self, answer: RunnerResult) {
        self.then(answer.key, move |writer, came, batch| match came {
            DecisionEnd::Applied => {
                writer.taken(&answer, batch);
                batch.results.push(answer);
            }
            DecisionEnd::Superseded => writer.stale(&answer, batch),
            DecisionEnd::Failed(_) => writer.failures.results.push(answer),
        });
    }

    /// An answer is part of the round: if it is the end of a job, nobody waits for that any more.
    fn taken(&self, answer: &RunnerResult, batch: &mut Batch) {
        if let Some(job) = answer.ended
            && let Err(error) = self.forget(job, (answer.key, answer.attempt), batch)
        {
            batch.note(Some(&error));
        }
    }

    /// Nobody waits for this answer any more: the attempt timed out, or its execution was stopped.
    pub(super) fn stale(&self, answer: &RunnerResult, batch: &mut Batch) {
        Counters::add(&self.shared.counters.stale_answers, 1);
        let (key, attempt) = (answer.key, answer.attempt);
        tracing::debug!(execution = key, attempt = attempt.0, "an answer came too late");
        self.taken(answer, batch);
    }

    /// Applies the deadlines of executions that have come: at most `limit` in memory, and as many parked ones.
    pub(super) fn fire_deadlines(&mut self, limit: usize, batch: &mut Batch) {
        for key in self.cache.take_due(self.now, limit) {
            batch.touched.insert(key);
            if !self.is_offloaded(key) {
                self.deadline_passed(key, batch);
            }
        }
        if self.parked_wake.is_none_or(|at| at > self.now) {
            return;
        }
        batch.woke = true;
        let due = match executions::due(&self.database.connection, self.now, limit, |key| self.is_offloaded(key)) {
            Ok(due) => due,
            Err(error) => return batch.note(Some(&error)),
        };
        for key in due {
            match self.load(key, batch) {
                Ok(_) => self.deadline_passed(key, batch),
                Err(error) => self.set_aside(key, &error, batch),
            }
        }
    }

    /// A deadline that has passed counts before an answer that comes after it, even if the timers, of which one round
    /// fires only so many, have not got there yet.
    pub(super) fn apply_due_deadline(&mut self, key: u64, batch: &mut Batch) {
        let deadline = self.cache.get(key).and_then(|loaded| loaded.execution.next_deadline());
        if deadline.is_some_and(|at| at <= self.now) {
            self.deadline_passed(key, batch);
        }
    }

    fn deadline_passed(&mut self, key: u64, batch: &mut Batch) {
        if self.has_waiting_calls(key) {
            self.restart_timeouts(key, batch);
            let next = self.cache.get(key).and_then(|loaded| loaded.execution.next_deadline());
            if next.is_none_or(|at| at > self.now) {
                return;
            }
        }
        match self.append(key, Fact::DeadlinePassed, batch) {
            Ok(()) | Err(Refused::Deferred) => {}
            Err(Refused::Illegal(_)) => {
                // An answer came first; the row, if it says otherwise, is wrong and is written again.
                if let Some(loaded) = self.cache.get_mut(key) {
                    loaded.written = None;
                }
            }
            Err(Refused::Driver(error)) => self.set_aside(key, &error, batch),
        }
    }
}
