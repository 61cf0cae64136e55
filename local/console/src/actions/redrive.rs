//! Redriving: one execution, or all that failed among the submissions of a search, after a look at how many.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;
use sluice_driver::{ExecutionFilter, ExecutionRecord, RedriveError, RedriveExecution};
use sluice_engine::Status;

use super::Done;
use crate::console::Console;
use crate::forms::FormToken;
use crate::layout;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, execution_path};
use crate::status::parse_status;
use crate::submissions::Search;
use crate::text;

/// The most executions that one press redrives.
const AT_ONCE: usize = 500;
/// The executions that the preview names.
const NAMED: usize = 10;
/// The statuses that a redrive goes on from.
const UNSUCCESSFUL: [Status; 3] = [Status::Failed, Status::TimedOut, Status::Aborted];
/// The parameters of a choice of submissions.
const CHOICE: [&str; 5] = ["outcome", "q", "from", "to", "status"];

/// The question about one execution.
#[derive(Debug, Serialize)]
pub(crate) struct RedriveForm {
    arn: String,
    name: String,
    status: Status,
}

impl RedriveForm {
    pub(crate) async fn load(console: &Console, query: &Query) -> Result<Self, Problem> {
        let arn = query.filled("arn").unwrap_or_default();
        let record = console.driver.executions().get(arn).await;
        let record = record.map_err(|error| Problem::unreadable("the execution", error))?;
        let record = record.ok_or_else(|| Problem::not_found(format!("there is no execution {arn:?}")))?;
        Ok(Self {
            arn: arn.to_owned(),
            name: record.identity.name.to_string(),
            status: record.status,
        })
    }

    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        html! {
            h1 { "Redrive this execution?" }
            p { (text::line(&self.name, 120)) " " (layout::status(self.status)) }
            @if UNSUCCESSFUL.contains(&self.status) {
                p { "It goes on with the state in which it ended; what was done before stays done." }
                form method="post" action="/console/redrive" {
                    (token.field())
                    input type="hidden" name="arn" value=(self.arn);
                    div.actions {
                        button class="button primary" type="submit" { "Redrive it" }
                        a href=(execution_path(&self.arn)) { "No, go back" }
                    }
                }
            } @else {
                p { "Only what failed, timed out or was stopped can be redriven." }
                p { a href=(execution_path(&self.arn)) { "To the execution" } }
            }
        }
    }
}

/// Redrives one execution.
pub(super) async fn run(console: &Console, form: &Query) -> Result<Done, Problem> {
    let arn = form.filled("arn").unwrap_or_default();
    let request = RedriveExecution {
        arn: arn.to_owned(),
        client_token: None,
    };
    match console.driver.executions().redrive(request).await {
        Ok(Some(_)) => Ok(Done::at(&execution_path(arn), "redriven")),
        Ok(None) => Err(Problem::not_found(format!("there is no execution {arn:?}"))),
        Err(RedriveError::Driver(error)) => Err(Problem::unreadable("the execution", error)),
        Err(error) => Err(Problem::conflict(error.to_string())),
    }
}

/// The question about all that failed among the submissions of a search.
#[derive(Debug, Serialize)]
pub(crate) struct RedriveFailedForm {
    /// So many would be redriven.
    count: usize,
    /// There are more, which further presses redrive.
    more: bool,
    items: Vec<Failed>,
    #[serde(skip)]
    query: Query,
}

#[derive(Debug, Serialize)]
struct Failed {
    arn: String,
    name: String,
    status: Status,
    stopped_at: Option<At>,
}

