use serde_json::{Value, json};

use super::{MachineType, Occasion, ParseOptions};
use crate::definition::{Dynamic, ProcessorMode, ReferencePath, StateKind, Step, Template, Transition, WaitFor};
use crate::{QueryLanguage, Severity, StateMachine};

fn options(machine_type: MachineType, occasion: Occasion) -> ParseOptions {
    ParseOptions { machine_type, occasion }
}

fn findings(definition: &str, machine_type: MachineType) -> Vec<String> {
    match StateMachine::parse_with(definition, options(machine_type, Occasion::Kept)) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.0.iter().map(ToString::to_string).collect(),
    }
}

/// The findings about a whole definition.
fn check(definition: Value, expected: &[&str]) {
    assert_eq!(
        findings(&definition.to_string(), MachineType::Standard),
        expected,
        "{definition}"
    );
}

/// The findings about a JSONPath state that ends its machine; `S` stands for its place.
fn check_state(state: Value, expected: &[&str]) {
    check_in(json!({}), state, expected);
}

/// The same with JSONata.
fn check_jsonata(state: Value, expected: &[&str]) {
    check_in(json!({"QueryLanguage": "JSONata"}), state, expected);
}

fn check_in(mut machine: Value, state: Value, expected: &[&str]) {
    machine["StartAt"] = json!("A");
    machine["States"] = json!({"A": state});
    let found = findings(&machine.to_string(), MachineType::Standard);
    let found: Vec<String> = found.iter().map(|text| text.replace("/States/A", "S")).collect();
    let expected: Vec<String> = expected
        .iter()
        .map(|text| format!("SCHEMA_VALIDATION_FAILED: {text}"))
        .collect();
    let found: Vec<String> = found
        .into_iter()
        .map(|text| {
            if text.contains("_FAILED: ") {
                text
            } else {
                format!("SCHEMA_VALIDATION_FAILED: {text}")
            }
        })
        .collect();
    assert_eq!(found, expected, "{machine}");
}

fn pass() -> Value {
    json!({"Type": "Pass", "End": true})
}

#[test]
fn text_that_is_no_json_is_named_as_awss_parser_does() {
    let parsed = StateMachine::parse("not a definition").expect_err("no JSON");
    assert_eq!(
        parsed.0[0].message,
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n \
         at [Source: (String)\"not a definition\"; line: 1, column: 4]"
    );
    assert_eq!(
        parsed.0[0].location.as_deref(),
        Some("[Source: (String)\"not a definition\"; line: 1, column: 4]")
    );
    for text in ["{", "{\"a\": 1,}", "[1", "\u{0}"] {
        assert_eq!(
            StateMachine::parse(text).expect_err(text).0[0].code.as_str(),
            "INVALID_JSON_DESCRIPTION",
            "{text}"
        );
    }
    check(
        json!([]),
        &["SCHEMA_VALIDATION_FAILED: Expected value of type Object at /"],
    );
}

#[test]
fn deep_and_large_definitions_neither_overflow_nor_hang() {
    assert!(StateMachine::parse(&"[".repeat(1_000_000)).is_err());
    assert!(StateMachine::parse(&"{\"States\":".repeat(100_000)).is_err());
    let states: serde_json::Map<String, Value> = (0..5000)
        .map(|i| {
            (
                format!("S{i}"),
                if i == 4999 {
                    pass()
                } else {
                    json!({"Type": "Pass", "Next": format!("S{}", i + 1)})
                },
            )
        })
        .collect();
    check(json!({"StartAt": "S0", "States": states}), &[]);
}

#[test]
fn the_top_level_needs_its_fields() {
    check(
        json!({"StartAt": "A"}),
        &["SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"],
    );
    check(
        json!({}),
        &["SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt, States] at /"],
    );
    check(
        json!({"StartAt": "A", "States": {"A": pass()}, "Version": "1.0", "TimeoutSeconds": 5, "Comment": "c"}),
        &[],
    );
    check(
        json!({"StartAt": "A", "States": {"A": pass()}, "TimeoutSeconds": "5", "Nope": 1}),
        &[
            "SCHEMA_VALIDATION_FAILED: Field 'Nope' is not supported at /",
            "SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /TimeoutSeconds",
        ],
    );
    check(
        json!({"StartAt": 1, "States": {}}),
        &[
            "SCHEMA_VALIDATION_FAILED: Expected value of type String at /StartAt",
            "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States",
        ],
    );
}

#[test]
fn transitions_lead_somewhere_and_reach_everything() {
    check(
        json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "X"}, "B": pass()}}),
        &[
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next",
            "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
        ],
    );
    check(
        json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}),
        &["MISSING_END_STATE: Workflow has no terminal state at null"],
    );
    check(
        json!({"StartAt": "A", "States": {
            "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "X"}], "Default": "Y"},
            "B": pass(),
        }}),
        &[
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Choices[0]/Next",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Default",
            "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
        ],
    );
    check(
        json!({"StartAt": "X", "States": {"A": pass()}}),
        &[
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt",
            "MISSING_TRANSITION_TARGET: State \"A\" is not reachable. at /States/A",
        ],
    );
    check(
        json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Q"}, "B": pass()}}]}, "Q": pass()}}),
        &[
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Q at /States/P/Branches[0]/States/A/Next",
            "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/P/Branches[0]/States/B",
            "MISSING_TRANSITION_TARGET: State \"Q\" is not reachable. at /States/Q",
        ],
    );
    check_state(
        json!({"Type": "Pass"}),
        &["This object should have only one of the following fields: [Next, End] at S"],
    );
    check_state(
        json!({"Type": "Pass", "End": "yes"}),
        &["Expected value of type Boolean at S/End"],
    );
}

