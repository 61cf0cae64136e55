//! Buttons: what a person can do from a page.
//!
//! Each is a plain form that is sent by POST to a path of its own; GET on the same path shows the form, with what it will
//! do, so that a thing that cannot be taken back is asked for once. After it the browser is sent on (303) to a page that
//! says what was done, and how to undo it where that is possible.

mod approvals;
mod clock;
mod links;
mod mail;
mod outcome;
mod redrive;
mod start;
mod stop;
mod task;

use maud::Markup;
use serde::Serialize;
use serde_json::Value;

use crate::console::Console;
use crate::problem::Problem;
use crate::query::Query;

pub(crate) use links::ExecutionLinks;
pub(crate) use outcome::{Done, notice};

/// The things that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// `/console/start`
    Start,
    /// `/console/stop`
    Stop,
    /// `/console/redrive`
    Redrive,
    /// `/console/redrive-failed`
    RedriveFailed,
    /// `/console/tasks`
    Task,
    /// `/console/clock`
    Clock,
    /// `/console/open-approvals`
    OpenApprovals,
    /// `/console/delete-mail`
    DeleteMail,
    /// `/console/restore-mail`
    RestoreMail,
}

impl Action {
    const ALL: [(&'static str, Self); 9] = [
        ("start", Self::Start),
        ("stop", Self::Stop),
        ("redrive", Self::Redrive),
        ("redrive-failed", Self::RedriveFailed),
        ("tasks", Self::Task),
        ("clock", Self::Clock),
        ("open-approvals", Self::OpenApprovals),
        ("delete-mail", Self::DeleteMail),
        ("restore-mail", Self::RestoreMail),
    ];

    /// The action that a segment of a path names.
    pub(crate) fn parse(segment: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(name, _)| *name == segment)
            .map(|(_, action)| *action)
    }

    /// Does it.
    pub(crate) async fn run(self, console: &Console, form: &Query) -> Result<Done, Problem> {
        match self {
            Self::Start => start::run(console, form).await,
            Self::Stop => stop::run(console, form).await,
            Self::Redrive => redrive::run(console, form).await,
            Self::RedriveFailed => redrive::run_all(console, form).await,
            Self::Task => task::run(console, form).await,
            Self::Clock => clock::run(console, form).await,
            Self::OpenApprovals => approvals::run(console).await,
            Self::DeleteMail => mail::delete(console, form).await,
            Self::RestoreMail => mail::restore(console, form).await,
        }
    }
}

/// The form of an action.
pub(crate) enum FormView {
    Start(start::StartForm),
    Stop(stop::StopForm),
    Redrive(redrive::RedriveForm),
    RedriveFailed(redrive::RedriveFailedForm),
    Task(task::TaskForms),
    Clock(clock::ClockForm),
}

impl FormView {
    /// Reads what the form of an action shows.
    pub(crate) async fn load(console: &Console, action: Action, query: &Query) -> Result<Self, Problem> {
        Ok(match action {
            Action::Start => Self::Start(start::StartForm::load(console, query).await?),
            Action::Stop => Self::Stop(stop::StopForm::load(console, query).await?),
            Action::Redrive => Self::Redrive(redrive::RedriveForm::load(console, query).await?),
            Action::RedriveFailed => Self::RedriveFailed(redrive::RedriveFailedForm::load(console, query).await?),
            Action::Task => Self::Task(task::TaskForms::load(console, query).await?),
            Action::Clock => Self::Clock(clock::ClockForm::load(console).await?),
            Action::OpenApprovals | Action::DeleteMail | Action::RestoreMail => {
                return Err(Problem::not_found(
                    "this page only takes a form; its button is on another page",
                ));
            }
        })
    }

    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Start(_) => "Start an execution",
            Self::Stop(_) => "Stop an execution",
            Self::Redrive(_) => "Redrive an execution",
            Self::RedriveFailed(_) => "Redrive what failed",
            Self::Task(_) => "Answer a task",
            Self::Clock(_) => "Clock",
        }
    }

    pub(crate) fn render(&self, console: &Console) -> Markup {
        match self {
            Self::Start(form) => form.render(&console.form_token),
            Self::Stop(form) => form.render(&console.form_token),
            Self::Redrive(form) => form.render(&console.form_token),
            Self::RedriveFailed(form) => form.render(&console.form_token),
            Self::Task(form) => form.render(&console.form_token),
            Self::Clock(form) => form.render(&console.form_token),
        }
    }

    /// The form for programs: its fields as they are, and the token that it is to be sent with.
    pub(crate) fn to_json(&self, console: &Console) -> Result<Value, Problem> {
        fn of(view: &impl Serialize) -> Result<Value, Problem> {
            serde_json::to_value(view).map_err(|error| Problem::unreadable("this page as JSON", error))
        }
        let mut value = match self {
            Self::Start(form) => of(form)?,
            Self::Stop(form) => of(form)?,
            Self::Redrive(form) => of(form)?,
            Self::RedriveFailed(form) => of(form)?,
            Self::Task(form) => of(form)?,
            Self::Clock(form) => of(form)?,
        };
        if let Some(members) = value.as_object_mut() {
            members.insert(crate::forms::FIELD.to_owned(), console.form_token.as_str().into());
        }
        Ok(value)
    }
}
