//! `AWS/DynamoDB`, by table.
//! See [metrics](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).

use std::sync::Arc;
use std::time::Duration;

use sluice_dynamodb::{Observer, Usage};
use sluice_metrics::{Timestamp, Unit};
use sluice_quotas::CapacityKind;

use super::Family;
use sluice_cloudwatch::Metrics;

const NAMESPACE: &str = "AWS/DynamoDB";

/// Counts what calls of the tables consume.
pub(crate) struct DynamoMetrics {
    metrics: Arc<Metrics>,
    tables: Family,
}

impl DynamoMetrics {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            tables: Family::new(metrics, NAMESPACE, Some("TableName")),
        }
    }
}

impl Observer for DynamoMetrics {
    fn answered(&self, operation: &str, usages: &[Usage], took: Duration, at: Timestamp) {
        for usage in usages {
            let mut samples = Vec::with_capacity(2);
            if usage.read > 0.0 {
                samples.push(("ConsumedReadCapacityUnits", Unit::Count, usage.read));
            }
            if usage.write > 0.0 {
                samples.push(("ConsumedWriteCapacityUnits", Unit::Count, usage.write));
            }
            if usage.condition_failed {
                samples.push(("ConditionalCheckFailedRequests", Unit::Count, 1.0));
            }
            self.tables.record(&usage.table, &samples, at);
            if !usage.condition_failed {
                let dimensions = [("TableName", usage.table.as_str()), ("Operation", operation)];
                let took = took.as_secs_f64() * 1_000.0;
                let name = "SuccessfulRequestLatency";
                self.metrics
                    .record(NAMESPACE, name, &dimensions, Unit::Milliseconds, took, at);
            }
        }
    }

    fn throttled(&self, operation: &str, table: &str, kind: CapacityKind, at: Timestamp) {
        let events = match kind {
            CapacityKind::Read => "ReadThrottleEvents",
            CapacityKind::Write => "WriteThrottleEvents",
        };
        self.tables.record(table, &[(events, Unit::Count, 1.0)], at);
        let dimensions = [("TableName", table), ("Operation", operation)];
        self.metrics
            .record(NAMESPACE, "ThrottledRequests", &dimensions, Unit::Count, 1.0, at);
    }
}
