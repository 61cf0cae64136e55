use std::cell::Cell;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{JsonataProgram, JsonataSyntaxError};
use crate::eval::{CostlyEvaluation, Entropy, ErrorName, EvalError, EvaluationDelegate, Scope, StopSignal, Variables};

const NOW: i64 = 1_750_000_000_123;

fn evaluate(source: &str) -> Result<Value, EvalError> {
    let input = json!({"a": {"b": [1, 2, 3], "one": [7], "empty": []}, "s": "text", "items": [{"n": 1}, {"n": 2}, {"m": 3}], "nil": null});
    let context = json!({"Execution": {"Name": "e"}});
    let result = json!({"Payload": 5});
    let variables: Variables = [
        ("v".into(), Arc::new(json!({"w": 4}))),
        ("list".into(), Arc::new(json!([3, 1, 2]))),
    ]
    .into_iter()
    .collect();
    let entropy = Entropy::new([3, 4]);
    let scope = Scope {
        result: Some(&result),
        now: NOW,
        ..Scope::of(&input, &context, &variables, &entropy)
    };
    let program = JsonataProgram::parse(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    let here = program.evaluate(source, "Output", &scope);
    let (elsewhere, entropy) = (Elsewhere::default(), Entropy::new([3, 4]));
    let scope = Scope {
        delegate: Some(&elsewhere),
        entropy: &entropy,
        ..scope
    };
    assert_eq!(program.evaluate(source, "Output", &scope), here, "{source}, elsewhere");
    assert_eq!(elsewhere.asked.get(), 1);
    here
}

/// Carries each costly evaluation away.
#[derive(Default)]
struct Elsewhere {
    asked: Cell<u32>,
    carried: Cell<u32>,
    known: Option<Value>,
}

impl EvaluationDelegate for Elsewhere {
    fn known(&self, _field: &str) -> Option<Result<Value, EvalError>> {
        self.asked.set(self.asked.get() + 1);
        self.known.clone().map(Ok)
    }

    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        self.carried.set(self.carried.get() + 1);
        let program = JsonataProgram::parse(evaluation.source()).expect("parses again");
        program.evaluate_request(&evaluation.request())
    }
}

#[test]
fn only_what_is_not_known_to_be_cheap_is_carried_and_what_is_known_is_not_evaluated() {
    let (nothing, variables) = (
        json!({"few": [1, 2], "many": vec![json!({"a": 1}); 2_000]}),
        Variables::new(),
    );
    let check = |source: &str, known: Option<Value>, carried: u32| {
        let elsewhere = Elsewhere {
            known: known.clone(),
            ..Elsewhere::default()
        };
        let entropy = Entropy::new([3, 4]);
        let scope = Scope {
            input: &nothing,
            context: &nothing,
            variables: &variables,
            result: None,
            error_output: None,
            now: NOW,
            entropy: &entropy,
            stop: None,
            delegate: Some(&elsewhere),
        };
        let program = JsonataProgram::parse(source).expect(source);
        let value = program.evaluate(source, "Output", &scope).expect(source);
        assert!(known.is_none_or(|known| known == value), "{source}");
        assert_eq!(elsewhere.carried.get(), carried, "{source}");
        entropy.next_u64()
    };
    check("$states.input.few", None, 0);
    check("$sum($states.input.few)", None, 0);
    check("$states.input.few[$ in $states.input.few]", None, 0);
    check("$states.input.many[$ in $states.input.many]", None, 1);
    check("$map($states.input.few, function($x) {$x})", None, 1);
    check("$map($states.input.few, function($x) {$x})", Some(json!(7)), 0);
    check("$states.input.few", Some(json!(7)), 0);
    // what is drawn afterwards does not depend on where it was made
    let drawn = [
        check("$random() + $sum([1..3])", None, 1),
        check("$random() + $sum([1..3])", Some(json!(2)), 0),
        check("$random() + $sum([1, 2])", None, 0),
    ];
    assert!(drawn.iter().all(|next| *next == drawn[0]));
}

fn check(source: &str, expected: Value) {
    assert_eq!(evaluate(source), Ok(expected), "{source}");
}

fn check_failure(source: &str, tail: &str) {
    let error = evaluate(source).expect_err(source);
    assert_eq!(error.name, ErrorName::QueryEvaluation, "{source}");
    assert_eq!(error.location.as_deref(), Some("Output"));
    assert_eq!(
        error.cause,
        format!("The JSONata expression '{source}' specified for the field 'Output' {tail}")
    );
}

