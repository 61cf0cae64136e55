//! Against an HTTP server that speaks as Kinesis does.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kinesis::config::Region;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::submission::{Generator, KeyPrefix, Share};

/// The answer to one call, and its request.
struct Exchange {
    outcomes: Vec<SendResult>,
    target: String,
    body: Value,
}

fn generator() -> Generator {
    let none = Share::default();
    Generator::new(1, none, none, Some(KeyPrefix::new("k").unwrap()))
}

fn kinesis(address: std::net::SocketAddr, stream: &str) -> Kinesis {
    let credentials = Credentials::new("id", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client().unwrap())
        .endpoint_url(format!("http://{address}"))
        .build();
    Kinesis::with_config(&config, Stream::new(stream).unwrap())
}

/// Sends two submissions to a service that answers `status` and `answer`.
async fn exchange(stream: &str, status: u16, answer: Value) -> Exchange {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let kinesis = kinesis(listener.local_addr().unwrap(), stream);
    let service = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut reader = BufReader::new(&mut stream);
        let (mut length, mut target) = (0, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await.unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
                Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => target = value.to_owned(),
                Some(_) => {}
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.unwrap();
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).await.unwrap();
        (target, serde_json::from_slice(&body).unwrap())
    };
    let generator = generator();
    let batch = [generator.submission(0), generator.submission(1)];
    let (outcomes, (target, body)) = tokio::join!(kinesis.send(&batch), service);
    Exchange { outcomes, target, body }
}

fn kinds(outcomes: &[SendResult]) -> Vec<Result<Answer, FailureKind>> {
    let kind = |outcome: &SendResult| outcome.as_ref().copied().map_err(|failure| failure.kind);
    outcomes.iter().map(kind).collect()
}

#[tokio::test]
async fn a_batch_is_one_call_with_a_record_each() {
    let taken = json!({"FailedRecordCount": 0, "Records": [
        {"SequenceNumber": "1", "ShardId": "s"}, {"SequenceNumber": "2", "ShardId": "s"}]});
    let exchange = exchange("load", 200, taken).await;
    assert_eq!(kinds(&exchange.outcomes), [Ok(Answer::Put), Ok(Answer::Put)]);
    assert_eq!(exchange.target, "Kinesis_20131202.PutRecords");
    assert_eq!(exchange.body["StreamName"], "load");
    let records = exchange.body["Records"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    for (number, record) in records.iter().enumerate() {
        let submission = generator().submission(number as u64);
        assert_eq!(record["PartitionKey"], submission.key.clone().unwrap());
        let data = serde_json::to_vec(&Record::from(&submission)).unwrap();
        assert_eq!(record["Data"], aws_smithy_types::base64::encode(data));
    }
}

#[tokio::test]
async fn each_record_has_its_own_outcome() {
    let mixed = json!({"FailedRecordCount": 1, "Records": [
        {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard s"},
        {"SequenceNumber": "2", "ShardId": "s"}]});
    let exchange = exchange("arn:aws:kinesis:eu-west-1:1:stream/load", 200, mixed).await;
    assert_eq!(
        kinds(&exchange.outcomes),
        [Err(FailureKind::Throttled), Ok(Answer::Put)]
    );
    let message = &exchange.outcomes[0].as_ref().unwrap_err().message;
    assert!(message.ends_with("Rate exceeded for shard s"), "{message}");
    assert_eq!(exchange.body["StreamARN"], "arn:aws:kinesis:eu-west-1:1:stream/load");
}

#[tokio::test]
async fn an_answer_for_too_few_is_no_success() {
    let short = json!({"Records": [{"SequenceNumber": "1", "ShardId": "s"}]});
    let outcomes = exchange("load", 200, short).await.outcomes;
    assert_eq!(kinds(&outcomes), [Ok(Answer::Put), Err(FailureKind::Protocol)]);
}

#[tokio::test]
async fn a_refused_call_fails_all_its_records() {
    for (status, code, kind) in [
        (400, "ResourceNotFoundException", FailureKind::ServiceRefused),
        (400, "AccessDeniedException", FailureKind::ServiceRefused),
        (400, "ProvisionedThroughputExceededException", FailureKind::Throttled),
        (500, "InternalFailure", FailureKind::ServiceFault),
        (503, "Odd", FailureKind::ServiceFault),
    ] {
        let answer = json!({"__type": code, "message": "because"});
        let outcomes = exchange("load", status, answer).await.outcomes;
        assert_eq!(kinds(&outcomes), [Err(kind), Err(kind)], "{code}");
        assert_eq!(outcomes[0].as_ref().unwrap_err().message, format!("{code}: because"));
    }
}

#[tokio::test]
async fn nobody_there_is_a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcomes = kinesis(address, "load").send(&[generator().submission(0)]).await;
    assert_eq!(kinds(&outcomes), [Err(FailureKind::ConnectionRefused)]);
}

#[test]
fn a_stream_is_a_name_or_an_arn() {
    assert_eq!(Stream::new("a-b_c.1"), Ok(Stream::Name("a-b_c.1".to_owned())));
    let long = "s".repeat(129);
    for rubbish in [
        "",
        "a b",
        "a/b",
        "arn:aws:kinesis:eu-west-1:1:table/a",
        "arn:aws:sqs:eu-west-1:1:stream/a",
        "arn:aws:kinesis::1:stream/a",
        "arn:aws:kinesis:eu-west-1:1:stream/",
        &long,
    ] {
        assert!(Stream::new(rubbish).is_err(), "{rubbish:?}");
    }
}
