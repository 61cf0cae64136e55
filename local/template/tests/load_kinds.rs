//! The resource types of services, networks, schedules, streams and queues: what they give, and what they refuse.

use sluice_template::{Stack, StackInputs, parse};

const STACK: &str = "stack";

fn resolve(resources: &str) -> Result<Stack, Vec<String>> {
    let inputs = StackInputs::new(STACK, "us-east-1", "123456789012");
    let text = format!("Resources:\n{resources}");
    let stack = parse(&text, "t.yaml").and_then(|template| template.resolve(&inputs));
    stack.map_err(|errors| errors.to_string().lines().map(str::to_owned).collect())
}

/// One resource `R`, its properties in flow style, beside `more`.
#[track_caller]
fn one(resource_type: &str, properties: &str, more: &str) -> Result<Stack, Vec<String>> {
    resolve(&format!(
        "  R:\n    Type: {resource_type}\n    Properties: {properties}\n{more}"
    ))
}

/// Checks the value of `Ref`, and that it is the same in another run; names and ids differ by stack only.
#[track_caller]
fn check_reference(resource_type: &str, properties: &str, expected: &str) {
    let physical = |stack: Result<Stack, Vec<String>>| {
        let stack = stack.unwrap_or_else(|errors| panic!("{errors:#?}"));
        stack.resource("R").expect("R").physical_id.clone()
    };
    let found = physical(one(resource_type, properties, ""));
    let wanted = regex::Regex::new(&format!("^{expected}$")).expect("a pattern");
    assert!(wanted.is_match(&found), "{resource_type}: {found}");
    assert_eq!(found, physical(one(resource_type, properties, "")), "{resource_type}");
}

#[track_caller]
fn check_refused(resource_type: &str, properties: &str, expected: &[&str]) {
    let errors = one(resource_type, properties, "").expect_err("refused");
    assert_eq!(errors, expected, "{resource_type} {properties}");
}

#[test]
fn references_look_as_on_aws_and_stay() {
    let hex = "[0-9a-f]{17}";
    check_reference("AWS::EC2::VPC", "{ CidrBlock: 10.0.0.0/16 }", &format!("vpc-{hex}"));
    check_reference("AWS::EC2::InternetGateway", "{}", &format!("igw-{hex}"));
    check_reference(
        "AWS::EC2::VPCGatewayAttachment",
        "{ VpcId: vpc-1, InternetGatewayId: igw-1 }",
        r"IGW\|vpc-1",
    );
    check_reference("AWS::EC2::RouteTable", "{ VpcId: vpc-1 }", &format!("rtb-{hex}"));
    check_reference(
        "AWS::EC2::Route",
        "{ RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1 }",
        r"rtb-1\|0\.0\.0\.0/0",
    );
    check_reference(
        "AWS::EC2::Subnet",
        "{ VpcId: vpc-1, CidrBlock: 10.0.0.0/25 }",
        &format!("subnet-{hex}"),
    );
    check_reference(
        "AWS::EC2::SubnetRouteTableAssociation",
        "{ SubnetId: subnet-1, RouteTableId: rtb-1 }",
        &format!("rtbassoc-{hex}"),
    );
    check_reference(
        "AWS::EC2::SecurityGroup",
        "{ GroupDescription: 'out, only', SecurityGroupEgress: [{ IpProtocol: tcp, FromPort: 443, ToPort: 443 }] }",
        &format!("sg-{hex}"),
    );
    check_reference("AWS::ECS::Cluster", "{}", "stack-R-[A-Z0-9]{12}");
    check_reference(
        "AWS::Budgets::Budget",
        "{ Budget: { BudgetType: COST, TimeUnit: MONTHLY } }",
        "stack-R-[A-Z0-9]{12}",
    );
    check_reference(
        "AWS::CDK::Metadata",
        "{ Analytics: 'v2:deflate64:x' }",
        "stack-R-[A-Z0-9]{12}",
    );
    check_reference(
        "AWS::ECS::TaskDefinition",
        "{ Family: f, ContainerDefinitions: [{ Name: pinger, Image: i }] }",
        "arn:aws:ecs:us-east-1:123456789012:task-definition/f:1",
    );
    check_reference("AWS::Kinesis::Stream", "{ ShardCount: 1 }", "stack-R-[A-Z0-9]{12}");
    check_reference(
        "AWS::SQS::Queue",
        "{ QueueName: q }",
        r"https://sqs\.us-east-1\.amazonaws\.com/123456789012/q",
    );
    check_reference(
        "AWS::Scheduler::Schedule",
        "{ Name: s, ScheduleExpression: rate(1 minute), FlexibleTimeWindow: { Mode: 'OFF' }, \
         Target: { Arn: 'arn:aws:lambda:us-east-1:123456789012:function:f', RoleArn: r } }",
        "s",
    );
}

