//! Tests of errors in templates: each names line, element and advice.

use sluice_template::{ResourceType, StackInputs, parse};

fn errors(source: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let mut inputs = StackInputs::new("stack", "us-east-1", "123456789012");
    inputs.parameters.extend(
        parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    match parse(source, "t.yaml").and_then(|template| template.resolve(&inputs)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.to_string().lines().map(str::to_owned).collect(),
    }
}

/// The first line of every source is empty, so that line 2 is the first with text.
#[track_caller]
fn check(source: &str, expected: &[&str]) {
    assert_eq!(errors(source, &[]), expected, "{source}");
}

const TOPIC: &str = "\nResources:\n  T: { Type: AWS::SNS::Topic }\n";

#[track_caller]
fn check_with_topic(more: &str, expected: &[&str]) {
    check(&format!("{TOPIC}{more}"), expected);
}

/// Errors of one resource; its properties start in line 5, two levels deep.
#[track_caller]
fn check_resource(resource_type: &str, properties: &str, expected: &[&str]) {
    let properties: String = properties
        .lines()
        .map(|line| format!("      {}\n", line.trim_end()))
        .collect();
    check(
        &format!("\nResources:\n  R:\n    Type: {resource_type}\n    Properties:\n{properties}"),
        expected,
    );
}

#[test]
fn yaml_that_cloudformation_does_not_read_is_refused() {
    check("", &["t.yaml:1:1: the template is empty"]);
    check(
        "\nA: [1, 2",
        &["t.yaml:3:1: not valid YAML: while parsing a flow sequence, expected ',' or ']'"],
    );
    check("\n- a\n", &["t.yaml:2:1: expected a mapping, found a list"]);
    check("\nhello\n", &["t.yaml:2:1: expected a mapping, found \"hello\""]);
    check_with_topic(
        "Resources:\n  U: { Type: AWS::SNS::Topic }\n",
        &["t.yaml:4:1: `Resources` is already given in line 2"],
    );
    check_with_topic(
        "Metadata: &a { b: *a }\n",
        &["t.yaml:4:19: YAML aliases (`*name`) are not read, as in CloudFormation"],
    );
    check_with_topic(
        "Metadata: { <<: { a: b } }\n",
        &["t.yaml:4:13: YAML merge keys (`<<`) are not read, as in CloudFormation"],
    );
    check_with_topic("Metadata: { [a]: b }\n", &["t.yaml:4:13: a key must be a plain name"]);
    check_with_topic(
        "Metadata: { !Ref a: b }\n",
        &["t.yaml:4:13: a key must be a plain name, without a tag"],
    );
    check_with_topic(
        "Metadata: { a: !!binary aGk= }\n",
        &["t.yaml:4:16: the YAML tag `!!binary` is not read"],
    );
    check_with_topic(
        "Metadata: { a: !Reff b }\n",
        &["t.yaml:4:16: unknown tag `!Reff`, did you mean `!Ref`?"],
    );
    check_with_topic(
        "---\na: b\n",
        &["t.yaml:4:1: a template is one YAML document, here a second one starts"],
    );
    check_with_topic(
        "Metadata: { a: , b: null }\n",
        &[
            "t.yaml:4:14: empty value (null); leave the key out, or use `!Ref AWS::NoValue`",
            "t.yaml:4:21: empty value (null); leave the key out, or use `!Ref AWS::NoValue`",
        ],
    );
    check_with_topic(
        "Metadata: { a: yes, b: Off, c: 0755, d: 0x1F, e: '0755', f: 08:30, g: 0, h: 0.5 }\n",
        &[
            "t.yaml:4:16: `yes` means true in YAML 1.1: write true, or quote it",
            "t.yaml:4:24: `Off` means false in YAML 1.1: write false, or quote it",
            "t.yaml:4:32: `0755` is octal or hexadecimal in YAML 1.1: quote it, or write it in decimal",
            "t.yaml:4:41: `0x1F` is octal or hexadecimal in YAML 1.1: quote it, or write it in decimal",
        ],
    );
}

#[test]
fn sections_are_a_closed_set() {
    check_with_topic(
        "Resource: {}\n",
        &["t.yaml:4:1: unknown section `Resource`, did you mean `Resources`?"],
    );
    check("\nDescription: x\n", &["t.yaml:2:1: `Resources` is required"]);
    check(
        "\nResources: {}\n",
        &["t.yaml:2:12: Resources: a template has 1 to 500 resources, this one has 0"],
    );
    check_with_topic(
        "AWSTemplateFormatVersion: 2010-09-10\n",
        &["t.yaml:4:27: AWSTemplateFormatVersion: \"2010-09-10\" is not allowed: the only version is 2010-09-09"],
    );
    check_with_topic("AWSTemplateFormatVersion: 2010-09-09\n", &[]);
    check_with_topic(
        "Transform: AWS::Serverless-2016-10-31\n",
        &[
            "t.yaml:4:12: Transform: the transform \"AWS::Serverless-2016-10-31\" is not available locally: macros run on \
         AWS only; write the processed template out",
        ],
    );
    check_with_topic(
        "Outputs:\n  A-b: { Value: x, Valu: y }\n",
        &[
            "t.yaml:5:3: Outputs: \"A-b\" is not allowed: a logical name is 1 to 255 letters and digits",
            "t.yaml:5:20: Outputs.A-b: unknown output key `Valu`, did you mean `Value`?",
        ],
    );
    check_with_topic(
        "Outputs:\n  A: { Value: x, Export: { Name: e } }\n  B: { Value: y, Export: { Name: e } }\n",
        &["t.yaml:6:3: Outputs.B: the export `e` is already the output `A`"],
    );
    check_with_topic(
        "Parameters:\n  T: { Type: String, Default: x }\n",
        &["t.yaml:3:3: T: `T` is the name of a parameter and of a resource"],
    );
    check_with_topic(
        "Mappings:\n  M: { a: { b: { c: d } } }\n",
        &["t.yaml:5:16: Mappings.M.a.b: expected a string or a list, found a mapping"],
    );
}

#[test]
fn resources_have_known_types_and_attributes() {
    let said = errors("\nResources:\n  B: { Type: Alexa::ASK::Skill }\n", &[]);
    let start = "t.yaml:3:14: B: unknown resource type `Alexa::ASK::Skill`; known: AWS::Budgets::Budget, ";
    assert!(said.len() == 1 && said[0].starts_with(start), "{said:?}");
    for kind in ResourceType::ALL {
        assert!(said[0].contains(kind.name()), "{} in {said:?}", kind.name());
    }
    check(
        "\nResources:\n  T: { Type: AWS::SNS::Topics }\n",
        &["t.yaml:3:14: T: unknown resource type `AWS::SNS::Topics`, did you mean `AWS::SNS::Topic`?"],
    );
    check(
        "\nResources:\n  T: { Properties: {} }\n",
        &["t.yaml:3:6: T: `Type` is required"],
    );
    check(
        "\nResources:\n  T: { Type: AWS::SNS::Topic, DependOn: U, DeletionPolicy: Keep, Condition: C }\n",
        &[
            "t.yaml:3:31: T: unknown resource attribute `DependOn`, did you mean `DependsOn`?",
            "t.yaml:3:60: T.DeletionPolicy: unknown policy `Keep`; known: Delete, Retain, RetainExceptOnCreate, Snapshot",
            "t.yaml:3:77: T.Condition: unknown condition `C`; there are none",
        ],
    );
    check(
        "\nResources:\n  T: { Type: AWS::SNS::Topic, DependsOn: [U, T], Properties: [] }\n",
        &["t.yaml:3:62: T.Properties: expected a mapping, found a list"],
    );
    check(
        "\nResources:\n  T: { Type: AWS::SNS::Topic, DependsOn: [U, T] }\n",
        &[
            "t.yaml:3:43: T.DependsOn: unknown resource `U`, did you mean `T`?",
            "t.yaml:3:46: T.DependsOn: circular dependency: T -> T",
        ],
    );
}

#[test]
fn properties_are_known_and_have_their_types() {
    check_resource(
        "AWS::SNS::Topic",
        "DisplayNam: x\nNonsense: y\nTopicName: a b",
        &[
            "t.yaml:6:7: R.DisplayNam: unknown property `DisplayNam`, did you mean `DisplayName`?",
            "t.yaml:7:7: R.Nonsense: unknown property `Nonsense`; known: ArchivePolicy, ContentBasedDeduplication, \
         DataProtectionPolicy, DeliveryStatusLogging, DisplayName, FifoThroughputScope, FifoTopic, KmsMasterKeyId, \
         MaximumMessageSize, SignatureVersion, Subscription, Tags, TopicName, TracingConfig",
        ],
    );
    check_resource(
        "AWS::SNS::Topic",
        "TopicName: a b\nTags: [{ Key: a }, { Key: a }, { Kei: b }]\nDisplayName: [x]",
        &[
            "t.yaml:6:18: R.TopicName: \"a b\" is not allowed: 1 to 256 letters, digits and any of `-_`",
            "t.yaml:7:26: R.Tags: the tag `a` is given twice",
            "t.yaml:7:38: R.Tags[2]: `Key` is required",
            "t.yaml:7:40: R.Tags[2]: unknown property `Kei`, did you mean `Key`?",
            "t.yaml:8:20: R.DisplayName: expected a string, found a list",
        ],
    );
    check_resource(
        "AWS::SNS::Topic",
        "FifoTopic: true\nKmsMasterKeyId: {}\nMaximumMessageSize: 7",
        &[
            "t.yaml:6:18: R.FifoTopic: a FIFO topic is not available locally: e-mail needs a standard topic; leave \
         FifoTopic out",
            "t.yaml:7:23: R.KmsMasterKeyId: expected a string, found a mapping",
            "t.yaml:8:27: R.MaximumMessageSize: 7 is not allowed: from 1024 to 1048576",
        ],
    );
    check_resource(
        "AWS::SNS::Subscription",
        "TopicArn: arn:aws:sns:us-east-1:1:x\nProtocol: pigeon\nEndpoint: e",
        &[
            "t.yaml:7:17: R.Protocol: \"pigeon\" is not allowed: it must be email, email-json, lambda, sqs, http, https, \
         sms, application, firehose",
        ],
    );
    check_resource(
        "AWS::SNS::Subscription",
        "TopicArn: arn:x\nProtocol: email\nEndpoint: nobody",
        &[
            "t.yaml:6:17: R.TopicArn: `arn:x` is no AWS::SNS::Topic of this stack; nothing else exists locally",
            "t.yaml:8:17: R.Endpoint: \"nobody\" is not allowed: it must be an e-mail address",
        ],
    );
    check_resource(
        "AWS::SNS::Subscription",
        "TopicArn: arn:x\nProtocol: email",
        &[
            "t.yaml:6:7: R: `Endpoint` is required",
            "t.yaml:6:17: R.TopicArn: `arn:x` is no AWS::SNS::Topic of this stack; nothing else exists locally",
        ],
    );
    check_resource(
        "AWS::SNS::Subscription",
        "TopicArn: arn:x\nProtocol: sms",
        &["t.yaml:6:17: R.TopicArn: `arn:x` is no AWS::SNS::Topic of this stack; nothing else exists locally"],
    );
    check_resource(
        "AWS::Logs::LogGroup",
        "RetentionInDays: 8",
        &[
            "t.yaml:6:24: R.RetentionInDays: 8 is not allowed: it must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, \
         365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
        ],
    );
    check_resource(
        "AWS::IAM::Role",
        "Policies: [{ PolicyName: p }]\nPath: x\nMaxSessionDuration: long",
        &[
            "t.yaml:6:7: R: `AssumeRolePolicyDocument` is required",
            "t.yaml:6:18: R.Policies[0]: `PolicyDocument` is required",
            "t.yaml:7:13: R.Path: \"x\" is not allowed: a path starts and ends with `/`",
            "t.yaml:8:27: R.MaxSessionDuration: expected an integer, found \"long\"",
        ],
    );
    check_resource(
        "AWS::CloudWatch::Dashboard",
        "DashboardBody: '{'",
        &["t.yaml:6:22: R.DashboardBody: the string is not valid JSON: EOF while parsing an object at line 1 column 1"],
    );
}

#[test]
fn functions_run_as_native_binaries() {
    let rest = "Handler: h\nRole: r\n";
    check_resource(
        "AWS::Lambda::Function",
        &format!("{rest}Code: ../x\nRuntime: python3.14"),
        &[
            "t.yaml:9:16: R.Runtime: the runtime \"python3.14\" is not available locally: functions run as native \
         processes; build a binary for `provided.al2023`",
        ],
    );
    let advice = "Code is a path to a built binary, relative to the template, such as `../target/lambda/ingest`; `aws \
                  cloudformation package` uploads it for AWS";
    let runtime = "Runtime: provided.al2023\n";
    let code = format!("t.yaml:9:13: R.Code: code from S3Bucket, S3Key is not available locally: {advice}");
    check_resource(
        "AWS::Lambda::Function",
        &format!("{rest}{runtime}Code: {{ S3Bucket: b, S3Key: k }}"),
        &[&code],
    );
    let code = format!("t.yaml:9:13: R.Code: the code \"s3://b/k\" is not available locally: {advice}");
    check_resource(
        "AWS::Lambda::Function",
        &format!("{rest}{runtime}Code: s3://b/k"),
        &[&code],
    );
    check_resource(
        "AWS::Lambda::Function",
        &format!("{rest}{runtime}Code: x\nLayers: [l]"),
        &[
            "t.yaml:10:7: R.Layers: `Layers` of AWS::Lambda::Function is not available locally: there are no layers; build \
         what is needed into the binary",
        ],
    );
    let variables = "Environment: { Variables: { AWS_REGION: x, 1A: y, B: z, OK: { a: b } }, Variable: {} }";
    check_resource(
        "AWS::Lambda::Function",
        &format!("{rest}{runtime}Code: x\n{variables}"),
        &[
            "t.yaml:10:20: R.Environment.Variables: \"AWS_REGION\" is not allowed: Lambda sets this variable itself",
            "t.yaml:10:20: R.Environment.Variables: \"1A\" is not allowed: a variable's name is a letter, then one or more \
         letters, digits or `_`",
            "t.yaml:10:20: R.Environment.Variables: \"B\" is not allowed: a variable's name is a letter, then one or more \
         letters, digits or `_`",
            "t.yaml:10:67: R.Environment.Variables.OK: expected a string, found a mapping",
            "t.yaml:10:79: R.Environment: unknown property `Variable`, did you mean `Variables`?",
        ],
    );
    check_resource(
        "AWS::Lambda::Function",
        "Timeout: 901\nMemorySize: big\nArchitectures: [arm64, x86]",
        &[
            "t.yaml:6:7: R: `Code` is required",
            "t.yaml:6:7: R: `Handler` is required",
            "t.yaml:6:7: R: `Runtime` is required",
            "t.yaml:6:7: R: `Role` is required",
            "t.yaml:6:16: R.Timeout: 901 is not allowed: from 1 to 900",
            "t.yaml:7:19: R.MemorySize: expected an integer, found \"big\"",
            "t.yaml:8:30: R.Architectures: \"x86\" is not allowed: it must be arm64, x86_64",
        ],
    );
    check_resource(
        "AWS::Lambda::Url",
        "TargetFunctionArn: nothing\nAuthType: none",
        &["t.yaml:7:17: R.AuthType: \"none\" is not allowed: it must be NONE, AWS_IAM"],
    );
    check_resource(
        "AWS::Lambda::Url",
        "TargetFunctionArn: nothing\nAuthType: NONE",
        &[
            "t.yaml:6:26: R.TargetFunctionArn: `nothing` is no AWS::Lambda::Function of this stack; nothing else exists \
         locally",
        ],
    );
}

#[test]
fn two_resources_cannot_be_one() {
    let source = "\nResources:\n  A: { Type: AWS::SNS::Topic, Properties: { TopicName: t } }\n  \
                  B: { Type: AWS::SNS::Topic, Properties: { TopicName: t } }\n";
    check(
        source,
        &["t.yaml:4:3: B: `arn:aws:sns:us-east-1:123456789012:t` is already the AWS::SNS::Topic `A`"],
    );
}

#[test]
fn tables_are_checked_as_dynamodb_checks_them() {
    let table =
        "AttributeDefinitions: [{ AttributeName: a, AttributeType: S }, { AttributeName: b, AttributeType: X }]\n";
    check_resource(
        "AWS::DynamoDB::Table",
        &format!("{table}KeySchema: [{{ AttributeName: c, KeyType: HASH }}]"),
        &[
            "t.yaml:6:7: R.BillingMode: ProvisionedThroughput is required unless BillingMode is PAY_PER_REQUEST",
            "t.yaml:6:29: R.AttributeDefinitions: the key attribute `c` has no definition",
            "t.yaml:6:29: R.AttributeDefinitions: `a` is defined but no key uses it; DynamoDB refuses that",
            "t.yaml:6:105: R.AttributeDefinitions[1].AttributeType: \"X\" is not allowed: it must be S, N, B",
        ],
    );
    check_resource(
        "AWS::DynamoDB::Table",
        "BillingMode: PAY_PER_REQUEST\nTimeToLiveSpecification: { Enabled: true }",
        &[
            "t.yaml:6:7: R: `KeySchema` is required",
            "t.yaml:7:32: R.TimeToLiveSpecification: `AttributeName` is required",
        ],
    );
}

#[test]
fn state_machines_have_one_definition() {
    check_resource(
        "AWS::StepFunctions::StateMachine",
        "RoleArn: r",
        &["t.yaml:6:7: R.DefinitionString: one of DefinitionString, Definition, DefinitionS3Location is required"],
    );
    check_resource(
        "AWS::StepFunctions::StateMachine",
        "RoleArn: r\nDefinitionString: '{}'\nDefinitionS3Location: x",
        &["t.yaml:6:7: R.DefinitionString: only one of DefinitionString, DefinitionS3Location can be given"],
    );
    check_resource(
        "AWS::StepFunctions::StateMachine",
        "DefinitionS3Location: { Bucket: b, Key: k }",
        &[
            "t.yaml:6:7: R: `RoleArn` is required",
            "t.yaml:6:29: R.DefinitionS3Location: a definition in S3 is not available locally: give a path relative to the \
         template, such as `../workflows/ingest.asl.json`; `aws cloudformation package` uploads it for AWS",
        ],
    );
    let substitutions = "RoleArn: r\nDefinitionString: '{}'\nDefinitionSubstitutions: { A: [1] }";
    check_resource(
        "AWS::StepFunctions::StateMachine",
        substitutions,
        &["t.yaml:8:37: R.DefinitionSubstitutions.A: expected a string, found a list"],
    );
    check_resource(
        "AWS::StepFunctions::StateMachine",
        "RoleArn: r\nDefinition: { StartsAt: A }",
        &["t.yaml:7:21: R.Definition: unknown property `StartsAt`, did you mean `StartAt`?"],
    );
}

#[test]
fn cycles_are_named() {
    let topic = |id: &str, other: &str| {
        format!("  {id}: {{ Type: AWS::SNS::Topic, Properties: {{ DisplayName: !GetAtt {other}.TopicName }} }}\n")
    };
    let source = format!(
        "\nResources:\n{}{}{}{}",
        topic("Z", "A"),
        topic("A", "B"),
        topic("B", "C"),
        topic("C", "A")
    );
    check(&source, &["t.yaml:4:3: A: circular dependency: A -> B -> C -> A"]);
    check_with_topic(
        "Conditions:\n  A: !Not [Condition: B]\n  B: !Not [Condition: C]\n  C: !Not [Condition: B]\n",
        &["t.yaml:6:3: Conditions.B: circular dependency: B -> C -> B"],
    );
}

#[test]
fn a_branch_that_is_not_taken_is_no_dependency() {
    let source = "
Conditions: { Never: !Equals [a, b] }
Resources:
  A: { Type: AWS::SNS::Topic, Properties: { DisplayName: !If [Never, !GetAtt B.TopicName, x] } }
  B: { Type: AWS::SNS::Topic, Properties: { DisplayName: !GetAtt A.TopicName } }
";
    check(source, &[]);
}

#[test]
fn conditions_know_parameters_only() {
    check_with_topic(
        "Conditions:\n  A: !Equals [!Ref T, x]\n  B: !If [A, b, c]\n  C: [x]\n  D: !And [Condition: E]\n",
        &[
            "t.yaml:5:15: Conditions.A: `T` is a resource; only parameters and mappings are known here",
            "t.yaml:6:6: Conditions.B: unknown condition function `Fn::If`, did you mean `Fn::Or`?",
            "t.yaml:7:6: Conditions.C: expected a condition function such as Fn::Equals, found a list",
            "t.yaml:8:6: Conditions.D: expected a list of 2 to 10 conditions, found a list",
        ],
    );
}

const PARAMETERS: &str = "
Parameters:
  Mail: { Type: String, AllowedPattern: '[a-z]+@[a-z.]+', ConstraintDescription: an address }
  Size: { Type: Number, Default: 3, MinValue: 1, MaxValue: 9 }
  Word: { Type: String, Default: abc, MinLength: 2, MaxLength: 4, AllowedValues: [abc, de] }
  Many: { Type: CommaDelimitedList, Default: 'a,b', AllowedValues: [a, b] }
  Key: { Type: String, NoEcho: true, Default: secret, MaxLength: 6 }
  Sums: { Type: List<Number>, Default: '1, 2' }
Resources:
  T: { Type: AWS::SNS::Topic }
";

#[track_caller]
fn check_parameters(parameters: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(errors(PARAMETERS, parameters), expected, "{parameters:?}");
}

#[test]
fn given_parameters_are_checked() {
    let mail = ("Mail", "a@b.c");
    check_parameters(&[mail], &[]);
    check_parameters(
        &[],
        &["t.yaml:3:9: Parameters.Mail: the parameter has no default: give a value for `Mail`"],
    );
    check_parameters(
        &[mail, ("Siz", "1")],
        &["t.yaml:3:3: Parameters: unknown parameter `Siz`, did you mean `Size`?"],
    );
    check_parameters(
        &[("Mail", "x a@b.c")],
        &["t.yaml:3:9: Parameters.Mail: \"x a@b.c\" is not allowed: it must match [a-z]+@[a-z.]+ (an address)"],
    );
    check_parameters(
        &[mail, ("Size", "ten")],
        &["t.yaml:4:9: Parameters.Size: \"ten\" is not allowed: it must be a number"],
    );
    check_parameters(
        &[mail, ("Size", "10")],
        &["t.yaml:4:9: Parameters.Size: \"10\" is not allowed: it must be from 1 to 9"],
    );
    check_parameters(
        &[mail, ("Word", "d")],
        &["t.yaml:5:9: Parameters.Word: \"d\" is not allowed: its length is 1, it must be from 2 to 4"],
    );
    check_parameters(
        &[mail, ("Word", "ab")],
        &["t.yaml:5:9: Parameters.Word: \"ab\" is not allowed: it must be one of abc, de"],
    );
    check_parameters(&[mail, ("Many", "b, a, b")], &[]);
    check_parameters(
        &[mail, ("Many", "a,c")],
        &["t.yaml:6:9: Parameters.Many: \"c\" is not allowed: it must be one of a, b"],
    );
    check_parameters(
        &[mail, ("Key", "secrets")],
        &["t.yaml:7:8: Parameters.Key: the value is not allowed: its length is 7, it must be at most 6"],
    );
    check_parameters(
        &[mail, ("Sums", "1,x")],
        &["t.yaml:8:9: Parameters.Sums: \"x\" is not allowed: it must be a number"],
    );
}

#[test]
fn parameter_declarations_are_checked() {
    check_with_topic(
        "Parameters:\n  A: { Type: Strin }\n",
        &["t.yaml:5:14: Parameters.A.Type: unknown parameter type `Strin`, did you mean `String`?"],
    );
    check_with_topic(
        "Parameters:\n  A: { Type: String, Default: x, AllowedValues: [y] }\n",
        &["t.yaml:5:6: Parameters.A.Default: \"x\" is not allowed: it must be one of y"],
    );
    check_with_topic(
        "Parameters:\n  A: { Type: String, Default: x, AllowedPattern: '(' }\n",
        &["t.yaml:5:50: Parameters.A.AllowedPattern: \"(\" is not allowed: not a readable pattern: unclosed group"],
    );
    check_with_topic(
        "Parameters:\n  A: { Type: String, Default: x, Defualt: y, MinLength: few, NoEcho: maybe }\n",
        &[
            "t.yaml:5:34: Parameters.A: unknown parameter key `Defualt`, did you mean `Default`?",
            "t.yaml:5:57: Parameters.A.MinLength: expected a number, found \"few\"",
            "t.yaml:5:70: Parameters.A.NoEcho: expected true or false, found \"maybe\"",
        ],
    );
}

#[test]
fn rules_are_evaluated() {
    let source = "
Parameters: { Auth: { Type: String, Default: NONE }, List: { Type: CommaDelimitedList, Default: 'a,b' } }
Rules:
  Open:
    RuleCondition: !Equals [!Ref Auth, NONE]
    Assertions:
      - { Assert: { 'Fn::Contains': [[a], !Ref Auth] }, AssertDescription: Auth must be a }
      - { Assert: { 'Fn::EachMemberIn': [!Ref List, [a, b, c]] } }
      - { Assert: { 'Fn::EachMemberEquals': [!Ref List, a] } }
Resources: { T: { Type: AWS::SNS::Topic } }
";
    check(
        source,
        &[
            "t.yaml:7:9: Rules.Open: rule not met: Auth must be a",
            "t.yaml:9:9: Rules.Open: rule not met: the assertion is false",
        ],
    );
    assert_eq!(errors(source, &[("Auth", "AWS_IAM")]), Vec::<String>::new());
}

#[test]
fn an_error_in_one_resource_does_not_repeat_in_others() {
    let source = "
Resources:
  A: { Type: AWS::SNS::Topic, Properties: { TopicName: a b } }
  B: { Type: AWS::SNS::Subscription, Properties: { TopicArn: !Ref A, Protocol: sms } }
Outputs: { O: { Value: !Ref A } }
";
    check(
        source,
        &["t.yaml:3:56: A.TopicName: \"a b\" is not allowed: 1 to 256 letters, digits and any of `-_`"],
    );
}

#[test]
fn inputs_are_checked() {
    let template = parse(TOPIC, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    let mut inputs = StackInputs::new("1 stack", "us-east-1", "123456789012");
    inputs
        .attributes
        .insert("T.FunctionUrl".to_owned(), "http://localhost/".to_owned());
    let errors = template.resolve(&inputs).expect_err("both are wrong").to_string();
    let expected = "t.yaml:1:1: the stack name \"1 stack\" is not allowed: 1 to 128 letters, digits and hyphens, a letter first\n\
                    t.yaml:1:1: the attribute `T.FunctionUrl` is given, but no resource of the template has it";
    assert_eq!(errors, expected);
}
