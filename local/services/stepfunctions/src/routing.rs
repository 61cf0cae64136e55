//! `routingConfiguration`: where an alias leads.

use serde::{Deserialize, Serialize};
use sluice_driver::Route;
use sluice_wire::{ApiError, Constraints};

use crate::{StatesError, arn};

/// An alias leads to one or two versions.
const MOST: usize = 2;

/// One version and how many of a hundred executions it gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RoutingConfiguration {
    state_machine_version_arn: String,
    weight: i64,
}

/// The versions to which an alias is to lead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Routes {
    pub(crate) machine_arn: String,
    pub(crate) routes: Vec<Route>,
}

impl RoutingConfiguration {
    pub(crate) fn of(machine_arn: &str, route: &Route) -> Self {
        Self {
            state_machine_version_arn: format!("{machine_arn}:{}", route.version),
            weight: i64::from(route.weight),
        }
    }
}

/// Checks the length of the list and the weights one by one.
pub(crate) fn check(constraints: &mut Constraints, list: &[RoutingConfiguration]) {
    let items: Vec<String> = list
        .iter()
        .map(|item| {
            format!(
                "RoutingConfigurationListItem(stateMachineVersionArn={}, weight={})",
                item.state_machine_version_arn, item.weight
            )
        })
        .collect();
    constraints.count(
        "routingConfiguration",
        list.len(),
        &format!("[{}]", items.join(", ")),
        1..=MOST,
    );
    for (index, item) in list.iter().enumerate() {
        let member = format!("routingConfiguration.{}.member.weight", index + 1);
        constraints.number(&member, Some(item.weight), 0..=100, 0);
    }
}

/// The routes that a checked list means. Whether the versions exist is not looked up here.
///
/// # Errors
/// `ValidationException` when a version is named twice, the weights are not 100 together, what is named is no version,
/// or the versions are not of one state machine; `InvalidArn`.
pub(crate) fn read(list: &[RoutingConfiguration]) -> Result<Routes, StatesError> {
    let arns: Vec<&str> = list
        .iter()
        .map(|item| item.state_machine_version_arn.as_str())
        .collect();
    if arns.iter().enumerate().any(|(index, arn)| arns[..index].contains(arn)) {
        return Err(refused(
            "Routing configuration must contain distinct state machine version ARNs.",
            &arns,
        ));
    }
    let weights: Vec<i64> = list.iter().map(|item| item.weight).collect();
    if weights.iter().sum::<i64>() != 100 {
        let message = format!("Sum of routing configuration weights must equal 100. Received: {weights:?}");
        return Err(ApiError::validation(message).into());
    }
    let mut of: Option<String> = None;
    let mut routes = Vec::with_capacity(list.len());
    for item in list {
        arn::state_machine(&item.state_machine_version_arn)?;
        let (machine_arn, version) = arn::version(&item.state_machine_version_arn).map_err(|_| no_version(list))?;
        if of.as_ref().is_some_and(|of| *of != machine_arn) {
            let message = "Routing configuration must contain versions of the same state machine.";
            return Err(refused(message, &arns));
        }
        of = Some(machine_arn);
        routes.push(Route {
            version,
            weight: u8::try_from(item.weight).unwrap_or(0),
        });
    }
    let machine_arn = of.ok_or_else(|| no_version(list))?;
    Ok(Routes { machine_arn, routes })
}

/// A route leads to something that is no version, or not there.
pub(crate) fn no_version(list: &[RoutingConfiguration]) -> StatesError {
    let arns: Vec<&str> = list
        .iter()
        .map(|item| item.state_machine_version_arn.as_str())
        .collect();
    refused("Routing configuration must contain state machine version ARNs.", &arns)
}

fn refused(message: &str, arns: &[&str]) -> StatesError {
    ApiError::validation(format!("{message} Received: [{}]", arns.join(", "))).into()
}

/// The pattern of an alias's name.
const NAME: &str = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";

/// Checks an alias's name: 1 to 80 letters, digits, `_`, `-` and `.`, and not digits alone, which would be a version.
pub(crate) fn check_name(constraints: &mut Constraints, name: Option<String>) -> String {
    let given = name.is_some();
    let name = constraints.text("name", name, 1..=80);
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let follows = name.chars().all(allowed) && name.chars().any(|c| !c.is_ascii_digit());
    constraints.pattern("name", &name, NAME, follows || !given);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:m";

    #[test]
    fn a_routing_configuration_names_versions_that_share_a_hundred() {
        let check = |list: &[(&str, i64)], expected: Result<&[(u64, u8)], &str>| {
            let list: Vec<RoutingConfiguration> = list
                .iter()
                .map(|(qualifier, weight)| RoutingConfiguration {
                    state_machine_version_arn: format!("{MACHINE}{qualifier}"),
                    weight: *weight,
                })
                .collect();
            let mut constraints = Constraints::default();
            super::check(&mut constraints, &list);
            let found = constraints
                .finish()
                .map_err(StatesError::from)
                .and_then(|()| read(&list));
            let found = found.map(|routes| {
                assert_eq!(routes.machine_arn, MACHINE);
                routes
                    .routes
                    .iter()
                    .map(|route| (route.version, route.weight))
                    .collect()
            });
            let expected = expected.map(<[_]>::to_vec).map_err(|text| text.replace('@', MACHINE));
            assert_eq!(found.map_err(|error| error.to_string()), expected, "{list:?}");
        };
        check(&[(":1", 100)], Ok(&[(1, 100)]));
        check(&[(":2", 30), (":1", 70)], Ok(&[(2, 30), (1, 70)]));
        check(&[(":1", 0), (":2", 100)], Ok(&[(1, 0), (2, 100)]));
        check(
            &[(":1", 50), (":1", 50)],
            Err("Routing configuration must contain distinct state machine version ARNs. Received: [@:1, @:1]"),
        );
        check(
            &[(":1", 50), (":2", 49)],
            Err("Sum of routing configuration weights must equal 100. Received: [50, 49]"),
        );
        check(
            &[(":live", 100)],
            Err("Routing configuration must contain state machine version ARNs. Received: [@:live]"),
        );
        check(
            &[("", 100)],
            Err("Routing configuration must contain state machine version ARNs. Received: [@]"),
        );
        check(
            &[("2:1", 50), (":2", 50)],
            Err("Routing configuration must contain versions of the same state machine. Received: [@2:1, @:2]"),
        );
        check(
            &[(":1", 101)],
            Err(
                "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy \
                 constraint: Member must have value less than or equal to 100",
            ),
        );
        check(
            &[],
            Err(
                "1 validation error detected: Value '[]' at 'routingConfiguration' failed to satisfy constraint: Member \
                 must have length greater than or equal to 1",
            ),
        );
    }

    #[test]
    fn an_alias_is_not_called_like_a_version() {
        let check = |name: &str, good: bool| {
            let mut constraints = Constraints::default();
            check_name(&mut constraints, Some(name.to_owned()));
            assert_eq!(constraints.finish().is_ok(), good, "{name}");
        };
        for name in ["live", "1.0", "a-b_c", "-", &"x".repeat(80)] {
            check(name, true);
        }
        for name in ["", "12", "a b", "a:b", "é", &"x".repeat(81)] {
            check(name, false);
        }
    }
}
