//! The first page: the stack, its executions by status, the newest of them.

use maud::{Markup, html};
use serde::Serialize;
use sluice_driver::{DriverError, ExecutionFilter, ExecutionSummary, Page};
use sluice_engine::{Status, Timestamp};

use crate::model::{At, ExecutionRow, Waiting, execution_table};
use crate::problem::Problem;
use crate::query::Query;
use crate::state::ConsoleState;
use crate::status::parse_status;
use crate::{layout, text};
use sluice_cloudformation::{StackOutput, StackRecord};

/// Counting stops here, so that the page is as quick with a million executions as with ten.
const COUNTED: usize = 1000;

/// The content of the first page.
#[derive(Debug, Serialize)]
pub(crate) struct Overview {
    stacks: Vec<StackView>,
    counts: Vec<Count>,
    /// Only executions with this status are listed.
    status: Option<Status>,
    items: Vec<ExecutionRow>,
    next: Option<String>,
    #[serde(skip)]
    query: Query,
    /// The way to a first execution.
    #[serde(skip)]
    note: Option<String>,
}

/// A stack and its outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StackView {
    name: String,
    status: &'static str,
    outputs: Vec<OutputView>,
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OutputView {
    key: String,
    value: String,
    description: Option<String>,
}

impl From<&StackRecord> for StackView {
    fn from(stack: &StackRecord) -> Self {
        let output = |output: &StackOutput| OutputView {
            key: output.key.clone(),
            value: output.value.clone(),
            description: output.description.clone(),
        };
        Self {
            name: stack.name.clone(),
            status: stack.status.as_str(),
            outputs: stack.outputs.iter().map(output).collect(),
        }
    }
}

/// The number of executions with a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    status: Status,
    count: usize,
    /// There are more: counting stopped here.
    more: bool,
}

/// A page of executions, newest first, as rows; `link` is the path that the next page is on.
pub(crate) async fn executions(
    state: &ConsoleState,
    query: &Query,
    machine_arn: Option<&str>,
    link: &str,
) -> Result<(Vec<ExecutionRow>, Option<String>), Problem> {
    let filter = ExecutionFilter {
        machine_arn: machine_arn.map(str::to_owned),
        status: parse_status(query)?,
        waiting: false,
        after: query.filled("cursor").map(str::to_owned),
        limit: query.limit()?,
        ..ExecutionFilter::default()
    };
    let page = listed(state, filter).await?;
    let now = state.clock.now();
    let rows = page.items.iter().map(|summary| row(summary, now)).collect();
    let query = query.only(&["status", "limit", "format", "refresh"]);
    Ok((
        rows,
        page.next.map(|cursor| query.with("cursor", Some(&cursor)).link(link)),
    ))
}

/// Asks the driver; a cursor that it never gave out is the caller's mistake.
pub(crate) async fn listed(state: &ConsoleState, filter: ExecutionFilter) -> Result<Page<ExecutionSummary>, Problem> {
    state
        .driver
        .executions()
        .list(filter)
        .await
        .map_err(|error| match error {
            DriverError::InvalidCursor(_) => Problem::bad_request(error.to_string()),
            other => Problem::unreadable("the executions", other),
        })
}

/// A summary as a row of a list.
pub(crate) fn row(summary: &ExecutionSummary, now: Timestamp) -> ExecutionRow {
    ExecutionRow {
        arn: summary.arn.clone(),
        name: summary.name.clone(),
        status: summary.status,
        state_machine: machine_name(&summary.machine_arn).to_owned(),
        state_machine_arn: summary.machine_arn.clone(),
        started_at: At(summary.start_date),
        stopped_at: summary.stop_date.map(At),
        duration_ms: summary.stop_date.unwrap_or(now).saturating_sub(summary.start_date),
        waiting: summary.waiting_since.map(|since| Waiting {
            state: summary.waiting_state.clone(),
            since: At(since),
        }),
    }
}

/// The last part of a state machine's ARN.
fn machine_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

impl Overview {
    /// Asks the driver and the stack registry.
    pub(crate) async fn load(state: &ConsoleState, query: &Query) -> Result<Self, Problem> {
        let (items, next) = executions(state, query, None, "/console/executions").await?;
        let counted = state.driver.executions().counts(COUNTED + 1).await;
        let counted = counted.map_err(|error| Problem::unreadable("the executions", error))?;
        let counts = counted
            .into_iter()
            .map(|(status, count)| Count {
                status,
                count: count.min(COUNTED),
                more: count > COUNTED,
            })
            .collect();
        let query = query.only(&["status", "limit", "format", "refresh"]);
        let stacks = state
            .stacks
            .existing()
            .iter()
            .map(|stack| StackView::from(&**stack))
            .collect();
        Ok(Self {
            stacks,
            counts,
            status: parse_status(&query)?,
            items,
            next,
            query,
            note: state.notes.executions.clone(),
        })
    }

    /// The page.
    pub(crate) fn render(&self) -> Markup {
        html! {
            h1 { "Executions" }
            (self.render_counts())
            (execution_table(&self.items, "Newest first", self.render_empty()))
            (layout::next(self.next.as_deref(), "Older executions"))
            @for stack in &self.stacks { (stack.render()) }
        }
    }

    fn render_empty(&self) -> Markup {
        match self.status {
            Some(_) => layout::empty_note("No execution has this status."),
            None => layout::empty_with_note("No execution yet.", self.note.as_deref()),
        }
    }

