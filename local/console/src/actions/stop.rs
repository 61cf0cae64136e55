//! Stopping an execution, after it was asked for once.

use maud::{Markup, html};
use serde::Serialize;
use sluice_driver::StopExecution;
use sluice_engine::Status;

use super::Done;
use crate::console::Console;
use crate::forms::FormToken;
use crate::layout;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, execution_path};
use crate::text;

/// The most characters of an error, and of a cause.
const LONGEST_ERROR: usize = 256;
const LONGEST_CAUSE: usize = 32_768;

/// The question.
#[derive(Debug, Serialize)]
pub(crate) struct StopForm {
    arn: String,
    name: String,
    status: Status,
    started_at: At,
}

impl StopForm {
    pub(crate) async fn load(console: &Console, query: &Query) -> Result<Self, Problem> {
        let arn = query.filled("arn").unwrap_or_default();
        let record = console.driver.executions().get(arn).await;
        let record = record.map_err(|error| Problem::unreadable("the execution", error))?;
        let record = record.ok_or_else(|| Problem::not_found(format!("there is no execution {arn:?}")))?;
        Ok(Self {
            arn: arn.to_owned(),
            name: record.identity.name.to_string(),
            status: record.status,
            started_at: At(record.start_date),
        })
    }

    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        html! {
            h1 { "Stop this execution?" }
            p { (text::line(&self.name, 120)) " " (layout::status(self.status)) " started " (self.started_at) }
            @if self.status == Status::Running {
                p { "It ends as ABORTED, and what it waits for is not waited for any more. A redrive lets it go on from there." }
                form.form method="post" action="/console/stop" {
                    (token.field())
                    input type="hidden" name="arn" value=(self.arn);
                    div.field {
                        label for="error" { "Error " span.soft { "(optional)" } }
                        input id="error" name="error" maxlength=(LONGEST_ERROR) autocomplete="off";
                    }
                    div.field {
                        label for="cause" { "Cause " span.soft { "(optional)" } }
                        input id="cause" name="cause" maxlength=(LONGEST_CAUSE) autocomplete="off";
                    }
                    div.actions {
                        button class="button danger" type="submit" { "Stop it" }
                        a href=(execution_path(&self.arn)) { "No, go back" }
                    }
                }
            } @else {
                p { "It does not run: there is nothing to stop." }
                p { a href=(execution_path(&self.arn)) { "To the execution" } }
            }
        }
    }
}

/// Stops an execution.
pub(super) async fn run(console: &Console, form: &Query) -> Result<Done, Problem> {
    let arn = form.filled("arn").unwrap_or_default();
    let member = |name: &str, longest: usize| {
        let text = form.filled(name).map(str::to_owned);
        match text {
            Some(text) if text.chars().count() > longest => Err(Problem::bad_request(format!(
                "{name} has more than {longest} characters"
            ))),
            text => Ok(text),
        }
    };
    let stop = StopExecution {
        error: member("error", LONGEST_ERROR)?,
        cause: member("cause", LONGEST_CAUSE)?,
        ..StopExecution::new(arn)
    };
    let executions = console.driver.executions();
    let unreadable = |error| Problem::unreadable("the execution", error);
    let unknown = || Problem::not_found(format!("there is no execution {arn:?}"));
    let before = executions.get(arn).await.map_err(unreadable)?.ok_or_else(unknown)?;
    executions.stop(stop).await.map_err(unreadable)?.ok_or_else(unknown)?;
    let done = if before.status == Status::Running {
        "stopped"
    } else {
        "ended-before"
    };
    Ok(Done::at(&execution_path(arn), done))
}
