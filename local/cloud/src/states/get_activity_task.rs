//! [GetActivityTask](https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html)

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{StatesError, activity, arn, name};
use crate::endpoint::{Constraints, Services};
use crate::tasks::NoTask;

/// How long a worker waits for a task.
const LONG_POLL: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    activity_arn: Option<String>,
    worker_name: Option<String>,
}

/// Waits for a task for a minute at most; without one, the members are null.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let activity_arn = constraints.text("activityArn", request.activity_arn, 1..=256);
    constraints.finish()?;
    arn::activity(&activity_arn)?;
    if let Some(worker) = &request.worker_name {
        name::check(worker)?;
    }
    if activity::find(services, &activity_arn).await?.is_none() {
        return Err(StatesError::ActivityDoesNotExist(activity_arn));
    }
    let worker = request.worker_name.as_deref();
    let next = services
        .activities
        .next(&services.driver, &activity_arn, worker, LONG_POLL);
    match next.await {
        Ok(Some(task)) => Ok(json!({ "taskToken": task.token, "input": task.arguments.to_string() })),
        Ok(None) => Ok(json!({ "taskToken": null, "input": null })),
        Err(NoTask::TooManyWorkers) => Err(StatesError::ActivityWorkerLimitExceeded(activity_arn)),
        Err(NoTask::Driver(error)) => Err(error.into()),
    }
}