#[test]
fn names_are_unique_in_the_machine_and_not_too_long() {
    check(
        json!({"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "A", "States": {"A": pass()}}]}}}),
        &["DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/Branches[0]/States/A"],
    );
    let long = "n".repeat(81);
    check(
        json!({"StartAt": long, "States": {long.clone(): pass()}}),
        &[&format!(
            "INVALID_STATE_NAME: Invalid State name: State '{long}' exceeds the 80-character limit allowed by the service at /States/{long}"
        )],
    );
}

#[test]
fn fields_belong_to_types_and_query_languages() {
    check_state(
        json!({"Type": "Pass", "End": true, "Catch": []}),
        &["Field 'Catch' is not supported at S"],
    );
    check_state(
        json!({"Type": "Map", "End": true, "TimeoutSeconds": 1,
        "ItemProcessor": {"StartAt": "B", "States": {"B": pass()}}}),
        &["Field 'TimeoutSeconds' is not supported at S"],
    );
    check_state(
        json!({"Type": "Pass", "End": true, "Output": 1}),
        &[
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at S",
        ],
    );
    check_jsonata(
        json!({"Type": "Pass", "End": true, "InputPath": "$"}),
        &[
            "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at S",
        ],
    );
    check_jsonata(
        json!({"Type": "Pass", "End": true, "QueryLanguage": "JSONPath"}),
        &["'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at S"],
    );
    check_state(
        json!({"Type": "Map", "QueryLanguage": "JSONata", "End": true,
            "ItemProcessor": {"QueryLanguage": "JSONata", "StartAt": "B", "States": {"B": {"Type": "Pass", "Output": 1, "End": true}}}}),
        &[
            "Field 'QueryLanguage' is not supported at S/ItemProcessor",
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at \
             S/ItemProcessor/States/B",
        ],
    );
    check_state(
        json!({"Type": "Nope"}),
        &[
            "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at S/Type",
        ],
    );
    check_state(json!({"Next": "B"}), &["These fields are required: [Type] at S"]);
}

#[test]
fn expressions_are_read_when_the_definition_is() {
    let template = |key: &str, value: Value| json!({"Type": "Pass", "End": true, "Parameters": {key: value}});
    let refused =
        ["The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call at S/Parameters"];
    check_state(template("x.$", json!("$.a[0].b")), &[]);
    check_state(template("x.$", json!("States.Format('{}', $.a)")), &[]);
    check_state(template("x", json!("$.[")), &[]);
    check_state(template("x.$", json!("$.[")), &refused);
    check_state(template("x.$", json!("text")), &refused);
    check_state(template("x.$", json!(1)), &refused);
    check_state(template("x.$", json!("States.Format('\\\"{}', $.a)")), &refused);
    check_state(
        json!({"Type": "Pass", "End": true, "InputPath": "x"}),
        &["Value must be a valid JSONPath. at S/InputPath"],
    );
    check_state(
        json!({"Type": "Pass", "End": true, "ResultPath": "$.a[*]"}),
        &["Value is not a Reference Path at S/ResultPath"],
    );
    check_state(
        json!({"Type": "Pass", "End": true, "Assign": {"1x": 1}}),
        &[
            "INVALID_VARIABLE_NAME: Invalid variable name '1x': the variable name contains invalid characters. at S/Assign",
        ],
    );
    check_jsonata(
        json!({"Type": "Pass", "End": true, "Output": {"a": ["{% $states.input %}", "{%"]}}),
        &[],
    );
    check_jsonata(
        json!({"Type": "Pass", "End": true, "Output": {"a": ["{% 1 + %}"]}}),
        &["INVALID_JSONATA_EXPRESSION: Unexpected end of expression at S/Output/a[0]"],
    );
    check_jsonata(
        json!({"Type": "Pass", "End": true, "Output": {"v": "{% phone %}"}}),
        &["UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at S/Output/v"],
    );
}

#[test]
fn waits_have_one_form() {
    check_state(json!({"Type": "Wait", "End": true, "Seconds": 5}), &[]);
    check_state(
        json!({"Type": "Wait", "End": true, "Timestamp": "2016-03-14T01:59:00Z"}),
        &[],
    );
    check_state(
        json!({"Type": "Wait", "End": true, "Timestamp": "2016-13-05T21:29:29Z"}),
        &["String does not match RFC3339 timestamp at S/Timestamp"],
    );
    check_state(
        json!({"Type": "Wait", "End": true}),
        &[
            "This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at S",
        ],
    );
    check_state(
        json!({"Type": "Wait", "End": true, "Seconds": 1, "SecondsPath": "$.x"}),
        &["There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at S"],
    );
    check_state(
        json!({"Type": "Wait", "End": true, "Seconds": -1}),
        &["Minimum value is 0 at S/Seconds"],
    );
}

#[test]
fn choices_have_conditions() {
    let choice = |rule: Value| json!({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [rule], "Default": "Z"}, "Z": {"Type": "Succeed"}}});
    check(
        choice(
            json!({"Next": "Z", "And": [{"Variable": "$.a", "IsPresent": true}, {"Not": {"Variable": "$.b", "NumericLessThanPath": "$.c"}}]}),
        ),
        &[],
    );
    check(
        choice(json!({"Next": "Z", "Comment": "c", "Variable": "$a", "StringMatches": "*"})),
        &[],
    );
    let at = "/States/C/Choices[0]";
    let refused = |text: &str| format!("SCHEMA_VALIDATION_FAILED: {text}");
    check(
        choice(json!({"Next": "Z", "Variable": "$.a"})),
        &[&refused(&format!(
            "Exactly one comparison operator must be specified at {at}"
        ))],
    );
    check(
        choice(json!({"Next": "Z", "Variable": "$.a", "NumericEquals": "1"})),
        &[&refused(&format!(
            "Expected value of type Number at {at}/NumericEquals"
        ))],
    );
    check(
        choice(json!({"Variable": "$.a", "NumericEquals": 1})),
        &[&refused(&format!("These fields are required: [Next] at {at}"))],
    );
    check(
        choice(json!({"Next": "Z", "Variable": "$.a", "TimestampEquals": "x"})),
        &[&refused(&format!(
            "String does not match RFC3339 timestamp at {at}/TimestampEquals"
        ))],
    );
    check(
        choice(json!({"Next": "Z", "Or": []})),
        &[&refused(&format!("Value cannot be empty at {at}/Or"))],
    );
    check(
        choice(json!({"Next": "Z", "Condition": true})),
        &[&refused(&format!(
            "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at {at}"
        ))],
    );
}

