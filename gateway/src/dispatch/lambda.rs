use sluice_aws::{Attempts, CallError, Executions, Queue, Service, SettingError, config, environment, required};

use super::{Dispatch, FailureQueue, KinesisEvent};
use crate::randomness;

impl FailureQueue for Queue {
    async fn keep(&self, message: &str) -> Result<(), CallError> {
        self.send(message).await
    }
}

fn dispatch() -> Result<Dispatch<Executions, Queue>, SettingError> {
    let config = |service| config(service, Attempts::ByCaller, &environment);
    Ok(Dispatch::new(
        Executions::new(
            &config(Service::StepFunctions)?,
            required(&environment, "STATE_MACHINE_ARN")?,
        )?,
        Queue::new(&config(Service::Sqs)?, required(&environment, "FAILURE_QUEUE_URL")?),
        randomness::fraction,
    ))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(dispatch, async |dispatch, batch: KinesisEvent, context| {
        Ok(dispatch.handle(&batch, sluice_aws::remaining(&context)).await)
    })
}
