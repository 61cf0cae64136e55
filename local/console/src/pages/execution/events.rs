//! The events, newest first, with filters.

use std::fmt::Write as _;

use maud::{Markup, html};
use serde_json::{Map, Value};
use sluice_engine::{EventKind, HistoryEvent};

use super::detail::short_json;
use super::links::Links;
use crate::history::EventRow;
use crate::problem::Problem;
use crate::query::Query;
use crate::{layout, text, time};

/// The details on a page end when they are so many bytes together: the JSON form has all of them.
const DETAILS_BYTES: usize = 24 * 1024;
/// At most so many bytes of one event's details are shown.
const ONE_BYTES: usize = 4 * 1024;

/// The groups of types that the filter offers.
const GROUPS: [(&str, &str); 4] = [
    ("states", "States entered and left"),
    ("tasks", "Tasks"),
    ("branches", "Parallels, Maps and Map Runs"),
    ("execution", "The execution"),
];

/// The choice of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// A group of types, or one type by its name.
    kind: Option<String>,
    /// The state that they are about.
    of: Option<String>,
    failed: bool,
    /// Their details are open.
    open: bool,
}

impl Filter {
    pub(crate) fn parse(query: &Query) -> Result<Self, Problem> {
        let flag = |name: &str| Ok(query.number(name, 0, 1)?.is_some_and(|number| number == 1));
        let kind = query.filled("type").map(str::to_owned);
        if let Some(name) = &kind
            && !GROUPS.iter().any(|(group, _)| group == name)
            && !name.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            let groups = GROUPS.map(|(group, _)| group).join(", ");
            return Err(Problem::bad_request(format!(
                "type can be a type of event, or one of {groups}"
            )));
        }
        Ok(Self {
            kind,
            of: query.filled("of").map(str::to_owned),
            failed: flag("failed")?,
            open: flag("open")?,
        })
    }

    /// Tells whether an event of this state passes.
    pub(crate) fn takes(&self, event: &HistoryEvent, state: Option<&str>) -> bool {
        let is_of = self.of.as_deref().is_none_or(|of| state == Some(of));
        is_of
            && (!self.failed || is_failure(&event.kind))
            && self.kind.as_deref().is_none_or(|kind| is_in(&event.kind, kind))
    }

    fn is_empty(&self) -> bool {
        self.kind.is_none() && self.of.is_none() && !self.failed
    }
}

fn is_in(kind: &EventKind, group: &str) -> bool {
    match group {
        "states" => matches!(
            kind,
            EventKind::StateEntered { .. } | EventKind::StateExited { .. } | EventKind::StateAborted { .. }
        ),
        "execution" => kind.type_name().starts_with("Execution"),
        "branches" => {
            let name = kind.type_name();
            (name.starts_with("Parallel") || name.starts_with("Map"))
                && !matches!(kind, EventKind::StateEntered { .. } | EventKind::StateExited { .. })
        }
        "tasks" => {
            let name = kind.type_name();
            let calls = ["LambdaFunction", "Activity", "Task"]
                .iter()
                .any(|start| name.starts_with(start));
            calls && !is_in(kind, "states")
        }
        name => kind.type_name() == name,
    }
}

/// Tells whether an event is bad news.
pub(crate) fn is_failure(kind: &EventKind) -> bool {
    let name = kind.type_name();
    ["Failed", "TimedOut", "Aborted"].iter().any(|end| name.ends_with(end))
}

/// The events of a page.
pub(crate) struct Events<'v> {
    pub(crate) rows: &'v [EventRow],
    /// The events of the whole history.
    pub(crate) all: usize,
    pub(crate) filter: &'v Filter,
    /// The states that the filter offers.
    pub(crate) states: &'v [String],
    pub(crate) next: Option<&'v str>,
}

