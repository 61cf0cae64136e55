//! The pages: each is read whole first, then written as HTML or as JSON from the same values.

mod approvals;
mod execution;
mod inbox;
mod logs;
mod machine;
mod map_run;
mod overview;

use maud::Markup;
use serde::Serialize;
use serde_json::Value;

use super::layout::Section;
use super::problem::Problem;
use super::query::Query;
use super::route::Route;
use crate::state::ConsoleState;

pub(crate) use execution::PARAMETERS as EXECUTION_PARAMETERS;

/// The content of a page.
pub(crate) enum View {
    Overview(overview::Overview),
    Execution(Box<execution::ExecutionView>),
    Approvals(approvals::Approvals),
    Inbox(inbox::Inbox),
    Mail(inbox::Mail),
    Functions(logs::Functions),
    FunctionLogs(logs::FunctionLogs),
    Machines(machine::Machines),
    Machine(Box<machine::MachineView>),
    MapRun(Box<map_run::MapRunView>),
}

impl View {
    /// Reads what a route shows.
    pub(crate) async fn load(state: &ConsoleState, route: &Route, query: &Query) -> Result<Self, Problem> {
        Ok(match route {
            Route::Overview => Self::Overview(overview::Overview::load(state, query).await?),
            Route::Execution(arn) => {
                Self::Execution(Box::new(execution::ExecutionView::load(state, arn, query).await?))
            }
            Route::Approvals => Self::Approvals(approvals::Approvals::load(state, query).await?),
            Route::Inbox => Self::Inbox(inbox::Inbox::load(state, query).await?),
            Route::Mail(id) => Self::Mail(inbox::Mail::load(state, id).await?),
            Route::Functions => Self::Functions(logs::Functions::load(state)),
            Route::FunctionLogs(function) => Self::FunctionLogs(logs::FunctionLogs::load(state, function, query)?),
            Route::Machines => Self::Machines(machine::Machines::load(state, query).await?),
            Route::Machine(arn) => Self::Machine(Box::new(machine::MachineView::load(state, arn, query).await?)),
            Route::MapRun(arn) => Self::MapRun(Box::new(map_run::MapRunView::load(state, arn, query).await?)),
        })
    }

    /// The title.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Overview(_) => "Executions".to_owned(),
            Self::Execution(view) => format!("Execution {}", view.name()),
            Self::Approvals(_) => "Open approvals".to_owned(),
            Self::Inbox(_) => "Inbox".to_owned(),
            Self::Mail(mail) => format!("Mail: {}", mail.subject_text()),
            Self::Functions(_) => "Function logs".to_owned(),
            Self::FunctionLogs(logs) => format!("Log of {}", logs.function()),
            Self::Machines(_) => "State machines".to_owned(),
            Self::Machine(view) => format!("State machine {}", view.name()),
            Self::MapRun(view) => format!("Map Run {}", view.name()),
        }
    }

    /// Its section.
    pub(crate) fn section(&self) -> Section {
        match self {
            Self::Overview(_) | Self::Execution(_) | Self::MapRun(_) => Section::Executions,
            Self::Approvals(_) => Section::Approvals,
            Self::Inbox(_) | Self::Mail(_) => Section::Inbox,
            Self::Functions(_) | Self::FunctionLogs(_) => Section::Logs,
            Self::Machines(_) | Self::Machine(_) => Section::Machines,
        }
    }

    /// The content for people; `json_url` leads to all of it.
    pub(crate) fn render(&self, json_url: &str) -> Markup {
        match self {
            Self::Overview(view) => view.render(),
            Self::Execution(view) => view.render(json_url),
            Self::Approvals(view) => view.render(),
            Self::Inbox(view) => view.render(),
            Self::Mail(view) => view.render(),
            Self::Functions(view) => view.render(),
            Self::FunctionLogs(view) => view.render(json_url),
            Self::Machines(view) => view.render(),
            Self::Machine(view) => view.render(json_url),
            Self::MapRun(view) => view.render(),
        }
    }

    /// The content for programs.
    pub(crate) fn to_json(&self) -> Result<Value, Problem> {
        fn of(view: &impl Serialize) -> Result<Value, Problem> {
            serde_json::to_value(view).map_err(|error| Problem::unreadable("this page as JSON", error))
        }
        match self {
            Self::Overview(view) => of(view),
            Self::Execution(view) => of(view),
            Self::Approvals(view) => of(view),
            Self::Inbox(view) => of(view),
            Self::Mail(view) => of(view),
            Self::Functions(view) => of(view),
            Self::FunctionLogs(view) => of(view),
            Self::Machines(view) => of(view),
            Self::Machine(view) => of(view),
            Self::MapRun(view) => of(view),
        }
    }
}
