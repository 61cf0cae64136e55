//! The whole endpoint in a temporary directory, for tests: a real driver and real tables, functions by closure.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use sluice_clock::ManualClock;
use sluice_cloudformation::{CloudFormation, Stacks};
use sluice_cloudwatch::{CloudWatch, Metrics};
use sluice_driver::Driver;
use sluice_dynamodb::DynamoDb;
use sluice_events::Events;
use sluice_host::{Functions, Host, HostConfig};
use sluice_integrations::Runner;
use sluice_kinesis::Kinesis;
use sluice_lambda::Lambda;
use sluice_logs::Logs;
use sluice_mappings::Mappings;
pub(crate) use sluice_service_testing::{
    ACCOUNT, Handler, NOW, PASS, REGION, ROLE, Reply, TestFunctions, account, driver,
};
use sluice_sns::Sns;
use sluice_sqs::Sqs;
use sluice_stepfunctions::StepFunctions;
use sluice_streams::Streams;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{Services, Surroundings, router};
use crate::activity::Activity;
use crate::observers::{DynamoMetrics, StatesMetrics};

/// The endpoint and what lies behind it.
pub(crate) struct World {
    pub(crate) services: Arc<Services>,
    router: Router,
    _directory: Option<TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_functions([])
    }

    pub(crate) fn with_functions<const N: usize>(functions: [(&'static str, Handler); N]) -> Self {
        let functions = Arc::new(TestFunctions::new(functions));
        let directory = tempfile::tempdir().unwrap();
        let world = Self::open(directory.path(), 1, functions);
        Self {
            _directory: Some(directory),
            ..world
        }
    }

    /// The endpoint in a directory that outlives it. No two of a directory may have the same seed, or their ids are the same.
    pub(crate) fn open(directory: &Path, seed: u64, functions: Arc<dyn Functions>) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let account = account(clock.clone(), seed);
        let runner = Runner::new(tokio::runtime::Handle::current());
        let metrics = Arc::new(Metrics::new(clock.clone()));
        metrics.open(&directory.join("metrics.sqlite"), None).unwrap();
        let observer = Arc::new(StatesMetrics::new(&metrics));
        let driver: Driver = driver(directory, &account, runner.clone(), observer);
        let table_metrics = Arc::new(DynamoMetrics::new(&metrics));
        let tables = directory.join("tables.db");
        let streams = Streams::new(directory.join("streams.sqlite"));
        let stacks = Arc::new(Stacks::new(driver.clone()));
        let lambda = Lambda::new(account.clone(), functions, None);
        let activity = Activity::default();
        let services = Arc::new(Services {
            events: Events::new(account.clone(), driver.clone(), activity.undelivered.clone()),
            mappings: Mappings::new(account.clone(), streams.clone(), lambda.clone()),
            sqs: Sqs::new(account.clone(), streams.clone()),
            kinesis: Kinesis::new(account.clone(), streams.clone()),
            logs: Logs::new(account.clone(), Host::new(HostConfig::default()).unwrap()),
            cloudwatch: CloudWatch::new(account.clone(), Arc::clone(&metrics), driver.clone()),
            cloudformation: CloudFormation::new(account.clone(), Arc::clone(&stacks)),
            lambda,
            dynamodb: DynamoDb::open(account.clone(), &tables, table_metrics).unwrap(),
            sns: Sns::new(account.clone(), driver.clone()),
            stepfunctions: Arc::new(StepFunctions::new(account.clone(), driver.clone(), &runner)),
            config: account,
            driver,
            streams,
            metrics,
            stacks,
            clock_moved: tokio::sync::watch::Sender::default(),
            activity,
        });
        runner.attach(services.integrations(Surroundings {
            host: "127.0.0.1:4566".to_owned(),
            http_hosts: Vec::new(),
            mocks: None,
        }));
        Self {
            router: router(services.clone()),
            services,
            _directory: None,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        Reply::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// A call with `X-Amz-Target` and any body.
    pub(crate) async fn target(&self, target: &str, body: impl Into<Body>) -> Reply {
        let request = Request::post("/")
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0",
            )
            .header("x-amz-date", "20261122T132700Z");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A call of Step Functions.
    pub(crate) async fn states(&self, operation: &str, request: Value) -> Reply {
        self.target(&format!("AWSStepFunctions.{operation}"), request.to_string())
            .await
    }

    /// A call of Step Functions that must succeed.
    pub(crate) async fn states_ok(&self, operation: &str, request: Value) -> Value {
        let reply = self.states(operation, request).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text);
        reply.json()
    }

    /// Makes a state machine and answers its ARN.
    pub(crate) async fn machine(&self, name: &str, definition: &str) -> String {
        let request = json!({ "name": name, "definition": definition, "roleArn": ROLE });
        self.states_ok("CreateStateMachine", request).await["stateMachineArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Runs a state machine to its end and answers DescribeExecution.
    pub(crate) async fn run(&self, definition: &str, input: &Value) -> Value {
        let machine = self.machine("run", definition).await;
        let request = json!({ "stateMachineArn": machine, "input": input.to_string() });
        let started = self.states_ok("StartExecution", request).await;
        let arn = started["executionArn"].as_str().unwrap();
        self.services.driver.executions().wait_for_end(arn).await.unwrap();
        self.states_ok("DescribeExecution", json!({ "executionArn": arn }))
            .await
    }

    /// A call of the query protocol.
    pub(crate) async fn query(&self, version: &str, action: &str, fields: &[(&str, &str)]) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(fields);
        self.form(form.finish()).await
    }

    /// A form as it is.
    pub(crate) async fn form(&self, body: impl Into<Body>) -> Reply {
        let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A call by method and path.
    pub(crate) async fn rest(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_known_is_named_in_each_protocols_form() {
        let world = World::new();
        let reply = world.target("AWSStepFunctions.Nonsense", "{}").await;
        assert_eq!(
            (reply.status, reply.json()["__type"].as_str()),
            (400, Some("UnknownOperationException"))
        );
        assert!(reply.json()["message"].as_str().unwrap().contains("Nonsense"));
        assert_eq!(reply.header("x-amzn-errortype"), "UnknownOperationException");
        assert!(!reply.header("x-amzn-requestid").is_empty());

        let reply = world.target("Logs_20140328.PutLogEvents", "{}").await;
        assert_eq!(
            (reply.status, reply.json()["__type"].as_str()),
            (400, Some("UnknownOperationException"))
        );

        let reply = world.query("2010-03-31", "Nonsense", &[]).await;
        assert_eq!((reply.status, reply.element("Code")), (400, "InvalidAction"));
        assert!(reply.element("Message").contains("Nonsense"));
        let reply = world.query("2016-11-15", "DescribeInstances", &[]).await;
        assert_eq!((reply.status, reply.element("Code")), (400, "InvalidAction"));

        let reply = world.query("2012-11-05", "SendMessage", &[]).await;
        assert!(
            reply.status == 400 && reply.text.contains("JSON protocol"),
            "{}",
            reply.text
        );

        let reply = world.rest(Method::GET, "/2015-03-31/layers", &[], "").await;
        assert_eq!(
            (reply.status, reply.header("x-amzn-errortype")),
            (404, "UnknownOperationException")
        );
        let reply = world.rest(Method::PUT, "/", &[], "").await;
        assert_eq!(
            (reply.status, reply.header("x-amzn-errortype")),
            (404, "UnknownOperationException")
        );
    }

    #[tokio::test]
    async fn the_caller_is_the_accounts_root() {
        let reply = World::new().query("2011-06-15", "GetCallerIdentity", &[]).await;
        assert_eq!((reply.status, reply.element("Account")), (200, ACCOUNT));
        assert_eq!(reply.element("Arn"), "arn:aws:iam::000000000000:root");
        assert!(
            reply
                .text
                .starts_with("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">")
        );
    }

    #[tokio::test]
    async fn rubbish_is_the_callers_mistake_in_every_protocol() {
        let world = World::new();
        let huge = "x".repeat(17 << 20);
        let bodies: [&[u8]; 16] = [
            b"",
            b"nonsense",
            b"[]",
            b"null",
            b"3",
            b"\"\\ud800\"",
            b"{\"stateMachineArn\":3}",
            b"{\"stateMachineArn\":\"\\ud800\"}",
            b"{\"stateMachineArn\":null,\"name\":[]}",
            b"{\"maxResults\":1e99}",
            b"{\"maxResults\":\"five\"}",
            b"{\"definition\":{}}",
            b"\xff\xfe",
            b"\0\0\0",
            b"{\"a\":",
            huge.as_bytes(),
        ];
        let operations = [
            "CreateStateMachine",
            "UpdateStateMachine",
            "DeleteStateMachine",
            "DescribeStateMachine",
            "StartExecution",
            "StartSyncExecution",
            "StopExecution",
            "DescribeExecution",
            "ListExecutions",
            "DescribeStateMachineForExecution",
            "GetExecutionHistory",
            "SendTaskSuccess",
            "SendTaskFailure",
            "SendTaskHeartbeat",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
            "ValidateStateMachineDefinition",
            "",
            "\u{7f}",
        ];
        for body in bodies {
            for operation in operations
                .iter()
                .filter(|name| name.is_ascii() && !name.contains('\u{7f}'))
            {
                let reply = world
                    .target(&format!("AWSStepFunctions.{operation}"), body.to_vec())
                    .await;
                assert!(
                    (400..500).contains(&reply.status),
                    "{operation} {:?}: {}",
                    &body[..body.len().min(40)],
                    reply.text
                );
                assert!(reply.json()["__type"].is_string(), "{operation}: {}", reply.text);
            }
            for operation in ["PutItem", "GetItem", "CreateTable", "Query"] {
                let reply = world
                    .target(&format!("DynamoDB_20120810.{operation}"), body.to_vec())
                    .await;
                assert!(
                    (400..500).contains(&reply.status),
                    "{operation} {:?}: {}",
                    &body[..body.len().min(40)],
                    reply.text
                );
            }
            let reply = world.form(body.to_vec()).await;
            assert!((400..500).contains(&reply.status), "{}", reply.text);
            let reply = world
                .rest(Method::POST, "/2015-03-31/functions/f/invocations", &[], body.to_vec())
                .await;
            assert!((400..500).contains(&reply.status), "{}", reply.text);
        }
    }
}
