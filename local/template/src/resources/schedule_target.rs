//! The targets of schedules: the calls that are made at their times
//! (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html>).

use serde_json::{Map, Value};

use crate::fields::Fields;

/// The target of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleTarget {
    /// CloudFormation's DeleteStack.
    DeleteStack {
        /// The stack's name or id.
        stack: String,
    },
    /// An asynchronous invocation of a function.
    Invoke {
        /// The function's ARN.
        function_arn: String,
        /// The payload: JSON.
        input: String,
    },
    /// Step Functions' StartExecution.
    StartExecution {
        /// The state machine's ARN.
        machine_arn: String,
        /// The name; one is made for each when absent.
        name: Option<String>,
        /// The input: JSON.
        input: String,
    },
}

/// The universal targets that are known, by what follows `arn:…:scheduler:::aws-sdk:`.
const DELETE_STACK: &str = "cloudformation:deleteStack";
const START_EXECUTION: &str = "sfn:startExecution";
const KNOWN: &str = "use aws-sdk:cloudformation:deleteStack, aws-sdk:sfn:startExecution, or the ARN of a function or a \
                     state machine";

impl ScheduleTarget {
    /// Reads `Target`; `None` when something was reported.
    pub(crate) fn read(target: &Fields<'_>) -> Option<ScheduleTarget> {
        let arn = target.required_text("Arn")?;
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "scheduler", "", "", call] => match call.strip_prefix("aws-sdk:") {
                Some(DELETE_STACK) => delete_stack(target),
                Some(START_EXECUTION) => start_execution(target),
                _ => unknown(target, &arn),
            },
            ["arn", _, "lambda", _, _, name] if name.starts_with("function:") => Some(ScheduleTarget::Invoke {
                input: json_input(target)?,
                function_arn: arn,
            }),
            ["arn", _, "states", _, _, name] if name.starts_with("stateMachine:") => {
                Some(ScheduleTarget::StartExecution {
                    input: json_input(target)?,
                    name: None,
                    machine_arn: arn,
                })
            }
            _ => unknown(target, &arn),
        }
    }
}

fn unknown(target: &Fields<'_>, arn: &str) -> Option<ScheduleTarget> {
    target.refuse("Arn", &format!("the target {}", crate::node::Quoted(arn)), KNOWN);
    None
}

/// `Input`, which is JSON; `{}` when absent, as AWS sends an event of its own making that nothing here reads.
fn json_input(target: &Fields<'_>) -> Option<String> {
    let Some((at, text)) = target.sited_text("Input") else {
        return Some("{}".to_owned());
    };
    target.parse_json(at, "Input", &text).map(|_| text)
}

/// `Input` of a universal target: the call's request, with no keys but `known`.
fn request(target: &Fields<'_>, required: &str, known: &[&str]) -> Option<Map<String, Value>> {
    let (at, text) = target.required("Input", target.sited_text("Input"))?;
    let Value::Object(request) = target.parse_json(at, "Input", &text)? else {
        target.not_allowed("Input", &text, "it must be a JSON object: the call's request");
        return None;
    };
    if let Some(other) = request.keys().find(|key| !known.contains(&key.as_str())) {
        let rule = format!("the request has no `{other}` here; known: {}", known.join(", "));
        target.not_allowed("Input", &text, &rule);
        return None;
    }
    if !request.get(required).is_some_and(Value::is_string) {
        target.not_allowed("Input", &text, &format!("the request needs a `{required}`"));
        return None;
    }
    Some(request)
}

fn text(request: &Map<String, Value>, key: &str) -> Option<String> {
    request.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn delete_stack(target: &Fields<'_>) -> Option<ScheduleTarget> {
    // access is not checked locally, so the role says nothing; and each beat is a request of its own
    let request = request(target, "StackName", &["ClientRequestToken", "RoleARN", "StackName"])?;
    Some(ScheduleTarget::DeleteStack {
        stack: text(&request, "StackName")?,
    })
}

fn start_execution(target: &Fields<'_>) -> Option<ScheduleTarget> {
    let known = ["Input", "Name", "StateMachineArn", "TraceHeader"];
    let request = request(target, "StateMachineArn", &known)?;
    Some(ScheduleTarget::StartExecution {
        machine_arn: text(&request, "StateMachineArn")?,
        name: text(&request, "Name"),
        input: text(&request, "Input").unwrap_or_else(|| "{}".to_owned()),
    })
}