#[test]
fn retry_and_catch_keep_their_rules() {
    let task = |retry: Value, catch: Value| json!({"Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke", "Retry": retry, "Catch": catch});
    check_state(
        task(
            json!([{"ErrorEquals": ["E"], "MaxAttempts": 0, "BackoffRate": 1.0, "JitterStrategy": "FULL", "MaxDelaySeconds": 2}, {"ErrorEquals": ["States.ALL"]}]),
            json!([]),
        ),
        &[],
    );
    check_state(
        task(json!([{"ErrorEquals": []}]), json!([])),
        &["Value cannot be empty at S/Retry[0]/ErrorEquals"],
    );
    check_state(
        task(json!([{"MaxAttempts": -1}]), json!([])),
        &[
            "These fields are required: [ErrorEquals] at S/Retry[0]",
            "Minimum value is 0 at S/Retry[0]/MaxAttempts",
        ],
    );
    check_state(
        task(
            json!([{"ErrorEquals": ["States.ALL", "E"]}, {"ErrorEquals": ["F"]}]),
            json!([]),
        ),
        &["States.ALL must appear alone and at end of list at S/Retry[0]/ErrorEquals"],
    );
    check_state(
        task(
            json!([{"ErrorEquals": ["E"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]),
            json!([]),
        ),
        &["MaxDelaySeconds must be greater than IntervalSeconds at S/Retry[0]/MaxDelaySeconds"],
    );
    check_state(
        task(json!([]), json!([{"ErrorEquals": ["E"]}])),
        &["These fields are required: [ErrorEquals, Next] at S/Catch[0]"]
            .map(|t| t.replace("ErrorEquals, ", ""))
            .each_ref()
            .map(String::as_str),
    );
}

#[test]
fn tasks_name_what_they_call() {
    let task = |fields: Value| {
        let mut state = json!({"Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke"});
        state
            .as_object_mut()
            .expect("an object")
            .extend(fields.as_object().cloned().unwrap_or_default());
        state
    };
    check_state(task(json!({"TimeoutSeconds": 10, "HeartbeatSecondsPath": "$.h"})), &[]);
    check_state(
        task(json!({"Resource": "lambda"})),
        &["Value is not a valid resource ARN at S/Resource"],
    );
    check_state(
        task(json!({"Resource": "arn:aws:states:::dynamodb:query"})),
        &[
            "The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the \
           resource is not available in this region. at S/Resource",
        ],
    );
    check_state(
        task(json!({"TimeoutSeconds": 5, "HeartbeatSeconds": 5})),
        &["HeartbeatSeconds must be smaller than TimeoutSeconds at S/HeartbeatSeconds"],
    );
    check_state(
        task(json!({"Credentials": {}})),
        &["The field 'RoleArn' is required but was missing at S/Credentials"],
    );
    let express = |resource: &str| {
        let definition = json!({"StartAt": "A", "States": {"A": task(json!({"Resource": resource}))}});
        findings(&definition.to_string(), MachineType::Express)
    };
    assert_eq!(
        express("arn:aws:states:::states:startExecution.sync"),
        [
            "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration at /States/A/Resource"
        ]
    );
    assert_eq!(
        express("arn:aws:states:eu-west-1:000000000000:activity:a"),
        ["SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/A/Resource"]
    );
    assert!(express("arn:aws:states:::lambda:invoke").is_empty());
}

#[test]
fn maps_and_parallels_hold_flows() {
    let map = |fields: Value| {
        let mut state = json!({"Type": "Map", "End": true});
        state
            .as_object_mut()
            .expect("an object")
            .extend(fields.as_object().cloned().unwrap_or_default());
        state
    };
    let inner = json!({"StartAt": "B", "States": {"B": pass()}});
    check_state(
        map(json!({"ItemProcessor": inner, "ItemsPath": "$.x", "MaxConcurrencyPath": "$.m"})),
        &[],
    );
    check_state(
        map(json!({"Iterator": inner, "Parameters": {"x.$": "$$.Map.Item.Value"}})),
        &[],
    );
    check_state(
        map(json!({})),
        &["This object should have only one of the following fields: [ItemProcessor, Iterator] at S"],
    );
    check_state(
        map(json!({"ItemProcessor": {"StartAt": "B"}})),
        &["These fields are required: [States] at S/ItemProcessor"],
    );
    check_state(
        map(json!({"ItemProcessor": inner, "Label": ""})),
        &["INVALID_LABEL_NAME: Label cannot be empty at S/Label"],
    );
    check_state(
        map(json!({"ItemProcessor": inner, "Label": "a b"})),
        &["INVALID_LABEL_NAME: Label contains invalid character: ' ' at S/Label"],
    );
    check_state(
        map(json!({"ItemProcessor": inner, "ToleratedFailurePercentage": 101})),
        &["Maximum value is 100.0 at S/ToleratedFailurePercentage"],
    );
    check_state(
        json!({"Type": "Parallel", "End": true, "Branches": []}),
        &["Value cannot be empty at S/Branches"],
    );
}

#[test]
fn what_is_read_is_typed() {
    let text = json!({"StartAt": "A", "QueryLanguage": "JSONPath", "TimeoutSeconds": 60, "States": {
        "A": {"Type": "Pass", "Parameters": {"a": [1, {"b.$": "$.c"}], "k": {"x": 1}}, "ResultPath": "$.r[0]", "Next": "M"},
        "M": {"Type": "Map", "End": true, "Label": "l", "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", "End": true}}}},
    }})
    .to_string();
    let machine = StateMachine::parse(&text).expect("a valid definition");
    assert_eq!(
        (machine.timeout_seconds, machine.query_language),
        (Some(60), QueryLanguage::JsonPath)
    );
    let StateKind::Pass(pass) = &machine.flow.states["A"].kind else {
        panic!("a Pass")
    };
    assert_eq!(
        pass.result_path,
        ReferencePath::Steps(vec![Step::Member("r".to_owned()), Step::Index(0)])
    );
    assert_eq!(pass.transition, Transition::Next("M".into()));
    let Some(Template::Object(members)) = &pass.parameters else {
        panic!("a template")
    };
    assert!(matches!(&members[1], (key, Template::Constant(value)) if key == "k" && *value == json!({"x": 1})));
    let StateKind::Map(map) = &machine.flow.states["M"].kind else {
        panic!("a Map")
    };
    assert_eq!(map.processor.mode, ProcessorMode::Distributed { express: true });
    let StateKind::Wait(wait) = &map.processor.flow.states["W"].kind else {
        panic!("a Wait")
    };
    assert!(
        matches!(&wait.until, WaitFor::Seconds(Dynamic::Expression(e)) if e.field == "SecondsPath" && e.source == "$.s")
    );
}

