//! The pages of the admin's link. They work without script, and hold the secret of their link nowhere.

mod history;
mod list;
mod one;

pub(super) use history::history;
pub(super) use list::{confirm, done, list, progress};
pub(super) use one::one;

use maud::{Markup, html};
use serde_json::json;
use sluice_aws::Wanted;
use sluice_pages::{Document, Tone, content_security_policy, notice};

use super::admission::LOCKED;
use super::decision::{Place, Typed};
use super::visit::Visit;
use crate::http::{Kind, Problem, Representation, Response};

/// A page of an approval.
fn answer(status: u16, document: &Document<'_>, content: &Markup) -> Response {
    let document = Document {
        part: "approvals",
        ..document.clone()
    };
    Response::new(
        status,
        "text/html; charset=utf-8",
        document.render(content).into_string(),
    )
    .with("content-security-policy", content_security_policy())
    .with("x-frame-options", "DENY")
}

/// The sentences about one place of a form.
fn errors_at(places: &[(Place, String)], at: Place) -> Vec<&str> {
    let here = places.iter().filter(|(place, _)| *place == at);
    here.map(|(_, message)| message.as_str()).collect()
}

/// The first button of a form, which a browser presses for Enter in a text field. This one decides nothing and loses
/// nothing.
fn enter() -> Markup {
    html! { button.off-screen name="decision" value="check" tabindex="-1" aria-hidden="true" { "Look at it again" } }
}

/// The field for the code; nothing where none is needed.
fn code_field(needs_code: bool, typed: &Typed, places: &[(Place, String)]) -> Markup {
    let errors = errors_at(places, Place::Code);
    let field = sluice_pages::TextField {
        name: "code",
        label: "Code from the mail",
        hint: "Six characters in the mail, not in the link: no machine decides.",
        errors: &errors,
        value: typed.get("code").unwrap_or_default(),
        autocomplete: Some("one-time-code"),
        longest: Some(20),
        is_required: true,
        shape: sluice_pages::Shape::Short,
        ..sluice_pages::TextField::default()
    };
    html! { @if needs_code { (field.render()) } }
}

/// The answer by a link that is locked: nothing of its request, and a way on.
pub(super) fn locked(visit: &Visit<'_>) -> Response {
    let replaced = visit.link.is_some_and(|link| link.replaced);
    match visit.representation {
        Representation::Json => Problem::new(Kind::LinkLocked, LOCKED)
            .with_member("new_mail_wanted", replaced)
            .response(visit.representation),
        Representation::Html => answer(
            Kind::LinkLocked.status(),
            &Document {
                title: "This link is locked",
                is_narrow: true,
                ..Document::default()
            },
            &html! {
                h1 { "This link is locked" }
                p.lead { (LOCKED) }
                @if replaced {
                    (notice(Tone::Wait, "A new mail is on its way", &html! { p { "It is sent within some minutes, with a link and a code of its own." } }))
                } @else {
                    (mail_button())
                }
            },
        ),
    }
}

/// The button that asks for a new mail.
fn mail_button() -> Markup {
    html! {
        form.form method="post" {
            div.actions { button.button.primary name="decision" value="mail" { "Send me a new mail" } }
            p.soft { "It goes to the same address as the mail of this link, once." }
        }
    }
}

/// The answer to whoever asked for a new mail.
pub(super) fn mail_wanted(representation: Representation, wanted: Wanted) -> Response {
    let (status, name, words) = match wanted {
        Wanted::Noted => (
            202,
            "noted",
            "A new mail is sent within some minutes, with a link and a code of its own.",
        ),
        Wanted::Before => (
            200,
            "noted before",
            "A new mail was asked for before. Look for the newest one; it is sent once.",
        ),
        Wanted::TooMany => (
            503,
            "too many",
            "So many mails were asked for that no more are noted now. Try again in some minutes, or ask whoever runs this.",
        ),
    };
    match representation {
        Representation::Json => Response::json(status, &json!({"mail": name, "detail": words})),
        Representation::Html => answer(
            status,
            &Document {
                title: "A new mail",
                is_narrow: true,
                ..Document::default()
            },
            &html! { h1 { "A new mail" } p.lead { (words) } },
        ),
    }
}
