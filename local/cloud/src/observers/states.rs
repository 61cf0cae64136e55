//! `AWS/States`: executions by state machine, tasks by what they call.
//! See [metrics](https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html).

use std::sync::Arc;

use sluice_asl::definition::Resource;
use sluice_driver::{Observation, ObservationKind, Observer, TaskEnd};
use sluice_engine::Status;
use sluice_metrics::{Timestamp, Unit};

use super::{Family, Sample};
use sluice_cloudwatch::Metrics;

const NAMESPACE: &str = "AWS/States";

/// Counts what happens to executions.
pub(crate) struct StatesMetrics {
    machines: Family,
    functions: Family,
    services: Family,
    activities: Family,
}

/// The names of what happens to tasks of one kind.
struct Names {
    scheduled: &'static str,
    started: &'static str,
    succeeded: &'static str,
    failed: &'static str,
    timed_out: &'static str,
    time: &'static str,
}

const FUNCTIONS: Names = Names {
    scheduled: "LambdaFunctionsScheduled",
    started: "LambdaFunctionsStarted",
    succeeded: "LambdaFunctionsSucceeded",
    failed: "LambdaFunctionsFailed",
    timed_out: "LambdaFunctionsTimedOut",
    time: "LambdaFunctionTime",
};

const SERVICES: Names = Names {
    scheduled: "ServiceIntegrationsScheduled",
    started: "ServiceIntegrationsStarted",
    succeeded: "ServiceIntegrationsSucceeded",
    failed: "ServiceIntegrationsFailed",
    timed_out: "ServiceIntegrationsTimedOut",
    time: "ServiceIntegrationTime",
};

const ACTIVITIES: Names = Names {
    scheduled: "ActivitiesScheduled",
    started: "ActivitiesStarted",
    succeeded: "ActivitiesSucceeded",
    failed: "ActivitiesFailed",
    timed_out: "ActivitiesTimedOut",
    time: "ActivityTime",
};

impl StatesMetrics {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        let family = |dimension| Family::new(metrics, NAMESPACE, Some(dimension));
        Self {
            machines: family("StateMachineArn"),
            functions: family("LambdaFunctionArn"),
            services: family("ServiceIntegrationResourceArn"),
            activities: family("ActivityArn"),
        }
    }

    fn machine(&self, observation: &Observation, samples: &[Sample]) {
        self.machines
            .record(&observation.execution.machine_arn, samples, observation.at);
    }

    /// Records what `samples` makes of the names of the task's kind.
    fn task<const N: usize>(&self, resource: &Resource, at: Timestamp, samples: impl FnOnce(&Names) -> [Sample; N]) {
        let (family, names, arn) = match resource {
            Resource::Function { arn } => (&self.functions, &FUNCTIONS, arn),
            Resource::Service { arn, .. } => (&self.services, &SERVICES, arn),
            Resource::Activity { arn } => (&self.activities, &ACTIVITIES, arn),
        };
        family.record(arn, &samples(names), at);
    }

    fn scheduled(&self, resource: &Resource, at: Timestamp) {
        match resource {
            // a worker has to come
            Resource::Activity { .. } => self.task(resource, at, |names| [one(names.scheduled)]),
            Resource::Function { .. } | Resource::Service { .. } => {
                self.task(resource, at, |names| [one(names.scheduled), one(names.started)]);
            }
        }
    }
}

impl Observer for StatesMetrics {
    fn observe(&self, observations: &[Observation]) {
        for observation in observations {
            let at = observation.at;
            match &observation.kind {
                ObservationKind::Started => self.machine(observation, &[one("ExecutionsStarted")]),
                ObservationKind::Redriven => self.machine(observation, &[one("ExecutionsRedriven")]),
                ObservationKind::Ended { status, took } => {
                    // a 0 is a value too: the lines of a graph go on while nothing fails
                    let ended = |wanted: Status| f64::from(u8::from(*status == wanted));
                    let outcome = |name, wanted| (name, Unit::Count, ended(wanted));
                    self.machine(
                        observation,
                        &[
                            outcome("ExecutionsSucceeded", Status::Succeeded),
                            outcome("ExecutionsFailed", Status::Failed),
                            outcome("ExecutionsTimedOut", Status::TimedOut),
                            outcome("ExecutionsAborted", Status::Aborted),
                            millis("ExecutionTime", *took),
                        ],
                    );
                }
                ObservationKind::DeadlinePassed | ObservationKind::StateEntered { .. } => {}
                ObservationKind::TaskScheduled { resource } => self.scheduled(resource, at),
                ObservationKind::TaskTaken { resource, waited } => {
                    let waited = *waited;
                    self.task(resource, at, |names| {
                        [one(names.started), millis("ActivityScheduleTime", waited)]
                    });
                }
                ObservationKind::TaskEnded { resource, end, took } => {
                    let ended = |wanted: TaskEnd| f64::from(u8::from(*end == wanted));
                    self.task(resource, at, |names| {
                        [
                            (names.succeeded, Unit::Count, ended(TaskEnd::Succeeded)),
                            (names.failed, Unit::Count, ended(TaskEnd::Failed)),
                            (names.timed_out, Unit::Count, ended(TaskEnd::TimedOut)),
                            millis(names.time, *took),
                        ]
                    });
                }
            }
        }
    }
}

fn one(name: &'static str) -> Sample {
    (name, Unit::Count, 1.0)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
fn millis(name: &'static str, took: i64) -> Sample {
    (name, Unit::Milliseconds, took.max(0) as f64)
}
