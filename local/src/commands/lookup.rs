//! Finds the execution that a person means: by its ARN, its name, or the beginning of its name.

use anyhow::bail;
use serde_json::{Value, json};

use super::machines::{self, Machine, Wanted, text};
use crate::client::{Client, ClientError};
use crate::terminal::plain;

/// The newest executions of each machine among which the beginning of a name is looked for.
const RECENT: usize = 1_000;

/// The matches that an ambiguous beginning is told with.
const SHOWN: usize = 5;

/// Returns DescribeExecution's answer about the execution that `id` means.
pub(crate) fn execution(client: &Client, id: &str) -> anyhow::Result<Value> {
    if id.starts_with("arn:") {
        return Ok(client.states("DescribeExecution", &json!({ "executionArn": id }))?);
    }
    let machines = machines::all(client)?;
    for machine in &machines {
        if let Some(found) = described(client, &machine.execution_arn(id))? {
            return Ok(found);
        }
    }
    let mut matches = beginning_with(client, &machines, id)?;
    match matches.as_slice() {
        [] => bail!(
            "there is no execution {:?} here; `sluice executions` lists them (an ID is a name, its beginning, or an ARN)",
            plain(id)
        ),
        [one] => Ok(client.states("DescribeExecution", &json!({ "executionArn": one["executionArn"] }))?),
        several => {
            let count = several.len();
            matches.truncate(SHOWN);
            let names: Vec<String> = matches.iter().map(|one| text(one, "name")).collect();
            bail!(
                "{count} executions begin with {:?}: {}…; give more of the ID",
                plain(id),
                names.join(", ")
            )
        }
    }
}

fn described(client: &Client, arn: &str) -> Result<Option<Value>, ClientError> {
    match client.states("DescribeExecution", &json!({ "executionArn": arn })) {
        Ok(found) => Ok(Some(found)),
        // a text that is no name of an execution names none
        Err(ClientError::Refused { code, .. }) if ["InvalidArn", "ValidationException"].contains(&code.as_str()) => {
            Ok(None)
        }
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

fn beginning_with(client: &Client, machines: &[Machine], id: &str) -> Result<Vec<Value>, ClientError> {
    let mut matches = Vec::new();
    let wanted = Wanted {
        limit: RECENT,
        ..Wanted::default()
    };
    for machine in machines {
        let found = machines::executions(client, machine, &wanted)?;
        matches.extend(found.into_iter().filter(|one| text(one, "name").starts_with(id)));
    }
    Ok(matches)
}
