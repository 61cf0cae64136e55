//! A realistic template from its text to its stack.

use serde_json::json;
use sluice_template::{
    Alarm, Architecture, AuthType, Dashboard, Definition, DeletionPolicy, Function, LogFormat, LogLevel, Permission,
    Role, Stack, StackInputs, StateMachine, Subscription, Table, Template, TimeToLive, Url, parse,
};

const WORKFLOW: &str = include_str!("fixtures/workflow.yaml");
const API: &str = "http://127.0.0.1:4600/";
const APPROVAL: &str = "http://127.0.0.1:4601/";

fn template() -> Template {
    parse(WORKFLOW, "workflow.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn inputs(parameters: &[(&str, &str)]) -> StackInputs {
    let mut inputs = StackInputs::new("sluice", "us-east-1", "123456789012");
    inputs
        .parameters
        .insert("AdminEmail".to_owned(), "admin@example.com".to_owned());
    for (name, value) in parameters {
        inputs.parameters.insert((*name).to_owned(), (*value).to_owned());
    }
    inputs
        .attributes
        .insert("GatewayUrl.FunctionUrl".to_owned(), API.to_owned());
    inputs
        .attributes
        .insert("ApproverUrl.FunctionUrl".to_owned(), APPROVAL.to_owned());
    inputs
}

fn stack(parameters: &[(&str, &str)]) -> Stack {
    template()
        .resolve(&inputs(parameters))
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn typed<'s, T: 's>(stack: &'s Stack, id: &str) -> &'s T
where
    &'s T: TryFrom<&'s sluice_template::Resource>,
{
    stack
        .all::<T>()
        .find(|(entry, _)| entry.logical_id == id)
        .expect("the resource is in the stack")
        .1
}

#[test]
fn resources_come_after_what_they_need() {
    let stack = stack(&[]);
    let order: Vec<&str> = stack.resources.iter().map(|entry| entry.logical_id.as_str()).collect();
    let before = |first, second| {
        let place = |id| {
            order
                .iter()
                .position(|known| *known == id)
                .expect("the resource is in the stack")
        };
        assert!(place(first) < place(second), "{first} before {second} in {order:?}");
    };
    for needed in ["GatewayLogs", "GatewayRole", "Ingest", "Entries", "ApproverUrl"] {
        before(needed, "GatewayFunction");
    }
    before("GatewayFunction", "GatewayUrl");
    before("Topic", "Mail");
    before("GatewayFunction", "Board");
    assert_eq!(order.len(), 14);
}

#[test]
fn outputs_and_parameters_are_those_of_describe_stacks() {
    let stack = stack(&[]);
    assert_eq!(stack.output("FunctionURLAPI"), Some(API));
    assert_eq!(stack.output("ApprovalURL"), Some(APPROVAL));
    assert_eq!(
        stack.output("TableName"),
        Some(typed::<Table>(&stack, "Entries").name.as_str())
    );
    assert_eq!(
        stack.output("StateMachineArn"),
        Some(typed::<StateMachine>(&stack, "Ingest").arn.as_str())
    );
    assert_eq!(stack.output("Limited"), None);
    assert_eq!(stack.outputs[0].export.as_deref(), Some("sluice-api"));
    assert_eq!(stack.outputs[0].description.as_deref(), Some("Where submissions go."));
    let shown: Vec<(&str, &str)> = stack
        .parameters
        .iter()
        .map(|p| (p.key.as_str(), p.value.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("AdminEmail", "admin@example.com"),
            ("UrlAuthType", "NONE"),
            ("ApprovalTimeoutDays", "7"),
            ("GatewayConcurrency", "0"),
            ("Secret", "****"),
            ("Levels", "ALL, ERROR"),
        ]
    );
    assert!(
        stack
            .id
            .starts_with("arn:aws:cloudformation:us-east-1:123456789012:stack/sluice/"),
        "{}",
        stack.id
    );
    assert_eq!(
        stack.description.as_deref(),
        Some("A workflow with a gateway, a checker, a table and an approver.")
    );
}

#[test]
fn a_function_is_typed() {
    let stack = stack(&[]);
    let function: &Function = typed(&stack, "GatewayFunction");
    assert_eq!(function.name, "sluice-gateway");
    assert_eq!(
        function.arn,
        "arn:aws:lambda:us-east-1:123456789012:function:sluice-gateway"
    );
    assert_eq!(function.code_path, "../target/lambda/gateway");
    assert_eq!((function.memory_mb, function.timeout_seconds), (512, 30));
    assert_eq!(function.architecture, Architecture::Arm64);
    assert_eq!(function.reserved_concurrency, None);
    assert_eq!(function.log_group, "/aws/lambda/sluice-gateway");
    assert_eq!(function.log_format, LogFormat::Json);
    assert!(function.active_tracing);
    assert_eq!(function.role, typed::<Role>(&stack, "GatewayRole").arn);
    let machine: &StateMachine = typed(&stack, "Ingest");
    let variables: Vec<(&str, &str)> = function
        .environment
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let table = stack.output("TableName").expect("an output");
    assert_eq!(
        variables,
        [
            ("STATE_MACHINE_ARN", machine.arn.as_str()),
            ("TABLE_NAME", table),
            ("APPROVAL_URL", APPROVAL),
            ("LEVEL", "ERROR"),
            ("LIMIT", "10"),
            ("LISTING", "true"),
        ]
    );
    let approver: &Function = typed(&stack, "ApproverFunction");
    assert_eq!((approver.memory_mb, approver.timeout_seconds), (128, 3));
    assert_eq!(approver.log_group, format!("/aws/lambda/{}", approver.name));
}

#[test]
fn properties_without_local_effect_are_listed_with_their_reason() {
    let stack = stack(&[]);
    let ignored = |id: &str| {
        let entry = stack.resource(id).expect("the resource is in the stack");
        entry
            .ignored
            .iter()
            .map(|ignored| (ignored.name, ignored.at.line))
            .collect::<Vec<_>>()
    };
    assert_eq!(ignored("GatewayFunction"), [("VpcConfig", 95)]);
    assert_eq!(ignored("Entries"), [("PointInTimeRecoverySpecification", 163)]);
    assert_eq!(ignored("Topic"), []);
}

#[test]
fn a_table_becomes_a_create_request() {
    let stack = stack(&[]);
    let table: &Table = typed(&stack, "Entries");
    assert_eq!(
        table.create_request,
        json!({
            "TableName": table.name,
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "status", "AttributeType": "S"},
            ],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["user_name"]},
            }],
            "SSESpecification": {"Enabled": true},
            "Tags": [{"Key": "app", "Value": "sluice"}],
        })
    );
    assert_eq!(
        table.time_to_live,
        Some(TimeToLive {
            attribute_name: "expires_at".to_owned()
        })
    );
    let entry = stack.resource("Entries").expect("the table");
    assert_eq!(entry.deletion_policy, DeletionPolicy::Retain);
    assert_eq!(entry.physical_id, table.name);
}

