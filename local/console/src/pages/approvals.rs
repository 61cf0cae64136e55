//! Open approvals: executions parked on a task token.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::{ExecutionFilter, ExecutionSummary};
use sluice_engine::{EventKind, Status, Trace, WaitingOn};

use super::overview::listed;
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
            p.soft { (text::line(self.note.as_deref().unwrap_or(DEFAULT_NOTE), 400)) }
            @if self.items.is_empty() {
                (layout::empty_note("Nothing waits for a decision."))
            } @else {
                div.scroll {
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
        let trace = state
            .driver
            .executions()
            .trace(&summary.arn)
            .await
            .map_err(unreadable)?;
        let since = record.waiting_since.or(summary.waiting_since);
        let waiting_state = record.waiting_state.clone().or_else(|| summary.waiting_state.clone());
        Ok(Some(Self {
            arn: summary.arn.clone(),
            name: summary.name.clone(),
            expires_at: expiry(&trace.unwrap_or_default(), waiting_state.as_deref()).map(At),
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
                    span.soft { (time::duration(self.waiting_ms)) }
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

/// The time at which the task that the state waits for gives up.
fn expiry(trace: &Trace, state: Option<&str>) -> Option<i64> {
    let name = |visit: u64| {
        let place = usize::try_from(visit).ok()?.checked_sub(1)?;
        match &trace.events.get(place)?.kind {
            EventKind::StateEntered { name, .. } => Some(&**name),
            _ => None,
        }
    };
    let waits = trace
        .open
        .iter()
        .filter(|open| matches!(open.waits_for, Some(WaitingOn::Token { .. })));
    let mut its = waits.filter(|open| state.is_none() || name(open.visit) == state);
    its.next()?.times_out_at
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
    use std::sync::Arc;

    use serde_json::json;
    use sluice_engine::{AttemptId, EventOrigin, HistoryEvent, OpenVisit, StateType};

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
    fn an_approval_expires_when_its_attempt_does() {
        fn check(state: Option<&str>, expected: Option<i64>) {
            let entered = |id: u64, name: &str| HistoryEvent {
                id,
                previous_event_id: 0,
                timestamp: 0,
                kind: EventKind::StateEntered {
                    state: StateType::Task,
                    name: name.into(),
                    input: Arc::default(),
                },
            };
            let open = |visit: u64, waits_for: WaitingOn, times_out_at: Option<i64>| OpenVisit {
                visit,
                attempt: 1,
                most_attempts: None,
                waits_for: Some(waits_for),
                times_out_at,
            };
            let attempt = AttemptId(1);
            let trace = Trace {
                events: vec![entered(1, "A"), entered(2, "B"), entered(3, "C")].into(),
                origins: vec![EventOrigin::default(); 3].into(),
                open: vec![
                    open(1, WaitingOn::Call { attempt }, Some(1)),
                    open(2, WaitingOn::Token { attempt }, Some(61_000)),
                    open(3, WaitingOn::Token { attempt }, None),
                ],
            };
            assert_eq!(expiry(&trace, state), expected, "{state:?}");
        }
        check(None, Some(61_000));
        check(Some("A"), None);
        check(Some("B"), Some(61_000));
        check(Some("C"), None);
        check(Some("D"), None);
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
