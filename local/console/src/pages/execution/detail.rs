//! The visit that the page shows: input, output, variables before and after, attempts, log lines.

use std::sync::Arc;

use maud::{Markup, html};
use serde::Serialize;
use serde_json::{Map, Value};
use sluice_engine::{EventKind, Trace};
use sluice_graph::StateStatus;
use sluice_host::{LogQuery, LogRecord};

use super::links::Links;
use super::table::badge;
use crate::model::At;
use crate::query::{Query, path};
use crate::state::ConsoleState;
use crate::visits::{Attempt, Visit, Visits};
use crate::{text, time};

/// At most so many bytes of one value are shown beside the graph.
const VALUE_BYTES: usize = 3 * 1024;
/// At most so many attempts, and lines of log, are shown: the last ones.
const ATTEMPTS: usize = 8;
const LINES: usize = 20;
const LINE_BYTES: usize = 300;
/// The requests of a function that are looked through for those of an attempt.
const REQUESTS: usize = 10_000;

/// A visit with its data.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Detail {
    id: u64,
    state: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
    entered_at: At,
    ended_at: Option<At>,
    duration_ms: i64,
    waits_for: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    input: Value,
    /// The arguments of its last call.
    arguments: Option<Value>,
    output: Option<Value>,
    /// The variables as they were when it was entered.
    variables: Value,
    /// Those that it has assigned.
    assigned: Option<Value>,
    attempts: Vec<AttemptRow>,
    /// The attempts that are not told, before these.
    attempts_left_out: usize,
    map_run_arn: Option<String>,
    /// The visits of the same state before and after it.
    earlier: Option<u64>,
    later: Option<u64>,
    #[serde(skip)]
    tone: StateStatus,
}

/// An attempt with its log.
#[derive(Debug, Clone, Serialize)]
struct AttemptRow {
    number: usize,
    event: u64,
    at: At,
    duration_ms: i64,
    status: &'static str,
    error: Option<String>,
    cause: Option<String>,
    function: Option<String>,
    request_id: Option<String>,
    /// The last lines that the function has written in it.
    lines: Vec<String>,
    #[serde(skip)]
    tone: StateStatus,
}

impl Detail {
    /// Gathers all about a visit.
    pub(crate) fn of(visit: &Visit, visits: &Visits, trace: &Trace, state: &ConsoleState, now: i64) -> Self {
        let event = |id: u64| {
            let place = usize::try_from(id).ok()?.checked_sub(1)?;
            trace.events.get(place).map(|event| &event.kind)
        };
        let input = match event(visit.id) {
            Some(EventKind::StateEntered { input, .. }) => Value::clone(input),
            _ => Value::Null,
        };
        let (output, assigned) = match visit.exited.and_then(event) {
            Some(EventKind::StateExited { output, assigned, .. }) => {
                let assigned = assigned.as_ref().map(|assigned| {
                    let members = assigned
                        .iter()
                        .map(|(name, value)| (name.to_string(), Value::clone(value)));
                    Value::Object(members.collect())
                });
                (Some(Value::clone(output)), assigned)
            }
            _ => (None, None),
        };
        let left_out = visit.attempts.len().saturating_sub(ATTEMPTS);
        let attempts = (1..).zip(&visit.attempts).skip(left_out);
        let same = || visits.all().iter().filter(|other| other.state == visit.state);
        Self {
            id: visit.id,
            state: visit.state.clone(),
            kind: visit.kind.as_str(),
            status: visit.status.as_str(),
            entered_at: At(visit.entered_at),
            ended_at: visit.ended_at.map(At),
            duration_ms: visit.duration_ms(now),
            waits_for: visit.waits_for.clone(),
            error: visit.error.as_ref().and_then(|error| error.error.clone()),
            cause: visit.error.as_ref().and_then(|error| error.cause.clone()),
            input,
            arguments: visit.attempts.last().and_then(|last| arguments(event(last.event)?)),
            output,
            variables: variables(visit, visits, event),
            assigned,
            attempts: attempts
                .map(|(number, attempt)| AttemptRow::of(number, attempt, state, now))
                .collect(),
            attempts_left_out: left_out,
            map_run_arn: visit.map_run.clone(),
            earlier: same().map(|other| other.id).filter(|id| *id < visit.id).max(),
            later: same().map(|other| other.id).find(|id| *id > visit.id),
            tone: visit.status,
        }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Its state.
    pub(crate) fn state(&self) -> &str {
        &self.state
    }
}

/// The arguments of a call, from the event with which it began.
fn arguments(kind: &EventKind) -> Option<Value> {
    match kind {
        EventKind::LambdaFunctionScheduled { input, .. } | EventKind::ActivityScheduled { input, .. } => {
            Some(Value::clone(input))
        }
        EventKind::TaskScheduled { parameters, .. } => Some(Value::clone(parameters)),
        _ => None,
    }
}

/// The variables as a visit found them: what the visits before it have assigned, the newest last.
fn variables<'e>(visit: &Visit, visits: &Visits, event: impl Fn(u64) -> Option<&'e EventKind>) -> Value {
    let mut found: Map<String, Value> = Map::new();
    for before in visits.before(visit) {
        let Some(EventKind::StateExited {
            assigned: Some(assigned),
            ..
        }) = before.exited.and_then(&event)
        else {
            continue;
        };
        for (name, value) in assigned.iter() {
            found.entry(name.to_string()).or_insert_with(|| Value::clone(value));
        }
    }
    Value::Object(found)
}

