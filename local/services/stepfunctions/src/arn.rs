//! The ARNs of Step Functions.

use sluice_driver::Qualifier;
use sluice_wire::Arn;

use crate::StatesError;

/// The resource that an ARN of this service names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    /// `stateMachine:NAME`, or with a version or alias behind another colon.
    StateMachine { qualifier: Option<&'a str> },
    /// `execution:MACHINE:NAME`.
    Execution,
    /// `express:MACHINE:NAME:ID`.
    Express,
    /// `activity:NAME`.
    Activity,
    /// `mapRun:MACHINE/LABEL:ID`.
    MapRun,
}

fn parse(text: &str) -> Result<Named<'_>, StatesError> {
    if !text.starts_with("arn:") {
        return Err(StatesError::InvalidArn(format!(
            "Invalid ARN prefix: {}",
            sluice_wire::shortened(text)
        )));
    }
    let shown = || sluice_wire::shortened(text);
    let Some(arn) = Arn::parse(text) else {
        return Err(StatesError::InvalidArn(format!(
            "ARN must have at least 6 elements: {}",
            shown()
        )));
    };
    if arn.service != "states" {
        return Err(StatesError::InvalidArn(format!(
            "Service name not valid in this context: {}",
            arn.service
        )));
    }
    let (kind, rest) = arn.resource.split_once(':').unwrap_or((arn.resource, ""));
    let mut parts = rest.split(':');
    let complete = |wanted: usize| {
        let given = rest.split(':').filter(|part| !part.is_empty()).count();
        if given == wanted { Ok(()) } else { Err(invalid(text)) }
    };
    match kind {
        "stateMachine" => {
            let (_name, qualifier) = (parts.next(), parts.next());
            complete(1 + usize::from(qualifier.is_some()))?;
            Ok(Named::StateMachine { qualifier })
        }
        "execution" => complete(2).map(|()| Named::Execution),
        "express" => complete(3).map(|()| Named::Express),
        "activity" => complete(1).map(|()| Named::Activity),
        "mapRun" => complete(2).map(|()| Named::MapRun),
        _ => Err(wrong_type(kind)),
    }
}

fn wrong_type(kind: &str) -> StatesError {
    StatesError::InvalidArn(format!(
        "Resource type not valid in this context: {}",
        sluice_wire::shortened(kind)
    ))
}

fn kind_of(named: Named<'_>) -> &'static str {
    match named {
        Named::StateMachine { .. } => "stateMachine",
        Named::Execution => "execution",
        Named::Express => "express",
        Named::Activity => "activity",
        Named::MapRun => "mapRun",
    }
}

/// A state machine's ARN, perhaps with a version or alias.
pub(crate) fn state_machine(text: &str) -> Result<Option<&str>, StatesError> {
    match parse(text)? {
        Named::StateMachine { qualifier } => Ok(qualifier),
        other => Err(wrong_type(kind_of(other))),
    }
}

/// A state machine's ARN taken apart: the machine's own, and the version or alias behind it.
pub(crate) fn qualified(text: &str) -> Result<(String, Option<Qualifier>), StatesError> {
    let Some(qualifier) = state_machine(text)? else {
        return Ok((text.to_owned(), None));
    };
    let machine_arn = text.strip_suffix(qualifier).and_then(|rest| rest.strip_suffix(':'));
    Ok((
        machine_arn.unwrap_or(text).to_owned(),
        Some(Qualifier::parse(qualifier)),
    ))
}

/// A version's ARN: its state machine's, and its number.
pub(crate) fn version(text: &str) -> Result<(String, u64), StatesError> {
    match qualified(text)? {
        (machine_arn, Some(Qualifier::Version(number))) => Ok((machine_arn, number)),
        (_, Some(Qualifier::Alias(_)) | None) => Err(invalid(text)),
    }
}

/// An alias's ARN: its state machine's, and its name.
pub(crate) fn alias(text: &str) -> Result<(String, String), StatesError> {
    match qualified(text)? {
        (machine_arn, Some(Qualifier::Alias(name))) => Ok((machine_arn, name)),
        (_, Some(Qualifier::Version(_)) | None) => Err(invalid(text)),
    }
}

fn invalid(text: &str) -> StatesError {
    StatesError::InvalidArn(format!("Invalid ARN: {}", sluice_wire::shortened(text)))
}

/// An execution's ARN: Standard, or Express if a Map Run has started it. Others are not there to be asked about.
pub(crate) fn execution(text: &str) -> Result<(), StatesError> {
    match parse(text)? {
        Named::Execution => Ok(()),
        Named::Express if text.split(':').nth(6).is_some_and(|machine| machine.contains('/')) => Ok(()),
        other => Err(wrong_type(kind_of(other))),
    }
}

/// The child execution of a Map Run that an ARN names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Child<'a> {
    /// `arn:aws:states:REGION:ACCOUNT:stateMachine:MACHINE/LABEL`.
    pub(crate) machine_arn: String,
    /// The execution's name.
    pub(crate) name: &'a str,
}

/// The ARN of a Map Run's child execution: `execution:MACHINE/LABEL:NAME` or `express:MACHINE/LABEL:NAME:ID`.
pub(crate) fn child(text: &str) -> Result<Child<'_>, StatesError> {
    execution(text)?;
    let parts: Vec<&str> = text.split(':').collect();
    match parts.split_at_checked(5) {
        Some((scope, [_, machine, name, ..])) if machine.contains('/') => Ok(Child {
            machine_arn: format!("{}:stateMachine:{machine}", scope.join(":")),
            name,
        }),
        _ => Err(invalid(text)),
    }
}

