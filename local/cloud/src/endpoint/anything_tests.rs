//! Any request to the endpoint: no panic, and every mistake is the caller's.
//!
//! Two thousand requests with every run of the tests; `SLUICE_FUZZ_SECONDS=600 cargo test -p sluice-cloud --lib
//! anything` goes on for that long, each time with other requests.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Map, Value, json};

use super::testing::{PASS, ROLE, Reply, World};

/// Requests without `SLUICE_FUZZ_SECONDS`.
const REQUESTS: usize = 2_000;

/// A request that waits (GetActivityTask, a Wait state under test) is given up after this.
const PATIENCE: Duration = Duration::from_millis(100);

const OPERATIONS: &[&str] = &[
    "CreateActivity",
    "CreateStateMachine",
    "CreateStateMachineAlias",
    "DeleteActivity",
    "DeleteStateMachine",
    "DeleteStateMachineAlias",
    "DeleteStateMachineVersion",
    "DescribeActivity",
    "DescribeExecution",
    "DescribeMapRun",
    "DescribeStateMachine",
    "DescribeStateMachineAlias",
    "DescribeStateMachineForExecution",
    "GetActivityTask",
    "GetExecutionHistory",
    "ListActivities",
    "ListExecutions",
    "ListMapRuns",
    "ListStateMachineAliases",
    "ListStateMachineVersions",
    "ListStateMachines",
    "ListTagsForResource",
    "PublishStateMachineVersion",
    "RedriveExecution",
    "SendTaskFailure",
    "SendTaskHeartbeat",
    "SendTaskSuccess",
    "StartExecution",
    "StartSyncExecution",
    "StopExecution",
    "TagResource",
    "TestState",
    "UntagResource",
    "UpdateMapRun",
    "UpdateStateMachine",
    "UpdateStateMachineAlias",
    "ValidateStateMachineDefinition",
];

const MEMBERS: &[&str] = &[
    "name",
    "definition",
    "roleArn",
    "type",
    "stateMachineArn",
    "executionArn",
    "activityArn",
    "mapRunArn",
    "resourceArn",
    "stateMachineAliasArn",
    "stateMachineVersionArn",
    "input",
    "output",
    "taskToken",
    "error",
    "cause",
    "maxResults",
    "nextToken",
    "reverseOrder",
    "includeExecutionData",
    "statusFilter",
    "redriveFilter",
    "tags",
    "tagKeys",
    "routingConfiguration",
    "description",
    "publish",
    "versionDescription",
    "revisionId",
    "clientToken",
    "loggingConfiguration",
    "tracingConfiguration",
    "encryptionConfiguration",
    "severity",
    "traceHeader",
    "includedData",
    "workerName",
    "maxConcurrency",
    "toleratedFailurePercentage",
    "toleratedFailureCount",
    "inspectionLevel",
    "revealSecrets",
    "variables",
    "stateName",
    "mock",
    "context",
    "stateConfiguration",
];

const OTHER_OPERATIONS: &[&str] = &[
    "Kinesis_20131202.CreateStream",
    "Kinesis_20131202.DecreaseStreamRetentionPeriod",
    "Kinesis_20131202.DeleteStream",
    "Kinesis_20131202.DescribeStream",
    "Kinesis_20131202.DescribeStreamSummary",
    "Kinesis_20131202.GetRecords",
    "Kinesis_20131202.GetShardIterator",
    "Kinesis_20131202.IncreaseStreamRetentionPeriod",
    "Kinesis_20131202.ListShards",
    "Kinesis_20131202.ListStreams",
    "Kinesis_20131202.PutRecord",
    "Kinesis_20131202.PutRecords",
    "AmazonSQS.ChangeMessageVisibility",
    "AmazonSQS.ChangeMessageVisibilityBatch",
    "AmazonSQS.CreateQueue",
    "AmazonSQS.DeleteMessage",
    "AmazonSQS.DeleteMessageBatch",
    "AmazonSQS.DeleteQueue",
    "AmazonSQS.GetQueueAttributes",
    "AmazonSQS.GetQueueUrl",
    "AmazonSQS.ListQueues",
    "AmazonSQS.PurgeQueue",
    "AmazonSQS.ReceiveMessage",
    "AmazonSQS.SendMessage",
    "AmazonSQS.SendMessageBatch",
    "AmazonSQS.SetQueueAttributes",
];

