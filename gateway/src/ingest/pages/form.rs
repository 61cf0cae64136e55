use maud::{Markup, html};
use sluice_pages::{Document, ErrorSummary, Mistake, Shape, TextField};
use sluice_workflows::{Field, Submission, Violation};

use super::respond;
use crate::http::Response;

/// The hidden field with the form's idempotency key.
pub(crate) const KEY_FIELD: &str = "idempotency_key";

/// The form: empty at first, and as it was sent after a refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'a> {
    /// The key that makes two sendings of it one submission.
    pub(crate) key: &'a str,
    /// The fields as they were sent.
    pub(crate) sent: Option<&'a Submission>,
    /// The rules that they break.
    pub(crate) violations: &'a [Violation],
    /// A reason that is none of a field's.
    pub(crate) reason: Option<&'a str>,
}

impl<'a> Form<'a> {
    /// The empty form.
    pub(crate) fn empty(key: &'a str) -> Self {
        Form {
            key,
            sent: None,
            violations: &[],
            reason: None,
        }
    }

    /// The form itself; `is_wide`: its fields side by side where there is room.
    ///
    /// The browser's own checks are off (`novalidate`): the rules are the workflow's, and it says them under the fields.
    pub(crate) fn render(&self, is_wide: bool) -> Markup {
        html! {
            form.form.wide[is_wide] method="post" action="/" novalidate {
                input type="hidden" name=(KEY_FIELD) value=(self.key) autocomplete="off";
                @for field in Field::ALL { (self.field(field)) }
                div.actions { button.button.primary { "Submit" } }
            }
        }
    }

    fn field(&self, field: Field) -> Markup {
        let errors: Vec<_> = self.of(field).map(|violation| violation.message.as_str()).collect();
        let value = self.sent.and_then(|sent| sent.text(field)).unwrap_or_default();
        let hint = field.hint();
        let (kind, keyboard, autocomplete, shape) = match field {
            Field::UserName => ("text", None, "name", Shape::Wide),
            Field::Email => ("email", Some("email"), "email", Shape::Wide),
            Field::Pincode => ("text", Some("numeric"), "postal-code", Shape::Short),
        };
        let field = TextField {
            name: field.as_str(),
            label: field.title(),
            hint: &hint,
            errors: &errors,
            value: &value,
            kind,
            keyboard,
            autocomplete: Some(autocomplete),
            is_required: true,
            shape,
            ..TextField::default()
        };
        field.render()
    }

    fn of(&self, field: Field) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(move |violation| violation.field == field)
    }

    /// The mistakes above the form, in the order of its fields.
    fn summary(&self, heading: &str) -> Markup {
        let mut mistakes: Vec<_> = Field::ALL
            .into_iter()
            .flat_map(|field| self.of(field))
            .map(|violation| Mistake {
                id: Some(violation.field.as_str()),
                message: &violation.message,
            })
            .collect();
        if let Some(reason) = self.reason {
            mistakes.push(Mistake {
                id: None,
                message: reason,
            });
        }
        ErrorSummary {
            heading,
            mistakes: &mistakes,
        }
        .render()
    }
}

/// The form after something was wrong, with what was typed. `heading` says what became of it.
pub(crate) fn refused(status: u16, heading: &str, form: &Form<'_>, id: Option<&str>) -> Response {
    let document = Document {
        title: heading,
        is_narrow: true,
        ..Document::default()
    };
    let content = html! {
        h1 { "Submit an entry" }
        (form.summary(heading))
        div.card { (form.render(false)) }
        @if let Some(id) = id {
            p.small.soft { "Submission " a href={ "/submissions/" (id) } { code { (id) } } }
        }
    };
    respond(status, document, &content)
}
