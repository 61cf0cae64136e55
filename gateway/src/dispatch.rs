//! Starts the workflow for each record of a Kinesis stream (`docs/stream.md`).
//!
//! A record ends in one of three ways: its execution is there, it lies in the failure queue, or it is reported to Lambda,
//! which sends it again. So none is lost; and as the execution's name follows from the record, none is started twice.
//! Like `ingest` this knows the names of the fields, and no rule about them.

mod batch;
mod event;
mod failure;
mod lambda;
mod record;

pub use batch::{ItemFailure, Response};
pub use event::{Event, Kinesis, Record};
pub use lambda::run;

use std::cell::Cell;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use sluice_aws::{CallError, CallErrorKind, Description, StartError};
use tokio::time::{Instant, sleep, timeout_at};

use crate::execution::is_same_json;
use batch::{Outcome, Tally};
use record::{BadRecord, NamedBy, Start};

/// How many records of a batch are at work at once. It also bounds how many of them are done twice because one before
/// them failed.
pub const AT_ONCE: usize = 16;

/// Kept back from Lambda's time for the answer itself.
const SPARE: Duration = Duration::from_secs(1);

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// The workflow, as this function needs it.
pub trait Workflow {
    /// Starts the execution `name`.
    ///
    /// # Errors
    /// [`StartError`].
    fn start(&self, name: &str, input: &str) -> impl Future<Output = Result<(), StartError>>;

    /// An execution's input and end, or `None` if there is no such execution.
    ///
    /// # Errors
    /// [`CallError`] without an answer.
    fn describe(&self, name: &str) -> impl Future<Output = Result<Option<Description>, CallError>>;
}

/// Where bad records are kept.
pub trait FailureQueue {
    /// Keeps a message of up to 256 KiB.
    ///
    /// # Errors
    /// [`CallError`] if it may not be there.
    fn keep(&self, message: &str) -> impl Future<Output = Result<(), CallError>>;
}

/// The function.
#[derive(Debug)]
pub struct Dispatch<W, Q> {
    workflow: W,
    queue: Q,
    /// A number from 0 to below 1, to spread retries.
    fraction: fn() -> f64,
}

/// The batch at hand.
struct Shift {
    /// When to stop.
    until: Instant,
    /// Whether a record failed: the batch is sent again from there, so what lies behind would only be done twice.
    over: Cell<bool>,
}

impl<W: Workflow, Q: FailureQueue> Dispatch<W, Q> {
    /// The function with what it reaches, and where random numbers from 0 to below 1 come from.
    pub fn new(workflow: W, queue: Q, fraction: fn() -> f64) -> Self {
        Dispatch {
            workflow,
            queue,
            fraction,
        }
    }

    /// Starts what the batch holds, and answers from where on Lambda must send it again; `remaining` is how long Lambda
    /// lets it run.
    pub async fn handle(&self, event: &Event, remaining: Duration) -> Response {
        let shift = Shift {
            until: Instant::now() + remaining.saturating_sub(SPARE),
            over: Cell::new(false),
        };
        let starts: Vec<_> = event.records.iter().map(record::start).collect();
        let lanes = batch::lanes(&starts);
        // In order, and never more than AT_ONCE beyond the first that is not done.
        let mut outcomes = stream::iter(&lanes)
            .map(|lane| self.lane(lane, &event.records, &starts, &shift))
            .buffered(AT_ONCE)
            .concat()
            .await;
        outcomes.sort_unstable_by_key(|(index, _)| *index);
        let tally = Tally::new(&event.records, outcomes.into_iter().map(|(_, outcome)| outcome));
        tally.log();
        tally.response()
    }

    /// Brings the records of these indices to their ends, one after the other.
    async fn lane(
        &self,
        lane: &[usize],
        records: &[Record],
        starts: &[Result<Start, BadRecord>],
        shift: &Shift,
    ) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(lane.len());
        for &index in lane {
            outcomes.push((index, self.settle(&records[index], &starts[index], shift).await));
        }
        outcomes
    }

    async fn settle(&self, record: &Record, start: &Result<Start, BadRecord>, shift: &Shift) -> Outcome {
        if shift.over.get() {
            return Outcome::NotTried;
        }
        let begun = match start {
            Ok(start) => self.begin(start, shift.until).await,
            Err(bad) => Ok(Outcome::Bad(bad.clone())),
        };
        let settled = match begun {
            Ok(Outcome::Bad(bad)) => self.keep(record, &bad, shift.until).await.map(|()| Outcome::Bad(bad)),
            other => other,
        };
        settled.unwrap_or_else(|error| {
            shift.over.set(true);
            Outcome::Failed(error)
        })
    }

    /// Starts an execution, or finds that it was started before.
    async fn begin(&self, start: &Start, until: Instant) -> Result<Outcome, CallError> {
        self.again_and_again("states:StartExecution", until, async || {
            match self.workflow.start(&start.name, &start.input).await {
                Ok(()) => Ok(Outcome::Started),
                Err(StartError::NameTaken) => self.begun_before(start).await,
                Err(StartError::Unacceptable(error)) => Ok(Outcome::Bad(BadRecord::Refused(error.to_string()))),
                Err(StartError::Call(error)) => Err(error),
            }
        })
        .await
    }

    /// The name is taken: by the same submission, or by another.
    async fn begun_before(&self, start: &Start) -> Result<Outcome, CallError> {
        match start.named_by {
            // The name holds the input, so nothing else has it.
            NamedBy::Record => return Ok(Outcome::StartedBefore),
            NamedBy::SubmissionId => (),
        }
        match self.workflow.describe(&start.name).await? {
            Some(description) if is_same_json(&description.input, &start.input) => Ok(Outcome::StartedBefore),
            Some(_) => Ok(Outcome::Bad(BadRecord::OtherInput(start.name.clone()))),
            // Just forgotten, or not yet to be seen: the next attempt will tell.
            None => Err(CallError {
                action: "states:DescribeExecution",
                kind: CallErrorKind::Unreachable,
                message: "the execution exists and cannot be seen".to_owned(),
            }),
        }
    }

    /// Puts a bad record into the failure queue.
    async fn keep(&self, record: &Record, bad: &BadRecord, until: Instant) -> Result<(), CallError> {
        for message in failure::messages(record, bad) {
            self.again_and_again("sqs:SendMessage", until, async || self.queue.keep(&message).await)
                .await?;
        }
        Ok(())
    }

    /// Calls until it works, cannot work, or the time is up. The pauses are random up to a ceiling that grows, so that
    /// the records that were refused together do not come back together.
    async fn again_and_again<T>(
        &self,
        action: &'static str,
        until: Instant,
        call: impl AsyncFn() -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let mut ceiling = FIRST_RETRY;
        loop {
            let error = match timeout_at(until, call()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => {
                    return Err(CallError {
                        action,
                        kind: CallErrorKind::Unreachable,
                        message: "no answer came while the function had time".to_owned(),
                    });
                }
            };
            let nap = ceiling.mul_f64((self.fraction)());
            if !error.is_passing() || Instant::now() + nap >= until {
                return Err(error);
            }
            sleep(nap).await;
            ceiling = (ceiling * 2).min(LONGEST_RETRY);
        }
    }
}

#[cfg(test)]
mod tests;
