//! JSONata's messages as AWS shows them.

use jsonata_core::parser::ParserError;

/// A parser's message, without its code.
pub(super) fn syntax(error: &ParserError) -> String {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((code, message)) if code.len() == 5 && code.starts_with('S') => message.to_owned(),
        _ => text,
    }
}
