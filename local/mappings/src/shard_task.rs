//! The task of one shard processor: what [`ShardProcessor`] decides is carried out here.

use std::sync::Arc;
use std::time::Duration;

use sluice_host::Invocation;
use sluice_lambda::{FunctionName, Lambda};
use sluice_streams::{
    ChangeListener, Discard, InvokeResult, NewMessage, Observation, Policy, Record, RecordShare, Shard, ShardProcessor,
    Step, Streams, StreamsError, Timestamp,
};
use sluice_wire::Account;
use tokio::sync::watch;

use crate::StopMode;
use crate::batch_response;
use crate::discard_record::DiscardRecord;
use crate::event::event;
use crate::mapping::Mapping;

/// The time for which a task rests when the store fails, which mends itself or needs a person.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The services that mappings work with.
#[derive(Clone)]
pub(crate) struct Environment {
    pub(crate) account: Account,
    pub(crate) streams: Streams,
    pub(crate) lambda: Lambda,
}

/// The task of a shard processor, before it runs.
pub(crate) struct ShardTask {
    pub(crate) environment: Environment,
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) function: FunctionName,
    /// The queue that is told of what is given up.
    pub(crate) destination: Option<String>,
    /// The mapping's number in the store.
    pub(crate) store_id: i64,
    /// The stream's number in the store, and its name.
    pub(crate) stream: (i64, String),
    pub(crate) shard: Shard,
    /// The number of the processor among those of its shard.
    pub(crate) processor: u32,
    pub(crate) stop: watch::Receiver<StopMode>,
}

/// The reason for which a step cannot be carried out.
enum StepError {
    /// The mapping has ended, or its stream is gone.
    Ended,
    /// The store fails now.
    Store(StreamsError),
}

impl ShardTask {
    /// Goes on until the mapping ends, or its stream is gone.
    pub(crate) async fn run(mut self, policy: Arc<Policy>, position: u64) {
        let mut processor = ShardProcessor::new(policy, position);
        // before the first look: what comes after it wakes
        let mut wakes = self.environment.streams.shard_wakes(&self.shard);
        let mut draining = false;
        loop {
            let stop = *self.stop.borrow_and_update();
            let step = processor.next(self.environment.account.now());
            match stop {
                // what is done is put on disk all the same
                StopMode::AtOnce if !matches!(step, Step::Save { .. }) => return,
                StopMode::Drain if !draining => {
                    draining = true;
                    processor.drain();
                    continue;
                }
                StopMode::AtOnce | StopMode::Drain | StopMode::Running => {}
            }
            match self.carry_out(&mut processor, step, &mut wakes).await {
                Ok(()) => {}
                Err(StepError::Ended) => return,
                Err(StepError::Store(error)) => {
                    tracing::error!(%error, stream = self.stream.1, "a mapping cannot go on now; it tries again");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        }
    }

    async fn carry_out(
        &mut self,
        processor: &mut ShardProcessor,
        step: Step,
        wakes: &mut ChangeListener,
    ) -> Result<(), StepError> {
        match step {
            Step::Read { from, records, bytes } => {
                let share = RecordShare {
                    count: self.mapping.spec.parallelization_factor,
                    index: self.processor,
                };
                let (streams, now) = (&self.environment.streams, self.environment.account.now());
                let reading = streams.records(self.stream.0, self.shard.number, from, share, (records, bytes), now);
                processor.on_read(reading.await?, now);
            }
            Step::Wait { until } => {
                self.wait(wakes, until).await;
                processor.on_new_records();
            }
            Step::Invoke { records } => {
                let result = self.invoke(processor, records).await;
                processor.on_invoked(result, self.environment.account.now());
            }
            Step::Discard(discard) => {
                let delivered = self.report_discard(processor, &discard).await;
                processor.on_discarded(delivered, self.environment.account.now());
            }
            Step::Save { position } => {
                let streams = &self.environment.streams;
                streams
                    .save_checkpoint(self.store_id, &self.shard, self.processor, position)
                    .await?;
                processor.on_saved();
            }
            Step::Drained => return Err(StepError::Ended),
        }
        Ok(())
    }

    /// Waits until there may be new records, the time has come, or the mapping ends.
    async fn wait(&mut self, wakes: &mut ChangeListener, until: Option<Timestamp>) {
        // a clock that moves only by hand wakes all that wait for it when it does
        let wait = until.and_then(|at| self.environment.account.clock.until(at));
        let time = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wakes.changed() => {}
            () = time => {}
            // an error means that nobody is left who could end it, which is an end as well
            _ = self.stop.changed() => {}
        }
    }

    async fn invoke(&self, processor: &ShardProcessor, records: usize) -> InvokeResult {
        let batch: Vec<&Record> = processor.records().take(records).collect();
        let Environment {
            account,
            streams,
            lambda,
        } = &self.environment;
        let last = batch.last().map_or(0, |record| record.arrived);
        let now = account.now();
        let observation = Observation::BatchRead {
            stream: &self.stream.1,
            function: &self.function.name,
            records: records as u64,
            age: now.saturating_sub(last).max(0),
        };
        streams.notify(now, observation);
        let call = Invocation {
            request_id: Some(account.uuid()),
            ..Invocation::new(event(&self.mapping.spec, account, batch.iter().copied()))
        };
        let invoked = lambda.invoke(&self.function, call).await;
        if let Err(error) = &invoked {
            tracing::warn!(%error, function = self.function.name, "a mapping's batch could not be given to its function");
        }
        let result = batch_response::read(&self.mapping.spec, &batch, invoked);
        self.mapping.set_last_result(match result {
            InvokeResult::Succeeded => "OK",
            InvokeResult::FailedFrom { .. } | InvokeResult::Failed { .. } | InvokeResult::NotInvoked => {
                "PROBLEM: Function call failed"
            }
        });
        result
    }

    /// Tells the queue of records that are given up; false: it is to be told again. As on AWS, a queue that does not exist is
    /// told nothing.
    async fn report_discard(&self, processor: &ShardProcessor, discard: &Discard) -> bool {
        let records: Vec<&Record> = processor.records().take(discard.records).collect();
        let Environment { account, streams, .. } = &self.environment;
        let (function, now) = (&self.mapping.function_arn, account.now());
        tracing::warn!(function, records = records.len(), reason = ?discard.reason, "a mapping gives up records");
        let request_id = account.uuid().to_string();
        let record = DiscardRecord::new(&self.mapping.spec, function, &request_id, discard, &records, now);
        let (Some(queue), Some(record)) = (&self.destination, record) else {
            return true;
        };
        let body = match serde_json::to_string(&record) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, queue, "the record of what is given up cannot be written");
                return true;
            }
        };
        let message = NewMessage {
            message_id: account.uuid().to_string(),
            body: body.clone(),
            attributes: String::new(),
            delay: None,
        };
        match streams.send(queue, vec![message], now).await {
            Ok(()) => true,
            Err(StreamsError::NoQueue(queue)) => {
                tracing::error!(
                    queue,
                    record = body,
                    "a record of what is given up has no queue to go to"
                );
                true
            }
            Err(error) => {
                tracing::error!(%error, queue, "a record of what is given up could not be sent; it is tried again");
                false
            }
        }
    }
}

impl From<StreamsError> for StepError {
    fn from(error: StreamsError) -> Self {
        match error {
            // its stream was deleted
            StreamsError::NoStream(_) | StreamsError::NoShard { .. } | StreamsError::Closed => Self::Ended,
            error => Self::Store(error),
        }
    }
}