/// The warnings about a JSONPath state that ends its machine.
fn check_warnings(state: Value, expected: &[(&str, &str)]) {
    let definition = json!({"StartAt": "A", "States": {"A": state, "Z": {"Type": "Succeed"}}}).to_string();
    let findings = StateMachine::validate(&definition, ParseOptions::default());
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    let found: Vec<(&str, &str)> = warnings
        .map(|finding| (finding.code.as_str(), finding.location.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(found, expected, "{definition}");
}

#[test]
fn what_looks_evaluated_and_is_not_is_warned_of() {
    let pass = |members: Value| {
        let mut state = json!({"Type": "Pass", "Next": "Z"});
        state
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        state
    };
    let parameters = "/States/A/Parameters";
    check_warnings(
        pass(json!({"Parameters": {"a": "$.b", "c": {"d": ["$$.State.Name", "States.UUID()", "$[0]"]}}})),
        &[
            ("NO_DOLLAR", &format!("{parameters}/a")),
            ("NO_DOLLAR", &format!("{parameters}/c/d[0]")),
            ("NO_DOLLAR", &format!("{parameters}/c/d[1]")),
            ("NO_DOLLAR", &format!("{parameters}/c/d[2]")),
        ],
    );
    check_warnings(
        pass(
            json!({"Parameters": {"a.$": "$.b", "b": "$5", "c": "$.", "d": "States.Nothing()", "e": "States of matter"}}),
        ),
        &[],
    );
    check_warnings(
        pass(json!({"Assign": {"a": "$.b"}})),
        &[("NO_DOLLAR", "/States/A/Assign/a")],
    );
    for result in [json!("$.a"), json!({"a.$": "$.b"}), json!([{"a": "States.UUID()"}])] {
        check_warnings(
            pass(json!({"Result": result})),
            &[("PASS_RESULT_IS_STATIC", "/States/A/Result")],
        );
    }
    check_warnings(pass(json!({"Result": ["a", 1, {"price": "$5"}]})), &[]);
    check_warnings(
        json!({"Type": "Fail", "Error": "$.e", "Cause": "$.c"}),
        &[("NO_PATH", "/States/A/Error"), ("NO_PATH", "/States/A/Cause")],
    );
    check_warnings(json!({"Type": "Fail", "ErrorPath": "$.e", "Cause": "It cost $5"}), &[]);
    let choice = |rule: Value| json!({"Type": "Choice", "Choices": [rule], "Default": "Z"});
    check_warnings(
        choice(json!({"Variable": "$.a", "StringEquals": "$.b", "Next": "Z"})),
        &[("NO_PATH", "/States/A/Choices[0]/StringEquals")],
    );
    for right in [json!({"StringEqualsPath": "$.b"}), json!({"StringMatches": "$.*"})] {
        let mut rule = json!({"Variable": "$.a", "Next": "Z"});
        rule.as_object_mut().unwrap().extend(right.as_object().unwrap().clone());
        check_warnings(choice(rule), &[]);
    }
    check_warnings(
        json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a": "$.b"}, "End": true}),
        &[],
    );
}

#[test]
fn warnings_refuse_nothing_and_hide_no_error() {
    let mut states = json!({"Z": {"Type": "Succeed"}});
    for n in 0..300 {
        states[format!("S{n}")] = json!({"Type": "Pass", "Result": "$.a", "Next": "Z"});
    }
    let definition = json!({"StartAt": "S0", "States": states}).to_string();
    let findings = StateMachine::validate(&definition, ParseOptions::default());
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    assert_eq!(warnings.count(), 101);
    assert!(StateMachine::parse(&definition).is_err_and(|errors| errors.0.len() == 101));
    let one = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "$.a", "End": true}}}).to_string();
    assert!(StateMachine::parse(&one).is_ok());
}

