//! The looks of drawings.

/// The rules for a drawing inside a page. Colours are custom properties of the page (`--graph-ink` and so on) with a
/// light default each.
pub const STYLE: &str = include_str!("style.css");

/// The colours of a drawing that is a document of its own.
pub(crate) const DOCUMENT_COLOURS: &str = include_str!("document.css");
