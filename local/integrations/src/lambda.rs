//! Functions: by their ARN as the resource, by `lambda:invoke`, and by `aws-sdk:lambda:invoke`.
//! See [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html).

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sluice_host::Invocation;

use crate::call_end::CallEnd;
use crate::failure::MAX_RESULT;
use crate::metadata::Metadata;
use crate::parameters::Parameters;
use crate::{Client, Services, TaskFailure};
use sluice_lambda::{FunctionName, Invoked, LambdaError, client_context};
use sluice_wire::{ApiError, http_date};

/// A task whose resource is a function: the arguments are the event, the answer is the result.
pub(crate) async fn function(services: &Services, arn: &str, arguments: &Value) -> CallEnd {
    let call = call(services, Bytes::from(arguments.to_string()));
    let name = match FunctionName::parse(arn, None) {
        Ok(name) => name,
        Err(error) => return CallEnd::Failed(TaskFailure::runtime(error.to_string())),
    };
    match send(services, &Client::LAMBDA, &name, call).await {
        InvokeEnd::Responded(invoked) => failure(&invoked).map_or_else(|| result(&invoked, arn), Err).into(),
        InvokeEnd::Failed(failure) => CallEnd::Failed(failure),
        InvokeEnd::Interrupted => CallEnd::Interrupted,
    }
}

/// `lambda:invoke`: the parameters of the Invoke API, its response with the payload as JSON. As `aws-sdk:` integration,
/// the payload is the text itself, and a function that fails is an answer like any other.
pub(crate) async fn invoke(services: &Services, client: &Client, arguments: &Value) -> CallEnd {
    let request = match Request::parse(services, client, arguments) {
        Ok(request) => request,
        Err(failure) => return CallEnd::Failed(failure),
    };
    let trace_id = request.call.trace_id.clone().unwrap_or_default();
    match request.kind {
        Kind::RequestResponse => match send(services, client, &request.function, request.call).await {
            InvokeEnd::Responded(invoked) if client.is_sdk() => CallEnd::Succeeded(sdk_response(&invoked)),
            InvokeEnd::Responded(invoked) => {
                let succeeded = || response(services, &invoked, trace_id);
                failure(&invoked).map_or_else(succeeded, Err).into()
            }
            InvokeEnd::Failed(failure) => CallEnd::Failed(failure),
            InvokeEnd::Interrupted => CallEnd::Interrupted,
        },
        Kind::Event => event(services, client, request).into(),
    }
}

fn sdk_response(invoked: &Invoked) -> Value {
    let mut response = Map::new();
    response.insert("ExecutedVersion".into(), json!(invoked.executed_version));
    if let Some(error) = &invoked.function_error {
        response.insert("FunctionError".into(), json!(error));
    }
    if let Some(log) = &invoked.log_result {
        response.insert("LogResult".into(), json!(log));
    }
    response.insert("Payload".into(), json!(String::from_utf8_lossy(&invoked.payload)));
    response.insert("StatusCode".into(), json!(200));
    Value::Object(response)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    RequestResponse,
    Event,
}

struct Request {
    function: FunctionName,
    kind: Kind,
    call: Invocation,
}

impl Request {
    fn parse(services: &Services, client: &Client, arguments: &Value) -> Result<Self, TaskFailure> {
        let parameters = Parameters::of(arguments);
        let qualifier = parameters.text("Qualifier")?;
        let function = FunctionName::parse(parameters.required("FunctionName")?, qualifier)
            .map_err(|error| refused(client, error, ""))?;
        let kind = match parameters.text("InvocationType")? {
            None | Some("RequestResponse") => Kind::RequestResponse,
            Some("Event") => Kind::Event,
            Some(other) => {
                let cause =
                    format!("The parameter 'InvocationType' must be RequestResponse or Event, but it is '{other}'.");
                return Err(TaskFailure::runtime(cause));
            }
        };
        let context = parameters.text("ClientContext")?.map(client_context).transpose();
        let payload = payload(parameters.get("Payload")).map_err(|error| refused(client, error, ""))?;
        let call = Invocation {
            client_context: context.map_err(|error| refused(client, error, ""))?,
            log_tail: parameters.text("LogType")? == Some("Tail"),
            ..call(services, payload)
        };
        Ok(Self { function, kind, call })
    }
}

/// A string is the event's text itself; anything else its JSON. Without one, or with null, the event is an empty object.
fn payload(value: Option<&Value>) -> Result<Bytes, LambdaError> {
    match value {
        None => Ok(Bytes::from_static(b"{}")),
        Some(Value::String(text)) => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Ok(Bytes::from(text.clone())),
            Err(error) => Err(LambdaError::InvalidRequestContent(error.to_string())),
        },
        // not by its `Display`, which checks each piece of it for UTF-8
        Some(value) => serde_json::to_vec(value)
            .map(Bytes::from)
            .map_err(|error| LambdaError::InvalidRequestContent(error.to_string())),
    }
}

