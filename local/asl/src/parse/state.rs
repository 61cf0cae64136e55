//! The fields that all states share, and the small state types.

use super::common::{FlowParser, query_language, transition};
use super::fields::{Fields, MAX_SECONDS};
use super::report::{Report, StatesMember};
use super::{choice, map, retry, task, template};
use crate::definition::{Dynamic, Fail, Name, Parallel, Pass, QueryLanguage, State, StateKind, Succeed, Wait, WaitFor};
use crate::eval::parse_timestamp;

/// The types of states, before anything else about them is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl Type {
    /// True when `$states.result` is there once the state's work is done.
    fn has_result(self) -> bool {
        WITH_RETRY.contains(&self)
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "Pass" => Type::Pass,
            "Task" => Type::Task,
            "Choice" => Type::Choice,
            "Wait" => Type::Wait,
            "Succeed" => Type::Succeed,
            "Fail" => Type::Fail,
            "Parallel" => Type::Parallel,
            "Map" => Type::Map,
            _ => return None,
        })
    }
}

/// The languages that a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Languages {
    Both,
    JsonPath,
    Jsonata,
}

const WITH_TRANSITION: &[Type] = &[Type::Pass, Type::Task, Type::Wait, Type::Parallel, Type::Map];
const WITH_RETRY: &[Type] = &[Type::Task, Type::Parallel, Type::Map];
const WITH_RESULT: &[Type] = &[Type::Pass, Type::Task, Type::Parallel, Type::Map];
const WITH_ASSIGN: &[Type] = &[
    Type::Pass,
    Type::Task,
    Type::Choice,
    Type::Wait,
    Type::Parallel,
    Type::Map,
];
const WITH_OUTPUT: &[Type] = &[
    Type::Pass,
    Type::Task,
    Type::Choice,
    Type::Wait,
    Type::Succeed,
    Type::Parallel,
    Type::Map,
];
const ALL: &[Type] = &[
    Type::Pass,
    Type::Task,
    Type::Choice,
    Type::Wait,
    Type::Succeed,
    Type::Fail,
    Type::Parallel,
    Type::Map,
];

/// Every field of the language, whose it is, and the types that take it.
const FIELDS: &[(&str, Languages, &[Type])] = &[
    ("Type", Languages::Both, ALL),
    ("Comment", Languages::Both, ALL),
    ("QueryLanguage", Languages::Both, ALL),
    ("InputPath", Languages::JsonPath, WITH_OUTPUT),
    ("OutputPath", Languages::JsonPath, WITH_OUTPUT),
    ("Output", Languages::Jsonata, WITH_OUTPUT),
    ("Assign", Languages::Both, WITH_ASSIGN),
    ("Next", Languages::Both, WITH_TRANSITION),
    ("End", Languages::Both, WITH_TRANSITION),
    ("ResultPath", Languages::JsonPath, WITH_RESULT),
    ("Parameters", Languages::JsonPath, WITH_RESULT),
    ("ResultSelector", Languages::JsonPath, WITH_RETRY),
    ("Arguments", Languages::Jsonata, &[Type::Task, Type::Parallel]),
    ("Retry", Languages::Both, WITH_RETRY),
    ("Catch", Languages::Both, WITH_RETRY),
    ("Result", Languages::JsonPath, &[Type::Pass]),
    ("Resource", Languages::Both, &[Type::Task]),
    ("TimeoutSeconds", Languages::Both, &[Type::Task]),
    ("TimeoutSecondsPath", Languages::JsonPath, &[Type::Task]),
    ("HeartbeatSeconds", Languages::Both, &[Type::Task]),
    ("HeartbeatSecondsPath", Languages::JsonPath, &[Type::Task]),
    ("Credentials", Languages::Both, &[Type::Task]),
    ("Choices", Languages::Both, &[Type::Choice]),
    ("Default", Languages::Both, &[Type::Choice]),
    ("Seconds", Languages::Both, &[Type::Wait]),
    ("SecondsPath", Languages::JsonPath, &[Type::Wait]),
    ("Timestamp", Languages::Both, &[Type::Wait]),
    ("TimestampPath", Languages::JsonPath, &[Type::Wait]),
    ("Error", Languages::Both, &[Type::Fail]),
    ("ErrorPath", Languages::JsonPath, &[Type::Fail]),
    ("Cause", Languages::Both, &[Type::Fail]),
    ("CausePath", Languages::JsonPath, &[Type::Fail]),
    ("Branches", Languages::Both, &[Type::Parallel]),
    ("Items", Languages::Jsonata, &[Type::Map]),
    ("ItemsPath", Languages::JsonPath, &[Type::Map]),
    ("ItemSelector", Languages::Both, &[Type::Map]),
    ("ItemProcessor", Languages::Both, &[Type::Map]),
    ("Iterator", Languages::Both, &[Type::Map]),
    ("ItemReader", Languages::Both, &[Type::Map]),
    ("ItemBatcher", Languages::Both, &[Type::Map]),
    ("ResultWriter", Languages::Both, &[Type::Map]),
    ("MaxConcurrency", Languages::Both, &[Type::Map]),
    ("MaxConcurrencyPath", Languages::JsonPath, &[Type::Map]),
    ("Label", Languages::Both, &[Type::Map]),
    ("ToleratedFailureCount", Languages::Both, &[Type::Map]),
    ("ToleratedFailureCountPath", Languages::JsonPath, &[Type::Map]),
    ("ToleratedFailurePercentage", Languages::Both, &[Type::Map]),
    ("ToleratedFailurePercentagePath", Languages::JsonPath, &[Type::Map]),
];

