//! The pages of the public function.

mod entries;
mod form;
mod submission;

pub(super) use entries::{EntriesPage, entries, no_entries};
pub(super) use form::{Form, KEY_FIELD, refused};
pub(super) use submission::{Seen, submission};

use maud::Markup;
use sluice_pages::Document;

use crate::http::Response;
use crate::http::page::document_response;

/// The most characters of a value that a page shows; the JSON form has all of them.
const SHOWN: usize = 300;

/// A page with a way to the first one.
fn respond(status: u16, document: Document<'_>, content: &Markup) -> Response {
    let document = Document {
        home: Some("/"),
        ..document
    };
    document_response(status, &document, content)
}

/// A value of a stranger, cut and made visible.
fn value(text: &str) -> Markup {
    let cut = text.char_indices().nth(SHOWN).map_or(text, |(at, _)| &text[..at]);
    maud::html! { bdi { (sluice_pages::shown(cut)) @if cut.len() < text.len() { "…" } } }
}
