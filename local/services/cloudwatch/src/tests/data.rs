//! Reading and writing data.

use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use super::{Protocol, SECONDS, World, data_request, members, ok, query, refused, send, shop};

#[tokio::test]
async fn each_protocol_answers_the_same() {
    let world = shop().await;
    let sum = json!({ "Id": "e", "Expression": "100 * m / m", "Label": "Share" });
    let hidden = json!({ "Id": "m2", "Expression": "m + 1", "ReturnData": false });
    let request = data_request(json!([query("m", "Sum"), query("p", "p90"), sum, hidden]));
    for protocol in [Protocol::Cbor, Protocol::Json] {
        let reply = send(&world, protocol, "GetMetricData", &request).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let answer = members(protocol, &reply);
        let [sums, p90, share] = answer["MetricDataResults"].as_array().unwrap().as_slice() else {
            panic!("{answer}");
        };
        assert_eq!((&sums["Id"], &sums["StatusCode"]), (&json!("m"), &json!("Complete")));
        assert_eq!(
            sums["Timestamps"].to_string().replace(".0", ""),
            format!("[{},{}]", SECONDS, SECONDS - 60)
        );
        assert_eq!(sums["Values"], json!([26.5, 30.0]));
        // nothing is known of the values behind the set
        assert_eq!(p90["Values"].as_array().unwrap().len(), 1);
        assert!((p90["Values"][0].as_f64().unwrap() / 3.5 - 1.0).abs() < 0.01);
        assert_eq!(
            (&share["Label"], &share["Values"]),
            (&json!("Share"), &json!([100.0, 100.0]))
        );
        assert_eq!(answer["Messages"], json!([]));
    }
    let reply = send(&world, Protocol::Query, "GetMetricData", &request).await;
    assert!(
        reply.text.starts_with(
            "<GetMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"><GetMetricDataResult>"
        ),
        "{}",
        reply.text
    );
    assert!(
        reply
            .text
            .contains("<Values><member>26.5</member><member>30</member></Values>"),
        "{}",
        reply.text
    );
    assert!(
        reply
            .text
            .contains("<Timestamps><member>2026-11-22T13:27:00.000Z</member>"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn statistics_of_a_metric_by_unit() {
    let world = shop().await;
    let basic = json!({ "Namespace": "Shop", "MetricName": "Price", "Dimensions": [{ "Name": "Kind", "Value": "tea" }],
        "StartTime": SECONDS - 600, "EndTime": SECONDS + 60, "Period": 60,
        "Statistics": ["SampleCount", "Sum", "Average", "Minimum", "Maximum"] });
    let answer = ok(&world, "GetMetricStatistics", basic.clone()).await;
    assert_eq!(answer["Label"], "Price");
    assert_eq!(
        answer["Datapoints"][0],
        json!({ "Timestamp": (SECONDS - 60) as f64, "SampleCount": 2.0, "Sum": 30.0, "Average": 15.0, "Minimum": 10.0,
            "Maximum": 20.0, "Unit": "Count" })
    );
    assert_eq!(answer["Datapoints"][1]["SampleCount"], 10.0);
    let mut extended = basic.clone();
    extended.as_object_mut().unwrap().remove("Statistics");
    extended["ExtendedStatistics"] = json!(["p0", "p100"]);
    let answer = ok(&world, "GetMetricStatistics", extended).await;
    assert_eq!(
        answer["Datapoints"][1]["ExtendedStatistics"],
        json!({ "p0": 1.0, "p100": 3.5 })
    );
    let mut hours = basic.clone();
    hours["Period"] = json!(3600);
    let answer = ok(&world, "GetMetricStatistics", hours).await;
    assert_eq!(answer["Datapoints"].as_array().unwrap().len(), 1);
    assert_eq!(answer["Datapoints"][0]["Sum"], 56.5);
    let mut other_unit = basic;
    other_unit["Unit"] = json!("Bytes");
    assert_eq!(
        ok(&world, "GetMetricStatistics", other_unit).await["Datapoints"],
        json!([])
    );
}

#[tokio::test]
async fn metrics_are_listed_and_paged() {
    let world = shop().await;
    let names = |answer: &Value| -> Vec<String> {
        let all = answer["Metrics"].as_array().unwrap().iter();
        all.map(|metric| metric["MetricName"].as_str().unwrap().to_owned())
            .collect()
    };
    let check = async |filter: Value, expected: &[&str]| {
        for protocol in [Protocol::Cbor, Protocol::Json] {
            let reply = send(&world, protocol, "ListMetrics", &filter).await;
            assert_eq!(names(&members(protocol, &reply)), expected, "{filter}");
        }
    };
    check(json!({ "Namespace": "Shop" }), &["Price", "Stock"]).await;
    check(json!({ "MetricName": "Stock", "RecentlyActive": "PT3H" }), &["Stock"]).await;
    check(json!({ "Dimensions": [{ "Name": "Kind" }] }), &["Price"]).await;
    check(json!({ "Dimensions": [{ "Name": "Kind", "Value": "coffee" }] }), &[]).await;
    world
        .cloudwatch
        .account
        .clock
        .advance(std::time::Duration::from_secs(4 * 3600));
    check(json!({ "Namespace": "Shop", "RecentlyActive": "PT3H" }), &[]).await;
    check(json!({ "Namespace": "Shop" }), &["Price", "Stock"]).await;

    let many: Vec<Value> = (0..900)
        .map(|n| json!({ "MetricName": format!("m{n:03}"), "Value": 1 }))
        .collect();
    ok(
        &world,
        "PutMetricData",
        json!({ "Namespace": "Many", "MetricData": many }),
    )
    .await;
    let first = ok(&world, "ListMetrics", json!({ "Namespace": "Many" })).await;
    let token = &first["NextToken"];
    let second = ok(
        &world,
        "ListMetrics",
        json!({ "Namespace": "Many", "NextToken": token }),
    )
    .await;
    assert_eq!((names(&first).len(), names(&second).len()), (500, 400));
    assert_eq!(
        (names(&second)[0].as_str(), &second["NextToken"]),
        ("m500", &Value::Null)
    );
    let elsewhere = json!({ "Namespace": "Shop", "NextToken": token });
    assert_eq!(
        refused(&world, Protocol::Json, "ListMetrics", &elsewhere).await.0,
        "InvalidNextToken"
    );
}

#[tokio::test]
async fn data_is_paged_in_the_order_of_the_scan() {
    let world = shop().await;
    let mut request = data_request(json!([query("m", "Sum")]));
    request["MaxDatapoints"] = json!(1);
    request["ScanBy"] = json!("TimestampAscending");
    let first = ok(&world, "GetMetricData", request.clone()).await;
    assert_eq!(
        (
            &first["MetricDataResults"][0]["Values"],
            &first["MetricDataResults"][0]["StatusCode"]
        ),
        (&json!([30.0]), &json!("PartialData"))
    );
    request["NextToken"] = first["NextToken"].clone();
    let second = ok(&world, "GetMetricData", request.clone()).await;
    assert_eq!(
        (
            &second["MetricDataResults"][0]["Values"],
            &second["MetricDataResults"][0]["StatusCode"]
        ),
        (&json!([26.5]), &json!("Complete"))
    );
    assert_eq!(second["NextToken"], Value::Null);
    request["NextToken"] = json!("rubbish");
    assert_eq!(
        refused(&world, Protocol::Cbor, "GetMetricData", &request).await.0,
        "InvalidNextToken"
    );
}

#[tokio::test]
async fn a_compressed_request_is_read_up_to_a_limit() {
    use std::io::Write as _;
    let world = World::new();
    let gzip = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let check = async |body: Vec<u8>, expected: u16| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let reply = world.json(&headers, "PutMetricData", body).await;
        assert_eq!(reply.status, expected, "{}", reply.text);
    };
    let good = json!({ "Namespace": "N", "MetricData": [{ "MetricName": "a", "Value": 1 }] }).to_string();
    check(gzip(good.as_bytes()), 200).await;
    check(good.into_bytes(), 400).await;
    check(gzip(&vec![b' '; 9 << 20]), 400).await;
}
