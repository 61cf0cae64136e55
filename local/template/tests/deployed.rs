//! The template that is deployed resolves here, with nothing in it unknown.

use std::collections::BTreeMap;

use sluice_template::{
    Budget, Dashboard, EventSourceMapping, Function, Queue, Redrive, ResourceType, Schedule, ScheduleTarget,
    ScheduleTiming, Service, Stack, StackInputs, StartingPosition, StateMachine, Stream, StreamMode, Subscription,
    Table, TaskDefinition, Url, Vpc, parse,
};

const WORKFLOW: &str = include_str!("../../../cfn/workflow.yaml");
const LOAD: &str = include_str!("../../../cfn/load.yaml");
const DASHBOARD: &str = include_str!("../../../cfn/dashboard.yaml");

fn workflow() -> Stack {
    workflow_with(&[])
}

fn workflow_with(parameters: &[(&str, &str)]) -> Stack {
    let template = parse(WORKFLOW, "cfn/workflow.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let mut inputs = StackInputs::new("sluice", "us-east-1", "123456789012");
    inputs
        .parameters
        .insert("AdminEmail".to_owned(), "admin@example.com".to_owned());
    let given = parameters
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    inputs.parameters.extend(given);
    let urls: Vec<&str> = template
        .resources()
        .filter(|(_, kind)| *kind == ResourceType::Url)
        .map(|(id, _)| id)
        .collect();
    for (index, id) in urls.iter().enumerate() {
        inputs.attributes.insert(
            format!("{id}.FunctionUrl"),
            format!("http://127.0.0.1:{}/", 4600 + index),
        );
    }
    template.resolve(&inputs).unwrap_or_else(|errors| panic!("{errors}"))
}

fn exports(stack: &Stack) -> BTreeMap<String, String> {
    let exported = |output: &sluice_template::Output| Some((output.export.clone()?, output.value.clone()));
    stack.outputs.iter().filter_map(exported).collect()
}

fn load(parameters: &[(&str, &str)]) -> Stack {
    let template = parse(LOAD, "cfn/load.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let mut inputs = StackInputs::new("sluice-load", "us-east-1", "123456789012");
    inputs.endpoint = Some("http://127.0.0.1:4566".to_owned());
    inputs.imports = exports(&workflow());
    let all = parameters.iter().chain(&[("DeleteAt", "2026-11-22T18:00:00Z")]);
    inputs.parameters = all
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    template.resolve(&inputs).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The only resource of its type.
fn only<'s, T: 's>(stack: &'s Stack) -> &'s T
where
    &'s T: TryFrom<&'s sluice_template::Resource>,
{
    let mut all = stack.all::<T>();
    match (all.next(), all.next()) {
        (Some((_, one)), None) => one,
        _ => panic!("not exactly one"),
    }
}

#[test]
fn the_deployed_workflow_resolves() {
    let stack = workflow();
    for key in ["FunctionURLAPI", "ApprovalURL"] {
        let url = stack.output(key).unwrap_or_else(|| panic!("the output {key}"));
        assert!(url.starts_with("http://127.0.0.1:46"), "{key}: {url}");
    }
    assert_ne!(stack.output("FunctionURLAPI"), stack.output("ApprovalURL"));
    let table = stack.output("TableName").expect("the output TableName");
    assert!(
        stack.all::<Table>().any(|(_, declared)| declared.name == table),
        "{table}"
    );
    let machine = stack.output("StateMachineArn").expect("the output StateMachineArn");
    assert!(
        stack.all::<StateMachine>().any(|(_, declared)| declared.arn == machine),
        "{machine}"
    );
    for (_, url) in stack.all::<Url>() {
        assert!(
            stack
                .all::<Function>()
                .any(|(entry, _)| entry.logical_id == url.function),
            "{}",
            url.function
        );
    }
}

/// Resources that parameters switch on are resolved too.
#[test]
fn the_deployed_workflow_resolves_with_everything_that_is_optional() {
    let functions = |stack: &Stack| -> Vec<(Option<u32>, bool)> {
        let all = stack.all::<Function>();
        all.map(|(_, one)| (one.reserved_concurrency, one.active_tracing))
            .collect()
    };
    let limits: Vec<Option<u32>> = functions(&workflow()).into_iter().map(|(limit, _)| limit).collect();
    for expected in [Some(100), Some(50), Some(5)] {
        assert!(limits.contains(&expected), "{limits:?}");
    }
    let stack = workflow_with(&[
        ("AlarmEmail", "night@example.com"),
        ("IngestConcurrency", "0"),
        ("TaskConcurrency", "0"),
        ("ApprovalConcurrency", "0"),
        ("StartsAlarmThreshold", "1000"),
        ("MonthlyBudget", "50"),
        ("LogLevel", "warn"),
        ("Tracing", "true"),
        ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/edge"),
    ]);
    assert!(
        functions(&stack).iter().all(|one| *one == (None, true)),
        "{:?}",
        functions(&stack)
    );
    assert_eq!(stack.all::<Budget>().count(), 1);
    let endpoints = stack
        .all::<Subscription>()
        .filter_map(|(_, one)| one.endpoint.as_deref());
    assert_eq!(
        endpoints.collect::<Vec<_>>(),
        ["admin@example.com", "night@example.com"]
    );
}

#[test]
fn the_deployed_load_resolves_to_pingers_that_end() {
    let stack = load(&[("PingerCount", "3"), ("PingerRate", "20")]);
    let service: &Service = only(&stack);
    assert_eq!((service.desired_count, service.circuit_breaker), (3, true));
    let task: &TaskDefinition = only(&stack);
    let [pinger] = task.containers.as_slice() else {
        panic!("{task:?}")
    };
    assert_eq!((pinger.name.as_str(), pinger.essential), ("pinger", true));
    assert_eq!((pinger.stop_timeout_seconds, pinger.command.as_slice()), (30, &[][..]));
    let url = workflow().output("FunctionURLAPI").expect("exported").to_owned();
    let expected = [
        ("PINGER_URL", url.as_str()),
        ("PINGER_RATE", "20"),
        ("PINGER_IDEMPOTENCY_KEY_PREFIX", "load"),
    ];
    let environment: Vec<(&str, &str)> = pinger
        .environment
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(environment, expected);
    let log = pinger.log.as_ref().expect("a log");
    assert!(log.group.contains("PingerLogs"), "{log:?}");
    assert_eq!(log.stream_prefix.as_deref(), Some("pinger"));

    let end: &Schedule = only(&stack);
    assert_eq!(end.timing, ScheduleTiming::Rate(15 * 60_000));
    assert_eq!(
        (end.start_ms, end.end_ms, end.enabled),
        (Some(1_795_370_400_000), None, true)
    );
    assert_eq!((end.max_retries, end.max_event_age_seconds), (10, 600));
    assert_eq!(
        end.target,
        ScheduleTarget::DeleteStack {
            stack: stack.id.clone()
        }
    );
    let order: Vec<&str> = stack.resources.iter().map(|entry| entry.logical_id.as_str()).collect();
    let place = |id| order.iter().position(|known| *known == id);
    assert!(place("End") < place("Pingers"), "{order:?}");
    assert!(stack.all::<Stream>().next().is_none() && stack.all::<Queue>().next().is_none());
    assert!(
        stack.imports.contains(&"sluice-FunctionURLAPI".to_owned()),
        "{:?}",
        stack.imports
    );
}

#[test]
fn the_deployed_load_resolves_to_a_stream() {
    let stack = load(&[("Feed", "kinesis"), ("ShardCount", "2")]);
    let stream: &Stream = only(&stack);
    assert_eq!((stream.mode, stream.shard_count), (StreamMode::Provisioned, Some(2)));
    assert_eq!((stream.retention_hours, stream.max_record_kib), (168, 1_024));
    let queue: &Queue = only(&stack);
    assert_eq!(queue.url, format!("http://127.0.0.1:4566/123456789012/{}", queue.name));
    assert_eq!(
        (queue.retention_seconds, queue.visibility_timeout_seconds),
        (1_209_600, 30)
    );
    assert_eq!(queue.redrive, None::<Redrive>);
    let mapping: &EventSourceMapping = only(&stack);
    assert_eq!(
        (mapping.stream.as_str(), mapping.function.as_str()),
        ("Records", "DispatchFunction")
    );
    assert_eq!(mapping.source_arn, stream.arn);
    assert_eq!(
        (
            mapping.batch_size,
            mapping.window_seconds,
            mapping.parallelization_factor
        ),
        (100, 1, 4)
    );
    assert_eq!(mapping.starting_position, StartingPosition::TrimHorizon);
    assert_eq!(
        (mapping.max_retries, mapping.max_record_age_seconds),
        (Some(1_000), None)
    );
    assert_eq!(mapping.on_failure_arn.as_ref(), Some(&queue.arn));
    assert!(mapping.report_item_failures && mapping.bisect_on_error && mapping.enabled);
    let (_, dispatch) = stack.all::<Function>().next().expect("the dispatching function");
    assert_eq!(dispatch.environment.get("FAILURE_QUEUE_URL"), Some(&queue.url));
    let task: &TaskDefinition = only(&stack);
    assert_eq!(task.containers[0].environment.get("PINGER_STREAM"), Some(&stream.name));
    assert_eq!(stack.output("StreamName"), Some(stream.name.as_str()));
    assert_eq!(stack.output("FailureQueueUrl"), Some(queue.url.as_str()));
}

#[test]
fn the_load_uses_a_network_that_is_given() {
    let stack = load(&[("VpcId", "vpc-0a"), ("SubnetIds", "subnet-0a,subnet-0b")]);
    assert!(stack.all::<Vpc>().next().is_none());
    assert_eq!(load(&[]).all::<Vpc>().count(), 1);
}

#[test]
fn the_deployed_dashboard_resolves() {
    let template = parse(DASHBOARD, "cfn/dashboard.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let mut inputs = StackInputs::new("sluice-dashboard", "us-east-1", "123456789012");
    inputs.imports = exports(&workflow());
    let stack = template.resolve(&inputs).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(only::<Dashboard>(&stack).name, "sluice");
}

#[test]
fn failed_executions_go_to_a_function_and_ids_have_a_secret() {
    let stack = workflow();
    let rule = only::<sluice_template::Rule>(&stack);
    // the workflow's alone: a decision about many is no submission
    let machine = stack.output("StateMachineArn").expect("the output StateMachineArn");
    let failed = |of: &str| {
        serde_json::json!({ "source": "aws.states", "detail-type": "Step Functions Execution Status Change",
            "detail": { "stateMachineArn": of, "status": "FAILED" } })
    };
    assert!(rule.pattern.matches(&failed(machine)) && !rule.pattern.matches(&failed("other")));
    let target = &rule.targets[0];
    let functions: Vec<&Function> = stack.all::<Function>().map(|(_, function)| function).collect();
    let recorder = functions.iter().find(|function| function.arn == target.arn);
    assert!(recorder.is_some_and(|function| function.code_path.ends_with("record-failure")));
    let secret = only::<sluice_template::Secret>(&stack);
    let reference = format!("{{{{resolve:secretsmanager:{}}}}}", secret.arn);
    let knows = |function: &&&Function| function.environment.get("ID_SECRET") == Some(&reference);
    assert_eq!(functions.iter().filter(knows).count(), 1, "ingest alone");
    let load = load(&[("Feed", "kinesis")]);
    let dispatch = load.all::<Function>().next().map(|(_, function)| function);
    assert_eq!(
        dispatch.and_then(|function| function.environment.get("ID_SECRET")),
        Some(&reference)
    );
}