#[test]
fn plain_reads() {
    check("$states.input.s", json!("text"));
    check("$states.input.a.b", json!([1, 2, 3]));
    check("$states.input.a.one", json!([7]));
    check("$states.input.a.empty", json!([]));
    check("$states.input.nil", json!(null));
    check("$states.context.Execution.Name", json!("e"));
    check("$states.result.Payload", json!(5));
    check("$v", json!({"w": 4}));
    check("$v.w", json!(4));
    check("'x'", json!("x"));
    check("1.0", json!(1));
    check("null", json!(null));
}

#[test]
fn paths_map_over_arrays() {
    check("$states.input.items.n", json!([1, 2]));
    check("$states.input.items.m", json!(3));
    check("$states.input.items[0].n", json!(1));
    check("$states.input.items[n = 2].n", json!(2));
    check("$states.input.items.(n + 1)", json!([2, 3]));
}

#[test]
fn only_what_is_read_is_converted_but_all_that_is_read_is_there() {
    check("$keys($states)", json!(["input", "context", "result"]));
    check("$keys($states.input.a)", json!(["b", "one", "empty"]));
    check("($s := $states; $s.input.s)", json!("text"));
    check("$states.input.a.b.%.one", json!([7, 7, 7]));
    check("$lookup($states.input, 's')", json!("text"));
    check("$states.input.a[b[0] = 1].b[1]", json!(2));
    check("$sum($list) + $v.w", json!(10));
}

#[test]
fn functions_of_step_functions() {
    check("$partition([1, 2, 3], 2)", json!([[1, 2], [3]]));
    check("$range(0, 9, 3)", json!([0, 3, 6, 9]));
    check("$range(1, 9, 9)", json!(1));
    check(
        "$hash('abc', 'SHA-1')",
        json!("a9993e364706816aba3e25717850c26c9cd0d89d"),
    );
    check("$parse('{\"a\": [1.5]}')", json!({"a": [1.5]}));
    check("$length($uuid())", json!(36));
    check("$random() < 1 and $random() != $random()", json!(true));
    check("$random(7) = $random(7)", json!(true));
    check("$count($shuffle([1, 2, 3])) = 3", json!(true));
}

#[test]
fn time_is_the_recorded_time() {
    check("$millis()", json!(NOW));
    check("$now()", json!("2025-06-15T15:06:40.123Z"));
    check("$now('[Y0001]-[M01]')", json!("2025-06"));
    check("($f := $now; $f())", json!("2025-06-15T15:06:40.123Z"));
    assert_eq!(evaluate("$uuid() & $random()"), evaluate("$uuid() & $random()"));
    assert_eq!(evaluate("$shuffle([1..20])"), evaluate("$shuffle([1..20])"));
}

#[test]
fn failures_are_in_aws_words() {
    check_failure("$nothing", "returned nothing (undefined).");
    check_failure("$states.input.none.more", "returned nothing (undefined).");
    check_failure("$states.errorOutput", "returned nothing (undefined).");
    check_failure("$fn := function($x){$x}", "returned an unsupported result type.");
    check_failure("$string", "returned an unsupported result type.");
    check_failure("{'a': /x/}", "returned an unsupported result type.");
    check_failure(
        "$eval('1')",
        "threw an error during evaluation. T1006: Attempted to invoke a non-function",
    );
    check_failure(
        "$states.input.s + 1",
        "threw an error during evaluation. T2001: The left side of the \"+\" operator must evaluate to a number",
    );
}

