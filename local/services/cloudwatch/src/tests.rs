//! The API by its three protocols, on the same data.

mod alarms;
mod dashboards;
mod data;
mod refusals;

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderMap;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value, json};
use sluice_clock::ManualClock;
use sluice_service_testing::{NOW, Reply, account, journal};
use sluice_wire::{Form, RequestId, query as query_protocol};
use tempfile::TempDir;

use crate::{API, CloudWatch, Metrics};

const SECONDS: i64 = NOW / 1_000;

/// The service over a journal and metrics of its own.
struct World {
    cloudwatch: CloudWatch,
    request_id: RequestId,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let account = account(Arc::new(ManualClock::new(NOW)), 1);
        let metrics = Arc::new(Metrics::new(Arc::clone(&account.clock)));
        metrics.open(&directory.path().join("metrics.sqlite"), None).unwrap();
        let driver = journal(directory.path(), &account);
        Self {
            request_id: RequestId::new(&account),
            cloudwatch: CloudWatch::new(account, metrics, driver),
            _directory: directory,
        }
    }

    async fn json(&self, headers: &HeaderMap, operation: &str, body: impl Into<Body>) -> Reply {
        let response = self
            .cloudwatch
            .respond_json(&self.request_id, headers, operation, body.into());
        Reply::of(response.await).await
    }

    async fn form(&self, operation: &str, fields: &[(String, String)]) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation)
            .append_pair("Version", API.version)
            .extend_pairs(fields);
        let form = Form::parse(form.finish().as_bytes()).unwrap();
        let result = self.cloudwatch.call_form(operation, &form).await;
        Reply::of(query_protocol::response(&API, operation, &self.request_id, result)).await
    }
}

/// The protocol of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Cbor,
    Json,
    Query,
}

const PROTOCOLS: [Protocol; 3] = [Protocol::Cbor, Protocol::Json, Protocol::Query];

/// A member whose name ends in `Time` or `Timestamp` is one.
fn to_cbor(name: &str, value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(truth) => Cbor::Bool(*truth),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(number) => {
            let plain = match number.as_i64() {
                Some(whole) => Cbor::Integer(whole.into()),
                None => Cbor::Float(number.as_f64().unwrap()),
            };
            if name.ends_with("Time") || name == "Timestamp" {
                Cbor::Tag(1, Box::new(plain))
            } else {
                plain
            }
        }
        Value::Array(items) => Cbor::Array(items.iter().map(|item| to_cbor("", item)).collect()),
        Value::Object(members) => {
            let entries = members.iter();
            Cbor::Map(
                entries
                    .map(|(name, value)| (Cbor::Text(name.clone()), to_cbor(name, value)))
                    .collect(),
            )
        }
    }
}

/// With times as numbers again.
fn from_cbor(value: &Cbor) -> Value {
    match value {
        Cbor::Text(text) => json!(text),
        Cbor::Bool(truth) => json!(truth),
        Cbor::Integer(number) => json!(i64::try_from(*number).unwrap()),
        Cbor::Float(number) => Value::Number(Number::from_f64(*number).unwrap()),
        Cbor::Tag(1, time) => from_cbor(time),
        Cbor::Array(items) => items.iter().map(from_cbor).collect(),
        Cbor::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| (name.as_text().unwrap().to_owned(), from_cbor(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => panic!("{other:?} in a response"),
    }
}

fn to_form(name: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (n, item) in (1..).zip(items) {
                to_form(&format!("{name}.member.{n}"), item, fields);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                to_form(format!("{name}.{member}").trim_start_matches('.'), value, fields);
            }
        }
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        other => fields.push((name.to_owned(), other.to_string())),
    }
}

async fn send(world: &World, protocol: Protocol, operation: &str, request: &Value) -> Reply {
    match protocol {
        Protocol::Json => world.json(&HeaderMap::new(), operation, request.to_string()).await,
        Protocol::Cbor => {
            let mut body = Vec::new();
            ciborium::into_writer(&to_cbor("", request), &mut body).unwrap();
            cbor(world, operation, body).await
        }
        Protocol::Query => {
            let mut fields = Vec::new();
            to_form("", request, &mut fields);
            world.form(operation, &fields).await
        }
    }
}

async fn cbor(world: &World, operation: &str, body: Vec<u8>) -> Reply {
    let headers = HeaderMap::new();
    let response = world
        .cloudwatch
        .respond_cbor(&world.request_id, &headers, operation, body.into());
    Reply::of(response.await).await
}

/// The response's members, for the protocols that have them as a value.
fn members(protocol: Protocol, reply: &Reply) -> Value {
    match protocol {
        Protocol::Json => reply.json(),
        Protocol::Cbor => {
            assert_eq!(reply.header("smithy-protocol"), "rpc-v2-cbor");
            assert_eq!(reply.header("content-type"), "application/cbor");
            from_cbor(&ciborium::from_reader(&reply.body[..]).unwrap())
        }
        Protocol::Query => panic!("XML is not read back: {}", reply.text),
    }
}

async fn ok(world: &World, operation: &str, request: Value) -> Value {
    let reply = send(world, Protocol::Json, operation, &request).await;
    assert_eq!(reply.status, 200, "{operation} {request}: {}", reply.text);
    reply.json()
}

/// The error's shape, code and message.
async fn refused(world: &World, protocol: Protocol, operation: &str, request: &Value) -> (String, String, String) {
    let reply = send(world, protocol, operation, request).await;
    assert!(
        (400..500).contains(&reply.status),
        "{operation} {request}: {} {}",
        reply.status,
        reply.text
    );
    if protocol == Protocol::Query {
        return (
            String::new(),
            reply.element("Code").to_owned(),
            reply.element("Message").to_owned(),
        );
    }
    let error = members(protocol, &reply);
    let shape = error["__type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned();
    let code = reply
        .header("x-amzn-query-error")
        .trim_end_matches(";Sender")
        .to_owned();
    (shape, code, error["message"].as_str().unwrap().to_owned())
}

fn query(id: &str, stat: &str) -> Value {
    json!({ "Id": id, "MetricStat": { "Stat": stat, "Period": 60, "Metric": {
        "Namespace": "Shop", "MetricName": "Price", "Dimensions": [{ "Name": "Kind", "Value": "tea" }] } } })
}

fn data_request(queries: Value) -> Value {
    json!({ "MetricDataQueries": queries, "StartTime": SECONDS - 600, "EndTime": SECONDS + 60 })
}

/// Ten prices in one minute, and a set in the minute before.
async fn shop() -> World {
    let world = World::new();
    let dimensions = json!([{ "Name": "Kind", "Value": "tea" }]);
    let request = json!({ "Namespace": "Shop", "MetricData": [
        { "MetricName": "Price", "Dimensions": dimensions, "Unit": "Count", "Values": [1, 2, 3.5], "Counts": [1, 4, 5] },
        { "MetricName": "Price", "Dimensions": dimensions, "Unit": "Count", "Timestamp": SECONDS - 60,
          "StatisticValues": { "SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20 } },
        { "MetricName": "Stock", "Value": 7 },
    ] });
    for (protocol, part) in PROTOCOLS.into_iter().zip(0..) {
        let one = json!({ "Namespace": "Shop", "MetricData": [request["MetricData"][part]] });
        let reply = send(&world, protocol, "PutMetricData", &one).await;
        assert_eq!(reply.status, 200, "{protocol:?}: {}", reply.text);
    }
    world
}
