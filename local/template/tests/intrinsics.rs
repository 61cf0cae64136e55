//! Intrinsic functions and conditions, each through the value of an output.

use sluice_template::{StackInputs, parse};

const HEAD: &str = "
Parameters:
  Text: { Type: String, Default: hello }
  Empty: { Type: String, Default: '' }
  Number: { Type: Number, Default: 7 }
  List: { Type: CommaDelimitedList, Default: 'a, b,c' }
  Numbers: { Type: List<Number>, Default: '1,2' }
  Subnets: { Type: 'List<AWS::EC2::Subnet::Id>', Default: 's-1,s-2' }
Mappings:
  Regions:
    us-east-1: { Name: east, Zones: [x, y] }
    eu-west-1: { Name: west, Zones: [z] }
Conditions:
  Holds: !Equals [!Ref Text, hello]
  Fails: !Not [!Condition Holds]
  Both: !And [Condition: Holds, !Condition Fails]
  Either: !Or [!Condition Both, !Condition Holds]
  Numeric: !Equals [!Ref Number, '7']
  Boolean: !Equals [true, 'true']
  Lists: !Equals [!Ref List, [a, b, c]]
  Mapped: !Equals [!FindInMap [Regions, !Ref AWS::Region, Name], east]
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: news } }
  Absent: { Type: AWS::SNS::Topic, Condition: Fails }
  Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: lines } }
";

fn value(expression: &str) -> Result<String, String> {
    let source = format!("{HEAD}Outputs:\n  Out:\n    Value: {expression}\n");
    let mut inputs = StackInputs::new("stack", "us-east-1", "123456789012");
    inputs.imports.insert("other-name".to_owned(), "imported".to_owned());
    inputs
        .notification_arns
        .push("arn:aws:sns:us-east-1:123456789012:ops".to_owned());
    let stack = parse(&source, "t.yaml").and_then(|template| template.resolve(&inputs));
    let stack = stack.map_err(|errors| errors.to_string())?;
    stack
        .output("Out")
        .map(str::to_owned)
        .ok_or_else(|| "no output".to_owned())
}

#[track_caller]
fn check(expression: &str, expected: &str) {
    assert_eq!(value(expression).as_deref(), Ok(expected), "{expression}");
}

#[track_caller]
fn check_error(expression: &str, expected: &str) {
    let error = value(expression).expect_err(expression);
    assert!(error.contains(expected), "{expression}: {error}");
}

#[test]
fn references_give_parameters_pseudo_parameters_and_resources() {
    check("!Ref Text", "hello");
    check("{ Ref: Number }", "7");
    check("!Ref AWS::Region", "us-east-1");
    check("!Ref AWS::AccountId", "123456789012");
    check("!Ref AWS::StackName", "stack");
    check("!Ref AWS::Partition", "aws");
    check("!Ref AWS::URLSuffix", "amazonaws.com");
    check(
        "!Join ['', !Ref AWS::NotificationARNs]",
        "arn:aws:sns:us-east-1:123456789012:ops",
    );
    check("!Ref Topic", "arn:aws:sns:us-east-1:123456789012:news");
    check("!GetAtt Topic.TopicName", "news");
    check("!GetAtt [Topic, TopicArn]", "arn:aws:sns:us-east-1:123456789012:news");
    check(
        "{ 'Fn::GetAtt': [Group, Arn] }",
        "arn:aws:logs:us-east-1:123456789012:log-group:lines:*",
    );
    check_error(
        "!Ref Nothing",
        "t.yaml:28:12: Outputs.Out.Value: unknown parameter or resource `Nothing`",
    );
    check_error("!Ref Topik", "did you mean `Topic`?");
    check_error(
        "!Ref AWS::Regio",
        "unknown pseudo parameter `AWS::Regio`, did you mean `AWS::Region`?",
    );
    check_error(
        "!GetAtt Topic.Name",
        "AWS::SNS::Topic `Topic` has no attribute `Name`; known: TopicArn, TopicName",
    );
    check_error("!GetAtt Topic", "expected Resource.Attribute, found \"Topic\"");
    check_error(
        "!Ref Absent",
        "`Absent` is not part of the stack: its condition is false",
    );
    check_error("!Ref AWS::NoValue", "expected a value, found AWS::NoValue");
    check_error("!Ref List", "expected a string, found a list");
}

#[test]
fn sub_replaces_variables_and_keeps_escaped_ones() {
    check("!Sub 'a ${Text} b'", "a hello b");
    check(
        "!Sub '${Topic.TopicName}/${AWS::Region}/${!Text}'",
        "news/us-east-1/${Text}",
    );
    check("!Sub ['${A}-${Text}', { A: !Ref Number }]", "7-hello");
    check("!Sub ['${Text}', { Text: own }]", "own");
    check("!Sub '$ {Text} $'", "$ {Text} $");
    check("!Sub ''", "");
    check_error("!Sub '${Nothing}'", "unknown parameter or resource `Nothing`");
    check_error("!Sub '${Nothing.Arn}'", "unknown resource `Nothing`");
    check_error("!Sub '${Text'", "`${` without its `}`");
    check_error("!Sub '${a b}'", "`${a b}` is not a name");
    check_error("!Sub '${List}'", "expected a string for Fn::Sub, found a list");
    check_error(
        "!Sub '${AWS::NoValue}'",
        "expected a string for Fn::Sub, found AWS::NoValue",
    );
    check_error("!Sub [a]", "expected [string, variables], found a list of 1");
}

