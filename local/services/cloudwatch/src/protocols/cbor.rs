//! smithy-rpc-v2-cbor: `POST /service/NAME/operation/OPERATION`, CBOR in and out.
//! See the [protocol](https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};
use sluice_wire::RequestId;

use crate::api::call;
use crate::node::Node;
use crate::wire::{QUERY_ERROR, query_error, read};
use crate::{CloudWatch, CloudWatchError};

/// The deepest nesting of a request; the deepest that there is has seven levels.
const MAX_DEPTH: usize = 32;

/// The namespace of the errors' shapes.
const NAMESPACE: &str = "com.amazonaws.cloudwatch";

impl CloudWatch {
    /// Answers one request of smithy-rpc-v2-cbor.
    pub async fn respond_cbor(
        &self,
        request_id: &RequestId,
        headers: &HeaderMap,
        operation: &str,
        body: Body,
    ) -> Response<Body> {
        let request = match read(headers, body).await {
            Ok(body) => decode(&body),
            Err(error) => Err(CloudWatchError::Serialization(error.message)),
        };
        let answered = match request {
            Ok(request) => call(self, operation, request).await,
            Err(error) => Err(error),
        };
        match answered {
            Ok(node) => response(request_id, StatusCode::OK, &node),
            Err(error) => failure(request_id, &error),
        }
    }
}

fn failure(request_id: &RequestId, error: &CloudWatchError) -> Response<Body> {
    let names = error.names();
    let mut members = vec![
        ("__type", Node::Text(format!("{NAMESPACE}#{}", names.shape))),
        ("message", Node::Text(error.to_string())),
    ];
    members.extend(error.details());
    let mut response = response(request_id, names.status, &Node::Record(members));
    let query_error = query_error(names.code, names.status.is_client_error());
    if let Ok(value) = HeaderValue::from_str(&query_error) {
        response.headers_mut().insert(QUERY_ERROR, value);
    }
    response
}

fn response(request_id: &RequestId, status: StatusCode, node: &Node) -> Response<Body> {
    let mut body = Vec::new();
    if let Err(error) = ciborium::into_writer(&node.cbor(), &mut body) {
        // writing to memory cannot fail
        tracing::error!(%error, "an answer could not be written as CBOR");
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    headers.insert("x-amzn-requestid", request_id.header());
    response
}

/// The request as the JSON value that it would be; an empty body is an empty structure.
fn decode(body: &[u8]) -> Result<Value, CloudWatchError> {
    let refused = |reason: String| CloudWatchError::Serialization(format!("The request is no CBOR map: {reason}"));
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut rest = body;
    let read: Cbor = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH)
        .map_err(|error| refused(error.to_string()))?;
    if !rest.is_empty() {
        return Err(refused(format!("{} bytes follow it", rest.len())));
    }
    match read {
        Cbor::Map(_) => value(read).map_err(refused),
        _ => Err(refused("it is something else".into())),
    }
}

fn value(read: Cbor) -> Result<Value, String> {
    Ok(match read {
        Cbor::Null => Value::Null,
        Cbor::Bool(truth) => Value::Bool(truth),
        Cbor::Text(text) => Value::String(text),
        Cbor::Integer(number) => {
            let number = i128::from(number);
            let whole = i64::try_from(number).map(Number::from).ok();
            #[expect(clippy::cast_precision_loss, reason = "beyond 64 bits nothing needs its last digit")]
            let large = || Number::from_f64(number as f64);
            whole.or_else(large).map_or(Value::Null, Value::Number)
        }
        // JSON has no NaN and no infinity; as text they still say what they are when they are refused
        Cbor::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        // a time: what is under the tag is seconds
        Cbor::Tag(_, inner) => value(*inner)?,
        Cbor::Array(items) => Value::Array(items.into_iter().map(value).collect::<Result<_, _>>()?),
        Cbor::Map(entries) => {
            let mut members = Map::new();
            for (key, entry) in entries {
                let Cbor::Text(key) = key else {
                    return Err("a key is no text".into());
                };
                // a member that is null is absent
                if !entry.is_null() {
                    members.insert(key, value(entry)?);
                }
            }
            Value::Object(members)
        }
        Cbor::Bytes(_) => return Err("it holds bytes, which no member is".into()),
        _ => return Err("it holds something that no member is".into()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(value: &Cbor) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_request_is_read_with_its_times() {
        let text = |text: &str| Cbor::Text(text.into());
        let request = Cbor::Map(vec![
            (text("StartTime"), Cbor::Tag(1, Box::new(Cbor::Float(1.5)))),
            (
                text("List"),
                Cbor::Array(vec![Cbor::Integer(3.into()), Cbor::Bool(true)]),
            ),
            (text("Absent"), Cbor::Null),
            (text("Bad"), Cbor::Float(f64::NAN)),
        ]);
        let read = decode(&encoded(&request)).unwrap();
        assert_eq!(read, json!({ "StartTime": 1.5, "List": [3, true], "Bad": "NaN" }));
        assert_eq!(decode(b"").unwrap(), json!({}));
    }

    #[test]
    fn rubbish_is_refused() {
        let nested = [[0xa1, 0x61, b'a'].repeat(200), vec![0xa0]].concat();
        let bytes = encoded(&Cbor::Map(vec![(Cbor::Text("a".into()), Cbor::Bytes(vec![1]))]));
        let number = encoded(&Cbor::Map(vec![(Cbor::Integer(1.into()), Cbor::Null)]));
        for body in [
            &b"\xff"[..],
            b"{}",
            b"\x80",
            b"\xa0\xa0",
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
            &nested,
            &bytes,
            &number,
        ] {
            assert!(decode(body).is_err(), "{body:?}");
        }
    }
}