#[test]
fn a_service_names_its_cluster_and_its_tasks() {
    let more = "  C: { Type: AWS::ECS::Cluster, Properties: { ClusterName: c } }\n  T: { Type: AWS::ECS::TaskDefinition, \
                Properties: { Family: f, ContainerDefinitions: [{ Name: pinger, Image: i }] } }\n";
    for definition in ["!Ref T", "f", "f:1"] {
        for cluster in ["!Ref C", "!GetAtt C.Arn"] {
            let properties = format!("{{ ServiceName: s, Cluster: {cluster}, TaskDefinition: {definition} }}");
            let stack = one("AWS::ECS::Service", &properties, more).unwrap_or_else(|errors| panic!("{errors:#?}"));
            let (entry, service) = stack.all::<sluice_template::Service>().next().expect("a service");
            assert_eq!(entry.physical_id, "arn:aws:ecs:us-east-1:123456789012:service/c/s");
            assert_eq!((service.task_definition.as_str(), service.desired_count), ("T", 1));
            assert_eq!(service.cluster.as_deref(), Some("C"));
        }
    }
    let errors = one("AWS::ECS::Service", "{ TaskDefinition: other:1 }", more).expect_err("refused");
    assert_eq!(
        errors,
        [
            "t.yaml:4:35: R.TaskDefinition: `other:1` is no AWS::ECS::TaskDefinition of this stack; nothing else exists locally"
        ]
    );
}

#[test]
fn services_and_tasks_refuse_what_a_machine_does_not_have() {
    check_refused(
        "AWS::ECS::TaskDefinition",
        "{ ContainerDefinitions: [] }",
        &["t.yaml:4:41: R.ContainerDefinitions: a task has at least one container"],
    );
    check_refused(
        "AWS::ECS::TaskDefinition",
        "{ ContainerDefinitions: [{ Name: a, Image: i, Essential: false }] }",
        &["t.yaml:4:41: R.ContainerDefinitions: at least one container is essential: the task ends when it does"],
    );
    check_refused(
        "AWS::ECS::TaskDefinition",
        "{ ContainerDefinitions: [{ Name: a, Image: i }, { Name: a, Image: i, StopTimeout: 500 }] }",
        &[
            "t.yaml:4:41: R.ContainerDefinitions: the container `a` is given twice",
            "t.yaml:4:99: R.ContainerDefinitions[1].StopTimeout: 500 is not allowed: from 2 to 120",
        ],
    );
    check_refused(
        "AWS::ECS::TaskDefinition",
        "{ ContainerDefinitions: [{ Name: a, Image: i, EntryPoint: [x], Imge: 1, Privileged: 7 }] }",
        &[
            "t.yaml:4:75: R.ContainerDefinitions[0].EntryPoint: `EntryPoint` is not available locally: the binary that is named \
             like the container runs; leave it out",
            "t.yaml:4:80: R.ContainerDefinitions[0]: unknown property `Imge`, did you mean `Image`?",
            "t.yaml:4:101: R.ContainerDefinitions[0].Privileged: expected true or false, found the number 7",
        ],
    );
    check_refused(
        "AWS::ECS::TaskDefinition",
        "{ ContainerDefinitions: [{ Name: a, Image: i, LogConfiguration: { LogDriver: gelf } }] }",
        &[
            "t.yaml:4:94: R.ContainerDefinitions[0].LogConfiguration.LogDriver: the log driver `gelf` is not available locally: use \
           awslogs",
        ],
    );
}

