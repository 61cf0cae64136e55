//! Expressions that would take all there is, and such that only look like it.

use serde_json::{Value, json};

/// A value that holds itself 2^`n` times.
fn shared(n: u32) -> String {
    format!("($f := function($o, $n) {{$n = 0 ? $o : $f({{'a': $o, 'b': $o}}, $n - 1)}}; $f({{'c': 1}}, {n}))")
}

/// Costly by their looks, and quick.
pub(crate) fn harmless() -> Vec<(&'static str, Value)> {
    vec![
        ("$map($states.input.few, function($n) {$n * 2})", json!([2, 4, 6])),
        (
            "($f := function($n) {$n < 2 ? $n : $f($n - 1) + $f($n - 2)}; $f(10))",
            json!(55),
        ),
        ("$states.input.few[$ > 1] ~> $sum()", json!(5)),
        ("$count($states.input.few.**)", json!(3)),
        ("$replace($states.input.text, /X/, '-')", json!("a-b-")),
        (
            "$states.input ~> |$|{'text': 'new'}|",
            json!({"few": [1, 2, 3], "text": "new"}),
        ),
        ("$now('[Y0001]')", json!("2026")),
        ("$pad($states.input.text, 6, '.')", json!("aXbX..")),
        (
            "$map([1.5, 1e300, 123456789.12345679, -0.1], function($x) {$x})",
            json!([1.5, 1e300, 123_456_789.123_456_79, -0.1]),
        ),
    ]
}

/// The same, however they end.
pub(crate) fn duds() -> Vec<String> {
    let deep = shared(40);
    vec![format!("{deep} in [{deep}]"), format!("$exists({deep})")]
}

/// Those that must not end well, whatever the machine.
pub(crate) fn bombs() -> Vec<String> {
    let deep = shared(40);
    let mut all: Vec<String> = [
        // the walk of a value that shares itself
        format!("$count({deep}.**)"),
        format!("{deep} = {deep}"),
        format!("{deep} != {deep}"),
        format!("$string({deep})"),
        format!("$hash({deep}, 'MD5')"),
        format!("$distinct([{deep}, {deep}])"),
        format!("{deep} ~> |**|{{'x': 1}}|"),
        format!("($a := {deep}; $b := {deep}; $a = $b)"),
        format!("$count({deep}.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*)"),
    ]
    .into();
    all.extend(
        [
            // growth
            "[1..1000000000]",
            "$sum([1..10000000])",
            "($f := function($x) {$f($x + 1) + 1}; $f(1))",
            "($f := function($x) {$f($x + 1)}; $f(1))",
            "($f := function($x) {$x < 2 ? $x : $f($x - 1) + $f($x - 2)}; $f(60))", // too deep
            "($f := function($x) {$x < 2 ? $x : $f($x - 1) + $f($x - 2)}; $f(28))", // as deep as may be
            "($f := function($s, $n) {$n = 0 ? $s : $f($s & $s, $n - 1)}; $length($f('aaaaaaaa', 60)))",
            "($f := function($s, $n) {$n = 0 ? $s : $f([$s, $s], $n - 1)}; $f([1], 60))",
            "($f := function($s, $n) {$n = 0 ? $s : $f($append($s, $s), $n - 1)}; $count($f([1], 60)))",
            "$pad('x', 1000000000)",
            "$map([1..1000], function($i) {$pad('x', 200000)})",
            "$sum($map([1..100000], function($i) {$sum($map([1..100000], function($j) {$j}))}))",
            "$reduce([1..60], function($a, $i) {$a & $a}, 'xx')",
            "$reduce([1..60], function($a, $i) {$replace($a, 'x', $a)}, 'xx')",
            "$filter([1..100000], function($x) {$count([1..100000][$ = $x]) > 0})",
            "$each($merge([1..2000].{$string($): 1}), function($v, $k) {$count([1..100000][$ > 5])})",
            "$sift($merge([1..2000].{$string($): 1}), function($v, $k) {$count([1..100000][$ > 5]) < 0})",
            "$count([1..3000].{'a': [1..3000]}.a)",
            "($a := [1..3000]; $count($a@$x.$a@$y[$x = $y].{'a': $x}))",
            "$sort([1..100000], function($l, $r) {$count([1..1000]) > 0 and $l < $r})[0]",
            "$formatInteger(1e18, 'I')",
            "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' & $pad('a', 300000), /((a|a?)+)+x/)",
        ]
        .map(str::to_owned),
    );
    all
}
