//! One lane's task: what [`ShardProcessor`] decides is done here.

use std::sync::Arc;
use std::time::Duration;

use sluice_engine::Timestamp;
use sluice_host::Invocation;
use sluice_streams::{
    ChangeListener, Discard, InvokeResult, NewMessage, Observation, Policy, Record, RecordShare, Shard, ShardProcessor,
    Step, StreamsError,
};
use tokio::sync::watch;

use super::answer::answer;
use super::event::event;
use super::note::note;
use super::{Mapping, Stop};
use crate::endpoint::Services;
use crate::lambda::FunctionName;

/// How long a lane rests when the store fails, which mends itself or needs a person.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// A lane, and what it works with.
pub(super) struct Driven {
    pub(super) services: Arc<Services>,
    pub(super) mapping: Arc<Mapping>,
    pub(super) function: FunctionName,
    /// The queue that is told of what is given up.
    pub(super) destination: Option<String>,
    /// The mapping's number in the store.
    pub(super) store_id: i64,
    /// The stream's number in the store, and its name.
    pub(super) stream: (i64, String),
    pub(super) shard: Shard,
    pub(super) lane: u32,
    pub(super) stop: watch::Receiver<Stop>,
}

/// Why a lane ends.
struct Over;

impl Driven {
    /// Goes on until the mapping ends, or its stream is gone.
    pub(super) async fn run(mut self, policy: Arc<Policy>, position: u64) {
        let mut lane = ShardProcessor::new(policy, position);
        // before the first look: what comes after it wakes
        let mut wakes = self.services.streams.shard_wakes(&self.shard);
        let mut draining = false;
        loop {
            let stop = *self.stop.borrow_and_update();
            let step = lane.next(self.services.config.now());
            match stop {
                // what is done is put on disk all the same
                Stop::AtOnce if !matches!(step, Step::Save { .. }) => return,
                Stop::Drain if !draining => {
                    draining = true;
                    lane.drain();
                    continue;
                }
                Stop::AtOnce | Stop::Drain | Stop::Not => {}
            }
            match self.carry_out(&mut lane, step, &mut wakes).await {
                Ok(()) => {}
                Err(Failure::Over(Over)) => return,
                Err(Failure::Store(error)) => {
                    tracing::error!(%error, stream = self.stream.1, "a mapping cannot go on now; it tries again");
                    tokio::time::sleep(DISK_PAUSE).await;
                }
            }
        }
    }

    async fn carry_out(
        &mut self,
        lane: &mut ShardProcessor,
        step: Step,
        wakes: &mut ChangeListener,
    ) -> Result<(), Failure> {
        match step {
            Step::Read { from, records, bytes } => {
                let share = RecordShare {
                    count: self.mapping.spec.parallelization_factor,
                    index: self.lane,
                };
                let (streams, now) = (&self.services.streams, self.services.config.now());
                let reading = streams.records(self.stream.0, self.shard.number, from, share, (records, bytes), now);
                lane.on_read(reading.await?, now);
            }
            Step::Wait { until } => {
                self.wait(wakes, until).await;
                lane.on_new_records();
            }
            Step::Invoke { records } => {
                let answer = self.invoke(lane, records).await;
                lane.on_invoked(answer, self.services.config.now());
            }
            Step::Discard(discard) => {
                let delivered = self.note(lane, &discard).await;
                lane.on_discarded(delivered, self.services.config.now());
            }
            Step::Save { position } => {
                let streams = &self.services.streams;
                streams
                    .save_checkpoint(self.store_id, &self.shard, self.lane, position)
                    .await?;
                lane.on_saved();
            }
            Step::Drained => return Err(Failure::Over(Over)),
        }
        Ok(())
    }

    /// Until there may be new records, the time has come, or the mapping ends.
    async fn wait(&mut self, wakes: &mut ChangeListener, until: Option<Timestamp>) {
        // a clock that moves only by hand wakes whoever waits when it does
        let wait = until.and_then(|at| self.services.config.clock.until(at));
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

    async fn invoke(&self, lane: &ShardProcessor, records: usize) -> InvokeResult {
        let batch: Vec<&Record> = lane.records().take(records).collect();
        let (services, mapping) = (&self.services, &self.mapping);
        let last = batch.last().map_or(0, |record| record.arrived);
        let now = services.config.now();
        let observation = Observation::BatchRead {
            stream: &self.stream.1,
            function: &self.function.name,
            records: records as u64,
            age: now.saturating_sub(last).max(0),
        };
        services.streams.notify(now, observation);
        let call = Invocation {
            request_id: Some(services.config.uuid()),
            ..Invocation::new(event(&mapping.spec, &services.config, batch.iter().copied()))
        };
        let invoked = services.lambda.invoke(&self.function, call).await;
        if let Err(error) = &invoked {
            tracing::warn!(%error, function = self.function.name, "a mapping's batch could not be given to its function");
        }
        let answer = answer(&mapping.spec, &batch, invoked);
        mapping.note_result(match answer {
            InvokeResult::Succeeded => "OK",
            InvokeResult::FailedFrom { .. } | InvokeResult::Failed { .. } | InvokeResult::NotInvoked => {
                "PROBLEM: Function call failed"
            }
        });
        answer
    }

    /// Tells the queue what is given up. Whether that is done with: as on AWS, a queue that does not exist is told nothing.
    async fn note(&self, lane: &ShardProcessor, discard: &Discard) -> bool {
        let records: Vec<&Record> = lane.records().take(discard.records).collect();
        let (config, now) = (&self.services.config, self.services.config.now());
        let function = &self.mapping.function_arn;
        tracing::warn!(function, records = records.len(), reason = ?discard.reason, "a mapping gives up records");
        let request_id = config.uuid().to_string();
        let note = note(&self.mapping.spec, function, &request_id, discard, &records, now);
        let (Some(queue), Some(note)) = (&self.destination, note) else {
            return true;
        };
        let message = NewMessage {
            message_id: config.uuid().to_string(),
            body: note.to_string(),
            attributes: String::new(),
            delay: None,
        };
        match self.services.streams.send(queue, vec![message], now).await {
            Ok(()) => true,
            Err(StreamsError::NoQueue(queue)) => {
                tracing::error!(queue, %note, "a note about records that are given up has no queue to go to");
                true
            }
            Err(error) => {
                tracing::error!(%error, queue, "a note about records that are given up could not be sent; it is tried again");
                false
            }
        }
    }
}

enum Failure {
    Over(Over),
    Store(StreamsError),
}

impl From<StreamsError> for Failure {
    fn from(error: StreamsError) -> Self {
        match error {
            // its stream was deleted
            StreamsError::NoStream(_) | StreamsError::NoShard { .. } | StreamsError::Closed => Self::Over(Over),
            error => Self::Store(error),
        }
    }
}
