//! `http:invoke`. See [the HTTP task](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html).
//!
//! This machine may be called, by http and https; other hosts only where they were allowed. There are no connections of
//! EventBridge here: a task must name one as on AWS, and its request goes without the connection's credentials.

mod form;
mod request;
mod response;

use std::time::Duration;

use serde_json::Value;
use sluice_wire::HttpError;
use tokio::time::timeout;

use crate::failure::MAX_RESULT;
use crate::{Services, TaskFailure};

use request::HttpRequest;

/// The time after which a request is given up, as on AWS.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the request and answers its response.
pub(crate) async fn invoke(services: &Services, arguments: &Value) -> Result<Value, TaskFailure> {
    let request = HttpRequest::read(arguments, &services.account.region)?;
    let host = request.url.host_str().unwrap_or_default();
    if !services.http.may_call(&request.url) {
        let cause = format!(
            "The local endpoint calls this machine only. To let state machines call {host}: sluice up --http-host {host}. \
             Or give the task's result by a file: sluice up --mocks FILE."
        );
        return Err(TaskFailure::new("States.TaskFailed", cause));
    }
    tracing::warn!(
        connection = request.connection,
        host,
        "there are no connections of EventBridge here: the request is sent without its credentials"
    );
    let sent = services
        .http
        .client()
        .map_err(|reason| socket(&reason))?
        .send(request.build()?, MAX_RESULT);
    match timeout(PATIENCE, sent).await {
        Ok(Ok(answer)) => response::read(&answer),
        Ok(Err(HttpError::TooLong { .. })) => Err(TaskFailure::too_large("http:invoke")),
        Ok(Err(error)) => Err(socket(&error.to_string())),
        Err(_) => Err(socket(&format!(
            "The request was not answered within {} seconds.",
            PATIENCE.as_secs()
        ))),
    }
}

/// There was no response.
fn socket(cause: &str) -> TaskFailure {
    TaskFailure::new("States.Http.Socket", cause)
}
