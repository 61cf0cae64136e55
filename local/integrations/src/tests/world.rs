//! The services that tasks call, with the runner between them and a driver, in a directory of their own.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sluice_clock::ManualClock;
use sluice_driver::{Driver, NoObserver};
use sluice_dynamodb::DynamoDb;
use sluice_lambda::Lambda;
use sluice_service_testing::{Handler, NOW, ROLE, Reply, TestFunctions, account, driver};
use sluice_sns::Sns;
use sluice_stepfunctions::StepFunctions;
use sluice_wire::{Account, ApiError, RequestId, json as wire};
use tempfile::TempDir;

use crate::{Endpoint, HttpTasks, Pending, Runner, Services};

/// The endpoint is above this crate, and has the tests of what is called over it.
struct NoEndpoint(Account);

impl Endpoint for NoEndpoint {
    fn send(&self, _: Request<Body>) -> Pending<'_> {
        let error = ApiError::client("UnknownOperationException", "There is no endpoint here.");
        Box::pin(async move { wire::failure(&RequestId::new(&self.0), &error, Value::Null) })
    }
}

/// The services and their driver.
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) driver: Driver,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) sns: Sns,
    stepfunctions: Arc<StepFunctions>,
    _directory: TempDir,
}

impl World {
    pub(crate) fn with_functions<const N: usize>(functions: [(&'static str, Handler); N]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let account = account(Arc::new(ManualClock::new(NOW)), 1);
        let runner = Runner::new(tokio::runtime::Handle::current());
        let driver = driver(directory.path(), &account, runner.clone(), Arc::new(NoObserver));
        let stepfunctions = StepFunctions::new(account.clone(), driver.clone(), &runner);
        let stepfunctions = Arc::new(stepfunctions);
        let tables = directory.path().join("tables.db");
        let dynamodb = DynamoDb::open(account.clone(), &tables, Arc::new(sluice_dynamodb::Unobserved)).unwrap();
        let sns = Sns::new(account.clone(), driver.clone());
        runner.attach(Services {
            account: account.clone(),
            lambda: Lambda::new(account.clone(), Arc::new(TestFunctions::new(functions)), None),
            dynamodb: dynamodb.clone(),
            sns: sns.clone(),
            stepfunctions: stepfunctions.clone(),
            endpoint: Arc::new(NoEndpoint(account.clone())),
            host: "127.0.0.1:4566".to_owned(),
            http: Arc::new(HttpTasks::new(Vec::new())),
            mocks: None,
        });
        Self {
            account,
            driver,
            dynamodb,
            sns,
            stepfunctions,
            _directory: directory,
        }
    }

    /// A call of Step Functions.
    pub(crate) async fn states(&self, operation: &str, request: Value) -> Reply {
        let result = self.stepfunctions.call(operation, request.to_string().as_bytes()).await;
        Reply::of(wire::response(&RequestId::new(&self.account), result)).await
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
}
