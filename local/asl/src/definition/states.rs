//! The eight state types.

use std::sync::Arc;

use serde_json::Value;

use super::{ChoiceRule, Dynamic, Flow, Name, Path, QueryLanguage, ReferencePath, Resource, Template, Transition};

/// One state: what all types share, and what its type adds.
#[derive(Debug)]
pub struct State {
    /// Its name.
    pub name: Name,
    /// `Comment`.
    pub comment: Option<String>,
    /// Its own query language, or the machine's.
    pub query_language: QueryLanguage,
    /// `InputPath` (JSONPath). `None`: absent, which means `$`.
    pub input_path: Option<Path>,
    /// `OutputPath` (JSONPath). `None`: absent, which means `$`.
    pub output_path: Option<Path>,
    /// `Assign` outside of catchers and choice rules.
    pub assign: Option<Template>,
    /// `Output` (JSONata).
    pub output: Option<Template>,
    /// The fields of its type.
    pub kind: StateKind,
}

/// The closed set of state types.
#[derive(Debug)]
#[allow(missing_docs)] // each variant is its struct
pub enum StateKind {
    Pass(Pass),
    Task(Box<Task>),
    Choice(Choice),
    Wait(Wait),
    Succeed(Succeed),
    Fail(Fail),
    Parallel(Box<Parallel>),
    Map(Box<Map>),
}

/// `Pass`.
#[derive(Debug)]
pub struct Pass {
    /// `Result` (JSONPath), verbatim.
    pub result: Option<Value>,
    /// `Parameters` (JSONPath).
    pub parameters: Option<Template>,
    /// `ResultPath`.
    pub result_path: ReferencePath,
    /// The way out of it.
    pub transition: Transition,
}

/// `Task`.
#[derive(Debug)]
pub struct Task {
    /// The resource that it calls.
    pub resource: Resource,
    /// `Parameters` (JSONPath) or `Arguments` (JSONata).
    pub arguments: Option<Template>,
    /// `ResultSelector` (JSONPath).
    pub result_selector: Option<Template>,
    /// `ResultPath` (JSONPath).
    pub result_path: ReferencePath,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`. None: no timeout, as on AWS.
    pub timeout: Option<Dynamic<u64>>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Dynamic<u64>>,
    /// `Credentials`.
    pub credentials: Option<Template>,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// The way out of it.
    pub transition: Transition,
}

/// `Choice`.
#[derive(Debug)]
pub struct Choice {
    /// `Choices`, in order.
    pub rules: Vec<ChoiceRule>,
    /// `Default`.
    pub default: Option<Name>,
}

/// `Wait`.
#[derive(Debug)]
pub struct Wait {
    /// Until when.
    pub until: WaitFor,
    /// The way out of it.
    pub transition: Transition,
}

/// The four forms of a wait.
#[derive(Debug)]
pub enum WaitFor {
    /// `Seconds` or `SecondsPath`.
    Seconds(Dynamic<u64>),
    /// `Timestamp` or `TimestampPath`: RFC 3339 text.
    Timestamp(Dynamic<String>),
}

/// `Succeed` has nothing of its own.
#[derive(Debug)]
pub struct Succeed;

/// `Fail`.
#[derive(Debug)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<Dynamic<String>>,
    /// `Cause` or `CausePath`.
    pub cause: Option<Dynamic<String>>,
}

/// `Parallel`.
#[derive(Debug)]
pub struct Parallel {
    /// `Branches`.
    pub branches: Vec<Arc<Flow>>,
    /// `Parameters` (JSONPath) or `Arguments` (JSONata).
    pub arguments: Option<Template>,
    /// `ResultSelector` (JSONPath).
    pub result_selector: Option<Template>,
    /// `ResultPath` (JSONPath).
    pub result_path: ReferencePath,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// The way out of it.
    pub transition: Transition,
}

/// `Map`.
#[derive(Debug)]
pub struct Map {
    /// `ItemsPath` (JSONPath) or `Items` (JSONata: an array, or an expression that gives one). None: the whole input.
    pub items: Option<Dynamic<Value>>,
    /// `ItemSelector`, or `Parameters` of old.
    pub item_selector: Option<Template>,
    /// `ItemReader` as it stands, for the services that this machine does not have.
    pub item_reader: Option<Value>,
    /// `ResultWriter` as it stands.
    pub result_writer: Option<Value>,
    /// `ItemBatcher`.
    pub item_batcher: Option<ItemBatcher>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`. None or 0: no limit.
    pub max_concurrency: Option<Dynamic<u64>>,
    /// `ToleratedFailure…`.
    pub tolerance: Tolerance,
    /// `Label`.
    pub label: Option<String>,
    /// `ItemProcessor`, or `Iterator` of old.
    pub processor: MapProcessor,
    /// `ResultSelector` (JSONPath).
    pub result_selector: Option<Template>,
    /// `ResultPath` (JSONPath).
    pub result_path: ReferencePath,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// The way out of it.
    pub transition: Transition,
}

/// The flow that a Map runs for each item.
#[derive(Debug)]
pub struct MapProcessor {
    /// Inline or distributed.
    pub mode: ProcessorMode,
    /// The states.
    pub flow: Arc<Flow>,
}

/// `ProcessorConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorMode {
    /// Frames inside the execution.
    Inline,
    /// Child executions under a Map Run.
    Distributed {
        /// `ExecutionType` is `EXPRESS`.
        express: bool,
    },
}

/// `ItemBatcher`.
#[derive(Debug)]
pub struct ItemBatcher {
    /// `BatchInput`.
    pub batch_input: Option<Template>,
    /// `MaxItemsPerBatch` or its path.
    pub max_items: Option<Dynamic<u64>>,
    /// `MaxInputBytesPerBatch` or its path.
    pub max_bytes: Option<Dynamic<u64>>,
}

/// The number or share of a Map's items that may fail. Both absent: none.
#[derive(Debug, Default)]
pub struct Tolerance {
    /// `ToleratedFailureCount` or its path.
    pub count: Option<Dynamic<u64>>,
    /// `ToleratedFailurePercentage` or its path, 0 to 100.
    pub percentage: Option<Dynamic<f64>>,
}

/// One entry of `Retry`.
#[derive(Debug)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub error_equals: Vec<String>,
    /// `IntervalSeconds`, default 1.
    pub interval_seconds: u64,
    /// `MaxAttempts`, default 3; 0 means never.
    pub max_attempts: u64,
    /// `BackoffRate`, default 2.0.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`.
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy` is `FULL`.
    pub full_jitter: bool,
}

/// One entry of `Catch`.
#[derive(Debug)]
pub struct Catcher {
    /// `ErrorEquals`.
    pub error_equals: Vec<String>,
    /// `ResultPath` (JSONPath).
    pub result_path: ReferencePath,
    /// `Output` (JSONata).
    pub output: Option<Template>,
    /// `Assign`.
    pub assign: Option<Template>,
    /// `Next`.
    pub next: Name,
}