impl Events<'_> {
    pub(crate) fn render(&self, links: &Links, json_url: &str) -> Markup {
        html! {
            (self.form(links))
            @if self.rows.is_empty() {
                (layout::empty_note("No event passes these filters."))
            } @else {
                div.wide {
                    table.events {
                        caption {
                            "Newest first, " (self.rows.len()) " of " (self.all) " events · "
                            @if self.filter.open { a href=(links.opened(false)) { "close all details" } }
                            @else { a href=(links.opened(true)) { "open all details" } }
                        }
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
                        tbody { (self.table_rows(links, json_url)) }
                    }
                }
            }
            (layout::next(self.next, "Earlier events"))
        }
    }

    fn form(&self, links: &Links) -> Markup {
        let chosen = |value: &str| self.filter.kind.as_deref() == Some(value);
        let other = self
            .filter
            .kind
            .as_deref()
            .filter(|kind| !GROUPS.iter().any(|(group, _)| group == kind));
        html! {
            form.filters method="get" action={ (links.path()) "#events" } {
                label { "Type "
                    select name="type" {
                        option value="" { "all" }
                        @for (value, words) in GROUPS { option value=(value) selected[chosen(value)] { (words) } }
                        @if let Some(kind) = other { option value=(kind) selected { (text::visible(kind)) } }
                    }
                }
                label { "State "
                    select name="of" {
                        option value="" { "all" }
                        @for state in self.states {
                            option value=(state) selected[self.filter.of.as_deref() == Some(state)] { (text::visible(text::bounded(state, 80).0)) }
                        }
                    }
                }
                label { input type="checkbox" name="failed" value="1" checked[self.filter.failed]; " failed only" }
                button { "Filter" }
                @if !self.filter.is_empty() { " " a href=(links.events_of_all()) { "no filter" } }
            }
        }
    }

    fn table_rows(&self, links: &Links, json_url: &str) -> Markup {
        let mut room = DETAILS_BYTES;
        html! {
            @for event in self.rows { (self.row(event, links, json_url, &mut room)) }
        }
    }

    fn row(&self, event: &EventRow, links: &Links, json_url: &str, room: &mut usize) -> Markup {
        let bad = ["Failed", "TimedOut", "Aborted"]
            .iter()
            .any(|end| event.kind.ends_with(end));
        html! {
            tr id={ "event-" (event.id) } class=[bad.then_some("bad-news")] {
                th.number scope="row" { (event.id) }
                td { (text::line(&event.kind, 80)) }
                td {
                    @if let (Some(state), Some(visit)) = (&event.state, event.visit) {
                        a href=(links.visit(visit)) { (text::line(state, 80)) }
                    }
                }
                // no time element: the script would put the date into its place
                td.number { span title=(time::rfc3339(event.at.0)) { (time::duration(event.since_start_ms)) } }
                td.number { (self.previous(event.previous_id)) }
                td { (self.details(event, json_url, room)) }
            }
        }
    }

    fn details(&self, event: &EventRow, json_url: &str, room: &mut usize) -> Markup {
        let Value::Object(details) = &event.details else {
            return Markup::default();
        };
        if details.is_empty() {
            return Markup::default();
        }
        let shown = short_json(&event.details, json_url, ONE_BYTES.min(*room));
        *room = room.saturating_sub(shown.0.len());
        html! { details open[self.filter.open] { summary { (summary(details)) } (shown) } }
    }

    /// The number of the event before; a link when that is on this page.
    fn previous(&self, id: u64) -> Markup {
        let is_here = self.rows.iter().any(|event| event.id == id);
        html! {
            @if is_here { a href={ "#event-" (id) } { (id) } } @else if id > 0 { (id) }
        }
    }
}

/// The names of what the details hold, so that one knows whether to open them.
pub(crate) fn summary(details: &Map<String, Value>) -> String {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use sluice_engine::{ErrorDetails, StateType};

    use super::*;

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

    #[test]
    fn a_filter_takes_what_it_names() {
        fn check(query: &str, kind: &EventKind, state: Option<&str>, expected: bool) {
            let filter = Filter::parse(&Query::parse(Some(query))).unwrap_or_default();
            let event = HistoryEvent {
                id: 1,
                previous_event_id: 0,
                timestamp: 0,
                kind: kind.clone(),
            };
            assert_eq!(filter.takes(&event, state), expected, "{query}: {}", kind.type_name());
        }
        let entered = EventKind::StateEntered {
            state: StateType::Map,
            name: "M".into(),
            input: Arc::default(),
        };
        let failed = EventKind::LambdaFunctionFailed(ErrorDetails::default());
        for (query, of_entered, of_failed, of_started, of_ended) in [
            ("", true, true, true, true),
            ("type=states", true, false, false, false),
            ("type=tasks", false, true, false, false),
            ("type=branches", false, false, true, false),
            ("type=execution", false, false, false, true),
            ("type=MapStateEntered", true, false, false, false),
            ("failed=1", false, true, false, false),
            ("of=M", true, false, true, false),
            ("of=M&failed=1", false, false, false, false),
        ] {
            check(query, &entered, Some("M"), of_entered);
            check(query, &failed, Some("T"), of_failed);
            check(query, &EventKind::MapStateStarted { length: 1 }, Some("M"), of_started);
            check(
                query,
                &EventKind::ExecutionSucceeded { output: Arc::default() },
                None,
                of_ended,
            );
        }
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        for query in ["failed=yes", "open=2", "type=%3Cscript%3E"] {
            assert!(Filter::parse(&Query::parse(Some(query))).is_err(), "{query}");
        }
    }
}