#[test]
fn bombs_are_refused() {
    let limit = "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage";
    check_failure("$reduce([1..60], function($a, $i) { $a & $a }, 'xx')", limit);
    check_failure("$pad('x', 100000000000)", limit);
    check_failure("($states.input.s).$pad(100000000000)", limit);
    check_failure(
        "$join([1..100000].('0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789'))",
        limit,
    );
    check_failure("$string($reduce([1..60], function($a, $i) { [$a, $a] }, 1))", limit);
    check_failure("$reduce([1..60], function($a, $i) { [[$a], [$a]] }, 1)", limit);
    check_failure("$reduce([1..60], function($a, $i) { {'x': $a, 'y': $a} }, 1)", limit);
    check_failure(
        "$reduce([1..60], function($a, $i) { $replace($a, 'x', $a) }, 'xx')",
        limit,
    );
    check_failure("[1..200000].[[1..200000]]", limit);
    check_failure(
        "($a := [1..2000]; $b := $map($a, function() { $a }); $c := $map($a, function() { $b }); $c ? 1 : 2)",
        limit,
    );
    check_failure(
        "$boolean($reduce([1..60], function($a, $i) { [[$a], [$a]] }, 0))",
        limit,
    );
    check_failure("$formatInteger(1e18, 'I')", limit);
    check_failure("1e18 ~> $formatInteger('i')", limit);
    check_failure("($a := [1..3000]; $count($a@$x.$a@$y[$x = $y].{'a': $x}))", limit);
    check("$count($keys([1..20000].{$string($): 1}))", json!(20_000));
    check("$count($distinct([1..50000]))", json!(50_000));
    for source in ["[1..10000000]", "($f := function($n) { 1 + $f($n + 1) }; $f(0))"] {
        assert_eq!(
            evaluate(source).map_err(|e| e.name),
            Err(ErrorName::QueryEvaluation),
            "{source}"
        );
    }
}

#[test]
fn a_library_that_panics_fails_the_expression_only() {
    let source = "$now('[Y0111111111111111111111111111111111111111111]')";
    assert_eq!(evaluate(source).map_err(|e| e.name), Err(ErrorName::QueryEvaluation));
}

#[test]
fn an_evaluation_ends_when_it_is_told_to() {
    let stop = StopSignal::new();
    stop.stop();
    let (nothing, variables, entropy) = (Value::Null, Variables::new(), Entropy::new([3, 4]));
    let scope = Scope {
        now: NOW,
        stop: Some(&stop),
        ..Scope::of(&nothing, &nothing, &variables, &entropy)
    };
    let source = "($f := function($n) { $f($n + 1) }; $f(0))";
    let program = JsonataProgram::parse(source).expect(source);
    let error = program.evaluate(source, "Output", &scope).expect_err("stopped");
    assert_eq!(error.name, ErrorName::QueryEvaluation);
}

#[test]
fn guards_change_no_result() {
    check(
        "($x := 'a'; $x & 1 & null & true & [1, 'b'] & {'c': 2} & $none)",
        json!("a1nulltrue[1,\"b\"]{\"c\":2}"),
    );
    check("($x := 'ab'; $x ~> $pad(4, '-'))", json!("ab--"));
    check(
        "$map(['a', 'b'], function($s) { $pad($s, -3) & $string(1) })",
        json!(["  a1", "  b1"]),
    );
    check("($x := ['a', 'b']; $join($x, '+') & $join($x))", json!("a+bab"));
    check(
        "($x := 'aXbX'; $replace($x, 'X', 'YY') & $replace($x, /[ab]/, '_', 1))",
        json!("aYYbYY_XbX"),
    );
    check("($x := [1, 2]; [$x, [$x], [[3]], $none])", json!([1, 2, [1, 2], [[3]]]));
    check("($x := [1, 2]; [$x.{'a': $}].a)", json!([1, 2]));
    check("($p := $replace(?, 'a', 'b'); $p('aa'))", json!("bb"));
    check(
        "$distinct([1, 1.0, '1', null, [1], [1], {'a': 1, 'b': 2}, {'b': 2, 'a': 1}])",
        json!([1, "1", null, [1], {"a": 1, "b": 2}]),
    );
    check("$states.input.a.b ~> $distinct", json!([1, 2, 3]));
    check("$map([[1, 1], [2]], $distinct)", json!([[1], [2]]));
    check("$distinct($states.input.items.(7))", json!(7));
    check("$keys([{'a': 1}, {'b': 2, 'a': 3}])", json!(["a", "b"]));
    check("$states.input.a.$keys()", json!(["b", "one", "empty"]));
    check("$states.input.a ~> $keys()", json!(["b", "one", "empty"]));
    check("$states.input.a ~> $keys", json!(["b", "one", "empty"]));
    check("$keys({'k': 1}) & $count($keys({}))", json!("k0"));
    check("($keys := function($x) { $x + 1 }; $keys(1))", json!(2));
    check(
        "$formatInteger(1999, 'I') & $formatInteger(12, 'w')",
        json!("MCMXCIXtwelve"),
    );
    check("7 ~> $formatInteger('i')", json!("vii"));
    check("$states.input.a.b.$formatInteger('I')", json!(["I", "II", "III"]));
    check("$formatInteger(12345678901, '#,##0')", json!("12,345,678,901"));
    check(
        "$states.input.items@$x.$states.input.a.b@$y[$x.n = $y].{'x': $x.n, 'y': $y}",
        json!([{"x": 1, "y": 1}, {"x": 2, "y": 2}]),
    );
    check("$distinct('x') & $distinct([])", json!("x[]"));
    check("($x := $states.input.items.{'k': n}; $x.k)", json!([1, 2]));
    check("($x := [$states.input.a.b.[$]]; $count($x))", json!(3));
    check("($x := $states.input.a.b.[$]; $x)", json!([[1], [2], [3]]));
    check("$map([1, 2], function($i) { [$i] })", json!([[1], [2]]));
    check(
        "$map([1, 2], function($i) { $i > 1 ? {'v': $i} : $i })",
        json!([1, {"v": 2}]),
    );
    check(
        "($f := function($n) { $n = 0 ? [] : $f($n - 1) }; $f(20000))",
        json!([]),
    );
}

