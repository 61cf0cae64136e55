//! `dynamodb:getItem` and its kin, and `aws-sdk:dynamodb:` with any operation. See
//! [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html).

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::attribute_values;
use crate::metadata::Metadata;
use crate::parameters::Parameters;
use crate::sdk::{Refusal, with_date_times};
use crate::{Client, Services};
use sluice_wire::{ApiError, http_date};

/// The API's operation behind an action of the integration.
pub(crate) fn operation(action: &str) -> Option<&'static str> {
    match action {
        "getItem" => Some("GetItem"),
        "putItem" => Some("PutItem"),
        "updateItem" => Some("UpdateItem"),
        "deleteItem" => Some("DeleteItem"),
        _ => None,
    }
}

pub(crate) async fn call(
    services: &Services,
    client: &Client,
    operation: &str,
    arguments: &Value,
) -> Result<Value, Refusal> {
    let request_id = services.account.uuid().simple().to_string().to_uppercase();
    let refused = |error: &ApiError| Refusal::of(client, error, &request_id);
    let typed = attribute_values::typed(arguments)
        .map_err(|reasons| Parameters::of(arguments).unusable(&reasons.join(", ")))?;
    let body = Bytes::from(typed.to_string());
    let response = services
        .dynamodb
        .send(operation, &own_headers(), body)
        .await
        .map_err(|error| refused(&error))?;
    let value: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if !response.status.is_success() {
        return Err(refused(&exception(&value, response.status)));
    }
    let length = response.body.len();
    let mut response = match value {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if client.is_sdk() {
        return Ok(with_date_times(Value::Object(response)));
    }
    let headers = vec![
        ("x-amzn-RequestId", request_id.clone()),
        ("Connection", "keep-alive".to_owned()),
        ("Content-Length", length.to_string()),
        ("Date", http_date(services.account.now())),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    Metadata {
        status: 200,
        request_id: (&request_id).into(),
        headers,
    }
    .add_to(&mut response);
    Ok(Value::Object(response))
}

fn exception(value: &Value, status: axum::http::StatusCode) -> ApiError {
    let member = |name: &str| value[name].as_str();
    let code = member("__type")
        .unwrap_or("InternalServerError")
        .rsplit('#')
        .next()
        .unwrap_or_default()
        .to_owned();
    let message = member("message").or_else(|| member("Message")).unwrap_or_default();
    ApiError::client(code, message).status(status)
}

/// The database wants to see credentials, and does not verify them.
fn own_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_static(
            "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        ),
    );
    headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
    headers
}
