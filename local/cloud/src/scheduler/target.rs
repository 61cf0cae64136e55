//! What schedules do.

use std::sync::Arc;

use sluice_driver::DriverError;
use sluice_host::Invocation;
use sluice_template::ScheduleTarget;

use crate::cloudformation;
use crate::endpoint::{ApiError, Services};
use crate::lambda::{FunctionName, LambdaError};
use crate::states::{StartExecutionRequest, StatesError, checked_start};

/// Why a target failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    /// CloudFormation refused.
    #[error("{}: {}", .0.code, .0.message)]
    CloudFormation(ApiError),
    /// There is no such function.
    #[error(transparent)]
    Function(#[from] LambdaError),
    /// Step Functions refused the request.
    #[error("StartExecution: {}", ApiError::from(.0.clone()).message)]
    States(StatesError),
    /// Step Functions refused to start the execution.
    #[error("StartExecution: {0}")]
    Start(#[from] sluice_driver::StartError),
    /// The journal.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

/// Does it once.
pub(crate) async fn fire(services: &Arc<Services>, target: &ScheduleTarget) -> Result<(), TargetError> {
    match target {
        ScheduleTarget::DeleteStack { stack } => cloudformation::delete(services, stack)
            .await
            .map_err(TargetError::CloudFormation),
        ScheduleTarget::Invoke { function_arn, input } => {
            let function = FunctionName::parse(function_arn, None)?;
            services.lambda.find(&function)?;
            let (services, call) = (Arc::clone(services), Invocation::new(input.clone()));
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
            let request = checked_start(StartExecutionRequest {
                state_machine_arn: Some(machine_arn.clone()),
                name: name.clone(),
                input: Some(input.clone()),
                trace_header: None,
            });
            services
                .driver
                .start_execution(request.map_err(TargetError::States)?)
                .await?;
            Ok(())
        }
    }
}