impl AttemptRow {
    fn of(number: usize, attempt: &Attempt, state: &ConsoleState, now: i64) -> Self {
        let lines = attempt
            .function
            .as_deref()
            .map(|function| lines(function, attempt, state, now));
        Self {
            number,
            event: attempt.event,
            at: At(attempt.at),
            duration_ms: attempt.ended_at.unwrap_or(now).saturating_sub(attempt.at),
            status: attempt.status.as_str(),
            error: attempt.error.as_ref().and_then(|error| error.error.clone()),
            cause: attempt.error.as_ref().and_then(|error| error.cause.clone()),
            function: attempt.function.clone(),
            request_id: attempt.request_id.clone(),
            lines: lines.unwrap_or_default(),
            tone: attempt.status,
        }
    }
}

/// The last lines of an attempt's request: by its id, or, while that is not known, of the only request in its time.
fn lines(function: &str, attempt: &Attempt, state: &ConsoleState, now: i64) -> Vec<String> {
    let query = LogQuery {
        after: None,
        limit: REQUESTS,
    };
    let records = state.host.logs(function, query);
    let end = attempt.ended_at.unwrap_or(now);
    let is_its = |record: &&Arc<LogRecord>| match &attempt.request_id {
        Some(id) => record.request_id.is_some_and(|of| of.to_string() == *id),
        None => i64::try_from(record.started_at_ms).is_ok_and(|at| (attempt.at..=end).contains(&at)),
    };
    let mut matching = records.iter().filter(is_its);
    let (Some(record), None) = (matching.next(), matching.next()) else {
        return Vec::new();
    };
    let lines = record.render();
    let from = lines.len().saturating_sub(LINES);
    let cut = lines[from..]
        .iter()
        .map(|line| text::bounded(line, LINE_BYTES).0.to_owned());
    cut.collect()
}

/// A value as JSON, of which so many bytes are shown at most.
pub(crate) fn short_json(value: &Value, all: &str, most: usize) -> Markup {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    short_text(&pretty, all, most)
}

fn short_text(whole: &str, all: &str, most: usize) -> Markup {
    let (shown, left_out) = text::bounded(whole, most);
    html! {
        @if !shown.is_empty() { pre tabindex="0" { (text::visible(shown)) } }
        @if left_out > 0 {
            p.note { (left_out) " more bytes are not shown: " a href=(all) { "all of it as JSON" } "." }
        }
    }
}