    /// Counts that are also the filter.
    fn render_counts(&self) -> Markup {
        let all = self.query.with("status", None);
        html! {
            nav aria-label="Filter by status" {
                ul.chips {
                    li { a href=(all.link("/console/executions")) aria-current=[self.status.is_none().then_some("true")] { "All" } }
                    @for count in self.counts.iter().filter(|count| self.is_listed(count)) {
                        li {
                            a href=(self.query.with("status", Some(count.status.as_str())).link("/console/executions"))
                                aria-current=[(self.status == Some(count.status)).then_some("true")] {
                                (count.status.as_str()) " " b { (count.count) @if count.more { "+" } }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Redrive is rare: its count is shown once there is something to count.
    fn is_listed(&self, count: &Count) -> bool {
        count.status != Status::PendingRedrive || count.count > 0 || self.status == Some(count.status)
    }
}

impl StackView {
    fn render(&self) -> Markup {
        html! {
            h2 { "Stack " (text::line(&self.name, 128)) }
            p.soft { (text::line(self.status, 64)) }
            @if self.outputs.is_empty() {
                (layout::empty_note("This stack has no outputs."))
            } @else {
                div.scroll {
                    table {
                        caption { "Outputs" }
                        thead {
                            tr {
                                th scope="col" { "Key" }
                                th scope="col" { "Value" }
                                th scope="col" { "Meaning" }
                            }
                        }
                        tbody {
                            @for output in &self.outputs {
                                tr {
                                    th scope="row" { (text::line(&output.key, 255)) }
                                    td { (output.render_value()) }
                                    td { (text::line(output.description.as_deref().unwrap_or_default(), 1024)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl OutputView {
    /// The value; clickable when all of it is a web address.
    fn render_value(&self) -> Markup {
        html! {
            @match text::spans(&self.value).as_slice() {
                [text::Span::Link(link)] => a href=(link) rel="noreferrer noopener" { (link) },
                _ => code { (text::line(&self.value, 1024)) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::row as example;

    fn overview(query: &str) -> Overview {
        let query = Query::parse(Some(query));
        let count = |status, count, more| Count { status, count, more };
        Overview {
            stacks: vec![StackView {
                name: "sluice".to_owned(),
                status: "CREATE_COMPLETE",
                outputs: vec![
                    OutputView {
                        key: "FunctionURLAPI".to_owned(),
                        value: "http://127.0.0.1:41001/".to_owned(),
                        description: Some("Submit <here>".to_owned()),
                    },
                    OutputView {
                        key: "TableName".to_owned(),
                        value: "entries javascript:x".to_owned(),
                        description: None,
                    },
                ],
            }],
            counts: vec![
                count(Status::Running, 1000, true),
                count(Status::Failed, 0, false),
                count(Status::PendingRedrive, 0, false),
            ],
            status: parse_status(&query).expect("a status"),
            items: vec![example("a-1", Status::Running)],
            next: Some("/console/executions?cursor=c".to_owned()),
            query,
            note: None,
        }
    }

    fn check(overview: &Overview, contains: &[&str], lacks: &[&str]) {
        let page = overview.render().into_string();
        for part in contains {
            assert!(page.contains(part), "{part:?} in {page}");
        }
        for part in lacks {
            assert!(!page.contains(part), "no {part:?} in {page}");
        }
    }

    #[test]
    fn the_overview_shows_the_stack_the_counts_and_the_newest() {
        check(
            &overview(""),
            &[
                "<a href=\"http://127.0.0.1:41001/\" rel=\"noreferrer noopener\">",
                "<code><bdi>entries javascript:x</bdi></code>",
                "Submit &lt;here&gt;",
                "RUNNING <b>1000+</b>",
                "FAILED <b>0</b>",
                "href=\"/console/executions?status=RUNNING\"",
                "<a href=\"/console/executions\" aria-current=\"true\">All</a>",
                "href=\"/console/executions?cursor=c\" rel=\"next\">",
                ">a-1<",
            ],
            &["href=\"javascript", "PENDING_REDRIVE"],
        );
    }

    #[test]
    fn the_filter_keeps_the_rest_of_the_query() {
        check(
            &overview("limit=5&status=running"),
            &[
                "href=\"/console/executions?limit=5&amp;status=FAILED\"",
                "href=\"/console/executions?limit=5\">All",
                "aria-current=\"true\">RUNNING",
            ],
            &[],
        );
        let empty = Overview {
            items: Vec::new(),
            next: None,
            ..overview("status=FAILED")
        };
        check(&empty, &["No execution has this status."], &["rel=\"next\""]);
        let first = Overview {
            items: Vec::new(),
            stacks: Vec::new(),
            ..overview("")
        };
        check(&first, &["No execution yet."], &[]);
    }

    #[test]
    fn a_summary_becomes_a_row() {
        let summary = ExecutionSummary {
            key: 7,
            arn: "arn:e".to_owned(),
            name: "e".to_owned(),
            machine_arn: "arn:aws:states:us-east-1:0:stateMachine:ingest".to_owned(),
            status: Status::Running,
            start_date: 1_000,
            stop_date: None,
            waiting_since: Some(1_200),
            waiting_state: Some("RequestApproval".to_owned()),
            version_arn: None,
            alias_arn: None,
            redrive_count: 0,
            redriven_at: None,
        };
        let running = row(&summary, 5_000);
        assert_eq!((running.state_machine.as_str(), running.duration_ms), ("ingest", 4_000));
        assert_eq!(
            running.waiting,
            Some(Waiting {
                state: Some("RequestApproval".to_owned()),
                since: At(1_200)
            })
        );
        let ended = row(
            &ExecutionSummary {
                stop_date: Some(1_500),
                waiting_since: None,
                ..summary
            },
            5_000,
        );
        assert_eq!(
            (ended.duration_ms, ended.stopped_at, ended.waiting),
            (500, Some(At(1_500)), None)
        );
    }
}
