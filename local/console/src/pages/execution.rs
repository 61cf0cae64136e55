//! One execution: where it stands, what went in and came out, and its history.

use std::fmt::Write as _;

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::ExecutionRecord;
use sluice_engine::{HistoryEvent, Outcome, Status};

use crate::history::{self, EventRow, Outline, Step};
use crate::model::{At, Waiting, waits_for};
use crate::problem::Problem;
use crate::query::{Query, execution_path, machine_path};
use crate::state::ConsoleState;
use crate::{layout, text, time};

/// A page of events ends when its details fill so many bytes: 200 events of 256 KiB would be 50 MB.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// So many steps of the path are shown from its beginning, and as many from its end.
const PATH_ENDS: usize = 20;

/// The content of the page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ExecutionView {
    arn: String,
    name: String,
    status: Status,
    state_machine: String,
    state_machine_arn: String,
    started_at: At,
    stopped_at: Option<At>,
    duration_ms: i64,
    input: Value,
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    waiting: Option<Waiting>,
    path: Vec<Step>,
    /// The number of events of the whole history.
    event_count: usize,
    events: Vec<EventRow>,
    /// The link to the events after these.
    next: Option<String>,
}

impl ExecutionView {
    /// Asks the driver.
    pub(crate) async fn load(state: &ConsoleState, arn: &str, query: &Query) -> Result<Self, Problem> {
        let limit = query.number("limit", 1, 200)?.map_or(100, |limit| limit as usize);
        let after = query.number("cursor", 0, u64::MAX)?.unwrap_or_default();
        let unreadable = |error| Problem::unreadable("the execution", error);
        let record = state.driver.executions().get(arn).await.map_err(unreadable)?;
        let record =
            record.ok_or_else(|| Problem::not_found(format!("there is no execution {arn:?}; /console lists them")))?;
        let history = state.driver.executions().history(arn).await.map_err(unreadable)?;
        let mut view = Self::of(&record, state.clock.now());
        view.take_history(history.as_deref().unwrap_or_default(), after, limit);
        if let Some(last) = view
            .events
            .last()
            .map(|event| event.id)
            .filter(|id| (*id as usize) < view.event_count)
        {
            let query = query.only(&["limit", "format", "refresh"]);
            view.next = Some(query.with("cursor", Some(&last.to_string())).link(&execution_path(arn)));
        }
        Ok(view)
    }