#[test]
fn schedules_take_a_time_or_a_rate_and_known_targets() {
    let check = |expression: &str, target: &str, expected: &[&str]| {
        let properties = format!(
            "{{ ScheduleExpression: {expression}, FlexibleTimeWindow: {{ Mode: 'OFF' }}, Target: {{ RoleArn: r, {target} }} }}"
        );
        let errors = one("AWS::Scheduler::Schedule", &properties, "")
            .err()
            .unwrap_or_default();
        // without the place: it follows from the length of the row
        let said: Vec<&str> = errors
            .iter()
            .filter_map(|line| line.split_once(": R."))
            .map(|(_, said)| said)
            .collect();
        assert_eq!(said, expected, "{expression} {target}");
    };
    let delete = r#"Arn: 'arn:aws:scheduler:::aws-sdk:cloudformation:deleteStack', Input: '{"StackName": "s"}'"#;
    for expression in ["rate(1 minute)", "rate(90 days)", "at(2026-11-22T18:00:00)"] {
        check(expression, delete, &[]);
    }
    for expression in [
        "rate(0 minutes)",
        "rate(1 second)",
        "rate(x hours)",
        "rate(99999999999999999 days)",
    ] {
        let rule = format!(
            "ScheduleExpression: \"{expression}\" is not allowed: write rate(15 minutes): a number above 0 and minutes, hours or days"
        );
        check(expression, delete, &[&rule]);
    }
    check(
        "at(tomorrow)",
        delete,
        &["ScheduleExpression: \"at(tomorrow)\" is not allowed: write at(2026-11-22T18:00:00), in UTC"],
    );
    check(
        "'cron(0 12 * * ? *)'",
        delete,
        &["ScheduleExpression: a cron expression is not available locally: use rate(…), or at(…) for a single time"],
    );
    check(
        "daily",
        delete,
        &["ScheduleExpression: \"daily\" is not allowed: it must be at(…) or rate(…)"],
    );
    check(
        "rate(1 minute)",
        "Arn: 'arn:aws:sqs:us-east-1:123456789012:q'",
        &[
            "Target.Arn: the target \"arn:aws:sqs:us-east-1:123456789012:q\" is not available locally: use \
           aws-sdk:cloudformation:deleteStack, aws-sdk:sfn:startExecution, or the ARN of a function or a state machine",
        ],
    );
    check(
        "rate(1 minute)",
        r#"Arn: 'arn:aws:scheduler:::aws-sdk:cloudformation:deleteStack', Input: '{"Stack": "s"}'"#,
        &[
            "Target.Input: \"{\\\"Stack\\\": \\\"s\\\"}\" is not allowed: the request has no `Stack` here; known: ClientRequestToken, \
           RoleARN, StackName",
        ],
    );
    check(
        "rate(1 minute)",
        "Arn: 'arn:aws:states:us-east-1:123456789012:stateMachine:m', Input: '{'",
        &["Target.Input: the string is not valid JSON: EOF while parsing an object at line 1 column 1"],
    );
}

