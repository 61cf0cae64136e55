//! The state machines: their definitions and their executions.

use maud::{Markup, Render as _, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::MachineRecord;
use sluice_graph::{Definition, Drawing};
use sluice_pages::Column;

use super::overview::executions;
use crate::model::{At, ExecutionRow, execution_table};
use crate::problem::Problem;
use crate::query::{Query, machine_path};
use crate::state::ConsoleState;
use crate::{layout, text};

/// At most so many bytes of a definition are shown on the page.
const SHOWN: usize = 64 * 1024;
/// The most states, and the most bytes, that a page draws.
const STATES: usize = 100;
const DRAWN: usize = 60 * 1024;

/// The columns of the list.
const COLUMNS: [Column<'static>; 5] = [
    Column::text("State machine"),
    Column::text("Type"),
    Column::text("Created"),
    Column::text("Updated"),
    Column::text("Do"),
];

/// The form that starts an execution of a state machine.
fn start_path(arn: &str) -> String {
    Query::default().with("machine", Some(arn)).link("/console/start")
}

/// All state machines, by ARN.
#[derive(Debug, Serialize)]
pub(crate) struct Machines {
    items: Vec<MachineRow>,
    next: Option<String>,
}

/// A state machine in the list.
#[derive(Debug, Serialize)]
pub(crate) struct MachineRow {
    arn: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: At,
    updated_at: At,
}

/// One state machine.
#[derive(Debug, Serialize)]
pub(crate) struct MachineView {
    #[serde(flatten)]
    row: MachineRow,
    role_arn: String,
    revision_id: String,
    /// The definition as JSON.
    definition: Value,
    items: Vec<ExecutionRow>,
    next: Option<String>,
    #[serde(skip)]
    picture: Option<Markup>,
}

impl From<&MachineRecord> for MachineRow {
    fn from(record: &MachineRecord) -> Self {
        Self {
            arn: record.arn.clone(),
            name: record.name.clone(),
            kind: record.kind.as_str(),
            created_at: At(record.created),
            updated_at: At(record.updated),
        }
    }
}

impl Machines {
    /// Asks the driver.
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let limit = query.limit()?;
        let after = query.filled("cursor").map(str::to_owned);
        let found = state.driver.machines().list(after, limit + 1).await;
        let found = found.map_err(|error| Problem::unreadable("the state machines", error))?;
        let items: Vec<MachineRow> = found.iter().take(limit).map(MachineRow::from).collect();
        let next = items.last().filter(|_| found.len() > limit).map(|last| {
            let query = query.only(&["limit", "format", "refresh"]);
            query.with("cursor", Some(&last.arn)).link("/console/state-machines")
        });
        Ok(Self { items, next })
    }

    /// The page.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "State machines" }
            @if self.items.is_empty() {
                (layout::empty_note("No state machine was created yet."))
            } @else {
                (sluice_pages::table("By name", &COLUMNS, self.items.iter().map(|row| vec![
                    html! { a href=(machine_path(&row.arn)) { (text::line(&row.name, 120)) } },
                    html! { (row.kind) },
                    row.created_at.render(),
                    row.updated_at.render(),
                    html! { a class="button slim" href=(start_path(&row.arn)) { "Start" } },
                ])))
            }
            (layout::next(self.next.as_deref(), "More state machines"))
        }
    }
}

impl MachineView {
    /// Asks the driver.
    pub(crate) async fn load(state: &ConsoleState, arn: &str, query: &Query) -> Result<Self, Problem> {
        let record = state
            .driver
            .machines()
            .get(arn)
            .await
            .map_err(|error| Problem::unreadable("the state machine", error))?;
        let record = record.ok_or_else(|| {
            Problem::not_found(format!(
                "there is no state machine {arn:?}; /console/state-machines lists them"
            ))
        })?;
        let (items, next) = executions(state, query, Some(arn), &machine_path(arn)).await?;
        Ok(Self {
            row: MachineRow::from(&record),
            role_arn: record.role_arn.clone(),
            revision_id: record.revision_id.clone(),
            definition: serde_json::from_str(&record.definition)
                .unwrap_or_else(|_| Value::String(record.definition.to_string())),
            items,
            next,
            picture: picture(&record.definition),
        })
    }

    /// The state machine's name.
    pub(crate) fn name(&self) -> &str {
        &self.row.name
    }