fn call(services: &Services, payload: Bytes) -> Invocation {
    let request_id = services.account.uuid();
    let seconds = services.account.now() / 1000;
    let random = request_id.simple().to_string();
    let trace_id = format!(
        "Root=1-{seconds:08x}-{};Parent={};Sampled=0",
        &random[..24],
        &random[16..]
    );
    Invocation {
        request_id: Some(request_id),
        trace_id: Some(trace_id),
        ..Invocation::new(payload)
    }
}

enum InvokeEnd {
    Responded(Invoked),
    Failed(TaskFailure),
    Interrupted,
}

async fn send(services: &Services, client: &Client, function: &FunctionName, call: Invocation) -> InvokeEnd {
    let request_id = call.request_id.map(|id| id.to_string()).unwrap_or_default();
    match services.lambda.invoke(function, call).await {
        Ok(invoked) => InvokeEnd::Responded(invoked),
        // The function is still there, so it is the host that is going.
        Err(LambdaError::Stopped) if services.lambda.spec(function).is_ok() => InvokeEnd::Interrupted,
        Err(error) => InvokeEnd::Failed(refused(client, error, &request_id)),
    }
}

/// Lambda refused the call, or could not be reached.
fn refused(client: &Client, error: LambdaError, request_id: &str) -> TaskFailure {
    match error {
        LambdaError::Unreachable(cause) => TaskFailure::new("Lambda.SdkClientException", cause),
        error => client.refused(&ApiError::from(error), request_id),
    }
}

/// Returns the failure if the function failed: its error's type is the error, its whole payload the cause.
fn failure(invoked: &Invoked) -> Option<TaskFailure> {
    invoked.function_error.as_ref()?;
    let told: Option<Value> = serde_json::from_slice(&invoked.payload).ok();
    // Step Functions shows the JSON without the white space that some runtimes put into it.
    let text = match &told {
        Some(told) => told.to_string(),
        None => String::from_utf8_lossy(&invoked.payload).into_owned(),
    };
    let kind = told
        .as_ref()
        .and_then(|told| told.get("errorType"))
        .and_then(Value::as_str);
    Some(match kind {
        Some(kind) => TaskFailure::new(kind, text),
        None => TaskFailure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
            ),
        ),
    })
}

/// The function's answer as JSON; no answer at all is null.
///
/// What is too long is refused for its length, whether it is JSON or not.
fn result(invoked: &Invoked, task: &str) -> Result<Value, TaskFailure> {
    if invoked.payload.len() > MAX_RESULT {
        return Err(TaskFailure::too_large(task));
    }
    if invoked.payload.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&invoked.payload).map_err(|error| {
        TaskFailure::new(
            "Lambda.Unknown",
            format!("The function's response is not JSON: {error}."),
        )
    })
}

fn response(services: &Services, invoked: &Invoked, trace_id: String) -> Result<Value, TaskFailure> {
    let mut response = Map::new();
    response.insert("ExecutedVersion".into(), json!(invoked.executed_version));
    if let Some(log) = &invoked.log_result {
        response.insert("LogResult".into(), json!(log));
    }
    response.insert("Payload".into(), result(invoked, "lambda")?);
    let headers = vec![
        ("X-Amz-Executed-Version", invoked.executed_version.clone()),
        ("x-amzn-Remapped-Content-Length", "0".to_owned()),
        ("Connection", "keep-alive".to_owned()),
        ("x-amzn-RequestId", invoked.request_id.clone()),
        ("Content-Length", invoked.payload.len().to_string()),
        ("Date", http_date(services.account.now())),
        ("X-Amzn-Trace-Id", trace_id),
        ("Content-Type", "application/json".to_owned()),
    ];
    Metadata {
        status: 200,
        request_id: (&invoked.request_id).into(),
        headers,
    }
    .add_to(&mut response);
    response.insert("StatusCode".into(), json!(200));
    Ok(Value::Object(response))
}

/// The function is started and not waited for.
fn event(services: &Services, client: &Client, request: Request) -> Result<Value, TaskFailure> {
    let request_id = request.call.request_id.map(|id| id.to_string()).unwrap_or_default();
    services
        .lambda
        .find(&request.function)
        .map_err(|error| refused(client, error, &request_id))?;
    let mut response = Map::new();
    response.insert("Payload".into(), json!(""));
    if client.is_sdk() {
        response.insert("StatusCode".into(), json!(202));
        spawn(services, request);
        return Ok(Value::Object(response));
    }
    let headers = vec![
        ("x-amzn-Remapped-Content-Length", "0".to_owned()),
        ("Connection", "keep-alive".to_owned()),
        ("x-amzn-RequestId", request_id.clone()),
        ("Content-Length", "0".to_owned()),
        ("Date", http_date(services.account.now())),
        ("X-Amzn-Trace-Id", request.call.trace_id.clone().unwrap_or_default()),
    ];
    Metadata {
        status: 202,
        request_id: (&request_id).into(),
        headers,
    }
    .add_to(&mut response);
    response.insert("StatusCode".into(), json!(202));
    spawn(services, request);
    Ok(Value::Object(response))
}

fn spawn(services: &Services, request: Request) {
    let lambda = services.lambda.clone();
    tokio::spawn(async move {
        if let Err(error) = lambda.invoke(&request.function, request.call).await {
            tracing::warn!(function = request.function.name, %error, "an asynchronous invocation failed");
        }
    });
}
