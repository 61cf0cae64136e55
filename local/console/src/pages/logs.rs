//! The functions' logs: the list of functions, and each one's requests.

use std::sync::Arc;

use maud::{Markup, html};
use serde::Serialize;
use sluice_host::{LogQuery, LogRecord};

use super::log_search::search_form;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, path};
use crate::state::ConsoleState;
use crate::{layout, redaction, text, time};

/// More than a host keeps of one function: its memory is bounded by bytes too.
const ALL: usize = 10_000;

/// The functions of the host.
#[derive(Debug, Serialize)]
pub(crate) struct Functions {
    items: Vec<FunctionRow>,
    next: Option<String>,
}

/// A function and its latest request.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionRow {
    name: String,
    /// Requests whose logs are still kept.
    requests: usize,
    last: Option<Request>,
}

/// One request's log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request {
    sequence: u64,
    /// Absent for an instance that ended before it had a request.
    request_id: Option<String>,
    started_at: At,
    duration_ms: f64,
    cold_start_ms: Option<f64>,
    status: String,
    log_stream: String,
    lines: Vec<String>,
}

/// One function's requests, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionLogs {
    function: String,
    items: Vec<Request>,
    next: Option<String>,
}

impl From<&LogRecord> for Request {
    fn from(record: &LogRecord) -> Self {
        let ms = |duration: std::time::Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            sequence: record.sequence,
            request_id: record.request_id.map(|id| id.to_string()),
            started_at: At(i64::try_from(record.started_at_ms).unwrap_or(i64::MAX)),
            duration_ms: ms(record.duration),
            cold_start_ms: record.init_duration.map(ms),
            status: record.status.as_str().to_owned(),
            log_stream: record.log_stream.to_string(),
            lines: record.render(),
        }
    }
}

impl Functions {
    /// Asks the host.
    pub(crate) fn load(state: &ConsoleState) -> Self {
        let items = state
            .host
            .functions()
            .iter()
            .map(|function| {
                let records = records(state, &function.name);
                FunctionRow {
                    name: function.name.to_string(),
                    requests: records.len(),
                    last: records.last().map(|record| Request::from(&**record)),
                }
            })
            .collect();
        Self { items, next: None }
    }

