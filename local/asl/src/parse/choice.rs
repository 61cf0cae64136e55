//! `Choice`.

use serde_json::Value;

use super::fields::Fields;
use super::report::Report;
use super::template;
use crate::definition::{Choice, ChoiceRule, Comparison, Condition, Operand, Operator, Path, QueryLanguage};
use crate::eval::parse_timestamp;

/// The type of an operator's right side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Text,
    Number,
    Boolean,
    Timestamp,
}

/// The operators; those of `IS` have no `…Path` form.
const OPERATORS: [(&str, Operator, Right); 17] = [
    ("StringEquals", Operator::StringEquals, Right::Text),
    ("StringLessThan", Operator::StringLessThan, Right::Text),
    ("StringGreaterThan", Operator::StringGreaterThan, Right::Text),
    ("StringLessThanEquals", Operator::StringLessThanEquals, Right::Text),
    (
        "StringGreaterThanEquals",
        Operator::StringGreaterThanEquals,
        Right::Text,
    ),
    ("StringMatches", Operator::StringMatches, Right::Text),
    ("NumericEquals", Operator::NumericEquals, Right::Number),
    ("NumericLessThan", Operator::NumericLessThan, Right::Number),
    ("NumericGreaterThan", Operator::NumericGreaterThan, Right::Number),
    ("NumericLessThanEquals", Operator::NumericLessThanEquals, Right::Number),
    (
        "NumericGreaterThanEquals",
        Operator::NumericGreaterThanEquals,
        Right::Number,
    ),
    ("BooleanEquals", Operator::BooleanEquals, Right::Boolean),
    ("TimestampEquals", Operator::TimestampEquals, Right::Timestamp),
    ("TimestampLessThan", Operator::TimestampLessThan, Right::Timestamp),
    ("TimestampGreaterThan", Operator::TimestampGreaterThan, Right::Timestamp),
    (
        "TimestampLessThanEquals",
        Operator::TimestampLessThanEquals,
        Right::Timestamp,
    ),
    (
        "TimestampGreaterThanEquals",
        Operator::TimestampGreaterThanEquals,
        Right::Timestamp,
    ),
];

const IS: [(&str, Operator); 6] = [
    ("IsNull", Operator::IsNull),
    ("IsPresent", Operator::IsPresent),
    ("IsNumeric", Operator::IsNumeric),
    ("IsString", Operator::IsString),
    ("IsBoolean", Operator::IsBoolean),
    ("IsTimestamp", Operator::IsTimestamp),
];

/// The fields of which a rule has one.
const SELECTORS: [&str; 5] = ["And", "Or", "Not", "Variable", "Condition"];

/// The fields of a rule beside its condition.
const FRAME: [&str; 4] = ["Next", "Assign", "Output", "Comment"];

