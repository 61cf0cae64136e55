use std::time::SystemTime;

use sluice_aws::{
    Attempts, CallError, Description, Executions, Fault, Queue, Service, SettingError, StartError, config, environment,
    required,
};

use super::{Dispatch, Event, FailureQueue, Workflow};
use crate::chance;

impl Workflow for Executions {
    async fn start(&self, name: &str, input: &str) -> Result<(), StartError> {
        Executions::start(self, name, input).await.map(|_| ())
    }

    async fn describe(&self, name: &str) -> Result<Option<Description>, CallError> {
        Executions::describe(self, name).await
    }
}

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
        chance::fraction,
    ))
}

/// Runs the function. A missing setting is reported for each event, so that Lambda sends the batch again.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::log_to_stdout();
    let dispatch = dispatch();
    let dispatch = &dispatch;
    sluice_aws::serve(move |event: Event, context: lambda_runtime::Context| async move {
        let dispatch = dispatch.as_ref().map_err(|error| Fault::from(error.clone()))?;
        let remaining = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Ok(dispatch.handle(&event, remaining).await)
    })
}