impl RedriveFailedForm {
    pub(crate) async fn load(console: &Console, query: &Query) -> Result<Self, Problem> {
        let found = failed(console, query).await?;
        let items = found.records.iter().take(NAMED).map(|record| Failed {
            arn: record.identity.arn.to_string(),
            name: record.identity.name.to_string(),
            status: record.status,
            stopped_at: record.stop_date.map(At),
        });
        Ok(Self {
            count: found.records.len(),
            more: found.more,
            items: items.collect(),
            query: query.only(&CHOICE),
        })
    }

    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        let back = self.query.link("/console");
        html! {
            @if self.count == 0 {
                h1 { "Nothing to redrive" }
                p { "Nothing of this choice has failed, timed out or been stopped." }
                p { a href=(back) { "Go back" } }
            } @else {
                h1 { "Redrive " (self.count) " " (if self.count == 1 { "execution" } else { "executions" }) "?" }
                p { "Each goes on with the state in which it ended; what was done before stays done." }
                @if self.more { p.soft { "There are more of them: each press redrives at most " (AT_ONCE) "." } }
                ul {
                    @for item in &self.items {
                        li {
                            a href=(execution_path(&item.arn)) { (text::line(&item.name, 120)) } " " (layout::status(item.status))
                            @if let Some(at) = item.stopped_at { " " (at) }
                        }
                    }
                    @if self.count > self.items.len() { li { "and " (self.count - self.items.len()) " more" } }
                }
                form method="post" action="/console/redrive-failed" {
                    (token.field())
                    @for name in CHOICE {
                        @if let Some(value) = self.query.filled(name) { input type="hidden" name=(name) value=(value); }
                    }
                    div.actions {
                        button class="button primary" type="submit" { "Redrive them" }
                        a href=(back) { "No, go back" }
                    }
                }
            }
        }
    }
}

struct FailedOnes {
    records: Vec<ExecutionRecord>,
    more: bool,
}

/// The unsuccessful executions of a choice, newest first.
async fn failed(console: &Console, query: &Query) -> Result<FailedOnes, Problem> {
    let unreadable = |error| Problem::unreadable("the executions", error);
    let mut records = Vec::new();
    let mut more = false;
    match &console.submissions {
        Some(submissions) if query.filled("status").is_none() => {
            let mut search = Search::read(&query.only(&CHOICE), submissions.spec())?;
            search.limit = AT_ONCE;
            submissions.catch_up().await.map_err(unreadable)?;
            let found = submissions.find_unsuccessful(&search).await.map_err(unreadable)?;
            more = found.next.is_some();
            records = found.records;
        }
        _ => {
            let wanted = parse_status(query)?;
            for status in UNSUCCESSFUL
                .into_iter()
                .filter(|one| wanted.is_none_or(|wanted| wanted == *one))
            {
                let filter = ExecutionFilter {
                    status: Some(status),
                    limit: AT_ONCE - records.len().min(AT_ONCE - 1),
                    ..ExecutionFilter::default()
                };
                let page = console.driver.executions().list(filter).await.map_err(unreadable)?;
                more |= page.next.is_some();
                let keys = page.items.iter().map(|one| one.key).collect();
                records.extend(console.driver.executions().records(keys).await.map_err(unreadable)?);
            }
        }
    }
    more |= records.len() > AT_ONCE;
    records.truncate(AT_ONCE);
    Ok(FailedOnes { records, more })
}

/// Redrives all that failed of a choice, and says what came of it.
pub(super) async fn run_all(console: &Console, form: &Query) -> Result<Done, Problem> {
    let found = failed(console, form).await?;
    let (mut redriven, mut refused): (usize, Vec<(String, String)>) = (0, Vec::new());
    for record in &found.records {
        let request = RedriveExecution {
            arn: record.identity.arn.to_string(),
            client_token: None,
        };
        match console.driver.executions().redrive(request).await {
            Ok(Some(_)) => redriven += 1,
            Ok(None) => {}
            Err(RedriveError::Driver(error)) => return Err(Problem::unreadable("the executions", error)),
            Err(error) => refused.push((record.identity.arn.to_string(), error.to_string())),
        }
    }
    let again = form.only(&CHOICE).link("/console/redrive-failed");
    let named = &refused[..refused.len().min(NAMED)];
    Ok(Done::Shown {
        title: "Redriven",
        json: json!({
            "redriven": redriven,
            "refused": refused.iter().map(|(arn, reason)| json!({ "arn": arn, "reason": reason })).collect::<Vec<_>>(),
            "more": found.more,
        }),
        content: html! {
            h1 { (redriven) " redriven" }
            @if !refused.is_empty() {
                p { (refused.len()) " could not be redriven:" }
                ul {
                    @for (arn, reason) in named {
                        li { a href=(execution_path(arn)) { (text::line(arn.rsplit(':').next().unwrap_or(arn), 120)) } ": " (text::line(reason, 400)) }
                    }
                    @if refused.len() > named.len() { li { "and " (refused.len() - named.len()) " more" } }
                }
            }
            @if found.more { p { "There are more of them. " a href=(again) { "Look at the next" } } }
            p { a href=(form.only(&CHOICE).link("/console")) { "Back to the list" } }
        },
    })
}