    /// All but the history.
    fn of(record: &ExecutionRecord, now: i64) -> Self {
        let (output, error, cause) = match &record.outcome {
            Some(Outcome::Succeeded { output }) => (Some(Value::clone(output)), None, None),
            Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
                (None, error.clone(), cause.clone())
            }
            Some(Outcome::TimedOut) | None => (None, None, None),
        };
        Self {
            arn: record.identity.arn.to_string(),
            name: record.identity.name.to_string(),
            status: record.status,
            state_machine: record.identity.machine_name.to_string(),
            state_machine_arn: record.identity.machine_arn.to_string(),
            started_at: At(record.start_date),
            stopped_at: record.stop_date.map(At),
            duration_ms: record.stop_date.unwrap_or(now).saturating_sub(record.start_date),
            input: Value::clone(&record.input),
            output,
            error,
            cause,
            waiting: record.waiting_since.map(|since| Waiting {
                state: record.waiting_state.clone(),
                since: At(since),
            }),
            path: Vec::new(),
            event_count: 0,
            events: Vec::new(),
            next: None,
        }
    }

    /// The path from all events; rows from those after `after`.
    fn take_history(&mut self, events: &[HistoryEvent], after: u64, limit: usize) {
        let outlines: Vec<Outline> = events.iter().map(|event| Outline::of(&event.to_json(false))).collect();
        let states = history::states(&outlines);
        self.path = history::path(&outlines);
        self.event_count = events.len();
        let mut bytes = 0;
        for (event, state) in events
            .iter()
            .zip(states)
            .skip_while(|(event, _)| event.id <= after)
            .take(limit)
        {
            let row = history::row(&event.to_json(true), event.timestamp, self.started_at.0, state);
            bytes += row.details.to_string().len();
            if bytes > PAGE_BYTES && !self.events.is_empty() {
                break;
            }
            self.events.push(row);
        }
    }

    /// The execution's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The page.
    pub(crate) fn render(&self, json_url: &str) -> Markup {
        html! {
            h1 { "Execution " (text::line(&self.name, 120)) }
            (self.render_facts())
            @if self.error.is_some() || self.cause.is_some() {
                h2 { "Error" }
                p.error { strong { (text::line(self.error.as_deref().unwrap_or("(no error name)"), 512)) } }
                @if let Some(cause) = &self.cause { (text::maybe_json_block(cause, json_url)) }
            }
            h2 { "Input" }
            (text::json_block(&self.input, json_url))
            @if let Some(output) = &self.output {
                h2 { "Output" }
                (text::json_block(output, json_url))
            }
            h2 { "Path" }
            (render_path(&self.path))
            h2 { "History" }
            (self.render_events(json_url))
            (layout::next(self.next.as_deref(), "Later events"))
        }
    }

    fn render_facts(&self) -> Markup {
        html! {
            dl {
                dt { "Status" }
                dd { (layout::status(self.status)) }
                @if self.waiting.is_some() {
                    dt { "Waits for" }
                    dd { (waits_for(self.waiting.as_ref())) }
                }
                dt { "State machine" }
                dd { a href=(machine_path(&self.state_machine_arn)) { (text::line(&self.state_machine, 120)) } ", its definition" }
                dt { "Started" }
                dd { (self.started_at) }
                @if let Some(stopped) = self.stopped_at {
                    dt { "Stopped" }
                    dd { (stopped) }
                }
                dt { @if self.stopped_at.is_some() { "Duration" } @else { "Running for" } }
                dd { (time::duration(self.duration_ms)) }
                dt { "ARN" }
                dd { code { (text::line(&self.arn, 512)) } }
            }
        }
    }

    fn render_events(&self, json_url: &str) -> Markup {
        if self.events.is_empty() {
            return layout::empty_note("No events here.");
        }
        html! {
            div.wide {
                table {
                    caption { (self.events.len()) " of " (self.event_count) " events, oldest first" }
                    thead {
                        tr {
                            th.number scope="col" { "Id" }
                            th scope="col" { "Type" }
                            th scope="col" { "State" }
                            th.number scope="col" { "Since start" }
                            th.number scope="col" { "After" }
                            th scope="col" { "Details" }
                        }
                    }
                    tbody {
                        @for event in &self.events { (self.render_event(event, json_url)) }
                    }
                }
            }
        }
    }

    fn render_event(&self, event: &EventRow, json_url: &str) -> Markup {
        html! {
            tr id={ "event-" (event.id) } {
                th.number scope="row" { (event.id) }
                td { (text::line(&event.kind, 80)) }
                td { @if let Some(state) = &event.state { (text::line(state, 80)) } }
                td.number { time datetime=(time::rfc3339(event.at.0)) { (time::duration(event.since_start_ms)) } }
                td.number { (self.render_previous(event.previous_id)) }
                td {
                    @if let Value::Object(details) = &event.details {
                        @if !details.is_empty() {
                            details { summary { (summary(details)) } (text::json_block(&event.details, json_url)) }
                        }
                    }
                }
            }
        }
    }

    /// The number of the event before; a link when that is on this page.
    fn render_previous(&self, id: u64) -> Markup {
        let is_here = self.events.iter().any(|event| event.id == id);
        html! {
            @if is_here { a href={ "#event-" (id) } { (id) } } @else if id > 0 { (id) }
        }
    }
}

/// The names of what the details hold, so that one knows whether to open them.
fn summary(details: &serde_json::Map<String, Value>) -> String {
    let mut names: Vec<&str> = details
        .keys()
        .map(String::as_str)
        .filter(|name| !name.ends_with("Details"))
        .collect();
    names.sort_by_key(|name| !matches!(*name, "error" | "cause" | "input" | "output"));
    let mut words = names.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 4 {
        // Writing to a string cannot fail.
        let _ = write!(words, ", {} more", names.len() - 4);
    }
    if words.is_empty() { "details".to_owned() } else { words }
}

/// The states in a line; the middle of a long way is left out.
fn render_path(path: &[Step]) -> Markup {
    if path.is_empty() {
        return layout::empty_note("No state was entered yet.");
    }
    let left_out = path.len().saturating_sub(2 * PATH_ENDS);
    let (head, tail) = if left_out == 0 {
        (path, &path[path.len()..])
    } else {
        (&path[..PATH_ENDS], &path[path.len() - PATH_ENDS..])
    };
    html! {
        ol.path {
            @for step in head { (render_step(step)) }
            @if left_out > 0 { li { span.note { "… " (left_out) " more …" } } }
            @for step in tail { (render_step(step)) }
        }
    }
}

