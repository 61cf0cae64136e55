//! Payload templates, paths and typed fields.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::fields::Fields;
use super::report::Report;
use crate::DiagnosticCode;
use crate::definition::{Dynamic, Expression, ExpressionKind, Path, QueryLanguage, ReferencePath, Template};
use crate::eval::{IntrinsicCall, JsonPathQuery, JsonataProgram, JsonataSyntaxError, parse_steps, reference_steps};

const NOT_A_REFERENCE: &str = "Value is not a Reference Path";

/// The longest variable name, in characters.
const MAX_VARIABLE_NAME: usize = 80;

/// Complains about a text that only opens an expression, or only closes one.
pub(super) fn check_delimiters(text: &str, location: &str, report: &mut Report) {
    if jsonata_source(text).is_none() && (text.starts_with("{%") || text.ends_with("%}")) {
        report.refuse(location, "JSONata string must start with {% and end with %}");
    }
}

/// The text between `{%` and `%}`, if `text` is an expression.
pub(super) fn jsonata_source(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

/// The template in `field`. `prefix` names the enclosing object in error texts, such as `Catch[0]/`.
pub(super) fn template(
    fields: &Fields<'_>,
    field: &str,
    prefix: &str,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Template> {
    let value = fields.get(field)?;
    match language {
        QueryLanguage::JsonPath => jsonpath_template(value, &fields.at(field), report),
        QueryLanguage::Jsonata => jsonata_template(value, &format!("{prefix}{field}"), &fields.at(field), report),
    }
}

/// `Assign`: a template whose keys are variable names.
pub(super) fn assign(
    fields: &Fields<'_>,
    prefix: &str,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Template> {
    let variables = fields.object("Assign", report)?;
    for key in variables.keys() {
        let name = match language {
            QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
            QueryLanguage::Jsonata => key,
        };
        if name == "states" {
            report.push(
                DiagnosticCode::ReservedVariableName,
                Some(variables.here()),
                "Cannot assign to reserved variable '$states'.",
            );
        } else if !is_variable_name(name) {
            report.push(
                DiagnosticCode::InvalidVariableName,
                Some(variables.here()),
                format!("Invalid variable name '{name}': the variable name contains invalid characters."),
            );
        }
    }
    template(fields, "Assign", prefix, language, report)
}

fn is_variable_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= MAX_VARIABLE_NAME
}

fn jsonpath_template(value: &Value, location: &str, report: &mut Report) -> Option<Template> {
    match value {
        Value::Object(map) => {
            let mut members = Vec::with_capacity(map.len());
            for (key, member) in map {
                let template = match key.strip_suffix(".$") {
                    Some(name) => (
                        name.to_owned(),
                        Template::Expression(Box::new(template_expression(key, member, location, report)?)),
                    ),
                    None => (
                        key.clone(),
                        jsonpath_template(member, &format!("{location}/{key}"), report)?,
                    ),
                };
                members.push(template);
            }
            Some(folded_object(members))
        }
        Value::Array(items) => {
            let mut templates = Vec::with_capacity(items.len());
            for (i, item) in items.iter().enumerate() {
                templates.push(jsonpath_template(item, &format!("{location}[{i}]"), report)?);
            }
            Some(folded_array(templates))
        }
        other => {
            if other.as_str().is_some_and(looks_evaluated) {
                report.warn(
                    DiagnosticCode::NoDollar,
                    location,
                    "The value looks like a JSONPath or an intrinsic function call, but the field's name does not end with '.$'",
                );
            }
            Some(Template::Constant(other.clone()))
        }
    }
}

/// Tells whether a constant text looks like an expression that lacks its `.$`.
fn looks_evaluated(text: &str) -> bool {
    looks_like_a_path(text) || (text.starts_with("States.") && path_or_intrinsic(text).is_some())
}

fn looks_like_a_path(text: &str) -> bool {
    let beginnings = ["$.", "$[", "$$."];
    beginnings.iter().any(|beginning| text.starts_with(beginning)) && path_or_intrinsic(text).is_some()
}

/// A warning where a field that also has a `…Path` form holds a path as its constant.
pub(super) fn warn_of_path(fields: &Fields<'_>, field: &str, report: &mut Report) {
    if fields.get(field).and_then(Value::as_str).is_some_and(looks_like_a_path) {
        report.warn(
            DiagnosticCode::NoPath,
            &fields.at(field),
            format!("The value looks like a path, but the field's name does not end with 'Path': '{field}Path' would read it"),
        );
    }
}

/// `Result`, with a warning where it looks as if it were to be evaluated.
pub(super) fn static_result(fields: &Fields<'_>, report: &mut Report) -> Option<Value> {
    let result = fields.get("Result")?;
    if looks_dynamic(result) {
        report.warn(
            DiagnosticCode::PassResultIsStatic,
            &fields.at("Result"),
            "The result of a Pass state is static: paths and intrinsic functions in it are not evaluated",
        );
    }
    Some(result.clone())
}

fn looks_dynamic(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(key, member)| key.ends_with(".$") || looks_dynamic(member)),
        Value::Array(items) => items.iter().any(looks_dynamic),
        Value::String(text) => looks_evaluated(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value of a key that ends in `.$`.
fn template_expression(key: &str, value: &Value, location: &str, report: &mut Report) -> Option<Expression> {
    let parsed = value.as_str().and_then(|text| Some((text, path_or_intrinsic(text)?)));
    match parsed {
        Some((text, kind)) => Some(Expression {
            field: key.to_owned(),
            source: text.to_owned(),
            kind,
        }),
        None => {
            report.schema(
                location,
                format!("The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"),
            );
            None
        }
    }
}

fn path_or_intrinsic(text: &str) -> Option<ExpressionKind> {
    let text = text.trim();
    if text.starts_with('$') {
        JsonPathQuery::parse(text)
            .ok()
            .map(|query| ExpressionKind::Path(Path::Query(query)))
    } else {
        IntrinsicCall::parse(text).ok().map(ExpressionKind::Intrinsic)
    }
}

fn jsonata_template(value: &Value, field: &str, location: &str, report: &mut Report) -> Option<Template> {
    match value {
        Value::String(text) => match jsonata_source(text) {
            Some(source) => {
                jsonata_expression(source, field, location, report).map(|e| Template::Expression(Box::new(e)))
            }
            None => {
                check_delimiters(text, location, report);
                Some(Template::Constant(value.clone()))
            }
        },
        Value::Object(map) => {
            let mut members = Vec::with_capacity(map.len());
            for (key, member) in map {
                let template =
                    jsonata_template(member, &format!("{field}/{key}"), &format!("{location}/{key}"), report)?;
                members.push((key.clone(), template));
            }
            Some(folded_object(members))
        }
        Value::Array(items) => {
            let mut templates = Vec::with_capacity(items.len());
            for (i, item) in items.iter().enumerate() {
                templates.push(jsonata_template(
                    item,
                    &format!("{field}[{i}]"),
                    &format!("{location}[{i}]"),
                    report,
                )?);
            }
            Some(folded_array(templates))
        }
        other => Some(Template::Constant(other.clone())),
    }
}

/// A JSONata expression for `field`.
pub(super) fn jsonata_expression(source: &str, field: &str, location: &str, report: &mut Report) -> Option<Expression> {
    match JsonataProgram::parse(source) {
        Ok(program) => {
            report.costly |= !program.is_linear();
            report.states_members(program.states_members(), location);
            Some(Expression {
                field: field.to_owned(),
                source: source.to_owned(),
                kind: ExpressionKind::Jsonata(program),
            })
        }
        Err(error) => {
            let code = match error {
                JsonataSyntaxError::Syntax(_) => DiagnosticCode::InvalidJsonataExpression,
                JsonataSyntaxError::TopLevelReference(_) | JsonataSyntaxError::DocumentReference => {
                    DiagnosticCode::UnsupportedJsonataExpression
                }
            };
            report.push(code, Some(location), error.to_string());
            None
        }
    }
}

fn folded_object(members: Vec<(String, Template)>) -> Template {
    if !members
        .iter()
        .all(|(_, member)| matches!(member, Template::Constant(_)))
    {
        return Template::Object(members);
    }
    let constant = members.into_iter().filter_map(|(key, member)| match member {
        Template::Constant(value) => Some((key, value)),
        _ => None,
    });
    Template::Constant(Value::Object(constant.collect()))
}

fn folded_array(items: Vec<Template>) -> Template {
    if !items.iter().all(|item| matches!(item, Template::Constant(_))) {
        return Template::Array(items);
    }
    let constant = items.into_iter().filter_map(|item| match item {
        Template::Constant(value) => Some(value),
        _ => None,
    });
    Template::Constant(Value::Array(constant.collect()))
}

/// `InputPath`, `OutputPath`: a path or null.
pub(super) fn nullable_path(fields: &Fields<'_>, field: &str, report: &mut Report) -> Option<Path> {
    if fields.get(field)?.is_null() {
        return Some(Path::Null);
    }
    path(fields, field, report).map(Path::Query)
}

/// A path.
pub(super) fn path(fields: &Fields<'_>, field: &str, report: &mut Report) -> Option<JsonPathQuery> {
    let text = fields.string(field, report)?;
    match JsonPathQuery::parse(text) {
        Ok(query) => Some(query),
        Err(_) => {
            report.schema(&fields.at(field), "Value must be a valid JSONPath.");
            None
        }
    }
}

/// A path of a choice rule, which has to begin as a reference path does.
pub(super) fn rule_path(fields: &Fields<'_>, field: &str, report: &mut Report) -> Option<JsonPathQuery> {
    if fields.string(field, report)?.trim_start().starts_with('$') {
        return path(fields, field, report);
    }
    report.schema(
        &fields.at(field),
        "Value is not a Reference Path: Reference path didn't start with '$'",
    );
    None
}

/// `ItemsPath`: a path to one place, which may be in the context object.
pub(super) fn items_path(fields: &Fields<'_>, report: &mut Report) -> Option<JsonPathQuery> {
    let query = path(fields, "ItemsPath", report)?;
    if query.searches() {
        report.refuse(&fields.at("ItemsPath"), NOT_A_REFERENCE);
    }
    Some(query)
}

/// `ResultPath`.
pub(super) fn result_path(fields: &Fields<'_>, report: &mut Report) -> ReferencePath {
    match fields.get("ResultPath") {
        None => return ReferencePath::Root,
        Some(Value::Null) => return ReferencePath::Discard,
        Some(_) => {}
    }
    let Some(text) = fields.string("ResultPath", report) else {
        return ReferencePath::Root;
    };
    match parse_steps(text) {
        Ok(steps) if steps.is_empty() => ReferencePath::Root,
        Ok(steps) => ReferencePath::Steps(steps),
        Err(_) => {
            let message = if text.trim_start().starts_with('$') {
                NOT_A_REFERENCE
            } else {
                "Value must be a valid JSONPath."
            };
            report.schema(&fields.at("ResultPath"), message);
            ReferencePath::Root
        }
    }
}

/// A `…Path` field: a reference path as an expression.
pub(super) fn reference_expression(fields: &Fields<'_>, field: &str, report: &mut Report) -> Option<Expression> {
    let query = path(fields, field, report)?;
    if reference_steps(&query).is_none() {
        report.schema(&fields.at(field), NOT_A_REFERENCE);
        return None;
    }
    Some(Expression {
        field: field.to_owned(),
        source: query.text().to_owned(),
        kind: ExpressionKind::Path(Path::Query(query)),
    })
}

/// `ErrorPath` and `CausePath`: a path or an intrinsic call.
pub(super) fn text_expression(fields: &Fields<'_>, field: &str, report: &mut Report) -> Option<Expression> {
    let text = fields.string(field, report)?;
    match path_or_intrinsic(text) {
        Some(kind) => Some(Expression {
            field: field.to_owned(),
            source: text.to_owned(),
            kind,
        }),
        None => {
            report.schema(
                &fields.at(field),
                "Value is not a valid JSONPath or intrinsic function call",
            );
            None
        }
    }
}

/// The expression in `field`, if it holds one: JSONata only.
fn expression_field(
    fields: &Fields<'_>,
    field: &str,
    prefix: &str,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Option<Expression>> {
    let text = fields.get(field)?.as_str()?;
    let Some(source) = jsonata_source(text) else {
        if language == QueryLanguage::Jsonata {
            check_delimiters(text, &fields.at(field), report);
        }
        return None;
    };
    match language {
        QueryLanguage::JsonPath => None,
        QueryLanguage::Jsonata => Some(jsonata_expression(
            source,
            &format!("{prefix}{field}"),
            &fields.at(field),
            report,
        )),
    }
}

/// A whole number: `Field`, `FieldPath`, or `Field` as an expression.
pub(super) fn dynamic_integer(
    fields: &Fields<'_>,
    field: &str,
    prefix: &str,
    range: RangeInclusive<u64>,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Dynamic<u64>> {
    fields.at_most_one(&[field, &format!("{field}Path")], report);
    integer_in_one_form(fields, field, prefix, range, language, report)
}

/// The same, where the caller sees to it that there is one form only.
pub(super) fn integer_in_one_form(
    fields: &Fields<'_>,
    field: &str,
    prefix: &str,
    range: RangeInclusive<u64>,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Dynamic<u64>> {
    let path_field = format!("{field}Path");
    if fields.has(&path_field) {
        return reference_expression(fields, &path_field, report).map(Dynamic::Expression);
    }
    match expression_field(fields, field, prefix, language, report) {
        Some(expression) => expression.map(Dynamic::Expression),
        None => fields.integer(field, range, report).map(Dynamic::Constant),
    }
}

/// Complains about the numbers of a Map that are read from the context object: AWS reads them from the input only.
pub(super) fn not_from_context(fields: &Fields<'_>, names: &[&str], report: &mut Report) {
    for name in names {
        let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.trim_start().starts_with("$$") {
            report.refuse(&fields.at(name), NOT_A_REFERENCE);
        }
    }
}

/// A percentage, in the same three forms.
pub(super) fn dynamic_percentage(
    fields: &Fields<'_>,
    field: &str,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Dynamic<f64>> {
    let path_field = format!("{field}Path");
    fields.at_most_one(&[field, &path_field], report);
    if fields.has(&path_field) {
        return reference_expression(fields, &path_field, report).map(Dynamic::Expression);
    }
    match expression_field(fields, field, "", language, report) {
        Some(expression) => expression.map(Dynamic::Expression),
        None => fields.number(field, 0.0..=100.0, report).map(Dynamic::Constant),
    }
}

/// A text: constant or a JSONata expression.
pub(super) fn dynamic_string(
    fields: &Fields<'_>,
    field: &str,
    language: QueryLanguage,
    report: &mut Report,
) -> Option<Dynamic<String>> {
    match expression_field(fields, field, "", language, report) {
        Some(expression) => expression.map(Dynamic::Expression),
        None => fields
            .string(field, report)
            .map(|text| Dynamic::Constant(text.to_owned())),
    }
}
