//! Services of awsJson: an object in, an object out.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use sluice_wire::ApiError;

use super::names;

/// The way in which a service writes members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// The part of `X-Amz-Target` before the operation.
    target: &'static str,
    /// The service's name of a member in the SDK's words.
    to_wire: fn(&str) -> String,
    /// The SDK's name of a service's member.
    to_sdk: fn(&str) -> String,
    /// Tells which members are seconds since 1970, for which the SDK has times.
    is_time: fn(&str) -> bool,
    /// Members of bytes, which are base64 on the wire and texts in a state machine.
    blobs: &'static [&'static str],
}

impl Dialect {
    const fn new(target: &'static str) -> Self {
        Self {
            target,
            to_wire: same,
            to_sdk: names::sdk,
            is_time: |_| false,
            blobs: &[],
        }
    }

    pub(super) const SQS: Self = Self {
        blobs: &["BinaryValue"],
        ..Self::new("AmazonSQS")
    };
    pub(super) const SQS_AS_IS: Self = Self {
        to_sdk: same,
        ..Self::SQS
    };
    pub(super) const KINESIS: Self = Self {
        is_time: |name| name.ends_with("Timestamp"),
        blobs: &["Data"],
        ..Self::new("Kinesis_20131202")
    };
    pub(super) const CLOUDWATCH: Self = Self {
        is_time: |name| matches!(name, "Timestamp" | "Timestamps" | "LastModified"),
        ..Self::new("GraniteServiceVersion20100801")
    };
    pub(super) const EVENTS: Self = Self::new("AWSEvents");
    /// Its times are milliseconds, and stay numbers.
    pub(super) const LOGS: Self = Self {
        to_wire: names::lower,
        ..Self::new("Logs_20140328")
    };

    /// The request for an operation.
    pub(super) fn request(self, operation: &str, arguments: &Value) -> Option<Request<Body>> {
        let mut members = names::renamed(arguments, self.to_wire);
        in_place(&mut members, self.blobs, &|text| STANDARD.encode(text));
        Request::post("/")
            .header("x-amz-target", format!("{}.{operation}", self.target))
            .header("content-type", "application/x-amz-json-1.1")
            .body(Body::from(members.to_string()))
            .ok()
    }

    /// The members of a response.
    pub(super) fn response(self, body: &Bytes) -> Result<Value, ApiError> {
        let members = if body.is_empty() {
            Value::Object(serde_json::Map::new())
        } else {
            serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))?
        };
        let mut members = names::with_times(names::renamed(&members, self.to_sdk), self.is_time);
        in_place(&mut members, self.blobs, &|text| match STANDARD.decode(text) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => text.to_owned(),
        });
        Ok(members)
    }
}

fn same(name: &str) -> String {
    name.to_owned()
}

/// Changes the members of bytes; what is no text goes as its JSON, as Step Functions takes it.
fn in_place(value: &mut Value, blobs: &[&str], change: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !blobs.contains(&name.as_str()) {
                    in_place(value, blobs, change);
                    continue;
                }
                let text = match &*value {
                    Value::String(text) => change(text),
                    other => change(&other.to_string()),
                };
                *value = Value::String(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| in_place(item, blobs, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The error in a response.
pub(super) fn error(body: &Bytes) -> ApiError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| value[name].as_str();
    let code = member("__type").unwrap_or("InternalFailure");
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    let message = member("message").or_else(|| member("Message")).unwrap_or_default();
    ApiError::client(code, message)
}
