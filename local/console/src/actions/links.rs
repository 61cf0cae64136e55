//! The links to what can be done with one execution.

use maud::{Markup, html};
use sluice_engine::Status;

use crate::console::Console;
use crate::problem::Problem;
use crate::query::{Query, path};

/// The things that can be done with an execution.
#[derive(Debug)]
pub(crate) struct ExecutionLinks {
    arn: String,
    name: String,
    status: Status,
    waits: bool,
}

impl ExecutionLinks {
    /// Looks how the execution stands.
    pub(crate) async fn load(console: &Console, arn: &str) -> Result<Self, Problem> {
        let record = console.driver.executions().get(arn).await;
        let record = record.map_err(|error| Problem::unreadable("the execution", error))?;
        let record = record.ok_or_else(|| {
            Problem::not_found(format!("there is no execution {arn:?}; /console/executions lists them"))
        })?;
        Ok(Self {
            arn: arn.to_owned(),
            name: record.identity.name.to_string(),
            status: record.status,
            waits: record.waiting_since.is_some() || record.child.is_some(),
        })
    }

    /// The links, as buttons.
    pub(crate) fn render(&self) -> Markup {
        let to = |page: &str, name: &str| Query::default().with(name, Some(&self.arn)).link(&path(&[page]));
        let logs = Query::default().with("q", Some(&self.name)).link(&path(&["logs"]));
        html! {
            nav.actions aria-label="This execution" {
                a class="button slim" href=(logs) { "Log lines" }
                a class="button slim" href=(to("start", "again")) { "Start again" }
                @if self.status == Status::Running {
                    @if self.waits { a class="button slim" href=(to("tasks", "arn")) { "Answer its task" } }
                    a class="button slim" href=(to("stop", "arn")) { "Stop" }
                } @else if self.status != Status::Succeeded {
                    a class="button slim" href=(to("redrive", "arn")) { "Redrive" }
                }
            }
        }
    }
}
