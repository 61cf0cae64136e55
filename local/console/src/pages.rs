//! The pages: each is read whole first, then written as HTML or as JSON from the same values.

mod alarms;
mod approvals;
mod dashboards;
mod execution;
mod inbox;
mod log_search;
mod logs;
mod machine;
mod map_run;
mod overview;
pub(crate) mod submissions;

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;

use super::layout::Section;
use super::problem::Problem;
use super::query::Query;
use super::route::Route;
use crate::actions::{ExecutionLinks, FormView};
use crate::console::Console;
use crate::state::ConsoleState;

pub(crate) use execution::PARAMETERS as EXECUTION_PARAMETERS;

/// The content of a page.
pub(crate) enum View {
    Submissions(submissions::SubmissionsView),
    Overview(overview::Overview),
    Execution(Box<execution::ExecutionView>, ExecutionLinks),
    Approvals(approvals::Approvals),
    Inbox(inbox::Inbox),
    Mail(inbox::Mail),
    Functions(logs::Functions),
    LogSearch(log_search::LogSearch),
    FunctionLogs(logs::FunctionLogs),
    Machines(machine::Machines),
    Alarms(alarms::Alarms),
    Alarm(Box<alarms::Alarm>),
    Dashboards(dashboards::Dashboards),
    Dashboard(Box<dashboards::Dashboard>),
    Machine(Box<machine::MachineView>),
    MapRun(Box<map_run::MapRunView>),
    Form(FormView),
}

impl View {
    /// Reads what a route shows.
    pub(crate) async fn load(console: &Console, route: &Route, query: &Query) -> Result<Self, Problem> {
        let state: &ConsoleState = console;
        Ok(match route {
            Route::Home if console.submissions.is_some() => {
                Self::Submissions(submissions::SubmissionsView::load(console, query).await?)
            }
            Route::Submissions => Self::Submissions(submissions::SubmissionsView::load(console, query).await?),
            Route::Home | Route::Overview => Self::Overview(overview::Overview::load(state, query).await?),
            Route::Execution(arn) => {
                let links = ExecutionLinks::load(console, arn).await?;
                Self::Execution(
                    Box::new(execution::ExecutionView::load(state, arn, query).await?),
                    links,
                )
            }
            Route::Approvals => Self::Approvals(approvals::Approvals::load(state, query).await?),
            Route::Inbox => Self::Inbox(inbox::Inbox::load(state, query).await?),
            Route::Mail(id) => Self::Mail(inbox::Mail::load(state, id).await?),
            Route::Functions if log_search::SEARCH.iter().any(|name| query.filled(name).is_some()) => {
                Self::LogSearch(log_search::LogSearch::load(state, query)?)
            }
            Route::Functions => Self::Functions(logs::Functions::load(state)),
            Route::FunctionLogs(function) => Self::FunctionLogs(logs::FunctionLogs::load(state, function, query)?),
            Route::Machines => Self::Machines(machine::Machines::load(state, query).await?),
            Route::Machine(arn) => Self::Machine(Box::new(machine::MachineView::load(state, arn, query).await?)),
            Route::MapRun(arn) => Self::MapRun(Box::new(map_run::MapRunView::load(state, arn, query).await?)),
            Route::Alarms => Self::Alarms(alarms::Alarms::load(state, query).await?),
            Route::Alarm(name) => Self::Alarm(Box::new(alarms::Alarm::load(state, name).await?)),
            Route::Dashboards => Self::Dashboards(dashboards::Dashboards::load(state, query).await?),
            Route::Dashboard(name) => Self::Dashboard(Box::new(dashboards::Dashboard::load(state, name, query).await?)),
            Route::Action(action) => Self::Form(FormView::load(console, *action, query).await?),
        })
    }

