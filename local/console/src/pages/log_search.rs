//! Log lines of all functions: by function, request, text and level, newest request first.

use std::sync::Arc;

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_host::{LogQuery, LogRecord};

use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, path};
use crate::redaction;
use crate::state::ConsoleState;
use crate::submissions::words;
use crate::{layout, text};

/// The parameters of a search.
pub(crate) const SEARCH: [&str; 4] = ["q", "level", "request", "function"];
/// The most lines of a request that a page shows.
const LINES: usize = 40;
/// The members of JSON lines that name a submission or an execution.
const NAMES: [&str; 4] = ["submission_id", "submission", "execution", "execution_name"];

/// The levels, the gravest first.
const LEVELS: [Level; 5] = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace];

/// The gravity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// The level that a line says: by its member `level` if it is JSON, else by the first word that is one.
    fn of(line: &str) -> Option<Self> {
        let by_name = |name: &str| {
            LEVELS
                .into_iter()
                .find(|level| level.as_str().eq_ignore_ascii_case(name))
        };
        if line.starts_with('{')
            && let Ok(value) = serde_json::from_str::<Value>(line)
        {
            return by_name(value.get("level")?.as_str()?);
        }
        line.split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .take(6)
            .find_map(by_name)
    }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct LogSearch {
    items: Vec<Found>,
    next: Option<String>,
    #[serde(skip)]
    query: Query,
    #[serde(skip)]
    functions: Vec<String>,
}

/// A request with lines that were asked for.
#[derive(Debug, Serialize)]
struct Found {
    function: String,
    request_id: Option<String>,
    started_at: At,
    status: String,
    lines: Vec<String>,
    /// Lines that were asked for and are left out here.
    more: usize,
    /// The submissions and executions that its lines name.
    names: Vec<String>,
    #[serde(skip)]
    place: (u64, String, u64),
}

/// The conditions on lines.
struct Asked {
    words: Vec<String>,
    level: Option<Level>,
    request: Option<String>,
    function: Option<String>,
}

impl Asked {
    fn read(query: &Query) -> Result<Self, Problem> {
        let level = query.filled("level").map(|name| {
            LEVELS.into_iter().find(|level| level.as_str() == name).ok_or_else(|| {
                let beginning: String = name.chars().take(40).collect();
                Problem::bad_request(format!(
                    "level is {beginning:?}; it can be error, warn, info, debug or trace"
                ))
            })
        });
        let owned = |name: &str| query.filled(name).map(str::to_owned);
        Ok(Self {
            words: words(query.filled("q").unwrap_or_default()),
            level: level.transpose()?,
            request: owned("request"),
            function: owned("function"),
        })
    }

    /// The lines of a record that are asked for.
    fn of(&self, function: &str, record: &LogRecord) -> Option<Found> {
        let request_id = record.request_id.map(|id| id.to_string());
        let is_asked =
            |asked: &Option<String>, given: Option<&str>| asked.as_deref().is_none_or(|one| given == Some(one));
        if !is_asked(&self.function, Some(function)) || !is_asked(&self.request, request_id.as_deref()) {
            return None;
        }
        let all = record.render();
        let names = names(&all);
        let fits = |line: &String| {
            let small = line.to_lowercase();
            let level = self
                .level
                .is_none_or(|wanted| Level::of(line).is_some_and(|level| level <= wanted));
            level && self.words.iter().all(|word| small.contains(word))
        };
        let mut lines: Vec<String> = all.into_iter().filter(fits).collect();
        if lines.is_empty() {
            return None;
        }
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        Some(Found {
            function: function.to_owned(),
            place: (record.started_at_ms, function.to_owned(), record.sequence),
            request_id,
            started_at: At(i64::try_from(record.started_at_ms).unwrap_or(i64::MAX)),
            status: record.status.as_str().to_owned(),
            lines,
            more,
            names,
        })
    }
}

/// The submissions and executions that lines name: as members of JSON, or as `name="value"`.
fn names(lines: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !found.iter().any(|known| known == name) && found.len() < 5 {
            found.push(name.to_owned());
        }
    };
    for line in lines {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => {
                for place in [Some(&value), value.get("fields")].into_iter().flatten() {
                    NAMES
                        .iter()
                        .filter_map(|name| place.get(name)?.as_str())
                        .for_each(&mut add);
                }
            }
            Err(_) => NAMES.iter().filter_map(|name| quoted(line, name)).for_each(&mut add),
        }
    }
    found
}

/// The value of `name="value"` in a line.
fn quoted<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (before, rest) = line.split_once(&format!("{name}=\""))?;
    let is_whole = before.is_empty() || before.ends_with(char::is_whitespace);
    rest.split_once('"').map(|(value, _)| value).filter(|_| is_whole)
}

