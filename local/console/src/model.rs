//! The parts that several pages have.

use maud::{Markup, Render, html};
use serde::{Serialize, Serializer};
use sluice_engine::{Status, Timestamp};
use sluice_pages::Column;

use super::query::execution_path;
use super::{layout, text, time};

/// A moment: RFC 3339 for programs, a `<time>` element for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(pub(crate) Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time::rfc3339(self.0))
    }
}

impl Render for At {
    fn render(&self) -> Markup {
        time::moment(self.0)
    }
}

/// The wait that an execution is parked in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Waiting {
    /// The state that waits for its task token to come back.
    pub(crate) state: Option<String>,
    /// Since when.
    pub(crate) since: At,
}

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ExecutionRow {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) state_machine: String,
    pub(crate) state_machine_arn: String,
    pub(crate) started_at: At,
    pub(crate) stopped_at: Option<At>,
    /// Up to now for one that runs.
    pub(crate) duration_ms: i64,
    pub(crate) waiting: Option<Waiting>,
}

/// The columns of a table of executions.
const COLUMNS: [Column<'static>; 6] = [
    Column::text("Execution"),
    Column::text("Status"),
    Column::text("State machine"),
    Column::text("Started"),
    Column::number("Duration"),
    Column::text("Waits for"),
];

/// The table of executions, or `empty` when there are none.
pub(crate) fn execution_table(rows: &[ExecutionRow], caption: &str, empty: Markup) -> Markup {
    if rows.is_empty() {
        return empty;
    }
    html! {
        (sluice_pages::table(caption, &COLUMNS, rows.iter().map(|row| vec![
            html! { a href=(execution_path(&row.arn)) { (text::line(&row.name, 120)) } },
            layout::status(row.status),
            text::line(&row.state_machine, 120),
            row.started_at.render(),
            html! { (time::duration(row.duration_ms)) },
            waits_for(row.waiting.as_ref()),
        ])))
    }
}

/// The wait of an execution, in words.
pub(crate) fn waits_for(waiting: Option<&Waiting>) -> Markup {
    html! {
        @if let Some(waiting) = waiting {
            @if let Some(state) = &waiting.state { (text::line(state, 120)) " " }
            span.soft { "a callback, since " (waiting.since) }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A row to begin with.
    pub(crate) fn row(name: &str, status: Status) -> ExecutionRow {
        ExecutionRow {
            arn: format!("arn:aws:states:us-east-1:000000000000:execution:ingest:{name}"),
            name: name.to_owned(),
            status,
            state_machine: "ingest".to_owned(),
            state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:ingest".to_owned(),
            started_at: At(0),
            stopped_at: None,
            duration_ms: 1_500,
            waiting: None,
        }
    }

    #[test]
    fn executions_are_a_table() {
        fn check(rows: &[ExecutionRow], contains: &[&str], lacks: &[&str]) {
            let page = execution_table(rows, "Newest first", layout::empty_note("None yet.")).into_string();
            for part in contains {
                assert!(page.contains(part), "{part:?} in {page}");
            }
            for part in lacks {
                assert!(!page.contains(part), "no {part:?} in {page}");
            }
        }
        check(&[], &["None yet."], &["<table"]);
        check(
            &[row("a-1", Status::Running)],
            &[
                "<a href=\"/console/executions/arn:aws:states:us-east-1:000000000000:execution:ingest:a-1\">",
                "RUNNING",
                "datetime=\"1970-01-01T00:00:00.000Z\"",
                "1.500 s",
                "<caption>Newest first</caption>",
                "scope=\"col\"",
            ],
            &["None yet.", "callback"],
        );
        let waiting = Some(Waiting {
            state: Some("RequestApproval".to_owned()),
            since: At(1_000),
        });
        check(
            &[ExecutionRow {
                waiting,
                ..row("a-1", Status::Running)
            }],
            &[
                "RequestApproval",
                "a callback, since <time datetime=\"1970-01-01T00:00:01.000Z\"",
            ],
            &[],
        );
        check(
            &[row("<script>\u{202e}\0", Status::Failed)],
            &["&lt;script&gt;\\u202e\\u0000", "%3Cscript%3E%E2%80%AE%00"],
            &["<script"],
        );
    }
}
