use serde_json::{Value, json};

use super::IntrinsicCall;
use crate::eval::{Entropy, ErrorName, EvalError, Scope, Variables};

fn evaluate(call: &str, input: Value) -> Result<Value, EvalError> {
    let (context, variables, entropy) = (json!({"Id": "c"}), Variables::new(), Entropy::new([1, 2]));
    let scope = Scope::of(&input, &context, &variables, &entropy);
    IntrinsicCall::parse(call)
        .unwrap_or_else(|e| panic!("{e}"))
        .evaluate("x.$", &scope)
}

fn check(call: &str, input: Value, expected: Value) {
    assert_eq!(evaluate(call, input), Ok(expected), "{call}");
}

fn check_failure(call: &str, input: Value, message: &str) {
    let error = evaluate(call, input).expect_err(call);
    assert_eq!(error.name, ErrorName::Runtime, "{call}");
    assert_eq!(
        error.cause,
        format!("The function '{call}' had the following error: {message}")
    );
}

#[test]
fn arrays() {
    check("States.Array()", json!(null), json!([]));
    check(
        "States.Array('a', 1, $.x, null, true)",
        json!({"x": {}}),
        json!(["a", 1, {}, null, true]),
    );
    check("States.ArrayPartition($, 2)", json!([1, 2, 3]), json!([[1, 2], [3]]));
    check("States.ArrayContains($, 1)", json!([1.0]), json!(true));
    check(
        "States.ArrayContains($.a, $.b)",
        json!({"a": [], "b": []}),
        json!(false),
    );
    check("States.ArrayRange(0, 9, 3)", json!(null), json!([0, 3, 6, 9]));
    check("States.ArrayRange(1, 9, 9)", json!(null), json!([1]));
    check("States.ArrayRange(3, 1, -1)", json!(null), json!([3, 2, 1]));
    check("States.ArrayRange(3, 1, 1)", json!(null), json!([]));
    check("States.ArrayGetItem($, 1)", json!([5, 6]), json!(6));
    check("States.ArrayLength($)", json!([5, 6]), json!(2));
    check(
        "States.ArrayUnique($)",
        json!([1, 1.0, "1", null, null, [1], [1]]),
        json!([1, "1", null, [1]]),
    );
    check_failure(
        "States.ArrayLength($)",
        json!(1),
        "Invalid arguments in States.ArrayLength",
    );
    check_failure(
        "States.ArrayGetItem($, 2)",
        json!([5, 6]),
        "Invalid arguments in States.ArrayGetItem",
    );
    check_failure(
        "States.ArrayPartition($, 0)",
        json!([]),
        "Invalid arguments in States.ArrayPartition",
    );
    check_failure(
        "States.ArrayRange(0, 1000, 1)",
        json!(null),
        "Invalid arguments in States.ArrayRange",
    );
}

#[test]
fn text_and_json() {
    check(
        "States.Format('{} is {}', $.a, 1.5)",
        json!({"a": "x"}),
        json!("x is 1.5"),
    );
    check(
        "States.Format('It\\'s \\{{}\\} \\\\', null)",
        json!(null),
        json!("It's {null} \\"),
    );
    check(
        "States.Format('{}', $)",
        json!({"a": [1, "x"], "b": {}}),
        json!("{a=[1, x], b={}}"),
    );
    check(
        "States.StringSplit('a,b;;c', ',;')",
        json!(null),
        json!(["a", "b", "c"]),
    );
    check("States.StringSplit(',,', ',')", json!(null), json!([]));
    check("States.StringToJson($)", json!("{\"a\": [1]}"), json!({"a": [1]}));
    check(
        "States.JsonToString($)",
        json!({"a": [1, "b"]}),
        json!("{\"a\":[1,\"b\"]}"),
    );
    check(
        "States.JsonMerge($.a, $.b, false)",
        json!({"a": {"x": 1, "y": 1}, "b": {"y": 2}}),
        json!({"x": 1, "y": 2}),
    );
    check(
        "States.Base64Encode('Data to encode')",
        json!(null),
        json!("RGF0YSB0byBlbmNvZGU="),
    );
    check(
        "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')",
        json!(null),
        json!("Data to encode"),
    );
    check_failure(
        "States.Format('{}')",
        json!(null),
        "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.",
    );
    check_failure(
        "States.Format('{')",
        json!(null),
        "Invalid template in States.Format: matching '}' not found for '{'.",
    );
    check_failure("States.Format($)", json!(7), "Invalid arguments in States.Format");
}