impl LogSearch {
    /// Asks the host for the records of all functions.
    pub(crate) fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let asked = Asked::read(query)?;
        let limit = query.limit()?;
        let below = query.filled("cursor").map(place).transpose()?;
        let functions: Vec<String> = state.host.functions().iter().map(|one| one.name.to_string()).collect();
        let mut found: Vec<Found> = Vec::new();
        for function in &functions {
            let all = LogQuery {
                after: None,
                limit: usize::MAX,
            };
            let records: Vec<Arc<LogRecord>> = state.host.logs(function, all);
            let of_function = records.iter().filter_map(|record| asked.of(function, record));
            found.extend(of_function.filter(|one| below.as_ref().is_none_or(|below| one.place < *below)));
        }
        found.sort_by(|a, b| b.place.cmp(&a.place));
        let more = found.len() > limit;
        found.truncate(limit);
        let query = query.only(&["q", "level", "request", "function", "limit", "format", "refresh"]);
        let next = found.last().filter(|_| more).map(|last| {
            let (at, function, sequence) = &last.place;
            query
                .with("cursor", Some(&format!("{at}/{sequence}/{function}")))
                .link("/console/logs")
        });
        Ok(Self {
            items: found,
            next,
            query,
            functions,
        })
    }

    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Logs" }
            (search_form(&self.query, &self.functions))
            div id="lines" data-live {
                @if self.items.is_empty() { (layout::empty_note("No line is like this.")) }
                @for found in &self.items { (found.render()) }
                (layout::next(self.next.as_deref(), "Older requests"))
            }
        }
    }
}

impl Found {
    fn render(&self) -> Markup {
        let shown = redaction::without_tokens(&self.lines.join("\n")).into_owned();
        let of_request = Query::default().with("request", self.request_id.as_deref());
        let tone = if self.status == "success" { "ok" } else { "bad" };
        html! {
            section.card {
                h2 {
                    a href=(path(&["logs", &self.function])) { (text::line(&self.function, 120)) } " "
                    (self.started_at) " "
                    span class={ "badge " (tone) } { (self.status) }
                }
                p.soft {
                    @if let Some(id) = &self.request_id {
                        "Request " a href=(of_request.link("/console/logs")) { code { (id) } }
                    } @else { "Before any request" }
                    @for name in &self.names {
                        " · " a href=(Query::default().with("q", Some(name)).link("/console")) { "Submission " code { (text::line(name, 80)) } }
                    }
                }
                (text::ends(&shown, &of_request.with("format", Some("json")).link("/console/logs")))
                @if self.more > 0 { p.soft { (self.more) " more lines like this are left out." } }
            }
        }
    }
}

/// The form above logs.
pub(crate) fn search_form(query: &Query, functions: &[String]) -> Markup {
    let value = |name: &str| query.filled(name).unwrap_or_default();
    html! {
        form.search role="search" method="get" action="/console/logs" {
            div class="field grow" {
                label for="q" { "Find in lines (a submission's id, a word)" }
                input type="search" id="q" name="q" value=(value("q")) autocomplete="off" spellcheck="false";
            }
            div.field {
                label for="function" { "Function" }
                select id="function" name="function" {
                    option value="" { "All" }
                    @for name in functions {
                        option value=(name) selected[value("function") == name] { (text::visible(name)) }
                    }
                }
            }
            div.field {
                label for="level" { "Level" }
                select id="level" name="level" {
                    option value="" { "All" }
                    @for level in LEVELS {
                        option value=(level.as_str()) selected[value("level") == level.as_str()] { (level.as_str()) @if level > Level::Error { " and graver" } }
                    }
                }
            }
            div.field {
                label for="request" { "Request id" }
                input id="request" name="request" value=(value("request")) autocomplete="off" spellcheck="false";
            }
            button.button type="submit" { "Find" }
            @let followed = query.filled("refresh").is_some();
            a href=(query.with("refresh", (!followed).then_some("2")).link("/console/logs")) {
                @if followed { "Stop following" } @else { "Follow" }
            }
        }
    }
}

/// Reads the place of a cursor.
fn place(cursor: &str) -> Result<(u64, String, u64), Problem> {
    let mut parts = cursor.splitn(3, '/');
    let mut number = || parts.next().and_then(|part| part.parse().ok());
    match (number(), number(), parts.next()) {
        (Some(at), Some(sequence), Some(function)) => Ok((at, function.to_owned(), sequence)),
        _ => Err(Problem::bad_request("the cursor is none of this list's")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_its_level() {
        fn check(line: &str, expected: Option<Level>) {
            assert_eq!(Level::of(line), expected, "{line}");
        }
        check(r#"{"level":"ERROR","x":1}"#, Some(Level::Error));
        check(r#"{"level":"warn"}"#, Some(Level::Warn));
        check(r#"{"x":"ERROR"}"#, None);
        check("2026-11-22T10:00:00Z  INFO sluice: x", Some(Level::Info));
        check("[ERROR] it broke", Some(Level::Error));
        check("START RequestId: x", None);
        check("{ no json", None);
    }

    #[test]
    fn lines_name_submissions_once() {
        let lines = [
            r#"{"submission_id":"s-1"}"#,
            r#"{"fields":{"submission_id":"s-2"}}"#,
            r#"{"submission_id":"s-1"}"#,
            "submission_id s-3",
            "INFO submitted submission=\"s-4\" status=\"stored\"",
            "resubmission=\"s-5\"",
        ];
        assert_eq!(names(&lines.map(str::to_owned)), ["s-1", "s-2", "s-4"]);
    }

    #[test]
    fn a_cursor_is_a_place() {
        fn check(cursor: &str, expected: Option<(u64, &str, u64)>) {
            let expected = expected.map(|(at, function, sequence)| (at, function.to_owned(), sequence));
            assert_eq!(place(cursor).ok(), expected, "{cursor}");
        }
        check("5/7/a/b", Some((5, "a/b", 7)));
        check("5/x/a", None);
        check("", None);
    }
}
