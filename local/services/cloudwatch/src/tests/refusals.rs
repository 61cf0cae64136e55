//! Mistakes, and their names.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::{PROTOCOLS, Protocol, SECONDS, World, cbor, data_request, query, refused};
use crate::api::OPERATIONS;

#[tokio::test]
async fn mistakes_have_awss_names_in_each_protocol() {
    let world = World::new();
    let mut rows = vec![
        (
            "DescribeAnomalyDetectors",
            json!({}),
            "UnknownOperationException",
            "InvalidAction",
            "DescribeAnomalyDetectors is not available",
        ),
        (
            "GetMetricData",
            json!({}),
            "ValidationError",
            "ValidationError",
            "Value null at 'startTime'",
        ),
        (
            "GetMetricStatistics",
            json!({ "Namespace": "N" }),
            "ValidationError",
            "ValidationError",
            "Value null at 'metricName'",
        ),
        (
            "PutDashboard",
            json!({ "DashboardName": "a b", "DashboardBody": "{}" }),
            "InvalidParameterValueException",
            "InvalidParameterValue",
            "invalid characters",
        ),
        (
            "PutDashboard",
            json!({ "DashboardName": "a", "DashboardBody": "{}" }),
            "DashboardInvalidInputError",
            "InvalidParameterInput",
            "must have the member widgets",
        ),
        (
            "GetDashboard",
            json!({}),
            "MissingRequiredParameterException",
            "MissingParameter",
            "The parameter DashboardName is required.",
        ),
        (
            "ListMetrics",
            json!({ "RecentlyActive": "PT1H" }),
            "ValidationError",
            "ValidationError",
            "enum value set: [PT3H]",
        ),
        (
            "PutMetricData",
            json!({ "Namespace": "N" }),
            "MissingRequiredParameterException",
            "MissingParameter",
            "MetricData",
        ),
        (
            "PutMetricData",
            json!({ "Namespace": "AWS/Lambda", "MetricData": [{ "MetricName": "a", "Value": 1 }] }),
            "InvalidParameterValueException",
            "InvalidParameterValue",
            "AWS/",
        ),
    ];
    let datum = |members: Value| {
        let mut datum = json!({ "MetricName": "a" });
        datum
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        json!({ "Namespace": "N", "MetricData": [datum] })
    };
    let value = ("InvalidParameterValueException", "InvalidParameterValue");
    let combination = ("InvalidParameterCombinationException", "InvalidParameterCombination");
    for (members, (shape, code), message) in [
        (json!({}), combination, "one of Value, Values and StatisticValues must"),
        (
            json!({ "Value": 1, "Values": [1] }),
            combination,
            "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have",
        ),
        (
            json!({ "Values": [1], "Counts": [1, 2] }),
            combination,
            "as many members",
        ),
        (
            json!({ "Value": 1e110 }),
            value,
            "for parameter MetricData.member.1.Value is invalid.",
        ),
        (
            json!({ "Value": 1, "Timestamp": SECONDS - 15 * 86_400 }),
            value,
            "two weeks",
        ),
        (
            json!({ "Value": 1, "Timestamp": SECONDS + 3 * 3_600 }),
            value,
            "two hours",
        ),
        (json!({ "Value": 1, "StorageResolution": 5 }), value, "1 or 60"),
        (json!({ "Values": [1], "Counts": [0] }), value, "greater than 0"),
        (
            json!({ "StatisticValues": { "SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1 } }),
            value,
            "Minimum",
        ),
        (
            json!({ "Value": 1, "Unit": "Furlong" }),
            value,
            "The parameter MetricData.member.1.Unit must be a value in the set [ Seconds, Microseconds, Milliseconds, Bytes,",
        ),
        (
            json!({ "Value": "x" }),
            ("SerializationException", "MalformedInput"),
            "a number",
        ),
    ] {
        rows.push(("PutMetricData", datum(members), shape, code, message));
    }
    let stat = |change: (&str, Value)| {
        let mut one = query("m", "Sum");
        one["MetricStat"][change.0] = change.1;
        data_request(json!([one]))
    };
    let validation = ("ValidationError", "ValidationError");
    for (request, (shape, code), message) in [
        (stat(("Period", json!(61))), value, "multiple of 60"),
        (stat(("Period", json!(0))), value, "multiple of 60"),
        (stat(("Stat", json!("tm90"))), validation, "not kept locally"),
        (stat(("Stat", json!("Median"))), validation, "is no statistic"),
        (
            data_request(json!([{ "Id": "M", "Expression": "1" }])),
            validation,
            "^[a-z][a-zA-Z0-9_]*$",
        ),
        (
            data_request(json!([{ "Id": "m" }])),
            validation,
            "either MetricStat or Expression",
        ),
        (
            data_request(json!([{ "Id": "e", "Expression": "FOO(1)" }])),
            validation,
            "Error in expression 'e': unknown function FOO at position 1",
        ),
        (
            data_request(json!([{ "Id": "e", "Expression": "SELECT AVG(x) FROM y" }])),
            validation,
            "Metrics Insights",
        ),
        (
            data_request(json!([{ "Id": "e", "Expression": "1", "AccountId": "123" }])),
            value,
            "not linked",
        ),
        (
            data_request(json!([query("m", "Sum"), query("m", "Sum")])),
            validation,
            "more than one query",
        ),
        (
            json!({ "MetricDataQueries": [query("m", "Sum")], "StartTime": SECONDS, "EndTime": SECONDS }),
            validation,
            "must not equal parameter EndTime",
        ),
    ] {
        rows.push(("GetMetricData", request, shape, code, message));
    }
    for (operation, request, shape, code, message) in rows {
        for protocol in PROTOCOLS {
            let (found_shape, found_code, found) = refused(&world, protocol, operation, &request).await;
            if protocol != Protocol::Query {
                assert_eq!(found_shape, shape, "{protocol:?} {operation} {request}: {found}");
            }
            assert_eq!(found_code, code, "{protocol:?} {operation} {request}: {found}");
            assert!(found.contains(message), "{protocol:?} {operation} {request}: {found}");
        }
    }
}

#[tokio::test]
async fn rubbish_is_the_callers_mistake() {
    let world = World::new();
    for operation in OPERATIONS.iter().copied().chain(["Nonsense", "%20"]) {
        for body in [
            &b"\xff\xff"[..],
            b"{}",
            b"[1]",
            b"\xbf",
            b"\xa1\x01\x02",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            &[0x81; 5_000],
        ] {
            let reply = cbor(&world, operation, body.to_vec()).await;
            assert!(
                (400..500).contains(&reply.status),
                "{operation} {body:?}: {}",
                reply.status
            );
            assert!(!reply.header("x-amzn-query-error").is_empty());
            if body != b"{}" {
                let reply = world.json(&HeaderMap::new(), operation, body.to_vec()).await;
                assert!(
                    (400..500).contains(&reply.status),
                    "{operation} {body:?}: {}",
                    reply.text
                );
            }
        }
        let reply = world.json(&HeaderMap::new(), operation, vec![b' '; 2 << 20]).await;
        assert_eq!(reply.status, 400, "{operation}: too large");
    }
}
