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

pub use batch::{BatchResponse, ItemFailure};
pub use event::{Kinesis, KinesisEvent, Record};
pub use lambda::run;

use std::cell::Cell;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use sluice_aws::CallError;
use tokio::time::Instant;

use crate::retry::{RetryError, RetryPolicy};
use crate::start::{Execution, Started, Workflow, start_until};
use crate::submission_id::SubmissionIds;
use batch::{BatchReport, RecordResult};
use record::{BadRecord, NamedBy, Start};

/// The most records of a batch that are at work at once. It also bounds how many of them are done twice because one before
/// them failed.
pub const AT_ONCE: usize = 16;

/// Kept back from Lambda's time for the answer itself.
const SPARE: Duration = Duration::from_secs(1);

const RETRY: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(5),
    shortest_attempt: Duration::ZERO,
};

/// The queue that keeps bad records.
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
    ids: SubmissionIds,
    /// A number from 0 to below 1, to spread retries.
    fraction: fn() -> f64,
}

/// The batch at hand.
struct BatchDeadline {
    /// The time to stop.
    until: Instant,
    /// True if a record failed: the batch is sent again from there, so what lies behind would only be done twice.
    over: Cell<bool>,
}

impl<W: Workflow, Q: FailureQueue> Dispatch<W, Q> {
    /// Makes the function with what it reaches, and where random numbers from 0 to below 1 come from.
    pub fn new(workflow: W, queue: Q, ids: SubmissionIds, fraction: fn() -> f64) -> Self {
        Dispatch {
            workflow,
            queue,
            ids,
            fraction,
        }
    }

    /// Starts what the batch holds, and answers from where on Lambda must send it again; `remaining` is how long Lambda
    /// lets it run.
    pub async fn handle(&self, event: &KinesisEvent, remaining: Duration) -> BatchResponse {
        let deadline = BatchDeadline {
            until: Instant::now() + remaining.saturating_sub(SPARE),
            over: Cell::new(false),
        };
        let starts: Vec<_> = event
            .records
            .iter()
            .map(|record| record::start(record, &self.ids))
            .collect();
        let lanes = batch::lanes(&starts);
        // In order, and never more than AT_ONCE beyond the first that is not done.
        let mut results = stream::iter(&lanes)
            .map(|lane| self.lane(lane, &event.records, &starts, &deadline))
            .buffered(AT_ONCE)
            .concat()
            .await;
        results.sort_unstable_by_key(|(index, _)| *index);
        let report = BatchReport::new(&event.records, results.into_iter().map(|(_, result)| result));
        report.log();
        report.response()
    }

    /// Brings the records of these indices to their ends, one after the other.
    async fn lane(
        &self,
        lane: &[usize],
        records: &[Record],
        starts: &[Result<Start, BadRecord>],
        deadline: &BatchDeadline,
    ) -> Vec<(usize, RecordResult)> {
        let mut results = Vec::with_capacity(lane.len());
        for &index in lane {
            results.push((index, self.process(&records[index], &starts[index], deadline).await));
        }
        results
    }

    async fn process(
        &self,
        record: &Record,
        start: &Result<Start, BadRecord>,
        deadline: &BatchDeadline,
    ) -> RecordResult {
        if deadline.over.get() {
            return RecordResult::NotTried;
        }
        let started = match start {
            Ok(start) => self.start(start, deadline.until).await,
            Err(bad) => Ok(RecordResult::Bad(bad.clone())),
        };
        let processed = match started {
            Ok(RecordResult::Bad(bad)) => self
                .keep(record, &bad, deadline.until)
                .await
                .map(|()| RecordResult::Bad(bad)),
            other => other,
        };
        processed.unwrap_or_else(|failed| {
            deadline.over.set(true);
            RecordResult::Failed(failed.error)
        })
    }

    /// Starts an execution, or finds that it was started before.
    async fn start(&self, start: &Start, until: Instant) -> Result<RecordResult, RetryError> {
        let execution = Execution {
            name: &start.name,
            input: &start.input,
            name_holds_input: start.named_by == NamedBy::Record,
        };
        let started = start_until(&self.workflow, execution, &RETRY, until, self.fraction).await?;
        Ok(match started {
            Started::Running(_) => RecordResult::Started,
            Started::Before(_) => RecordResult::StartedBefore,
            Started::OtherInput => RecordResult::Bad(BadRecord::OtherInput(match &start.named_by {
                NamedBy::SubmissionId(id) => id.clone(),
                NamedBy::Record => start.name.clone(),
            })),
            Started::Unacceptable(error) => RecordResult::Bad(BadRecord::Refused(error.to_string())),
        })
    }

    /// Puts a bad record into the failure queue.
    async fn keep(&self, record: &Record, bad: &BadRecord, until: Instant) -> Result<(), RetryError> {
        for message in failure::messages(record, bad) {
            RETRY
                .retry_until("sqs:SendMessage", until, self.fraction, async || {
                    self.queue.keep(&message).await
                })
                .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