/// Members that most of them need, so that more of them come further.
const OTHER_NEEDS: &[(&str, &str)] = &[
    ("StreamName", "\"s\""),
    ("ShardCount", "2"),
    ("ShardId", "\"shardId-000000000001\""),
    ("ShardIteratorType", "\"TRIM_HORIZON\""),
    ("PartitionKey", "\"k\""),
    ("Data", "\"AAAA\""),
    (
        "Records",
        r#"[{"Data":"","PartitionKey":"k"},{"Data":"AA==","PartitionKey":"l","ExplicitHashKey":"7"}]"#,
    ),
    ("RetentionPeriodHours", "48"),
    ("QueueName", "\"q\""),
    ("QueueUrl", "\"http://localhost/000000000000/q\""),
    ("MessageBody", "\"b\""),
    (
        "Entries",
        r#"[{"Id":"a","MessageBody":"b","ReceiptHandle":"c","VisibilityTimeout":1}]"#,
    ),
    ("Attributes", r#"{"VisibilityTimeout":"0"}"#),
    ("AttributeNames", r#"["All"]"#),
];

/// Members that may come besides, with any value.
const OTHER_MEMBERS: &[&str] = &[
    "Limit",
    "NextToken",
    "StreamARN",
    "ExclusiveStartShardId",
    "ShardIterator",
    "StartingSequenceNumber",
    "Timestamp",
    "ShardFilter",
    "ExplicitHashKey",
    "StreamModeDetails",
    "MaxResults",
    "ReceiptHandle",
    "VisibilityTimeout",
    "WaitTimeSeconds",
    "MaxNumberOfMessages",
    "MessageAttributes",
    "MessageSystemAttributes",
    "DelaySeconds",
    "QueueNamePrefix",
];

const QUERIES: &[(&str, &str)] = &[
    ("2010-03-31", "Publish"),
    ("2010-03-31", "PublishBatch"),
    ("2010-03-31", "CreateTopic"),
    ("2010-03-31", "Subscribe"),
    ("2010-03-31", "Unsubscribe"),
    ("2010-03-31", "ConfirmSubscription"),
    ("2010-03-31", "ListSubscriptions"),
    ("2010-03-31", "ListSubscriptionsByTopic"),
    ("2010-03-31", "ListTopics"),
    ("2010-03-31", "GetTopicAttributes"),
    ("2010-03-31", "SetTopicAttributes"),
    ("2010-03-31", "DeleteTopic"),
    ("2010-05-15", "DescribeStacks"),
    ("2010-05-15", "DescribeStackEvents"),
    ("2010-05-15", "DescribeStackResources"),
    ("2010-05-15", "GetTemplate"),
    ("2010-05-15", "ListStackResources"),
    ("2010-05-15", "ListStacks"),
    ("2010-08-01", "GetMetricData"),
    ("2010-08-01", "GetMetricStatistics"),
    ("2010-08-01", "ListMetrics"),
    ("2010-08-01", "PutMetricData"),
    ("2010-08-01", "GetDashboard"),
    ("2010-08-01", "ListDashboards"),
    ("2010-08-01", "PutDashboard"),
    ("2010-08-01", "DeleteDashboards"),
    ("2011-06-15", "GetCallerIdentity"),
    ("1999-01-01", "Publish"),
];

const FIELDS: &[&str] = &[
    "TopicArn",
    "TargetArn",
    "PhoneNumber",
    "Message",
    "Subject",
    "MessageStructure",
    "Name",
    "Protocol",
    "Endpoint",
    "Token",
    "NextToken",
    "SubscriptionArn",
    "AttributeName",
    "AttributeValue",
    "StackName",
    "TemplateStage",
    "ReturnSubscriptionArn",
    "MessageAttributes.entry.1.Name",
    "MessageAttributes.entry.1.Value.DataType",
    "MessageAttributes.entry.1.Value.StringValue",
    "PublishBatchRequestEntries.member.1.Id",
    "PublishBatchRequestEntries.member.1.Message",
    "PublishBatchRequestEntries.member.2.Id",
    "StackStatusFilter.member.1",
    "Attributes.entry.1.key",
    "Attributes.entry.1.value",
    "Tags.member.1.Key",
    "Namespace",
    "MetricName",
    "Period",
    "StartTime",
    "EndTime",
    "Statistics.member.1",
    "DashboardName",
    "DashboardBody",
    "MetricData.member.1.MetricName",
    "MetricData.member.1.Value",
    "MetricData.member.1.Timestamp",
    "MetricDataQueries.member.1.Id",
    "MetricDataQueries.member.1.Expression",
    "MetricDataQueries.member.1.MetricStat.Stat",
];

const PATHS: &[&str] = &[
    "/",
    "/2015-03-31/functions",
    "/2015-03-31/functions/",
    "/2015-03-31/functions/{}",
    "/2015-03-31/functions/{}/configuration",
    "/2015-03-31/functions/{}/invocations",
    "/2015-03-31/event-source-mappings",
    "/2015-03-31/event-source-mappings/{}",
    "/2021-10-31/functions/{}/url",
    "/2021-10-31/functions/{}/urls",
    "/{}",
];

const HEADERS: &[&str] = &[
    "x-amz-invocation-type",
    "x-amz-log-type",
    "x-amz-client-context",
    "x-amzn-trace-id",
    "x-amz-target",
    "authorization",
    "content-type",
];

/// Texts that something may take for its own.
const TEXTS: &[&str] = &[
    "",
    "x",
    "STANDARD",
    "EXPRESS",
    "RUNNING",
    "FAILED",
    "TRACE",
    "DEBUG",
    "email",
    "arn:",
    "arn:aws:states:::",
    "arn:aws:states:us-east-1:000000000000:stateMachine:m",
    "arn:aws:states:us-east-1:000000000000:stateMachine:m:1",
    "arn:aws:states:us-east-1:000000000000:stateMachine:m:live",
    "arn:aws:states:us-east-1:000000000000:activity:a",
    "arn:aws:states:us-east-1:000000000000:execution:m:e",
    "arn:aws:states:us-east-1:000000000000:express:m:e:f",
    "arn:aws:states:us-east-1:000000000000:mapRun:m/M:0",
    "arn:aws:sns:us-east-1:000000000000:t",
    ROLE,
    PASS,
    "{}",
    "[]",
    "null",
    "{\"a\":",
    "\u{0}",
    "\u{fffd}\u{10ffff}",
    "%",
    "%00",
    "%zz",
    "..",
    "a/b",
    "a b",
    "AAAA====",
    "-1",
    "99999999999999999999",
    "1e999",
    "NaN",
    "<&>\"'",
    "]]>",
    "$LATEST",
    "f",
    "f:1",
    "RequestResponse",
    "Event",
    "Tail",
    "Sum",
    "60",
    "2026-11-22T13:00:00Z",
    "FILL(m1, REPEAT) / [METRICS()]",
    "{\"Type\":\"Pass\",\"End\":true}",
    "{\"Type\":\"Wait\",\"Seconds\":0,\"End\":true}",
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}",
];

/// A stream of choices.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<'c, T>(&mut self, of: &'c [T]) -> &'c T {
        &of[self.below(of.len())]
    }

    /// `known` are texts that the endpoint has answered: ARNs, tokens, ids.
    fn text(&mut self, known: &[String]) -> String {
        match self.below(12) {
            0..=4 if !known.is_empty() => self.pick(known).clone(),
            0..=7 => (*self.pick(TEXTS)).to_owned(),
            8 => self.pick(TEXTS).repeat(self.below(2_000)),
            9 => {
                let mut text: Vec<char> = self.pick(TEXTS).chars().collect();
                let at = self.below(text.len() + 1);
                text.insert(at, char::from_u32(self.below(0x11_0000) as u32).unwrap_or(':'));
                text.into_iter().collect()
            }
            _ => format!("{}{}", self.pick(TEXTS), self.pick(TEXTS)),
        }
    }

    fn value(&mut self, known: &[String], depth: usize) -> Value {
        match self.below(if depth > 3 { 8 } else { 12 }) {
            0..=4 => Value::String(self.text(known)),
            5 => self
                .pick(&[
                    json!(0),
                    json!(-1),
                    json!(1),
                    json!(1.5),
                    json!(1e300),
                    json!(u64::MAX),
                    json!(1000),
                ])
                .clone(),
            6 => json!(self.below(2) == 0),
            7 => Value::Null,
            8 | 9 => (0..self.below(4)).map(|_| self.value(known, depth + 1)).collect(),
            _ => {
                let names = [
                    "key",
                    "value",
                    "level",
                    "stateMachineVersionArn",
                    "weight",
                    "result",
                    "errorOutput",
                    "Items",
                ];
                let members =
                    (0..self.below(4)).map(|_| ((*self.pick(&names)).to_owned(), self.value(known, depth + 1)));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn body(&mut self, known: &[String]) -> Vec<u8> {
        let mut members = Map::new();
        for _ in 0..self.below(7) {
            members.insert((*self.pick(MEMBERS)).to_owned(), self.value(known, 0));
        }
        // what most requests need, so that more of them come further
        for (name, value) in [("name", "m"), ("definition", PASS), ("roleArn", ROLE)] {
            if self.below(3) == 0 {
                members.entry(name).or_insert(json!(value));
            }
        }
        for name in ["stateMachineArn", "executionArn", "activityArn", "taskToken"] {
            if self.below(4) == 0 && !known.is_empty() {
                members.entry(name).or_insert(json!(self.pick(known)));
            }
        }
        let mut text = Value::Object(members).to_string().into_bytes();
        if self.below(20) == 0 {
            let at = self.below(text.len());
            text[at] = self.next() as u8;
        }
        text
    }

    fn other_body(&mut self, known: &[String]) -> Vec<u8> {
        let mut members = Map::new();
        for (name, value) in OTHER_NEEDS {
            if self.below(4) > 0 {
                members.insert((*name).to_owned(), serde_json::from_str(value).unwrap());
            }
        }
        for _ in 0..self.below(3) {
            members.insert((*self.pick(OTHER_MEMBERS)).to_owned(), self.value(known, 0));
        }
        if self.below(8) == 0 {
            let (name, _) = *self.pick(OTHER_NEEDS);
            members.insert(name.to_owned(), self.value(known, 0));
        }
        Value::Object(members).to_string().into_bytes()
    }

    fn request(&mut self, known: &[String]) -> Option<Request<Body>> {
        match self.below(12) {
            10 | 11 => {
                let target = *self.pick(OTHER_OPERATIONS);
                let body = self.other_body(known);
                Request::post("/").header("x-amz-target", target).body(body.into()).ok()
            }
            0..=5 => {
                let target = format!("AWSStepFunctions.{}", self.pick(OPERATIONS));
                let body = self.body(known);
                Request::post("/").header("x-amz-target", target).body(body.into()).ok()
            }
            6 | 7 => {
                let (version, action) = *self.pick(QUERIES);
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", action).append_pair("Version", version);
                for _ in 0..self.below(6) {
                    let (field, text) = (*self.pick(FIELDS), self.text(known));
                    form.append_pair(field, &text);
                }
                let mut body = form.finish().into_bytes();
                if self.below(20) == 0 {
                    let at = self.below(body.len());
                    body[at] = self.next() as u8;
                }
                Request::post("/").body(body.into()).ok()
            }
            _ => {
                let encoded: String = form_urlencoded::byte_serialize(self.text(known).as_bytes()).collect();
                let path = self
                    .pick(PATHS)
                    .replace("{}", if encoded.is_empty() { "f" } else { &encoded });
                let query = ["", "?Qualifier=1", "?Marker=%ff&MaxItems=x", "?Qualifier="];
                let method = self
                    .pick(&[Method::GET, Method::POST, Method::PUT, Method::DELETE])
                    .clone();
                let mut request = Request::builder()
                    .method(method)
                    .uri(format!("{path}{}", self.pick(&query)));
                for _ in 0..self.below(3) {
                    let (header, text) = (*self.pick(HEADERS), self.text(known));
                    request = request.header(header, text);
                }
                request.body(self.body(known).into()).ok()
            }
        }
    }
}

/// The ARNs, tokens and ids of an answer, for later requests.
fn learn(reply: &Reply, known: &mut Vec<String>) {
    fn collect(value: &Value, known: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text)
                            if ["Arn", "oken", "Id", "Iterator", "Handle", "Number"]
                                .iter()
                                .any(|end| name.ends_with(end)) =>
                        {
                            known.push(text.clone());
                        }
                        other => collect(other, known),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, known)),
            _ => {}
        }
    }
    if let Ok(value) = serde_json::from_str(&reply.text) {
        collect(&value, known);
    }
    let surplus = known.len().saturating_sub(64);
    known.drain(..surplus);
}

#[tokio::test]
async fn anything_is_answered_and_nothing_is_the_servers_fault() {
    let seconds = std::env::var("SLUICE_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut dice = Dice(if end.is_some() {
        u64::from(std::process::id()) << 20 | 1
    } else {
        0x5eed
    });
    let world = World::with_functions([("f", |payload| Ok(payload.to_vec()))]);
    let (mut known, mut sent, mut good) = (Vec::new(), 0, 0);
    while end.map_or(sent < REQUESTS, |end| Instant::now() < end) {
        let Some(request) = dice.request(&known) else { continue };
        sent += 1;
        let shown = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let shown = format!("{shown} {}", String::from_utf8_lossy(&body[..body.len().min(2_000)]));
        let request = Request::from_parts(parts, Body::from(body));
        let Ok(reply) = tokio::time::timeout(PATIENCE, world.send(request)).await else {
            continue;
        };
        assert!(reply.status < 500, "{}: {shown}: {}", reply.status, reply.text);
        good += usize::from(reply.status < 300);
        learn(&reply, &mut known);
    }
    assert!(good * 20 > sent, "of {sent} requests only {good} came through");
    eprintln!("{sent} requests, {good} of them carried out");
}