    /// The title.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Submissions(_) => "Submissions".to_owned(),
            Self::Overview(_) => "Executions".to_owned(),
            Self::Execution(view, _) => format!("Execution {}", view.name()),
            Self::Approvals(_) => "Open approvals".to_owned(),
            Self::Inbox(_) => "Inbox".to_owned(),
            Self::Mail(mail) => format!("Mail: {}", mail.subject_text()),
            Self::Functions(_) => "Function logs".to_owned(),
            Self::LogSearch(_) => "Logs".to_owned(),
            Self::FunctionLogs(logs) => format!("Log of {}", logs.function()),
            Self::Machines(_) => "State machines".to_owned(),
            Self::Machine(view) => format!("State machine {}", view.name()),
            Self::MapRun(view) => format!("Map Run {}", view.name()),
            Self::Alarms(_) => "Alarms".to_owned(),
            Self::Alarm(view) => format!("Alarm {}", view.name()),
            Self::Dashboards(_) => "Dashboards".to_owned(),
            Self::Dashboard(view) => format!("Dashboard {}", view.name()),
            Self::Form(form) => form.title().to_owned(),
        }
    }

    /// Its section.
    pub(crate) fn section(&self) -> Option<Section> {
        Some(match self {
            Self::Form(FormView::Clock(_)) => return None,
            Self::Submissions(_) => Section::Submissions,
            Self::Overview(_) | Self::Execution(..) | Self::MapRun(_) | Self::Form(_) => Section::Executions,
            Self::Approvals(_) => Section::Approvals,
            Self::Inbox(_) | Self::Mail(_) => Section::Inbox,
            Self::Functions(_) | Self::FunctionLogs(_) | Self::LogSearch(_) => Section::Logs,
            Self::Machines(_) | Self::Machine(_) => Section::Machines,
            Self::Alarms(_) | Self::Alarm(_) => Section::Alarms,
            Self::Dashboards(_) | Self::Dashboard(_) => Section::Dashboards,
        })
    }

    /// Tells whether the page is worth looking at again and again.
    pub(crate) fn is_live(&self) -> bool {
        matches!(
            self,
            Self::Submissions(_)
                | Self::Overview(_)
                | Self::Approvals(_)
                | Self::Inbox(_)
                | Self::LogSearch(_)
                | Self::Alarms(_)
                | Self::Alarm(_)
                | Self::Dashboard(_)
        )
    }

    /// Takes note of what somebody has looked at.
    pub(crate) async fn was_seen(&self, console: &Console) -> Result<(), Problem> {
        match self {
            Self::Mail(mail) => mail.was_read(console).await,
            _ => Ok(()),
        }
    }

    /// The content for people; `json_url` leads to all of it.
    pub(crate) fn render(&self, console: &Console, json_url: &str) -> Markup {
        match self {
            Self::Submissions(view) => view.render(&console.form_token),
            Self::Form(form) => form.render(console),
            Self::Overview(view) => view.render(),
            Self::Execution(view, links) => html! { (links.render()) (view.render(json_url)) },
            Self::Approvals(view) => view.render(),
            Self::Inbox(view) => view.render(),
            Self::Mail(view) => view.render(&console.form_token),
            Self::Functions(view) => view.render(),
            Self::LogSearch(view) => view.render(),
            Self::FunctionLogs(view) => view.render(json_url),
            Self::Machines(view) => view.render(),
            Self::Alarms(view) => view.render(),
            Self::Alarm(view) => view.render(),
            Self::Dashboards(view) => view.render(),
            Self::Dashboard(view) => view.render(),
            Self::Machine(view) => view.render(json_url),
            Self::MapRun(view) => view.render(),
        }
    }

    /// The content for programs.
    pub(crate) fn to_json(&self, console: &Console) -> Result<Value, Problem> {
        fn of(view: &impl Serialize) -> Result<Value, Problem> {
            serde_json::to_value(view).map_err(|error| Problem::unreadable("this page as JSON", error))
        }
        match self {
            Self::Submissions(view) => of(view),
            Self::Form(form) => form.to_json(console),
            Self::Overview(view) => of(view),
            Self::Execution(view, _) => of(view),
            Self::Approvals(view) => of(view),
            Self::Inbox(view) => of(view),
            Self::Mail(view) => of(view),
            Self::Functions(view) => of(view),
            Self::LogSearch(view) => of(view),
            Self::FunctionLogs(view) => of(view),
            Self::Machines(view) => of(view),
            Self::Alarms(view) => of(view),
            Self::Alarm(view) => of(&**view),
            Self::Dashboards(view) => of(view),
            Self::Dashboard(view) => of(&**view),
            Self::Machine(view) => of(view),
            Self::MapRun(view) => of(view),
        }
    }
}
