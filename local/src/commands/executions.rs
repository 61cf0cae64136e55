//! `sluice executions`: executions of all state machines, newest first.

use clap::Args;
use serde_json::{Value, json};

use super::machines::{self, Wanted, is_meant, millis, short, text};
use crate::client::{Asked, Client};
use crate::terminal::{self, Cell, Table, Tone};

const EXAMPLES: &str = "\
Examples:
  sluice executions --failed --since 1h
  sluice executions --machine ingest --status running
  sluice executions --json | jq -r '.items[].name'";

/// The statuses of executions that ended without success.
const FAILED: [&str; 3] = ["FAILED", "TIMED_OUT", "ABORTED"];

/// The statuses that can be asked for.
const STATUSES: [&str; 6] = [
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "ABORTED",
    "PENDING_REDRIVE",
];

/// Options of `sluice executions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Executions {
    /// Only those that failed, timed out or were aborted
    #[arg(long, conflicts_with = "status")]
    failed: bool,
    /// Only those with this status: running, succeeded, failed, timed-out, aborted, pending-redrive
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<&'static str>,
    /// Only those started within this time, by the engine's clock: 15m, 2h, 7d
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    since: Option<std::time::Duration>,
    /// Only those of this state machine: its name, or its name in the template
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// The most that are listed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    #[command(flatten)]
    asked: Asked,
}

/// Lists them.
pub(crate) fn run(options: &Executions) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let limit = usize::from(options.limit);
    let since_ms = options.since.map(|since| since_of(&client, since)).transpose()?;
    let statuses: Vec<Option<&'static str>> = match (options.failed, options.status) {
        (true, _) => FAILED.into_iter().map(Some).collect(),
        (false, status) => vec![status],
    };
    let machines = machines::all(&client)?;
    let wanted = |name: &str| options.machine.as_deref().is_none_or(|machine| is_meant(machine, name));
    if let Some(name) = &options.machine
        && !machines.iter().any(|machine| is_meant(name, &machine.name))
    {
        let names: Vec<&str> = machines.iter().map(|machine| short(&machine.name)).collect();
        anyhow::bail!(
            "there is no state machine {name:?} here; there are: {}",
            names.join(", ")
        );
    }
    let mut found = Vec::new();
    for machine in machines.iter().filter(|machine| wanted(&machine.name)) {
        for status in &statuses {
            let wanted = Wanted {
                status: *status,
                since_ms,
                limit,
            };
            let rows = machines::executions(&client, machine, &wanted)?;
            found.extend(rows.into_iter().map(|row| (machine.name.clone(), row)));
        }
    }
    found.sort_by_key(|(_, row)| std::cmp::Reverse(millis(row, "startDate")));
    found.truncate(limit);
    if options.asked.json {
        let items: Vec<&Value> = found.iter().map(|(_, row)| row).collect();
        terminal::say(&format!("{:#}\n", json!({ "items": items })));
    } else {
        terminal::say(&table(&found));
    }
    Ok(())
}

/// The time so long ago, in milliseconds of the engine's clock.
pub(super) fn since_of(client: &Client, since: std::time::Duration) -> anyhow::Result<i64> {
    let clock = client.get("/_sluice/clock")?;
    let now = clock["now_ms"].as_i64().unwrap_or(i64::MAX);
    Ok(now.saturating_sub(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

fn table(found: &[(String, Value)]) -> String {
    if found.is_empty() {
        return "No executions.\n".to_owned();
    }
    let mut table = Table::new(&["STARTED", "STATUS", "TOOK", "MACHINE", "NAME"], 3);
    for (machine, row) in found {
        let (started, stopped) = (millis(row, "startDate"), millis(row, "stopDate"));
        let took = started
            .zip(stopped)
            .map(|(started, stopped)| terminal::duration(stopped - started));
        let status = text(row, "status");
        table.row(vec![
            Cell::of(&started.map_or_else(String::new, terminal::time)),
            Cell::toned(&status, Tone::of_status(&status)),
            Cell::of(&took.unwrap_or_default()),
            Cell::of(short(machine)),
            Cell::of(&text(row, "name")),
        ]);
    }
    table.render(terminal::width())
}

fn status(text: &str) -> Result<&'static str, String> {
    let wanted = text.to_ascii_uppercase().replace('-', "_");
    let known = STATUSES.into_iter().find(|known| *known == wanted);
    known.ok_or_else(|| {
        let names: Vec<String> = STATUSES
            .iter()
            .map(|name| name.to_lowercase().replace('_', "-"))
            .collect();
        format!("'{text}' is no status; they are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_taken_in_any_case() {
        for (text, expected) in [
            ("running", Some("RUNNING")),
            ("TIMED_OUT", Some("TIMED_OUT")),
            ("pending-redrive", Some("PENDING_REDRIVE")),
            ("done", None),
        ] {
            assert_eq!(status(text).ok(), expected, "{text}");
        }
        assert!(status("done").expect_err("none").contains("timed-out"));
    }

    #[test]
    fn an_execution_is_a_row() {
        let row = json!({ "startDate": 1_764_590_403.0, "stopDate": 1_764_590_404.5, "status": "FAILED", "name": "e\u{1b}1" });
        let text = table(&[("ingest".to_owned(), row)]);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(
            text.contains("2025-12-01 12:00:03Z  FAILED  1.5 s  ingest   e\\u{1b}1"),
            "{text}"
        );
        assert_eq!(table(&[]), "No executions.\n");
    }
}
