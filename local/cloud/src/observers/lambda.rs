//! `AWS/Lambda`, by function and for the account.
//! See [types of metrics](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html) and
//! [function URLs](https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html).

use std::sync::Arc;
use std::time::Duration;

use sluice_host::{InvocationStatus, LoggedRecord, Observer, UrlResponse};
use sluice_metrics::{Timestamp, Unit};

use super::{Family, Sample, embedded};
use sluice_cloudwatch::Metrics;

const NAMESPACE: &str = "AWS/Lambda";

/// Counts what functions do, and takes the metrics out of what they log.
pub(crate) struct LambdaMetrics {
    metrics: Arc<Metrics>,
    functions: Family,
    account: Family,
}

impl LambdaMetrics {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            functions: Family::new(metrics, NAMESPACE, Some("FunctionName")),
            account: Family::new(metrics, NAMESPACE, None),
        }
    }

    fn both(&self, function: &str, samples: &[Sample], at: Timestamp) {
        self.functions.record(function, samples, at);
        self.account.record("", samples, at);
    }
}

impl Observer for LambdaMetrics {
    fn logged(&self, logged: &LoggedRecord<'_>) {
        let record = logged.record;
        if record.request_id.is_some() {
            let failed = record.status != InvocationStatus::Success;
            let samples = [
                ("Invocations", Unit::Count, 1.0),
                ("Errors", Unit::Count, f64::from(u8::from(failed))),
                ("Throttles", Unit::Count, 0.0),
                ("Duration", Unit::Milliseconds, millis(record.duration)),
            ];
            // as Lambda does: at the time when the function was called
            self.both(logged.function, &samples, timestamp(record.started_at_ms));
            let at = timestamp(logged.at_ms);
            self.functions
                .record(logged.function, &[concurrency(logged.in_flight)], at);
            self.account.record("", &[concurrency(logged.all_in_flight)], at);
            let (_, unit, unreserved) = concurrency(logged.unreserved_in_flight);
            self.account
                .record("", &[("UnreservedConcurrentExecutions", unit, unreserved)], at);
        }
        let lines = record.before.iter().chain(&record.lines);
        embedded::record(&self.metrics, logged.function, lines, timestamp(logged.at_ms));
    }

    fn throttled(&self, function: &str, at_ms: u64) {
        self.both(function, &[("Throttles", Unit::Count, 1.0)], timestamp(at_ms));
    }

    fn url_responded(&self, answered: &UrlResponse<'_>) {
        let class = |of: u16| f64::from(u8::from(answered.status / 100 == of));
        let samples = [
            ("UrlRequestCount", Unit::Count, 1.0),
            ("Url4xxCount", Unit::Count, class(4)),
            ("Url5xxCount", Unit::Count, class(5)),
            ("UrlRequestLatency", Unit::Milliseconds, millis(answered.latency)),
        ];
        self.functions
            .record(answered.function, &samples, timestamp(answered.at_ms));
    }
}

#[expect(clippy::cast_precision_loss, reason = "no more than some thousands")]
fn concurrency(in_flight: usize) -> Sample {
    ("ConcurrentExecutions", Unit::Count, in_flight as f64)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn timestamp(ms: u64) -> Timestamp {
    Timestamp::try_from(ms).unwrap_or(Timestamp::MAX / 2)
}
