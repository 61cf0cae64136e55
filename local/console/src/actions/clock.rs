//! Moving the clock of this runtime ahead.

use std::time::Duration;

use maud::{Markup, html};
use serde::Serialize;

use super::Done;
use crate::console::Console;
use crate::forms::FormToken;
use crate::model::At;
use crate::problem::Problem;
use crate::query::Query;
use crate::text;
use crate::time_machine::{Jump, Jumped, TimeMachineError, Upcoming};

/// The longest wait until all that was set off has come to rest.
const PATIENCE: Duration = Duration::from_secs(10);
/// The units of a span, and their seconds.
const UNITS: [(&str, u64); 4] = [("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)];
/// The longest span: a hundred years, beyond which times stop making sense.
const LONGEST: u64 = 100 * 366 * 86_400;

/// The form.
#[derive(Debug, Serialize)]
pub(crate) struct ClockForm {
    now: At,
    /// The deadlines that come next, the soonest first.
    upcoming: Vec<Upcoming>,
}

impl ClockForm {
    pub(crate) async fn load(console: &Console) -> Result<Self, Problem> {
        let upcoming = console.time.upcoming().await;
        Ok(Self {
            now: At(console.clock.now()),
            upcoming: upcoming.map_err(|error| Problem::unreadable("the deadlines", error))?,
        })
    }

    pub(crate) fn render(&self, token: &FormToken) -> Markup {
        html! {
            h1 { "Clock" }
            p { "It is " (self.now) " here. The clock can be moved ahead, and never back: it stays ahead of the wall's." }
            section.card {
                h2 { "Next" }
                @if self.upcoming.is_empty() { p.soft { "Nothing waits for a time." } }
                ul {
                    @for one in &self.upcoming {
                        li {
                            (At(one.at_ms)) ": " (text::line(&one.what, 200))
                            @if one.recurring { " " span.soft { "(again and again)" } }
                            @if let Some(arn) = &one.execution { " " a href=(crate::query::execution_path(arn)) { "its execution" } }
                        }
                    }
                }
                form method="post" action="/console/clock" {
                    (token.field())
                    input type="hidden" name="to" value="next";
                    button class="button primary" type="submit" disabled[self.upcoming.is_empty()] { "Go to the next deadline" }
                }
            }
            form.search method="post" action="/console/clock" {
                (token.field())
                div.field {
                    label for="amount" { "Move it by" }
                    input id="amount" name="amount" type="number" min="1" step="1" value="1" required inputmode="numeric";
                }
                div.field {
                    label for="unit" { "Unit" }
                    select id="unit" name="unit" { @for (name, _) in UNITS { option value=(name) { (name) } } }
                }
                button.button type="submit" { "Move the clock" }
            }
        }
    }
}

/// The jump that a form asks for.
fn jump(form: &Query) -> Result<Jump, Problem> {
    match form.filled("to") {
        Some("next") => return Ok(Jump::ToNext),
        Some(_) => return Err(Problem::bad_request("to can be next")),
        None => {}
    }
    let unit = form.filled("unit").unwrap_or("seconds");
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, seconds) = unit.ok_or_else(|| Problem::bad_request("unit can be days, hours, minutes or seconds"))?;
    let amount = form.number("amount", 1, LONGEST)?;
    let amount = amount.ok_or_else(|| Problem::bad_request("the form says neither to=next nor an amount"))?;
    match amount.checked_mul(*seconds) {
        Some(span) if span <= LONGEST => Ok(Jump::By(Duration::from_secs(span))),
        _ => Err(Problem::bad_request(
            "the clock can be moved by a hundred years at once",
        )),
    }
}

/// Moves the clock, and shows what that set off.
pub(super) async fn run(console: &Console, form: &Query) -> Result<Done, Problem> {
    let jumped = console.time.jump(jump(form)?, PATIENCE).await;
    let jumped = jumped.map_err(|error| match error {
        TimeMachineError::NothingWaits => Problem::conflict(error.to_string()),
        TimeMachineError::Failed(_) => Problem::unreadable("the clock", error),
    })?;
    let json = serde_json::to_value(&jumped).map_err(|error| Problem::unreadable("the clock", error))?;
    Ok(Done::Shown {
        title: "The clock was moved",
        content: shown(&jumped),
        json,
    })
}

fn shown(jumped: &Jumped) -> Markup {
    html! {
        h1 { "The clock was moved" }
        p { "It is " (At(jumped.now_ms)) " now." }
        @if let Some(to) = &jumped.to { p { (text::line(&to.what, 200)) "." } }
        p { (text::line(&jumped.words, 2_000)) }
        @if !jumped.settled { p.soft { "Not all that this set off has come to rest yet." } }
        p.actions {
            a class="button primary" href="/console/clock" { "Go on" }
            a href="/console" { "To the first page" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_told_in_words() {
        let jumped = Jumped {
            now: "2026-11-25T10:00:00.000Z".to_owned(),
            now_ms: 1_795_600_800_000,
            advanced_ms: 1,
            to: None,
            settled: false,
            set_off: crate::time_machine::SetOff::default(),
            words: "2 mails <b>".to_owned(),
        };
        let page = shown(&jumped).into_string();
        for part in ["2026-11-25 10:00:00", "2 mails &lt;b&gt;", "come to rest"] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[test]
    fn a_form_asks_for_a_jump() {
        fn check(form: &str, expected: Result<Jump, u16>) {
            let found = jump(&Query::parse(Some(form))).map_err(|problem| problem.status.as_u16());
            assert_eq!(found, expected, "{form}");
        }
        let by = |seconds| Ok(Jump::By(Duration::from_secs(seconds)));
        check("to=next", Ok(Jump::ToNext));
        check("amount=7&unit=days", by(7 * 86_400));
        check("amount=90", by(90));
        check("amount=36600&unit=days", by(LONGEST));
        check("amount=36601&unit=days", Err(400));
        check("amount=18446744073709551615&unit=days", Err(400));
        check("amount=0&unit=days", Err(400));
        check("amount=1&unit=weeks", Err(400));
        check("to=yesterday", Err(400));
        check("", Err(400));
    }
}