#[test]
fn texts_that_do_not_parse_are_refused() {
    for (source, message) in [
        ("1 +", "Unexpected end of expression"),
        (
            "\"unterminated",
            "String literal must be terminated by a matching quote",
        ),
        ("a[1,2)", "Expected \"]\", got \",\""),
    ] {
        let error = JsonataProgram::parse(source).expect_err(source);
        assert_eq!(error, JsonataSyntaxError::Syntax(message.to_owned()), "{source}");
    }
    assert!(JsonataProgram::parse(&"(".repeat(200_000)).is_err());
    assert!(JsonataProgram::parse(&"[".repeat(200_000)).is_err());
}

#[test]
fn fields_need_something_to_be_read_from() {
    for (source, name) in [
        ("phone", "phone"),
        ("$sum(a.b)", "a"),
        ("$states.input.x[y = 1] & z", "z"),
        ("{'a': b}", "b"),
    ] {
        let error = JsonataProgram::parse(source).expect_err(source);
        assert_eq!(
            error.to_string(),
            format!("Reference to '{name}' at the top level is not supported.")
        );
    }
    for source in [
        "$states.input{a: b}",
        "$states.input^(a)",
        "$states.input ~> |$|{'x': y}|",
        "$map($x, function($y) { $y.z })",
    ] {
        assert!(JsonataProgram::parse(source).is_ok(), "{source}");
    }
}

#[test]
fn numbers_that_are_not_finite_leave_as_texts() {
    check("1/0", json!("Infinity"));
    check("-1/0", json!("-Infinity"));
    check("1e308 * 10", json!("Infinity"));
    check("[0/0, {'k': 1/0}]", json!(["NaN", {"k": "Infinity"}]));
    check("$parseInteger('abc', '0')", json!("NaN"));
}

#[test]
fn an_evaluation_nests_a_hundred_levels() {
    const TOO_DEEP: &str = "threw an error during evaluation: Stack overflow error: Check for non-terminating recursive \
                            function. Consider rewriting as tail-recursive";
    let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let sum = |terms: usize| format!("1{}", "+1".repeat(terms - 1));
    let calls = |n: usize| format!("($f := function($x){{ $x <= 0 ? 0 : 1 + $f($x-1) }}; $f({n}))");
    check(&sum(100), json!(100));
    check(&nested("(", ")", 99), json!(1));
    check(&calls(31), json!(31));
    assert!(evaluate(&nested("[", "]", 99)).is_ok());
    assert!(evaluate(&nested("$abs(", ")", 98)).is_ok());
    for source in [
        sum(101),
        sum(200),
        nested("(", ")", 100),
        nested("[", "]", 100),
        nested("$abs(", ")", 100),
        calls(32),
    ] {
        check_failure(&source, TOO_DEEP);
    }
    // a call in tail position takes no level, and what a function of its own makes does not nest
    check("($f := function($x){ $x >= 5000 ? $x : $f($x+1) }; $f(1))", json!(5000));
    check(
        "($f := function($x){ $x + 1 }; $sum($map([1..200], $f)))",
        json!(20_300),
    );
}

