//! Lambda's reads over restJson; `invoke` has a module of its own.

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use form_urlencoded::Serializer;
use serde_json::Value;
use sluice_wire::ApiError;

use super::names;

/// An operation: its path, where `{}` stands for the value of a member, that member, and the members of the query string.
struct Operation {
    name: &'static str,
    path: &'static str,
    in_path: Option<&'static str>,
    in_query: &'static [&'static str],
}

const OPERATIONS: [Operation; 7] = [
    Operation {
        name: "GetFunction",
        path: "/2015-03-31/functions/{}",
        in_path: Some("FunctionName"),
        in_query: &["Qualifier"],
    },
    Operation {
        name: "GetFunctionConfiguration",
        path: "/2015-03-31/functions/{}/configuration",
        in_path: Some("FunctionName"),
        in_query: &["Qualifier"],
    },
    Operation {
        name: "ListFunctions",
        path: "/2015-03-31/functions",
        in_path: None,
        in_query: &["Marker", "MaxItems", "FunctionVersion", "MasterRegion"],
    },
    Operation {
        name: "GetFunctionUrlConfig",
        path: "/2021-10-31/functions/{}/url",
        in_path: Some("FunctionName"),
        in_query: &["Qualifier"],
    },
    Operation {
        name: "ListFunctionUrlConfigs",
        path: "/2021-10-31/functions/{}/urls",
        in_path: Some("FunctionName"),
        in_query: &["Marker", "MaxItems"],
    },
    Operation {
        name: "ListEventSourceMappings",
        path: "/2015-03-31/event-source-mappings",
        in_path: None,
        in_query: &["EventSourceArn", "FunctionName", "Marker", "MaxItems"],
    },
    Operation {
        name: "GetEventSourceMapping",
        path: "/2015-03-31/event-source-mappings/{}",
        in_path: Some("Uuid"),
        in_query: &[],
    },
];

/// The request for an operation, if it is one of these.
pub(super) fn request(operation: &str, arguments: &Value) -> Option<Request<Body>> {
    let operation = OPERATIONS.iter().find(|one| one.name == operation)?;
    let member = |name: &str| match &arguments[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut path = operation.path.to_owned();
    if let Some(name) = operation.in_path {
        let value: String = form_urlencoded::byte_serialize(member(name).unwrap_or_default().as_bytes()).collect();
        path = path.replace("{}", &value);
    }
    let mut query = Serializer::new(String::new());
    for name in operation.in_query {
        if let Some(value) = member(name) {
            query.append_pair(name, &value);
        }
    }
    let query = query.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    Request::get(format!("{path}{separator}{query}"))
        .body(Body::empty())
        .ok()
}

/// The members of a response.
pub(super) fn response(body: &Bytes) -> Result<Value, ApiError> {
    let members: Value = serde_json::from_slice(body).map_err(|error| ApiError::serialization(error.to_string()))?;
    // Of functions it is a text already.
    let is_time = |name: &str| name == "LastModified" || name.ends_with("Timestamp");
    Ok(names::with_times(names::renamed(&members, names::sdk), is_time))
}

/// The error in a response, whose code is in a header.
pub(super) fn error(code: &str, body: &Bytes) -> ApiError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = value["Message"].as_str().or_else(|| value["message"].as_str());
    ApiError::client(code.to_owned(), message.unwrap_or_default())
}
