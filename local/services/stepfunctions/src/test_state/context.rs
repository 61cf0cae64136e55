//! The context object: the one that is given, or one as an Express execution has it.
//! See [Context object](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html).

use serde_json::{Map, Value, json};
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_asl::{State, StateKind};
use sluice_engine::Identity;
use sluice_wire::{Account, ApiError, rfc_3339};

use super::request::Checked;
use crate::{StatesError, json_error};

/// The name of every state under test, whatever its name in its machine.
pub(super) const STATE_NAME: &str = "StateName";

/// The kind of value that a member of the context object holds.
enum Member {
    Anything,
    Text,
    Number,
    Object(&'static [(&'static str, Member)]),
}

const CONTEXT: &[(&str, Member)] = &[
    (
        "Execution",
        Member::Object(&[
            ("Id", Member::Text),
            ("Input", Member::Anything),
            ("Name", Member::Text),
            ("RoleArn", Member::Text),
            ("StartTime", Member::Text),
            ("RedriveCount", Member::Number),
            ("RedriveTime", Member::Text),
        ]),
    ),
    (
        "State",
        Member::Object(&[
            ("EnteredTime", Member::Text),
            ("Name", Member::Text),
            ("RetryCount", Member::Number),
        ]),
    ),
    (
        "StateMachine",
        Member::Object(&[("Id", Member::Text), ("Name", Member::Text)]),
    ),
    ("Task", Member::Object(&[("Token", Member::Text)])),
    (
        "Map",
        Member::Object(&[(
            "Item",
            Member::Object(&[
                ("Index", Member::Number),
                ("Key", Member::Text),
                ("Value", Member::Anything),
                ("Source", Member::Text),
            ]),
        )]),
    ),
];

/// The context object of a request.
///
/// # Errors
/// `ValidationException` when it has members that no context object has, or that this state's has not.
pub(super) fn given(text: &str, state: &State) -> Result<Value, StatesError> {
    let refused = |why: String| ApiError::validation(format!("Invalid Context object provided: {why}"));
    let context = json_error::parse(text).map_err(refused)?;
    let Value::Object(members) = &context else {
        return Err(refused("Context object must be a JSON object".into()).into());
    };
    check(members, CONTEXT).map_err(refused)?;
    if members.contains_key("Task") && !waits_outside(state) {
        let why = "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' \
                   service integration pattern";
        return Err(refused(why.into()).into());
    }
    Ok(context)
}

fn check(members: &Map<String, Value>, allowed: &[(&str, Member)]) -> Result<(), String> {
    for (name, value) in members {
        let Some((_, member)) = allowed.iter().find(|(allowed, _)| allowed == name) else {
            return Err(format!("Field '{name}' is not allowed"));
        };
        match (member, value) {
            (Member::Anything, _) | (Member::Text, Value::String(_)) | (Member::Number, Value::Number(_)) => {}
            (Member::Object(inner), Value::Object(value)) => check(value, inner)?,
            (Member::Text, _) => return Err(format!("Field '{name}' must be a string")),
            (Member::Number, _) => return Err(format!("Field '{name}' must be a number")),
            (Member::Object(_), _) => return Err(format!("Field '{name}' must be an object")),
        }
    }
    Ok(())
}

fn waits_outside(state: &State) -> bool {
    match &state.kind {
        StateKind::Task(task) => match &task.resource {
            Resource::Service { pattern, .. } => *pattern != IntegrationPattern::RequestResponse,
            Resource::Function { .. } | Resource::Activity { .. } => false,
        },
        StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_)
        | StateKind::Parallel(_)
        | StateKind::Map(_) => false,
    }
}

/// The identity of the execution that there would be: an Express one of a machine without a name of its own.
pub(super) fn identity(account: &Account, request: &Checked) -> Identity {
    let machine = account.uuid().to_string();
    let execution = account.uuid().to_string();
    Identity {
        key: 0,
        arn: account.arn("states", &format!("express:{machine}:{execution}")).into(),
        name: execution.into(),
        machine_arn: account.arn("states", &format!("stateMachine:{machine}")).into(),
        machine_name: machine.into(),
        role_arn: request.role_arn.as_deref().unwrap_or_default().into(),
        express: true,
    }
}

/// A context object for a request without one.
pub(super) fn made(account: &Account, identity: &Identity, request: &Checked, state: &State, input: &Value) -> Value {
    let now = rfc_3339(account.now());
    let mut context = json!({
        "Execution": {
            "Id": *identity.arn,
            "Input": input,
            "Name": *identity.name,
            "RoleArn": request.role_arn,
            "StartTime": now,
        },
        "StateMachine": { "Id": *identity.machine_arn, "Name": *identity.machine_name },
        "State": { "Name": STATE_NAME, "EnteredTime": now },
    });
    if matches!(
        state.kind,
        StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)
    ) {
        context["State"]["RetryCount"] = request.configuration.retrier_retry_count.into();
    }
    if waits_outside(state) {
        // nobody waits for it: a token that no call takes
        context["Task"] = json!({ "Token": account.uuid().simple().to_string() });
    }
    context
}
