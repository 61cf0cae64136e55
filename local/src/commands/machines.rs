//! The state machines of the runtime, and their executions.

use serde_json::{Value, json};

use crate::client::{Client, ClientError};

/// The most that a list of Step Functions gives at a time.
const PAGE: usize = 1_000;

/// A state machine that keeps its executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
}

impl Machine {
    /// The ARN of its execution of this name.
    pub(crate) fn execution_arn(&self, name: &str) -> String {
        format!("{}:{name}", self.arn.replacen(":stateMachine:", ":execution:", 1))
    }
}

/// Lists the machines. Express ones keep no executions.
pub(crate) fn all(client: &Client) -> Result<Vec<Machine>, ClientError> {
    let found = client.states_list(
        "ListStateMachines",
        json!({ "maxResults": PAGE }),
        "stateMachines",
        |_| true,
    )?;
    let standard = found.iter().filter(|machine| machine["type"] != "EXPRESS");
    Ok(standard
        .map(|machine| Machine {
            arn: text(machine, "stateMachineArn"),
            name: text(machine, "name"),
        })
        .collect())
}

/// The part of a generated name that a template's author knows: `Store` of `stack-Store-0A1B2C3D4E5F`; another name whole.
pub(crate) fn short(name: &str) -> &str {
    let Some((before, suffix)) = name.rsplit_once('-') else {
        return name;
    };
    let is_generated = suffix.len() == 12
        && suffix
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match before.rsplit_once('-') {
        Some((_, logical_id)) if is_generated => logical_id,
        _ => name,
    }
}

/// Returns true if a person who writes `wanted` means this name: all of it, or the part that the template has.
pub(crate) fn is_meant(wanted: &str, name: &str) -> bool {
    name == wanted || short(name).eq_ignore_ascii_case(wanted)
}

/// A question for executions of a machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The status; any without one.
    pub(crate) status: Option<&'static str>,
    /// Only those started at this time or later, in milliseconds.
    pub(crate) since_ms: Option<i64>,
    /// The most of them, newest first.
    pub(crate) limit: usize,
}

/// Lists executions of one machine, newest first.
pub(crate) fn executions(client: &Client, machine: &Machine, wanted: &Wanted) -> Result<Vec<Value>, ClientError> {
    let mut members = json!({ "stateMachineArn": machine.arn, "maxResults": wanted.limit.clamp(1, PAGE) });
    if let Some(status) = wanted.status {
        members["statusFilter"] = status.into();
    }
    let is_late = |one: &Value| {
        wanted
            .since_ms
            .is_none_or(|since| millis(one, "startDate") >= Some(since))
    };
    let found = client.states_list("ListExecutions", members, "executions", |found| {
        found.len() < wanted.limit && found.last().is_none_or(is_late)
    });
    match found {
        Ok(mut found) => {
            found.retain(is_late);
            found.truncate(wanted.limit);
            Ok(found)
        }
        // deleted since it was listed
        Err(error) if error.is_absent() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A text of an answer; empty where there is none.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// A time of an answer, which AWS writes in seconds.
pub(crate) fn millis(value: &Value, name: &str) -> Option<i64> {
    let seconds = value[name].as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "times stay below 2^53 ms")]
    let millis = (seconds * 1_000.0).round() as i64;
    Some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_is_known_by_its_middle() {
        for (name, expected) in [
            ("sluice-IngestStateMachine-WJKT68A14ER0", "IngestStateMachine"),
            ("a-b-Store-0A1B2C3D4E5F", "Store"),
            ("store-0A1B2C3D4E5F", "store-0A1B2C3D4E5F"),
            ("my-own-name", "my-own-name"),
            ("hello", "hello"),
        ] {
            assert_eq!(short(name), expected);
        }
        assert!(is_meant("store", "s-Store-0A1B2C3D4E5F") && is_meant("s-Store-0A1B2C3D4E5F", "s-Store-0A1B2C3D4E5F"));
        assert!(!is_meant("stor", "s-Store-0A1B2C3D4E5F"));
    }

    #[test]
    fn an_execution_lies_under_its_machine() {
        let machine = Machine {
            arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".to_owned(),
            name: "m".to_owned(),
        };
        assert_eq!(
            machine.execution_arn("e"),
            "arn:aws:states:us-east-1:000000000000:execution:m:e"
        );
        assert_eq!(
            millis(&json!({ "at": 1_764_590_403.25 }), "at"),
            Some(1_764_590_403_250)
        );
    }
}
