//! Calls to the targets of schedules.

use std::sync::Arc;

use sluice_driver::DriverError;
use sluice_engine::Timestamp;
use sluice_host::Invocation;
use sluice_stepfunctions::StartExecutionRequest;
use sluice_template::{Schedule, ScheduleTarget};

use crate::endpoint::{ApiError, Services, iso_8601};
use crate::lambda::{FunctionName, LambdaError};

/// The reason why a target failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    /// CloudFormation refused.
    #[error("{}: {}", .0.code, .0.message)]
    CloudFormation(ApiError),
    /// There is no such function.
    #[error(transparent)]
    Function(#[from] LambdaError),
    /// Step Functions refused to start the execution.
    #[error("StartExecution: {}", .0.message)]
    StepFunctions(ApiError),
    /// The journal.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// One try of one occurrence.
pub(super) struct Firing<'a> {
    /// The schedule.
    pub(super) schedule: &'a Schedule,
    /// The time at which the occurrence was due.
    pub(super) due: Timestamp,
    /// The id that the tries of an occurrence have in common, and no other occurrence.
    pub(super) execution: &'a str,
    /// 1 for the first try.
    pub(super) attempt: u32,
}

impl Firing<'_> {
    /// The text with what Scheduler knows in the place of its keywords
    /// (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>).
    fn filled(&self, text: &str) -> String {
        // in whole seconds, as Scheduler writes it
        let due = iso_8601(self.due - self.due.rem_euclid(1000)).replace(".000Z", "Z");
        text.replace("<aws.scheduler.schedule-arn>", &self.schedule.arn)
            .replace("<aws.scheduler.scheduled-time>", &due)
            .replace("<aws.scheduler.execution-id>", self.execution)
            .replace("<aws.scheduler.attempt-number>", &self.attempt.to_string())
    }
}

/// Calls the target once.
pub(super) async fn fire(services: &Arc<Services>, firing: &Firing<'_>) -> Result<(), TargetError> {
    match &firing.schedule.target {
        ScheduleTarget::DeleteStack { stack } => services
            .cloudformation
            .delete_stack(stack)
            .await
            .map_err(|error| TargetError::CloudFormation(error.into())),
        ScheduleTarget::Invoke { function_arn, input } => {
            let function = FunctionName::parse(function_arn, None)?;
            services.lambda.find(&function)?;
            let (services, call) = (Arc::clone(services), Invocation::new(firing.filled(input)));
            // the schedule's part ends when the event is taken, as with an asynchronous invocation on AWS
            tokio::spawn(async move {
                if let Err(error) = services.lambda.invoke(&function, call).await {
                    tracing::warn!(function = function.name, %error, "a scheduled invocation failed");
                }
            });
            Ok(())
        }
        ScheduleTarget::StartExecution {
            machine_arn,
            name,
            input,
        } => {
            let request = StartExecutionRequest {
                state_machine_arn: Some(machine_arn.clone()),
                name: name.as_deref().map(|name| firing.filled(name)),
                input: Some(firing.filled(input)),
                trace_header: None,
            };
            let started = services.stepfunctions.start_execution(request).await;
            started.map_err(TargetError::StepFunctions)?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use sluice_template::ScheduleTiming;

    use super::*;

    #[test]
    fn the_input_says_what_scheduler_knows() {
        let schedule = Schedule {
            name: "s".to_owned(),
            arn: "arn:s".to_owned(),
            description: None,
            timing: ScheduleTiming::Rate(60_000),
            start_ms: None,
            end_ms: None,
            enabled: true,
            target: ScheduleTarget::DeleteStack { stack: "x".to_owned() },
            max_retries: 0,
            max_event_age_seconds: 60,
        };
        let firing = Firing {
            schedule: &schedule,
            due: 1_795_341_600_999,
            execution: "e-1",
            attempt: 2,
        };
        for (text, expected) in [
            (
                r#"{"at": "<aws.scheduler.scheduled-time>"}"#,
                r#"{"at": "2026-11-22T10:00:00Z"}"#,
            ),
            ("<aws.scheduler.schedule-arn> <aws.scheduler.execution-id>", "arn:s e-1"),
            ("<aws.scheduler.attempt-number><aws.scheduler.attempt-number>", "22"),
            ("<aws.scheduler.other> $.at", "<aws.scheduler.other> $.at"),
        ] {
            assert_eq!(firing.filled(text), expected);
        }
    }
}
