//! The results of actions.

use maud::{Markup, html};

use crate::forms::FormToken;
use crate::problem::Problem;
use crate::query::Query;

/// The result of an action.
#[derive(Debug)]
pub(crate) enum Done {
    /// The browser goes on to this page, which says so.
    GoTo(String),
    /// It was refused: the form again, with what was typed and what is wrong.
    Refused {
        /// The same for programs.
        problem: Problem,
        /// The form.
        form: Markup,
    },
    /// A page of its own, never kept: it may hold a secret that was asked for.
    Shown {
        /// Its title.
        title: &'static str,
        /// Its content.
        content: Markup,
        /// The same for programs.
        json: serde_json::Value,
    },
}

impl Done {
    /// Goes on to a page that says what was done.
    pub(crate) fn at(path: &str, done: &str) -> Self {
        let mark = if path.contains('?') { '&' } else { '?' };
        Self::GoTo(format!("{path}{mark}done={done}"))
    }
}

/// The sentence about what was done, where a page's address names it. The words are of this list alone: an address can
/// come from anywhere.
pub(crate) fn notice(query: &Query, token: &FormToken) -> Markup {
    let words = match query.filled("done") {
        Some("started") => "Started.",
        Some("existing") => "It was running already, with the same name and input: nothing was started.",
        Some("stopped") => "Stopped. A redrive lets it go on where it was stopped.",
        Some("ended-before") => "It had ended before: nothing was stopped.",
        Some("redriven") => "Redriven: it goes on where it ended.",
        Some("answered") => "The answer is taken.",
        Some("heartbeat") => "The heartbeat is taken.",
        Some("mail-deleted") => "The mail is deleted.",
        Some("mail-restored") => "The mail is back.",
        Some("clock") => "The clock was moved.",
        _ => return html! {},
    };
    let undone = query
        .filled("undo")
        .filter(|_| query.get("done") == Some("mail-deleted"));
    html! {
        div class="notice ok" role="status" {
            p {
                (words)
                @if let Some(id) = undone {
                    form method="post" action="/console/restore-mail" {
                        (token.field())
                        input type="hidden" name="id" value=(id);
                        button class="button slim" type="submit" { "Undo" }
                    }
                }
            }
        }
    }
}