#[test]
fn numbers_round_half_up() {
    for (a, b, sum) in [
        (1.5, 1.51, 4),
        (-1.5, 0.0, -1),
        (0.5, 0.0, 1),
        (-0.5, 0.5, 1),
        (-2.5, 0.0, -2),
        (2.5, 0.0, 3),
    ] {
        check("States.MathAdd($.a, $.b)", json!({"a": a, "b": b}), json!(sum));
    }
    check_failure(
        "States.MathAdd('1', 2)",
        json!(null),
        "Invalid arguments in States.MathAdd",
    );
}

#[test]
fn random_numbers_stay_in_their_range_and_follow_the_seed() {
    for i in 0..100 {
        let number = evaluate("States.MathRandom(-3, 2, $)", json!(i))
            .expect("a number")
            .as_i64()
            .expect("an integer");
        assert!((-3..2).contains(&number), "{number}");
        assert_eq!(evaluate("States.MathRandom(-3, 2, $)", json!(i)), Ok(json!(number)));
    }
    assert_eq!(
        evaluate("States.UUID()", json!(null))
            .expect("text")
            .as_str()
            .map(str::len),
        Some(36)
    );
}

#[test]
fn calls_nest_and_paths_take_commas_in_brackets() {
    let call = "States.ArrayGetItem(States.StringSplit($['a,b'], '-'), States.MathAdd(States.ArrayLength(States.StringSplit($['a,b'], '-')), -1))";
    check(call, json!({"a,b": "x-y-z"}), json!("z"));
    check(
        "States.ArrayLength($.a[?(@.b in ['x', 'y'])])",
        json!({"a": [{"b": "x"}, {"b": "z"}]}),
        json!(1),
    );
}

#[test]
fn missing_paths_name_field_and_input() {
    let error = evaluate("States.Format('{}', $.a)", json!({"b": 1})).expect_err("missing");
    assert_eq!(error.name, ErrorName::Runtime);
    assert_eq!(
        error.cause,
        "The JSONPath '$.a' specified for the field 'x.$' could not be found in the input '{\"b\":1}'"
    );
}

#[test]
fn texts_that_are_no_calls_are_refused() {
    for text in [
        "States.Nope()",
        "States.UUID(1)",
        "States.Format('a",
        "States.Format('a\\\"')",
        "States.Format('a', )",
        "States.Format('a') x",
        "States.Format(a)",
        "States.MathAdd(1)",
        "Format('a')",
        "States.Format('{}', $.)",
    ] {
        assert!(IntrinsicCall::parse(text).is_err(), "{text}");
    }
    assert!(IntrinsicCall::parse(&"States.Array(".repeat(100_000)).is_err());
}

#[test]
fn large_arguments_take_no_longer_than_they_are_long() {
    let numbers: Vec<Value> = (0..100_000).map(|n| json!(n % 60_000)).collect();
    check(
        "States.ArrayLength(States.ArrayUnique($))",
        json!(numbers),
        json!(60_000),
    );
    let text: String = ('\u{100}'..'\u{8000}').cycle().take(100_000).collect();
    check("States.ArrayLength(States.StringSplit($, $))", json!(text), json!(0));
    let many = format!("States.Array({})", vec!["$"; 5_000].join(","));
    let error = evaluate(&many, json!("x".repeat(10_000))).expect_err("too large");
    assert_eq!(error.name, ErrorName::DataLimitExceeded);
}
