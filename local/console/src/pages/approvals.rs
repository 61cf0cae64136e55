//! Open approvals: executions parked on a task token.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::{ExecutionFilter, ExecutionSummary};
use sluice_engine::{HistoryEvent, Status};

use super::overview::listed;
use crate::history::{self, Outline};
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, execution_path};
use crate::state::ConsoleState;
use crate::{layout, text, time};

/// At most so many fields of an input are shown.
const FIELDS: usize = 12;
/// Fields inside of fields are shown down to this level.
const LEVELS: usize = 3;

/// The sentence above the list when no template has one.
const DEFAULT_NOTE: &str = "These executions wait for their task tokens to come back; this page only shows them.";

/// The open approvals, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Approvals {
    items: Vec<Approval>,
    next: Option<String>,
    /// The way in which approvals are decided.
    #[serde(skip)]
    note: Option<String>,
}

/// An execution that waits for a decision.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Approval {
    arn: String,
    name: String,
    state: Option<String>,
    since: Option<At>,
    waiting_ms: i64,
    /// The time at which the state gives up, where the history tells.
    expires_at: Option<At>,
    input: Value,
}

impl Approvals {
    /// Asks the driver.
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let filter = ExecutionFilter {
            machine_arn: None,
            status: Some(Status::Running),
            waiting: true,
            after: query.filled("cursor").map(str::to_owned),
            limit: query.limit()?,
            ..ExecutionFilter::default()
        };
        let page = listed(state, filter).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for summary in &page.items {
            items.extend(Approval::load(state, summary).await?);
        }
        let query = query.only(&["limit", "format", "refresh"]);
        let next = page
            .next
            .map(|cursor| query.with("cursor", Some(&cursor)).link("/console/approvals"));
        Ok(Self {
            items,
            next,
            note: state.notes.approvals.clone(),
        })
    }

    /// The page.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Open approvals" }
            p.note { (text::line(self.note.as_deref().unwrap_or(DEFAULT_NOTE), 400)) }
            @if self.items.is_empty() {
                (layout::empty_note("Nothing waits for a decision."))
            } @else {
                div.wide {
                    table {
                        caption { "Newest execution first" }
                        thead {
                            tr {
                                th scope="col" { "Execution" }
                                th scope="col" { "Waits in" }
                                th scope="col" { "Since" }
                                th scope="col" { "Expires" }
                                th scope="col" { "Input" }
                            }
                        }
                        tbody { @for approval in &self.items { (approval.render()) } }
                    }
                }
            }
            (layout::next(self.next.as_deref(), "Older approvals"))
        }
    }
}

impl Approval {
    /// `None` when the execution was deleted in between.
    async fn load(state: &ConsoleState, summary: &ExecutionSummary) -> Result<Option<Self>, Problem> {
        let unreadable = |error| Problem::unreadable("an open approval", error);
        let Some(record) = state.driver.executions().get(&summary.arn).await.map_err(unreadable)? else {
            return Ok(None);
        };
        let history = state
            .driver
            .executions()
            .history(&summary.arn)
            .await
            .map_err(unreadable)?;
        let since = record.waiting_since.or(summary.waiting_since);
        let waiting_state = record.waiting_state.clone().or_else(|| summary.waiting_state.clone());
        Ok(Some(Self {
            arn: summary.arn.clone(),
            name: summary.name.clone(),
            expires_at: expiry(history.as_deref().unwrap_or_default(), waiting_state.as_deref()).map(At),
            state: waiting_state,
            since: since.map(At),
            waiting_ms: since.map_or(0, |since| state.clock.now().saturating_sub(since)),
            input: Value::clone(&record.input),
        }))
    }

    fn render(&self) -> Markup {
        html! {
            tr {
                th scope="row" { a href=(execution_path(&self.arn)) { (text::line(&self.name, 120)) } }
                td { (text::line(self.state.as_deref().unwrap_or("unknown"), 80)) }
                td {
                    @if let Some(since) = self.since { (since) br; }
                    span.note { (time::duration(self.waiting_ms)) }
                }
                td { @if let Some(expires) = self.expires_at { (expires) } @else { "not known" } }
                td {
                    dl {
                        @for (name, value) in fields(&self.input) {
                            dt { (text::line(&name, 80)) }
                            dd { (text::line(&value, 200)) }
                        }
                    }
                }
            }
        }
    }
}

/// The time at which the task that the state waits for gives up: its schedule plus its timeout.
fn expiry(events: &[HistoryEvent], state: Option<&str>) -> Option<i64> {
    let written: Vec<(i64, Value)> = events
        .iter()
        .map(|event| (event.timestamp, event.to_json(false)))
        .collect();
    last_deadline(&written, state)
}

