//! The routes: each request to the service and operation that it is meant for.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use sluice_wire::query::{self, QueryApi};
use sluice_wire::{json, read_body, rest};

use super::{ApiError, Form, RequestId, Services, query_apis, sts};

/// A message of 1 MiB with every byte percent-encoded still fits.
const MAX_QUERY_BODY: usize = 4 << 20;
/// DynamoDB's own limit.
const MAX_DYNAMODB_BODY: usize = 16 << 20;

/// The AWS endpoint: `POST /` for the JSON and query protocols, `/service/…` for CloudWatch's CBOR, `/2015-03-31/…` and
/// `/2021-10-31/…` for Lambda.
/// Everything else but what other routers hold gets AWS's `UnknownOperationException`.
pub fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/", post(root))
        .route(
            "/service/GraniteServiceVersion20100801/operation/{operation}",
            post(cloudwatch_cbor),
        )
        .merge(services.lambda.router())
        .merge(services.mappings.router())
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(services)
}

/// The JSON and query protocols share one path.
pub(super) async fn root(State(services): State<Arc<Services>>, request: Request) -> Response<Body> {
    let request_id = services.request_id();
    let (parts, body) = request.into_parts();
    match parts
        .headers
        .get("x-amz-target")
        .map(|target| target.to_str().unwrap_or_default().to_owned())
    {
        Some(target) => target_call(&services, &request_id, &target, parts.headers, body).await,
        None => query_call(&services, &request_id, &parts.headers, body).await,
    }
}

async fn target_call(
    services: &Arc<Services>,
    request_id: &RequestId,
    target: &str,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    match service {
        "AWSStepFunctions" => {
            let result = match read_body(body, sluice_stepfunctions::MAX_BODY).await {
                Ok(body) => services.stepfunctions.call(operation, &body).await,
                Err(error) => Err(error),
            };
            json::response(request_id, result)
        }
        "GraniteServiceVersion20100801" => {
            let cloudwatch = &services.cloudwatch;
            cloudwatch.respond_json(request_id, &headers, operation, body).await
        }
        "DynamoDB_20120810" | "DynamoDBStreams_20120810" => match read_body(body, MAX_DYNAMODB_BODY).await {
            Ok(body) => services.dynamodb.call(request_id, operation, &headers, body).await,
            Err(error) => json::failure(request_id, &error, serde_json::Value::Null),
        },
        "Kinesis_20131202" => services.kinesis.respond(request_id, operation, body).await,
        "Logs_20140328" => services.logs.respond(request_id, operation, body).await,
        "AWSEvents" => services.events.respond(request_id, operation, body).await,
        "AmazonSQS" => services.sqs.respond(request_id, &headers, operation, body).await,
        _ => json::failure(request_id, &unknown_target(target), serde_json::Value::Null),
    }
}

fn unknown_target(target: &str) -> ApiError {
    ApiError::client(
        "UnknownOperationException",
        format!(
            "The target {:?} is not available on the local endpoint, which knows AWSStepFunctions.*, \
             DynamoDB_20120810.*, DynamoDBStreams_20120810.*, Kinesis_20131202.*, AmazonSQS.*, AWSEvents.*, Logs_20140328.* and \
             GraniteServiceVersion20100801.*.",
            sluice_wire::shortened(target)
        ),
    )
}

async fn query_call(
    services: &Arc<Services>,
    request_id: &RequestId,
    headers: &HeaderMap,
    body: Body,
) -> Response<Body> {
    let scope = signature_scope(headers);
    // Before the form is read, only the signature says which service's error form the caller expects.
    let likely = QUERY_APIS
        .iter()
        .find(|api| Some(api.signing_name) == scope)
        .unwrap_or(&query_apis::STS);
    let body = read_body(body, MAX_QUERY_BODY).await;
    let form = body.and_then(|body| sluice_cloudwatch::uncompressed(headers, body));
    let form = match form.and_then(|body| Form::parse(&body)) {
        Ok(form) => form,
        Err(error) => return query::failure(likely, request_id, &error),
    };
    let Some(action) = form.filled("Action") else {
        let message = "The request has neither an X-Amz-Target header nor an Action: it is for no service that the local \
                       endpoint knows (Step Functions, DynamoDB, EventBridge, Kinesis, SQS, SNS, Lambda, CloudFormation, CloudWatch and its Logs, STS).";
        return query::failure(likely, request_id, &ApiError::client("MissingAction", message));
    };
    if form.get("Version") == Some("2012-11-05") {
        let message =
            "The local endpoint speaks SQS's JSON protocol only, which SDKs use since November 2023: use a newer one.";
        return query::failure(likely, request_id, &ApiError::client("InvalidAction", message));
    }
    let Some(api) = query_api(form.get("Version"), scope) else {
        let message = format!(
            "Could not find operation {} for version {}; the local endpoint knows sns 2010-03-31, cloudformation \
             2010-05-15, cloudwatch 2010-08-01 and sts 2011-06-15.",
            sluice_wire::shortened(action),
            sluice_wire::shortened(form.get("Version").unwrap_or("NO_VERSION_SPECIFIED"))
        );
        return query::failure(likely, request_id, &ApiError::client("InvalidAction", message));
    };
    let result = match *api {
        query_apis::SNS => services.sns.call(action, &form).await,
        sluice_cloudformation::API => sluice_cloudformation::call(&services.cloudformation, action, &form)
            .await
            .map_err(ApiError::from),
        sluice_cloudwatch::API => services.cloudwatch.call_form(action, &form).await,
        _ => sts::call(services, action, &form),
    };
    query::response(api, action, request_id, result)
}

/// The services of the query protocol.
const QUERY_APIS: [QueryApi; 4] = [
    query_apis::SNS,
    sluice_cloudformation::API,
    sluice_cloudwatch::API,
    query_apis::STS,
];

/// The service that a request is for: by the API's version, or else by the signature's scope.
fn query_api(version: Option<&str>, scope: Option<&str>) -> Option<&'static QueryApi> {
    QUERY_APIS.iter().find(|api| match version {
        Some(version) => api.version == version,
        None => Some(api.signing_name) == scope,
    })
}

/// The service in `Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
pub(super) fn signature_scope(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split([',', ' ']).next()?.split('/').nth(3)
}

/// CloudWatch by smithy-rpc-v2-cbor.
async fn cloudwatch_cbor(
    State(services): State<Arc<Services>>,
    Path(operation): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let request_id = services.request_id();
    services
        .cloudwatch
        .respond_cbor(&request_id, &parts.headers, &operation, body)
        .await
}

async fn unknown(State(services): State<Arc<Services>>, request: Request) -> Response<Body> {
    let message = format!(
        "{} {} is not available on the local endpoint, which knows POST / (Step Functions, DynamoDB, EventBridge, Kinesis, SQS, \
         SNS, CloudFormation, CloudWatch, STS), CloudWatch's /service/GraniteServiceVersion20100801/operation and Lambda's \
         /2015-03-31/functions, /2015-03-31/event-source-mappings and /2021-10-31/functions.",
        request.method(),
        sluice_wire::shortened(request.uri().path())
    );
    let error = ApiError::client("UnknownOperationException", message).status(StatusCode::NOT_FOUND);
    rest::failure(&services.request_id(), &error)
}
