//! `aws-sdk:`: every operation that the endpoint has, as the AWS SDK for Java shows it. See
//! [SDK integrations](https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
//!
//! A service is a row here: the name of its integration, the client whose words its errors have, and its protocol.

mod json;
mod names;
mod query;
mod rest;
mod sfn;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use serde_json::Value;
use sluice_wire::{ApiError, read_body};

use crate::{Client, Services, TaskFailure};

pub(crate) use names::{operation, with_date_times};
pub(crate) use sfn::sfn;

/// More bytes than any response that a task may have.
const MAX_RESPONSE: usize = 16 << 20;

/// A service that tasks call over the endpoint.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name in the integration's ARN, behind `aws-sdk:`.
    name: &'static str,
    pub(crate) client: Client,
    protocol: Protocol,
}

/// The way in which a service takes its requests.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    /// awsJson: the first part of `X-Amz-Target`, and how its members are written.
    Json(json::Dialect),
    /// awsQuery: the API's version.
    Query(&'static str),
    /// restJson, which only Lambda has.
    Rest,
}

/// The services, without Step Functions and DynamoDB with its streams, which are called directly.
const SERVICES: &[Service] = &[
    Service::new(
        "cloudformation",
        Client::SDK_CLOUDFORMATION,
        Protocol::Query("2010-05-15"),
    ),
    Service::new(
        "cloudwatch",
        Client::SDK_CLOUDWATCH,
        Protocol::Json(json::Dialect::CLOUDWATCH),
    ),
    // the same API under its older name
    Service::new(
        "cloudwatchevents",
        Client::SDK_CLOUDWATCH_EVENTS,
        Protocol::Json(json::Dialect::EVENTS),
    ),
    Service::new("cloudwatchlogs", Client::SDK_LOGS, Protocol::Json(json::Dialect::LOGS)),
    Service::new(
        "eventbridge",
        Client::SDK_EVENTBRIDGE,
        Protocol::Json(json::Dialect::EVENTS),
    ),
    Service::new("kinesis", Client::SDK_KINESIS, Protocol::Json(json::Dialect::KINESIS)),
    Service::new("lambda", Client::SDK_LAMBDA, Protocol::Rest),
    Service::new("sns", Client::SDK_SNS, Protocol::Query("2010-03-31")),
    Service::new("sqs", Client::SDK_SQS, Protocol::Json(json::Dialect::SQS)),
    Service::new("sts", Client::SDK_STS, Protocol::Query("2011-06-15")),
];

/// SQS as its optimised integration calls it.
pub(crate) const OPTIMISED_SQS: Service = Service::new("sqs", Client::SQS, Protocol::Json(json::Dialect::SQS_AS_IS));

/// EventBridge as its optimised integration calls it.
pub(crate) const OPTIMISED_EVENTS: Service =
    Service::new("events", Client::EVENTS, Protocol::Json(json::Dialect::EVENTS));

impl Service {
    const fn new(name: &'static str, client: Client, protocol: Protocol) -> Self {
        Self { name, client, protocol }
    }

    /// The service behind `aws-sdk:NAME`.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.name == name)
    }
}

/// A response of the endpoint, in the words of the service's client.
pub(crate) struct Reply {
    pub(crate) members: Value,
    pub(crate) request_id: String,
    /// The bytes of its body.
    pub(crate) length: usize,
}

/// A refusal of the endpoint.
pub(crate) enum Refusal {
    /// The endpoint has no such operation.
    NoOperation,
    Failed(TaskFailure),
}

impl From<TaskFailure> for Refusal {
    fn from(failure: TaskFailure) -> Self {
        Self::Failed(failure)
    }
}

impl Refusal {
    /// The refusal by a service that was called directly.
    pub(crate) fn of(client: &Client, error: &ApiError, request_id: &str) -> Self {
        match &*error.code {
            "UnknownOperationException" => Self::NoOperation,
            _ => Self::Failed(client.refused(error, request_id)),
        }
    }
}

/// Calls an operation of a service.
pub(crate) async fn call(
    services: &Services,
    service: &Service,
    action: &str,
    arguments: &Value,
) -> Result<Reply, Refusal> {
    let operation = operation(action);
    let request = match service.protocol {
        Protocol::Json(dialect) => dialect.request(&operation, arguments),
        Protocol::Query(version) => query::request(version, &operation, arguments),
        Protocol::Rest => rest::request(&operation, arguments),
    };
    let Some(request) = request else {
        return Err(Refusal::NoOperation);
    };
    // A call may wait for as long as a long poll: it gets a place of its own.
    let response = Box::pin(send(services, request)).await;
    let Answer { status, headers, body } = response.map_err(|error| service.client.refused(&error, ""))?;
    let request_id = text(&headers, "x-amzn-requestid").to_owned();
    if !status.is_success() {
        let error = match service.protocol {
            Protocol::Json(_) => json::error(&body),
            Protocol::Query(_) => query::error(&body),
            Protocol::Rest => rest::error(text(&headers, "x-amzn-errortype"), &body),
        };
        return Err(refusal(
            service,
            &error.status(status),
            arguments,
            &headers,
            &request_id,
        ));
    }
    let members = match service.protocol {
        Protocol::Json(dialect) => dialect.response(&body),
        Protocol::Query(_) => query::response(&body),
        Protocol::Rest => rest::response(&body),
    };
    Ok(Reply {
        members: members.map_err(|error| service.client.refused(&error, &request_id))?,
        request_id,
        length: body.len(),
    })
}

fn refusal(service: &Service, error: &ApiError, arguments: &Value, headers: &HeaderMap, request_id: &str) -> Refusal {
    match &*error.code {
        "UnknownOperationException" | "InvalidAction" => Refusal::NoOperation,
        // A member of another type: the SDK's classes could not have been filled with it, so no call is made on AWS.
        "SerializationException" => Refusal::Failed(TaskFailure::runtime(format!(
            "The Parameters '{arguments}' could not be used to start the Task: [{}]",
            error.message
        ))),
        code => {
            // `AWS.SimpleQueueService.NonExistentQueue;Sender`
            let shown = text(headers, "x-amzn-query-error").split(';').next();
            let shown = shown.filter(|shown| !shown.is_empty()).unwrap_or(code);
            Refusal::Failed(service.client.refused_as(error, shown, request_id))
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

async fn send(services: &Services, mut request: Request<Body>) -> Result<Answer, ApiError> {
    if let Ok(host) = services.host.parse() {
        request.headers_mut().insert(header::HOST, host);
    }
    let (parts, body) = services.endpoint.send(request).await.into_parts();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body: read_body(body, MAX_RESPONSE).await?,
    })
}