/// The last scheduled task of a state, in the form of GetExecutionHistory; AWS writes "no timeout" as a very long one.
fn last_deadline(events: &[(i64, Value)], state: Option<&str>) -> Option<i64> {
    let outlines: Vec<Outline> = events.iter().map(|(_, event)| Outline::of(event)).collect();
    let states = history::states(&outlines);
    let (at, event) = events.iter().zip(&states).rev().find_map(|((at, event), of)| {
        let scheduled = matches!(
            event.get("type").and_then(Value::as_str),
            Some("TaskScheduled" | "ActivityScheduled")
        );
        (scheduled && (state.is_none() || of.as_deref() == state)).then_some((*at, event))
    })?;
    let details = ["taskScheduledEventDetails", "activityScheduledEventDetails"]
        .iter()
        .find_map(|name| event.get(name))?;
    let seconds = details.get("timeoutInSeconds")?.as_i64()?;
    // 99,999,999 s, three years, is AWS's "none"; no execution lives for more than one.
    (seconds < 99_999_999).then(|| at.saturating_add(seconds.saturating_mul(1000)))
}

/// The input's fields, those inside of objects by their path.
fn fields(input: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect("", input, LEVELS, &mut found);
    found
}

fn collect(path: &str, value: &Value, levels: usize, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if levels > 0 => {
            for (name, member) in members {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(&path, member, levels - 1, found);
            }
        }
        _ if found.len() >= FIELDS => {}
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        other => found.push((path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_is_flattened() {
        fn check(input: Value, expected: &[(&str, &str)]) {
            let fields = fields(&input);
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(fields, expected);
        }
        check(json!({}), &[]);
        check(
            json!({ "email": "a@b.com", "pincode": 12 }),
            &[("email", "a@b.com"), ("pincode", "12")],
        );
        check(
            json!({ "fields": { "email": "a" }, "x": [1] }),
            &[("fields.email", "a"), ("x", "[1]")],
        );
        check(json!({ "a": { "b": { "c": { "d": 1 } } } }), &[("a.b.c", "{\"d\":1}")]);
        check(json!("text"), &[("", "text")]);
        let many: serde_json::Map<_, _> = (0..50).map(|n| (n.to_string(), json!(n))).collect();
        assert_eq!(fields(&Value::Object(many)).len(), FIELDS);
    }

    #[test]
    fn an_approval_expires_with_its_last_schedule() {
        fn check(timeouts: &[(i64, &str, Value)], state: Option<&str>, expected: Option<i64>) {
            let mut events = Vec::new();
            for (at, name, timeout) in timeouts {
                let id = events.len() as u64 + 1;
                events.push((
                    *at,
                    json!({ "id": id, "previousEventId": 0, "type": "TaskStateEntered",
                    "stateEnteredEventDetails": { "name": name } }),
                ));
                events.push((
                    *at,
                    json!({ "id": id + 1, "previousEventId": id, "type": "TaskScheduled",
                    "taskScheduledEventDetails": { "timeoutInSeconds": timeout } }),
                ));
            }
            assert_eq!(last_deadline(&events, state), expected);
        }
        check(&[], None, None);
        check(&[(1_000, "A", json!(60))], Some("A"), Some(61_000));
        check(
            &[(1_000, "A", json!(60)), (5_000, "A", json!(60))],
            Some("A"),
            Some(65_000),
        );
        check(
            &[(1_000, "A", json!(60)), (5_000, "B", json!(5))],
            Some("A"),
            Some(61_000),
        );
        check(&[(1_000, "A", json!(60)), (5_000, "B", json!(5))], None, Some(10_000));
        check(&[(1_000, "A", Value::Null)], Some("A"), None);
        check(&[(1_000, "A", json!(99_999_999))], Some("A"), None);
        check(&[(1_000, "A", json!(60))], Some("B"), None);
    }

    #[test]
    fn open_approvals_are_a_table() {
        fn check(items: Vec<Approval>, contains: &[&str], lacks: &[&str]) {
            let page = Approvals {
                items,
                next: None,
                note: None,
            }
            .render()
            .into_string();
            for part in contains {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        let approval = Approval {
            arn: "arn:e".to_owned(),
            name: "e-1".to_owned(),
            state: Some("RequestApproval".to_owned()),
            since: Some(At(0)),
            waiting_ms: 90_000,
            expires_at: Some(At(604_800_000)),
            input: json!({ "user_name": "<b>x", "pincode": "12" }),
        };
        check(vec![], &["Nothing waits for a decision."], &["<table"]);
        check(
            vec![approval.clone()],
            &[
                "RequestApproval",
                "1 min 30 s",
                "1970-01-08T00:00:00.000Z",
                "&lt;b&gt;x",
                "href=\"/console/executions/arn:e\"",
            ],
            &["<b>", "not known", "<form", "<button"],
        );
        check(
            vec![Approval {
                expires_at: None,
                state: None,
                ..approval
            }],
            &["not known", "unknown"],
            &[],
        );
    }
}