#[test]
fn lists_are_joined_split_and_selected() {
    check("!Join ['-', [a, !Ref Text, 1]]", "a-hello-1");
    check("!Join ['', !Ref List]", "abc");
    check("!Join ['+', !Ref Subnets]", "s-1+s-2");
    check("!Join ['-', [a, !Ref AWS::NoValue, b]]", "a-b");
    check("!Select [1, !Ref List]", "b");
    check("!Select ['0', !Split [':', 'x:y']]", "x");
    check("!Select [!Select [0, !Ref Numbers], [a, b]]", "b");
    check("!Join ['|', !Split [',', 'a,,b']]", "a||b");
    check("!Select [2, !GetAZs '']", "us-east-1c");
    check("!Select [0, !GetAZs eu-west-1]", "eu-west-1a");
    check("{ 'Fn::Base64': !Sub 'x${Text}' }", "eGhlbGxv");
    check_error(
        "!Select [3, !Ref List]",
        "index 3 is not allowed: Fn::Select takes an index from 0 into a list of 3",
    );
    check_error("!Select [-1, !Ref List]", "index -1 is not allowed");
    check_error("!Join ['-', hello]", "expected a list of strings, found \"hello\"");
    check_error("!Join ['-', [[a]]]", "expected a string, found a list");
    check_error("!Join ['-']", "expected [delimiter, values], found a list of 1");
    check_error("!Split ['', x]", "Fn::Split needs a delimiter");
}

#[test]
fn mappings_and_imports_are_looked_up() {
    check("!FindInMap [Regions, !Ref AWS::Region, Name]", "east");
    check("!Join ['', !FindInMap [Regions, us-east-1, Zones]]", "xy");
    check("!ImportValue other-name", "imported");
    check("{ 'Fn::ImportValue': !Sub 'other-${Empty}name' }", "imported");
    check_error(
        "!FindInMap [Region, a, b]",
        "unknown mapping `Region`, did you mean `Regions`?",
    );
    check_error(
        "!FindInMap [Regions, mars, Name]",
        "unknown top-level key of the mapping `mars`",
    );
    check_error(
        "!FindInMap [Regions, eu-west-1, Nam]",
        "unknown second-level key of the mapping `Nam`, did you mean",
    );
    check_error("!ImportValue none", "unknown export `none`; known: other-name");
}

#[test]
fn conditions_choose_values() {
    for (condition, expected) in [
        ("Holds", "then"),
        ("Fails", "else"),
        ("Both", "else"),
        ("Either", "then"),
        ("Numeric", "then"),
        ("Boolean", "then"),
        ("Lists", "then"),
        ("Mapped", "then"),
    ] {
        check(&format!("!If [{condition}, then, else]"), expected);
    }
    check("!If [Fails, !Ref Absent, !If [Holds, inner, x]]", "inner");
    check_error("!If [Maybe, a, b]", "unknown condition `Maybe`; known: Holds, Fails,");
    check_error("!If [Holds, a]", "expected [condition, then, else], found a list of 2");
    check_error("!Equals [a, b]", "`Fn::Equals` stands only in Conditions and Rules");
}

#[test]
fn functions_that_need_aws_are_named() {
    check_error(
        "!Cidr ['10.0.0.0/16', 2, 8]",
        "`Fn::Cidr` is not available locally: write the CIDR blocks out",
    );
    check_error("!Transform { Name: x }", "`Fn::Transform` is not available locally");
    check_error("{ 'Fn::Length': [a] }", "`Fn::Length` is not available locally");
    check_error("{ 'Fn::ForEach::X': [a] }", "`Fn::ForEach` is not available locally");
    check_error(
        "{ 'Fn::Subb': a }",
        "unknown function `Fn::Subb`, did you mean `Fn::Sub`?",
    );
    check_error("!Subb a", "unknown tag `!Subb`");
    check_error(
        "{ 'Fn::Sub': a, b: c }",
        "`Fn::Sub` must be the only key of its mapping",
    );
}

#[test]
fn json_is_read_like_yaml() {
    let source = "{\n\t\"Resources\": {\n\t\t\"T\": {\"Type\": \"AWS::SNS::Topic\", \"Properties\": {\"TopicName\": \"a\\u0062\"}}\n\t},\n\
                  \t\"Outputs\": {\"Out\": {\"Value\": {\"Fn::Join\": [\"\\/\", [{\"Ref\": \"AWS::Region\"}, {\"Fn::GetAtt\": [\"T\", \"TopicName\"]}]]}}}\n}\n";
    let template = parse(source, "t.json").unwrap_or_else(|errors| panic!("{errors}"));
    let stack = template
        .resolve(&StackInputs::new("s", "us-east-1", "1"))
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(stack.output("Out"), Some("us-east-1/ab"));
}