    /// The page.
    pub(crate) fn render(&self, json_url: &str) -> Markup {
        html! {
            div.head {
                h1 { "State machine " (text::line(&self.row.name, 120)) }
                a class="button primary" href=(start_path(&self.row.arn)) { "Start an execution" }
            }
            dl.facts {
                dt { "Type" }
                dd { (self.row.kind) }
                dt { "Created" }
                dd { (self.row.created_at) }
                dt { "Updated" }
                dd { (self.row.updated_at) }
                dt { "Revision" }
                dd { code { (text::line(&self.revision_id, 128)) } }
                dt { "Role" }
                dd { code { (text::line(&self.role_arn, 256)) } }
                dt { "ARN" }
                dd { code { (text::line(&self.row.arn, 256)) } }
            }
            @if let Some(picture) = &self.picture {
                // A scrolled region has to be reached by keyboard.
                div class="canvas broad" tabindex="0" role="region" aria-label="Graph of the states" { (picture) }
            }
            h2 { "Executions" }
            (execution_table(&self.items, "Newest first", layout::empty_note("No execution of it yet.")))
            (layout::next(self.next.as_deref(), "Older executions"))
            h2 { "Definition" }
            (definition(&self.definition, json_url))
        }
    }
}

/// The definition as a graph, unless it is too large for a page.
fn picture(definition: &str) -> Option<Markup> {
    let definition = Definition::parse(definition).ok()?;
    let picture = Drawing::of_at_most(&definition, STATES)?.svg("The states of this machine", None);
    (picture.0.len() <= DRAWN).then_some(picture)
}

/// The definition, keys apart from values.
fn definition(value: &Value, json_url: &str) -> Markup {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    let (shown, left_out) = text::bounded(&pretty, SHOWN);
    html! {
        pre.json tabindex="0" {
            @for line in shown.split_inclusive('\n') {
                @match key_of(line) {
                    Some((indent, key, rest)) => { (indent) b { (text::visible(key)) } (text::visible(rest)) },
                    None => (text::visible(line)),
                }
            }
        }
        @if left_out > 0 {
            p.soft { (left_out) " more bytes are not shown: " a href=(json_url) { "all of it as JSON" } "." }
        }
    }
}

/// Splits a line of pretty-printed JSON into its indent, its key and the rest, when it begins with a key.
fn key_of(line: &str) -> Option<(&str, &str, &str)> {
    let start = line.find(|c: char| c != ' ')?;
    let (indent, content) = line.split_at(start);
    // The first quote that no backslash escapes ends the key; only a key is followed by a colon.
    let mut escaped = false;
    let end = content
        .strip_prefix('"')?
        .char_indices()
        .find_map(|(index, character)| {
            let ends = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            ends.then_some(index + 2)
        })?;
    let (key, rest) = content.split_at(end);
    rest.starts_with(':').then_some((indent, key, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_found_in_its_line() {
        fn check(line: &str, expected: Option<(&str, &str, &str)>) {
            assert_eq!(key_of(line), expected, "{line:?}");
        }
        check("  \"a\": 1,\n", Some(("  ", "\"a\"", ": 1,\n")));
        check("\"a\\\"b\\\\\": \"c\"", Some(("", "\"a\\\"b\\\\\"", ": \"c\"")));
        check("  \"only a value: x\",", None);
        check("  {", None);
        check("", None);
        check("   ", None);
        check("\"open", None);
    }

    #[test]
    fn a_machine_shows_its_definition() {
        fn check(definition: Value, contains: &[&str], lacks: &[&str]) {
            let row = MachineRow {
                arn: "arn:m".to_owned(),
                name: "ingest".to_owned(),
                kind: "STANDARD",
                created_at: At(0),
                updated_at: At(0),
            };
            let definition_text = definition.to_string();
            let view = MachineView {
                row,
                role_arn: "arn:role".to_owned(),
                revision_id: "r-1".to_owned(),
                definition,
                items: Vec::new(),
                next: None,
                picture: picture(&definition_text),
            };
            let page = view.render("/json").into_string();
            for part in contains {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        check(
            json!({ "StartAt": "A" }),
            &[
                "<b>&quot;StartAt&quot;</b>: &quot;A&quot;",
                "STANDARD",
                "No execution of it yet.",
            ],
            &["/json"],
        );
        check(
            json!({ "<i>": "<u>\u{202e}" }),
            &["&lt;i&gt;", "&lt;u&gt;\\u202e"],
            &["<i>", "<u>"],
        );
        check(json!({ "C": "x".repeat(300_000) }), &["href=\"/json\""], &[]);
        check(
            json!({ "StartAt": "<A>", "States": { "<A>": { "Type": "Succeed" } } }),
            &["class=\"graph\"", "role=\"img\"", ">&lt;A&gt;</text>"],
            &["<A>"],
        );
    }
}