#[test]
fn a_label_is_used_once() {
    let map = |next: &str, state: &str| {
        json!({"Type": "Map", "Label": "twice", "Next": next, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": state, "States": {state: pass()}}})
    };
    check(
        json!({"StartAt": "A", "States": {"A": map("B", "P"), "B": map("Z", "Q"), "Z": {"Type": "Succeed"}}}),
        &["DUPLICATE_LABEL_NAME: Duplicate Label name: twice at /States/B/Label"],
    );
}

/// The findings about a new definition whose state `A` ends it; `S` stands for its place.
#[track_caller]
fn check_new(mut machine: Value, state: Value, expected: &[&str]) {
    machine["StartAt"] = json!("A");
    machine["States"] = json!({"A": state});
    let text = machine.to_string();
    let found: Vec<String> = StateMachine::validate(&text, options(MachineType::Standard, Occasion::New))
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| {
            finding
                .to_string()
                .replace("/States/A", "S")
                .replace("SCHEMA_VALIDATION_FAILED: ", "")
        })
        .collect();
    assert_eq!(found, expected, "{text}");
    // what is kept was accepted by a release that did not look
    assert!(StateMachine::parse(&text).is_ok(), "{text}");
}

#[test]
fn parameters_are_the_requests_of_the_api() {
    let task = |resource: &str, parameters: Value| json!({"Type": "Task", "End": true, "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters});
    let check = |state: Value, expected: &[&str]| check_new(json!({}), state, expected);
    check(
        task("sqs:sendMessage", json!({"QueueUrl": "q", "MessageBody.$": "$"})),
        &[],
    );
    check(
        task("sqs:sendMessage", json!({"QueueUrl": "q"})),
        &["The field 'MessageBody' is required but was missing at S/Parameters"],
    );
    check(
        task("sqs:sendMessage", json!({"queueUrl": "q", "MessageBody": "b"})),
        &["The field \"queueUrl\" is not supported by Step Functions at S/Parameters"],
    );
    check(
        task(
            "aws-sdk:s3:getObject",
            json!({"Bucket": "b", "Key.$": "$.k", "Nope": 1}),
        ),
        &["The field \"Nope\" is not supported by Step Functions at S/Parameters"],
    );
    check(
        task("aws-sdk:rds:startDBInstance", json!({"DbInstanceIdentifier": "d"})),
        &[],
    );
    // AWS takes it when the machine is created, and fails the state when it runs
    check(
        task(
            "lambda:invoke.waitForTaskToken",
            json!({"FunctionName": "f", "TaskToken.$": "$$.Task.Token"}),
        ),
        &[],
    );
    check(
        json!({"Type": "Task", "End": true, "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity"}),
        &["Parameters field is required for resource ARN: arn:aws:states:::aws-sdk:sts:getCallerIdentity at S"],
    );
    let refused = |arn: &str| {
        format!(
            "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at S/Resource"
        )
    };
    for resource in [
        "aws-sdk:nope:getObject",
        "aws-sdk:s3:getNothing",
        "aws-sdk:s3:GetObject",
        "lambda:invoke.sync",
        "dynamodb:putItem.waitForTaskToken",
        "glue:startJobRun.sync:2",
    ] {
        check(
            task(resource, json!({})),
            &[&refused(&format!("arn:aws:states:::{resource}"))],
        );
    }
    let jsonata = |fields: Value| {
        let mut state = json!({"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish"});
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        state
    };
    let check = |state: Value, expected: &[&str]| check_new(json!({"QueryLanguage": "JSONata"}), state, expected);
    check(jsonata(json!({"Arguments": "{% $states.input %}"})), &[]);
    check(
        jsonata(json!({"Arguments": {"TopicArn": "t", "Message.$": "m"}})),
        &[
            "The field \"Message.$\" is not supported by Step Functions at S/Arguments",
            "The field 'Message' is required but was missing at S/Arguments",
        ],
    );
    check(
        jsonata(json!({})),
        &["Arguments field is required for resource ARN: arn:aws:states:::sns:publish at S"],
    );
}

#[test]
fn expressions_are_closed_and_read_what_is_there() {
    let check = |state: Value, expected: &[&str]| check_new(json!({"QueryLanguage": "JSONata"}), state, expected);
    let pass = |output: &str| json!({"Type": "Pass", "End": true, "Output": {"v": output}});
    check(pass("{% $states.input.a & $states.context.Execution.Id %}"), &[]);
    check(pass("no {% expression %} at all"), &[]);
    for text in ["{% 1", "1 %}", " {% 1 %}", "{% 1 %} ", "{%}"] {
        check(
            pass(text),
            &["JSONata string must start with {% and end with %} at S/Output/v"],
        );
    }
    check(
        json!({"Type": "Wait", "End": true, "Timestamp": "2026-01-01T00:00:00Z", "Assign": {"a": ["{% 1"]}}),
        &["JSONata string must start with {% and end with %} at S/Assign/a[0]"],
    );
    let missing = |member: &str, place: &str| {
        format!("UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.{member}' does not exist. at S/{place}")
    };
    check(pass("{% $states.result %}"), &[&missing("result", "Output/v")]);
    check(
        pass("{% $string($states.errorOutput.Error) %}"),
        &[&missing("errorOutput", "Output/v")],
    );
    check(pass("{% $states.other + 1 %}"), &[&missing("other", "Output/v")]);
    let call = |catch: Value, output: &str| {
        json!({"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"Message": "m"}, "Output": output, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "A", "Output": catch}]})
    };
    check(call(json!("{% $states.errorOutput %}"), "{% $states.result %}"), &[]);
    check(
        call(json!("{% $states.result %}"), "{% $states.errorOutput %}"),
        &[&missing("errorOutput", "Output"), &missing("result", "Catch[0]/Output")],
    );
}

#[test]
fn a_new_map_reads_its_items_from_somewhere() {
    let map = |fields: Value| {
        let mut state = json!({"Type": "Map", "End": true, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "B", "States": {"B": pass()}}});
        state
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        state
    };
    let check = |fields: Value, expected: &[&str]| check_new(json!({}), map(fields), expected);
    let reader = |config: Value| json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": "k"}}});
    check(reader(json!({"InputType": "JSON", "MaxItemsPath": "$.n"})), &[]);
    let place = "S/ItemReader/ReaderConfig";
    for (config, expected) in [
        (
            json!({"InputType": "JSON", "MaxItems": 1, "MaxItemsPath": "$.n"}),
            format!("There should only be one of the following fields: [MaxItems, MaxItemsPath] at {place}"),
        ),
        (
            json!({"InputType": "JSON", "MaxItems": 100_000_001}),
            format!("Maximum value is 100000000 at {place}/MaxItems"),
        ),
        (
            json!({"InputType": "JSON", "MaxItemsPath": "$$.Execution.Input.n"}),
            format!("Value is not a Reference Path at {place}/MaxItemsPath"),
        ),
        (
            json!({"InputType": "CSV"}),
            format!("The field 'CSVHeaderLocation' is required at {place}"),
        ),
        (
            json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}),
            format!("These fields are required: [CSVHeaders] at {place}"),
        ),
    ] {
        check(reader(config), &[&expected]);
    }
    check(
        json!({"ItemReader": {"Resource": "arn:aws:states:::s3:putObject"}}),
        &["The field 'Resource' does not match any of the allowed values at S/ItemReader/Resource"],
    );
    check(
        json!({"ItemsPath": "$.a[*]"}),
        &["Value is not a Reference Path at S/ItemsPath"],
    );
    check(json!({"ItemsPath": "$$.Execution.Input.a"}), &[]);
}

#[test]
fn what_is_no_definition_is_named() {
    let found = |text: &str| StateMachine::validate(text, options(MachineType::Standard, Occasion::New));
    for text in ["", " ", "null"] {
        let findings = found(text);
        assert_eq!(
            (findings.len(), findings[0].code.as_str()),
            (1, "MISSING_DESCRIPTION"),
            "{text}"
        );
    }
    for text in ["[]", "1", "\"{}\"", "true"] {
        assert_eq!(
            found(text)[0].to_string(),
            "SCHEMA_VALIDATION_FAILED: Expected value of type Object at /",
            "{text}"
        );
    }
    let twice = "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Succeed\", \"Type\": \"Fail\"}}}";
    let findings = found(twice);
    let place = format!("[Source: (String)\"{twice}\"; line: 2, column: 44]");
    assert_eq!(findings[0].message, format!("Duplicate field 'Type'\n at {place}"));
    assert_eq!(findings[0].code.as_str(), "INVALID_JSON_DESCRIPTION");
    assert!(StateMachine::parse(twice).is_ok());
}

#[test]
fn a_wrong_query_language_counts_as_jsonata() {
    let check = |state: Value, expected: &[&str]| check_state(state, expected);
    let value = "Value should be one of the following: [JSONPath, JSONata] at S/QueryLanguage";
    check(
        json!({"Type": "Pass", "End": true, "QueryLanguage": "jsonata", "Output": "{% 1 %}"}),
        &[value],
    );
    check(
        json!({"Type": "Pass", "End": true, "QueryLanguage": "JSONPATH", "Parameters": {}}),
        &[
            value,
            "The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage at S",
        ],
    );
    check(
        json!({"Type": "Pass", "End": true, "QueryLanguage": 1, "Output": 1}),
        &["Expected value of type String at S/QueryLanguage"],
    );
}