/// True when an ARN names an Express execution that a Map Run has started.
pub(crate) fn is_express_child(text: &str) -> bool {
    matches!(parse(text), Ok(Named::Express)) && child(text).is_ok()
}

/// The label in the name of a Map Run's state machine, `MACHINE/LABEL`.
pub(crate) fn label(machine_name: &str) -> Option<&str> {
    machine_name.split_once('/').map(|(_, label)| label)
}

/// A Map Run's ARN.
pub(crate) fn map_run(text: &str) -> Result<(), StatesError> {
    match parse(text)? {
        Named::MapRun => Ok(()),
        other => Err(wrong_type(kind_of(other))),
    }
}

/// An activity's ARN.
pub(crate) fn activity(text: &str) -> Result<(), StatesError> {
    match parse(text)? {
        Named::Activity => Ok(()),
        other => Err(wrong_type(kind_of(other))),
    }
}

/// A resource that can be tagged: a state machine or an activity.
pub(crate) fn taggable(text: &str) -> Result<(), StatesError> {
    match parse(text)? {
        Named::StateMachine { .. } | Named::Activity => Ok(()),
        other => Err(wrong_type(kind_of(other))),
    }
}

/// True when an ARN names an activity.
pub(crate) fn is_activity(text: &str) -> bool {
    matches!(parse(text), Ok(Named::Activity))
}

/// A role's ARN. Roles are not looked up: there is no IAM here.
pub(crate) fn role(text: &str) -> Result<(), StatesError> {
    if !text.starts_with("arn:") {
        return Err(StatesError::InvalidArn(format!(
            "Invalid ARN prefix: {}",
            sluice_wire::shortened(text)
        )));
    }
    match Arn::parse(text) {
        Some(arn)
            if arn.service == "iam" && arn.resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            Ok(())
        }
        _ => Err(StatesError::InvalidArn(format!(
            "Invalid Role Arn: {}",
            sluice_wire::shortened(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: std::fmt::Debug + PartialEq>(result: Result<T, StatesError>, expected: Result<T, &str>) {
        assert_eq!(result.map_err(|e| e.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn each_call_takes_its_own_kind_of_arn() {
        check(
            state_machine("arn:aws:states:us-east-1:000000000000:stateMachine:a"),
            Ok(None),
        );
        check(
            state_machine("arn:aws:states:us-east-1:000000000000:stateMachine:a:1"),
            Ok(Some("1")),
        );
        let machine = || "arn:aws:states:us-east-1:000000000000:stateMachine:1".to_owned();
        check(qualified(&machine()), Ok((machine(), None)));
        check(version(&format!("{}:1", machine())), Ok((machine(), 1)));
        check(alias(&format!("{}:live", machine())), Ok((machine(), "live".into())));
        check(
            version(&machine()),
            Err("Invalid Arn: 'Invalid ARN: arn:aws:states:us-east-1:000000000000:stateMachine:1'"),
        );
        check(
            alias(&format!("{}:1", machine())),
            Err("Invalid Arn: 'Invalid ARN: arn:aws:states:us-east-1:000000000000:stateMachine:1:1'"),
        );
        check(execution("arn:aws:states:us-east-1:000000000000:execution:a:b"), Ok(()));
        check(
            execution("arn:aws:states:us-east-1:000000000000:express:a/L:b:c"),
            Ok(()),
        );
        check(
            execution("arn:aws:states:us-east-1:000000000000:express:a:b:c"),
            Err("Invalid Arn: 'Resource type not valid in this context: express'"),
        );
        let machine_arn = || "arn:aws:states:us-east-1:000000000000:stateMachine:a/L".to_owned();
        for text in ["execution:a/L:b", "express:a/L:b:c"] {
            let text = format!("arn:aws:states:us-east-1:000000000000:{text}");
            let (machine_arn, name) = (machine_arn(), "b");
            check(child(&text), Ok(Child { machine_arn, name }));
        }
        check(
            child("arn:aws:states:us-east-1:000000000000:execution:a:b"),
            Err("Invalid Arn: 'Invalid ARN: arn:aws:states:us-east-1:000000000000:execution:a:b'"),
        );
        check(role("arn:aws:iam::000000000000:role/path/name"), Ok(()));
        check(
            execution("nonsense"),
            Err("Invalid Arn: 'Invalid ARN prefix: nonsense'"),
        );
        check(role("nonsense"), Err("Invalid Arn: 'Invalid ARN prefix: nonsense'"));
        check(
            execution("arn:aws:states:us-east-1:000000000000:stateMachine:a"),
            Err("Invalid Arn: 'Resource type not valid in this context: stateMachine'"),
        );
        check(
            state_machine("arn:aws:states:us-east-1:000000000000:execution:a:b"),
            Err("Invalid Arn: 'Resource type not valid in this context: execution'"),
        );
        check(
            state_machine("arn:aws:states:us-east-1:000000000000:queue:a"),
            Err("Invalid Arn: 'Resource type not valid in this context: queue'"),
        );
        check(
            execution("arn:aws:states:us-east-1:000000000000:execution:a"),
            Err("Invalid Arn: 'Invalid ARN: arn:aws:states:us-east-1:000000000000:execution:a'"),
        );
        check(
            state_machine("arn:aws:lambda:us-east-1:000000000000:function:a"),
            Err("Invalid Arn: 'Service name not valid in this context: lambda'"),
        );
    }
}
