//! Conditions of Choice rules in words.

use serde_json::{Map, Value};

/// The condition of a rule as one line of text.
pub(crate) fn words(rule: &Map<String, Value>) -> String {
    if let Some(condition) = rule.get("Condition") {
        return match condition {
            Value::String(text) => jsonata(text),
            other => other.to_string(),
        };
    }
    let joined = |name: &str, word: &str| {
        let conditions = rule.get(name).and_then(Value::as_array)?;
        let all: Vec<String> = conditions.iter().filter_map(Value::as_object).map(inner).collect();
        Some(all.join(word))
    };
    if let Some(all) = joined("And", " and ").or_else(|| joined("Or", " or ")) {
        return all;
    }
    if let Some(negated) = rule.get("Not").and_then(Value::as_object) {
        return format!("not {}", inner(negated));
    }
    comparison(rule).unwrap_or_default()
}

/// A part of a condition, in parentheses if it has parts itself.
fn inner(rule: &Map<String, Value>) -> String {
    let text = words(rule);
    if rule.contains_key("And") || rule.contains_key("Or") {
        format!("({text})")
    } else {
        text
    }
}

/// The expression without its marks.
fn jsonata(text: &str) -> String {
    let text = text.trim();
    let bare = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}"));
    let words: Vec<&str> = bare.unwrap_or(text).split_whitespace().collect();
    words.join(" ")
}

fn comparison(rule: &Map<String, Value>) -> Option<String> {
    let variable = rule.get("Variable")?.as_str()?;
    let (name, operand) = rule
        .iter()
        .find(|(name, _)| !matches!(name.as_str(), "Variable" | "Next" | "Assign" | "Output" | "Comment"))?;
    if let Some(what) = name.strip_prefix("Is") {
        let is = if operand == &Value::Bool(false) { "is not" } else { "is" };
        return Some(format!("{variable} {is} {}", what.to_lowercase()));
    }
    let name = name.strip_suffix("Path").unwrap_or(name);
    let sign = [
        ("LessThanEquals", "≤"),
        ("GreaterThanEquals", "≥"),
        ("LessThan", "<"),
        ("GreaterThan", ">"),
        ("Equals", "="),
        ("Matches", "like"),
    ]
    .into_iter()
    .find_map(|(end, sign)| name.ends_with(end).then_some(sign))?;
    let operand = match operand {
        Value::String(text) if text.starts_with('$') => text.clone(),
        other => other.to_string(),
    };
    Some(format!("{variable} {sign} {operand}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_read_out() {
        fn check(rule: Value, expected: &str) {
            let Value::Object(rule) = rule else { panic!("an object") };
            assert_eq!(words(&rule), expected);
        }
        check(json!({ "Condition": "{% $a\n  > 1 %}" }), "$a > 1");
        check(json!({ "Condition": true }), "true");
        check(json!({ "Variable": "$.a", "StringEquals": "x" }), "$.a = \"x\"");
        check(
            json!({ "Variable": "$.a", "NumericLessThanEqualsPath": "$.b", "Next": "N", "Comment": "c" }),
            "$.a ≤ $.b",
        );
        check(json!({ "Variable": "$.a", "IsPresent": false }), "$.a is not present");
        check(json!({ "Variable": "$.a", "IsNull": true }), "$.a is null");
        check(json!({ "Variable": "$.a", "StringMatches": "a*" }), "$.a like \"a*\"");
        check(
            json!({ "And": [
                { "Variable": "$.a", "NumericGreaterThan": 1 },
                { "Or": [{ "Variable": "$.b", "BooleanEquals": true }, { "Not": { "Variable": "$.c", "IsString": true } }] },
            ] }),
            "$.a > 1 and ($.b = true or not $.c is string)",
        );
        check(json!({}), "");
    }
}