#[test]
fn memory_is_what_aws_gives() {
    const LIMIT: &str = "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage";
    let doubled =
        |n: usize| format!("($p := function($s, $n) {{ $n = 0 ? $s : $p($s & $s, $n - 1) }}; $length($p('x', {n})))");
    check("[1..873782] ~> $count()", json!(873_782));
    check_failure("[1..873783] ~> $count()", LIMIT);
    check(&doubled(22), json!(4_194_304));
    check_failure(&doubled(23), LIMIT);
    check("$count($range(1, 360145, 1))", json!(360_145));
    check_failure("$count($range(1, 360146, 1))", LIMIT);
}

#[test]
fn long_whole_numbers_keep_their_digits() {
    check(
        "$parse('{\"n\":9223372036854775807}').n",
        json!(9_223_372_036_854_775_807_i64),
    );
    check(
        "{'n': $parse('[9007199254740993]')[0]}",
        json!({"n": 9_007_199_254_740_993_i64}),
    );
    check("$string($parse('9007199254740993'))", json!("9007199254740993"));
    check("$type($parse('9007199254740993'))", json!("number"));
    // what calculates takes the nearest double
    check("$parse('9007199254740993') + 1", json!(9_007_199_254_740_992_i64));
    check(
        "$max([$parse('9007199254740993'), 1])",
        json!(9_007_199_254_740_992_i64),
    );
    check("$parse('9007199254740993') > 1", json!(true));
}

#[test]
fn functions_of_step_functions_check_their_arguments() {
    check("$random(42)", json!(0.727_563_680_032_868_1));
    check("$random(0.9)", json!(0.730_967_787_376_657));
    check("$range(-1.7, 2, 1)", json!([-1, 0, 1, 2]));
    check("$range(0, 6, 2)", json!([0, 2, 4, 6]));
    check("$partition([1, 2, 3], 2.9)", json!([[1, 2], [3]]));
    for (source, position, name) in [
        ("$random('a')", 1, "random"),
        ("$range(1, 'b', 1)", 2, "range"),
        ("$range(1, 2)", 3, "range"),
        ("$partition([1], '2')", 2, "partition"),
        ("$hash('a')", 2, "hash"),
        ("$parse(1)", 1, "parse"),
        ("$uuid(1)", 1, "uuid"),
    ] {
        check_failure(
            source,
            &format!(
                "threw an error during evaluation. T0410: Argument {position} of function \"{name}\" does not match function \
                 signature"
            ),
        );
    }
    for source in [
        "$parse($nothing)",
        "$hash($nothing, 'MD5')",
        "$partition($nothing, 1)",
        "$range(1, 2, 0)",
    ] {
        check_failure(source, "returned nothing (undefined).");
    }
}

#[test]
fn errors_are_jsonata_js_s() {
    for (source, message) in [
        (
            "$abs('a')",
            "T0410: Argument 1 of function \"abs\" does not match function signature",
        ),
        (
            "$sum(['a'])",
            "T0412: Argument 1 of function \"sum\" must be an array of \"numbers\"",
        ),
        (
            "$each('x', function($v){$v})",
            "T0410: Argument 1 of function \"each\" does not match function signature",
        ),
        (
            "$split('a','b',-1)",
            "D3020: Third argument of split function must evaluate to a positive number",
        ),
        (
            "$formatNumber(1, 'x')",
            "D3086: The sub-picture must not contain a passive character that is preceded by an active character and that is \
             followed by another active character",
        ),
        (
            "1 + 'a'",
            "T2002: The right side of the \"+\" operator must evaluate to a number",
        ),
        (
            "1 < 'a'",
            "T2009: The values 1 and \"a\" either side of operator \"<\" must be of the same data type",
        ),
        ("-'a'", "D1002: Cannot negate a non-numeric value: \"a\""),
        ("$number('x')", "D3030: Unable to cast value to a number: \"x\""),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
    ] {
        check_failure(source, &format!("threw an error during evaluation. {message}"));
    }
    for (source, message) in [
        ("{\"a\":}", "The symbol \"}\" cannot be used as a unary operator"),
        ("$match(\"a\", /abc", "No terminating / in regular expression"),
        ("$a[1,2)", "Expected \"]\", got \",\""),
        ("1 +", "Unexpected end of expression"),
        ("$a ?: 1", "The symbol \":\" cannot be used as a unary operator"),
    ] {
        let error = JsonataProgram::parse(source).expect_err(source);
        assert_eq!(error.to_string(), message, "{source}");
    }
}