#[test]
fn streams_queues_and_mappings_know_their_limits() {
    check_refused(
        "AWS::Kinesis::Stream",
        "{ StreamModeDetails: { StreamMode: ON_DEMAND }, ShardCount: 1 }",
        &["t.yaml:4:77: R.ShardCount: a stream ON_DEMAND has no ShardCount; Kinesis decides"],
    );
    check_refused(
        "AWS::Kinesis::Stream",
        "{}",
        &["t.yaml:4:17: R: `ShardCount` is required"],
    );
    check_refused(
        "AWS::Kinesis::Stream",
        "{ ShardCount: 1, RetentionPeriodHours: 12 }",
        &["t.yaml:4:56: R.RetentionPeriodHours: 12 is not allowed: from 24 to 8760"],
    );
    check_refused(
        "AWS::SQS::Queue",
        "{ FifoQueue: true }",
        &["t.yaml:4:30: R.FifoQueue: a FIFO queue is not available locally: use a standard queue; leave FifoQueue out"],
    );
    check_refused(
        "AWS::SQS::Queue",
        "{ RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:123456789012:d', maxReceiveCount: 3 } }",
        &[
            "t.yaml:4:34: R.RedrivePolicy: `arn:aws:sqs:us-east-1:123456789012:d` is no AWS::SQS::Queue of this stack; nothing else \
           exists locally",
        ],
    );
    let mapping = |more: &str| {
        format!("{{ FunctionName: f, EventSourceArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/s', {more} }}")
    };
    for (more, expected) in [
        (
            "StartingPosition: LATEST, StartingPositionTimestamp: 1",
            "it belongs to the StartingPosition AT_TIMESTAMP",
        ),
        (
            "StartingPosition: AT_TIMESTAMP",
            "`StartingPositionTimestamp` is required",
        ),
        (
            "StartingPosition: LATEST, TumblingWindowInSeconds: 5",
            "no state is kept between batches",
        ),
        (
            "StartingPosition: LATEST, MaximumRetryAttempts: -2",
            "-2 is not allowed: from 0 to 10000",
        ),
        (
            "StartingPosition: LATEST, ParallelizationFactor: 11",
            "11 is not allowed: from 1 to 10",
        ),
        ("BatchSize: 1", "`StartingPosition` is required"),
        (
            "StartingPosition: LATEST, DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::b' } }",
            "a destination of `s3` is not available locally: use a queue or a topic",
        ),
    ] {
        let errors = one("AWS::Lambda::EventSourceMapping", &mapping(more), "").expect_err("refused");
        assert!(errors.iter().any(|line| line.contains(expected)), "{more}: {errors:#?}");
    }
    check_refused(
        "AWS::Lambda::EventSourceMapping",
        "{ FunctionName: f, EventSourceArn: 'arn:aws:sqs:us-east-1:123456789012:q', StartingPosition: LATEST }",
        &["t.yaml:4:52: R.EventSourceArn: an event source of `sqs` is not available locally: use a Kinesis stream"],
    );
}

#[test]
fn networks_are_read_with_their_limits() {
    for block in ["10.0.0.0/8", "10.0.0.1/24", "10.0.0.0", "10.0.0.0/33", "::/0"] {
        let errors = one("AWS::EC2::VPC", &format!("{{ CidrBlock: '{block}' }}"), "").expect_err("refused");
        assert!(
            errors.len() == 1 && errors[0].contains("it must be the start of an IPv4 block and 16 to 28 bits"),
            "{errors:?}"
        );
    }
    check_refused(
        "AWS::EC2::Route",
        "{ RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, DestinationPrefixListId: pl-1 }",
        &[
            "t.yaml:4:17: R.DestinationCidrBlock: exactly one of DestinationCidrBlock, DestinationIpv6CidrBlock, \
           DestinationPrefixListId is required",
        ],
    );
    check_refused(
        "AWS::EC2::VPCGatewayAttachment",
        "{ VpcId: vpc-1 }",
        &["t.yaml:4:17: R.InternetGatewayId: one of InternetGatewayId and VpnGatewayId is required"],
    );
    let stack = one(
        "AWS::EC2::VPC",
        "{ CidrBlock: 10.0.0.0/16, EnableDnsSupport: true }",
        "",
    )
    .expect("resolves");
    let ignored = &stack.resource("R").expect("R").ignored;
    assert_eq!(
        (ignored[0].name, ignored[0].why),
        ("EnableDnsSupport", "processes use the machine's own network")
    );
}
