//! Expressions made up from bytes: paths, filters and constructors within each other, values that share themselves,
//! recursion through arguments, functions of a higher order; and a delegate that makes none of the costly ones. Also used by the fuzz target `cost`.

use serde_json::Value;
use sluice_asl::eval::{CostlyEvaluation, EvalError, EvaluationDelegate};

/// Makes no costly evaluation.
pub(crate) struct CheapOnly;

impl EvaluationDelegate for CheapOnly {
    fn known(&self, _field: &str) -> Option<Result<Value, EvalError>> {
        None
    }

    fn evaluate(&self, evaluation: &CostlyEvaluation<'_>) -> Result<Value, EvalError> {
        Err(evaluation.interrupted("It is costly."))
    }
}

/// Choices, one byte each; zeros at the end, which choose what is short.
pub(crate) struct Choices<'b>(pub(crate) &'b [u8]);

impl Choices<'_> {
    fn below(&mut self, n: u8) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first % n
    }

    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        let count = u8::try_from(all.len()).unwrap_or(u8::MAX);
        all[usize::from(self.below(count))]
    }
}

const READS: [&str; 9] = [
    "$states.input",
    "$states.input.items",
    "$states.input.items.tags",
    "$states.input.text",
    "$states.input.deep.a.a.a",
    "$v",
    "$v.w",
    "$list",
    "$states.context.Execution.Input",
];

const OF_ITEMS: [&str; 6] = ["$", "n", "tags", "name", "*", "a.b"];

const FUNCTIONS: [&str; 30] = [
    "exists",
    "count",
    "sum",
    "length",
    "string",
    "number",
    "boolean",
    "not",
    "keys",
    "append",
    "merge",
    "reverse",
    "distinct",
    "spread",
    "uppercase",
    "trim",
    "substring",
    "contains",
    "split",
    "join",
    "lookup",
    "parse",
    "type",
    "base64encode",
    "hash",
    "shuffle",
    "partition",
    "max",
    "substringAfter",
    "lowercase",
];

/// An expression with so many levels at most; `of_item`: there is an item that it may read.
pub(crate) fn expression(choices: &mut Choices<'_>, levels: u8, of_item: bool) -> String {
    if levels == 0 {
        return match choices.below(4) {
            0 => "1".to_owned(),
            1 => "'a\"b\\\\c'".to_owned(),
            _ if of_item => choices.one_of(&OF_ITEMS).to_owned(),
            _ => choices.one_of(&READS).to_owned(),
        };
    }
    let mut inner = |of_item: bool| expression(choices, levels - 1, of_item);
    let (a, b, item) = (inner(of_item), inner(of_item), inner(true));
    match choices.below(20) {
        0 => format!("[{a}, {b}]"),
        1 => format!("{{'a': {a}, 'b': {b}}}"),
        2 | 3 => format!("({a}).({item})"),
        4 | 5 => format!("({a})[{item}]"),
        6 => format!("({a}) & ({b})"),
        7 => format!(
            "({a}) {} ({b})",
            choices.one_of(&["=", "!=", "in", "<", "and", "or", "+"])
        ),
        8 => format!("({a}) ? ({b}) : ({a})"),
        9..=13 => {
            let name = choices.one_of(&FUNCTIONS);
            if choices.below(2) == 0 {
                format!("${name}({a})")
            } else {
                format!("${name}({a}, {b})")
            }
        }
        14 => format!("($a := {a}; [$a, $a, {b}])"),
        15 => format!("$map({a}, function($x) {{[$x, {b}]}})"),
        16 => format!("$reduce([1..20], function($l, $r) {{[$l, $l]}}, {a})"),
        17 => {
            format!("($f := function($o, $n) {{$n = 0 ? $o : $f({{'a': $o, 'b': $o}}, $n - 1)}}; $f({a}, 30)).({item})")
        }
        18 => format!("({a}).**"),
        _ => format!("$filter({a}, function($x) {{{b}}}) ~> $string()"),
    }
}