/// One state; `flow` parses the flows within it.
pub(super) fn parse(name: &Name, fields: &Fields<'_>, report: &mut Report, flow: FlowParser) -> Option<State> {
    if !fields.require(&["Type"], report) {
        return None;
    }
    let type_name = fields.string("Type", report)?;
    let Some(kind) = Type::from_name(type_name) else {
        report.schema(
            &fields.at("Type"),
            "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
        );
        return None;
    };
    let language = query_language(fields, report).unwrap_or(report.language);
    if report.language == QueryLanguage::Jsonata && language == QueryLanguage::JsonPath {
        report.schema(
            fields.here(),
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        );
    }
    check_fields(kind, language, fields, report);
    let comment = fields.string("Comment", report).map(str::to_owned);
    let input_path = template::nullable_path(fields, "InputPath", report);
    let output_path = template::nullable_path(fields, "OutputPath", report);
    let result = kind.has_result().then_some(StatesMember::Result);
    let (assign, output) = report.with(result, |report| {
        let assign = template::assign(fields, "", language, report);
        (assign, template::template(fields, "Output", "", language, report))
    });
    let kind = match kind {
        Type::Pass => StateKind::Pass(pass(fields, language, report)?),
        Type::Task => StateKind::Task(Box::new(task::parse(fields, language, report)?)),
        Type::Choice => StateKind::Choice(choice::parse(fields, language, report)?),
        Type::Wait => StateKind::Wait(wait(fields, language, report)?),
        Type::Succeed => StateKind::Succeed(Succeed),
        Type::Fail => StateKind::Fail(fail(fields, language, report)),
        Type::Parallel => StateKind::Parallel(Box::new(parallel(fields, language, report, flow)?)),
        Type::Map => StateKind::Map(Box::new(map::parse(fields, language, report, flow)?)),
    };
    Some(State {
        name: name.clone(),
        comment,
        query_language: language,
        input_path,
        output_path,
        assign,
        output,
        kind,
    })
}

