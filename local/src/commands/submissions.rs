//! `sluice submissions`: what came in, newest first, with what became of it.

use clap::Args;
use form_urlencoded::Serializer;
use serde_json::Value;

use super::machines::text;
use crate::client::{Asked, Client};
use crate::terminal::{self, Cell, Table, Tone};

const EXAMPLES: &str = "\
Examples:
  sluice submissions
  sluice submissions --outcome waiting --search ananya
  sluice submissions --since 1d --json | jq '.items[].id'";

/// Options of `sluice submissions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Submissions {
    /// Only those with this outcome, such as stored, waiting or refused
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Only those in which this text stands
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those that came in within this time, by the engine's clock: 15m, 2h, 7d
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    since: Option<std::time::Duration>,
    /// The most that are listed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    #[command(flatten)]
    asked: Asked,
}

/// Lists them.
pub(crate) fn run(options: &Submissions) -> anyhow::Result<()> {
    let client = Client::new(&options.asked.endpoint);
    let mut query = Serializer::new(String::new());
    query
        .append_pair("format", "json")
        .append_pair("limit", &options.limit.to_string());
    for (name, value) in [("outcome", &options.outcome), ("q", &options.search)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if let Some(since) = options.since {
        let from = super::executions::since_of(&client, since)?;
        query.append_pair("from", &terminal::time(from).replacen(' ', "T", 1));
    }
    let page = client.get(&format!("/console/submissions?{}", query.finish()))?;
    let text = if options.asked.json {
        format!("{page:#}\n")
    } else {
        table(&page, terminal::width())
    };
    terminal::say(&text);
    Ok(())
}

fn table(page: &Value, columns: Option<usize>) -> String {
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut said = counts(page);
    if items.is_empty() {
        return said + "No submissions.\n";
    }
    let names: Vec<&String> = items[0]["values"]
        .as_object()
        .map(|values| values.keys().collect())
        .unwrap_or_default();
    let headings: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    let mut all = vec!["CAME IN", "OUTCOME"];
    all.extend(headings.iter().map(String::as_str));
    all.push("ID");
    let mut table = Table::new(&all, 2);
    for item in items {
        let outcome = text(item, "outcome");
        let mut cells = vec![
            Cell::of(&shown_time(&item["started_at"])),
            Cell::toned(&outcome, tone(&text(item, "tone"))),
        ];
        cells.extend(
            names
                .iter()
                .map(|name| Cell::of(item["values"][name.as_str()].as_str().unwrap_or_default())),
        );
        cells.push(Cell::of(&text(item, "id")));
        table.row(cells);
    }
    said += &table.render(columns);
    if let Some(note) = page["approximate"].as_str() {
        said += &format!("{}\n", Tone::Faint.paint(&terminal::plain(note)));
    }
    said
}

/// `stored 12, waiting 3`
fn counts(page: &Value) -> String {
    let counts = page["counts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parts: Vec<String> = counts
        .iter()
        .filter(|count| count["count"].as_u64() != Some(0))
        .map(|count| {
            let more = if count["at_least"] == true { "+" } else { "" };
            format!("{} {}{more}", terminal::plain(&text(count, "outcome")), count["count"])
        })
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("{}\n", parts.join(", "))
    }
}

/// `2026-12-01 12:00:03Z`, of a time as the console writes it.
fn shown_time(value: &Value) -> String {
    match value.as_str().map(chrono::DateTime::parse_from_rfc3339) {
        Some(Ok(at)) => terminal::time(at.timestamp_millis()),
        Some(Err(_)) | None => String::new(),
    }
}

/// The tone by the name that a template gives an outcome.
fn tone(name: &str) -> Tone {
    match name {
        "ok" => Tone::Good,
        "wait" => Tone::Attention,
        "bad" => Tone::Bad,
        _ => Tone::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_is_a_table_with_the_counts_above() {
        let item = json!({ "id": "s-1", "started_at": "2026-12-01T12:00:03.000Z", "outcome": "stored", "tone": "ok",
            "values": { "Name": "Zoë", "E-mail": "z@x.com" } });
        let page = json!({ "items": [item], "counts": [{ "outcome": "stored", "count": 12, "at_least": true },
            { "outcome": "broken", "count": 0 }], "approximate": "Counted among the newest 1,000." });
        let text = anstream::adapter::strip_str(&table(&page, None)).to_string();
        assert_eq!(
            text,
            "stored 12+\nCAME IN               OUTCOME  NAME  E-MAIL   ID\n2026-12-01 12:00:03Z  stored   Zoë   z@x.com  s-1\n\
             Counted among the newest 1,000.\n"
        );
        assert_eq!(table(&json!({ "items": [] }), None), "No submissions.\n");
    }
}
