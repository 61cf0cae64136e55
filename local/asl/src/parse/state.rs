//! What all states share, and the small state types.

use super::fields::{Fields, MAX_SECONDS};
use super::report::Report;
use super::{choice, flow, map, retry, task, template};
use crate::definition::{
    Dynamic, Fail, Name, Parallel, Pass, QueryLanguage, State, StateKind, Succeed, Transition, Wait, WaitFor,
};
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

/// Which language a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belongs {
    Both,
    JsonPath,
    Jsonata,
}

const STEPS: &[Type] = &[Type::Pass, Type::Task, Type::Wait, Type::Parallel, Type::Map];
const WORKERS: &[Type] = &[Type::Task, Type::Parallel, Type::Map];
const PRODUCERS: &[Type] = &[Type::Pass, Type::Task, Type::Parallel, Type::Map];
const ASSIGNERS: &[Type] = &[
    Type::Pass,
    Type::Task,
    Type::Choice,
    Type::Wait,
    Type::Parallel,
    Type::Map,
];
const SPEAKERS: &[Type] = &[
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
const FIELDS: &[(&str, Belongs, &[Type])] = &[
    ("Type", Belongs::Both, ALL),
    ("Comment", Belongs::Both, ALL),
    ("QueryLanguage", Belongs::Both, ALL),
    ("InputPath", Belongs::JsonPath, SPEAKERS),
    ("OutputPath", Belongs::JsonPath, SPEAKERS),
    ("Output", Belongs::Jsonata, SPEAKERS),
    ("Assign", Belongs::Both, ASSIGNERS),
    ("Next", Belongs::Both, STEPS),
    ("End", Belongs::Both, STEPS),
    ("ResultPath", Belongs::JsonPath, PRODUCERS),
    ("Parameters", Belongs::JsonPath, PRODUCERS),
    ("ResultSelector", Belongs::JsonPath, WORKERS),
    ("Arguments", Belongs::Jsonata, &[Type::Task, Type::Parallel]),
    ("Retry", Belongs::Both, WORKERS),
    ("Catch", Belongs::Both, WORKERS),
    ("Result", Belongs::JsonPath, &[Type::Pass]),
    ("Resource", Belongs::Both, &[Type::Task]),
    ("TimeoutSeconds", Belongs::Both, &[Type::Task]),
    ("TimeoutSecondsPath", Belongs::JsonPath, &[Type::Task]),
    ("HeartbeatSeconds", Belongs::Both, &[Type::Task]),
    ("HeartbeatSecondsPath", Belongs::JsonPath, &[Type::Task]),
    ("Credentials", Belongs::Both, &[Type::Task]),
    ("Choices", Belongs::Both, &[Type::Choice]),
    ("Default", Belongs::Both, &[Type::Choice]),
    ("Seconds", Belongs::Both, &[Type::Wait]),
    ("SecondsPath", Belongs::JsonPath, &[Type::Wait]),
    ("Timestamp", Belongs::Both, &[Type::Wait]),
    ("TimestampPath", Belongs::JsonPath, &[Type::Wait]),
    ("Error", Belongs::Both, &[Type::Fail]),
    ("ErrorPath", Belongs::JsonPath, &[Type::Fail]),
    ("Cause", Belongs::Both, &[Type::Fail]),
    ("CausePath", Belongs::JsonPath, &[Type::Fail]),
    ("Branches", Belongs::Both, &[Type::Parallel]),
    ("Items", Belongs::Jsonata, &[Type::Map]),
    ("ItemsPath", Belongs::JsonPath, &[Type::Map]),
    ("ItemSelector", Belongs::Both, &[Type::Map]),
    ("ItemProcessor", Belongs::Both, &[Type::Map]),
    ("Iterator", Belongs::Both, &[Type::Map]),
    ("ItemReader", Belongs::Both, &[Type::Map]),
    ("ItemBatcher", Belongs::Both, &[Type::Map]),
    ("ResultWriter", Belongs::Both, &[Type::Map]),
    ("MaxConcurrency", Belongs::Both, &[Type::Map]),
    ("MaxConcurrencyPath", Belongs::JsonPath, &[Type::Map]),
    ("Label", Belongs::Both, &[Type::Map]),
    ("ToleratedFailureCount", Belongs::Both, &[Type::Map]),
    ("ToleratedFailureCountPath", Belongs::JsonPath, &[Type::Map]),
    ("ToleratedFailurePercentage", Belongs::Both, &[Type::Map]),
    ("ToleratedFailurePercentagePath", Belongs::JsonPath, &[Type::Map]),
];

/// `QueryLanguage`, if it is there and valid.
pub(super) fn query_language(fields: &Fields<'_>, report: &mut Report) -> Option<QueryLanguage> {
    match fields.string("QueryLanguage", report)? {
        "JSONPath" => Some(QueryLanguage::JsonPath),
        "JSONata" => Some(QueryLanguage::Jsonata),
        _ => {
            report.schema(&fields.at("QueryLanguage"), "Value must be one of [JSONPath, JSONata]");
            None
        }
    }
}

/// One state.
pub(super) fn parse(name: &Name, fields: &Fields<'_>, report: &mut Report) -> Option<State> {
    if !fields.require(&["Type"], report) {
        return None;
    }
    let type_name = fields.string("Type", report)?;
    let Some(kind) = Type::from_name(type_name) else {
        report.schema(&fields.at("Type"), format!("State type '{type_name}' is not supported"));
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
    let assign = template::assign(fields, "", language, report);
    let output = template::template(fields, "Output", "", language, report);
    let kind = match kind {
        Type::Pass => StateKind::Pass(pass(fields, language, report)?),
        Type::Task => StateKind::Task(Box::new(task::parse(fields, language, report)?)),
        Type::Choice => StateKind::Choice(choice::parse(fields, language, report)?),
        Type::Wait => StateKind::Wait(wait(fields, language, report)?),
        Type::Succeed => StateKind::Succeed(Succeed),
        Type::Fail => StateKind::Fail(fail(fields, language, report)),
        Type::Parallel => StateKind::Parallel(Box::new(parallel(fields, language, report)?)),
        Type::Map => StateKind::Map(Box::new(map::parse(fields, language, report)?)),
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
            (Some((_, Belongs::Jsonata, types)), QueryLanguage::JsonPath) if types.contains(&kind) => {
                ("JSONPath", "JSONata")
            }
            (Some((_, Belongs::JsonPath, types)), QueryLanguage::Jsonata) if types.contains(&kind) => {
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

/// `Next` or `End`.
pub(super) fn transition(fields: &Fields<'_>, report: &mut Report) -> Option<Transition> {
    let next = fields.string("Next", report);
    let end = fields.boolean("End", report);
    match (next, end) {
        (Some(_), Some(true)) => {
            report.schema(fields.here(), "Only one of these fields can be specified: [Next, End]");
            None
        }
        (Some(next), _) => Some(Transition::Next(next.into())),
        (None, Some(true)) => Some(Transition::End),
        (None, _) => {
            if !fields.has("Next") && (end.is_some() || !fields.has("End")) {
                report.schema(fields.here(), "One of these fields is required: [Next, End]");
            }
            None
        }
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
    const FORMS: [&str; 4] = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
    fields.at_most_one(&FORMS, report);
    if !FORMS.iter().any(|form| fields.has(form)) {
        report.schema(
            fields.here(),
            format!("One of these fields is required: [{}]", FORMS.join(", ")),
        );
    }
    let until = if fields.has("Seconds") || fields.has("SecondsPath") {
        template::dynamic_integer(fields, "Seconds", "", 0..=MAX_SECONDS, language, report).map(WaitFor::Seconds)
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

fn parallel(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Option<Parallel> {
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
        match flow::parse(branch, report) {
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
