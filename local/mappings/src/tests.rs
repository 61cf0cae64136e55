use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sluice_clock::{Clock as _, ManualClock};
use sluice_driver::{Driver, TaskResult};
use sluice_engine::{Identity, ScheduledTask};
use sluice_host::{FunctionSpec, Functions, Invocation, InvokeError, InvokeOutput};
use sluice_kinesis::{Kinesis, StreamSpec};
use sluice_lambda::Lambda;
use sluice_service_testing::{
    Fault, Handler, NOW, PASS, ROLE, Reply, TestFunctions, account, journal, output, spec as function_spec,
};
use sluice_sqs::{QueueSpec, Sqs};
use sluice_stepfunctions::{StepFunctions, TaskCaller};
use sluice_streams::{CreateStream, NewRecord, PutResult, Record, RecordShare, Streams};
use sluice_wire::Account;
use tempfile::TempDir;
use tokio::sync::Notify;
use tower::ServiceExt as _;

use crate::event::{ENVELOPE, event};
use crate::policy::policy;
use crate::{MappingSpec, Mappings, StartingPosition, StopMode};

const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:failures";

fn spec() -> MappingSpec {
    MappingSpec {
        on_failure: Some(QUEUE.into()),
        ..MappingSpec::new(STREAM, "f", ROLE, StartingPosition::TrimHorizon)
    }
}

/// Records of a shard, from a store of their own.
pub(super) fn records(count: usize) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let streams = sluice_streams::Streams::new(directory.path().join("streams.sqlite"));
    runtime.block_on(async {
        let stream = CreateStream {
            name: "s".into(),
            shard_count: 1,
            retention_hours: 24,
        };
        let stream = streams.create_stream(stream, NOW).await.unwrap();
        let new = (0..count).map(|n| record(&format!("\u{1}key {n}"), &n.to_string()));
        streams.put("s", new.collect(), NOW).await.unwrap();
        let all = streams.records(stream.id, 0, 0, RecordShare::ALL, (count, usize::MAX), NOW);
        all.await.unwrap().records
    })
}

fn record(key: &str, data: &str) -> NewRecord {
    NewRecord {
        partition_key: key.to_owned(),
        explicit_hash: None,
        data: data.to_owned().into(),
    }
}

/// No state is tested here, so no call is made.
struct NoCalls;

