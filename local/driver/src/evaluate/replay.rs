//! Evaluations for one fold of a log.

use std::cell::Cell;

use parking_lot::Mutex;
use serde_json::Value;
use sluice_asl::eval::{CostlyEvaluation, EvalError};
use sluice_engine::Evaluator;

use super::frame::{self, WorkerRequest, WorkerResult};
use super::process::{Process, TICK_MS, WorkerReply};
use super::{TOO_MUCH_TIME, WorkerCommand};

/// Makes the evaluations that a log of an older release, or of one that judged them otherwise, does not hold, with a
/// worker of its own.
pub(crate) struct ReplayEvaluator {
    command: Option<WorkerCommand>,
    process: Mutex<Option<Process>>,
    ticks: Cell<u32>,
    failed: Cell<bool>,
}

impl ReplayEvaluator {
    /// An evaluator with so many milliseconds for all evaluations.
    pub(crate) fn new(command: Option<WorkerCommand>, limit_ms: u32) -> Self {
        Self {
            command,
            process: Mutex::default(),
            ticks: Cell::new(limit_ms / TICK_MS),
            failed: Cell::new(false),
        }
    }

    /// Returns true if an evaluation could not be made: the result of the fold is then of no use.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    fn ask(&self, command: &WorkerCommand, evaluation: &CostlyEvaluation<'_>) -> Option<WorkerResult> {
        let frame = frame::encode(&WorkerRequest::from(evaluation.request())).ok()?;
        let mut process = self.process.lock();
        let mut ticks = self.ticks.get();
        let mut asked = match process.take() {
            Some(process) => process,
            None => Process::start(command).ok()?,
        };
        let answered = asked.ask(&frame, &mut ticks, &|| true);
        self.ticks.set(ticks);
        let WorkerReply::Answered(body) = answered else {
            return None;
        };
        *process = Some(asked);
        frame::decode(&body).ok()
    }
}

impl Evaluator for ReplayEvaluator {
    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        let Some(command) = &self.command else {
            return evaluation.evaluate_here();
        };
        let answer = (!self.has_failed()).then(|| self.ask(command, evaluation)).flatten();
        match answer {
            Some(answer) => answer.map_err(|cause| EvalError::query(Some(evaluation.field()), cause)),
            None => {
                self.failed.set(true);
                Err(evaluation.interrupted(TOO_MUCH_TIME))
            }
        }
    }
}
