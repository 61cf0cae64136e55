//! [GetActivityTask](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html)

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sluice_wire::Constraints;

use crate::activity_tasks::NoTask;
use crate::{StatesError, StepFunctions, activity, arn, name};

/// The time for which a worker waits for a task.
const LONG_POLL: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    activity_arn: Option<String>,
    worker_name: Option<String>,
}

/// Without a task, the members are null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    task_token: Option<Arc<str>>,
    input: Option<String>,
}

/// Waits for a task for a minute at most.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let activity_arn = constraints.text("activityArn", request.activity_arn, 1..=256);
    constraints.finish()?;
    arn::activity(&activity_arn)?;
    if let Some(worker) = &request.worker_name {
        name::check(worker)?;
    }
    if activity::find(states, &activity_arn).await?.is_none() {
        return Err(StatesError::ActivityDoesNotExist(activity_arn));
    }
    let worker = request.worker_name.as_deref();
    let tasks = states.activity_tasks();
    match tasks.next(&states.driver, &activity_arn, worker, LONG_POLL).await {
        Ok(task) => Ok(Response {
            input: task.as_ref().map(|task| task.arguments.to_string()),
            task_token: task.and_then(|task| task.token),
        }),
        Err(NoTask::TooManyWorkers) => Err(StatesError::ActivityWorkerLimitExceeded(activity_arn)),
        Err(NoTask::Driver(error)) => Err(error.into()),
    }
}