impl Detail {
    pub(crate) fn render(&self, links: &Links, json_url: &str) -> Markup {
        html! {
            h2 { (text::line(&self.state, 80)) " " (badge(self.tone)) }
            p.note {
                (self.kind) ", entered " (self.entered_at) ", "
                @if self.ended_at.is_some() { "took " } @else { "for " }
                (time::duration(self.duration_ms))
                @if let Some(waits_for) = &self.waits_for { ", " (text::line(waits_for, 200)) }
            }
            p.note {
                @if let Some(earlier) = self.earlier { a href=(links.visit(earlier)) { "visit before" } " · " }
                @if let Some(later) = self.later { a href=(links.visit(later)) { "visit after" } " · " }
                @if let Some(arn) = &self.map_run_arn { a href=(path(&["map-runs", arn])) { "its Map Run" } " · " }
                @if self.map_run_arn.is_none() && matches!(self.kind, "Map" | "Parallel") { a href=(links.items(self.id, 0, false)) { "what is in it" } " · " }
                a href=(links.events_of(&self.state)) { "its events" }
            }
            @if self.error.is_some() || self.cause.is_some() {
                p.error { strong { (text::line(self.error.as_deref().unwrap_or("(no error name)"), 256)) } }
                @if let Some(cause) = &self.cause { (cause_block(cause, json_url)) }
            }
            (value("Input", Some(&self.input), true, json_url))
            (value("Called with", self.arguments.as_ref(), false, json_url))
            (value("Output", self.output.as_ref(), true, json_url))
            @if self.variables.as_object().is_some_and(|members| !members.is_empty()) {
                (value("Variables before", Some(&self.variables), false, json_url))
            }
            (value("Variables assigned", self.assigned.as_ref(), false, json_url))
            @if !self.attempts.is_empty() { (self.attempts(json_url)) }
        }
    }

    fn attempts(&self, json_url: &str) -> Markup {
        let last = self.attempts.last().map(|attempt| attempt.number);
        html! {
            h3 { "Attempts" }
            @if self.attempts_left_out > 0 { p.note { (self.attempts_left_out) " before these are not shown." } }
            ol.attempts {
                @for attempt in &self.attempts {
                    li value=(attempt.number) { (attempt.render(Some(attempt.number) == last, json_url)) }
                }
            }
        }
    }
}

impl AttemptRow {
    fn render(&self, last: bool, json_url: &str) -> Markup {
        html! {
            (badge(self.tone)) " " span.note { "at " (self.at) ", " (time::duration(self.duration_ms)) }
            @if let Some(error) = &self.error { " " span.error { (text::line(error, 120)) } }
            @if let Some(function) = &self.function {
                @let log = path(&["logs", function]);
                @let query = Query::default().with("request", self.request_id.as_deref());
                " " a href=(query.link(&log)) { "log of " (text::line(function, 64)) }
            }
            @if let (Some(cause), false) = (&self.cause, last) {
                details { summary { "cause" } (cause_block(cause, json_url)) }
            }
            @if !self.lines.is_empty() {
                details open[last] { summary { "log lines" } pre.log tabindex="0" { @for line in &self.lines { (text::visible(line)) "\n" } } }
            }
        }
    }
}

fn cause_block(cause: &str, json_url: &str) -> Markup {
    match serde_json::from_str::<Value>(cause) {
        Ok(value) => short_json(&value, json_url, VALUE_BYTES),
        Err(_) => short_text(cause, json_url, VALUE_BYTES),
    }
}

fn value(name: &str, value: Option<&Value>, open: bool, json_url: &str) -> Markup {
    html! {
        @if let Some(value) = value {
            details open[open] { summary { (name) } (short_json(value, json_url, VALUE_BYTES)) }
        }
    }
}
