//! `sluice history`: the events of an execution.

use clap::Args;
use serde_json::{Value, json};

use super::lookup;
use super::machines::{millis, text};
use super::timeline::Timeline;
use crate::client::{Asked, Client, ClientError};
use crate::terminal::{self, Cell, Table, Tone};

const EXAMPLES: &str = "\
Examples:
  sluice history 0198f2a0
  sluice history 0198f2a0 --failed
  sluice history 0198f2a0 --json | jq '.events[-1]'";

/// The most events that a page has.
const PAGE: usize = 1_000;

/// Options of `sluice history`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct History {
    /// The execution's name (the submission's ID), its beginning, or an ARN
    id: String,
    /// Only events that tell of failures
    #[arg(long)]
    failed: bool,
    /// Only events of this state
    #[arg(long, value_name = "NAME")]
    state: Option<String>,
    /// The last events only, so many
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    #[command(flatten)]
    asked: Asked,
}

/// Prints them.
pub(crate) fn run(options: &History) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let execution = lookup::execution(&client, &options.id)?;
    let started = millis(&execution, "startDate").unwrap_or_default();
    // the states of the last ones are known from all
    let events = events(&client, &text(&execution, "executionArn"), None)?;
    let timeline = Timeline::of(&events);
    let of = |event: &Value| timeline.state_of(event["id"].as_u64().unwrap_or_default());
    let mut wanted: Vec<&Value> = events
        .iter()
        .filter(|event| !options.failed || is_failure(&text(event, "type")))
        .filter(|event| options.state.is_none() || of(event) == options.state.as_deref())
        .collect();
    if let Some(last) = options.last {
        wanted.drain(..wanted.len().saturating_sub(last));
    }
    if options.asked.json {
        terminal::say(&format!("{:#}\n", json!({ "events": wanted })));
        return Ok(());
    }
    let mut table = Table::new(&["ID", "AFTER", "EVENT", "STATE", "WHAT"], 3);
    for event in wanted {
        let kind = text(event, "type");
        let after = millis(event, "timestamp").unwrap_or_default() - started;
        let tone = if is_failure(&kind) { Tone::Bad } else { Tone::Neutral };
        table.row(vec![
            Cell::of(&event["id"].to_string()),
            Cell::of(&terminal::duration(after)),
            Cell::toned(&kind, tone),
            Cell::of(of(event).unwrap_or_default()),
            Cell::of(&what(event)),
        ]);
    }
    terminal::say(&table.render(terminal::width()));
    Ok(())
}

/// Returns the events of an execution, oldest first; at most `limit`.
pub(super) fn events(client: &Client, arn: &str, limit: Option<usize>) -> Result<Vec<Value>, ClientError> {
    let members = json!({ "executionArn": arn, "maxResults": PAGE, "includeExecutionData": true });
    client.states_list("GetExecutionHistory", members, "events", |found| {
        limit.is_none_or(|limit| found.len() < limit)
    })
}

fn is_failure(kind: &str) -> bool {
    ["Failed", "TimedOut", "Aborted"].iter().any(|end| kind.ends_with(end))
}

/// The details of an event in one line: the error, or else what went in or came out.
fn what(event: &Value) -> String {
    let details = event
        .as_object()
        .and_then(|members| members.iter().find(|(name, _)| name.ends_with("EventDetails")));
    let Some((_, details)) = details else {
        return String::new();
    };
    let (error, cause) = (text(details, "error"), text(details, "cause"));
    if !error.is_empty() || !cause.is_empty() {
        return format!("{error}: {cause}");
    }
    let members = ["input", "output", "parameters"].into_iter();
    members
        .map(|name| text(details, name))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_what_it_is_about() {
        for (event, expected) in [
            (
                json!({ "taskFailedEventDetails": { "error": "E", "cause": "c" } }),
                "E: c",
            ),
            (
                json!({ "stateEnteredEventDetails": { "name": "A", "input": "{}" } }),
                "{}",
            ),
            (
                json!({ "taskScheduledEventDetails": { "parameters": "{\"a\":1}" } }),
                "{\"a\":1}",
            ),
            (json!({ "type": "ParallelStateStarted" }), ""),
        ] {
            assert_eq!(what(&event), expected);
        }
    }
}