#[test]
fn a_state_machine_is_typed() {
    let stack = stack(&[("ApprovalTimeoutDays", "30")]);
    let machine: &StateMachine = typed(&stack, "Ingest");
    assert_eq!(
        machine.definition,
        Definition::Path("../workflows/ingest.asl.json".to_owned())
    );
    let approver: &Function = typed(&stack, "ApproverFunction");
    let substitutions: Vec<(&str, &str)> = machine
        .substitutions
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        substitutions,
        [
            ("ApproverArn", approver.arn.as_str()),
            ("TimeoutDays", "30"),
            ("Attempts", "3"),
            ("Strict", "true")
        ]
    );
    assert_eq!(machine.log_level, LogLevel::Error);
    assert_eq!(
        machine.log_group_arns,
        ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/sluice-gateway:*"]
    );
    assert!(machine.tracing);
}

#[test]
fn urls_permissions_and_subscriptions_know_their_target() {
    let stack = stack(&[]);
    let url: &Url = typed(&stack, "GatewayUrl");
    assert_eq!(
        (url.function.as_str(), url.auth_type),
        ("GatewayFunction", AuthType::None)
    );
    assert_eq!(typed::<Url>(&stack, "ApproverUrl").function, "ApproverFunction");
    let permissions: Vec<(&str, bool)> = stack
        .all::<Permission>()
        .map(|(_, p)| (p.function.as_str(), p.invoked_via_function_url))
        .collect();
    assert_eq!(permissions, [("GatewayFunction", false), ("GatewayFunction", true)]);
    let mail: &Subscription = typed(&stack, "Mail");
    assert_eq!(
        (mail.topic.as_str(), mail.endpoint.as_deref()),
        ("Topic", Some("admin@example.com"))
    );
    assert!(mail.protocol.is_local());
}