fn check_fields(kind: Type, language: QueryLanguage, fields: &Fields<'_>, report: &mut Report) {
    for key in fields.keys() {
        let known = FIELDS.iter().find(|(field, ..)| *field == key);
        let (is, only) = match (known, language) {
            (Some((_, Languages::Jsonata, types)), QueryLanguage::JsonPath) if types.contains(&kind) => {
                ("JSONPath", "JSONata")
            }
            (Some((_, Languages::JsonPath, types)), QueryLanguage::Jsonata) if types.contains(&kind) => {
                ("JSONata", "JSONPath")
            }
            (Some((_, _, types)), _) if types.contains(&kind) => continue,
            _ => {
                report.schema(fields.here(), format!("Field '{key}' is not supported"));
                continue;
            }
        };
        report.schema(
            fields.here(),
            format!(
                "The QueryLanguage is set to '{is}', but field '{key}' is only supported for the '{only}' QueryLanguage"
            ),
        );
    }
}

fn pass(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Option<Pass> {
    let parameters = template::template(fields, "Parameters", "", language, report);
    let result_path = template::result_path(fields, report);
    let transition = transition(fields, report);
    Some(Pass {
        result: template::static_result(fields, report),
        parameters,
        result_path,
        transition: transition?,
    })
}

fn wait(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Option<Wait> {
    // in AWS's order
    fields.exactly_one(&["SecondsPath", "Seconds", "TimestampPath", "Timestamp"], report);
    let until = if fields.has("Seconds") || fields.has("SecondsPath") {
        template::integer_in_one_form(fields, "Seconds", "", 0..=MAX_SECONDS, language, report).map(WaitFor::Seconds)
    } else if fields.has("TimestampPath") {
        template::reference_expression(fields, "TimestampPath", report)
            .map(|e| WaitFor::Timestamp(Dynamic::Expression(e)))
    } else {
        let timestamp = template::dynamic_string(fields, "Timestamp", language, report);
        if let Some(Dynamic::Constant(text)) = &timestamp
            && parse_timestamp(text).is_none()
        {
            report.schema(&fields.at("Timestamp"), "String does not match RFC3339 timestamp");
        }
        timestamp.map(WaitFor::Timestamp)
    };
    let transition = transition(fields, report);
    Some(Wait {
        until: until?,
        transition: transition?,
    })
}

fn fail(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Fail {
    let mut text = |field: &str, path_field: &str| {
        fields.at_most_one(&[field, path_field], report);
        if fields.has(path_field) {
            template::text_expression(fields, path_field, report).map(Dynamic::Expression)
        } else {
            if language == QueryLanguage::JsonPath {
                template::warn_of_path(fields, field, report);
            }
            template::dynamic_string(fields, field, language, report)
        }
    };
    let error = text("Error", "ErrorPath");
    let cause = text("Cause", "CausePath");
    Fail { error, cause }
}

fn parallel(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report, flow: FlowParser) -> Option<Parallel> {
    fields.require(&["Branches"], report);
    let branches = fields.objects("Branches", report);
    if branches.as_ref().is_some_and(Vec::is_empty)
        && fields.get("Branches").is_some_and(|v| *v == serde_json::json!([]))
    {
        report.schema(&fields.at("Branches"), "Value cannot be empty");
    }
    let mut flows = Vec::new();
    let mut complete = true;
    for branch in branches.iter().flatten() {
        branch.allow(&["StartAt", "States", "Comment"], report);
        branch.require(&["StartAt", "States"], report);
        match flow(branch, report) {
            Some(flow) => flows.push(flow.into()),
            None => complete = false,
        }
    }
    let arguments = match language {
        QueryLanguage::JsonPath => template::template(fields, "Parameters", "", language, report),
        QueryLanguage::Jsonata => template::template(fields, "Arguments", "", language, report),
    };
    let result_selector = template::template(fields, "ResultSelector", "", language, report);
    let result_path = template::result_path(fields, report);
    let retry = retry::retriers(fields, report);
    let catch = retry::catchers(fields, language, report);
    let transition = transition(fields, report)?;
    (complete && branches.is_some()).then_some(Parallel {
        branches: flows,
        arguments,
        result_selector,
        result_path,
        retry,
        catch,
        transition,
    })
}
