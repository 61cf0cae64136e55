//! Answers to tasks that wait: by the execution and the number of the attempt, or by a token that someone has.
//!
//! The token of a task is a secret that no page shows; a form names its task by execution and attempt, and the token is
//! looked up here.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;
use sluice_driver::{OpenTask, TokenError};

use super::Done;
use crate::console::Console;
use crate::forms::FormToken;
use crate::layout;
use crate::model::At;
use crate::problem::Problem;
use crate::query::{Query, execution_path};
use crate::text;

/// The longest output, in bytes.
const LONGEST_OUTPUT: usize = 256 * 1024;
/// The most tasks that are shown.
const SHOWN: usize = 50;

/// The tasks of an execution that wait.
#[derive(Debug, Serialize)]
pub(crate) struct TaskForms {
    execution_arn: Option<String>,
    items: Vec<Task>,
    more: usize,
}

#[derive(Debug, Serialize)]
struct Task {
    attempt: u64,
    state: String,
    activity: Option<String>,
    since: At,
}

impl From<&OpenTask> for Task {
    fn from(task: &OpenTask) -> Self {
        Self {
            attempt: task.attempt.0,
            state: task.state.to_string(),
            activity: task.activity.clone(),
            since: At(task.since),
        }
    }
}

impl TaskForms {
    /// The tasks of the query's execution; without one, a form for a token.
    pub(crate) async fn load(console: &Console, query: &Query) -> Result<Self, Problem> {
        let Some(arn) = query.filled("arn") else {
            return Ok(Self {
                execution_arn: None,
                items: Vec::new(),
                more: 0,
            });
        };
        let open = open(console, arn).await?;
        Ok(Self {
            execution_arn: Some(arn.to_owned()),
            items: open.iter().take(SHOWN).map(Task::from).collect(),
            more: open.len().saturating_sub(SHOWN),
        })
    }

    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        let Some(arn) = &self.execution_arn else {
            return html! {
                h1 { "Answer a task" }
                p { "With the task token that a function or a worker was given. It is not kept, and not shown again." }
                (form(token, "t", &html! {
                    div.field {
                        label for="t-token" { "Task token" }
                        textarea id="t-token" name="token" rows="3" required autocomplete="off" spellcheck="false" {}
                    }
                }))
            };
        };
        html! {
            h1 { "Answer a task" }
            p { "Of the execution " a href=(execution_path(arn)) { (text::line(arn.rsplit(':').next().unwrap_or(arn), 120)) } "." }
            @if self.items.is_empty() {
                (layout::empty_note("No task of this execution waits for an answer from outside."))
            }
            @for task in &self.items {
                section.card {
                    h2 { (text::line(&task.state, 80)) }
                    p.soft {
                        "Waits since " (task.since)
                        @if let Some(activity) = &task.activity { " for a worker of the activity " (text::line(activity, 200)) }
                    }
                    (form(token, &format!("a{}", task.attempt), &html! {
                        input type="hidden" name="arn" value=(arn);
                        input type="hidden" name="attempt" value=(task.attempt);
                    }))
                }
            }
            @if self.more > 0 { p.soft { (self.more) " more wait; answer these first." } }
        }
    }
}

/// The form of one task; `about` says which.
fn form(token: &FormToken, id: &str, about: &Markup) -> Markup {
    html! {
        form.form method="post" action="/console/tasks" {
            (token.field())
            (about)
            div.field {
                label for={ (id) "-output" } { "Output of a success " span.soft { "(JSON)" } }
                textarea id={ (id) "-output" } name="output" rows="4" spellcheck="false" { "{}" }
            }
            div.field {
                label for={ (id) "-error" } { "Error of a failure" }
                input id={ (id) "-error" } name="error" maxlength="256" autocomplete="off";
            }
            div.field {
                label for={ (id) "-cause" } { "Cause of a failure" }
                input id={ (id) "-cause" } name="cause" maxlength="32768" autocomplete="off";
            }
            div.actions {
                button class="button primary" type="submit" name="action" value="success" { "Send success" }
                button class="button danger" type="submit" name="action" value="failure" { "Send failure" }
                button class="button" type="submit" name="action" value="heartbeat" { "Send heartbeat" }
            }
        }
    }
}

async fn open(console: &Console, arn: &str) -> Result<Vec<OpenTask>, Problem> {
    let open = console.driver.tokens().open(arn).await;
    let open = open.map_err(|error| Problem::unreadable("the execution", error))?;
    open.ok_or_else(|| Problem::not_found(format!("there is no execution {arn:?}")))
}

/// Sends the answer.
pub(super) async fn run(console: &Console, form: &Query) -> Result<Done, Problem> {
    let arn = form.filled("arn");
    let token = match (arn, form.filled("attempt")) {
        (Some(arn), Some(attempt)) => {
            let tasks = open(console, arn).await?;
            let task = tasks.into_iter().find(|task| task.attempt.0.to_string() == attempt);
            let task = task.ok_or_else(|| {
                Problem::conflict(
                    "the task does not wait any more: it was answered, timed out, or its execution has ended",
                )
            })?;
            task.token.to_string()
        }
        _ => form
            .filled("token")
            .map(|token| token.trim().to_owned())
            .ok_or_else(|| Problem::bad_request("the form names no task: send arn and attempt, or token"))?,
    };
    let tokens = console.driver.tokens();
    let optional = |name: &str| form.filled(name).map(str::to_owned);
    let (sent, done) = match form.filled("action") {
        Some("success") => (tokens.succeed(&token, output(form)?).await, "answered"),
        Some("failure") => (
            tokens.fail(&token, optional("error"), optional("cause")).await,
            "answered",
        ),
        Some("heartbeat") => (tokens.heartbeat(&token).await, "heartbeat"),
        _ => return Err(Problem::bad_request("action can be success, failure or heartbeat")),
    };
    match sent {
        Ok(()) => Ok(Done::at(&arn.map_or("/console".to_owned(), execution_path), done)),
        Err(TokenError::Driver(error)) => Err(Problem::unreadable("the task", error)),
        Err(TokenError::Invalid) => Err(Problem::bad_request("the token is none of this runtime")),
        Err(error) => Err(Problem::conflict(error.to_string())),
    }
}

/// The output that was typed.
fn output(form: &Query) -> Result<Value, Problem> {
    let text = form.get("output").unwrap_or_default();
    if text.len() > LONGEST_OUTPUT {
        return Err(Problem::bad_request(format!(
            "the output has {} bytes; a task takes {LONGEST_OUTPUT}",
            text.len()
        )));
    }
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|error| Problem::bad_request(format!("the output is no JSON: {error}")))
}
