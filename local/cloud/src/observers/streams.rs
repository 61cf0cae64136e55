//! `AWS/Kinesis` by stream, `AWS/SQS` by queue, and how far `AWS/Lambda` functions are behind their streams.
//! See [Kinesis](https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html) and
//! [SQS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).

use std::sync::Arc;
use std::time::Duration;

use sluice_metrics::{Timestamp, Unit};
use sluice_streams::{Observation, Observer, StreamsError};
use tokio::sync::Notify;

use super::{Family, Sample};
use crate::endpoint::Services;
use sluice_cloudwatch::Metrics;

const MINUTE: Timestamp = 60_000;

/// Queues that change all the time are counted once in this while.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts what goes in and out of streams and queues.
pub(crate) struct StreamsMetrics {
    streams: Family,
    queues: Family,
    functions: Family,
    /// The queues hold something else than when they were last counted.
    changed: Notify,
}

impl StreamsMetrics {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        Self {
            streams: Family::new(metrics, "AWS/Kinesis", Some("StreamName")),
            queues: Family::new(metrics, "AWS/SQS", Some("QueueName")),
            functions: Family::new(metrics, "AWS/Lambda", Some("FunctionName")),
            changed: Notify::new(),
        }
    }

    /// Counts what queues hold, when they change and every minute, until it is aborted. Without a queue it does nothing.
    pub(crate) fn gauge(self: &Arc<Self>, services: &Arc<Services>) -> tokio::task::JoinHandle<()> {
        let (services, counted) = (Arc::clone(services), Arc::clone(self));
        tokio::spawn(async move {
            loop {
                let now = services.config.now();
                match gauge(&services, &counted.queues, now).await {
                    Ok(true) => {
                        let minute = services.wait_until(now - now.rem_euclid(MINUTE) + MINUTE);
                        tokio::select! {
                            () = counted.changed.notified() => tokio::time::sleep(PAUSE).await,
                            () = minute => {}
                        }
                    }
                    Ok(false) => counted.changed.notified().await,
                    Err(error) => {
                        tracing::warn!(%error, "queues cannot be counted");
                        counted.changed.notified().await;
                    }
                }
            }
        })
    }
}

impl Observer for StreamsMetrics {
    fn observe(&self, at: Timestamp, observation: Observation<'_>) {
        let count = |n: u64| n as f64;
        let of_queue = |queue: &str, name: &'static str, messages: u64| {
            self.queues.record(queue, &[(name, Unit::Count, count(messages))], at);
            self.changed.notify_one();
        };
        match observation {
            Observation::RecordsPut { stream, records, bytes } => {
                let samples = [
                    ("IncomingRecords", Unit::Count, count(records)),
                    ("IncomingBytes", Unit::Bytes, count(bytes)),
                ];
                self.streams.record(stream, &samples, at);
            }
            Observation::RecordsThrottled { stream, records } => {
                let refused = ("WriteProvisionedThroughputExceeded", Unit::Count, count(records));
                self.streams.record(stream, &[refused], at);
            }
            Observation::RecordsRead {
                stream,
                records,
                bytes,
                behind,
            } => {
                let read = ("GetRecords.Bytes", Unit::Bytes, count(bytes));
                self.streams
                    .record(stream, &[records_read(records), read, age(behind)], at);
            }
            Observation::BatchRead {
                stream,
                function,
                records,
                age: old,
            } => {
                self.streams.record(stream, &[records_read(records), age(old)], at);
                self.functions
                    .record(function, &[("IteratorAge", Unit::Milliseconds, old as f64)], at);
            }
            Observation::MessagesSent { queue, messages, .. } => of_queue(queue, "NumberOfMessagesSent", messages),
            Observation::MessagesReceived { queue, messages: 0 } => of_queue(queue, "NumberOfEmptyReceives", 1),
            Observation::MessagesReceived { queue, messages } => of_queue(queue, "NumberOfMessagesReceived", messages),
            Observation::MessagesDeleted { queue, messages } => of_queue(queue, "NumberOfMessagesDeleted", messages),
        }
    }
}

fn records_read(records: u64) -> Sample {
    ("GetRecords.Records", Unit::Count, records as f64)
}

fn age(milliseconds: Timestamp) -> Sample {
    (
        "GetRecords.IteratorAgeMilliseconds",
        Unit::Milliseconds,
        milliseconds as f64,
    )
}

/// Counts every queue once; whether there is one.
async fn gauge(services: &Services, family: &Family, now: Timestamp) -> Result<bool, StreamsError> {
    const PAGE: u32 = 1_000;
    let (mut after, mut any) = (None, false);
    loop {
        let queues = services.streams.queues("", after, PAGE).await?;
        for queue in &queues {
            let depth = match services.streams.depth(&queue.name, now).await {
                Err(StreamsError::NoQueue(_)) => continue,
                depth => depth?,
            };
            let oldest = depth.oldest.map_or(0, |sent| (now - sent).max(0)) / 1_000;
            let count = |n: u64| n as f64;
            let samples = [
                ("ApproximateNumberOfMessagesVisible", Unit::Count, count(depth.visible)),
                (
                    "ApproximateNumberOfMessagesNotVisible",
                    Unit::Count,
                    count(depth.in_flight),
                ),
                ("ApproximateNumberOfMessagesDelayed", Unit::Count, count(depth.delayed)),
                ("ApproximateAgeOfOldestMessage", Unit::Seconds, oldest as f64),
            ];
            family.record(&queue.name, &samples, now);
            any = true;
        }
        after = queues.last().map(|queue| queue.name.clone());
        if queues.len() < PAGE as usize {
            return Ok(any);
        }
    }
}