pub(super) fn parse(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Option<Choice> {
    fields.require(&["Choices"], report);
    let default = fields.string("Default", report).map(Into::into);
    let entries = fields.objects("Choices", report)?;
    if entries.is_empty() {
        report.schema(&fields.at("Choices"), "Value cannot be empty");
    }
    let rules: Option<Vec<_>> = entries
        .iter()
        .enumerate()
        .map(|(i, entry)| rule(entry, i, language, report))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    Some(Choice { rules: rules?, default })
}

fn rule(entry: &Fields<'_>, position: usize, language: QueryLanguage, report: &mut Report) -> Option<ChoiceRule> {
    let prefix = format!("Choices[{position}]/");
    let assign = template::assign(entry, &prefix, language, report);
    let output = template::template(entry, "Output", &prefix, language, report);
    let next = entry.string("Next", report);
    let condition = match language {
        QueryLanguage::Jsonata => {
            check_fields(entry, language, &["Condition"], report);
            entry.require(&["Condition", "Next"], report);
            jsonata_condition(entry, &prefix, report)
        }
        QueryLanguage::JsonPath => {
            entry.require(&["Next"], report);
            if entry.has("Condition") {
                check_fields(entry, language, &[], report);
                return None;
            }
            condition(entry, &FRAME, report)
        }
    };
    Some(ChoiceRule {
        condition: condition?,
        assign,
        output,
        next: next?.into(),
    })
}

/// Complains about the fields of a rule that its language does not have; `own` are those that it has besides the frame's.
fn check_fields(entry: &Fields<'_>, language: QueryLanguage, own: &[&str], report: &mut Report) {
    let (is, only) = match language {
        QueryLanguage::JsonPath => ("JSONPath", "JSONata"),
        QueryLanguage::Jsonata => ("JSONata", "JSONPath"),
    };
    for key in entry.keys().filter(|key| !FRAME.contains(key) && !own.contains(key)) {
        let elsewhere = SELECTORS.contains(&key) || operator(key).is_some();
        let message = if elsewhere && (language == QueryLanguage::Jsonata || key == "Condition") {
            format!(
                "The QueryLanguage is set to '{is}', but field '{key}' is only supported for the '{only}' QueryLanguage"
            )
        } else if elsewhere {
            continue;
        } else {
            format!("Field '{key}' is not supported")
        };
        report.schema(entry.here(), message);
    }
}

fn jsonata_condition(entry: &Fields<'_>, prefix: &str, report: &mut Report) -> Option<Condition> {
    let location = entry.at("Condition");
    match entry.get("Condition")? {
        Value::Bool(value) => Some(Condition::Constant(*value)),
        Value::String(text) if template::jsonata_source(text).is_some() => {
            let source = template::jsonata_source(text)?;
            template::jsonata_expression(source, &format!("{prefix}Condition"), &location, report)
                .map(|expression| Condition::Expression(Box::new(expression)))
        }
        other => {
            if let Value::String(text) = other {
                template::check_delimiters(text, &location, report);
            }
            report.schema(&location, "Value must be a JSONata expression or a boolean");
            None
        }
    }
}

/// `And`, `Or`, `Not` or a comparison. The JSON parser bounds how deep these nest.
fn condition(entry: &Fields<'_>, frame: &[&str], report: &mut Report) -> Option<Condition> {
    if SELECTORS.iter().filter(|field| entry.has(field)).count() != 1 {
        let fields = SELECTORS.join(", ");
        report.schema(
            entry.here(),
            format!("The object must have only one of the following fields, [{fields}]"),
        );
        return None;
    }
    if entry.has("And") {
        known_only(entry, "And", frame, report);
        return conditions(entry, "And", report).map(Condition::And);
    }
    if entry.has("Or") {
        known_only(entry, "Or", frame, report);
        return conditions(entry, "Or", report).map(Condition::Or);
    }
    if entry.has("Not") {
        known_only(entry, "Not", frame, report);
        let inner = entry.object("Not", report)?;
        return condition(&inner, &["Comment"], report).map(|inner| Condition::Not(Box::new(inner)));
    }
    comparison(entry, frame, report).map(Condition::Test)
}

fn known_only(entry: &Fields<'_>, field: &str, frame: &[&str], report: &mut Report) {
    let known: Vec<&str> = frame.iter().copied().chain([field]).collect();
    entry.allow(&known, report);
}

fn conditions(entry: &Fields<'_>, field: &str, report: &mut Report) -> Option<Vec<Condition>> {
    let inner = entry.objects(field, report)?;
    if inner.is_empty() {
        report.schema(&entry.at(field), "Value cannot be empty");
    }
    let parsed: Vec<Option<Condition>> = inner
        .iter()
        .map(|entry| condition(entry, &["Comment"], report))
        .collect();
    parsed.into_iter().collect()
}

fn comparison(entry: &Fields<'_>, frame: &[&str], report: &mut Report) -> Option<Comparison> {
    let variable = template::rule_path(entry, "Variable", report).map(Path::Query);
    let mut found = Vec::new();
    for key in entry.keys().filter(|key| *key != "Variable" && !frame.contains(key)) {
        match operator(key) {
            Some(operator) => found.push((key, operator)),
            None => report.schema(entry.here(), format!("Field '{key}' is not supported")),
        }
    }
    let [(key, (operator, right))] = found[..] else {
        report.schema(entry.here(), "Exactly one comparison operator must be specified");
        return None;
    };
    let operand = match right {
        None => Operand::Path(Path::Query(template::rule_path(entry, key, report)?)),
        Some(right) => {
            if operator != Operator::StringMatches {
                template::warn_of_path(entry, key, report);
            }
            Operand::Constant(constant(entry, key, right, report)?)
        }
    };
    Some(Comparison {
        variable: variable?,
        operator,
        operand,
    })
}

/// The operator that `key` names, and the type of its constant; none for a path.
fn operator(key: &str) -> Option<(Operator, Option<Right>)> {
    if let Some((_, operator)) = IS.iter().find(|(name, _)| *name == key) {
        return Some((*operator, Some(Right::Boolean)));
    }
    if let Some((_, operator, right)) = OPERATORS.iter().find(|(name, ..)| *name == key) {
        return Some((*operator, Some(*right)));
    }
    let name = key.strip_suffix("Path")?;
    let (_, operator, _) = OPERATORS.iter().find(|(known, ..)| *known == name)?;
    (*operator != Operator::StringMatches).then_some((*operator, None))
}

fn constant(entry: &Fields<'_>, key: &str, right: Right, report: &mut Report) -> Option<Value> {
    let value = entry.get(key)?;
    let (fits, kind) = match right {
        Right::Text => (value.is_string(), "String"),
        Right::Number => (value.is_number(), "Number"),
        Right::Boolean => (value.is_boolean(), "Boolean"),
        Right::Timestamp => (value.is_string(), "String"),
    };
    if !fits {
        report.schema(&entry.at(key), format!("Expected value of type {kind}"));
        return None;
    }
    if right == Right::Timestamp && value.as_str().and_then(parse_timestamp).is_none() {
        report.schema(&entry.at(key), "String does not match RFC3339 timestamp");
        return None;
    }
    Some(value.clone())
}
