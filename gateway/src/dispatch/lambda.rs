use sluice_aws::{
    Attempts, CallError, Executions, Queue, Service, SettingError, Submissions, config, environment, required,
};

use super::{Dispatch, FailureQueue, KinesisEvent};
use crate::randomness;
use crate::start::AwsWorkflow;
use crate::submission_id::SubmissionIds;

impl FailureQueue for Queue {
    async fn keep(&self, message: &str) -> Result<(), CallError> {
        self.send(message).await
    }
}

fn dispatch() -> Result<Dispatch<AwsWorkflow, Queue>, SettingError> {
    let config = |service| config(service, Attempts::ByCaller, &environment);
    let workflow = AwsWorkflow {
        executions: Executions::new(
            &config(Service::StepFunctions)?,
            required(&environment, "STATE_MACHINE_ARN")?,
        )?,
        submissions: Submissions::new(
            &config(Service::DynamoDb)?,
            required(&environment, "SUBMISSIONS_TABLE_NAME")?,
        ),
    };
    let queue = Queue::new(&config(Service::Sqs)?, required(&environment, "FAILURE_QUEUE_URL")?);
    let ids = SubmissionIds::new(&required(&environment, "ID_SECRET")?)?;
    Ok(Dispatch::new(workflow, queue, ids, randomness::fraction))
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
