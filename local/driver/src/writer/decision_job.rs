//! The job that makes a decision away from the engine's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sluice_asl::eval::StopSignal;
use sluice_engine::{ApplyError, Breakdown, EvaluationOptions, Evaluator, Execution, Fact, Identity, LogEntry};

use crate::crash_markers::CrashMarker;
use crate::decided::{Decided, Decision};
use crate::evaluate::EvaluationJob;
use crate::observations;
use crate::request::Request;
use crate::shared::Shared;
use crate::{DriverError, fold};

/// A decision that takes longer than any queue lets it, and does not end, hangs.
const HANGS: Duration = Duration::from_secs(30);

/// A decision that is to be made by the evaluation pool once the round is on disk.
pub(crate) struct PendingDecision {
    pub(super) key: u64,
    pub(super) decision: Box<DecisionJob>,
}

/// The decision about facts that follow each other.
pub(super) struct DecisionJob {
    ticket: u64,
    mark: CrashMarker,
    execution: Arc<Execution>,
    entries: Vec<LogEntry>,
    wanted: Arc<AtomicBool>,
    shared: Arc<Shared>,
    made: Option<Result<(Execution, Vec<Decided>), DriverError>>,
}

impl DecisionJob {
    pub(super) fn new(
        ticket: u64,
        mark: CrashMarker,
        execution: Arc<Execution>,
        entries: Vec<LogEntry>,
        wanted: Arc<AtomicBool>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            ticket,
            mark,
            execution,
            entries,
            wanted,
            shared,
            made: None,
        }
    }

    fn identity(&self) -> &Arc<Identity> {
        self.execution.identity()
    }
}

impl EvaluationJob for DecisionJob {
    fn owner(&self) -> &Arc<str> {
        &self.identity().machine_arn
    }

    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    fn run(&mut self, evaluator: Arc<dyn Evaluator + Send + Sync>, stop: &StopSignal) {
        // the pool stops it in time; whoever does not heed that, hangs
        let _marked = self.shared.marks.mark(self.mark);
        let hangs = self
            .shared
            .watchdog
            .watch_over(HANGS, StopSignal::new(), Some(self.mark));
        let mut execution = Execution::clone(&self.execution);
        let means = EvaluationOptions {
            stop: Some(stop),
            evaluator: Some(&*evaluator),
        };
        let entries = self.entries.iter().cloned();
        let decide = || entries.map(|entry| decide(&mut execution, entry, means)).collect();
        let decided = fold::guarded(self.identity().key, decide);
        drop(hangs);
        let key = self.identity().key;
        self.made = Some(decided.and_then(|decided: Result<Vec<_>, ApplyError>| {
            let decided = decided.map_err(|illegal| DriverError::Engine {
                key,
                reason: illegal.to_string(),
            });
            decided.map(|decided| (execution, decided))
        }));
    }

    fn finish(mut self: Box<Self>, breakdown: Option<Breakdown>) {
        let fact = |job: &mut Self| Box::new(job.entries.pop().map_or(Fact::DeadlinePassed, |entry| entry.fact));
        let decision = match (self.made.take(), breakdown) {
            (Some(Ok((execution, decided))), None) => Decision::Made(Box::new(execution), decided),
            (_, Some(breakdown)) => Decision::GivenUp(fact(&mut self), breakdown),
            (made, None) => {
                if let Some(Err(error)) = made {
                    tracing::error!(%error, "the execution fails over a bug in the engine");
                }
                Decision::GivenUp(fact(&mut self), Breakdown::Internal)
            }
        };
        self.shared.send(Request::Decided {
            key: self.identity().key,
            ticket: self.ticket,
            decision,
        });
    }
}

fn decide(execution: &mut Execution, mut entry: LogEntry, means: EvaluationOptions<'_>) -> Result<Decided, ApplyError> {
    let at_stake = observations::at_stake(execution, &entry);
    let mut events = Vec::new();
    let (turn, evaluations) = execution.apply_with(&entry, Some(&mut events), means)?;
    if !evaluations.is_empty() {
        entry.fact = Fact::Evaluated {
            fact: Box::new(entry.fact),
            evaluations,
        };
    }
    // A decision of this kind takes long as it is: so its states are always noted, whoever wants them by the time it is taken in.
    let entered = observations::entered(&events);
    Ok(Decided {
        entry,
        turn,
        newest: events.pop(),
        at_stake,
        entered,
    })
}