    /// The table of functions.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Function logs" }
            @let names: Vec<String> = self.items.iter().map(|row| row.name.clone()).collect();
            (search_form(&Query::default(), &names))
            @if self.items.is_empty() {
                (layout::empty_note("No function runs here."))
            } @else {
                div.scroll {
                    table {
                        caption { "Functions and their latest request" }
                        thead {
                            tr {
                                th scope="col" { "Function" }
                                th.num scope="col" { "Requests kept" }
                                th scope="col" { "Latest" }
                                th scope="col" { "Ended in" }
                                th.num scope="col" { "Duration" }
                            }
                        }
                        tbody {
                            @for row in &self.items {
                                tr {
                                    th scope="row" { a href=(path(&["logs", &row.name])) { (text::line(&row.name, 120)) } }
                                    td.num { (row.requests) }
                                    @if let Some(last) = &row.last {
                                        td { (last.started_at) }
                                        td { (outcome(&last.status)) }
                                        td.num { (last.duration_ms) " ms" }
                                    } @else {
                                        td colspan="3" { "no request yet" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl FunctionLogs {
    /// Asks the host for one function.
    pub(crate) fn load(state: &ConsoleState, function: &str, query: &Query) -> Result<Self, Problem> {
        let before = query.number("cursor", 0, u64::MAX)?;
        let records = records(state, function);
        if records.is_empty() && state.host.function(function).is_none() {
            return Err(Problem::not_found(format!(
                "there is no function {function:?} here; /console/logs lists them"
            )));
        }
        let requests = records.iter().map(|record| Request::from(&**record)).collect();
        Ok(Self::page(function, requests, before, query.limit()?, query))
    }

    /// The newest `limit` requests whose number is below `before`, out of all, oldest first.
    fn page(function: &str, requests: Vec<Request>, before: Option<u64>, limit: usize, query: &Query) -> Self {
        let mut older = requests
            .into_iter()
            .rev()
            .skip_while(|request| before.is_some_and(|b| request.sequence >= b));
        let items: Vec<Request> = older.by_ref().take(limit).collect();
        let next = match (items.last(), older.next()) {
            (Some(last), Some(_)) => {
                let query = query.only(&["limit", "format", "refresh"]);
                Some(
                    query
                        .with("cursor", Some(&last.sequence.to_string()))
                        .link(&path(&["logs", function])),
                )
            }
            _ => None,
        };
        Self {
            function: function.to_owned(),
            items,
            next,
        }
    }

    /// Each request with its lines.
    pub(crate) fn render(&self, json_url: &str) -> Markup {
        html! {
            h1 { "Log of " (text::line(&self.function, 120)) }
            p { a href="/console/logs" { "All functions" } }
            @if self.items.is_empty() {
                (layout::empty_note("No request yet."))
            }
            @for request in &self.items {
                section {
                    h2 {
                        (request.started_at) " " (outcome(&request.status)) " "
                        span.num { (request.duration_ms) " ms" }
                    }
                    p.soft {
                        @match &request.request_id {
                            Some(id) => { "Request " code { (id) } }
                            None => { "Before any request" }
                        }
                        @if let Some(cold) = request.cold_start_ms {
                            ", cold start " (time::duration(cold.round() as i64))
                        }
                        ", instance " code { (text::line(&request.log_stream, 200)) }
                    }
                    (lines(&request.lines, json_url))
                }
            }
            (layout::next(self.next.as_deref(), "Older requests"))
        }
    }

    /// The function's name.
    pub(crate) fn function(&self) -> &str {
        &self.function
    }
}

/// The lines of a request as one block.
fn lines(lines: &[String], json_url: &str) -> Markup {
    // Before the middle is left out: what comes after it would begin in the middle of a token.
    text::ends(&redaction::without_tokens(&lines.join("\n")), json_url)
}

/// The end of a request; what is not `success` stands out.
fn outcome(status: &str) -> Markup {
    let tone = if status == "success" {
        sluice_pages::Tone::Ok
    } else {
        sluice_pages::Tone::Bad
    };
    sluice_pages::badge(tone, status)
}

/// A function's records, oldest first.
fn records(state: &ConsoleState, function: &str) -> Vec<Arc<LogRecord>> {
    state.host.logs(
        function,
        LogQuery {
            after: None,
            limit: ALL,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sequence: u64, line: &str) -> Request {
        Request {
            sequence,
            request_id: Some(format!("id-{sequence}")),
            started_at: At(0),
            duration_ms: 1.5,
            cold_start_ms: (sequence == 1).then_some(7.0),
            status: if sequence == 2 { "timeout" } else { "success" }.to_owned(),
            log_stream: "2026/11/22/[$LATEST]a".to_owned(),
            lines: vec![line.to_owned()],
        }
    }

    #[test]
    fn requests_are_paged_newest_first() {
        fn check(before: Option<u64>, limit: usize, expected: &[u64], next: Option<&str>) {
            let requests = (1..=5).map(|sequence| request(sequence, "x")).collect();
            let logs = FunctionLogs::page("a", requests, before, limit, &Query::default());
            let sequences: Vec<u64> = logs.items.iter().map(|request| request.sequence).collect();
            assert_eq!(sequences, expected, "before {before:?}, {limit}");
            assert_eq!(logs.next.as_deref(), next);
        }
        check(None, 2, &[5, 4], Some("/console/logs/a?cursor=4"));
        check(Some(4), 2, &[3, 2], Some("/console/logs/a?cursor=2"));
        check(Some(2), 2, &[1], None);
        check(None, 5, &[5, 4, 3, 2, 1], None);
        check(Some(0), 2, &[], None);
    }

    #[test]
    fn a_log_shows_each_request() {
        fn check(requests: Vec<Request>, contains: &[&str], lacks: &[&str]) {
            let logs = FunctionLogs::page("validate-email", requests, None, 10, &Query::default());
            let page = logs.render("/json").into_string();
            for part in contains {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        check(vec![], &["No request yet."], &["<section"]);
        check(
            vec![request(1, "<b>hi")],
            &["&lt;b&gt;hi", "id-1", "cold start 7 ms", "success"],
            &["<b>", "timeout"],
        );
        check(vec![request(2, "")], &["timeout", "badge bad"], &["cold start"]);
        check(
            vec![Request {
                request_id: None,
                ..request(3, "")
            }],
            &["Before any request"],
            &["Request <code>"],
        );
        let long = format!("first{}last", "é".repeat(100_000));
        check(
            vec![request(3, &long)],
            &["first", "last", "bytes in between", "href=\"/json\""],
            &[],
        );
    }
}