#[test]
fn policies_keep_their_documents() {
    let stack = stack(&[]);
    let role: &Role = typed(&stack, "GatewayRole");
    assert_eq!(
        role.assume_role_policy["Statement"][0],
        json!({
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        })
    );
    let table = &typed::<Table>(&stack, "Entries").arn;
    assert_eq!(
        role.policies[0].document["Statement"][1]["Resource"],
        json!([table, format!("{table}/index/*")])
    );
}

#[test]
fn alarms_and_dashboards_are_typed() {
    let stack = stack(&[]);
    let alarm: &Alarm = typed(&stack, "Failures");
    assert_eq!(
        (alarm.threshold, alarm.evaluation_periods, alarm.datapoints_to_alarm),
        (0.5, 1, 1)
    );
    assert_eq!(
        alarm.alarm_actions,
        [stack.resource("Topic").expect("the topic").physical_id.as_str()]
    );
    let board: &Dashboard = typed(&stack, "Board");
    let properties = &board.body["widgets"][0]["properties"];
    assert_eq!(properties["region"], "us-east-1");
    assert_eq!(properties["metrics"][0][3], "sluice-gateway");
}

#[test]
fn conditions_decide_what_is_there() {
    let limited = stack(&[("GatewayConcurrency", "5")]);
    assert_eq!(limited.output("Limited"), Some("5"));
    assert_eq!(
        typed::<Function>(&limited, "GatewayFunction").reserved_concurrency,
        Some(5)
    );
    let private = stack(&[("UrlAuthType", "AWS_IAM"), ("GatewayConcurrency", "5")]);
    assert_eq!(private.all::<Permission>().count(), 0);
    assert_eq!(private.output("Limited"), None);
    assert_eq!(typed::<Url>(&private, "GatewayUrl").auth_type, AuthType::AwsIam);
}

#[test]
fn the_same_inputs_give_the_same_names() {
    let names = |name: &str| {
        let mut inputs = inputs(&[]);
        inputs.stack_name = name.to_owned();
        let stack = template().resolve(&inputs).unwrap_or_else(|errors| panic!("{errors}"));
        let ids: Vec<String> = stack.resources.iter().map(|entry| entry.physical_id.clone()).collect();
        (stack.id, ids)
    };
    assert_eq!(names("sluice"), names("sluice"));
    let (first, second) = (names("sluice"), names("other"));
    assert_ne!(first.0, second.0);
    assert!(
        first
            .1
            .iter()
            .zip(&second.1)
            .all(|(first, second)| first != second || first.contains("role/"))
    );
    let generated = typed::<Function>(&stack(&[]), "ApproverFunction").name.clone();
    let suffix = generated
        .strip_prefix("sluice-ApproverFunction-")
        .expect("stack and logical id");
    assert!(
        suffix.len() == 12 && suffix.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "{suffix}"
    );
}

#[test]
fn generated_names_fit_the_service() {
    let mut inputs = inputs(&[]);
    inputs.stack_name = "s".repeat(40);
    let stack = template().resolve(&inputs).unwrap_or_else(|errors| panic!("{errors}"));
    let name = &typed::<Function>(&stack, "ApproverFunction").name;
    assert_eq!(name.len(), 64);
    assert!(name.contains("-ApproverFunction-"), "{name}");
}

#[test]
fn a_missing_url_is_asked_for() {
    let mut inputs = inputs(&[]);
    inputs.attributes.clear();
    let errors = template().resolve(&inputs).expect_err("no URL was given").to_string();
    let expected = "workflow.yaml:100:25: GatewayFunction.Environment.Variables.APPROVAL_URL: `ApproverUrl.FunctionUrl` \
                    is known only when the stack runs, and was not given";
    assert!(errors.starts_with(expected), "{errors}");
}