impl TaskCaller for NoCalls {
    fn call_once(&self, _: Arc<Identity>, _: ScheduledTask) -> Pin<Box<dyn Future<Output = TaskResult> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// Mappings, and the services that they work with.
struct World {
    account: Account,
    clock: Arc<ManualClock>,
    driver: Driver,
    streams: Streams,
    kinesis: Kinesis,
    sqs: Sqs,
    mappings: Mappings,
    _directory: Option<TempDir>,
}

impl World {
    fn with_functions<const N: usize>(functions: [(&'static str, Handler); N]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let world = Self::open(directory.path(), 1, Arc::new(TestFunctions::new(functions)));
        Self {
            _directory: Some(directory),
            ..world
        }
    }

    /// The services over a directory that outlives them.
    fn open(directory: &Path, first: u64, functions: Arc<dyn Functions>) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let account = account(clock.clone(), first);
        let streams = Streams::new(directory.join("streams.sqlite"));
        let lambda = Lambda::new(account.clone(), functions, None);
        Self {
            clock,
            driver: journal(directory, &account),
            kinesis: Kinesis::new(account.clone(), streams.clone()),
            sqs: Sqs::new(account.clone(), streams.clone()),
            mappings: Mappings::new(account.clone(), streams.clone(), lambda),
            streams,
            account,
            _directory: None,
        }
    }

    /// Moves the clock, and wakes all that wait for a time.
    fn advance(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
        self.streams.clock_changed();
    }

    async fn get(&self, path: &str) -> Reply {
        let request = Request::get(path).body(Body::empty()).unwrap();
        Reply::of(self.mappings.router::<()>().oneshot(request).await.unwrap()).await
    }

    fn step_functions(&self) -> Arc<StepFunctions> {
        let (account, driver) = (self.account.clone(), self.driver.clone());
        Arc::new(StepFunctions::new(account, driver, &Arc::new(NoCalls)))
    }

    /// A call of Step Functions that must succeed.
    async fn states_ok(&self, operation: &str, request: Value) -> Value {
        let answer = self
            .step_functions()
            .call(operation, request.to_string().as_bytes())
            .await;
        serde_json::from_str(answer.unwrap().get()).unwrap()
    }
}

async fn prepared(world: &World, shard_count: u32) {
    let stream = StreamSpec {
        name: "s".into(),
        shard_count,
        retention_hours: 168,
    };
    world.kinesis.ensure_stream(&stream).await.unwrap();
    let queue = QueueSpec {
        name: "failures".into(),
        ..QueueSpec::default()
    };
    world.sqs.ensure_queue(&queue).await.unwrap();
}

async fn put(world: &World, records: Vec<NewRecord>) {
    let now = world.account.now();
    let outcomes = world.streams.put("s", records, now).await.unwrap();
    assert!(outcomes.iter().all(|one| matches!(one, PutResult::Put(_))));
}

/// The next message of the failure queue, waited for.
async fn failure(world: &World) -> Value {
    let mut wakes = world.streams.queue_wakes("failures");
    let next = async {
        loop {
            let now = world.account.now();
            let received = world.streams.receive("failures", 1, None, now).await.unwrap();
            if let Some(message) = received.messages.first() {
                return serde_json::from_str(&message.body).unwrap();
            }
            wakes.changed().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), next)
        .await
        .expect("a message in the failure queue")
}

fn test_account() -> Account {
    account(Arc::new(ManualClock::new(NOW)), 1)
}

#[test]
fn an_event_has_the_form_of_lambda() {
    let records = records(1);
    let sequence = records[0].sequence.to_string();
    let sent: Value = serde_json::from_slice(&event(&spec(), &test_account(), records.iter())).unwrap();
    let expected = json!({ "Records": [{
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "\u{1}key 0",
            "sequenceNumber": sequence,
            "data": STANDARD.encode("0"),
            "approximateArrivalTimestamp": NOW as f64 / 1000.0,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000000:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": ROLE,
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    }] });
    assert_eq!(sent, expected);
}

#[test]
fn an_event_is_never_larger_than_its_records_were_weighed() {
    let (records, spec, account) = (records(40), spec(), test_account());
    let overhead = policy(&spec, &account).record_overhead;
    let weight = |record: &Record| overhead + record.partition_key.len() * 6 + record.data.len().div_ceil(3) * 4;
    for count in [1, 2, 40] {
        let size = event(&spec, &account, records[..count].iter()).len();
        let weighed = ENVELOPE + records[..count].iter().map(weight).sum::<usize>();
        assert!(
            size <= weighed && weighed < size + count * 1_000,
            "{count}: {size} {weighed}"
        );
    }
}

#[tokio::test]
async fn what_is_given_up_is_told_with_its_place_in_the_stream() {
    let world = World::with_functions([("f", |_| Err(Fault::Function(r#"{"errorType":"E"}"#)))]);
    prepared(&world, 1).await;
    put(&world, vec![record("k", "one"), record("k", "two")]).await;
    let spec = MappingSpec {
        maximum_retry_attempts: Some(0),
        ..spec()
    };
    world.mappings.start(spec.clone()).await.unwrap();
    let record_of_discard = failure(&world).await;
    let context = &record_of_discard["requestContext"];
    assert_eq!(
        context["functionArn"],
        "arn:aws:lambda:us-east-1:000000000000:function:f"
    );
    assert_eq!(
        (&context["condition"], &context["approximateInvokeCount"]),
        (&json!("RetryAttemptsExhausted"), &json!(1))
    );
    assert_eq!(
        record_of_discard["responseContext"],
        json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" })
    );
    assert_eq!(
        (&record_of_discard["version"], &record_of_discard["timestamp"]),
        (&json!("1.0"), &json!("2026-11-22T13:27:00.000Z"))
    );
    let batch = &record_of_discard["KinesisBatchInfo"];
    assert_eq!(
        (&batch["shardId"], &batch["batchSize"], &batch["streamArn"]),
        (&json!("shardId-000000000000"), &json!(2), &json!(STREAM))
    );
    assert_eq!(batch["approximateArrivalOfFirstRecord"], "2026-11-22T13:27:00.000Z");
    assert!(batch["startSequenceNumber"].as_str().unwrap() < batch["endSequenceNumber"].as_str().unwrap());

    let listed = world
        .get("/2015-03-31/event-source-mappings?FunctionName=f")
        .await
        .json();
    let listed = &listed["EventSourceMappings"][0];
    assert_eq!(
        (&listed["State"], &listed["LastProcessingResult"]),
        (&json!("Enabled"), &json!("PROBLEM: Function call failed"))
    );
    assert_eq!(
        (&listed["MaximumRetryAttempts"], &listed["MaximumRecordAgeInSeconds"]),
        (&json!(0), &json!(-1))
    );
    let path = format!("/2015-03-31/event-source-mappings/{}", listed["UUID"].as_str().unwrap());
    assert_eq!(world.get(&path).await.json(), *listed);
    let other = world
        .get("/2015-03-31/event-source-mappings?FunctionName=g")
        .await
        .json();
    assert_eq!(other["EventSourceMappings"], json!([]));
    world.mappings.stop(&spec, StopMode::Drain).await.unwrap();
    assert_eq!(world.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_mapping_that_cannot_be_is_refused() {
    let world = World::with_functions([("f", |event| Ok(event.to_vec()))]);
    prepared(&world, 1).await;
    let check = async |spec: MappingSpec, text: &str| {
        let error = world.mappings.start(spec).await.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    check(
        MappingSpec {
            batch_size: 10_001,
            ..spec()
        },
        "BatchSize is 1 to 10000, not 10001",
    )
    .await;
    check(
        MappingSpec {
            parallelization_factor: 0,
            ..spec()
        },
        "ParallelizationFactor",
    )
    .await;
    check(
        MappingSpec {
            stream_arn: QUEUE.into(),
            ..spec()
        },
        "not the ARN of a Kinesis stream",
    )
    .await;
    check(
        MappingSpec {
            stream_arn: format!("{STREAM}2"),
            ..spec()
        },
        "there is no stream s2",
    )
    .await;
    check(
        MappingSpec {
            function: "a b".into(),
            ..spec()
        },
        "a b",
    )
    .await;
    check(
        MappingSpec {
            on_failure: Some(STREAM.into()),
            ..spec()
        },
        "not the ARN of an SQS queue",
    )
    .await;
}

/// The next deed of the function of [`Starter`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plan {
    /// It starts an execution for each record of the batch.
    Work,
    /// The machine dies after that many executions were started: nobody hears an answer.
    DieAfter(usize),
}

/// A function as `gateway-dispatch` is one: starts an execution for each record, whose name follows from the record.
struct Starter {
    stepfunctions: OnceLock<Arc<StepFunctions>>,
    plan: Mutex<Plan>,
    dead: Notify,
    machine: OnceLock<String>,
    /// The data of records in the order in which the function came to them, with those that came again.
    seen: Mutex<Vec<String>>,
}

impl Starter {
    fn new(plan: Plan) -> Arc<Self> {
        Arc::new(Self {
            stepfunctions: OnceLock::new(),
            plan: Mutex::new(plan),
            dead: Notify::new(),
            machine: OnceLock::new(),
            seen: Mutex::default(),
        })
    }

    async fn start_all(&self, invocation: &Invocation) {
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
        for record in event["Records"].as_array().unwrap() {
            let plan = *self.plan.lock().unwrap();
            match plan {
                Plan::Work => {}
                Plan::DieAfter(0) => {
                    self.dead.notify_one();
                    std::future::pending::<()>().await;
                }
                Plan::DieAfter(left) => *self.plan.lock().unwrap() = Plan::DieAfter(left - 1),
            }
            let data = STANDARD.decode(record["kinesis"]["data"].as_str().unwrap()).unwrap();
            let data = String::from_utf8(data).unwrap();
            let name = record["kinesis"]["sequenceNumber"].as_str().unwrap();
            let request =
                json!({ "stateMachineArn": self.machine.get(), "name": name, "input": json!(data).to_string() });
            let stepfunctions = self.stepfunctions.get().unwrap();
            match stepfunctions
                .call("StartExecution", request.to_string().as_bytes())
                .await
            {
                Ok(_) => {}
                Err(error) => assert_eq!(error.code, "ExecutionAlreadyExists", "{error:?}"),
            }
            self.seen.lock().unwrap().push(data);
        }
    }
}

impl Functions for Starter {
    fn invoke<'a>(
        &'a self,
        name: &'a str,
        invocation: Invocation,
    ) -> Pin<Box<dyn Future<Output = Result<InvokeOutput, InvokeError>> + Send + 'a>> {
        assert_eq!(name, "f");
        Box::pin(async move {
            self.start_all(&invocation).await;
            output(Ok(br#"{"batchItemFailures":[]}"#.to_vec()), &invocation)
        })
    }

    fn function(&self, name: &str) -> Option<FunctionSpec> {
        Some(function_spec(name))
    }

    fn functions(&self) -> Vec<FunctionSpec> {
        vec![function_spec("f")]
    }
}

/// The world in a directory as a start of the process finds it.
async fn begin(directory: &Path, round: u64, plan: Plan) -> (World, Arc<Starter>) {
    let starter = Starter::new(plan);
    let world = World::open(directory, round * 1_000_000 + 1, starter.clone());
    assert!(starter.stepfunctions.set(world.step_functions()).is_ok());
    prepared(&world, 2).await;
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m".to_owned();
    if round == 0 {
        let request = json!({ "name": "m", "definition": PASS, "roleArn": ROLE });
        let made = world.states_ok("CreateStateMachine", request).await;
        assert_eq!(made["stateMachineArn"], machine.as_str());
    }
    starter.machine.set(machine).unwrap();
    (world, starter)
}

fn parallel() -> MappingSpec {
    MappingSpec {
        batch_size: 7,
        parallelization_factor: 3,
        report_batch_item_failures: true,
        bisect_batch_on_function_error: true,
        ..spec()
    }
}

/// Dies in the middle of batches, between a batch and its checkpoint, and while records come in; each time everything in
/// memory is gone, and the next round opens the same files.
#[tokio::test]
async fn each_record_starts_exactly_one_execution_wherever_the_process_dies() {
    const ROUNDS: u64 = 24;
    const PER_ROUND: usize = 20;
    let directory = tempfile::tempdir().unwrap();
    let mut seen: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        // from none to two batches and a bit
        let (world, starter) = begin(directory.path(), round, Plan::DieAfter((round as usize * 5) % 17)).await;
        world.mappings.start(parallel()).await.unwrap();
        let new = (0..PER_ROUND).map(|n| record(&format!("key {}", n % 5), &format!("{round}-{n}")));
        put(&world, new.collect()).await;
        tokio::time::timeout(Duration::from_secs(20), starter.dead.notified())
            .await
            .expect("the function dies");
        // other lanes come further in some rounds than in others
        for _ in 0..(round * 37) % 200 {
            tokio::task::yield_now().await;
        }
        world.mappings.kill().await;
        world.driver.clone().close().await.unwrap();
        seen.append(&mut starter.seen.lock().unwrap());
    }
    let (world, starter) = begin(directory.path(), ROUNDS, Plan::Work).await;
    world.mappings.start(parallel()).await.unwrap();
    world.mappings.stop(&parallel(), StopMode::Drain).await.unwrap();
    seen.append(&mut starter.seen.lock().unwrap());

    let request = json!({ "stateMachineArn": starter.machine.get(), "maxResults": 1000 });
    let listed = world.states_ok("ListExecutions", request).await;
    let mut inputs = BTreeMap::new();
    for execution in listed["executions"].as_array().unwrap() {
        let request = json!({ "executionArn": execution["executionArn"] });
        let described = world.states_ok("DescribeExecution", request).await;
        *inputs
            .entry(described["input"].as_str().unwrap().to_owned())
            .or_insert(0) += 1;
    }
    assert_eq!(inputs.len(), ROUNDS as usize * PER_ROUND);
    assert!(inputs.values().all(|count| *count == 1), "{inputs:?}");
    assert!(
        seen.len() > inputs.len(),
        "the deaths made some come again, or the test shows nothing"
    );

    let mut last: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
    let mut known = std::collections::BTreeSet::new();
    for data in seen.iter().filter(|data| known.insert((*data).clone())) {
        let (round, n) = data.split_once('-').unwrap();
        let place: (u64, usize) = (round.parse().unwrap(), n.parse().unwrap());
        let before = last.insert(place.1 % 5, place);
        assert!(before < Some(place), "{place:?} of its key came after {before:?}");
    }
}

#[tokio::test]
async fn a_checkpoint_is_on_disk_after_the_answer_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("streams.sqlite");
    let done = || {
        let file = rusqlite::Connection::open(&file).unwrap();
        let sql = "SELECT coalesce(sum(position - 1), 0) FROM checkpoints";
        file.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap()
    };
    let one = MappingSpec {
        parallelization_factor: 1,
        ..parallel()
    };
    let (world, starter) = begin(directory.path(), 0, Plan::DieAfter(7)).await;
    put(&world, (0..20).map(|n| record("k", &n.to_string())).collect()).await;
    world.mappings.start(one.clone()).await.unwrap();
    starter.dead.notified().await;
    assert_eq!(done(), 7, "the first batch is done, the second was not answered");
    world.mappings.kill().await;
    world.driver.clone().close().await.unwrap();
    let (world, starter) = begin(directory.path(), 1, Plan::Work).await;
    world.mappings.start(one).await.unwrap();
    world
        .mappings
        .close(tokio::time::Instant::now() + Duration::from_secs(20))
        .await;
    let seen = starter.seen.lock().unwrap().clone();
    assert!(
        seen.is_empty() || seen[0] == "7",
        "it goes on behind what is done: {seen:?}"
    );
}

#[tokio::test]
async fn a_mapping_that_waits_is_woken_by_records_and_by_the_clock() {
    let directory = tempfile::tempdir().unwrap();
    let (world, starter) = begin(directory.path(), 0, Plan::DieAfter(1)).await;
    let window = MappingSpec {
        batching_window_seconds: 300,
        ..parallel()
    };
    world.mappings.start(window).await.unwrap();
    put(&world, vec![record("k", "a"), record("k", "b")]).await;
    // the batch is not full, so its window must end, which it does by the clock alone
    let moving = async {
        loop {
            world.advance(300_000);
            tokio::task::yield_now().await;
        }
    };
    let invoked = async {
        tokio::select! {
            () = starter.dead.notified() => {}
            () = moving => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), invoked)
        .await
        .expect("the window is over");
    assert_eq!(*starter.seen.lock().unwrap(), ["a"]);
    world.mappings.kill().await;
}