fn render_step(step: &Step) -> Markup {
    html! { li { (text::line(&step.state, 80)) @if step.times > 1 { " ×" (step.times) } } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: u64, kind: &str, state: Option<&str>, details: Value) -> EventRow {
        EventRow {
            id,
            kind: kind.to_owned(),
            state: state.map(str::to_owned),
            at: At(1_000 + id as i64),
            since_start_ms: id as i64,
            previous_id: id - 1,
            details,
        }
    }

    fn view() -> ExecutionView {
        ExecutionView {
            arn: "arn:aws:states:us-east-1:0:execution:ingest:e-1".to_owned(),
            name: "e-1".to_owned(),
            status: Status::Running,
            state_machine: "ingest".to_owned(),
            state_machine_arn: "arn:aws:states:us-east-1:0:stateMachine:ingest".to_owned(),
            started_at: At(1_000),
            stopped_at: None,
            duration_ms: 65_000,
            input: json!({ "user_name": "<script>alert(1)</script>", "nul": "\0", "turn": "\u{202e}" }),
            output: None,
            error: None,
            cause: None,
            waiting: None,
            path: vec![
                Step {
                    state: "ValidateUserName".to_owned(),
                    times: 2,
                },
                Step {
                    state: "Store".to_owned(),
                    times: 1,
                },
            ],
            event_count: 2,
            events: vec![
                event(
                    1,
                    "ExecutionStarted",
                    None,
                    json!({ "input": { "a": 1 }, "inputDetails": {} }),
                ),
                event(2, "TaskStateEntered", Some("ValidateUserName"), Value::Null),
            ],
            next: None,
        }
    }

    fn check(view: &ExecutionView, contains: &[&str], lacks: &[&str]) {
        let page = view.render("/json").into_string();
        for part in contains {
            assert!(page.contains(part), "{part:?} in {page}");
        }
        for part in lacks {
            assert!(!page.contains(part), "no {part:?} in {page}");
        }
    }

    #[test]
    fn a_running_execution_shows_where_it_stands() {
        check(
            &view(),
            &[
                "RUNNING",
                "Running for",
                "1 min 5 s",
                "href=\"/console/state-machines/arn:aws:states:us-east-1:0:stateMachine:ingest\"",
                "&lt;script&gt;",
                "\\u0000",
                "\\u202e",
                "<bdi>ValidateUserName</bdi> ×2",
                "2 of 2 events",
                "<a href=\"#event-1\">1</a>",
                "<summary>input</summary>",
                "<h1>Execution ",
            ],
            &[
                "<script",
                "Stopped",
                "<h2>Output",
                "<h2>Error",
                "rel=\"next\"",
                "href=\"#event-0\"",
            ],
        );
    }

    #[test]
    fn an_ended_execution_shows_its_end() {
        let succeeded = ExecutionView {
            status: Status::Succeeded,
            stopped_at: Some(At(66_000)),
            output: Some(json!({ "status": "ingested" })),
            next: Some("/later".to_owned()),
            ..view()
        };
        check(
            &succeeded,
            &[
                "SUCCEEDED",
                "Stopped",
                "Duration",
                "<h2>Output",
                "ingested",
                "href=\"/later\"",
            ],
            &["<h2>Error"],
        );
        let failed = ExecutionView {
            status: Status::Failed,
            error: Some("Store.<b>".to_owned()),
            cause: Some("{\"errorMessage\":\"no\"}".to_owned()),
            ..view()
        };
        check(
            &failed,
            &["FAILED", "Store.&lt;b&gt;", "{\n  &quot;errorMessage&quot;"],
            &["<b>"],
        );
        let unnamed = ExecutionView {
            cause: Some("stopped by hand".to_owned()),
            ..view()
        };
        check(&unnamed, &["(no error name)", "stopped by hand"], &[]);
    }

    #[test]
    fn a_long_value_is_bounded_and_linked() {
        let large = ExecutionView {
            input: json!({ "x": "y".repeat(200_000) }),
            ..view()
        };
        check(&large, &["more bytes are not shown: <a href=\"/json\">"], &[]);
        assert!(large.render("/json").into_string().len() < 60_000);
    }

    #[test]
    fn a_later_page_links_only_to_its_own_events() {
        let mut later = view();
        later.events.remove(0);
        check(
            &later,
            &["id=\"event-2\"", "1 of 2 events", "<td class=\"number\">1</td>"],
            &["#event-1"],
        );
    }

    #[test]
    fn a_long_path_keeps_both_ends() {
        let path = (0..100)
            .map(|n| Step {
                state: format!("S{n}."),
                times: 1,
            })
            .collect();
        check(
            &ExecutionView { path, ..view() },
            &["S0.", "S19.", "60 more", "S80.", "S99."],
            &["S20.", "S79."],
        );
        check(
            &ExecutionView {
                path: Vec::new(),
                ..view()
            },
            &["No state was entered yet."],
            &[],
        );
    }

    #[test]
    fn the_summary_names_what_there_is() {
        fn check(details: Value, expected: &str) {
            let Value::Object(details) = details else {
                panic!("an object")
            };
            assert_eq!(summary(&details), expected);
        }
        check(json!({ "name": "A", "output": 1, "outputDetails": {} }), "output, name");
        check(
            json!({ "a": 1, "b": 1, "c": 1, "d": 1, "error": "E", "f": 1 }),
            "error, a, b, c, 2 more",
        );
        check(json!({ "inputDetails": {} }), "details");
    }
}
